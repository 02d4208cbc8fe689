/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_testing.h"

#include "base/clock.h"

struct ran {
	KDPC dpc;
	KEVENT done;
	ULONG processor;
	KIRQL irql;
	PVOID argument1, argument2;
	atomic_uint times;
	int *order, *next, mark;
};

static KDEFERRED_ROUTINE note;
static VOID note(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	struct ran *r = DeferredContext;

	r->processor = KeGetCurrentProcessorIndex();
	r->irql = KeGetCurrentIrql();
	r->argument1 = SystemArgument1;
	r->argument2 = SystemArgument2;
	if (r->order)
		r->order[(*r->next)++] = r->mark;
	atomic_fetch_add(&r->times, Dpc == &r->dpc);
	KeSetEvent(&r->done, IO_NO_INCREMENT, FALSE);
}

static void ran_init(struct ran *r, int target)
{
	PROCESSOR_NUMBER number;

	memset(r, 0, sizeof(*r));
	KeInitializeEvent(&r->done, SynchronizationEvent, FALSE);
	KeInitializeDpc(&r->dpc, note, r);
	if (target < 0)
		return;
	KeGetProcessorNumberFromIndex((ULONG)target, &number);
	assert_int_equal(KeSetTargetProcessorDpcEx(&r->dpc, &number), STATUS_SUCCESS);
}

static void a_dpc_runs_once_on_its_target_at_dispatch_level(void **state)
{
	struct ran r;

	(void)state;
	for (int p = 0; p < PROCESSORS; p++) {
		ran_init(&r, p);
		usleep(2000);   /* the worker sleeps and must be woken */
		assert_true(KeInsertQueueDpc(&r.dpc, &r, state));
		await(&r.done);
		KeFlushQueuedDpcs();
		assert_int_equal(r.processor, p);
		assert_int_equal(r.irql, DISPATCH_LEVEL);
		assert_ptr_equal(r.argument1, &r);
		assert_ptr_equal(r.argument2, state);
		assert_int_equal(r.times, 1);
	}
}

/* Keeps a worker's processor busy until it is told to go on. */
struct gate {
	KDPC dpc;
	KEVENT closed;
	atomic_bool open;
};

static VOID hold(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	struct gate *g = DeferredContext;

	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	KeSetEvent(&g->closed, IO_NO_INCREMENT, FALSE);
	while (!atomic_load(&g->open))
		YieldProcessor();
}

static void gate_close(struct gate *g, CCHAR processor)
{
	KeInitializeEvent(&g->closed, NotificationEvent, FALSE);
	KeInitializeDpc(&g->dpc, hold, g);
	KeSetTargetProcessorDpc(&g->dpc, processor);
	atomic_store(&g->open, false);
	KeInsertQueueDpc(&g->dpc, NULL, NULL);
	await(&g->closed);
}

static void dpcs_run_in_order_and_important_ones_first(void **state)
{
	int order[4] = { 0 }, next = 0;
	struct ran r[4];
	struct gate g;

	(void)state;
	gate_close(&g, 1);
	for (int i = 0; i < 4; i++) {
		ran_init(&r[i], 1);
		r[i].order = order;
		r[i].next = &next;
		r[i].mark = i;
		if (i == 3)
			KeSetImportanceDpc(&r[i].dpc, HighImportance);
		assert_true(KeInsertQueueDpc(&r[i].dpc, NULL, NULL));
	}
	assert_false(KeInsertQueueDpc(&r[0].dpc, NULL, &order));   /* it is queued already */
	atomic_store(&g.open, true);
	KeFlushQueuedDpcs();
	assert_int_equal(next, 4);
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 0);
	assert_int_equal(order[2], 1);
	assert_int_equal(order[3], 2);
	assert_null(r[0].argument2);
}

