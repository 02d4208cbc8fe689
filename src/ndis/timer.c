/* SPDX-License-Identifier: BSD-2-Clause */
/* Timer objects: a kernel timer with the DPC that calls the driver. */
#include "ndis/object.h"

#include <stdlib.h>

#include "base/log.h"
#include "ndis/resource.h"

struct ndis_timer {
	KTIMER timer;
	KDPC dpc;
	PNDIS_TIMER_FUNCTION function;
	PVOID context;                  /* where NdisSetTimerObject gives none */
	_Atomic(PVOID) set_context;     /* of the last set; whoever sets writes, the DPC reads */
	atomic_bool periodic;           /* likewise */
};

static VOID timer_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct ndis_timer *t = context;

	(void)dpc;
	t->function(argument1, atomic_load(&t->set_context), argument2, NULL);
}

NDIS_STATUS NdisAllocateTimerObject(NDIS_HANDLE NdisHandle,
				    PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
				    PNDIS_HANDLE pTimerObject)
{
	const NDIS_TIMER_CHARACTERISTICS *c = TimerCharacteristics;
	struct ndis_timer *t;

	NDIS_CALLED(NdisHandle);
	*pTimerObject = NULL;
	if (c->Header.Type != NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS ||
	    c->Header.Size < NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 || !c->TimerFunction) {
		log_error("timer characteristics: wrong Header.Type or Size, or no TimerFunction");
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		return NDIS_STATUS_RESOURCES;
	if (ndis_resource_add(NDIS_RESOURCE_TIMER, t, NdisHandle, __builtin_return_address(0))) {
		free(t);
		return NDIS_STATUS_RESOURCES;
	}
	t->function = c->TimerFunction;
	t->context = c->FunctionContext;
	KeInitializeTimer(&t->timer);
	KeInitializeDpc(&t->dpc, timer_dpc, t);
	*pTimerObject = t;
	return NDIS_STATUS_SUCCESS;
}

BOOLEAN NdisSetCoalescableTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
				      LONG MillisecondsPeriod, PVOID FunctionContext,
				      ULONG Tolerance)
{
	struct ndis_timer *t = TimerObject;

	NDIS_CALLED(NULL);
	if (MillisecondsPeriod < 0) {
		log_error("timer %p: its period of %d ms is negative", TimerObject,
			  MillisecondsPeriod);
		return FALSE;
	}
	atomic_store(&t->set_context, FunctionContext ? FunctionContext : t->context);
	atomic_store(&t->periodic, MillisecondsPeriod != 0);
	return KeSetCoalescableTimer(&t->timer, DueTime, (ULONG)MillisecondsPeriod, Tolerance,
				     &t->dpc);
}

BOOLEAN NdisSetTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime, LONG MillisecondsPeriod,
			   PVOID FunctionContext)
{
	NDIS_CALLED(NULL);
	return NdisSetCoalescableTimerObject(TimerObject, DueTime, MillisecondsPeriod,
					     FunctionContext, 0);
}

BOOLEAN NdisCancelTimerObject(NDIS_HANDLE TimerObject)
{
	struct ndis_timer *t = TimerObject;
	BOOLEAN was_set = KeCancelTimer(&t->timer);

	/* A periodic timer's callback has ended when its cancel returns; a one-shot
	 * timer's may still run, and the driver must know by itself. */
	if (atomic_load(&t->periodic) && KeGetCurrentIrql() < DISPATCH_LEVEL)
		KeFlushQueuedDpcs();
	return was_set;
}

static VOID free_timer(PVOID timer)
{
	free(timer);
}

VOID NdisFreeTimerObject(NDIS_HANDLE TimerObject)
{
	struct ndis_timer *t = TimerObject;

	NDIS_CALLED(NULL);
	if (!ndis_resource_remove(NDIS_RESOURCE_TIMER, TimerObject)) {
		ndis_resource_refuse(NDIS_RESOURCE_TIMER, TimerObject, "NdisFreeTimerObject");
		return;
	}
	if (KeCancelTimer(&t->timer))
		log_warning("timer %p is freed while it is set; NdisCancelTimerObject comes first",
			    TimerObject);
	KeRemoveQueueDpc(&t->dpc);
	/* The callback may be running, or be the caller. */
	if (KeGetCurrentIrql() < DISPATCH_LEVEL) {
		KeFlushQueuedDpcs();
		free(t);
	} else {
		OvmqCallWhenQuiet(free_timer, t);
	}
}
