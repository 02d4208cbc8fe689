/* SPDX-License-Identifier: BSD-2-Clause */
/* Reassembly: the buffers of a list as one buffer with one MDL chain. */
#include "ndis/nbl_pool.h"

#include "base/log.h"

/* The chain over all buffers' data behind the first 'start' bytes of each; its length,
 * or -1: no memory, or a buffer is shorter than that, or than it says. */
static LONG64 join(const NET_BUFFER_LIST *fragments, ULONG start, PMDL *chain)
{
	PMDL *tail = chain;
	LONG64 length = 0;

	for (const NET_BUFFER *nb = fragments->FirstNetBuffer; nb; nb = nb->Next) {
		ULONG n = nb->DataLength - start;

		if (start > nb->DataLength || length + n > MAXULONG) {
			log_error("NdisAllocateReassembledNetBufferList: StartOffset %u of a "
				  "NET_BUFFER of %u bytes, behind %lld others", start,
				  nb->DataLength, (long long)length);
			return -1;
		}
		if (nbl_mdl_share(nbl_data_place(nb, start), n, &tail))
			return -1;
		length += n;
	}
	return length;
}

PNET_BUFFER_LIST NdisAllocateReassembledNetBufferList(
	PNET_BUFFER_LIST FragmentNetBufferList, NDIS_HANDLE NetBufferAndNetBufferListPoolHandle,
	ULONG StartOffset, ULONG DataOffsetDelta, ULONG DataBackFill, ULONG AllocateReassembleFlags)
{
	struct nbl_derived d;
	PMDL chain = NULL;
	LONG64 length;
	PNET_BUFFER nb = NULL;

	(void)AllocateReassembleFlags;        /* none are defined */
	if (nbl_derived_begin(&d, NetBufferAndNetBufferListPoolHandle, NULL,
			      NBL_ORIGIN_REASSEMBLED))
		return NULL;
	if (!d.spare) {
		log_error("%s: the pool was made with fAllocateNetBuffer FALSE", __func__);
		goto fail_list;
	}
	length = join(FragmentNetBufferList, StartOffset, &chain);
	if (length >= 0)
		nb = nbl_derived_add(&d, chain, 0, (ULONG)length);
	if (!nb)
		goto fail_chain;
	if (NdisRetreatNetBufferDataStart(nb, DataOffsetDelta, DataBackFill, NULL) ==
	    NDIS_STATUS_SUCCESS)
		return d.nbl;
	goto fail_list;                       /* the chain is the list's by now */
fail_chain:
	nbl_mdl_free_chain(chain);
fail_list:
	nbl_derived_free(d.nbl, 0);
	return NULL;
}

VOID NdisFreeReassembledNetBufferList(PNET_BUFFER_LIST ReassembledNetBufferList,
				      ULONG DataOffsetDelta, ULONG FreeReassembleFlags)
{
	(void)FreeReassembleFlags;            /* none are defined */
	if (nbl_derived_is(ReassembledNetBufferList, NBL_ORIGIN_REASSEMBLED, __func__))
		nbl_derived_free(ReassembledNetBufferList, DataOffsetDelta);
}
