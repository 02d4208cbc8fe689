/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NICs on interfaces of the kernel: xdp:, packet: and tap:, against the
 * kernel itself, in a network namespace that this test makes and that goes with
 * its process. Needs root; without it every test is skipped, and says so.
 *
 * The wire is a veth pair: v1 is the NIC's, v0 the peer's, with an ordinary
 * packet socket of this test on it.
 */
#include "nic/nic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#define PRIVATE 768
#define QUEUES 2
#define BUFFERS 8191
#define ETHERTYPE_TEST 0x88b5   /* IEEE 802: for local experiments */

static struct rte_mempool *pools[QUEUES], *senders;
static bool able, xdp_used;
static struct nic *live[2];   /* what a test that fails leaves open */

static int sh(const char *command)
{
	return system(command);   /* only fixed strings of this file */
}

static int start(void **state)
{
	char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"--no-shconf", (char *)"--no-pci",
			 (char *)"--no-telemetry", (char *)"--log-level=critical", (char *)"-m",
			 (char *)"512" };

	(void)state;
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0 && sh("ip link set lo up && "
		"sysctl -qw net.ipv6.conf.default.disable_ipv6=1") == 0;   /* no frames of its own */
	if (!able) {
		fprintf(stderr, "\n*** SKIPPED: nic_live_test needs root and network namespaces; "
			"xdp:, packet: and tap: were NOT tested ***\n\n");
		return 0;
	}
	if (rte_eal_init(8, args) < 0)
		return -1;
	senders = rte_pktmbuf_pool_create("senders", 1023, 0, PRIVATE, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	return senders ? 0 : -1;
}

/* AF_XDP's driver keeps buffers when it is closed: pools last for one opening. */
static int make_pools(void)
{
	for (int i = 0; i < QUEUES; i++) {
		char name[24];

		rte_mempool_free(pools[i]);
		snprintf(name, sizeof(name), "frames%d", i);
		pools[i] = rte_pktmbuf_pool_create(name, BUFFERS, 0, PRIVATE,
						   2048 + RTE_PKTMBUF_HEADROOM, 0);
		if (!pools[i])
			return -1;
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return able ? rte_eal_cleanup() : 0;
}

static void closed(struct nic *nic)
{
	for (int i = 0; i < 2; i++)
		if (live[i] == nic)
			live[i] = NULL;
	nic_close(nic);
}

static int make_wire(void **state)
{
	(void)state;
	if (!able)
		return 0;
	xdp_used = false;
	if (make_pools())
		return -1;
	return sh("ip link add v0 numrxqueues 2 numtxqueues 2 type veth peer name v1 numrxqueues 2 "
		  "numtxqueues 2 && ip link set v0 up && ip link set v1 up");
}

static int remove_wire(void **state)
{
	(void)state;
	closed(live[0]);
	closed(live[1]);
	if (able)
		sh("ip link del v0 2>/dev/null");
	return 0;
}

static struct nic_config config_of(const char *spec, uint16_t queues)
{
	return (struct nic_config){ .spec = spec, .rx_queues = queues, .tx_queues = queues,
				    .mtu = 1500 };
}

static struct nic *opened(const char *spec, uint16_t queues)
{
	struct nic_config config = config_of(spec, queues);
	struct error err = { "" };
	struct nic *nic;

	if (!strncmp(spec, "xdp", 3))
		xdp_used = true;
	if (nic_open(&nic, &config, &err))
		fail_msg("%s", err.text);
	live[live[0] != NULL] = nic;
	if (nic_start(nic, pools, &err))
		fail_msg("%s", err.text);
	return nic;
}

static void refused(struct nic_config config, int code, const char *text)
{
	struct error err = { "" };
	struct nic *nic;
	int rc = nic_open(&nic, &config, &err);

	if (rc != code || !strstr(err.text, text) || strchr(err.text, '\n'))
		fail_msg("%d, '%s' instead of %d, '%s'", rc, err.text, code, text);
	assert_null(nic);
	assert_int_equal(rte_eth_dev_count_avail(), 0);
}

/* ---- the peer at the other end of the wire ---- */

static int peer_open(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_TEST),
				       .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(ETHERTYPE_TEST)), room = 16 << 20;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void fill(uint8_t *frame, uint16_t length, uint32_t number)
{
	memset(frame, 0x5a, length);
	memcpy(frame, "\x52\x54\0\0\0\1\x52\x54\0\0\0\2\x88\xb5", 14);
	memcpy(frame + 14, &number, sizeof(number));
}

