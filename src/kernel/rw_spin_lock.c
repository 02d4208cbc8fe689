/* SPDX-License-Identifier: BSD-2-Clause */
/* Reader-writer spin locks: the number of readers, and a bit for the writer, who
 * takes it first and then waits for the readers to leave. */
#include <wdm.h>

#include <sched.h>

#define WRITER  0x80000000u
#define READERS (~WRITER)

static void relax(unsigned *tries)
{
	/* The holder may share this CPU. */
	if (++*tries % 1000 == 0)
		sched_yield();
	YieldProcessor();
}

VOID ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
	volatile ULONG *word = (volatile ULONG *)SpinLock;
	unsigned tries = 0;

	for (;;) {
		ULONG seen = __atomic_load_n(word, __ATOMIC_RELAXED);

		if (!(seen & WRITER) &&
		    __atomic_compare_exchange_n(word, &seen, seen + 1, 0, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return;
		relax(&tries);
	}
}

VOID ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
	__atomic_fetch_sub((volatile ULONG *)SpinLock, 1, __ATOMIC_RELEASE);
}

VOID ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock)
{
	volatile ULONG *word = (volatile ULONG *)SpinLock;
	unsigned tries = 0;

	while (__atomic_fetch_or(word, WRITER, __ATOMIC_ACQUIRE) & WRITER)
		relax(&tries);
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) & READERS)
		relax(&tries);
}

VOID ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock)
{
	__atomic_fetch_and((volatile ULONG *)SpinLock, READERS, __ATOMIC_RELEASE);
}

KIRQL ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock)
{
	KIRQL old = KeRaiseIrqlToDpcLevel();

	ExAcquireSpinLockSharedAtDpcLevel(SpinLock);
	return old;
}

VOID ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
	ExReleaseSpinLockSharedFromDpcLevel(SpinLock);
	KeLowerIrql(OldIrql);
}

KIRQL ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
	KIRQL old = KeRaiseIrqlToDpcLevel();

	ExAcquireSpinLockExclusiveAtDpcLevel(SpinLock);
	return old;
}

VOID ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql)
{
	ExReleaseSpinLockExclusiveFromDpcLevel(SpinLock);
	KeLowerIrql(OldIrql);
}

/* Only a reader that is alone, with no writer waiting, becomes the writer. */
LOGICAL ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock)
{
	ULONG one = 1;

	return __atomic_compare_exchange_n((volatile ULONG *)SpinLock, &one, WRITER, 0,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}
