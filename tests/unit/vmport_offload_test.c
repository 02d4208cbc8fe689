/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest may leave to others, and what it is offered: with a guest of the test's own,
 * whose virtio-net headers are any bytes. All that passes must be true of the frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_ip.h>

#include "vhost_master.h"
#include "vmport/vmport.h"
#include "vmport_testing.h"

enum {
	CSUM = 1 << 0, GUEST_CSUM = 1 << 1, GUEST_TSO4 = 1 << 7, GUEST_TSO6 = 1 << 8,
	GUEST_ECN = 1 << 9, GUEST_UFO = 1 << 10, HOST_TSO4 = 1 << 11, HOST_TSO6 = 1 << 12,
	HOST_ECN = 1 << 13, HOST_UFO = 1 << 14,
};

#define SENT     (CSUM | HOST_TSO4 | HOST_TSO6)
#define TAKEN    (GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6)
#define NEVER    (GUEST_ECN | GUEST_UFO | HOST_ECN | HOST_UFO)
#define MTU      1500
#define LONGEST  65549u

/* Values of a virtio-net header. */
enum { NEEDS_CSUM = 1, GSO_NONE = 0, GSO_TCPV4 = 1, GSO_UDP = 3, GSO_TCPV6 = 4, GSO_ECN = 0x80 };

static struct rte_mempool *pool;
static char directory[] = "vmport-offload-XXXXXX";
static char path[64], spec[80];
static struct vmport *port;
static struct vhost_master guest;
static bool direct;
static unsigned in_use;                /* frames, when the guest came */
static uint8_t frame[1 << 17];

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("critical") || !mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/vm.sock", directory);
	snprintf(spec, sizeof(spec), "vhost-user:%s", path);
	pool = testing_pool("frames", 2047, MTU + 18);
	return pool ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void port_open(bool offload)
{
	const struct vmport_config config = {
		.name = "web", .spec = spec, .mtu = MTU, .pool = pool, .offload = offload,
		.direct = direct,
	};
	struct error err = { "" };

	if (vmport_open(&port, &config, &err))
		fail_msg("%s", err.text);
}

static void until_up(bool up)
{
	for (int i = 0; vmport_is_up(port) != up; i++) {
		assert_true(i < 2000);
		usleep(1000);
	}
}

static void guest_start(uint64_t features)
{
	in_use = rte_mempool_in_use_count(pool);
	assert_true(vhost_master_start(&guest, path, features));
	until_up(true);
}

/* Every frame that it sent is freed by now. */
static void guest_stop(void)
{
	vhost_master_stop(&guest);
	until_up(false);
	assert_int_equal(rte_mempool_in_use_count(pool), in_use);
}

/* Also of a test that failed. */
static int port_close(void **state)
{
	(void)state;
	if (guest.memory)
		vhost_master_stop(&guest);
	vmport_close(port);
	port = NULL;
	return 0;
}

/* ---- frames ---- */

struct shape {
	bool six;
	uint8_t protocol;
	uint32_t payload;
};

/* A TCP or UDP frame, its bytes counting up; returns its length. */
static uint32_t write_frame(struct shape s)
{
	uint32_t l3 = s.six ? 40 : 20, l4 = s.protocol == 6 ? 20 : 8;
	uint32_t all = 14 + l3 + l4 + s.payload, ip = s.six ? l4 + s.payload : l3 + l4 + s.payload;

	for (uint32_t i = 0; i < all; i++)
		frame[i] = (uint8_t)i;
	memcpy(frame, "\x52\x54\0\0\0\1\x52\x54\0\0\0\2", 12);
	memcpy(frame + 12, s.six ? "\x86\xdd" : "\x08\0", 2);
	if (s.six) {
		memcpy(frame + 14, "\x60\0\0\0", 4);
		frame[18] = (uint8_t)(ip >> 8);
		frame[19] = (uint8_t)ip;
		frame[20] = s.protocol;
	} else {
		frame[14] = 0x45;
		frame[16] = (uint8_t)(ip >> 8);
		frame[17] = (uint8_t)ip;
		frame[20] = frame[21] = 0;
		frame[23] = s.protocol;
	}
	if (s.protocol == 6)
		frame[14 + l3 + 12] = 0x50;
	return all;
}

