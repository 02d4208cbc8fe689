/* SPDX-License-Identifier: BSD-2-Clause */
#include "toy.h"

#include <string.h>
#include <unistd.h>

struct toy_protocol toy_protocols[TOY_PROTOCOLS];

/* What a request of ours has in SourceReserved. */
struct waiting {
	atomic_bool *done;
	NDIS_STATUS *status;
};
_Static_assert(sizeof(struct waiting) <= sizeof(((PNDIS_OID_REQUEST)0)->SourceReserved), "room");

/* A binding's context. */
static struct binding {
	struct toy_protocol *p;
	unsigned adapter;
} contexts[TOY_PROTOCOLS][TOY_ADAPTERS];

static PROTOCOL_OID_REQUEST_COMPLETE oid_complete;
_Use_decl_annotations_
static VOID oid_complete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest,
			 NDIS_STATUS Status)
{
	struct toy_protocol *p = ((struct binding *)ProtocolBindingContext)->p;
	struct waiting w;

	memcpy(&w, OidRequest->SourceReserved, sizeof(w));
	p->end_status = Status;
	atomic_fetch_add(&p->ended, 1);
	if (w.done) {
		*w.status = Status;
		atomic_store(w.done, true);
	}
	if (p->linger_us)
		usleep(p->linger_us);
}

void toy_request(PNDIS_OID_REQUEST r, NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG n)
{
	memset(r, 0, sizeof(*r));
	r->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
					  NDIS_SIZEOF_OID_REQUEST_REVISION_1 };
	r->RequestType = type;
	r->DATA.QUERY_INFORMATION.Oid = oid;
	r->DATA.QUERY_INFORMATION.InformationBuffer = buffer;
	r->DATA.QUERY_INFORMATION.InformationBufferLength = n;
}

NDIS_STATUS toy_ask(struct toy_protocol *p, PNDIS_OID_REQUEST r)
{
	atomic_bool done = false;
	NDIS_STATUS end = NDIS_STATUS_PENDING, status;
	struct waiting w = { &done, &end };

	memcpy(r->SourceReserved, &w, sizeof(w));
	status = NdisOidRequest(p->bindings[0], r);
	if (status != NDIS_STATUS_PENDING)
		return status;
	while (!atomic_load(&done))
		usleep(50);
	return end;
}

NDIS_STATUS toy_query(struct toy_protocol *p, NDIS_OID oid, void *buffer, ULONG n)
{
	NDIS_OID_REQUEST r;

	toy_request(&r, NdisRequestQueryInformation, oid, buffer, n);
	return toy_ask(p, &r);
}

NDIS_STATUS toy_set(struct toy_protocol *p, NDIS_OID oid, void *buffer, ULONG n)
{
	NDIS_OID_REQUEST r;

	toy_request(&r, NdisRequestSetInformation, oid, buffer, n);
	return toy_ask(p, &r);
}

/* ---- life ---- */

static PROTOCOL_BIND_ADAPTER_EX bind_adapter;
_Use_decl_annotations_
static NDIS_STATUS bind_adapter(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
				PNDIS_BIND_PARAMETERS BindParameters)
{
	NDIS_HANDLE binding;
	struct toy_protocol *p = ProtocolDriverContext;
	unsigned adapter = BindParameters->AdapterName->Buffer[3] - '1';
	NDIS_MEDIUM medium = p->refuse_medium ? NdisMedium802_5 : NdisMedium802_3;
	struct binding *context = &contexts[p->number][adapter];
	UINT selected;
	NDIS_OPEN_PARAMETERS o = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium, .MediumArraySize = 1, .SelectedMediumIndex = &selected,
	};

	p->binds++;
	p->bound_while_registering |= p->registering;
	p->bind_context = BindContext;
	p->has_capabilities = BindParameters->ReceiveFilterCapabilities;
	if (p->has_capabilities)
		p->capabilities = *BindParameters->ReceiveFilterCapabilities;
	p->has_offload = BindParameters->DefaultOffloadConfiguration;
	if (p->has_offload)
		p->offload = *BindParameters->DefaultOffloadConfiguration;
	p->has_rss = BindParameters->RcvScaleCapabilities;
	if (p->has_rss)
		p->rss = *BindParameters->RcvScaleCapabilities;
	*context = (struct binding){ p, adapter };
	p->open_status = NdisOpenAdapterEx(p->driver, context, &o, BindContext, &binding);
	p->bindings[adapter] = binding;
	if (p->changes_mind) {
		ULONG all = NDIS_PACKET_TYPE_PROMISCUOUS;

		toy_set(p, OID_GEN_CURRENT_PACKET_FILTER, &all, sizeof(all));
		NdisCloseAdapterEx(p->bindings[adapter]);
		p->bindings[adapter] = NULL;
		return NDIS_STATUS_FAILURE;
	}
	if (p->pend_bind) {
		NdisCompleteBindAdapterEx(BindContext, p->open_status);
		return NDIS_STATUS_PENDING;
	}
	return p->open_status;
}

