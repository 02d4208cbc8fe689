/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which processor a thread runs as, and what makes it the only one there at
 * DISPATCH_LEVEL.
 *
 * A worker runs its processors' rounds and needs nothing. Any other thread has a
 * number of its own, or that of the processor which its affinity chooses, and
 * enters the processor when it rises to DISPATCH_LEVEL: a lock keeps other such
 * threads out. If the processor is a worker's, a DPC makes the worker stop there
 * and wait until the thread falls below DISPATCH_LEVEL again; so the workers pay
 * for it only when it happens.
 */
#include "kernel/worker.h"

/* The last place is never taken: it is for everybody who finds no other. */
#define SHARED_PLACE (KERNEL_PASSIVE_PROCESSORS - 1)

static _Atomic uint64_t places;   /* a bit each, taken */

static unsigned place_take(void)
{
	uint64_t taken = atomic_load(&places);
	unsigned i;

	do {
		i = ~taken ? (unsigned)__builtin_ctzll(~taken) : SHARED_PLACE;
		if (i >= SHARED_PLACE)
			return SHARED_PLACE;
	} while (!atomic_compare_exchange_weak(&places, &taken, taken | 1ull << i));
	return i;
}

void kernel_processor_release(void)
{
	if (kernel_self.own && kernel_self.own - 1 != SHARED_PLACE)
		atomic_fetch_and(&places, ~(1ull << (kernel_self.own - 1)));
	kernel_self.own = 0;
}

ULONG OvmqCurrentProcessor(VOID)
{
	if (kernel_self.processor)
		return kernel_self.processor - 1;
	if (!kernel_self.own) {
		kernel_self.own = place_take() + 1;
		kernel_thread_watch();
	}
	return kernel_processors() + kernel_self.own - 1;
}

BOOLEAN OvmqIsProcessor(ULONG ProcessorIndex)
{
	return kernel_self.irql >= DISPATCH_LEVEL && OvmqCurrentProcessor() == ProcessorIndex;
}

VOID OvmqNotifyProcessor(ULONG ProcessorIndex)
{
	struct kernel_worker *w;

	if (ProcessorIndex >= kernel_processors())
		return;
	w = kernel_machine.processors[ProcessorIndex].worker;
	if (w != kernel_self.worker)
		kernel_worker_wake(w);
}

static void wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;   /* a signal came between */
}

/* On the worker: the processor is the other thread's until that gives it back. */
static VOID lend(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	struct kernel_processor *p = DeferredContext;

	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	sem_post(&p->lent);
	wait_for(&p->returned);
}

void kernel_processor_init(struct kernel_processor *p, struct kernel_worker *worker)
{
	p->worker = worker;
	sem_init(&p->lent, 0, 0);
	sem_init(&p->returned, 0, 0);
	KeInitializeDpc(&p->lend, lend, p);
	KeSetTargetProcessorDpc(&p->lend, (CCHAR)(p - kernel_machine.processors));
}

void kernel_processor_destroy(struct kernel_processor *p)
{
	sem_destroy(&p->lent);
	sem_destroy(&p->returned);
}

void kernel_processor_enter(void)
{
	struct kernel_processor *p;

	if (kernel_self.worker || kernel_self.held)
		return;
	kernel_self.held = OvmqCurrentProcessor() + 1;
	p = kernel_processor_at(kernel_self.held - 1);
	KeAcquireSpinLockAtDpcLevel(&p->entered);
	if (p->worker && atomic_load(&kernel_machine.running)) {
		KeInsertQueueDpc(&p->lend, NULL, NULL);
		wait_for(&p->lent);
		kernel_self.lent = true;
	}
}

void kernel_processor_leave(void)
{
	struct kernel_processor *p;

	if (!kernel_self.held)
		return;
	p = kernel_processor_at(kernel_self.held - 1);
	while (dpc_queue_waits(&p->dpcs))
		dpc_queue_run(&p->dpcs);
	if (kernel_self.lent)
		sem_post(&p->returned);
	kernel_self.lent = false;
	KeReleaseSpinLockFromDpcLevel(&p->entered);
	kernel_self.held = 0;
	if (kernel_self.affinity.Mask || kernel_self.processor)
		kernel_affinity_apply();
}
