/* SPDX-License-Identifier: BSD-2-Clause */
/* The default queue of our miniport, shared by two protocols with filters of their own: who
 * gets which frame (C9, D27, U8). */
#include "stack.h"

#include <string.h>

#define P0 (&protocols[0])
#define P1 (&protocols[1])

#define OK      NDIS_STATUS_SUCCESS
#define INVALID NDIS_STATUS_INVALID_PARAMETER

static const struct stack_options two = { .protocols = 2 };

/* How often that protocol got that frame of the wire, whole but for its tag. */
static unsigned times(const struct protocol *p, unsigned frame)
{
	unsigned n = 0;

	for (unsigned i = 0; i < trace.n_frames; i++)
		n += trace.frames[i].who == p->number && trace.frames[i].index == frame &&
		     trace.frames[i].intact;
	return n;
}

/* Who got it: bit 0 protocol 0, bit 1 protocol 1. Nobody may get it twice. */
static unsigned takers(unsigned frame)
{
	assert_in_range(times(P0, frame), 0, 1);
	assert_in_range(times(P1, frame), 0, 1);
	return times(P0, frame) | times(P1, frame) << 1;
}

/* How many frames the miniport's packet filter dropped. */
static uint64_t dropped(void)
{
	return stack_report().drops[WIRE_DROP_PACKET_FILTER];
}

static unsigned broadcast_frame(void)
{
	unsigned n = stack_frame_of(0xff, UNTAGGED);

	memset(protocol_wire.list[n].bytes, 0xff, 6);
	return n;
}

static void packet_filters(ULONG first, ULONG second)
{
	assert_int_equal(ask_packet_filter(P0, first), OK);
	assert_int_equal(ask_packet_filter(P1, second), OK);
}

static ULONG filter(struct protocol *p, unsigned last, int vlan)
{
	ULONG id;

	assert_int_equal(ask_filter(p, 0, last, vlan, &id), OK);
	return id;
}

/* Each frame to everybody whose packet filter or whose own filter wants it, once each. */
static void C9_D27_U8_frames_go_to_whose_filter_they_match(void **state)
{
	unsigned one, five, two_five, two_six, three, four, all, none;

	(void)state;
	one = stack_frame_of(1, UNTAGGED);
	five = stack_frame_of(1, 5);
	two_five = stack_frame_of(2, 3 << 13 | 5);
	two_six = stack_frame_of(2, 6);
	three = stack_frame_of(3, 9);
	four = stack_frame_of(4, UNTAGGED);
	all = broadcast_frame();
	none = stack_frame_of(5, UNTAGGED);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_BROADCAST);
	filter(P0, 1, VLAN_NONE_OR_ZERO);
	filter(P1, 2, 5);
	filter(P1, 3, VLAN_ANY);
	filter(P0, 4, VLAN_NONE_OR_ZERO);
	filter(P1, 4, VLAN_NONE_OR_ZERO);
	stack_flow(8);
	assert_int_equal(takers(one), 1);
	assert_int_equal(takers(two_five), 2);
	assert_int_equal(takers(three), 2);
	assert_int_equal(takers(four), 3);
	assert_int_equal(takers(all), 3);
	assert_int_equal(takers(five), 0);
	assert_int_equal(takers(two_six), 0);
	assert_int_equal(takers(none), 0);
	assert_int_equal(dropped(), 3);
	assert_int_equal(ndis_adapter_unclaimed(stack.adapter), 0);
	assert_int_equal(stack_queue_report(0).indicated, 5);
}

/* A packet filter that wants everything, and a filter besides: once all the same. */
static void C9_U8_a_packet_filter_takes_what_anothers_filter_matched(void **state)
{
	unsigned one, other;

	(void)state;
	one = stack_frame_of(1, UNTAGGED);
	other = stack_frame_of(2, 7);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_PROMISCUOUS);
	filter(P0, 1, VLAN_NONE_OR_ZERO);
	filter(P1, 1, VLAN_NONE_OR_ZERO);
	stack_flow(2);
	assert_int_equal(takers(one), 3);
	assert_int_equal(takers(other), 2);
	assert_int_equal(ndis_adapter_unclaimed(stack.adapter), 0);
}

