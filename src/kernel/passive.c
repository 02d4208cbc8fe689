/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work at PASSIVE_LEVEL. Three system threads, each doing its list in order: one
 * for work items, which may wait for an OID; one for the turns of OIDs, which may
 * wait for quiet; and one for calls after quiet, which wait for nobody but workers.
 */
#include "kernel/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

struct call {
	struct call *next;
	void (*routine)(void *context);
	void *context;
	uint64_t epoch;          /* 0: at once; else after every worker has reached it */
};

struct list {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct call *first, **last;
	bool stop;
	pthread_t thread;
};

static struct list work, turns, quiet;

static void run(struct call *c)
{
	const struct timespec pause = { .tv_nsec = 20000 };

	while (c->epoch && !qsbr_reached(&kernel_machine.qsbr, c->epoch))
		nanosleep(&pause, NULL);
	c->routine(c->context);
	free(c);
}

static void *list_main(void *arg)
{
	struct list *l = arg;

	pthread_mutex_lock(&l->lock);
	for (;;) {
		struct call *c = l->first;

		if (!c) {
			if (l->stop)
				break;
			pthread_cond_wait(&l->more, &l->lock);
			continue;
		}
		l->first = c->next;
		if (!l->first)
			l->last = &l->first;
		pthread_mutex_unlock(&l->lock);
		run(c);
		pthread_mutex_lock(&l->lock);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

static int list_start(struct list *l, const char *name)
{
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->more, NULL);
	l->first = NULL;
	l->last = &l->first;
	l->stop = false;
	if (pthread_create(&l->thread, NULL, list_main, l))
		return -ENOMEM;
	pthread_setname_np(l->thread, name);
	return 0;
}

static void list_stop(struct list *l)
{
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->lock);
	pthread_join(l->thread, NULL);
	pthread_cond_destroy(&l->more);
	pthread_mutex_destroy(&l->lock);
}

/* Memory for one more call: a driver cannot be told that there is none, and
 * what it asked for cannot be left undone. */
static void list_append(struct list *l, void (*routine)(void *), void *context, bool after_quiet)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->routine = routine;
	c->context = context;
	pthread_mutex_lock(&l->lock);
	if (after_quiet)
		c->epoch = qsbr_advance(&kernel_machine.qsbr);
	*l->last = c;
	l->last = &c->next;
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->lock);
}

int kernel_passive_start(void)
{
	int rc = list_start(&work, "vmq-work");

	if (rc)
		return rc;
	rc = list_start(&turns, "vmq-turns");
	if (rc)
		goto stop_work;
	rc = list_start(&quiet, "vmq-quiet");
	if (!rc)
		return 0;
	list_stop(&turns);
stop_work:
	list_stop(&work);
	return rc;
}

void kernel_passive_stop(void)
{
	list_stop(&work);
	list_stop(&turns);
	list_stop(&quiet);
}

void kernel_call_work(void (*routine)(void *context), void *context)
{
	list_append(&work, routine, context, false);
}

void kernel_call_turn(void (*routine)(void *context), void *context)
{
	list_append(&turns, routine, context, false);
}

VOID OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *Routine, PVOID Context)
{
	list_append(&quiet, Routine, Context, true);
}
