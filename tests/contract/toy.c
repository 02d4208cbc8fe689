/* SPDX-License-Identifier: BSD-2-Clause */
/* The miniport, and what all three drivers share. */
#include "toy.h"

#include <stdio.h>
#include <string.h>

struct toy toy;

/* ---- requests ---- */

static void note(struct toy_adapter *a, PNDIS_OID_REQUEST r)
{
	ULONG length = r->DATA.QUERY_INFORMATION.InformationBufferLength;

	a->n_requests++;
	a->last = (struct toy_request){ r->DATA.Oid, r->RequestType, length, { 0 } };
	if (length && r->RequestType == NdisRequestSetInformation)
		memcpy(a->last.bytes, r->DATA.SET_INFORMATION.InformationBuffer,
		       length < sizeof(a->last.bytes) ? length : sizeof(a->last.bytes));
}

static MINIPORT_OID_REQUEST oid_request;
_Use_decl_annotations_
static NDIS_STATUS oid_request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	struct toy_adapter *a = MiniportAdapterContext;

	atomic_fetch_add(&a->calls, 1);
	note(a, OidRequest);
	if (toy.in_oid)
		toy.in_oid(a, OidRequest->DATA.Oid);
	if (OidRequest->DATA.Oid == OID_PNP_SET_POWER)
		atomic_store(&toy.power, *(int *)OidRequest->DATA.SET_INFORMATION.InformationBuffer);
	if (toy.complete_and_return) {
		NdisMOidRequestComplete(a->handle, OidRequest, NDIS_STATUS_SUCCESS);
		return NDIS_STATUS_SUCCESS;
	}
	if (!toy.keep_requests)
		return toy.oid_status;
	atomic_store(&a->kept, OidRequest);
	return NDIS_STATUS_PENDING;
}

void toy_complete(struct toy_adapter *a, NDIS_STATUS status)
{
	PNDIS_OID_REQUEST r = atomic_exchange(&a->kept, NULL);

	if (r)
		NdisMOidRequestComplete(a->handle, r, status);
}

static MINIPORT_CANCEL_OID_REQUEST cancel_oid;
_Use_decl_annotations_
static VOID cancel_oid(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
	struct toy_adapter *a = MiniportAdapterContext;
	PNDIS_OID_REQUEST r = atomic_load(&a->kept);

	atomic_fetch_add(&a->calls, 1);
	atomic_fetch_add(&toy.cancels, 1);
	if (toy.obey_cancel && r && r->RequestId == RequestId)
		toy_complete(a, NDIS_STATUS_REQUEST_ABORTED);
}

/* ---- direct and synchronous ones ---- */

static MINIPORT_DIRECT_OID_REQUEST direct;
_Use_decl_annotations_
static NDIS_STATUS direct(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	struct toy_adapter *a = MiniportAdapterContext;

	note(a, OidRequest);
	if (!toy.keep_requests)
		return toy.oid_status;
	atomic_store(&a->kept, OidRequest);
	return NDIS_STATUS_PENDING;
}

void toy_complete_direct(struct toy_adapter *a, NDIS_STATUS status)
{
	PNDIS_OID_REQUEST r = atomic_exchange(&a->kept, NULL);

	if (r)
		NdisMDirectOidRequestComplete(a->handle, r, status);
}

static MINIPORT_CANCEL_DIRECT_OID_REQUEST cancel_direct;
_Use_decl_annotations_
static VOID cancel_direct(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
	struct toy_adapter *a = MiniportAdapterContext;
	PNDIS_OID_REQUEST r = atomic_load(&a->kept);

	atomic_fetch_add(&toy.cancels, 1);
	if (toy.obey_cancel && r && r->RequestId == RequestId)
		toy_complete_direct(a, NDIS_STATUS_REQUEST_ABORTED);
}

static MINIPORT_SYNCHRONOUS_OID_REQUEST synchronous;
_Use_decl_annotations_
static NDIS_STATUS synchronous(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	note(MiniportAdapterContext, OidRequest);
	return toy.oid_status;
}

/* ---- data: nothing ---- */

static MINIPORT_SEND_NET_BUFFER_LISTS send_lists;
_Use_decl_annotations_
static VOID send_lists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
		       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct toy_adapter *a = MiniportAdapterContext;

	(void)PortNumber;
	(void)SendFlags;
	atomic_fetch_add(&a->calls, 1);
	NdisMSendNetBufferListsComplete(a->handle, NetBufferList, 0);
}