/* Tests of fields other than MAC and VLAN, and of a tag that only the OOB holds. */
static void C9_D9_filters_of_any_kind_are_shared_out(void **state)
{
	const struct ask_test priority[] = {
		{ .field = NdisMacHeaderFieldPriority, .test = NdisReceiveFilterTestEqual,
		  .value = { 6 } },
	}, source[] = {
		{ .field = NdisMacHeaderFieldDestinationAddress,
		  .test = NdisReceiveFilterTestMaskEqual,
		  .value = { 0, 0, 0, 0, 0, 0xf0 }, .result = { 0, 0, 0, 0, 0, 0x20 } },
		{ .field = NdisMacHeaderFieldProtocol, .test = NdisReceiveFilterTestNotEqual,
		  .value = { 0x08, 0x06 } },
	};
	unsigned six, five, plain, arp;

	(void)state;
	six = stack_frame_of(9, 6 << 13 | 12);
	five = stack_frame_of(9, 5 << 13 | 12);
	plain = stack_frame_of(0x21, UNTAGGED);
	arp = stack_frame_of(0x22, UNTAGGED);
	memcpy(protocol_wire.list[arp].bytes + 12, "\x08\x06", 2);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_BROADCAST);
	assert_int_equal(ask_filter_tests(P0, 0, 0, 1, priority, NULL), OK);
	assert_int_equal(ask_filter_tests(P1, 0, 0, 2, source, NULL), OK);
	stack_flow(4);
	assert_int_equal(takers(six), 1);
	assert_int_equal(takers(plain), 2);
	assert_int_equal(takers(five), 0);
	assert_int_equal(takers(arp), 0);
	assert_int_equal(dropped(), 2);
}

/* The frame inside decides for who asked so, and the outer one for who did not (D12). */
static void C9_D12_the_inner_header_is_looked_at_for_who_asked(void **state)
{
	static const uint8_t header[] = {
		0x08, 0x00, 0x45, 0, 0, 86, 0, 0, 0, 0, 64, 47, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		0x20, 0, 0x65, 0x58, 0, 0, 1, 0,
	};
	const struct ask_test mac = { .field = NdisMacHeaderFieldDestinationAddress,
				      .test = NdisReceiveFilterTestEqual,
				      .value = { 2, 0, 0, 0, 0, 1 } };
	const unsigned in = stack_frame(7, 5, 104), out = stack_frame(1, UNTAGGED, 100);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *b = protocol_wire.list[i].bytes + (i == in ? 4 : 0);

		memcpy(b + 12, header, sizeof(header));
		ground_mac(b + 42, i == in ? 1 : 7);
		ground_mac(b + 48, 0xed);
		memcpy(b + 54, "\x08\x00", 2);
	}
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_BROADCAST);
	assert_int_equal(ask_filter_tests(P0, 0, NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION, 1, &mac,
					  NULL), OK);
	assert_int_equal(ask_filter_tests(P1, 0, 0, 1, &mac, NULL), OK);
	stack_flow(2);
	/* What was written over their numbers tells nothing; there is one of each. */
	assert_int_equal(trace.n_frames, 2);
	assert_int_equal(trace.frames[in].who, 0);
	assert_int_equal(trace.frames[in].vlan, 5);
	assert_int_equal(trace.frames[out].who, 1);
	assert_int_equal(trace.frames[out].vlan, 0);
	assert_int_equal(ndis_adapter_unclaimed(stack.adapter), 0);
}

/* The same filter of two protocols: neither clears the other's, and each ends alone. */
static void C9_D31_a_clear_ends_ones_own_and_no_other(void **state)
{
	unsigned before, after, last;
	ULONG mine, foreign;

	(void)state;
	before = stack_frame_of(1, UNTAGGED);
	after = stack_frame_of(1, UNTAGGED);
	last = stack_frame_of(1, UNTAGGED);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_BROADCAST);
	mine = filter(P0, 1, VLAN_NONE_OR_ZERO);
	foreign = filter(P1, 1, VLAN_NONE_OR_ZERO);
	assert_int_equal(ask_clear(P0, 0, foreign), INVALID);
	assert_int_equal(ask_clear(P1, 0, mine), INVALID);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, 0, mine), OK);
	stack_flow(1);
	assert_int_equal(ask_clear(P1, 0, foreign), OK);
	stack_flow(1);
	assert_int_equal(takers(before), 3);
	assert_int_equal(takers(after), 2);
	assert_int_equal(takers(last), 0);
	assert_int_equal(dropped(), 1);
	assert_int_equal(ndis_adapter_unclaimed(stack.adapter), 0);
}

