/* SPDX-License-Identifier: BSD-2-Clause */
#include "frame/frame.h"

#include <errno.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_mempool.h>

const char frame_owner = 0;

struct frame_pool {
	struct rte_mempool *mempool;
	NDIS_HANDLE nbl_pool;
	char *block;                  /* NULL: DPDK's memory */
	NDIS_HANDLE shared_memory;
};

static uint32_t element_size(const struct frame_pool_config *c)
{
	return (uint32_t)(sizeof(struct rte_mbuf) + FRAME_PRIVATE + FRAME_HEADROOM + c->data_room);
}

size_t frame_pool_bytes(const struct frame_pool_config *c)
{
	size_t each = rte_mempool_calc_obj_size(element_size(c), 0, NULL);

	return RTE_ALIGN_CEIL(each * c->frames + RTE_CACHE_LINE_SIZE, (size_t)PAGE_SIZE);
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
	(void)index;
	memset(f, 0, FRAME_PRIVATE);
	OvmqAdoptNetBufferList(pool->nbl_pool, &f->nbl, &f->nb, &f->mdl, data,
			       (ULONG)m->buf_len - FRAME_HEADROOM);
	if (!pool->block)
		return;
	f->memory.SharedMemoryHandle = pool->shared_memory;
	f->memory.SharedMemoryOffset = (ULONG)(data - pool->block);
	f->memory.SharedMemoryLength = (ULONG)m->buf_len - FRAME_HEADROOM;
}

static int populate(struct frame_pool *pool, const struct frame_pool_config *c)
{
	struct rte_pktmbuf_pool_private room = {
		.mbuf_data_room_size = (uint16_t)(FRAME_HEADROOM + c->data_room),
		.mbuf_priv_size = FRAME_PRIVATE,
	};
	rte_iova_t iova;
	int got;

	/* In a block the elements stand close together, across pages too: AF_XDP's
	 * driver takes the number of buffers times their size for the block's length. */
	pool->mempool = rte_mempool_create_empty(c->name, c->frames, element_size(c), c->cache,
						 sizeof(room), SOCKET_ID_ANY,
						 c->block ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0);
	if (!pool->mempool)
		return -rte_errno;
	rte_pktmbuf_pool_init(pool->mempool, &room);
	/* A block has one address for everybody; ports that want physical addresses
	 * need memory of DPDK's own. */
	iova = rte_eal_iova_mode() == RTE_IOVA_VA ? (rte_iova_t)(uintptr_t)c->block : RTE_BAD_IOVA;
	got = c->block ? rte_mempool_populate_iova(pool->mempool, c->block, iova, c->block_size,
						   NULL, NULL)
		       : rte_mempool_populate_default(pool->mempool);
	if (got < 0)
		return got;
	if ((unsigned)got < c->frames)
		return -ENOMEM;
	rte_mempool_obj_iter(pool->mempool, rte_pktmbuf_init, NULL);
	rte_mempool_obj_iter(pool->mempool, adopt, pool);
	return 0;
}

int frame_pool_create(struct frame_pool **out, const struct frame_pool_config *c,
		      struct error *err)
{
	struct frame_pool *pool;
	int rc;

	*out = NULL;
	if (!c->frames || c->data_room < 64 || c->data_room > UINT16_MAX - FRAME_HEADROOM ||
	    (c->block && c->block_size < frame_pool_bytes(c)))
		return error_set(err, EINVAL, "frame pool %s: %u frames of %u bytes do not fit",
				 c->name, c->frames, c->data_room);
	pool = calloc(1, sizeof(*pool));
	if (!pool)
		return error_set(err, ENOMEM, "frame pool %s: no memory", c->name);
	pool->block = c->block;
	pool->shared_memory = c->shared_memory;
	pool->nbl_pool = OvmqAllocateAdoptedPool(NULL, &frame_owner);
	rc = pool->nbl_pool ? populate(pool, c) : -ENOMEM;
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

struct rte_mbuf *frame_borrow(NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_mbuf(nbl);
	struct frame *f;
	char *data;

	if (!m)
		return NULL;
	f = frame_of_mbuf(m);
	data = (char *)f->mdl.MappedSystemVa + f->nb.CurrentMdlOffset;
	if (nbl->FirstNetBuffer != &f->nb || f->nb.Next || f->nb.MdlChain != &f->mdl ||
	    f->nb.CurrentMdl != &f->mdl || f->nb.CurrentMdlOffset > f->mdl.ByteCount ||
	    data < (char *)m->buf_addr ||
	    f->nb.DataLength > f->mdl.ByteCount - f->nb.CurrentMdlOffset)
		return NULL;
	m->data_off = (uint16_t)(data - (char *)m->buf_addr);
	m->data_len = (uint16_t)f->nb.DataLength;
	m->pkt_len = f->nb.DataLength;
	rte_mbuf_refcnt_update(m, 1);
	return m;
}

/* Copies 'n' bytes from where (*mdl, *offset) stand, and moves them on. Returns
 * how many the chain still had. */
static ULONG gather(char *to, const MDL **mdl, ULONG *offset, ULONG n)
{
	ULONG done = 0;

	while (done < n && *mdl) {
		ULONG here = (*mdl)->ByteCount > *offset ? (*mdl)->ByteCount - *offset : 0;

		if (here > n - done)
			here = n - done;
		memcpy(to + done, (const char *)(*mdl)->MappedSystemVa + *offset, here);
		done += here;
		*offset += here;
		if (*offset >= (*mdl)->ByteCount) {
			*offset -= (*mdl)->ByteCount;
			*mdl = (*mdl)->Next;
		}
	}
	return done;
}

struct rte_mbuf *frame_copy(const NET_BUFFER *nb, struct rte_mempool *pool, uint16_t tag,
			    uint16_t minimum)
{
	ULONG length = nb->DataLength, total = length + (tag ? 4 : 0), offset = nb->CurrentMdlOffset;
	const MDL *mdl = nb->CurrentMdl;
	struct rte_mbuf *m = NULL;
	char *to;

	if (length < 14 || RTE_MAX(total, (ULONG)minimum) + FRAME_HEADROOM >
				   rte_pktmbuf_data_room_size(pool))
		return NULL;
	m = rte_pktmbuf_alloc(pool);
	if (!m)
		return NULL;
	to = rte_pktmbuf_mtod(m, char *);
	if (gather(to, &mdl, &offset, 12) < 12)
		goto short_chain;
	if (tag) {
		const unsigned char vlan[4] = { 0x81, 0x00, (unsigned char)(tag >> 8),
						(unsigned char)tag };

		memcpy(to + 12, vlan, 4);
	}
	if (gather(to + 12 + (tag ? 4 : 0), &mdl, &offset, length - 12) < length - 12)
		goto short_chain;
	if (total < minimum) {
		memset(to + total, 0, minimum - total);
		total = minimum;
	}
	m->data_len = (uint16_t)total;
	m->pkt_len = total;
	return m;

short_chain:
	rte_pktmbuf_free(m);
	return NULL;
}
