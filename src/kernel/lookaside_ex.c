/* SPDX-License-Identifier: BSD-2-Clause */
/* Lookaside lists of any pool, whose routines know their list. As in lookaside.c, none
 * is kept under AddressSanitizer. */
#include <wdm.h>

#include "kernel/sanitizer.h"

#define DEPTH (KERNEL_ASAN ? 0 : 256)

static PVOID pool_allocate(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
			   PLOOKASIDE_LIST_EX Lookaside)
{
	(void)Lookaside;
	return ExAllocatePoolUninitialized(PoolType, NumberOfBytes, Tag);
}

static VOID pool_free(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside)
{
	ExFreePoolWithTag(Buffer, Lookaside->L.Tag);
}

NTSTATUS ExInitializeLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PALLOCATE_FUNCTION_EX Allocate,
				     PFREE_FUNCTION_EX Free, POOL_TYPE PoolType, ULONG Flags,
				     SIZE_T Size, ULONG Tag, USHORT Depth)
{
	PGENERAL_LOOKASIDE_POOL l = &Lookaside->L;

	(void)Depth;                            /* reserved: the system chooses it */
	if (Flags & ~(EX_LOOKASIDE_LIST_EX_FLAGS_RAISE_ON_FAIL |
		      EX_LOOKASIDE_LIST_EX_FLAGS_FAIL_NO_RAISE))
		return STATUS_INVALID_PARAMETER;
	RtlZeroMemory(l, sizeof(*l));
	InitializeSListHead(&l->ListHead);
	InitializeListHead(&l->ListEntry);
	l->Depth = l->MaximumDepth = DEPTH;
	l->Type = PoolType;
	l->Tag = Tag;
	/* A block that waits holds the list's link. */
	l->Size = (ULONG)(!KERNEL_ASAN && Size < sizeof(SLIST_ENTRY) ? sizeof(SLIST_ENTRY) : Size);
	l->AllocateEx = Allocate ? Allocate : pool_allocate;
	l->FreeEx = Free ? Free : pool_free;
	return STATUS_SUCCESS;
}

VOID ExFlushLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
	for (PSLIST_ENTRY e = InterlockedFlushSList(&Lookaside->L.ListHead), next; e; e = next) {
		next = e->Next;
		Lookaside->L.FreeEx(e, Lookaside);
	}
}

VOID ExDeleteLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
	ExFlushLookasideListEx(Lookaside);
}

PVOID ExAllocateFromLookasideListEx(PLOOKASIDE_LIST_EX Lookaside)
{
	PGENERAL_LOOKASIDE_POOL l = &Lookaside->L;
	PVOID entry = InterlockedPopEntrySList(&l->ListHead);

	__atomic_fetch_add(&l->TotalAllocates, 1, __ATOMIC_RELAXED);
	if (entry)
		return entry;
	__atomic_fetch_add(&l->AllocateMisses, 1, __ATOMIC_RELAXED);
	return l->AllocateEx(l->Type, l->Size, l->Tag, Lookaside);
}

VOID ExFreeToLookasideListEx(PLOOKASIDE_LIST_EX Lookaside, PVOID Entry)
{
	PGENERAL_LOOKASIDE_POOL l = &Lookaside->L;

	__atomic_fetch_add(&l->TotalFrees, 1, __ATOMIC_RELAXED);
	if (QueryDepthSList(&l->ListHead) < l->Depth) {
		InterlockedPushEntrySList(&l->ListHead, Entry);
		return;
	}
	__atomic_fetch_add(&l->FreeMisses, 1, __ATOMIC_RELAXED);
	l->FreeEx(Entry, Lookaside);
}
