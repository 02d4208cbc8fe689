/* SPDX-License-Identifier: BSD-2-Clause */
/* Work without a device object: the item is the caller's memory, and the routine may
 * free it or queue it again. */
#include "kernel/kernel.h"

static void run(void *argument)
{
	struct _WORK_QUEUE_ITEM item = *(PWORK_QUEUE_ITEM)argument;

	item.WorkerRoutine(item.Parameter);
}

VOID ExQueueWorkItem(PWORK_QUEUE_ITEM WorkItem, WORK_QUEUE_TYPE QueueType)
{
	(void)QueueType;                        /* all of it begins in order */
	kernel_call_work(run, WorkItem);
}
