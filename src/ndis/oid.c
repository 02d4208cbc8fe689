/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OID requests on their way down the stack and back. Every layer that answers OIDs is
 * asked one thing at a time (I25): a request waits in the layer's line, has its turn,
 * and ends exactly once: by the status that the call returns, or, after PENDING, by
 * the completion handler of whoever asked (I26). Requests from above the stack pass
 * one line more, before NDIS's own part (oid_stack.c), so that what NDIS keeps of
 * queues and filters follows them in order.
 */
#include "ndis/oid.h"

#include "base/log.h"
#include "ndis/oid_line.h"
#include "ndis/qos_oid.h"
#include "ndis/stack.h"

void ndis_oid_private_init(PNDIS_OID_REQUEST r, struct ndis_layer *issuer, struct ndis_adapter *a)
{
	static _Atomic uint64_t last;

	*ndis_oid_private(r) = (struct ndis_oid_private){
		.issuer = issuer, .adapter = a, .serial = atomic_fetch_add(&last, 1) + 1 };
}

/* ---- one layer is asked ---- */

static void layer_turn(void *layer);
static void ended(struct ndis_layer *layer, PNDIS_OID_REQUEST r, NDIS_STATUS status);

/* The request has its turn at 'layer'. */
static NDIS_STATUS call_handler(struct ndis_layer *layer, PNDIS_OID_REQUEST r)
{
	struct ndis_adapter *a = layer->adapter;
	unsigned long turn = layer->oids.turn;   /* it does not move until the request ends */
	NDIS_STATUS status;

	if (ndis_watch)
		ndis_watch->oid_asked(layer, ndis_oid_private(r)->issuer, r);
	if (layer->object.kind == NDIS_OBJECT_MINIPORT)
		status = a->driver->handlers.OidRequestHandler(layer->context, r);
	else
		status = ndis_layer_filter(layer)->handlers.OidRequestHandler(layer->context, r);
	if (ndis_watch)
		status = ndis_watch->oid_returned(layer, r, status);
	if (status == NDIS_STATUS_PENDING || ndis_oid_line_end(&layer->oids, r, turn))
		return status;
	log_error("%s %s: returns status 0x%08x for an OID request that it completed before (I26)",
		  ndis_object_kind_name(layer->object.kind), layer->object.name, (unsigned)status);
	return NDIS_STATUS_PENDING;
}

/* Not from a completion: that may run at DISPATCH_LEVEL, and the handlers want
 * PASSIVE_LEVEL (I27). */
static void layer_turn_over(struct ndis_layer *layer)
{
	if (ndis_oid_line_leave(&layer->oids))
		kernel_call_work(layer_turn, layer);
}

static void layer_turn(void *arg)
{
	struct ndis_layer *layer = arg;
	PNDIS_OID_REQUEST r = ndis_oid_line_next(&layer->oids);
	NDIS_STATUS status;

	if (!r)
		return;   /* somebody else took the turn meanwhile; the end of that one calls again */
	status = call_handler(layer, r);
	if (status == NDIS_STATUS_PENDING)
		return;
	ended(layer, r, status);
}

static bool answers_oids(struct ndis_layer *layer)
{
	return layer->object.kind == NDIS_OBJECT_MINIPORT ||
	       (ndis_layer_filter(layer)->handlers.OidRequestHandler && !layer->leaving);
}

struct ndis_layer *ndis_oid_first(struct ndis_adapter *a, struct ndis_layer *from)
{
	struct ndis_layer *layer = from ? ndis_stack_below(from) : ndis_stack_top(a);

	while (!answers_oids(layer))
		layer = ndis_stack_below(layer);
	return layer;
}

/* Asks the first layer below 'from' (NULL: of the stack) that answers OIDs. A final
 * status, or PENDING: ended() comes, or has come already. A layer in whose line a request
 * stands does not go (ndis_oid_leave). */
static NDIS_STATUS ask(struct ndis_adapter *a, struct ndis_layer *from, PNDIS_OID_REQUEST r)
{
	enum ndis_oid_entry entry;
	struct ndis_layer *layer;
	NDIS_STATUS status;

	pthread_rwlock_rdlock(&a->stack_lock);
	layer = ndis_oid_first(a, from);
	entry = ndis_oid_line_enter(&layer->oids, r);
	/* Called here, since afterwards the layer may be gone: then the request is, too. */
	if (entry == NDIS_OID_WAITS_AND_CALLS)
		kernel_call_work(layer_turn, layer);
	pthread_rwlock_unlock(&a->stack_lock);
	if (entry != NDIS_OID_HAS_TURN)
		return NDIS_STATUS_PENDING;
	status = call_handler(layer, r);
	if (status != NDIS_STATUS_PENDING)
		layer_turn_over(layer);
	return status;
}

