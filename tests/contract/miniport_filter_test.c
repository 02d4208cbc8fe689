/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames the miniport indicates, and on which queue (C, D). */
#include "engines.h"

#include <stdlib.h>

#define P0 (&protocols[0])
#define OTHER 0x77   /* a MAC that no filter names */

/* ---- the default queue ---- */

static void C2_C3_without_queues_all_is_the_default_queues(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 100; i++)
		stack_frame_of(i, UNTAGGED);
	stack_open_receiving(NULL);
	assert_int_equal(ask_free(P0, 0), NDIS_STATUS_INVALID_PARAMETER);
	stack_flow(100);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(trace_queue_of(i), 0);
}

static void C3_D4_what_no_filter_matches_is_the_default_queues(void **state)
{
	unsigned mine, other, tagged;
	ULONG queue;

	(void)state;
	mine = stack_frame_of(1, UNTAGGED);
	other = stack_frame_of(OTHER, UNTAGGED);
	tagged = stack_frame_of(1, 5);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(3);
	assert_int_equal(trace_queue_of(mine), queue);
	assert_int_equal(trace_queue_of(other), 0);
	assert_int_equal(trace_queue_of(tagged), 0);
}

/* ---- filters ---- */

static void D1_both_tests_of_a_filter_must_hold(void **state)
{
	unsigned both, vlan_only, mac_only;
	ULONG queue;

	(void)state;
	both = stack_frame_of(1, 7);
	vlan_only = stack_frame_of(2, 7);
	mac_only = stack_frame_of(1, 8);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, 7, NULL);
	stack_flow(3);
	assert_int_equal(trace_queue_of(both), queue);
	assert_int_equal(trace_queue_of(vlan_only), 0);
	assert_int_equal(trace_queue_of(mac_only), 0);
}

static void D2_any_filter_of_a_queue_is_enough(void **state)
{
	unsigned first, second, third;
	ULONG queue;

	(void)state;
	first = stack_frame_of(1, UNTAGGED);
	second = stack_frame_of(2, 9);
	third = stack_frame_of(3, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_filter(P0, queue, 2, 9, NULL), NDIS_STATUS_SUCCESS);
	stack_flow(3);
	assert_int_equal(trace_queue_of(first), queue);
	assert_int_equal(trace_queue_of(second), queue);
	assert_int_equal(trace_queue_of(third), 0);
}

static void D3_fields_without_a_test_do_not_count(void **state)
{
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		unsigned n = stack_frame_of(1, UNTAGGED);

		protocol_wire.list[n].bytes[6 + i % 6] = (uint8_t)(i * 5);   /* sender */
		protocol_wire.list[n].bytes[12] = (uint8_t)(i + 8);          /* EtherType, never 0x8100 */
		protocol_wire.list[n].bytes[13] = (uint8_t)(i | 1);
	}
	for (unsigned priority = 0; priority < 8; priority++)
		stack_frame_of(2, (int)(priority << 13 | 6));
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_filter(P0, queue, 2, 6, NULL), NDIS_STATUS_SUCCESS);
	stack_flow(72);
	for (unsigned i = 0; i < 72; i++)
		assert_int_equal(trace_queue_of(i), queue);
}

/* Random frames and filters against a model of them (D5, D6). */
static void D5_D6_X31_every_frame_once_and_on_the_queue_of_its_filter(void **state)
{
	struct { unsigned last; int vlan; ULONG queue; } filters[12];
	unsigned n = 3000, none = 0;
	ULONG queues[4];

	(void)state;
	srand(20250607);
	for (unsigned i = 0; i < n; i++)
		stack_frame((unsigned)rand() % 8, rand() % 3 ? rand() % 4 | rand() % 8 << 13 : UNTAGGED,
			 60 + (unsigned)rand() % 900);
	stack_open_receiving(NULL);
	for (unsigned q = 0; q < 4; q++)
		assert_int_equal(ask_allocate(P0, q % 3, q & 1, &queues[q], NULL), NDIS_STATUS_SUCCESS);
	for (unsigned f = 0; f < 12; f++) {
		filters[f].last = f % 4 + (unsigned)rand() % 2 * 4;
		filters[f].vlan = (int)(f / 4) + 1;
		filters[f].queue = queues[(unsigned)rand() % 4];
		if (filters[f].vlan == 3)
			filters[f].vlan = VLAN_NONE_OR_ZERO;
		assert_int_equal(ask_filter(P0, filters[f].queue, filters[f].last, filters[f].vlan, NULL),
				 NDIS_STATUS_SUCCESS);
	}
	for (unsigned q = 0; q < 4; q++)
		assert_int_equal(ask_complete(P0, queues[q]), NDIS_STATUS_SUCCESS);
	stack_flow(n);
	assert_int_equal(trace.n_frames, n);   /* none lost, and by what follows none twice */
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *t = &trace.frames[i];
		const uint8_t *b = protocol_wire.list[t->index].bytes;
		int vlan = b[12] == 0x81 && b[13] == 0 ? (b[14] << 8 | b[15]) & 0xfff : 0;
		ULONG expected = 0;

		for (unsigned f = 0; f < 12; f++)
			if (filters[f].last == b[5] &&
			    (filters[f].vlan == VLAN_NONE_OR_ZERO ? !vlan : filters[f].vlan == vlan))
				expected = filters[f].queue;
		assert_int_equal(t->queue, expected);
		assert_true(t->intact);
		none += !expected;
	}
	assert_in_range(none, 100, n - 100);   /* the model was put to use */
	for (unsigned i = 0; i < n; i += 50)
		assert_int_not_equal(trace_queue_of(i), -1);
}

