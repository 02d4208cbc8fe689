/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's split ring, served by ourselves: what the files of the direct mode share.
 *
 *   vmport_vhost_ring.c         descriptors, used entries, signals
 *   vmport_vhost_ring_deliver.c frames to the guest
 *   vmport_vhost_ring_receive.c frames from it
 *   vmport_vhost_ring_pass.c    frames from it to another guest
 *   vmport_vhost_ring_map.c     rings and memory as librte_vhost knows them
 *   vmport_vhost_direct.c       the port's functions
 *
 * All that lies in the guest's memory may change at any moment: an address, a length, a flag
 * or an index is read once into our own memory, then checked, and what was checked is used.
 * What makes no sense is given back as used, without a byte in it, and counted.
 *
 * The port's worker alone calls, unless a function says otherwise.
 */
#ifndef VMPORT_VMPORT_VHOST_RING_H
#define VMPORT_VMPORT_VHOST_RING_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/virtio_ring.h>
#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "base/prefetch.h"
#include "vmport/vmport_kind.h"

#define VHOST_RING_MAX    32768u   /* descriptors; VIRTIO allows no more */
#define VHOST_RING_BURST  32u
#define VHOST_REGIONS     32u      /* librte_vhost has 8 at most */
#define VHOST_PIECES      256u     /* of memory that one frame may be spread over, and
				    * descriptors that are read for it */
#define VHOST_HEADER_MAX  12u
#define VHOST_AHEAD       64u      /* chains that are looked at before they are needed */

/* The header before each frame (VIRTIO 1.1, 5.1.6); 'buffers' is missing in one of 10 bytes. */
struct vhost_header {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, buffers;
};
_Static_assert(sizeof(struct vhost_header) == VHOST_HEADER_MAX, "as in VIRTIO");

struct vhost_region {
	uint64_t guest;      /* the first address, as the guest writes it in descriptors */
	uint64_t size;
	uint8_t *host;       /* the same, for us */
};

struct vhost_map {
	unsigned n;
	struct vhost_region regions[VHOST_REGIONS];
};

/* A chain of one descriptor, read and checked, its first bytes on their way to us. */
struct vhost_place {
	uint8_t *at;         /* NULL: not such a chain */
	uint32_t length;
	uint16_t head;
};

struct vhost_ring {
	struct vring_desc *descriptors;
	struct vring_avail *available;
	struct vring_used *used;
	struct vhost_region near;       /* where the last address lay */
	uint16_t mask;                  /* size - 1 */
	uint16_t next;                  /* of 'available', to be read */
	uint16_t seen;                  /* its index, as last read and found possible */
	uint16_t used_next;             /* of 'used', to be written */
	uint16_t used_told;             /* its index, as last published */
	uint16_t used_called;           /* up to there was asked whether the guest wants a call */
	uint8_t header;                 /* bytes before each frame: 10 or 12 */
	bool merge;                     /* a frame may take several chains */
	bool event_index;               /* both sides say at which index to signal */
	bool log;                       /* what is written is logged for a migration */
	bool first;                     /* nothing was signalled yet */
	bool jumped;                    /* 'available' has an index that cannot be */
	bool complained;                /* of what makes no sense, once */
	int call;                       /* the guest's eventfd; negative: none */
	const struct vhost_map *memory;
	uint64_t faults;                /* chains and indices that made no sense */

	/* What is known of the chains from 'next' on. */
	uint16_t looked;                /* up to there */
	struct vhost_place places[VHOST_AHEAD];   /* each at its position in 'available', modulo */

	/* Of frames from the guest. */
	struct rte_mempool *pool;
	uint32_t longest;               /* a plain frame, bytes */
	uint16_t segments;              /* mbufs that a frame may need; 1: no offloads */

	/* Whose. */
	int vid;
	uint16_t number;
};

/* A descriptor, read once. */
struct vhost_descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

struct vhost_piece {
	uint8_t *at;
	uint64_t guest;
	uint32_t length;
};

/* The memory that one or more chains of descriptors stand for. */
struct vhost_chain {
	unsigned n;
	unsigned read;       /* descriptors; those of no length are no piece */
	bool full;           /* the last chain had more of either than VHOST_PIECES */
	uint64_t bytes;
	struct vhost_piece pieces[VHOST_PIECES];
};

/* A position in a chain's memory. */
struct vhost_cursor {
	const struct vhost_piece *piece;
	uint32_t offset;
};

