/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processors, and the workers that run them. For the rooms above; drivers see
 * include/ndis.
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include <stdbool.h>

#include <ndis.h>
#include <ovmq.h>

#include "base/error.h"

#define KERNEL_MAX_PROCESSORS 64   /* one processor group, as KAFFINITY has bits */

/*
 * Processor numbers are dense. Those of the workers come first, 0 to
 * kernel_processors() - 1. After them come KERNEL_PASSIVE_PROCESSORS for the other
 * threads: a thread takes one at first use and gives it back when it ends. The
 * last one is shared by all threads for which no other was left.
 */
#define KERNEL_PASSIVE_PROCESSORS 64

struct kernel_config {
	unsigned processors;   /* 1 .. KERNEL_MAX_PROCESSORS */
	unsigned workers;      /* 1 .. processors; processor p runs on worker p % workers */
	/* Called on each worker's own thread, first and last thing (packet
	 * libraries want to know their threads). May be NULL. */
	int (*worker_begins)(unsigned worker);
	void (*worker_ends)(unsigned worker);
	/* The same on every other thread that runs drivers: those of work and
	 * timers, and those that drivers create. May be NULL. */
	void (*thread_begins)(void);
	void (*thread_ends)(void);
};

/* Starts the workers and the system threads. Once in a process at a time.
 * Control thread. -EINVAL, -ENOMEM, or what worker_begins returned. */
int kernel_start(const struct kernel_config *config, struct error *err);

/* Ends and joins them all; work that waits is done first. Control thread. */
void kernel_stop(void);

unsigned kernel_processors(void);

/* What a worker did since it began. */
struct kernel_worker_report {
	int cpu;             /* that it is pinned to; -1: to none */
	uint64_t up_ns;      /* how long ago it began */
	uint64_t busy_ns;    /* of that, in rounds that found work */
	uint64_t cpu_ns;     /* CPU time that the system charged it with, looking for work included */
	uint64_t rounds;     /* over its poll sources, in vain or not */
	uint64_t sleeps;
};

/* Of worker 'worker'. False: there is none of that number. A round under way is not yet in it,
 * and a time in which the worker was kept from its CPU counts as the round's it fell into.
 * Any thread, between kernel_start() and kernel_stop(). */
bool kernel_worker_report(unsigned worker, struct kernel_worker_report *report);

/* Waits until every worker has passed a quiescent point. PASSIVE_LEVEL; never
 * from a driver's callback or under a lock that a worker may want. */
void kernel_synchronize(void);

/* How many calls of kernel_call_work can run at a time: a thread is added when all have
 * something to do, and then kept. */
#define KERNEL_WORK_THREADS 64

/* Runs 'routine' at PASSIVE_LEVEL on a system thread. Any IRQL. Calls begin in order of
 * asking; several run at a time, but never two with the same routine and context. One
 * may wait for another. */
void kernel_call_work(void (*routine)(void *context), void *context);

/* Called by KeBugCheckEx, on the thread that called it and at its IRQL, before
 * the process ends; NULL (the default) for nobody. 'parameters' has four. The
 * host sets it before it starts drivers. */
extern void (*kernel_on_bug_check)(ULONG code, const ULONG_PTR *parameters);

/* This thread's identity; only the thread itself touches it. */
struct kernel_worker;
struct kernel_self {
	struct kernel_worker *worker;   /* NULL on a thread at PASSIVE_LEVEL */
	unsigned processor;             /* plus one; 0: the thread's own, if it is no worker */
	unsigned own;                   /* its own place among the passive ones, plus one */
	unsigned held;                  /* the processor it has entered, plus one */
	bool lent;                      /* that one is a worker's, which waits for its return */
	KIRQL irql;
	unsigned critical, guarded;     /* regions it is in */
	unsigned mutexes;               /* how many it owns */
	uint64_t dpc_began;             /* when the DPC that it runs began, ns; 0: none */
	GROUP_AFFINITY affinity;        /* what a driver asked for; Mask 0: nothing */
	struct _KTHREAD *thread;        /* its object, once somebody asked for it */
};
extern _Thread_local struct kernel_self kernel_self;

#endif
