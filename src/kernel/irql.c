/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRQL and spin locks. The level is the thread's own: a worker is at
 * DISPATCH_LEVEL while it runs a processor, and every other thread has a
 * processor of its own, so a raised level needs to stop nobody.
 */
#include "kernel/kernel.h"

#include <assert.h>
#include <sched.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define relax() _mm_pause()
#else
#define relax() ((void)0)
#endif

KIRQL KeGetCurrentIrql(VOID)
{
	return kernel_self.irql;
}

VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
	assert(NewIrql >= kernel_self.irql);
	*OldIrql = kernel_self.irql;
	kernel_self.irql = NewIrql;
}

KIRQL KeRaiseIrqlToDpcLevel(VOID)
{
	KIRQL old;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	return old;
}

VOID KeLowerIrql(KIRQL NewIrql)
{
	assert(NewIrql <= kernel_self.irql);
	kernel_self.irql = NewIrql;
}

VOID KeInitializeSpinLock(PKSPIN_LOCK SpinLock)
{
	__atomic_store_n(SpinLock, 0, __ATOMIC_RELAXED);
}

VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
{
	unsigned tries = 0;

	while (__atomic_exchange_n(SpinLock, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(SpinLock, __ATOMIC_RELAXED)) {
			/* The holder may share this CPU: unlike a kernel's processors,
			 * ours are threads that can be descheduled. */
			if (++tries % 1000 == 0)
				sched_yield();
			relax();
		}
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
