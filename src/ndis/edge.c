/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing edges; reading them is in the header. */
#include "ndis/object.h"

const struct ndis_watch *ndis_watch;
_Thread_local struct ndis_callback ndis_callback;

struct ndis_target ndis_edge_target(const struct ndis_edges *e, enum ndis_edge which)
{
	const struct ndis_target_slot *slot = &e->target[which];
	struct ndis_target t;
	unsigned version;

	do {
		version = atomic_load_explicit(&e->version, memory_order_acquire);
		t.call = atomic_load_explicit(&slot->edge.call, memory_order_relaxed);
		t.to = atomic_load_explicit(&slot->edge.to, memory_order_relaxed);
		t.layer = atomic_load_explicit(&slot->layer, memory_order_relaxed);
		atomic_thread_fence(memory_order_acquire);
	} while (version & 1 || version != atomic_load_explicit(&e->version, memory_order_relaxed));
	return t;
}

/* What stands in the slot while somebody watches. */
static struct ndis_target watched(enum ndis_edge which, struct ndis_layer *from)
{
	void (*const calls[NDIS_EDGE_COUNT])(void) = {
#define X(name, member, type) [NDIS_EDGE_##name] = (void (*)(void))ndis_watch->member,
		NDIS_EDGES(X)
#undef X
	};

	return (struct ndis_target){ .call = calls[which], .to = from };
}

/* Relaxed: the version around it says whether a reader saw all of it. */
static void slot_write(struct ndis_edge_slot *slot, struct ndis_target t)
{
	atomic_store_explicit(&slot->call, t.call, memory_order_relaxed);
	atomic_store_explicit(&slot->to, t.to, memory_order_relaxed);
}

void ndis_edges_write(struct ndis_edges *e, const struct ndis_target target[NDIS_EDGE_COUNT],
		      struct ndis_layer *from)
{
	unsigned version = atomic_load_explicit(&e->version, memory_order_relaxed);

	atomic_store_explicit(&e->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (unsigned i = 0; i < NDIS_EDGE_COUNT; i++) {
		struct ndis_target t = ndis_watch ? watched((enum ndis_edge)i, from) : target[i];

		slot_write(&e->target[i].edge, target[i]);
		atomic_store_explicit(&e->target[i].layer, target[i].layer, memory_order_relaxed);
		slot_write(&e->slot[i], t);
	}
	atomic_store_explicit(&e->version, version + 2, memory_order_release);
}
