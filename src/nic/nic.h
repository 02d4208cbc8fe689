/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NIC: bursts of mbufs from the wire and to it. One interface over DPDK's
 * ethdev ports and over a finite capture read by libpcap.
 *
 * Kinds, as the configuration names them:
 *   pcap:FILE      a capture, once, to its end (libpcap)
 *   pcap-loop:FILE the capture over and over, for measurements (net_pcap)
 *   tap:NAME       a tap device made by us (net_tap)
 *   xdp:IFACE      an interface of the host by AF_XDP (net_af_xdp)
 *   packet:IFACE   an interface of the host by AF_PACKET (net_af_packet)
 *   dpdk:DEVARGS   any DPDK device: a PCI address, or vdev arguments
 *
 * Threads: open, start, stop and close on the control thread; each receive
 * queue is polled by one worker at a time; transmit queues likewise.
 */
#ifndef NIC_NIC_H
#define NIC_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/error.h"

struct nic;

struct nic_config {
	const char *spec;        /* "KIND:ARGUMENT" */
	const char *out;         /* pcap kinds: the pcapng file for what is sent, or NULL */
	uint16_t rx_queues;      /* 1 .. 64; pcap: has 1 */
	uint16_t steer_queues;   /* 0 .. 63, receive queues beyond those, for nic_steer_set() alone;
				  * the most of use, see nic_steer_queues() */
	uint16_t tx_queues;      /* 1 .. 1024, the most of use; see nic_tx_queues() */
	uint16_t mtu;            /* 68 .. 9600 */
	bool rx_checksums;       /* the port is to verify the checksums of received frames, if its
				  * hardware can; see nic_rx_offloads() */
	bool tx_large;           /* the port is to cut large TCP sends, if its hardware can; see
				  * NIC_TX_LARGE */
};

/*
 * Opens the port. The host has initialised DPDK before. Errors say what was wrong
 * and what to do: the file that is missing, the interface that does not exist, the
 * privilege that is needed.
 * -ENOENT, -EPERM, -ENODEV, -ENETDOWN (the interface is down), -EEXIST (a tap's
 * name is taken), -EINVAL, -ENOTSUP (an MTU or queue number the kind does not
 * have), -ENOMEM; for a DPDK device what its driver says.
 */
int nic_open(struct nic **nic, const struct nic_config *config, struct error *err);

/* The data room, without the headroom, that each receive buffer must have for
 * the port's MTU. */
uint32_t nic_data_room(const struct nic *nic);

/* How many buffers of each receive pool the port may hold by itself: make the
 * pools larger by this. */
uint32_t nic_buffers(const struct nic *nic);
#define NIC_DEVICE_BUFFERS 1024   /* of a dpdk: port */

/* Whether it is a dpdk: port, whose device, or the process that plays it, may write into the
 * buffers by itself, where DPDK says that they are. Any thread. */
bool nic_is_device(const struct nic *nic);

/*
 * Gives each receive queue its pool, the steered ones behind the others, and starts
 * the port; a port starts once.
 * AF_XDP: each queue a pool of its own, whose buffers lie in one piece of memory
 * and fit a page with all their headers; its driver keeps up to nic_buffers() of
 * them for good, so the pool goes with the port.
 * dpdk: the buffers lie in DPDK's own memory, which is all that the device, or a process that
 * plays it, can reach. -EINVAL, -ENOTSUP, -ENOMEM,
 * -EALREADY; else what the driver says.
 */
int nic_start(struct nic *nic, struct rte_mempool *const *rx_pools, struct error *err);
void nic_stop(struct nic *nic);
void nic_close(struct nic *nic);   /* accepts NULL; stops first if started */

/* The port's own address; a capture has the locally administered 02:00:00:00:00:00,
 * a tap another than the kernel's end of it. */
void nic_mac(const struct nic *nic, uint8_t mac[6]);

/* What it is in a few words: "capture examples/office.pcap", "AF_XDP on veth0". */
const char *nic_description(const struct nic *nic);

/* How many transmit queues there really are (1 .. config.tx_queues). Workers that
 * share one take turns: no two at a time. */
uint16_t nic_tx_queues(const struct nic *nic);

/*
 * What the port does itself of a frame to send, a bit each. Any thread, once the port is open.
 *
 * NIC_TX_IP, _TCP, _UDP: that checksum, as RTE_MBUF_F_TX_IP_CKSUM, _TCP_CKSUM and _UDP_CKSUM of
 * its mbuf ask for, with l2_len, l3_len and the pseudo-header's sum in TCP's or UDP's field: that
 * flag of each, the UDP one without TCP's bit.
 *
 * NIC_TX_LARGE: it cuts a large TCP send of IPv4 or IPv6, as RTE_MBUF_F_TX_TCP_SEG asks for,
 * with RTE_MBUF_F_TX_TCP_CKSUM and RTE_MBUF_F_TX_IPV6, or _IPV4 and _IP_CKSUM; with l2_len, l3_len,
 * l4_len, and tso_segsz, the payload of each segment. The IP header's length is that of the
 * whole; the pseudo-header's sum lacks it. The frame is a chain of at most nic_tx_chain() mbufs,
 * all headers in the first, which nobody else refers to, and goes through nic_tx_large() first.
 */
#define NIC_TX_IP    1u
#define NIC_TX_TCP   2u
#define NIC_TX_UDP   4u
#define NIC_TX_LARGE 8u
unsigned nic_tx_offloads(const struct nic *nic);

/* How many mbufs a large send may have, 0 without NIC_TX_LARGE. Any thread, once the port is
 * open. */
