/* SPDX-License-Identifier: BSD-2-Clause */
/* Large sends: their segments, what their sender hears, and the end when they are turned off
 * (P7 .. P11). */
#include "large.h"

#include <pthread.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define SEGMENT 1000

static uint8_t expected[BUILD_ROOM];

/* What left, from frame 'first' on, is the segments of 'b'. Returns how many they are. */
static unsigned left_in_segments(const struct build *b, unsigned first, uint16_t mask)
{
	unsigned n = (b->payload + SEGMENT - 1) / SEGMENT;

	for (unsigned i = 0; i < n; i++)
		large_left(first + i, expected, build_segment(expected, b, SEGMENT, i, mask));
	return n;
}

static void P8_P9_X53_segments_are_what_the_reference_builds(void **state)
{
	static const unsigned pieces[] = { 66, 500, 70000, 137 };
	struct large *l[16];
	unsigned first = 0;

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 16; i++) {
		struct build b = large_tcp(i & 1 ? 6 : 4, 1500 + 1234 * i);

		b.flags = BUILD_ACK | BUILD_FIN | BUILD_PSH | BUILD_CWR;
		b.ip_options = i & 2 ? 16 : 0;
		b.tcp_options = i & 4 ? 12 : 0;
		b.id = 0x7ffe;
		l[i] = large_new_segments(&b, pieces[i % 4], true);
		large_ask_segments(l[i], SEGMENT, true);
		if (i & 8)
			large_ask_sums(l[i], large_sums_of(&b));   /* on or off: the same */
	}
	large_send_all(l, 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(sender_status(l[i]->packet), OK);
		first += left_in_segments(&l[i]->build, first, 0x7fff);
	}
	assert_int_equal(stack.out.n, first);
}

/* A NIC that takes a few frames now and then, and other sends between. */
static void P9_A6_segments_stay_in_order_on_a_slow_nic(void **state)
{
	struct build b = large_tcp(4, 40 * SEGMENT - 1), plain = large_tcp(4, 100);
	struct large *l, *small;
	unsigned n;

	(void)state;
	stack_open(NULL);
	l = large_new_segments(&b, 700, true);
	small = large_new(&plain, 4000);
	large_ask_segments(l, SEGMENT, true);
	large_ask_sums(small, large_sums_of(&plain));
	stack_take(0);
	sender_send(l->packet);
	sender_send(small->packet);
	for (unsigned i = 0; i < 5; i++) {
		stack_take(7);
		ground_until(atomic_load(&stack.room) == 0);
	}
	ground_settle();
	assert_null(packet_done(&l->packet->nbl));
	stack_take(-1);
	packets_wait(2);
	assert_int_equal(left_in_segments(&b, 0, 0x7fff), 40);
	n = build_frame(expected, &plain).length;
	large_left(40, expected, n);
}

static const struct ndis_keyword only_v1[] = { { "*LsoV2IPv4", "0" }, { NULL, NULL } };

/* V1: the datagram's length is the IP header's, and what follows it is no payload. */
static void P8_P10_X52_v1_takes_its_length_from_the_ip_header(void **state)
{
	const struct stack_options o = { .keywords = only_v1 };
	struct build b = large_tcp(4, 5 * SEGMENT + 7), longer = b;
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO done;
	struct large *l;

	(void)state;
	stack_open(&o);
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
}

static _Atomic(PVOID) seen;

static void look_at_slot(PNET_BUFFER_LIST list)
{
	atomic_store(&seen, NET_BUFFER_LIST_INFO(list, TcpLargeSendNetBufferListInfo));
}

/* In the completion itself, as a sender reads it. */
static void P10_X52_v2_tells_no_length_and_its_type(void **state)
{
	struct build b = large_tcp(6, 5 * SEGMENT);
	struct large *l;

	(void)state;
	atomic_store(&seen, NULL);
	stack_open(NULL);
	P0->on_send_done = look_at_slot;
	l = large_new_segments(&b, 400, true);
	large_ask_segments(l, SEGMENT, true);
	assert_int_equal(large_send_one(l), OK);
	ground_until(atomic_load(&seen));   /* looked at after it is in the trace */
	assert_int_equal((uintptr_t)atomic_load(&seen), 1u << 30);
}

static void P15_every_segment_is_tagged_alike(void **state)
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
}

