/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookaside lists: blocks of one size, kept on an interlocked list when they are
 * freed. Under AddressSanitizer none is kept: every block has exact bounds and a
 * freed one is known as freed.
 */
#include <wdm.h>

#include "kernel/sanitizer.h"

#define DEPTH (KERNEL_ASAN ? 0 : 256)

static PVOID pool_allocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

static void lookaside_init(PGENERAL_LOOKASIDE l, POOL_TYPE type, PALLOCATE_FUNCTION allocate,
			   PFREE_FUNCTION release, SIZE_T size, ULONG tag)
{
	/* A block that waits holds the list's link. */
	if (!KERNEL_ASAN && size < sizeof(SLIST_ENTRY))
		size = sizeof(SLIST_ENTRY);
	RtlZeroMemory(l, sizeof(*l));
	InitializeSListHead(&l->ListHead);
	InitializeListHead(&l->ListEntry);
	l->MaximumDepth = l->Depth = DEPTH;
	l->Type = type;
	l->Tag = tag;
	l->Size = (ULONG)size;
	l->Allocate = allocate ? allocate : pool_allocate;
	l->Free = release ? release : ExFreePool;
}

static void lookaside_empty(PGENERAL_LOOKASIDE l)
{
	for (PSLIST_ENTRY e = InterlockedFlushSList(&l->ListHead), next; e; e = next) {
		next = e->Next;
		l->Free(e);
	}
}

static PVOID lookaside_take(PGENERAL_LOOKASIDE l)
{
	PVOID entry = InterlockedPopEntrySList(&l->ListHead);

	__atomic_fetch_add(&l->TotalAllocates, 1, __ATOMIC_RELAXED);
	if (entry)
		return entry;
	__atomic_fetch_add(&l->AllocateMisses, 1, __ATOMIC_RELAXED);
	return l->Allocate(l->Type, l->Size, l->Tag);
}

static void lookaside_give(PGENERAL_LOOKASIDE l, PVOID entry)
{
	__atomic_fetch_add(&l->TotalFrees, 1, __ATOMIC_RELAXED);
	if (QueryDepthSList(&l->ListHead) < l->Depth) {
		InterlockedPushEntrySList(&l->ListHead, entry);
		return;
	}
	__atomic_fetch_add(&l->FreeMisses, 1, __ATOMIC_RELAXED);
	l->Free(entry);
}

VOID ExInitializeNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
				     PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
				     USHORT Depth)
{
	(void)Flags;
	(void)Depth;   /* reserved: the system chooses it */
	lookaside_init(&Lookaside->L, NonPagedPoolNx, Allocate, Free, Size, Tag);
}

VOID ExDeleteNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
	lookaside_empty(&Lookaside->L);
}

PVOID ExAllocateFromNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside)
{
	return lookaside_take(&Lookaside->L);
}

VOID ExFreeToNPagedLookasideList(PNPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
	lookaside_give(&Lookaside->L, Entry);
}

VOID ExInitializePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PALLOCATE_FUNCTION Allocate,
				    PFREE_FUNCTION Free, ULONG Flags, SIZE_T Size, ULONG Tag,
				    USHORT Depth)
{
	(void)Flags;
	(void)Depth;
	lookaside_init(&Lookaside->L, PagedPool, Allocate, Free, Size, Tag);
}

VOID ExDeletePagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
	lookaside_empty(&Lookaside->L);
}

PVOID ExAllocateFromPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside)
{
	return lookaside_take(&Lookaside->L);
}

VOID ExFreeToPagedLookasideList(PPAGED_LOOKASIDE_LIST Lookaside, PVOID Entry)
{
	lookaside_give(&Lookaside->L, Entry);
}
