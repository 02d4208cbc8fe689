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

	for (unsigned id = 1; q->group && id <= a->n_queues; id++) {
		struct mp_queue *other = &a->queues[id];

		if (other != q && other->group == q->group && selected_by(other) != VMQ_TX_DEFAULT)
			return other;
	}
	return NULL;
}

/* Whether a send that names the queue waits in the default transmit queue. Under its lock. */
static bool waits_in_default(const struct mp_queue *q)
{
	const struct mp_tx_queue *t = &q->adapter->queues[DEFAULT_QUEUE].tx;

	for (unsigned cls = 0; cls < MP_TX_CLASSES; cls++)
		for (const NET_BUFFER_LIST *nbl = t->fifo[cls].waiting.first; nbl;
		     nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
			if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) == q->id)
				return true;
	return false;
}

static void select_own(struct mp_queue *q)
{
	const struct mp_queue *other = another_member(q);

	vmq_tx_map_set(q->adapter->tx_map, q->id, other ? selected_by(other) : q->id);
}

/* Sends that named the queue before it was there wait in the default one, if at all, and
 * then leave before those that name it now (A7, B6). */
void mp_tx_join(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;
	struct mp_tx_queue *t = &a->queues[DEFAULT_QUEUE].tx;
	bool waits;

	NdisAcquireSpinLock(&t->lock);
	waits = waits_in_default(q);
	if (!waits) {
		select_own(q);
		atomic_fetch_add(&a->barrier.gate, MP_GATE_VERSION);
	}
	NdisReleaseSpinLock(&t->lock);
	if (!waits)
		return;
	mp_tx_change_begin(a);
	select_own(q);
	mp_tx_change_end(a);
}

/* What waits goes on behind nothing: a member that did not have the group's transmit queue
 * has not used its own. Both locks are held. */
static void take_over(struct mp_adapter *a, struct mp_tx_queue *to, struct mp_tx_queue *from)
{
	unsigned n = 0;

	for (unsigned cls = 0; cls < MP_TX_CLASSES; cls++) {
		struct mp_tx_fifo *f = &from->fifo[cls], *g = &to->fifo[cls];

		g->waiting = f->waiting;
		g->resume = f->resume;
		g->at = f->at;
		n += f->waiting.n;
		f->waiting = (struct mp_chain){ NULL, NULL, 0 };
		f->resume = NULL;
		f->at = 0;
	}
	counter_add(&to->accepted, n);
	counter_add(&from->cancelled, n);   /* not its to complete any more */
	mp_tx_class_note(a, to);
	mp_tx_class_note(a, from);
}

/* The group goes on with the transmit queue of 'to'. */
static void hand_on(struct mp_queue *from, struct mp_queue *to)
{
	struct mp_queue *first = from->id < to->id ? from : to, *second = first == from ? to : from;
	struct mp_adapter *a = from->adapter;

	/* No sender chooses by the old map under one lock and finds the list of the other.
	 * Of two queues' locks that of the lower id goes first, always. */
	NdisAcquireSpinLock(&first->tx.lock);
	NdisDprAcquireSpinLock(&second->tx.lock);
	for (unsigned id = 1; id <= a->n_queues; id++)
		if (selected_by(&a->queues[id]) == from->id)
			vmq_tx_map_set(a->tx_map, (uint16_t)id, to->id);
	take_over(a, &to->tx, &from->tx);
	atomic_fetch_add(&a->barrier.gate, MP_GATE_VERSION);
	NdisDprReleaseSpinLock(&second->tx.lock);
	NdisReleaseSpinLock(&first->tx.lock);
	mp_notify(atomic_load(&to->processor));
}

void mp_tx_leave(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;
	struct mp_queue *other = another_member(q);

	if (selected_by(q) == VMQ_TX_DEFAULT)
		return;   /* it was never complete: nothing changes for a send */
	if (other && selected_by(q) == q->id)
		hand_on(q, other);
	/* B6: from now on the default queue; but what waits goes first (A7). Of its own
	 * transmit queue that is known to come to an end, of a group's it is not. */
	if (selected_by(q) == q->id)
		mp_tx_divert_begin(a, q->id);
	else
		mp_tx_change_begin(a);
	vmq_tx_map_clear(a->tx_map, q->id);
	mp_tx_change_end(a);
}
