/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting and walking chains of NBLs and NBs. Any IRQL; a chain may be NULL
 * unless it says otherwise. */
#ifndef OVMQ_NDIS_NBLCHAIN_H
#define OVMQ_NDIS_NBLCHAIN_H

#include <ndis/nbl.h>

EXTERN_C_START

FORCEINLINE ULONG NdisNumNblsInNblChain(const NET_BUFFER_LIST *NblChain)
{
	ULONG n = 0;

	for (; NblChain; NblChain = NblChain->Next)
		n++;
	return n;
}

FORCEINLINE ULONG NdisNumNbsInNbChain(const NET_BUFFER *NbChain)
{
	ULONG n = 0;

	for (; NbChain; NbChain = NbChain->Next)
		n++;
	return n;
}

FORCEINLINE ULONG NdisNumNbsInNblChain(const NET_BUFFER_LIST *NblChain)
{
	ULONG n = 0;

	for (; NblChain; NblChain = NblChain->Next)
		n += NdisNumNbsInNbChain(NblChain->FirstNetBuffer);
	return n;
}

/* Bytes of data, without what lies in front of them. */
FORCEINLINE ULONG64 NdisNumDataBytesInNbChain(const NET_BUFFER *NbChain)
{
	ULONG64 n = 0;

	for (; NbChain; NbChain = NbChain->Next)
		n += NbChain->DataLength;
	return n;
}

FORCEINLINE ULONG64 NdisNumDataBytesInNblChain(const NET_BUFFER_LIST *NblChain)
{
	ULONG64 n = 0;

	for (; NblChain; NblChain = NblChain->Next)
		n += NdisNumDataBytesInNbChain(NblChain->FirstNetBuffer);
	return n;
}

/* The last of a chain that is not empty, and how many there are. */
FORCEINLINE NET_BUFFER_LIST *NdisLastNblInNblChainWithCount(NET_BUFFER_LIST *NblChain,
							    SIZE_T *NblCount)
{
	SIZE_T n = 1;

	for (; NblChain->Next; NblChain = NblChain->Next)
		n++;
	*NblCount = n;
	return NblChain;
}

FORCEINLINE NET_BUFFER_LIST *NdisLastNblInNblChain(NET_BUFFER_LIST *NblChain)
{
	while (NblChain->Next)
		NblChain = NblChain->Next;
	return NblChain;
}

FORCEINLINE NET_BUFFER *NdisLastNbInNbChainWithCount(NET_BUFFER *NbChain, SIZE_T *NbCount)
{
	SIZE_T n = 1;

	for (; NbChain->Next; NbChain = NbChain->Next)
		n++;
	*NbCount = n;
	return NbChain;
}

FORCEINLINE NET_BUFFER *NdisLastNbInNbChain(NET_BUFFER *NbChain)
{
	while (NbChain->Next)
		NbChain = NbChain->Next;
	return NbChain;
}

FORCEINLINE VOID NdisSetStatusInNblChain(NET_BUFFER_LIST *NblChain, NDIS_STATUS NdisStatus)
{
	for (; NblChain; NblChain = NblChain->Next)
		NblChain->Status = NdisStatus;
}

EXTERN_C_END

#endif
