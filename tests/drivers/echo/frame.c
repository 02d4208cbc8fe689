/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: what comes with our ethertype goes back as a copy. */
#include "echo.h"

static VOID
EchoFreeCopy(PNET_BUFFER_LIST Copy)
{
	PMDL Mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(Copy));
	PVOID Data = MmGetMdlVirtualAddress(Mdl);

	NdisFreeNetBufferList(Copy);
	NdisFreeMdl(Mdl);
	NdisFreeMemory(Data, 0, 0);
}

/* The frame's answer: the same bytes, from us to its sender. NULL: no memory. */
static PNET_BUFFER_LIST
EchoMakeCopy(PECHO_BINDING Binding, PNET_BUFFER NetBuffer, ULONG Length)
{
	PNET_BUFFER_LIST Copy;
	ULONG Copied = 0;
	PUCHAR Data = NdisAllocateMemoryWithTagPriority(EchoProtocolHandle, Length, ECHO_POOL_TAG,
							NormalPoolPriority);
	PMDL Mdl;

	if (Data == NULL)
		return NULL;
	Mdl = NdisAllocateMdl(EchoProtocolHandle, Data, Length);
	if (Mdl == NULL)
		goto FreeData;
	Copy = NdisAllocateNetBufferAndNetBufferList(Binding->NblPool, 0, 0, Mdl, 0, Length);
	if (Copy == NULL)
		goto FreeMdl;
	if (NdisCopyFromNetBufferToNetBuffer(NET_BUFFER_LIST_FIRST_NB(Copy), 0, Length, NetBuffer, 0,
					     &Copied) != NDIS_STATUS_SUCCESS || Copied != Length) {
		EchoFreeCopy(Copy);
		return NULL;
	}
	NdisMoveMemory(Data, Data + 6, 6);
	NdisMoveMemory(Data + 6, Binding->Mac, 6);
	Copy->SourceHandle = Binding->BindingHandle;
	return Copy;

FreeMdl:
	NdisFreeMdl(Mdl);
FreeData:
	NdisFreeMemory(Data, 0, 0);
	return NULL;
}

static BOOLEAN
EchoIsOurs(PNET_BUFFER NetBuffer)
{
	UCHAR Storage[ECHO_HEADER];
	const UCHAR *Header;

	if (NET_BUFFER_DATA_LENGTH(NetBuffer) < ECHO_HEADER)
		return FALSE;
	Header = NdisGetDataBuffer(NetBuffer, ECHO_HEADER, Storage, 1, 0);
	return Header[12] == ECHO_ETHERTYPE >> 8 && Header[13] == (ECHO_ETHERTYPE & 0xff);
}

/* So many echoes are over. */
static VOID
EchoFinished(PECHO_BINDING Binding, ULONG Count)
{
	PNDIS_EVENT Idle = NULL;

	NdisAcquireSpinLock(&Binding->Lock);
	Binding->Sending -= Count;
	if (Binding->Sending == 0) {
		Idle = Binding->Idle;
		Binding->Idle = NULL;
	}
	NdisReleaseSpinLock(&Binding->Lock);
	if (Idle != NULL)
		NdisSetEvent(Idle);
}

/* Whether that many echoes may go; they count as being sent from here on. */
static BOOLEAN
EchoMaySend(PECHO_BINDING Binding, ULONG Count)
{
	BOOLEAN Running;

	NdisAcquireSpinLock(&Binding->Lock);
	Running = Binding->Running;
	if (Running)
		Binding->Sending += Count;
	NdisReleaseSpinLock(&Binding->Lock);
	return Running;
}

_Use_decl_annotations_
VOID
EchoReceiveNetBufferLists(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
			  NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists,
			  ULONG ReceiveFlags)
{
	PECHO_BINDING Binding = ProtocolBindingContext;
	PNET_BUFFER_LIST First = NULL, Last = NULL, Nbl, Copy;
	ULONG Count = 0, SendFlags = 0, ReturnFlags = 0;

	UNREFERENCED_PARAMETER(PortNumber);
	if (NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(ReceiveFlags)) {
		SendFlags = NDIS_SEND_FLAGS_DISPATCH_LEVEL;
		ReturnFlags = NDIS_RETURN_FLAGS_DISPATCH_LEVEL;
	}
	EchoAdd(&EchoCounters.Received, NumberOfNetBufferLists);
	for (Nbl = NetBufferLists; Nbl != NULL; Nbl = NET_BUFFER_LIST_NEXT_NBL(Nbl)) {
		PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(Nbl);

		if (!EchoIsOurs(NetBuffer))
			continue;
		Copy = EchoMakeCopy(Binding, NetBuffer, NET_BUFFER_DATA_LENGTH(NetBuffer));
		if (Copy == NULL) {
			EchoAdd(&EchoCounters.Failed, 1);
			continue;
		}
		if (Last != NULL)
			NET_BUFFER_LIST_NEXT_NBL(Last) = Copy;
		else
			First = Copy;
		Last = Copy;
		Count++;
	}
	/* The copies are ours alone: the frames can go before they do. */
	if (NDIS_TEST_RECEIVE_CAN_PEND(ReceiveFlags))
		NdisReturnNetBufferLists(Binding->BindingHandle, NetBufferLists, ReturnFlags);
	if (Count == 0)
		return;
	if (EchoMaySend(Binding, Count)) {
		NdisSendNetBufferLists(Binding->BindingHandle, First, NDIS_DEFAULT_PORT_NUMBER,
				       SendFlags);
		return;
	}
	EchoAdd(&EchoCounters.Failed, Count);
	while (First != NULL) {
		Copy = First;
		First = NET_BUFFER_LIST_NEXT_NBL(First);
		EchoFreeCopy(Copy);
	}
}

_Use_decl_annotations_
VOID
EchoSendNetBufferListsComplete(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferList,
			       ULONG SendCompleteFlags)
{
	PECHO_BINDING Binding = ProtocolBindingContext;
	ULONG Count = 0;

	UNREFERENCED_PARAMETER(SendCompleteFlags);
	while (NetBufferList != NULL) {
		PNET_BUFFER_LIST Nbl = NetBufferList;

		NetBufferList = NET_BUFFER_LIST_NEXT_NBL(Nbl);
		NET_BUFFER_LIST_NEXT_NBL(Nbl) = NULL;
		EchoAdd(NET_BUFFER_LIST_STATUS(Nbl) == NDIS_STATUS_SUCCESS ? &EchoCounters.Echoed :
									     &EchoCounters.Failed, 1);
		EchoFreeCopy(Nbl);
		Count++;
	}
	EchoFinished(Binding, Count);
}
