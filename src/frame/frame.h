/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One frame in its two forms: DPDK's mbuf, and NDIS's NET_BUFFER_LIST.
 *
 * The private area of every mbuf of a frame pool holds the NBL, NB, MDL and
 * shared-memory record that describe the same bytes, so a frame changes its
 * form by setting a few fields. Nothing is allocated per frame.
 *
 * A frame of a pool with a split lies in two parts (E15): its first bytes in the
 * mbuf's own buffer, the rest in a second block of shared memory, behind backfill that
 * has room for the first part (E16). Only bytes of frames lie in that second block.
 */
#ifndef FRAME_FRAME_H
#define FRAME_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ndis.h>
#include <ovmq.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include "base/error.h"

/*
 * It begins a cache line, and stands so in its lines that what is written for each frame lies in
 * seven of them: the NBL's beginning, its members from SourceHandle on, the NB's first 48 bytes
 * and its last, and the MDL. A burst's frames and what else it needs must all lie in the cache
 * of the first level.
 */
struct frame {
	_Alignas(16) uint16_t queue;   /* the queue id it was matched to */
	NET_BUFFER_LIST nbl;           /* at 16 */
	NET_BUFFER nb;
	MDL mdl;
	NET_BUFFER_SHARED_MEMORY memory;
};
_Static_assert(offsetof(struct frame, nbl) == 16, "see above");

/* A frame of a pool with a split. */
struct frame_split {
	struct frame frame;     /* first; its MDL and record describe the first part */
	MDL rest;
	NET_BUFFER_SHARED_MEMORY rest_memory;   /* of the rest, without the backfill */
	char *backfill;         /* 'offset' bytes, and then the rest */
	uint16_t offset;        /* where frames are split */
	uint16_t room;          /* for the rest */
};

#define FRAME_HEADROOM    RTE_PKTMBUF_HEADROOM
/* A multiple of the cache line, so that the data room stays aligned. */
#define FRAME_PRIVATE     RTE_ALIGN_CEIL(sizeof(struct frame), RTE_CACHE_LINE_SIZE)
#define FRAME_SPLIT_PRIVATE RTE_ALIGN_CEIL(sizeof(struct frame_split), RTE_CACHE_LINE_SIZE)

/* The address whose being an NBL pool's owner says "this NBL lies in an mbuf". */
extern const char frame_owner;

static inline struct frame *frame_of_mbuf(struct rte_mbuf *m)
{
	return (struct frame *)rte_mbuf_to_priv(m);
}

static inline struct rte_mbuf *frame_to_mbuf(struct frame *f)
{
	return (struct rte_mbuf *)((char *)f - sizeof(struct rte_mbuf));
}

static inline NET_BUFFER_LIST *frame_nbl(struct rte_mbuf *m)
{
	return &frame_of_mbuf(m)->nbl;
}

/* The mbuf of an NBL that is known to lie in one. */
static inline struct rte_mbuf *frame_mbuf_of(const NET_BUFFER_LIST *nbl)
{
	return frame_to_mbuf((struct frame *)((uintptr_t)nbl - offsetof(struct frame, nbl)));
}

/* The mbuf that an NBL lies in; NULL when it is another driver's, a clone, or
 * anything but ours. */
static inline struct rte_mbuf *frame_mbuf(NET_BUFFER_LIST *nbl)
{
	return OvmqNblOwner(nbl) == &frame_owner ? frame_mbuf_of(nbl) : NULL;
}

/* In pieces that compilers clear with a few stores: GCC takes a string instruction for all
 * of it, which takes longer to begin than this takes. */
static inline void frame_clear_info(PVOID *info)
{
	_Static_assert(MaxNetBufferListInfo == 24, "three pieces of 8");
	memset(info, 0, 8 * sizeof(*info));
	memset(info + 8, 0, 8 * sizeof(*info));
	memset(info + 16, 0, 8 * sizeof(*info));
}

/*
 * Makes the NBL of 'm' describe the mbuf's bytes (one segment): DataOffset 0 at
 * the data, one MDL of the data's length. OOB information and flags are zeroed.
 * The owner of the mbuf; any worker.
 */
