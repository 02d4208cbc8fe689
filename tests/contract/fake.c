/* SPDX-License-Identifier: BSD-2-Clause */
#include "fake.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

#define CONTEXT ((NDIS_HANDLE)&fake)
#define SECOND  ((NDIS_HANDLE)&fake.second)

struct fake fake;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* of what happened */
static NDIS_HANDLE driver;

static void check_context(NDIS_HANDLE context)
{
	if ((context != CONTEXT && context != SECOND) || fake.halted)
		fake.context_ok = false;
}

/* ---- requests ---- */

static void note_filter(struct fake_request *r, const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	const char *at = (const char *)p + p->FieldParametersArrayOffset;

	r->queue = p->QueueId;
	r->filter = p->FilterId;
	r->flags = p->Flags;
	r->bits = p->RequestedFilterIdBitCount;
	r->n = p->FieldParametersArrayNumElements;
	r->vlan = -1;
	for (ULONG i = 0; i < r->n; i++, at += p->FieldParametersArrayElementSize) {
		const NDIS_RECEIVE_FILTER_FIELD_PARAMETERS *f = (const void *)at;
		const UCHAR *v = f->FieldValue.FieldByteArrayValue;

		if (f->Flags & NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO)
			r->untagged_or_zero = true;
		if (f->HeaderField.MacHeaderField == NdisMacHeaderFieldDestinationAddress)
			memcpy(r->mac, v, 6);
		else
			r->vlan = v[0] << 8 | v[1];
	}
}

static void note_batch(struct fake_request *r, PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a)
{
	char *at = (char *)a + a->FirstElementOffset;

	r->n = a->NumElements;
	for (ULONG i = 0; i < a->NumElements && i < 16; i++, at += a->ElementSize) {
		PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS e = (void *)at;

		r->elements[i] = e->QueueId;
		e->CompletionStatus = e->QueueId == fake.refuse_element ? NDIS_STATUS_RESOURCES
									 : NDIS_STATUS_SUCCESS;
	}
}

static void note(struct fake_request *r, PNDIS_OID_REQUEST request)
{
	void *buffer = request->DATA.METHOD_INFORMATION.InformationBuffer;
	const NDIS_RECEIVE_QUEUE_PARAMETERS *q = buffer;

	*r = (struct fake_request){ .oid = request->DATA.METHOD_INFORMATION.Oid,
				    .irql = KeGetCurrentIrql(), .vlan = -1 };
	switch (r->oid) {
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		r->queue = q->QueueId;
		r->flags = q->Flags;
		r->type = q->QueueType;
		r->lookahead = q->LookaheadSize;
		r->processors = q->ProcessorAffinity.Mask;
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
		note_filter(r, buffer);
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		note_batch(r, buffer);
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		r->queue = ((NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS *)buffer)->QueueId;
		r->filter = ((NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS *)buffer)->FilterId;
		break;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		r->queue = ((NDIS_RECEIVE_QUEUE_FREE_PARAMETERS *)buffer)->QueueId;
		break;
	case OID_GEN_CURRENT_PACKET_FILTER:
		r->packet_filter = *(ULONG *)buffer;
		break;
	case OID_GEN_RECEIVE_SCALE_PARAMETERS:
		r->flags = ((NDIS_RECEIVE_SCALE_PARAMETERS *)buffer)->Flags;
		fake.scale_length = request->DATA.SET_INFORMATION.InformationBufferLength;
		memset(fake.scale, 0, sizeof(fake.scale));
		memcpy(fake.scale, buffer,
		       fake.scale_length < FAKE_SCALE ? fake.scale_length : FAKE_SCALE);
		break;
	default:
		break;
	}
}

static unsigned out(void)
{
	return atomic_load(&fake.indicated) - atomic_load(&fake.n_returns);
}

static pthread_mutex_t staying = PTHREAD_MUTEX_INITIALIZER;

void fake_queue_stays(bool stays)
{
	if (stays)
		pthread_mutex_lock(&staying);
	else
		pthread_mutex_unlock(&staying);
}

