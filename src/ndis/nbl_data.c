/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data of a NET_BUFFER: its start moved back and forth (I42), and looked at (I43).
 * Always kept: CurrentMdl and CurrentMdlOffset name byte DataOffset of the chain (I44).
 */
#include "ndis/nbl_pool.h"

#include "base/log.h"

VOID NdisAdjustNetBufferCurrentMdl(PNET_BUFFER NetBuffer)
{
	struct mdl_place at = { NetBuffer->MdlChain, NetBuffer->DataOffset };

	mdl_place_settle(&at);
	NetBuffer->CurrentMdl = at.mdl;
	NetBuffer->CurrentMdlOffset = (ULONG)at.offset;
}

/* ---- retreat ---- */

static PMDL retreat_mdl(ULONG size, ULONG needed, NET_BUFFER_ALLOCATE_MDL_HANDLER allocate)
{
	PMDL mdl = allocate ? allocate(&size) : nbl_mdl_with_data(size);

	if (!mdl)
		return NULL;
	if (mdl->ByteCount < needed) {
		log_error("NetAllocateMdl gave an MDL of %u bytes, %u were wanted; it is not used",
			  mdl->ByteCount, size);
		return NULL;
	}
	mdl->MdlFlags = (CSHORT)(mdl->MdlFlags | NBL_MDL_RETREATED);
	return mdl;
}

NDIS_STATUS NdisRetreatNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta,
					  ULONG DataBackFill,
					  NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler)
{
	ULONG needed;
	PMDL mdl;

	if (unlikely(DataOffsetDelta > MAXULONG - NetBuffer->DataLength))
		return NDIS_STATUS_FAILURE;
	if (likely(DataOffsetDelta <= NetBuffer->DataOffset)) {
		NetBuffer->DataOffset -= DataOffsetDelta;
		NetBuffer->DataLength += DataOffsetDelta;
		if (likely(DataOffsetDelta <= NetBuffer->CurrentMdlOffset))
			NetBuffer->CurrentMdlOffset -= DataOffsetDelta;
		else
			NdisAdjustNetBufferCurrentMdl(NetBuffer);
		return NDIS_STATUS_SUCCESS;
	}
	/* What the chain has in front of the data is used first: data are contiguous. */
	needed = DataOffsetDelta - NetBuffer->DataOffset;
	if (unlikely(DataBackFill > MAXULONG - needed))
		return NDIS_STATUS_FAILURE;
	mdl = retreat_mdl(needed + DataBackFill, needed, AllocateMdlHandler);
	if (!mdl)
		return NDIS_STATUS_RESOURCES;
	mdl->Next = NetBuffer->MdlChain;
	NetBuffer->MdlChain = mdl;
	NetBuffer->DataOffset = mdl->ByteCount - needed;
	NetBuffer->DataLength += DataOffsetDelta;
	NdisAdjustNetBufferCurrentMdl(NetBuffer);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisRetreatNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList,
					      ULONG DataOffsetDelta, ULONG DataBackFill,
					      NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler,
					      NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
	for (PNET_BUFFER nb = NetBufferList->FirstNetBuffer; nb; nb = nb->Next) {
		NDIS_STATUS status = NdisRetreatNetBufferDataStart(nb, DataOffsetDelta,
								   DataBackFill,
								   AllocateMdlHandler);

		if (status == NDIS_STATUS_SUCCESS)
			continue;
		/* All or none. */
		for (PNET_BUFFER back = NetBufferList->FirstNetBuffer; back != nb;
		     back = back->Next)
			NdisAdvanceNetBufferDataStart(back, DataOffsetDelta, TRUE, FreeMdlHandler);
		return status;
	}
	return NDIS_STATUS_SUCCESS;
}

/* ---- advance ---- */

/* Takes MDLs off the front that a retreat put there and that have no data any more. */
static void drop_unused(PNET_BUFFER nb, NET_BUFFER_FREE_MDL_HANDLER handler)
{
	PMDL mdl;

	while ((mdl = nb->MdlChain) && (mdl->MdlFlags & NBL_MDL_RETREATED) &&
	       mdl->ByteCount <= nb->DataOffset) {
		bool ours = mdl->MdlFlags & NBL_MDL_OURS;

		if (!ours && !handler) {
			log_error("an advance cannot free MDL %p: it came from a NetAllocateMdl, "
				  "and no NetFreeMdl is given", (void *)mdl);
			break;
		}
		nb->MdlChain = mdl->Next;
		nb->DataOffset -= mdl->ByteCount;
		mdl->Next = NULL;
		mdl->MdlFlags = (CSHORT)(mdl->MdlFlags & ~NBL_MDL_RETREATED);
		if (ours)
			nbl_mdl_free(mdl);
		else
			handler(mdl);
	}
	NdisAdjustNetBufferCurrentMdl(nb);
}

VOID NdisAdvanceNetBufferDataStart(PNET_BUFFER NetBuffer, ULONG DataOffsetDelta, BOOLEAN FreeMdl,
				   NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
	struct mdl_place at;

	if (unlikely(DataOffsetDelta > NetBuffer->DataLength)) {
		log_error("%s: DataOffsetDelta is %u, the NET_BUFFER has %u bytes; left alone",
			  __func__, DataOffsetDelta, NetBuffer->DataLength);
		return;
	}
	at = nbl_data_place(NetBuffer, DataOffsetDelta);
	NetBuffer->DataOffset += DataOffsetDelta;
	NetBuffer->DataLength -= DataOffsetDelta;
	NetBuffer->CurrentMdl = at.mdl;
	NetBuffer->CurrentMdlOffset = (ULONG)at.offset;
	if (FreeMdl)
		drop_unused(NetBuffer, FreeMdlHandler);
}

VOID NdisAdvanceNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
				       BOOLEAN FreeMdl, NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler)
{
	for (PNET_BUFFER nb = NetBufferList->FirstNetBuffer; nb; nb = nb->Next)
		NdisAdvanceNetBufferDataStart(nb, DataOffsetDelta, FreeMdl, FreeMdlHandler);
}

/* ---- look ---- */

PVOID NdisGetDataBuffer(PNET_BUFFER NetBuffer, ULONG BytesNeeded, PVOID Storage,
			ULONG AlignMultiple, ULONG AlignOffset)
{
	struct mdl_place at = nbl_data_place(NetBuffer, 0);
	UCHAR *bytes;

	if (BytesNeeded > NetBuffer->DataLength || !at.mdl)
		return NULL;
	if (unlikely(AlignMultiple & (AlignMultiple - 1))) {
		log_error("%s: AlignMultiple is %u, no power of two", __func__, AlignMultiple);
		return NULL;
	}
	if (at.offset + BytesNeeded <= at.mdl->ByteCount) {
		bytes = mdl_bytes(at.mdl) + at.offset;
		if (AlignMultiple <= 1 ||
		    !(((ULONG_PTR)bytes - AlignOffset) & (AlignMultiple - 1)))
			return bytes;
	}
	if (!Storage || mdl_place_read(at, Storage, BytesNeeded) != BytesNeeded)
		return NULL;
	return Storage;
}