static inline NET_BUFFER_LIST *frame_describe(struct rte_mbuf *m)
{
	struct frame *f = frame_of_mbuf(m);

	f->nbl.Next = NULL;
	f->nbl.FirstNetBuffer = &f->nb;
	f->nbl.NblFlags = 0;
	f->nbl.Flags = 0;
	f->nbl.Status = NDIS_STATUS_SUCCESS;
	f->nbl.ParentNetBufferList = NULL;
	frame_clear_info(f->nbl.NetBufferListInfo);
	f->nb.Next = NULL;
	f->nb.CurrentMdl = f->nb.MdlChain = &f->mdl;
	f->nb.CurrentMdlOffset = f->nb.DataOffset = 0;
	f->nb.DataLength = m->data_len;
	f->mdl.Next = NULL;
	f->mdl.MappedSystemVa = rte_pktmbuf_mtod(m, void *);
	f->mdl.StartVa = (PVOID)((uintptr_t)f->mdl.MappedSystemVa & ~(uintptr_t)(PAGE_SIZE - 1));
	f->mdl.ByteOffset = (ULONG)((uintptr_t)f->mdl.MappedSystemVa & (PAGE_SIZE - 1));
	f->mdl.ByteCount = m->data_len;
	return &f->nbl;
}

/*
 * After frame_describe(), for a chain of mbufs, all of frame pools and at most FRAME_SEGMENTS:
 * the NBL describes all of it, with an MDL for each. The owner of the mbufs; any worker.
 */
#define FRAME_SEGMENTS 1024
void frame_describe_rest(struct rte_mbuf *m);

/*
 * Lays a frame of a bare pool into memory of the caller's: its bytes begin at 'data', with
 * FRAME_HEADROOM before it and the pool's data room behind; that is byte 'offset' of the shared memory
 * with that handle. Before frame_describe(). No port sends such an mbuf: frame_borrow() and
 * frame_slice() leave it alone, lest it be laid elsewhere meanwhile. The owner of the mbuf; any
 * worker.
 */
static inline void frame_lay(struct rte_mbuf *m, void *data, NDIS_HANDLE memory, size_t offset)
{
	struct frame *f = frame_of_mbuf(m);

	m->buf_addr = (char *)data - FRAME_HEADROOM;
	m->data_off = FRAME_HEADROOM;
	f->memory.SharedMemoryHandle = memory;
	f->memory.SharedMemoryOffset = (ULONG)offset;
}

/* ---- split frames ---- */

/* Whether the NBL of 'm' describes two parts. */
static inline bool frame_is_split(struct rte_mbuf *m)
{
	struct frame_split *s = (struct frame_split *)frame_of_mbuf(m);

	return s->frame.mdl.Next == &s->rest;
}

/* Where the rest of a frame is to be written; of a pool with a split. */
static inline char *frame_rest(struct rte_mbuf *m)
{
	struct frame_split *s = (struct frame_split *)frame_of_mbuf(m);

	return s->backfill + s->offset;
}

/*
 * As frame_describe(), for an mbuf of a pool with a split: its bytes are the first
 * part, and 'rest' bytes lie at frame_rest(). The second MDL is there also for a rest
 * of 0 bytes, so that whoever wants a contiguous frame finds the backfill (E16).
 */
static inline NET_BUFFER_LIST *frame_describe_split(struct rte_mbuf *m, uint16_t rest)
{
	struct frame_split *s = (struct frame_split *)frame_of_mbuf(m);
	char *data = frame_rest(m);

	frame_describe(m);
	s->frame.nb.DataLength += rest;
	s->frame.mdl.Next = &s->rest;
	s->rest.Next = NULL;
	s->rest.MappedSystemVa = data;
	s->rest.StartVa = (PVOID)((uintptr_t)data & ~(uintptr_t)(PAGE_SIZE - 1));
	s->rest.ByteOffset = (ULONG)((uintptr_t)data & (PAGE_SIZE - 1));
	s->rest.ByteCount = rest;
	return &s->frame.nbl;
}

/*
 * Makes a split frame whole: copies its first part into the backfill in front of the
 * rest, and lets the mbuf describe the contiguous frame there, from where the NB's data
 * begin. From now on who owns the second block's memory sees all of it. The NBL stays as
 * it is. A frame that is not split stays as it is too, and is whole.
 *
 * False: the NB no longer describes the two parts (somebody has put data in front of
 * them); nothing has changed, frame_copy() has the bytes. The owner of the NBL; any worker.
 */
bool frame_join(struct rte_mbuf *m);

/* Gives an mbuf of a pool with a split its own buffer back, joined or not. The pool's
 * owner, before the mbuf is used for another frame. */
void frame_part(struct rte_mbuf *m);

/* ---- pools ---- */

struct frame_pool;

