/* SPDX-License-Identifier: BSD-2-Clause */
/* The protocol driver: its entry, and a binding from bind to unbind. */
#include "vswitch/switch.h"

#include <stdlib.h>

#include "base/log.h"

/* What the switch looks at before the VM may see the frame: the MAC header with a tag. */
#define LOOKED_AT 18u

struct vs_switch vs_switch;

/* How much of a frame a 6.20 host asks to have apart from the rest; 0: nothing. A 6.30 host
 * never does (E21). */
static ULONG lookahead_of(const NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	ULONG size = LOOKED_AT > c->MinLookaheadSplitSize ? LOOKED_AT : c->MinLookaheadSplitSize;

	if (vs_switch.ndis_version != 20 || size > c->MaxLookaheadSplitSize ||
	    !(c->SupportedQueueProperties & NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED))
		return 0;
	return size;
}

/* Everything of one binding is in vs_switch: the switch binds one adapter. */
static PROTOCOL_BIND_ADAPTER_EX ProtocolBindAdapterEx;
_Use_decl_annotations_
static NDIS_STATUS ProtocolBindAdapterEx(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
					 PNDIS_BIND_PARAMETERS BindParameters)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium,
		.MediumArraySize = 1,
		.SelectedMediumIndex = &selected,
	};
	NDIS_HANDLE binding;
	NDIS_STATUS status;

	(void)ProtocolDriverContext;
	if (atomic_load(&vs_switch.binding))
		return NDIS_STATUS_NOT_ACCEPTED;
	vs_switch.tags = BindParameters->MacOptions & NDIS_MAC_OPTION_8021Q_VLAN;
	vs_switch.wire_can = BindParameters->DefaultOffloadConfiguration != NULL;
	vs_wire_offloads_set(NULL, 0);
	vs_switch.filtering = BindParameters->ReceiveFilterCapabilities != NULL;
	vs_switch.capabilities = vs_switch.filtering ? *BindParameters->ReceiveFilterCapabilities
						     : (NDIS_RECEIVE_FILTER_CAPABILITIES){ 0 };   /* H11 */
	vs_switch.lookahead = lookahead_of(&vs_switch.capabilities);
	vs_rss_bind(BindParameters->RcvScaleCapabilities);
	vs_switch.max_queue = vs_switch.capabilities.NumQueues;
	vs_switch.by_queue = calloc(vs_switch.max_queue + 1, sizeof(*vs_switch.by_queue));
	if (!vs_switch.by_queue)
		return NDIS_STATUS_RESOURCES;
	status = NdisOpenAdapterEx(vs_switch.driver, &vs_switch, &p, BindContext, &binding);
	if (status != NDIS_STATUS_SUCCESS) {
		free(vs_switch.by_queue);
		vs_switch.by_queue = NULL;
		return status;
	}
	vs_switch.cancel_id = (PVOID)((ULONG_PTR)NdisGeneratePartialCancelId() << 56 | 1);
	atomic_store(&vs_switch.paused, true);
	atomic_store(&vs_switch.link_up,
		     BindParameters->MediaConnectState == MediaConnectStateConnected);
	atomic_store(&vs_switch.binding, binding);
	return NDIS_STATUS_SUCCESS;
}

/* I22: packet filter 0, filters cleared, queues freed, then closed. */
static PROTOCOL_UNBIND_ADAPTER_EX ProtocolUnbindAdapterEx;
_Use_decl_annotations_
static NDIS_STATUS ProtocolUnbindAdapterEx(NDIS_HANDLE UnbindContext,
					   NDIS_HANDLE ProtocolBindingContext)
{
	ULONG nothing = 0;
	NDIS_HANDLE binding;

	(void)UnbindContext;
	(void)ProtocolBindingContext;
	vs_changes_end();
	vs_oid_set(OID_GEN_CURRENT_PACKET_FILTER, &nothing, sizeof(nothing), NULL);
	vs_queues_free();
	vs_rss_stop();
	binding = atomic_exchange(&vs_switch.binding, NULL);
	NdisCloseAdapterEx(binding);
	free(vs_switch.by_queue);
	vs_switch.by_queue = NULL;
	vs_switch.max_queue = 0;
	vs_switch.queues_made = vs_switch.listening = false;
	return NDIS_STATUS_SUCCESS;
}

static PROTOCOL_OPEN_ADAPTER_COMPLETE_EX ProtocolOpenAdapterCompleteEx;
_Use_decl_annotations_
static VOID ProtocolOpenAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext, NDIS_STATUS Status)
{
	(void)ProtocolBindingContext;   /* our NdisOpenAdapterEx never pends */
	(void)Status;
}

static PROTOCOL_CLOSE_ADAPTER_COMPLETE_EX ProtocolCloseAdapterCompleteEx;
_Use_decl_annotations_
static VOID ProtocolCloseAdapterCompleteEx(NDIS_HANDLE ProtocolBindingContext)
{
	(void)ProtocolBindingContext;   /* nor does our NdisCloseAdapterEx */
}

static VOID set_event(PVOID event)
{
	NdisSetEvent(event);
}

void vs_wait_until_quiet(void)
{
	NDIS_EVENT quiet;

	NdisInitializeEvent(&quiet);
	OvmqCallWhenQuiet(set_event, &quiet);
	NdisWaitEvent(&quiet, 0);
}

