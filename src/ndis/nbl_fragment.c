/* SPDX-License-Identifier: BSD-2-Clause */
/* Fragments: every buffer of a list cut into buffers of at most some length. */
#include "ndis/nbl_pool.h"

#include "base/log.h"

/* What every fragment has in front of its data. */
struct headroom {
	ULONG delta, backfill;
};

static bool fragment_add(struct nbl_derived *d, struct mdl_place at, ULONG length,
			 const struct headroom *h)
{
	PMDL chain = NULL, *tail = &chain;
	PNET_BUFFER nb = NULL;

	if (!nbl_mdl_share(at, length, &tail))
		nb = nbl_derived_add(d, chain, 0, length);
	if (nb)
		return NdisRetreatNetBufferDataStart(nb, h->delta, h->backfill, NULL) ==
		       NDIS_STATUS_SUCCESS;
	nbl_mdl_free_chain(chain);
	return false;
}

static bool buffer_cut(struct nbl_derived *d, const NET_BUFFER *nb, ULONG start, ULONG maximum,
		       const struct headroom *h)
{
	while (start < nb->DataLength) {
		ULONG left = nb->DataLength - start, n = left < maximum ? left : maximum;

		if (!fragment_add(d, nbl_data_place(nb, start), n, h))
			return false;
		start += n;
	}
	return true;
}

PNET_BUFFER_LIST NdisAllocateFragmentNetBufferList(PNET_BUFFER_LIST OriginalNetBufferList,
						   NDIS_HANDLE NetBufferListPool,
						   NDIS_HANDLE NetBufferPool, ULONG StartOffset,
						   ULONG MaximumLength, ULONG DataOffsetDelta,
						   ULONG DataBackFill, ULONG AllocateFragmentFlags)
{
	const struct headroom h = { DataOffsetDelta, DataBackFill };
	struct nbl_derived d;

	(void)AllocateFragmentFlags;          /* none are defined */
	if (!MaximumLength) {
		log_error("%s: MaximumLength is 0", __func__);
		return NULL;
	}
	if (nbl_derived_begin(&d, NetBufferListPool, NetBufferPool, NBL_ORIGIN_FRAGMENT))
		return NULL;
	for (const NET_BUFFER *nb = OriginalNetBufferList->FirstNetBuffer; nb; nb = nb->Next)
		if (!buffer_cut(&d, nb, StartOffset, MaximumLength, &h)) {
			nbl_derived_free(d.nbl, 0);
			return NULL;
		}
	if (d.nbl->FirstNetBuffer)
		return d.nbl;
	log_error("%s: no NET_BUFFER has data at StartOffset %u", __func__, StartOffset);
	nbl_derived_free(d.nbl, 0);
	return NULL;
}

VOID NdisFreeFragmentNetBufferList(PNET_BUFFER_LIST FragmentNetBufferList, ULONG DataOffsetDelta,
				   ULONG FreeFragmentFlags)
{
	(void)FreeFragmentFlags;              /* none are defined */
	if (nbl_derived_is(FragmentNetBufferList, NBL_ORIGIN_FRAGMENT, __func__))
		nbl_derived_free(FragmentNetBufferList, DataOffsetDelta);
}
