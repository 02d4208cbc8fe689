/* SPDX-License-Identifier: BSD-2-Clause */
/* The inside of a worker; for this room alone. */
#ifndef KERNEL_WORKER_H
#define KERNEL_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/qsbr.h"
#include "kernel/kernel.h"

struct kernel_source {
	OVMQ_POLL_SOURCE source;
	unsigned processor;
};

/* What a processor polls: replaced whole, never edited. */
struct kernel_sources {
	unsigned n;
	struct kernel_source *list[];
};

struct kernel_processor {
	_Atomic(struct kernel_sources *) sources;   /* control publishes, the worker reads */
	struct kernel_worker *worker;
};

struct kernel_worker {
	_Alignas(64) atomic_int sleeping;   /* the worker sets, whoever wakes it clears */
	_Alignas(64) unsigned number;
	pthread_t thread;
	int epoll, event;                   /* what it sleeps on, what wakes it */
	struct qsbr_reader *reader;
	int begun;                          /* result of worker_begins */
};

struct kernel_machine {
	struct kernel_config config;
	struct qsbr qsbr;
	atomic_bool stop;                   /* control writes, workers read */
	pthread_mutex_t lock;               /* registration of sources */
	struct kernel_processor processors[KERNEL_MAX_PROCESSORS];
	struct kernel_worker workers[KERNEL_MAX_PROCESSORS];
};

extern struct kernel_machine kernel_machine;

/* A worker's life. */
void *kernel_worker_run(void *worker);
void kernel_worker_wake(struct kernel_worker *worker);

/* The two system threads, at PASSIVE_LEVEL. */
int kernel_passive_start(void);
void kernel_passive_stop(void);

#endif
