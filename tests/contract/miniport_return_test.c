/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose the indicated frames are, and their way back (F23 .. F32). */
#include "packets.h"
#include "stack.h"

#include <pthread.h>
#include <string.h>

#define P0 (&protocols[0])
#define P1 (&protocols[1])

/* What is held keeps its bytes while everything else flows; buffers are not reused. */
static void F23_held_nbls_are_not_touched(void **state)
{
	uint8_t before[64][60];
	unsigned n = 2000;
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frame_of(i & 1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	stack_flow(64);
	assert_int_equal(protocol_held(P0), 64);
	for (unsigned i = 0; i < 64; i++)
		memcpy(before[i], (const void *)trace.frames[i].data, 60);
	atomic_store(&P0->hold, false);
	for (unsigned i = 64; i < n; i += 32)
		stack_flow(n - i < 32 ? n - i : 32);
	assert_int_equal(trace.n_frames, n);
	for (unsigned i = 0; i < 64; i++)
		assert_memory_equal(before[i], (const void *)trace.frames[i].data, 60);
	for (unsigned i = 64; i < n; i++)
		for (unsigned h = 0; h < 64; h++)
			assert_ptr_not_equal(trace.frames[i].nbl, trace.frames[h].nbl);
	assert_int_equal(stack_outstanding(queue), 32);
	assert_int_equal(stack_outstanding(0), 32);
	protocol_return_all(P0);
	ground_until(!stack_outstanding(queue) && !stack_outstanding(0));
}

static void *return_from_here(void *arg)
{
	(void)arg;
	protocol_return(P0, 0, 7, REVERSED, 0);
	return NULL;
}

/* In parts, reversed, interleaved, over several indications and queues, from several
 * threads and processors; afterwards every buffer works. */
static void F27_F29_X35_returns_in_any_order_and_grouping(void **state)
{
	ULONG a, b;
	unsigned n = 120;

	(void)state;
	for (unsigned i = 0; i < 3 * n; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(NULL);
	a = ask_running(P0, 1, PER_QUEUE, 0, VLAN_NONE_OR_ZERO, NULL);
	b = ask_running(P0, 2, 0, 1, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned round = 0; round < 3; round++) {
		pthread_t thread;

		atomic_store(&P0->hold, true);
		stack_flow(n);
		assert_int_equal(protocol_held(P0), n);
		protocol_return(P0, 3, 1, IN_ORDER, NDIS_RETURN_FLAGS_SINGLE_QUEUE);
		protocol_return(P0, 10, 21, EVEN_THEN_ODD, 0);
		protocol_return_on(P0, 1, 50, 13);
		protocol_return_on(P0, 3, 5, 17);
		assert_int_equal(pthread_create(&thread, NULL, return_from_here, NULL), 0);
		pthread_join(thread, NULL);
		protocol_return(P0, 0, 1000, REVERSED, 0);
		ground_until(!stack_outstanding(a) && !stack_outstanding(b) && !stack_outstanding(0));
	}
	assert_int_equal(trace.n_frames, 3 * n);
	for (unsigned i = 0; i < trace.n_frames; i++)
		assert_true(trace.frames[i].intact);
}

/* A queue that is out of buffers loses its own frames, and nobody else's. */
static void F23_a_queue_without_buffers_is_alone_with_it(void **state)
{
	unsigned n = 300;
	ULONG stuck, other;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(NULL);
	stuck = ask_running(P0, 1, PER_QUEUE, 0, VLAN_NONE_OR_ZERO, NULL);
	other = ask_running(P0, 2, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	stack_let(n);
	/* Hold what is stuck's, give the rest back as it comes. */
	ground_until(({
		for (unsigned i = 0; i < protocol_held(P0);) {
			PNET_BUFFER_LIST nbl = P0->held[i];

			if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) == stuck)
				i++;
			else
				protocol_return(P0, i, 1, IN_ORDER, 0);
		}
		!atomic_load(&stack.let) && !stack_waiting() &&
			!stack_outstanding(other) && !stack_outstanding(0);
	}));
	assert_int_equal(trace_frames_of(other, 0), 100);
	assert_int_equal(trace_frames_of(0, 0), 100);
	assert_int_equal(trace_frames_of(stuck, 0), STACK_BUFFERS);
	assert_int_equal(stack_queue_report(stuck).drops[WIRE_DROP_QUEUE_FULL], 100 - STACK_BUFFERS);
}

static void stand_still(void *arg)
{
	(void)arg;
	usleep(200000);
}

/* Nor does it lose any because its processor stood still for longer than a NIC waits. Which this
 * thread must not: then it is tried again. */
static void F23_a_standstill_is_not_the_queues_fault(void **state)
{
	enum { TRIES = 4, FRAMES = 200 };
	uint64_t lost = 0, waited = UINT64_MAX;
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < TRIES * FRAMES; i++)
		stack_frame_of(1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned i = 0; i < TRIES && waited > 50; i++) {
		uint64_t begin = ground_now(), before = stack_queue_report(queue).drops[WIRE_DROP_QUEUE_FULL];

		atomic_store(&P0->hold, true);
		stack_let(FRAMES);
		ground_until(stack_outstanding(queue) == STACK_BUFFERS);
		waited = ground_now() - begin;
		ground_on(1, stand_still, NULL);
		begin = ground_now();
		ground_pass();   /* it has looked again, before anything is back */
		atomic_store(&P0->hold, false);
		protocol_return_all(P0);
		waited += ground_now() - begin;
		ground_until(!atomic_load(&stack.let) && !stack_waiting());
		ground_pass();
		lost = stack_queue_report(queue).drops[WIRE_DROP_QUEUE_FULL] - before;
	}
	assert_true(waited <= 50);
	assert_int_equal(lost, 0);
}

