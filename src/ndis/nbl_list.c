/* SPDX-License-Identifier: BSD-2-Clause */
/* NET_BUFFER_LISTs: allocated, initialised (I41), freed. */
#include "ndis/nbl_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

/* The handle may lie in a freed block, which a sanitizer guards: reading it there is
 * how a second free is noticed, and no error. */
__attribute__((noinline, no_sanitize("address")))
struct nbl_pool *nbl_list_pool(const NET_BUFFER_LIST *nbl)
{
	return nbl->NdisPoolHandle;
}

static bool context_fits(struct nbl_pool *pool, ULONG size, ULONG backfill, const char *call)
{
	if (likely(!((size | backfill) % MEMORY_ALLOCATION_ALIGNMENT) &&
		   size + backfill <= MAXUSHORT))
		return true;
	log_error("%s: ContextSize %u or ContextBackFill %u is no multiple of %d, or too much "
		  "(pool '%s')", call, size, backfill, MEMORY_ALLOCATION_ALIGNMENT, NBL_TAG(pool));
	return false;
}

/* The context space that every list of the pool has, or more of it. False: no memory. */
static bool context_init(struct nbl_block *block, USHORT size, USHORT backfill)
{
	struct nbl_pool *pool = block->pool;
	PNET_BUFFER_LIST_CONTEXT c = NULL;

	if (unlikely(size + backfill > pool->context_size)) {
		c = block->extra = nbl_context_create(size, backfill);
		if (!c)
			return false;
	} else if (pool->context_size) {
		c = (PNET_BUFFER_LIST_CONTEXT)(void *)
			((char *)nbl_block_object(block) + pool->context_at);
		c->Next = NULL;
		c->Size = pool->context_size;
		c->Offset = (USHORT)(pool->context_size - size);
	}
	block->context = c;
	return true;
}

static void buffer_init(struct nbl_block *block, PNET_BUFFER nb)
{
	struct nbl_pool *pool = block->pool;
	char *object = nbl_block_object(block);

	nb->NdisPoolHandle = pool;
	if (pool->data_size) {
		PMDL mdl = (PMDL)(void *)(object + pool->mdl_at);

		nbl_mdl_describe(mdl, object + pool->data_at, pool->data_size);
		nb->MdlChain = nb->CurrentMdl = mdl;
	}
}

static PNET_BUFFER_LIST list_get(struct nbl_pool *pool, USHORT context, USHORT backfill)
{
	struct nbl_block *block = nbl_block_get(pool);
	PNET_BUFFER_LIST nbl;

	if (unlikely(!block))
		return NULL;
	nbl = nbl_block_object(block);
	memset(nbl, 0, pool->clear_size);
	nbl->NdisPoolHandle = pool;
	if (unlikely(!context_init(block, context, backfill))) {
		nbl_block_put(block);
		return NULL;
	}
	nbl->Context = block->context;
	if (pool->protocol_id)
		NET_BUFFER_LIST_INFO(nbl, NetBufferListProtocolId) =
			(PVOID)(ULONG_PTR)pool->protocol_id;
	if (pool->has_buffer) {
		nbl->FirstNetBuffer = nbl_list_buffer(block);
		buffer_init(block, nbl->FirstNetBuffer);
	}
	return nbl;
}

static void list_put(struct nbl_block *block)
{
	if (unlikely(block->extra)) {
		free(block->extra);
		block->extra = NULL;
	}
	block->origin = NBL_ORIGIN_PLAIN;
	nbl_block_put(block);
}

PNET_BUFFER_LIST NdisAllocateNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
					   USHORT ContextBackFill)
{
	struct nbl_pool *pool = nbl_pool_for(PoolHandle, NBL_POOL_LISTS, __func__);
	PNET_BUFFER_LIST nbl;

	if (unlikely(!pool || !context_fits(pool, ContextSize, ContextBackFill, __func__)))
		return NULL;
	nbl = list_get(pool, ContextSize, ContextBackFill);
	if (likely(nbl))
		nbl_watch_call(allocated, nbl, pool);
	return nbl;
}

PNET_BUFFER_LIST NdisAllocateNetBufferAndNetBufferList(NDIS_HANDLE PoolHandle, USHORT ContextSize,
						       USHORT ContextBackFill, PMDL MdlChain,
						       ULONG DataOffset, SIZE_T DataLength)
{
	struct nbl_pool *pool = nbl_pool_for(PoolHandle, NBL_POOL_LISTS, __func__);
	PNET_BUFFER_LIST nbl;

	if (unlikely(!pool || !context_fits(pool, ContextSize, ContextBackFill, __func__)))
		return NULL;
	if (unlikely(!pool->has_buffer || pool->data_size)) {
		log_error("%s: pool '%s' was made with %s", __func__, NBL_TAG(pool),
			  pool->has_buffer ? "a DataSize" : "fAllocateNetBuffer FALSE");
		return NULL;
	}
	nbl = list_get(pool, ContextSize, ContextBackFill);
	if (unlikely(!nbl))
		return NULL;
	if (unlikely(!nbl_buffer_describe(nbl->FirstNetBuffer, MdlChain, DataOffset, DataLength))) {
		list_put(nbl_block_of(nbl));
		return NULL;
	}
	nbl_watch_call(allocated, nbl, pool);
	return nbl;
}

VOID NdisFreeNetBufferList(PNET_BUFFER_LIST NetBufferList)
{
	struct nbl_pool *pool = nbl_list_pool(NetBufferList);
	struct nbl_block *block = nbl_block_of(NetBufferList);

	if (unlikely(!pool || pool->kind != NBL_POOL_LISTS)) {
		log_error("NdisFreeNetBufferList: %p is of no pool of NET_BUFFER_LISTs; left alone",
			  (void *)NetBufferList);
		return;
	}
	nbl_block_must_be_allocated(block);
	nbl_watch_call(freed, NetBufferList, pool);
	if (unlikely(NetBufferList->Context != block->context))
		nbl_contexts_reap(NetBufferList, block);
	if (unlikely(block->origin != NBL_ORIGIN_PLAIN))
		nbl_derived_is(NetBufferList, NBL_ORIGIN_PLAIN, __func__);
	list_put(block);
}
