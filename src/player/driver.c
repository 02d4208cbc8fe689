/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol driver: its entry, and a binding from bind to unbind. */
#include "player/play.h"

static NDIS_HANDLE driver;

static PROTOCOL_OPEN_ADAPTER_COMPLETE_EX ProtocolOpenAdapterCompleteEx;
_Use_decl_annotations_
static VOID ProtocolOpenAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
	struct play *p = ProtocolBindingContext;

	p->status = Status;
	NdisSetEvent(&p->closed);
}

static PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX ProtocolCloseAdapterCompleteEx;
_Use_decl_annotations_
static VOID ProtocolCloseAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext)
{
	struct play *p = ProtocolBindingContext;

	NdisSetEvent(&p->closed);
}

static NDIS_STATUS open_adapter(struct play *p, NDIS_HANDLE bind_context)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS parameters = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium,
		.MediumArraySize = 1,
		.SelectedMediumIndex = &selected,
	};
	NDIS_STATUS status;

	NdisInitializeEvent(&p->closed);
	status = NdisOpenAdapterEx(driver, p, &parameters, bind_context, &p->binding);
	if (status == NDIS_STATUS_PENDING) {
		NdisWaitEvent(&p->closed, 0);
		status = p->status;
	}
	if (status != NDIS_STATUS_SUCCESS)
		p->binding = NULL;
	return status;
}

static void close_adapter(struct play *p)
{
	play_end(p);
	NdisInitializeEvent(&p->closed);
	if (NdisCloseAdapterEx(p->binding) == NDIS_STATUS_PENDING)
		NdisWaitEvent(&p->closed, 0);
}

static PROTOCOL_BIND_ADAPTER_EX ProtocolBindAdapterEx;
_Use_decl_annotations_
static NDIS_STATUS ProtocolBindAdapterEx(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
					 PNDIS_BIND_PARAMETERS BindParameters)
{
	struct play *p = play_prepared();
	NDIS_STATUS status;

	(void)ProtocolDriverContext;
	if (!p)
		return NDIS_STATUS_NOT_ACCEPTED;
	p->longest = BindParameters->MtuSize + 14 + 4;   /* addresses and type, and a tag */
	p->tags = (BindParameters->MacOptions & NDIS_MAC_OPTION_8021Q_VLAN) != 0;
	status = open_adapter(p, BindContext);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	status = play_begin(p);
	if (status != NDIS_STATUS_SUCCESS)
		close_adapter(p);
	return status;
}

static PROTOCOL_UNBIND_ADAPTER_EX ProtocolUnbindAdapterEx;
_Use_decl_annotations_
static NDIS_STATUS ProtocolUnbindAdapterEx(NDIS_HANDLE UnbindContext,
					   NDIS_HANDLE ProtocolBindingContext)
{
	(void)UnbindContext;
	close_adapter(ProtocolBindingContext);
	return NDIS_STATUS_SUCCESS;
}

static PROTOCOL_NET_PNP_EVENT ProtocolNetPnPEvent;
_Use_decl_annotations_
static NDIS_STATUS ProtocolNetPnPEvent(NDIS_HANDLE ProtocolBindingContext,
				       PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	switch (NetPnPEventNotification->NetPnPEvent.NetEvent) {
	case NetEventPause:
		play_pause(ProtocolBindingContext);
		return NDIS_STATUS_SUCCESS;
	case NetEventRestart:
		play_resume(ProtocolBindingContext);
		return NDIS_STATUS_SUCCESS;
	default:
		return NDIS_STATUS_SUCCESS;
	}
}

static PROTOCOL_OID_REQUEST_COMPLETE ProtocolOidRequestComplete;
_Use_decl_annotations_
static VOID ProtocolOidRequestComplete(NDIS_HANDLE ProtocolBindingContext,
				       PNDIS_OID_REQUEST OidRequest, NDIS_STATUS Status)
{
	(void)ProtocolBindingContext;   /* it asks nothing */
	(void)OidRequest;
	(void)Status;
}

static PROTOCOL_STATUS_EX ProtocolStatusEx;
_Use_decl_annotations_
static VOID ProtocolStatusEx(NDIS_HANDLE ProtocolBindingContext,
			     PNDIS_STATUS_INDICATION StatusIndication)
{
	(void)ProtocolBindingContext;   /* no status changes what is to be sent */
	(void)StatusIndication;
}

/* It sets no packet filter, so nothing should come; what does goes straight back. */
static PROTOCOL_RECEIVE_NET_BUFFER_LISTS ProtocolReceiveNetBufferLists;
_Use_decl_annotations_
static VOID ProtocolReceiveNetBufferLists(NDIS_HANDLE ProtocolBindingContext,
					  PNET_BUFFER_LIST NetBufferLists, NDIS_PORT_NUMBER PortNumber,
					  ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct play *p = ProtocolBindingContext;
	ULONG flags = 0;

	(void)PortNumber;
	(void)NumberOfNetBufferLists;
	if (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES)
		return;
	if (ReceiveFlags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL)
		flags |= NDIS_RETURN_FLAGS_DISPATCH_LEVEL;
	if (ReceiveFlags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE)
		flags |= NDIS_RETURN_FLAGS_SINGLE_QUEUE;
	NdisReturnNetBufferLists(p->binding, NetBufferLists, flags);
}

static DRIVER_UNLOAD player_unload;
static VOID player_unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisDeregisterProtocolDriver(driver);
	driver = NULL;
}

NTSTATUS player_driver_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6,
		.MinorNdisVersion = 30,
		.MajorDriverVersion = 1,
		.BindAdapterHandlerEx = ProtocolBindAdapterEx,
		.UnbindAdapterHandlerEx = ProtocolUnbindAdapterEx,
		.OpenAdapterCompleteHandlerEx = ProtocolOpenAdapterCompleteEx,
		.CloseAdapterCompleteHandlerEx = ProtocolCloseAdapterCompleteEx,
		.NetPnPEventHandler = ProtocolNetPnPEvent,
		.OidRequestCompleteHandler = ProtocolOidRequestComplete,
		.StatusHandlerEx = ProtocolStatusEx,
		.ReceiveNetBufferListsHandler = ProtocolReceiveNetBufferLists,
		.SendNetBufferListsCompleteHandler = play_send_complete,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = player_unload;
	return NdisRegisterProtocolDriver(NULL, &c, &driver);
}
