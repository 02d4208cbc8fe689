/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A gate before the transmit queues.
 *
 * Closed (a pause, a reset, a low power state) it lets nothing in. For a change of what
 * places sends it holds them back, in order and unplaced, until everything that was placed
 * by the old rules has been given to the NIC; then they are placed by the new ones (A7, N14,
 * O12). A change while another is under way takes effect with it: what is held has not been
 * placed by either.
 *
 * A sender looks at the gate under the lock of the queue that it is about to join. Whoever
 * shuts the gate then takes each of those locks once: who comes later sees it shut.
 */
#include "miniport/adapter.h"

#define PLACING_US 20   /* how long to leave somebody else who places what was held */

void mp_tx_barrier_create(struct mp_adapter *a)
{
	struct mp_tx_barrier *b = &a->barrier;

	NdisAllocateSpinLock(&b->lock);
	atomic_store(&b->gate, MP_GATE_PAUSED);
	atomic_store(&a->paused, true);
	atomic_store(&a->tx_key, &mp_key_fifo);
}

void mp_tx_barrier_destroy(struct mp_adapter *a)
{
	NdisFreeSpinLock(&a->barrier.lock);
}

/* No sender is between its look at the gate and the end of its list any more. */
static void pass_all_locks(struct mp_adapter *a)
{
	for (unsigned i = 0; a->queues && i <= a->n_queues; i++) {
		NdisAcquireSpinLock(&a->queues[i].tx.lock);
		NdisReleaseSpinLock(&a->queues[i].tx.lock);
	}
}

/* ---- closed ---- */

NDIS_STATUS mp_tx_refusal(unsigned gate)
{
	if (gate & MP_GATE_ASLEEP)
		return NDIS_STATUS_LOW_POWER_STATE;
	return gate & MP_GATE_RESET ? NDIS_STATUS_RESET_IN_PROGRESS : NDIS_STATUS_PAUSED;
}

/* Two bits may change at once, a reset's end and a low power state: what receives look at is
 * what both have left. */
static void gate_change(struct mp_adapter *a, unsigned shut, unsigned open)
{
	NdisAcquireSpinLock(&a->barrier.lock);
	atomic_fetch_or(&a->barrier.gate, shut);
	atomic_fetch_and(&a->barrier.gate, ~open);
	atomic_store(&a->paused, (atomic_load(&a->barrier.gate) & MP_GATE_CLOSED) != 0);
	NdisReleaseSpinLock(&a->barrier.lock);
}

void mp_tx_gate_close(struct mp_adapter *a, enum mp_gate bit)
{
	gate_change(a, bit, 0);
	pass_all_locks(a);
}

void mp_tx_gate_open(struct mp_adapter *a, enum mp_gate bit)
{
	gate_change(a, 0, bit);
	mp_processors_notify(a);
}

/* ---- held ---- */

static void begin(struct mp_adapter *a, enum mp_gate what, uint16_t id)
{
	struct mp_tx_barrier *b = &a->barrier;

	NdisAcquireSpinLock(&b->lock);
	b->changes++;
	/* Of two freed queues both have to be empty; then so may all be. */
	if (what == MP_GATE_ID && atomic_load(&b->gate) & MP_GATE_HOLD && b->id != id)
		what = MP_GATE_ALL;
	if (what == MP_GATE_ID)
		b->id = id;
	atomic_fetch_or(&b->gate, what);
	while (b->placing) {   /* by the old rules, and not for long */
		NdisReleaseSpinLock(&b->lock);
		NdisMSleep(PLACING_US);
		NdisAcquireSpinLock(&b->lock);
	}
	NdisReleaseSpinLock(&b->lock);
	pass_all_locks(a);
}

void mp_tx_change_begin(struct mp_adapter *a)
{
	begin(a, MP_GATE_ALL, 0);
}

void mp_tx_divert_begin(struct mp_adapter *a, uint16_t id)
{
	begin(a, MP_GATE_ID, id);
}

void mp_tx_change_end(struct mp_adapter *a)
{
	NdisAcquireSpinLock(&a->barrier.lock);
	atomic_fetch_add(&a->barrier.gate, MP_GATE_VERSION);
	a->barrier.changes--;
	NdisReleaseSpinLock(&a->barrier.lock);
	mp_tx_barrier_check(a);
	mp_processors_notify(a);
}

void mp_tx_key_set(struct mp_adapter *a, const struct mp_tx_key *key)
{
	mp_tx_change_begin(a);
	atomic_store(&a->tx_key, key);
	mp_tx_change_end(a);
}

void mp_tx_classes_set(struct mp_adapter *a, const struct vmq_traffic_rules *rules)
{
	mp_tx_change_begin(a);
	NdisAcquireSpinLock(&a->barrier.lock);
	a->barrier.rules = *rules;
	a->barrier.reclass = true;
	NdisReleaseSpinLock(&a->barrier.lock);
	mp_tx_change_end(a);
}

/* ---- placing ---- */

