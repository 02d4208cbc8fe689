/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The top of the stack when it does not lead straight to one binding: several
 * bindings, or none that runs. Each frame goes to those that want it.
 */
#include "ndis/stack.h"

#include <string.h>

#include "base/ethernet.h"
#include "ndis/receive_filter.h"

static ULONG return_flags(ULONG receive_flags)
{
	return (receive_flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL ?
			NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0) |
	       (receive_flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE ?
			NDIS_RETURN_FLAGS_SINGLE_QUEUE : 0);
}

/* The way of a return from right above 'layer': to it, or past a filter without a handler. */
static void give_back(struct ndis_layer *layer, PNET_BUFFER_LIST list, ULONG flags)
{
	if (layer->object.kind == NDIS_OBJECT_FILTER &&
	    ndis_layer_filter(layer)->handlers.ReturnNetBufferListsHandler)
		ndis_layer_filter(layer)->handlers.ReturnNetBufferListsHandler(layer->context, list,
									       flags);
	else if (layer->object.kind == NDIS_OBJECT_FILTER)
		ndis_edge_give_back(&layer->edges, list, flags);
	else
		layer->adapter->driver->handlers.ReturnNetBufferListsHandler(layer->context, list,
									     flags);
}

/* NDIS itself returns what it was given. */
static void give_back_own(struct ndis_layer *layer, PNET_BUFFER_LIST list, ULONG receive_flags)
{
	if (receive_flags & NDIS_RECEIVE_FLAGS_RESOURCES)
		return;
	if (ndis_watch)
		ndis_watch->unclaimed(layer, list, receive_flags);
	give_back(layer, list, return_flags(receive_flags));
}

VOID ndis_unclaimed(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG count,
		    ULONG flags)
{
	struct ndis_layer *layer = context;

	(void)port;
	atomic_fetch_add_explicit(&layer->adapter->unclaimed, count, memory_order_relaxed);
	give_back_own(layer, list, flags);
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

/* The frame type of a frame, in the byte order of the wire, as protocols ask for it and
 * miniports may say it: what stands behind the addresses, and a tag if there is one; 0: the
 * frame is too short for one. */
static NET_FRAME_TYPE frame_type(PNET_BUFFER_LIST nbl)
{
	ULONG_PTR said = (ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, NetBufferListFrameType);
	ULONG length = NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(nbl));
	UCHAR storage[18];
	const UCHAR *frame;

	if (said)
		return (NET_FRAME_TYPE)said;
	if (length < 14)
		return 0;
	frame = NdisGetDataBuffer(NET_BUFFER_LIST_FIRST_NB(nbl), length < 18 ? 14 : 18, storage, 1, 0);
	if (!frame)
		return 0;
	return RtlUshortByteSwap(ethernet_payload_type(frame, length));
}

/* F34. */
static bool type_wants(const struct ndis_binding *b, PNET_BUFFER_LIST nbl)
{
	NET_FRAME_TYPE type;

	if (!b->n_frame_types)
		return true;
	type = frame_type(nbl);
	for (unsigned i = 0; i < b->n_frame_types; i++)
		if (b->frame_types[i] == type)
			return true;
	return false;
}

/* Whether a binding gets a frame: a VM queue's frames are its owner's (C6); one of the
 * default queue goes to everybody whose packet filter, or whose own filter of that queue,
 * wants it (C9, D27, U8), and who takes frames of its type (F34). */
static bool wants(struct ndis_adapter *a, const struct ndis_binding *b, PNET_BUFFER_LIST nbl)
{
	USHORT queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);

	if (queue != NDIS_DEFAULT_RECEIVE_QUEUE_ID && a->filters)
		return ndis_receive_filter_owner(a, queue) == b;
	return (packet_filter_wants(b, nbl) || ndis_receive_filter_default_takes(b, nbl)) &&
	       type_wants(b, nbl);
}

unsigned ndis_takers_read(const struct ndis_takers *t, struct ndis_binding *list[NDIS_MAX_BINDINGS])
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

