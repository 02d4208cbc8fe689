/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NET_BUFFER_LISTs, NET_BUFFERs, their pools and their MDLs; for this room, and the pools
 * for the crash report.
 *
 * A pool hands out blocks: a header of ours, and behind it one NET_BUFFER_LIST
 * (with its NET_BUFFER, context space, MDL and data where the pool has them) or
 * one NET_BUFFER. A block never leaves its pool, so the header of whatever was
 * allocated here may be read even after it was freed.
 */
#ifndef NDIS_NBL_POOL_H
#define NDIS_NBL_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <ndis.h>

#include "ndis/nbl_watch.h"

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define NBL_CACHE_LINE 64
#define NBL_CACHES     64   /* threads with free lists of their own, in every pool */

/* What a pool hands out. X(name, text) */
#define NBL_POOL_KINDS(X) \
	X(ADOPTED, "adopted NET_BUFFER_LIST") \
	X(LISTS, "NET_BUFFER_LIST") \
	X(BUFFERS, "NET_BUFFER")

enum nbl_pool_kind {
#define X(name, text) NBL_POOL_##name,
	NBL_POOL_KINDS(X)
#undef X
};

/* How a NET_BUFFER_LIST came to be; says which function frees it. X(name, text) */
#define NBL_ORIGINS(X) \
	X(PLAIN, "NdisFreeNetBufferList") \
	X(CLONE, "NdisFreeCloneNetBufferList") \
	X(CLONE_OF_MDLS, "NdisFreeCloneNetBufferList with NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS") \
	X(FRAGMENT, "NdisFreeFragmentNetBufferList") \
	X(REASSEMBLED, "NdisFreeReassembledNetBufferList")

enum nbl_origin {
#define X(name, text) NBL_ORIGIN_##name,
	NBL_ORIGINS(X)
#undef X
};

/* The header of a block. Whoever holds the block writes it. */
struct nbl_block {
	_Alignas(NBL_CACHE_LINE) struct nbl_block *next;   /* in a free list */
	struct nbl_pool *pool;
	atomic_uint state;                        /* allocated or free: nbl_block.c */
	enum nbl_origin origin;                   /* of a NET_BUFFER_LIST */
	PNET_BUFFER_LIST_CONTEXT context;         /* the one that lasts as long as the NBL */
	PNET_BUFFER_LIST_CONTEXT extra;           /* that one, if it is no part of the block */
};

/* One thread's free blocks of one pool. */
struct nbl_cache {
	_Alignas(NBL_CACHE_LINE) struct nbl_block *first;  /* its thread */
	atomic_uint n;                            /* its thread writes, freeing the pool reads */
};

struct nbl_pool {
	const void *owner;                        /* first: OvmqNblOwner() reads it */
	NDIS_HANDLE handle;                       /* the driver's, adapter's, binding's ... */
	char owner_name[64];                      /* of that handle, for the log */
	enum nbl_pool_kind kind;
	bool closed;                              /* freed while blocks were out */
	bool has_buffer;                          /* every list comes with a NET_BUFFER */
	UCHAR protocol_id;
	USHORT context_size;                      /* bytes, of the context space in a block */
	ULONG tag, data_size;
	ULONG buffer_at, context_at, mdl_at, data_at;   /* from the start of the object */
	size_t clear_size;                        /* list and buffer: zeroed by every allocation */
	size_t block_size, object_size;           /* with and without the header, bytes */
	struct nbl_pool *next, *previous;         /* among all pools */
	pthread_mutex_t lock;                     /* over the three below */
	struct nbl_block *shared;                 /* free blocks that no thread has */
	unsigned n_shared, n_blocks;              /* of those; of all blocks there are */
	struct nbl_slab *slabs;
	struct nbl_cache caches[NBL_CACHES];
};

/* ---- who watches ---- */

