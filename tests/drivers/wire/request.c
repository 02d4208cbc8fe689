/* SPDX-License-Identifier: BSD-2-Clause */
/* OID requests; all of them end where they begin. */
#include "wire.h"

NDIS_OID WireSupportedOids[] = {
	OID_GEN_SUPPORTED_LIST,
	OID_GEN_HARDWARE_STATUS,
	OID_GEN_TRANSMIT_BUFFER_SPACE,
	OID_GEN_RECEIVE_BUFFER_SPACE,
	OID_GEN_TRANSMIT_BLOCK_SIZE,
	OID_GEN_RECEIVE_BLOCK_SIZE,
	OID_GEN_VENDOR_ID,
	OID_GEN_VENDOR_DESCRIPTION,
	OID_GEN_VENDOR_DRIVER_VERSION,
	OID_GEN_CURRENT_PACKET_FILTER,
	OID_GEN_CURRENT_LOOKAHEAD,
	OID_GEN_MAXIMUM_TOTAL_SIZE,
	OID_GEN_XMIT_OK,
	OID_GEN_RCV_OK,
	OID_802_3_PERMANENT_ADDRESS,
	OID_802_3_CURRENT_ADDRESS,
	OID_802_3_MULTICAST_LIST,
	OID_802_3_MAXIMUM_LIST_SIZE,
};
const ULONG WireSupportedOidsSize = sizeof(WireSupportedOids);

/* ---- queries ---- */

/* The ULONG that answers the OID; FALSE: it is none of those. */
static BOOLEAN
WireQueryNumber(PWIRE_ADAPTER Adapter, NDIS_OID Oid, PULONG Number)
{
	switch (Oid) {
	case OID_GEN_HARDWARE_STATUS:
		*Number = NdisHardwareStatusReady;
		return TRUE;
	case OID_GEN_TRANSMIT_BUFFER_SPACE:
	case OID_GEN_RECEIVE_BUFFER_SPACE:
		*Number = WIRE_MAX_FRAME * WIRE_MAX_QUEUED;
		return TRUE;
	case OID_GEN_TRANSMIT_BLOCK_SIZE:
	case OID_GEN_RECEIVE_BLOCK_SIZE:
	case OID_GEN_MAXIMUM_TOTAL_SIZE:
		*Number = WIRE_MAX_FRAME;
		return TRUE;
	case OID_GEN_VENDOR_ID:
		*Number = 0x00ffffff;   /* no IEEE number */
		return TRUE;
	case OID_GEN_VENDOR_DRIVER_VERSION:
		*Number = 0x00010000;
		return TRUE;
	case OID_GEN_CURRENT_PACKET_FILTER:
		*Number = Adapter->PacketFilter;
		return TRUE;
	case OID_GEN_CURRENT_LOOKAHEAD:
		*Number = Adapter->Lookahead;
		return TRUE;
	case OID_GEN_XMIT_OK:
		*Number = (ULONG)Adapter->Statistics.FramesSent;
		return TRUE;
	case OID_GEN_RCV_OK:
		*Number = (ULONG)Adapter->Statistics.FramesReceived;
		return TRUE;
	case OID_802_3_MAXIMUM_LIST_SIZE:
		*Number = WIRE_MAX_MULTICAST;
		return TRUE;
	default:
		return FALSE;
	}
}