static void peer_send(int fd, unsigned n, uint16_t length)
{
	uint8_t frame[2048];

	for (unsigned i = 0; i < n; i++) {
		fill(frame, length, i);
		assert_int_equal(send(fd, frame, length, 0), length);
	}
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Takes 'n' test frames from all queues, each whole and once; others are let go. */
static void expect_received(struct nic *nic, uint16_t queues, unsigned n, uint16_t length)
{
	uint64_t until = now_ms() + 3000;
	uint8_t expected[2048], *seen = calloc(n, 1);
	struct rte_mbuf *pkts[32];
	unsigned got = 0;

	while (got < n && now_ms() < until)
		for (uint16_t q = 0; q < queues; q++) {
			uint16_t burst = nic_rx_burst(nic, q, pkts, 32);

			for (uint16_t i = 0; i < burst; i++) {
				uint8_t *bytes = rte_pktmbuf_mtod(pkts[i], uint8_t *);
				uint32_t number;

				if (!memcmp(bytes + 12, "\x88\xb5", 2)) {
					memcpy(&number, bytes + 14, sizeof(number));
					assert_true(number < n);
					assert_false(seen[number]);
					fill(expected, length, number);
					assert_int_equal(pkts[i]->nb_segs, 1);
					assert_int_equal(pkts[i]->data_len, length);
					assert_memory_equal(bytes, expected, length);
					seen[number] = 1;
					got++;
				}
				rte_pktmbuf_free(pkts[i]);
			}
		}
	free(seen);
	assert_int_equal(got, n);
}

/* A test frame in an mbuf of 'from'. */
static struct rte_mbuf *made(struct rte_mempool *from, uint16_t length, uint32_t number)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(from);
	char *bytes = m ? rte_pktmbuf_append(m, length) : NULL;

	if (!bytes)
		fail_msg("no buffer for a frame of %u bytes", length);
	else
		fill((uint8_t *)bytes, length, number);
	return m;
}

static void nic_sends(struct nic *nic, uint16_t queue, struct rte_mempool *from, unsigned n,
		      uint16_t length)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = made(from, length, i);

		assert_int_equal(nic_tx_burst(nic, queue, &m, 1), 1);
	}
}

static void peer_expects(int fd, unsigned n, uint16_t length)
{
	uint8_t frame[2048], expected[2048];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(poll(&p, 1, 2000), 1);
		assert_int_equal(recv(fd, frame, sizeof(frame), 0), length);
		fill(expected, length, i);
		assert_memory_equal(frame, expected, length);
	}
}

