/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MDLs that NDIS makes, and the bytes in MDL chains of any shape: MDLs without a
 * byte, data that begin or end anywhere. All memory is non-paged here, and its
 * physical address is its virtual one.
 */
#include "ndis/nbl_pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void nbl_mdl_describe(PMDL mdl, void *address, ULONG length)
{
	PPFN_NUMBER pages = MmGetMdlPfnArray(mdl);
	ULONG n = ADDRESS_AND_SIZE_TO_SPAN_PAGES(address, length);

	MmInitializeMdl(mdl, address, length);
	mdl->Process = NULL;
	mdl->MdlFlags = MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA;
	mdl->MappedSystemVa = address;
	for (ULONG i = 0; i < n; i++)
		pages[i] = ((ULONG_PTR)address >> PAGE_SHIFT) + i;
}

PMDL NdisAllocateMdl(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, UINT Length)
{
	PMDL mdl = malloc(MmSizeOfMdl(VirtualAddress, Length));

	(void)NdisHandle;
	if (mdl)
		nbl_mdl_describe(mdl, VirtualAddress, Length);
	return mdl;
}

VOID NdisFreeMdl(PMDL Mdl)
{
	free(Mdl);
}

PMDL nbl_mdl_with_data(ULONG length)
{
	/* The data follow the page numbers, of which there is one more than if they
	 * began on a page. */
	size_t head = ALIGN_UP_BY(sizeof(MDL) + (BYTES_TO_PAGES((size_t)length) + 1) *
				  sizeof(PFN_NUMBER), MEMORY_ALLOCATION_ALIGNMENT);
	PMDL mdl = malloc(head + length);

	if (!mdl)
		return NULL;
	nbl_mdl_describe(mdl, (char *)mdl + head, length);
	mdl->MdlFlags = (CSHORT)(mdl->MdlFlags | NBL_MDL_OURS);
	return mdl;
}

void nbl_mdl_free(PMDL mdl)
{
	free(mdl);
}

/* ---- places in a chain ---- */

ULONG mdl_place_take(struct mdl_place *at, ULONG max, UCHAR **bytes)
{
	ULONG n;

	mdl_place_settle(at);
	if (!at->mdl || at->offset >= at->mdl->ByteCount)
		return 0;
	n = at->mdl->ByteCount - (ULONG)at->offset;
	if (n > max)
		n = max;
	*bytes = mdl_bytes(at->mdl) + at->offset;
	at->offset += n;
	return n;
}

ULONG mdl_place_read(struct mdl_place at, void *to, ULONG n)
{
	ULONG done = 0, part;
	UCHAR *bytes;

	while (done < n && (part = mdl_place_take(&at, n - done, &bytes))) {
		memcpy((char *)to + done, bytes, part);
		done += part;
	}
	return done;
}

/* ---- chains over somebody else's bytes ---- */

static PMDL partial(void *address, ULONG length)
{
	PMDL mdl = malloc(MmSizeOfMdl(address, length));

	if (!mdl)
		return NULL;
	nbl_mdl_describe(mdl, address, length);
	mdl->MdlFlags = (CSHORT)(mdl->MdlFlags | MDL_PARTIAL | NBL_MDL_OURS);
	return mdl;
}

int nbl_mdl_share(struct mdl_place at, ULONG length, PMDL **tail)
{
	while (length) {
		UCHAR *bytes;
		ULONG n = mdl_place_take(&at, length, &bytes);
		PMDL mdl;

		if (!n)
			return -ENODATA;
		mdl = partial(bytes, n);
		if (!mdl)
			return -ENOMEM;
		**tail = mdl;
		*tail = &mdl->Next;
		length -= n;
	}
	return 0;
}

unsigned nbl_mdl_free_chain(PMDL first)
{
	unsigned foreign = 0;

	while (first) {
		PMDL next = first->Next;

		if (first->MdlFlags & NBL_MDL_OURS)
			nbl_mdl_free(first);
		else
			foreign++;
		first = next;
	}
	return foreign;
}
