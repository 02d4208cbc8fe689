/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kinds that are DPDK ports. nic_device.c makes the ports of each kind (the
 * only place that knows drivers by name), nic_ethdev.c runs them, nic_ethdev_offload.c knows
 * what they do of checksums and segments, nic_ethdev_missed.c counts what they lost.
 */
#ifndef NIC_NIC_ETHDEV_H
#define NIC_NIC_ETHDEV_H

#include <stdatomic.h>

#include <rte_ethdev.h>

#include "nic/nic_descriptor.h"
#include "nic/nic_internal.h"
#include "nic/nic_sink.h"

#define ETHDEV_MAX_PORTS 64

struct nic_ethdev {
	struct nic nic;
	/* open writes: */
	uint16_t port[ETHDEV_MAX_PORTS];
	uint16_t n_ports;          /* 1, or one for each receive queue (AF_XDP) */
	uint16_t rx_per_port, tx_per_port;
	uint16_t port_mtu;         /* what the driver is told */
	uint16_t rx_descriptors;   /* 0: the driver's own choice */
	bool own_devices;          /* virtual devices that close takes away again */
	bool interrupts;           /* the driver gives descriptors by its receive interrupts */
	bool signals;              /* the same, if it has them: see nic_signal.h; start clears it */
	bool keep_promiscuous;     /* somebody else wanted it before us */
	bool endless;              /* pcap-loop: a queue always has frames */
	bool unfinished;           /* the driver may leave received checksums to us */
	int file;                  /* pcap-loop: the capture, for the driver */
	unsigned if_index;         /* of the kernel's interface behind it; 0: none */
	int old_mtu;               /* of an interface of the host whose MTU we changed; else 0 */
	struct nic_sink *sink;     /* pcap-loop: where frames go; NULL: to the port */
	struct descriptors packet; /* AF_PACKET's sockets */
	int steer_map, steer_program;   /* tap: see nic_steer_tap.h; 0: none */

	void (*look)(int);         /* tap: see nic_tap_look.h; start writes */
	int look_signal;
	struct nic_peek *peek;     /* of each receive queue; see nic_signal.h */
	struct descriptors xdp;    /* AF_XDP's sockets; start writes */
	int descriptor[64];        /* of each receive queue, -1: none; start writes */
	atomic_bool removed;       /* DPDK's own thread sets it */
	/* Under nic.lock: */
	bool counting;             /* between start and stop */
	uint64_t missed_before;    /* the ports' counts at start */
	uint64_t packet_drops;
	uint64_t missed;           /* as last told */
};

int ethdev_start(struct nic *nic, struct rte_mempool *const *rx_pools, struct error *err);
void ethdev_stop(struct nic *nic);
uint16_t ethdev_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
uint16_t ethdev_tx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
int ethdev_rx_descriptor(const struct nic *nic, uint16_t queue);
bool ethdev_rx_arm(struct nic *nic, uint16_t queue, bool sleep);
void ethdev_check(struct nic *nic);
uint64_t ethdev_missed(struct nic *nic);

/* nic_ethdev_offload.c. What the ports can, of what is wanted: open. */
void ethdev_adopt_offloads(struct nic_ethdev *e, const struct rte_eth_dev_info *info);
/* The same in DPDK's words, for rte_eth_conf. */
uint64_t ethdev_rx_offloads(const struct nic_ethdev *e);
uint64_t ethdev_tx_offloads(const struct nic_ethdev *e);
bool ethdev_tx_large(struct nic *nic, struct rte_mbuf *m);
/* Computes the checksums that a port of virtio left out of received frames. */
void ethdev_finish(struct rte_mbuf **pkts, uint16_t n);

/* nic_ethdev_missed.c: what is lost from now on counts, until 'counting' is false. Control. */
void ethdev_count(struct nic_ethdev *e);

/* Learns of the opened ports what 'nic' needs: address, queues, MTU, interface;
 * and asks to be told when a device is pulled. */
int ethdev_adopt(struct nic_ethdev *e, struct error *err);
/* Closes the ports, and takes away the devices that are ours. */
void ethdev_release(struct nic_ethdev *e);

#endif
