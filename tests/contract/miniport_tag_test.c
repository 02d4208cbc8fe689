/* SPDX-License-Identifier: BSD-2-Clause */
/* What PFC frames halt, and for how long (O11); and tags on the wire and in the OOB by the
 * keywords (O18, O20, A32). */
#include "dcb.h"

#include <string.h>

#include "ndis/host.h"
#include "verifier/verifier.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define LONGEST_PAUSE_US 3355   /* 65535 quanta at 10 Gb/s */

/* ---- PFC ---- */

static void add_pfc_frame(unsigned named, unsigned quanta)
{
	uint8_t f[60] = { 0x01, 0x80, 0xc2, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0x08, 0x01, 0x01 };

	f[17] = (uint8_t)named;
	for (unsigned i = 0; i < 8; i++) {
		f[18 + 2 * i] = (uint8_t)(quanta >> 8);
		f[19 + 2 * i] = (uint8_t)quanta;
	}
	ground_bytes_add(&protocol_wire, f, sizeof(f));
}

static uint64_t now_us(void)
{
	LARGE_INTEGER t = KeQueryPerformanceCounter(NULL), frequency;

	KeQueryPerformanceCounter(&frequency);
	return (uint64_t)t.QuadPart * 1000000u / (uint64_t)frequency.QuadPart;
}

static uint64_t control_frames(void)
{
	return stack_report().drops[WIRE_DROP_MAC_CONTROL];
}

/* One PFC frame, then a frame of priority 3 and one of 0: how long after it came the first
 * had left, and whether the other was before it. */
static uint64_t pause_once(bool *overtaken)
{
	unsigned before = trace.n_sends;
	uint64_t seen = control_frames(), since = now_us(), until;

	stack_take(0);
	stack_let(1);
	ground_until(control_frames() == seen + 1);
	sender_send(dcb_packet(3));
	sender_send(dcb_packet(0));
	stack_take(-1);
	ground_until(trace.n_sends == before + 2);
	until = now_us();
	*overtaken = trace.sends[before].nbl == &sender_packets[sender_n - 1]->nbl;
	return until - since;
}

static void O11_a_pfc_frame_halts_what_it_names_until_its_time_is_over(void **state)
{
	struct dcb_set s = dcb_three_classes();
	unsigned overtaken = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		add_pfc_frame(1 << 3 | 1 << 0, 0xffff);   /* 0 is not enabled */
	stack_open_receiving(NULL);
	s.p.PfcEnable = 1 << 3;
	memset(s.p.TsaAssignmentTable, STRICT, 8);
	memset(s.p.TcBandwidthAssignmentTable, 0, 8);
	assert_int_equal(dcb_set(&s), OK);
	for (unsigned i = 0; i < 20; i++) {
		bool before;
		uint64_t us = pause_once(&before);

		assert_true(us >= LONGEST_PAUSE_US);
		overtaken += before;
	}
	assert_true(overtaken >= 1);   /* unless this machine slept through each pause */
	sender_all_done(OK);
	assert_int_equal(trace.n_frames, 0);
}

static void O11_a_priority_that_is_not_enabled_goes_on(void **state)
{
	struct dcb_set s = dcb_three_classes();

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add_pfc_frame(0xff, 0xffff);
	stack_open_receiving(NULL);
	s.p.PfcEnable = 1 << 4;        /* of the same class as 3 */
	memset(s.p.TsaAssignmentTable, STRICT, 8);
	memset(s.p.TcBandwidthAssignmentTable, 0, 8);
	assert_int_equal(dcb_set(&s), OK);
	for (unsigned i = 0; i < 10; i++) {
		bool before;

		pause_once(&before);
		assert_false(before);
	}
}

/* While nothing may be halted such a frame is one like any other. */
static void O11_without_pfc_its_frames_are_frames(void **state)
{
	(void)state;
	add_pfc_frame(0xff, 0xffff);
	stack_open_receiving(NULL);
	stack_flow(1);
	assert_int_equal(control_frames(), 0);
	assert_int_equal(trace.n_frames, 1);
}

