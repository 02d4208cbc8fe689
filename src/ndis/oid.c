/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OID requests: one at a time per adapter (I25). Each takes its turn, is answered
 * by NDIS or checked and passed to the miniport, and ends exactly once: by the
 * status that NdisOidRequest returns, or, after PENDING, by
 * ProtocolOidRequestComplete (I26).
 */
#include "ndis/object.h"

#include <string.h>

#include "base/log.h"
#include "ndis/receive_filter.h"

/* Ours while a request is with us. */
#define BINDING_OF(r) (*(struct ndis_binding **)&(r)->NdisReserved[0])
#define NEXT_OF(r)    (*(PNDIS_OID_REQUEST *)&(r)->NdisReserved[sizeof(PVOID)])

/* A request of NDIS's own has somebody who waits for it here; NULL for all others. */
#define WAITER_OF(r)  (*(struct waiter **)&(r)->NdisReserved[3 * sizeof(PVOID)])

struct waiter {
	NDIS_EVENT done;
	NDIS_STATUS status;
};

/* Tells whoever asked that a request which pended is over. */
static void tell(struct ndis_binding *b, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct waiter *w = WAITER_OF(r);

	if (!w) {
		b->protocol->handlers.OidRequestCompleteHandler(b->context, r, status);
		return;
	}
	w->status = status;
	NdisSetEvent(&w->done);
}

/* The packet filter of the adapter: what any binding asked for. */
static ULONG combined_filter(struct ndis_adapter *a, const struct ndis_binding *changing,
			     ULONG filter)
{
	pthread_rwlock_rdlock(&a->bindings_lock);
	for (unsigned i = 0; i < a->n_bindings; i++)
		if (a->bindings[i] != changing)
			filter |= atomic_load(&a->bindings[i]->packet_filter);
	pthread_rwlock_unlock(&a->bindings_lock);
	return filter;
}

/* OID_GEN_CURRENT_PACKET_FILTER: NDIS keeps each binding's, the miniport gets the
 * union (F22). The caller's own value stands again in its buffer at the end. */
static NDIS_STATUS begin_packet_filter(struct ndis_binding *b, PNDIS_OID_REQUEST r, bool *forward)
{
	ULONG *value = r->DATA.SET_INFORMATION.InformationBuffer;

	if (r->RequestType == NdisRequestQueryInformation) {
		if (r->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(ULONG)) {
			r->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(ULONG);
			return NDIS_STATUS_INVALID_LENGTH;
		}
		*(ULONG *)r->DATA.QUERY_INFORMATION.InformationBuffer =
			atomic_load(&b->packet_filter);
		r->DATA.QUERY_INFORMATION.BytesWritten = sizeof(ULONG);
		return NDIS_STATUS_SUCCESS;
	}
	if (r->RequestType != NdisRequestSetInformation)
		return NDIS_STATUS_NOT_SUPPORTED;
	if (r->DATA.SET_INFORMATION.InformationBufferLength < sizeof(ULONG)) {
		r->DATA.SET_INFORMATION.BytesNeeded = sizeof(ULONG);
		return NDIS_STATUS_INVALID_LENGTH;
	}
	if (*value & ~b->adapter->attributes.packet_filters)
		return NDIS_STATUS_NOT_SUPPORTED;
	memcpy(&r->NdisReserved[2 * sizeof(PVOID)], value, sizeof(*value));
	*value = combined_filter(b->adapter, b, *value);
	*forward = true;
	return NDIS_STATUS_SUCCESS;
}

static void end_packet_filter(struct ndis_binding *b, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	ULONG asked;

	memcpy(&asked, &r->NdisReserved[2 * sizeof(PVOID)], sizeof(asked));
	memcpy(r->DATA.SET_INFORMATION.InformationBuffer, &asked, sizeof(asked));
	if (status == NDIS_STATUS_SUCCESS)
		atomic_store(&b->packet_filter, asked);
}

static bool is_set_packet_filter(const NDIS_OID_REQUEST *r)
{
	return r->DATA.SET_INFORMATION.Oid == OID_GEN_CURRENT_PACKET_FILTER &&
	       r->RequestType == NdisRequestSetInformation;
}

/* NDIS's part before the miniport. */
static NDIS_STATUS begin(struct ndis_binding *b, PNDIS_OID_REQUEST r, bool *forward)
{
	NDIS_OID oid = r->DATA.QUERY_INFORMATION.Oid;

	*forward = false;
	if (ndis_receive_filter_is(oid))
		return ndis_receive_filter_begin(b, r, forward);
	if (oid == OID_GEN_CURRENT_PACKET_FILTER)
		return begin_packet_filter(b, r, forward);
	*forward = true;
	return NDIS_STATUS_SUCCESS;
}

