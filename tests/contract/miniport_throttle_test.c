/* SPDX-License-Identifier: BSD-2-Clause */
/* How much one DPC indicates (F20). */
#include "packets.h"
#include "stack.h"

#define P0 (&protocols[0])

static void return_what_is_held(void *arg)
{
	(void)arg;
	protocol_return_all(P0);
	atomic_store(&P0->hold, false);
}

/* One DPC a round. Many queues wait with full rings; then all of them may go on at
 * once: no round indicates more than NDIS allows, and nothing is left behind. */
static void F20_a_dpc_keeps_to_the_limit(void **state)
{
	unsigned queues = 32, each = STACK_BUFFERS + 80, n = queues * each;
	unsigned round = 0, in_round = 0, most = 0, before;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frame_of(i % queues, UNTAGGED);
	stack_open_receiving(&(struct stack_options){ .queues = queues });
	for (unsigned q = 0; q < queues; q++)
		ask_running(P0, 1, q & 1 ? PER_QUEUE : 0, q, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	stack_let(n);
	ground_until(stack_waiting() == queues * 80 && !atomic_load(&stack.let));
	before = trace.n_events;
	ground_on(1, return_what_is_held, NULL);
	stack_flow(0);
	assert_int_equal(trace.n_frames, n);
	for (unsigned i = before; i < trace.n_events; i++) {
		const struct trace_event *e = &trace.events[i];

		if (e->kind != TRACE_RECEIVE)
			continue;
		in_round = e->round == round ? in_round + e->n : e->n;
		round = e->round;
		most = in_round > most ? in_round : most;
	}
	assert_in_range(most, 1600, 2048);   /* it was put to use */
}

struct throttled {
	ULONG limit;
	unsigned calls, list[1024];   /* what each DPC indicated */
	bool more;                  /* what the last one said */
};

/* DPCs as NDIS makes them while there is more; the worker itself cannot come between. */
static void run_dpcs(void *arg)
{
	struct throttled *t = arg;
	NDIS_RECEIVE_THROTTLE_PARAMETERS p;

	atomic_store(&stack.let, stack.after);
	do {
		unsigned before = trace.n_frames;

		p = (NDIS_RECEIVE_THROTTLE_PARAMETERS){ .MaxNblsToIndicate = t->limit };
		stack_dpc(0, &p);
		t->list[t->calls++] = trace.n_frames - before;
	} while (p.MoreNblsPending && t->calls < sizeof(t->list) / sizeof(*t->list));
	t->more = p.MoreNblsPending;
}

/* 'n' frames that come at once, under a limit: what each DPC indicates; the last, which
 * finds nothing, is left out. */
static void check_limit(ULONG limit, unsigned n, const unsigned *want, unsigned n_want)
{
	struct throttled t = { .limit = limit };
	unsigned at = 0, last = 0;

	stack.after = n;
	ground_on(0, run_dpcs, &t);
	for (unsigned i = 0; i < t.calls; i++) {
		if (!t.list[i])
			continue;
		assert_in_range(at, 0, n_want - 1);
		assert_int_equal(t.list[i], want[at++]);
		last = i;
	}
	assert_int_equal(at, n_want);
	assert_true(last + 2 >= t.calls);   /* nobody is called for nothing for long */
	assert_false(t.more);
}

static void check_limits(bool hurried)
{
	static const unsigned four[] = { 4, 4, 2 }, one[] = { 1, 1, 1 }, odd[] = { 32, 32, 32 },
			      seven[] = { 7, 7, 7, 7, 4, 4 }, seven_hurried[] = { 7, 7, 7, 7, 7, 1 },
			      whole[] = { 64 };

	stack.hurried = hurried;
	stack_frames_to(0, 10 + 3 + 96 + 36 + 64);
	stack_open_receiving(NULL);
	check_limit(4, 10, four, 3);
	check_limit(1, 3, one, 3);
	check_limit(33, 96, odd, 3);
	check_limit(7, 36, hurried ? seven_hurried : seven, 6);
	check_limit(NDIS_INDICATE_ALL_NBLS, 64, whole, 1);
	assert_int_equal(trace.n_frames, 209);
	for (unsigned i = 0; i < 209; i++)
		assert_int_equal(trace.frames[i].index, i);   /* F13 */
	stack.hurried = false;
}

static void F20_the_limit_is_kept_to_the_frame(void **state)
{
	(void)state;
	check_limits(true);
}

static void F20_the_limit_is_kept_where_the_nic_waits(void **state)
{
	(void)state;
	check_limits(false);
}

/* Whatever the limit is, also one that ends within a burst, while frames of many queues wait
 * sorted. */
static void F20_the_limit_is_kept_with_many_queues(void **state)
{
	static const ULONG limits[] = { 1000, 500, 333, 100, 65, 64, 63, 33, 17, 16, 15, 1 };
	enum { LIMITS = sizeof(limits) / sizeof(*limits), EACH = 1000, QUEUES = 40 };

	(void)state;
	for (unsigned i = 0; i < LIMITS * EACH; i++)
		stack_frame_of(i % QUEUES, UNTAGGED);
	stack.hurried = true;
	stack_open_receiving(&(struct stack_options){ .queues = QUEUES, .buffers = 512 });
	for (unsigned q = 0; q < QUEUES; q++)
		ask_running(P0, 0, q & 1 ? PER_QUEUE : 0, q, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned i = 0; i < LIMITS; i++) {
		struct throttled t = { .limit = limits[i] };
		unsigned sum = 0;

		stack.after = EACH;
		ground_on(0, run_dpcs, &t);
		for (unsigned c = 0; c < t.calls; c++) {
			assert_in_range(t.list[c], 0, limits[i]);
			sum += t.list[c];
		}
		assert_int_equal(sum, EACH);
		assert_false(t.more);
	}
}

/* With no limit one DPC has it all, and says that nothing is left. */
static void F20_without_a_limit_nothing_is_pending(void **state)
{
	struct throttled t = { .limit = NDIS_INDICATE_ALL_NBLS };

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(&(struct stack_options){ .buffers = 512 });
	ask_running(P0, 0, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	stack.after = 1000;
	ground_on(0, run_dpcs, &t);
	assert_int_equal(t.calls, 1);
	assert_int_equal(t.list[0], 1000);
	assert_false(t.more);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F20_a_dpc_keeps_to_the_limit),
		TEST(F20_the_limit_is_kept_to_the_frame),
		TEST(F20_the_limit_is_kept_where_the_nic_waits),
		TEST(F20_the_limit_is_kept_with_many_queues),
		TEST(F20_without_a_limit_nothing_is_pending),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
