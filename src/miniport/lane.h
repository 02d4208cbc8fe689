/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way from one poller of the NIC to one receive queue: what waits there until it is passed on,
 * and the ring on which frames go to the queue's processor when that is not the poller's, or not
 * now. Frames stay in order.
 *
 * To another CPU a small frame goes by value: one cache line changes hands, instead of those of the
 * mbuf, of its data, of the NBL, and of all that when it comes home, and the mbuf is the poller's
 * again at once.
 */
#ifndef MINIPORT_LANE_H
#define MINIPORT_LANE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/counter.h"
#include "base/spsc.h"

/* Frames that go one way together from the NIC to a guest's ring. What they need there, some 20
 * cache lines each, must lie in the first-level cache; 32 frames' does not. */
#define BURST        16
#define RING_SIZE    1024
#define PARCELS      128u   /* on a ring at a time; what is beyond goes in its mbuf */
#define PARCEL_ROOM  128u   /* bytes */
_Static_assert(!(PARCELS & (PARCELS - 1)), "items are numbered on beyond 32 bits");

struct mp_parcel {
	_Alignas(64) uint8_t bytes[PARCEL_ROOM];
};

struct mp_lane {
	/* Fixed. Apart from what the poller writes for each frame, on a line of its own: */
	_Alignas(64) struct spsc *ring;      /* to the queue's processor */
	struct mp_parcel *parcels;           /* of the ring's item n the (n % PARCELS)th; NULL: all
					      * go in their mbufs */
	/* The poller's: */
	_Alignas(64) unsigned n;
	bool on_ring;                        /* something may be on the ring; if not, it is not
					      * looked at */
	bool has_parcels;                    /* among what waits: the poller's own processor's */
	void *waiting[BURST];                /* 'n' items, sorted and not passed on yet (sort.h) */
	counter_t ring_full;                 /* poller writes */
};

/*
 * An item is an mbuf, or an odd number: what is to be known of a parcel. The queue's generation
 * when it was put on a ring is with both; an mbuf's in a word of it that nothing else here
 * uses, in the one line of it that the next processor reads anyway.
 */
static inline bool mp_is_parcel(const void *item)
{
	return (uintptr_t)item & 1;
}

static inline uint32_t mp_item_generation(const void *item)
{
	return mp_is_parcel(item) ? (uint32_t)((uintptr_t)item >> 32)
				  : ((const struct rte_mbuf *)item)->packet_type;
}

/* The bytes of a frame that came by value. */
struct mp_copy {
	const uint8_t *bytes;
	uint16_t length;
};

static inline struct mp_copy mp_parcel_copy(const struct mp_parcel *parcels, const void *item)
{
	uintptr_t word = (uintptr_t)item;

	return (struct mp_copy){ parcels[(uint16_t)(word >> 16)].bytes, word >> 1 & 0x7fff };
}

/* Where the bytes of either kind of item begin. */
static inline const void *mp_item_bytes(const struct mp_parcel *parcels, const void *item)
{
	return mp_is_parcel(item) ? (const void *)mp_parcel_copy(parcels, item).bytes
				  : rte_pktmbuf_mtod((const struct rte_mbuf *)item, const void *);
}

/* Copies a frame of at most PARCEL_ROOM bytes into the parcel with that index (below 65536). */
static inline void *mp_parcel_make(struct mp_parcel *parcels, unsigned index,
				   const struct rte_mbuf *m, uint32_t generation)
{
	enum { LINE = RTE_CACHE_LINE_SIZE };   /* no frame's buffer is smaller */
	const uint8_t *bytes = rte_pktmbuf_mtod(m, const uint8_t *);
	uint8_t *to = parcels[index].bytes;

	memcpy(to, bytes, LINE);
	if (m->data_len > LINE)
		memcpy(to + LINE, bytes + LINE, m->data_len - LINE);
	return (void *)((uintptr_t)generation << 32 | (uintptr_t)index << 16 |
			(uintptr_t)m->data_len << 1 | 1);
}

/* 'n' lanes; 'parcels': frames may cross CPUs by value. NULL: no memory. Control. */
struct mp_lane *mp_lanes_create(unsigned n, bool parcels);
void mp_lanes_destroy(struct mp_lane *lanes, unsigned n);   /* accepts NULL */

/* Puts 'n' frames (1 .. BURST) on the ring, in order; those that find no room are freed, and counted
 * in 'ring_full'. 'by_value': small ones may go so. The list is overwritten. Poller. */
void mp_lane_push(struct mp_lane *lane, struct rte_mbuf **pkts, unsigned n, uint32_t generation,
		  bool by_value);

/* The next items on the ring, up to 'n' (0 .. BURST), in order; returns how many. A parcel is that
 * frame's until mp_lane_release() of as many; an mbuf is the caller's. Consumer. */
unsigned mp_lane_peek(struct mp_lane *lane, void **items, unsigned n);
static inline void mp_lane_release(struct mp_lane *lane, unsigned n)
{
	spsc_release(lane->ring, n);
}

#endif
