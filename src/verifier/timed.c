/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timed rules: one thread looks, at PASSIVE_LEVEL, a few times in the shortest limit. What
 * is late is told of up to a look later, with the object and its history, and without
 * a stack, which would be this thread's.
 *
 * A machine that stands still, or a process that a debugger holds, makes nobody late: the
 * verifier's clock goes on only while this thread finds the machine running.
 */
#include "verifier/inside.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "base/standstill.h"

#define LOOK_NS 1000000000u   /* in no hurry */
#define LATE_MAX 64           /* lists told of in one look */

static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake;
static pthread_mutex_t looking = PTHREAD_MUTEX_INITIALIZER;   /* no layer goes during a look */
static bool stopping, started;
static uint64_t look_ns;
static struct standstill still;
static atomic_uint_least64_t stood;   /* ns */

struct late {
	enum verifier_rule_index rule;
	PNET_BUFFER_LIST nbl;
	struct ndis_layer *holder;
	uint64_t age;
};

struct look {
	uint64_t now;
	struct late late[LATE_MAX];
	unsigned n;
	struct tracked_layer *hang;       /* of whom 'oldest' is */
	struct late oldest;
};

uint64_t verifier_ns(void)
{
	return clock_ns() - atomic_load_explicit(&stood, memory_order_relaxed);
}

/* ---- what a list breaks ---- */

static enum verifier_rule_index rule_for(const struct nbl_record *r)
{
	bool filter = r->holder->object.kind == NDIS_OBJECT_FILTER;

	if (r->state == NBL_SENT || r->state == NBL_COMPLETING)
		return filter ? RULE_FILTER_TIMED_SEND : RULE_TIMED_DATA_SEND;
	return filter ? RULE_FILTER_TIMED_RECEIVE : RULE_NONE;
}

static bool collect_late(struct nbl_record *r, void *arg)
{
	struct look *l = arg;
	uint64_t age = age_at(l->now, r->since);
	enum verifier_rule_index rule;

	if (r->state == NBL_IDLE || !r->holder || r->late || l->n == LATE_MAX)
		return false;
	rule = rule_for(r);
	if (!rule_is_heeded(rule) || age <= rule_limit_ns(rule))
		return false;
	/* A pipe that is dead was told of as such. */
	if (rule == RULE_TIMED_DATA_SEND) {
		struct tracked_layer *t = layer_track(r->holder);

		if (t && atomic_load(&t->hangs))
			return false;
	}
	r->late = true;
	l->late[l->n++] = (struct late){ rule, r->nbl, r->holder, age };
	return false;
}

/* The oldest list that 'hang' has to send. */
static bool find_oldest(struct nbl_record *r, void *arg)
{
	struct look *l = arg;
	uint64_t age = age_at(l->now, r->since);

	if (r->state != NBL_SENT || r->holder != atomic_load(&l->hang->layer) || age <= l->oldest.age)
		return false;
	l->oldest = (struct late){ RULE_TIMED_DATA_HANG, r->nbl, r->holder, age };
	return false;
}

/* Pending for so long, and nothing completed since: the pipe does not move. */
static void check_hang(struct tracked_layer *t, void *arg)
{
	struct look *l = arg;
	uint64_t quiet = age_at(l->now, atomic_load(&t->last_completion));

	if (t->object != NDIS_OBJECT_MINIPORT || atomic_load(&t->hangs) ||
	    quiet <= rule_limit_ns(RULE_TIMED_DATA_HANG) || !rule_is_heeded(RULE_TIMED_DATA_HANG))
		return;
	l->hang = t;
	l->oldest = (struct late){ 0 };
	records_each(find_oldest, l);
	if (l->oldest.age <= rule_limit_ns(RULE_TIMED_DATA_HANG))
		return;
	atomic_store(&t->hangs, true);
	report_nbl(RULE_TIMED_DATA_HANG, l->oldest.holder, "NdisMSendNetBufferListsComplete",
		   l->oldest.nbl, "the oldest send is pending for %.3f s, and none was completed for %.3f s",
		   (double)l->oldest.age / 1e9, (double)quiet / 1e9);
}

static void check_pause(struct tracked_layer *t, void *arg)
{
	const struct look *l = arg;
	struct ndis_layer *layer = atomic_load(&t->layer);
	uint64_t age = age_at(l->now, atomic_load(&t->state_since));

	if (t->object == NDIS_OBJECT_FILTER && layer && ndis_layer_state(layer) == NDIS_PAUSING &&
	    age > rule_limit_ns(RULE_FILTER_TIMED_PAUSE))
		report_object(RULE_FILTER_TIMED_PAUSE, layer, "NdisFPauseComplete", "filter module", layer,
			      "its pause has not completed for %.3f s", (double)age / 1e9);
}

static void look(void)
{
	/* What stood between this moment and now is only found by the next look. */
	struct look l = { .now = still.before - atomic_load(&stood) };

	pthread_mutex_lock(&looking);
	layers_each(check_hang, &l);
	records_each(collect_late, &l);
	for (unsigned i = 0; i < l.n; i++)
		report_nbl(l.late[i].rule, l.late[i].holder, "at a look at the clock", l.late[i].nbl,
			   "it is with %s for %.3f s", l.late[i].holder->object.name,
			   (double)l.late[i].age / 1e9);
	layers_each(check_pause, &l);
	oids_check_time(l.now);
	pthread_mutex_unlock(&looking);
}

void timed_forget(struct ndis_layer *layer)
{
	pthread_mutex_lock(&looking);
	layer_forget(layer);
	pthread_mutex_unlock(&looking);
}

/* ---- the thread ---- */

static void *run(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	while (!stopping) {
		struct timespec until;
		uint64_t ns = clock_ns() + look_ns;

		until = (struct timespec){ (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
		if (pthread_cond_timedwait(&wake, &lock, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&lock);
		atomic_fetch_add(&stood, standstill_look(&still, 2 * look_ns));
		look();
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

int timed_start(unsigned hurry)
{
	pthread_condattr_t attributes;
	int rc;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&wake, &attributes);
	pthread_condattr_destroy(&attributes);
	look_ns = LOOK_NS / (hurry ? hurry : 1);
	if (look_ns < 1000000)
		look_ns = 1000000;
	stopping = false;
	standstill_begin(&still);   /* here, for the thread's first moment may be late itself */
	rc = pthread_create(&thread, NULL, run, NULL);
	started = !rc;
	return -rc;
}

void timed_stop(void)
{
	if (!started)
		return;
	pthread_mutex_lock(&lock);
	stopping = true;
	pthread_cond_signal(&wake);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&wake);
	started = false;
}
