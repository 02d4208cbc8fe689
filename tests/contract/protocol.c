/* SPDX-License-Identifier: BSD-2-Clause */
#include "protocol.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct protocol protocols[PROTOCOL_MAX] = { { .number = 0 }, { .number = 1 },
					      { .number = 2 } };
struct ground_frames protocol_wire;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* of what is held */

/* ---- receives ---- */

/* The NB's bytes in one piece; returns how many there are. */
static ULONG gather(const NET_BUFFER *nb, uint8_t *to, ULONG room)
{
	ULONG left = NET_BUFFER_DATA_LENGTH(nb), offset = NET_BUFFER_CURRENT_MDL_OFFSET(nb), n = 0;

	for (const MDL *m = NET_BUFFER_CURRENT_MDL(nb); m && left && n < room; m = NDIS_MDL_LINKAGE(m)) {
		ULONG here = MmGetMdlByteCount(m) - offset;

		here = here < left ? here : left;
		here = here < room - n ? here : room - n;
		memcpy(to + n, (const uint8_t *)m->MappedSystemVa + offset, here);
		n += here;
		left -= here;
		offset = 0;
	}
	return n;
}

static bool is_intact(uint32_t index, const uint8_t *bytes, unsigned length)
{
	const struct ground_frame *sent;
	unsigned tag;

	if (index >= protocol_wire.n)
		return false;
	sent = &protocol_wire.list[index];
	tag = sent->bytes[12] == 0x81 && sent->bytes[13] == 0 ? 4 : 0;
	return length == sent->length - tag && !memcmp(bytes, sent->bytes, 12) &&
	       !memcmp(bytes + 12, sent->bytes + 12 + tag, length - 12);
}

static void describe(struct trace_frame *f, PNET_BUFFER_LIST nbl)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	const NET_BUFFER_SHARED_MEMORY *s = NET_BUFFER_FIRST_SHARED_MEM_INFO(nb);
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag;
	uint8_t bytes[10000];

	tag.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	f->nbl = nbl;
	f->queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);
	f->filter = NET_BUFFER_LIST_RECEIVE_FILTER_ID(nbl);
	f->hash = (ULONG)(ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, NetBufferListHashValue);
	f->hash_info = (ULONG)(ULONG_PTR)NET_BUFFER_LIST_INFO(nbl, NetBufferListHashInfo);
	f->vlan = (int)tag.TagHeader.VlanId;
	f->priority = (int)tag.TagHeader.UserPriority;
	f->source = nbl->SourceHandle;
	f->nbl_flags = nbl->NblFlags;
	for (const NET_BUFFER *b = nb; b; b = NET_BUFFER_NEXT_NB(b))
		f->nbs++;
	for (const MDL *m = NET_BUFFER_FIRST_MDL(nb); m; m = NDIS_MDL_LINKAGE(m))
		f->mdls++;
	f->data = (uintptr_t)NET_BUFFER_CURRENT_MDL(nb)->MappedSystemVa +
		  NET_BUFFER_CURRENT_MDL_OFFSET(nb);
	f->length = gather(nb, bytes, sizeof(bytes));
	f->index = ground_index(bytes, f->length);
	f->intact = f->length == NET_BUFFER_DATA_LENGTH(nb) && is_intact(f->index, bytes, f->length);
	if (!s)
		return;
	f->memory = s->SharedMemoryHandle;
	f->offset = s->SharedMemoryOffset;
	f->room = s->SharedMemoryLength;
	for (; s; s = NET_BUFFER_SHARED_MEM_NEXT_SEGMENT(s))
		f->segments++;
}