static MINIPORT_RETURN_NET_BUFFER_LISTS return_lists;
_Use_decl_annotations_
static VOID return_lists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
			 ULONG ReturnFlags)
{
	(void)NetBufferLists;
	(void)ReturnFlags;
	atomic_fetch_add(&((struct toy_adapter *)MiniportAdapterContext)->calls, 1);
}

static MINIPORT_CANCEL_SEND cancel_send;
_Use_decl_annotations_
static VOID cancel_send(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
	(void)CancelId;
	atomic_fetch_add(&((struct toy_adapter *)MiniportAdapterContext)->calls, 1);
}

/* ---- life ---- */

static NDIS_STATUS set_registration(struct toy_adapter *a, UCHAR revision)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES r = { .RegistrationAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, revision,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 },
		.MiniportAdapterContext = a, .AttributeFlags = toy.attribute_flags,
		.CheckForHangTimeInSeconds = 2, .InterfaceType = NdisInterfacePci } };

	return NdisMSetMiniportAttributes(a->handle, &r);
}

static NDIS_STATUS set_general(struct toy_adapter *a)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES g = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3, .PhysicalMediumType = NdisPhysicalMedium802_3,
		.MtuSize = 1500, .LookaheadSize = toy.lookahead,
		.MaxXmitLinkSpeed = 10000000000u, .MaxRcvLinkSpeed = 5000000000u,
		.XmitLinkSpeed = 1000000000u, .RcvLinkSpeed = 500000000u,
		.MediaConnectState = MediaConnectStateConnected,
		.MediaDuplexState = MediaDuplexStateFull,
		.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK, .SupportedPacketFilters = 0x2f,
		.MaxMulticastListSize = toy.max_multicast, .MacAddressLength = 6,
		.RecvScaleCapabilities = toy.rss,
		.PermanentMacAddress = { 2, 0, 0, 0, 0, 0x11 }, .CurrentMacAddress = { 2, 0, 0, 0, 0, 0x22 },
		.SupportedOidList = (PNDIS_OID)toy.oids, .SupportedOidListLength = toy.oids_length } };

	return NdisMSetMiniportAttributes(a->handle, &g);
}

static MINIPORT_INITIALIZE initialize;
_Use_decl_annotations_
static NDIS_STATUS initialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
			      PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
	struct toy_adapter *a = &toy.adapters[toy.n];

	(void)MiniportInitParameters;
	assert_ptr_equal(MiniportDriverContext, &toy);
	a->handle = NdisMiniportHandle;
	trace_step(a->name, "initializes");
	if (toy.wrong_order && set_general(a) != NDIS_STATUS_SUCCESS)
		return NDIS_STATUS_FAILURE;
	if (set_registration(a, NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1))
		return NDIS_STATUS_FAILURE;
	if (set_registration(a, 99) != NDIS_STATUS_BAD_VERSION)
		return NDIS_STATUS_FAILURE;
	if (!toy.no_attributes) {
		toy.general = set_general(a);
		if (toy.general != NDIS_STATUS_SUCCESS)
			return NDIS_STATUS_FAILURE;
	}
	if (toy.in_initialize)
		toy.in_initialize(a);
	if (toy.initialize_status == NDIS_STATUS_SUCCESS)
		toy.n++;
	return toy.initialize_status;
}

static MINIPORT_HALT halt;
_Use_decl_annotations_
static VOID halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
	struct toy_adapter *a = MiniportAdapterContext;

	atomic_fetch_add(&a->calls, 1);
	a->halt_action = (unsigned)HaltAction;
	trace_step(a->name, "halts");
}

