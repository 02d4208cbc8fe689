/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's memory and one split ring in it, laid out by hand for those who test what serves
 * such rings: two regions that follow each other in the guest's addresses and lie apart in
 * ours. Each lies at the end of a mapping, so that one byte too far is a fault.
 */
#ifndef TESTS_VHOST_RINGS_H
#define TESTS_VHOST_RINGS_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmport/vmport_vhost_ring.h"

#define RINGS_SIZE   16u                  /* descriptors */
#define RINGS_START  0x10000u             /* the guest's first address */
#define RINGS_REGION 0x10000u             /* bytes of each region */
#define RINGS_END    (RINGS_START + 2 * RINGS_REGION)
/* Guest addresses: the ring first, then what frames lie in. */
#define RINGS_DATA   (RINGS_START + 0x1000u)

struct vhost_rings {
	struct vhost_map map;
	struct vhost_ring ring;
	uint16_t seen;                    /* used entries that were looked at */
};

static inline uint8_t *rings_region_create(void)
{
	uint8_t *at = mmap(NULL, RINGS_REGION + 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED || mprotect(at + RINGS_REGION, 4096, PROT_NONE))
		abort();
	return at;
}

/* Our address of the guest's, which must be inside. */
static inline uint8_t *rings_at(const struct vhost_rings *v, uint64_t address)
{
	uint64_t offset = address - RINGS_START;

	return v->map.regions[offset / RINGS_REGION].host + offset % RINGS_REGION;
}

static inline void rings_create(struct vhost_rings *v)
{
	memset(v, 0, sizeof(*v));
	v->map.n = 2;
	for (unsigned i = 0; i < 2; i++)
		v->map.regions[i] = (struct vhost_region){ RINGS_START + i * RINGS_REGION,
							   RINGS_REGION, rings_region_create() };
}

/* The ring as it is at its start, in zeroed memory. */
static inline struct vhost_ring *rings_reset(struct vhost_rings *v, struct rte_mempool *pool)
{
	uint8_t *base = v->map.regions[0].host;

	memset(base, 0, RINGS_REGION);
	memset(v->map.regions[1].host, 0, RINGS_REGION);
	v->seen = 0;
	v->ring = (struct vhost_ring){
		.descriptors = (struct vring_desc *)base,
		.available = (struct vring_avail *)(base + 0x400),
		.used = (struct vring_used *)(base + 0x600),
		.near = v->map.regions[0], .memory = &v->map,
		.mask = RINGS_SIZE - 1, .header = VHOST_HEADER_MAX, .merge = true,
		.complained = true, .call = -1, .pool = pool, .longest = 1518, .segments = 1,
	};
	return &v->ring;
}

static inline void rings_describe(struct vhost_rings *v, uint16_t i, uint64_t address,
				  uint32_t length, uint16_t flags, uint16_t next)
{
	v->ring.descriptors[i] = (struct vring_desc){ address, length, flags, next };
}

static inline void rings_offer(struct vhost_rings *v, uint16_t head)
{
	struct vring_avail *a = v->ring.available;

	a->ring[a->idx % RINGS_SIZE] = head;
	__atomic_store_n(&a->idx, (uint16_t)(a->idx + 1), __ATOMIC_RELEASE);
}

/* The next chain that came back; false: none. */
static inline bool rings_take(struct vhost_rings *v, uint32_t *head, uint32_t *length)
{
	const struct vring_used *u = v->ring.used;

	if (__atomic_load_n(&u->idx, __ATOMIC_ACQUIRE) == v->seen)
		return false;
	*head = u->ring[v->seen % RINGS_SIZE].id;
	*length = u->ring[v->seen++ % RINGS_SIZE].len;
	return true;
}

#endif
