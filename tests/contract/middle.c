/* SPDX-License-Identifier: BSD-2-Clause */
#include "middle.h"

#include <string.h>

struct middle middle;

static WCHAR name_text[sizeof(MIDDLE_NAME)];
static NDIS_STRING name;

/* ---- the upper edge ---- */

static MINIPORT_INITIALIZE initialize;
_Use_decl_annotations_
static NDIS_STATUS initialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
			      PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES r = { .RegistrationAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 },
		.MiniportAdapterContext = &middle } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES g = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3, .PhysicalMediumType = NdisPhysicalMedium802_3,
		.MtuSize = 1500, .MediaConnectState = MediaConnectStateConnected,
		.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK, .SupportedPacketFilters = 0xffffffff,
		.MacAddressLength = 6, .CurrentMacAddress = { 2, 1 } } };

	(void)MiniportDriverContext;
	trace_step("middle above", "initializes");
	middle.told = MiniportInitParameters->IMDeviceInstanceContext;
	middle.asked = NdisIMGetDeviceContext(NdisMiniportHandle);
	middle.luid = MiniportInitParameters->NetLuid;
	middle.index = MiniportInitParameters->IfIndex;
	if (middle.refuse || NdisMSetMiniportAttributes(NdisMiniportHandle, &r) != NDIS_STATUS_SUCCESS)
		return NDIS_STATUS_FAILURE;
	middle.above = NdisMiniportHandle;
	return NdisMSetMiniportAttributes(NdisMiniportHandle, &g);
}

static MINIPORT_HALT halt;
_Use_decl_annotations_
static VOID halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
	(void)MiniportAdapterContext;
	(void)HaltAction;
	trace_step("middle above", "halts");
	middle.above = NULL;
}

static MINIPORT_PAUSE pause_adapter;
_Use_decl_annotations_
static NDIS_STATUS pause_adapter(NDIS_HANDLE MiniportAdapterContext,
				 PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
	(void)MiniportAdapterContext;
	(void)PauseParameters;
	trace_step("middle above", "pauses");
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_RESTART restart;
_Use_decl_annotations_
static NDIS_STATUS restart(NDIS_HANDLE MiniportAdapterContext,
			   PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
	(void)MiniportAdapterContext;
	(void)RestartParameters;
	trace_step("middle above", "restarts");
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_OID_REQUEST oid_request;
_Use_decl_annotations_
static NDIS_STATUS oid_request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	(void)MiniportAdapterContext;
	return OidRequest->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_PACKET_FILTER
		       ? NDIS_STATUS_SUCCESS : NDIS_STATUS_NOT_SUPPORTED;
}

static MINIPORT_CANCEL_SEND cancel_send;
_Use_decl_annotations_
static VOID cancel_send(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
	(void)MiniportAdapterContext;
	NdisCancelSendNetBufferLists(middle.below, CancelId);
}

static MINIPORT_CANCEL_OID_REQUEST cancel_oid;
_Use_decl_annotations_
static VOID cancel_oid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
	(void)MiniportAdapterContext;
	(void)RequestId;
}

static MINIPORT_SHUTDOWN shut_down;
_Use_decl_annotations_
static VOID shut_down(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
	(void)MiniportAdapterContext;
	(void)ShutdownAction;
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY pnp_notify;
_Use_decl_annotations_
static VOID pnp_notify(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	(void)MiniportAdapterContext;
	(void)NetDevicePnPEvent;
}

/* ---- the lower edge ---- */

static PROTOCOL_BIND_ADAPTER_EX bind_adapter;
_Use_decl_annotations_
static NDIS_STATUS bind_adapter(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
				PNDIS_BIND_PARAMETERS BindParameters)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS o = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium, .MediumArraySize = 1, .SelectedMediumIndex = &selected,
	};
	NDIS_STATUS status;

	(void)ProtocolDriverContext;
	middle.bind = BindParameters->Header;
	middle.knows_power = BindParameters->PowerManagementCapabilities != NULL;
	middle.bound = BindParameters->BoundIfNetluid;
	middle.lowest = BindParameters->LowestIfNetluid;
	status = NdisOpenAdapterEx(middle.protocol, &middle, &o, BindContext, &middle.below);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	trace_step("middle below", "binds");
	status = NdisIMInitializeDeviceInstanceEx(middle.miniport, &name, &middle.told);
	if (middle.twice)
		middle.again = NdisIMInitializeDeviceInstanceEx(middle.miniport, &name, NULL);
	if (middle.cancel)
		middle.cancelled = NdisIMCancelInitializeDeviceInstance(middle.miniport, &name);
	return status;
}

