/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends down the stack, completions up. */
#include "ndis/object.h"

/* U1: a port that is not active takes no sends (A47). */
static void refuse_port(struct ndis_binding *b, PNET_BUFFER_LIST list, ULONG flags)
{
	for (PNET_BUFFER_LIST n = list; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		NET_BUFFER_LIST_STATUS(n) = NDIS_STATUS_INVALID_PORT;
	b->protocol->handlers.SendNetBufferListsCompleteHandler(
		b->layer.context, list,
		flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

VOID NdisSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
			    NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct ndis_binding *b = NdisBindingHandle;

	if (PortNumber != NDIS_DEFAULT_PORT_NUMBER &&
	    !ndis_port_is_active(b->layer.adapter, PortNumber)) {
		refuse_port(b, NetBufferLists, SendFlags);
		return;
	}
	ndis_edge_send(&b->layer.edges, NetBufferLists, PortNumber, SendFlags);
}

VOID NdisFSendNetBufferLists(NDIS_HANDLE NdisFilterHandle, PNET_BUFFER_LIST NetBufferList,
			     NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	ndis_edge_send(&((struct ndis_layer *)NdisFilterHandle)->edges, NetBufferList, PortNumber,
		       SendFlags);
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

/* A57 .. A59: best effort, one binding's sends. */
VOID NdisCancelSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PVOID CancelId)
{
	ndis_edge_cancel_send(&((struct ndis_layer *)NdisBindingHandle)->edges, CancelId);
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
