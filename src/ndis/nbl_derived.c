/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists derived from lists: the bytes stay where they are, the structures are new.
 * Parent pointer and child count are the caller's to keep (A64).
 */
#include "ndis/nbl_pool.h"

#include <errno.h>

#include "base/log.h"

static const char *const freed_by[] = {
#define X(name, text) [NBL_ORIGIN_##name] = text,
	NBL_ORIGINS(X)
#undef X
};

int nbl_derived_begin(struct nbl_derived *d, NDIS_HANDLE lists, NDIS_HANDLE buffers,
		      enum nbl_origin origin)
{
	struct nbl_pool *pool = lists ? lists : nbl_pool_of_lists();
	struct nbl_block *block;

	if (pool && pool->kind == NBL_POOL_LISTS && pool->data_size) {
		log_error("pool '%s' was made with a DataSize: its lists are for no other data",
			  NBL_TAG(pool));
		return -EINVAL;
	}
	d->nbl = NdisAllocateNetBufferList(pool, 0, 0);
	if (!d->nbl)
		return -ENOMEM;
	block = nbl_block_of(d->nbl);
	block->origin = origin;
	block->context = d->nbl->Context = NULL;
	d->buffers = buffers ? buffers : nbl_pool_of_buffers();
	d->spare = d->nbl->FirstNetBuffer;
	d->nbl->FirstNetBuffer = NULL;
	d->tail = &d->nbl->FirstNetBuffer;
	return 0;
}

PNET_BUFFER nbl_derived_add(struct nbl_derived *d, PMDL chain, ULONG offset, ULONG length)
{
	PNET_BUFFER nb = d->spare;

	if (nb && !nbl_buffer_describe(nb, chain, offset, length))
		return NULL;
	d->spare = NULL;
	if (!nb)
		nb = NdisAllocateNetBuffer(d->buffers, chain, offset, length);
	if (!nb)
		return NULL;
	*d->tail = nb;
	d->tail = &nb->Next;
	return nb;
}

static void free_mdls(PNET_BUFFER_LIST nbl, PNET_BUFFER nb, ULONG retreated)
{
	unsigned foreign;

	if (retreated)
		NdisAdvanceNetBufferDataStart(nb, retreated, TRUE, NULL);
	foreign = nbl_mdl_free_chain(nb->MdlChain);
	if (foreign)
		log_error("NET_BUFFER_LIST %p is freed with %u MDLs of the driver's own in it",
			  (void *)nbl, foreign);
}

void nbl_derived_free(PNET_BUFFER_LIST nbl, ULONG retreated)
{
	struct nbl_block *block = nbl_block_of(nbl);
	PNET_BUFFER own = nbl_list_buffer(block), next;

	for (PNET_BUFFER nb = nbl->FirstNetBuffer; nb; nb = next) {
		next = nb->Next;
		if (block->origin != NBL_ORIGIN_CLONE_OF_MDLS)
			free_mdls(nbl, nb, retreated);
		if (nb != own)
			NdisFreeNetBuffer(nb);
	}
	block->origin = NBL_ORIGIN_PLAIN;
	NdisFreeNetBufferList(nbl);
}

bool nbl_derived_is(PNET_BUFFER_LIST nbl, enum nbl_origin origin, const char *call)
{
	const struct nbl_pool *pool = nbl_list_pool(nbl);
	enum nbl_origin is = NBL_ORIGIN_PLAIN;

	if (pool && pool->kind == NBL_POOL_LISTS) {
		nbl_block_must_be_allocated(nbl_block_of(nbl));
		is = nbl_block_of(nbl)->origin;
	}
	if (is == origin)
		return true;
	log_error("%s: NET_BUFFER_LIST %p is to be freed by %s", call, (void *)nbl, freed_by[is]);
	return false;
}
