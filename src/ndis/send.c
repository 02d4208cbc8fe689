/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends down to the miniport, completions up to the protocol that sent. */
#include "ndis/object.h"

/* Cuts a chain into runs of NBLs of one sender and completes each run to it (A25). */
static void complete_by_sender(PNET_BUFFER_LIST list, ULONG flags)
{
	while (list) {
		PNET_BUFFER_LIST first = list, last = list;
		struct ndis_binding *b = first->SourceHandle;

		while (NET_BUFFER_LIST_NEXT_NBL(last) &&
		       NET_BUFFER_LIST_NEXT_NBL(last)->SourceHandle == b)
			last = NET_BUFFER_LIST_NEXT_NBL(last);
		list = NET_BUFFER_LIST_NEXT_NBL(last);
		NET_BUFFER_LIST_NEXT_NBL(last) = NULL;
		b->protocol->handlers.SendNetBufferListsCompleteHandler(b->context, first, flags);
	}
}

static void direct_send_complete(struct ndis_adapter *a, PNET_BUFFER_LIST list, ULONG flags)
{
	const struct ndis_bindings *running =
		atomic_load_explicit(&a->running, memory_order_acquire);

	if (running->alone) {
		struct ndis_binding *b = running->list[0];

		b->protocol->handlers.SendNetBufferListsCompleteHandler(b->context, list, flags);
		return;
	}
	complete_by_sender(list, flags);
}

static void direct_send(struct ndis_binding *b, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			ULONG flags)
{
	struct ndis_adapter *a = b->adapter;

	a->driver->handlers.SendNetBufferListsHandler(a->context, list, port, flags);
}

VOID NdisSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
			    NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct ndis_binding *b = NdisBindingHandle;

	/* U1: a port that is not active takes no sends (A47). */
	if (PortNumber != NDIS_DEFAULT_PORT_NUMBER) {
		for (PNET_BUFFER_LIST n = NetBufferLists; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
			NET_BUFFER_LIST_STATUS(n) = NDIS_STATUS_INVALID_PORT;
		b->protocol->handlers.SendNetBufferListsCompleteHandler(
			b->context, NetBufferLists,
			SendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL
				? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
		return;
	}
	atomic_load_explicit(&b->adapter->edges, memory_order_acquire)
		->send(b, NetBufferLists, PortNumber, SendFlags);
}

VOID NdisMSendNetBufferListsComplete(NDIS_HANDLE MiniportAdapterHandle,
				     PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	atomic_load_explicit(&a->edges, memory_order_acquire)
		->send_complete(a, NetBufferList, SendCompleteFlags);
}

/* A57 .. A59: best effort, one binding's sends. */
VOID NdisCancelSendNetBufferLists(NDIS_HANDLE NdisBindingHandle, PVOID CancelId)
{
	struct ndis_adapter *a = ((struct ndis_binding *)NdisBindingHandle)->adapter;

	if (a->driver->handlers.CancelSendHandler)
		a->driver->handlers.CancelSendHandler(a->context, CancelId);
}

/* A57: the high byte of a cancel id, one per driver that asks. */
UCHAR NdisGeneratePartialCancelId(VOID)
{
	static atomic_uchar next;

	return atomic_fetch_add(&next, 1);
}

const struct ndis_edges ndis_direct_edges = {
	.send = direct_send,
	.send_complete = direct_send_complete,
	.indicate = ndis_direct_indicate,
	.give_back = ndis_direct_give_back,
};
