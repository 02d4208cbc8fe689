/* SPDX-License-Identifier: BSD-2-Clause */
/* MiniportOidRequest: each OID to the room that does it. */
#include "miniport/rss.h"

#include <string.h>

/* QUEUE_ALLOCATION_COMPLETE: a batch, each element with a status of its own (C39). */
static NDIS_STATUS allocation_complete(struct mp_adapter *a,
				       PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY array)
{
	char *at = (char *)array + array->FirstElementOffset;

	for (ULONG i = 0; i < array->NumElements; i++, at += array->ElementSize) {
		PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS p = (void *)at;

		p->CompletionStatus = mp_queue_complete(a, p->QueueId);
	}
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS method(struct mp_adapter *a, PNDIS_OID_REQUEST r)
{
	PVOID buffer = r->DATA.METHOD_INFORMATION.InformationBuffer;
	NDIS_STATUS status;

	switch (r->DATA.METHOD_INFORMATION.Oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		status = mp_queue_allocate(a, buffer);
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		status = allocation_complete(a, buffer);
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
		status = mp_filter_set(a, buffer);
		break;
	case OID_QOS_PARAMETERS:
		status = mp_qos_set(a, buffer);
		break;
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
	if (status == NDIS_STATUS_SUCCESS) {
		r->DATA.METHOD_INFORMATION.BytesRead = r->DATA.METHOD_INFORMATION.InputBufferLength;
		r->DATA.METHOD_INFORMATION.BytesWritten =
			r->DATA.METHOD_INFORMATION.OutputBufferLength;
	}
	return status;
}

static NDIS_STATUS set(struct mp_adapter *a, PNDIS_OID_REQUEST r)
{
	PVOID buffer = r->DATA.SET_INFORMATION.InformationBuffer;
	NDIS_STATUS status;

	switch (r->DATA.SET_INFORMATION.Oid) {
	case OID_GEN_RECEIVE_SCALE_PARAMETERS:
	case OID_GEN_RECEIVE_HASH:
		status = mp_rss_set(a, r);
		break;
	case OID_GEN_CURRENT_PACKET_FILTER:
		atomic_store(&a->packet_filter, *(const ULONG *)buffer);
		status = NDIS_STATUS_SUCCESS;
		break;
	case OID_802_3_MULTICAST_LIST:
		status = mp_multicast_set(a, buffer,
					  r->DATA.SET_INFORMATION.InformationBufferLength);
		break;
	case OID_TCP_OFFLOAD_PARAMETERS:
		status = mp_offload_parameters_set(a, buffer,
						   r->DATA.SET_INFORMATION.InformationBufferLength);
		break;
	case OID_OFFLOAD_ENCAPSULATION:
		status = mp_offload_encapsulation_set(
			a, buffer, r->DATA.SET_INFORMATION.InformationBufferLength);
		break;
	case OID_PNP_SET_POWER:
		status = mp_power_set(a, r);
		break;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		status = mp_queue_change(a, buffer, r);
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER: {
		const NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS *p = buffer;

		status = mp_filter_clear(a, p->QueueId, p->FilterId, r);
		break;
	}
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		status = mp_queue_free(a, ((const NDIS_RECEIVE_QUEUE_FREE_PARAMETERS *)buffer)->QueueId,
				       r);
		break;
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
	if (status == NDIS_STATUS_SUCCESS)   /* PENDING: it may be over, and no longer ours */
		r->DATA.SET_INFORMATION.BytesRead = r->DATA.SET_INFORMATION.InformationBufferLength;
	return status;
}

static NDIS_STATUS query(const struct mp_adapter *a, PNDIS_OID_REQUEST r)
{
	ULONG value;

	switch (r->DATA.QUERY_INFORMATION.Oid) {
	case OID_GEN_STATISTICS:
		return mp_statistics_query(a, r);
	case OID_GEN_VENDOR_DESCRIPTION:
		return mp_description_query(a, r);
	case OID_GEN_MAXIMUM_TOTAL_SIZE:
		value = a->max_send;
		break;
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < sizeof(value)) {
		r->DATA.QUERY_INFORMATION.BytesNeeded = sizeof(value);
		return NDIS_STATUS_INVALID_LENGTH;
	}
	memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, &value, sizeof(value));
	r->DATA.QUERY_INFORMATION.BytesWritten = sizeof(value);
	return NDIS_STATUS_SUCCESS;
}

static bool is_of_vm_queues(NDIS_OID oid)
{
	return oid >= OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES && oid <= OID_RECEIVE_FILTER_MOVE_FILTER;
}

_Use_decl_annotations_
NDIS_STATUS MiniportOidRequest(NDIS_HANDLE MiniportAdapterContext, PNDIS_OID_REQUEST OidRequest)
{
	struct mp_adapter *a = MiniportAdapterContext;

	/* Without VM queues those that there are belong to RSS (H19). */
	if (!a->settings.vmq && is_of_vm_queues(OidRequest->DATA.SET_INFORMATION.Oid))
		return NDIS_STATUS_NOT_SUPPORTED;
	switch (OidRequest->RequestType) {
	case NdisRequestMethod:
		return method(a, OidRequest);
	case NdisRequestSetInformation:
		return set(a, OidRequest);
	case NdisRequestQueryInformation:
	case NdisRequestQueryStatistics:
		return query(a, OidRequest);
	default:
		return NDIS_STATUS_NOT_SUPPORTED;
	}
}

/* I30: a FREE or CLEAR under way goes on to its end (U12); nothing else pends. */
_Use_decl_annotations_
VOID MiniportCancelOidRequest(NDIS_HANDLE MiniportAdapterContext, PVOID RequestId)
{
	(void)MiniportAdapterContext;
	(void)RequestId;
}
