/* SPDX-License-Identifier: BSD-2-Clause */
/* What the miniport answers when it is asked. */
#include "miniport.h"

#include <unistd.h>

#include "kernel/kernel.h"

static void complete_probe(void *wait)
{
	if (wait)
		course_wait_for_report();
	NdisMOidRequestComplete(miniport.handle, miniport.probe,
				WRONG(M_COMPLETES_PENDING) ? NDIS_STATUS_PENDING : NDIS_STATUS_SUCCESS);
	if (WRONG(M_COMPLETES_OID_TWICE))
		NdisMOidRequestComplete(miniport.handle, miniport.probe, NDIS_STATUS_SUCCESS);
	atomic_store(&miniport.completing, false);
}

void miniport_settle(void)
{
	while (atomic_load(&miniport.completing))
		usleep(100);
}

static NDIS_STATUS probe(PNDIS_OID_REQUEST request)
{
	KIRQL old;

	miniport.probe = request;
	if (WRONG(M_FAILS_REMOVE))
		return NDIS_STATUS_FAILURE;
	if (WRONG(M_STAYS_RAISED))
		KeRaiseIrql(DISPATCH_LEVEL, &old);
	if (WRONG(M_TOO_HIGH)) {
		PDEVICE_OBJECT device;

		KeRaiseIrql(DISPATCH_LEVEL, &old);
		NdisMGetDeviceProperty(miniport.handle, &device, NULL, NULL, NULL, NULL);
		KeLowerIrql(old);
	}
	if (WRONG(M_RETURNS_AND_COMPLETES)) {
		NdisMOidRequestComplete(miniport.handle, request, NDIS_STATUS_SUCCESS);
		return NDIS_STATUS_SUCCESS;
	}
	if (WRONG(M_COMPLETES_PENDING) || WRONG(M_COMPLETES_OID_TWICE) || WRONG(M_OID_LATE)) {
		atomic_store(&miniport.completing, true);
		kernel_call_work(complete_probe, WRONG(M_OID_LATE) ? &miniport : NULL);
		return NDIS_STATUS_PENDING;
	}
	return NDIS_STATUS_SUCCESS;
}

static void complete_batch(PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a)
{
	char *at = (char *)a + a->FirstElementOffset;

	for (ULONG i = 0; i < a->NumElements; i++, at += a->ElementSize)
		((PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS)(PVOID)at)->CompletionStatus =
			NDIS_STATUS_SUCCESS;
}

static void dma_stopped(ULONG queue)
{
	NDIS_RECEIVE_QUEUE_STATE state = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_STATE_REVISION_1,
			    NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1 },
		.QueueId = queue, .QueueState = NdisReceiveQueueOperationalStateDmaStopped,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = miniport.handle, .StatusCode = NDIS_STATUS_RECEIVE_QUEUE_STATE,
		.StatusBuffer = &state, .StatusBufferSize = sizeof(state),
	};

	NdisMIndicateStatusEx(miniport.handle, &s);
}

NDIS_STATUS miniport_oid_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
	PVOID buffer = request->DATA.SET_INFORMATION.InformationBuffer;

	(void)context;
	switch (request->DATA.SET_INFORMATION.Oid) {
	case PROBE_OID:
		return probe(request);
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		complete_batch(buffer);
		break;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		dma_stopped(((NDIS_RECEIVE_QUEUE_FREE_PARAMETERS *)buffer)->QueueId);
		break;
	default:
		break;
	}
	return NDIS_STATUS_SUCCESS;
}

static void complete_directly(void *request)
{
	course_wait_for_report();
	NdisMDirectOidRequestComplete(miniport.handle, request, NDIS_STATUS_SUCCESS);
}

NDIS_STATUS miniport_direct_oid_request(NDIS_HANDLE context, PNDIS_OID_REQUEST request)
{
	(void)context;
	(void)request;
	if (!WRONG(P_CLOSES_BEFORE_OID))
		return NDIS_STATUS_SUCCESS;
	kernel_call_work(complete_directly, request);
	return NDIS_STATUS_PENDING;
}

VOID miniport_cancel_oid(NDIS_HANDLE context, PVOID id)
{
	(void)context;
	(void)id;
}
