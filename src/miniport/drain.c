/* SPDX-License-Identifier: BSD-2-Clause */
/* Noticing that everything is home: of a queue that is being freed (G5, G18), or
 * of the whole adapter when it pauses (I18). */
#include "miniport/adapter.h"
#include "miniport/steer.h"

#include "base/clock.h"

#define PATIENCE_NS 1000000000ull

uint64_t mp_deadline(void)
{
	return clock_ns() + PATIENCE_NS;
}

static bool rings_are_empty(const struct mp_queue *q)
{
	for (unsigned r = 0; q->lanes && r < q->adapter->n_lanes; r++)
		if (!spsc_is_empty(q->lanes[r].ring))
			return false;
	return true;
}

bool mp_queue_is_home(const struct mp_queue *q)
{
	return counter_read(&q->indicated) == counter_read(&q->returned) && rings_are_empty(q) &&
	       !mp_tx_is_waiting(&q->tx);
}

bool mp_pause_can_end(const struct mp_adapter *a)
{
	if (!atomic_load_explicit(&a->pausing, memory_order_acquire) ||
	    atomic_load_explicit(&a->barrier.n_held, memory_order_acquire))
		return false;
	for (unsigned i = 0; i <= a->n_queues; i++)
		if (!mp_queue_is_home(&a->queues[i])) {
			/* Its owner may be asleep, and the last return be on its list. */
			mp_notify(atomic_load(&a->queues[i].processor));
			return false;
		}
	return true;
}

static void queue_is_home(void *context)
{
	mp_queue_drained(context);
}

static void adapter_is_home(void *context)
{
	NdisMPauseComplete(((struct mp_adapter *)context)->handle);
}

/* A NIC that takes nothing more must not hold up a pause or a free for ever. */
static void give_up_sends(struct mp_queue *q, uint64_t deadline)
{
	if (mp_tx_is_waiting(&q->tx) && clock_ns() > deadline)
		mp_tx_abort(q->adapter, &q->tx, NDIS_STATUS_PAUSED);   /* A49 */
}

/* Nothing is left in the queue's own receive queue of the NIC. */
static bool is_dry(const struct mp_queue *q)
{
	const struct mp_steer *s = mp_steer_of(q);

	return !s || s->dry;
}

static void check_queue(struct mp_queue *q, bool pausing)
{
	struct mp_adapter *a = q->adapter;

	if (pausing)
		give_up_sends(q, a->give_up);
	if (!atomic_load_explicit(&q->draining, memory_order_acquire))
		return;
	give_up_sends(q, q->give_up);
	if (mp_queue_is_home(q) && is_dry(q) && atomic_exchange(&q->draining, false)) {
		atomic_fetch_sub(&a->n_draining, 1);
		OvmqCallWhenQuiet(queue_is_home, q);   /* PASSIVE_LEVEL, E9 */
	}
}

void mp_drain_check(struct mp_processor *p)
{
	struct mp_queue_list *queues = atomic_load_explicit(&p->queues, memory_order_acquire);
	struct mp_adapter *a = p->adapter;
	bool pausing = atomic_load_explicit(&a->pausing, memory_order_acquire);

	if (atomic_load_explicit(&a->barrier.gate, memory_order_relaxed) & MP_GATE_HOLD)
		mp_tx_barrier_check(a);
	if (likely(!pausing && !atomic_load_explicit(&a->n_draining, memory_order_acquire)))
		return;
	for (unsigned i = 0; i < queues->n; i++)
		check_queue(queues->list[i], pausing);
	if (mp_pause_can_end(a) && atomic_exchange(&a->pausing, false))
		OvmqCallWhenQuiet(adapter_is_home, a);
}
