/* SPDX-License-Identifier: BSD-2-Clause */
/* The processors that an adapter uses: one interrupt message and one DPC each. */
#ifndef MINIPORT_PROCESSOR_H
#define MINIPORT_PROCESSOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>
#include <ovmq.h>

#include "base/counter.h"
#include "base/drops.h"
#include "miniport/queue.h"
#include "miniport/stock.h"

#define MAX_PROCESSORS 64
#define MAX_RX_QUEUES  64

/* What a message DPC works with; one per processor. */
struct mp_processor {
	_Alignas(64) struct mp_adapter *adapter;
	unsigned number;                          /* NDIS's */
	unsigned index;                           /* its place in the adapter's order */
	unsigned message;                         /* its interrupt message, and table entry */
	_Atomic(struct mp_queue_list *) queues;   /* control publishes, the processor reads */
	unsigned n_rx, rx[MAX_RX_QUEUES];         /* the NIC queues it polls */
	/* A queue of its may have something on a ring or on its list of returns: see mp_mail(). Others
	 * read it for every burst: on a line of its own. */
	_Alignas(64) atomic_bool mail;
	_Alignas(64) bool looked_in_vain;         /* when it was up, the last time */
	unsigned turn;                            /* which queue's rings come first */
	unsigned idle_looks;                      /* at NIC queues without a frame */
	unsigned tx_turn, tx_left;                /* which queue sends, and how many frames more */
	bool tx_crowded;                          /* sends wait: nobody sends out of turn */
	struct mp_chain mixed;                    /* NBLs of queues that may share a call (F5) */
	counter_t from_nic;
	struct wire_drops drops;                  /* of frames without a queue */
	int epoll;                                /* over several NIC descriptors, or -1 */
	struct mp_hand hand;                      /* NBLs for placed frames */
	struct mp_parcel *parcels;                /* for what it sorts (sort.h), or NULL */
};

/* NBLs of the processor's hand for 'n' frames (up to BURST) that their queue has buffers for: a list
 * that holds until some come back. Its own, at DISPATCH_LEVEL. */
static inline struct rte_mbuf **mp_hand_take(struct mp_processor *p, unsigned n)
{
	if (unlikely(p->hand.n < n))
		mp_hand_fill(p);
	return p->hand.free + (p->hand.n -= n);
}

/* processors.c. All while the adapter initializes or halts, at PASSIVE_LEVEL; */
NDIS_STATUS mp_processors_find(struct mp_adapter *a);
NDIS_STATUS mp_processors_create(struct mp_adapter *a);
NDIS_STATUS mp_processors_connect(struct mp_adapter *a);
void mp_processors_destroy(struct mp_adapter *a);
/* and on any thread: the lowest processor of the mask that the adapter may use (H23, H29),
 * or -1; wakes them all. */
int mp_processor_of(const struct mp_adapter *a, const GROUP_AFFINITY *affinity);
void mp_processors_notify(const struct mp_adapter *a);

/* Wakes a queue's owner. One that moves needs no waking: its next owner begins by
 * looking. */
static inline void mp_notify(unsigned owner)
{
	if (owner != NO_PROCESSOR)
		OvmqNotifyProcessor(owner);
}

#endif
