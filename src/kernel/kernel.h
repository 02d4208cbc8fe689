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

struct kernel_config {
	unsigned processors;   /* 1 .. KERNEL_MAX_PROCESSORS */
	unsigned workers;      /* 1 .. processors; processor p runs on worker p % workers */
	/* Called on each worker's own thread, first and last thing (packet
	 * libraries want to know their threads). May be NULL. */
	int (*worker_begins)(unsigned worker);
	void (*worker_ends)(unsigned worker);
};

/* Starts the workers and the system threads. Once in a process at a time.
 * Control thread. -EINVAL, -ENOMEM, or what worker_begins returned. */
int kernel_start(const struct kernel_config *config, struct error *err);

/* Ends and joins them all; work that waits is done first. Control thread. */
void kernel_stop(void);

unsigned kernel_processors(void);

/* Waits until every worker has passed a quiescent point. PASSIVE_LEVEL; never
 * from a driver's callback or under a lock that a worker may want. */
void kernel_synchronize(void);

/* Runs 'routine' at PASSIVE_LEVEL on a system thread, in order of asking. Any IRQL.
 * Work may wait for a turn, so the two have threads of their own: work is a
 * driver's, turns are the OID queues'. */
void kernel_call_work(void (*routine)(void *context), void *context);
void kernel_call_turn(void (*routine)(void *context), void *context);

/* This thread's identity. */
struct kernel_worker;
struct kernel_self {
	struct kernel_worker *worker;   /* NULL on a thread at PASSIVE_LEVEL */
	unsigned processor;             /* plus one; 0: not yet given */
	KIRQL irql;
};
extern _Thread_local struct kernel_self kernel_self;

#endif
