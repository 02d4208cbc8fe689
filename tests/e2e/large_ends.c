/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * large_ends WIRE GUEST whole|cut|vhost
 *
 * The far ends of a host: the guest on its socket GUEST, and what its NIC speaks to. That is a
 * vhost device of ours on socket WIRE, which cuts large sends itself (whole) or not (cut), or a
 * virtio port on the socket WIRE of a NIC that is a vhost device. The guest sends TCP, large and
 * with its checksums left out; the wire looks whether it comes whole, or in segments, and every
 * byte. A virtio port then sends frames whose checksums it leaves out, and the guest wants them
 * finished. Prints what was sent; status 0: all was right.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <rte_bus_vdev.h>
#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_vhost.h>

#include "large_chain.h"

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)
#define FROM_HOST  1        /* vhost's queue */
#define SENDS      24
#define PATIENCE   5000     /* ms */

static struct rte_mempool *pool;
static atomic_int device = -1;
static uint16_t guest, wire;
static bool whole, vhost;           /* how the NIC is */
static uint8_t frame[BUILD_ROOM], expected[BUILD_ROOM], room[BUILD_ROOM];

#define FAIL(...) do { printf(__VA_ARGS__); putchar('\n'); exit(1); } while (0)

static int new_device(int vid)
{
	atomic_store(&device, vid);
	return 0;
}

static void destroy_device(int vid)
{
	(void)vid;
	atomic_store(&device, -1);
}

static const struct rte_vhost_device_ops ops = { .new_device = new_device,
						 .destroy_device = destroy_device };

static uint16_t start_port(const char *name, const char *path, uint64_t offloads)
{
	struct rte_eth_conf conf = { .txmode.offloads = offloads };
	char arguments[200];
	uint16_t port;

	/* A socket's name stands before anybody listens on it: who is refused asks again. */
	snprintf(arguments, sizeof(arguments), "path=%s", path);
	for (unsigned i = 0;
	     access(path, F_OK) || rte_eal_hotplug_add("vdev", name, arguments); i++) {
		if (i == 4 * PATIENCE)
			FAIL("nobody listens on %s", path);
		usleep(1000);
	}
	if (rte_eth_dev_get_port_by_name(name, &port) || rte_eth_dev_configure(port, 1, 1, &conf) ||
	    rte_eth_rx_queue_setup(port, 0, 0, 0, NULL, pool) ||
	    rte_eth_tx_queue_setup(port, 0, 0, 0, NULL) || rte_eth_dev_start(port))
		FAIL("no port on %s", path);
	rte_eth_promiscuous_enable(port);
	return port;
}

static void start_wire(const char *path)
{
	uint64_t without = whole ? 0 : FEATURE(HOST_TSO4) | FEATURE(HOST_TSO6);

	if (rte_vhost_driver_register(path, RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS) ||
	    rte_vhost_driver_disable_features(path, without) ||
	    rte_vhost_driver_callback_register(path, &ops) || rte_vhost_driver_start(path))
		FAIL("no vhost device on %s", path);
	printf("listens\n");
	fflush(stdout);
	for (unsigned i = 0; atomic_load(&device) < 0; i++) {
		if (i == 4 * PATIENCE)
			FAIL("no host has come");
		usleep(1000);
	}
}

/* ---- the guest sends, and what comes to the wire ---- */

/* The next frame on the wire, its bytes in 'room'. */
static struct rte_mbuf *wire_next(void)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < PATIENCE; i++) {
		int vid = atomic_load(&device);

		if (vhost ? rte_eth_rx_burst(wire, 0, &m, 1)
			  : vid >= 0 && rte_vhost_dequeue_burst(vid, FROM_HOST, pool, &m, 1)) {
			const uint8_t *bytes = rte_pktmbuf_read(m, 0, m->pkt_len, room);

			if (bytes != room)
				memcpy(room, bytes, m->pkt_len);
			return m;
		}
		usleep(1000);
	}
	FAIL("a frame did not come to the wire");
}

static void want_whole(const struct build *b)
{
	struct built at = build_frame(expected, b);
	struct rte_mbuf *m = wire_next();

	/* As virtio hands it on: with the pseudo-header's sum, length and all. */
	put16(expected + at.transport + 16,
	      reference_pseudo(expected + at.ip, b->protocol, at.length - at.transport));
	if (m->pkt_len != at.length || memcmp(room, expected, at.length))
		FAIL("%u bytes came for %u, or others", m->pkt_len, at.length);
	if (!(m->ol_flags & RTE_MBUF_F_RX_LRO) || m->tso_segsz != MSS)
		FAIL("the wire was not told of segments of %u", MSS);
	rte_pktmbuf_free(m);
}