static void D13_untagged_or_zero_takes_no_vlan(void **state)
{
	unsigned untagged, zero, priority, five;
	ULONG queue;

	(void)state;
	untagged = stack_frame_of(1, UNTAGGED);
	zero = stack_frame_of(1, 0);
	priority = stack_frame_of(1, 6 << 13);
	five = stack_frame_of(1, 5);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(4);
	assert_int_equal(trace_queue_of(untagged), queue);
	assert_int_equal(trace_queue_of(zero), queue);
	assert_int_equal(trace_queue_of(priority), queue);
	assert_int_equal(trace_queue_of(five), 0);
	assert_int_equal(trace_frame_of(priority)->priority, 6);
	assert_int_equal(trace_frame_of(priority)->length, 100);
}

static void D14_mac_and_vlan_takes_that_vlan_alone(void **state)
{
	unsigned untagged, zero, five, six;
	ULONG queue;

	(void)state;
	untagged = stack_frame_of(1, UNTAGGED);
	zero = stack_frame_of(1, 0);
	five = stack_frame_of(1, 5);
	six = stack_frame_of(1, 6);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, 5, NULL);
	stack_flow(4);
	assert_int_equal(trace_queue_of(untagged), 0);
	assert_int_equal(trace_queue_of(zero), 0);
	assert_int_equal(trace_queue_of(five), queue);
	assert_int_equal(trace_queue_of(six), 0);
}

/* A MAC alone: any VLAN, and the tag leaves the data. Refusing is allowed as well. */
static void D16_a_mac_alone_takes_every_vlan_and_strips_it(void **state)
{
	unsigned seven, untagged;
	ULONG queue;

	(void)state;
	seven = stack_frame_of(1, 3 << 13 | 7);
	untagged = stack_frame_of(1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_ANY, NULL);
	stack_flow(2);
	assert_int_equal(trace_queue_of(seven), queue);
	assert_int_equal(trace_queue_of(untagged), queue);
	assert_int_equal(trace_frame_of(seven)->length, protocol_wire.list[seven].length - 4);
	assert_int_equal(trace_frame_of(seven)->vlan, 7);
	assert_int_equal(trace_frame_of(seven)->priority, 3);
	assert_true(trace_frame_of(seven)->intact);
	assert_int_equal(trace_frame_of(untagged)->vlan, 0);
	assert_int_equal(trace_frame_of(untagged)->length, protocol_wire.list[untagged].length);
}

static void D17_the_tag_goes_to_the_oob_on_every_queue(void **state)
{
	unsigned own, other;

	(void)state;
	own = stack_frame_of(1, 2 << 13 | 4095);
	other = stack_frame_of(OTHER, 7 << 13 | 0x123);
	stack_open_receiving(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, 4095, NULL);
	stack_flow(2);
	for (unsigned i = 0; i < 2; i++)
		assert_true(trace_frame_of(i)->intact);
	assert_int_equal(trace_frame_of(own)->vlan, 4095);
	assert_int_equal(trace_frame_of(own)->priority, 2);
	assert_int_equal(trace_frame_of(own)->length, 100);
	assert_int_equal(trace_frame_of(other)->vlan, 0x123);
	assert_int_equal(trace_frame_of(other)->priority, 7);
	assert_int_equal(trace_frame_of(other)->length, 100);
}

/* ---- a queue's state ---- */

/* Frames to a queue in every state before Running, and after: only Running has them. */
static void C7_C14_U6_only_a_running_queue_indicates(void **state)
{
	unsigned allocated, set, paused, running, again;
	ULONG queue, filter;

	(void)state;
	allocated = stack_frame_of(1, UNTAGGED);
	set = stack_frame_of(1, UNTAGGED);
	running = stack_frame_of(1, UNTAGGED);
	paused = stack_frame_of(1, UNTAGGED);
	again = stack_frame_of(1, UNTAGGED);
	stack_open_receiving(NULL);
	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &queue, NULL), NDIS_STATUS_SUCCESS);
	stack_flow(1);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, &filter), NDIS_STATUS_SUCCESS);
	stack_flow(1);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, queue, filter), NDIS_STATUS_SUCCESS);
	stack_flow(1);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), NDIS_STATUS_SUCCESS);
	stack_flow(1);
	assert_int_equal(trace_queue_of(allocated), 0);
	assert_int_equal(trace_queue_of(set), 0);             /* U6 */
	assert_int_equal(trace_queue_of(running), queue);
	assert_int_equal(trace_queue_of(paused), 0);
	assert_int_equal(trace_queue_of(again), queue);
}

