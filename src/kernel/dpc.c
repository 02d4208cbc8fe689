/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DPCs. Every processor has a queue; a DPC is on one of them (DpcData says on
 * which, and changes under that queue's lock) or on none. A worker runs its
 * processors' queues between rounds; a thread that is no worker runs the queue of
 * the processor that it has entered before it leaves it.
 */
#include "kernel/worker.h"

#include <time.h>

#include "base/clock.h"
#include "base/log.h"

/* KDPC.Type. */
#define DPC_OBJECT          19
#define THREADED_DPC_OBJECT 24

/* A DPC that runs, on the stack of who runs it: the KDPC itself may be gone. */
struct dpc_run {
	const KDPC *dpc;
	struct dpc_run *outer;
};

static KDPC *to_dpc(PSINGLE_LIST_ENTRY entry)
{
	return CONTAINING_RECORD(entry, KDPC, DpcListEntry);
}

static void lock(struct dpc_queue *q)
{
	KeAcquireSpinLockAtDpcLevel(&q->lock);
}

static void unlock(struct dpc_queue *q)
{
	KeReleaseSpinLockFromDpcLevel(&q->lock);
}

VOID KeInitializeDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
	*Dpc = (KDPC){
		.Type = DPC_OBJECT, .Importance = MediumImportance,
		.DeferredRoutine = DeferredRoutine, .DeferredContext = DeferredContext,
	};
}

/* A threaded DPC may run at either level, as an administrator of Windows chooses;
 * here it is always DISPATCH_LEVEL. */
VOID KeInitializeThreadedDpc(PRKDPC Dpc, PKDEFERRED_ROUTINE DeferredRoutine, PVOID DeferredContext)
{
	KeInitializeDpc(Dpc, DeferredRoutine, DeferredContext);
	Dpc->Type = THREADED_DPC_OBJECT;
}

VOID KeSetImportanceDpc(PRKDPC Dpc, KDPC_IMPORTANCE Importance)
{
	Dpc->Importance = (UCHAR)Importance;
}

/* KDPC.Number: the target's index plus one, 0 for none. */
NTSTATUS KeSetTargetProcessorDpcEx(PKDPC Dpc, PPROCESSOR_NUMBER ProcNumber)
{
	ULONG index = KeGetProcessorIndexFromNumber(ProcNumber);

	if (index == INVALID_PROCESSOR_INDEX)
		return STATUS_INVALID_PARAMETER;
	Dpc->Number = (USHORT)(index + 1);
	return STATUS_SUCCESS;
}

VOID KeSetTargetProcessorDpc(PRKDPC Dpc, CCHAR Number)
{
	if (Number < 0 || (ULONG)Number >= kernel_all_processors()) {
		log_error("KeSetTargetProcessorDpc: there is no processor %d", Number);
		return;
	}
	Dpc->Number = (USHORT)(Number + 1);
}

static void link_in(struct dpc_queue *q, PRKDPC dpc)
{
	PSINGLE_LIST_ENTRY e = &dpc->DpcListEntry;

	if (!q->first || dpc->Importance == HighImportance) {
		e->Next = q->first;
		q->first = e;
		if (!e->Next)
			q->last = e;
	} else {
		e->Next = NULL;
		q->last->Next = e;
		q->last = e;
	}
	atomic_store_explicit(&q->waiting, q->waiting + 1, memory_order_relaxed);
}

/* Takes 'dpc' off the queue that it is on; the lock is held. */
static void link_out(struct dpc_queue *q, PRKDPC dpc)
{
	PSINGLE_LIST_ENTRY *at = &q->first, before = NULL;

	while (*at != &dpc->DpcListEntry) {
		before = *at;
		at = &before->Next;
	}
	*at = dpc->DpcListEntry.Next;
	if (!*at)
		q->last = before;
	atomic_store_explicit(&q->waiting, q->waiting - 1, memory_order_relaxed);
	__atomic_store_n(&dpc->DpcData, NULL, __ATOMIC_SEQ_CST);
}

/* The processor on which a DPC is to run. One that no worker runs can be a target
 * only for the thread whose home it is. */
static unsigned target_of(const KDPC *dpc, unsigned home)
{
	unsigned target = dpc->Number ? dpc->Number - 1u : home;
	unsigned n = kernel_machine.config.processors;

	if (!atomic_load_explicit(&kernel_machine.running, memory_order_acquire))
		return OvmqCurrentProcessor();
	if (target >= n && target != home)
		target %= n;
	return target;
}

/* A DPC now waits on 'target'. A worker is woken. What a thread queues to the
 * processor that it runs as itself runs before the thread goes on below
 * DISPATCH_LEVEL, as on Windows: now, or when it lowers its level. */
static void see_to_it(unsigned target)
{
	struct kernel_worker *w = kernel_processor_at(target)->worker;
	KIRQL old;

	if (w && w != kernel_self.worker)
		kernel_worker_wake(w);
	if (!kernel_self.worker && kernel_self.irql < DISPATCH_LEVEL &&
	    OvmqCurrentProcessor() == target) {
		KeRaiseIrql(DISPATCH_LEVEL, &old);
		KeLowerIrql(old);
	}
}

