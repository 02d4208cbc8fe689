/* SPDX-License-Identifier: BSD-2-Clause */
/* Who goes first: DCB's classes and 802.1p's priorities, as they leave (O9, O10, O12, O14, O19). */
#include "dcb.h"

#include <string.h>

#include "ndis/host.h"

#define OK NDIS_STATUS_SUCCESS

/* Sends as many of each priority, while the NIC takes nothing. */
static void send_of(unsigned n, unsigned priority)
{
	for (unsigned i = 0; i < n; i++)
		sender_send(dcb_packet(priority));
}

/* The priority of frame 'i' of what left, from its tag; 0: it has none. */
static unsigned priority_out(unsigned i)
{
	const uint8_t *b = stack.out.list[i].bytes;

	return b[12] == 0x81 && b[13] == 0 ? b[14] >> 5 : 0;
}

/* The number that its sender gave it: the tag is between. */
static uint32_t number_out(unsigned i)
{
	uint8_t plain[64];
	const uint8_t *b = stack.out.list[i].bytes;
	unsigned tag = b[12] == 0x81 && b[13] == 0 ? 4 : 0;

	memcpy(plain, b, 12);
	memcpy(plain + 12, b + 12 + tag, sizeof(plain) - 12);
	return ground_index(plain, sizeof(plain));
}

/* Within each priority what left is in the order of sending. */
static void assert_each_in_order(void)
{
	uint32_t next[8] = { 0 };

	for (unsigned i = 0; i < stack.out.n; i++) {
		unsigned priority = priority_out(i);
		uint32_t number = number_out(i);

		assert_true(number >= next[priority]);
		next[priority] = number + 1;
	}
}

static struct miniport_class_report class_report(unsigned cls)
{
	struct miniport_class_report r;

	assert_true(miniport_class_report(ndis_adapter_context(stack.adapter), cls, &r));
	return r;
}

/* U22: neither the port nor DEFAULT re-marks what the host sends. */
static void O14_frames_of_the_host_keep_their_priority(void **state)
{
	struct dcb_set s = dcb_three_classes();
	uint8_t tcp[80] = { 2, 0, 0, 0, 0, 0x42, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0, 0, 66 };
	struct ground_frame f = { tcp, sizeof(tcp) };

	(void)state;
	stack_open(NULL);
	dcb_with_elements(&s, 2);
	s.elements[0].ConditionSelector = NDIS_QOS_CONDITION_DEFAULT;
	s.elements[0].ConditionField = 0;
	assert_int_equal(dcb_set(&s), OK);
	tcp[23] = 6;
	tcp[37] = 81;
	for (unsigned i = 0; i < 2; i++) {
		struct packet *p = sender_empty(0);

		packet_add(p, &f, 1, NULL, 0);
		if (i)
			packet_set_tag(p, 3, 0);
		sender_send(p);
	}
	sender_all_done(OK);
	assert_int_equal(class_report(0).sent, 1);
	assert_int_equal(class_report(1).sent, 1);
	assert_int_equal(class_report(2).sent, 0);
	stack_close();
	assert_int_equal(stack.out.list[0].bytes[12], 8);      /* no tag */
	assert_int_equal(priority_out(1), 3);
}

static void O9_every_5_leaves_before_any_2(void **state)
{
	struct dcb_set s = dcb_three_classes();
	unsigned late = 0;

	(void)state;
	stack_open(NULL);
	memset(s.p.TsaAssignmentTable, STRICT, 8);
	memset(s.p.TcBandwidthAssignmentTable, 0, 8);
	assert_int_equal(dcb_set(&s), OK);
	stack_take(0);
	send_of(100, 2);
	send_of(100, 5);
	stack_take(50);
	ground_until(atomic_load(&stack.room) == 0);
	send_of(100, 5);           /* these came last and go before every 2 */
	stack_take(-1);
	sender_all_done(OK);
	stack_close();
	assert_int_equal(stack.out.n, 300);
	/* One burst may have been made ready before the first 5 came; no other 2 is before one. */
	for (unsigned i = 0; i < 300; i++)
		late += priority_out(i) == 2 && i < 200;
	assert_true(late <= 32);
	for (unsigned i = 200 + late; i < 300; i++)
		assert_int_equal(priority_out(i), 2);
	assert_each_in_order();
}