static NDIS_STATUS parameters(NDIS_OFFLOAD_PARAMETERS *p)
{
	p->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_DEFAULT, NDIS_OFFLOAD_PARAMETERS_REVISION_1,
					  NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1 };
	return request(P0, NdisRequestSetInformation, OID_TCP_OFFLOAD_PARAMETERS, p,
		       NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1, 0);
}

static NDIS_STATUS large_switch(bool on)
{
	NDIS_OFFLOAD_PARAMETERS p = {
		.LsoV2IPv4 = on ? NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED
				: NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED,
	};

	return parameters(&p);
}

/* What waits is not transmitted either, nor the rest of what has begun. */
static void P11_X56_what_waits_when_it_is_turned_off_fails(void **state)
{
	struct build b = large_tcp(4, 20 * SEGMENT), plain = large_tcp(4, 200);
	struct large *begun, *waiting, *small, *late;
	unsigned n;

	(void)state;
	stack_open(NULL);
	begun = large_new_segments(&b, 900, true);
	waiting = large_new_segments(&b, 900, true);
	late = large_new_segments(&b, 900, true);
	small = large_new(&plain, 4000);
	large_ask_segments(begun, SEGMENT, true);
	large_ask_segments(waiting, SEGMENT, true);
	large_ask_segments(late, SEGMENT, true);
	large_ask_sums(small, large_sums_of(&plain));
	stack_take(3);
	sender_send(begun->packet);
	sender_send(waiting->packet);
	sender_send(small->packet);
	ground_until(atomic_load(&stack.room) == 0);
	assert_int_equal(large_switch(false), OK);
	stack_take(-1);
	sender_send(late->packet);
	packets_wait(4);
	assert_int_equal(sender_status(begun->packet), NDIS_STATUS_FAILURE);
	assert_int_equal(sender_status(waiting->packet), NDIS_STATUS_FAILURE);
	assert_int_equal(sender_status(late->packet), NDIS_STATUS_FAILURE);
	assert_int_equal(sender_status(small->packet), OK);
	for (unsigned i = 0; i < 3; i++)
		large_left(i, expected, build_segment(expected, &b, SEGMENT, i, 0x7fff));
	n = build_frame(expected, &plain).length;
	large_left(3, expected, n);
	assert_int_equal(stack.out.n, 4);
}

static void *send_some(void *arg)
{
	struct large **l = arg;

	for (unsigned i = 0; i < 200; i++) {
		sender_send(l[i]->packet);
		usleep(60);
	}
	return NULL;
}

/* Sends of a thread against sets of another: each ends once, whole or with FAILURE; and from
 * when a set that turns them off is over, none leaves until the next. */
static void P11_A19_the_set_races_with_sends(void **state)
{
	struct build b = large_tcp(4, 4 * SEGMENT);
	static struct large *l[200];
	unsigned ok = 0;
	uint64_t sent;
	pthread_t thread;

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 200; i++) {
		l[i] = large_new_segments(&b, 900, true);
		large_ask_segments(l[i], SEGMENT, true);
	}
	assert_int_equal(pthread_create(&thread, NULL, send_some, l), 0);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(large_switch(false), OK);
		sent = stack_report().sent;
		usleep(300);
		assert_int_equal(stack_report().sent, sent);
		assert_int_equal(large_switch(true), OK);
		usleep(300);
	}
	pthread_join(thread, NULL);
	packets_wait(200);
	for (unsigned i = 0; i < 200; i++) {
		NDIS_STATUS status = sender_status(l[i]->packet);

		assert_true(status == OK || status == NDIS_STATUS_FAILURE);
		ok += status == OK;
	}
	assert_true(ok);
	stack_close();
	assert_true(stack.out.n >= 4 * ok);
}

#define T(name) cmocka_unit_test_setup_teardown(name, sender_setup, large_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(P8_P9_X53_segments_are_what_the_reference_builds),
		T(P9_A6_segments_stay_in_order_on_a_slow_nic),
		T(P8_P10_X52_v1_takes_its_length_from_the_ip_header),
		T(P10_X52_v2_tells_no_length_and_its_type),
		T(P15_every_segment_is_tagged_alike),
		T(P11_X56_what_waits_when_it_is_turned_off_fails),
		T(P11_A19_the_set_races_with_sends),
	};

	return cmocka_run_group_tests_name("large sends", tests, ground_setup, ground_teardown);
}