#define nbl_watch_call(member, ...) \
	do { \
		const struct ndis_nbl_watch *watch_ = \
			atomic_load_explicit(&ndis_nbl_watch, memory_order_acquire); \
		if (unlikely(watch_) && watch_->member) \
			watch_->member(__VA_ARGS__); \
	} while (0)

/* ---- nbl_block.c ---- */

/* A block of the pool, or NULL: no memory. Its object's contents are undefined. */
struct nbl_block *nbl_block_get(struct nbl_pool *pool);

/* Back to the pool that it came from, from any thread. Freed already: a line that
 * names the pool and its owner, and the end of the process. */
void nbl_block_put(struct nbl_block *block);

/* Ends the process with the same line if the block is free: for whoever looks into
 * an object before the object goes. */
void nbl_block_must_be_allocated(struct nbl_block *block);

/* Blocks that were got and not put. Exact while nobody gets or puts one. */
unsigned nbl_blocks_outstanding(struct nbl_pool *pool);
unsigned nbl_blocks_out_peek(const struct nbl_pool *pool);   /* without the lock */

/* Whether that is the object of a block of the pool. */
bool nbl_blocks_have(struct nbl_pool *pool, const void *object);

/* The memory of all blocks. */
void nbl_blocks_release(struct nbl_pool *pool);

static inline void *nbl_block_object(struct nbl_block *block)
{
	return block + 1;
}

static inline struct nbl_block *nbl_block_of(void *object)
{
	return (struct nbl_block *)object - 1;
}

/* ---- nbl_pool.c ---- */

/* For a crash handler: every pool out of which blocks are, without a lock or memory.
 * 'what' is what it hands out. */
void nbl_pools_peek(void (*each)(const struct nbl_pool *pool, const char *what, unsigned out,
				 void *arg), void *arg);

/* The tag's four characters, printable, and a NUL. */
struct nbl_tag_text { char text[5]; };
struct nbl_tag_text nbl_tag_text(ULONG tag);
#define NBL_TAG(pool) nbl_tag_text((pool)->tag).text

/* Pools of NDIS itself, for callers that name none. NULL: no memory. */
NDIS_HANDLE nbl_pool_of_lists(void);         /* with a NET_BUFFER each */
NDIS_HANDLE nbl_pool_of_buffers(void);

/* For the verifier: whether its pool is there, and it is one of that pool's lists (A27). Of an
 * adopted list only its owner knows the memory. Any thread. */
bool nbl_is_of_a_pool(const NET_BUFFER_LIST *nbl);

/* The pool behind a handle from which 'call' wants to allocate 'kind'; NULL, and a
 * line in the log: it is none, or another kind, or freed. */
struct nbl_pool *nbl_pool_for(NDIS_HANDLE handle, enum nbl_pool_kind kind, const char *call);

/* ---- nbl_list.c, nbl_buffer.c ---- */

/* Makes a zeroed NET_BUFFER describe the data. False: the offset lies outside the chain. */
bool nbl_buffer_describe(PNET_BUFFER nb, PMDL chain, ULONG offset, SIZE_T length);

/* The block's own NET_BUFFER, if its pool has one with every list. */
static inline PNET_BUFFER nbl_list_buffer(struct nbl_block *block)
{
	return block->pool->has_buffer
		? (PNET_BUFFER)((char *)nbl_block_object(block) + block->pool->buffer_at) : NULL;
}

/* ---- nbl_context.c ---- */

/* A context of its own with that space, 'backfill' of it unused. NULL: no memory. */
PNET_BUFFER_LIST_CONTEXT nbl_context_create(USHORT size, USHORT backfill);

/* Frees contexts that the driver did not, down to the one of the list itself. */
void nbl_contexts_reap(PNET_BUFFER_LIST nbl, struct nbl_block *block);

/* ---- nbl_mdl.c ---- */

/* How MDLs are marked: put in front by a retreat; and whose memory is NDIS's. */
#define NBL_MDL_RETREATED MDL_NETWORK_HEADER
#define NBL_MDL_OURS      MDL_INTERNAL

