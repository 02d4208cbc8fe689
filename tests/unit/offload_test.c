/* SPDX-License-Identifier: BSD-2-Clause */
/* What a NIC does to a frame, in software: headers, checksums, segments (P). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_eal.h>

#include "frame/frame.h"
#include "offload/checksum.h"
#include "offload/segment.h"
#include "offload_testing.h"

static struct frame_pool *pool;
static uint8_t frame[BUILD_ROOM], expected[BUILD_ROOM];

/* Frames of every shape, 'i' of SHAPES. */
#define SHAPES 24

static struct build shape(unsigned i)
{
	return (struct build){
		.version = i & 1 ? 6 : 4,
		.protocol = i & 2 ? BUILD_UDP : BUILD_TCP,
		.tci = i & 4 ? 0x6123 : -1,
		.ip_options = i & 8 ? 16 : 0,
		.tcp_options = i & 16 ? 12 : 0,
		.payload = 200 + i,
		.flags = BUILD_ACK,
	};
}

static struct rte_mbuf *mbuf_of(const uint8_t *bytes, unsigned n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(pool));

	assert_non_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes, n);
	return m;
}

/* ---- headers ---- */

static void headers_are_found_where_they_are(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHAPES; i++) {
		struct build b = shape(i);
		struct built at = build_frame(frame, &b);
		struct offload_headers h;

		assert_true(offload_parse(&h, frame, at.length));
		assert_int_equal(h.version, b.version);
		assert_int_equal(h.l2, at.ip);
		assert_int_equal(h.tags, b.tci >= 0);
		assert_int_equal(offload_l4(&h), at.transport);
		assert_int_equal(offload_payload(&h), at.payload);
		assert_int_equal(h.protocol, b.protocol);
		assert_int_equal(h.ip_length, at.length - at.ip);
		assert_int_equal(h.extended, b.version == 6 && b.ip_options);
		assert_false(h.fragment);
		assert_int_equal(h.source, at.ip + (b.version == 4 ? 12 : 8));
		assert_int_equal(h.destination, at.ip + (b.version == 4 ? 16 : 24));
	}
}

/* A sanitizer sees what is read behind the end; and no header reaches beyond it. */
static void a_frame_that_ends_anywhere_is_not_read_beyond(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHAPES; i++) {
		struct build b = shape(i);
		struct built at = build_frame(frame, &b);

		for (unsigned n = 0; n < at.payload; n++) {
			uint8_t *cut = malloc(n ? n : 1);
			struct offload_headers h;

			memcpy(cut, frame, n);
			assert_int_equal(offload_parse(&h, cut, n), n >= 14);
			if (h.version)
				assert_true(offload_payload(&h) <= n);
			assert_int_equal(h.l4, 0);
			free(cut);
		}
	}
}

static void contradictions_end_the_parse(void **state)
{
	struct build b = shape(0);
	struct built at;
	struct offload_headers h;

	(void)state;
	at = build_frame(frame, &b);
	frame[at.ip] = 0x44;                     /* an IPv4 header of 16 bytes */
	assert_true(offload_parse(&h, frame, at.length));
	assert_int_equal(h.version, 0);
	at = build_frame(frame, &b);
	frame[at.transport + 12] = 0x40;         /* a TCP header of 16 */
	assert_true(offload_parse(&h, frame, at.length));
	assert_int_equal(h.version, 4);
	assert_int_equal(h.l4, 0);
	at = build_frame(frame, &b);
	put16(frame + at.ip + 2, 30);            /* the datagram ends within it */
	assert_true(offload_parse(&h, frame, at.length));
	assert_int_equal(h.l4, 0);
	at = build_frame(frame, &b);
	put16(frame + at.ip + 6, 0x2000);        /* more fragments */
	assert_true(offload_parse(&h, frame, at.length));
	assert_true(h.fragment);
	assert_int_equal(h.l4, 0);
}

/* IPv6 with one extension header before TCP. */
static struct offload_headers extended(const uint8_t *header, unsigned type, unsigned size)
{
	struct build b = { .version = 6, .protocol = BUILD_TCP, .tci = -1, .ip_options = size,
			   .payload = 10 };
	struct built at = build_frame(frame, &b);
	struct offload_headers h;

	frame[at.ip + 6] = (uint8_t)type;
	memcpy(frame + at.ip + 40, header, size);
	frame[at.ip + 40] = BUILD_TCP;
	assert_true(offload_parse(&h, frame, at.length));
	return h;
}

