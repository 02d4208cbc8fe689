/* SPDX-License-Identifier: BSD-2-Clause */
/* Time stamps of frames, made by the NIC or by its driver (part of ndis.h). NDIS 6.82
 * has a slot of NetBufferListInfo for them; these lists have the slots of 6.30, and
 * the stamp lies in NDIS's own space. */
#ifndef OVMQ_NDIS_NBLTIMESTAMP_H
#define OVMQ_NDIS_NBLTIMESTAMP_H

#include <ndis/nbl.h>

EXTERN_C_START

typedef struct _NET_BUFFER_LIST_TIMESTAMP {
	ULONG64 Timestamp;      /* in ticks of the clock that the miniport has announced */
} NET_BUFFER_LIST_TIMESTAMP, *PNET_BUFFER_LIST_TIMESTAMP;

FORCEINLINE VOID NdisSetNblTimestampInfo(NET_BUFFER_LIST *Nbl,
					 const NET_BUFFER_LIST_TIMESTAMP *NblTimestamp)
{
	Nbl->NdisReserved[1] = (PVOID)(ULONG_PTR)NblTimestamp->Timestamp;
}

/* 0: the frame has none. */
FORCEINLINE VOID NdisGetNblTimestampInfo(const NET_BUFFER_LIST *Nbl,
					 NET_BUFFER_LIST_TIMESTAMP *NblTimestamp)
{
	NblTimestamp->Timestamp = (ULONG_PTR)Nbl->NdisReserved[1];
}

FORCEINLINE VOID NdisCopyNblTimestampInfo(NET_BUFFER_LIST *NblDest, const NET_BUFFER_LIST *NblSrc)
{
	NblDest->NdisReserved[1] = NblSrc->NdisReserved[1];
}

EXTERN_C_END

#endif
