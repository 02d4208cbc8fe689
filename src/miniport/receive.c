/* SPDX-License-Identifier: BSD-2-Clause */
/* Receives: one processor's message DPC, which looks at its queues' rings and at the NIC. */
#include "miniport/steer.h"

#include "base/clock.h"

/* How long a NIC that can wait waits for a queue without a free buffer before
 * the frame is lost to that queue: one stuck VM must not hold up the rest. Between two looks this
 * much of it passes at most: where they lie further apart we stood still ourselves, and so may have
 * whoever should have returned a buffer. */
#define PATIENCE_NS 100000000ull
#define LOOK_NS     1000000ull

/* How often a DPC without a limit looks for more, lest it never end (F20). */
#define TURNS_OF_ALL 1024

/* How many whole bursts are taken off a NIC queue in one look, so that they share what else it
 * costs; and off a ring: more, lest frames that were taken off the NIC are lost there to others
 * that are taken after them. */
#define NIC_BURSTS   2
#define RING_BURSTS  8

/* In so many looks without a frame there is one at the NIC itself, which takes as long as a
 * quarter of them. A worker that sleeps looks some twenty times a second. */
#define LOOKS_TO_THE_END 8

/* ---- from the rings ---- */

/* Whether the queue has been looked at without a free buffer for too long. */
static bool patience_ends(struct mp_queue *q)
{
	uint64_t now = clock_ns(), since = now - q->stalled_look;

	if (!q->stalled_look)
		q->stalled_ns = 0;
	else
		q->stalled_ns += since < LOOK_NS ? since : LOOK_NS;
	q->stalled_look = now;
	return q->stalled_ns >= PATIENCE_NS;
}

/* How many frames to take off a ring now: a NIC that can wait leaves them there
 * while the queue has no buffer, for a while. */
static unsigned ring_allowance(struct mp_queue *q, unsigned budget)
{
	unsigned n = budget < BURST ? budget : BURST;

	if (!q->adapter->nic_can_wait)
		return n;
	if (mp_buffers_for(q, n)) {
		q->stalled_look = 0;
		return mp_buffers_for(q, n);
	}
	return patience_ends(q) ? n : 0;
}

/* Frames of an older generation, or of a queue that does not run, were on their
 * way when the queue lost its last filter (D32, F17); a paused adapter indicates
 * nothing at all (F18). */
static unsigned drop_stale(struct mp_queue *q, void **items, unsigned n)
{
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_acquire), kept = 0;
	bool paused = atomic_load_explicit(&q->adapter->paused, memory_order_relaxed);

	for (unsigned i = 0; i < n; i++) {
		if (likely(!paused && mp_item_generation(items[i]) == generation)) {
			items[kept++] = items[i];
			continue;
		}
		counter_add(&q->drops.by[paused ? WIRE_DROP_ADAPTER_PAUSED : WIRE_DROP_QUEUE_GONE], 1);
		if (!mp_is_parcel(items[i]))
			rte_pktmbuf_free(items[i]);
	}
	return kept;
}

/* A burst of what other processors matched to this queue. Returns whether more waits. */
static bool drain_lane(struct mp_processor *p, struct mp_queue *q, struct mp_lane *lane,
		       unsigned *budget)
{
	void *items[BURST];
	unsigned n = mp_lane_peek(lane, items, ring_allowance(q, *budget));
	unsigned kept = drop_stale(q, items, n);

	*budget -= n;
	mp_deliver_items(p, q, lane->parcels, items, kept);
	mp_lane_release(lane, n);
	return !spsc_is_empty(lane->ring);
}

/* Takes what other processors matched to this queue. Returns whether more waits. */
static bool drain_lanes(struct mp_processor *p, struct mp_queue *q, unsigned *budget)
{
	bool more = false;

	for (unsigned r = 0; r < q->adapter->n_lanes; r++) {
		struct mp_lane *lane = &q->lanes[r];
		bool left = !spsc_is_empty(lane->ring);

		for (unsigned i = 0; left && i < RING_BURSTS; i++)
			left = drain_lane(p, q, lane, budget);
		more |= left;
	}
	return more;
}

/* Whether a NIC that can wait should: some ring could not take a whole burst. */
static bool must_wait(const struct mp_adapter *a, unsigned rx)
{
	if (!a->nic_can_wait)
		return false;
	for (unsigned id = 0; id <= a->n_queues; id++) {
		const struct mp_queue *q = &a->queues[id];

		if (atomic_load_explicit(&q->state, memory_order_acquire) == VMQ_QUEUE_RUNNING &&
		    spsc_room(q->lanes[rx].ring) < BURST)
			return true;
	}
	return false;
}

/* The NIC queues that are kept for this processor's VM queues. Returns whether more waits. */
static bool poll_steered(struct mp_processor *p, const struct mp_queue_list *queues,
			 unsigned *budget)
{
	unsigned way = p->adapter->settings.rx_queues + p->index;
	bool more = false;

	for (unsigned i = 0; i < queues->n; i++) {
		struct mp_queue *q = queues->list[(p->turn + i) % queues->n];
		struct mp_steer *s = mp_steer_of(q);

		if (!s)
			continue;
		if (atomic_load_explicit(&q->draining, memory_order_acquire)) {
			more |= mp_steer_drain(p, q, s);
		} else if (mp_receives(p->adapter)) {
			more |= !*budget || mp_nic_poll(p, s->rx, way, q, budget) > 0;
		}
	}
	return more;
}