static void want_segments(const struct build *b)
{
	for (unsigned i = 0; i * MSS < b->payload; i++) {
		unsigned n = build_segment(expected, b, MSS, i, 0x7fff);
		struct rte_mbuf *m = wire_next();

		if (m->pkt_len != n || memcmp(room, expected, n))
			FAIL("segment %u: %u bytes came for %u, or others", i, m->pkt_len, n);
		rte_pktmbuf_free(m);
	}
}

static unsigned send_large(const struct build *b)
{
	struct built at = build_frame(frame, b);
	struct rte_mbuf *m;

	build_leave(frame, b, &at, true);
	m = large_chain(pool, frame, b, &at, PIECE);
	if (!m)
		FAIL("no buffer");
	if (rte_eth_tx_prepare(guest, 0, &m, 1) != 1 || rte_eth_tx_burst(guest, 0, &m, 1) != 1)
		FAIL("the guest cannot send");
	if (whole)
		want_whole(b);
	else
		want_segments(b);
	return (b->payload + MSS - 1) / MSS;
}

/* ---- the wire sends ---- */

static void send_unfinished(const struct build *b)
{
	struct built at = build_frame(expected, b);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool), *got;

	/* To the VM, whose address the frame has as its source. */
	memcpy(room, expected, 6);
	memcpy(expected, expected + 6, 6);
	memcpy(expected + 6, room, 6);
	memcpy(frame, expected, at.length);
	put16(checksum_field(frame, b, &at),
	      reference_pseudo(frame + at.ip, b->protocol, at.length - at.transport));
	memcpy(rte_pktmbuf_append(m, (uint16_t)at.length), frame, at.length);
	m->l2_len = at.ip;
	m->l3_len = at.transport - at.ip;
	m->ol_flags = b->version == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	m->ol_flags |= b->protocol == BUILD_TCP ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (rte_eth_tx_prepare(wire, 0, &m, 1) != 1 || rte_eth_tx_burst(wire, 0, &m, 1) != 1)
		FAIL("the wire cannot send");
	for (unsigned i = 0; i < PATIENCE; i++) {
		if (rte_eth_rx_burst(guest, 0, &got, 1)) {
			if (got->pkt_len != at.length ||
			    memcmp(rte_pktmbuf_mtod(got, uint8_t *), expected, at.length))
				FAIL("the guest got %u bytes for %u, or others", got->pkt_len, at.length);
			rte_pktmbuf_free(got);
			return;
		}
		usleep(1000);
	}
	FAIL("a frame did not come to the guest");
}

static unsigned up(void)
{
	unsigned segments = 0;

	for (unsigned i = 0; i < SENDS; i++) {
		struct build b = { .version = i & 1 ? 6 : 4, .protocol = BUILD_TCP, .tci = -1,
				   .payload = i < SENDS - 2 ? 2 * MSS + 2500 * i : 65535 - 60,
				   .flags = BUILD_ACK | BUILD_PSH, .sequence = 0xfffff000, .id = 7 };

		segments += send_large(&b);
	}
	return segments;
}

static void down(void)
{
	for (unsigned i = 0; i < SENDS; i++) {
		struct build b = { .version = i & 1 ? 6 : 4, .protocol = i & 2 ? BUILD_UDP : BUILD_TCP,
				   .tci = -1, .payload = 30 + 55 * i, .flags = BUILD_ACK };

		send_unfinished(&b);
	}
}

int main(int argc, char **argv)
{
	const uint64_t sums = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
	char *args[] = { argv[0], (char *)"--no-huge", (char *)"--no-shconf", (char *)"--no-pci",
			 (char *)"--no-telemetry", (char *)"--log-level=error", (char *)"-m",
			 (char *)"128" };
	unsigned segments;

	if (argc != 4 || rte_eal_init(8, args) < 0)
		FAIL("usage: large_ends WIRE GUEST whole|cut|vhost");
	whole = !strcmp(argv[3], "whole");
	vhost = !strcmp(argv[3], "vhost");
	pool = rte_pktmbuf_pool_create("frames", 8191, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	if (!pool)
		FAIL("no memory");
	if (vhost)
		wire = start_port("net_virtio_user_wire", argv[1], sums);
	else
		start_wire(argv[1]);
	guest = start_port("net_virtio_user_guest", argv[2], sums | RTE_ETH_TX_OFFLOAD_TCP_TSO |
								RTE_ETH_TX_OFFLOAD_MULTI_SEGS);
	segments = up();
	if (vhost)
		down();
	printf("sent %u large frames of %u segments\n", SENDS, segments);
	fflush(stdout);
	rte_eth_dev_stop(guest);
	rte_eth_dev_close(guest);
	return 0;
}