uint16_t nic_tx_chain(const struct nic *nic);

/* Puts what the port's driver wants into the headers of a large send. False: the driver cannot
 * cut this one, for its size or its parts; its bytes are as they may be, and nothing of it has
 * been sent. Any thread, once the port is started; the owner of the mbuf. */
bool nic_tx_large(struct nic *nic, struct rte_mbuf *m);

/* What the port finds out of received frames, a bit each, and says in their mbufs, of those that
 * it looked at: not every port looks at IPv4's header, nor at every frame. A driver that verifies
 * in software does not: that costs every frame. Any thread, once the port is open.
 *
 * NIC_RX_IP: IPv4's checksum, RTE_MBUF_F_RX_IP_CKSUM_GOOD or _BAD. NIC_RX_TRANSPORT: TCP's and
 * UDP's, RTE_MBUF_F_RX_L4_CKSUM_GOOD or _BAD. */
#define NIC_RX_IP        1u
#define NIC_RX_TRANSPORT 2u
unsigned nic_rx_offloads(const struct nic *nic);

/* Up to 'n' received frames, each in one segment and with all its checksums in place; the
 * caller owns them. Never waits.
 * A frame of a capture that does not fit a buffer comes as long as the buffer, and
 * so longer than the MTU allows: the caller refuses it like any other too long. */
uint16_t nic_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

/* Sends up to 'n' frames; returns how many it took over, a prefix. Never waits. */
uint16_t nic_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

/* A descriptor that poll() finds readable as long as the queue has frames; -1:
 * none. Never read it. POLLERR: ask nic_end(). After nic_start. */
int nic_rx_descriptor(const struct nic *nic, uint16_t queue);

/* Asks for a signal (sleep true) or wants none (false). Returns true when frames
 * may be waiting already. Worker of the queue. */
bool nic_rx_arm(struct nic *nic, uint16_t queue, bool sleep);

/* Whether frames not yet taken wait for us without loss: pcap: does, a wire does
 * not, nor does pcap-loop:, which stands for a wire under full load. */
bool nic_can_wait(const struct nic *nic);

/* Why no more frames will come; see nic_end_reason(). */
enum nic_end {
	NIC_ALIVE,       /* more may come */
	NIC_ENDED,       /* a capture is at its end, all is well; told by the burst of
			  * 0 that comes after the last frames, as is NIC_BROKEN */
	NIC_BROKEN,      /* a capture is cut off in a record, or unreadable: what was read counts */
	NIC_GONE,        /* the device is no longer there */
};

/* Any thread, not per frame. NIC_GONE is noticed within a second of the
 * interface's going away by whoever asks; nobody watches by himself. */
enum nic_end nic_end(struct nic *nic);
/* The same without a look at the device or the clock: what was noticed by now. */
enum nic_end nic_end_noticed(const struct nic *nic);

/* One line for the operator: what ended, where, what to do. "" while alive. */
const char *nic_end_reason(const struct nic *nic);

/* Frames that the port lost before any burst, since start (its imissed, ierrors
 * and rx_nombuf). Any thread, not per frame. */
uint64_t nic_missed(struct nic *nic);

/*
 * Steering: the port itself puts the frames of a destination MAC and VLAN into a
 * receive queue of their own. Those queues follow the others, rx_queues .. rx_queues +
 * nic_steer_queues() - 1, and are polled like them. A frame without a rule comes to the
 * first rx_queues queues. The port only saves work: a frame may come to a queue by a
 * rule that was cleared since, so whoever polls a steered queue still looks at it.
 */

/* How many queues of config.steer_queues there are; 0: the port cannot steer. Any thread,
 * once the port is open. */
uint16_t nic_steer_queues(const struct nic *nic);

/* What the VLAN of a frame must be. X(name, what it means) */
#define NIC_STEER_VLANS(X)                                                    \
	X(ANY,              "no VLAN test")                                   \
	X(UNTAGGED_OR_ZERO, "no 802.1Q tag, or one with VLAN id 0")           \
	X(EQUAL,            "an 802.1Q tag with exactly this VLAN id")

enum nic_steer_vlan {
#define X(name, text) NIC_STEER_##name,
	NIC_STEER_VLANS(X)
#undef X
};

struct nic_steer {
	uint8_t mac[6];          /* destination, in wire order */
	enum nic_steer_vlan test;
	uint16_t vlan;           /* 1 .. 4095, read with NIC_STEER_EQUAL only */
	uint16_t rx_queue;       /* one of the steered */
};

/*
 * From now on frames that match 'what' come to its queue; where a rule for any VLAN
 * and one for a frame's own VLAN match, the latter wins. 'id' names the rule.
 * Control thread, after nic_start.
 * -ENOTSUP: the port, or its driver, does not steer so; -ENOSPC: its table is full;
 * -EEXIST: the id, or the same MAC and VLAN, has a rule; -EINVAL: no such queue or VLAN;
 * -ENOMEM. Then nothing has changed, and 'err' says in a line why.
 */
int nic_steer_set(struct nic *nic, uint32_t id, const struct nic_steer *what,
		  struct error *err);

/* Takes the rule away: its frames come to the first rx_queues queues again. Frames that
 * are in the queue already stay there. An id without a rule is no error. Control thread. */
void nic_steer_clear(struct nic *nic, uint32_t id);

/* Frames of a capture that hold fewer bytes than were on the wire are not
 * delivered; this many were seen. */
uint64_t nic_truncated(struct nic *nic);

#endif