static void a_removed_dpc_does_not_run(void **state)
{
	struct ran r[3];
	struct gate g;

	(void)state;
	gate_close(&g, 0);
	for (int i = 0; i < 3; i++) {
		ran_init(&r[i], 0);
		KeInsertQueueDpc(&r[i].dpc, NULL, NULL);
	}
	assert_true(KeRemoveQueueDpc(&r[2].dpc));
	assert_true(KeRemoveQueueDpc(&r[0].dpc));
	assert_false(KeRemoveQueueDpc(&r[0].dpc));
	assert_true(KeInsertQueueDpc(&r[2].dpc, NULL, NULL));
	atomic_store(&g.open, true);
	KeFlushQueuedDpcs();
	assert_int_equal(r[0].times, 0);
	assert_int_equal(r[1].times, 1);
	assert_int_equal(r[2].times, 1);
}

static void *open_later(void *gate)
{
	struct gate *g = gate;

	usleep(30000);
	atomic_store(&g->open, true);
	return NULL;
}

static void removing_a_dpc_can_wait_for_its_end(void **state)
{
	struct gate g;
	pthread_t t;

	(void)state;
	gate_close(&g, 2);
	t = thread_of(open_later, &g);
	assert_false(KeRemoveQueueDpcEx(&g.dpc, TRUE));
	assert_true(atomic_load(&g.open));
	memset(&g.dpc, 0, sizeof(g.dpc));   /* nobody looks at it any more */
	pthread_join(t, NULL);
}

static void flushing_waits_for_what_runs_and_what_waits(void **state)
{
	struct ran r;
	struct gate g;
	pthread_t t;

	(void)state;
	gate_close(&g, 1);
	ran_init(&r, 1);
	KeInsertQueueDpc(&r.dpc, NULL, NULL);
	t = thread_of(open_later, &g);
	KeFlushQueuedDpcs();
	assert_int_equal(r.times, 1);
	pthread_join(t, NULL);
}

