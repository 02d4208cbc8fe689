/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The top of the stack when it does not lead straight to one binding: several
 * bindings, or none that runs. Each frame goes to those that want it.
 */
#include "ndis/stack.h"

#include <string.h>

#include "ndis/receive_filter.h"

static ULONG return_flags(ULONG receive_flags)
{
	return (receive_flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL ?
			NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0) |
	       (receive_flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE ?
			NDIS_RETURN_FLAGS_SINGLE_QUEUE : 0);
}

/* Goes the way that a return from the layer above 'context' would go: to it. */
VOID ndis_unclaimed(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG count,
		    ULONG flags)
{
	struct ndis_layer *layer = context;
	struct ndis_adapter *a = layer->adapter;

	(void)port;
	atomic_fetch_add_explicit(&a->unclaimed, count, memory_order_relaxed);
	if (flags & NDIS_RECEIVE_FLAGS_RESOURCES)
		return;
	if (ndis_watch)
		ndis_watch->unclaimed(layer, list, flags);
	if (layer->object.kind == NDIS_OBJECT_FILTER &&
	    ndis_layer_filter(layer)->handlers.ReturnNetBufferListsHandler)
		ndis_layer_filter(layer)->handlers.ReturnNetBufferListsHandler(layer->context, list,
									       return_flags(flags));
	else if (layer->object.kind == NDIS_OBJECT_FILTER)
		ndis_edge_give_back(&layer->edges, list, return_flags(flags));
	else
		a->driver->handlers.ReturnNetBufferListsHandler(layer->context, list,
								return_flags(flags));
}

/* The first 6 bytes of a frame; NULL: it has fewer. */
static const UCHAR *destination(PNET_BUFFER_LIST nbl, UCHAR storage[6])
{
	return NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(nbl), 6, storage, 1, 0);
}

/* Whether the packet filter that a binding has set wants a frame (F22). */
static bool packet_filter_wants(const struct ndis_binding *b, PNET_BUFFER_LIST nbl)
{
	ULONG f = atomic_load_explicit(&b->packet_filter, memory_order_relaxed);
	UCHAR storage[6];
	const UCHAR *to;

	if (f & NDIS_PACKET_TYPE_PROMISCUOUS)
		return true;
	to = destination(nbl, storage);
	if (!to)
		return false;
	if (ETH_IS_BROADCAST(to))
		return f & NDIS_PACKET_TYPE_BROADCAST;
	if (ETH_IS_MULTICAST(to))
		return f & NDIS_PACKET_TYPE_ALL_MULTICAST ||
		       (f & NDIS_PACKET_TYPE_MULTICAST && ndis_multicast_has(&b->multicast, to));
	return (f & NDIS_PACKET_TYPE_DIRECTED) &&
	       !memcmp(to, b->layer.adapter->attributes.mac, 6);
}

/* Whether a binding gets a frame: a VM queue's frames are its owner's (C6); one of the
 * default queue goes to everybody whose packet filter, or whose own filter of that queue,
 * wants it (C9, D27, U8). */
static bool wants(struct ndis_adapter *a, const struct ndis_binding *b, PNET_BUFFER_LIST nbl)
{
	USHORT queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);

	if (queue != NDIS_DEFAULT_RECEIVE_QUEUE_ID && a->filters)
		return ndis_receive_filter_owner(a, queue) == b;
	return packet_filter_wants(b, nbl) || ndis_receive_filter_default_takes(b, nbl);
}

static unsigned takers_read(const struct ndis_takers *t, struct ndis_binding *list[NDIS_MAX_BINDINGS])
{
	unsigned version, n;

	do {
		version = atomic_load_explicit(&t->version, memory_order_acquire);
		n = atomic_load_explicit(&t->n, memory_order_relaxed);
		for (unsigned i = 0; i < n && i < NDIS_MAX_BINDINGS; i++)
			list[i] = atomic_load_explicit(&t->list[i], memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
	} while (version & 1 || version != atomic_load_explicit(&t->version, memory_order_relaxed));
	return n;
}

void ndis_takers_write(struct ndis_takers *t, struct ndis_binding **list, unsigned n)
{
	unsigned version = atomic_load_explicit(&t->version, memory_order_relaxed);

	atomic_store_explicit(&t->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&t->n, n, memory_order_relaxed);
	for (unsigned i = 0; i < n; i++)
		atomic_store_explicit(&t->list[i], list[i], memory_order_relaxed);
	atomic_store_explicit(&t->version, version + 2, memory_order_release);
}

static void receive(struct ndis_binding *b, PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port, ULONG flags)
{
	if (ndis_watch)
		ndis_watch->hand_over(&b->layer, nbl, port, flags);
	else
		b->protocol->handlers.ReceiveNetBufferListsHandler(b->layer.context, nbl, port, 1,
								   flags);
}

/*
 * One frame for several bindings: all but the last that want it may only look
 * (RESOURCES: they copy, F24), the last one owns it, so it comes back once (F32).
 */
static void indicate_one(struct ndis_layer *from, struct ndis_binding **list, unsigned n,
			 PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port, ULONG flags)
{
	struct ndis_binding *last = NULL;

	for (unsigned i = 0; i < n; i++) {
		if (!wants(from->adapter, list[i], nbl))
			continue;
		if (last)
			receive(last, nbl, port, flags | NDIS_RECEIVE_FLAGS_RESOURCES);
		last = list[i];
	}
	if (last)
		receive(last, nbl, port, flags);
	else
		ndis_unclaimed(from, nbl, port, 1, flags);
}

VOID ndis_fan_out_indicate(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			   ULONG count, ULONG flags)
{
	struct ndis_layer *from = context;
	struct ndis_binding *takers[NDIS_MAX_BINDINGS];
	unsigned n = takers_read(&from->adapter->takers, takers);

	(void)count;
	while (list) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(list);

		NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
		indicate_one(from, takers, n, list, port, flags);
		/* With RESOURCES the miniport walks its chain again (F24). */
		if (flags & NDIS_RECEIVE_FLAGS_RESOURCES)
			NET_BUFFER_LIST_NEXT_NBL(list) = next;
		list = next;
	}
}

/* Cuts a chain into runs of NBLs of one sender and completes each run to it (A25). */
VOID ndis_fan_out_send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context;
	while (list) {
		PNET_BUFFER_LIST first = list, last = list;
		struct ndis_binding *b = first->SourceHandle;

		while (NET_BUFFER_LIST_NEXT_NBL(last) &&
		       NET_BUFFER_LIST_NEXT_NBL(last)->SourceHandle == b)
			last = NET_BUFFER_LIST_NEXT_NBL(last);
		list = NET_BUFFER_LIST_NEXT_NBL(last);
		NET_BUFFER_LIST_NEXT_NBL(last) = NULL;
		b->protocol->handlers.SendNetBufferListsCompleteHandler(b->layer.context, first, flags);
	}
}
