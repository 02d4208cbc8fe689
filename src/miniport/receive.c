/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receives: one processor's message DPC. A burst from the NIC is matched to
 * queues; what belongs to a queue of another processor goes there on a ring; what
 * belongs here is placed and indicated.
 */
#include "miniport/rss.h"
#include "miniport/steer.h"

#include <rte_prefetch.h>

#include "base/clock.h"
#include "base/ethernet.h"
#include "miniport/dcbx.h"

/* How long a NIC that can wait waits for a queue without a free buffer before
 * the frame is lost to that queue: one stuck VM must not hold up the rest. */
#define PATIENCE_NS 100000000ull

/* How often a DPC without a limit looks for more, lest it never end (F20). */
#define TURNS_OF_ALL 1024

/* While each queue gets few frames of a burst, up to so many are taken off the NIC before any
 * is passed on: a call down to a VM costs the same for one frame as for several. */
#define GATHER     1024u
#define FEW        16u

/* ---- from the rings ---- */

/* How many frames to take off a ring now: a NIC that can wait leaves them there
 * while the queue has no buffer, for a while. */
static unsigned ring_allowance(struct mp_queue *q, unsigned budget)
{
	unsigned n = budget < BURST ? budget : BURST;

	if (!q->adapter->nic_can_wait)
		return n;
	if (mp_buffers_for(q, n)) {
		q->stalled_since = 0;
		return mp_buffers_for(q, n);
	}
	if (!q->stalled_since)
		q->stalled_since = clock_ns();
	return clock_ns() - q->stalled_since < PATIENCE_NS ? 0 : n;
}

/* The queue's generation travels with a frame on a ring: in a word of the mbuf that nothing
 * else here uses, and that lies in the one line of it which the next processor reads anyway. */
static inline uint32_t *generation_of(struct rte_mbuf *m)
{
	return &m->packet_type;
}

/* What lies on a ring is in another processor's cache; all of a burst is fetched at once. */
static void fetch(struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(pkts[i]);
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
}

/* Frames of an older generation, or of a queue that does not run, were on their
 * way when the queue lost its last filter (D32, F17); a paused adapter indicates
 * nothing at all (F18). */
static unsigned drop_stale(struct mp_queue *q, struct rte_mbuf **pkts, unsigned n)
{
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_acquire), kept = 0;
	bool paused = atomic_load_explicit(&q->adapter->paused, memory_order_relaxed);

	for (unsigned i = 0; i < n; i++) {
		if (paused) {
			counter_add(&q->drops.by[WIRE_DROP_ADAPTER_PAUSED], 1);
			rte_pktmbuf_free(pkts[i]);
		} else if (*generation_of(pkts[i]) != generation) {
			counter_add(&q->drops.by[WIRE_DROP_QUEUE_GONE], 1);
			rte_pktmbuf_free(pkts[i]);
		} else {
			pkts[kept++] = pkts[i];
		}
	}
	return kept;
}

/* Takes what other processors matched to this queue. Returns whether more waits. */
static bool drain_rings(struct mp_processor *p, struct mp_queue *q, unsigned *budget)
{
	struct rte_mbuf *pkts[BURST];
	bool more = false;

	for (unsigned r = 0; r < q->adapter->n_lanes; r++) {
		struct spsc *ring = q->lanes[r].ring;
		unsigned n;

		if (spsc_is_empty(ring))
			continue;
		n = spsc_pop(ring, (void **)pkts, ring_allowance(q, *budget));
		*budget -= n;
		fetch(pkts, n);
		n = drop_stale(q, pkts, n);
		if (n)
			mp_deliver(p, q, pkts, n);
		more |= !spsc_is_empty(ring);
	}
	return more;
}

/* ---- from the NIC ---- */

