/* SPDX-License-Identifier: BSD-2-Clause */
/* In which form the miniport indicates frames, which ones, and their way back (F). */
#include "packets.h"
#include "stack.h"

#define P0 (&protocols[0])

/* ---- the form of an indication ---- */

static void check_call(const struct trace_event *e)
{
	assert_int_equal(e->count, e->n);                                     /* F1 */
	assert_int_equal(e->port, 0);
	assert_int_equal(e->irql, DISPATCH_LEVEL);
	assert_true(e->flags & NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
	assert_false(e->flags & NDIS_RECEIVE_FLAGS_RESOURCES);                /* F26 */
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

/* Ids that are no more, or never were, are the default queue's (B6). */
static void F16_a_stale_id_is_the_default_queues(void **state)
{
	struct ground_frames out = { 0 };
	struct packet *packets[2];
	uint8_t mac[6];
	ULONG queue;

	(void)state;
	packets_open();
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_clear(P0, queue, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(P0, queue), NDIS_STATUS_SUCCESS);
	ground_mac(mac, 9);
	for (unsigned i = 0; i < 2; i++)
		packets[i] = packet_of(atomic_load(&P0->binding), (USHORT)(i ? 999 : queue), &out,
				       ground_frame_add(&out, mac, UNTAGGED, 100));
	packets_send(P0, packets, 2, 0);
	packets_wait(2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_queue_report(0).sent, 2);
	stack_close();
	for (unsigned i = 0; i < 2; i++)
		packet_free(packets[i]);
	packets_close();
	ground_frames_free(&out);
}

static void F12_the_macros_reach_every_field(void **state)
{
	NET_BUFFER_SHARED_MEMORY rest = { .SharedMemoryOffset = 7 };
	NET_BUFFER_SHARED_MEMORY first = { &rest, 0, &rest, 4096, 1514 };
	NET_BUFFER nb = { .SharedMemoryInfo = &first };

	(void)state;
	assert_ptr_equal(NET_BUFFER_FIRST_SHARED_MEM_INFO(&nb), &first);
	assert_ptr_equal(NET_BUFFER_SHARED_MEM_NEXT_SEGMENT(&first), &rest);
	assert_int_equal(NET_BUFFER_SHARED_MEM_FLAGS(&first), 0);
	assert_ptr_equal(NET_BUFFER_SHARED_MEM_HANDLE(&first), &rest);
	assert_int_equal(NET_BUFFER_SHARED_MEM_OFFSET(&first), 4096);
	assert_int_equal(NET_BUFFER_SHARED_MEM_LENGTH(&first), 1514);
	assert_null(NET_BUFFER_SHARED_MEM_NEXT_SEGMENT(&rest));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F1_F2_F3_F7_F8_F9_F11_the_form_of_every_indication),
		TEST(F4_F6_X17_X35_a_call_of_a_per_queue_queue_is_its_alone),
		TEST(F5_F6_X17_queues_without_the_flag_may_share_a_call),
		TEST(F13_the_order_of_a_queue_is_the_wires),
		TEST(F21_no_frame_above_the_maximum),
		TEST(F21_what_is_no_frame_is_dropped),
		TEST(F16_a_stale_id_is_the_default_queues),
		TEST(F12_the_macros_reach_every_field),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
