/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Context space of NET_BUFFER_LISTs: a stack that grows down. Contexts are linked;
 * in each, 'Offset' bytes are free and the rest is used. The last one in the chain
 * may be part of the list itself, and then it goes with the list.
 */
#include "ndis/nbl_pool.h"

#include <stdlib.h>

#include "base/log.h"

PNET_BUFFER_LIST_CONTEXT nbl_context_create(USHORT size, USHORT backfill)
{
	PNET_BUFFER_LIST_CONTEXT c = malloc(sizeof(*c) + size + backfill);

	if (!c)
		return NULL;
	c->Next = NULL;
	c->Size = (USHORT)(size + backfill);
	c->Offset = backfill;
	return c;
}

/* The context that lives as long as the list; NULL: it has none, or is adopted. */
static PNET_BUFFER_LIST_CONTEXT own_context(PNET_BUFFER_LIST nbl)
{
	const struct nbl_pool *pool = nbl->NdisPoolHandle;

	return pool && pool->kind == NBL_POOL_LISTS ? nbl_block_of(nbl)->context : NULL;
}

NDIS_STATUS NdisAllocateNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize,
					     USHORT ContextBackFill, ULONG PoolTag)
{
	PNET_BUFFER_LIST_CONTEXT c = NetBufferList->Context;

	if (unlikely((ContextSize | ContextBackFill) % sizeof(PVOID) ||
		     ContextSize + ContextBackFill > MAXUSHORT)) {
		log_error("%s: ContextSize %u or ContextBackFill %u is no multiple of %zu, "
			  "or too much (tag '%s')", __func__, ContextSize, ContextBackFill,
			  sizeof(PVOID), nbl_tag_text(PoolTag).text);
		return NDIS_STATUS_FAILURE;
	}
	if (likely(c && c->Offset >= ContextSize)) {
		c->Offset = (USHORT)(c->Offset - ContextSize);
		return NDIS_STATUS_SUCCESS;
	}
	c = nbl_context_create(ContextSize, ContextBackFill);
	if (!c)
		return NDIS_STATUS_RESOURCES;
	c->Next = NetBufferList->Context;
	NetBufferList->Context = c;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisFreeNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize)
{
	PNET_BUFFER_LIST_CONTEXT c = NetBufferList->Context;

	if (unlikely(!c || ContextSize > c->Size - c->Offset)) {
		log_error("%s: %u bytes given back, %u are in use; left alone", __func__,
			  ContextSize, c ? c->Size - c->Offset : 0);
		return;
	}
	c->Offset = (USHORT)(c->Offset + ContextSize);
	if (c->Offset == c->Size && c != own_context(NetBufferList)) {
		NetBufferList->Context = c->Next;
		free(c);
	}
}

void nbl_contexts_reap(PNET_BUFFER_LIST nbl, struct nbl_block *block)
{
	log_error("NET_BUFFER_LIST %p of pool '%s' is freed before its context space "
		  "(NdisFreeNetBufferListContext)", (void *)nbl, NBL_TAG(block->pool));
	while (nbl->Context && nbl->Context != block->context) {
		PNET_BUFFER_LIST_CONTEXT c = nbl->Context;

		nbl->Context = c->Next;
		free(c);
	}
}