static NDIS_STATUS
WireQuery(PWIRE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
	static const CHAR Description[] = "OpenVMQ wire";
	const VOID *Answer;
	ULONG Number, Size;

	switch (Request->DATA.QUERY_INFORMATION.Oid) {
	case OID_GEN_SUPPORTED_LIST:
		Answer = WireSupportedOids;
		Size = WireSupportedOidsSize;
		break;
	case OID_GEN_VENDOR_DESCRIPTION:
		Answer = Description;
		Size = sizeof(Description);
		break;
	case OID_802_3_PERMANENT_ADDRESS:
		Answer = Adapter->PermanentMac;
		Size = sizeof(Adapter->PermanentMac);
		break;
	case OID_802_3_CURRENT_ADDRESS:
		Answer = Adapter->CurrentMac;
		Size = sizeof(Adapter->CurrentMac);
		break;
	case OID_802_3_MULTICAST_LIST:
		Answer = Adapter->Multicast;
		Size = Adapter->MulticastCount * 6;
		break;
	default:
		if (!WireQueryNumber(Adapter, Request->DATA.QUERY_INFORMATION.Oid, &Number))
			return NDIS_STATUS_NOT_SUPPORTED;
		Answer = &Number;
		Size = sizeof(Number);
	}
	if (Request->DATA.QUERY_INFORMATION.InformationBufferLength < Size) {
		Request->DATA.QUERY_INFORMATION.BytesNeeded = Size;
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	NdisMoveMemory(Request->DATA.QUERY_INFORMATION.InformationBuffer, Answer, Size);
	Request->DATA.QUERY_INFORMATION.BytesWritten = Size;
	return NDIS_STATUS_SUCCESS;
}

/* ---- sets ---- */

static NDIS_STATUS
WireSetMulticast(PWIRE_ADAPTER Adapter, const VOID *List, ULONG Length)
{
	if (Length % 6 != 0)
		return NDIS_STATUS_INVALID_LENGTH;
	if (Length > sizeof(Adapter->Multicast))
		return NDIS_STATUS_MULTICAST_FULL;
	NdisMoveMemory(Adapter->Multicast, List, Length);
	Adapter->MulticastCount = Length / 6;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS
WireSetNumber(PWIRE_ADAPTER Adapter, NDIS_OID Oid, ULONG Number)
{
	if (Oid == OID_GEN_CURRENT_LOOKAHEAD) {
		if (Number > WIRE_MTU)
			return NDIS_STATUS_INVALID_DATA;
		Adapter->Lookahead = Number;
		return NDIS_STATUS_SUCCESS;
	}
	if (Number & ~(ULONG)WIRE_PACKET_FILTERS)
		return NDIS_STATUS_NOT_SUPPORTED;
	Adapter->PacketFilter = Number;
	return NDIS_STATUS_SUCCESS;
}

/* Under the adapter's lock. */
static NDIS_STATUS
WireSet(PWIRE_ADAPTER Adapter, PNDIS_OID_REQUEST Request)
{
	const VOID *Buffer = Request->DATA.SET_INFORMATION.InformationBuffer;
	ULONG Length = Request->DATA.SET_INFORMATION.InformationBufferLength, Number;
	NDIS_STATUS Status;

	switch (Request->DATA.SET_INFORMATION.Oid) {
	case OID_GEN_CURRENT_PACKET_FILTER:
	case OID_GEN_CURRENT_LOOKAHEAD:
		if (Length < sizeof(Number)) {
			Request->DATA.SET_INFORMATION.BytesNeeded = sizeof(Number);
			return NDIS_STATUS_INVALID_LENGTH;
		}
		NdisRetrieveUlong(&Number, Buffer);
		Status = WireSetNumber(Adapter, Request->DATA.SET_INFORMATION.Oid, Number);
		Length = sizeof(Number);
		break;
	case OID_802_3_MULTICAST_LIST:
		Status = WireSetMulticast(Adapter, Buffer, Length);
		break;
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
	if (Status == NDIS_STATUS_SUCCESS)
		Request->DATA.SET_INFORMATION.BytesRead = Length;
	return Status;
}

_Use_decl_annotations_
NDIS_STATUS
WireOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	PWIRE_ADAPTER Adapter = MiniportAdapterContext;
	NDIS_STATUS Status;

	NdisAcquireSpinLock(&Adapter->Lock);
	switch (OidRequest->RequestType) {
	case NdisRequestQueryInformation:
	case NdisRequestQueryStatistics:
		Status = WireQuery(Adapter, OidRequest);
		break;
	case NdisRequestSetInformation:
		Status = WireSet(Adapter, OidRequest);
		break;
	default:
		Status = NDIS_STATUS_NOT_SUPPORTED;
	}
	NdisReleaseSpinLock(&Adapter->Lock);
	return Status;
}

/* None pends. */
_Use_decl_annotations_
VOID
WireCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
	UNREFERENCED_PARAMETER(MiniportAdapterContext);
	UNREFERENCED_PARAMETER(RequestId);
}