static MINIPORT_PAUSE pause_adapter;
_Use_decl_annotations_
static NDIS_STATUS pause_adapter(NDIS_HANDLE MiniportAdapterContext,
				 PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
	struct toy_adapter *a = MiniportAdapterContext;

	(void)PauseParameters;
	atomic_fetch_add(&a->calls, 1);
	trace_step(a->name, "pauses");
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_RESTART restart;
_Use_decl_annotations_
static NDIS_STATUS restart(NDIS_HANDLE MiniportAdapterContext,
			   PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
	struct toy_adapter *a = MiniportAdapterContext;

	(void)RestartParameters;
	atomic_fetch_add(&a->calls, 1);
	trace_step(a->name, "restarts");
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_SHUTDOWN shut_down;
_Use_decl_annotations_
static VOID shut_down(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
	(void)ShutdownAction;
	trace_step(((struct toy_adapter *)MiniportAdapterContext)->name, "shuts down");
}

static MINIPORT_DEVICE_PNP_EVENT_NOTIFY pnp_notify;
_Use_decl_annotations_
static VOID pnp_notify(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	struct toy_adapter *a = MiniportAdapterContext;

	atomic_fetch_add(&a->calls, 1);
	if (NetDevicePnPEvent->DevicePnPEvent == NdisDevicePnPEventSurpriseRemoved)
		trace_step(a->name, "is surprised");
}

static MINIPORT_CHECK_FOR_HANG check_for_hang;
_Use_decl_annotations_
static BOOLEAN check_for_hang(NDIS_HANDLE MiniportAdapterContext)
{
	(void)MiniportAdapterContext;
	atomic_fetch_add(&toy.hang_checks, 1);
	return atomic_exchange(&toy.hangs, false);
}

static MINIPORT_RESET reset;
_Use_decl_annotations_
static NDIS_STATUS reset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
	trace_step(((struct toy_adapter *)MiniportAdapterContext)->name, "resets");
	atomic_fetch_add(&toy.resets, 1);
	*AddressingReset = toy.addressing_reset;
	return toy.reset_status;
}

static MINIPORT_UNLOAD unload;
_Use_decl_annotations_
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	if (!toy.no_deregister)
		NdisMDeregisterMiniportDriver(toy.driver);
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = toy.c;

	toy.registered = NdisMRegisterMiniportDriver(DriverObject, RegistryPath, &toy, &c, &toy.driver);
	if (toy.mutate)
		memset(&c, 0, sizeof(c));
	return toy.registered;
}

static const NDIS_MINIPORT_DRIVER_CHARACTERISTICS whole = {
	.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
		    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
		    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3 },
	.MajorNdisVersion = 6, .MinorNdisVersion = 80,
	.InitializeHandlerEx = initialize, .HaltHandlerEx = halt, .UnloadHandler = unload,
	.PauseHandler = pause_adapter, .RestartHandler = restart,
	.OidRequestHandler = oid_request, .SendNetBufferListsHandler = send_lists,
	.ReturnNetBufferListsHandler = return_lists, .CancelSendHandler = cancel_send,
	.DevicePnPEventNotifyHandler = pnp_notify, .ShutdownHandlerEx = shut_down,
	.CancelOidRequestHandler = cancel_oid,
	.CheckForHangHandlerEx = check_for_hang, .ResetHandlerEx = reset,
	.DirectOidRequestHandler = direct, .CancelDirectOidRequestHandler = cancel_direct,
	.SynchronousOidRequestHandler = synchronous,
};

/* ---- for tests ---- */

void toy_reset(void)
{
	memset(&toy, 0, sizeof(toy));
	memset(&toy_filters, 0, sizeof(toy_filters));
	memset(toy_protocols, 0, sizeof(toy_protocols));
	for (unsigned i = 0; i < TOY_PROTOCOLS; i++)
		toy_protocols[i].number = i;
	for (unsigned i = 0; i < TOY_ADAPTERS; i++)
		snprintf(toy.adapters[i].name, sizeof(toy.adapters[i].name), "toy%u", (i + 1) % 10);
	toy.c = whole;
	toy.max_multicast = 4;
	toy.lookahead = 1500;
	toy_listen();
	trace_clear();
}

bool toy_load(void)
{
	struct error err = { "" };

	return !ndis_image_load(&toy.image, "toy", entry, NULL, &err);
}

int toy_add(void)
{
	static const struct ndis_keyword none[] = { { NULL, NULL } };
	struct toy_adapter *a = &toy.adapters[toy.n];
	struct error err = { "" };

	return ndis_adapter_add(&a->adapter, toy.image, a->name, none, &err);
}

void toy_unload(void)
{
	for (unsigned i = 0; i < TOY_ADAPTERS; i++)
		if (toy.adapters[i].adapter)
			ndis_adapter_remove(toy.adapters[i].adapter);
	for (unsigned i = 0; i < TOY_PROTOCOLS; i++)
		ndis_image_unload(toy_protocols[i].image);
	ndis_image_unload(toy_filters.image);
	ndis_image_unload(toy.image);
	toy_listen_no_more();
}

int toy_setup(void **state)
{
	(void)state;
	toy_reset();
	assert_true(toy_load());
	toy_protocol_load(&toy_protocols[0], false);
	assert_int_equal(toy_add(), 0);
	return 0;
}

int toy_teardown(void **state)
{
	(void)state;
	toy.keep_requests = false;
	for (unsigned i = 0; i < TOY_ADAPTERS; i++)
		toy_complete(&toy.adapters[i], NDIS_STATUS_SUCCESS);
	toy_unload();
	return 0;
}
