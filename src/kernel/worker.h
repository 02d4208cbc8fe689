/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a worker; for this room alone. */
#ifndef KERNEL_WORKER_H
#define KERNEL_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/counter.h"
#include "base/qsbr.h"
#include "kernel/dpc.h"
#include "kernel/kernel.h"

struct kernel_source {
	OVMQ_POLL_SOURCE source;
	unsigned processor;
};

/* What a processor polls: replaced whole, never edited. The sources themselves, which are read in
 * each round, lie in a row; 'of' is whose each is. */
struct kernel_sources {
	unsigned n;
	struct {
		OVMQ_POLL_SOURCE source;
		const struct kernel_source *of;
	} list[];
};

struct kernel_processor {
	_Atomic(struct kernel_sources *) sources;   /* control publishes, the worker reads */
	struct kernel_worker *worker;               /* NULL: a passive thread's processor */
	struct dpc_queue dpcs;
	/* For threads that are no workers; see processor.c. */
	_Alignas(64) KSPIN_LOCK entered;            /* held by a thread at DISPATCH_LEVEL here */
	KDPC lend;
	sem_t lent, returned;
};

struct kernel_worker {
	_Alignas(64) atomic_int sleeping;   /* the worker sets, whoever wakes it clears */
	_Alignas(64) unsigned number;
	pthread_t thread;
	int epoll, event;                   /* what it sleeps on, what wakes it */
	struct qsbr_reader *reader;
	int begun;                          /* result of worker_begins */
	int cpu;                            /* -1: floats; written before it runs */
	uint64_t since;                     /* ticks, when it was made */
	_Alignas(64) counter_t rounds, busy, sleeps;   /* 'busy' in ticks */
};

struct kernel_machine {
	struct kernel_config config;
	struct qsbr qsbr;
	atomic_bool stop;                   /* control writes, workers read */
	atomic_bool running;                /* control writes: the workers take DPCs */
	pthread_mutex_t lock;               /* registration of sources */
	struct kernel_processor processors[KERNEL_MAX_PROCESSORS];
	struct kernel_processor passive[KERNEL_PASSIVE_PROCESSORS];
	struct kernel_worker workers[KERNEL_MAX_PROCESSORS];
};

extern struct kernel_machine kernel_machine;

/* First and last thing on a thread that is no worker. */
static inline void kernel_thread_begins(void)
{
	if (kernel_machine.config.thread_begins)
		kernel_machine.config.thread_begins();
}

static inline void kernel_thread_ends(void)
{
	if (kernel_machine.config.thread_ends)
		kernel_machine.config.thread_ends();
}

/* A worker's life. */
void *kernel_worker_run(void *worker);
void kernel_worker_wake(struct kernel_worker *worker);

/* The system threads of work and quiet, at PASSIVE_LEVEL. 0 or -ENOMEM. */
int kernel_passive_start(void);
void kernel_passive_stop(void);

/* The thread of the timers. 0 or -ENOMEM. */
int kernel_timers_start(void);
void kernel_timers_stop(void);

/* Returns when no timer is being expired: every DPC of a timer that is no longer
 * set has been queued. PASSIVE_LEVEL. */
void kernel_timers_settle(void);

/* Of all processors, workers' and passive ones. */
static inline unsigned kernel_all_processors(void)
{
	return kernel_machine.config.processors + KERNEL_PASSIVE_PROCESSORS;
}

/* 'index' < kernel_all_processors(). */
static inline struct kernel_processor *kernel_processor_at(unsigned index)
{
	unsigned n = kernel_machine.config.processors;

	return index < n ? &kernel_machine.processors[index] : &kernel_machine.passive[index - n];
}

/* A worker's processor is ready to be lent; before the workers run. And no more,
 * after they do. */
void kernel_processor_init(struct kernel_processor *p, struct kernel_worker *worker);
void kernel_processor_destroy(struct kernel_processor *p);

/* What a thread that is no worker does when it rises to DISPATCH_LEVEL and before
 * it falls below: makes the processor that it runs as its own, and lets go of it. */
void kernel_processor_enter(void);
void kernel_processor_leave(void);

/* The calling thread's place among the passive processors is free again. */
void kernel_processor_release(void);

/* The processor that the thread's affinity chooses becomes its own. */
void kernel_affinity_apply(void);

/* Arranges that kernel_thread_ended() is called on this thread when it ends. */
void kernel_thread_watch(void);

#endif