static inline struct vhost_descriptor vhost_descriptor_read(const struct vring_desc *from)
{
	const uint64_t *words = (const uint64_t *)from;
	uint64_t second = __atomic_load_n(&words[1], __ATOMIC_RELAXED);

	return (struct vhost_descriptor){
		.address = __atomic_load_n(&words[0], __ATOMIC_RELAXED),
		.length = (uint32_t)second,
		.flags = (uint16_t)(second >> 32),
		.next = (uint16_t)(second >> 48),
	};
}

/* Looks through all regions, and makes the one that was found the nearest. NULL: 'length'
 * bytes from there are not in one region. */
uint8_t *vhost_ring_find(struct vhost_ring *r, uint64_t address, uint32_t length);

/* Where the 'length' bytes from the guest's address lie; NULL: not in one region. */
static inline uint8_t *vhost_ring_at(struct vhost_ring *r, uint64_t address, uint32_t length)
{
	uint64_t offset = address - r->near.guest;

	if (likely(offset < r->near.size && length <= r->near.size - offset))
		return r->near.host + offset;
	return vhost_ring_find(r, address, length);
}

/* How many chains the guest has made available, as far as that is needed: of fewer than
 * 'wanted' the index is read again. One that the ring cannot have gives 0, and is counted
 * until there is one that it can have. */
uint16_t vhost_ring_look(struct vhost_ring *r);

static inline uint16_t vhost_ring_waiting(struct vhost_ring *r, uint16_t wanted)
{
	uint16_t n = (uint16_t)(r->seen - r->next);

	return likely(n >= wanted) ? n : vhost_ring_look(r);
}

/* The head of the chain that lies 'ahead' of the next. It may be anything. */
static inline uint16_t vhost_ring_head(const struct vhost_ring *r, uint16_t ahead)
{
	return __atomic_load_n(&r->available->ring[(uint16_t)(r->next + ahead) & r->mask],
			       __ATOMIC_RELAXED);
}

/* Gives back the chain that begins at 'head', 'length' bytes of it written. To be published. */
static inline void vhost_ring_use(struct vhost_ring *r, uint16_t head, uint32_t length)
{
	/* Both words at once; little-endian, as the machines that this runs on. */
	const uint64_t entry = (uint64_t)length << 32 | head;

	memcpy(&r->used->ring[r->used_next++ & r->mask], &entry, sizeof(entry));
}

/* What is known of the chain that lies 'ahead' of the next. */
static inline const struct vhost_place *vhost_place(const struct vhost_ring *r, uint16_t ahead)
{
	return &r->places[(uint16_t)(r->next + ahead) % VHOST_AHEAD];
}

/*
 * Looks at the chain that lies 'ahead' of the next one, and asks for its memory. The guest had it
 * last, so it is in another processor's cache: asked for when it is needed, it is waited for;
 * asked for a burst before, it comes while other frames are copied. A short frame and its
 * header lie in two lines.
 */
static inline void vhost_place_find(struct vhost_ring *r, uint16_t ahead, bool for_writing)
{
	struct vhost_place *place = &r->places[(uint16_t)(r->next + ahead) % VHOST_AHEAD];
	struct vhost_descriptor d;

	place->at = NULL;
	place->head = vhost_ring_head(r, ahead);
	if (unlikely(place->head > r->mask))
		return;
	d = vhost_descriptor_read(&r->descriptors[place->head]);
	if (unlikely(d.flags != (for_writing ? VRING_DESC_F_WRITE : 0)))
		return;
	place->at = vhost_ring_at(r, d.address, d.length);
	place->length = d.length;
	if (unlikely(!place->at))
		return;
	if (for_writing) {
		prefetch_write(place->at);
		prefetch_write(place->at + RTE_CACHE_LINE_SIZE);
	} else {
		__builtin_prefetch(place->at);
		__builtin_prefetch(place->at + RTE_CACHE_LINE_SIZE);
	}
}

/* How many of the next chains are known, at least 'n' (up to VHOST_AHEAD) if there are so many. */
static inline uint16_t vhost_places_find(struct vhost_ring *r, uint16_t n, bool for_writing)
{
	uint16_t waiting = vhost_ring_waiting(r, n), known = (uint16_t)(r->looked - r->next);

	/* Chains without sense went meanwhile, or the index makes none any more. */
	if (unlikely(known > VHOST_AHEAD || known > waiting))
		known = 0;
	for (n = n < waiting ? n : waiting; known < n; known++)
		vhost_place_find(r, known, for_writing);
	r->looked = (uint16_t)(r->next + known);
	return known;
}

/* How many of the next chains may be known, as far as the index is. */
static inline uint16_t vhost_places_most(const struct vhost_ring *r)
{
	return (uint16_t)RTE_MIN((uint16_t)(r->seen - r->next), (uint16_t)VHOST_AHEAD);
}

