/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, spin locks, events, sleep and work items under their NDIS names. */
#include "ndis/object.h"

#include <stdlib.h>
#include <time.h>

PVOID NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
					EX_POOL_PRIORITY Priority)
{
	(void)NdisHandle;
	(void)Tag;
	(void)Priority;
	return malloc(Length ? Length : 1);
}

VOID NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
	(void)Length;
	(void)MemoryFlags;
	free(VirtualAddress);
}

VOID NdisMSleep(ULONG MicrosecondsToSleep)
{
	struct timespec t = { .tv_sec = MicrosecondsToSleep / 1000000,
			      .tv_nsec = (long)(MicrosecondsToSleep % 1000000) * 1000 };

	nanosleep(&t, NULL);
}

VOID NdisInitializeEvent(PNDIS_EVENT Event)
{
	KeInitializeEvent(&Event->Event, NotificationEvent, FALSE);
}

VOID NdisSetEvent(PNDIS_EVENT Event)
{
	KeSetEvent(&Event->Event, 0, FALSE);
}

VOID NdisResetEvent(PNDIS_EVENT Event)
{
	KeClearEvent(&Event->Event);
}

BOOLEAN NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait)
{
	LARGE_INTEGER t;

	/* Relative times are negative, in units of 100 ns; 0 waits for ever. */
	t.QuadPart = -10000ll * MsToWait;
	return KeWaitForSingleObject(&Event->Event, Executive, KernelMode, FALSE,
				     MsToWait ? &t : NULL) == STATUS_SUCCESS;
}

struct work_item {
	NDIS_IO_WORKITEM_FUNCTION *routine;
	PVOID context;
};

NDIS_HANDLE NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle)
{
	(void)NdisObjectHandle;
	return calloc(1, sizeof(struct work_item));
}

static void run_work_item(void *context)
{
	struct work_item *w = context;

	w->routine(w->context, w);
}

VOID NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_FUNCTION *Routine,
			 PVOID WorkItemContext)
{
	struct work_item *w = NdisIoWorkItemHandle;

	w->routine = Routine;
	w->context = WorkItemContext;
	kernel_call_work(run_work_item, w);
}

VOID NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle)
{
	free(NdisIoWorkItemHandle);
}
