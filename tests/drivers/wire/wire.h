/* SPDX-License-Identifier: BSD-2-Clause */
/* wire: a miniport whose adapters hang on a wire of their own. What one of two adapters
 * with the same WireName sends, the other one receives. */
#pragma once

#include <ndis.h>

#define WIRE_POOL_TAG        'eriW'
#define WIRE_MTU             1500
#define WIRE_HEADER          14
#define WIRE_MAX_FRAME       (WIRE_MTU + WIRE_HEADER)
#define WIRE_TAG             4         /* an 802.1Q tag in the frame itself */
#define WIRE_MAX_QUEUED      1024      /* frames on their way to one adapter */
#define WIRE_MAX_NAME        64        /* characters of WireName */
#define WIRE_MAX_MULTICAST   32
#define WIRE_LINK_SPEED      10000000000ULL

#define WIRE_PACKET_FILTERS  (NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_MULTICAST | \
			      NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_BROADCAST | \
			      NDIS_PACKET_TYPE_PROMISCUOUS)

typedef enum _WIRE_STATE { WirePaused, WireRunning, WirePausing } WIRE_STATE;

typedef struct _WIRE_STATISTICS {
	ULONG64 FramesSent;
	ULONG64 BytesSent;
	ULONG64 FramesReceived;
	ULONG64 BytesReceived;
	ULONG64 Dropped;         /* no room, no memory, or nobody at the other end */
} WIRE_STATISTICS, *PWIRE_STATISTICS;

typedef struct _WIRE_ADAPTER {
	LIST_ENTRY ListEntry;                 /* in WireAdapters, under WireLock */
	NDIS_HANDLE MiniportHandle;
	NDIS_HANDLE NblPool;
	WCHAR WireName[WIRE_MAX_NAME];
	ULONG WireNameLength;                 /* bytes */
	UCHAR PermanentMac[6];
	UCHAR CurrentMac[6];
	KDPC ReceiveDpc;

	NDIS_SPIN_LOCK Lock;                  /* over all below */
	WIRE_STATE State;
	PNET_BUFFER_LIST FirstQueued;         /* arrived, not yet indicated */
	PNET_BUFFER_LIST LastQueued;
	ULONG Queued;
	ULONG Outstanding;                    /* indicated, not yet returned, and sends under way */
	ULONG PacketFilter;
	ULONG Lookahead;
	ULONG MulticastCount;
	UCHAR Multicast[WIRE_MAX_MULTICAST][6];
	WIRE_STATISTICS Statistics;
} WIRE_ADAPTER, *PWIRE_ADAPTER;

extern LIST_ENTRY WireAdapters;
extern NDIS_SPIN_LOCK WireLock;

/* adapter.c */
MINIPORT_INITIALIZE WireInitializeEx;
MINIPORT_HALT WireHaltEx;
MINIPORT_PAUSE WirePause;
MINIPORT_RESTART WireRestart;
VOID WireFinished(PWIRE_ADAPTER Adapter, ULONG Count);

/* traffic.c */
MINIPORT_SEND_NET_BUFFER_LISTS WireSendNetBufferLists;
MINIPORT_RETURN_NET_BUFFER_LISTS WireReturnNetBufferLists;
MINIPORT_CANCEL_SEND WireCancelSend;
KDEFERRED_ROUTINE WireReceiveDpc;
VOID WireFreeFrames(PNET_BUFFER_LIST NetBufferLists);

/* request.c */
MINIPORT_OID_REQUEST WireOidRequest;
MINIPORT_CANCEL_OID_REQUEST WireCancelOidRequest;
extern NDIS_OID WireSupportedOids[];
extern const ULONG WireSupportedOidsSize;
