/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_testing.h"

#include "base/clock.h"

#define MS_NS 1000000ull

static LARGE_INTEGER in_ms(LONGLONG ms)
{
	return (LARGE_INTEGER){ .QuadPart = MS(ms) };
}

struct tick {
	KDPC dpc;
	KTIMER timer;
	KEVENT ticked;
	atomic_uint times;
	ULONG processor;
	KIRQL irql;
};

static VOID tick(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	struct tick *t = DeferredContext;

	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	t->processor = KeGetCurrentProcessorIndex();
	t->irql = KeGetCurrentIrql();
	atomic_fetch_add(&t->times, 1);
	KeSetEvent(&t->ticked, IO_NO_INCREMENT, FALSE);
}

static void tick_init(struct tick *t)
{
	memset(t, 0, sizeof(*t));
	KeInitializeDpc(&t->dpc, tick, t);
	KeInitializeTimer(&t->timer);
	KeInitializeEvent(&t->ticked, SynchronizationEvent, FALSE);
}

static void a_timer_runs_its_dpc_on_a_worker_when_it_is_due(void **state)
{
	uint64_t start = clock_ns();
	struct tick t;

	(void)state;
	tick_init(&t);
	assert_false(KeSetTimer(&t.timer, in_ms(30), &t.dpc));
	assert_false(KeReadStateTimer(&t.timer));
	await(&t.ticked);
	assert_true(clock_ns() - start >= 30 * MS_NS);
	KeFlushQueuedDpcs();
	assert_int_equal(t.times, 1);
	assert_true(t.processor < PROCESSORS);
	assert_int_equal(t.irql, DISPATCH_LEVEL);
	assert_true(KeReadStateTimer(&t.timer));
	assert_false(KeCancelTimer(&t.timer));
}

static void an_absolute_due_time_counts_from_1601(void **state)
{
	uint64_t start = clock_ns();
	LARGE_INTEGER due;
	struct tick t;

	(void)state;
	tick_init(&t);
	KeQuerySystemTime(&due);
	due.QuadPart += 20 * 10000;
	KeSetTimer(&t.timer, due, NULL);
	await((PRKEVENT)&t.timer);
	assert_true(clock_ns() - start >= 19 * MS_NS);
	due.QuadPart = 1;   /* long ago */
	KeSetTimer(&t.timer, due, &t.dpc);
	await(&t.ticked);
}

static void a_periodic_timer_goes_on_until_it_is_cancelled(void **state)
{
	struct tick t;
	unsigned n;

	(void)state;
	tick_init(&t);
	KeSetTimerEx(&t.timer, in_ms(1), 2, &t.dpc);
	while (atomic_load(&t.times) < 4)
		await(&t.ticked);
	assert_true(KeCancelTimer(&t.timer));
	KeFlushQueuedDpcs();
	n = t.times;
	usleep(20000);
	assert_int_equal(t.times, n);
	assert_false(KeCancelTimer(&t.timer));
}

static void a_cancelled_timer_does_not_expire(void **state)
{
	struct tick t;

	(void)state;
	tick_init(&t);
	KeSetTimer(&t.timer, in_ms(40), &t.dpc);
	assert_true(KeCancelTimer(&t.timer));
	usleep(70000);
	KeFlushQueuedDpcs();
	assert_int_equal(t.times, 0);
	assert_false(KeReadStateTimer(&t.timer));
}

static void setting_a_timer_again_moves_it(void **state)
{
	struct tick t;

	(void)state;
	tick_init(&t);
	KeSetTimer(&t.timer, in_ms(1000000), &t.dpc);
	assert_true(KeSetTimer(&t.timer, in_ms(1), &t.dpc));
	await(&t.ticked);
	KeFlushQueuedDpcs();
	assert_int_equal(t.times, 1);
}

static void a_synchronization_timer_lets_one_waiter_through(void **state)
{
	KTIMER timer;

	(void)state;
	KeInitializeTimerEx(&timer, SynchronizationTimer);
	KeSetCoalescableTimer(&timer, in_ms(1), 0, 5, NULL);
	await((PRKEVENT)&timer);
	assert_int_equal(wait_ms(&timer, 5), STATUS_TIMEOUT);
	KeInitializeTimer(&timer);
	KeSetTimer(&timer, in_ms(1), NULL);
	await((PRKEVENT)&timer);
	assert_int_equal(wait_ms(&timer, 5), STATUS_SUCCESS);   /* a notification stays */
}