/* Complete without a filter: nothing is the queue's (C7). */
static void C7_a_queue_without_filters_gets_nothing(void **state)
{
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		stack_frame_of(i, UNTAGGED);
	stack_open_receiving(NULL);
	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &queue, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
	stack_flow(20);
	assert_int_equal(trace_frames_of(queue, 0), 0);
	assert_int_equal(trace_frames_of(0, 0), 20);
}

/* Clears the queue's filter while 400 frames have come and all buffers are held: the rest has to
 * wait on the ring. Returns whether it still did: this thread may have stood still for longer than
 * a NIC waits. */
static bool clear_while_frames_wait(ULONG queue, ULONG filter)
{
	uint64_t lost = stack_queue_report(queue).drops[WIRE_DROP_QUEUE_FULL];

	atomic_store(&P0->hold, true);
	stack_let(400);
	ground_until(!atomic_load(&stack.let));
	ground_until(stack_outstanding(queue) == STACK_BUFFERS);
	assert_int_equal(ask_clear(P0, queue, filter), NDIS_STATUS_SUCCESS);
	return stack_queue_report(queue).drops[WIRE_DROP_QUEUE_FULL] == lost;
}

/* Frames that wait on the ring when the last filter goes are nobody's (C7, F17). */
static void C7_D32_F17_after_the_last_clear_nothing_of_before_comes(void **state)
{
	enum { TRIES = 4 };
	ULONG queue, filter;
	unsigned at_clear;

	(void)state;
	for (unsigned i = 0; i < TRIES * 400; i++)
		stack_frame_of(1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	for (unsigned i = 0; !clear_while_frames_wait(queue, filter); i++) {
		assert_int_not_equal(i, TRIES - 1);
		protocol_return_all(P0);
		ground_until(!stack_waiting() && !stack_outstanding(queue));
		assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, &filter),
				 NDIS_STATUS_SUCCESS);
	}
	at_clear = trace_frames_of(queue, 0);
	protocol_return_all(P0);
	ground_until(!stack_waiting());
	ground_settle();
	assert_int_equal(trace_frames_of(queue, 0), at_clear);
	/* Nor when the queue runs again: those frames are of the past. */
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), NDIS_STATUS_SUCCESS);
	ground_settle();
	assert_int_equal(trace_frames_of(queue, 0), at_clear);
	assert_true(stack_queue_report(queue).drops[WIRE_DROP_QUEUE_GONE] > 0);
}

static void C31_one_processor_for_each_queue(void **state)
{
	ULONG queues[3];

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		stack_frame_of(i % 4, UNTAGGED);
	stack_open_receiving(NULL);
	for (unsigned q = 0; q < 3; q++)
		queues[q] = ask_running(P0, q + 1, q == 2 ? 0 : PER_QUEUE, q, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(300);
	for (unsigned i = 0; i < 300; i++) {
		const struct trace_frame *f = trace_frame_of(i);
		unsigned which = i % 4;

		assert_int_equal(f->queue, which < 3 ? queues[which] : 0);
		if (which < 3)
			assert_int_equal(trace.events[f->event].processor, which + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(C2_C3_without_queues_all_is_the_default_queues),
		ENGINE_TEST(C3_D4_what_no_filter_matches_is_the_default_queues),
		ENGINE_TEST(D1_both_tests_of_a_filter_must_hold),
		ENGINE_TEST(D2_any_filter_of_a_queue_is_enough),
		ENGINE_TEST(D3_fields_without_a_test_do_not_count),
		ENGINE_TEST(D5_D6_X31_every_frame_once_and_on_the_queue_of_its_filter),
		ENGINE_TEST(D13_untagged_or_zero_takes_no_vlan),
		ENGINE_TEST(D14_mac_and_vlan_takes_that_vlan_alone),
		ENGINE_TEST(D16_a_mac_alone_takes_every_vlan_and_strips_it),
		ENGINE_TEST(D17_the_tag_goes_to_the_oob_on_every_queue),
		ENGINE_TEST(C7_C14_U6_only_a_running_queue_indicates),
		ENGINE_TEST(C7_a_queue_without_filters_gets_nothing),
		ENGINE_TEST(C7_D32_F17_after_the_last_clear_nothing_of_before_comes),
		ENGINE_TEST(C31_one_processor_for_each_queue),
	};

	return engines_run(tests, sizeof(tests) / sizeof(tests[0]));
}
