/* SPDX-License-Identifier: BSD-2-Clause */
/* A set of one number that NDIS joins with what other bindings set before the miniport
 * sees it: the caller's own value stands again in its buffer at the end. */
#include "ndis/oid.h"

#include <string.h>

NDIS_STATUS ndis_joined_take(PNDIS_OID_REQUEST r, ULONG *value)
{
	if (r->RequestType != NdisRequestSetInformation)
		return NDIS_STATUS_NOT_SUPPORTED;
	if (r->DATA.SET_INFORMATION.InformationBufferLength < sizeof(*value)) {
		r->DATA.SET_INFORMATION.BytesNeeded = sizeof(*value);
		return NDIS_STATUS_INVALID_LENGTH;
	}
	memcpy(value, r->DATA.SET_INFORMATION.InformationBuffer, sizeof(*value));
	return NDIS_STATUS_SUCCESS;
}

void ndis_joined_pass(PNDIS_OID_REQUEST r, ULONG asked, ULONG joined)
{
	ndis_oid_private(r)->asked = asked;
	memcpy(r->DATA.SET_INFORMATION.InformationBuffer, &joined, sizeof(joined));
}

void ndis_joined_end(PNDIS_OID_REQUEST r, NDIS_STATUS status, atomic_uint *own)
{
	ULONG asked = ndis_oid_private(r)->asked;

	memcpy(r->DATA.SET_INFORMATION.InformationBuffer, &asked, sizeof(asked));
	if (status == NDIS_STATUS_SUCCESS && own)
		atomic_store(own, asked);
}
