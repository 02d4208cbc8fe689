/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames with a checksum or segments missing: who finishes them, and the request in NDIS's
 * OOB words (P2, P3, P7, P8).
 */
#include "vswitch/switch.h"

#include <rte_ip.h>

#include "base/log.h"
#include "offload/checksum.h"

#define TCP_FLAGS    13
#define TCP_CHECKSUM 16
#define NOT_ON_MANY  (0x02 | 0x04 | 0x20)   /* SYN, RST, URG (P7) */

/* One bit a kind, those of IPv6 beside those of IPv4. */
enum wire_offload { WIRE_TCP = 1, WIRE_UDP = 2, WIRE_LARGE = 4, WIRE_IPV6 = 8 };

#define ID_MASK 0xffff

static bool is_ipv4(const struct rte_mbuf *m)
{
	return m->ol_flags & RTE_MBUF_F_TX_IPV4;
}

static bool is_large(const struct rte_mbuf *m)
{
	return m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;
}

static bool is_tcp(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM;
}

/* ---- what the adapter does ---- */

/* Guests' TCP has options in every segment: without them it is no TCP for us. */
static unsigned offloads_of(const NDIS_OFFLOAD *o, ULONG encapsulation)
{
	const NDIS_TCP_IP_CHECKSUM_OFFLOAD *c = &o->Checksum;
	unsigned bits = 0;

	if (c->IPv4Transmit.Encapsulation & encapsulation)
		bits |= (c->IPv4Transmit.TcpChecksum && c->IPv4Transmit.TcpOptionsSupported
				 ? WIRE_TCP : 0) | (c->IPv4Transmit.UdpChecksum ? WIRE_UDP : 0);
	if (c->IPv6Transmit.Encapsulation & encapsulation)
		bits |= (c->IPv6Transmit.TcpChecksum && c->IPv6Transmit.TcpOptionsSupported
				 ? WIRE_TCP * WIRE_IPV6 : 0) |
			(c->IPv6Transmit.UdpChecksum ? WIRE_UDP * WIRE_IPV6 : 0);
	if (o->LsoV2.IPv4.Encapsulation & encapsulation)
		bits |= WIRE_LARGE;
	if (o->LsoV2.IPv6.Encapsulation & encapsulation && o->LsoV2.IPv6.TcpOptionsSupported)
		bits |= WIRE_LARGE * WIRE_IPV6;
	return bits;
}

void vs_wire_offloads_set(const NDIS_OFFLOAD *o, ULONG length)
{
	struct vs_wire_offloads *w = &vs_switch.wire;

	if (!o || length < NDIS_SIZEOF_NDIS_OFFLOAD_REVISION_1) {
		atomic_store(&w->untagged, 0);
		atomic_store(&w->tagged, 0);
		return;
	}
	atomic_store(&w->most[0], o->LsoV2.IPv4.MaxOffLoadSize);
	atomic_store(&w->most[1], o->LsoV2.IPv6.MaxOffLoadSize);
	atomic_store(&w->least[0], o->LsoV2.IPv4.MinSegmentCount);
	atomic_store(&w->least[1], o->LsoV2.IPv6.MinSegmentCount);
	atomic_store(&w->untagged, offloads_of(o, NDIS_ENCAPSULATION_IEEE_802_3));
	atomic_store(&w->tagged, vs_switch.tags
		     ? offloads_of(o, NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB) : 0);
}

static bool any_may_ask(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		if (vs_switch.ports[i].offload)
			return true;
	return false;
}

/* The adapter answers with a status too, which says what is in force then (P14). */
void vs_wire_offloads_start(void)
{
	NDIS_OFFLOAD_ENCAPSULATION e = {
		.Header = { NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION,
			    NDIS_OFFLOAD_ENCAPSULATION_REVISION_1,
			    NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1 },
		.IPv4 = { NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3, 14 },
		.IPv6 = { NDIS_OFFLOAD_SET_ON, NDIS_ENCAPSULATION_IEEE_802_3, 14 },
	};

	if (!vs_switch.wire_can || !any_may_ask())
		return;
	if (vs_oid_set(OID_OFFLOAD_ENCAPSULATION, &e, sizeof(e), NULL) != NDIS_STATUS_SUCCESS) {
		vs_wire_offloads_set(NULL, 0);
		log_info("the adapter refused its offloads: the switch does the work for VMs itself");
	}
}

/* ---- who finishes a frame ---- */

bool vs_vm_finishes(const struct vs_port *to, const struct rte_mbuf *m)
{
	unsigned needed = VMPORT_CHECKSUM | (!is_large(m) ? 0 : is_ipv4(m) ? VMPORT_TSO4
									   : VMPORT_TSO6);

	return (atomic_load_explicit(&to->vm_offloads, memory_order_relaxed) & needed) == needed;
}

/* Large sends that NDIS lets pass: no flag that belongs to one segment alone, and of a size
 * that the adapter likes (P7). */
static bool large_suits(const struct rte_mbuf *m)
{
	const uint8_t *tcp = rte_pktmbuf_mtod_offset(m, const uint8_t *, m->l2_len + m->l3_len);
	uint32_t payload = m->pkt_len - m->l2_len - m->l3_len - m->l4_len;
	unsigned v = !is_ipv4(m);

	return !(tcp[TCP_FLAGS] & NOT_ON_MANY) &&
	       payload <= atomic_load_explicit(&vs_switch.wire.most[v], memory_order_relaxed) &&
	       (payload + m->tso_segsz - 1) / m->tso_segsz >=
		       atomic_load_explicit(&vs_switch.wire.least[v], memory_order_relaxed);
}