BOOLEAN kernel_dpc_insert(PRKDPC dpc, unsigned home, PVOID argument1, PVOID argument2)
{
	unsigned target = target_of(dpc, home);
	struct dpc_queue *q = &kernel_processor_at(target)->dpcs;
	PVOID none = NULL;
	BOOLEAN won;

	lock(q);
	won = __atomic_compare_exchange_n(&dpc->DpcData, &none, q, 0, __ATOMIC_SEQ_CST,
					  __ATOMIC_SEQ_CST);
	if (won) {
		dpc->SystemArgument1 = argument1;
		dpc->SystemArgument2 = argument2;
		link_in(q, dpc);
	}
	unlock(q);
	if (won)
		see_to_it(target);
	return won;
}

BOOLEAN KeInsertQueueDpc(PRKDPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
	return kernel_dpc_insert(Dpc, OvmqCurrentProcessor(), SystemArgument1, SystemArgument2);
}

BOOLEAN KeRemoveQueueDpc(PRKDPC Dpc)
{
	struct dpc_queue *q;
	bool there;

	while ((q = __atomic_load_n(&Dpc->DpcData, __ATOMIC_SEQ_CST))) {
		lock(q);
		there = __atomic_load_n(&Dpc->DpcData, __ATOMIC_SEQ_CST) == q;
		if (there)
			link_out(q, Dpc);
		unlock(q);
		if (there)
			return TRUE;
	}
	return FALSE;
}

/* Whether 'dpc' (NULL: any) runs from this queue, or any waits there ('waiting'). */
static bool is_busy(struct dpc_queue *q, const KDPC *dpc, bool waiting)
{
	bool busy;

	lock(q);
	busy = waiting && q->waiting;
	for (const struct dpc_run *r = q->running; r; r = r->outer)
		busy |= !dpc || r->dpc == dpc;
	unlock(q);
	return busy;
}

static void wait_until_idle(struct dpc_queue *q, const KDPC *dpc, bool waiting)
{
	const struct timespec pause = { .tv_nsec = 20000 };

	while (is_busy(q, dpc, waiting))
		nanosleep(&pause, NULL);
}

BOOLEAN KeRemoveQueueDpcEx(PRKDPC Dpc, BOOLEAN WaitIfActive)
{
	BOOLEAN removed = KeRemoveQueueDpc(Dpc);

	if (removed || !WaitIfActive)
		return removed;
	if (KeGetCurrentIrql() >= DISPATCH_LEVEL) {
		log_error("KeRemoveQueueDpcEx: cannot wait for a DPC at IRQL %d",
			  KeGetCurrentIrql());
		return FALSE;
	}
	for (unsigned p = 0; p < kernel_all_processors(); p++)
		wait_until_idle(&kernel_processor_at(p)->dpcs, Dpc, false);
	return FALSE;
}

/* One DPC from the head of the queue. */
static bool run_first(struct dpc_queue *q)
{
	uint64_t outer_began = kernel_self.dpc_began;
	struct dpc_run run;
	KDPC copy;

	lock(q);
	if (!q->first) {
		unlock(q);
		return false;
	}
	run.dpc = to_dpc(q->first);
	run.outer = q->running;
	q->running = &run;
	copy = *run.dpc;
	link_out(q, to_dpc(q->first));
	unlock(q);

	kernel_self.dpc_began = clock_ns();
	copy.DeferredRoutine((PKDPC)run.dpc, copy.DeferredContext, copy.SystemArgument1,
			     copy.SystemArgument2);
	kernel_self.dpc_began = outer_began;

	lock(q);
	q->running = run.outer;
	unlock(q);
	return true;
}

unsigned dpc_queue_run(struct dpc_queue *q)
{
	unsigned waiting = atomic_load_explicit(&q->waiting, memory_order_relaxed), n = 0;

	while (n < waiting && run_first(q))
		n++;
	return n;
}

unsigned dpc_queue_discard(struct dpc_queue *q)
{
	unsigned n = 0;

	lock(q);
	for (; q->first; n++)
		link_out(q, to_dpc(q->first));
	unlock(q);
	return n;
}

struct flush {
	KDPC dpc;
	KEVENT done;
};

static VOID flushed(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	KeSetEvent(DeferredContext, IO_NO_INCREMENT, FALSE);
}

/* A DPC of our own behind all others on every worker's processor; the passive
 * threads' queues are empty soon, since nobody stays at DISPATCH_LEVEL. */
VOID KeFlushQueuedDpcs(VOID)
{
	struct flush f;

	if (KeGetCurrentIrql() >= DISPATCH_LEVEL) {
		log_error("KeFlushQueuedDpcs: cannot wait for DPCs at IRQL %d", KeGetCurrentIrql());
		return;
	}
	kernel_timers_settle();
	for (unsigned p = 0; atomic_load(&kernel_machine.running) && p < kernel_processors(); p++) {
		KeInitializeEvent(&f.done, NotificationEvent, FALSE);
		KeInitializeDpc(&f.dpc, flushed, &f.done);
		f.dpc.Number = (USHORT)(p + 1);
		KeInsertQueueDpc(&f.dpc, NULL, NULL);
		KeWaitForSingleObject(&f.done, Executive, KernelMode, FALSE, NULL);
	}
	for (unsigned i = 0; i < KERNEL_PASSIVE_PROCESSORS; i++)
		wait_until_idle(&kernel_machine.passive[i].dpcs, NULL, true);
}
