/* SPDX-License-Identifier: BSD-2-Clause */
/* What the adapter says of itself and of what it has counted. */
#include "miniport/adapter.h"

#include <string.h>

#define DESCRIPTION_SIZE 224

static NDIS_STATUS answer(PNDIS_OID_REQUEST r, const void *what, UINT length)
{
	if (r->DATA.QUERY_INFORMATION.InformationBufferLength < length) {
		r->DATA.QUERY_INFORMATION.BytesNeeded = length;
		return NDIS_STATUS_INVALID_LENGTH;
	}
	memcpy(r->DATA.QUERY_INFORMATION.InformationBuffer, what, length);
	r->DATA.QUERY_INFORMATION.BytesWritten = length;
	return NDIS_STATUS_SUCCESS;
}

/* Frames that came damaged are errors; the others that are lost, discards. */
NDIS_STATUS mp_statistics_query(const struct mp_adapter *a, PNDIS_OID_REQUEST request)
{
	NDIS_STATISTICS_INFO info = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_STATISTICS_INFO_REVISION_1,
			    NDIS_SIZEOF_STATISTICS_INFO_REVISION_1 },
		.SupportedStatistics = NDIS_STATISTICS_FLAGS_VALID_BYTES_RCV |
				       NDIS_STATISTICS_FLAGS_VALID_RCV_DISCARDS |
				       NDIS_STATISTICS_FLAGS_VALID_RCV_ERROR |
				       NDIS_STATISTICS_FLAGS_VALID_BYTES_XMIT,
	};
	struct miniport_queue_report q;
	struct miniport_report all;

	miniport_report(a, &all);
	for (unsigned d = 0; d < WIRE_DROP_COUNT; d++)
		info.ifInDiscards += all.drops[d];
	info.ifInErrors = all.drops[WIRE_DROP_TRUNCATED];
	info.ifInDiscards -= info.ifInErrors;
	for (unsigned id = 0; id <= a->n_queues; id++) {
		if (!miniport_queue_report(a, id, &q))
			continue;
		info.ifHCInOctets += q.bytes;
		info.ifHCOutOctets += q.sent_bytes;
	}
	return answer(request, &info, NDIS_SIZEOF_STATISTICS_INFO_REVISION_1);
}

NDIS_STATUS mp_description_query(const struct mp_adapter *a, PNDIS_OID_REQUEST request)
{
	char text[DESCRIPTION_SIZE];

	snprintf(text, sizeof(text), "OpenVMQ virtual machine queue adapter over %s",
		 nic_description(a->nic));
	return answer(request, text, (UINT)strlen(text) + 1);
}
