/* SPDX-License-Identifier: BSD-2-Clause */
/* Clones of OID requests: what a filter passes on instead of the original (I25). */
#include "ndis/object.h"

#include <stdlib.h>
#include <string.h>

NDIS_STATUS NdisAllocateCloneOidRequest(NDIS_HANDLE SourceHandle, PNDIS_OID_REQUEST OidRequest,
					UINT PoolTag, PNDIS_OID_REQUEST *ClonedOidRequest)
{
	PNDIS_OID_REQUEST clone = NdisAllocateMemoryWithTagPriority(SourceHandle, sizeof(*clone), PoolTag,
								    NormalPoolPriority);

	NDIS_CALLED(SourceHandle);
	*ClonedOidRequest = clone;
	if (!clone)
		return NDIS_STATUS_RESOURCES;
	*clone = *OidRequest;
	/* Nothing of the way of the original: neither NDIS's nor the miniport's part, nor
	 * what its own source keeps in it. */
	memset(clone->NdisReserved, 0, sizeof(clone->NdisReserved));
	memset(clone->MiniportReserved, 0, sizeof(clone->MiniportReserved));
	memset(clone->SourceReserved, 0, sizeof(clone->SourceReserved));
	return NDIS_STATUS_SUCCESS;
}

VOID NdisFreeCloneOidRequest(NDIS_HANDLE SourceHandle, PNDIS_OID_REQUEST Request)
{
	NDIS_CALLED(SourceHandle);
	NdisFreeMemory(Request, sizeof(*Request), 0);
}
