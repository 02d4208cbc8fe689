/* SPDX-License-Identifier: BSD-2-Clause */
/* What an application and the echo driver say to each other. */
#pragma once

/* \Device\OvmqEcho, \DosDevices\OvmqEcho. Out: an ECHO_COUNTERS, over all bindings. */
#define IOCTL_ECHO_QUERY CTL_CODE(FILE_DEVICE_NETWORK, 0x901, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct _ECHO_COUNTERS {
	ULONG64 Bindings;       /* open now */
	ULONG64 Received;       /* frames of any type */
	ULONG64 Echoed;         /* sent back, and completed with success */
	ULONG64 Failed;         /* not sent back: no memory, too short, or the send failed */
} ECHO_COUNTERS, *PECHO_COUNTERS;
