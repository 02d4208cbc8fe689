/* SPDX-License-Identifier: BSD-2-Clause */
/* hoard: a protocol that keeps every frame of the default receive queue until it is paused,
 * as one that never gets round to its work may. All others it lets go at once. It binds once. */
#include <ndis.h>

static NDIS_HANDLE HoardProtocolHandle;
static NDIS_HANDLE HoardBindingHandle;
static NDIS_EVENT HoardDone;
static NDIS_STATUS HoardDoneStatus;
static NDIS_SPIN_LOCK HoardLock;        /* over the two below */
static PNET_BUFFER_LIST HoardFirst;
static BOOLEAN HoardRunning;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD HoardUnload;
static PROTOCOL_BIND_ADAPTER_EX HoardBindAdapterEx;
static PROTOCOL_UNBIND_ADAPTER_EX HoardUnbindAdapterEx;
static PROTOCOL_OPEN_ADAPTER_COMPLETE_EX HoardOpenAdapterCompleteEx;
static PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX HoardCloseAdapterCompleteEx;
static PROTOCOL_OID_REQUEST_COMPLETE HoardOidRequestComplete;
static PROTOCOL_STATUS_EX HoardStatusEx;
static PROTOCOL_NET_PNP_EVENT HoardNetPnPEvent;
static PROTOCOL_RECEIVE_NET_BUFFER_LISTS HoardReceiveNetBufferLists;
static PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE HoardSendNetBufferListsComplete;

/* ---- calls that may pend ---- */

static VOID
HoardEnd(NDIS_STATUS Status)
{
	HoardDoneStatus = Status;
	NdisSetEvent(&HoardDone);
}

static NDIS_STATUS
HoardWait(NDIS_STATUS Status)
{
	if (Status != NDIS_STATUS_PENDING)
		return Status;
	NdisWaitEvent(&HoardDone, 0);
	return HoardDoneStatus;
}

_Use_decl_annotations_
static VOID
HoardOpenAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	HoardEnd(Status);
}

_Use_decl_annotations_
static VOID
HoardCloseAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	HoardEnd(NDIS_STATUS_SUCCESS);
}

_Use_decl_annotations_
static VOID
HoardOidRequestComplete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest,
			NDIS_STATUS Status)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	UNREFERENCED_PARAMETER(OidRequest);
	HoardEnd(Status);
}

static NDIS_STATUS
HoardSetPacketFilter(ULONG PacketFilter)
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
	NdisResetEvent(&HoardDone);
	return HoardWait(NdisOidRequest(HoardBindingHandle, &Request));
}

/* ---- bind and unbind ---- */

_Use_decl_annotations_
static NDIS_STATUS
HoardBindAdapterEx(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
		   PNDIS_BIND_PARAMETERS BindParameters)
{
	NDIS_OPEN_PARAMETERS Parameters;
	NDIS_MEDIUM Medium = NdisMedium802_3;
	NDIS_STATUS Status;
	UINT Selected;

	UNREFERENCED_PARAMETER(ProtocolDriverContext);
	if (HoardBindingHandle != NULL)
		return NDIS_STATUS_NOT_SUPPORTED;
	NdisZeroMemory(&Parameters, sizeof(Parameters));
	Parameters.Header.Type = NDIS_OBJECT_TYPE_OPEN_PARAMETERS;
	Parameters.Header.Revision = NDIS_OPEN_PARAMETERS_REVISION_1;
	Parameters.Header.Size = NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1;
	Parameters.AdapterName = BindParameters->AdapterName;
	Parameters.MediumArray = &Medium;
	Parameters.MediumArraySize = 1;
	Parameters.SelectedMediumIndex = &Selected;
	NdisResetEvent(&HoardDone);
	Status = HoardWait(NdisOpenAdapterEx(HoardProtocolHandle, &HoardBindingHandle, &Parameters,
					     BindContext, &HoardBindingHandle));
	if (Status != NDIS_STATUS_SUCCESS)
		HoardBindingHandle = NULL;
	else
		Status = HoardSetPacketFilter(NDIS_PACKET_TYPE_PROMISCUOUS);
	return Status;
}

_Use_decl_annotations_
static NDIS_STATUS
HoardUnbindAdapterEx(NDIS_HANDLE UnbindContext, NDIS_HANDLE ProtocolBindingContext)
{
	UNREFERENCED_PARAMETER(UnbindContext);
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	HoardSetPacketFilter(0);
	NdisResetEvent(&HoardDone);
	HoardWait(NdisCloseAdapterEx(HoardBindingHandle));
	HoardBindingHandle = NULL;
	return NDIS_STATUS_SUCCESS;
}

/* ---- pause and restart ---- */