static void O11_a_time_of_0_ends_a_halt(void **state)
{
	struct dcb_set s = dcb_three_classes();
	uint64_t longest = 0;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		add_pfc_frame(1 << 3, i % 2 ? 0 : 0xffff);
	stack_open_receiving(NULL);
	s.p.PfcEnable = 1 << 3;
	assert_int_equal(dcb_set(&s), OK);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t since = now_us(), seen = control_frames();

		stack_let(2);
		ground_until(control_frames() == seen + 2);
		sender_send(dcb_packet(3));
		ground_until(trace.n_sends == i + 1);
		if (!i || now_us() - since < longest)
			longest = now_us() - since;
	}
	assert_true(longest < LONGEST_PAUSE_US);   /* the shortest of all, of a busy machine */
}

/* ---- tags ---- */

static ULONG mac_options(void)
{
	ULONG o = 0;

	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_MAC_OPTIONS, &o, sizeof(o),
				 0), OK);
	return o & (NDIS_MAC_OPTION_8021P_PRIORITY | NDIS_MAC_OPTION_8021Q_VLAN);
}

static ULONG maximum(void)
{
	ULONG n = 0;

	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_MAXIMUM_TOTAL_SIZE, &n,
				 sizeof(n), 0), OK);
	return n;
}

static void O18_A32_the_keywords_govern_tags_in_both_directions(void **state)
{
	static const ULONG options[] = {
		0, NDIS_MAC_OPTION_8021P_PRIORITY,
		NDIS_MAC_OPTION_8021P_PRIORITY | NDIS_MAC_OPTION_8021Q_VLAN,
		NDIS_MAC_OPTION_8021P_PRIORITY | NDIS_MAC_OPTION_8021Q_VLAN,
	};
	static const char *const number[] = { "0", "1", "2", "3" };

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool qos = i & 4;
		unsigned tags = (i & 3) | qos;      /* 0 counts as 1, and 2 as 3 */
		unsigned tci = (tags & 1 ? 5u << 13 : 0) | (tags & 2 ? 77 : 0);
		struct packet *p;
		const uint8_t *b;

		ground_frames_free(&protocol_wire);
		stack_frame_of(9, 6 << 13 | 55);
		trace_clear();
		dcb_open(qos ? "1" : "0", number[i & 3], false);
		assert_int_equal(mac_options(), options[tags]);
		assert_int_equal(maximum(), tags ? 1514 : 1518);
		assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_PROMISCUOUS), OK);
		stack_flow(1);
		assert_int_equal(trace.n_frames, 1);
		assert_true(trace.frames[0].intact);      /* the tag is out of the data */
		assert_int_equal(trace.frames[0].priority, tags & 1 ? 6 : 0);
		assert_int_equal(trace.frames[0].vlan, tags & 2 ? 55 : 0);
		p = sender_packet(P0, 0, 100);
		packet_set_tag(p, 5, 77);
		sender_send(p);
		packets_wait(1);
		stack_close();
		b = stack.out.list[0].bytes;
		assert_int_equal(stack.out.list[0].length, tags ? 104 : 100);
		if (tags)
			assert_int_equal(b[14] << 8 | b[15], tci);
		packet_free(p);
		sender_n = 0;
		ground_frames_free(&stack.out);
	}
}

static void O20_A32_a_tag_in_the_data_stays_the_only_one(void **state)
{
	static const unsigned cut[] = { 13, 1, 0 };   /* the EtherType lies in two MDLs */
	uint8_t mac[6];
	unsigned at;

	(void)state;
	verifier_ignore("SendHeader");   /* on purpose */
	stack_open(NULL);
	ground_mac(mac, 0x42);
	for (unsigned i = 0; i < 2; i++) {
		struct packet *p = sender_empty(0);

		at = ground_frame_add(&sender_frames, mac, 2 << 13 | 9, 100);
		packet_add(p, &sender_frames.list[at], i ? 3 : 1, i ? cut : NULL, 5);
		packet_set_tag(p, 5, 77);
	}
	packets_send(P0, sender_packets, sender_n, 0);
	sender_all_done(OK);
	sender_left_in_order(2);
	verifier_heed("SendHeader");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)
		TEST(O11_a_pfc_frame_halts_what_it_names_until_its_time_is_over),
		TEST(O11_a_priority_that_is_not_enabled_goes_on),
		TEST(O11_without_pfc_its_frames_are_frames),
		TEST(O11_a_time_of_0_ends_a_halt),
		TEST(O18_A32_the_keywords_govern_tags_in_both_directions),
		TEST(O20_A32_a_tag_in_the_data_stays_the_only_one),
#undef TEST
	};

	return cmocka_run_group_tests_name("tags and PFC", tests, ground_setup, ground_teardown);
}
