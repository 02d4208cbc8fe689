/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames: a send is copied for the other end, whose DPC indicates it. */
#include "wire.h"

/* ---- frames of our own ---- */

VOID
WireFreeFrames(PNET_BUFFER_LIST NetBufferLists)
{
	while (NetBufferLists != NULL) {
		PNET_BUFFER_LIST Next = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists);
		PMDL Mdl = NET_BUFFER_FIRST_MDL(NET_BUFFER_LIST_FIRST_NB(NetBufferLists));
		PVOID Data = MmGetMdlVirtualAddress(Mdl);

		NET_BUFFER_LIST_NEXT_NBL(NetBufferLists) = NULL;
		NdisFreeNetBufferList(NetBufferLists);
		NdisFreeMdl(Mdl);
		NdisFreeMemory(Data, 0, 0);
		NetBufferLists = Next;
	}
}

/* The frame as a list of 'To', the adapter that will indicate it, with the tag that stands
 * beside it. */
static PNET_BUFFER_LIST
WireCopyFrame(PWIRE_ADAPTER To, PNET_BUFFER NetBuffer, PVOID Tag)
{
	ULONG Length = NET_BUFFER_DATA_LENGTH(NetBuffer), Copied = 0;
	PNET_BUFFER_LIST Copy = NULL;
	PMDL Mdl;
	PVOID Data = NdisAllocateMemoryWithTagPriority(To->MiniportHandle, Length, WIRE_POOL_TAG,
						       NormalPoolPriority);

	if (Data == NULL)
		return NULL;
	Mdl = NdisAllocateMdl(To->MiniportHandle, Data, Length);
	if (Mdl == NULL)
		goto FreeData;
	Copy = NdisAllocateNetBufferAndNetBufferList(To->NblPool, 0, 0, Mdl, 0, Length);
	if (Copy == NULL)
		goto FreeMdl;
	Copy->SourceHandle = To->MiniportHandle;
	NET_BUFFER_LIST_INFO(Copy, Ieee8021QNetBufferListInfo) = Tag;
	if (NdisCopyFromNetBufferToNetBuffer(NET_BUFFER_LIST_FIRST_NB(Copy), 0, Length, NetBuffer, 0,
					     &Copied) == NDIS_STATUS_SUCCESS && Copied == Length)
		return Copy;
	NdisFreeNetBufferList(Copy);
	Copy = NULL;
FreeMdl:
	NdisFreeMdl(Mdl);
FreeData:
	NdisFreeMemory(Data, 0, 0);
	return Copy;
}

/* ---- sending ---- */

static BOOLEAN
WireIsOnMulticastList(const WIRE_ADAPTER *Adapter, const UCHAR *Address)
{
	for (ULONG i = 0; i < Adapter->MulticastCount; i++)
		if (NdisEqualMemory(Adapter->Multicast[i], Address, 6))
			return TRUE;
	return FALSE;
}

/* Whether a frame to this address is one that the adapter wants. Its lock is held. */
static BOOLEAN
WireWants(const WIRE_ADAPTER *Adapter, const UCHAR *Address)
{
	ULONG Filter = Adapter->PacketFilter;

	if (Filter & NDIS_PACKET_TYPE_PROMISCUOUS)
		return TRUE;
	if (ETH_IS_BROADCAST(Address))
		return (Filter & NDIS_PACKET_TYPE_BROADCAST) != 0;
	if (!ETH_IS_MULTICAST(Address))
		return (Filter & NDIS_PACKET_TYPE_DIRECTED) != 0 &&
		       NdisEqualMemory(Adapter->CurrentMac, Address, 6);
	if (Filter & NDIS_PACKET_TYPE_ALL_MULTICAST)
		return TRUE;
	return (Filter & NDIS_PACKET_TYPE_MULTICAST) != 0 && WireIsOnMulticastList(Adapter, Address);
}

/* The frame to 'To', if it takes it. FALSE: it could not, for want of room or memory.
 * At DISPATCH_LEVEL, under WireLock, so that 'To' stays. */
static BOOLEAN
WireDeliver(PWIRE_ADAPTER To, PNET_BUFFER NetBuffer, PVOID Tag)
{
	UCHAR Storage[6];
	const UCHAR *Address = NdisGetDataBuffer(NetBuffer, 6, Storage, 1, 0);
	PNET_BUFFER_LIST Copy = NULL;
	BOOLEAN Wanted, Taken;

	NdisDprAcquireSpinLock(&To->Lock);
	Wanted = To->State == WireRunning && WireWants(To, Address);
	NdisDprReleaseSpinLock(&To->Lock);
	if (!Wanted)
		return TRUE;
	Copy = WireCopyFrame(To, NetBuffer, Tag);
	if (Copy == NULL)
		return FALSE;
	NdisDprAcquireSpinLock(&To->Lock);
	Taken = To->State == WireRunning && To->Queued < WIRE_MAX_QUEUED;
	if (Taken) {
		if (To->LastQueued != NULL)
			NET_BUFFER_LIST_NEXT_NBL(To->LastQueued) = Copy;
		else
			To->FirstQueued = Copy;
		To->LastQueued = Copy;
		To->Queued++;
	}
	NdisDprReleaseSpinLock(&To->Lock);
	if (!Taken)
		WireFreeFrames(Copy);
	return Taken;
}

static BOOLEAN
WireArePeers(const WIRE_ADAPTER *Adapter, const WIRE_ADAPTER *Other)
{
	return Other != Adapter && Other->WireNameLength == Adapter->WireNameLength &&
	       NdisEqualMemory(Other->WireName, Adapter->WireName, Adapter->WireNameLength);
}