bool vs_wire_finishes(const struct rte_mbuf *m, bool tagged)
{
	unsigned has = atomic_load_explicit(tagged ? &vs_switch.wire.tagged
						   : &vs_switch.wire.untagged,
					    memory_order_relaxed);
	unsigned needed = is_large(m) ? WIRE_LARGE : is_tcp(m) ? WIRE_TCP : WIRE_UDP;

	if (!(has & (is_ipv4(m) ? needed : needed * WIRE_IPV6)))
		return false;
	/* Options and extension headers are not everybody's. */
	return m->l3_len == (is_ipv4(m) ? 20 : 40) && (!is_large(m) || large_suits(m));
}

/* P8: no length in the IP header, nor in the pseudo-header's sum. */
static void lengths_clear(struct rte_mbuf *m)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, m->l2_len);
	struct rte_ipv4_hdr *v4 = (struct rte_ipv4_hdr *)ip;
	struct rte_ipv6_hdr *v6 = (struct rte_ipv6_hdr *)ip;
	uint16_t sum;

	if (is_ipv4(m)) {
		v4->total_length = 0;
		sum = rte_ipv4_phdr_cksum(v4, RTE_MBUF_F_TX_TCP_SEG);
	} else {
		v6->payload_len = 0;
		sum = rte_ipv6_phdr_cksum(v6, RTE_MBUF_F_TX_TCP_SEG);
	}
	memcpy(ip + m->l3_len + TCP_CHECKSUM, &sum, sizeof(sum));
}

void vs_wire_ask(NET_BUFFER_LIST *nbl, struct rte_mbuf *m)
{
	NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO sum = { .Value = NULL };
	NDIS_TCP_LARGE_SEND_OFFLOAD_NET_BUFFER_LIST_INFO large = { .Value = NULL };
	ULONG tcp = (ULONG)m->l2_len + m->l3_len;

	frame_describe_rest(m);
	if (is_large(m)) {
		lengths_clear(m);
		large.LsoV2Transmit.MSS = m->tso_segsz;
		large.LsoV2Transmit.TcpHeaderOffset = tcp;
		large.LsoV2Transmit.Type = NDIS_TCP_LARGE_SEND_OFFLOAD_V2_TYPE;
		large.LsoV2Transmit.IPVersion = is_ipv4(m) ? NDIS_TCP_LARGE_SEND_OFFLOAD_IPv4
							   : NDIS_TCP_LARGE_SEND_OFFLOAD_IPv6;
		NET_BUFFER_LIST_INFO(nbl, TcpLargeSendNetBufferListInfo) = large.Value;
	} else {
		sum.Transmit.IsIPv4 = is_ipv4(m);
		sum.Transmit.IsIPv6 = !is_ipv4(m);
		sum.Transmit.TcpChecksum = is_tcp(m);
		sum.Transmit.UdpChecksum = !is_tcp(m);
		sum.Transmit.TcpHeaderOffset = is_tcp(m) ? tcp : 0;
		NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = sum.Value;
	}
	m->ol_flags &= ~(uint64_t)VMPORT_UNFINISHED;   /* the OOB says it from now on */
}

/* ---- finished here ---- */

/* Also of a frame with options and extension headers, which address others. */
static bool large_begin(struct offload_large *cut, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct offload_headers h;
	uint16_t sum;

	if (!offload_parse(&h, frame, m->data_len) || !h.l4 || h.protocol != OFFLOAD_TCP)
		return false;
	sum = offload_pseudo_header(frame, &h, 0);
	memcpy(frame + offload_l4(&h) + TCP_CHECKSUM, &sum, sizeof(sum));
	frame_describe(m);
	frame_describe_rest(m);
	return offload_large_read(cut, NET_BUFFER_LIST_FIRST_NB(frame_nbl(m)), false, m->tso_segsz,
				  ID_MASK);
}

static bool checksum_finish(struct rte_mbuf *m)
{
	struct offload_headers h;

	m->ol_flags &= ~(uint64_t)VMPORT_UNFINISHED;
	return offload_parse(&h, rte_pktmbuf_mtod(m, uint8_t *), m->data_len) && h.l4 &&
	       offload_checksum_finish(m, &h, offload_sum_of(&h));
}

bool vs_finish_begin(struct vs_finish *f, struct rte_mbuf *m, struct rte_mempool *pool)
{
	f->m = m;
	f->pool = pool;
	f->large = is_large(m);
	f->lost = false;
	f->n = 0;
	f->at = 0;
	if (f->large ? large_begin(&f->cut, m) : checksum_finish(m))
		return true;
	rte_pktmbuf_free(m);
	return false;
}

struct rte_mbuf *vs_finish_next(struct vs_finish *f)
{
	struct rte_mbuf *m = f->m;

	if (!m)
		return NULL;
	if (f->large) {
		m = offload_segment(&f->cut, NET_BUFFER_LIST_FIRST_NB(frame_nbl(f->m)), &f->at,
				    f->pool, 0);
		f->lost = !m;
		if (!m || !f->at) {
			rte_pktmbuf_free(f->m);
			f->m = NULL;
		}
	} else {
		f->m = NULL;
	}
	f->n += m != NULL;
	return m;
}

void vs_port_fit_waiting(struct vs_port *port)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < port->n_waiting; i++) {
		struct rte_mbuf *m = port->waiting[i];

		if (!(m->ol_flags & VMPORT_UNFINISHED) || vs_vm_finishes(port, m)) {
			port->waiting[kept++] = m;
			continue;
		}
		counter_add(&port->drops.by[PORT_DROP_PORT_DOWN], 1);
		counter_add(&port->inbox_taken, 1);
		rte_pktmbuf_free(m);
	}
	port->n_waiting = kept;
}