/* The default queue's buffers come to an end because somebody keeps them: before the last
 * it lends, and so loses nothing; a VM queue never lends. */
static void F26_only_with_few_buffers_the_default_queue_lends(void **state)
{
	unsigned quota, n, lent = 0, first = NO_INDEX;
	ULONG queue;

	(void)state;
	stack_frames_to(0, 4096);
	stack_frames_to(1, STACK_BUFFERS + 20);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	quota = (unsigned)stack_queue_report(0).buffers;
	atomic_store(&P0->hold, true);
	stack_flow(4096);
	n = trace_frames_of(0, 0);
	assert_int_equal(n, 4096);
	assert_int_equal(stack_report().drops[WIRE_DROP_QUEUE_FULL], 0);
	for (unsigned i = 0; i < n; i++) {
		const struct trace_event *e = &trace.events[trace.frames[i].event];

		assert_int_equal(trace.frames[i].index, i);               /* F13 */
		if (!(e->flags & NDIS_RECEIVE_FLAGS_RESOURCES))
			continue;
		first = first == NO_INDEX ? i : first;
		lent++;
	}
	/* Not while more than an eighth is left, and never beyond the last. */
	assert_in_range(first, quota - quota / 8, quota - 1);
	assert_int_equal(lent, n - first);
	assert_int_equal(stack_queue_report(0).lent, lent);
	assert_int_equal(stack_outstanding(0), first);
	stack_flow(STACK_BUFFERS + 20);
	assert_int_equal(trace_frames_of(queue, 0), STACK_BUFFERS);
	assert_int_equal(stack_report().drops[WIRE_DROP_QUEUE_FULL], 20);
	for (unsigned i = n; i < trace.n_frames; i++)
		assert_false(trace.events[trace.frames[i].event].flags & NDIS_RECEIVE_FLAGS_RESOURCES);
	protocol_return_all(P0);
	ground_until(!stack_outstanding(0) && !stack_outstanding(queue));
}

/* What is lent is the miniport's again at once: its buffers serve the next frames. */
static void F24_what_is_lent_is_home_at_once(void **state)
{
	unsigned n = 12000;

	(void)state;
	stack_frames_to(0, n);
	stack_open_receiving(NULL);
	atomic_store(&P0->hold, true);
	for (unsigned i = 0; i < n; i += 2000)
		stack_flow(2000);
	assert_int_equal(trace.n_frames, n);
	for (unsigned i = 0; i < n; i++)
		assert_true(trace.frames[i].intact);
	assert_int_equal(stack_outstanding(0), protocol_held(P0));
}

/* The owner of a queue is not the first binding: what it keeps costs its queue alone, and
 * is not copied; the others' frames come on. */
static void F32_what_a_second_binding_holds_counts_against_its_queue(void **state)
{
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 3 * STACK_BUFFERS; i++)
		stack_frame_of(i % 3 ? 0 : 1, UNTAGGED);
	stack_frames_to(1, STACK_BUFFERS);
	stack_open(&(struct stack_options){ .protocols = 2 });
	queue = ask_running(P1, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_PROMISCUOUS), NDIS_STATUS_SUCCESS);
	atomic_store(&P1->hold, true);
	stack_flow(4 * STACK_BUFFERS);
	assert_int_equal(protocol_held(P1), STACK_BUFFERS);
	assert_int_equal(stack_outstanding(queue), STACK_BUFFERS);
	assert_int_equal(stack_queue_report(queue).drops[WIRE_DROP_QUEUE_FULL], STACK_BUFFERS);
	assert_int_equal(stack_queue_report(0).drops[WIRE_DROP_QUEUE_FULL], 0);
	assert_int_equal(trace_frames_of(0, 0), 2 * STACK_BUFFERS);
	for (unsigned i = 0; i < protocol_held(P1); i++)
		assert_non_null(NET_BUFFER_LIST_FIRST_NB(P1->held[i])->SharedMemoryInfo);
	protocol_return_all(P1);
	ground_until(!stack_outstanding(queue) && !stack_outstanding(0));
	assert_int_equal(ask_packet_filter(P0, 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_clear(P1, queue, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(P1, queue), NDIS_STATUS_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F23_held_nbls_are_not_touched),
		TEST(F27_F29_X35_returns_in_any_order_and_grouping),
		TEST(F23_a_queue_without_buffers_is_alone_with_it),
		TEST(F23_a_standstill_is_not_the_queues_fault),
		TEST(F26_only_with_few_buffers_the_default_queue_lends),
		TEST(F24_what_is_lent_is_home_at_once),
		TEST(F32_what_a_second_binding_holds_counts_against_its_queue),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
