/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spin locks. A plain one is a word, 1 while it is held. A queued one is the
 * address of the last in its queue; each waiter spins on its own place in it
 * (M. Scott's and J. Mellor-Crummey's lock), bit 0 of whose Lock says "wait".
 */
#include "kernel/kernel.h"

#include <sched.h>

#define WAITS ((ULONG_PTR)1)

/* The holder may share this CPU: unlike a kernel's processors, ours are threads
 * that can be descheduled. */
static inline void spin(unsigned *tries)
{
	if (++*tries % 1000 == 0)
		sched_yield();
	YieldProcessor();
}

VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
	__atomic_store_n(SpinLock, 0, __ATOMIC_RELAXED);
}

VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
	unsigned tries = 0;

	while (__atomic_exchange_n(SpinLock, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(SpinLock, __ATOMIC_RELAXED))
			spin(&tries);
}

BOOLEAN KeTryToAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
	return !__atomic_load_n(SpinLock, __ATOMIC_RELAXED) &&
	       !__atomic_exchange_n(SpinLock, 1, __ATOMIC_ACQUIRE);
}

BOOLEAN KeTestSpinLock(PKSPIN_LOCK SpinLock)
{
	return !__atomic_load_n(SpinLock, __ATOMIC_ACQUIRE);
}

VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
{
	__atomic_store_n(SpinLock, 0, __ATOMIC_RELEASE);
}

KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
{
	KIRQL old = KeRaiseIrqlToDpcLevel();

	KeAcquireSpinLockAtDpcLevel(SpinLock);
	return old;
}

VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
{
	KeReleaseSpinLockFromDpcLevel(SpinLock);
	KeLowerIrql(NewIrql);
}

VOID KeAcquireInStackQueuedSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
	KSPIN_LOCK_QUEUE *me = &LockHandle->LockQueue, *before;
	ULONG_PTR *mine = (ULONG_PTR *)&me->Lock;
	unsigned tries = 0;

	__atomic_store_n(&me->Next, NULL, __ATOMIC_RELAXED);
	__atomic_store_n(mine, (ULONG_PTR)SpinLock | WAITS, __ATOMIC_RELAXED);
	before = (KSPIN_LOCK_QUEUE *)__atomic_exchange_n(SpinLock, (ULONG_PTR)me, __ATOMIC_ACQ_REL);
	if (!before) {
		__atomic_store_n(mine, (ULONG_PTR)SpinLock, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&before->Next, me, __ATOMIC_RELEASE);
	while (__atomic_load_n(mine, __ATOMIC_ACQUIRE) & WAITS)
		spin(&tries);
}

VOID KeReleaseInStackQueuedSpinLockFromDpcLevel(PKLOCK_QUEUE_HANDLE LockHandle)
{
	KSPIN_LOCK_QUEUE *me = &LockHandle->LockQueue, *next;
	PKSPIN_LOCK lock = me->Lock;
	ULONG_PTR last = (ULONG_PTR)me;
	unsigned tries = 0;

	next = __atomic_load_n(&me->Next, __ATOMIC_ACQUIRE);
	if (!next && __atomic_compare_exchange_n(lock, &last, 0, 0, __ATOMIC_RELEASE,
						 __ATOMIC_RELAXED))
		return;
	while (!(next = __atomic_load_n(&me->Next, __ATOMIC_ACQUIRE)))
		spin(&tries);   /* it has joined the queue and will say so */
	__atomic_store_n((ULONG_PTR *)&next->Lock, (ULONG_PTR)lock, __ATOMIC_RELEASE);
}

VOID KeAcquireInStackQueuedSpinLock(PKSPIN_LOCK SpinLock, PKLOCK_QUEUE_HANDLE LockHandle)
{
	LockHandle->OldIrql = KeRaiseIrqlToDpcLevel();
	KeAcquireInStackQueuedSpinLockAtDpcLevel(SpinLock, LockHandle);
}

VOID KeReleaseInStackQueuedSpinLock(PKLOCK_QUEUE_HANDLE LockHandle)
{
	KeReleaseInStackQueuedSpinLockFromDpcLevel(LockHandle);
	KeLowerIrql(LockHandle->OldIrql);
}