/* Whether the adapter's packet filter lets an unmatched frame through (U8). */
static bool passes(const struct mp_adapter *a, unsigned filter, const uint8_t *frame)
{
	if (filter & NDIS_PACKET_TYPE_PROMISCUOUS)
		return true;
	if (ETH_IS_BROADCAST(frame))
		return filter & NDIS_PACKET_TYPE_BROADCAST;
	if (ETH_IS_MULTICAST(frame))
		return filter & NDIS_PACKET_TYPE_ALL_MULTICAST ||
		       (filter & NDIS_PACKET_TYPE_MULTICAST && mp_multicast_has(a, frame));
	return (filter & NDIS_PACKET_TYPE_DIRECTED) && !memcmp(frame, a->mac, 6);
}

static void drop(struct mp_processor *p, struct rte_mbuf *m, enum wire_drop why)
{
	counter_add(&p->drops.by[why], 1);
	rte_pktmbuf_free(m);
}

/* Sorts out what is no frame, and makes the others' keys. Returns how many are left. */
static unsigned sift(struct mp_processor *p, struct rte_mbuf **pkts, unsigned n, vmq_key_t *keys)
{
	const struct mp_adapter *a = p->adapter;
	unsigned kept = 0;

	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(pkts[i], void *));
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		unsigned tag;

		if (m->data_len < ETHERNET_HEADER) {
			drop(p, m, WIRE_DROP_TOO_SHORT);
			continue;
		}
		tag = ethernet_is_tagged(frame) ? VLAN_TAG : 0;
		if (m->data_len < ETHERNET_HEADER + tag) {
			drop(p, m, WIRE_DROP_TOO_SHORT);
		} else if (m->nb_segs != 1 || m->data_len > a->max_frame + tag) {
			drop(p, m, WIRE_DROP_TOO_LONG);      /* F21 */
		} else {
			keys[kept] = vmq_key(frame);
			pkts[kept++] = m;
		}
	}
	return kept;
}

/* The queue of each frame, and which of them have a filter (U8). */
static inline uint64_t match(const struct mp_adapter *a, struct rte_mbuf **pkts,
			     const vmq_key_t *keys, unsigned n, uint16_t *ids)
{
	const struct vmq_classifier *c = atomic_load_explicit(&a->filters, memory_order_acquire);
	struct vmq_frame frames[BURST];

	for (unsigned i = 0; vmq_classifier_reads_frames(c) && i < n; i++)
		frames[i] = (struct vmq_frame){ rte_pktmbuf_mtod(pkts[i], const uint8_t *),
						pkts[i]->data_len };
	return vmq_classify(c, frames, keys, n, ids);
}

/* Whether nothing is on the lane's ring, which is seldom used. Its poller. */
static inline bool ring_is_empty(struct mp_lane *lane)
{
	if (unlikely(lane->on_ring))
		lane->on_ring = !spsc_is_empty(lane->ring);
	return !lane->on_ring;
}

/* Leaves frames of a lane on its ring, for the queue's processor or for a later turn. */
static void leave_on_ring(struct mp_queue *q, struct mp_lane *lane, struct rte_mbuf **pkts,
			  unsigned n, unsigned owner)
{
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_relaxed), pushed;

	for (unsigned i = 0; i < n; i++)
		*generation_of(pkts[i]) = generation;
	/* A NIC that can wait was asked for no more than every ring has room for. */
	pushed = spsc_push(lane->ring, (void *const *)pkts, n);
	lane->on_ring = true;
	if (pushed < n) {
		counter_add(&lane->ring_full, n - pushed);
		rte_pktmbuf_free_bulk(pkts + pushed, n - pushed);
	}
	if (unlikely(owner == NO_PROCESSOR)) {
		/* It moves, and its next owner may have looked already. */
		atomic_thread_fence(memory_order_seq_cst);
		owner = atomic_load_explicit(&q->processor, memory_order_relaxed);
	}
	mp_mail(q->adapter, owner);
}