static void N7_extension_headers_and_the_addresses_in_them(void **state)
{
	uint8_t home[24] = { 0, 2, 1, 0, 0xc9, 16 }, route[24] = { 0, 2, 2, 1 },
		fragment[8] = { 0, 0, 0, 1 }, atomic[8] = { 0 }, first[8] = { 0, 0, 1, 4 };
	struct offload_headers h;

	(void)state;
	h = extended(home, 60, 24);
	assert_int_equal(h.source, 14 + 40 + 6);
	assert_int_equal(h.destination, 14 + 24);
	assert_int_equal(offload_l4(&h), 14 + 64);
	assert_int_equal(h.l4, 20);
	h = extended(route, 43, 24);
	assert_int_equal(h.source, 14 + 8);
	assert_int_equal(h.destination, 14 + 48);
	h = extended(first, 0, 8);                       /* hop by hop */
	assert_int_equal(h.l4, 20);
	h = extended(fragment, 44, 8);
	assert_true(h.fragment);
	assert_int_equal(h.l4, 0);
	h = extended(atomic, 44, 8);
	assert_false(h.fragment);
	assert_int_equal(h.l4, 20);
}

/* ---- checksums ---- */

static void P3_sums_are_finished_from_what_the_transport_left(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHAPES; i++) {
		struct build b = shape(i);
		struct built at = build_frame(expected, &b);
		struct offload_headers h;
		struct rte_mbuf *m;

		memcpy(frame, expected, at.length);
		build_leave(frame, &b, &at, false);
		m = mbuf_of(frame, at.length);
		offload_parse(&h, frame, at.length);
		offload_checksum_finish(m, &h, OFFLOAD_SUM_IP | OFFLOAD_SUM_TCP | OFFLOAD_SUM_UDP);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), expected, at.length);
		rte_pktmbuf_free(m);
	}
}

/* In segments of 64 bytes and odd lengths; padding behind the datagram is no part of it. */
static void P3_a_chain_and_padding_give_the_same_sums(void **state)
{
	struct build b = shape(0);
	struct built at = build_frame(expected, &b);
	struct offload_headers h;
	struct rte_mbuf *m;

	(void)state;
	memcpy(frame, expected, at.length);
	build_leave(frame, &b, &at, false);
	memset(frame + at.length, 0x55, 7);
	m = mbuf_of(frame, at.payload);
	for (unsigned from = at.payload; from < at.length + 7; from += 33)
		rte_pktmbuf_chain(m, mbuf_of(frame + from, RTE_MIN(33u, at.length + 7 - from)));
	offload_parse(&h, frame, at.payload);
	assert_int_equal(offload_checksum_finish(m, &h, OFFLOAD_SUM_IP | OFFLOAD_SUM_TCP),
			 OFFLOAD_SUM_IP | OFFLOAD_SUM_TCP);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), expected, at.payload);
	rte_pktmbuf_free(m);
}

/* A payload whose sum comes out as 0 (RFC 768). */
static void P3_a_udp_sum_of_zero_is_written_as_all_ones(void **state)
{
	struct build b = { .version = 4, .protocol = BUILD_UDP, .tci = -1, .payload = 100 };
	struct built at = build_frame(frame, &b);
	uint8_t *field = checksum_field(frame, &b, &at);
	struct offload_headers h;
	struct rte_mbuf *m;
	uint32_t sum;

	(void)state;
	put16(frame + at.payload, 0);
	put16(field, 0);
	sum = reference_sum(reference_pseudo(frame + at.ip, BUILD_UDP, 108), frame + at.transport, 108);
	put16(frame + at.payload, ~sum & 0xffff);
	put16(field, reference_pseudo(frame + at.ip, BUILD_UDP, 108));
	m = mbuf_of(frame, at.length);
	offload_parse(&h, frame, at.length);
	offload_checksum_finish(m, &h, OFFLOAD_SUM_UDP);
	assert_int_equal(get16(rte_pktmbuf_mtod(m, uint8_t *) + at.transport + 6), 0xffff);
	rte_pktmbuf_free(m);
}

static struct offload_verdict verdict(unsigned length)
{
	struct offload_headers h;
	struct offload_verdict v;
	struct rte_mbuf *m = mbuf_of(frame, length);

	offload_parse(&h, frame, length);
	v = offload_checksum_verify(m, &h);
	rte_pktmbuf_free(m);
	return v;
}