static PROTOCOL_RECEIVE_NET_BUFFER_LISTS receive;
_Use_decl_annotations_
static VOID receive(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferLists,
		    NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct protocol *p = ProtocolBindingContext;
	struct trace_event *e;

	if (p->in_receive)
		p->in_receive(p);
	e = trace_begin(TRACE_RECEIVE);
	e->who = p->number;
	e->flags = ReceiveFlags;
	e->port = PortNumber;
	e->count = NumberOfNetBufferLists;
	for (PNET_BUFFER_LIST n = NetBufferLists; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		describe(trace_add_frame(e), n);
	trace_end();
	if (p->on_receive)
		p->on_receive(p);
	if (ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES)
		return;
	if (!atomic_load(&p->hold)) {
		NdisReturnNetBufferLists(atomic_load(&p->binding), NetBufferLists,
					 NDIS_RETURN_FLAGS_DISPATCH_LEVEL |
					 (ReceiveFlags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE
						  ? NDIS_RETURN_FLAGS_SINGLE_QUEUE : 0));
		return;
	}
	pthread_mutex_lock(&lock);
	for (PNET_BUFFER_LIST n = NetBufferLists; n; n = NET_BUFFER_LIST_NEXT_NBL(n)) {
		if (p->n_held == PROTOCOL_HELD_MAX)
			abort();
		p->held[p->n_held++] = n;
	}
	pthread_mutex_unlock(&lock);
}

unsigned protocol_held(struct protocol *p)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = p->n_held;
	pthread_mutex_unlock(&lock);
	return n;
}

static unsigned position(unsigned i, unsigned n, enum protocol_order order)
{
	if (order == REVERSED)
		return n - 1 - i;
	if (order == EVEN_THEN_ODD)
		return i < (n + 1) / 2 ? 2 * i : 2 * (i - (n + 1) / 2) + 1;
	return i;
}

void protocol_return(struct protocol *p, unsigned first, unsigned n, enum protocol_order order,
		     ULONG flags)
{
	PNET_BUFFER_LIST *list, chain;

	pthread_mutex_lock(&lock);
	if (first > p->n_held)
		first = p->n_held;
	if (n > p->n_held - first)
		n = p->n_held - first;
	list = malloc((n + 1) * sizeof(*list));
	memcpy(list, &p->held[first], n * sizeof(*list));
	memmove(&p->held[first], &p->held[first + n], (p->n_held - first - n) * sizeof(*list));
	p->n_held -= n;
	pthread_mutex_unlock(&lock);
	for (unsigned i = 0; i < n; i++)
		NET_BUFFER_LIST_NEXT_NBL(list[position(i, n, order)]) =
			i + 1 < n ? list[position(i + 1, n, order)] : NULL;
	chain = n ? list[position(0, n, order)] : NULL;
	free(list);
	if (chain)
		NdisReturnNetBufferLists(atomic_load(&p->binding), chain, flags);
}

void protocol_return_all(struct protocol *p)
{
	protocol_return(p, 0, PROTOCOL_HELD_MAX, IN_ORDER, 0);
}

struct order_to_return {
	struct protocol *p;
	unsigned first, n;
};

