/* SPDX-License-Identifier: BSD-2-Clause */
/* NET_BUFFERs: with an MDL chain of the caller's, or with data of the pool's. */
#include "ndis/nbl_pool.h"

#include <string.h>

#include "base/log.h"

__attribute__((noinline, no_sanitize("address")))
struct nbl_pool *nbl_buffer_pool(const NET_BUFFER *nb)
{
	return nb->NdisPoolHandle;
}

bool nbl_buffer_describe(PNET_BUFFER nb, PMDL chain, ULONG offset, SIZE_T length)
{
	struct mdl_place at = { chain, offset };

	mdl_place_settle(&at);
	if (unlikely(chain ? at.offset > at.mdl->ByteCount : offset || length)) {
		log_error("a NET_BUFFER with DataOffset %u and DataLength %zu is outside its MDLs",
			  offset, (size_t)length);
		return false;
	}
	nb->MdlChain = chain;
	nb->CurrentMdl = at.mdl;
	nb->CurrentMdlOffset = (ULONG)at.offset;
	nb->DataOffset = offset;
	nb->stDataLength = length;
	return true;
}

static PNET_BUFFER buffer_get(struct nbl_pool *pool)
{
	struct nbl_block *block = nbl_block_get(pool);
	PNET_BUFFER nb;

	if (unlikely(!block))
		return NULL;
	nb = nbl_block_object(block);
	memset(nb, 0, pool->clear_size);
	nb->NdisPoolHandle = pool;
	return nb;
}

PNET_BUFFER NdisAllocateNetBuffer(NDIS_HANDLE PoolHandle, PMDL MdlChain, ULONG DataOffset,
				  SIZE_T DataLength)
{
	struct nbl_pool *pool = nbl_pool_for(PoolHandle, NBL_POOL_BUFFERS, __func__);
	PNET_BUFFER nb;

	if (unlikely(!pool))
		return NULL;
	if (unlikely(pool->data_size)) {
		log_error("%s: pool '%s' was made with a DataSize", __func__, NBL_TAG(pool));
		return NULL;
	}
	nb = buffer_get(pool);
	if (likely(nb) && unlikely(!nbl_buffer_describe(nb, MdlChain, DataOffset, DataLength))) {
		nbl_block_put(nbl_block_of(nb));
		return NULL;
	}
	return nb;
}

PNET_BUFFER NdisAllocateNetBufferMdlAndData(NDIS_HANDLE PoolHandle)
{
	struct nbl_pool *pool = nbl_pool_for(PoolHandle, NBL_POOL_BUFFERS, __func__);
	PNET_BUFFER nb;
	PMDL mdl;

	if (unlikely(!pool))
		return NULL;
	if (unlikely(!pool->data_size)) {
		log_error("%s: pool '%s' was made without a DataSize", __func__, NBL_TAG(pool));
		return NULL;
	}
	nb = buffer_get(pool);
	if (unlikely(!nb))
		return NULL;
	mdl = (PMDL)(void *)((char *)nb + pool->mdl_at);
	nbl_mdl_describe(mdl, (char *)nb + pool->data_at, pool->data_size);
	nb->MdlChain = nb->CurrentMdl = mdl;
	return nb;
}

VOID NdisFreeNetBuffer(PNET_BUFFER NetBuffer)
{
	struct nbl_pool *pool = nbl_buffer_pool(NetBuffer);

	if (unlikely(!pool || pool->kind != NBL_POOL_BUFFERS)) {
		log_error("NdisFreeNetBuffer: %p is of no pool of NET_BUFFERs; left alone%s",
			  (void *)NetBuffer,
			  pool ? " (it goes when its NET_BUFFER_LIST goes)" : "");
		return;
	}
	nbl_block_put(nbl_block_of(NetBuffer));
}