/* A move is made: from here on frames come on the new processor. */
static void changed(NDIS_OID oid, const struct fake_request *r)
{
	if (oid != OID_RECEIVE_FILTER_QUEUE_PARAMETERS ||
	    !(r->flags & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED))
		return;
	fake_queue_stays(true);
	atomic_store(&fake.queue_processor, (unsigned)__builtin_ctzll(r->processors));
	fake_queue_stays(false);
}

static void dma_stopped(ULONG queue)
{
	NDIS_RECEIVE_QUEUE_STATE state = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_STATE_REVISION_1,
			    NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1 },
		.QueueId = queue,
		.QueueState = NdisReceiveQueueOperationalStateDmaStopped,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = fake.handle,
		.StatusCode = NDIS_STATUS_RECEIVE_QUEUE_STATE,
		.StatusBuffer = &state,
		.StatusBufferSize = sizeof(state),
	};

	NdisMIndicateStatusEx(fake.handle, &s);
}

static void freeing(ULONG queue)
{
	if (fake.freeing)
		fake.freeing(queue, false);
	if (!fake.silent)
		dma_stopped(queue);
	if (fake.freeing)
		fake.freeing(queue, true);
}

static bool keep(PNDIS_OID_REQUEST request, NDIS_OID oid)
{
	bool free_waits = oid == OID_RECEIVE_FILTER_FREE_QUEUE && atomic_load(&fake.frees_wait) && out();

	if (!free_waits && (!oid || oid != atomic_load(&fake.keep_oid)))
		return false;
	fake.waiting = request;
	return true;
}

void fake_answer(NDIS_STATUS status)
{
	PNDIS_OID_REQUEST request;

	pthread_mutex_lock(&lock);
	request = fake.waiting;
	fake.waiting = NULL;
	pthread_mutex_unlock(&lock);
	if (!request)
		return;
	atomic_store(&fake.keep_oid, 0);
	if (status == NDIS_STATUS_SUCCESS)
		changed(request->DATA.METHOD_INFORMATION.Oid, &fake.requests[fake.n_requests - 1]);
	NdisMOidRequestComplete(fake.handle, request, status);
}

static void answer_free(void *arg)
{
	(void)arg;
	fake_answer(NDIS_STATUS_SUCCESS);
}

struct later {
	PNDIS_OID_REQUEST request;
	NDIS_STATUS status;
};

static void complete_later(void *arg)
{
	struct later *l = arg;

	NdisMOidRequestComplete(fake.handle, l->request, l->status);
	free(l);
}

void fake_offload_status(void)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = fake.handle,
		.StatusCode = NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG,
		.StatusBuffer = fake.offload, .StatusBufferSize = sizeof(*fake.offload) };

	NdisMIndicateStatusEx(fake.handle, &s);
}

static MINIPORT_OID_REQUEST oid_request;
_Use_decl_annotations_
static NDIS_STATUS oid_request(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	NDIS_OID oid = OidRequest->DATA.METHOD_INFORMATION.Oid;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	struct later *l;

	check_context(MiniportAdapterContext);
	if (fake.n_requests == FAKE_REQUESTS)
		abort();
	note(&fake.requests[fake.n_requests++], OidRequest);
	if (oid == fake.refuse && fake_count(oid) == fake.refuse_number)
		status = NDIS_STATUS_RESOURCES;
	else if (oid == OID_RECEIVE_FILTER_FREE_QUEUE)
		freeing(fake.requests[fake.n_requests - 1].queue);
	else if (oid == OID_OFFLOAD_ENCAPSULATION)
		fake_offload_status();
	if (status == NDIS_STATUS_SUCCESS) {
		bool kept;

		pthread_mutex_lock(&lock);
		kept = keep(OidRequest, oid);
		pthread_mutex_unlock(&lock);
		if (kept)
			return NDIS_STATUS_PENDING;
		changed(oid, &fake.requests[fake.n_requests - 1]);
	}
	if (!fake.pend)
		return status;
	l = malloc(sizeof(*l));
	*l = (struct later){ OidRequest, status };
	kernel_call_work(complete_later, l);
	return NDIS_STATUS_PENDING;
}

