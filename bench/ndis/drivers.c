/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers.h"

#include <stdio.h>
#include <stdlib.h>

struct null_stack null_stack;

static NDIS_HANDLE miniport_driver, filter_driver, protocol_driver;

/* ---- the miniport: completes a send at once, takes a return and forgets it ---- */

static MINIPORT_SEND_NET_BUFFER_LISTS miniport_send;
static VOID miniport_send(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
	(void)context, (void)port, (void)flags;
	NdisMSendNetBufferListsComplete(null_stack.miniport, list,
					NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

static MINIPORT_RETURN_NET_BUFFER_LISTS miniport_return;
static VOID miniport_return(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context, (void)list, (void)flags;
}

static MINIPORT_CANCEL_SEND miniport_cancel;
static VOID miniport_cancel(NDIS_HANDLE context, PVOID id)
{
	(void)context, (void)id;
}

static MINIPORT_OID_REQUEST miniport_oid;
static NDIS_STATUS miniport_oid(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
	(void)context, (void)request;
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_INITIALIZE miniport_initialize;
static NDIS_STATUS miniport_initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
				       PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES r = { .RegistrationAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 },
		.MiniportAdapterContext = &null_stack, .InterfaceType = NdisInterfaceInternal } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES g = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3, .MtuSize = 1500, .MacAddressLength = 6,
		.MediaConnectState = MediaConnectStateConnected,
		.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK,
		.SupportedPacketFilters = NDIS_PACKET_TYPE_DIRECTED, .CurrentMacAddress = { 2 } } };

	(void)context, (void)parameters;
	null_stack.miniport = handle;
	if (NdisMSetMiniportAttributes(handle, &r) != NDIS_STATUS_SUCCESS)
		return NDIS_STATUS_FAILURE;
	return NdisMSetMiniportAttributes(handle, &g);
}

static MINIPORT_HALT miniport_halt;
static VOID miniport_halt(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
	(void)context, (void)action;
}

