/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Edges: where a layer's traffic goes next. A layer is a miniport adapter, a filter
 * module or a binding; each keeps, ready to call, the handler and the context that
 * its sends, returns, indications and completions reach. Whoever has no handler for
 * one of them is not on that way at all, so that an empty stack goes straight from
 * protocol to miniport.
 *
 * Control writes them, with the PnP lock held, and any thread reads them at any
 * time: the version is odd while they change, and a reader tries again.
 *
 * SEND_CHECKED is the way of sends that NDIS may have to loop back (ndis/loopback.h): as SEND,
 * but at the miniport NDIS comes first.
 */
#ifndef NDIS_EDGE_H
#define NDIS_EDGE_H

#include <stdatomic.h>

#include <ndis.h>

struct ndis_layer;

/* X(NAME, member, type of the function that it calls) */
#define NDIS_EDGES(X) \
	X(SEND, send, MINIPORT_SEND_NET_BUFFER_LISTS) \
	X(SEND_COMPLETE, send_complete, PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE) \
	X(INDICATE, indicate, PROTOCOL_RECEIVE_NET_BUFFER_LISTS) \
	X(GIVE_BACK, give_back, MINIPORT_RETURN_NET_BUFFER_LISTS) \
	X(CANCEL_SEND, cancel_send, MINIPORT_CANCEL_SEND) \
	X(SEND_CHECKED, send_checked, MINIPORT_SEND_NET_BUFFER_LISTS)

enum ndis_edge {
#define X(name, member, type) NDIS_EDGE_##name,
	NDIS_EDGES(X)
#undef X
	NDIS_EDGE_COUNT
};

/* A handler and its context. 'layer' is whose handler it is; NULL: NDIS's own. */
struct ndis_target {
	void (*call)(void);
	void *to;
	struct ndis_layer *layer;
};

struct ndis_edge_slot {
	void (*_Atomic call)(void);
	_Atomic(void *) to;
};

/* A target as it stands in memory that others read while it is written. */
struct ndis_target_slot {
	struct ndis_edge_slot edge;
	struct ndis_layer *_Atomic layer;
};

struct ndis_edges {
	_Alignas(64) atomic_uint version;
	/* NDIS_SEND_FLAGS_CHECK_FOR_LOOPBACK: every send takes the checked way; 0: those that
	 * ask for it. Whoever changes who may want copies writes it, with the facts lock. */
	atomic_uint check;
	struct ndis_edge_slot slot[NDIS_EDGE_COUNT];
	/* The next layer's own handlers, when somebody watches: 'slot' holds the
	 * watcher's then. */
	struct ndis_target_slot target[NDIS_EDGE_COUNT];
};

/* A consistent pair. Any thread, any IRQL. */
static inline struct ndis_target ndis_edge_read(const struct ndis_edges *edges, enum ndis_edge which)
{
	const struct ndis_edge_slot *slot = &edges->slot[which];
	struct ndis_target t = { 0 };
	unsigned version;

	do {
		version = atomic_load_explicit(&edges->version, memory_order_acquire);
		t.call = atomic_load_explicit(&slot->call, memory_order_relaxed);
		t.to = atomic_load_explicit(&slot->to, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
	} while (__builtin_expect(version & 1 ||
		 version != atomic_load_explicit(&edges->version, memory_order_relaxed), 0));
	return t;
}

/* The calls, typed: what NDIS_EDGES says each slot holds. */
static inline void ndis_edge_send(const struct ndis_edges *e, PNET_BUFFER_LIST list,
				  NDIS_PORT_NUMBER port, ULONG flags)
{
	struct ndis_target t = ndis_edge_read(e, NDIS_EDGE_SEND);

	((MINIPORT_SEND_NET_BUFFER_LISTS *)t.call)(t.to, list, port, flags);
}

static inline void ndis_edge_send_checked(const struct ndis_edges *e, PNET_BUFFER_LIST list,
					  NDIS_PORT_NUMBER port, ULONG flags)
{
	struct ndis_target t = ndis_edge_read(e, NDIS_EDGE_SEND_CHECKED);

	((MINIPORT_SEND_NET_BUFFER_LISTS *)t.call)(t.to, list, port, flags);
}

static inline void ndis_edge_send_complete(const struct ndis_edges *e, PNET_BUFFER_LIST list,
					   ULONG flags)
{
	struct ndis_target t = ndis_edge_read(e, NDIS_EDGE_SEND_COMPLETE);

	((PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE *)t.call)(t.to, list, flags);
}

static inline void ndis_edge_indicate(const struct ndis_edges *e, PNET_BUFFER_LIST list,
				      NDIS_PORT_NUMBER port, ULONG count, ULONG flags)
{
	struct ndis_target t = ndis_edge_read(e, NDIS_EDGE_INDICATE);

	((PROTOCOL_RECEIVE_NET_BUFFER_LISTS *)t.call)(t.to, list, port, count, flags);
}

static inline void ndis_edge_give_back(const struct ndis_edges *e, PNET_BUFFER_LIST list, ULONG flags)
{
	struct ndis_target t = ndis_edge_read(e, NDIS_EDGE_GIVE_BACK);

	((MINIPORT_RETURN_NET_BUFFER_LISTS *)t.call)(t.to, list, flags);
}

static inline void ndis_edge_cancel_send(const struct ndis_edges *e, PVOID cancel_id)
{
	struct ndis_target t = ndis_edge_read(e, NDIS_EDGE_CANCEL_SEND);

	((MINIPORT_CANCEL_SEND *)t.call)(t.to, cancel_id);
}

/* What a watched edge leads to, for the watcher. Any thread. */
struct ndis_target ndis_edge_target(const struct ndis_edges *edges, enum ndis_edge which);

/* Control, PnP lock: replaces all of them at once. */
void ndis_edges_write(struct ndis_edges *edges, const struct ndis_target target[NDIS_EDGE_COUNT],
		      struct ndis_layer *from);

#endif