static const struct shape small = { false, 6, 100 }, large = { false, 6, 60000 };
static const struct shape small6 = { true, 6, 100 }, large6 = { true, 6, 60000 };
static const struct shape datagram = { false, 17, 100 };

static struct vhost_master_header sum_of(struct shape s)
{
	return (struct vhost_master_header){ NEEDS_CSUM, .csum_start = s.six ? 54 : 34,
					     .csum_offset = s.protocol == 6 ? 16 : 6 };
}

static struct vhost_master_header cut_of(struct shape s)
{
	struct vhost_master_header h = sum_of(s);

	h.gso_type = s.six ? GSO_TCPV6 : GSO_TCPV4;
	h.gso_size = 1400;
	h.hdr_len = h.csum_start + 20;
	return h;
}

static struct rte_mbuf *passed(struct vhost_master_header h, uint32_t length)
{
	struct rte_mbuf *m = NULL;

	vhost_master_send(&guest, &h, frame, length);
	return vmport_receive(port, &m, 1) ? m : NULL;
}

static void bad(struct vhost_master_header h, uint32_t length, const char *what)
{
	uint64_t before = vmport_bad(port);

	if (passed(h, length))
		fail_msg("%s: it passed", what);
	if (vmport_bad(port) != before + 1)
		fail_msg("%s: %d were counted", what, (int)(vmport_bad(port) - before));
}

static void is(struct rte_mbuf *m, uint64_t flags, uint32_t length, unsigned l3, unsigned l4)
{
	assert_non_null(m);
	assert_int_equal(m->ol_flags, flags);
	assert_int_equal(m->pkt_len, length);
	assert_int_equal(m->l2_len, 14);
	assert_int_equal(m->l3_len, l3);
	assert_int_equal(m->l4_len, l4);
}

static void holds_the_frame(const struct rte_mbuf *m)
{
	uint32_t at = 0;

	for (; m; at += m->data_len, m = m->next)
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), frame + at, m->data_len);
}

/* ---- what is offered ---- */

static void a_guest_is_offered_what_the_key_says(void **state)
{
	(void)state;
	port_open(true);
	guest_start(SENT | TAKEN | NEVER);
	assert_int_equal(guest.offered & (SENT | TAKEN), SENT | TAKEN);
	assert_int_equal(guest.offered & NEVER, 0);
	assert_int_equal(vmport_offloads(port), VMPORT_CHECKSUM | VMPORT_TSO4 | VMPORT_TSO6);
	guest_stop();
	assert_int_equal(vmport_offloads(port), 0);
	guest_start(SENT | GUEST_CSUM | GUEST_TSO6);
	assert_int_equal(vmport_offloads(port), VMPORT_CHECKSUM | VMPORT_TSO6);
	guest_stop();
	guest_start(SENT | GUEST_TSO4);   /* without checksums it is nothing */
	assert_int_equal(vmport_offloads(port), 0);
	guest_stop();
	vmport_close(port);
	port_open(false);
	guest_start(SENT | TAKEN);
	assert_int_equal(guest.offered & (SENT | TAKEN | NEVER), 0);
	assert_int_equal(vmport_offloads(port), 0);
	guest_stop();
}

/* ---- what a guest sends ---- */

