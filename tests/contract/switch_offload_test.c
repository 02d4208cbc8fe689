/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that a VM left something to do for: what the switch asks of the adapter in their
 * OOB words (P2, P3, P7, P8, P14), what it hands on to another VM as it is, and what it
 * finishes itself. The VM's port gives what the test made.
 */
#include "ports.h"

#include <string.h>

#include <rte_ip.h>

#include "base/big_endian.h"
#include "frame/frame.h"
#include "offload/checksum.h"
#include "verifier/verifier.h"
#include "vmport/vmport.h"

#define ELSEWHERE 0x99     /* the last byte of an address that no VM has */
#define EACH     1400u     /* bytes of it in a segment */
#define LARGE    10000u    /* bytes of payload: seven segments and a part */
#define SEGMENTS ((LARGE + EACH - 1) / EACH)
#define HEADERS  54u       /* Ethernet, IPv4, TCP */
#define TAKES_ALL (VMPORT_CHECKSUM | VMPORT_TSO4 | VMPORT_TSO6)
#define FIN      0x01
#define SYN      0x02

static struct frame_pool *pool;
static _Atomic(struct rte_mbuf *) next;         /* what VM 0 sends */
static atomic_uint takes[PORTS];                /* what a VM takes: enum vmport_offload */
static NDIS_OFFLOAD offload;
static uint8_t payload[LARGE];

/* What VMs got, on their processors: entry 'i' is written when more than i are in. */
static struct got {
	atomic_uint begun, n;
	unsigned vm[64], segments[64];
	uint64_t flags[64];
	uint32_t length[64];
	uint8_t bytes[64][1600];
	bool right[64];                         /* its checksums are */
} got;

uint16_t __real_vmport_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
uint16_t __wrap_vmport_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n);
unsigned __wrap_vmport_offloads(const struct vmport *port);

uint16_t __wrap_vmport_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *m = ports_index(port) ? NULL : atomic_exchange(&next, NULL);

	if (!m)
		return __real_vmport_receive(port, pkts, n);
	pkts[0] = m;
	return 1;
}

unsigned __wrap_vmport_offloads(const struct vmport *port)
{
	unsigned i = ports_index(port);

	return i < PORTS ? atomic_load(&takes[i]) : 0;
}

static bool is_right(const struct rte_mbuf *m)
{
	struct offload_headers h;
	struct offload_verdict v;

	if (!offload_parse(&h, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len))
		return false;
	v = offload_checksum_verify(m, &h);
	return !v.bad && v.good & OFFLOAD_SUM_TCP;
}

static bool take(unsigned vm, const struct rte_mbuf *m)
{
	unsigned i = atomic_fetch_add(&got.begun, 1);

	got.vm[i] = vm;
	got.segments[i] = m->nb_segs;
	got.flags[i] = m->ol_flags & VMPORT_UNFINISHED;
	got.length[i] = m->pkt_len;
	memcpy(got.bytes[i], rte_pktmbuf_mtod(m, uint8_t *), RTE_MIN(m->data_len, 1600));
	got.right[i] = m->nb_segs == 1 && is_right(m);
	atomic_fetch_add(&got.n, 1);
	return true;
}

/* Just 'n', and all of them written. */
static void got_wait(unsigned n)
{
	ground_until(atomic_load(&got.n) >= n);
	assert_int_equal(atomic_load(&got.n), n);
}

static int setup(void **state)
{
	const struct frame_pool_config c = { .name = "offload", .frames = 255, .data_room = 2048 };
	NDIS_TCP_IP_CHECKSUM_OFFLOAD *sum = &offload.Checksum;
	struct error err = { "" };

	ports_setup(state);
	memset(&offload, 0, sizeof(offload));
	memset(&got, 0, sizeof(got));
	for (unsigned i = 0; i < PORTS; i++)
		atomic_store(&takes[i], 0);
	for (unsigned i = 0; i < LARGE; i++)
		payload[i] = (uint8_t)(i * 7 + i / 251);
	offload.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OFFLOAD, NDIS_OFFLOAD_REVISION_3,
					       NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_3 };
	sum->IPv4Transmit.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
	sum->IPv4Transmit.TcpOptionsSupported = NDIS_OFFLOAD_SUPPORTED;
	sum->IPv4Transmit.TcpChecksum = NDIS_OFFLOAD_SUPPORTED;
	sum->IPv4Transmit.IpChecksum = NDIS_OFFLOAD_SUPPORTED;
	offload.LsoV2.IPv4.Encapsulation = NDIS_ENCAPSULATION_IEEE_802_3;
	offload.LsoV2.IPv4.MaxOffLoadSize = 65536;
	offload.LsoV2.IPv4.MinSegmentCount = 2;
	ports.offload[0] = ports.offload[2] = true;
	ports.taker = take;
	return frame_pool_create(&pool, &c, &err);
}

