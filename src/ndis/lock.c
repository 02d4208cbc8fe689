/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reader-writer locks. A reader counts itself in at its processor's own cache
 * line, so that readers of different processors share nothing; a writer raises
 * the flag, which holds new readers off, and waits for every count to be zero.
 *
 * Either kind of access may be taken again by whoever has it; a reader may not
 * become a writer. A thread knows what it holds, since a held lock keeps it at
 * DISPATCH_LEVEL.
 */
#include "ndis/object.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/resource.h"

#define SLOTS         64
#define STATE_WRITE   0x40   /* else the low bits are the reader's slot */
#define HELD_AT_ONCE  16     /* different locks of one thread */
#define CACHE_LINE    64

struct _NDIS_RW_LOCK_EX {
	ULONG_PTR writer;
	struct {
		_Alignas(CACHE_LINE) ULONG readers;
	} slots[SLOTS];
};

/* What both kinds of lock have. */
struct rw {
	ULONG_PTR *writer;
	char *slots;
	size_t stride;
};

static struct rw rw_new(PNDIS_RW_LOCK_EX lock)
{
	return (struct rw){ &lock->writer, (char *)lock->slots, sizeof(lock->slots[0]) };
}

static struct rw rw_old(PNDIS_RW_LOCK lock)
{
	return (struct rw){ &lock->SpinLock, (char *)lock->RefCount, sizeof(lock->RefCount[0]) };
}

struct held {
	const ULONG_PTR *lock;
	unsigned depth;
	unsigned char state;
	KIRQL irql;           /* before the first of them */
};

static _Thread_local struct held held[HELD_AT_ONCE];
static _Thread_local unsigned n_held;

static struct held *find_held(const struct rw *rw)
{
	for (unsigned i = n_held; i-- > 0;)
		if (held[i].lock == rw->writer)
			return &held[i];
	return NULL;
}

static ULONG *slot(const struct rw *rw, unsigned s)
{
	return (ULONG *)(void *)(rw->slots + s * rw->stride);
}

/* Our processors are threads: the one waited for may want this CPU. */
static void wait_a_little(unsigned *tries)
{
	if (++*tries % 256 == 0)
		sched_yield();
}

static unsigned char acquire_write(const struct rw *rw)
{
	unsigned tries = 0;

	while (__atomic_exchange_n(rw->writer, 1, __ATOMIC_SEQ_CST))
		wait_a_little(&tries);
	for (unsigned s = 0; s < SLOTS; s++)
		while (__atomic_load_n(slot(rw, s), __ATOMIC_SEQ_CST))
			wait_a_little(&tries);
	return STATE_WRITE;
}

static unsigned char acquire_read(const struct rw *rw)
{
	unsigned s = OvmqCurrentProcessor() % SLOTS, tries = 0;

	/* Count in first, then look for a writer; the writer does it the other way
	 * round, so that one of the two sees the other. */
	while (__atomic_fetch_add(slot(rw, s), 1, __ATOMIC_SEQ_CST),
	       __atomic_load_n(rw->writer, __ATOMIC_SEQ_CST)) {
		__atomic_fetch_sub(slot(rw, s), 1, __ATOMIC_RELEASE);
		while (__atomic_load_n(rw->writer, __ATOMIC_RELAXED))
			wait_a_little(&tries);
	}
	return (unsigned char)s;
}

/* 'irql' is the level to go back to when the lock is let go for the last time. */
static unsigned char acquire(const struct rw *rw, bool write, KIRQL irql)
{
	struct held *h = find_held(rw);
	unsigned char state;

	if (h) {
		if (write && h->state != STATE_WRITE) {
			log_error("lock %p: its reader wants to write: it would wait for itself",
				  (void *)rw->writer);
			abort();
		}
		h->depth++;
		return h->state;
	}
	if (n_held == HELD_AT_ONCE) {
		log_error("lock %p: this thread holds %d reader-writer locks already",
			  (void *)rw->writer, HELD_AT_ONCE);
		abort();
	}
	state = write ? acquire_write(rw) : acquire_read(rw);
	held[n_held++] = (struct held){ rw->writer, 1, state, irql };
	return state;
}

