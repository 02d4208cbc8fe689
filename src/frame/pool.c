/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pools of frames. DPDK has 2560 memzones in all, and a host of a thousand VMs has two
 * pools for each: a pool takes one, for its header, and none for its ring or its memory.
 */
#include "frame/frame.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include "base/prefetch.h"
#include "frame/ring_ops.h"

/* The smallest huge pages that there are. */
#define LEAST_PIECE ((size_t)2 << 20)

struct frame_pool {
	struct rte_mempool *mempool;
	NDIS_HANDLE nbl_pool;
	char *block;                  /* NULL: DPDK's memory */
	void *heap;                   /* that memory, where it is one piece; or NULL */
	void *bare;                   /* where a bare pool lies; or NULL */
	NDIS_HANDLE shared_memory;
	uint16_t split;               /* where frames are split; 0: they are whole */
	uint16_t data_room;
	char *rest_block;             /* where the parts behind the split lie */
	NDIS_HANDLE rest_memory;
};

static uint16_t private_size(const struct frame_pool_config *c)
{
	return c->split ? FRAME_SPLIT_PRIVATE : FRAME_PRIVATE;
}

/* What the mbuf's buffer has room for, without the headroom. */
static uint16_t own_room(const struct frame_pool_config *c)
{
	return c->split ? c->split : c->data_room;
}

static uint32_t element_size(const struct frame_pool_config *c)
{
	uint32_t head = (uint32_t)sizeof(struct rte_mbuf) + private_size(c);

	return c->is_bare ? head : head + FRAME_HEADROOM + own_room(c);
}

/* From one buffer for the rest of a frame to the next. */
static size_t rest_stride(uint16_t split, uint16_t data_room)
{
	return RTE_ALIGN_CEIL((size_t)split + data_room, (size_t)RTE_CACHE_LINE_SIZE);
}

size_t frame_pool_rest_bytes(const struct frame_pool_config *c)
{
	return rest_stride(c->split, c->data_room) * c->frames;
}

/* A block has one address for everybody; but where devices want physical ones DPDK knows those
 * of its own memory, and no buffer for a device may lie in two pieces of it. */
static bool is_in_pieces(const struct frame_pool_config *c)
{
	return c->for_device && rte_eal_iova_mode() != RTE_IOVA_VA;
}

size_t frame_pool_bytes(const struct frame_pool_config *c)
{
	size_t each = rte_mempool_calc_obj_size(element_size(c), 0, NULL);
	size_t all = each * c->frames + RTE_CACHE_LINE_SIZE;

	/* A piece is at least a huge page, and may end before a whole buffer. */
	if (is_in_pieces(c))
		all += (each + RTE_CACHE_LINE_SIZE) * (all / (LEAST_PIECE - each) + 2);
	return RTE_ALIGN_CEIL(all, (size_t)PAGE_SIZE);
}

/* The buffer for the rest of a frame: backfill as long as the first part can be (E16),
 * then the room for the rest. */
static void adopt_rest(struct frame_pool *pool, struct frame_split *s, unsigned index)
{
	char *rest;

	s->backfill = pool->rest_block + index * rest_stride(pool->split, pool->data_room);
	s->offset = pool->split;
	s->room = pool->data_room;
	rest = s->backfill + s->offset;
	s->rest.Size = sizeof(s->rest);
	s->rest.MdlFlags = s->frame.mdl.MdlFlags;
	s->rest_memory.SharedMemoryHandle = pool->rest_memory;
	s->rest_memory.SharedMemoryOffset = (ULONG)(rest - pool->rest_block);
	s->rest_memory.SharedMemoryLength = s->room;
	s->frame.memory.NextSharedMemorySegment = &s->rest_memory;
}

/* Once per mbuf: its NBL, NB and MDL become one NBL of the pool, and the
 * shared-memory record says where the data room lies in the block (F10: offset
 * and length may be set once). */
static void adopt(struct rte_mempool *mp, void *opaque, void *object, unsigned index)
{
	struct frame_pool *pool = opaque;
	struct rte_mbuf *m = object;
	struct frame *f = frame_of_mbuf(m);
	char *data = (char *)m->buf_addr + FRAME_HEADROOM;

	(void)mp;
	memset(f, 0, m->priv_size);
	OvmqAdoptNetBufferList(pool->nbl_pool, &f->nbl, &f->nb, &f->mdl, data,
			       (ULONG)m->buf_len - FRAME_HEADROOM);
	f->memory.SharedMemoryLength = (ULONG)m->buf_len - FRAME_HEADROOM;
	if (!pool->block)
		return;
	f->memory.SharedMemoryHandle = pool->shared_memory;
	f->memory.SharedMemoryOffset = (ULONG)(data - pool->block);
	if (pool->split)
		adopt_rest(pool, (struct frame_split *)f, index);
}

/* Memory of DPDK's heap, without a memzone; in more than one piece, each with one, only
 * where the heap has no room in one. */
static int populate_heap(struct frame_pool *pool)
{
	struct rte_mempool *mp = pool->mempool;
	size_t page, least, align;
	int rc = rte_mempool_get_page_size(mp, &page);
	ssize_t size;

	if (rc < 0)
		return rc;
	size = rte_mempool_op_calc_mem_size_default(mp, mp->size, page ? rte_bsf64(page) : 0,
						    &least, &align);
	if (size > 0)
		pool->heap = rte_malloc(NULL, (size_t)size, (unsigned)RTE_MAX(align, page));
	if (!pool->heap)
		return rte_mempool_populate_default(mp);
	return rte_mempool_populate_virt(mp, pool->heap, (size_t)size, page, NULL, NULL);
}