unsigned fake_count(NDIS_OID oid)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.n_requests; i++)
		n += fake.requests[i].oid == oid;
	return n;
}

/* ---- sends ---- */

static void note_send(struct fake_send *s, PNET_BUFFER_LIST nbl, unsigned call, ULONG flags)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag;

	tag.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	*s = (struct fake_send){ .nbl = nbl, .call = call, .flags = flags, .source = nbl->SourceHandle,
				 .queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl),
				 .vlan = (int)tag.TagHeader.VlanId,
				 .priority = tag.TagHeader.UserPriority,
				 .filter = NET_BUFFER_LIST_RECEIVE_FILTER_ID(nbl),
				 .vport = NET_BUFFER_LIST_RECEIVE_FILTER_VPORT_ID(nbl),
				 .length = NET_BUFFER_DATA_LENGTH(nb) };
	for (const NET_BUFFER *b = nb; b; b = NET_BUFFER_NEXT_NB(b))
		s->nbs++;
	for (const MDL *mdl = nb->CurrentMdl; mdl; mdl = mdl->Next)
		s->mdls++;
	s->checksum = (ULONG)(uintptr_t)NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo);
	s->large = (ULONG)(uintptr_t)NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo);
	memcpy(s->bytes, (const char *)NET_BUFFER_CURRENT_MDL(nb)->MappedSystemVa +
				 NET_BUFFER_CURRENT_MDL_OFFSET(nb),
	       s->length < sizeof(s->bytes) ? s->length : sizeof(s->bytes));
}

