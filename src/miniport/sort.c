/* SPDX-License-Identifier: BSD-2-Clause */
#include "miniport/sort.h"

#include <stdlib.h>

#include <rte_prefetch.h>

#include "miniport/mode.h"

/* Fewer frames for each queue are few. */
#define FEW   16u
/* What so many queues need lies in no first-level cache: it is asked for early, in steps that each
 * read what the one before asked for, so many queues apart. */
#define MANY  32u
#define AHEAD 2u

NDIS_STATUS mp_sort_create(struct mp_processor *p)
{
	const struct mp_adapter *a = p->adapter;

	if (a->settings.queues < MANY)
		return NDIS_STATUS_SUCCESS;
	p->parcels = aligned_alloc(_Alignof(struct mp_parcel), MP_GATHER * sizeof(*p->parcels));
	return p->parcels ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

void mp_sort_destroy(struct mp_processor *p)
{
	free(p->parcels);
	p->parcels = NULL;
}

/* Whether nothing is on the lane's ring, which is seldom used. Its poller. */
static inline bool ring_is_empty(struct mp_lane *lane)
{
	if (unlikely(lane->on_ring))
		lane->on_ring = !spsc_is_empty(lane->ring);
	return !lane->on_ring;
}

/* Whether the queue is this processor's, and so all that belongs to its owner: until this DPC ends,
 * also if it begins to move. */
static inline bool is_here(const struct mp_processor *p, const struct mp_queue *q)
{
	return atomic_load_explicit(&q->processor, memory_order_acquire) == p->number;
}

/* Whether frames of the queue may come by value. The default queue's may be lent, in their mbufs. */
static inline bool takes_copies(const struct mp_queue *q)
{
	return q->id != DEFAULT_QUEUE &&
	       atomic_load_explicit(&q->mode, memory_order_relaxed)->receive_copies;
}

/* ---- passing on ---- */

/* Leaves frames of a lane on its ring, for the queue's processor or for a later turn. */
static void leave_on_ring(struct mp_processor *p, struct mp_queue *q, struct mp_lane *lane,
			  struct rte_mbuf **pkts, unsigned n, struct mp_sorted *s)
{
	const struct mp_adapter *a = q->adapter;
	unsigned generation = atomic_load_explicit(&q->generation, memory_order_relaxed);
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_relaxed);
	/* What is to be told of frames is with their mbufs. */
	bool by_value = owner != p->number && takes_copies(q) &&
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
		    struct rte_mbuf **pkts, unsigned n, struct mp_sorted *s)
{
	unsigned now = 0;

	if (is_here(p, q) && ring_is_empty(lane) && !q->adapter->nic_can_wait) {
		now = n <= *s->budget ? n : *s->budget;
		*s->budget -= now;
		if (now)
			mp_deliver(p, q, pkts, now);
		if (now == n)
			return;
	}
	leave_on_ring(p, q, lane, pkts + now, n - now, s);
}

/* What waits on the queue's lane goes on. Parcels wait there only if the queue was here and the
 * throttle had room for all that is sorted. */
static void pass_on_lane(struct mp_processor *p, struct mp_queue *q, struct mp_sorted *s)
{
	struct mp_lane *lane = &q->lanes[s->way];
	unsigned n = lane->n;

	lane->n = 0;
	if (lane->has_parcels) {
		lane->has_parcels = false;
		*s->budget -= n;
		mp_deliver_items(p, q, p->parcels, lane->waiting, n);
	} else if (n) {
		pass_on(p, q, lane, (struct rte_mbuf **)lane->waiting, n, s);
	}
}

/* What a queue's frames need on their way up: where its memory is described, */
static inline void fetch_queue(const struct mp_queue *q)
{
	rte_prefetch0(&q->buffers);
}

/* which buffers are free, and which frames wait, */
static inline void fetch_lists(const struct mp_processor *p, const struct mp_queue *q,
			       const struct mp_lane *lane)
{
	rte_prefetch0(&lane->n);
	if (is_here(p, q) && q->buffers)
		rte_prefetch0(&q->buffers[q->n_free - 1]);
}

/* and both. The rest of a burst that is longer than most, where there are many queues, does
 * without. */
static inline void fetch_frames(const struct mp_processor *p, const struct mp_queue *q,
				const struct mp_lane *lane)
{
	unsigned n = RTE_MIN(lane->n, 4u);

	if (!is_here(p, q) || !q->buffers)
		return;
	for (unsigned i = 0; i < n && i < q->n_free; i++) {
		rte_prefetch0(mp_item_bytes(p->parcels, lane->waiting[i]));
		rte_prefetch0(q->buffers[q->n_free - 1 - i]);
	}
}

