/* SPDX-License-Identifier: BSD-2-Clause */
/* Which frames of the default queue the packet filter lets pass, and when none pass (F15, F18,
 * F22). */
#include "packets.h"
#include "stack.h"

#define P0 (&protocols[0])
#define P1 (&protocols[1])
#define OTHER 0x77   /* a MAC that no filter names */

static void F22_nothing_before_a_packet_filter_is_set(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		stack_frame_of(i, UNTAGGED);
	stack_open(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	stack_let(10);
	ground_settle();
	assert_int_equal(trace.n_frames, 0);
	assert_int_equal(atomic_load(&stack.come), 0);   /* receive is off, nothing is lost */
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_PROMISCUOUS), NDIS_STATUS_SUCCESS);
	stack_flow(0);
	assert_int_equal(trace.n_frames, 10);
	/* And off again. */
	assert_int_equal(ask_packet_filter(P0, 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(trace_frames_of(0, 0) + trace_frames_of(1, 0), 10);
}

/* The kinds of frames that a packet filter knows: own address, other, multicast,
 * broadcast. */
static void add_kinds(void)
{
	static const uint8_t own[6] = { 2, 0, 0, 0, 0, 0 }, other[6] = { 2, 0, 0, 0, 0, OTHER },
			     many[6] = { 1, 0, 0x5e, 0, 0, 1 },
			     all[6] = { 255, 255, 255, 255, 255, 255 };
	const uint8_t *kinds[] = { own, other, many, all };

	for (unsigned i = 0; i < 4; i++)
		ground_frame_add(&protocol_wire, kinds[i], UNTAGGED, 100);
}

static void F22_the_packet_filter_chooses(void **state)
{
	static const struct { ULONG filter; bool own, other, many, all; } table[] = {
		{ NDIS_PACKET_TYPE_DIRECTED, true, false, false, false },
		{ NDIS_PACKET_TYPE_BROADCAST, false, false, false, true },
		{ NDIS_PACKET_TYPE_ALL_MULTICAST, false, false, true, false },
		{ NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_BROADCAST, true, false, false, true },
		{ NDIS_PACKET_TYPE_PROMISCUOUS, true, true, true, true },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		add_kinds();
	stack_open(NULL);
	for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(ask_packet_filter(P0, table[i].filter), NDIS_STATUS_SUCCESS);
		stack_flow(0);
		stack_flow(4);
		assert_int_equal(trace_queue_of(4 * i), table[i].own ? 0 : -1);
		assert_int_equal(trace_queue_of(4 * i + 1), table[i].other ? 0 : -1);
		assert_int_equal(trace_queue_of(4 * i + 2), table[i].many ? 0 : -1);
		assert_int_equal(trace_queue_of(4 * i + 3), table[i].all ? 0 : -1);
	}
}

/* A frame that comes after the end of the request is judged by the new filter, though
 * the poller was about to take frames when it was issued. */
static void F22_a_packet_filter_is_in_force_when_its_oid_ends(void **state)
{
	static ULONG directed = NDIS_PACKET_TYPE_DIRECTED;
	static struct request q;

	(void)state;
	stack_frame_of(OTHER, UNTAGGED);
	stack_open_receiving(NULL);
	stack_stop_poller();
	request_start(&q, P0, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &directed,
		      sizeof(directed), 0);
	if (!atomic_load(&q.done)) {
		stack_release_poller();   /* it waits for the poller, as it may */
		request_wait(&q);
	}
	assert_int_equal(q.status, NDIS_STATUS_SUCCESS);
	stack_let(1);
	stack_release_poller();
	stack_flow(0);
	assert_int_equal(trace.n_frames, 0);
}

/* How often a frame was indicated to a protocol, and whether it was the owner once. */
static unsigned times(unsigned who, uint32_t index)
{
	unsigned n = 0;

	for (unsigned i = 0; i < trace.n_frames; i++)
		n += trace.frames[i].who == who && trace.frames[i].index == index;
	return n;
}

static void F22_each_binding_gets_what_its_own_filter_asked(void **state)
{
	unsigned mine;
	ULONG queue;

	(void)state;
	add_kinds();
	mine = stack_frame_of(1, UNTAGGED);
	stack_open(&(struct stack_options){ .protocols = 2 });
	queue = ask_running(P1, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_PROMISCUOUS), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_packet_filter(P1, NDIS_PACKET_TYPE_DIRECTED), NDIS_STATUS_SUCCESS);
	stack_flow(5);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(times(0, i), 1);
		assert_int_equal(times(1, i), i == 0);
	}
	/* A VM queue's frames are its owner's alone. */
	assert_int_equal(times(0, mine), 0);
	assert_int_equal(times(1, mine), 1);
	ground_until(!stack_outstanding(0) && !stack_outstanding(queue));
	assert_int_equal(ask_packet_filter(P0, 0), NDIS_STATUS_SUCCESS);
	/* What the test's own close does for protocol 0, done for protocol 1. */
	assert_int_equal(ask_clear(P1, queue, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(P1, queue), NDIS_STATUS_SUCCESS);
}