/* A descriptor is quiet without frames and readable with one. */
static void expect_wakes(struct nic *nic, int peer)
{
	struct pollfd p = { .fd = nic_rx_descriptor(nic, 0), .events = POLLIN };
	struct rte_mbuf *pkts[32];
	uint16_t n;

	assert_true(p.fd >= 0);
	while ((n = nic_rx_burst(nic, 0, pkts, 32)) > 0)
		rte_pktmbuf_free_bulk(pkts, n);
	assert_false(nic_rx_arm(nic, 0, true));
	assert_int_equal(poll(&p, 1, 50), 0);
	peer_send(peer, 1, 60);
	while (poll(&p, 1, 1000) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(p.revents, POLLIN);
	nic_rx_arm(nic, 0, false);
	expect_received(nic, 1, 1, 60);
	assert_int_equal(poll(&p, 1, 0), 0);
}

static void expect_gone(struct nic *nic, const char *command)
{
	struct rte_mbuf *pkts[32];
	uint64_t start_ms;
	uint16_t n;

	assert_int_equal(nic_end(nic), NIC_ALIVE);
	assert_int_equal(sh(command), 0);
	start_ms = now_ms();
	while (nic_end(nic) == NIC_ALIVE) {
		assert_true(now_ms() - start_ms < 1000);
		n = nic_rx_burst(nic, 0, pkts, 32);
		rte_pktmbuf_free_bulk(pkts, n);
		usleep(1000);
	}
	assert_int_equal(nic_end(nic), NIC_GONE);
	assert_non_null(strstr(nic_end_reason(nic), "no longer there"));
	/* Going on for a moment hurts nobody. */
	for (int i = 0; i < 3; i++) {
		struct rte_mbuf *m = made(senders, 60, 0);

		if (!nic_tx_burst(nic, 0, &m, 1))
			rte_pktmbuf_free(m);
		n = nic_rx_burst(nic, 0, pkts, 32);
		rte_pktmbuf_free_bulk(pkts, n);
	}
	nic_missed(nic);
}

static void expect_mac(struct nic *nic, const char *interface, bool same)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint8_t mac[6];

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", interface);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &ifr), 0);
	close(fd);
	nic_mac(nic, mac);
	assert_int_equal(!memcmp(mac, ifr.ifr_hwaddr.sa_data, 6), same);
}

static void all_closed(void)
{
	assert_int_equal(rte_eth_dev_count_avail(), 0);
	for (int i = 0; i < QUEUES && !xdp_used; i++)
		assert_int_equal(rte_mempool_avail_count(pools[i]), BUFFERS);
	assert_int_equal(rte_mempool_avail_count(senders), 1023);
}

/* ---- the tests ---- */

static void both_ways(const char *spec, const char *name)
{
	int peer = peer_open("v0");
	struct nic *nic = opened(spec, 1);

	assert_string_equal(nic_description(nic), name);
	assert_int_equal(nic_tx_queues(nic), 1);
	expect_mac(nic, "v1", true);
	peer_send(peer, 300, 60);
	expect_received(nic, 1, 300, 60);
	peer_send(peer, 20, 1514);
	expect_received(nic, 1, 20, 1514);
	nic_sends(nic, 0, senders, 300, 60);
	peer_expects(peer, 300, 60);
	nic_sends(nic, 0, senders, 20, 1514);
	peer_expects(peer, 20, 1514);
	nic_sends(nic, 0, pools[0], 20, 60);   /* the receive pool's own buffers */
	peer_expects(peer, 20, 60);
	expect_wakes(nic, peer);
	assert_int_equal(nic_missed(nic), 0);
	assert_int_equal(nic_truncated(nic), 0);
	assert_int_equal(nic_end(nic), NIC_ALIVE);
	closed(nic);
	close(peer);
	all_closed();
}

#define NEEDS_ROOT do { (void)state; if (!able) skip(); } while (0)

static void xdp_both_ways(void **state)
{
	NEEDS_ROOT;
	assert_int_equal(sh("ethtool -L v1 rx 1 tx 1 && ethtool -L v0 rx 1 tx 1"), 0);
	both_ways("xdp:v1", "AF_XDP on v1");
	assert_int_equal(make_pools(), 0);
	both_ways("xdp:v1", "AF_XDP on v1");   /* nothing is left behind */
}

static void packet_both_ways(void **state)
{
	NEEDS_ROOT;
	both_ways("packet:v1", "AF_PACKET on v1");
	both_ways("packet:v1", "AF_PACKET on v1");
}

static void two_queues(const char *spec)
{
	int peer = peer_open("v0");
	struct nic *nic = opened(spec, 2);

	assert_int_equal(nic_tx_queues(nic), 2);
	assert_true(nic_rx_descriptor(nic, 0) >= 0);
	assert_true(nic_rx_descriptor(nic, 1) >= 0);
	assert_true(nic_rx_descriptor(nic, 0) != nic_rx_descriptor(nic, 1));
	peer_send(peer, 300, 60);
	expect_received(nic, 2, 300, 60);
	nic_sends(nic, 0, senders, 10, 60);
	peer_expects(peer, 10, 60);
	nic_sends(nic, 1, senders, 10, 60);
	peer_expects(peer, 10, 60);
	closed(nic);
	close(peer);
	all_closed();
}

