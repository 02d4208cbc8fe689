/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OID requests at a layer: each ends once, in time, and with a status that it may end
 * with. A request that completed may be gone, or asked again, before the handler that
 * was asked returns; so a handler's call has an entry of its own, on its thread.
 */
#include "verifier/inside.h"

#include <stdlib.h>

struct asked {
	struct asked *next, **back;      /* in the list of those not ended; back NULL: in none */
	struct asked *outer;             /* the call around it on this thread */
	struct ndis_layer *layer, *issuer;
	PNDIS_OID_REQUEST request;
	NDIS_OID oid;
	NDIS_REQUEST_TYPE type;
	uint64_t since;
	bool running;                    /* its handler has not returned */
	bool ended, late;
};

static struct asked *open_requests;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list and its entries */
static _Thread_local struct asked *running;

static void list_add(struct asked *a)
{
	a->next = open_requests;
	a->back = &open_requests;
	if (a->next)
		a->next->back = &a->next;
	open_requests = a;
}

static void list_remove(struct asked *a)
{
	if (!a->back)
		return;
	*a->back = a->next;
	if (a->next)
		a->next->back = a->back;
	a->back = NULL;
}

/* ---- what a request may end with ---- */

/* Teardown must succeed: these OIDs end in one of few statuses. */
static bool must_succeed(NDIS_OID oid)
{
	switch (oid) {
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
	case OID_RECEIVE_FILTER_FREE_QUEUE:
	case OID_NIC_SWITCH_FREE_VF:
	case OID_NIC_SWITCH_DELETE_SWITCH:
	case OID_802_3_DELETE_MULTICAST_ADDRESS:
	case OID_PM_REMOVE_WOL_PATTERN:
	case OID_PM_REMOVE_PROTOCOL_OFFLOAD:
	case OID_PNP_SET_POWER:
		return true;
	default:
		return false;
	}
}

static bool is_allowed(NDIS_OID oid, NDIS_STATUS status)
{
	if (status == NDIS_STATUS_SUCCESS || status == NDIS_STATUS_NOT_ACCEPTED || !must_succeed(oid))
		return true;
	return status == NDIS_STATUS_REQUEST_ABORTED && oid != OID_PNP_SET_POWER;
}

static void check_status(struct ndis_layer *layer, const struct asked *a, NDIS_STATUS status,
			 const char *function)
{
	if (status == NDIS_STATUS_PENDING)
		report_object(RULE_OID_COMPLETE, layer, function, "OID request", a->request,
			      "OID 0x%08x is completed with NDIS_STATUS_PENDING", a->oid);
	else if (layer->object.kind == NDIS_OBJECT_MINIPORT &&
		 a->type == NdisRequestSetInformation && !is_allowed(a->oid, status))
		report_object(RULE_OID_COMPLETE, layer, function, "OID request", a->request,
			      "OID 0x%08x may not end with status 0x%08x", a->oid, (unsigned)status);
}

/* ---- who may ask (O4) ---- */

static bool has_turn_with(const struct ndis_layer *layer, NDIS_OID oid)
{
	struct asked *a;

	pthread_mutex_lock(&lock);
	for (a = open_requests; a && (a->layer != layer || a->oid != oid); a = a->next)
		;
	pthread_mutex_unlock(&lock);
	return a != NULL;
}

/* A filter may pass on what it was asked itself. */
static void check_issuer(struct ndis_layer *issuer, PNDIS_OID_REQUEST r)
{
	bool filter = issuer && issuer->object.kind == NDIS_OBJECT_FILTER;

	if (!issuer || r->DATA.QUERY_INFORMATION.Oid != OID_QOS_PARAMETERS ||
	    (filter && has_turn_with(issuer, OID_QOS_PARAMETERS)))
		return;
	report_object(RULE_DCB_ONLY, issuer, filter ? "NdisFOidRequest" : "NdisOidRequest",
		      "OID request", r, "OID_QOS_PARAMETERS is not this driver's to set");
}

/* ---- the watch ---- */

void oid_turn(struct ndis_adapter *adapter, struct ndis_layer *issuer, PNDIS_OID_REQUEST r)
{
	unsigned filters;
	ULONG queue;

	check_issuer(issuer, r);
	if (!issuer || r->RequestType != NdisRequestSetInformation ||
	    r->DATA.SET_INFORMATION.Oid != OID_RECEIVE_FILTER_FREE_QUEUE)
		return;
	filters = queue_freed_with_filters(layer_track(&adapter->layer), r, &queue);
	if (filters)
		report_object(RULE_FILTER_NOT_CLEARED, issuer, "NdisOidRequest", "OID request", r,
			      "queue %u is freed with %u filters set", queue, filters);
}

static const char *handler_name(const struct ndis_layer *layer)
{
	return layer->object.kind == NDIS_OBJECT_MINIPORT ? "MiniportOidRequest" : "FilterOidRequest";
}