/* NDIS's part after the miniport. */
static void end(struct ndis_binding *b, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	if (ndis_receive_filter_is(r->DATA.QUERY_INFORMATION.Oid))
		ndis_receive_filter_end(b, r, status);
	else if (is_set_packet_filter(r))
		end_packet_filter(b, r, status);
}

static void next_turn(void *adapter);

/* The request at the head has ended. */
static void turn_over(struct ndis_adapter *a)
{
	bool more;

	pthread_mutex_lock(&a->oids.lock);
	a->oids.busy = false;
	more = a->oids.first;
	pthread_mutex_unlock(&a->oids.lock);
	/* Not from here: the completion may run at DISPATCH_LEVEL, and
	 * MiniportOidRequest wants PASSIVE_LEVEL (I27). */
	if (more)
		kernel_call_work(next_turn, a);
}

/* Has its turn. PENDING: NdisMOidRequestComplete will end it, or has already; else
 * the caller tells whoever asked and then ends the turn, in this order, so that
 * nobody sees a later request end first. */
static NDIS_STATUS take_turn(struct ndis_binding *b, PNDIS_OID_REQUEST r)
{
	struct ndis_adapter *a = b->adapter;
	bool forward;
	NDIS_STATUS status = begin(b, r, &forward);

	if (forward) {
		status = a->driver->handlers.OidRequestHandler(a->context, r);
		if (status == NDIS_STATUS_PENDING)
			return status;
		end(b, r, status);
	}
	return status;
}

static void next_turn(void *adapter)
{
	struct ndis_adapter *a = adapter;
	struct ndis_binding *b;
	PNDIS_OID_REQUEST r;
	NDIS_STATUS status;

	pthread_mutex_lock(&a->oids.lock);
	r = a->oids.busy ? NULL : a->oids.first;
	if (r) {
		a->oids.first = NEXT_OF(r);
		if (!a->oids.first)
			a->oids.last = NULL;
		a->oids.busy = true;
	}
	pthread_mutex_unlock(&a->oids.lock);
	if (!r)
		return;   /* somebody else took the turn meanwhile; the end of that one calls again */
	b = BINDING_OF(r);
	status = take_turn(b, r);
	if (status == NDIS_STATUS_PENDING)
		return;
	tell(b, r, status);
	turn_over(a);
}

/* Its turn now, or a place in the line. */
static NDIS_STATUS submit(struct ndis_binding *b, PNDIS_OID_REQUEST OidRequest)
{
	struct ndis_adapter *a = b->adapter;
	NDIS_STATUS status;

	BINDING_OF(OidRequest) = b;
	NEXT_OF(OidRequest) = NULL;
	pthread_mutex_lock(&a->oids.lock);
	if (a->oids.busy || a->oids.first) {
		if (a->oids.last)
			NEXT_OF(a->oids.last) = OidRequest;
		else
			a->oids.first = OidRequest;
		a->oids.last = OidRequest;
		pthread_mutex_unlock(&a->oids.lock);
		return NDIS_STATUS_PENDING;
	}
	a->oids.busy = true;
	pthread_mutex_unlock(&a->oids.lock);
	status = take_turn(b, OidRequest);
	if (status != NDIS_STATUS_PENDING)
		turn_over(a);
	return status;
}

NDIS_STATUS NdisOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
	if (OidRequest->Header.Type != NDIS_OBJECT_TYPE_OID_REQUEST ||
	    OidRequest->Header.Size < NDIS_SIZEOF_OID_REQUEST_REVISION_1)
		return NDIS_STATUS_INVALID_PARAMETER;
	WAITER_OF(OidRequest) = NULL;
	return submit(NdisBindingHandle, OidRequest);
}

NDIS_STATUS ndis_oid_wait(struct ndis_binding *b, PNDIS_OID_REQUEST r)
{
	struct waiter w;
	NDIS_STATUS status;

	NdisInitializeEvent(&w.done);
	WAITER_OF(r) = &w;
	status = submit(b, r);
	if (status != NDIS_STATUS_PENDING)
		return status;
	NdisWaitEvent(&w.done, 0);
	return w.status;
}

VOID NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
			     NDIS_STATUS Status)
{
	struct ndis_adapter *a = MiniportAdapterHandle;
	struct ndis_binding *b = BINDING_OF(OidRequest);

	if (Status == NDIS_STATUS_PENDING) {
		log_error("adapter %s: NdisMOidRequestComplete with PENDING (I26)", a->name);
		Status = NDIS_STATUS_FAILURE;
	}
	end(b, OidRequest, Status);
	tell(b, OidRequest, Status);
	turn_over(a);
}

void ndis_oid_wait_idle(struct ndis_adapter *a)
{
	bool busy;

	do {
		pthread_mutex_lock(&a->oids.lock);
		busy = a->oids.busy;
		pthread_mutex_unlock(&a->oids.lock);
		if (busy)
			NdisMSleep(100);
	} while (busy);
}
