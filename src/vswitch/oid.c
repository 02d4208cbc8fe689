/* SPDX-License-Identifier: BSD-2-Clause */
/* OID requests of the switch, each waited for at PASSIVE_LEVEL. */
#include "vswitch/switch.h"

struct waiting {
	NDIS_OID_REQUEST request;   /* first: the completion gets its address */
	NDIS_EVENT done;
	NDIS_STATUS status;
};

static void wait_for(struct waiting *w, const struct vs_patience *patience)
{
	unsigned ms = patience ? patience->ms : 0;

	while (!NdisWaitEvent(&w->done, ms))
		ms = patience->late(patience->context);
}

static NDIS_STATUS issue(struct waiting *w, const struct vs_patience *patience)
{
	NDIS_HANDLE binding = atomic_load(&vs_switch.binding);
	NDIS_STATUS status;

	if (!binding)
		return NDIS_STATUS_FAILURE;
	w->request.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OID_REQUEST,
						  NDIS_OID_REQUEST_REVISION_1,
						  NDIS_SIZEOF_OID_REQUEST_REVISION_1 };
	NdisInitializeEvent(&w->done);
	status = NdisOidRequest(binding, &w->request);
	if (status != NDIS_STATUS_PENDING)
		return status;
	wait_for(w, patience);
	return w->status;
}

NDIS_STATUS vs_oid_set(NDIS_OID oid, PVOID buffer, ULONG length,
		       const struct vs_patience *patience)
{
	struct waiting w = { .request.RequestType = NdisRequestSetInformation };

	w.request.DATA.SET_INFORMATION.Oid = oid;
	w.request.DATA.SET_INFORMATION.InformationBuffer = buffer;
	w.request.DATA.SET_INFORMATION.InformationBufferLength = length;
	return issue(&w, patience);
}

NDIS_STATUS vs_oid_method(NDIS_OID oid, PVOID buffer, ULONG length,
			  const struct vs_patience *patience)
{
	struct waiting w = { .request.RequestType = NdisRequestMethod };

	w.request.DATA.METHOD_INFORMATION.Oid = oid;
	w.request.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
	w.request.DATA.METHOD_INFORMATION.InputBufferLength = length;
	w.request.DATA.METHOD_INFORMATION.OutputBufferLength = length;
	return issue(&w, patience);
}

_Use_decl_annotations_
VOID ProtocolOidRequestComplete(NDIS_HANDLE ProtocolBindingContext, PNDIS_OID_REQUEST OidRequest,
				NDIS_STATUS Status)
{
	struct waiting *w = CONTAINING_RECORD(OidRequest, struct waiting, request);

	(void)ProtocolBindingContext;
	w->status = Status;
	NdisSetEvent(&w->done);
}
