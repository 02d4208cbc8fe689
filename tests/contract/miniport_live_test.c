/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters and queues that change under full traffic: each frame is on exactly one side. */
#include "stack.h"

#include <string.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define ROUNDS 30
#define FRAMES 30000   /* in all, let in round by round */

static const struct stack_options many = { .buffers = 512 };

/* No frame came twice, each queue's are in the order of the wire, and what did not come is
 * counted: it was on its way to a queue when that lost its last filter (C7), or, on a machine
 * that stood still, the capture had waited long enough. Returns how many did not come. */
static uint64_t each_on_one_side_and_in_order(void)
{
	static unsigned times[FRAMES];
	uint32_t next[STACK_QUEUES + 1] = { 0 };
	struct miniport_report r;
	uint64_t lost;

	memset(times, 0, sizeof(times));
	stack_flow(0);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *f = &trace.frames[i];

		assert_in_range(f->queue, 0, STACK_QUEUES);
		assert_in_range(f->index, next[f->queue], FRAMES - 1);   /* F13 */
		next[f->queue] = f->index + 1;
		times[f->index]++;
	}
	for (unsigned i = 0; i < FRAMES; i++)
		assert_in_range(times[i], 0, 1);                         /* D6 */
	r = stack_report();
	assert_int_equal(r.from_nic, FRAMES);
	lost = r.drops[WIRE_DROP_QUEUE_GONE] + r.drops[WIRE_DROP_QUEUE_FULL] +
	       r.drops[WIRE_DROP_RING_FULL];
	assert_int_equal(trace.n_frames + lost, FRAMES);
	return lost;
}

/* A filter goes from queue to queue and back. Between the two requests its frames are the
 * default queue's; after a clear none is the old queue's any more. */
static void D6_D26_D32_a_filter_that_moves_takes_each_frame_to_one_side(void **state)
{
	ULONG queues[2], filter, at[2] = { 0, 0 };

	(void)state;
	stack_frames_to(1, FRAMES);
	stack_open_receiving(&many);
	queues[0] = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	assert_int_equal(ask_allocate(P0, 2, PER_QUEUE, &queues[1], NULL), OK);
	assert_int_equal(ask_complete(P0, queues[1]), OK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned from = i % 2, to = !from;

		stack_let(FRAMES / ROUNDS);
		ground_until(trace_frames_of(queues[from], 0) > at[from]);
		assert_int_equal(ask_clear(P0, queues[from], filter), OK);
		at[from] = trace_frames_of(queues[from], 0);
		assert_int_equal(ask_filter(P0, queues[to], 1, VLAN_NONE_OR_ZERO, &filter), OK);
		usleep(300);
		assert_int_equal(trace_frames_of(queues[from], 0), at[from]);   /* D32 */
	}
	each_on_one_side_and_in_order();
}

/* Both queues have the filter for a while: the older one wins (U5), and nothing goes to
 * the default queue, since at every moment one of them is there. */
static void D6_U5_a_filter_set_before_the_other_is_cleared_leaves_no_gap(void **state)
{
	ULONG queues[2], filters[2];

	(void)state;
	stack_frames_to(1, FRAMES);
	stack_open_receiving(&many);
	queues[0] = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filters[0]);
	assert_int_equal(ask_allocate(P0, 2, PER_QUEUE, &queues[1], NULL), OK);
	assert_int_equal(ask_complete(P0, queues[1]), OK);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned from = i % 2, to = !from;

		stack_let(FRAMES / ROUNDS);
		usleep(300);
		assert_int_equal(ask_filter(P0, queues[to], 1, VLAN_NONE_OR_ZERO, &filters[to]), OK);
		assert_int_equal(ask_clear(P0, queues[from], filters[from]), OK);
	}
	each_on_one_side_and_in_order();
	assert_int_equal(trace_frames_of(0, 0), 0);
}

/* Filters of other addresses come and go: who has nothing to do with them notices nothing. */
static void D2_D26_other_filters_come_and_go_unnoticed(void **state)
{
	ULONG queue, other;
	uint64_t lost;

	(void)state;
	stack_frames_to(1, FRAMES);
	stack_open_receiving(&many);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned i = 0; i < ROUNDS; i++) {
		stack_let(FRAMES / ROUNDS);
		assert_int_equal(ask_filter(P0, queue, 2 + i, VLAN_NONE_OR_ZERO, &other), OK);
		usleep(300);
		assert_int_equal(ask_clear(P0, queue, other), OK);
	}
	lost = each_on_one_side_and_in_order();
	assert_int_equal(trace_frames_of(queue, 0), FRAMES - lost);
}

/* All at once: two queues change processors and flags while filters go between them. */
static void C48_C49_D32_everything_changes_at_once(void **state)
{
	ULONG queues[2], filters[2];

	(void)state;
	for (unsigned i = 0; i < FRAMES; i++)
		stack_frames_to(i % 3, 1);
	stack_open_receiving(&many);
	for (unsigned q = 0; q < 2; q++)
		queues[q] = ask_running(P0, q + 1, PER_QUEUE, q, VLAN_NONE_OR_ZERO, &filters[q]);
	for (unsigned i = 0; i < ROUNDS; i++) {
		unsigned q = i % 2;

		stack_let(FRAMES / ROUNDS);
		assert_int_equal(ask_move(P0, queues[q], i % GROUND_PROCESSORS), OK);
		assert_int_equal(ask_flags(P0, queues[!q], i % 4 < 2 ? 0 : PER_QUEUE), OK);
		usleep(200);
		/* Queue q's address to the other one, and back. */
		assert_int_equal(ask_clear(P0, queues[q], filters[q]), OK);
		assert_int_equal(ask_filter(P0, queues[!q], q, VLAN_NONE_OR_ZERO, &filters[q]), OK);
		usleep(200);
		assert_int_equal(ask_clear(P0, queues[!q], filters[q]), OK);
		assert_int_equal(ask_filter(P0, queues[q], q, VLAN_NONE_OR_ZERO, &filters[q]), OK);
	}
	each_on_one_side_and_in_order();
	/* The third address was no queue's, ever. */
	for (unsigned i = 0; i < trace.n_frames; i++)
		if (trace.frames[i].index % 3 == 2)
			assert_int_equal(trace.frames[i].queue, 0);
}

/* While a processor is in the middle of its round it may still go by the old flag. */
static void C49_a_change_of_the_flag_ends_when_nobody_goes_by_the_old_one(void **state)
{
	static NDIS_RECEIVE_QUEUE_PARAMETERS q;
	static struct request r;

	(void)state;
	stack_frames_to(1, 1);
	stack_open_receiving(&many);
	q = (NDIS_RECEIVE_QUEUE_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2 },
		.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED | PER_QUEUE,
		.QueueId = ask_running(P0, 0, 0, 1, VLAN_NONE_OR_ZERO, NULL),
	};
	stack_stop_poller();
	request_start(&r, P0, NdisRequestSetInformation, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &q,
		      sizeof(q), 0);
	ground_settle();
	assert_false(atomic_load(&r.done));
	stack_release_poller();
	assert_int_equal(request_wait(&r), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(D6_D26_D32_a_filter_that_moves_takes_each_frame_to_one_side),
		TEST(D6_U5_a_filter_set_before_the_other_is_cleared_leaves_no_gap),
		TEST(D2_D26_other_filters_come_and_go_unnoticed),
		TEST(C48_C49_D32_everything_changes_at_once),
		TEST(C49_a_change_of_the_flag_ends_when_nobody_goes_by_the_old_one),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