/* ---- requests from above the stack ---- */

static void stack_turn(void *adapter);

/* NULL: an application's. */
static struct ndis_binding *binding_of(PNDIS_OID_REQUEST r)
{
	return (struct ndis_binding *)ndis_oid_private(r)->issuer;
}

static bool is_from_above(PNDIS_OID_REQUEST r)
{
	const struct ndis_layer *issuer = ndis_oid_private(r)->issuer;

	return !issuer || issuer->object.kind == NDIS_OBJECT_BINDING;
}

static void stack_turn_over(struct ndis_adapter *a)
{
	if (ndis_oid_line_leave(&a->requests))
		kernel_call_work(stack_turn, a);
}

/* Has its turn. PENDING: ended() comes, or has already; else the caller tells whoever
 * asked and then ends the turn, in this order, so that nobody sees a later request end
 * first. */
static NDIS_STATUS take_turn(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	bool forward;
	NDIS_STATUS status;

	if (ndis_watch)
		ndis_watch->oid_turn(a, ndis_oid_private(r)->issuer, r);
	status = ndis_oid_begin(a, binding_of(r), r, &forward);
	if (forward) {
		status = ask(a, NULL, r);
		if (status == NDIS_STATUS_PENDING)
			return status;
		ndis_oid_end(a, binding_of(r), r, status);
	}
	return status;
}

static void turn(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	NDIS_STATUS status = take_turn(a, r);

	if (status == NDIS_STATUS_PENDING)
		return;
	ndis_oid_tell(r, status);
	stack_turn_over(a);
}

static void stack_turn(void *adapter)
{
	struct ndis_adapter *a = adapter;
	PNDIS_OID_REQUEST r = ndis_oid_line_next(&a->requests);

	if (r)
		turn(a, r);
}

static void turn_again(void *request)
{
	PNDIS_OID_REQUEST r = request;

	turn(ndis_oid_private(r)->adapter, r);
}

void ndis_oid_again(PNDIS_OID_REQUEST r)
{
	kernel_call_work(turn_again, r);
}

static NDIS_STATUS submit(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	NDIS_STATUS status;

	switch (ndis_oid_line_enter(&a->requests, r)) {
	case NDIS_OID_WAITS_AND_CALLS:
		kernel_call_work(stack_turn, a);
		return NDIS_STATUS_PENDING;
	case NDIS_OID_WAITS:
		return NDIS_STATUS_PENDING;
	case NDIS_OID_HAS_TURN:
		break;
	}
	status = take_turn(a, r);
	if (status != NDIS_STATUS_PENDING)
		stack_turn_over(a);
	return status;
}

/* ---- the end ---- */

void ndis_oid_finish(PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct ndis_adapter *a = ndis_oid_private(r)->adapter;
	bool from_above = is_from_above(r);

	if (from_above)
		ndis_oid_end(a, binding_of(r), r, status);
	ndis_oid_tell(r, status);
	if (from_above)
		stack_turn_over(a);
}

/* A request that pended has ended at 'layer': its issuer hears of it, then the next one
 * has its turn there. */
static void ended(struct ndis_layer *layer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	ndis_oid_finish(r, status);
	layer_turn_over(layer);
}

static void complete(struct ndis_layer *layer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	if (ndis_watch && !ndis_watch->oid_completed(layer, r, status))
		return;
	if (!ndis_oid_line_end(&layer->oids, r, 0)) {
		log_error("%s %s: completes an OID request that it does not have, or not any more (I26)",
			  ndis_object_kind_name(layer->object.kind), layer->object.name);
		return;
	}
	if (status == NDIS_STATUS_PENDING) {
		log_error("%s %s: an OID request is completed with PENDING (I26)",
			  ndis_object_kind_name(layer->object.kind), layer->object.name);
		status = NDIS_STATUS_FAILURE;
	}
	ended(layer, r, status);
}

VOID NdisMOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
			     NDIS_STATUS Status)
{
	complete(MiniportAdapterHandle, OidRequest, Status);
}