static int teardown(void **state)
{
	int rc = ports_teardown(state);

	rc |= frame_pool_in_use(pool) ? -1 : 0;   /* nothing was kept, or freed twice */
	frame_pool_destroy(pool);
	return rc;
}

/* A TCP frame of VM 0 with 'n' bytes of payload and those flags, in mbufs of 2000 bytes. */
static struct rte_mbuf *tcp(unsigned to, uint32_t n, uint8_t flags)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(pool)), *s;
	uint8_t *b = rte_pktmbuf_mtod(m, uint8_t *);
	struct offload_headers h;
	uint16_t sum;

	rte_pktmbuf_append(m, HEADERS);
	memset(b, 0, HEADERS);
	ground_mac(b, to);
	ground_mac(b + 6, 1);
	memcpy(b + 12, "\x08\0\x45\0", 4);
	big16_write(b + 16, HEADERS - 14 + n);
	memcpy(b + 22, "\x40\6\0\0\12\0\0\1\12\0\0\2", 12);
	b[46] = 0x50;
	b[47] = 0x10 | flags;
	sum = (uint16_t)~rte_raw_cksum(b + 14, 20);
	memcpy(b + 24, &sum, sizeof(sum));
	assert_true(offload_parse(&h, b, HEADERS + 0u));
	sum = offload_pseudo_header(b, &h, 20 + n);
	memcpy(b + 50, &sum, sizeof(sum));
	for (uint32_t at = 0; at < n;) {
		uint16_t here = (uint16_t)RTE_MIN(n - at, at ? 2000u : 2000u - HEADERS);

		s = at ? rte_pktmbuf_alloc(frame_pool_mempool(pool)) : m;
		memcpy(rte_pktmbuf_mtod_offset(s, char *, s->data_len), payload + at, here);
		rte_pktmbuf_append(s, here);
		if (at)
			rte_pktmbuf_chain(m, s);
		else
			m->pkt_len = m->data_len;
		at += here;
	}
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_IPV4;
	m->l2_len = 14;
	m->l3_len = 20;
	m->l4_len = 20;
	if (n > EACH) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = EACH;
	}
	return m;
}

static void vm_sends(struct rte_mbuf *m)
{
	uint64_t before = ports_report(0).from_vm;

	atomic_store(&next, m);
	OvmqNotifyProcessor(0);
	ground_until(ports_report(0).from_vm == before + 1);
	ports_wait();
}

static void open_over(NDIS_OFFLOAD *o)
{
	fake.offload = o;
	ports_open_started();
}

/* ---- the adapter does it ---- */

static void P2_P3_a_checksum_is_asked_of_the_adapter(void **state)
{
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO w = { .Value = NULL };
	struct rte_mbuf *m;
	uint8_t before[64];

	(void)state;
	open_over(&offload);
	m = tcp(ELSEWHERE, 100, 0);
	memcpy(before, rte_pktmbuf_mtod(m, void *), sizeof(before));
	vm_sends(m);
	assert_int_equal(fake.n_sends, 1);
	assert_int_equal(fake.sends[0].length, HEADERS + 100);
	w.Transmit.IsIPv4 = w.Transmit.TcpChecksum = 1;
	w.Transmit.TcpHeaderOffset = 34;
	assert_int_equal(fake.sends[0].checksum, (ULONG)(uintptr_t)w.Value);
	assert_int_equal(fake.sends[0].large, 0);
	assert_memory_equal(fake.sends[0].bytes, before, sizeof(before));   /* the sum of P3 too */
	ports_close();
	assert_int_equal(ports.last.copies, 0);
}

static void P7_P8_a_large_send_is_asked_of_the_adapter(void **state)
{
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO w = { .Value = NULL };
	const struct fake_send *s = &fake.sends[0];
	struct offload_headers h;
	uint16_t sum;

	(void)state;
	open_over(&offload);
	vm_sends(tcp(ELSEWHERE, LARGE, FIN));
	assert_int_equal(fake.n_sends, 1);
	w.LsoV2Transmit.MSS = EACH;
	w.LsoV2Transmit.TcpHeaderOffset = 34;
	w.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
	assert_int_equal(s->large, (ULONG)(uintptr_t)w.Value);
	assert_int_equal(s->checksum, 0);
	assert_int_equal(s->nbs, 1);
	assert_int_equal(s->length, HEADERS + LARGE);
	assert_int_equal(s->mdls, 6);                    /* one for each mbuf */
	assert_int_equal(big16_read(s->bytes + 16), 0);
	assert_true(offload_parse(&h, s->bytes, sizeof(s->bytes)));
	sum = offload_pseudo_header(s->bytes, &h, 0);
	assert_memory_equal(s->bytes + 50, &sum, 2);     /* without a length */
	ports_close();
	assert_int_equal(ports.port[0].from_vm, 1);
	assert_int_equal(ports.port[0].from_vm_bytes, HEADERS + LARGE);
	assert_int_equal(ports.last.to_wire, 1);
	assert_int_equal(ports.last.copies, 0);
}

