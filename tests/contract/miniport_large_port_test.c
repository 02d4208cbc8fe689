/* SPDX-License-Identifier: BSD-2-Clause */
/* Large sends over a NIC that cuts them: on the wire is what software makes of them (P8 .. P11,
 * P15), and the books count that. */
#include "cutter.h"
#include "large.h"

#define OK NDIS_STATUS_SUCCESS
#define SEGMENT 1000

static uint8_t expected[BUILD_ROOM];

static int setup(void **state)
{
	int rc = sender_setup(state);

	cutter_use(64);
	return rc;
}

static unsigned left_in_segments(const struct build *b, unsigned first, uint16_t mask)
{
	unsigned n = (b->payload + SEGMENT - 1) / SEGMENT;

	for (unsigned i = 0; i < n; i++)
		large_left(first + i, expected, build_segment(expected, b, SEGMENT, i, mask));
	return n;
}

/* Sixteen sends of all shapes; what they leave is the reference's. Returns the frames. */
static unsigned send_shapes(void)
{
	static const unsigned pieces[] = { 99, 500, 70000, 137 };
	struct large *l[16];
	unsigned first = 0;

	for (unsigned i = 0; i < 16; i++) {
		struct build b = large_tcp(i & 1 ? 6 : 4, 1500 + 4000 * i);

		b.flags = BUILD_ACK | BUILD_FIN | BUILD_PSH | (i & 2 ? BUILD_CWR : 0);
		b.ip_options = i & 8 ? 16 : 0;
		b.tcp_options = i & 4 ? 12 : 0;
		b.id = (uint16_t)(0x7ffe - 3 * i);   /* some wrap on the way */
		l[i] = large_new_segments(&b, pieces[i % 4], true);
		large_ask_segments(l[i], SEGMENT, true);
	}
	large_send_all(l, 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(sender_status(l[i]->packet), OK);
		first += left_in_segments(&l[i]->build, first, 0x7fff);
	}
	assert_int_equal(stack.out.n, first);
	return first;
}

static void P8_P9_A22_X53_a_nic_that_cuts_leaves_the_same_frames(void **state)
{
	(void)state;
	stack_open(NULL);
	send_shapes();
	assert_in_range(atomic_load(&cutter.large), 12, 40);
}

/* A NIC whose chains are short gets more of them; one of two mbufs only what fits one. */
static void P9_short_chains_leave_the_same_frames(void **state)
{
	static const uint16_t chains[] = { 5, 2 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		cutter_use(chains[i]);
		stack_open(NULL);
		send_shapes();
		ground_frames_free(&stack.out);
	}
}

static void P9_what_the_nic_cannot_is_cut_in_software(void **state)
{
	(void)state;
	atomic_store(&cutter.refuses, true);
	stack_open(NULL);
	send_shapes();
	assert_int_equal(atomic_load(&cutter.large), 0);
}

/* One frame of the NIC's is many of the wire, and each has its headers. */
static void P9_the_books_count_what_is_on_the_wire(void **state)
{
	struct build b = large_tcp(4, 60 * SEGMENT - 1), plain = large_tcp(4, 100);
	struct large *l[2];

	(void)state;
	stack_open(NULL);
	l[0] = large_new_segments(&b, 900, true);
	large_ask_segments(l[0], SEGMENT, true);
	packet_set_tag(l[0]->packet, 0, 7);
	l[1] = large_new(&plain, 4000);
	large_ask_sums(l[1], large_sums_of(&plain));
	large_send_all(l, 2);
	assert_int_equal(atomic_load(&cutter.frames), 61);
	assert_in_range(atomic_load(&cutter.large), 1, 2);
	assert_int_equal(stack_report().sent, 61);
	assert_int_equal(stack_queue_report(0).sent_bytes, atomic_load(&cutter.bytes));
}