static void O10_shares_of_the_wire_under_overload(void **state)
{
	struct dcb_set s = dcb_three_classes();

	(void)state;
	stack_open(NULL);
	assert_int_equal(dcb_set(&s), OK);
	stack_take(0);
	send_of(3000, 0);
	send_of(3000, 3);
	stack_take(3000);
	ground_until(atomic_load(&stack.room) == 0);
	ground_settle();
	assert_in_range(class_report(0).sent, 870, 930);
	assert_in_range(class_report(1).sent, 2070, 2130);
	/* The second has 900 left; then the first has all of it. */
	stack_take(2400);
	ground_until(atomic_load(&stack.room) == 0);
	ground_settle();
	assert_int_equal(class_report(1).sent, 3000);
	assert_int_equal(class_report(0).sent, 2400);
	stack_take(-1);
	sender_all_done(OK);
	stack_close();
	assert_each_in_order();
}

static void A11_O12_class_counters_follow_the_table(void **state)
{
	struct dcb_set s = dcb_three_classes();

	(void)state;
	stack_open(NULL);
	assert_int_equal(dcb_set(&s), OK);
	for (unsigned p = 0; p < 8; p++)
		send_of(p + 1, p);
	sender_all_done(OK);
	assert_int_equal(class_report(0).sent, 1 + 2 + 3);
	assert_int_equal(class_report(1).sent, 4 + 5);
	assert_int_equal(class_report(2).sent, 6 + 7 + 8);
	assert_int_equal(class_report(2).priorities, 0xe0);
	/* PFC takes a priority apart from its class, and it still counts there. */
	s.p.PfcEnable = 1 << 3 | 1 << 6;
	assert_int_equal(dcb_set(&s), OK);
	send_of(10, 3);
	send_of(10, 6);
	sender_all_done(OK);
	assert_int_equal(class_report(1).sent, 9 + 10);
	assert_int_equal(class_report(2).sent, 21 + 10);
}

static void A7_O12_a_connection_stays_in_order_while_tables_change(void **state)
{
	struct dcb_set s = dcb_three_classes(), t = dcb_three_classes();

	(void)state;
	for (unsigned p = 0; p < 8; p++)
		t.p.PriorityAssignmentTable[p] = (UCHAR)(2 - s.p.PriorityAssignmentTable[p]);
	memcpy(t.p.TcBandwidthAssignmentTable, (UCHAR[]){ 0, 70, 30 }, 3);
	memcpy(t.p.TsaAssignmentTable, (UCHAR[]){ STRICT, ETS, ETS }, 3);
	stack_open(NULL);
	stack_take(0);
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(dcb_set(i & 1 ? &s : &t), OK);
		for (unsigned k = 0; k < 100; k++)
			sender_send(dcb_packet(k * 5 % 8));
		stack_take(60);    /* some are left each time */
	}
	stack_take(-1);
	sender_all_done(OK);
	stack_close();
	assert_int_equal(stack.out.n, 4000);
	assert_each_in_order();
}

static void A12_O19_priorities_alone(void **state)
{
	(void)state;
	dcb_open("0", "3", false);
	stack_take(0);
	send_of(100, 1);
	send_of(100, 0);
	send_of(100, 7);
	stack_take(-1);
	sender_all_done(OK);
	assert_int_equal(class_report(7).sent, 100);
	assert_int_equal(class_report(0).sent, 100);
	stack_close();
	assert_each_in_order();
	/* One burst may have been made ready before; the rest is in order of rank. */
	for (unsigned i = 40; i < 100; i++)
		assert_int_equal(priority_out(i), 7);
	for (unsigned i = 240; i < 300; i++)
		assert_int_equal(priority_out(i), 1);
}

static void A8_O19_without_priority_tags_there_is_one_fifo(void **state)
{
	static const char *const tags[] = { "0", "2" };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		unsigned first = sender_frames.n;

		trace_clear();
		dcb_open("0", tags[i], false);
		stack_take(0);
		send_of(50, 1);
		send_of(50, 7);
		stack_take(-1);
		sender_all_done(OK);
		stack_close();
		for (unsigned k = 0; k < 100; k++)
			assert_int_equal(number_out(k), first + k);
		for (unsigned k = 0; k < sender_n; k++)
			packet_free(sender_packets[k]);
		sender_n = 0;
		ground_frames_free(&stack.out);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(O14_frames_of_the_host_keep_their_priority),
		TEST(O9_every_5_leaves_before_any_2),
		TEST(O10_shares_of_the_wire_under_overload),
		TEST(A11_O12_class_counters_follow_the_table),
		TEST(A7_O12_a_connection_stays_in_order_while_tables_change),
		TEST(A12_O19_priorities_alone),
		TEST(A8_O19_without_priority_tags_there_is_one_fifo),
	};

	return cmocka_run_group_tests_name("qos order", tests, ground_setup, ground_teardown);
}
