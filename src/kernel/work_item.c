/* SPDX-License-Identifier: BSD-2-Clause */
/* Work items: a driver's routine at PASSIVE_LEVEL. The device object lives until the
 * routine has returned. */
#include "kernel/kernel.h"

#include "base/log.h"

#define WORK_TAG 0x6b726f57u   /* "Work" */

struct _IO_WORKITEM {
	PVOID object;
	PIO_WORKITEM_ROUTINE routine;         /* one of the two */
	PIO_WORKITEM_ROUTINE_EX routine_ex;
	PVOID context;
	LONG queued;
};

/* The routine may free the item or queue it anew: it is read before, not after. */
static void run(void *argument)
{
	struct _IO_WORKITEM item = *(PIO_WORKITEM)argument;

	__atomic_store_n(&((PIO_WORKITEM)argument)->queued, 0, __ATOMIC_RELEASE);
	if (item.routine_ex)
		item.routine_ex(item.object, item.context, argument);
	else
		item.routine(item.object, item.context);
	if (item.object)
		ObDereferenceObject(item.object);
}

static void queue(PIO_WORKITEM item, PIO_WORKITEM_ROUTINE routine,
		  PIO_WORKITEM_ROUTINE_EX routine_ex, PVOID context)
{
	if (__atomic_exchange_n(&item->queued, 1, __ATOMIC_ACQUIRE)) {
		log_error("work item %p is queued while it is queued already", (void *)item);
		return;
	}
	item->routine = routine;
	item->routine_ex = routine_ex;
	item->context = context;
	if (item->object)
		ObReferenceObject(item->object);
	kernel_call_work(run, item);
}

VOID IoQueueWorkItem(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE WorkerRoutine,
		     WORK_QUEUE_TYPE QueueType, PVOID Context)
{
	(void)QueueType;
	queue(IoWorkItem, WorkerRoutine, NULL, Context);
}

VOID IoQueueWorkItemEx(PIO_WORKITEM IoWorkItem, PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
		       WORK_QUEUE_TYPE QueueType, PVOID Context)
{
	(void)QueueType;
	queue(IoWorkItem, NULL, WorkerRoutine, Context);
}

ULONG IoSizeofWorkItem(VOID)
{
	return sizeof(struct _IO_WORKITEM);
}

VOID IoInitializeWorkItem(PVOID IoObject, PIO_WORKITEM IoWorkItem)
{
	*IoWorkItem = (struct _IO_WORKITEM){ .object = IoObject };
}

VOID IoUninitializeWorkItem(PIO_WORKITEM IoWorkItem)
{
	if (__atomic_load_n(&IoWorkItem->queued, __ATOMIC_ACQUIRE))
		log_error("work item %p is freed while it is queued", (void *)IoWorkItem);
}

PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
	PIO_WORKITEM item = ExAllocatePoolUninitialized(NonPagedPoolNx, sizeof(*item), WORK_TAG);

	if (item)
		IoInitializeWorkItem(DeviceObject, item);
	return item;
}

VOID IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
	IoUninitializeWorkItem(IoWorkItem);
	ExFreePoolWithTag(IoWorkItem, WORK_TAG);
}
