/* SPDX-License-Identifier: BSD-2-Clause */
/* Clones: the same data in new structures, from the start of the used data on (I45). */
#include "ndis/nbl_pool.h"

#include "base/log.h"

/* The original's own MDLs, from the one in which its data begin. */
static bool clone_of_mdls(struct nbl_derived *d, const NET_BUFFER *nb)
{
	return nbl_derived_add(d, nb->CurrentMdl, nb->CurrentMdlOffset, nb->DataLength) != NULL;
}

static bool clone_of_data(struct nbl_derived *d, const NET_BUFFER *nb)
{
	PMDL chain = NULL, *tail = &chain;

	if (!nbl_mdl_share(nbl_data_place(nb, 0), nb->DataLength, &tail) &&
	    nbl_derived_add(d, chain, 0, nb->DataLength))
		return true;
	nbl_mdl_free_chain(chain);
	return false;
}

PNET_BUFFER_LIST NdisAllocateCloneNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
						NDIS_HANDLE NetBufferListPoolHandle,
						NDIS_HANDLE NetBufferPoolHandle,
						ULONG AllocateCloneFlags)
{
	bool share = AllocateCloneFlags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS;
	struct nbl_derived d;

	if (nbl_derived_begin(&d, NetBufferListPoolHandle, NetBufferPoolHandle,
			      share ? NBL_ORIGIN_CLONE_OF_MDLS : NBL_ORIGIN_CLONE))
		return NULL;
	for (const NET_BUFFER *nb = OriginalNetBufferList->FirstNetBuffer; nb; nb = nb->Next)
		if (!(share ? clone_of_mdls(&d, nb) : clone_of_data(&d, nb))) {
			nbl_derived_free(d.nbl, 0);
			return NULL;
		}
	return d.nbl;
}

VOID NdisFreeCloneNetBufferList(PNET_BUFFER_LIST CloneNetBufferList, ULONG FreeCloneFlags)
{
	enum nbl_origin origin = FreeCloneFlags & NDIS_CLONE_FLAGS_USE_ORIGINAL_MDLS
		? NBL_ORIGIN_CLONE_OF_MDLS : NBL_ORIGIN_CLONE;

	if (nbl_derived_is(CloneNetBufferList, origin, __func__))
		nbl_derived_free(CloneNetBufferList, 0);
}