VOID NdisFOidRequestComplete(NDIS_HANDLE NdisFilterHandle, PNDIS_OID_REQUEST OidRequest,
			     NDIS_STATUS Status)
{
	complete(NdisFilterHandle, OidRequest, Status);
}

/* ---- who asks ---- */

bool ndis_oid_is_request(NDIS_HANDLE handle, const NDIS_OID_REQUEST *r)
{
	if (r->Header.Type == NDIS_OBJECT_TYPE_OID_REQUEST &&
	    r->Header.Size >= NDIS_SIZEOF_OID_REQUEST_REVISION_1)
		return true;
	log_error("%s: an OID request with Header.Type 0x%02x and Size %u, must be 0x%02x and %u",
		  ndis_handle_name(handle), r->Header.Type, r->Header.Size,
		  NDIS_OBJECT_TYPE_OID_REQUEST, (unsigned)NDIS_SIZEOF_OID_REQUEST_REVISION_1);
	return false;
}

static void begins(struct ndis_layer *issuer, PNDIS_OID_REQUEST r)
{
	ndis_oid_private_init(r, issuer, issuer->adapter);
	atomic_fetch_add(&issuer->own, 1);
	ndis_oid_timeout_start(r);
}

/* What the call returns; if that is final, nobody is told. */
static NDIS_STATUS returned(struct ndis_layer *issuer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	if (status != NDIS_STATUS_PENDING) {
		ndis_oid_timeout_stop(r);
		atomic_fetch_sub(&issuer->own, 1);
	}
	return status;
}

NDIS_STATUS NdisOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
	struct ndis_layer *layer = NdisBindingHandle;

	NDIS_CALLED(NdisBindingHandle);
	if (!ndis_oid_is_request(NdisBindingHandle, OidRequest))
		return NDIS_STATUS_INVALID_PARAMETER;
	begins(layer, OidRequest);
	return returned(layer, OidRequest, submit(layer->adapter, OidRequest));
}

NDIS_STATUS NdisFOidRequest(NDIS_HANDLE NdisFilterHandle, PNDIS_OID_REQUEST OidRequest)
{
	struct ndis_layer *layer = NdisFilterHandle;
	bool forward = true;
	NDIS_STATUS status;

	NDIS_CALLED(NdisFilterHandle);
	if (!ndis_oid_is_request(NdisFilterHandle, OidRequest))
		return NDIS_STATUS_INVALID_PARAMETER;
	if (ndis_layer_state(layer) == NDIS_STARTING)
		return NDIS_STATUS_FAILURE;   /* I10 */
	if (ndis_oid_answer(layer->adapter, NULL, OidRequest, &status))
		return status;
	if (ndis_qos_is(OidRequest->DATA.QUERY_INFORMATION.Oid))
		status = ndis_qos_begin(layer->adapter, OidRequest, &forward);
	if (!forward)
		return status;
	begins(layer, OidRequest);
	return returned(layer, OidRequest, ask(layer->adapter, layer, OidRequest));
}

NDIS_STATUS ndis_oid_wait(struct ndis_adapter *a, struct ndis_binding *b, PNDIS_OID_REQUEST r)
{
	struct ndis_oid_waiter w;
	NDIS_STATUS status;

	NdisInitializeEvent(&w.done);
	ndis_oid_private_init(r, b ? &b->layer : NULL, a);
	ndis_oid_private(r)->waiter = &w;
	ndis_oid_timeout_start(r);
	status = submit(a, r);
	if (status == NDIS_STATUS_PENDING) {
		NdisWaitEvent(&w.done, 0);
		return w.status;
	}
	ndis_oid_timeout_stop(r);
	return status;
}

/* ---- the stack changes ---- */

void ndis_oid_wait_idle(struct ndis_adapter *a)
{
	ndis_oid_line_wait(&a->requests, false);
	ndis_oid_line_wait(&a->layer.oids, false);
}

void ndis_oid_hold(struct ndis_adapter *a)
{
	ndis_oid_line_hold(&a->requests);
	ndis_oid_line_wait(&a->requests, false);
	for (unsigned i = 0; i < a->n_modules; i++)
		ndis_oid_line_wait(&a->modules[i]->layer.oids, false);
	ndis_oid_line_wait(&a->layer.oids, false);
}

void ndis_oid_release(struct ndis_adapter *a)
{
	if (ndis_oid_line_release(&a->requests))
		kernel_call_work(stack_turn, a);
}
