/* SPDX-License-Identifier: BSD-2-Clause */
/* Work items: a driver's routine, once, at PASSIVE_LEVEL on a system thread. */
#include "ndis/object.h"

#include <stdlib.h>

#include "base/log.h"
#include "ndis/resource.h"

enum state { IDLE, QUEUED, ABANDONED };

struct work_item {
	NDIS_IO_WORKITEM_ROUTINE routine;
	PVOID context;
	atomic_int state;               /* enum state; whoever queues, frees or runs it */
};

NDIS_HANDLE NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle)
{
	struct work_item *w = calloc(1, sizeof(*w));

	NDIS_CALLED(NdisObjectHandle);
	if (!w)
		return NULL;
	if (ndis_resource_add(NDIS_RESOURCE_WORK_ITEM, w, NdisObjectHandle,
			      __builtin_return_address(0))) {
		free(w);
		return NULL;
	}
	return w;
}

static void run(void *context)
{
	struct work_item *w = context;
	NDIS_IO_WORKITEM_ROUTINE routine = w->routine;
	PVOID of_routine = w->context;
	int queued = QUEUED;

	/* Idle before the routine: it may queue the item again, or free it. */
	if (atomic_compare_exchange_strong(&w->state, &queued, IDLE))
		routine(of_routine, w);
	else
		free(w);
}

VOID NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_ROUTINE Routine,
			 PVOID WorkItemContext)
{
	struct work_item *w = NdisIoWorkItemHandle;
	int idle = IDLE;

	NDIS_CALLED(NULL);
	if (!ndis_resource_is(NDIS_RESOURCE_WORK_ITEM, w)) {
		ndis_resource_refuse(NDIS_RESOURCE_WORK_ITEM, w, "NdisQueueIoWorkItem");
		return;
	}
	if (!atomic_compare_exchange_strong(&w->state, &idle, QUEUED)) {
		log_error("NdisQueueIoWorkItem: work item %p waits in the queue already", (void *)w);
		return;
	}
	w->routine = Routine;
	w->context = WorkItemContext;
	kernel_call_work(run, w);
}

VOID NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle)
{
	struct work_item *w = NdisIoWorkItemHandle;
	int queued = QUEUED;

	NDIS_CALLED(NULL);
	if (!ndis_resource_remove(NDIS_RESOURCE_WORK_ITEM, w)) {
		ndis_resource_refuse(NDIS_RESOURCE_WORK_ITEM, w, "NdisFreeIoWorkItem");
		return;
	}
	if (atomic_compare_exchange_strong(&w->state, &queued, ABANDONED))
		log_error("NdisFreeIoWorkItem: work item %p waits in the queue; it will not run",
			  (void *)w);
	else
		free(w);
}
