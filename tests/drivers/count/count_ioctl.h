/* SPDX-License-Identifier: BSD-2-Clause */
/* What an application and the count driver say to each other. */
#pragma once

/* \Device\OvmqCount, \DosDevices\OvmqCount. Out: a COUNT_COUNTERS, the sum of all modules. */
#define IOCTL_COUNT_QUERY CTL_CODE(FILE_DEVICE_NETWORK, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef struct _COUNT_COUNTERS {
	ULONG64 Modules;            /* attached now */
	ULONG64 FramesSent;
	ULONG64 BytesSent;
	ULONG64 FramesReceived;
	ULONG64 BytesReceived;
	ULONG64 SendsCompleted;     /* lists */
	ULONG64 ReceivesReturned;   /* lists */
} COUNT_COUNTERS, *PCOUNT_COUNTERS;