/* Whether it is a chain of one buffer with a frame that the guest may send. */
static inline bool vhost_place_is_frame(const struct vhost_ring *r, const struct vhost_place *at)
{
	return at->at && at->length >= r->header + (uint32_t)VMPORT_MIN_FRAME &&
	       at->length - r->header <= r->longest;
}

/* Before a plain frame in one buffer; 'header' is the ring's. */
static __rte_always_inline void vhost_header_plain(uint8_t *to, uint8_t header)
{
	const uint64_t zeros = 0;
	const uint32_t one_buffer = 1u << 16;

	memcpy(to, &zeros, sizeof(zeros));
	memcpy(to + 8, &one_buffer, header - 8u);
}

/* Adds the memory of the chain at 'head', which the guest is to have given for writing or for
 * reading. False: the chain makes no sense, or has too many pieces; '*chain' is as it was. */
bool vhost_ring_chain(struct vhost_ring *r, uint16_t head, bool for_writing,
		      struct vhost_chain *chain);

/* The next 'length' bytes, which must be there. */
void vhost_cursor_read(struct vhost_cursor *c, void *to, uint32_t length);
void vhost_cursor_write(struct vhost_ring *r, struct vhost_cursor *c, const void *from,
			uint32_t length);

/* Tells the guest what was used since the last time. */
void vhost_ring_publish(struct vhost_ring *r);

/* Wakes the guest for what was published, if it wants that; after vmport_signal_start(). */
void vhost_ring_wake(struct vhost_ring *r);

/*
 * At the next look at the ring, not with each burst: the guest's wish must be read after the index
 * is seen, and just written that is waited for. A worker that published something looks again
 * before it sleeps.
 */
static inline void vhost_ring_call(struct vhost_ring *r)
{
	if (r->used_called != r->used_told)
		vhost_ring_wake(r);
}

/* As above, where more is likely to be published before the worker's round ends with a look at
 * what the guest sends: not before it is a quarter of the ring. */
static inline void vhost_ring_call_late(struct vhost_ring *r)
{
	if ((uint16_t)(r->used_told - r->used_called) > r->mask / 4)
		vhost_ring_wake(r);
}

/* Whether the guest is to signal what it makes available from now on. */
void vhost_ring_kicks(struct vhost_ring *r, bool wanted);

/* Gives back the next chain, which made no sense. */
void vhost_ring_fault(struct vhost_ring *r, uint16_t head);

/*
 * Copies up to 'n' frames into the guest's buffers (each as vmport_deliver() has it), and
 * returns how many went, a prefix. Those that the guest can never take are among them and are
 * added to '*refused'. Fewer than 'n': there is no room. Publishes.
 */
uint16_t vhost_ring_deliver(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n,
			    uint64_t *refused);

/*
 * Up to 'n' frames from the guest, copied into mbufs of the pool. What it asks to be done to
 * them stands in ol_flags as librte_vhost would tell it: RX_L4_CKSUM_NONE, RX_LRO. Frames of
 * less than 14 or more bytes than may be, and chains that make no sense, are added to '*bad'.
 * Publishes.
 */
uint16_t vhost_ring_receive(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n,
			    uint64_t *bad);

/* The heads of up to 'n' frames that wait, of those that are plain and lie in one buffer each:
 * the first ones. They stay where they are. See vmport_look(). */
uint16_t vhost_ring_heads(struct vhost_ring *r, struct vmport_head *heads, uint16_t n);

/* Copies the first 'n' frames of those that vhost_ring_heads() showed last to the other guest;
 * returns how many, a prefix. Fewer: the next has no room, or no plain one. Publishes both. */
uint16_t vhost_ring_pass(struct vhost_ring *from, struct vhost_ring *to,
			 const struct vmport_head *heads, uint16_t n);

/* ---- rings and memory as librte_vhost knows them; the thread of its events ---- */

struct vhost_port;
struct vhost_connection;

/* All of a guest that is served directly. */
struct vhost_direct {
	struct vhost_map memory;
	unsigned pairs;                /* how many rings it may send on */
	struct vhost_ring to_vm;       /* without descriptors: off, as any of these */
	struct vhost_ring from_vm[];
};

/* Lets the worker at the rings of 'c' that are on, of so many pairs. Under the port's lock. */
void vhost_direct_give(struct vhost_port *p, const struct vhost_connection *c, unsigned pairs);

/* Keeps the worker out, waits until it is, and lets librte_vhost know how far it came.
 * Under the port's lock. */
void vhost_direct_take(struct vhost_port *p);

#endif