/* What others left for queues of this processor. Returns whether more waits. */
static bool serve_mail(struct mp_processor *p, unsigned *budget)
{
	const struct mp_queue_list *queues;
	bool more = false;
	unsigned before = *budget;

	if (!atomic_load_explicit(&p->mail, memory_order_relaxed))
		return false;
	/* Down before the look: what is left meanwhile raises it again. But as long as each look finds
	 * something it stays up, and its cache line where it is. */
	if (p->looked_in_vain)
		atomic_exchange(&p->mail, false);
	queues = atomic_load_explicit(&p->queues, memory_order_acquire);   /* not before */
	for (unsigned i = 0; i < queues->n; i++) {
		struct mp_queue *q = queues->list[(p->turn + i) % queues->n];

		mp_collect_returns(p, q);
		more |= drain_lanes(p, q, budget);
	}
	if (more && p->looked_in_vain)
		atomic_store_explicit(&p->mail, true, memory_order_relaxed);
	p->looked_in_vain = before == *budget;
	return more;
}

/* A NIC queue that is nobody's own. Returns whether more may wait. */
static bool serve_nic(struct mp_processor *p, unsigned rx, unsigned *budget)
{
	for (unsigned i = 0; i < NIC_BURSTS; i++) {
		unsigned got;

		if (!*budget || must_wait(p->adapter, rx))
			return true;   /* F20: the rest next time */
		got = mp_nic_poll(p, rx, rx, NULL, budget);
		if (got < BURST) {
			if (!got && !i)
				mp_notice_end(p->adapter, !(++p->idle_looks % LOOKS_TO_THE_END));
			return got || i;
		}
	}
	return true;
}

/* One look at everything that the processor serves. Returns whether more waits. */
static bool serve(struct mp_processor *p, const struct mp_queue_list *queues, unsigned *budget)
{
	struct mp_adapter *a = p->adapter;
	bool more;

	/* Another queue first each time: a few busy ones must not use up the throttle. */
	p->turn++;
	more = serve_mail(p, budget);
	more |= mp_tx_serve(p, queues);
	for (unsigned i = 0; i < p->n_rx && mp_receives(a); i++)
		more |= serve_nic(p, p->rx[i], budget);
	if (a->n_steer)
		more |= poll_steered(p, queues, budget);
	mp_indicate_mixed(p);
	return more;
}

_Use_decl_annotations_
VOID MiniportMessageInterruptDPC(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
				 PVOID MiniportDpcContext, PVOID ReceiveThrottleParameters,
				 PVOID NdisReserved2)
{
	struct mp_adapter *a = MiniportInterruptContext;
	struct mp_processor *p = a->of_message[MessageId];
	NDIS_RECEIVE_THROTTLE_PARAMETERS *throttle = ReceiveThrottleParameters;
	struct mp_queue_list *queues = atomic_load_explicit(&p->queues, memory_order_acquire);
	unsigned budget = throttle->MaxNblsToIndicate;   /* NDIS_INDICATE_ALL_NBLS: all ones */
	bool all = budget == NDIS_INDICATE_ALL_NBLS, more;
	unsigned turns = all ? TURNS_OF_ALL : 1;

	(void)MiniportDpcContext;
	(void)NdisReserved2;
	do
		more = serve(p, queues, &budget);
	while (more && --turns);
	mp_drain_check(p);
	/* With no limit nothing is left pending: what a NIC without an end still has is
	 * another interrupt's (F20). */
	throttle->MoreNblsPending = more && !all;
	if (more && all)
		mp_notify(p->number);
}

/* The device's half of an interrupt: nothing to acknowledge, the DPC does it all. */
_Use_decl_annotations_
BOOLEAN MiniportMessageInterrupt(NDIS_HANDLE MiniportInterruptContext, ULONG MessageId,
				 PBOOLEAN QueueDefaultInterruptDpc, PULONG TargetProcessors)
{
	(void)MiniportInterruptContext;
	(void)MessageId;
	*QueueDefaultInterruptDpc = TRUE;
	*TargetProcessors = 0;
	return TRUE;
}

/* May the processor's worker sleep: asks the NIC for signals, and looks once more
 * at everything that others leave for this processor. */
BOOLEAN mp_processor_arm(PVOID Context, BOOLEAN Sleep)
{
	struct mp_processor *p = Context;
	struct mp_adapter *a = p->adapter;
	struct mp_queue_list *queues = atomic_load_explicit(&p->queues, memory_order_acquire);
	bool work = false;

	if (mp_receives(a))
		for (unsigned i = 0; i < p->n_rx; i++)
			work |= nic_rx_arm(a->nic, (uint16_t)p->rx[i], Sleep);
	for (unsigned i = 0; Sleep && i < queues->n; i++) {
		struct mp_queue *q = queues->list[i];

		work |= atomic_load_explicit(&q->back, memory_order_acquire) != NULL;
		work |= mp_tx_is_waiting(&q->tx);
		work |= atomic_load_explicit(&q->draining, memory_order_acquire) &&
			mp_queue_is_home(q);
		for (unsigned r = 0; r < a->n_lanes; r++)
			work |= !spsc_is_empty(q->lanes[r].ring);
	}
	return work || (Sleep && (mp_pause_can_end(a) || mp_tx_barrier_can_end(a)));
}
