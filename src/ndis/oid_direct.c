/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct OID requests: past every line, at any IRQL up to DISPATCH_LEVEL, through the
 * filters that have the handlers. */
#include "ndis/oid.h"
#include "ndis/stack.h"

#include "base/log.h"

static bool has_handler(const struct ndis_layer *layer)
{
	if (layer->object.kind == NDIS_OBJECT_MINIPORT)
		return layer->adapter->driver->handlers.DirectOidRequestHandler;
	return ((const struct ndis_filter *)layer)->handlers.DirectOidRequestHandler && !layer->leaving;
}

/* The first below 'from' (NULL: of the stack) with a handler; NULL: not even the miniport.
 * It stays as long as the stack's lock is held. */
static struct ndis_layer *first(struct ndis_adapter *a, struct ndis_layer *from)
{
	struct ndis_layer *layer = from ? ndis_stack_below(from) : ndis_stack_top(a);

	while (layer && !has_handler(layer))
		layer = ndis_stack_below(layer);
	return layer;
}

/* The same, and it stays until direct_over(). */
static struct ndis_layer *enter(struct ndis_adapter *a, struct ndis_layer *from)
{
	struct ndis_layer *layer;

	pthread_rwlock_rdlock(&a->stack_lock);
	layer = first(a, from);
	if (layer)
		atomic_fetch_add(&layer->direct, 1);
	pthread_rwlock_unlock(&a->stack_lock);
	return layer;
}

static NDIS_STATUS call_handler(struct ndis_layer *layer, PNDIS_OID_REQUEST r)
{
	NDIS_STATUS status;

	if (ndis_watch)
		ndis_watch->oid_asked(layer, ndis_oid_private(r)->issuer, r);
	if (layer->object.kind == NDIS_OBJECT_FILTER)
		status = ndis_layer_filter(layer)->handlers.DirectOidRequestHandler(layer->context, r);
	else
		status = layer->adapter->driver->handlers.DirectOidRequestHandler(layer->context, r);
	if (ndis_watch)
		status = ndis_watch->oid_returned(layer, r, status);
	return status;
}

/* 'from' NULL: the stack. */
static NDIS_STATUS ask(struct ndis_layer *issuer, struct ndis_layer *from, PNDIS_OID_REQUEST r)
{
	struct ndis_layer *layer;
	NDIS_STATUS status;

	if (!ndis_oid_is_request(issuer, r))
		return NDIS_STATUS_INVALID_PARAMETER;
	layer = enter(issuer->adapter, from);
	if (!layer)
		return NDIS_STATUS_NOT_SUPPORTED;
	ndis_oid_private_init(r, issuer, issuer->adapter);
	atomic_fetch_add(&issuer->own, 1);
	status = call_handler(layer, r);
	if (status != NDIS_STATUS_PENDING) {
		atomic_fetch_sub(&layer->direct, 1);
		atomic_fetch_sub(&issuer->own, 1);
	}
	return status;
}

NDIS_STATUS NdisDirectOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
	NDIS_CALLED(NdisBindingHandle);
	return ask(NdisBindingHandle, NULL, OidRequest);
}

NDIS_STATUS NdisFDirectOidRequest(NDIS_HANDLE NdisFilterHandle, PNDIS_OID_REQUEST OidRequest)
{
	NDIS_CALLED(NdisFilterHandle);
	return ask(NdisFilterHandle, NdisFilterHandle, OidRequest);
}

static void tell(struct ndis_layer *issuer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	const struct ndis_binding *b = (const struct ndis_binding *)issuer;
	void (*handler)(NDIS_HANDLE, PNDIS_OID_REQUEST, NDIS_STATUS);

	if (issuer->object.kind == NDIS_OBJECT_FILTER)
		handler = ndis_layer_filter(issuer)->handlers.DirectOidRequestCompleteHandler;
	else
		handler = b->protocol->handlers.DirectOidRequestCompleteHandler;
	if (handler)
		handler(issuer->context, r, status);
	else
		log_error("%s %s: its direct OID request ended, and it has no "
			  "DirectOidRequestCompleteHandler",
			  ndis_object_kind_name(issuer->object.kind), issuer->object.name);
}

static void complete(struct ndis_layer *layer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct ndis_layer *issuer;

	if (ndis_watch && !ndis_watch->oid_completed(layer, r, status))
		return;
	issuer = ndis_oid_private(r)->issuer;
	if (!issuer || !atomic_load(&layer->direct)) {
		log_error("%s %s: completes a direct OID request that it does not have, or not any more",
			  ndis_object_kind_name(layer->object.kind), layer->object.name);
		return;
	}
	ndis_oid_private(r)->issuer = NULL;
	ndis_oid_telling(issuer);
	tell(issuer, r, status);
	atomic_fetch_sub(&issuer->telling, 1);
	atomic_fetch_sub(&layer->direct, 1);
}

VOID NdisMDirectOidRequestComplete(NDIS_HANDLE MiniportAdapterHandle, PNDIS_OID_REQUEST OidRequest,
				   NDIS_STATUS Status)
{
	complete(MiniportAdapterHandle, OidRequest, Status);
}

VOID NdisFDirectOidRequestComplete(NDIS_HANDLE NdisFilterHandle, PNDIS_OID_REQUEST OidRequest,
				   NDIS_STATUS Status)
{
	complete(NdisFilterHandle, OidRequest, Status);
}

/* Whoever is the next with a handler is told; what it has of that id it decides itself. */
static void cancel_at(struct ndis_layer *layer, PVOID id)
{
	if (layer->object.kind == NDIS_OBJECT_MINIPORT) {
		if (layer->adapter->driver->handlers.CancelDirectOidRequestHandler)
			layer->adapter->driver->handlers.CancelDirectOidRequestHandler(layer->context,
										       id);
	} else if (ndis_layer_filter(layer)->handlers.CancelDirectOidRequestHandler) {
		ndis_layer_filter(layer)->handlers.CancelDirectOidRequestHandler(layer->context, id);
	}
}

static void cancel(struct ndis_adapter *a, struct ndis_layer *from, PVOID id)
{
	struct ndis_layer *layer = enter(a, from);

	if (!layer)
		return;
	cancel_at(layer, id);
	atomic_fetch_sub(&layer->direct, 1);
}

VOID NdisCancelDirectOidRequest(NDIS_HANDLE NdisBindingHandle, PVOID RequestId)
{
	NDIS_CALLED(NdisBindingHandle);
	cancel(((struct ndis_layer *)NdisBindingHandle)->adapter, NULL, RequestId);
}

VOID NdisFCancelDirectOidRequest(NDIS_HANDLE NdisFilterHandle, PVOID RequestId)
{
	NDIS_CALLED(NdisFilterHandle);
	cancel(((struct ndis_layer *)NdisFilterHandle)->adapter, NdisFilterHandle, RequestId);
}