static void xdp_two_queues(void **state)
{
	NEEDS_ROOT;
	two_queues("xdp:v1");
}

static void packet_two_queues(void **state)
{
	NEEDS_ROOT;
	two_queues("packet:v1");
}

static void xdp_interface_deleted(void **state)
{
	struct nic *nic;

	NEEDS_ROOT;
	nic = opened("xdp:v1", 2);
	expect_gone(nic, "ip link del v1");
	closed(nic);
	all_closed();
}

static void packet_interface_deleted(void **state)
{
	struct nic *nic;

	NEEDS_ROOT;
	nic = opened("packet:v1", 1);
	expect_gone(nic, "ip link del v1");
	closed(nic);
	all_closed();
}

static void a_deleted_interface_that_is_made_again_is_another(void **state)
{
	struct nic *nic;

	NEEDS_ROOT;
	nic = opened("packet:v1", 1);
	expect_gone(nic, "ip link del v1 && ip link add v0 type veth peer name v1");
	closed(nic);
}

static void packet_hears_only_the_wire(void **state)
{
	struct rte_mbuf *pkts[32];
	struct nic *nic;
	int host, peer;

	NEEDS_ROOT;
	host = peer_open("v1");
	peer = peer_open("v0");
	nic = opened("packet:v1", 1);
	peer_send(host, 5, 60);   /* this host sends by the same interface */
	peer_expects(peer, 5, 60);
	usleep(20000);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 0);
	peer_send(peer, 5, 60);
	expect_received(nic, 1, 5, 60);
	closed(nic);
	close(host);
	close(peer);
}

static void packet_keeps_vlan_tags(void **state)
{
	uint8_t frame[64] = "\x52\x54\0\0\0\1\x52\x54\0\0\0\2\x81\0\0\x0a\x88\xb5";
	uint64_t until = now_ms() + 1000;
	struct rte_mbuf *m = NULL;
	struct nic *nic;
	int peer;

	NEEDS_ROOT;
	peer = peer_open("v0");
	nic = opened("packet:v1", 1);
	assert_int_equal(send(peer, frame, 64, 0), 64);
	while (!nic_rx_burst(nic, 0, &m, 1) && now_ms() < until)
		usleep(1000);
	assert_non_null(m);
	assert_int_equal(m->data_len, 64);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), frame, 64);
	rte_pktmbuf_free(m);
	closed(nic);
	close(peer);
}

static void packet_tells_what_it_lost(void **state)
{
	struct rte_mbuf *pkts[32];
	unsigned got = 0;
	struct nic *nic;
	uint16_t n;
	int peer;

	NEEDS_ROOT;
	peer = peer_open("v0");
	nic = opened("packet:v1", 1);
	peer_send(peer, 3000, 60);
	while ((n = nic_rx_burst(nic, 0, pkts, 32)) > 0) {
		rte_pktmbuf_free_bulk(pkts, n);
		got += n;
	}
	assert_true(got < 3000);
	assert_int_equal(got + nic_missed(nic), 3000);
	nic_stop(nic);
	assert_int_equal(got + nic_missed(nic), 3000);
	closed(nic);
	close(peer);
}

static void xdp_tells_what_it_lost(void **state)
{
	struct rte_mbuf *pkts[32];
	unsigned got = 0;
	struct nic *nic;
	uint16_t n;
	int peer;

	NEEDS_ROOT;
	assert_int_equal(sh("ethtool -L v1 rx 1 tx 1 && ethtool -L v0 rx 1 tx 1"), 0);
	peer = peer_open("v0");
	nic = opened("xdp:v1", 1);
	peer_send(peer, 5000, 60);
	usleep(50000);
	while ((n = nic_rx_burst(nic, 0, pkts, 32)) > 0) {
		rte_pktmbuf_free_bulk(pkts, n);
		got += n;
	}
	assert_true(got < 5000);
	assert_int_equal(got + nic_missed(nic), 5000);
	closed(nic);
	close(peer);
}