struct frame_pool_config {
	const char *name;        /* unique in the process, at most 25 bytes */
	unsigned frames;         /* 1 .. 1 << 20 */
	uint16_t data_room;      /* bytes of a frame, without the headroom: 64 .. 65535 - headroom;
				  * with a split, of its rest */
	unsigned cache;          /* mbufs cached per lcore; 0 where one thread owns them all */
	void *block;             /* memory to lie in, page aligned, of at least
				  * frame_pool_bytes(); NULL: DPDK's own */
	size_t block_size;
	bool is_bare;            /* frames have no buffer, frame_lay() says where each one lies; no
				  * block, no split */
	bool for_device;         /* a device fills the frames by itself: the block is DPDK's */
	NDIS_HANDLE shared_memory;   /* handle of the block for indications, or NULL */
	uint16_t split;          /* frames are split behind so many bytes; 0: they are whole */
	void *rest_block;        /* split: where the rests lie, at least frame_pool_rest_bytes(); */
	size_t rest_size;        /* the frames are in a block then */
	NDIS_HANDLE rest_memory; /* its handle for indications */
};

/* How large a block must be for that configuration. */
size_t frame_pool_bytes(const struct frame_pool_config *config);
/* And how large the block for the rests of split frames. */
size_t frame_pool_rest_bytes(const struct frame_pool_config *config);

/* Control thread. Returns 0, -ENOMEM or -EINVAL with the reason in 'err'. */
int frame_pool_create(struct frame_pool **pool, const struct frame_pool_config *config,
		      struct error *err);

/* All mbufs must be back. Accepts NULL. Control thread. */
void frame_pool_destroy(struct frame_pool *pool);

struct rte_mempool *frame_pool_mempool(struct frame_pool *pool);

/* Fetches, to be written, the 'n' mbufs that the pool gives this thread next, if they lie in its
 * cache: where others free them, they are in those others' caches. Any worker. */
void frame_pool_fetch(const struct frame_pool *pool, unsigned n);

/* How many mbufs are out. Exact while the workers are quiet. */
unsigned frame_pool_in_use(const struct frame_pool *pool);

/*
 * As rte_pktmbuf_free_bulk(), which looks through each mbuf's segments: those that nobody else
 * refers to, of one segment and all of one pool, go home in one piece. Any worker.
 */
static inline void frame_free_burst(struct rte_mbuf **pkts, unsigned n)
{
	struct rte_mempool *pool = n ? pkts[0]->pool : NULL;
	unsigned plain = 0;

	while (plain < n && pkts[plain]->pool == pool && rte_mbuf_refcnt_read(pkts[plain]) == 1 &&
	       pkts[plain]->nb_segs == 1 && RTE_MBUF_DIRECT(pkts[plain]))
		plain++;
	if (plain)
		rte_mempool_put_bulk(pool, (void *const *)pkts, plain);
	if (plain < n)
		rte_pktmbuf_free_bulk(pkts + plain, n - plain);
}

/* ---- an NBL on its way out ---- */

/*
 * The mbuf that 'nbl' lies in, with one more reference, when its only NB still
 * describes that mbuf's bytes: the port may send and free it, and the NBL
 * lives on. NULL: not such an NBL, or one of a bare pool, or a chain, which few NICs take: copy it.
 */
struct rte_mbuf *frame_borrow(NET_BUFFER_LIST *nbl);

/*
 * Up to 'n' bytes of 'nb', an NB of 'nbl', from byte 'at' of its data on, in a chain of at most
 * 'most' mbufs of 'pool', 1 .. FRAME_SEGMENTS: as many bytes as those hold, or the NB has. Bytes
 * that lie in the NBL's mbufs are not copied: the chain refers to them, and they stay until
 * it is freed. NULL: no byte, or no mbuf in the pool. The owner of the NBL; any worker.
 */
struct rte_mbuf *frame_slice(NET_BUFFER_LIST *nbl, const NET_BUFFER *nb, uint32_t at, uint32_t n,
			     struct rte_mempool *pool, unsigned most);

/*
 * A copy of one NET_BUFFER, any MDL shape, in one segment of 'pool'. Where
 * 'tag' is not 0 an 802.1Q header with that TCI goes behind the addresses
 * (O20); a result shorter than 'minimum' is filled with zeros (A30). The NB is
 * left as it is (A22, A31). NULL: no mbuf in the pool, the NB does not fit one,
 * is shorter than an Ethernet header, or its MDLs are shorter than it says.
 */
struct rte_mbuf *frame_copy(const NET_BUFFER *nb, struct rte_mempool *pool, uint16_t tag,
			    uint16_t minimum);

#endif