static MINIPORT_SEND_NET_BUFFER_LISTS send_lists;
_Use_decl_annotations_
static VOID send_lists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
		       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	unsigned call = atomic_fetch_add(&fake.send_calls, 1);
	bool keep = atomic_load(&fake.keep_sends);
	PNET_BUFFER_LIST last = NULL;

	check_context(MiniportAdapterContext);
	pthread_mutex_lock(&lock);
	for (PNET_BUFFER_LIST n = NetBufferList; n; n = NET_BUFFER_LIST_NEXT_NBL(n)) {
		if (fake.n_sends == FAKE_SENDS)
			abort();
		note_send(&fake.sends[fake.n_sends], n, call, SendFlags);
		fake.sends[fake.n_sends].port = PortNumber;
		fake.sends[fake.n_sends].irql = KeGetCurrentIrql();
		atomic_fetch_add(&fake.n_sends, 1);
		NET_BUFFER_LIST_STATUS(n) = fake.send_status;
		last = n;
	}
	if (keep) {
		*fake.kept_end = NetBufferList;
		fake.kept_end = &NET_BUFFER_LIST_NEXT_NBL(last);
	}
	pthread_mutex_unlock(&lock);
	if (!keep)
		NdisMSendNetBufferListsComplete(MiniportAdapterContext == SECOND ? fake.second : fake.handle,
						NetBufferList,
						SendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL ?
							NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

void fake_complete(NDIS_STATUS status)
{
	PNET_BUFFER_LIST list;
	bool paused;

	pthread_mutex_lock(&lock);
	list = fake.kept;
	fake.kept = NULL;
	fake.kept_end = &fake.kept;
	paused = fake.pausing;
	fake.pausing = false;
	pthread_mutex_unlock(&lock);
	for (PNET_BUFFER_LIST n = list; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		NET_BUFFER_LIST_STATUS(n) = status;
	if (list)
		NdisMSendNetBufferListsComplete(fake.handle, list, 0);
	if (paused)
		NdisMPauseComplete(fake.handle);
}

unsigned fake_complete_some(unsigned n)
{
	PNET_BUFFER_LIST list, last = NULL;
	unsigned done = 0;

	pthread_mutex_lock(&lock);
	list = fake.kept;
	for (PNET_BUFFER_LIST nbl = list; nbl && done < n; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
		NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
		last = nbl;
		done++;
	}
	if (last) {
		fake.kept = NET_BUFFER_LIST_NEXT_NBL(last);
		NET_BUFFER_LIST_NEXT_NBL(last) = NULL;
	}
	if (!fake.kept)
		fake.kept_end = &fake.kept;
	pthread_mutex_unlock(&lock);
	if (done)
		NdisMSendNetBufferListsComplete(fake.handle, list, 0);
	return done;
}

unsigned fake_complete_of(USHORT queue, unsigned n)
{
	PNET_BUFFER_LIST taken = NULL, *end = &taken;
	unsigned done = 0;

	pthread_mutex_lock(&lock);
	fake.kept_end = &fake.kept;
	while (*fake.kept_end) {
		PNET_BUFFER_LIST nbl = *fake.kept_end;

		if (done == n || NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) != queue) {
			fake.kept_end = &NET_BUFFER_LIST_NEXT_NBL(nbl);
			continue;
		}
		*fake.kept_end = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		*end = nbl;
		end = &NET_BUFFER_LIST_NEXT_NBL(nbl);
		done++;
	}
	pthread_mutex_unlock(&lock);
	if (done)
		NdisMSendNetBufferListsComplete(fake.handle, taken, 0);
	return done;
}

/* ---- receives ---- */

struct indication {
	PNET_BUFFER_LIST chain;
	unsigned n;
	ULONG flags;
};

static void indicate_now(void *arg)
{
	const struct indication *i = arg;

	if (!(i->flags & NDIS_RECEIVE_FLAGS_RESOURCES))
		atomic_fetch_add(&fake.indicated, i->n);
	NdisMIndicateReceiveNetBufferLists(fake.handle, i->chain, NDIS_DEFAULT_PORT_NUMBER, i->n,
					   i->flags);
}

void fake_indicate(unsigned number, PNET_BUFFER_LIST chain, unsigned count, ULONG flags)
{
	struct indication i = { chain, count, flags };

	for (PNET_BUFFER_LIST n = chain; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		n->SourceHandle = fake.handle;
	if (number == FAKE_OUTSIDE) {
		indicate_now(&i);
		return;
	}
	i.flags |= NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL;
	ground_on(number, indicate_now, &i);
}

void fake_indicate_packets(unsigned number, struct packet *const *packets, unsigned n, ULONG flags)
{
	for (unsigned i = 0; i < n; i++) {
		packets[i]->nbl.SourceHandle = fake.handle;
		packet_seal(packets[i]);
		NET_BUFFER_LIST_NEXT_NBL(&packets[i]->nbl) = i + 1 < n ? &packets[i + 1]->nbl : NULL;
	}
	fake_indicate(number, &packets[0]->nbl, n, flags);
}

static MINIPORT_RETURN_NET_BUFFER_LISTS return_lists;
_Use_decl_annotations_
static VOID return_lists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferLists,
			 ULONG ReturnFlags)
{
	unsigned call = atomic_fetch_add(&fake.return_calls, 1);
	PNET_BUFFER_LIST next;

	check_context(MiniportAdapterContext);
	if (MiniportAdapterContext == SECOND) {
		for (PNET_BUFFER_LIST n = NetBufferLists; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
			atomic_fetch_add(&fake.second_returns, 1);
		return;
	}
	pthread_mutex_lock(&lock);
	for (PNET_BUFFER_LIST n = NetBufferLists; n; n = next) {
		if (fake.n_returns == FAKE_RETURNS)
			abort();
		next = NET_BUFFER_LIST_NEXT_NBL(n);   /* once counted, a test may use it again */
		fake.returns[fake.n_returns] = (struct fake_return){
			n, call, ReturnFlags, NET_BUFFER_LIST_RECEIVE_QUEUE_ID(n) };
		atomic_fetch_add(&fake.n_returns, 1);
	}
	if (fake.waiting && atomic_load(&fake.frees_wait) && !out())
		kernel_call_work(answer_free, NULL);
	pthread_mutex_unlock(&lock);
}

unsigned fake_returned(const NET_BUFFER_LIST *nbl)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.n_returns; i++)
		n += fake.returns[i].nbl == nbl;
	return n;
}

