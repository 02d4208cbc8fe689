/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Executive resources: reader-writer locks that know their owners and may be
 * taken again by them. OwnerEntry holds the exclusive owner and how often it owns;
 * OwnerTable the threads that share. Reserved2 counts the moments at which the
 * resource fell free: waiters sleep on it.
 */
#include <wdm.h>

#include <stdlib.h>

#include "base/log.h"
#include "kernel/futex.h"

#define RESOURCE_NOT_OWNED 0xe3

enum share_mode { SHARE, SHARE_STARVE_EXCLUSIVE, SHARE_WAIT_FOR_EXCLUSIVE };

struct sharer {
	ULONG_PTR thread;
	ULONG count;
};

static uint32_t *moment_of(PERESOURCE r)
{
	return (uint32_t *)&r->Reserved2;
}

static struct sharer *sharer_find(PERESOURCE r, ULONG_PTR thread)
{
	struct sharer *table = r->OwnerTable;

	for (ULONG i = 0; i < r->ActiveEntries; i++)
		if (table[i].thread == thread)
			return &table[i];
	return NULL;
}

/* FALSE: no memory for one more owner. */
static BOOLEAN sharer_add(PERESOURCE r, ULONG_PTR thread)
{
	struct sharer *s = sharer_find(r, thread), *table;

	if (s) {
		s->count++;
		return TRUE;
	}
	table = realloc(r->OwnerTable, (r->ActiveEntries + 1) * sizeof(*table));
	if (!table)
		return FALSE;
	table[r->ActiveEntries++] = (struct sharer){ .thread = thread, .count = 1 };
	r->OwnerTable = table;
	return TRUE;
}

/* Sleeps, without the lock, until the resource falls free the next time. */
static KIRQL wait_for_release(PERESOURCE r, KIRQL irql, ULONG *waiters)
{
	uint32_t seen = __atomic_load_n(moment_of(r), __ATOMIC_RELAXED);

	++*waiters;
	r->ContentionCount++;
	KeReleaseSpinLock(&r->SpinLock, irql);
	futex_wait(moment_of(r), seen);
	irql = KeAcquireSpinLockRaiseToDpc(&r->SpinLock);
	--*waiters;
	return irql;
}

/* Lock held. */
static void fell_free(PERESOURCE r)
{
	__atomic_fetch_add(moment_of(r), 1, __ATOMIC_SEQ_CST);
	if (r->NumberOfExclusiveWaiters || r->NumberOfSharedWaiters)
		futex_wake(moment_of(r));
}

NTSTATUS ExInitializeResourceLite(PERESOURCE Resource)
{
	RtlZeroMemory(Resource, sizeof(*Resource));
	InitializeListHead(&Resource->SystemResourcesList);
	KeInitializeSpinLock(&Resource->SpinLock);
	return STATUS_SUCCESS;
}

NTSTATUS ExDeleteResourceLite(PERESOURCE Resource)
{
	if (Resource->OwnerEntry[0] || Resource->ActiveEntries)
		log_error("resource %p is deleted while it is owned", (void *)Resource);
	free(Resource->OwnerTable);
	Resource->OwnerTable = NULL;
	return STATUS_SUCCESS;
}

static BOOLEAN may_share(PERESOURCE r, ULONG_PTR me, enum share_mode mode)
{
	if (r->OwnerEntry[0])
		return FALSE;
	if (!r->NumberOfExclusiveWaiters || mode == SHARE_STARVE_EXCLUSIVE)
		return TRUE;
	return mode == SHARE && sharer_find(r, me) != NULL;
}

static BOOLEAN acquire_shared(PERESOURCE r, BOOLEAN wait, enum share_mode mode)
{
	ULONG_PTR me = (ULONG_PTR)KeGetCurrentThread();
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&r->SpinLock);
	BOOLEAN got = FALSE;

	for (;;) {
		if (r->OwnerEntry[0] == me) {
			r->OwnerEntry[1]++;
			got = TRUE;
			break;
		}
		got = may_share(r, me, mode) && sharer_add(r, me);
		if (got || !wait)
			break;
		irql = wait_for_release(r, irql, &r->NumberOfSharedWaiters);
	}
	KeReleaseSpinLock(&r->SpinLock, irql);
	return got;
}