static void P4_good_and_bad_sums_are_told_apart(void **state)
{
	(void)state;
	for (unsigned i = 0; i < SHAPES; i++) {
		struct build b = shape(i);
		struct built at = build_frame(frame, &b);
		unsigned ip = b.version == 4 ? OFFLOAD_SUM_IP : 0;
		unsigned transport = b.protocol == BUILD_TCP ? OFFLOAD_SUM_TCP : OFFLOAD_SUM_UDP;

		assert_int_equal(verdict(at.length).good, ip | transport);
		assert_int_equal(verdict(at.length).bad, 0);
		frame[at.length - 1] ^= 1;
		assert_int_equal(verdict(at.length).good, ip);
		assert_int_equal(verdict(at.length).bad, transport);
		frame[at.length - 1] ^= 1;
		if (!ip)
			continue;
		frame[at.ip + 8]--;
		assert_int_equal(verdict(at.length).good, transport);
		assert_int_equal(verdict(at.length).bad, ip);
	}
}

static void P4_what_cannot_be_checked_is_neither(void **state)
{
	struct build b = { .version = 4, .protocol = BUILD_UDP, .tci = -1, .payload = 64 };
	struct built at = build_frame(frame, &b);

	(void)state;
	put16(checksum_field(frame, &b, &at), 0);        /* none was sent */
	assert_int_equal(verdict(at.length).good, OFFLOAD_SUM_IP);
	assert_int_equal(verdict(at.length).bad, 0);
	build_frame(frame, &b);
	assert_int_equal(verdict(at.length - 1).good, OFFLOAD_SUM_IP);   /* cut off */
	assert_int_equal(verdict(at.length - 1).bad, 0);
	put16(frame + at.ip + 6, 0x2000);                /* a fragment */
	put16(frame + at.ip + 10, 0);
	put16(frame + at.ip + 10, ~reference_sum(0, frame + at.ip, 20) & 0xffff);
	assert_int_equal(verdict(at.length).good, OFFLOAD_SUM_IP);
	assert_int_equal(verdict(at.length).bad, 0);
	b.protocol = 132;                                /* an unknown transport */
	at = build_frame(frame, &b);
	assert_int_equal(verdict(at.length).good, OFFLOAD_SUM_IP);
	assert_int_equal(verdict(at.length).bad, 0);
}

/* ---- segments ---- */

/* 'frame' in MDLs of 'piece' bytes each, an empty one after each; data begin 3 bytes in. */
static NET_BUFFER *scatter(unsigned length, unsigned piece)
{
	static NET_BUFFER nb;
	static MDL mdls[2 * BUILD_ROOM];
	unsigned n = 0;

	memmove(frame + 3, frame, length);
	for (unsigned from = 0; from < length + 3; from += piece, n += 2) {
		mdls[n] = (MDL){ .Next = &mdls[n + 1], .MappedSystemVa = frame + from,
				 .ByteCount = RTE_MIN(piece, length + 3 - from) };
		mdls[n + 1] = (MDL){ .Next = &mdls[n + 2] };
	}
	mdls[n - 1].Next = NULL;
	nb = (NET_BUFFER){ .CurrentMdl = mdls, .MdlChain = mdls, .DataLength = length };
	nb.CurrentMdlOffset = nb.DataOffset = 3;
	return &nb;
}

static void check_segments(const struct build *b, unsigned mss, unsigned piece, uint16_t tag)
{
	struct built whole = build_frame(frame, b);
	struct offload_large l;
	uint32_t at = 0;
	unsigned i = 0;
	NET_BUFFER *nb;

	build_leave(frame, b, &whole, true);
	nb = scatter(whole.length, piece);
	assert_true(offload_large_read(&l, nb, false, mss, 0x7fff));
	assert_int_equal(l.payload, b->payload);
	do {
		struct rte_mbuf *m = offload_segment(&l, nb, &at, frame_pool_mempool(pool), tag);
		unsigned n = build_segment(expected, b, mss, i++, 0x7fff);

		assert_non_null(m);
		if (tag) {
			memmove(expected + 16, expected + 12, n - 12);
			put16(expected + 12, 0x8100);
			put16(expected + 14, tag);
			n += 4;
		}
		assert_int_equal(m->pkt_len, n);
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), expected, n);
		rte_pktmbuf_free(m);
	} while (at);
	assert_int_equal(i, offload_large_segments(&l));
}

static void P9_P15_segments_are_what_the_reference_builds(void **state)
{
	static const unsigned pieces[] = { 1, 54, 1000, 70000 };

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct build b = shape(i & 0x1d);
		uint16_t tag = i & 32 ? 0x2fff : 0;

		b.payload = 1 + i * 97;
		b.flags = BUILD_ACK | BUILD_FIN | BUILD_PSH | BUILD_CWR;
		b.sequence = 0xfffffff0;
		b.id = 0x7ffe;
		check_segments(&b, 1 + i * 13 % 1460, pieces[i & 3], tag);
	}
}