static VOID
HoardPause(VOID)
{
	PNET_BUFFER_LIST Kept;

	NdisAcquireSpinLock(&HoardLock);
	HoardRunning = FALSE;
	Kept = HoardFirst;
	HoardFirst = NULL;
	NdisReleaseSpinLock(&HoardLock);
	if (Kept != NULL)
		NdisReturnNetBufferLists(HoardBindingHandle, Kept, 0);
}

_Use_decl_annotations_
static NDIS_STATUS
HoardNetPnPEvent(NDIS_HANDLE ProtocolBindingContext,
		 PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	switch (NetPnPEventNotification->NetPnPEvent.NetEvent) {
	case NetEventPause:
		HoardPause();
		return NDIS_STATUS_SUCCESS;
	case NetEventRestart:
		NdisAcquireSpinLock(&HoardLock);
		HoardRunning = TRUE;
		NdisReleaseSpinLock(&HoardLock);
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

_Use_decl_annotations_
static VOID
HoardStatusEx(NDIS_HANDLE ProtocolBindingContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	UNREFERENCED_PARAMETER(StatusIndication);
}

/* ---- frames ---- */

_Use_decl_annotations_
static VOID
HoardReceiveNetBufferLists(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
			   NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists,
			   ULONG ReceiveFlags)
{
	PNET_BUFFER_LIST Nbl, Next, Back = NULL;

	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	UNREFERENCED_PARAMETER(PortNumber);
	UNREFERENCED_PARAMETER(NumberOfNetBufferLists);
	if (NDIS_TEST_RECEIVE_CANNOT_PEND(ReceiveFlags))
		return;
	NdisAcquireSpinLock(&HoardLock);
	for (Nbl = NetBufferLists; Nbl != NULL; Nbl = Next) {
		PNET_BUFFER_LIST *To = &Back;

		Next = NET_BUFFER_LIST_NEXT_NBL(Nbl);
		if (HoardRunning && NET_BUFFER_LIST_RECEIVE_QUEUE_ID(Nbl) == NDIS_DEFAULT_RECEIVE_QUEUE_ID)
			To = &HoardFirst;
		NET_BUFFER_LIST_NEXT_NBL(Nbl) = *To;
		*To = Nbl;
	}
	NdisReleaseSpinLock(&HoardLock);
	if (Back != NULL)
		NdisReturnNetBufferLists(HoardBindingHandle, Back,
					 NDIS_TEST_RECEIVE_AT_DISPATCH_LEVEL(ReceiveFlags) ?
						 NDIS_RETURN_FLAGS_DISPATCH_LEVEL : 0);
}

_Use_decl_annotations_
static VOID
HoardSendNetBufferListsComplete(NDIS_HANDLE ProtocolBindingContext,
				PNET_BUFFER_LIST NetBufferList, ULONG SendCompleteFlags)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	UNREFERENCED_PARAMETER(NetBufferList);
	UNREFERENCED_PARAMETER(SendCompleteFlags);
}

/* ---- the driver ---- */

_Use_decl_annotations_
static VOID
HoardUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	NdisDeregisterProtocolDriver(HoardProtocolHandle);
	NdisFreeSpinLock(&HoardLock);
}

_Use_decl_annotations_
NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS Characteristics;
	NDIS_STRING Name = NDIS_STRING_CONST("HOARD");

	UNREFERENCED_PARAMETER(RegistryPath);
	DriverObject->DriverUnload = HoardUnload;
	NdisAllocateSpinLock(&HoardLock);
	NdisInitializeEvent(&HoardDone);
	NdisZeroMemory(&Characteristics, sizeof(Characteristics));
	Characteristics.Header.Type = NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS;
	Characteristics.Header.Revision = NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.Header.Size = NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.MajorNdisVersion = 6;
	Characteristics.MinorNdisVersion = 30;
	Characteristics.Name = Name;
	Characteristics.BindAdapterHandlerEx = HoardBindAdapterEx;
	Characteristics.UnbindAdapterHandlerEx = HoardUnbindAdapterEx;
	Characteristics.OpenAdapterCompleteHandlerEx = HoardOpenAdapterCompleteEx;
	Characteristics.CloseAdapterCompleteHandlerEx = HoardCloseAdapterCompleteEx;
	Characteristics.OidRequestCompleteHandler = HoardOidRequestComplete;
	Characteristics.StatusHandlerEx = HoardStatusEx;
	Characteristics.NetPnPEventHandler = HoardNetPnPEvent;
	Characteristics.ReceiveNetBufferListsHandler = HoardReceiveNetBufferLists;
	Characteristics.SendNetBufferListsCompleteHandler = HoardSendNetBufferListsComplete;
	return NdisRegisterProtocolDriver(NULL, &Characteristics, &HoardProtocolHandle);
}
