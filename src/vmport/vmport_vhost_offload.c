/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest left for others to do: a checksum, a large TCP send to be cut. librte_vhost
 * has read the guest's virtio-net header and tells of it as of a frame that a NIC received:
 * "the transport's checksum is missing", "of segments of so many bytes". Neither is more
 * than the guest's word. All lengths are taken from the frame itself.
 */
#include "vmport/vmport_vhost.h"

#include <stdio.h>

#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_version.h>
#include <rte_vhost.h>

#include "base/log.h"
#include "frame/frame.h"

#define DATAGRAM_MAX 65535u
#define LARGEST      (DATAGRAM_MAX + 14)   /* with its Ethernet header */
#define LARGE_AT_ONCE 4u     /* as many must fit the pool: one read, one cut, some on their way */
/* The least payload of a segment: what TCP may be asked to do with is not less. It bounds
 * how many frames a guest can have us make of one. */
#define SEGMENT_MIN  48u

#define FEATURE(name) (1ull << VIRTIO_NET_F_##name)

/* A librte_vhost with a known hole may not read what a guest asks for. */
static bool is_safe(void)
{
	unsigned year = 0, month = 0, minor = 0;

	sscanf(rte_version(), "DPDK %u.%u.%u", &year, &month, &minor);
	if (year == 22 && month == 11)
		return minor >= 7;
	return year >= 25;   /* of others 24.11.1 has it mended, and not every stable release */
}

void vhost_offload_init(struct vhost_port *p, bool wanted)
{
	const struct rte_mempool *pool = p->port.pool;
	unsigned room = rte_pktmbuf_data_room_size(p->port.pool) - RTE_PKTMBUF_HEADROOM;

	p->segments = (uint16_t)((LARGEST + room - 1) / room);
	if (wanted && !p->direct && !is_safe())
		log_warning(VMPORT_WHO "no offloads: this librte_vhost lets a guest's checksum "
			    "crash it (CVE-2024-11614); use DPDK 22.11.7 or later",
			    p->port.name, p->port.spec);
	else if (wanted && pool->size < LARGE_AT_ONCE * p->segments)
		log_info(VMPORT_WHO "no offloads: a frame of 64 KiB would need %u of its %u buffers",
			 p->port.name, p->port.spec, p->segments, pool->size);
	else
		p->offload = wanted;
}

/* ECN: librte_vhost does not tell that a large frame has CWR set, and so a guest must not
 * send such. UFO: nobody here cuts UDP datagrams. */
uint64_t vhost_offload_not_offered(const struct vhost_port *p)
{
	const uint64_t never = FEATURE(HOST_ECN) | FEATURE(GUEST_ECN) | FEATURE(HOST_UFO) |
			       FEATURE(GUEST_UFO);

	if (p->offload)
		return never;
	return never | FEATURE(CSUM) | FEATURE(GUEST_CSUM) | FEATURE(HOST_TSO4) |
	       FEATURE(HOST_TSO6) | FEATURE(GUEST_TSO4) | FEATURE(GUEST_TSO6);
}

uint16_t vhost_offload_room(const struct vhost_port *p, uint16_t n)
{
	unsigned most = vmport_pool_left(p->port.pool) / (2u * p->segments);

	return (uint16_t)RTE_MIN((unsigned)n, most);
}

unsigned vhost_offloads_of(uint64_t features)
{
	unsigned to = 0, from = 0;

	if (features & FEATURE(GUEST_CSUM))
		to = VMPORT_CHECKSUM | (features & FEATURE(GUEST_TSO4) ? VMPORT_TSO4 : 0) |
		     (features & FEATURE(GUEST_TSO6) ? VMPORT_TSO6 : 0);
	if (features & FEATURE(CSUM))
		from = VMPORT_CHECKSUM | (features & FEATURE(HOST_TSO4) ? VMPORT_TSO4 : 0) |
		       (features & FEATURE(HOST_TSO6) ? VMPORT_TSO6 : 0);
	return to | from * VHOST_OFFLOADS_SENT;
}

/* The flags and lengths of a frame with the checksum of a transport to finish, of its first
 * mbuf's bytes. False: there is no such transport, or it is not whole. */
static bool headers_read(struct rte_mbuf *m)
{
	struct rte_net_hdr_lens l;
	uint32_t type = rte_net_get_ptype(m, &l, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK |
							 RTE_PTYPE_L4_MASK);
	uint32_t transport = type & RTE_PTYPE_L4_MASK;

	if (transport == RTE_PTYPE_L4_TCP && l.l4_len >= sizeof(struct rte_tcp_hdr))
		m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	else if (transport == RTE_PTYPE_L4_UDP)
		m->ol_flags = RTE_MBUF_F_TX_UDP_CKSUM;
	else
		return false;
	m->ol_flags |= RTE_ETH_IS_IPV4_HDR(type) ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6;
	m->l2_len = l.l2_len;
	m->l3_len = l.l3_len;
	m->l4_len = l.l4_len;
	/* The mbuf's fields have few bits. */
	return m->l2_len == l.l2_len && m->l3_len == l.l3_len && m->l4_len == l.l4_len &&
	       (uint32_t)l.l2_len + l.l3_len + l.l4_len <= m->data_len;
}

/* A large send of what it may be; one that fits a segment is large in name only. */
static bool large_check(const struct vhost_port *p, struct rte_mbuf *m)
{
	uint32_t headers = (uint32_t)m->l2_len + m->l3_len + m->l4_len;

	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_CKSUM) || m->tso_segsz < SEGMENT_MIN ||
	    headers + m->tso_segsz > p->port.max_frame ||
	    m->pkt_len - m->l2_len > DATAGRAM_MAX || m->nb_segs > FRAME_SEGMENTS)
		return false;
	if (m->pkt_len - headers > m->tso_segsz)
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	return true;
}

static unsigned needed(const struct rte_mbuf *m)
{
	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		return VMPORT_CHECKSUM;
	return m->ol_flags & RTE_MBUF_F_TX_IPV4 ? VMPORT_TSO4 : VMPORT_TSO6;
}

bool vhost_offload_check(const struct vhost_port *p, struct rte_mbuf *m)
{
	unsigned may = atomic_load_explicit(&p->offloads, memory_order_relaxed) /
		       VHOST_OFFLOADS_SENT;
	bool large = m->ol_flags & RTE_MBUF_F_RX_LRO;
	bool sum = (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_NONE;

	m->ol_flags = 0;
	if (!sum)
		return m->nb_segs == 1 && vmport_length_ok(&p->port, m->pkt_len);
	if (!headers_read(m) || (large && !large_check(p, m)) || !(may & needed(m)))
		return false;
	return m->ol_flags & RTE_MBUF_F_TX_TCP_SEG ||
	       (m->nb_segs == 1 && vmport_length_ok(&p->port, m->pkt_len));
}