static void P3_a_checksum_to_finish_is_told_with_the_frames_own_lengths(void **state)
{
	uint32_t n;
	struct rte_mbuf *m;

	(void)state;
	port_open(true);
	guest_start(SENT);
	n = write_frame(small);
	m = passed(sum_of(small), n);
	is(m, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4, n, 20, 20);
	holds_the_frame(m);
	rte_pktmbuf_free(m);
	n = write_frame(small6);
	m = passed(sum_of(small6), n);
	is(m, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV6, n, 40, 20);
	rte_pktmbuf_free(m);
	n = write_frame(datagram);
	m = passed(sum_of(datagram), n);
	is(m, RTE_MBUF_F_TX_UDP_CKSUM | RTE_MBUF_F_TX_IPV4, n, 20, 8);
	rte_pktmbuf_free(m);
	m = passed((struct vhost_master_header){ 0 }, n);
	assert_non_null(m);
	assert_int_equal(m->ol_flags, 0);   /* plain */
	rte_pktmbuf_free(m);
	guest_stop();
}

static void P7_a_large_frame_is_a_chain_and_to_be_cut(void **state)
{
	const uint64_t cut = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG;
	struct rte_mbuf *m;
	uint32_t n;

	(void)state;
	port_open(true);
	guest_start(SENT);
	n = write_frame(large);
	m = passed(cut_of(large), n);
	is(m, cut | RTE_MBUF_F_TX_IPV4, n, 20, 20);
	assert_int_equal(m->tso_segsz, 1400);
	assert_true(m->nb_segs > 1);
	holds_the_frame(m);
	rte_pktmbuf_free(m);
	n = write_frame(large6);
	m = passed(cut_of(large6), n);
	is(m, cut | RTE_MBUF_F_TX_IPV6, n, 40, 20);
	rte_pktmbuf_free(m);
	n = write_frame(small);   /* large in name only */
	m = passed(cut_of(small), n);
	is(m, RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4, n, 20, 20);
	rte_pktmbuf_free(m);
	guest_stop();
}

static void a_checksum_of_a_tunnels_inner_frame_is_finished(void **state)
{
	struct vhost_master_header h = { NEEDS_CSUM, .csum_start = 40, .csum_offset = 8 };
	struct rte_mbuf *m;
	uint32_t n = write_frame(small), sum = 0;

	(void)state;
	port_open(true);
	guest_start(SENT);
	frame[23] = 47;   /* GRE */
	frame[48] = frame[49] = 0;
	m = passed(h, n);
	assert_non_null(m);
	assert_int_equal(m->ol_flags, 0);
	for (uint32_t i = 40; i < n; i += 2)
		sum += (uint32_t)rte_pktmbuf_mtod(m, uint8_t *)[i] << 8 |
		       (i + 1 < n ? rte_pktmbuf_mtod(m, uint8_t *)[i + 1] : 0);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	rte_pktmbuf_free(m);
	guest_stop();
}

static void a_hostile_header_is_counted_and_goes_no_further(void **state)
{
	struct vhost_master_header h;
	uint32_t n;

	(void)state;
	port_open(true);
	guest_start(SENT);
	n = write_frame(large);
	bad(sum_of(large), n, "a large frame without segments");
	bad((struct vhost_master_header){ 0 }, n, "a large frame that is plain");
	h = cut_of(large);
	h.gso_size = 0;
	bad(h, n, "segments of nothing");
	h.gso_size = 1;
	bad(h, n, "sixty thousand segments");
	h.gso_size = 1465;
	bad(h, n, "segments beyond the MTU and its tag");
	h.gso_size = 0xffff;
	bad(h, n, "segments of 64 KiB");
	h = cut_of(large);
	h.gso_type = GSO_UDP;
	bad(h, n, "a datagram to be cut that is TCP");
	h.gso_type = 0x7f;
	bad(h, n, "an unknown kind of segments");
	frame[46] = 0x40;
	bad(cut_of(large), n, "a TCP header of 16 bytes");
	n = write_frame((struct shape){ false, 17, 60000 });
	bad(cut_of(datagram), n, "UDP to be cut as TCP");
	n = write_frame((struct shape){ false, 6, 70000 });
	bad(cut_of(large), n, "more than a datagram can be");
	n = write_frame(small);
	bad(sum_of(small), 10, "less than an Ethernet header");
	guest_stop();
}

