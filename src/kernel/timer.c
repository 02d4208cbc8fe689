/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers, on one system thread: a list in the order of their moments, and a
 * condition to sleep on until the first. The lock makes an expiry one step for
 * everybody who asks: the object is set and its DPC is queued under it.
 *
 * While a timer is set, DueTime is its moment on CLOCK_MONOTONIC in units of
 * 100 ns; Flink is NULL while it is not.
 */
#include "kernel/worker.h"

#include <errno.h>
#include <time.h>

#include "base/log.h"
#include "kernel/dispatcher.h"

#define UNITS_PER_SECOND 10000000ull
#define UNITS_PER_MS     10000ull

static struct {
	pthread_mutex_t lock;
	pthread_cond_t sooner;   /* another timer is the first now, or stop */
	LIST_ENTRY list;
	bool stop;
	pthread_t thread;
} timers = { .lock = PTHREAD_MUTEX_INITIALIZER, .list = { &timers.list, &timers.list } };

static uint64_t units_of(struct timespec t)
{
	return (uint64_t)t.tv_sec * UNITS_PER_SECOND + (uint64_t)t.tv_nsec / 100;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return units_of(t);
}

static KTIMER *to_timer(PLIST_ENTRY entry)
{
	return CONTAINING_RECORD(entry, KTIMER, TimerListEntry);
}

/* Puts a timer behind those that are due before or with it; the lock is held. */
static void link_in(PKTIMER timer)
{
	PLIST_ENTRY at = timers.list.Blink;

	while (at != &timers.list && to_timer(at)->DueTime.QuadPart > timer->DueTime.QuadPart)
		at = at->Blink;
	InsertHeadList(at, &timer->TimerListEntry);
	if (at == &timers.list)
		pthread_cond_signal(&timers.sooner);
}

static BOOLEAN link_out(PKTIMER timer)
{
	if (!timer->TimerListEntry.Flink)
		return FALSE;
	RemoveEntryList(&timer->TimerListEntry);
	timer->TimerListEntry.Flink = NULL;
	return TRUE;
}

/* The first timer is due. A waiter may free it when it is set, and its DPC when
 * that runs, so everything is read before. A DPC without a target runs where the
 * timer was set, or on a worker's processor in the place of a passive one. */
static void expire(PKTIMER timer)
{
	uint64_t next = timer->DueTime.QuadPart + timer->Period * UNITS_PER_MS;
	unsigned processor = timer->Processor % kernel_processors();
	PKDPC dpc = timer->Dpc;

	link_out(timer);
	if (timer->Period) {
		timer->DueTime.QuadPart = next > now() ? next : now() + 1;
		link_in(timer);
	}
	dispatcher_set(&timer->Header, 1);
	if (dpc)
		kernel_dpc_insert(dpc, processor, NULL, NULL);
}

static void *timers_main(void *arg)
{
	(void)arg;
	kernel_thread_begins();
	pthread_mutex_lock(&timers.lock);
	while (!timers.stop) {
		KTIMER *first = to_timer(timers.list.Flink);
		struct timespec due;

		if (IsListEmpty(&timers.list)) {
			pthread_cond_wait(&timers.sooner, &timers.lock);
		} else if (first->DueTime.QuadPart <= now()) {
			expire(first);
		} else {
			due.tv_sec = (time_t)(first->DueTime.QuadPart / UNITS_PER_SECOND);
			due.tv_nsec = (long)(first->DueTime.QuadPart % UNITS_PER_SECOND * 100);
			pthread_cond_timedwait(&timers.sooner, &timers.lock, &due);
		}
	}
	pthread_mutex_unlock(&timers.lock);
	kernel_thread_ends();
	return NULL;
}

int kernel_timers_start(void)
{
	pthread_condattr_t a;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&timers.sooner, &a);
	pthread_condattr_destroy(&a);
	timers.stop = false;
	if (pthread_create(&timers.thread, NULL, timers_main, NULL))
		return -ENOMEM;
	pthread_setname_np(timers.thread, "vmq-timers");
	return 0;
}

/* Timers that are still set stay so; they go on when the machine is started again. */
void kernel_timers_stop(void)
{
	pthread_mutex_lock(&timers.lock);
	timers.stop = true;
	pthread_cond_signal(&timers.sooner);
	pthread_mutex_unlock(&timers.lock);
	pthread_join(timers.thread, NULL);
}

void kernel_timers_settle(void)
{
	pthread_mutex_lock(&timers.lock);
	pthread_mutex_unlock(&timers.lock);
}

VOID KeInitializeTimerEx(PKTIMER Timer, TIMER_TYPE Type)
{
	*Timer = (KTIMER){ .Period = 0 };
	dispatcher_init(&Timer->Header, Type == SynchronizationTimer ?
			DISPATCHER_TIMER_SYNCHRONIZATION : DISPATCHER_TIMER_NOTIFICATION, 0);
}

VOID KeInitializeTimer(PKTIMER Timer)
{
	KeInitializeTimerEx(Timer, NotificationTimer);
}

/* TRUE: it was set already and now has the new due time. */
BOOLEAN KeSetTimerEx(PKTIMER Timer, LARGE_INTEGER DueTime, LONG Period, PKDPC Dpc)
{
	uint64_t due = units_of(kernel_moment(DueTime.QuadPart));
	BOOLEAN was_set;

	if (Period < 0) {
		log_error("KeSetTimerEx: a period of %d ms", Period);
		Period = 0;
	}
	pthread_mutex_lock(&timers.lock);
	was_set = link_out(Timer);
	__atomic_store_n(&Timer->Header.SignalState, 0, __ATOMIC_SEQ_CST);
	Timer->DueTime.QuadPart = due;
	Timer->Period = (ULONG)Period;
	Timer->Dpc = Dpc;
	Timer->Processor = OvmqCurrentProcessor();
	link_in(Timer);
	pthread_mutex_unlock(&timers.lock);
	return was_set;
}

BOOLEAN KeSetTimer(PKTIMER Timer, LARGE_INTEGER DueTime, PKDPC Dpc)
{
	return KeSetTimerEx(Timer, DueTime, 0, Dpc);
}

/* A delay that would be tolerated is not used: bundling expiries would save nothing. */
BOOLEAN KeSetCoalescableTimer(PKTIMER Timer, LARGE_INTEGER DueTime, ULONG Period,
			      ULONG TolerableDelay, PKDPC Dpc)
{
	(void)TolerableDelay;
	return KeSetTimerEx(Timer, DueTime, Period > MAXLONG ? MAXLONG : (LONG)Period, Dpc);
}

BOOLEAN KeCancelTimer(PKTIMER Timer)
{
	BOOLEAN was_set;

	pthread_mutex_lock(&timers.lock);
	was_set = link_out(Timer);
	pthread_mutex_unlock(&timers.lock);
	return was_set;
}

BOOLEAN KeReadStateTimer(PKTIMER Timer)
{
	return __atomic_load_n(&Timer->Header.SignalState, __ATOMIC_SEQ_CST) > 0;
}
