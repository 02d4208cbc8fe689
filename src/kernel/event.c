/* SPDX-License-Identifier: BSD-2-Clause */
/* Events and semaphores, on the futex of their signal state. */
#include "kernel/dispatcher.h"

#include "base/log.h"

VOID KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
	dispatcher_init(&Event->Header, (enum dispatcher_type)Type, State != 0);
}

LONG KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
	(void)Increment;
	(void)Wait;
	return dispatcher_set(&Event->Header, 1);
}

LONG KeResetEvent(PRKEVENT Event)
{
	return __atomic_exchange_n(&Event->Header.SignalState, 0, __ATOMIC_SEQ_CST);
}

VOID KeClearEvent(PRKEVENT Event)
{
	KeResetEvent(Event);
}

LONG KeReadStateEvent(PRKEVENT Event)
{
	return __atomic_load_n(&Event->Header.SignalState, __ATOMIC_SEQ_CST);
}

VOID KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
	dispatcher_init(&Semaphore->Header, DISPATCHER_SEMAPHORE, Count);
	Semaphore->Limit = Limit;
}

LONG KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment, LONG Adjustment, BOOLEAN Wait)
{
	LONG *state = &Semaphore->Header.SignalState;
	LONG before = __atomic_load_n(state, __ATOMIC_SEQ_CST), limit = Semaphore->Limit;

	(void)Increment;
	(void)Wait;
	do {
		if (Adjustment <= 0 || Adjustment > limit - before) {
			log_error("KeReleaseSemaphore: %d more than %d exceed the limit of %d",
				  Adjustment, before, limit);
			return before;
		}
	} while (!__atomic_compare_exchange_n(state, &before, before + Adjustment, 1,
					      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
	dispatcher_wake(state);
	return before;
}

LONG KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
	return __atomic_load_n(&Semaphore->Header.SignalState, __ATOMIC_SEQ_CST);
}