static void what_was_not_negotiated_is_refused(void **state)
{
	uint32_t n;

	(void)state;
	port_open(true);
	guest_start(CSUM | HOST_TSO6);
	n = write_frame(large);
	bad(cut_of(large), n, "IPv4's large frames");
	n = write_frame(large6);
	rte_pktmbuf_free(passed(cut_of(large6), n));
	assert_int_equal(vmport_bad(port), 1);
	guest_stop();
}

/* All that passes is true, whatever the guest says of whatever frame. */
static void any_header_of_any_frame_does_no_harm(void **state)
{
	const struct shape shapes[] = { small, large, small6, large6, datagram };
	unsigned unfinished = 0;

	(void)state;
	srandom(1);
	port_open(true);
	guest_start(SENT);
	for (int i = 0; i < 20000; i++) {
		uint32_t n = write_frame(shapes[random() % 5]);
		struct vhost_master_header h = {
			(uint8_t)(random() % 4), (uint8_t)(random() % 6 | (random() & GSO_ECN)),
			(uint16_t)random(), (uint16_t)(random() % 2 ? 1000 : random()),
			(uint16_t)(random() % 3 ? random() % 80 : random()),
			(uint16_t)(random() % 3 ? random() % 20 : random()), 0 };
		struct rte_mbuf *m;

		for (int k = random() % 4; k > 0; k--)
			frame[random() % 80] = (uint8_t)random();
		if (random() % 4 == 0)
			n = (uint32_t)random() % n + 1;
		m = passed(h, n);
		if (!m)
			continue;
		if (!m->ol_flags) {
			assert_true(m->nb_segs == 1 && m->pkt_len >= 14 && m->pkt_len <= MTU + 18);
		} else {
			unfinished++;
			assert_true(m->l2_len >= 14 && m->l4_len >= 8);
			assert_true(m->l2_len + m->l3_len + m->l4_len <= m->data_len);
			assert_true(m->pkt_len <= LONGEST + 4);
			if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
				assert_true(m->l2_len + m->l3_len + m->l4_len + m->tso_segsz <= MTU + 18);
			else
				assert_true(m->nb_segs == 1 && m->pkt_len <= MTU + 18);
		}
		rte_pktmbuf_free(m);
	}
	assert_true(unfinished > 1000);
	guest_stop();
}

/* How many of the frame come at once, of up to 32. */
static unsigned come(uint16_t most)
{
	struct rte_mbuf *pkts[32];
	unsigned n = vmport_receive(port, pkts, most);

	for (unsigned i = 0; i < n; i++)
		holds_the_frame(pkts[i]);
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* The same of 32 that the guest sends now. */
static unsigned come_of_32(struct vhost_master_header h, uint32_t length)
{
	for (unsigned i = 0; i < 32; i++)
		vhost_master_send(&guest, &h, frame, length);
	return come(32);
}

/* With half of the pool's mbufs in use there are 42 for the largest and as many to cut it into 12
 * times over; some are not counted, which a CPU keeps for itself. */
static void P7_frames_come_as_far_as_there_is_room_to_cut_them(void **state)
{
	const struct shape fits = { false, 6, 1400 };
	const struct vhost_master_header plain = { .num_buffers = 0 };
	struct vhost_master_header tiny = cut_of(fits);
	struct rte_mbuf *used[1000];
	unsigned few;

	(void)state;
	port_open(true);
	guest_start(SENT);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, used, 1000), 0);
	few = come_of_32(cut_of(large), write_frame(large));
	assert_in_range(few, 6, 12);
	for (unsigned left = 32 - few; left; left -= few) {   /* they waited */
		few = come(32);
		assert_in_range(few, 1, left);
	}
	tiny.gso_size = 100;
	few = come_of_32(tiny, write_frame(fits));
	assert_in_range(few, 6, 24);
	while (few < 32)
		few += come(32);
	few = come_of_32(plain, write_frame(small));
	assert_in_range(few, direct ? 32 : 6, direct ? 32 : 12);
	while (few < 32)
		few += come(32);
	rte_pktmbuf_free_bulk(used, 1000);
	guest_stop();
}