static void mtu_of(const char *interface, const char *mtu)
{
	char command[64];

	snprintf(command, sizeof(command), "ip link show %s | grep -q 'mtu %s '", interface, mtu);
	assert_int_equal(sh(command), 0);
}

static void a_larger_mtu_is_set_and_given_back(void **state)
{
	struct nic_config config = config_of("packet:v1", 1);
	struct error err = { "" };
	struct nic *nic;

	NEEDS_ROOT;
	config.mtu = 1900;
	assert_int_equal(nic_open(&nic, &config, &err), 0);
	mtu_of("v1", "1900");
	closed(nic);
	mtu_of("v1", "1500");
	config.spec = "xdp:v1";
	config.rx_queues = 2;
	config.mtu = 9000;
	refused(config, -ENOTSUP, "an MTU of 9000 is not supported; choose 68 to");
	mtu_of("v1", "1500");
}

static void xdp_pools_that_cannot_work(void **state)
{
	struct nic_config config = config_of("xdp:v1", 2);
	struct rte_mempool *bad[QUEUES];
	struct error err = { "" };
	struct nic *nic;

	NEEDS_ROOT;
	bad[0] = rte_pktmbuf_pool_create("large", 4095, 0, PRIVATE, 4096, 0);
	bad[1] = pools[1];
	assert_int_equal(nic_open(&nic, &config, &err), 0);
	assert_int_equal(nic_start(nic, bad, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, "does not fit a page of 4096"));
	closed(nic);
	rte_mempool_free(bad[0]);
	bad[0] = senders;
	assert_int_equal(nic_open(&nic, &config, &err), 0);
	assert_int_equal(nic_start(nic, bad, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "has 1023 free buffers, AF_XDP needs 4096"));
	closed(nic);
	all_closed();
}

static void an_xdp_queue_that_is_taken(void **state)
{
	struct nic_config config = config_of("xdp:v1", 2);
	struct error err = { "" };
	struct nic *first, *second;

	NEEDS_ROOT;
	first = opened("xdp:v1", 2);
	assert_int_equal(nic_open(&second, &config, &err), 0);
	assert_true(nic_start(second, pools, &err) < 0);
	assert_non_null(strstr(err.text, "receive queue 0 cannot be set up"));
	nic_close(second);
	closed(first);
	all_closed();
}

static void interfaces_that_cannot_be_used(void **state)
{
	NEEDS_ROOT;
	refused(config_of("packet:none9", 1), -ENODEV, "interface 'none9': there is none of that name");
	refused(config_of("xdp:none9", 1), -ENODEV, "'ip link' shows those there are");
	refused(config_of("xdp:a,b", 1), -ENODEV, "no interface can be used by that name");
	refused(config_of("packet:a-name-that-is-too-long", 1), -ENODEV, "at most 15 characters");
	refused(config_of("packet:lo", 1), -ENODEV, "not an Ethernet interface");
	refused(config_of("xdp:v1", 3), -ENOTSUP, "has 2 receive queues, not 3");
	refused(config_of("tap:v1", 1), -EEXIST, "is there already");
	refused(config_of("tap:a-name-that-is-too-long", 1), -EINVAL, "at most 15 characters");
	refused(config_of("tap:t0", 5), -ENOTSUP, "has 4 receive queues, not 5");
	assert_int_equal(sh("ip link set v1 down"), 0);
	refused(config_of("packet:v1", 1), -ENETDOWN, "'ip link set v1 up'");
}

/* Takes away or gives back one of the process's effective privileges. */
static void capability(unsigned which, bool held)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << which);
	data[0].effective |= (unsigned)held << which;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

