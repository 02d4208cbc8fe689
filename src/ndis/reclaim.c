/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * G2: no queue outlives the binding that allocated it. What a protocol left behind
 * when it closed is taken back here, by the same OIDs in the same order that it
 * should have used itself: filters first, then queues (G1, D34).
 */
#include "ndis/oid.h"

#include "base/log.h"
#include "ndis/receive_filter.h"

static NDIS_STATUS set(struct ndis_binding *b, NDIS_OID oid, PVOID buffer, ULONG length)
{
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = NdisRequestSetInformation,
	};

	r.DATA.SET_INFORMATION.Oid = oid;
	r.DATA.SET_INFORMATION.InformationBuffer = buffer;
	r.DATA.SET_INFORMATION.InformationBufferLength = length;
	return ndis_oid_wait(b->layer.adapter, b, &r);
}

static NDIS_STATUS clear_filter(struct ndis_binding *b, NDIS_RECEIVE_QUEUE_ID queue,
				NDIS_RECEIVE_FILTER_ID filter)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 },
		.QueueId = queue,
		.FilterId = filter,
	};

	return set(b, OID_RECEIVE_FILTER_CLEAR_FILTER, &p, sizeof(p));
}

static NDIS_STATUS free_queue(struct ndis_binding *b, NDIS_RECEIVE_QUEUE_ID queue)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
		.QueueId = queue,
	};

	return set(b, OID_RECEIVE_FILTER_FREE_QUEUE, &p, sizeof(p));
}

void ndis_reclaim(struct ndis_binding *b)
{
	NDIS_RECEIVE_QUEUE_ID queue;
	NDIS_RECEIVE_FILTER_ID filter;

	while (b->layer.adapter->filters && ndis_receive_filter_leftover(b->layer.adapter, b, &queue, &filter)) {
		NDIS_STATUS status = filter ? clear_filter(b, queue, filter) : free_queue(b, queue);

		if (status != NDIS_STATUS_SUCCESS) {
			log_error("adapter %s: %s %u, left behind by a protocol, cannot be taken back: "
				  "status 0x%08x", b->layer.adapter->layer.object.name, filter ? "filter" : "queue",
				  (unsigned)(filter ? filter : queue), (unsigned)status);
			return;
		}
	}
}