static void P14_offloads_are_turned_on_where_a_vm_may_use_them(void **state)
{
	(void)state;
	open_over(&offload);
	assert_int_equal(fake_count(OID_OFFLOAD_ENCAPSULATION), 1);
	ports_close();
}

static void P14_offloads_stay_off_where_no_vm_may_use_them(void **state)
{
	(void)state;
	ports.offload[0] = ports.offload[2] = false;
	open_over(&offload);
	assert_int_equal(fake_count(OID_OFFLOAD_ENCAPSULATION), 0);
	ports_close();
}

/* ---- the switch does it ---- */

static void sends_are_plain(unsigned n)
{
	assert_int_equal(fake.n_sends, n);
	for (unsigned i = 0; i < n; i++) {
		const struct fake_send *s = &fake.sends[i];

		assert_int_equal(s->large | s->checksum, 0);
		assert_int_equal(s->length, HEADERS + (i + 1 < n ? EACH : LARGE - (n - 1) * EACH));
		assert_int_equal(big16_read(s->bytes + 16), s->length - 14);
		assert_int_equal(big32_read(s->bytes + 38), i * EACH);   /* the sequence number */
		assert_int_equal(s->bytes[47] & FIN, i + 1 == n ? FIN : 0);
		assert_memory_equal(s->bytes + HEADERS, payload + i * EACH, sizeof(s->bytes) - HEADERS);
	}
}

static void P14_an_adapter_that_refuses_gets_plain_frames(void **state)
{
	(void)state;
	fake.refuse = OID_OFFLOAD_ENCAPSULATION;
	fake.refuse_number = 1;
	open_over(&offload);
	vm_sends(tcp(ELSEWHERE, LARGE, FIN));
	sends_are_plain(SEGMENTS);
	ports_close();
	/* One frame came from the VM; the ledger has the others as copies. */
	assert_int_equal(ports.port[0].from_vm, 1);
	assert_int_equal(ports.last.copies, SEGMENTS - 1);
	assert_int_equal(ports.last.to_wire, SEGMENTS);
}

static void P12_an_adapter_without_offloads_gets_plain_frames(void **state)
{
	(void)state;
	open_over(NULL);
	vm_sends(tcp(ELSEWHERE, LARGE, FIN));
	sends_are_plain(SEGMENTS);
	fake.n_sends = 0;
	vm_sends(tcp(ELSEWHERE, 100, FIN));
	assert_int_equal(fake.n_sends, 1);
	assert_int_equal(fake.sends[0].checksum, 0);
	ports_close();
}

static void P7_what_the_adapter_does_not_take_is_cut_here(void **state)
{
	(void)state;
	offload.LsoV2.IPv4.MaxOffLoadSize = LARGE - 1;
	open_over(&offload);
	vm_sends(tcp(ELSEWHERE, LARGE, FIN));
	sends_are_plain(SEGMENTS);
	offload.LsoV2.IPv4.MaxOffLoadSize = LARGE;
	offload.LsoV2.IPv4.MinSegmentCount = SEGMENTS + 1;
	fake_offload_status();
	fake.n_sends = 0;
	vm_sends(tcp(ELSEWHERE, LARGE, FIN));
	sends_are_plain(SEGMENTS);
	offload.LsoV2.IPv4.MinSegmentCount = SEGMENTS;
	fake_offload_status();
	fake.n_sends = 0;
	vm_sends(tcp(ELSEWHERE, LARGE, FIN));
	assert_int_equal(fake.n_sends, 1);
	ports_close();
}

static void P7_a_large_send_that_cannot_be_one_is_refused(void **state)
{
	(void)state;
	open_over(&offload);
	vm_sends(tcp(ELSEWHERE, LARGE, SYN));
	assert_int_equal(fake.n_sends, 0);
	ports_close();
	assert_int_equal(ports.port[0].drops[PORT_DROP_BAD_FRAME], 1);
}

