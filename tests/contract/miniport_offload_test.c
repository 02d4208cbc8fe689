/* SPDX-License-Identifier: BSD-2-Clause */
/* What the miniport does for a send: checksums and large sends (P1 .. P3, P6 .. P11, P15). What
 * leaves is compared with what a reference builds. */
#include "large.h"

#define OK NDIS_STATUS_SUCCESS

static uint8_t expected[BUILD_ROOM];

#define SHAPES 32

static struct build shape(unsigned i)
{
	struct build b = large_tcp(i & 1 ? 6 : 4, 1 + i * 41);

	b.protocol = i & 2 ? BUILD_UDP : BUILD_TCP;
	b.tci = i & 4 ? 0x6123 : -1;
	b.ip_options = i & 8 ? 16 : 0;
	b.tcp_options = i & 16 ? 12 : 0;
	return b;
}

/* ---- checksums ---- */

static void P1_the_slots_hold_the_word_itself(void **state)
{
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO c = { .Value = NULL };
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO l = { .Value = NULL };

	(void)state;
	c.Transmit.IsIPv4 = 1;
	c.Transmit.TcpChecksum = 1;
	c.Transmit.TcpHeaderOffset = 54;
	assert_int_equal((uintptr_t)c.Value, 1 | 4 | 54u << 16);
	c.Value = (PVOID)(uintptr_t)0x2a;
	assert_true(c.Receive.UdpChecksumFailed && c.Receive.TcpChecksumSucceeded &&
		    c.Receive.IpChecksumSucceeded);
	l.LsoV2Transmit.MSS = 1460;
	l.LsoV2Transmit.TcpHeaderOffset = 54;
	l.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
	l.LsoV2Transmit.IPVersion = NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6;
	assert_int_equal((uintptr_t)l.Value, 1460 | 54u << 20 | 3u << 30);
	assert_int_equal(sizeof(c), sizeof(PVOID));
	assert_int_equal(sizeof(l), sizeof(PVOID));
}

/* One word for all NBs. */
static void P1_one_word_is_for_all_buffers_of_a_list(void **state)
{
	struct build b = shape(0), c = shape(16);
	struct large *one, *two;
	unsigned n;

	(void)state;
	stack_open(NULL);
	one = large_new(&b, 4000);
	two = large_new(&c, 4000);
	NET_BUFFER_NEXT_NB(&one->packet->nb[0]) = &two->packet->nb[0];
	sender_n = 1;
	large_ask_sums(one, LARGE_V4 | LARGE_IP | LARGE_TCP);
	assert_int_equal(large_send_one(one), OK);
	packet_free(two->packet);
	n = build_frame(expected, &b).length;
	large_left(0, expected, n);
	n = build_frame(expected, &c).length;
	large_left(1, expected, n);
}

static void P2_without_a_version_nothing_is_computed(void **state)
{
	struct build b = shape(0);
	struct large *l;

	(void)state;
	stack_open(NULL);
	l = large_new(&b, 4000);
	large_ask_sums(l, LARGE_IP | LARGE_TCP | LARGE_UDP);
	assert_int_equal(large_send_one(l), OK);
	large_left(0, l->before, l->at.length);
}

/* Only what was asked for. */
static void P2_each_bit_asks_for_its_own_sum(void **state)
{
	struct build b = shape(0);
	struct large *ip, *transport;
	uint8_t *kept;
	struct built at;

	(void)state;
	stack_open(NULL);
	ip = large_new(&b, 4000);
	transport = large_new(&b, 4000);
	large_ask_sums(ip, LARGE_V4 | LARGE_IP);
	large_ask_sums(transport, LARGE_V4 | LARGE_TCP);
	assert_int_equal(large_send_one(ip), OK);
	assert_int_equal(large_send_one(transport), OK);
	at = build_frame(expected, &b);
	kept = checksum_field(expected, &b, &at);
	memcpy(kept, ip->before + (kept - expected), 2);
	large_left(0, expected, at.length);
	at = build_frame(expected, &b);
	put16(expected + at.ip + 10, 0xdead);
	large_left(1, expected, at.length);
}

static void P2_P3_P15_every_shape_gets_its_sums(void **state)
{
	static const unsigned pieces[] = { 19, 54, 4000 };
	struct large *l[SHAPES];

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < SHAPES; i++) {
		struct build b = shape(i);

		l[i] = large_new(&b, pieces[i % 3]);
		large_ask_sums(l[i], large_sums_of(&b));
	}
	large_send_all(l, SHAPES);
	for (unsigned i = 0; i < SHAPES; i++) {
		unsigned n = build_frame(expected, &l[i]->build).length;

		assert_int_equal(sender_status(l[i]->packet), OK);
		large_left(i, expected, n);
	}
}

