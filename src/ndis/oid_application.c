/* SPDX-License-Identifier: BSD-2-Clause */
/* OID requests of the host program. */
#include "ndis/oid.h"

#define REQUEST(type) \
	{ .Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1, \
		      NDIS_SIZEOF_OID_REQUEST_REVISION_1 }, \
	  .RequestType = (type) }

NDIS_STATUS ndis_adapter_query(struct ndis_adapter *a, NDIS_OID oid, void *buffer, unsigned length,
			       unsigned *written, unsigned *needed)
{
	NDIS_OID_REQUEST r = REQUEST(NdisRequestQueryInformation);
	NDIS_STATUS status;

	r.DATA.QUERY_INFORMATION.Oid = oid;
	r.DATA.QUERY_INFORMATION.InformationBuffer = buffer;
	r.DATA.QUERY_INFORMATION.InformationBufferLength = length;
	status = ndis_oid_wait(a, NULL, &r);
	if (written)
		*written = r.DATA.QUERY_INFORMATION.BytesWritten;
	if (needed)
		*needed = r.DATA.QUERY_INFORMATION.BytesNeeded;
	return status;
}

NDIS_STATUS ndis_adapter_method(struct ndis_adapter *a, NDIS_OID oid, void *buffer, unsigned length,
				unsigned *needed)
{
	NDIS_OID_REQUEST r = REQUEST(NdisRequestMethod);
	NDIS_STATUS status;

	r.DATA.METHOD_INFORMATION.Oid = oid;
	r.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
	r.DATA.METHOD_INFORMATION.InputBufferLength = length;
	r.DATA.METHOD_INFORMATION.OutputBufferLength = length;
	status = ndis_oid_wait(a, NULL, &r);
	if (needed)
		*needed = r.DATA.METHOD_INFORMATION.BytesNeeded;
	return status;
}

NDIS_STATUS ndis_adapter_set(struct ndis_adapter *a, NDIS_OID oid, void *buffer, unsigned length,
			     unsigned *needed)
{
	NDIS_OID_REQUEST r = REQUEST(NdisRequestSetInformation);
	NDIS_STATUS status;

	r.DATA.SET_INFORMATION.Oid = oid;
	r.DATA.SET_INFORMATION.InformationBuffer = buffer;
	r.DATA.SET_INFORMATION.InformationBufferLength = length;
	status = ndis_oid_wait(a, NULL, &r);
	if (needed)
		*needed = r.DATA.SET_INFORMATION.BytesNeeded;
	return status;
}