/* Whether the NBL is one that waits for the change; then it is held. Under the lock of the
 * queue that it would join. */
static bool hold(struct mp_adapter *a, NET_BUFFER_LIST *nbl)
{
	struct mp_tx_barrier *b = &a->barrier;
	unsigned gate;
	bool held;

	NdisDprAcquireSpinLock(&b->lock);
	gate = atomic_load(&b->gate);
	held = gate & MP_GATE_ALL ||
	       (gate & MP_GATE_ID && NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) == b->id);
	if (held) {
		mp_chain_append(&b->held, nbl);
		atomic_fetch_add(&b->n_held, 1);
	}
	NdisDprReleaseSpinLock(&b->lock);
	return held;
}

/* The lock of the queue that the NBL joins by the rules of this moment. */
static struct mp_tx_queue *lock_queue(struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	for (;;) {
		unsigned gate = atomic_load_explicit(&a->barrier.gate, memory_order_acquire);
		const struct mp_tx_key *key = atomic_load(&a->tx_key);
		struct mp_tx_queue *t = &a->queues[key->select(a, nbl)].tx;

		NdisAcquireSpinLock(&t->lock);
		if (atomic_load_explicit(&a->barrier.gate, memory_order_acquire) == gate)
			return t;
		NdisReleaseSpinLock(&t->lock);
	}
}

NDIS_STATUS mp_tx_place_gated(struct mp_adapter *a, NET_BUFFER_LIST *nbl)
{
	struct mp_tx_queue *t = lock_queue(a, nbl);
	unsigned gate = atomic_load(&a->barrier.gate);
	bool open = !(gate & MP_GATE_CLOSED);
	bool placed = open && !hold(a, nbl);

	if (placed)
		mp_tx_append(a, t, &(struct mp_chain){ nbl, nbl, 1 });
	NdisReleaseSpinLock(&t->lock);
	if (placed)
		mp_tx_kick(a, t);
	return open ? NDIS_STATUS_SUCCESS : mp_tx_refusal(gate);
}

/* The queue that the first of what is held joins. Under the lock. */
static unsigned queue_of_first(const struct mp_adapter *a)
{
	return atomic_load(&a->tx_key)->select(a, a->barrier.held.first);
}

/*
 * Moves the first of what is held to its transmit queue, whatever the gate: it was accepted.
 * It is in the one list or in the other at any time, so that who ends sends, and looks there
 * in this order, finds it (A52, A55). Under the lock, which it lets go: a queue's goes first.
 */
static void place_first(struct mp_adapter *a)
{
	struct mp_tx_barrier *b = &a->barrier;
	unsigned queue = queue_of_first(a);
	struct mp_tx_queue *t = &a->queues[queue].tx;

	NdisReleaseSpinLock(&b->lock);
	NdisAcquireSpinLock(&t->lock);
	NdisDprAcquireSpinLock(&b->lock);
	/* It may be gone by now, or its id have come to select another queue. */
	if (b->held.first && queue_of_first(a) == queue) {
		NET_BUFFER_LIST *nbl = mp_chain_take_first(&b->held);

		mp_tx_append(a, t, &(struct mp_chain){ nbl, nbl, 1 });
		atomic_fetch_sub(&b->n_held, 1);
	}
	NdisDprReleaseSpinLock(&b->lock);
	NdisReleaseSpinLock(&t->lock);
	mp_notify(atomic_load(&t->processor));
	NdisAcquireSpinLock(&b->lock);
}

bool mp_tx_barrier_can_end(const struct mp_adapter *a)
{
	unsigned gate = atomic_load_explicit(&a->barrier.gate, memory_order_acquire);

	if (!(gate & MP_GATE_HOLD))
		return false;
	if (!(gate & MP_GATE_ALL))
		return !mp_tx_is_waiting(&a->queues[a->barrier.id].tx);
	for (unsigned i = 0; a->queues && i <= a->n_queues; i++)
		if (mp_tx_is_waiting(&a->queues[i].tx))
			return false;
	return true;
}

/* Under the lock, which it lets go while it places. A change that begins meanwhile waits for
 * what was held until then: else changes that follow each other would hold sends for ever. */
static void end(struct mp_adapter *a)
{
	struct mp_tx_barrier *b = &a->barrier;

	if (b->reclass)
		mp_tx_classes_use(a, &b->rules);
	b->reclass = false;
	b->placing = true;
	while (b->held.n && !b->changes)
		for (unsigned n = b->held.n; n && b->held.n; n--)
			place_first(a);
	b->placing = false;
	if (!b->changes)
		atomic_fetch_and(&b->gate, ~(unsigned)MP_GATE_HOLD);
}

void mp_tx_barrier_check(struct mp_adapter *a)
{
	struct mp_tx_barrier *b = &a->barrier;

	if (!mp_tx_barrier_can_end(a))
		return;
	NdisAcquireSpinLock(&b->lock);
	if (!b->changes && !b->placing && mp_tx_barrier_can_end(a))
		end(a);
	NdisReleaseSpinLock(&b->lock);
}