/* ---- what a guest takes ---- */

static struct rte_mbuf *chain(uint32_t length)
{
	struct rte_mbuf *first = rte_pktmbuf_alloc(pool), *m;

	for (uint32_t at = 0; at < length; at += 1000) {
		uint16_t n = (uint16_t)RTE_MIN(1000u, length - at);

		m = at ? rte_pktmbuf_alloc(pool) : first;
		memcpy(rte_pktmbuf_append(m, n), frame + at, n);
		if (at)
			rte_pktmbuf_chain(first, m);
	}
	first->l2_len = 14;
	first->l3_len = 20;
	first->l4_len = 20;
	return first;
}

static void an_unfinished_frame_comes_with_its_header(void **state)
{
	static uint8_t got[1 << 17];
	struct vhost_master_header h;
	uint32_t n = write_frame(large);
	struct rte_mbuf *m;
	uint16_t sum;

	(void)state;
	port_open(true);
	guest_start(TAKEN);
	m = chain(n);
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IPV4;
	m->tso_segsz = 1400;
	assert_int_equal(vmport_deliver(port, &m, 1), 1);
	assert_int_equal(vhost_master_receive(&guest, &h, got, sizeof(got)), n);
	assert_int_equal(h.flags, NEEDS_CSUM);
	assert_int_equal(h.csum_start, 34);
	assert_int_equal(h.csum_offset, 16);
	assert_int_equal(h.gso_type, GSO_TCPV4);
	assert_int_equal(h.gso_size, 1400);
	if (direct) {   /* of the pseudo-header with its length; librte_vhost leaves that out */
		sum = rte_ipv4_phdr_cksum((const struct rte_ipv4_hdr *)(frame + 14), 0);
		memcpy(frame + 50, &sum, sizeof(sum));
	} else {
		memset(got + 50, 0, 2);
		memset(frame + 50, 0, 2);
	}
	assert_memory_equal(got, frame, n);
	rte_pktmbuf_free(m);
	m = chain(write_frame(small));
	assert_int_equal(vmport_deliver(port, &m, 1), 1);
	assert_int_equal(vhost_master_receive(&guest, &h, got, sizeof(got)), m->pkt_len);
	assert_int_equal(h.flags | h.gso_type, 0);   /* plain */
	rte_pktmbuf_free(m);
	guest_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_guest_is_offered_what_the_key_says, port_close),
		cmocka_unit_test_teardown(P3_a_checksum_to_finish_is_told_with_the_frames_own_lengths,
					  port_close),
		cmocka_unit_test_teardown(P7_a_large_frame_is_a_chain_and_to_be_cut, port_close),
		cmocka_unit_test_teardown(a_checksum_of_a_tunnels_inner_frame_is_finished, port_close),
		cmocka_unit_test_teardown(a_hostile_header_is_counted_and_goes_no_further, port_close),
		cmocka_unit_test_teardown(what_was_not_negotiated_is_refused, port_close),
		cmocka_unit_test_teardown(any_header_of_any_frame_does_no_harm, port_close),
		cmocka_unit_test_teardown(P7_frames_come_as_far_as_there_is_room_to_cut_them, port_close),
		cmocka_unit_test_teardown(an_unfinished_frame_comes_with_its_header, port_close),
	};

	int failed = cmocka_run_group_tests_name("by_librte_vhost", tests, group_setup, NULL);

	direct = true;
	return failed | cmocka_run_group_tests_name("direct", tests, NULL, group_teardown);
}