void ndis_fan_out_receive(struct ndis_binding *b, PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port,
			  ULONG flags)
{
	if (ndis_watch)
		ndis_watch->hand_over(&b->layer, nbl, port, flags);
	else
		b->protocol->handlers.ReceiveNetBufferListsHandler(b->layer.context, nbl, port, 1,
								   flags);
}

/* Whether the default queue's frames that a binding holds are enough. What it holds of a VM
 * queue of its own is that queue's loss alone, and is not counted. */
static bool holds_many(const struct ndis_binding *b, const NET_BUFFER_LIST *nbl)
{
	return !NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) &&
	       atomic_load_explicit(&b->held, memory_order_relaxed) >= NDIS_HELD_MARK;
}

/* Gives a frame away for good; the mark in it is taken off where it comes back. A driver
 * below that is itself given it by another NDIS adapter has a mark of there in it. */
static void give(struct ndis_binding *b, PNET_BUFFER_LIST nbl, NDIS_PORT_NUMBER port, ULONG flags)
{
	if (!NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) && !nbl->NdisReserved[0] &&
	    b->layer.adapter->shared && !(flags & NDIS_RECEIVE_FLAGS_RESOURCES)) {
		nbl->NdisReserved[0] = b;
		atomic_fetch_add_explicit(&b->held, 1, memory_order_relaxed);
	}
	ndis_fan_out_receive(b, nbl, port, flags);
}

/* To a binding that is slow to return: a copy; where there are too many of these, it is
 * lent the frame and copies it itself, if it wants it. The frame itself goes back. */
static void give_slow(struct ndis_layer *from, struct ndis_binding *b, PNET_BUFFER_LIST nbl,
		      NDIS_PORT_NUMBER port, ULONG flags)
{
	PNET_BUFFER_LIST copy = ndis_copy_make(from->adapter->copies, nbl);

	if (!copy) {
		ndis_fan_out_receive(b, nbl, port, flags | NDIS_RECEIVE_FLAGS_RESOURCES);
	} else {
		if (ndis_watch)
			ndis_watch->copy_made(&b->layer, copy);
		ndis_fan_out_receive(b, copy, port,
				     flags & ~(ULONG)(NDIS_RECEIVE_FLAGS_RESOURCES |
						      NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID));
	}
	give_back_own(from, nbl, flags);
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
			ndis_fan_out_receive(last, nbl, port, flags | NDIS_RECEIVE_FLAGS_RESOURCES);
		last = list[i];
	}
	if (!last)
		ndis_unclaimed(from, nbl, port, 1, flags);
	else if (holds_many(last, nbl))
		give_slow(from, last, nbl, port, flags);
	else
		give(last, nbl, port, flags);
}

VOID ndis_fan_out_indicate(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			   ULONG count, ULONG flags)
{
	struct ndis_layer *from = context;
	struct ndis_binding *takers[NDIS_MAX_BINDINGS];
	unsigned n = ndis_takers_read(&from->adapter->takers, takers);

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

/* What one of several bindings returns: copies end here, the rest goes on down. */
VOID ndis_fan_out_give_back(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	struct ndis_binding *b = context;
	struct ndis_adapter *a = b->layer.adapter;
	PNET_BUFFER_LIST first = NULL, *end = &first, next;
	unsigned counted = 0;

	for (; list; list = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(list);
		if (ndis_copy_is(a->copies, list)) {
			if (ndis_watch)
				ndis_watch->copy_back(list);
			ndis_copy_free(a->copies, list);
			continue;
		}
		if (list->NdisReserved[0] == b) {
			list->NdisReserved[0] = NULL;
			counted++;
		}
		*end = list;
		end = &NET_BUFFER_LIST_NEXT_NBL(list);
	}
	*end = NULL;
	atomic_fetch_sub_explicit(&b->held, counted, memory_order_relaxed);
	if (first)
		give_back(atomic_load(&a->top), first, flags);
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