BOOLEAN ExAcquireResourceSharedLite(PERESOURCE Resource, BOOLEAN Wait)
{
	return acquire_shared(Resource, Wait, SHARE);
}

BOOLEAN ExAcquireSharedStarveExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
	return acquire_shared(Resource, Wait, SHARE_STARVE_EXCLUSIVE);
}

BOOLEAN ExAcquireSharedWaitForExclusive(PERESOURCE Resource, BOOLEAN Wait)
{
	return acquire_shared(Resource, Wait, SHARE_WAIT_FOR_EXCLUSIVE);
}

BOOLEAN ExAcquireResourceExclusiveLite(PERESOURCE Resource, BOOLEAN Wait)
{
	ULONG_PTR me = (ULONG_PTR)KeGetCurrentThread();
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&Resource->SpinLock);
	BOOLEAN got;

	while (Resource->OwnerEntry[0] != me &&
	       (Resource->OwnerEntry[0] || Resource->ActiveEntries) && Wait)
		irql = wait_for_release(Resource, irql, &Resource->NumberOfExclusiveWaiters);
	got = Resource->OwnerEntry[0] == me ||
	      (!Resource->OwnerEntry[0] && !Resource->ActiveEntries);
	if (got) {
		Resource->OwnerEntry[0] = me;
		Resource->OwnerEntry[1]++;
	}
	KeReleaseSpinLock(&Resource->SpinLock, irql);
	return got;
}

/* Lock held. FALSE: 'thread' does not own the resource. */
static BOOLEAN release(PERESOURCE r, ULONG_PTR thread)
{
	struct sharer *table = r->OwnerTable, *s;

	if (r->OwnerEntry[0] == thread) {
		if (--r->OwnerEntry[1] == 0) {
			r->OwnerEntry[0] = 0;
			fell_free(r);
		}
		return TRUE;
	}
	s = sharer_find(r, thread);
	if (!s)
		return FALSE;
	if (--s->count == 0) {
		*s = table[--r->ActiveEntries];
		if (!r->ActiveEntries)
			fell_free(r);
	}
	return TRUE;
}

VOID ExReleaseResourceForThreadLite(PERESOURCE Resource, ERESOURCE_THREAD ResourceThreadId)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&Resource->SpinLock);
	BOOLEAN owned = release(Resource, ResourceThreadId);

	KeReleaseSpinLock(&Resource->SpinLock, irql);
	if (!owned) {
		log_error("resource %p is released by a thread that does not own it",
			  (void *)Resource);
		KeBugCheckEx(RESOURCE_NOT_OWNED, (ULONG_PTR)Resource, ResourceThreadId, 0, 0);
	}
}

VOID ExReleaseResourceLite(PERESOURCE Resource)
{
	ExReleaseResourceForThreadLite(Resource, (ULONG_PTR)KeGetCurrentThread());
}

VOID ExConvertExclusiveToSharedLite(PERESOURCE Resource)
{
	ULONG_PTR me = (ULONG_PTR)KeGetCurrentThread();
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&Resource->SpinLock);
	ULONG_PTR times = Resource->OwnerEntry[0] == me ? Resource->OwnerEntry[1] : 0;

	Resource->OwnerEntry[0] = Resource->OwnerEntry[1] = 0;
	for (ULONG_PTR i = 0; i < times; i++)
		sharer_add(Resource, me);
	fell_free(Resource);
	KeReleaseSpinLock(&Resource->SpinLock, irql);
}

BOOLEAN ExIsResourceAcquiredExclusiveLite(PERESOURCE Resource)
{
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&Resource->SpinLock);
	BOOLEAN mine = Resource->OwnerEntry[0] == (ULONG_PTR)KeGetCurrentThread();

	KeReleaseSpinLock(&Resource->SpinLock, irql);
	return mine;
}

ULONG ExIsResourceAcquiredSharedLite(PERESOURCE Resource)
{
	ULONG_PTR me = (ULONG_PTR)KeGetCurrentThread();
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&Resource->SpinLock);
	struct sharer *s = sharer_find(Resource, me);
	ULONG times = Resource->OwnerEntry[0] == me ? (ULONG)Resource->OwnerEntry[1] :
		      s ? s->count : 0;

	KeReleaseSpinLock(&Resource->SpinLock, irql);
	return times;
}
