/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelling OID requests, because whoever asked wants it or their time is over (I30). One
 * that waits ends here; one that has its turn is the driver's, which decides. The stack's
 * lock is held over the calls, so that no layer goes while it is told. */
#include "ndis/oid.h"
#include "ndis/oid_line.h"
#include "ndis/stack.h"

static void cancel_below(struct ndis_adapter *a, struct ndis_layer *from,
			 const struct ndis_oid_which *which);

/* A filter that does not want to know is not asked: what it made of the request, below it,
 * has the same id. */
static void cancel_at(struct ndis_layer *layer, PVOID id)
{
	struct ndis_adapter *a = layer->adapter;
	struct ndis_oid_which clone = { .issuer = layer, .id = id };

	if (layer->object.kind == NDIS_OBJECT_MINIPORT)
		NDIS_CALLBACK(&layer->object, "MiniportCancelOidRequest",
			      a->driver->handlers.CancelOidRequestHandler(layer->context, id));
	else if (ndis_layer_filter(layer)->handlers.CancelOidRequestHandler)
		NDIS_CALLBACK(&layer->object, "FilterCancelOidRequest",
			      ndis_layer_filter(layer)->handlers.CancelOidRequestHandler(
				      layer->context, id));
	else
		cancel_below(a, layer, &clone);
}

/* What waits before the first layer below 'from' (NULL: of the stack), and what that has. */
static void cancel_below(struct ndis_adapter *a, struct ndis_layer *from,
			 const struct ndis_oid_which *which)
{
	struct ndis_layer *layer = ndis_oid_first(a, from);
	PNDIS_OID_REQUEST r;

	while ((r = ndis_oid_line_take(&layer->oids, which)))
		ndis_oid_finish(r, NDIS_STATUS_REQUEST_ABORTED);
	if (ndis_oid_line_has(&layer->oids, which))
		cancel_at(layer, which->id);
}

VOID NdisCancelOidRequest(NDIS_HANDLE NdisBindingHandle, PVOID RequestId)
{
	struct ndis_layer *layer = NdisBindingHandle;
	struct ndis_adapter *a = layer->adapter;
	struct ndis_oid_which which = { .issuer = layer, .id = RequestId };
	PNDIS_OID_REQUEST r;

	NDIS_CALLED(NdisBindingHandle);
	while ((r = ndis_oid_line_take(&a->requests, &which)))
		ndis_oid_tell(r, NDIS_STATUS_REQUEST_ABORTED);
	pthread_rwlock_rdlock(&a->stack_lock);
	if (ndis_oid_line_has(&a->requests, &which))
		cancel_below(a, NULL, &which);
	pthread_rwlock_unlock(&a->stack_lock);
}

VOID NdisFCancelOidRequest(NDIS_HANDLE NdisFilterHandle, PVOID RequestId)
{
	struct ndis_layer *layer = NdisFilterHandle;
	struct ndis_adapter *a = layer->adapter;
	struct ndis_oid_which which = { .issuer = layer, .id = RequestId };

	NDIS_CALLED(NdisFilterHandle);
	pthread_rwlock_rdlock(&a->stack_lock);
	cancel_below(a, layer, &which);
	pthread_rwlock_unlock(&a->stack_lock);
}

/* It may have ended since, and whoever asked may be gone: so it is looked for by its
 * serial number alone. */
void ndis_oid_expire(struct ndis_adapter *a, uint64_t serial, PVOID id)
{
	struct ndis_oid_which which = { .serial = serial };
	PNDIS_OID_REQUEST r = ndis_oid_line_take(&a->requests, &which);

	if (r) {
		ndis_oid_tell(r, NDIS_STATUS_REQUEST_ABORTED);
		return;
	}
	pthread_rwlock_rdlock(&a->stack_lock);
	for (struct ndis_layer *l = ndis_stack_top(a); l; l = ndis_stack_below(l)) {
		r = ndis_oid_line_take(&l->oids, &which);
		if (r)
			ndis_oid_finish(r, NDIS_STATUS_REQUEST_ABORTED);
		else if (ndis_oid_line_has(&l->oids, &which))
			cancel_at(l, id);
		else
			continue;
		break;
	}
	pthread_rwlock_unlock(&a->stack_lock);
}
