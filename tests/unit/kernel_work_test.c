/* SPDX-License-Identifier: BSD-2-Clause */
/* Work items, turns, quiet; and the spin locks. */
#include "kernel_testing.h"

static KEVENT done, wanted;

static void want(void *context)
{
	(void)context;
	KeWaitForSingleObject(&wanted, Executive, KernelMode, FALSE, NULL);
	KeSetEvent(&done, IO_NO_INCREMENT, FALSE);
}

static void give(void *context)
{
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
}

static void work_that_waits_does_not_block_other_work(void **state)
{
	(void)state;
	KeInitializeEvent(&done, SynchronizationEvent, FALSE);
	KeInitializeEvent(&wanted, NotificationEvent, FALSE);
	kernel_call_work(want, NULL);
	kernel_call_work(give, &wanted);
	await(&done);
}

static struct {
	atomic_int inside, runs;
	atomic_bool crowded;
} item;

static void be_alone(void *context)
{
	(void)context;
	if (atomic_fetch_add(&item.inside, 1))
		atomic_store(&item.crowded, true);
	usleep(500);
	atomic_fetch_sub(&item.inside, 1);
	if (atomic_fetch_add(&item.runs, 1) == 19)
		KeSetEvent(&done, IO_NO_INCREMENT, FALSE);
}

static void the_same_item_never_runs_twice_at_once(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		kernel_call_work(be_alone, &item);
	await(&done);
	assert_false(item.crowded);
	assert_int_equal(item.runs, 20);
}

static int order[100];
static int n_order;

static void note_order(void *context)
{
	order[n_order++] = (int)(intptr_t)context;
	if (n_order == 100)
		KeSetEvent(&done, IO_NO_INCREMENT, FALSE);
}

static void quiet_keeps_its_order(void **state)
{
	(void)state;
	for (intptr_t i = 0; i < 100; i++)
		OvmqCallWhenQuiet(note_order, (PVOID)i);
	await(&done);
	for (int i = 0; i < 100; i++)
		assert_int_equal(order[i], i);
}

/* A chain of items, each of which waits for the next: there is always one thread more. */
static KEVENT links[21];

static void note_end(void *context)
{
	KeSetEvent(&links[(intptr_t)context], IO_NO_INCREMENT, FALSE);
}

static void wait_for_next(void *context)
{
	intptr_t i = (intptr_t)context;

	kernel_call_work(i < 19 ? wait_for_next : note_end, (void *)(i + 1));
	KeWaitForSingleObject(&links[i + 1], Executive, KernelMode, FALSE, NULL);
	KeSetEvent(&links[i], IO_NO_INCREMENT, FALSE);
}

static void work_may_wait_for_work_that_it_asked_for(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 21; i++)
		KeInitializeEvent(&links[i], NotificationEvent, FALSE);
	kernel_call_work(wait_for_next, (void *)0);
	await(&links[0]);
}

static KSPIN_LOCK lock;
static unsigned count;

static void *count_plain(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		KIRQL old;

		KeAcquireSpinLock(&lock, &old);
		count++;
		KeReleaseSpinLock(&lock, old);
	}
	return NULL;
}

static void *count_queued(void *arg)
{
	KLOCK_QUEUE_HANDLE h;

	(void)arg;
	for (int i = 0; i < 20000; i++) {
		KeAcquireInStackQueuedSpinLock(&lock, &h);
		count++;
		KeReleaseInStackQueuedSpinLock(&h);
	}
	return NULL;
}

static void both_kinds_of_spin_lock_exclude(void **state)
{
	void *(*const kinds[])(void *) = { count_plain, count_queued };

	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		pthread_t t[3];

		count = 0;
		KeInitializeSpinLock(&lock);
		for (int i = 0; i < 3; i++)
			t[i] = thread_of(kinds[k], NULL);
		for (int i = 0; i < 3; i++)
			pthread_join(t[i], NULL);
		assert_int_equal(count, 60000);
		assert_true(KeTestSpinLock(&lock));
	}
}

static void a_held_spin_lock_is_not_had_by_trying(void **state)
{
	KLOCK_QUEUE_HANDLE h;
	KIRQL old = KeRaiseIrqlToDpcLevel();

	(void)state;
	KeInitializeSpinLock(&lock);
	assert_true(KeTryToAcquireSpinLockAtDpcLevel(&lock));
	assert_false(KeTryToAcquireSpinLockAtDpcLevel(&lock));
	assert_false(KeTestSpinLock(&lock));
	KeReleaseSpinLockFromDpcLevel(&lock);
	KeLowerIrql(old);
	KeAcquireInStackQueuedSpinLock(&lock, &h);
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	assert_false(KeTestSpinLock(&lock));
	KeReleaseInStackQueuedSpinLock(&h);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_that_waits_does_not_block_other_work),
		cmocka_unit_test(the_same_item_never_runs_twice_at_once),
		cmocka_unit_test(quiet_keeps_its_order),
		cmocka_unit_test(work_may_wait_for_work_that_it_asked_for),
		cmocka_unit_test(both_kinds_of_spin_lock_exclude),
		cmocka_unit_test(a_held_spin_lock_is_not_had_by_trying),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
