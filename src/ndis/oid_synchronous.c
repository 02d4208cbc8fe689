/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Synchronous OID requests (NDIS 6.80): one call down to the miniport and back, at any
 * IRQL up to DISPATCH_LEVEL. Filters look at the same request on both ways; one that
 * stops it is not asked on the way back, those above it are. The stack's lock is held, so
 * that no filter goes meanwhile.
 */
#include "ndis/oid.h"
#include "ndis/stack.h"

/* The filters that a request has passed, and what each wants to know on the way back. */
struct passed {
	struct ndis_filter *filter[NDIS_MAX_FILTERS];
	PVOID context[NDIS_MAX_FILTERS];
	unsigned n;
};

static NDIS_STATUS ask_filter(struct ndis_filter *f, PNDIS_OID_REQUEST r, PVOID *context)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	*context = NULL;
	if (f->handlers.SynchronousOidRequestHandler)
		NDIS_CALLBACK(&f->layer.object, "FilterSynchronousOidRequest",
			      status = f->handlers.SynchronousOidRequestHandler(f->layer.context, r,
										context));
	return status;
}

static NDIS_STATUS ask_miniport(struct ndis_adapter *a, PNDIS_OID_REQUEST r)
{
	NDIS_STATUS status = NDIS_STATUS_NOT_SUPPORTED;

	if (a->driver->handlers.SynchronousOidRequestHandler)
		NDIS_CALLBACK(&a->layer.object, "MiniportSynchronousOidRequest",
			      status = a->driver->handlers.SynchronousOidRequestHandler(
				      a->layer.context, r));
	return status;
}

static NDIS_STATUS go_down(struct ndis_adapter *a, struct ndis_layer *from, PNDIS_OID_REQUEST r,
			   struct passed *passed)
{
	struct ndis_layer *l = from ? ndis_stack_below(from) : ndis_stack_top(a);

	for (; l->object.kind == NDIS_OBJECT_FILTER; l = ndis_stack_below(l)) {
		struct ndis_filter *f = ndis_layer_filter(l);
		NDIS_STATUS status;

		if (l->leaving)
			continue;
		status = ask_filter(f, r, &passed->context[passed->n]);
		if (status == NDIS_STATUS_ALREADY_COMPLETE)
			return NDIS_STATUS_SUCCESS;
		if (status != NDIS_STATUS_SUCCESS)
			return status;
		passed->filter[passed->n++] = f;
	}
	return ask_miniport(a, r);
}

/* 'from' NULL: the stack. */
static NDIS_STATUS ask(struct ndis_layer *issuer, struct ndis_layer *from, PNDIS_OID_REQUEST r)
{
	struct ndis_adapter *a = issuer->adapter;
	struct passed passed = { .n = 0 };
	NDIS_STATUS status;

	if (!ndis_oid_is_request(issuer, r))
		return NDIS_STATUS_INVALID_PARAMETER;
	ndis_oid_private_init(r, issuer, a);
	pthread_rwlock_rdlock(&a->stack_lock);
	status = atomic_load(&a->shut_down) ? NDIS_STATUS_NOT_ACCEPTED : go_down(a, from, r, &passed);
	while (passed.n--) {
		struct ndis_filter *f = passed.filter[passed.n];

		if (f->handlers.SynchronousOidRequestCompleteHandler)
			NDIS_CALLBACK(&f->layer.object, "FilterSynchronousOidRequestComplete",
				      f->handlers.SynchronousOidRequestCompleteHandler(
					      f->layer.context, r, &status, passed.context[passed.n]));
	}
	pthread_rwlock_unlock(&a->stack_lock);
	return status;
}

NDIS_STATUS NdisSynchronousOidRequest(NDIS_HANDLE NdisBindingHandle, PNDIS_OID_REQUEST OidRequest)
{
	NDIS_CALLED(NdisBindingHandle);
	return ask(NdisBindingHandle, NULL, OidRequest);
}

NDIS_STATUS NdisFSynchronousOidRequest(NDIS_HANDLE NdisFilterHandle, PNDIS_OID_REQUEST OidRequest)
{
	NDIS_CALLED(NdisFilterHandle);
	return ask(NdisFilterHandle, NdisFilterHandle, OidRequest);
}