static MINIPORT_PAUSE miniport_pause;
static NDIS_STATUS miniport_pause(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
	(void)context, (void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_RESTART miniport_restart;
static NDIS_STATUS miniport_restart(NDIS_HANDLE context, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
	(void)context, (void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_SHUTDOWN miniport_shutdown;
static VOID miniport_shutdown(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
	(void)context, (void)action;
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY miniport_event;
static VOID miniport_event(NDIS_HANDLE context, PNET_DEVICE_PNP_EVENT event)
{
	(void)context, (void)event;
}

static MINIPORT_UNLOAD miniport_unload;
static VOID miniport_unload(PDRIVER_OBJECT object)
{
	(void)object;
	NdisMDeregisterMiniportDriver(miniport_driver);
}

static NTSTATUS miniport_entry(PDRIVER_OBJECT object, PUNICODE_STRING registry)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
			    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.InitializeHandlerEx = miniport_initialize, .HaltHandlerEx = miniport_halt,
		.UnloadHandler = miniport_unload, .PauseHandler = miniport_pause,
		.RestartHandler = miniport_restart, .OidRequestHandler = miniport_oid,
		.SendNetBufferListsHandler = miniport_send,
		.ReturnNetBufferListsHandler = miniport_return, .CancelSendHandler = miniport_cancel,
		.DevicePnPEventNotifyHandler = miniport_event, .ShutdownHandlerEx = miniport_shutdown,
		.CancelOidRequestHandler = miniport_cancel,
	};

	return NdisMRegisterMiniportDriver(object, registry, NULL, &c, &miniport_driver);
}

/* ---- the filter: passes everything on ---- */

static VOID filter_send(NDIS_HANDLE filter, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
	NdisFSendNetBufferLists(filter, list, port, flags);
}

static VOID filter_complete(NDIS_HANDLE filter, PNET_BUFFER_LIST list, ULONG flags)
{
	NdisFSendNetBufferListsComplete(filter, list, flags);
}

static VOID filter_receive(NDIS_HANDLE filter, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			   ULONG count, ULONG flags)
{
	NdisFIndicateReceiveNetBufferLists(filter, list, port, count, flags);
}

static VOID filter_return(NDIS_HANDLE filter, PNET_BUFFER_LIST list, ULONG flags)
{
	NdisFReturnNetBufferLists(filter, list, flags);
}

static VOID filter_status(NDIS_HANDLE filter, PNDIS_STATUS_INDICATION status)
{
	NdisFIndicateStatus(filter, status);
}

static NDIS_STATUS filter_attach(NDIS_HANDLE filter, NDIS_HANDLE context,
				 PNDIS_FILTER_ATTACH_PARAMETERS parameters)
{
	NDIS_FILTER_ATTRIBUTES a = { .Header = { NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES,
						 NDIS_FILTER_ATTRIBUTES_REVISION_1,
						 NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1 } };

	(void)context, (void)parameters;
	return NdisFSetAttributes(filter, filter, &a);
}

static VOID filter_detach(NDIS_HANDLE filter)
{
	(void)filter;
}

static NDIS_STATUS filter_restart(NDIS_HANDLE filter, PNDIS_FILTER_RESTART_PARAMETERS parameters)
{
	(void)filter, (void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS filter_pause(NDIS_HANDLE filter, PNDIS_FILTER_PAUSE_PARAMETERS parameters)
{
	(void)filter, (void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static VOID filter_unload(PDRIVER_OBJECT object)
{
	(void)object;
	NdisFDeregisterFilterDriver(filter_driver);
}

static NTSTATUS filter_entry(PDRIVER_OBJECT object, PUNICODE_STRING registry)
{
	NDIS_FILTER_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS,
			    NDIS_FILTER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.AttachHandler = filter_attach, .DetachHandler = filter_detach,
		.RestartHandler = filter_restart, .PauseHandler = filter_pause,
		.SendNetBufferListsHandler = filter_send,
		.SendNetBufferListsCompleteHandler = filter_complete,
		.ReceiveNetBufferListsHandler = filter_receive,
		.ReturnNetBufferListsHandler = filter_return, .StatusHandler = filter_status,
	};

	(void)registry;
	object->DriverUnload = filter_unload;
	return NdisFRegisterFilterDriver(object, NULL, &c, &filter_driver);
}

/* ---- the protocol: gives receives back at once ---- */

static VOID protocol_receive(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			     ULONG count, ULONG flags)
{
	(void)context, (void)port, (void)count, (void)flags;
	NdisReturnNetBufferLists(null_stack.binding, list, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
}

static VOID protocol_complete(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context, (void)list, (void)flags;
}

static NDIS_STATUS protocol_bind(NDIS_HANDLE driver, NDIS_HANDLE bind, PNDIS_BIND_PARAMETERS parameters)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS o = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium, .MediumArraySize = 1, .SelectedMediumIndex = &selected };

	(void)driver, (void)parameters;
	return NdisOpenAdapterEx(protocol_driver, &null_stack, &o, bind, &null_stack.binding);
}

static NDIS_STATUS protocol_unbind(NDIS_HANDLE unbind, NDIS_HANDLE context)
{
	(void)unbind, (void)context;
	NdisCloseAdapterEx(null_stack.binding);
	return NDIS_STATUS_SUCCESS;
}

static VOID protocol_open_complete(NDIS_HANDLE context, NDIS_STATUS status)
{
	(void)context, (void)status;
}

static VOID protocol_close_complete(NDIS_HANDLE context)
{
	(void)context;
}

static NDIS_STATUS protocol_event(NDIS_HANDLE context, PNET_PNP_EVENT_NOTIFICATION event)
{
	(void)context, (void)event;
	return NDIS_STATUS_SUCCESS;
}

static VOID protocol_oid_complete(NDIS_HANDLE context, PNDIS_OID_REQUEST request, NDIS_STATUS status)
{
	(void)context, (void)request, (void)status;
}

static VOID protocol_status(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
	(void)context, (void)indication;
}

static VOID protocol_unload(PDRIVER_OBJECT object)
{
	(void)object;
	NdisDeregisterProtocolDriver(protocol_driver);
}

static NTSTATUS protocol_entry(PDRIVER_OBJECT object, PUNICODE_STRING registry)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.BindAdapterHandlerEx = protocol_bind, .UnbindAdapterHandlerEx = protocol_unbind,
		.OpenAdapterCompleteHandlerEx = protocol_open_complete,
		.CloseAdapterCompleteHandlerEx = protocol_close_complete,
		.NetPnPEventHandler = protocol_event,
		.OidRequestCompleteHandler = protocol_oid_complete, .StatusHandlerEx = protocol_status,
		.ReceiveNetBufferListsHandler = protocol_receive,
		.SendNetBufferListsCompleteHandler = protocol_complete,
	};

	(void)registry;
	object->DriverUnload = protocol_unload;
	return NdisRegisterProtocolDriver(NULL, &c, &protocol_driver);
}

/* ---- the stack ---- */

void null_stack_open(unsigned filters)
{
	struct error err = { "" };
	char name[24];
	int rc;

	rc = ndis_image_load(&null_stack.protocol_image, "protocol", protocol_entry, NULL, &err);
	if (!rc)
		rc = ndis_image_load(&null_stack.filter_image, "filter", filter_entry, NULL, &err);
	if (!rc)
		rc = ndis_image_load(&null_stack.miniport_image, "miniport", miniport_entry, NULL, &err);
	if (!rc)
		rc = ndis_adapter_add(&null_stack.adapter, null_stack.miniport_image, "null", NULL, &err);
	for (unsigned i = 0; !rc && i < filters; i++) {
		snprintf(name, sizeof(name), "filter%u", i);
		rc = ndis_filter_attach(null_stack.adapter, null_stack.filter_image, name, NULL, &err);
	}
	if (!rc)
		return;
	fprintf(stderr, "ndis_bench: %s\n", err.text);
	exit(1);
}

void null_stack_close(void)
{
	ndis_adapter_remove(null_stack.adapter);
	ndis_image_unload(null_stack.miniport_image);
	ndis_image_unload(null_stack.filter_image);
	ndis_image_unload(null_stack.protocol_image);
}
