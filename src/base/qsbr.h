/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Publish and fence. Control publishes a new version of something that workers
 * read, then waits until every worker has passed a quiescent point: from then
 * on nobody can still be looking at the old one.
 *
 * A worker is online while it may hold such pointers, says qsbr_quiescent()
 * between two rounds of work, and goes offline before it sleeps.
 */
#ifndef BASE_QSBR_H
#define BASE_QSBR_H

#include <stdatomic.h>
#include <stdint.h>

#define QSBR_MAX_READERS 128

struct qsbr_reader {
	_Alignas(64) _Atomic uint64_t seen;   /* the worker writes, control reads; 0 = offline */
};

struct qsbr {
	_Alignas(64) _Atomic uint64_t epoch;  /* control writes, workers read */
	atomic_uint readers;                  /* control writes, before the worker starts */
	struct qsbr_reader reader[QSBR_MAX_READERS];
};

/* Epochs start at 1; 0 means offline. */
void qsbr_init(struct qsbr *q);

/* A place for one more reader, offline. NULL when all are taken. Control thread. */
struct qsbr_reader *qsbr_reader_add(struct qsbr *q);

static inline void qsbr_quiescent(struct qsbr *q, struct qsbr_reader *r)
{
	uint64_t now = atomic_load_explicit(&q->epoch, memory_order_acquire);

	if (atomic_load_explicit(&r->seen, memory_order_relaxed) != now)
		atomic_store_explicit(&r->seen, now, memory_order_release);
}

static inline void qsbr_offline(struct qsbr_reader *r)
{
	atomic_store_explicit(&r->seen, 0, memory_order_release);
}

static inline void qsbr_online(struct qsbr *q, struct qsbr_reader *r)
{
	atomic_store_explicit(&r->seen, atomic_load_explicit(&q->epoch, memory_order_acquire),
			      memory_order_seq_cst);
	/* The reads that follow must not move above the store. */
	atomic_thread_fence(memory_order_seq_cst);
}

/* Starts a grace period: returns the epoch that every online reader must
 * reach. Any thread. */
uint64_t qsbr_advance(struct qsbr *q);

/* Whether every reader online now has reached 'epoch'. Never waits. Any thread. */
int qsbr_reached(struct qsbr *q, uint64_t epoch);

#endif
