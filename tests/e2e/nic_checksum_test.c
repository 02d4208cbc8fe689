/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums that a port computes itself (P3): what the kernel hears at the other end of a tap
 * is the same frame that software makes. In a network namespace that the test makes.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <linux/if_ether.h>
#include <rte_eal.h>

#include "nic/nic.h"

#include "../unit/offload_testing.h"

static struct rte_mempool *pool;
static bool able;
static uint8_t expected[BUILD_ROOM], left[BUILD_ROOM], heard[BUILD_ROOM];

static int start(void **state)
{
	char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"--no-shconf", (char *)"--no-pci",
			 (char *)"--no-telemetry", (char *)"-m", (char *)"128" };

	(void)state;
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	if (!able) {
		fprintf(stderr, "\n*** SKIPPED: nic_checksum_test needs root and network namespaces ***\n\n");
		return 0;
	}
	if (rte_eal_init(7, args) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("frames", 4095, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	return pool ? 0 : -1;
}

static int stop(void **state)
{
	(void)state;
	return able ? rte_eal_cleanup() : 0;
}

static int peer_open(void)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex("t0") };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The next frame that is ours; fails the test when there is none within a second. */
static unsigned hear(int fd)
{
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		assert_int_equal(poll(&p, 1, 1000), 1);
		n = recv(fd, heard, sizeof(heard), 0);
		if (n > 12 && !memcmp(heard, expected, 12))
			return (unsigned)n;
	}
}

static struct rte_mbuf *mbuf_of(const struct build *b, const struct built *at)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	memcpy(rte_pktmbuf_append(m, (uint16_t)at->length), left, at->length);
	m->l2_len = at->ip;
	m->l3_len = at->transport - at->ip;
	m->ol_flags = b->version == 4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM
				      : RTE_MBUF_F_TX_IPV6;
	m->ol_flags |= b->protocol == BUILD_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	return m;
}

static void P3_a_tap_computes_what_software_does(void **state)
{
	struct nic_config config = { .spec = "tap:t0", .rx_queues = 1, .tx_queues = 1, .mtu = 1500,
				     .rx_checksums = true, .tx_large = true };
	struct error err = { "" };
	struct nic *nic;
	int peer;

	(void)state;
	if (!able)
		skip();
	if (nic_open(&nic, &config, &err) || nic_start(nic, &pool, &err))
		fail_msg("%s", err.text);
	assert_int_equal(nic_tx_offloads(nic), NIC_TX_IP | NIC_TX_TCP | NIC_TX_UDP);
	assert_int_equal(nic_rx_offloads(nic), 0);
	peer = peer_open();
	for (unsigned i = 0; i < 64; i++) {
		struct build b = { .version = i & 1 ? 6 : 4,
				   .protocol = i & 2 ? BUILD_UDP : BUILD_TCP,
				   .tci = -1, .payload = 30 + i * 21, .flags = BUILD_ACK };
		struct built at = build_frame(expected, &b);
		struct rte_mbuf *m;

		memcpy(left, expected, at.length);
		build_leave(left, &b, &at, false);
		m = mbuf_of(&b, &at);
		assert_int_equal(nic_tx_burst(nic, 0, &m, 1), 1);
		assert_int_equal(hear(peer), at.length);
		assert_memory_equal(heard, expected, at.length);
	}
	close(peer);
	nic_close(nic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(P3_a_tap_computes_what_software_does),
	};

	return cmocka_run_group_tests_name("checksums of a port", tests, start, stop);
}