/* A byte in an MDL chain. */
struct mdl_place {
	PMDL mdl;
	ULONG64 offset;         /* wide, so that no caller's offset wraps */
};

/* The bytes that an MDL describes. */
static inline UCHAR *mdl_bytes(const MDL *mdl)
{
	if (mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL))
		return mdl->MappedSystemVa;
	return MmGetMdlVirtualAddress(mdl);
}

/* Into the MDL that has the byte, over those that end before it; at the end of the
 * chain: the end of the last MDL. */
static inline void mdl_place_settle(struct mdl_place *at)
{
	while (at->mdl && at->offset >= at->mdl->ByteCount && at->mdl->Next) {
		at->offset -= at->mdl->ByteCount;
		at->mdl = at->mdl->Next;
	}
}

/* Where the data of a NET_BUFFER begin, 'skip' bytes further. */
static inline struct mdl_place nbl_data_place(const NET_BUFFER *nb, ULONG skip)
{
	struct mdl_place at = { nb->CurrentMdl, (ULONG64)nb->CurrentMdlOffset + skip };

	mdl_place_settle(&at);
	return at;
}

/* The contiguous bytes at 'at', at most 'max', and moves behind them. 0: the end. */
ULONG mdl_place_take(struct mdl_place *at, ULONG max, UCHAR **bytes);

/* Copies at most 'n' bytes to 'to'; returns how many there were. */
ULONG mdl_place_read(struct mdl_place at, void *to, ULONG n);

/* Describes non-paged memory. The MDL has space for its page numbers behind it. */
void nbl_mdl_describe(PMDL mdl, void *address, ULONG length);

/* An MDL and memory of 'length' bytes. NULL: no memory. Freed by nbl_mdl_free. */
PMDL nbl_mdl_with_data(ULONG length);
void nbl_mdl_free(PMDL mdl);

/*
 * Appends MDLs of our own over 'length' bytes at 'at' to the chain that ends at
 * '*tail', and moves '*tail'. -ENOMEM; -ENODATA: the bytes are not there. What was
 * appended before stays in the chain.
 */
int nbl_mdl_share(struct mdl_place at, ULONG length, PMDL **tail);

/* Frees the MDLs of a chain that are NDIS's own; says how many are not. */
unsigned nbl_mdl_free_chain(PMDL first);

/* ---- nbl_derived.c: what clones, fragments and reassembled lists have in common ---- */

struct nbl_derived {
	PNET_BUFFER_LIST nbl;
	PNET_BUFFER spare;      /* came with the list and has no data yet */
	NDIS_HANDLE buffers;    /* pool of the others */
	PNET_BUFFER *tail;
};

/* A list without buffers and without context (I45). Pools may be NULL. Returns
 * 0 or -ENOMEM, -EINVAL (the pool is not of the right kind: logged). */
int nbl_derived_begin(struct nbl_derived *d, NDIS_HANDLE lists, NDIS_HANDLE buffers,
		      enum nbl_origin origin);

/* One more buffer with that chain. NULL: it could not; the chain is still the caller's. */
PNET_BUFFER nbl_derived_add(struct nbl_derived *d, PMDL chain, ULONG offset, ULONG length);

/* The list, its buffers and the MDLs that NDIS made for it. 'retreated' bytes of
 * data space are given back first. */
void nbl_derived_free(PNET_BUFFER_LIST nbl, ULONG retreated);

/* True if the list was made that way; else a line in the log that names 'call'. */
bool nbl_derived_is(PNET_BUFFER_LIST nbl, enum nbl_origin origin, const char *call);

/* The pool of a list or buffer, even if it lies in a freed block. */
struct nbl_pool *nbl_list_pool(const NET_BUFFER_LIST *nbl);
struct nbl_pool *nbl_buffer_pool(const NET_BUFFER *nb);

#endif
