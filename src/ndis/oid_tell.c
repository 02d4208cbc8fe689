/* SPDX-License-Identifier: BSD-2-Clause */
/* Whoever asked hears of the end of a request (I26). */
#include "ndis/oid.h"

#include "base/log.h"
#include "ndis/stack.h"

static void tell_filter(struct ndis_layer *issuer, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	const struct ndis_filter *f = ndis_layer_filter(issuer);

	if (f->handlers.OidRequestCompleteHandler)
		NDIS_CALLBACK(&issuer->object, "FilterOidRequestComplete",
			      f->handlers.OidRequestCompleteHandler(issuer->context, r, status));
	else
		log_error("filter %s: its OID request ended, and it has no OidRequestCompleteHandler",
			  issuer->object.name);
}

/* An end is no fault of whoever closes as soon as it has heard of it, inside the call. */
void ndis_oid_telling(struct ndis_layer *issuer)
{
	atomic_fetch_add(&issuer->telling, 1);
	atomic_fetch_sub(&issuer->own, 1);
}

/* Whoever asked hears that a request which pended is over. */
void ndis_oid_tell(PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct ndis_oid_waiter *w = ndis_oid_private(r)->waiter;
	struct ndis_layer *issuer = ndis_oid_private(r)->issuer;
	struct ndis_binding *b = (struct ndis_binding *)issuer;

	ndis_oid_timeout_stop(r);
	if (w) {
		w->status = status;
		NdisSetEvent(&w->done);
		return;
	}
	ndis_oid_telling(issuer);
	if (issuer->object.kind == NDIS_OBJECT_FILTER)
		tell_filter(issuer, r, status);
	else
		NDIS_CALLBACK(&issuer->object, "ProtocolOidRequestComplete",
			      b->protocol->handlers.OidRequestCompleteHandler(issuer->context, r,
									      status));
	atomic_fetch_sub(&issuer->telling, 1);
}
