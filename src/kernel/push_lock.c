/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Push locks and fast mutexes: locks on which a thread sleeps.
 *
 * A push lock is one 64-bit word, so that its holder lets go with one operation
 * and touches it no more. Low half: the holders, which waiters sleep on. High
 * half: how many wait, readers and writers apart; new readers give way to a
 * writer that waits.
 */
#include <wdm.h>

#include <stdbool.h>

#include "kernel/futex.h"

#define EXCLUSIVE       0x80000000ull
#define HOLDERS         0xffffffffull
#define SHARED          1ull
#define READER_WAITS    (1ull << 32)
#define WRITER_WAITS    (1ull << 48)
#define WRITERS_WAITING (0xffffull << 48)
#define WAITERS         (~HOLDERS)

static bool may_share(ULONG_PTR word)
{
	return !(word & (EXCLUSIVE | WRITERS_WAITING));
}

static bool may_own(ULONG_PTR word)
{
	return !(word & HOLDERS);
}

/* Takes 'hold' as soon as 'may' says so; while it does not, 'waits' is counted. */
static void acquire(PEX_PUSH_LOCK lock, bool (*may)(ULONG_PTR), ULONG_PTR hold, ULONG_PTR waits)
{
	ULONG_PTR word = __atomic_load_n(lock, __ATOMIC_RELAXED), counted = 0;

	for (;;) {
		ULONG_PTR others = word - (waits == WRITER_WAITS ? counted : 0);

		if (may(others)) {
			if (__atomic_compare_exchange_n(lock, &word, word - counted + hold, 0,
							__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
				return;
			continue;
		}
		if (!counted) {
			if (!__atomic_compare_exchange_n(lock, &word, word + waits, 0,
							 __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
				continue;
			counted = waits;
			word += waits;
		}
		futex_wait(lock, (uint32_t)word);
		word = __atomic_load_n(lock, __ATOMIC_RELAXED);
	}
}

static void release(PEX_PUSH_LOCK lock, ULONG_PTR hold)
{
	ULONG_PTR before = __atomic_fetch_sub(lock, hold, __ATOMIC_SEQ_CST);

	if ((before & WAITERS) && (before & HOLDERS) == hold)
		futex_wake(lock);
}

VOID ExInitializePushLock(PEX_PUSH_LOCK PushLock)
{
	*PushLock = 0;
}

VOID ExAcquirePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
	acquire(PushLock, may_own, EXCLUSIVE, WRITER_WAITS);
}

VOID ExReleasePushLockExclusive(PEX_PUSH_LOCK PushLock)
{
	release(PushLock, EXCLUSIVE);
}

VOID ExAcquirePushLockShared(PEX_PUSH_LOCK PushLock)
{
	acquire(PushLock, may_share, SHARED, READER_WAITS);
}

VOID ExReleasePushLockShared(PEX_PUSH_LOCK PushLock)
{
	release(PushLock, SHARED);
}

/* ---- fast mutexes: Count is 1 when free, 0 when held, less when waited for ---- */

VOID ExInitializeFastMutex(PFAST_MUTEX FastMutex)
{
	RtlZeroMemory(FastMutex, sizeof(*FastMutex));
	FastMutex->Count = 1;
	KeInitializeEvent(&FastMutex->Event, SynchronizationEvent, FALSE);
}

static void mutex_owned(PFAST_MUTEX mutex)
{
	mutex->Owner = KeGetCurrentThread();
}

VOID ExAcquireFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
	LONG free_count = 1;

	if (!__atomic_compare_exchange_n(&FastMutex->Count, &free_count, 0, 0, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		__atomic_fetch_add(&FastMutex->Contention, 1, __ATOMIC_RELAXED);
		while (__atomic_exchange_n(&FastMutex->Count, -1, __ATOMIC_ACQUIRE) != 1)
			futex_wait(&FastMutex->Count, (uint32_t)-1);
	}
	mutex_owned(FastMutex);
}

VOID ExReleaseFastMutexUnsafe(PFAST_MUTEX FastMutex)
{
	FastMutex->Owner = NULL;
	if (__atomic_exchange_n(&FastMutex->Count, 1, __ATOMIC_RELEASE) < 0)
		futex_wake(&FastMutex->Count);
}

VOID ExAcquireFastMutex(PFAST_MUTEX FastMutex)
{
	KIRQL old;

	KeRaiseIrql(APC_LEVEL, &old);
	ExAcquireFastMutexUnsafe(FastMutex);
	FastMutex->OldIrql = old;
}

VOID ExReleaseFastMutex(PFAST_MUTEX FastMutex)
{
	KIRQL old = (KIRQL)FastMutex->OldIrql;

	ExReleaseFastMutexUnsafe(FastMutex);
	KeLowerIrql(old);
}

BOOLEAN ExTryToAcquireFastMutex(PFAST_MUTEX FastMutex)
{
	LONG free_count = 1;
	KIRQL old;

	KeRaiseIrql(APC_LEVEL, &old);
	if (!__atomic_compare_exchange_n(&FastMutex->Count, &free_count, 0, 0, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED)) {
		KeLowerIrql(old);
		return FALSE;
	}
	mutex_owned(FastMutex);
	FastMutex->OldIrql = old;
	return TRUE;
}
