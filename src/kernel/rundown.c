/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rundown protection. The lowest bit says that the object runs down, the rest
 * counts who protects it; whoever waits for the rundown sleeps on the low half
 * until nothing but the bit is left.
 *
 * The cache-aware kind has a count per processor. Protection may be released on
 * another processor than it was taken on, so a single count may be negative and
 * only their sum means something: a rundown marks every count, gathers them into
 * 'left', and from then on releases are taken from there.
 */
#include <wdm.h>

#include <ovmq.h>

#include "base/log.h"
#include "kernel/futex.h"

#define RUN_DOWN 1ull
#define ONE      2ull
#define SLOTS    16u
/* While the counts are being gathered 'left' must not come to nothing. */
#define GATHERING (1 << 30)

#define KERNEL_SECURITY_CHECK_FAILURE 0x139

static void released_too_often(void *object)
{
	log_error("rundown protection at %p is released more often than acquired", object);
	KeBugCheckEx(KERNEL_SECURITY_CHECK_FAILURE, FAST_FAIL_INVALID_REFERENCE_COUNT,
		     (ULONG_PTR)object, 0, 0);
}

VOID ExInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	__atomic_store_n(&RunRef->Count, 0, __ATOMIC_RELEASE);
}

VOID ExReInitializeRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	ExInitializeRundownProtection(RunRef);
}

BOOLEAN ExAcquireRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
	ULONG_PTR seen = __atomic_load_n(&RunRef->Count, __ATOMIC_RELAXED);

	do {
		if (seen & RUN_DOWN)
			return FALSE;
	} while (!__atomic_compare_exchange_n(&RunRef->Count, &seen, seen + ONE * Count, 0,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return TRUE;
}

BOOLEAN ExAcquireRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	return ExAcquireRundownProtectionEx(RunRef, 1);
}

VOID ExReleaseRundownProtectionEx(PEX_RUNDOWN_REF RunRef, ULONG Count)
{
	ULONG_PTR before = __atomic_fetch_sub(&RunRef->Count, ONE * Count, __ATOMIC_SEQ_CST);

	if (before / ONE < Count)
		released_too_often(RunRef);
	/* The waiter may free the object now; only its address is used. */
	if (before - ONE * Count == RUN_DOWN)
		futex_wake(&RunRef->Count);
}

VOID ExReleaseRundownProtection(PEX_RUNDOWN_REF RunRef)
{
	ExReleaseRundownProtectionEx(RunRef, 1);
}

VOID ExRundownCompleted(PEX_RUNDOWN_REF RunRef)
{
	__atomic_store_n(&RunRef->Count, RUN_DOWN, __ATOMIC_RELEASE);
}

VOID ExWaitForRundownProtectionRelease(PEX_RUNDOWN_REF RunRef)
{
	ULONG_PTR word = __atomic_or_fetch(&RunRef->Count, RUN_DOWN, __ATOMIC_SEQ_CST);

	while (word != RUN_DOWN) {
		futex_wait(&RunRef->Count, (uint32_t)word);
		word = __atomic_load_n(&RunRef->Count, __ATOMIC_ACQUIRE);
	}
}

/* ---- one count per processor ---- */

struct DECLSPEC_CACHEALIGN slot {
	LONG64 count;
};

struct _EX_RUNDOWN_REF_CACHE_AWARE {
	struct slot slots[SLOTS];
	LONG left;          /* after the rundown began: releases still to come */
};

static LONG64 *own_slot(PEX_RUNDOWN_REF_CACHE_AWARE ref)
{
	return &ref->slots[OvmqCurrentProcessor() % SLOTS].count;
}

static void set_all(PEX_RUNDOWN_REF_CACHE_AWARE ref, LONG64 value)
{
	for (unsigned i = 0; i < SLOTS; i++)
		__atomic_store_n(&ref->slots[i].count, value, __ATOMIC_SEQ_CST);
}

PEX_RUNDOWN_REF_CACHE_AWARE ExAllocateCacheAwareRundownProtection(POOL_TYPE PoolType, ULONG PoolTag)
{
	return ExAllocatePoolZero((POOL_TYPE)(PoolType | NonPagedPoolCacheAligned),
				  sizeof(struct _EX_RUNDOWN_REF_CACHE_AWARE), PoolTag);
}

VOID ExFreeCacheAwareRundownProtection(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
	ExFreePool(RunRefCacheAware);
}

SIZE_T ExSizeOfRundownProtectionCacheAware(VOID)
{
	return sizeof(struct _EX_RUNDOWN_REF_CACHE_AWARE);
}

VOID ExInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
					     SIZE_T RunRefSize)
{
	(void)RunRefSize;
	ExReInitializeRundownProtectionCacheAware(RunRefCacheAware);
}

VOID ExReInitializeRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
	RunRefCacheAware->left = 0;
	set_all(RunRefCacheAware, 0);
}

BOOLEAN ExAcquireRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware,
					       ULONG Count)
{
	LONG64 *slot = own_slot(RunRefCacheAware);
	LONG64 seen = __atomic_load_n(slot, __ATOMIC_RELAXED);

	do {
		if (seen & (LONG64)RUN_DOWN)
			return FALSE;
	} while (!__atomic_compare_exchange_n(slot, &seen, seen + (LONG64)ONE * Count, 0,
					      __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return TRUE;
}

BOOLEAN ExAcquireRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
	return ExAcquireRundownProtectionCacheAwareEx(RunRefCacheAware, 1);
}

VOID ExReleaseRundownProtectionCacheAwareEx(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware, ULONG Count)
{
	LONG64 *slot = own_slot(RunRefCacheAware);
	LONG64 seen = __atomic_load_n(slot, __ATOMIC_RELAXED);

	while (!(seen & (LONG64)RUN_DOWN))
		if (__atomic_compare_exchange_n(slot, &seen, seen - (LONG64)ONE * Count, 0,
						__ATOMIC_RELEASE, __ATOMIC_RELAXED))
			return;
	if (__atomic_sub_fetch(&RunRefCacheAware->left, (LONG)Count, __ATOMIC_SEQ_CST) == 0)
		futex_wake(&RunRefCacheAware->left);
}

VOID ExReleaseRundownProtectionCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
	ExReleaseRundownProtectionCacheAwareEx(RunRefCacheAware, 1);
}

VOID ExRundownCompletedCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
	set_all(RunRefCacheAware, (LONG64)RUN_DOWN);
}

VOID ExWaitForRundownProtectionReleaseCacheAware(PEX_RUNDOWN_REF_CACHE_AWARE RunRefCacheAware)
{
	PEX_RUNDOWN_REF_CACHE_AWARE ref = RunRefCacheAware;
	LONG64 sum = 0;
	LONG left;

	__atomic_fetch_add(&ref->left, GATHERING, __ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < SLOTS; i++)
		sum += (__atomic_exchange_n(&ref->slots[i].count, (LONG64)RUN_DOWN,
					    __ATOMIC_SEQ_CST) & ~(LONG64)RUN_DOWN) / (LONG64)ONE;
	left = __atomic_add_fetch(&ref->left, (LONG)sum - GATHERING, __ATOMIC_SEQ_CST);
	while (left) {
		if (left < 0)
			released_too_often(ref);
		futex_wait(&ref->left, (uint32_t)left);
		left = __atomic_load_n(&ref->left, __ATOMIC_SEQ_CST);
	}
}
