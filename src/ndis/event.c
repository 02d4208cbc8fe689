/* SPDX-License-Identifier: BSD-2-Clause */
/* Events and sleep under their NDIS names. */
#include "ndis/object.h"

VOID NdisInitializeEvent(PNDIS_EVENT Event)
{
	KeInitializeEvent(&Event->Event, NotificationEvent, FALSE);
}

VOID NdisSetEvent(PNDIS_EVENT Event)
{
	NDIS_CALLED(NULL);
	KeSetEvent(&Event->Event, 0, FALSE);
}

VOID NdisResetEvent(PNDIS_EVENT Event)
{
	NDIS_CALLED(NULL);
	KeClearEvent(&Event->Event);
}

BOOLEAN NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait)
{
	LARGE_INTEGER t;

	NDIS_CALLED(NULL);
	/* Relative times are negative, in units of 100 ns; 0 waits for ever. */
	t.QuadPart = -10000ll * MsToWait;
	return KeWaitForSingleObject(&Event->Event, Executive, KernelMode, FALSE,
				     MsToWait ? &t : NULL) == STATUS_SUCCESS;
}

VOID NdisMSleep(ULONG MicrosecondsToSleep)
{
	LARGE_INTEGER t = { .QuadPart = -10ll * MicrosecondsToSleep };

	NDIS_CALLED(NULL);
	KeDelayExecutionThread(KernelMode, FALSE, &t);
}
