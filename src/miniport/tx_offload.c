/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends with something left for the NIC to do: checksums (P2, P3, P6) and large sends
 * (P7 .. P11). The sender's bytes stay as they are (A22): what leaves is a copy. Where the
 * port computes checksums itself it is asked to, and gets the same frame otherwise. Where it
 * cuts large sends, it gets as much at once as it can cut, with headers of its own before the
 * sender's payload; what it cannot is cut here.
 */
#include "miniport/adapter.h"
#include "miniport/tag.h"

#include "base/ethernet.h"
#include "offload/checksum.h"
#include "offload/segment.h"

#define LSO_1_ID_MASK 0xffff
#define LSO_2_ID_MASK 0x7fff   /* X53 */

typedef NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO checksum_info;
typedef NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO large_info;

static large_info large_of(const NET_BUFFER_LIST *nbl)
{
	return (large_info){ .Value = NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) };
}

static bool is_encapsulated(const NET_BUFFER_LIST *nbl)
{
	NDIS_TCP_SEND_OFFLOADS_SUPPLEMENTAL_NET_BUFFER_LIST_INFO s = {
		.Value = NET_BUFFER_LIST_INFO(nbl, TcpSendOffloadsSupplementalNetBufferListInfo),
	};

	return s.EncapsulatedPacketOffsets.IsEncapsulatedPacket;
}

/* ---- checksums ---- */

/* What is to be computed in one frame. */
struct plan {
	struct offload_headers outer, inner;
	unsigned sums, inner_sums;   /* enum offload_sum */
};

/* The checksums of the frame inside another, and of the other's IP header: they are all the
 * NIC's, whichever were asked for (P6). */
static bool plan_encapsulated(struct plan *p, const uint8_t *bytes, uint32_t n)
{
	if (!offload_parse_inner(&p->inner, &p->outer, bytes, n) || !p->inner.version)
		return false;
	p->sums = OFFLOAD_SUM_IP;
	p->inner_sums = OFFLOAD_SUM_IP | OFFLOAD_SUM_TCP | OFFLOAD_SUM_UDP;
	return true;
}

/* What the NBL asks for in a frame of it that begins with these bytes. False: that cannot be
 * computed, and the frame would leave with a wrong sum (U23). */
static bool plan(struct plan *p, const NET_BUFFER_LIST *nbl, const uint8_t *bytes, uint32_t n)
{
	checksum_info c = { .Value = NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) };
	const struct offload_headers *h = &p->outer;
	unsigned transport = (c.Transmit.TcpChecksum ? OFFLOAD_SUM_TCP : 0) |
			     (c.Transmit.UdpChecksum ? OFFLOAD_SUM_UDP : 0);

	p->sums = p->inner_sums = 0;
	if (!c.Transmit.IsIPv4 && !c.Transmit.IsIPv6)
		return true;                                 /* P2 */
	if (!offload_parse(&p->outer, bytes, n) ||
	    !((h->version == 4 && c.Transmit.IsIPv4) || (h->version == 6 && c.Transmit.IsIPv6)))
		return false;
	if (is_encapsulated(nbl))
		return plan_encapsulated(p, bytes, n);
	if (transport && !(h->l4 && transport & offload_sum_of(h)))
		return false;
	p->sums = transport;
	if (h->version == 4 && c.Transmit.IpHeaderChecksum)
		p->sums |= OFFLOAD_SUM_IP;
	return true;
}

static NDIS_STATUS inspect_sums(const NET_BUFFER_LIST *nbl)
{
	uint8_t bytes[OFFLOAD_HEADERS_MAX];
	struct plan p;

	for (const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
		uint32_t n = RTE_MIN((uint32_t)NET_BUFFER_DATA_LENGTH(nb),
				     (uint32_t)OFFLOAD_HEADERS_MAX);

		if (!offload_read(bytes, nb, 0, n) || !plan(&p, nbl, bytes, n))
			return NDIS_STATUS_FAILURE;
	}
	return NDIS_STATUS_SUCCESS;
}

