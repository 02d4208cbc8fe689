/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kinds of NIC share. A kind is a 'struct nic_ops' and a struct that
 * begins with 'struct nic'.
 */
#ifndef NIC_NIC_INTERNAL_H
#define NIC_NIC_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "nic/nic.h"

/* A rule of nic_steer_set(). */
struct nic_rule {
	struct nic_rule *next;
	uint32_t id;
	struct nic_steer what;
	void *flow;            /* the driver's own handle, where it has one */
};

struct nic_ops {
	size_t size;           /* of the kind's own struct */
	bool captures;         /* takes config.out */
	bool can_wait;         /* see nic_can_wait() */
	int (*open)(struct nic *nic, struct error *err);   /* unwinds itself on error */
	int (*start)(struct nic *nic, struct rte_mempool *const *rx_pools, struct error *err);
	void (*stop)(struct nic *nic);
	void (*close)(struct nic *nic);
	uint16_t (*rx_burst)(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	uint16_t (*tx_burst)(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
	bool (*tx_large)(struct nic *nic, struct rte_mbuf *m);   /* of a kind with NIC_TX_LARGE */
	int (*rx_descriptor)(const struct nic *nic, uint16_t queue);
	bool (*rx_arm)(struct nic *nic, uint16_t queue, bool sleep);
	void (*check)(struct nic *nic);   /* calls nic_finish() when the device is gone; or NULL */
	/* Of a kind that opens with steered queues. Clear cannot fail. */
	int (*steer_set)(struct nic *nic, struct nic_rule *rule, struct error *err);
	void (*steer_clear)(struct nic *nic, struct nic_rule *rule);
	uint64_t (*missed)(struct nic *nic);
	uint64_t (*truncated)(struct nic *nic);
};

struct nic {
	const struct nic_ops *ops;
	struct nic_config config;    /* with its own copies of the strings */
	char *kind;                  /* "pcap", of config.spec */
	const char *argument;        /* what stands behind the colon of config.spec */
	uint8_t mac[6];              /* open writes */
	char description[200];       /* open writes */
	uint16_t tx_queues;          /* open writes */
	unsigned tx_offloads;        /* open writes; see nic_tx_offloads() */
	uint16_t tx_chain;           /* open writes; see nic_tx_chain() */
	unsigned rx_offloads;        /* open writes; see nic_rx_offloads() */
	uint16_t steer_queues;       /* open writes; see nic_steer_queues() */
	struct nic_rule *rules;      /* control thread */
	uint32_t data_room;          /* open writes; see nic_data_room() */
	uint32_t buffers;            /* open writes; see nic_buffers() */
	bool started, spent;         /* control thread */

	pthread_mutex_t lock;        /* guards 'reason', and one check at a time */
	atomic_int end;              /* enum nic_end; set once, under the lock, after 'reason' */
	atomic_ullong checked_ms;    /* when the device was last looked at */
	struct error reason;
};

extern const struct nic_ops nic_capture_ops;
extern const struct nic_ops nic_packet_ops;
extern const struct nic_ops nic_xdp_ops;
extern const struct nic_ops nic_tap_ops;
extern const struct nic_ops nic_loop_ops;
extern const struct nic_ops nic_dpdk_ops;

/* The longest frame for an MTU: Ethernet header and two VLAN tags. */
static inline uint32_t nic_frame_length(uint16_t mtu)
{
	return mtu + 14u + 8u;
}

/* All receive queues, the steered ones too. */
static inline uint16_t nic_rx_all(const struct nic *nic)
{
	return (uint16_t)(nic->config.rx_queues + nic->steer_queues);
}

/* Takes all rules away, while the port still runs. Control thread. */
void nic_steer_forget(struct nic *nic);

/* Ends the NIC for a reason (printf-like, one line). The first caller wins. Any thread. */
void nic_finish(struct nic *nic, enum nic_end end, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
