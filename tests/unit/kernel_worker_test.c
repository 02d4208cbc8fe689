/* SPDX-License-Identifier: BSD-2-Clause */
/* What workers report of themselves; and their clock. */
#include "kernel_testing.h"

#include "base/ticks.h"

#define SPIN_NS 2000000u

static atomic_uint spins;   /* rounds of 2 ms that are still to be worked */

static ULONG work(PVOID context)
{
	uint64_t end = clock_ns() + SPIN_NS;

	(void)context;
	if (!atomic_load(&spins))
		return 0;
	while (clock_ns() < end)
		;
	atomic_fetch_sub(&spins, 1);
	return 1;
}

static struct kernel_worker_report report_of(unsigned worker)
{
	struct kernel_worker_report r;

	assert_true(kernel_worker_report(worker, &r));
	return r;
}

static void a_report_for_each_worker_and_no_more(void **state)
{
	struct kernel_worker_report r;

	(void)state;
	for (unsigned i = 0; i < WORKERS; i++) {
		r = report_of(i);
		assert_true(r.busy_ns <= r.up_ns);
	}
	assert_false(kernel_worker_report(WORKERS, &r));
}

static void work_counts_as_busy_and_only_the_worker_that_did_it(void **state)
{
	OVMQ_POLL_SOURCE source = { .Poll = work, .Descriptor = OVMQ_WAKE_BY_NOTIFY };
	struct kernel_worker_report before[WORKERS], after[WORKERS];
	NDIS_HANDLE handle;

	(void)state;
	assert_int_equal(OvmqRegisterPoll(1, &source, &handle), NDIS_STATUS_SUCCESS);
	for (unsigned i = 0; i < WORKERS; i++)
		before[i] = report_of(i);
	atomic_store(&spins, 10);
	OvmqNotifyProcessor(1);
	while (atomic_load(&spins))
		usleep(1000);
	usleep(2000);   /* the last round's end */
	kernel_synchronize();
	for (unsigned i = 0; i < WORKERS; i++)
		after[i] = report_of(i);
	assert_true(after[1].busy_ns - before[1].busy_ns >= 10 * SPIN_NS * 99 / 100);
	assert_true(after[1].busy_ns - before[1].busy_ns <= after[1].up_ns - before[1].up_ns);
	assert_true(after[1].rounds - before[1].rounds >= 10);
	assert_int_equal(after[0].busy_ns, before[0].busy_ns);
	OvmqDeregisterPoll(handle);
}

/* A source that cannot signal: naps are bounded, and cost little. */
static void naps_below_a_millisecond_and_below_5_percent(void **state)
{
	OVMQ_POLL_SOURCE source = { .Poll = work, .Descriptor = OVMQ_WAKE_BY_TIME };
	struct kernel_worker_report before, after;
	NDIS_HANDLE handle;
	uint64_t up;

	(void)state;
	assert_int_equal(OvmqRegisterPoll(0, &source, &handle), NDIS_STATUS_SUCCESS);
	usleep(50000);
	before = report_of(0);
	usleep(1000000);
	after = report_of(0);
	up = after.up_ns - before.up_ns;
	/* Never more than naps of half the longest; far more than a worker that can be woken has, and
	 * fewer than on an idle machine where a busy one wakes it late. */
	assert_true(after.sleeps - before.sleeps >= up / 50000000);
	assert_true(after.sleeps - before.sleeps <= up / 400000);
	assert_true((after.cpu_ns - before.cpu_ns) * 10 < up);
	assert_int_equal(after.busy_ns, before.busy_ns);
	OvmqDeregisterPoll(handle);
}

static uint64_t due, every;   /* when there is work next, and how long it takes until then */

static ULONG timed_work(PVOID context)
{
	uint64_t now = clock_ns();

	(void)context;
	if (now < due)
		return 0;
	due = now + every;
	return 1;
}

/* How often a worker sleeps in 200 ms that has something to do each 'ns' nanoseconds, for each
 * time that it had; in percent. */
static unsigned sleeps_between(uint64_t ns)
{
	OVMQ_POLL_SOURCE source = { .Poll = timed_work, .Descriptor = OVMQ_WAKE_BY_TIME };
	struct kernel_worker_report before, after;
	NDIS_HANDLE handle;

	every = ns;
	due = 0;
	assert_int_equal(OvmqRegisterPoll(0, &source, &handle), NDIS_STATUS_SUCCESS);
	usleep(10000);
	before = report_of(0);
	usleep(200000);
	after = report_of(0);
	OvmqDeregisterPoll(handle);
	return (unsigned)((after.sleeps - before.sleeps) * 100 * ns / (after.up_ns - before.up_ns));
}

/* Where work comes often a sleep would be over at once, and only delay it. */
static void short_silences_are_not_slept_through(void **state)
{
	(void)state;
	assert_in_range(sleeps_between(100000), 0, 30);
	assert_true(sleeps_between(2000000) >= 50);
}

static void silence_is_slept_through(void **state)
{
	struct kernel_worker_report before, after;

	(void)state;
	usleep(300000);
	before = report_of(1);
	usleep(1000000);
	after = report_of(1);
	assert_true(after.sleeps - before.sleeps >= 1);
	assert_true(after.sleeps - before.sleeps <= 20);
	assert_int_equal(after.busy_ns, before.busy_ns);
	assert_true((after.cpu_ns - before.cpu_ns) * 50 < after.up_ns - before.up_ns);
}

static void ticks_are_nanoseconds_when_asked(void **state)
{
	uint64_t ticks = ticks_now(), ns = clock_ns(), measured;

	(void)state;
	usleep(200000);
	measured = ticks_to_ns(ticks_now() - ticks);
	ns = clock_ns() - ns;
	assert_true(measured > ns - ns / 20 && measured < ns + ns / 20);
	assert_in_range(ticks_to_ns(ticks_from_ns(1000000)), 999000, 1001000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_for_each_worker_and_no_more),
		cmocka_unit_test(work_counts_as_busy_and_only_the_worker_that_did_it),
		cmocka_unit_test(naps_below_a_millisecond_and_below_5_percent),
		cmocka_unit_test(short_silences_are_not_slept_through),
		cmocka_unit_test(silence_is_slept_through),
		cmocka_unit_test(ticks_are_nanoseconds_when_asked),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