/* One of several that a protocol has goes, and the others stay in force. */
static void C9_D27_what_is_left_of_ones_filters_stays_in_force(void **state)
{
	unsigned one, three, again;
	ULONG id;

	(void)state;
	one = stack_frame_of(1, UNTAGGED);
	three = stack_frame_of(3, UNTAGGED);
	again = stack_frame_of(2, UNTAGGED);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_BROADCAST);
	filter(P0, 1, VLAN_NONE_OR_ZERO);
	id = filter(P0, 2, VLAN_NONE_OR_ZERO);
	filter(P0, 3, VLAN_NONE_OR_ZERO);
	assert_int_equal(ask_clear(P0, 0, id), OK);
	stack_flow(3);
	assert_int_equal(takers(one), 1);
	assert_int_equal(takers(three), 1);
	assert_int_equal(takers(again), 0);
}

/* D29: a SET that the miniport refused is no filter of NDIS's either. */
static void D28_D29_a_refused_filter_takes_nothing(void **state)
{
	unsigned seven;

	(void)state;
	seven = stack_frame_of(1, 7);
	stack_open(&(struct stack_options){ .protocols = 2, .ndis_620 = true });
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_PROMISCUOUS);
	assert_int_equal(ask_filter(P0, 0, 1, VLAN_ANY, NULL), INVALID);   /* D15 */
	stack_flow(1);
	assert_int_equal(takers(seven), 2);
}

/* A VM queue's frames are its owner's, whatever another filters on the default queue. */
static void C6_C9_a_queue_is_not_shared(void **state)
{
	unsigned frame;
	ULONG queue;

	(void)state;
	frame = stack_frame_of(1, UNTAGGED);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_PROMISCUOUS, NDIS_PACKET_TYPE_PROMISCUOUS);
	queue = ask_running(P0, 0, 0, 1, VLAN_NONE_OR_ZERO, NULL);
	filter(P1, 1, VLAN_NONE_OR_ZERO);
	stack_flow(1);
	assert_int_equal(takers(frame), 1);
	assert_int_equal(trace_frame_of(frame)->queue, queue);
}

/* The last filter of one goes, then its binding; the other's stays in force, and a binding
 * that comes later has nothing of it. */
static void D34_G1_C9_nothing_is_left_of_a_protocol_that_went(void **state)
{
	unsigned before, after, others, again;
	struct error err = { "" };
	ULONG id;

	(void)state;
	before = stack_frame_of(1, UNTAGGED);
	after = stack_frame_of(1, UNTAGGED);
	others = stack_frame_of(2, UNTAGGED);
	again = stack_frame_of(1, UNTAGGED);
	stack_open(&two);
	packet_filters(NDIS_PACKET_TYPE_BROADCAST, NDIS_PACKET_TYPE_BROADCAST);
	filter(P1, 2, VLAN_NONE_OR_ZERO);
	id = filter(P0, 1, VLAN_NONE_OR_ZERO);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, 0, id), OK);
	assert_int_equal(ndis_protocol_unbind(stack.adapter, P0->image, &err), 0);
	stack_flow(1);
	assert_int_equal(ndis_protocol_bind(stack.adapter, P0->image, &err), 0);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_BROADCAST), OK);
	stack_flow(2);
	assert_int_equal(takers(before), 1);
	assert_int_equal(takers(after), 0);
	assert_int_equal(takers(others), 2);
	assert_int_equal(takers(again), 0);
	assert_int_equal(dropped(), 2);
	assert_int_equal(ndis_adapter_unclaimed(stack.adapter), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(C9_D27_U8_frames_go_to_whose_filter_they_match),
		TEST(C9_U8_a_packet_filter_takes_what_anothers_filter_matched),
		TEST(C9_D9_filters_of_any_kind_are_shared_out),
		TEST(C9_D12_the_inner_header_is_looked_at_for_who_asked),
		TEST(C9_D31_a_clear_ends_ones_own_and_no_other),
		TEST(C9_D27_what_is_left_of_ones_filters_stays_in_force),
		TEST(D28_D29_a_refused_filter_takes_nothing),
		TEST(C6_C9_a_queue_is_not_shared),
		TEST(D34_G1_C9_nothing_is_left_of_a_protocol_that_went),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
