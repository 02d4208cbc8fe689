/* SPDX-License-Identifier: BSD-2-Clause */
/* echo: a protocol driver that sends every frame of ethertype 0x88B5 back to its sender. */
#pragma once

#include <ndis.h>

#include "echo_ioctl.h"

#define ECHO_POOL_TAG  'ohcE'
#define ECHO_ETHERTYPE 0x88B5   /* for local experiments */
#define ECHO_HEADER    14

typedef struct _ECHO_BINDING {
	LIST_ENTRY ListEntry;           /* in EchoBindings, under EchoLock */
	NDIS_HANDLE BindingHandle;
	NDIS_HANDLE NblPool;
	UCHAR Mac[6];
	NDIS_EVENT Done;                /* the open, close or request that pended is over */
	NDIS_STATUS DoneStatus;

	NDIS_SPIN_LOCK Lock;            /* over the three below */
	BOOLEAN Running;
	ULONG Sending;                  /* echoes that are not yet completed */
	PNDIS_EVENT Idle;               /* whom to tell when there are none; or NULL */
} ECHO_BINDING, *PECHO_BINDING;

extern NDIS_HANDLE EchoProtocolHandle;
extern LIST_ENTRY EchoBindings;
extern NDIS_SPIN_LOCK EchoLock;
extern ECHO_COUNTERS EchoCounters;      /* interlocked operations */

VOID EchoAdd(volatile ULONG64 *Counter, ULONG64 Value);

/* binding.c */
PROTOCOL_BIND_ADAPTER_EX EchoBindAdapterEx;
PROTOCOL_UNBIND_ADAPTER_EX EchoUnbindAdapterEx;
PROTOCOL_OPEN_ADAPTER_COMPLETE_EX EchoOpenAdapterCompleteEx;
PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX EchoCloseAdapterCompleteEx;
PROTOCOL_OID_REQUEST_COMPLETE EchoOidRequestComplete;
PROTOCOL_NET_PNP_EVENT EchoNetPnPEvent;

/* frame.c */
PROTOCOL_RECEIVE_NET_BUFFER_LISTS EchoReceiveNetBufferLists;
PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE EchoSendNetBufferListsComplete;