static void P9_64_kib_in_hundreds_of_mdls(void **state)
{
	struct build b = { .version = 6, .protocol = BUILD_TCP, .tci = -1, .payload = 65400,
			   .flags = BUILD_ACK };

	(void)state;
	check_segments(&b, 1440, 100, 0);
}

static bool reads(const struct build *b, unsigned mss)
{
	struct built whole = build_frame(frame, b);
	struct offload_large l;

	return offload_large_read(&l, scatter(whole.length, 70000), false, mss, 0x7fff);
}

static void P7_what_is_no_large_send_is_refused(void **state)
{
	struct build good = { .version = 4, .protocol = BUILD_TCP, .tci = -1, .payload = 100 }, b;

	(void)state;
	assert_true(reads(&good, 10));
	assert_false(reads(&good, 0));
	b = good; b.payload = 0;            assert_false(reads(&b, 10));
	b = good; b.protocol = BUILD_UDP;   assert_false(reads(&b, 10));
	b = good; b.flags = BUILD_SYN;      assert_false(reads(&b, 10));
}

static void no_buffer_and_no_room_leave_the_place(void **state)
{
	struct build b = { .version = 4, .protocol = BUILD_TCP, .tci = -1, .payload = 3000 };
	struct rte_mbuf *all[600];
	struct built whole = build_frame(frame, &b);
	struct offload_large l;
	uint32_t at = 0;
	unsigned n = 0;
	NET_BUFFER *nb = scatter(whole.length, 70000);

	(void)state;
	assert_true(offload_large_read(&l, nb, false, 2500, 0x7fff));
	assert_null(offload_segment(&l, nb, &at, frame_pool_mempool(pool), 0));   /* too long */
	assert_int_equal(at, OFFLOAD_NEVER);
	at = 3000;                                                 /* beyond the payload */
	assert_null(offload_segment(&l, nb, &at, frame_pool_mempool(pool), 0));
	assert_int_equal(at, OFFLOAD_NEVER);
	at = 0;
	assert_true(offload_large_read(&l, nb, false, 1000, 0x7fff));
	rte_pktmbuf_free(offload_segment(&l, nb, &at, frame_pool_mempool(pool), 0));
	while ((all[n] = rte_pktmbuf_alloc(frame_pool_mempool(pool))))
		n++;
	assert_null(offload_segment(&l, nb, &at, frame_pool_mempool(pool), 0));
	assert_int_equal(at, 1000);
	rte_pktmbuf_free_bulk(all, n);
}

static int open_pool(void **state)
{
	char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"-m", (char *)"64",
			 (char *)"--no-pci", (char *)"--no-shconf", (char *)"--no-telemetry" };
	const struct frame_pool_config c = { .name = "offload", .frames = 512, .data_room = 1700 };
	struct error err;

	(void)state;
	return rte_eal_init(7, args) < 0 || frame_pool_create(&pool, &c, &err) ? -1 : 0;
}

static int close_pool(void **state)
{
	unsigned left = frame_pool_in_use(pool);

	(void)state;
	frame_pool_destroy(pool);
	rte_eal_cleanup();
	return left ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_are_found_where_they_are),
		cmocka_unit_test(a_frame_that_ends_anywhere_is_not_read_beyond),
		cmocka_unit_test(contradictions_end_the_parse),
		cmocka_unit_test(N7_extension_headers_and_the_addresses_in_them),
		cmocka_unit_test(P3_sums_are_finished_from_what_the_transport_left),
		cmocka_unit_test(P3_a_chain_and_padding_give_the_same_sums),
		cmocka_unit_test(P3_a_udp_sum_of_zero_is_written_as_all_ones),
		cmocka_unit_test(P4_good_and_bad_sums_are_told_apart),
		cmocka_unit_test(P4_what_cannot_be_checked_is_neither),
		cmocka_unit_test(P9_P15_segments_are_what_the_reference_builds),
		cmocka_unit_test(P9_64_kib_in_hundreds_of_mdls),
		cmocka_unit_test(P7_what_is_no_large_send_is_refused),
		cmocka_unit_test(no_buffer_and_no_room_leave_the_place),
	};

	return cmocka_run_group_tests_name("offload", tests, open_pool, close_pool);
}
