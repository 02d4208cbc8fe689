/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends whose offloads cannot be done: refused, and nothing leaves (P7, U23). A driver that
 * sends so is wrong, so the verifier is off. */
#include "large.h"

#include <stdlib.h>

#define SEGMENT 1000

/* A fragment, a transport that is another, an IP version that is another, a header cut off. */
static void U23_no_frame_leaves_with_a_wrong_sum(void **state)
{
	struct build b = large_tcp(4, 200);
	struct large *l[4];

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 4; i++) {
		l[i] = large_new(&b, 4000);
		large_ask_sums(l[i], LARGE_V4 | LARGE_IP | LARGE_TCP);
	}
	put16(l[0]->bytes + l[0]->at.ip + 6, 0x2000);
	large_ask_sums(l[1], LARGE_V4 | LARGE_UDP);
	large_ask_sums(l[2], LARGE_V6 | LARGE_TCP);
	NET_BUFFER_DATA_LENGTH(&l[3]->packet->nb[0]) = 50;
	for (unsigned i = 0; i < 4; i++) {
		memcpy(l[i]->before, l[i]->bytes, l[i]->at.length);
		assert_int_equal(large_send_one(l[i]), NDIS_STATUS_FAILURE);
	}
	stack_close();
	assert_int_equal(stack.out.n, 0);
}

/* What changes while it waits, so that it can never leave, ends; and the others go on. */
static void U23_A19_what_a_sender_spoils_while_it_waits_fails(void **state)
{
	struct build many = large_tcp(4, 20 * SEGMENT), b = large_tcp(4, 200);
	struct large *begun, *sums, *good;

	(void)state;
	stack_open(NULL);
	begun = large_new_segments(&many, 900, true);
	sums = large_new(&b, 4000);
	good = large_new(&b, 4000);
	large_ask_segments(begun, SEGMENT, true);
	large_ask_sums(sums, large_sums_of(&b));
	large_ask_sums(good, large_sums_of(&b));
	stack_take(3);
	sender_send(begun->packet);
	sender_send(sums->packet);
	sender_send(good->packet);
	ground_until(atomic_load(&stack.room) == 0);
	large_ask_segments(begun, 19 * SEGMENT, true);   /* more than a buffer holds */
	sums->bytes[sums->at.ip] = 0;                     /* no IP header */
	ground_settle();                                  /* what was made before is made anew */
	stack_take(-1);
	packets_wait(3);
	assert_int_equal(sender_status(begun->packet), NDIS_STATUS_FAILURE);
	assert_int_equal(sender_status(sums->packet), NDIS_STATUS_FAILURE);
	assert_int_equal(sender_status(good->packet), NDIS_STATUS_SUCCESS);
	stack_close();
	assert_int_equal(stack.out.n, 4);
}

/* Nothing leaves, and each is completed once. */
static void P7_what_is_no_large_send_is_refused(void **state)
{
	static const NDIS_STATUS why[] = { NDIS_STATUS_FAILURE, NDIS_STATUS_FAILURE,
					   NDIS_STATUS_FAILURE, NDIS_STATUS_FAILURE,
					   NDIS_STATUS_INVALID_LENGTH, NDIS_STATUS_INVALID_LENGTH };
	NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO s = { .Value = NULL };
	struct large *l[6];

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 6; i++) {
		struct build b = large_tcp(4, i == 5 ? 66000 : 3000);

		if (i == 0)
			b.flags |= BUILD_SYN;
		if (i == 1)
			b.protocol = BUILD_UDP;
		l[i] = large_new_segments(&b, 1000, true);
		large_ask_segments(l[i], i == 2 ? 0 : i == 4 ? 2000 : SEGMENT, true);
		if (i == 3) {
			s.EncapsulatedPacketOffsets.IsEncapsulatedPacket = 1;
			NET_BUFFER_LIST_INFO(&l[i]->packet->nbl,
					     TcpSendOffloadsSupplementalNetBufferListInfo) = s.Value;
		}
		assert_int_equal(large_send_one(l[i]), why[i]);
	}
	stack_close();
	assert_int_equal(stack.out.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, sender_setup, large_teardown)
		T(U23_no_frame_leaves_with_a_wrong_sum),
		T(U23_A19_what_a_sender_spoils_while_it_waits_fails),
		T(P7_what_is_no_large_send_is_refused),
#undef T
	};

	setenv("OVMQ_VERIFIER", "off", 1);
	return cmocka_run_group_tests_name("offloads that cannot be done", tests, ground_setup,
					   ground_teardown);
}