/* A NIC that takes a frame now and then, and other sends between. */
static void P9_A6_parts_stay_in_order_on_a_slow_nic(void **state)
{
	struct build b = large_tcp(6, 60 * SEGMENT - 1), plain = large_tcp(4, 100);
	struct large *l, *small;
	unsigned n;

	(void)state;
	cutter_use(8);   /* several parts */
	stack_open(NULL);
	l = large_new_segments(&b, 700, true);
	small = large_new(&plain, 4000);
	large_ask_segments(l, SEGMENT, true);
	large_ask_sums(small, large_sums_of(&plain));
	stack_take(0);
	sender_send(l->packet);
	sender_send(small->packet);
	for (unsigned i = 0; i < 3; i++) {
		stack_take(1);
		ground_until(atomic_load(&stack.room) == 0);
	}
	ground_settle();
	assert_null(packet_done(&l->packet->nbl));
	assert_int_equal(atomic_load(&cutter.large), 3);
	stack_take(-1);
	packets_wait(2);
	assert_int_equal(left_in_segments(&b, 0, 0x7fff), 60);
	n = build_frame(expected, &plain).length;
	large_left(60, expected, n);
}

static const struct ndis_keyword only_v1[] = { { "*LsoV2IPv4", "0" }, { NULL, NULL } };

static void P8_P10_X52_v1_goes_the_same_way(void **state)
{
	const struct stack_options o = { .keywords = only_v1 };
	struct build b = large_tcp(4, 5 * SEGMENT + 7), longer = b;
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO done;
	struct large *l;

	(void)state;
	stack_open(&o);
	b.id = longer.id = 0xfffd;
	longer.payload += 10;
	l = large_new_segments(&longer, 400, false);
	put16(l->bytes + l->at.ip + 2, 40 + b.payload);
	memcpy(l->before, l->bytes, l->at.length);
	large_ask_segments(l, SEGMENT, false);
	assert_int_equal(large_send_one(l), OK);
	done.Value = NET_BUFFER_LIST_INFO(&l->packet->nbl, TcpLargeSendNetBufferListInfo);
	assert_int_equal(done.LsoV1TransmitComplete.TcpPayload, b.payload);
	assert_int_equal(done.LsoV1TransmitComplete.Type, NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE);
	assert_int_equal(left_in_segments(&b, 0, 0xffff), 6);
	assert_int_equal(atomic_load(&cutter.large), 2);   /* the id wraps between */
}

static void P15_every_segment_is_tagged_alike_by_a_nic_too(void **state)
{
	struct build b = large_tcp(4, 3 * SEGMENT), inside = large_tcp(6, 3 * SEGMENT);
	struct large *l[2];

	(void)state;
	stack_open(NULL);
	l[0] = large_new_segments(&b, 400, true);
	large_ask_segments(l[0], SEGMENT, true);
	packet_set_tag(l[0]->packet, 3, 1234);
	inside.tci = 0x4005;
	l[1] = large_new_segments(&inside, 400, true);
	large_ask_segments(l[1], SEGMENT, true);
	large_send_all(l, 2);
	b.tci = 3 << 13 | 1234;
	left_in_segments(&b, 0, 0x7fff);
	left_in_segments(&inside, 3, 0x7fff);
	assert_int_equal(atomic_load(&cutter.large), 2);
}

static int teardown(void **state)
{
	(void)state;
	cutter_end();
	return ground_teardown(state);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, large_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(P8_P9_A22_X53_a_nic_that_cuts_leaves_the_same_frames),
		T(P9_short_chains_leave_the_same_frames),
		T(P9_what_the_nic_cannot_is_cut_in_software),
		T(P9_the_books_count_what_is_on_the_wire),
		T(P9_A6_parts_stay_in_order_on_a_slow_nic),
		T(P8_P10_X52_v1_goes_the_same_way),
		T(P15_every_segment_is_tagged_alike_by_a_nic_too),
	};

	return cmocka_run_group_tests_name("large sends of a NIC that cuts", tests, ground_setup,
					   teardown);
}