static void return_now(void *arg)
{
	const struct order_to_return *o = arg;

	protocol_return(o->p, o->first, o->n, IN_ORDER, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
}

void protocol_return_on(struct protocol *p, unsigned number, unsigned first, unsigned n)
{
	struct order_to_return o = { p, first, n };

	ground_on(number, return_now, &o);
}

/* ---- completions, status, PnP ---- */

static PROTOCOL_SEND_NET_BUFFER_LISTS_COMPLETE send_complete;
_Use_decl_annotations_
static VOID send_complete(NDIS_HANDLE ProtocolBindingContext, PNET_BUFFER_LIST NetBufferList,
			  ULONG SendCompleteFlags)
{
	struct protocol *p = ProtocolBindingContext;
	struct trace_event *e = trace_begin(TRACE_SEND_DONE);

	e->who = p->number;
	e->flags = SendCompleteFlags;
	for (PNET_BUFFER_LIST n = NetBufferList; n; n = NET_BUFFER_LIST_NEXT_NBL(n)) {
		struct trace_send *s = trace_add_send(e);

		s->nbl = n;
		s->status = NET_BUFFER_LIST_STATUS(n);
	}
	trace_end();
	if (p->on_send_done)
		p->on_send_done(NetBufferList);
}

static PROTOCOL_STATUS_EX status;
_Use_decl_annotations_
static VOID status(NDIS_HANDLE ProtocolBindingContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	struct protocol *p = ProtocolBindingContext;
	struct trace_event *e = trace_begin(TRACE_STATUS);

	e->who = p->number;
	e->status = StatusIndication->StatusCode;
	e->flags = StatusIndication->Flags;
	if (e->status == NDIS_STATUS_RECEIVE_QUEUE_STATE) {
		const NDIS_RECEIVE_QUEUE_STATE *q = StatusIndication->StatusBuffer;

		e->queue = q->QueueId;
		e->state = (ULONG)q->QueueState;
	}
	trace_end();
}

static PROTOCOL_NET_PNP_EVENT net_pnp_event;
_Use_decl_annotations_
static NDIS_STATUS net_pnp_event(NDIS_HANDLE ProtocolBindingContext,
				 PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	struct protocol *p = ProtocolBindingContext;
	struct trace_event *e = trace_begin(TRACE_PNP);

	e->who = p->number;
	e->net_event = (LONG)NetPnPEventNotification->NetPnPEvent.NetEvent;
	trace_end();
	if (e->net_event == NetEventPause || e->net_event == NetEventRestart)
		trace_step("protocol", e->net_event == NetEventPause ? "pauses" : "restarts");
	if (NetPnPEventNotification->NetPnPEvent.NetEvent == NetEventRestart && p->on_restart)
		p->on_restart(p);
	return NDIS_STATUS_SUCCESS;
}

/* ---- binding ---- */

static PROTOCOL_BIND_ADAPTER_EX bind_adapter;
_Use_decl_annotations_
static NDIS_STATUS bind_adapter(NDIS_HANDLE ProtocolDriverContext, NDIS_HANDLE BindContext,
				PNDIS_BIND_PARAMETERS BindParameters)
{
	struct protocol *p = ProtocolDriverContext;
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS o = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium, .MediumArraySize = 1, .SelectedMediumIndex = &selected,
		.FrameTypeArray = (PNET_FRAME_TYPE)p->frame_types,
		.FrameTypeArraySize = p->n_frame_types,
	};
	NDIS_HANDLE binding;
	NDIS_STATUS opened = NdisOpenAdapterEx(p->driver, p, &o, BindContext, &binding);

	if (opened == NDIS_STATUS_SUCCESS) {
		if (BindParameters->ReceiveFilterCapabilities)
			p->capabilities = *BindParameters->ReceiveFilterCapabilities;
		atomic_store(&p->binding, binding);
		trace_step("protocol", "binds");
		if (p->on_bind)
			p->on_bind(p);
	}
	return opened;
}

static PROTOCOL_UNBIND_ADAPTER_EX unbind_adapter;
_Use_decl_annotations_
static NDIS_STATUS unbind_adapter(NDIS_HANDLE UnbindContext, NDIS_HANDLE ProtocolBindingContext)
{
	struct protocol *p = ProtocolBindingContext;
	ULONG nothing = 0;

	(void)UnbindContext;
	trace_step("protocol", "unbinds");
	request(p, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &nothing, sizeof(nothing), 0);
	NdisCloseAdapterEx(atomic_exchange(&p->binding, NULL));
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

/* ---- OID requests ---- */

static PROTOCOL_OID_REQUEST_COMPLETE oid_complete;
_Use_decl_annotations_
static VOID oid_complete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest,
			 NDIS_STATUS Status)
{
	struct protocol *p = ProtocolBindingContext;
	struct request *q = CONTAINING_RECORD(OidRequest, struct request, r);
	struct trace_event *e = trace_begin(TRACE_OID_DONE);

	e->who = p->number;
	e->status = Status;
	e->oid = OidRequest->DATA.SET_INFORMATION.Oid;
	trace_end();
	if (q->then)
		q->then(q);
	q->status = Status;
	if (atomic_exchange(&q->done, true))
		abort();   /* I26: completed twice */
}

