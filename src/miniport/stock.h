/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NBLs for placed frames. They have no memory of their own: a frame lies in its queue's. So the
 * next frame of any queue takes the NBL that came home last, which is still in the CPU's cache
 * with all of its eight lines, where each queue's own would have been pushed out by the others'.
 *
 * Each processor has a hand of them, without a lock; the rest is the adapter's stock. There are as
 * many as all placed queues have buffers, and as many more as the hands hold: whatever others hold,
 * a queue that has a buffer finds an NBL for it, and no VM can take another's.
 */
#ifndef MINIPORT_STOCK_H
#define MINIPORT_STOCK_H

#include <rte_mbuf.h>

#include <ndis.h>

#define MP_HAND 256u

struct frame_pool;
struct mp_adapter;
struct mp_processor;

/* A processor's. Its own, at DISPATCH_LEVEL. */
struct mp_hand {
	unsigned n;
	struct rte_mbuf *free[MP_HAND];
};

/* An adapter's. */
struct mp_stock {
	NDIS_SPIN_LOCK lock;                 /* over the next two */
	struct rte_mbuf **free;              /* room for all that were made */
	unsigned n;
	/* Control's. */
	unsigned made, promised;
	struct frame_pool **pools;           /* where they come from; they go with the adapter */
	unsigned n_pools;
};

/* While the adapter initializes or halts; destroy: no queue has one out. */
void mp_stock_create(struct mp_adapter *a);
void mp_stock_destroy(struct mp_adapter *a);

/* 'n' NBLs (1 .. 65536) more for a queue, and back when it goes. NDIS_STATUS_RESOURCES: no
 * memory; nothing has changed. Control, PASSIVE_LEVEL. */
NDIS_STATUS mp_stock_promise(struct mp_adapter *a, unsigned n);
void mp_stock_release(struct mp_adapter *a, unsigned n);

/* Of a hand that is near empty: half a hand more from the stock. */
void mp_hand_fill(struct mp_processor *p);
/* Of a full one, whatever its 'n' says: half of it to the stock. Returns how many are left. */
unsigned mp_hand_spill(struct mp_processor *p);

#endif