/* One list's frames to every adapter on the wire. At DISPATCH_LEVEL. */
static VOID
WireSendList(PWIRE_ADAPTER Adapter, PNET_BUFFER_LIST NetBufferList, PWIRE_STATISTICS Sent)
{
	PNET_BUFFER NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferList);
	PVOID Tag = NET_BUFFER_LIST_INFO(NetBufferList, Ieee8021QNetBufferListInfo);

	NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_SUCCESS;
	for (; NetBuffer != NULL; NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
		ULONG Length = NET_BUFFER_DATA_LENGTH(NetBuffer);
		BOOLEAN Arrived = FALSE;
		PLIST_ENTRY Entry;

		if (Length < WIRE_HEADER || Length > WIRE_MAX_FRAME + WIRE_TAG) {
			NET_BUFFER_LIST_STATUS(NetBufferList) = NDIS_STATUS_INVALID_LENGTH;
			Sent->Dropped++;
			continue;
		}
		NdisDprAcquireSpinLock(&WireLock);
		for (Entry = WireAdapters.Flink; Entry != &WireAdapters; Entry = Entry->Flink) {
			PWIRE_ADAPTER Other = CONTAINING_RECORD(Entry, WIRE_ADAPTER, ListEntry);

			if (WireArePeers(Adapter, Other) && WireDeliver(Other, NetBuffer, Tag)) {
				KeInsertQueueDpc(&Other->ReceiveDpc, NULL, NULL);
				Arrived = TRUE;
			}
		}
		NdisDprReleaseSpinLock(&WireLock);
		Sent->FramesSent++;
		Sent->BytesSent += Length;
		Sent->Dropped += !Arrived;
	}
}

static ULONG
WireSetStatus(PNET_BUFFER_LIST NetBufferLists, NDIS_STATUS Status)
{
	ULONG Count = 0;

	for (; NetBufferLists != NULL; NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists)) {
		NET_BUFFER_LIST_STATUS(NetBufferLists) = Status;
		Count++;
	}
	return Count;
}

_Use_decl_annotations_
VOID
WireSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
		       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	PWIRE_ADAPTER Adapter = MiniportAdapterContext;
	ULONG Count = WireSetStatus(NetBufferList, NDIS_STATUS_PAUSED), CompleteFlags = 0;
	PNET_BUFFER_LIST Nbl;
	WIRE_STATISTICS Sent;
	BOOLEAN Running;
	KIRQL OldIrql;

	UNREFERENCED_PARAMETER(PortNumber);
	NdisZeroMemory(&Sent, sizeof(Sent));
	if (NDIS_TEST_SEND_AT_DISPATCH_LEVEL(SendFlags))
		CompleteFlags = NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL;
	KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
	NdisDprAcquireSpinLock(&Adapter->Lock);
	Running = Adapter->State == WireRunning;
	if (Running)
		Adapter->Outstanding += Count;
	NdisDprReleaseSpinLock(&Adapter->Lock);
	for (Nbl = NetBufferList; Running && Nbl != NULL; Nbl = NET_BUFFER_LIST_NEXT_NBL(Nbl))
		WireSendList(Adapter, Nbl, &Sent);
	NdisDprAcquireSpinLock(&Adapter->Lock);
	Adapter->Statistics.FramesSent += Sent.FramesSent;
	Adapter->Statistics.BytesSent += Sent.BytesSent;
	Adapter->Statistics.Dropped += Sent.Dropped;
	NdisDprReleaseSpinLock(&Adapter->Lock);
	KeLowerIrql(OldIrql);

	NdisMSendNetBufferListsComplete(Adapter->MiniportHandle, NetBufferList, CompleteFlags);
	if (Running)
		WireFinished(Adapter, Count);
}

/* A send is over when WireSendNetBufferLists returns: there is none to cancel. */
_Use_decl_annotations_
VOID
WireCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
	UNREFERENCED_PARAMETER(MiniportAdapterContext);
	UNREFERENCED_PARAMETER(CancelId);
}

/* ---- receiving ---- */

_Use_decl_annotations_
VOID
WireReceiveDpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	PWIRE_ADAPTER Adapter = DeferredContext;
	PNET_BUFFER_LIST First, Nbl;
	ULONG Count = 0;

	UNREFERENCED_PARAMETER(Dpc);
	UNREFERENCED_PARAMETER(SystemArgument1);
	UNREFERENCED_PARAMETER(SystemArgument2);
	NdisDprAcquireSpinLock(&Adapter->Lock);
	First = Adapter->FirstQueued;
	for (Nbl = First; Nbl != NULL; Nbl = NET_BUFFER_LIST_NEXT_NBL(Nbl)) {
		Count++;
		Adapter->Statistics.BytesReceived +=
			NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(Nbl));
	}
	Adapter->Statistics.FramesReceived += Count;
	Adapter->FirstQueued = Adapter->LastQueued = NULL;
	Adapter->Queued = 0;
	Adapter->Outstanding += Count;
	NdisDprReleaseSpinLock(&Adapter->Lock);
	if (Count != 0)
		NdisMIndicateReceiveNetBufferLists(Adapter->MiniportHandle, First,
						   NDIS_DEFAULT_PORT_NUMBER, Count,
						   NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
}

_Use_decl_annotations_
VOID
WireReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
			 ULONG ReturnFlags)
{
	PWIRE_ADAPTER Adapter = MiniportAdapterContext;
	ULONG Count = WireSetStatus(NetBufferLists, NDIS_STATUS_SUCCESS);

	UNREFERENCED_PARAMETER(ReturnFlags);
	WireFreeFrames(NetBufferLists);
	WireFinished(Adapter, Count);
}