static int populate_block(struct rte_mempool *mp, const struct frame_pool_config *c)
{
	rte_iova_t iova = rte_eal_iova_mode() == RTE_IOVA_VA ? (rte_iova_t)(uintptr_t)c->block
							      : RTE_BAD_IOVA;
	const struct rte_memseg *page = rte_mem_virt2memseg(c->block, NULL);

	if (is_in_pieces(c) && page)
		return rte_mempool_populate_virt(mp, c->block, c->block_size, page->hugepage_sz, NULL,
						 NULL);
	return rte_mempool_populate_iova(mp, c->block, iova, c->block_size, NULL, NULL);
}

static int populate(struct frame_pool *pool, const struct frame_pool_config *c)
{
	struct rte_pktmbuf_pool_private room = {
		.mbuf_data_room_size = (uint16_t)(FRAME_HEADROOM + own_room(c)),
		.mbuf_priv_size = private_size(c),
	};
	int got;

	/* In a block the elements stand close together, across pages too: AF_XDP's
	 * driver takes the number of buffers times their size for the block's length. */
	pool->mempool = rte_mempool_create_empty(c->name, c->frames, element_size(c), c->cache,
						 sizeof(room), SOCKET_ID_ANY,
						 c->block && !is_in_pieces(c) ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0);
	if (!pool->mempool)
		return -rte_errno;
	got = rte_mempool_set_ops_byname(pool->mempool, frame_ring_ops, NULL);
	if (got)
		return got;
	rte_pktmbuf_pool_init(pool->mempool, &room);
	got = c->block ? populate_block(pool->mempool, c) : populate_heap(pool);
	if (got < 0)
		return got;
	if ((unsigned)got < c->frames)
		return -ENOMEM;
	rte_mempool_obj_iter(pool->mempool, rte_pktmbuf_init, NULL);
	rte_mempool_obj_iter(pool->mempool, adopt, pool);
	return 0;
}

/* The same of a bare pool, in a block of its own: no device and no guest sees what it has. */
static int populate_bare(struct frame_pool *pool, const struct frame_pool_config *c)
{
	struct frame_pool_config in_block = *c;

	in_block.block_size = frame_pool_bytes(c);
	in_block.block = pool->bare = aligned_alloc(PAGE_SIZE, in_block.block_size);
	return pool->bare ? populate(pool, &in_block) : -ENOMEM;
}

void frame_pool_fetch(const struct frame_pool *pool, unsigned n)
{
	const struct rte_mempool_cache *cache = rte_mempool_default_cache(pool->mempool,
									  rte_lcore_id());

	if (!cache || cache->len < n)
		return;
	for (unsigned i = 1; i <= n; i++) {
		const char *m = cache->objs[cache->len - i];

		prefetch_write(m);
		prefetch_write(m + RTE_CACHE_LINE_SIZE);
		prefetch_write(m + sizeof(struct rte_mbuf) + FRAME_PRIVATE + FRAME_HEADROOM);
	}
}

static bool config_fits(const struct frame_pool_config *c)
{
	if (!c->frames || c->data_room < 64 || c->data_room > UINT16_MAX - FRAME_HEADROOM ||
	    (c->block && c->block_size < frame_pool_bytes(c)) ||
	    (c->is_bare && (c->block || c->split)))
		return false;
	return !c->split || (c->block && c->rest_block && c->split <= UINT16_MAX - c->data_room &&
			     c->rest_size >= frame_pool_rest_bytes(c));
}

int frame_pool_create(struct frame_pool **out, const struct frame_pool_config *c,
		      struct error *err)
{
	struct frame_pool *pool;
	int rc;

	*out = NULL;
	if (!config_fits(c))
		return error_set(err, EINVAL, "frame pool %s: %u frames of %u bytes do not fit",
				 c->name, c->frames, c->data_room);
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return error_set(err, ENOMEM, "frame pool %s: no memory", c->name);
	pool->block = c->block;
	pool->shared_memory = c->shared_memory;
	pool->split = c->split;
	pool->data_room = c->data_room;
	pool->rest_block = c->rest_block;
	pool->rest_memory = c->rest_memory;
	pool->nbl_pool = OvmqAllocateAdoptedPool(NULL, &frame_owner);
	rc = !pool->nbl_pool ? -ENOMEM : c->is_bare ? populate_bare(pool, c) : populate(pool, c);
	if (rc < 0) {
		frame_pool_destroy(pool);
		return error_set(err, -rc, "frame pool %s: cannot get memory for %u frames of %u bytes "
				 "(%s); with DPDK's own memory, give more by the EAL option -m", c->name,
				 c->frames, c->data_room, strerror(-rc));
	}
	*out = pool;
	return 0;
}

void frame_pool_destroy(struct frame_pool *pool)
{
	if (!pool)
		return;
	rte_mempool_free(pool->mempool);
	rte_free(pool->heap);
	free(pool->bare);
	if (pool->nbl_pool)
		NdisFreeNetBufferListPool(pool->nbl_pool);
	free(pool);
}

struct rte_mempool *frame_pool_mempool(struct frame_pool *pool)
{
	return pool->mempool;
}

unsigned frame_pool_in_use(const struct frame_pool *pool)
{
	return rte_mempool_in_use_count(pool->mempool);
}