static void P15_a_tag_out_of_band_is_not_counted(void **state)
{
	struct build b = shape(1);
	struct large *l;
	unsigned n;

	(void)state;
	stack_open(NULL);
	l = large_new(&b, 50);
	packet_set_tag(l->packet, 5, 77);
	large_ask_sums(l, large_sums_of(&b));
	assert_int_equal(large_send_one(l), OK);
	b.tci = 5 << 13 | 77;
	n = build_frame(expected, &b).length;
	large_left(0, expected, n);
}

static const struct ndis_keyword sends_off[] = {
	{ "*IPChecksumOffloadIPv4", "0" }, { "*TCPUDPChecksumOffloadIPv4", "2" },
	{ "*TCPUDPChecksumOffloadIPv6", "0" }, { NULL, NULL },
};

static void U23_a_sum_whose_offload_is_off_is_computed_all_the_same(void **state)
{
	const struct stack_options o = { .keywords = sends_off };
	struct build b = shape(0);
	struct large *l;
	unsigned n;

	(void)state;
	stack_open(&o);
	l = large_new(&b, 4000);
	large_ask_sums(l, large_sums_of(&b));
	assert_int_equal(large_send_one(l), OK);
	n = build_frame(expected, &b).length;
	large_left(0, expected, n);
}

/* NVGRE: 'inner' behind an outer Ethernet, IPv4 and GRE header. Returns the length. */
static unsigned encapsulate(uint8_t *to, const uint8_t *inner, unsigned n, bool right)
{
	struct build b = { .version = 4, .protocol = 47, .tci = -1, .payload = 8 + n };
	struct built at = build_frame(to, &b);

	memset(to + at.payload, 0, 8);
	put16(to + at.payload, 0x2000);
	put16(to + at.payload + 2, 0x6558);
	memcpy(to + at.payload + 8, inner, n);
	if (!right)
		put16(to + at.ip + 10, 0xdead);
	return at.length;
}

static struct large *encapsulated(unsigned version)
{
	static uint8_t inner[BUILD_ROOM], outer[BUILD_ROOM];
	struct build b = large_tcp(version, 333);
	struct built at = build_frame(inner, &b);

	encapsulate(expected, inner, at.length, true);
	build_leave(inner, &b, &at, false);
	return large_new_bytes(outer, encapsulate(outer, inner, at.length, false), 70);
}

static void say_encapsulated(struct large *l)
{
	NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO s = { .Value = NULL };

	s.EncapsulatedPacketOffsets.IsEncapsulatedPacket = 1;
	NET_BUFFER_LIST_INFO(&l->packet->nbl, TcpSendOffloadsSupplementalNetBufferListInfo) = s.Value;
}

static void P6_an_encapsulated_send_gets_all_its_sums(void **state)
{
	struct large *l;

	(void)state;
	for (unsigned version = 4; version <= 6; version += 2) {
		stack_open(NULL);
		l = encapsulated(version);
		say_encapsulated(l);
		large_ask_sums(l, LARGE_V4 | LARGE_IP | LARGE_TCP);
		assert_int_equal(large_send_one(l), OK);
		large_left(0, expected, l->at.length);
		large_teardown(state);
		sender_setup(state);
	}
}

static void X51_without_the_supplement_the_outer_header_alone(void **state)
{
	struct large *l;

	(void)state;
	stack_open(NULL);
	l = encapsulated(4);
	large_ask_sums(l, LARGE_V4 | LARGE_IP);
	assert_int_equal(large_send_one(l), OK);
	memcpy(expected + 34, l->before + 34, l->at.length - 34);
	large_left(0, expected, l->at.length);
}

#define T(name) cmocka_unit_test_setup_teardown(name, sender_setup, large_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(P1_the_slots_hold_the_word_itself),
		T(P1_one_word_is_for_all_buffers_of_a_list),
		T(P2_without_a_version_nothing_is_computed),
		T(P2_each_bit_asks_for_its_own_sum),
		T(P2_P3_P15_every_shape_gets_its_sums),
		T(P15_a_tag_out_of_band_is_not_counted),
		T(U23_a_sum_whose_offload_is_off_is_computed_all_the_same),
		T(P6_an_encapsulated_send_gets_all_its_sums),
		T(X51_without_the_supplement_the_outer_header_alone),
	};

	return cmocka_run_group_tests_name("offloads of sends", tests, ground_setup, ground_teardown);
}