NDIS_STATUS request_start(struct request *q, struct protocol *p, NDIS_REQUEST_TYPE type, NDIS_OID oid,
			  void *buffer, ULONG in, ULONG out)
{
	NDIS_STATUS answer;

	memset(&q->r, 0, sizeof(q->r));
	q->protocol = p;
	atomic_store(&q->done, false);
	q->r.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
					    NDIS_SIZEOF_OID_REQUEST_REVISION_1 };
	q->r.RequestType = type;
	/* The three arms begin alike: OID, buffer, length. */
	q->r.DATA.METHOD_INFORMATION.Oid = oid;
	q->r.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
	q->r.DATA.METHOD_INFORMATION.InputBufferLength = in;
	if (type == NdisRequestMethod)
		q->r.DATA.METHOD_INFORMATION.OutputBufferLength = out;
	trace_begin(TRACE_OID)->oid = oid;
	trace_end();
	answer = NdisOidRequest(atomic_load(&p->binding), &q->r);
	q->pended = answer == NDIS_STATUS_PENDING;
	if (!q->pended) {
		struct trace_event *e = trace_begin(TRACE_OID_DONE);

		e->who = p->number;
		e->status = answer;
		e->oid = oid;
		trace_end();
		q->status = answer;
		if (atomic_exchange(&q->done, true))
			abort();   /* I26: answered, and completed as well */
	}
	return answer;
}

NDIS_STATUS request_wait(struct request *q)
{
	ground_until(atomic_load(&q->done));
	return q->status;
}

NDIS_STATUS request(struct protocol *p, NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG in,
		    ULONG out)
{
	struct request q = { .then = NULL };

	request_start(&q, p, type, oid, buffer, in, out);
	while (!atomic_load(&q.done))
		usleep(50);   /* also from the system's threads: no test may fail there */
	return q.status;
}

/* ---- loading ---- */

static unsigned loading;

static DRIVER_UNLOAD unload;
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	for (unsigned i = 0; i < PROTOCOL_MAX; i++)
		if (protocols[i].image == (struct ndis_image *)DriverObject && protocols[i].driver) {
			NdisDeregisterProtocolDriver(protocols[i].driver);
			protocols[i].driver = NULL;
		}
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS,
			    NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6,
		.MinorNdisVersion = 30,
		.BindAdapterHandlerEx = bind_adapter,
		.UnbindAdapterHandlerEx = unbind_adapter,
		.OpenAdapterCompleteHandlerEx = open_complete,
		.CloseAdapterCompleteHandlerEx = close_complete,
		.NetPnPEventHandler = net_pnp_event,
		.OidRequestCompleteHandler = oid_complete,
		.StatusHandlerEx = status,
		.ReceiveNetBufferListsHandler = receive,
		.SendNetBufferListsCompleteHandler = send_complete,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = unload;
	return NdisRegisterProtocolDriver(&protocols[loading], &c, &protocols[loading].driver);
}

bool protocols_by_hand;

void protocols_load(unsigned n)
{
	const struct ndis_image_options options = { .bind_by_hand = protocols_by_hand };
	struct error err = { "" };

	for (loading = 0; loading < n; loading++) {
		struct protocol *p = &protocols[loading];

		atomic_store(&p->hold, false);
		p->n_held = 0;
		if (ndis_image_load(&p->image, "protocol", entry, &options, &err))
			fail_msg("%s", err.text);
	}
}

void protocols_unload(void)
{
	for (unsigned i = 0; i < PROTOCOL_MAX; i++) {
		ndis_image_unload(protocols[i].image);
		protocols[i].image = NULL;
		protocols[i].on_send_done = NULL;
		protocols[i].on_receive = NULL;
		protocols[i].on_bind = protocols[i].on_restart = NULL;
	}
}
