/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums and large sends of real ports (P3, P4, P9): a virtio port against a vhost device of
 * this process, with the features that the test lets it have, and a tap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/virtio_net.h>
#include <rte_eal.h>
#include <rte_vhost.h>

#include "nic/nic.h"

#include "large_chain.h"

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define TO_GUEST   0        /* vhost's queues */
#define FROM_GUEST 1

static struct rte_mempool *pool, *far_pool;
static atomic_int device = -1;      /* the far end; -1: none */
static char path[64];
static uint8_t expected[BUILD_ROOM], sent[BUILD_ROOM], came[BUILD_ROOM];

static int new_device(int vid)
{
	atomic_store(&device, vid);
	return 0;
}

static void destroy_device(int vid)
{
	atomic_compare_exchange_strong(&device, &vid, -1);
}

static const struct rte_vhost_device_ops ops = { .new_device = new_device,
						 .destroy_device = destroy_device };

static int start(void **state)
{
	char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"--no-shconf", (char *)"--no-pci",
			 (char *)"--no-telemetry", (char *)"--log-level=error", (char *)"-m",
			 (char *)"192" };

	(void)state;
	if (rte_eal_init(8, args) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("near", 8191, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	far_pool = rte_pktmbuf_pool_create("far", 2047, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	return pool && far_pool ? 0 : -1;
}

/* ---- the port and its far end ---- */

#define PORTS 8

/* They stay open to the end of the process: DPDK 22.11 stops it when its interrupt thread meets
 * a virtio port that is just being closed. */
static struct nic *ports[PORTS], *nic;
static unsigned n_ports;

static void far_open(uint64_t without)
{
	snprintf(path, sizeof(path), "/tmp/nic-large-%d-%u.sock", getpid(), n_ports);
	unlink(path);
	assert_int_equal(rte_vhost_driver_register(path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS), 0);
	assert_int_equal(rte_vhost_driver_disable_features(path, without), 0);
	assert_int_equal(rte_vhost_driver_callback_register(path, &ops), 0);
	assert_int_equal(rte_vhost_driver_start(path), 0);
}

/* A port whose far end has all features but 'without'. */
static void near_open(uint64_t without, bool rx_checksums, bool tx_large)
{
	char spec[128];
	struct nic_config config = { .spec = spec, .rx_queues = 1, .tx_queues = 1, .mtu = 1500,
				     .rx_checksums = rx_checksums, .tx_large = tx_large };
	struct error err = { "" };

	assert_true(n_ports < PORTS);
	far_open(without);
	atomic_store(&device, -1);
	snprintf(spec, sizeof(spec), "dpdk:net_virtio_user%u,path=%s", n_ports, path);
	if (nic_open(&nic, &config, &err) || nic_start(nic, &pool, &err))
		fail_msg("%s", err.text);
	ports[n_ports++] = nic;
	for (unsigned i = 0; i < 1000 && atomic_load(&device) < 0; i++)
		usleep(1000);
	assert_true(atomic_load(&device) >= 0);
	unlink(path);
}

static uint64_t negotiated(void)
{
	uint64_t features = 0;

	assert_int_equal(rte_vhost_get_negotiated_features(atomic_load(&device), &features), 0);
	return features;
}

/* What the far end gets next, within a second, in 'came'; its mbuf. */
static struct rte_mbuf *far_receive(void)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < 1000; i++) {
		if (rte_vhost_dequeue_burst(atomic_load(&device), FROM_GUEST, far_pool, &m, 1)) {
			const uint8_t *bytes = rte_pktmbuf_read(m, 0, m->pkt_len, came);

			if (bytes != came)
				memcpy(came, bytes, m->pkt_len);
			return m;
		}
		usleep(1000);
	}
	fail_msg("nothing came");
	return NULL;
}

/* ---- sends ---- */

static void send_large(const struct build *b)
{
	struct built at = build_frame(expected, b);
	struct rte_mbuf *m;

	memcpy(sent, expected, at.length);
	build_leave(sent, b, &at, true);
	m = large_chain(pool, sent, b, &at, at.payload);
	assert_non_null(m);
	assert_true(m->nb_segs <= nic_tx_chain(nic));
	assert_true(nic_tx_large(nic, m));
	assert_int_equal(nic_tx_burst(nic, 0, &m, 1), 1);
	m = far_receive();
	/* As virtio hands it on: with the pseudo-header's sum, length and all. */
	if (b->version == 4)
		put16(expected + at.ip + 10, get16(came + at.ip + 10));
	put16(expected + at.transport + 16,
	      reference_pseudo(expected + at.ip, b->protocol, at.length - at.transport));
	assert_int_equal(m->pkt_len, at.length);
	assert_memory_equal(came, expected, at.length);
	if (b->version == 4)
		assert_int_equal(reference_sum(0, came + at.ip, at.transport - at.ip), 0xffff);
	assert_true(m->ol_flags & RTE_MBUF_F_RX_LRO);
	assert_int_equal(m->tso_segsz, MSS);
	rte_pktmbuf_free(m);
}

