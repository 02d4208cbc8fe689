/* SPDX-License-Identifier: BSD-2-Clause */
/* A binding from bind to unbind. */
#include "echo.h"

/* ---- calls that may pend ---- */

static VOID
EchoDone(PECHO_BINDING Binding, NDIS_STATUS Status)
{
	Binding->DoneStatus = Status;
	NdisSetEvent(&Binding->Done);
}

/* The status of a call that returned 'Status', perhaps PENDING. */
static NDIS_STATUS
EchoWait(PECHO_BINDING Binding, NDIS_STATUS Status)
{
	if (Status != NDIS_STATUS_PENDING)
		return Status;
	NdisWaitEvent(&Binding->Done, 0);
	return Binding->DoneStatus;
}

_Use_decl_annotations_
VOID
EchoOpenAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
	EchoDone(ProtocolBindingContext, Status);
}

_Use_decl_annotations_
VOID
EchoCloseAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext)
{
	EchoDone(ProtocolBindingContext, NDIS_STATUS_SUCCESS);
}

_Use_decl_annotations_
VOID
EchoOidRequestComplete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest,
		       NDIS_STATUS Status)
{
	UNREFERENCED_PARAMETER(OidRequest);
	EchoDone(ProtocolBindingContext, Status);
}

static NDIS_STATUS
EchoSetPacketFilter(PECHO_BINDING Binding, ULONG PacketFilter)
{
	NDIS_OID_REQUEST Request;

	NdisZeroMemory(&Request, sizeof(Request));
	Request.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
	Request.Header.Revision = NDIS_OID_REQUEST_REVISION_1;
	Request.Header.Size = NDIS_SIZEOF_OID_REQUEST_REVISION_1;
	Request.RequestType = NdisRequestSetInformation;
	Request.DATA.SET_INFORMATION.Oid = OID_GEN_CURRENT_PACKET_FILTER;
	Request.DATA.SET_INFORMATION.InformationBuffer = &PacketFilter;
	Request.DATA.SET_INFORMATION.InformationBufferLength = sizeof(PacketFilter);
	NdisResetEvent(&Binding->Done);
	return EchoWait(Binding, NdisOidRequest(Binding->BindingHandle, &Request));
}

/* ---- bind ---- */

static NDIS_STATUS
EchoOpen(PECHO_BINDING Binding, NDIS_HANDLE BindContext, PNDIS_BIND_PARAMETERS BindParameters)
{
	NDIS_OPEN_PARAMETERS Parameters;
	NDIS_MEDIUM Medium = NdisMedium802_3;
	NET_FRAME_TYPE FrameType = RtlUshortByteSwap(ECHO_ETHERTYPE);
	UINT Selected;

	NdisZeroMemory(&Parameters, sizeof(Parameters));
	Parameters.Header.Type = NDIS_OBJECT_TYPE_OPEN_PARAMETERS;
	Parameters.Header.Revision = NDIS_OPEN_PARAMETERS_REVISION_1;
	Parameters.Header.Size = NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1;
	Parameters.AdapterName = BindParameters->AdapterName;
	Parameters.MediumArray = &Medium;
	Parameters.MediumArraySize = 1;
	Parameters.SelectedMediumIndex = &Selected;
	Parameters.FrameTypeArray = &FrameType;
	Parameters.FrameTypeArraySize = 1;
	NdisResetEvent(&Binding->Done);
	return EchoWait(Binding, NdisOpenAdapterEx(EchoProtocolHandle, Binding, &Parameters,
						   BindContext, &Binding->BindingHandle));
}

