/* SPDX-License-Identifier: BSD-2-Clause */
/* What a port does of checksums and large sends, and what it leaves to us. */
#include "nic/nic_ethdev.h"

#include <string.h>

#include <rte_ip.h>
#include <rte_net.h>

/* X(capability of a DPDK port, what it is here) */
#define TX_CHECKSUMS(X)                             \
	X(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, NIC_TX_IP) \
	X(RTE_ETH_TX_OFFLOAD_TCP_CKSUM, NIC_TX_TCP) \
	X(RTE_ETH_TX_OFFLOAD_UDP_CKSUM, NIC_TX_UDP)
#define TX_LARGE (RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS | \
		  RTE_ETH_TX_OFFLOAD_TCP_CKSUM)
#define RX_TRANSPORT (RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)
/* The longest chain: 64 KiB in buffers of 1,500 bytes, and what rings of 256 descriptors, the
 * shortest usual ones, have room for several times over. */
#define TX_CHAIN     64
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6

/*
 * What pcap-loop sends goes to a file as it is. The tap's driver verifies in software; it also
 * cuts in software, IPv4 alone, and refuses for ever a segment whose frame, with all its
 * headers, is longer than the MTU, so every full one.
 */
void ethdev_adopt_offloads(struct nic_ethdev *e, const struct rte_eth_dev_info *info)
{
	struct nic *nic = &e->nic;

#define X(capability, bit)                                            \
	if (!e->endless && info->tx_offload_capa & (capability))      \
		nic->tx_offloads |= (bit);
	TX_CHECKSUMS(X)
#undef X
	if (nic->ops != &nic_dpdk_ops)
		return;
	if (nic->config.tx_large && (info->tx_offload_capa & TX_LARGE) == TX_LARGE) {
		nic->tx_offloads |= NIC_TX_LARGE;
		nic->tx_chain = TX_CHAIN;
		if (info->tx_desc_lim.nb_seg_max)   /* 0: not told */
			nic->tx_chain = RTE_MIN(nic->tx_chain, info->tx_desc_lim.nb_seg_max);
	}
	if (!nic->config.rx_checksums || (info->rx_offload_capa & RX_TRANSPORT) != RX_TRANSPORT)
		return;
	nic->rx_offloads = NIC_RX_TRANSPORT;
	if (info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM)
		nic->rx_offloads |= NIC_RX_IP;
	e->unfinished = !(nic->rx_offloads & NIC_RX_IP);
}

uint64_t ethdev_rx_offloads(const struct nic_ethdev *e)
{
	return (e->nic.rx_offloads & NIC_RX_TRANSPORT ? RX_TRANSPORT : 0) |
	       (e->nic.rx_offloads & NIC_RX_IP ? RTE_ETH_RX_OFFLOAD_IPV4_CKSUM : 0);
}

uint64_t ethdev_tx_offloads(const struct nic_ethdev *e)
{
	uint64_t offloads = e->nic.tx_offloads & NIC_TX_LARGE ? TX_LARGE : 0;

#define X(capability, bit)                 \
	if (e->nic.tx_offloads & (bit))    \
		offloads |= (capability);
	TX_CHECKSUMS(X)
#undef X
	return offloads;
}

/* All transmit queues of a port are set up alike. */
bool ethdev_tx_large(struct nic *nic, struct rte_mbuf *m)
{
	return rte_eth_tx_prepare(((struct nic_ethdev *)nic)->port[0], 0, &m, 1) == 1;
}

/* The sum of all from the transport's header on; its field holds the pseudo-header's sum. */
static void finish(struct rte_mbuf *m)
{
	struct rte_net_hdr_lens l;
	uint32_t transport = rte_net_get_ptype(m, &l, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK |
							      RTE_PTYPE_L4_MASK) & RTE_PTYPE_L4_MASK;
	uint32_t at = (uint32_t)l.l2_len + l.l3_len;
	uint32_t field = transport == RTE_PTYPE_L4_TCP ? TCP_CHECKSUM : UDP_CHECKSUM;
	uint16_t sum;

	if ((transport != RTE_PTYPE_L4_TCP && transport != RTE_PTYPE_L4_UDP) ||
	    m->data_len < at + field + sizeof(sum))
		return;
	sum = (uint16_t)~rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, at), m->data_len - at);
	if (!sum && transport == RTE_PTYPE_L4_UDP)
		sum = 0xffff;   /* 0 is "none" there (RFC 768) */
	memcpy(rte_pktmbuf_mtod_offset(m, char *, at + field), &sum, sizeof(sum));
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
}

void ethdev_finish(struct rte_mbuf **pkts, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		if ((pkts[i]->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE) {
			pkts[i]->ol_flags &= ~RTE_MBUF_F_RX_L4_CKSUM_MASK;
			finish(pkts[i]);
		}
}