static void P9_a_virtio_port_takes_64_kib_whole(void **state)
{
	(void)state;
	near_open(0, false, true);
	assert_int_equal(nic_tx_offloads(nic), NIC_TX_TCP | NIC_TX_UDP | NIC_TX_LARGE);
	for (unsigned i = 0; i < 32; i++) {
		struct build b = { .version = i & 1 ? 6 : 4, .protocol = BUILD_TCP, .tci = -1,
				   .payload = i < 30 ? 2 * MSS + 2000 * i : 65535 - 60,
				   .flags = BUILD_ACK | BUILD_PSH, .tcp_options = i & 2 ? 12 : 0 };

		if (i >= 30)
			b.payload -= b.tcp_options;
		send_large(&b);
	}
}

static void P9_a_port_cuts_only_where_it_can_and_shall(void **state)
{
	(void)state;
	near_open(FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6), false, true);
	assert_int_equal(nic_tx_offloads(nic), NIC_TX_TCP | NIC_TX_UDP);
	assert_int_equal(nic_tx_chain(nic), 0);
	near_open(0, false, false);
	assert_int_equal(nic_tx_offloads(nic), NIC_TX_TCP | NIC_TX_UDP);
	assert_false(negotiated() & (FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6)));
}

/* ---- receives ---- */

/* The far end sends the frame, whole or as a guest leaves it; what our end gets. */
static struct rte_mbuf *receive(const struct build *b, bool unfinished)
{
	struct built at = build_frame(expected, b);
	struct rte_mbuf *m = rte_pktmbuf_alloc(far_pool);

	memcpy(sent, expected, at.length);
	if (unfinished) {
		put16(checksum_field(sent, b, &at),
		      reference_pseudo(sent + at.ip, b->protocol, at.length - at.transport));
		m->l2_len = at.ip;
		m->l3_len = at.transport - at.ip;
		m->ol_flags = b->version == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
		m->ol_flags |= b->protocol == BUILD_TCP ? RTE_MBUF_F_TX_TCP_CKSUM
							: RTE_MBUF_F_TX_UDP_CKSUM;
	}
	memcpy(rte_pktmbuf_append(m, (uint16_t)at.length), sent, at.length);
	assert_int_equal(rte_vhost_enqueue_burst(atomic_load(&device), TO_GUEST, &m, 1), 1);
	rte_pktmbuf_free(m);
	for (unsigned i = 0; i < 1000; i++) {
		if (nic_rx_burst(nic, 0, &m, 1)) {
			assert_int_equal(m->pkt_len, at.length);
			assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), expected, at.length);
			return m;
		}
		usleep(1000);
	}
	fail_msg("nothing came");
	return NULL;
}

static void P4_what_a_virtio_port_leaves_open_comes_finished(void **state)
{
	(void)state;
	near_open(0, true, false);
	assert_int_equal(nic_rx_offloads(nic), NIC_RX_TRANSPORT);
	assert_true(negotiated() & FEATURE(GUEST_CSUM));
	for (unsigned i = 0; i < 64; i++) {
		struct build b = { .version = i & 1 ? 6 : 4,
				   .protocol = i & 2 ? BUILD_UDP : BUILD_TCP,
				   .tci = i & 4 ? 5 : -1, .payload = 30 + i * 21, .flags = BUILD_ACK };
		struct rte_mbuf *m = receive(&b, i & 8);

		assert_int_equal(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
				 i & 8 ? RTE_MBUF_F_RX_L4_CKSUM_GOOD : RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN);
		rte_pktmbuf_free(m);
	}
}

/* Large receives are nowhere handled: nobody may think so. */
static void P4_no_port_is_asked_for_large_receives(void **state)
{
	const uint64_t large = FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6) | FEATURE(GUEST_UFO);

	(void)state;
	near_open(0, true, true);
	assert_false(negotiated() & large);
	near_open(0, false, false);
	assert_false(negotiated() & (large | FEATURE(GUEST_CSUM)));
	assert_int_equal(nic_rx_offloads(nic), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(P9_a_virtio_port_takes_64_kib_whole),
		cmocka_unit_test(P9_a_port_cuts_only_where_it_can_and_shall),
		cmocka_unit_test(P4_what_a_virtio_port_leaves_open_comes_finished),
		cmocka_unit_test(P4_no_port_is_asked_for_large_receives),
	};

	/* Without rte_eal_cleanup() behind it: the threads of librte_vhost never end, and would
	 * find their memory gone. */
	return cmocka_run_group_tests_name("offloads of a virtio port", tests, start, NULL);
}
