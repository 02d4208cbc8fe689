/* SPDX-License-Identifier: BSD-2-Clause */
/* A thread that takes on a worker's processor, and the worker. */
#include "kernel_testing.h"

#define TARGET     1
#define INTRUSIONS 150

/* What belongs to the processor: no atomics, only one runs there. */
static struct {
	atomic_int inside;
	atomic_bool crowded;
	unsigned count;
	unsigned rounds;
} owned;

static void be_alone(void)
{
	if (atomic_fetch_add(&owned.inside, 1))
		atomic_store(&owned.crowded, true);
	owned.count++;
	atomic_fetch_sub(&owned.inside, 1);
}

static ULONG poll(PVOID Context)
{
	(void)Context;
	be_alone();
	owned.rounds++;
	return 1;
}

static void on_processor(ULONG index, PGROUP_AFFINITY previous)
{
	GROUP_AFFINITY a = { .Mask = AFFINITY_MASK(index % 64), .Group = (USHORT)(index / 64) };

	KeSetSystemGroupAffinityThread(&a, previous);
}

static void affinity_gives_the_number_and_takes_it_back(void **state)
{
	ULONG own = KeGetCurrentProcessorIndex();
	GROUP_AFFINITY first, second;

	(void)state;
	on_processor(0, &first);
	assert_int_equal(KeGetCurrentProcessorIndex(), 0);
	assert_false(OvmqIsProcessor(0));   /* below DISPATCH_LEVEL it only has the number */
	on_processor(2, &second);
	assert_int_equal(KeGetCurrentProcessorIndex(), 2);
	KeRevertToUserGroupAffinityThread(&second);
	assert_int_equal(KeGetCurrentProcessorIndex(), 0);
	KeRevertToUserGroupAffinityThread(&first);
	assert_int_equal(KeGetCurrentProcessorIndex(), own);
	assert_int_equal(KeSetSystemAffinityThreadEx(AFFINITY_MASK(1)), 0);
	assert_int_equal(KeGetCurrentProcessorIndex(), 1);
	KeRevertToUserAffinityThread();
	assert_int_equal(KeGetCurrentProcessorIndex(), own);
}

static void asked_at_dispatch_level_it_moves_when_the_level_falls(void **state)
{
	ULONG own = KeGetCurrentProcessorIndex();
	GROUP_AFFINITY previous;
	KIRQL old;

	(void)state;
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	on_processor(TARGET, &previous);
	assert_int_equal(KeGetCurrentProcessorIndex(), own);
	KeLowerIrql(old);
	assert_int_equal(KeGetCurrentProcessorIndex(), TARGET);
	KeRevertToUserGroupAffinityThread(&previous);
	assert_int_equal(KeGetCurrentProcessorIndex(), own);
}

static void no_processor_no_move(void **state)
{
	GROUP_AFFINITY nowhere = { .Mask = 1, .Group = 9 }, previous;
	ULONG own = KeGetCurrentProcessorIndex();

	(void)state;
	KeSetSystemGroupAffinityThread(&nowhere, &previous);   /* said in the log */
	assert_int_equal(KeGetCurrentProcessorIndex(), own);
	KeRevertToUserGroupAffinityThread(&previous);
	assert_int_equal(KeGetCurrentProcessorIndex(), own);
}

static void *intrude(void *arg)
{
	GROUP_AFFINITY previous;
	KIRQL old;

	(void)arg;
	on_processor(TARGET, &previous);
	for (int i = 0; i < INTRUSIONS; i++) {
		unsigned rounds;

		KeRaiseIrql(DISPATCH_LEVEL, &old);
		rounds = owned.rounds;
		be_alone();
		usleep(100);   /* long enough for many a round */
		be_alone();
		if (!OvmqIsProcessor(TARGET) || owned.rounds != rounds)
			atomic_store(&owned.crowded, true);
		KeLowerIrql(old);
	}
	KeRevertToUserGroupAffinityThread(&previous);
	return NULL;
}

static void at_dispatch_level_the_worker_and_other_threads_are_out(void **state)
{
	OVMQ_POLL_SOURCE source = { .Poll = poll, .Descriptor = OVMQ_WAKE_BY_NOTIFY };
	NDIS_HANDLE handle;
	pthread_t t[2];

	(void)state;
	assert_int_equal(OvmqRegisterPoll(TARGET, &source, &handle), NDIS_STATUS_SUCCESS);
	for (int i = 0; i < 2; i++)
		t[i] = thread_of(intrude, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	OvmqDeregisterPoll(handle);
	assert_false(owned.crowded);
	assert_true(owned.rounds > 0);
	assert_int_equal(owned.count, owned.rounds + 2 * INTRUSIONS * 2);
}

static VOID where(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1, PVOID SystemArgument2)
{
	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	*(ULONG *)DeferredContext = KeGetCurrentProcessorIndex();
}

static void a_dpc_of_a_moved_thread_runs_on_that_processor_before_it_goes_on(void **state)
{
	GROUP_AFFINITY previous;
	ULONG at = 99;
	KIRQL old;
	KDPC dpc;

	(void)state;
	KeInitializeDpc(&dpc, where, &at);
	on_processor(TARGET, &previous);
	assert_true(KeInsertQueueDpc(&dpc, NULL, NULL));
	assert_int_equal(at, TARGET);
	at = 99;
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	assert_true(KeInsertQueueDpc(&dpc, NULL, NULL));
	assert_int_equal(at, 99);
	KeLowerIrql(old);
	assert_int_equal(at, TARGET);
	KeRevertToUserGroupAffinityThread(&previous);
}

/* As a driver does that prepares something on every processor. */
static void a_thread_can_visit_every_processor(void **state)
{
	ULONG n = KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS);
	GROUP_AFFINITY original, previous;
	KIRQL old;

	(void)state;
	for (ULONG i = 0; i < n; i++) {
		on_processor(i, i ? &previous : &original);
		KeRaiseIrql(DISPATCH_LEVEL, &old);
		assert_int_equal(KeGetCurrentProcessorIndex(), i);
		KeLowerIrql(old);
	}
	KeRevertToUserGroupAffinityThread(&original);
	assert_true(KeGetCurrentProcessorIndex() >= PROCESSORS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(affinity_gives_the_number_and_takes_it_back),
		cmocka_unit_test(asked_at_dispatch_level_it_moves_when_the_level_falls),
		cmocka_unit_test(no_processor_no_move),
		cmocka_unit_test(at_dispatch_level_the_worker_and_other_threads_are_out),
		cmocka_unit_test(a_dpc_of_a_moved_thread_runs_on_that_processor_before_it_goes_on),
		cmocka_unit_test(a_thread_can_visit_every_processor),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
