/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame/ring_ops.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_mempool.h>
#include <rte_ring.h>

const char frame_ring_ops[] = "vmq_ring";

static int ring_alloc(struct rte_mempool *mp)
{
	unsigned slots = rte_align32pow2(mp->size + 1);
	struct rte_ring *ring;
	ssize_t bytes = rte_ring_get_memsize(slots);
	int rc;

	if (bytes < 0)
		return (int)bytes;
	ring = aligned_alloc(RTE_CACHE_LINE_SIZE,
			     RTE_ALIGN_CEIL((size_t)bytes, (size_t)RTE_CACHE_LINE_SIZE));
	if (!ring)
		return -ENOMEM;
	rc = rte_ring_init(ring, mp->name, slots, 0);
	if (rc) {
		free(ring);
		return rc;
	}
	mp->pool_data = ring;
	return 0;
}

static void ring_free(struct rte_mempool *mp)
{
	free(mp->pool_data);
}

static int ring_enqueue(struct rte_mempool *mp, void *const *objects, unsigned n)
{
	return rte_ring_mp_enqueue_bulk(mp->pool_data, objects, n, NULL) ? 0 : -ENOBUFS;
}

static int ring_dequeue(struct rte_mempool *mp, void **objects, unsigned n)
{
	return rte_ring_mc_dequeue_bulk(mp->pool_data, objects, n, NULL) ? 0 : -ENOBUFS;
}

static unsigned ring_count(const struct rte_mempool *mp)
{
	return rte_ring_count(mp->pool_data);
}

static const struct rte_mempool_ops ops = {
	.name = "vmq_ring",
	.alloc = ring_alloc,
	.free = ring_free,
	.enqueue = ring_enqueue,
	.dequeue = ring_dequeue,
	.get_count = ring_count,
};

RTE_MEMPOOL_REGISTER_OPS(ops);
