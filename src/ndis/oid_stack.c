/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's own part of the requests that come from above the stack. */
#include "ndis/oid.h"

#include "ndis/qos_oid.h"
#include "ndis/receive_filter.h"
#include "ndis/rss_oid.h"
#include "ndis/task_offload.h"

/* The miniport is gone, or says that it is. */
static bool miniport_is_there(const struct ndis_adapter *a)
{
	return !atomic_load(&a->shut_down) && ndis_layer_state(&a->layer) != NDIS_DOWN;
}

/* A program may look at queues and filters, but they are the drivers' (D38). The cache
 * tells one by a binding without a protocol; it keeps none of those. */
static NDIS_STATUS receive_filter_begin(struct ndis_adapter *a, struct ndis_binding *b,
					PNDIS_OID_REQUEST r, bool *forward)
{
	struct ndis_binding application = { .layer = { .adapter = a } };

	return ndis_receive_filter_begin(b ? b : &application, r, forward);
}

NDIS_STATUS ndis_oid_begin(struct ndis_adapter *a, struct ndis_binding *b, PNDIS_OID_REQUEST r,
			   bool *forward)
{
	NDIS_OID oid = r->DATA.QUERY_INFORMATION.Oid;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	*forward = false;
	if (!miniport_is_there(a))
		return NDIS_STATUS_NOT_ACCEPTED;   /* I11 */
	if (ndis_receive_filter_is(oid))
		return receive_filter_begin(a, b, r, forward);
	if (ndis_qos_is(oid))
		return ndis_qos_begin(a, r, forward);
	if (ndis_rss_is(oid))
		return ndis_rss_begin(a, b, r, forward);
	if (ndis_task_offload_is_set(oid))
		return ndis_task_offload_begin(a, r, forward);
	if (ndis_oid_answer(a, b, r, &status))
		return status;
	if (oid == OID_GEN_CURRENT_PACKET_FILTER)
		return ndis_packet_filter_begin(a, b, r, forward);
	if (oid == OID_GEN_CURRENT_LOOKAHEAD)
		return ndis_lookahead_begin(a, b, r, forward);
	if (ndis_multicast_is(oid))
		return ndis_multicast_begin(a, b, r, forward);
	*forward = true;
	return status;
}

void ndis_oid_end(struct ndis_adapter *a, struct ndis_binding *b, PNDIS_OID_REQUEST r,
		  NDIS_STATUS status)
{
	NDIS_OID oid = r->DATA.QUERY_INFORMATION.Oid;

	if (ndis_receive_filter_is(oid))
		ndis_receive_filter_end(b, r, status);
	else if (ndis_rss_is(oid))
		ndis_rss_end(a, r, status);
	else if (ndis_task_offload_is_set(oid))
		ndis_task_offload_end(a, r, status);
	else if (oid == OID_GEN_CURRENT_PACKET_FILTER)
		ndis_packet_filter_end(b, r, status);
	else if (oid == OID_GEN_CURRENT_LOOKAHEAD)
		ndis_lookahead_end(b, r, status);
	else if (ndis_multicast_is(oid))
		ndis_multicast_end(b, r, status);
}