void oid_asked(struct ndis_layer *layer, struct ndis_layer *issuer, PNDIS_OID_REQUEST r)
{
	struct asked *a = calloc(1, sizeof(*a));

	if (issuer && issuer->object.kind == NDIS_OBJECT_FILTER)
		check_issuer(issuer, r);   /* what comes from above was seen at its turn */
	if (layer->object.kind == NDIS_OBJECT_MINIPORT) {
		queues_asked(layer_track(layer), r);
		wishes_asked(layer_track(layer), r);
	}
	callback_push(&layer->object, handler_name(layer));
	if (!a)
		abort();   /* no memory for a few words: nothing can be told any more */
	*a = (struct asked){ .outer = running, .layer = layer, .issuer = issuer, .request = r,
			     .oid = r->DATA.QUERY_INFORMATION.Oid, .type = r->RequestType,
			     .since = verifier_ns(), .running = true };
	running = a;
	pthread_mutex_lock(&lock);
	list_add(a);
	pthread_mutex_unlock(&lock);
}

NDIS_STATUS oid_returned(struct ndis_layer *layer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct asked *a = running;
	bool ended;

	callback_pop();
	running = a->outer;
	pthread_mutex_lock(&lock);
	a->running = false;
	ended = a->ended;
	if (ended || status != NDIS_STATUS_PENDING)
		list_remove(a);
	pthread_mutex_unlock(&lock);
	if (status == NDIS_STATUS_PENDING) {
		if (ended)
			free(a);
		return status;
	}
	if (ended) {
		report_object(RULE_OID_DOUBLE_COMPLETE, layer, handler_name(layer), "OID request", r,
			      "OID 0x%08x: status 0x%08x is returned, and it was completed before", a->oid,
			      (unsigned)status);
		status = NDIS_STATUS_PENDING;   /* its end was told already */
	} else {
		check_status(layer, a, status, handler_name(layer));
		if (layer->object.kind == NDIS_OBJECT_MINIPORT) {
			queues_ended(layer_track(layer), r, status);
			wishes_ended(layer_track(layer), r, status);
		}
	}
	free(a);
	return status;
}

/* Takes the request's open entry off the list, and copies it. NULL: there is none. Whoever
 * finds in the copy that its handler has returned frees it; else that return does. */
static struct asked *take(struct ndis_layer *layer, PNDIS_OID_REQUEST r, struct asked *copy)
{
	struct asked *a;

	pthread_mutex_lock(&lock);
	for (a = open_requests; a && (a->layer != layer || a->request != r); a = a->next)
		;
	if (a) {
		list_remove(a);
		a->ended = true;
		*copy = *a;
	}
	pthread_mutex_unlock(&lock);
	return a;
}

BOOLEAN oid_completed(struct ndis_layer *layer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	const char *function = layer->object.kind == NDIS_OBJECT_MINIPORT ? "NdisMOidRequestComplete"
									  : "NdisFOidRequestComplete";
	struct asked copy, *a = take(layer, r, &copy);

	irql_called(function, layer, NULL);
	if (!a) {
		report_object(RULE_OID_DOUBLE_COMPLETE, layer, function, "OID request", r,
			      "the driver does not have it: it was completed, or never asked");
		return FALSE;
	}
	check_status(layer, &copy, status, function);
	if (layer->object.kind == NDIS_OBJECT_MINIPORT) {
		queues_ended(layer_track(layer), r, status);
		wishes_ended(layer_track(layer), r, status);
	}
	if (!copy.running)
		free(a);
	return TRUE;
}

/* ---- time, and the end ---- */

/* The first open request for which 'is' holds, marked as told; copied. */
static bool find(bool (*is)(const struct asked *a, const void *arg), const void *arg,
		 struct asked *copy)
{
	struct asked *a;

	pthread_mutex_lock(&lock);
	for (a = open_requests; a && !is(a, arg); a = a->next)
		;
	if (a) {
		a->late = true;
		*copy = *a;
	}
	pthread_mutex_unlock(&lock);
	return a != NULL;
}

static bool is_late(const struct asked *a, const void *arg)
{
	return !a->late &&
	       age_at(*(const uint64_t *)arg, a->since) > rule_limit_ns(RULE_TIMED_OID_COMPLETE);
}

void oids_check_time(uint64_t ns)
{
	struct asked a;

	while (find(is_late, &ns, &a))
		report_object(RULE_TIMED_OID_COMPLETE, a.layer,
			      a.running ? handler_name(a.layer) : "NdisMOidRequestComplete",
			      "OID request", a.request, "OID 0x%08x has not ended for %.3f s%s", a.oid,
			      (double)age_at(ns, a.since) / 1e9, a.running ? "; its handler has not returned" : "");
}

static bool is_issued_by(const struct asked *a, const void *binding)
{
	return a->issuer == binding && !a->late;
}

/* I21. They are waited for all the same. */
void oids_pending_at_close(struct ndis_layer *binding)
{
	struct asked a;

	while (find(is_issued_by, binding, &a))
		report_object(RULE_LEFT_OID, binding, "NdisCloseAdapterEx", "OID request", a.request,
			      "OID 0x%08x has not ended when the binding is closed", a.oid);
}

static bool is_of(const struct asked *a, const void *layer)
{
	return a->layer == layer && !a->running;
}

void oids_left(struct ndis_layer *layer)
{
	struct asked copy, *a;

	while (find(is_of, layer, &copy)) {
		a = take(layer, copy.request, &copy);
		report_object(RULE_LEFT_OID, layer, "NdisMOidRequestComplete", "OID request", copy.request,
			      "OID 0x%08x was never completed", copy.oid);
		free(a);
	}
}

void oids_free(void)
{
	pthread_mutex_lock(&lock);
	while (open_requests) {
		struct asked *a = open_requests;

		list_remove(a);
		free(a);
	}
	pthread_mutex_unlock(&lock);
}