void mp_sort_end(struct mp_processor *p, struct mp_sorted *s)
{
	unsigned many = s->n_queues < MANY ? 0 : s->n_queues;

	for (unsigned i = 0; i < s->n_queues; i++) {
		if (i + 3 * AHEAD < many)
			fetch_queue(s->queues[i + 3 * AHEAD]);
		if (i + 2 * AHEAD < many)
			fetch_lists(p, s->queues[i + 2 * AHEAD],
				    &s->queues[i + 2 * AHEAD]->lanes[s->way]);
		if (i + AHEAD < many)
			fetch_frames(p, s->queues[i + AHEAD],
				     &s->queues[i + AHEAD]->lanes[s->way]);
		pass_on_lane(p, s->queues[i], s);
	}
	for (; s->left_for; s->left_for &= s->left_for - 1) {
		unsigned owner = (unsigned)__builtin_ctzll(s->left_for);

		mp_mail(p->adapter, owner);
		mp_notify(owner);
	}
}

/* ---- sorting ---- */

void mp_sort_begin(struct mp_processor *p, struct mp_sorted *s, unsigned way, unsigned *budget)
{
	const struct mp_adapter *a = p->adapter;

	/* Of 'queues' only what is written is read. */
	s->way = way;
	s->frames = s->n_queues = s->n_parcels = 0;
	s->budget = budget;
	s->left_for = 0;
	s->by_value = p->parcels && !a->nic_can_wait &&
		      !atomic_load_explicit(&a->rx_results, memory_order_relaxed);
}

void mp_sort_one(struct mp_processor *p, struct mp_sorted *s, struct rte_mbuf **pkts, uint16_t id,
		 unsigned n)
{
	struct mp_queue *q = &p->adapter->queues[id];

	s->frames += n;
	pass_on(p, q, &q->lanes[s->way], pkts, n, s);
}

/* A NIC that can wait was asked for no more than every ring has room for. */
bool mp_sort_more(const struct mp_processor *p, const struct mp_sorted *s, unsigned got)
{
	const struct mp_adapter *a = p->adapter;
	unsigned in_place = s->frames - s->n_parcels;

	return got == BURST && s->n_queues * FEW > s->frames && s->frames + BURST <= MP_GATHER &&
	       (a->settings.receive != MP_RECEIVE_LOANED || in_place + BURST <= MP_GATHER_LOANED) &&
	       s->frames + BURST <= *s->budget && !a->nic_can_wait;
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

/* Whether a frame of the queue may wait as a parcel, here. */
static inline bool takes_parcels(const struct mp_processor *p, const struct mp_queue *q,
				 struct mp_lane *lane)
{
	return is_here(p, q) && takes_copies(q) && ring_is_empty(lane);
}

static inline void sort(struct mp_processor *p, struct mp_sorted *s, struct mp_queue *q, void *item)
{
	struct mp_lane *lane = &q->lanes[s->way];

	/* Of many queues nobody can tell whose frame is next: no branch that is guessed wrong. */
	s->queues[s->n_queues] = q;
	s->n_queues += !lane->n;
	lane->waiting[lane->n++] = item;
	if (lane->n == BURST)
		pass_on_lane(p, q, s);
}

/* Among many queues' frames a small one leaves the NIC's buffer at once for a line or two that are
 * there again in the next look; its buffer is the NIC's next one, still in the cache. */
static __rte_noinline void sort_by_value(struct mp_processor *p, struct mp_sorted *s,
					 struct rte_mbuf **pkts, const uint16_t *ids, unsigned n)
{
	unsigned copied = 0;

	for (unsigned i = 0; i < n; i++) {
		struct mp_queue *q = &p->adapter->queues[ids[i]];
		struct mp_lane *lane = &q->lanes[s->way];
		struct rte_mbuf *m = pkts[i];
		void *item = m;

		if (m->data_len <= PARCEL_ROOM && takes_parcels(p, q, lane)) {
			item = mp_parcel_make(p->parcels, s->n_parcels++, m, 0);
			lane->has_parcels = true;
			pkts[copied++] = m;
		}
		sort(p, s, q, item);
	}
	frame_free_burst(pkts, copied);
}

void mp_sort(struct mp_processor *p, struct mp_sorted *s, struct rte_mbuf **pkts,
	     const uint16_t *ids, unsigned n)
{
	struct mp_adapter *a = p->adapter;

	s->frames += n;
	if (s->n_queues >= MANY) {
		fetch_lanes(a, ids, n, s->way);
		/* It is not the first burst: the throttle has room for it. */
		if (s->by_value) {
			sort_by_value(p, s, pkts, ids, n);
			return;
		}
	}
	for (unsigned i = 0; i < n; i++)
		sort(p, s, &a->queues[ids[i]], pkts[i]);
}