static void U8_a_filter_of_a_queue_passes_by_the_packet_filter(void **state)
{
	unsigned mine, other;
	ULONG queue;

	(void)state;
	mine = stack_frame_of(1, UNTAGGED);
	other = stack_frame_of(2, UNTAGGED);
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_DIRECTED), NDIS_STATUS_SUCCESS);
	stack_flow(2);
	assert_int_equal(trace_queue_of(mine), queue);
	assert_int_equal(trace_queue_of(other), -1);
	assert_int_equal(stack_report().drops[WIRE_DROP_PACKET_FILTER], 1);
}

/* PERFECT_FILTERED as long as the filter asks for all; else the miniport promises nothing
 * that it does not look at. The verifier looks at what it promises. */
static void F15_perfect_filtered_is_said_where_it_is_true(void **state)
{
	static const ULONG filters[] = { NDIS_PACKET_TYPE_PROMISCUOUS, NDIS_PACKET_TYPE_DIRECTED,
					 NDIS_PACKET_TYPE_PROMISCUOUS | NDIS_PACKET_TYPE_BROADCAST };
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		stack_frame_of(i & 1, i & 2 ? 5 : UNTAGGED);
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_ANY, NULL);
	for (unsigned round = 0; round < 3; round++) {
		unsigned before = trace.n_events;

		assert_int_equal(ask_packet_filter(P0, filters[round]), NDIS_STATUS_SUCCESS);
		stack_flow(20);
		assert_int_equal(trace_frames_of(queue, 20 * round), 10);
		for (unsigned i = before; i < trace.n_events; i++) {
			const struct trace_event *e = &trace.events[i];

			if (e->kind != TRACE_RECEIVE)
				continue;
			assert_int_equal(!(e->flags & NDIS_RECEIVE_FLAGS_PERFECT_FILTERED), round == 1);
			assert_false(e->flags & (NDIS_RECEIVE_FLAGS_SINGLE_VLAN |
						 NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE));
		}
	}
}

/* Frames wait while it is paused. The miniport restarts before the binding does: what it
 * indicates in between goes to nobody, and NDIS counts it. */
static void F18_a_paused_adapter_indicates_nothing(void **state)
{
	uint64_t unclaimed;
	struct error err;

	(void)state;
	for (unsigned i = 0; i < 90; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	ask_running(P0, 2, 0, 2, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(30);
	ndis_adapter_pause(stack.adapter);
	assert_int_equal(trace.n_frames, 30);
	unclaimed = ndis_adapter_unclaimed(stack.adapter);
	ground_pass();   /* nobody is about to take a burst that comes now */
	stack_let(30);
	ground_pass();
	assert_int_equal(atomic_load(&stack.come), 30);
	assert_int_equal(trace.n_frames, 30);
	assert_int_equal(ndis_adapter_unclaimed(stack.adapter), unclaimed);
	assert_int_equal(ndis_adapter_restart(stack.adapter, &err), 0);
	stack_flow(0);
	unclaimed = ndis_adapter_unclaimed(stack.adapter) - unclaimed;
	assert_int_equal(trace.n_frames + unclaimed, 60);
	stack_flow(30);
	assert_int_equal(trace.n_frames + unclaimed, 90);
	for (unsigned i = 60; i < 90; i++)
		assert_int_equal(trace_queue_of(i), i % 3 ? (int)i % 3 : 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F22_nothing_before_a_packet_filter_is_set),
		TEST(F22_the_packet_filter_chooses),
		TEST(F22_a_packet_filter_is_in_force_when_its_oid_ends),
		TEST(F22_each_binding_gets_what_its_own_filter_asked),
		TEST(U8_a_filter_of_a_queue_passes_by_the_packet_filter),
		TEST(F15_perfect_filtered_is_said_where_it_is_true),
		TEST(F18_a_paused_adapter_indicates_nothing),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
