/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Blocks of NBL pools. Every thread has a small free list in every pool, so that
 * to allocate and to free is a few loads and stores; a thread that only frees
 * passes its surplus on, a batch at a time, over the shared list to one that only
 * allocates. Blocks are carved from slabs, which go when the pool goes.
 */
#include "ndis/nbl_pool.h"

#include <stdlib.h>

#include "base/log.h"

#if defined(__SANITIZE_ADDRESS__)
#define NBL_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NBL_POISON 1
#endif
#endif

#ifdef NBL_POISON
#include <sanitizer/asan_interface.h>
#define SLAB_BYTES 1              /* one block each: whatever lies around it is guarded */
#else
#define ASAN_POISON_MEMORY_REGION(address, size)   ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define SLAB_BYTES 65536
#endif

#define BATCH      64             /* blocks that go to and from the shared list at once */
#define CACHE_FULL (2 * BATCH)

/* The code, and its first parameter, that Windows has for a pool's block freed twice. */
#define BUG_CHECK_BAD_POOL_CALLER 0xC2
#define FREED_ALREADY             0x07

enum { BLOCK_FREE = 0x46524545, BLOCK_ALLOCATED = 0x55534544 };

struct nbl_slab {
	_Alignas(NBL_CACHE_LINE) struct nbl_slab *next;
};

/* ---- this thread's place in the pools ---- */

#define NO_SLOT (NBL_CACHES + 1)

static _Thread_local unsigned slot;   /* plus one; 0: not asked for yet; NO_SLOT: none left */
static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static bool slot_taken[NBL_CACHES];
static pthread_key_t slot_key;
static pthread_once_t slot_once = PTHREAD_ONCE_INIT;

static void slot_return(void *value)
{
	unsigned held = (unsigned)(uintptr_t)value;

	pthread_mutex_lock(&slots_lock);
	slot_taken[held - 1] = false;
	pthread_mutex_unlock(&slots_lock);
	slot = NO_SLOT;               /* other destructors of this thread may still free */
}

static void slot_key_create(void)
{
	pthread_key_create(&slot_key, slot_return);
}

static __attribute__((noinline)) unsigned slot_find(void)
{
	pthread_once(&slot_once, slot_key_create);
	slot = NO_SLOT;
	pthread_mutex_lock(&slots_lock);
	for (unsigned i = 0; i < NBL_CACHES && slot == NO_SLOT; i++)
		if (!slot_taken[i]) {
			slot_taken[i] = true;
			slot = i + 1;
		}
	pthread_mutex_unlock(&slots_lock);
	if (slot != NO_SLOT)
		pthread_setspecific(slot_key, (void *)(uintptr_t)slot);
	return slot;
}

static inline struct nbl_cache *cache_of(struct nbl_pool *pool)
{
	unsigned s = likely(slot) ? slot : slot_find();

	return likely(s != NO_SLOT) ? &pool->caches[s - 1] : NULL;
}

/* The count is read by whoever frees the pool, but written by this thread alone. */
static inline unsigned cache_count(const struct nbl_cache *c)
{
	return atomic_load_explicit(&c->n, memory_order_relaxed);
}

static inline void cache_set_count(struct nbl_cache *c, unsigned n)
{
	atomic_store_explicit(&c->n, n, memory_order_relaxed);
}

/* ---- the shared list; under the pool's lock ---- */

static void shared_push(struct nbl_pool *pool, struct nbl_block *b)
{
	b->next = pool->shared;
	pool->shared = b;
	pool->n_shared++;
}

static struct nbl_block *shared_pop(struct nbl_pool *pool)
{
	struct nbl_block *b = pool->shared;

	if (b) {
		pool->shared = b->next;
		pool->n_shared--;
	}
	return b;
}

static unsigned blocks_of_slab(const struct nbl_pool *pool)
{
	return pool->block_size < SLAB_BYTES ? (unsigned)(SLAB_BYTES / pool->block_size) : 1;
}

bool nbl_blocks_have(struct nbl_pool *pool, const void *object)
{
	uintptr_t at = (uintptr_t)object - sizeof(struct nbl_block);
	size_t all = blocks_of_slab(pool) * pool->block_size;
	bool has = false;

	pthread_mutex_lock(&pool->lock);
	for (const struct nbl_slab *s = pool->slabs; s && !has; s = s->next) {
		uintptr_t first = (uintptr_t)(s + 1);

		has = at >= first && at - first < all && (at - first) % pool->block_size == 0;
	}
	pthread_mutex_unlock(&pool->lock);
	return has;
}