static void a_passive_threads_dpc_runs_at_once_on_its_own_processor(void **state)
{
	struct ran r;

	(void)state;
	ran_init(&r, -1);
	assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
	assert_int_equal(r.times, 1);
	assert_int_equal(r.irql, DISPATCH_LEVEL);
	assert_int_equal(r.processor, KeGetCurrentProcessorIndex());
	assert_true(r.processor >= PROCESSORS);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void at_dispatch_level_it_runs_when_the_level_is_lowered(void **state)
{
	struct ran r;
	KIRQL old;

	(void)state;
	ran_init(&r, -1);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
	assert_false(KeInsertQueueDpc(&r.dpc, NULL, NULL));
	assert_int_equal(r.times, 0);
	assert_true(KeShouldYieldProcessor());
	KeLowerIrql(old);
	assert_int_equal(r.times, 1);
	assert_int_equal(r.irql, DISPATCH_LEVEL);
	assert_false(KeShouldYieldProcessor());
}

static void a_target_that_no_worker_runs_is_a_workers(void **state)
{
	struct ran r;

	(void)state;
	ran_init(&r, PROCESSORS + KERNEL_PASSIVE_PROCESSORS - 1);
	assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
	await(&r.done);
	KeFlushQueuedDpcs();
	assert_true(r.processor < PROCESSORS);
}

static void no_dpc_is_sent_to_a_processor_that_is_not_there(void **state)
{
	PROCESSOR_NUMBER number = { .Group = 7 };
	struct ran r;

	(void)state;
	ran_init(&r, -1);
	assert_int_equal(KeSetTargetProcessorDpcEx(&r.dpc, &number), STATUS_INVALID_PARAMETER);
	KeSetTargetProcessorDpc(&r.dpc, 127);   /* said in the log */
	assert_true(KeInsertQueueDpc(&r.dpc, NULL, NULL));
	assert_int_equal(r.times, 1);
}

static VOID ask_watchdog(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
			 PVOID SystemArgument2)
{
	KDPC_WATCHDOG_INFORMATION i = { 0 };

	(void)Dpc;
	(void)SystemArgument2;
	if (KeQueryDpcWatchdogInformation(&i) == STATUS_SUCCESS && i.DpcTimeLimit &&
	    i.DpcTimeCount && i.DpcTimeCount <= i.DpcTimeLimit)
		*(atomic_bool *)SystemArgument1 = true;
	KeSetEvent(DeferredContext, IO_NO_INCREMENT, FALSE);
}

static void the_watchdog_tells_a_dpc_how_long_it_may_run(void **state)
{
	KDPC_WATCHDOG_INFORMATION i;
	atomic_bool told = false;
	KEVENT done;
	KDPC dpc;

	(void)state;
	KeInitializeEvent(&done, NotificationEvent, FALSE);
	KeInitializeDpc(&dpc, ask_watchdog, &done);
	KeSetTargetProcessorDpc(&dpc, 0);
	KeInsertQueueDpc(&dpc, &told, NULL);
	await(&done);
	assert_true(told);
	assert_int_equal(KeQueryDpcWatchdogInformation(&i), STATUS_UNSUCCESSFUL);
}

/* A driver's DPC that queues itself again must leave room for the rounds. */
static VOID again(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	(void)SystemArgument1;
	(void)SystemArgument2;
	if (!atomic_load((atomic_bool *)DeferredContext))
		KeInsertQueueDpc(Dpc, NULL, NULL);
}

static ULONG count_poll(PVOID Context)
{
	atomic_fetch_add((atomic_uint *)Context, 1);
	return 0;
}

static void a_dpc_that_queues_itself_does_not_stop_the_rounds(void **state)
{
	atomic_uint polls = 0;
	OVMQ_POLL_SOURCE source = { .Poll = count_poll, .Context = &polls,
				    .Descriptor = OVMQ_WAKE_BY_NOTIFY };
	atomic_bool enough = false;
	NDIS_HANDLE handle;
	unsigned before;
	KDPC dpc;

	(void)state;
	assert_int_equal(OvmqRegisterPoll(1, &source, &handle), NDIS_STATUS_SUCCESS);
	KeInitializeDpc(&dpc, again, &enough);
	KeSetTargetProcessorDpc(&dpc, 1);
	KeInsertQueueDpc(&dpc, NULL, NULL);
	before = polls;
	for (unsigned i = 0; i < 5000 && polls - before < 100; i++)
		usleep(1000);
	assert_true(polls - before >= 100);
	atomic_store(&enough, true);
	KeFlushQueuedDpcs();
	OvmqDeregisterPoll(handle);
}

/* A worker that goes to sleep just then looks up by itself only after 100 ms. */
static void no_dpc_is_missed_by_a_worker_that_goes_to_sleep(void **state)
{
	unsigned late = 0;
	struct ran r;

	(void)state;
	ran_init(&r, 1);
	for (unsigned i = 0; i < 8000; i++) {
		uint64_t start = clock_ns();

		while (clock_ns() - start < 10000 + i * 37 % 30000)
			YieldProcessor();
		start = clock_ns();
		KeInsertQueueDpc(&r.dpc, NULL, NULL);
		await(&r.done);
		late += clock_ns() - start > 80000000;
	}
	assert_true(late < 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dpc_runs_once_on_its_target_at_dispatch_level),
		cmocka_unit_test(dpcs_run_in_order_and_important_ones_first),
		cmocka_unit_test(a_removed_dpc_does_not_run),
		cmocka_unit_test(removing_a_dpc_can_wait_for_its_end),
		cmocka_unit_test(flushing_waits_for_what_runs_and_what_waits),
		cmocka_unit_test(a_passive_threads_dpc_runs_at_once_on_its_own_processor),
		cmocka_unit_test(at_dispatch_level_it_runs_when_the_level_is_lowered),
		cmocka_unit_test(a_target_that_no_worker_runs_is_a_workers),
		cmocka_unit_test(no_dpc_is_sent_to_a_processor_that_is_not_there),
		cmocka_unit_test(the_watchdog_tells_a_dpc_how_long_it_may_run),
		cmocka_unit_test(a_dpc_that_queues_itself_does_not_stop_the_rounds),
		cmocka_unit_test(no_dpc_is_missed_by_a_worker_that_goes_to_sleep),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