/* I20: no new sends, own sends back, receives back. The ports' owners let go of
 * what they hold as soon as they see the flag; sends that the adapter does not get
 * rid of within a second are cancelled (A57). */
static void wait_until_empty(void)
{
	for (unsigned looks = 1; !vswitch_is_empty(); looks++) {
		for (unsigned p = 0; p < vs_switch.n_processors; p++)
			OvmqNotifyProcessor(p);
		NdisMSleep(200);
		if (looks % 5000 == 0)
			NdisCancelSendNetBufferLists(atomic_load(&vs_switch.binding),
						     vs_switch.cancel_id);
	}
}

static PROTOCOL_NET_PNP_EVENT ProtocolNetPnPEvent;
_Use_decl_annotations_
static NDIS_STATUS ProtocolNetPnPEvent(NDIS_HANDLE ProtocolBindingContext,
				       PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	(void)ProtocolBindingContext;
	switch (NetPnPEventNotification->NetPnPEvent.NetEvent) {
	case NetEventPause:
		atomic_store(&vs_switch.flowing, false);
		atomic_store(&vs_switch.paused, true);
		vs_wait_until_quiet();
		wait_until_empty();
		return NDIS_STATUS_SUCCESS;
	case NetEventRestart:
		/* The first restart makes the queues; they outlive a pause (U9). */
		atomic_store(&vs_switch.paused, false);
		if (!vs_switch.queues_made)
			vs_queues_create();
		vs_rss_start();
		if (!vs_switch.queues_made)
			vs_wire_offloads_start();
		vs_switch.queues_made = true;
		/* What was started goes on; a new adapter is told what is wanted. */
		if (vs_switch.started && vs_listen() != NDIS_STATUS_SUCCESS)
			log_error("the adapter refused the packet filter: no frames will come");
		return NDIS_STATUS_SUCCESS;
	default:
		return NDIS_STATUS_SUCCESS;
	}
}

/* G17: nothing more comes into the queue's memory. */
static void queue_state(const NDIS_RECEIVE_QUEUE_STATE *state, ULONG size)
{
	struct vs_port *port;

	if (size < NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1 || state->QueueId > vs_switch.max_queue ||
	    state->QueueState != NdisReceiveQueueOperationalStateDmaStopped)
		return;
	port = atomic_load(&vs_switch.by_queue[state->QueueId]);
	if (port)
		atomic_store(&port->dma_stopped, true);
}

/* A54: between the two NDIS tells of, what is to be sent waits where it is. */
static void reset_state(bool resetting)
{
	atomic_store(&vs_switch.resetting, resetting);
	for (unsigned p = 0; !resetting && p < vs_switch.n_processors; p++)
		OvmqNotifyProcessor(p);
}

static PROTOCOL_STATUS_EX ProtocolStatusEx;
_Use_decl_annotations_
static VOID ProtocolStatusEx(NDIS_HANDLE ProtocolBindingContext,
			     PNDIS_STATUS_INDICATION StatusIndication)
{
	const NDIS_LINK_STATE *link = StatusIndication->StatusBuffer;

	(void)ProtocolBindingContext;
	if (StatusIndication->StatusCode == NDIS_STATUS_LINK_STATE)
		atomic_store(&vs_switch.link_up,
			     link->MediaConnectState == MediaConnectStateConnected);
	else if (StatusIndication->StatusCode == NDIS_STATUS_RESET_START ||
		 StatusIndication->StatusCode == NDIS_STATUS_RESET_END)
		reset_state(StatusIndication->StatusCode == NDIS_STATUS_RESET_START);
	else if (StatusIndication->StatusCode == NDIS_STATUS_RECEIVE_QUEUE_STATE)
		queue_state(StatusIndication->StatusBuffer, StatusIndication->StatusBufferSize);
	else if (StatusIndication->StatusCode == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG)
		vs_wire_offloads_set(StatusIndication->StatusBuffer,
				     StatusIndication->StatusBufferSize);
}

static DRIVER_UNLOAD vswitch_unload;
static VOID vswitch_unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	vs_changes_end();
	NdisDeregisterProtocolDriver(vs_switch.driver);
	vs_switch.driver = NULL;
	vs_provider_end();
}

NTSTATUS vswitch_driver_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6,
		.MinorNdisVersion = (UCHAR)vs_switch.ndis_version,
		.MajorDriverVersion = 1,
		.SetOptionsHandler = ProtocolSetOptions,
		.BindAdapterHandlerEx = ProtocolBindAdapterEx,
		.UnbindAdapterHandlerEx = ProtocolUnbindAdapterEx,
		.OpenAdapterCompleteHandlerEx = ProtocolOpenAdapterCompleteEx,
		.CloseAdapterCompleteHandlerEx = ProtocolCloseAdapterCompleteEx,
		.NetPnPEventHandler = ProtocolNetPnPEvent,
		.OidRequestCompleteHandler = ProtocolOidRequestComplete,
		.StatusHandlerEx = ProtocolStatusEx,
		.ReceiveNetBufferListsHandler = ProtocolReceiveNetBufferLists,
		.SendNetBufferListsCompleteHandler = ProtocolSendNetBufferListsComplete,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = vswitch_unload;
	return NdisRegisterProtocolDriver(NULL, &c, &vs_switch.driver);
}