/* ---- life ---- */

static MINIPORT_INITIALIZE initialize;
_Use_decl_annotations_
static NDIS_STATUS initialize(NDIS_HANDLE NdisMiniportHandle, NDIS_HANDLE MiniportDriverContext,
			      PNDIS_MINIPORT_INIT_PARAMETERS MiniportInitParameters)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2 },
		.EnabledFilterTypes = NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED,
		.EnabledQueueTypes = NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED,
		.NumQueues = fake.queues,
		.SupportedQueueProperties = fake.properties,
		.MinLookaheadSplitSize = fake.split_min ? fake.split_min : fake.split,
		.MaxLookaheadSplitSize = fake.split,
		.SupportedFilterTests = NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED,
		.SupportedHeaders = NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,
		.SupportedMacHeaderFields = NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED |
					    NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED,
		.MaxMacHeaderFilters = 64,
	};
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES r = { .RegistrationAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 },
		.MiniportAdapterContext = CONTEXT, .InterfaceType = NdisInterfacePci } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES g = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3, .PhysicalMediumType = NdisPhysicalMedium802_3,
		.MtuSize = 1500, .MediaConnectState = MediaConnectStateConnected,
		.MaxMulticastListSize = 8,
		.MacOptions = fake.mac_options,
		.SupportedPacketFilters = fake.packet_filters, .MacAddressLength = 6,
		.RecvScaleCapabilities = fake.scaling,
		.CurrentMacAddress = { 2 } } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES o = { .OffloadAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1 },
		.DefaultOffloadConfiguration = fake.offload,
		.HardwareOffloadCapabilities = fake.offload } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES h = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3 },
		.HardwareReceiveFilterCapabilities = fake.queues ? &c : NULL,
		.CurrentReceiveFilterCapabilities = fake.queues ? &c : NULL } };

	(void)MiniportDriverContext;
	(void)MiniportInitParameters;
	if (fake.handle) {
		fake.second = NdisMiniportHandle;
		r.RegistrationAttributes.MiniportAdapterContext = SECOND;
		h.HardwareAssistAttributes.HardwareReceiveFilterCapabilities = NULL;
		h.HardwareAssistAttributes.CurrentReceiveFilterCapabilities = NULL;
	} else {
		fake.handle = NdisMiniportHandle;
	}
	trace_step("fake", "initializes");
	if (NdisMSetMiniportAttributes(NdisMiniportHandle, &r) != NDIS_STATUS_SUCCESS ||
	    NdisMSetMiniportAttributes(NdisMiniportHandle, &g) != NDIS_STATUS_SUCCESS ||
	    (fake.offload &&
	     NdisMSetMiniportAttributes(NdisMiniportHandle, &o) != NDIS_STATUS_SUCCESS))
		return NDIS_STATUS_FAILURE;
	return NdisMSetMiniportAttributes(NdisMiniportHandle, &h);
}

static MINIPORT_HALT halt;
_Use_decl_annotations_
static VOID halt(NDIS_HANDLE MiniportAdapterContext, NDIS_HALT_ACTION HaltAction)
{
	(void)HaltAction;
	check_context(MiniportAdapterContext);
	trace_step("fake", "halts");
	fake.halted = MiniportAdapterContext == CONTEXT;
	fake.out_at_halt = out();
}

/* The protocols have paused before: whatever is out now they kept (I20). */
static MINIPORT_PAUSE pause_adapter;
_Use_decl_annotations_
static NDIS_STATUS pause_adapter(NDIS_HANDLE MiniportAdapterContext,
				 PNDIS_MINIPORT_PAUSE_PARAMETERS PauseParameters)
{
	bool pending;

	(void)PauseParameters;
	check_context(MiniportAdapterContext);
	trace_step("fake", "pauses");
	fake.out_at_pause = out();
	pthread_mutex_lock(&lock);
	pending = fake.pausing = fake.kept != NULL;   /* A49: until all that was sent is done */
	pthread_mutex_unlock(&lock);
	return pending ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS;
}