static void without_the_privilege(void **state)
{
	NEEDS_ROOT;
	capability(CAP_NET_RAW, false);
	refused(config_of("packet:v1", 1), -EPERM, "needs the privilege CAP_NET_RAW; run as root or");
	refused(config_of("xdp:v1", 2), -EPERM, "CAP_NET_RAW");
	capability(CAP_NET_RAW, true);
	capability(CAP_NET_ADMIN, false);
	refused(config_of("packet:v1", 1), -EPERM, "CAP_NET_ADMIN");
	refused(config_of("tap:t0", 1), -EPERM, "CAP_NET_ADMIN");
	capability(CAP_NET_ADMIN, true);
}

static void the_operators_promiscuous_mode_stays(void **state)
{
	NEEDS_ROOT;
	assert_int_equal(sh("ip link set v1 promisc on"), 0);
	closed(opened("packet:v1", 1));
	assert_int_equal(sh("ip link show v1 | grep -q PROMISC"), 0);
	assert_int_equal(sh("ip link set v1 promisc off"), 0);
	closed(opened("packet:v1", 1));
	assert_int_not_equal(sh("ip link show v1 | grep -q PROMISC"), 0);
}

static void tap_both_ways(void **state)
{
	struct nic *nic;
	int peer;

	NEEDS_ROOT;
	for (int i = 0; i < 2; i++) {
		nic = opened("tap:t0", 1);
		assert_string_equal(nic_description(nic), "tap t0");
		expect_mac(nic, "t0", false);
		peer = peer_open("t0");
		peer_send(peer, 300, 60);
		expect_received(nic, 1, 300, 60);
		peer_send(peer, 20, 1514);
		expect_received(nic, 1, 20, 1514);
		nic_sends(nic, 0, senders, 100, 60);
		peer_expects(peer, 100, 60);
		nic_sends(nic, 0, senders, 20, 1514);
		peer_expects(peer, 20, 1514);
		expect_wakes(nic, peer);
		closed(nic);
		close(peer);
		assert_int_equal(if_nametoindex("t0"), 0);
		all_closed();
	}
}

static void tap_interface_deleted(void **state)
{
	struct nic *nic;

	NEEDS_ROOT;
	nic = opened("tap:t0", 1);
	expect_gone(nic, "ip link del t0");
	closed(nic);
	all_closed();
}

static void tap_mtu(void **state)
{
	struct nic_config config = config_of("tap:t0", 1);
	struct error err = { "" };
	struct nic *nic;

	NEEDS_ROOT;
	config.mtu = 9000;
	refused(config, -ENOTSUP, "an MTU of 9000 is not supported");
	config.mtu = 1400;
	assert_int_equal(nic_open(&nic, &config, &err), 0);
	assert_int_equal(nic_start(nic, pools, &err), 0);
	mtu_of("t0", "1400");
	closed(nic);
}

#define WIRE_TEST(f) cmocka_unit_test_setup_teardown(f, make_wire, remove_wire)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WIRE_TEST(packet_both_ways),
		WIRE_TEST(packet_two_queues),
		WIRE_TEST(packet_interface_deleted),
		WIRE_TEST(a_deleted_interface_that_is_made_again_is_another),
		WIRE_TEST(packet_hears_only_the_wire),
		WIRE_TEST(packet_keeps_vlan_tags),
		WIRE_TEST(packet_tells_what_it_lost),
		WIRE_TEST(xdp_both_ways),
		WIRE_TEST(xdp_two_queues),
		WIRE_TEST(xdp_interface_deleted),
		WIRE_TEST(xdp_tells_what_it_lost),
		WIRE_TEST(xdp_pools_that_cannot_work),
		WIRE_TEST(an_xdp_queue_that_is_taken),
		WIRE_TEST(a_larger_mtu_is_set_and_given_back),
		WIRE_TEST(interfaces_that_cannot_be_used),
		WIRE_TEST(without_the_privilege),
		WIRE_TEST(the_operators_promiscuous_mode_stays),
		WIRE_TEST(tap_both_ways),
		WIRE_TEST(tap_interface_deleted),
		WIRE_TEST(tap_mtu),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
