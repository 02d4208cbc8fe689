/* SPDX-License-Identifier: BSD-2-Clause */
/* In which form the miniport indicates frames, which ones, and their way back (F). */
#include "stack.h"

#include <pthread.h>
#include <string.h>

#define P0 (&protocols[0])
#define P1 (&protocols[1])
#define OTHER 0x77   /* a MAC that no filter names */

/* ---- the form of an indication ---- */

static void check_call(const struct trace_event *e)
{
	assert_int_equal(e->count, e->n);                                     /* F1 */
	assert_int_equal(e->port, 0);
	assert_int_equal(e->irql, DISPATCH_LEVEL);
	assert_true(e->flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
	assert_false(e->flags & NDIS_RECEIVE_FLAGS_RESOURCES);
	assert_true(e->flags & NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID);  /* F8 */
}

static void check_nbl(const struct trace_frame *f)
{
	const struct stack_block *b = stack_block(f->memory);

	assert_ptr_equal(f->source, stack.adapter);                           /* F1 */
	assert_int_equal(f->nbs, 1);                                          /* F2 */
	assert_int_equal(f->mdls, 1);                                         /* F3 */
	assert_int_equal(f->segments, 1);
	assert_int_equal(f->filter, 0);                                       /* F7 */
	assert_true(f->intact);                                               /* F11 */
	assert_non_null(b);                                                   /* F9 */
	assert_int_equal(b->queue, f->queue);
	assert_true((ULONG64)f->offset + f->room <= b->length);
	assert_in_range(f->data - b->address, f->offset, f->offset + f->room);
	assert_true(f->data - b->address + f->length <= (ULONG64)f->offset + f->room);
}

static void F1_F2_F3_F7_F8_F9_F11_the_form_of_every_indication(void **state)
{
	static const unsigned lengths[] = { 14, 15, 18, 59, 60, 61, 64, 100, 512, 1513, 1514 };
	unsigned n = 0;
	ULONG queue;

	(void)state;
	for (unsigned to = 1; to < 3; to++)
		for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++, n += 2) {
			stack_frame(to, UNTAGGED, lengths[i]);
			stack_frame(to, 5 << 13, lengths[i] + 4);
		}
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	/* Frames without room for an index cannot be told apart: looked at by length. */
	atomic_store(&P0->hold, true);
	stack_flow(n);
	assert_int_equal(trace.n_frames, n);
	assert_int_equal(trace_frames_of(queue, 0), n / 2);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *f = &trace.frames[i];

		check_call(&trace.events[f->event]);
		if (f->length >= 18)
			check_nbl(f);
		else
			assert_in_range(f->length, 14, 15);
	}
}

