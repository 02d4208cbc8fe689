/* SPDX-License-Identifier: BSD-2-Clause */
/* The round of a worker, and its sleep. */
#include "kernel/worker.h"

#include <errno.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/ticks.h"

/* How long a worker with nothing to do goes on looking before it sleeps. Short:
 * where guests and workers share CPUs, a polling worker takes a guest's time. But where the
 * silence before the last work was no longer than LOOK_LONG_NS the next one is likely not to be
 * either: a sleep then costs each frame that comes meanwhile the time of a wake. */
#define LOOK_NS      20000u
#define LOOK_LONG_NS 200000u
/* Sleep by time, where a source cannot signal: from, doubling, to. After a nap in vain the worker
 * looks once and naps again; the longest nap and the wake together stay below a millisecond. */
#define NAP_MIN_NS   50000u
#define NAP_MAX_NS   800000u
/* A worker whose sources can all signal still looks up this often. */
#define NAP_LONG_NS  100000000u

/* Calls 'visit' for every source of every processor of 'w', as that processor. */
static inline unsigned for_each_source(struct kernel_worker *w,
				       unsigned (*visit)(const OVMQ_POLL_SOURCE *, void *),
				       void *arg)
{
	unsigned sum = 0;

	for (unsigned p = w->number; p < kernel_machine.config.processors;
	     p += kernel_machine.config.workers) {
		struct kernel_sources *s = atomic_load_explicit(
			&kernel_machine.processors[p].sources, memory_order_acquire);

		kernel_self.processor = p + 1;
		for (unsigned i = 0; i < s->n; i++)
			sum += visit(&s->list[i].source, arg);
	}
	return sum;
}

/* Runs what is queued to the processors of 'w', each as that processor. */
static unsigned run_dpcs(struct kernel_worker *w)
{
	unsigned sum = 0;

	for (unsigned p = w->number; p < kernel_machine.config.processors;
	     p += kernel_machine.config.workers) {
		struct dpc_queue *q = &kernel_machine.processors[p].dpcs;

		if (!dpc_queue_waits(q))
			continue;
		kernel_self.processor = p + 1;
		sum += dpc_queue_run(q);
	}
	return sum;
}

static bool dpcs_wait(const struct kernel_worker *w)
{
	for (unsigned p = w->number; p < kernel_machine.config.processors;
	     p += kernel_machine.config.workers)
		if (dpc_queue_waits(&kernel_machine.processors[p].dpcs))
			return true;
	return false;
}

/* What was queued before the end still runs, once; what that queues does not. */
static void end_dpcs(struct kernel_worker *w)
{
	unsigned left = 0;

	run_dpcs(w);
	for (unsigned p = w->number; p < kernel_machine.config.processors;
	     p += kernel_machine.config.workers)
		left += dpc_queue_discard(&kernel_machine.processors[p].dpcs);
	if (left)
		log_warning("%u DPCs were queued while worker %u ended and did not run", left,
			    w->number);
}

static unsigned poll_one(const OVMQ_POLL_SOURCE *s, void *arg)
{
	(void)arg;
	return s->Poll(s->Context);
}

/* Returns 1 when the source has work, so that the worker must not sleep. */
static unsigned arm_one(const OVMQ_POLL_SOURCE *s, void *timed)
{
	if (s->Descriptor == OVMQ_WAKE_BY_TIME)
		*(bool *)timed = true;
	return s->Arm && s->Arm(s->Context, TRUE);
}

static unsigned disarm_one(const OVMQ_POLL_SOURCE *s, void *arg)
{
	(void)arg;
	if (s->Arm)
		s->Arm(s->Context, FALSE);
	return 0;
}

/* Sleeps until a descriptor signals, somebody wakes us, or the nap is over. The
 * flag is up before the sources are looked at for the last time, so that work
 * given after that look finds the flag and wakes us. Returns whether there is likely to be
 * work now. */
static bool worker_sleep(struct kernel_worker *w, uint64_t *nap)
{
	struct epoll_event events[8];
	bool timed = false, called = true;
	uint64_t got;

	atomic_store(&w->sleeping, 1);
	atomic_thread_fence(memory_order_seq_cst);
	if (!for_each_source(w, arm_one, &timed) && !dpcs_wait(w) &&
	    !atomic_load(&kernel_machine.stop)) {
		uint64_t ns = timed ? *nap : NAP_LONG_NS;
		struct timespec t = { .tv_nsec = (long)ns };

		counter_add(&w->sleeps, 1);
		qsbr_offline(w->reader);
		called = epoll_pwait2(w->epoll, events, 8, &t, NULL) > 0;
		if (called)
			*nap = NAP_MIN_NS;
		else if (timed)
			*nap = 2 * *nap < NAP_MAX_NS ? 2 * *nap : NAP_MAX_NS;
		qsbr_online(&kernel_machine.qsbr, w->reader);
	}
	atomic_store(&w->sleeping, 0);
	if (read(w->event, &got, sizeof(got)) < 0 && errno != EAGAIN)
		log_error("worker %u: its own descriptor cannot be read", w->number);
	for_each_source(w, disarm_one, NULL);
	return called;
}

void kernel_worker_wake(struct kernel_worker *w)
{
	uint64_t one = 1;

	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&w->sleeping, memory_order_relaxed) ||
	    !atomic_exchange(&w->sleeping, 0))
		return;
	if (write(w->event, &one, sizeof(one)) < 0)
		return;   /* the counter is full: it is readable as it is */
}

void *kernel_worker_run(void *arg)
{
	struct kernel_worker *w = arg;
	const uint64_t look_short = ticks_from_ns(LOOK_NS), look_long = ticks_from_ns(LOOK_LONG_NS);
	uint64_t began = ticks_now(), worked = began, idle_since = 0, look = look_short;
	uint64_t nap = NAP_MIN_NS;

	kernel_self.worker = w;
	kernel_self.irql = DISPATCH_LEVEL;
	qsbr_online(&kernel_machine.qsbr, w->reader);
	while (!atomic_load_explicit(&kernel_machine.stop, memory_order_acquire)) {
		unsigned work = for_each_source(w, poll_one, NULL);
		uint64_t now;

		work += run_dpcs(w);
		qsbr_quiescent(&kernel_machine.qsbr, w->reader);
		now = ticks_now();
		counter_add(&w->rounds, 1);
		if (work) {
			counter_add(&w->busy, now - began);
			look = began - worked < look_long ? look_long : look_short;
			worked = now;
			idle_since = 0;
			nap = NAP_MIN_NS;
		} else if (!idle_since) {
			idle_since = now;
		} else if (now - idle_since > look) {
			look = worker_sleep(w, &nap) ? look_short : 0;
			idle_since = 0;
			now = ticks_now();
		}
		began = now;
	}
	end_dpcs(w);
	qsbr_offline(w->reader);
	kernel_self.irql = PASSIVE_LEVEL;
	return NULL;
}
