/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interlocked lists. The Ex ones take the caller's spin lock. The sequenced ones
 * (SLIST) lock their head by its lowest bit, for the few instructions of a push
 * or a pop: an entry can then be popped, freed and pushed anew by others without
 * anyone mistaking it for what it was.
 */
#include <wdm.h>

#include <sched.h>

#define LOCKED 1ull

PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(Lock);
	PLIST_ENTRY first = IsListEmpty(ListHead) ? NULL : ListHead->Flink;

	InsertHeadList(ListHead, ListEntry);
	KeReleaseSpinLock(Lock, irql);
	return first;
}

PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(Lock);
	PLIST_ENTRY last = IsListEmpty(ListHead) ? NULL : ListHead->Blink;

	InsertTailList(ListHead, ListEntry);
	KeReleaseSpinLock(Lock, irql);
	return last;
}

PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(Lock);
	PLIST_ENTRY first = IsListEmpty(ListHead) ? NULL : RemoveHeadList(ListHead);

	KeReleaseSpinLock(Lock, irql);
	return first;
}

PSINGLE_LIST_ENTRY ExInterlockedPushEntryList(PSINGLE_LIST_ENTRY ListHead,
					      PSINGLE_LIST_ENTRY ListEntry, PKSPIN_LOCK Lock)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(Lock);
	PSINGLE_LIST_ENTRY first = ListHead->Next;

	PushEntryList(ListHead, ListEntry);
	KeReleaseSpinLock(Lock, irql);
	return first;
}

PSINGLE_LIST_ENTRY ExInterlockedPopEntryList(PSINGLE_LIST_ENTRY ListHead, PKSPIN_LOCK Lock)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(Lock);
	PSINGLE_LIST_ENTRY first = PopEntryList(ListHead);

	KeReleaseSpinLock(Lock, irql);
	return first;
}

/* ---- sequenced lists: Alignment holds depth and sequence, Region the first ---- */

static PSLIST_ENTRY slist_lock(PSLIST_HEADER head)
{
	unsigned tries = 0;

	for (;;) {
		ULONGLONG first = __atomic_load_n(&head->Region, __ATOMIC_RELAXED);

		if (!(first & LOCKED) &&
		    __atomic_compare_exchange_n(&head->Region, &first, first | LOCKED, 1,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return (PSLIST_ENTRY)first;
		/* The holder may share this CPU. */
		if (++tries % 1000 == 0)
			sched_yield();
		YieldProcessor();
	}
}

static void slist_unlock(PSLIST_HEADER head, PSLIST_ENTRY first)
{
	__atomic_store_n(&head->Region, (ULONGLONG)(ULONG_PTR)first, __ATOMIC_RELEASE);
}

/* The depth wraps at 16 bits, as it does in a header that has no more of them. */
static void slist_count(PSLIST_HEADER head, LONG change)
{
	ULONGLONG old = head->Alignment;
	ULONGLONG depth = (old + (ULONGLONG)(LONGLONG)change) & 0xffff;

	__atomic_store_n(&head->Alignment, (old & ~0xffffull) + 0x10000 + depth, __ATOMIC_RELAXED);
}

VOID InitializeSListHead(PSLIST_HEADER SListHead)
{
	SListHead->Alignment = 0;
	SListHead->Region = 0;
}

PSLIST_ENTRY InterlockedPushListSList(PSLIST_HEADER ListHead, PSLIST_ENTRY List,
				      PSLIST_ENTRY ListEnd, ULONG Count)
{
	PSLIST_ENTRY first = slist_lock(ListHead);

	ListEnd->Next = first;
	slist_count(ListHead, (LONG)Count);
	slist_unlock(ListHead, List);
	return first;
}

PSLIST_ENTRY InterlockedPushEntrySList(PSLIST_HEADER ListHead, PSLIST_ENTRY ListEntry)
{
	return InterlockedPushListSList(ListHead, ListEntry, ListEntry, 1);
}

PSLIST_ENTRY InterlockedPopEntrySList(PSLIST_HEADER ListHead)
{
	PSLIST_ENTRY first = slist_lock(ListHead);

	if (first)
		slist_count(ListHead, -1);
	slist_unlock(ListHead, first ? first->Next : NULL);
	return first;
}

PSLIST_ENTRY InterlockedFlushSList(PSLIST_HEADER ListHead)
{
	PSLIST_ENTRY first = slist_lock(ListHead);

	slist_count(ListHead, -(LONG)QueryDepthSList(ListHead));
	slist_unlock(ListHead, NULL);
	return first;
}

USHORT QueryDepthSList(PSLIST_HEADER SListHead)
{
	return (USHORT)__atomic_load_n(&SListHead->Alignment, __ATOMIC_RELAXED);
}
