/* SPDX-License-Identifier: BSD-2-Clause */
/* A processor's queue of DPCs; for this room alone. */
#ifndef KERNEL_DPC_H
#define KERNEL_DPC_H

#include <stdatomic.h>
#include <stdbool.h>

#include <ndis.h>

struct dpc_run;

/* Zeroed memory is an empty queue. */
struct dpc_queue {
	_Alignas(64) atomic_uint waiting;   /* under the lock; the processor reads it bare */
	KSPIN_LOCK lock;
	PSINGLE_LIST_ENTRY first, last;
	struct dpc_run *running;            /* what runs now: one, and those it lent its processor to */
};

/* Whether anything waits: one relaxed load. Any thread. */
static inline bool dpc_queue_waits(const struct dpc_queue *q)
{
	return atomic_load_explicit(&q->waiting, memory_order_relaxed) != 0;
}

/* Runs what waits now, in order, and not what is queued meanwhile; returns how
 * many that were. On the queue's processor, at DISPATCH_LEVEL. */
unsigned dpc_queue_run(struct dpc_queue *q);

/* Forgets what waits; returns how many that were. */
unsigned dpc_queue_discard(struct dpc_queue *q);

/* KeInsertQueueDpc with processor 'home', a worker's or the caller's own, for a DPC
 * without a target. Any IRQL. */
BOOLEAN kernel_dpc_insert(PRKDPC dpc, unsigned home, PVOID argument1, PVOID argument2);

#endif