static NDIS_STATUS
EchoAllocatePool(PECHO_BINDING Binding)
{
	NET_BUFFER_LIST_POOL_PARAMETERS Parameters;

	NdisZeroMemory(&Parameters, sizeof(Parameters));
	Parameters.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	Parameters.Header.Revision = NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
	Parameters.Header.Size = NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1;
	Parameters.ProtocolId = NDIS_PROTOCOL_ID_DEFAULT;
	Parameters.fAllocateNetBuffer = TRUE;
	Parameters.PoolTag = ECHO_POOL_TAG;
	Binding->NblPool = NdisAllocateNetBufferListPool(NULL, &Parameters);
	return Binding->NblPool != NULL ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

static VOID
EchoClose(PECHO_BINDING Binding)
{
	NdisResetEvent(&Binding->Done);
	EchoWait(Binding, NdisCloseAdapterEx(Binding->BindingHandle));
}

static VOID
EchoFree(PECHO_BINDING Binding)
{
	if (Binding->NblPool != NULL)
		NdisFreeNetBufferListPool(Binding->NblPool);
	NdisFreeSpinLock(&Binding->Lock);
	NdisFreeMemory(Binding, 0, 0);
}

_Use_decl_annotations_
NDIS_STATUS
EchoBindAdapterEx(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
		  PNDIS_BIND_PARAMETERS BindParameters)
{
	PECHO_BINDING Binding;
	NDIS_STATUS Status;

	UNREFERENCED_PARAMETER(ProtocolDriverContext);
	if (BindParameters->MediaType != NdisMedium802_3)
		return NDIS_STATUS_UNSUPPORTED_MEDIA;
	Binding = NdisAllocateMemoryWithTagPriority(EchoProtocolHandle, sizeof(*Binding),
						    ECHO_POOL_TAG, NormalPoolPriority);
	if (Binding == NULL)
		return NDIS_STATUS_RESOURCES;
	NdisZeroMemory(Binding, sizeof(*Binding));
	NdisAllocateSpinLock(&Binding->Lock);
	NdisInitializeEvent(&Binding->Done);
	NdisMoveMemory(Binding->Mac, BindParameters->CurrentMacAddress, 6);
	Status = EchoAllocatePool(Binding);
	if (Status != NDIS_STATUS_SUCCESS)
		goto Free;
	Status = EchoOpen(Binding, BindContext, BindParameters);
	if (Status != NDIS_STATUS_SUCCESS)
		goto Free;
	Status = EchoSetPacketFilter(Binding, NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST);
	if (Status != NDIS_STATUS_SUCCESS)
		goto Close;
	NdisAcquireSpinLock(&EchoLock);
	InsertTailList(&EchoBindings, &Binding->ListEntry);
	NdisReleaseSpinLock(&EchoLock);
	EchoAdd(&EchoCounters.Bindings, 1);
	return NDIS_STATUS_SUCCESS;

Close:
	EchoClose(Binding);
Free:
	EchoFree(Binding);
	return Status;
}

_Use_decl_annotations_
NDIS_STATUS
EchoUnbindAdapterEx(NDIS_HANDLE UnbindContext, NDIS_HANDLE ProtocolBindingContext)
{
	PECHO_BINDING Binding = ProtocolBindingContext;

	UNREFERENCED_PARAMETER(UnbindContext);
	NdisAcquireSpinLock(&EchoLock);
	RemoveEntryList(&Binding->ListEntry);
	NdisReleaseSpinLock(&EchoLock);
	EchoAdd(&EchoCounters.Bindings, (ULONG64)-1);
	EchoSetPacketFilter(Binding, 0);
	EchoClose(Binding);
	EchoFree(Binding);
	return NDIS_STATUS_SUCCESS;
}

/* ---- pause and restart ---- */

static VOID
EchoPause(PECHO_BINDING Binding)
{
	NDIS_EVENT Idle;
	BOOLEAN Wait;

	NdisInitializeEvent(&Idle);
	NdisAcquireSpinLock(&Binding->Lock);
	Binding->Running = FALSE;
	Wait = Binding->Sending != 0;
	Binding->Idle = Wait ? &Idle : NULL;
	NdisReleaseSpinLock(&Binding->Lock);
	if (Wait)
		NdisWaitEvent(&Idle, 0);
}

_Use_decl_annotations_
NDIS_STATUS
EchoNetPnPEvent(NDIS_HANDLE ProtocolBindingContext,
		PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	PECHO_BINDING Binding = ProtocolBindingContext;

	switch (NetPnPEventNotification->NetPnPEvent.NetEvent) {
	case NetEventPause:
		EchoPause(Binding);
		return NDIS_STATUS_SUCCESS;
	case NetEventRestart:
		NdisAcquireSpinLock(&Binding->Lock);
		Binding->Running = TRUE;
		NdisReleaseSpinLock(&Binding->Lock);
		return NDIS_STATUS_SUCCESS;
	case NetEventQueryPower:
	case NetEventQueryRemoveDevice:
	case NetEventCancelRemoveDevice:
	case NetEventSetPower:
	case NetEventBindsComplete:
	case NetEventReconfigure:
		return NDIS_STATUS_SUCCESS;
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
}
