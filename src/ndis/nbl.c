/* SPDX-License-Identifier: BSD-2-Clause */
/* NBL pools. */
#include "ndis/object.h"

#include <stdlib.h>
#include <string.h>

/* The first word is read through every NBL's pool handle by OvmqNblOwner(). */
struct nbl_pool {
	const void *owner;
};

NDIS_HANDLE OvmqAllocateAdoptedPool(NDIS_HANDLE NdisHandle, const VOID *Owner)
{
	struct nbl_pool *pool = calloc(1, sizeof(*pool));

	(void)NdisHandle;
	if (pool)
		pool->owner = Owner;
	return pool;
}

VOID NdisFreeNetBufferListPool(NDIS_HANDLE PoolHandle)
{
	free(PoolHandle);
}

VOID OvmqAdoptNetBufferList(NDIS_HANDLE Pool, PNET_BUFFER_LIST Nbl, PNET_BUFFER Nb, PMDL Mdl,
			    PVOID VirtualAddress, ULONG Length)
{
	memset(Nbl, 0, sizeof(*Nbl));
	memset(Nb, 0, sizeof(*Nb));
	memset(Mdl, 0, sizeof(*Mdl));
	Mdl->Size = sizeof(*Mdl);
	Mdl->MdlFlags = MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA;
	Mdl->MappedSystemVa = VirtualAddress;
	Mdl->StartVa = (PVOID)((ULONG_PTR)VirtualAddress & ~(ULONG_PTR)(PAGE_SIZE - 1));
	Mdl->ByteOffset = (ULONG)((ULONG_PTR)VirtualAddress & (PAGE_SIZE - 1));
	Mdl->ByteCount = Length;
	Nb->NdisPoolHandle = Pool;
	NET_BUFFER_FIRST_MDL(Nb) = Mdl;
	NET_BUFFER_CURRENT_MDL(Nb) = Mdl;
	Nbl->NdisPoolHandle = Pool;
	NET_BUFFER_LIST_FIRST_NB(Nbl) = Nb;
}