/* Held locks are let go in any order. */
static void release(const struct rw *rw, const char *function)
{
	struct held *h = find_held(rw);
	KIRQL irql;

	if (!h) {
		log_error("%s: this thread does not hold lock %p", function, (void *)rw->writer);
		return;
	}
	if (--h->depth)
		return;
	if (h->state == STATE_WRITE)
		__atomic_store_n(rw->writer, 0, __ATOMIC_RELEASE);
	else
		__atomic_fetch_sub(slot(rw, h->state), 1, __ATOMIC_RELEASE);
	irql = h->irql;
	*h = held[--n_held];
	KeLowerIrql(irql);
}

/* ---- the locks of 6.20 and later ---- */

PNDIS_RW_LOCK_EX NdisAllocateRWLock(NDIS_HANDLE NdisHandle)
{
	PNDIS_RW_LOCK_EX lock = aligned_alloc(CACHE_LINE, sizeof(*lock));

	NDIS_CALLED(NdisHandle);
	if (!lock)
		return NULL;
	memset(lock, 0, sizeof(*lock));
	if (ndis_resource_add(NDIS_RESOURCE_RW_LOCK, lock, NdisHandle, __builtin_return_address(0))) {
		free(lock);
		return NULL;
	}
	return lock;
}

VOID NdisFreeRWLock(PNDIS_RW_LOCK_EX Lock)
{
	if (!ndis_resource_remove(NDIS_RESOURCE_RW_LOCK, Lock)) {
		ndis_resource_refuse(NDIS_RESOURCE_RW_LOCK, Lock, "NdisFreeRWLock");
		return;
	}
	if (Lock->writer)
		log_error("NdisFreeRWLock: lock %p has a writer", (void *)Lock);
	for (unsigned s = 0; s < SLOTS; s++)
		if (Lock->slots[s].readers)
			log_error("NdisFreeRWLock: lock %p has a reader", (void *)Lock);
	free(Lock);
}

static VOID acquire_new(PNDIS_RW_LOCK_EX lock, PLOCK_STATE_EX state, UCHAR flags, bool write)
{
	struct rw rw = rw_new(lock);

	state->Flags = flags;
	state->OldIrql = DISPATCH_LEVEL;
	if (!(flags & NDIS_RWL_AT_DISPATCH_LEVEL))
		state->OldIrql = KeRaiseIrqlToDpcLevel();
	state->LockState = acquire(&rw, write, state->OldIrql);
}

VOID NdisAcquireRWLockRead(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
	NDIS_CALLED(NULL);
	acquire_new(Lock, LockState, Flags, false);
}

VOID NdisAcquireRWLockWrite(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags)
{
	NDIS_CALLED(NULL);
	acquire_new(Lock, LockState, Flags, true);
}

VOID NdisReleaseRWLock(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState)
{
	struct rw rw = rw_new(Lock);

	NDIS_CALLED(NULL);
	(void)LockState;
	release(&rw, "NdisReleaseRWLock");
}

/* ---- the locks of before, in the driver's own memory ---- */

VOID NdisInitializeReadWriteLock(PNDIS_RW_LOCK Lock)
{
	memset(Lock, 0, sizeof(*Lock));
}

static VOID acquire_old(PNDIS_RW_LOCK lock, BOOLEAN write, PLOCK_STATE state, KIRQL irql)
{
	struct rw rw = rw_old(lock);

	state->OldIrql = irql;
	state->LockState = acquire(&rw, write, irql);
}

VOID NdisAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN fWrite, PLOCK_STATE LockState)
{
	NDIS_CALLED(NULL);
	acquire_old(Lock, fWrite, LockState, KeRaiseIrqlToDpcLevel());
}

VOID NdisDprAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN fWrite, PLOCK_STATE LockState)
{
	acquire_old(Lock, fWrite, LockState, DISPATCH_LEVEL);
}

VOID NdisReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState)
{
	struct rw rw = rw_old(Lock);

	NDIS_CALLED(NULL);
	(void)LockState;
	release(&rw, "NdisReleaseReadWriteLock");
}

VOID NdisDprReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState)
{
	struct rw rw = rw_old(Lock);

	(void)LockState;
	release(&rw, "NdisDprReleaseReadWriteLock");
}