/* Lets the port compute what it can. Returns the rest of the outer headers' sums. */
static unsigned leave_to_port(const struct mp_adapter *a, struct rte_mbuf *m, const struct plan *p)
{
	unsigned port = nic_tx_offloads(a->nic), left = p->sums;
	uint64_t flags = 0;

	if (p->inner_sums || !p->sums || p->outer.extended)
		return left;
	if (left & OFFLOAD_SUM_TCP && port & NIC_TX_TCP)
		flags |= RTE_MBUF_F_TX_TCP_CKSUM;
	if (left & OFFLOAD_SUM_UDP && port & NIC_TX_UDP)
		flags |= RTE_MBUF_F_TX_UDP_CKSUM;
	if (flags)
		left &= OFFLOAD_SUM_IP;
	if (left & OFFLOAD_SUM_IP && port & NIC_TX_IP) {
		flags |= RTE_MBUF_F_TX_IP_CKSUM;
		left &= ~(unsigned)OFFLOAD_SUM_IP;
	}
	if (!flags)
		return left;
	m->ol_flags |= flags | (p->outer.version == 4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
	m->l2_len = p->outer.l2;
	m->l3_len = p->outer.l3;
	m->l4_len = p->outer.l4;
	return left;
}

static struct rte_mbuf *frame_with_sums(struct mp_adapter *a, const NET_BUFFER_LIST *nbl,
					const NET_BUFFER *nb, uint32_t *at)
{
	struct rte_mbuf *m = frame_copy(nb, frame_pool_mempool(a->tx_pool), mp_tx_tag(a, nbl, nb),
					ETHERNET_MINIMUM);
	struct plan p;

	if (!m)
		return NULL;
	if (!plan(&p, nbl, rte_pktmbuf_mtod(m, uint8_t *), m->data_len)) {
		*at = MP_OFFLOAD_REFUSED;
		rte_pktmbuf_free(m);
		return NULL;
	}
	p.sums = leave_to_port(a, m, &p);
	if (p.inner_sums)
		offload_checksum_finish(m, &p.inner, p.inner_sums);
	if (p.sums)
		offload_checksum_finish(m, &p.outer, p.sums);
	return m;
}

/* ---- large sends ---- */

static unsigned large_bit(large_info i)
{
	if (i.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE)
		return MP_OFFLOAD_LSO1_4;
	return i.LsoV2Transmit.IPVersion == NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6 ? MP_OFFLOAD_LSO2_6
									     : MP_OFFLOAD_LSO2_4;
}

static bool large_is_on(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	return atomic_load_explicit(&a->offloads, memory_order_acquire) & large_bit(large_of(nbl));
}

static bool large_read(struct offload_large *l, const NET_BUFFER_LIST *nbl, const NET_BUFFER *nb)
{
	large_info i = large_of(nbl);
	bool first = i.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE;

	return offload_large_read(l, nb, first, i.LsoV2Transmit.MSS,
				  first ? LSO_1_ID_MASK : LSO_2_ID_MASK) &&
	       l->headers.version == (large_bit(i) == MP_OFFLOAD_LSO2_6 ? 6 : 4);
}

static NDIS_STATUS inspect_large(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl);
	uint32_t room = rte_pktmbuf_data_room_size(frame_pool_mempool(a->tx_pool)) - FRAME_HEADROOM;
	struct offload_large l;
	uint32_t longest;

	if (!large_is_on(a, nbl))
		return NDIS_STATUS_FAILURE;                  /* P11, X56 */
	if (!nb || NET_BUFFER_NEXT_NB(nb) || is_encapsulated(nbl) || !large_read(&l, nbl, nb))
		return NDIS_STATUS_FAILURE;                  /* P7 */
	longest = offload_large_frame(&l);
	if (l.payload > MP_LSO_MAX || longest > room ||
	    longest - l.headers.tags * VLAN_TAG > a->max_frame)
		return NDIS_STATUS_INVALID_LENGTH;
	return NDIS_STATUS_SUCCESS;
}

/* What the port cuts itself of the rest; NULL: nothing, and '*at' stays. */
static struct rte_mbuf *part(struct mp_adapter *a, const struct offload_large *l,
			     NET_BUFFER_LIST *nbl, uint32_t *at, uint16_t tag)
{
	uint32_t from = *at;
	struct rte_mbuf *m = offload_part(l, nbl, at, frame_pool_mempool(a->tx_pool), tag,
					  nic_tx_chain(a->nic));

	if (!m || nic_tx_large(a->nic, m))
		return m;
	*at = from;
	rte_pktmbuf_free(m);
	return NULL;
}

static struct rte_mbuf *segment(struct mp_adapter *a, NET_BUFFER_LIST *nbl, const NET_BUFFER *nb,
				uint32_t *at)
{
	uint16_t tag = mp_tx_tag(a, nbl, nb);
	struct offload_large l;
	struct rte_mbuf *m;

	if (!large_is_on(a, nbl) || !large_read(&l, nbl, nb)) {
		*at = MP_OFFLOAD_REFUSED;
		return NULL;
	}
	m = nic_tx_offloads(a->nic) & NIC_TX_LARGE ? part(a, &l, nbl, at, tag) : NULL;
	return m ? m : offload_segment(&l, nb, at, frame_pool_mempool(a->tx_pool), tag);
}

/* ---- what transmit.c calls ---- */

NDIS_STATUS mp_offload_inspect(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	return mp_offload_is_large(nbl) ? inspect_large(a, nbl) : inspect_sums(nbl);
}

struct rte_mbuf *mp_offload_frame(struct mp_adapter *a, NET_BUFFER_LIST *nbl,
				  const NET_BUFFER *nb, uint32_t *at)
{
	return mp_offload_is_large(nbl) ? segment(a, nbl, nb, at)
					: frame_with_sums(a, nbl, nb, at);
}

void mp_offload_done(NET_BUFFER_LIST *nbl)
{
	large_info asked = large_of(nbl), done = { .Value = NULL };
	struct offload_large l;

	if (!asked.Value)
		return;
	done.Transmit.Type = asked.Transmit.Type;
	if (asked.Transmit.Type == NDIS_TCP_LARGE_SEND_OFFLOAD_V1_TYPE &&
	    NET_BUFFER_LIST_STATUS(nbl) == NDIS_STATUS_SUCCESS &&
	    large_read(&l, nbl, NET_BUFFER_LIST_FIRST_NB(nbl)))
		done.LsoV1TransmitComplete.TcpPayload = l.payload;
	NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) = done.Value;
}