static void segments_beyond_the_mtu_are_refused(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	open_over(&offload);
	m = tcp(ELSEWHERE, LARGE, 0);
	m->tso_segsz = 1500 + 14 - HEADERS + 1;
	vm_sends(m);
	assert_int_equal(fake.n_sends, 0);
	m = tcp(ELSEWHERE, LARGE, 0);
	rte_pktmbuf_mtod(m, uint8_t *)[11] = 3;   /* another's address */
	vm_sends(m);
	assert_int_equal(fake.n_sends, 0);
	ports_close();
	assert_int_equal(ports.port[0].drops[PORT_DROP_BAD_FRAME], 1);
	assert_int_equal(ports.port[0].drops[PORT_DROP_SPOOFED_MAC], 1);
}

/* ---- to a VM ---- */

static void a_vm_that_takes_it_gets_it_as_it_is(void **state)
{
	(void)state;
	atomic_store(&takes[2], TAKES_ALL);
	open_over(&offload);
	ground_pass();
	vm_sends(tcp(3, LARGE, FIN));
	got_wait(1);
	assert_int_equal(got.vm[0], 2);
	assert_int_equal(got.length[0], HEADERS + LARGE);
	assert_int_equal(got.flags[0], RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
	ports_close();
	assert_int_equal(ports.port[2].delivered, 1);
	assert_int_equal(ports.port[2].delivered_bytes, HEADERS + LARGE);
}

static void a_vm_that_does_not_gets_plain_frames(void **state)
{
	(void)state;
	atomic_store(&takes[2], VMPORT_CHECKSUM | VMPORT_TSO6);
	open_over(&offload);
	ground_pass();
	vm_sends(tcp(3, LARGE, FIN));
	got_wait(SEGMENTS);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		assert_int_equal(got.flags[i], 0);
		assert_int_equal(big32_read(got.bytes[i] + 38), i * EACH);
		assert_memory_equal(got.bytes[i] + HEADERS, payload + i * EACH,
				    RTE_MIN(EACH, LARGE - i * EACH));
		assert_true(got.right[i]);
	}
	atomic_store(&takes[2], 0);
	ground_pass();
	atomic_store(&got.begun, 0);
	atomic_store(&got.n, 0);
	vm_sends(tcp(3, 100, 0));
	got_wait(1);
	assert_int_equal(got.flags[0], 0);
	assert_true(got.right[0]);
	ports_close();
	assert_int_equal(ports.last.copies, SEGMENTS - 1);
}

/* To the wire and to the other VM of the VLAN, whatever they could do. */
static void a_flood_is_plain(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	atomic_store(&takes[2], TAKES_ALL);
	open_over(&offload);
	ground_pass();
	m = tcp(3, 100, 0);
	memset(rte_pktmbuf_mtod(m, void *), 0xff, 6);
	vm_sends(m);
	got_wait(1);
	assert_int_equal(got.flags[0], 0);
	assert_true(got.right[0]);
	assert_int_equal(fake.n_sends, 1);
	assert_int_equal(fake.sends[0].checksum, 0);
	ports_close();
}

/* The frame waited for a guest that took it, and another came. */
static void what_waits_for_a_guest_that_left_is_dropped(void **state)
{
	struct rte_mbuf *m;

	(void)state;
	atomic_store(&takes[2], TAKES_ALL);
	open_over(&offload);
	ground_pass();
	atomic_store(&ports.refuse[2], true);
	m = tcp(3, LARGE, FIN);
	atomic_store(&next, m);
	OvmqNotifyProcessor(0);
	ground_until(ports_report(2).held == 1);
	atomic_store(&takes[2], VMPORT_CHECKSUM);
	atomic_store(&ports.refuse[2], false);
	OvmqNotifyProcessor(2);
	ports_wait();
	got_wait(0);
	ports_close();
	assert_int_equal(ports.port[2].drops[PORT_DROP_PORT_DOWN], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(P2_P3_a_checksum_is_asked_of_the_adapter),
		TEST(P7_P8_a_large_send_is_asked_of_the_adapter),
		TEST(P14_offloads_are_turned_on_where_a_vm_may_use_them),
		TEST(P14_offloads_stay_off_where_no_vm_may_use_them),
		TEST(P14_an_adapter_that_refuses_gets_plain_frames),
		TEST(P12_an_adapter_without_offloads_gets_plain_frames),
		TEST(P7_what_the_adapter_does_not_take_is_cut_here),
		TEST(P7_a_large_send_that_cannot_be_one_is_refused),
		TEST(segments_beyond_the_mtu_are_refused),
		TEST(a_vm_that_takes_it_gets_it_as_it_is),
		TEST(a_vm_that_does_not_gets_plain_frames),
		TEST(a_flood_is_plain),
		TEST(what_waits_for_a_guest_that_left_is_dropped),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
