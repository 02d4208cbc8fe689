/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends down the stack, completions up. */
#include "ndis/object.h"

#define unlikely(x) __builtin_expect(!!(x), 0)
#define CHECK       NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK

/* A37, A39. */
static ULONG checks(const struct ndis_layer *layer, ULONG flags)
{
	return (flags | atomic_load_explicit(&layer->edges.check, memory_order_relaxed)) & CHECK;
}

/* U1: a port that is not active takes no sends (A47). */
static void refuse_port(struct ndis_binding *b, PNET_BUFFER_LIST list, ULONG flags)
{
	for (PNET_BUFFER_LIST n = list; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		NET_BUFFER_LIST_STATUS(n) = NDIS_STATUS_INVALID_PORT;
	b->protocol->handlers.SendNetBufferListsCompleteHandler(
		b->layer.context, list,
		flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

/* On a port that was allocated, or with loopback. */
static void send_seldom(struct ndis_binding *b, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			ULONG flags)
{
	if (port != NDIS_DEFAULT_PORT_NUMBER && !ndis_port_is_active(b->layer.adapter, port))
		refuse_port(b, list, flags);
	else if (checks(&b->layer, flags))
		ndis_edge_send_checked(&b->layer.edges, list, port, flags);
	else
		ndis_edge_send(&b->layer.edges, list, port, flags);
}

VOID NdisSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
			    NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct ndis_binding *b = NdisBindingHandle;

	/* One test of the call for all that is seldom. */
	if (unlikely(PortNumber | checks(&b->layer, SendFlags)))
		send_seldom(b, NetBufferLists, PortNumber, SendFlags);
	else
		ndis_edge_send(&b->layer.edges, NetBufferLists, PortNumber, SendFlags);
}

VOID NdisFSendNetBufferLists(NDIS_HANDLE NdisFilterHandle, PNET_BUFFER_LIST NetBufferList,
			     NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct ndis_layer *layer = NdisFilterHandle;

	/* A42: the request for loopback goes on only if the filter repeats it. */
	if (unlikely(checks(layer, SendFlags)))
		ndis_edge_send_checked(&layer->edges, NetBufferList, PortNumber, SendFlags);
	else
		ndis_edge_send(&layer->edges, NetBufferList, PortNumber, SendFlags);
}

VOID NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
				     PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
	ndis_edge_send_complete(&((struct ndis_layer *)MiniportAdapterHandle)->edges, NetBufferList,
				SendCompleteFlags);
}

VOID NdisFSendNetBufferListsComplete(NDIS_HANDLE NdisFilterHandle, PNET_BUFFER_LIST NetBufferList,
				     ULONG SendCompleteFlags)
{
	ndis_edge_send_complete(&((struct ndis_layer *)NdisFilterHandle)->edges, NetBufferList,
				SendCompleteFlags);
}

/* A57 .. A59: best effort, one binding's sends. A close waits for it (A60). */
VOID NdisCancelSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PVOID CancelId)
{
	struct ndis_binding *b = NdisBindingHandle;

	atomic_fetch_add(&b->cancels, 1);
	ndis_edge_cancel_send(&b->layer.edges, CancelId);
	atomic_fetch_sub(&b->cancels, 1);
}

VOID NdisFCancelSendNetBufferLists(NDIS_HANDLE NdisFilterHandle, PVOID CancelId)
{
	ndis_edge_cancel_send(&((struct ndis_layer *)NdisFilterHandle)->edges, CancelId);
}

/* A57: the high byte of a cancel id, one per driver that asks. */
UCHAR NdisGeneratePartialCancelId(VOID)
{
	static atomic_uchar next;

	return atomic_fetch_add(&next, 1);
}
