/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit queue that a receive queue's id selects. Queues of one group share a
 * transmit queue (U15): that of the member which was complete first. When this one is
 * freed, another member's takes what waits, in order, and the id of each member selects it.
 * So the free of a member waits for no send of the group's; that of the last one does (G18).
 */
#include "miniport/adapter.h"

static uint16_t selected_by(const struct mp_queue *q)
{
	return vmq_tx_map_lookup(q->adapter->tx_map, q->id);
}

/* Another queue of the group that is complete and not being freed; NULL: none. */
static struct mp_queue *another_member(const struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;

	for (unsigned id = 1; q->group && id <= a->settings.queues; id++) {
		struct mp_queue *other = &a->queues[id];

		if (other != q && other->group == q->group && selected_by(other) != VMQ_TX_DEFAULT)
			return other;
	}
	return NULL;
}

void mp_tx_join(struct mp_queue *q)
{
	const struct mp_queue *other = another_member(q);

	vmq_tx_map_set(q->adapter->tx_map, q->id, other ? selected_by(other) : q->id);
}

/* What waits goes on behind nothing: a member that did not have the group's transmit queue
 * has not used its own. Both locks are held. */
static void take_over(struct mp_tx_queue *to, struct mp_tx_queue *from)
{
	to->waiting = from->waiting;
	to->resume = from->resume;
	counter_add(&to->accepted, to->waiting.n);
	from->waiting = (struct mp_chain){ NULL, NULL, 0 };
	from->resume = NULL;
	counter_add(&from->cancelled, to->waiting.n);   /* not its to complete any more */
}

/* The group goes on with the transmit queue of 'to'. */
static void hand_on(struct mp_queue *from, struct mp_queue *to)
{
	struct mp_adapter *a = from->adapter;

	/* No sender chooses by the old map under one lock and finds the list of the other. */
	NdisAcquireSpinLock(&from->tx.lock);
	NdisDprAcquireSpinLock(&to->tx.lock);
	for (unsigned id = 1; id <= a->settings.queues; id++)
		if (selected_by(&a->queues[id]) == from->id)
			vmq_tx_map_set(a->tx_map, (uint16_t)id, to->id);
	take_over(&to->tx, &from->tx);
	NdisDprReleaseSpinLock(&to->tx.lock);
	NdisReleaseSpinLock(&from->tx.lock);
	mp_notify(atomic_load(&to->processor));
}

void mp_tx_leave(struct mp_queue *q)
{
	struct mp_queue *other = another_member(q);
	struct mp_tx_queue *t;

	if (other && selected_by(q) == q->id)
		hand_on(q, other);
	/* B6: from now on the default queue. Under the lock, since a sender that is no
	 * worker holds no quiet up: it looks the map up again under the lock. */
	t = &q->adapter->queues[selected_by(q)].tx;
	NdisAcquireSpinLock(&t->lock);
	vmq_tx_map_clear(q->adapter->tx_map, q->id);
	NdisReleaseSpinLock(&t->lock);
}
