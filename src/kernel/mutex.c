/* SPDX-License-Identifier: BSD-2-Clause */
/* Mutexes: the signal state is 1 while free, 0 and less while owned, one less for
 * each time that the owner took it again. */
#include "kernel/kernel.h"
#include "kernel/dispatcher.h"

#include "base/log.h"

VOID KeInitializeMutex(PRKMUTEX Mutex, ULONG Level)
{
	(void)Level;
	dispatcher_init(&Mutex->Header, DISPATCHER_MUTEX, 1);
	InitializeListHead(&Mutex->MutantListEntry);
	Mutex->OwnerThread = NULL;
	Mutex->Abandoned = FALSE;
	Mutex->ApcDisable = 1;
}

BOOLEAN mutex_is_mine(PRKMUTEX mutex)
{
	return __atomic_load_n(&mutex->OwnerThread, __ATOMIC_RELAXED) == KeGetCurrentThread();
}

BOOLEAN mutex_take(PRKMUTEX mutex)
{
	LONG *state = &mutex->Header.SignalState, one = 1;

	if (__atomic_load_n(state, __ATOMIC_RELAXED) <= 0 && mutex_is_mine(mutex)) {
		__atomic_sub_fetch(state, 1, __ATOMIC_SEQ_CST);
		return TRUE;
	}
	if (!__atomic_compare_exchange_n(state, &one, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return FALSE;
	__atomic_store_n(&mutex->OwnerThread, KeGetCurrentThread(), __ATOMIC_RELAXED);
	kernel_self.mutexes++;
	if (mutex->ApcDisable)
		KeEnterCriticalRegion();
	return TRUE;
}

void mutex_give(PRKMUTEX mutex)
{
	LONG *state = &mutex->Header.SignalState;
	UCHAR in_region = mutex->ApcDisable;

	if (__atomic_load_n(state, __ATOMIC_RELAXED) < 0) {
		__atomic_add_fetch(state, 1, __ATOMIC_SEQ_CST);
		return;
	}
	kernel_self.mutexes--;
	__atomic_store_n(&mutex->OwnerThread, NULL, __ATOMIC_RELAXED);
	dispatcher_set(&mutex->Header, 1);
	if (in_region)
		KeLeaveCriticalRegion();
}

LONG KeReleaseMutex(PRKMUTEX Mutex, BOOLEAN Wait)
{
	LONG before = KeReadStateMutex(Mutex);

	(void)Wait;
	if (!mutex_is_mine(Mutex)) {
		log_error("KeReleaseMutex: the mutex is not this thread's");
		return before;
	}
	mutex_give(Mutex);
	return before;
}

LONG KeReadStateMutex(PRKMUTEX Mutex)
{
	return __atomic_load_n(&Mutex->Header.SignalState, __ATOMIC_SEQ_CST);
}