static void grow(struct nbl_pool *pool)
{
	unsigned n = blocks_of_slab(pool);
	struct nbl_slab *slab = aligned_alloc(NBL_CACHE_LINE, sizeof(*slab) + n * pool->block_size);
	char *at = (char *)(slab + 1);

	if (!slab)
		return;
	slab->next = pool->slabs;
	pool->slabs = slab;
	pool->n_blocks += n;
	for (; n; n--, at += pool->block_size) {
		struct nbl_block *b = (struct nbl_block *)(void *)at;

		b->pool = pool;
		b->context = b->extra = NULL;
		b->origin = NBL_ORIGIN_PLAIN;
		atomic_init(&b->state, BLOCK_FREE);
		ASAN_POISON_MEMORY_REGION(nbl_block_object(b), pool->object_size);
		shared_push(pool, b);
	}
}

/* One block for the caller, and a batch for its cache. */
static __attribute__((noinline)) struct nbl_block *get_shared(struct nbl_pool *pool,
							      struct nbl_cache *c)
{
	struct nbl_block *b, *more;
	unsigned n = 0;

	pthread_mutex_lock(&pool->lock);
	if (!pool->shared)
		grow(pool);
	b = shared_pop(pool);
	for (; c && n < BATCH && (more = shared_pop(pool)); n++) {
		more->next = c->first;
		c->first = more;
	}
	if (c)
		cache_set_count(c, n);
	pthread_mutex_unlock(&pool->lock);
	return b;
}

static __attribute__((noinline)) void put_shared(struct nbl_pool *pool, struct nbl_cache *c,
						 struct nbl_block *b)
{
	pthread_mutex_lock(&pool->lock);
	shared_push(pool, b);
	for (unsigned i = 0; c && i < BATCH; i++) {
		struct nbl_block *surplus = c->first;

		c->first = surplus->next;
		shared_push(pool, surplus);
	}
	if (c)
		cache_set_count(c, cache_count(c) - BATCH);
	pthread_mutex_unlock(&pool->lock);
}

/* ---- get and put ---- */

struct nbl_block *nbl_block_get(struct nbl_pool *pool)
{
	struct nbl_cache *c = cache_of(pool);
	struct nbl_block *b;

	if (likely(c && c->first)) {
		b = c->first;
		c->first = b->next;
		cache_set_count(c, cache_count(c) - 1);
	} else {
		b = get_shared(pool, c);
		if (!b)
			return NULL;
	}
	atomic_store_explicit(&b->state, BLOCK_ALLOCATED, memory_order_relaxed);
	ASAN_UNPOISON_MEMORY_REGION(nbl_block_object(b), pool->object_size);
	return b;
}

static __attribute__((noreturn, noinline)) void freed_twice(struct nbl_block *b, unsigned state)
{
	struct nbl_pool *pool = b->pool;

	if (state == BLOCK_FREE)
		log_error("%s %p of pool '%s' of %s is freed a second time",
			  pool->kind == NBL_POOL_LISTS ? "NET_BUFFER_LIST" : "NET_BUFFER",
			  nbl_block_object(b), NBL_TAG(pool), pool->owner_name);
	else
		log_error("%p is freed to an NDIS pool, but its header is overwritten or no pool's",
			  nbl_block_object(b));
	KeBugCheckEx(BUG_CHECK_BAD_POOL_CALLER, FREED_ALREADY,
		     state == BLOCK_FREE ? pool->tag : 0, state, (ULONG_PTR)nbl_block_object(b));
}

void nbl_block_must_be_allocated(struct nbl_block *b)
{
	unsigned state = atomic_load_explicit(&b->state, memory_order_relaxed);

	if (unlikely(state != BLOCK_ALLOCATED))
		freed_twice(b, state);
}

void nbl_block_put(struct nbl_block *b)
{
	struct nbl_pool *pool = b->pool;
	struct nbl_cache *c = cache_of(pool);
	/* An exchange, so that of two threads that free at the same moment one is caught. */
	unsigned was = atomic_exchange_explicit(&b->state, BLOCK_FREE, memory_order_acq_rel);

	if (unlikely(was != BLOCK_ALLOCATED))
		freed_twice(b, was);
	ASAN_POISON_MEMORY_REGION(nbl_block_object(b), pool->object_size);
	if (likely(c && cache_count(c) < CACHE_FULL)) {
		b->next = c->first;
		c->first = b;
		cache_set_count(c, cache_count(c) + 1);
		return;
	}
	put_shared(pool, c, b);
}

unsigned nbl_blocks_out_peek(const struct nbl_pool *pool)
{
	unsigned free_blocks = pool->n_shared;

	for (unsigned i = 0; i < NBL_CACHES; i++)
		free_blocks += cache_count(&pool->caches[i]);
	return pool->n_blocks - free_blocks;
}

unsigned nbl_blocks_outstanding(struct nbl_pool *pool)
{
	unsigned out;

	pthread_mutex_lock(&pool->lock);
	out = nbl_blocks_out_peek(pool);
	pthread_mutex_unlock(&pool->lock);
	return out;
}

void nbl_blocks_release(struct nbl_pool *pool)
{
	while (pool->slabs) {
		struct nbl_slab *slab = pool->slabs;

		pool->slabs = slab->next;
		free(slab);
	}
}
