/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steered: receive queues of the NIC that are kept for VM queues. A VM queue takes one at
 * QUEUE_ALLOCATION_COMPLETE, with its memory; from then on the NIC is given the queue's
 * filters, and the queue's processor polls it. The NIC only saves work: every frame still
 * goes by the classifier, and a filter that the NIC does not take works there alone.
 */
#ifndef MINIPORT_STEER_H
#define MINIPORT_STEER_H

#include "miniport/adapter.h"

struct mp_steer {
	unsigned rx;                 /* the NIC's receive queue */
	struct mp_memory memory;     /* what it is filled from */
	struct mp_queue *queue;      /* who has it; NULL: nobody. Control's */
	bool dry;                    /* the queue is freed, and nothing comes any more; owner's */
};

/* How many NIC queues to ask the NIC for; what it has is a->n_steer then. */
uint16_t mp_steer_wanted(const struct mp_adapter *a);

/* The memory of those queues, a block each. While the adapter initializes or halts. */
NDIS_STATUS mp_steer_create(struct mp_adapter *a);
void mp_steer_destroy(struct mp_adapter *a);

/* Takes a free NIC queue for 'q'; false: there is none. Control; so are the next three. */
bool mp_steer_take(struct mp_queue *q);
/* The NIC is given a filter of the queue, or loses it; that comes first, before the
 * classifier changes. For queues without a NIC queue nothing happens. */
void mp_steer_filter(struct mp_queue *q, const struct vmq_criteria *c);
void mp_steer_unfilter(struct mp_queue *q, uint32_t filter);
/* The processor's sleep ends, or no longer ends, with a frame on the NIC queue. */
void mp_steer_watch(struct mp_queue *q, unsigned processor, bool watch);

/* A frame that came by a steered queue and is another queue's, in a buffer that is not:
 * a copy, or the frame itself when there is none. Poller. */
struct rte_mbuf *mp_steer_away(struct mp_adapter *a, struct rte_mbuf *m);

/* Drops what is left in the NIC queue of a queue that is being freed. Returns whether
 * there may be more. Owner. */
bool mp_steer_drain(struct mp_processor *p, struct mp_queue *q, struct mp_steer *s);

/* The NIC queue of a queue; NULL: none. Owner, control. */
static inline struct mp_steer *mp_steer_of(const struct mp_queue *q)
{
	return atomic_load_explicit(&q->steer, memory_order_acquire);
}

#endif
