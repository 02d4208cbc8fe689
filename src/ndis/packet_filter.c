/* SPDX-License-Identifier: BSD-2-Clause */
/* OID_GEN_CURRENT_PACKET_FILTER: NDIS keeps each binding's, the miniport gets the union
 * (F22). The caller's own value stands again in its buffer at the end. */
#include "ndis/oid.h"

#include "base/log.h"
#include "ndis/loopback.h"

/* What loopback needs to know is NDIS's own (A39, A40); a miniport hears of it only when it
 * says that it understands it. */
#define OURS (NDIS_PACKET_TYPE_NO_LOCAL | NDIS_PACKET_TYPE_ALL_LOCAL)

/* What any binding but 'changing' asked for, and 'filter'. */
static ULONG combined(struct ndis_adapter *a, const struct ndis_binding *changing, ULONG filter)
{
	pthread_rwlock_rdlock(&a->stack_lock);
	for (unsigned i = 0; i < a->n_bindings; i++)
		if (a->bindings[i] != changing)
			filter |= atomic_load(&a->bindings[i]->packet_filter);
	pthread_rwlock_unlock(&a->stack_lock);
	return filter;
}

ULONG ndis_packet_filter_union(struct ndis_adapter *a)
{
	return combined(a, NULL, 0);
}

NDIS_STATUS ndis_packet_filter_begin(struct ndis_adapter *a, struct ndis_binding *b,
				     PNDIS_OID_REQUEST r, bool *forward)
{
	ULONG value;
	NDIS_STATUS status;

	*forward = false;
	status = ndis_joined_take(r, &value);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (value & ~a->attributes.packet_filters & ~(ULONG)OURS)
		return NDIS_STATUS_NOT_SUPPORTED;
	ndis_joined_pass(r, value,
			 combined(a, b, value) & (a->attributes.packet_filters | ~(ULONG)OURS));
	*forward = true;
	return NDIS_STATUS_SUCCESS;
}

void ndis_packet_filter_end(struct ndis_binding *b, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	ndis_joined_end(r, status, b ? &b->packet_filter : NULL);
	if (b && status == NDIS_STATUS_SUCCESS)
		ndis_loopback_update(b->layer.adapter);
}

/* Nothing, in the name of 'b'; so the miniport gets what the others asked for. */
static NDIS_STATUS set_none(struct ndis_adapter *a, struct ndis_binding *b)
{
	ULONG none = 0;
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = NdisRequestSetInformation,
	};

	r.DATA.SET_INFORMATION.Oid = OID_GEN_CURRENT_PACKET_FILTER;
	r.DATA.SET_INFORMATION.InformationBuffer = &none;
	r.DATA.SET_INFORMATION.InformationBufferLength = sizeof(none);
	return ndis_oid_wait(a, b, &r);
}

void ndis_packet_filter_forget(struct ndis_binding *b)
{
	if (atomic_load(&b->packet_filter))
		set_none(b->layer.adapter, b);
}

void ndis_packet_filter_restore(struct ndis_adapter *a)
{
	NDIS_STATUS status = set_none(a, NULL);

	if (status != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: the packet filter is not set again after a reset: status 0x%08x",
			  a->layer.object.name, (unsigned)status);
}