static MINIPORT_RESTART restart;
_Use_decl_annotations_
static NDIS_STATUS restart(NDIS_HANDLE MiniportAdapterContext,
			   PNDIS_MINIPORT_RESTART_PARAMETERS RestartParameters)
{
	(void)RestartParameters;
	check_context(MiniportAdapterContext);
	trace_step("fake", "restarts");
	return NDIS_STATUS_SUCCESS;
}

static MINIPORT_CANCEL_SEND cancel_send;
_Use_decl_annotations_
static VOID cancel_send(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
	bool ours = true;

	check_context(MiniportAdapterContext);
	if (MiniportAdapterContext == SECOND) {
		atomic_fetch_add(&fake.second_cancels, 1);
		return;
	}
	atomic_fetch_add(&fake.cancels, 1);
	if (fake.on_cancel)
		fake.on_cancel();
	pthread_mutex_lock(&lock);
	for (PNET_BUFFER_LIST n = fake.kept; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		ours &= NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(n) == CancelId;
	pthread_mutex_unlock(&lock);
	if (ours)
		fake_complete(NDIS_STATUS_SEND_ABORTED);
}

static MINIPORT_RESET reset;
_Use_decl_annotations_
static NDIS_STATUS reset(NDIS_HANDLE MiniportAdapterContext, PBOOLEAN AddressingReset)
{
	check_context(MiniportAdapterContext);
	*AddressingReset = FALSE;
	if (fake.on_reset)
		fake.on_reset();
	return NDIS_STATUS_SUCCESS;
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

static MINIPORT_UNLOAD unload;
_Use_decl_annotations_
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisMDeregisterMiniportDriver(driver);
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
			    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6,
		.MinorNdisVersion = (UCHAR)(fake.ndis_minor ? fake.ndis_minor : 30),
		.InitializeHandlerEx = initialize, .HaltHandlerEx = halt, .UnloadHandler = unload,
		.PauseHandler = pause_adapter, .RestartHandler = restart,
		.OidRequestHandler = oid_request, .SendNetBufferListsHandler = send_lists,
		.ReturnNetBufferListsHandler = return_lists, .CancelSendHandler = cancel_send,
		.DevicePnPEventNotifyHandler = pnp_notify, .ShutdownHandlerEx = shut_down,
		.CancelOidRequestHandler = cancel_oid, .ResetHandlerEx = reset,
	};

	return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &c, &driver);
}

void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.queues = FAKE_QUEUES;
	fake.properties = NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED |
			  NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
			  NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED;
	fake.packet_filters = 0xffffffff;
	fake.mac_options = NDIS_MAC_OPTION_NO_LOOPBACK | NDIS_MAC_OPTION_8021Q_VLAN;
	fake.context_ok = true;
	fake.kept_end = &fake.kept;
}

void fake_open(void)
{
	static const struct ndis_keyword none[] = { { NULL, NULL } };
	struct error err = { "" };

	fake.halted = false;
	if (ndis_image_load(&fake.image, "fake", entry, NULL, &err) ||
	    ndis_adapter_add(&fake.adapter, fake.image, "fake", none, &err))
		fail_msg("%s", err.text);
}

struct ndis_adapter *fake_open_second(void)
{
	static const struct ndis_keyword none[] = { { NULL, NULL } };
	struct ndis_adapter *adapter;
	struct error err = { "" };

	if (ndis_adapter_add(&adapter, fake.image, "second", none, &err))
		fail_msg("%s", err.text);
	return adapter;
}

unsigned fake_close(void)
{
	unsigned left = fake.adapter ? ndis_adapter_remove(fake.adapter) : 0;

	fake.adapter = NULL;
	ndis_image_unload(fake.image);
	fake.image = NULL;
	fake.handle = fake.second = NULL;
	return left;
}