/* What came by one NIC queue, on its way to the receive queues by the 'way'th lane of each. */
struct sorted {
	unsigned way, frames, n_queues;
	unsigned *budget;                    /* of the throttle (F20) */
	uint64_t wake;                       /* processors that have something on a ring now, a bit each */
	struct mp_queue *queues[GATHER];     /* that have frames; one may stand there twice */
};

/* Hands one lane's frames to their queue: here, as far as the throttle lets (F20), or to
 * its processor. A frame that is on its way by the ring keeps later ones from overtaking
 * it (F13). */
static void pass_on(struct mp_processor *p, struct mp_queue *q, struct mp_lane *lane,
		    struct rte_mbuf **pkts, unsigned n, struct sorted *s)
{
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_acquire), now = 0;

	if (owner == p->number && ring_is_empty(lane) && !q->adapter->nic_can_wait) {
		now = n <= *s->budget ? n : *s->budget;
		*s->budget -= now;
		if (now)
			mp_deliver(p, q, pkts, now);
		if (now == n)
			return;
	}
	leave_on_ring(q, lane, pkts + now, n - now, owner);
	if (owner != p->number && owner < MAX_PROCESSORS)
		s->wake |= 1ull << owner;   /* one that moves: its next owner begins by looking */
}

/* What came by the NIC queue of 'own' and is not its own leaves its buffers behind. */
static void keep_own(struct mp_queue *own, struct rte_mbuf **pkts, const uint16_t *ids,
		     unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (ids[i] != own->id)
			pkts[i] = mp_steer_away(own->adapter, pkts[i]);
}

/* What waits on the queue's lane goes on. */
static void pass_on_lane(struct mp_processor *p, struct mp_queue *q, struct sorted *s)
{
	struct mp_lane *lane = &q->lanes[s->way];
	unsigned n = lane->n;

	lane->n = 0;
	if (n)
		pass_on(p, q, lane, lane->burst, n, s);
}

static void sort(struct mp_processor *p, struct sorted *to, struct mp_queue *q, struct rte_mbuf *m)
{
	struct mp_lane *lane = &q->lanes[to->way];

	/* Of many queues nobody can tell whose frame is next: no branch that is guessed wrong. */
	to->queues[to->n_queues] = q;
	to->n_queues += !lane->n;
	lane->burst[lane->n++] = m;
	if (lane->n == BURST)
		pass_on_lane(p, q, to);
}

/* Whether all of a burst is one queue's, and a filter's: then it is passed on as it is. */
static inline bool is_one_queues(uint64_t matched, const uint16_t *ids, unsigned n)
{
	unsigned other = 0;

	for (unsigned i = 1; i < n; i++)
		other |= ids[i] ^ ids[0];
	return !other && matched == UINT64_MAX >> (64 - n);
}

/* One burst of one NIC queue. It is a whole one whatever the throttle is: some NICs give
 * nothing when they are asked for less. 'own': the VM queue that the NIC queue is kept for;
 * NULL: none. */
static unsigned take_burst(struct mp_processor *p, unsigned rx, struct mp_queue *own,
			   struct sorted *to)
{
	struct mp_adapter *a = p->adapter;
	const struct mp_rss *rss = mp_rss_of(a);
	struct rte_mbuf *pkts[BURST];
	vmq_key_t keys[BURST];
	uint16_t ids[BURST];
	unsigned got, n, filter;
	uint64_t matched;