static void F4_F6_X17_X35_a_call_of_a_per_queue_queue_is_its_alone(void **state)
{
	ULONG queues[2];
	unsigned alone = 0;

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(NULL);
	/* On the NIC's processor, where the default queue lives too: most chance to mix. */
	queues[0] = ask_running(P0, 0, PER_QUEUE, 0, VLAN_NONE_OR_ZERO, NULL);
	queues[1] = ask_running(P0, 0, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(600);
	for (unsigned i = 0; i < trace.n_events; i++) {
		const struct trace_event *e = &trace.events[i];
		bool own = false;

		if (e->kind != TRACE_RECEIVE)
			continue;
		for (unsigned f = e->first; f < e->first + e->n; f++)
			own |= trace.frames[f].queue != 0;
		for (unsigned f = e->first; own && f < e->first + e->n; f++)
			assert_int_equal(trace.frames[f].queue, trace.frames[e->first].queue);
		if (own)
			assert_true(e->flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
		alone += own;
	}
	assert_int_equal(trace_frames_of(queues[0], 0), 200);
	assert_int_equal(trace_frames_of(queues[1], 0), 200);
	assert_true(alone > 1);
}

/* Whatever calls there are: with SINGLE_QUEUE one queue, without it maybe several. */
static void F5_F6_X17_queues_without_the_flag_may_share_a_call(void **state)
{
	unsigned mixed = 0;
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 0, 0, 0, VLAN_NONE_OR_ZERO, NULL);
	ask_running(P0, 0, 0, 1, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(600);
	assert_int_equal(trace.n_frames, 600);
	assert_int_equal(trace_frames_of(queue, 0), 200);
	for (unsigned i = 0; i < trace.n_events; i++) {
		const struct trace_event *e = &trace.events[i];
		bool several = false;

		if (e->kind != TRACE_RECEIVE)
			continue;
		check_call(e);
		for (unsigned f = e->first; f < e->first + e->n; f++)
			several |= trace.frames[f].queue != trace.frames[e->first].queue;
		if (several)
			assert_false(e->flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
		mixed += several;
	}
	assert_true(mixed > 0);   /* our miniport does mix: the test tests something */
}

static void F13_the_order_of_a_queue_is_the_wires(void **state)
{
	uint32_t last[4] = { 0 };
	unsigned n = 8000;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frame_of(i * 7 % 11 % 4, UNTAGGED);
	stack_open_receiving(NULL);
	for (unsigned q = 0; q < 3; q++)
		ask_running(P0, q, q & 1 ? PER_QUEUE : 0, q, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(n);
	assert_int_equal(trace.n_frames, n);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *f = &trace.frames[i];

		assert_in_range(f->queue, 0, 3);
		assert_true(f->index + 1 > last[f->queue]);
		last[f->queue] = f->index + 1;
	}
}

static void return_what_is_held(void *arg)
{
	(void)arg;
	protocol_return_all(P0);
	atomic_store(&P0->hold, false);
}

/* One DPC a round. Sixteen queues wait with full rings; then all of them may go on at
 * once: no round indicates more than NDIS allows, and nothing is left behind. */
static void F20_a_dpc_keeps_to_the_limit(void **state)
{
	unsigned queues = 16, each = STACK_BUFFERS + 60, n = queues * each;
	unsigned round = 0, in_round = 0, most = 0, before;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frame_of(i % queues, UNTAGGED);
	stack_open_receiving(&(struct stack_options){ .queues = queues });
	for (unsigned q = 0; q < queues; q++)
		ask_running(P0, 1, q & 1 ? PER_QUEUE : 0, q, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	stack_let(n);
	ground_until(stack_waiting() == queues * 60 && !atomic_load(&stack.let));
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
	assert_in_range(most, 200, 256);   /* it was put to use */
}

static void F21_no_frame_above_the_maximum(void **state)
{
	unsigned full, full_tagged, long_one, long_tagged;
	ULONG maximum = 0;

	(void)state;
	full = stack_frame(1, UNTAGGED, STACK_MTU + 14);
	full_tagged = stack_frame(1, 0, STACK_MTU + 18);
	long_one = stack_frame(1, UNTAGGED, STACK_MTU + 15);
	long_tagged = stack_frame(1, 0, STACK_MTU + 19);
	stack_open_receiving(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_MAXIMUM_TOTAL_SIZE, &maximum,
				 sizeof(maximum), 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(maximum, STACK_MTU + 14);
	stack_flow(4);
	assert_true(trace_frame_of(full)->intact);
	assert_true(trace_frame_of(full_tagged)->intact);
	assert_int_equal(trace_frame_of(full_tagged)->length, maximum);
	assert_null(trace_frame_of(long_one));
	assert_null(trace_frame_of(long_tagged));
	assert_int_equal(stack_report().drops[WIRE_DROP_TOO_LONG], 2);
}

static void F21_what_is_no_frame_is_dropped(void **state)
{
	static const uint8_t bytes[17] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0x00, 0, 5, 8 };

	(void)state;
	for (unsigned n = 1; n <= 13; n++)
		ground_bytes_add(&protocol_wire, bytes, n);
	ground_bytes_add(&protocol_wire, bytes, 14);   /* a tag cut off at once */
	ground_bytes_add(&protocol_wire, bytes, 17);
	stack_open_receiving(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, VLAN_ANY, NULL);
	stack_flow(15);
	assert_int_equal(trace.n_frames, 0);
	assert_int_equal(stack_report().drops[WIRE_DROP_TOO_SHORT], 15);
}

/* ---- the packet filter ---- */

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

/* ---- ownership ---- */

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F1_F2_F3_F7_F8_F9_F11_the_form_of_every_indication),
		TEST(F4_F6_X17_X35_a_call_of_a_per_queue_queue_is_its_alone),
		TEST(F5_F6_X17_queues_without_the_flag_may_share_a_call),
		TEST(F13_the_order_of_a_queue_is_the_wires),
		TEST(F20_a_dpc_keeps_to_the_limit),
		TEST(F21_no_frame_above_the_maximum),
		TEST(F21_what_is_no_frame_is_dropped),
		TEST(F22_nothing_before_a_packet_filter_is_set),
		TEST(F22_the_packet_filter_chooses),
		TEST(F22_a_packet_filter_is_in_force_when_its_oid_ends),
		TEST(F22_each_binding_gets_what_its_own_filter_asked),
		TEST(U8_a_filter_of_a_queue_passes_by_the_packet_filter),
		TEST(F23_held_nbls_are_not_touched),
		TEST(F27_F29_X35_returns_in_any_order_and_grouping),
		TEST(F23_a_queue_without_buffers_is_alone_with_it),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
