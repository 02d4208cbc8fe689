/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work at PASSIVE_LEVEL, in two lists that are begun in order: work items and the
 * turns of OIDs, on as many threads as it takes, since a driver may wait in one for
 * the end of another; and calls after quiet, which wait for nobody but workers, on
 * one thread.
 */
#include "kernel/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

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
	struct call *running;    /* what its threads do now */
	bool stop;
	const char *name;
	unsigned n_waiting;      /* calls on the list */
	unsigned n_threads, n_idle, max_threads;
	pthread_t threads[KERNEL_WORK_THREADS];
};

/* The locks outlive the threads: who asks for work after the end must hear of it. */
#define EMPTY { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER, .stop = true }
static struct list work = EMPTY, quiet = EMPTY;

static void run(struct call *c)
{
	const struct timespec pause = { .tv_nsec = 20000 };

	while (c->epoch && !qsbr_reached(&kernel_machine.qsbr, c->epoch))
		nanosleep(&pause, NULL);
	c->routine(c->context);
}

/* Whether another thread does the same thing now. */
static bool is_running(const struct list *l, const struct call *c)
{
	for (const struct call *r = l->running; r; r = r->next)
		if (r->routine == c->routine && r->context == c->context)
			return true;
	return false;
}

/* Takes the first call that may begin off the list, or returns NULL. */
static struct call *take(struct list *l)
{
	struct call **at = &l->first, *c;

	while (*at && is_running(l, *at))
		at = &(*at)->next;
	c = *at;
	if (!c)
		return NULL;
	*at = c->next;
	if (!*at)
		l->last = at;
	c->next = l->running;
	l->running = c;
	l->n_waiting--;
	return c;
}

static void done(struct list *l, struct call *c)
{
	struct call **at = &l->running;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	free(c);
}

static void *list_main(void *arg)
{
	struct list *l = arg;

	kernel_thread_begins();
	pthread_mutex_lock(&l->lock);
	for (;;) {
		struct call *c = take(l);

		if (!c) {
			if (l->stop && !l->first)
				break;
			l->n_idle++;
			pthread_cond_wait(&l->more, &l->lock);
			l->n_idle--;
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		run(c);
		pthread_mutex_lock(&l->lock);
		done(l, c);
		if (l->first || l->stop)
			pthread_cond_broadcast(&l->more);   /* its like may begin now */
	}
	pthread_mutex_unlock(&l->lock);
	kernel_thread_ends();
	return NULL;
}

static void too_late(struct call *c)
{
	log_warning("work that was asked for after the end was not done");
	free(c);
}

static void list_stop(struct list *l)
{
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_broadcast(&l->more);
	pthread_mutex_unlock(&l->lock);
	for (unsigned i = 0; i < l->n_threads; i++)
		pthread_join(l->threads[i], NULL);
	pthread_mutex_lock(&l->lock);
	l->n_threads = 0;
	while (l->first) {
		struct call *c = l->first;

		l->first = c->next;
		too_late(c);
	}
	pthread_mutex_unlock(&l->lock);
}

/* One more thread; the lock is held, or nobody knows the list yet. */
static int thread_add(struct list *l)
{
	pthread_t *t = &l->threads[l->n_threads];

	if (pthread_create(t, NULL, list_main, l))
		return -ENOMEM;
	pthread_setname_np(*t, l->name);
	l->n_threads++;
	return 0;
}

static int list_start(struct list *l, const char *name, unsigned max_threads)
{
	l->first = NULL;
	l->last = &l->first;
	l->running = NULL;
	l->stop = false;
	l->name = name;
	l->max_threads = max_threads;
	l->n_threads = l->n_idle = l->n_waiting = 0;
	return thread_add(l);
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
	if (l->stop && !l->n_threads) {
		pthread_mutex_unlock(&l->lock);
		too_late(c);
		return;
	}
	if (after_quiet)
		c->epoch = qsbr_advance(&kernel_machine.qsbr);
	*l->last = c;
	l->last = &c->next;
	/* Without memory for one more thread the call waits for one of those there are. */
	if (++l->n_waiting > l->n_idle && l->n_threads < l->max_threads && !l->stop)
		thread_add(l);
	pthread_cond_signal(&l->more);
	pthread_mutex_unlock(&l->lock);
}

int kernel_passive_start(void)
{
	int rc = list_start(&work, "vmq-work", KERNEL_WORK_THREADS);

	if (rc)
		return rc;
	rc = list_start(&quiet, "vmq-quiet", 1);
	if (rc)
		list_stop(&work);
	return rc;
}

void kernel_passive_stop(void)
{
	list_stop(&work);
	list_stop(&quiet);
}

void kernel_call_work(void (*routine)(void *context), void *context)
{
	list_append(&work, routine, context, false);
}

VOID OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *Routine, PVOID Context)
{
	list_append(&quiet, Routine, Context, true);
}