	/* What other processors had is in their caches. */
	if (a->n_processors > 1 && rx < a->settings.rx_queues)
		frame_pool_fetch(a->nic_memory[rx].pool, BURST);
	got = nic_rx_burst(a->nic, (uint16_t)rx, pkts, BURST);
	/* After the burst: a frame that comes once the OID has ended meets its filter. */
	filter = atomic_load_explicit(&a->packet_filter, memory_order_acquire);
	if (!got)
		return 0;
	counter_add(&p->from_nic, got);
	n = got;
	if (atomic_load_explicit(&a->qos.pfc.enabled, memory_order_relaxed))
		n = mp_pfc_take(p, pkts, n);
	if (a->qos.dcbx)
		n = mp_dcbx_take(p, pkts, n);
	n = sift(p, pkts, n, keys);
	if (!n)
		return got;
	matched = match(a, pkts, keys, n, ids);
	if (rss)
		mp_rss_spread(rss, pkts, n, ids);
	if (own)
		keep_own(own, pkts, ids, n);
	to->frames += n;
	if (!to->n_queues && is_one_queues(matched, ids, n)) {
		struct mp_queue *q = &a->queues[ids[0]];

		pass_on(p, q, &q->lanes[to->way], pkts, n, to);
		return got;
	}
	for (unsigned i = 0; i < n; i++) {
		if (!(matched >> i & 1) && !passes(a, filter, rte_pktmbuf_mtod(pkts[i], uint8_t *)))
			drop(p, pkts[i], WIRE_DROP_PACKET_FILTER);
		else
			sort(p, to, &a->queues[ids[i]], pkts[i]);
	}
	return got;
}

/* Whether another burst is to be sorted before this one is passed on. A NIC that can wait was
 * asked for no more than every ring has room for. */
static bool gathers(const struct mp_adapter *a, const struct sorted *s, unsigned got)
{
	return got == BURST && s->n_queues * FEW > s->frames && s->frames + BURST <= GATHER &&
	       s->frames < *s->budget && !a->nic_can_wait;
}

/* What one NIC queue has now. Returns whether there was anything. */
static bool poll_nic(struct mp_processor *p, unsigned rx, unsigned way, struct mp_queue *own,
		     unsigned *budget)
{
	struct sorted s;   /* of 'queues' only what is written is read */
	unsigned got;

	s.way = way;
	s.frames = s.n_queues = 0;
	s.budget = budget;
	s.wake = 0;
	do
		got = take_burst(p, rx, own, &s);
	while (gathers(p->adapter, &s, got));
	for (unsigned i = 0; i < s.n_queues; i++)
		pass_on_lane(p, s.queues[i], &s);
	for (; s.wake; s.wake &= s.wake - 1)
		OvmqNotifyProcessor((ULONG)__builtin_ctzll(s.wake));
	return s.frames || got;
}

/* Whether the receive unit is on: not while paused (F18), nor before a protocol
 * has set a packet filter (F22). */
static bool receives(const struct mp_adapter *a)
{
	return !atomic_load_explicit(&a->paused, memory_order_relaxed) &&
	       atomic_load_explicit(&a->packet_filter, memory_order_relaxed);
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
		} else if (receives(p->adapter)) {
			more |= !*budget || poll_nic(p, s->rx, way, q, budget);
		}
	}
	return more;
}

/* What others left for queues of this processor. Returns whether more waits. */
static bool serve_mail(struct mp_processor *p, unsigned *budget)
{
	const struct mp_queue_list *queues;
	bool more = false;

	if (!atomic_load_explicit(&p->mail, memory_order_relaxed))
		return false;
	/* Down before the look: what is left meanwhile raises it again. */
	atomic_exchange(&p->mail, false);
	queues = atomic_load_explicit(&p->queues, memory_order_acquire);   /* not before */
	for (unsigned i = 0; i < queues->n; i++) {
		struct mp_queue *q = queues->list[(p->turn + i) % queues->n];

		mp_collect_returns(q);
		more |= drain_rings(p, q, budget);
	}
	if (more)
		atomic_store_explicit(&p->mail, true, memory_order_relaxed);
	return more;
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
	for (unsigned i = 0; i < p->n_rx && receives(a); i++) {
		if (!*budget || must_wait(a, p->rx[i]))
			more = true;   /* F20: the rest next time */
		else if (poll_nic(p, p->rx[i], p->rx[i], NULL, budget))
			more = true;
		else
			mp_notice_end(a);
	}
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

	if (receives(a))
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