static PROTOCOL_UNBIND_ADAPTER_EX unbind_adapter;
_Use_decl_annotations_
static NDIS_STATUS unbind_adapter(NDIS_HANDLE UnbindContext, NDIS_HANDLE ProtocolBindingContext)
{
	(void)UnbindContext;
	(void)ProtocolBindingContext;
	trace_step("middle below", "unbinds");
	if (middle.above)
		middle.gone = NdisIMDeInitializeDeviceInstance(middle.above);
	NdisCloseAdapterEx(middle.below);
	middle.below = NULL;
	return NDIS_STATUS_SUCCESS;
}

static PROTOCOL_NET_PNP_EVENT net_pnp_event;
_Use_decl_annotations_
static NDIS_STATUS net_pnp_event(NDIS_HANDLE ProtocolBindingContext,
				 PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	(void)ProtocolBindingContext;
	if (NetPnPEventNotification->NetPnPEvent.NetEvent == NetEventPause)
		trace_step("middle below", "pauses");
	if (NetPnPEventNotification->NetPnPEvent.NetEvent == NetEventRestart) {
		const NDIS_PROTOCOL_RESTART_PARAMETERS *p = NetPnPEventNotification->NetPnPEvent.Buffer;

		trace_step("middle below", "restarts");
		middle.restarted = p->BoundIfNetluid;
	}
	return NDIS_STATUS_SUCCESS;
}

static PROTOCOL_OPEN_ADAPTER_COMPLETE_EX open_complete;
_Use_decl_annotations_
static VOID open_complete(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
	(void)ProtocolBindingContext;
	(void)Status;
}

static PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX close_complete;
_Use_decl_annotations_
static VOID close_complete(NDIS_HANDLE ProtocolBindingContext)
{
	(void)ProtocolBindingContext;
}

static PROTOCOL_OID_REQUEST_COMPLETE oid_complete;
_Use_decl_annotations_
static VOID oid_complete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest,
			 NDIS_STATUS Status)
{
	(void)ProtocolBindingContext;
	(void)OidRequest;
	(void)Status;
}

static PROTOCOL_STATUS_EX status_ex;
_Use_decl_annotations_
static VOID status_ex(NDIS_HANDLE ProtocolBindingContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	(void)ProtocolBindingContext;
	(void)StatusIndication;
}

/* ---- loading ---- */

static MINIPORT_UNLOAD unload;
_Use_decl_annotations_
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisDeregisterProtocolDriver(middle.protocol);
	NdisMDeregisterMiniportDriver(middle.miniport);
}

static NDIS_STATUS register_miniport(PDRIVER_OBJECT object, PUNICODE_STRING path)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
			    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30, .Flags = NDIS_INTERMEDIATE_DRIVER,
		.InitializeHandlerEx = initialize, .HaltHandlerEx = halt, .UnloadHandler = unload,
		.PauseHandler = pause_adapter, .RestartHandler = restart,
		.OidRequestHandler = oid_request, .SendNetBufferListsHandler = middle_send,
		.ReturnNetBufferListsHandler = middle_return, .CancelSendHandler = cancel_send,
		.DevicePnPEventNotifyHandler = pnp_notify, .ShutdownHandlerEx = shut_down,
		.CancelOidRequestHandler = cancel_oid,
	};

	return NdisMRegisterMiniportDriver(object, path, NULL, &c, &middle.miniport);
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = middle.minor,
		.BindAdapterHandlerEx = bind_adapter, .UnbindAdapterHandlerEx = unbind_adapter,
		.OpenAdapterCompleteHandlerEx = open_complete,
		.CloseAdapterCompleteHandlerEx = close_complete, .NetPnPEventHandler = net_pnp_event,
		.OidRequestCompleteHandler = oid_complete, .StatusHandlerEx = status_ex,
		.ReceiveNetBufferListsHandler = middle_receive,
		.SendNetBufferListsCompleteHandler = middle_send_complete,
	};
	NDIS_STATUS status = register_miniport(DriverObject, RegistryPath);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	status = NdisRegisterProtocolDriver(NULL, &c, &middle.protocol);
	if (status != NDIS_STATUS_SUCCESS) {
		NdisMDeregisterMiniportDriver(middle.miniport);
		return status;
	}
	NdisIMAssociateMiniport(middle.miniport, middle.protocol);
	return NDIS_STATUS_SUCCESS;
}

void middle_load(void)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.PoolTag = 0x6c64644d, .fAllocateNetBuffer = TRUE,
	};
	struct error err = { "" };

	for (unsigned i = 0; i < sizeof(MIDDLE_NAME); i++)
		name_text[i] = (WCHAR)MIDDLE_NAME[i];
	RtlInitUnicodeString(&name, name_text);
	middle.pool = NdisAllocateNetBufferListPool(NULL, &p);
	if (ndis_image_load(&middle.image, "middle", entry, NULL, &err))
		fail_msg("%s", err.text);
}

void middle_unload(void)
{
	ndis_image_unload(middle.image);
	NdisFreeNetBufferListPool(middle.pool);
	memset(&middle, 0, sizeof(middle));
}
