/* SPDX-License-Identifier: BSD-2-Clause */
#include "miniport/lane.h"

#include <stdlib.h>
#include <string.h>

#include <rte_prefetch.h>

#include "base/prefetch.h"
#include "frame/frame.h"

void mp_lanes_destroy(struct mp_lane *lanes, unsigned n)
{
	for (unsigned r = 0; lanes && r < n; r++) {
		spsc_destroy(lanes[r].ring);
		free(lanes[r].parcels);
	}
	free(lanes);
}

struct mp_lane *mp_lanes_create(unsigned n, bool parcels)
{
	struct mp_lane *lanes = aligned_alloc(_Alignof(struct mp_lane), n * sizeof(*lanes));

	if (!lanes)
		return NULL;
	memset(lanes, 0, n * sizeof(*lanes));
	for (unsigned r = 0; r < n; r++) {
		lanes[r].ring = spsc_create(RING_SIZE);
		if (parcels)
			lanes[r].parcels = aligned_alloc(_Alignof(struct mp_parcel),
							 PARCELS * sizeof(struct mp_parcel));
		if (!lanes[r].ring || (parcels && !lanes[r].parcels)) {
			mp_lanes_destroy(lanes, n);
			return NULL;
		}
	}
	return lanes;
}

/* How many of the next items may be parcels. The consumer's count lies in its cache: it is read only
 * where what was last seen of it leaves no room for 'wanted'. */
static unsigned parcels_free(struct spsc *r, unsigned wanted)
{
	unsigned used = spsc_used(r);

	if (used + wanted > PARCELS)
		used = spsc_used_now(r);
	return used < PARCELS ? PARCELS - used : 0;
}

/* Makes parcels of the frames that fit into the 'room' there is; the others' mbufs are items
 * themselves. */
static void items_make(struct mp_lane *lane, struct rte_mbuf **pkts, void **items, unsigned n,
		       unsigned room, uint32_t generation)
{
	unsigned at = spsc_next(lane->ring), copied = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned parcel = (at + i) % PARCELS;
		struct rte_mbuf *m = pkts[i];

		if (i >= room || m->data_len > PARCEL_ROOM) {
			items[i] = m;
			continue;
		}
		items[i] = mp_parcel_make(lane->parcels, parcel, m, generation);
		pkts[copied++] = m;
	}
	frame_free_burst(pkts, copied);
	/* The next ones' lines are the consumer's: they are asked for early. */
	for (unsigned i = 0; i < BURST; i++)
		prefetch_write(&lane->parcels[(at + n + i) % PARCELS]);
}

void mp_lane_push(struct mp_lane *lane, struct rte_mbuf **pkts, unsigned n, uint32_t generation,
		  bool by_value)
{
	unsigned room = by_value && lane->parcels ? parcels_free(lane->ring, n) : 0, pushed;
	void *made[BURST], **items = (void **)pkts;

	for (unsigned i = 0; i < n; i++)
		pkts[i]->packet_type = generation;
	if (room) {
		items_make(lane, pkts, made, n, room, generation);
		items = made;
	}
	pushed = spsc_push(lane->ring, items, n);
	lane->on_ring = true;
	if (pushed < n) {
		/* Where the ring is full there was no room for parcels: these are mbufs. */
		counter_add(&lane->ring_full, n - pushed);
		rte_pktmbuf_free_bulk((struct rte_mbuf **)items + pushed, n - pushed);
	}
}

/* What lies on a ring is in another processor's cache; all of a burst is fetched at once. */
static void fetch_mbufs(void *const *items, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(items[i]);
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)items[i], void *));
}

static void fetch(const struct mp_lane *lane, void *const *items, unsigned n)
{
	void *mbufs[BURST];
	unsigned n_mbufs = 0;

	for (unsigned i = 0; i < n; i++) {
		if (mp_is_parcel(items[i]))
			rte_prefetch0(mp_parcel_copy(lane->parcels, items[i]).bytes);
		else
			mbufs[n_mbufs++] = items[i];
	}
	fetch_mbufs(mbufs, n_mbufs);
}

unsigned mp_lane_peek(struct mp_lane *lane, void **items, unsigned n)
{
	n = spsc_peek(lane->ring, items, n);
	if (lane->parcels)
		fetch(lane, items, n);
	else
		fetch_mbufs(items, n);
	return n;
}