static PROTOCOL_UNBIND_ADAPTER_EX unbind_adapter;
_Use_decl_annotations_
static NDIS_STATUS unbind_adapter(NDIS_HANDLE UnbindContext, NDIS_HANDLE ProtocolBindingContext)
{
	struct binding *b = ProtocolBindingContext;

	(void)UnbindContext;
	b->p->unbinds++;
	NdisCloseAdapterEx(b->p->bindings[b->adapter]);
	b->p->bindings[b->adapter] = NULL;
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

static PROTOCOL_NET_PNP_EVENT net_pnp_event;
_Use_decl_annotations_
static NDIS_STATUS net_pnp_event(NDIS_HANDLE ProtocolBindingContext,
				 PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	struct toy_protocol *p = ((struct binding *)ProtocolBindingContext)->p;
	const NET_PNP_EVENT *e = &NetPnPEventNotification->NetPnPEvent;

	p->pauses += e->NetEvent == NetEventPause;
	p->restarts += e->NetEvent == NetEventRestart;
	if (e->NetEvent == NetEventSetPower)
		p->power = *(NET_DEVICE_POWER_STATE *)e->Buffer;
	return NDIS_STATUS_SUCCESS;
}

static PROTOCOL_STATUS_EX status_ex;
_Use_decl_annotations_
static VOID status_ex(NDIS_HANDLE ProtocolBindingContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	struct toy_protocol *p = ((struct binding *)ProtocolBindingContext)->p;

	p->statuses++;
	if (StatusIndication->StatusCode == NDIS_STATUS_RESET_START)
		trace_step(p->number ? "talker2" : "talker1", "hears of a reset");
	if (StatusIndication->StatusCode == NDIS_STATUS_RESET_END)
		trace_step(p->number ? "talker2" : "talker1", "hears of its end");
}

static PROTOCOL_RECEIVE_NET_BUFFER_LISTS receive;
_Use_decl_annotations_
static VOID receive(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
		    NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct binding *b = ProtocolBindingContext;
	struct trace_event *e = trace_begin(TRACE_RECEIVE);

	(void)PortNumber;
	e->who = b->p->number;
	e->count = NumberOfNetBufferLists;
	trace_end();
	if (!(ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES))
		NdisReturnNetBufferLists(b->p->bindings[b->adapter], NetBufferLists, 0);
}

static PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE send_complete;
_Use_decl_annotations_
static VOID send_complete(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferList,
			  ULONG SendCompleteFlags)
{
	struct trace_event *e = trace_begin(TRACE_SEND_DONE);

	(void)SendCompleteFlags;
	e->who = ((struct binding *)ProtocolBindingContext)->p->number;
	e->status = NET_BUFFER_LIST_STATUS(NetBufferList);
	trace_end();
}

static struct toy_protocol *loading;

static DRIVER_UNLOAD unload;
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	for (unsigned i = 0; i < TOY_PROTOCOLS; i++)
		if (toy_protocols[i].image == (struct ndis_image *)DriverObject)
			NdisDeregisterProtocolDriver(toy_protocols[i].driver);
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = loading->minor ? loading->minor : 80,
		.BindAdapterHandlerEx = bind_adapter, .UnbindAdapterHandlerEx = unbind_adapter,
		.OpenAdapterCompleteHandlerEx = open_complete,
		.CloseAdapterCompleteHandlerEx = close_complete,
		.NetPnPEventHandler = net_pnp_event, .OidRequestCompleteHandler = oid_complete,
		.StatusHandlerEx = status_ex, .ReceiveNetBufferListsHandler = receive,
		.SendNetBufferListsCompleteHandler = send_complete,
		.DirectOidRequestCompleteHandler = oid_complete,
	};
	NDIS_STATUS status;

	(void)RegistryPath;
	DriverObject->DriverUnload = unload;
	loading->registering = true;
	status = NdisRegisterProtocolDriver(loading, &c, &loading->driver);
	loading->registering = false;
	return status;
}

void toy_protocol_load(struct toy_protocol *p, bool by_hand)
{
	static const char *const names[TOY_PROTOCOLS] = { "talker1", "talker2" };
	struct ndis_image_options options = { .bind_by_hand = by_hand };
	struct error err = { "" };

	loading = p;
	if (ndis_image_load(&p->image, names[p->number], entry, &options, &err))
		fail_msg("%s", err.text);
}