static void timers_expire_in_the_order_of_their_moments(void **state)
{
	PVOID objects[3];
	KTIMER timers[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		KeInitializeTimer(&timers[i]);
		objects[i] = &timers[i];
	}
	KeSetTimer(&timers[0], in_ms(300), NULL);
	KeSetTimer(&timers[1], in_ms(100), NULL);
	KeSetTimer(&timers[2], in_ms(200), NULL);
	assert_int_equal(KeWaitForMultipleObjects(3, objects, WaitAny, Executive, KernelMode, FALSE,
						  NULL, NULL), STATUS_WAIT_0 + 1);
	assert_int_equal(KeWaitForMultipleObjects(3, objects, WaitAll, Executive, KernelMode, FALSE,
						  NULL, NULL), STATUS_WAIT_0);
	assert_true(KeReadStateTimer(&timers[0]));
	KeSetTimer(&timers[1], in_ms(10), NULL);
	KeSetTimer(&timers[0], in_ms(1000000), NULL);   /* does not keep the other one back */
	await((PRKEVENT)&timers[1]);
	assert_true(KeCancelTimer(&timers[0]));
}

/* The DPC of a timer is the last to know it and frees both. */
struct mortal {
	KTIMER timer;
	KDPC dpc;
	atomic_uint *freed;
};

static VOID free_both(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
		      PVOID SystemArgument2)
{
	struct mortal *m = DeferredContext;
	atomic_uint *freed = m->freed;

	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	free(m);
	atomic_fetch_add(freed, 1);
}

static void a_dpc_may_free_its_timer(void **state)
{
	atomic_uint freed = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct mortal *m = calloc(1, sizeof(*m));

		assert_non_null(m);
		m->freed = &freed;
		KeInitializeTimer(&m->timer);
		KeInitializeDpc(&m->dpc, free_both, m);
		KeSetTimer(&m->timer, in_ms(i % 3), &m->dpc);
	}
	for (int i = 0; i < 5000 && atomic_load(&freed) < 200; i++)
		usleep(1000);
	assert_int_equal(freed, 200);
}

static void the_clocks_agree_and_do_not_go_back(void **state)
{
	LARGE_INTEGER frequency, a, b, ticks, delay = in_ms(20);
	ULONGLONG interrupt, unbiased;
	uint64_t start = clock_ns();

	(void)state;
	a = KeQueryPerformanceCounter(&frequency);
	interrupt = KeQueryInterruptTime();
	unbiased = KeQueryUnbiasedInterruptTime();
	KeDelayExecutionThread(KernelMode, FALSE, &delay);
	b = KeQueryPerformanceCounter(NULL);
	assert_int_equal(frequency.QuadPart, 10000000);
	assert_true(b.QuadPart - a.QuadPart >= 200000);
	assert_true(KeQueryInterruptTime() - interrupt >= 200000);
	assert_true(KeQueryUnbiasedInterruptTime() - unbiased >= 200000);
	assert_true(clock_ns() - start >= 20 * MS_NS);
	KeQueryTickCount(&ticks);
	assert_true((ULONGLONG)ticks.QuadPart * KeQueryTimeIncrement() <= KeQueryInterruptTime());
	start = clock_ns();
	KeStallExecutionProcessor(500);
	assert_true(clock_ns() - start >= 500000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_runs_its_dpc_on_a_worker_when_it_is_due),
		cmocka_unit_test(an_absolute_due_time_counts_from_1601),
		cmocka_unit_test(a_periodic_timer_goes_on_until_it_is_cancelled),
		cmocka_unit_test(a_cancelled_timer_does_not_expire),
		cmocka_unit_test(setting_a_timer_again_moves_it),
		cmocka_unit_test(a_synchronization_timer_lets_one_waiter_through),
		cmocka_unit_test(timers_expire_in_the_order_of_their_moments),
		cmocka_unit_test(a_dpc_may_free_its_timer),
		cmocka_unit_test(the_clocks_agree_and_do_not_go_back),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
