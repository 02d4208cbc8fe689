/* SPDX-License-Identifier: BSD-2-Clause */
/* Receives up to the protocols, and back. */
#include "ndis/object.h"

#include <string.h>

#include "ndis/receive_filter.h"

static inline void receive(struct ndis_binding *b, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			   ULONG count, ULONG flags)
{
	b->protocol->handlers.ReceiveNetBufferListsHandler(b->context, list, port, count, flags);
}

static ULONG return_flags(ULONG receive_flags)
{
	return (receive_flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL ?
			NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0) |
	       (receive_flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE ?
			NDIS_RETURN_FLAGS_SINGLE_QUEUE : 0);
}

/* Nobody runs who could take the chain: back to the miniport, and counted. */
static void unclaimed(struct ndis_adapter *a, PNET_BUFFER_LIST list, ULONG count, ULONG flags)
{
	atomic_fetch_add_explicit(&a->unclaimed, count, memory_order_relaxed);
	if (!(flags & NDIS_RECEIVE_FLAGS_RESOURCES))
		a->driver->handlers.ReturnNetBufferListsHandler(a->context, list,
								return_flags(flags));
}

/* Whether a binding gets a frame: a VM queue's frames are its owner's (C6), the
 * default queue's go by each binding's packet filter (F22, U8). */
static bool wants(struct ndis_adapter *a, const struct ndis_binding *b, PNET_BUFFER_LIST nbl)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	const UCHAR *to = (const UCHAR *)NET_BUFFER_CURRENT_MDL(nb)->MappedSystemVa +
			  NET_BUFFER_CURRENT_MDL_OFFSET(nb);
	USHORT queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);
	ULONG f = atomic_load_explicit(&b->packet_filter, memory_order_relaxed);

	if (queue != NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		return ndis_receive_filter_owner(a, queue) == b;
	if (f & NDIS_PACKET_TYPE_PROMISCUOUS)
		return true;
	if (ETH_IS_BROADCAST(to))
		return f & NDIS_PACKET_TYPE_BROADCAST;
	if (ETH_IS_MULTICAST(to))
		return f & (NDIS_PACKET_TYPE_ALL_MULTICAST | NDIS_PACKET_TYPE_MULTICAST);
	return (f & NDIS_PACKET_TYPE_DIRECTED) && !memcmp(to, a->attributes.mac, 6);
}

/*
 * One frame for several bindings: all but the last that want it may only look
 * (RESOURCES: they copy, F24), the last one owns it, so it comes back once (F32).
 */
static void indicate_shared(struct ndis_adapter *a, const struct ndis_bindings *running,
			    PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port, ULONG flags)
{
	struct ndis_binding *takers[NDIS_MAX_BINDINGS];
	unsigned n = 0;

	for (unsigned i = 0; i < running->n; i++)
		if (wants(a, running->list[i], nbl))
			takers[n++] = running->list[i];
	if (!n) {
		unclaimed(a, nbl, 1, flags);
		return;
	}
	for (unsigned i = 0; i + 1 < n; i++)
		receive(takers[i], nbl, port, 1, flags | NDIS_RECEIVE_FLAGS_RESOURCES);
	receive(takers[n - 1], nbl, port, 1, flags);
}

void ndis_direct_indicate(struct ndis_adapter *a, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			  ULONG count, ULONG flags)
{
	const struct ndis_bindings *running =
		atomic_load_explicit(&a->running, memory_order_acquire);

	if (running->alone) {
		/* The adapter's packet filter is this binding's own: nothing to test. */
		receive(running->list[0], list, port, count, flags);
		return;
	}
	if (!running->n) {
		unclaimed(a, list, count, flags);
		return;
	}
	while (list) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(list);

		NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
		indicate_shared(a, running, list, port, flags);
		/* With RESOURCES the miniport walks its chain again (F24). */
		if (flags & NDIS_RECEIVE_FLAGS_RESOURCES)
			NET_BUFFER_LIST_NEXT_NBL(list) = next;
		list = next;
	}
}

void ndis_direct_give_back(struct ndis_binding *b, PNET_BUFFER_LIST list, ULONG flags)
{
	struct ndis_adapter *a = b->adapter;

	a->driver->handlers.ReturnNetBufferListsHandler(a->context, list, flags);
}

VOID NdisMIndicateReceiveNetBufferLists(NDIS_HANDLE MiniportAdapterHandle,
					PNET_BUFFER_LIST NetBufferList, NDIS_PORT_NUMBER PortNumber,
					ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	atomic_load_explicit(&a->edges, memory_order_acquire)
		->indicate(a, NetBufferList, PortNumber, NumberOfNetBufferLists, ReceiveFlags);
}

VOID NdisReturnNetBufferLists(NDIS_HANDLE NdisBindingHandle, PNET_BUFFER_LIST NetBufferLists,
			      ULONG ReturnFlags)
{
	struct ndis_binding *b = NdisBindingHandle;

	atomic_load_explicit(&b->adapter->edges, memory_order_acquire)
		->give_back(b, NetBufferLists, ReturnFlags);
}
