/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the NIC to the receive queues: a burst is matched; what belongs to a queue of another
 * processor goes there on a ring, what belongs here is made the queue's and indicated.
 */
#include "miniport/rss.h"
#include "miniport/steer.h"

#include <rte_prefetch.h>

#include "base/ethernet.h"
#include "miniport/dcbx.h"
#include "miniport/mode.h"

/* While each queue gets few frames of a burst, up to so many are taken off the NIC before any
 * is passed on: a call down to a VM costs the same for one frame as for several. Of loaned frames
 * fewer: each is a dozen cache lines that are cold when its turn comes. */
#define GATHER     1024u
#define GATHER_LOANED 256u
#define FEW        16u
/* What so many queues need lies in no first-level cache: it is asked for early, in steps that each
 * read what the one before asked for, so many queues apart. */
#define MANY       32u
#define AHEAD      2u

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

/* What came by one NIC queue, on its way to the receive queues by the 'way'th lane of each. */
struct sorted {
	unsigned way, frames, n_queues;
	unsigned *budget;                    /* of the throttle (F20) */
	uint64_t left_for;                   /* processors that have something on a ring now, a bit each */
	struct mp_queue *queues[GATHER];     /* that have frames; one may stand there twice */
};

/* Leaves frames of a lane on its ring, for the queue's processor or for a later turn. */
static void leave_on_ring(struct mp_processor *p, struct mp_queue *q, struct mp_lane *lane,
			  struct rte_mbuf **pkts, unsigned n, struct sorted *s)
{
	const struct mp_adapter *a = q->adapter;
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_relaxed);
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_relaxed);
	const struct mp_mode *mode = atomic_load_explicit(&q->mode, memory_order_relaxed);
	/* The default queue's may be lent; what is to be told of frames is with their mbufs. */
	bool by_value = owner != p->number && mode->receive_copies && q->id != DEFAULT_QUEUE &&
			!atomic_load_explicit(&a->rx_results, memory_order_relaxed);

	/* A NIC that can wait was asked for no more than every ring has room for. */
	mp_lane_push(lane, pkts, n, generation, by_value);
	if (unlikely(owner == NO_PROCESSOR)) {
		/* It moves, and its next owner may have looked already. */
		atomic_thread_fence(memory_order_seq_cst);
		owner = atomic_load_explicit(&q->processor, memory_order_relaxed);
	}
	if (owner < MAX_PROCESSORS)
		s->left_for |= 1ull << owner;   /* one that moves: its next owner begins by looking */
}

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
	leave_on_ring(p, q, lane, pkts + now, n - now, s);
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

/* Asks for the lanes that a burst goes to, all at once: one after the other they would be waited
 * for. */
static inline void fetch_lanes(const struct mp_adapter *a, const uint16_t *ids, unsigned n,
			       unsigned way)
{
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(&a->queues[ids[i]]);
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(&a->queues[ids[i]].lanes[way].n);
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
	if (to->n_queues >= MANY)
		fetch_lanes(a, ids, n, to->way);
	for (unsigned i = 0; i < n; i++) {
		if (!(matched >> i & 1) && !passes(a, filter, rte_pktmbuf_mtod(pkts[i], uint8_t *)))
			drop(p, pkts[i], WIRE_DROP_PACKET_FILTER);
		else
			sort(p, to, &a->queues[ids[i]], pkts[i]);
	}
	return got;
}

/* What a queue's frames need on their way up: where its memory is described, */
static inline void fetch_queue(const struct mp_queue *q)
{
	rte_prefetch0(&q->buffers);
}

/* which buffers are free, and which frames wait, */
static inline void fetch_lists(const struct mp_queue *q, const struct mp_lane *lane)
{
	rte_prefetch0(&lane->n);
	if (q->buffers)
		rte_prefetch0(&q->buffers[q->n_free - 1]);
}

/* and both. The rest of a burst that is longer than most, where there are many queues, does
 * without. */
static inline void fetch_frames(const struct mp_queue *q, const struct mp_lane *lane)
{
	unsigned n = RTE_MIN(lane->n, 4u);

	for (unsigned i = 0; q->buffers && i < n && i < q->n_free; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(lane->burst[i], void *));
		rte_prefetch0(q->buffers[q->n_free - 1 - i]);
	}
}

/* All that was gathered. */
static void pass_on_lanes(struct mp_processor *p, struct sorted *s)
{
	unsigned many = s->n_queues < MANY ? 0 : s->n_queues;

	for (unsigned i = 0; i < s->n_queues; i++) {
		if (i + 3 * AHEAD < many)
			fetch_queue(s->queues[i + 3 * AHEAD]);
		if (i + 2 * AHEAD < many)
			fetch_lists(s->queues[i + 2 * AHEAD],
				    &s->queues[i + 2 * AHEAD]->lanes[s->way]);
		if (i + AHEAD < many)
			fetch_frames(s->queues[i + AHEAD], &s->queues[i + AHEAD]->lanes[s->way]);
		pass_on_lane(p, s->queues[i], s);
	}
}

/* Whether another burst is to be sorted before this one is passed on. A NIC that can wait was
 * asked for no more than every ring has room for. */
static bool gathers(const struct mp_adapter *a, const struct sorted *s, unsigned got)
{
	unsigned most = a->settings.receive == MP_RECEIVE_LOANED ? GATHER_LOANED : GATHER;

	return got == BURST && s->n_queues * FEW > s->frames && s->frames + BURST <= most &&
	       s->frames < *s->budget && !a->nic_can_wait;
}

unsigned mp_nic_poll(struct mp_processor *p, unsigned rx, unsigned way, struct mp_queue *own,
		     unsigned *budget)
{
	struct sorted s;   /* of 'queues' only what is written is read */
	unsigned got, sum = 0;

	s.way = way;
	s.frames = s.n_queues = 0;
	s.budget = budget;
	s.left_for = 0;
	do
		sum += got = take_burst(p, rx, own, &s);
	while (gathers(p->adapter, &s, got));
	pass_on_lanes(p, &s);
	for (; s.left_for; s.left_for &= s.left_for - 1) {
		unsigned owner = (unsigned)__builtin_ctzll(s.left_for);

		mp_mail(p->adapter, owner);
		mp_notify(owner);
	}
	return sum;
}
