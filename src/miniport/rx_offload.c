/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What received frames' checksums are like (P4 .. P6): what the port says of them, or where
 * the adapter's keyword asks for that, what software finds. A frame that is wrong is
 * indicated like any other. Who asks for no results pays one test for each burst.
 */
#include "miniport/mode.h"

#include "offload/checksum.h"

typedef NDIS_TCP_IP_CHECKSUM_NET_BUFFER_LIST_INFO checksum_info;

/* Of an encapsulated frame: IP is right where all IPv4 headers are; the transport is the inner
 * one (P6). */
static struct offload_verdict verify_both(const struct rte_mbuf *m, struct offload_verdict outer,
					  const struct offload_headers *inner)
{
	struct offload_verdict v = offload_checksum_verify(m, inner);

	v.bad |= outer.bad & OFFLOAD_SUM_IP;
	v.good |= outer.good & OFFLOAD_SUM_IP;
	v.good &= ~v.bad;
	return v;
}

static struct offload_verdict verify(const struct rte_mbuf *m, const struct offload_headers *h)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct offload_verdict v = offload_checksum_verify(m, h);
	struct offload_headers inner;

	if (h->protocol == OFFLOAD_GRE && offload_parse_inner(&inner, h, frame, m->data_len) &&
	    inner.version)
		return verify_both(m, v, &inner);
	return v;
}

/* One of the port's verdicts; neither good nor bad: it has none. */
static void port_verdict(uint64_t flag, uint64_t good, uint64_t bad, unsigned sum,
			 struct offload_verdict *v)
{
	if (flag == good)
		v->good |= sum;
	else if (flag == bad)
		v->bad |= sum;
}

/* What the port found; its flags do not say of which transport. */
static struct offload_verdict ask_port(const struct rte_mbuf *m, const struct offload_headers *h)
{
	struct offload_verdict v = { 0, 0 };

	if (h->version == 4)
		port_verdict(m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK,
			     RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD, OFFLOAD_SUM_IP, &v);
	if (m->ol_flags & RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD) {
		v.good &= ~(unsigned)OFFLOAD_SUM_IP;
		v.bad |= OFFLOAD_SUM_IP;
	}
	if (h->l4)
		port_verdict(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK,
			     RTE_MBUF_F_RX_L4_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_BAD, offload_sum_of(h), &v);
	return v;
}

/* The same, and what the port leaves open of the 'wanted': software looks at IPv4's header, which
 * costs little, at both of an encapsulated frame, and where the keyword wants it at all. */
static struct offload_verdict ask_both(const struct mp_adapter *a, unsigned wanted,
				       const struct rte_mbuf *m, const struct offload_headers *h)
{
	struct offload_verdict v = ask_port(m, h);
	unsigned known = v.good | v.bad;
	bool ip = wanted & OFFLOAD_SUM_IP && h->version == 4 && !(known & OFFLOAD_SUM_IP);

	if ((ip && h->protocol == OFFLOAD_GRE) ||
	    (a->settings.verify_checksums && h->l4 && !(known & offload_sum_of(h))))
		return verify(m, h);
	if (ip)
		*(offload_checksum_ip(m, h) ? &v.good : &v.bad) |= OFFLOAD_SUM_IP;
	return v;
}

/* The sums whose results are wanted, of a frame of that IP version. */
static unsigned wanted_sums(unsigned results, unsigned version)
{
	if (version == 4)
		return (results & MP_OFFLOAD_IPV4_RX ? OFFLOAD_SUM_IP : 0) |
		       (results & MP_OFFLOAD_TCP4_RX ? OFFLOAD_SUM_TCP : 0) |
		       (results & MP_OFFLOAD_UDP4_RX ? OFFLOAD_SUM_UDP : 0);
	return (results & MP_OFFLOAD_IPV4_RX ? OFFLOAD_SUM_IP : 0) |
	       (results & MP_OFFLOAD_TCP6_RX ? OFFLOAD_SUM_TCP : 0) |
	       (results & MP_OFFLOAD_UDP6_RX ? OFFLOAD_SUM_UDP : 0);
}

/* Whether nobody has looked at the frame, and nobody is going to. */
static bool is_open(const struct mp_adapter *a, unsigned results, const struct rte_mbuf *m)
{
	const uint64_t looked = RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK |
				RTE_MBUF_F_RX_OUTER_IP_CKSUM_BAD;

	return !a->settings.verify_checksums && !(results & MP_OFFLOAD_IPV4_RX) &&
	       !(m->ol_flags & looked);
}

static checksum_info result_of(const struct mp_adapter *a, unsigned results,
			       const struct rte_mbuf *m)
{
	checksum_info c = { .Value = NULL };
	struct offload_headers h;
	struct offload_verdict v;
	unsigned wanted;

	if (is_open(a, results, m) ||
	    !offload_parse(&h, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len) || !h.version)
		return c;
	wanted = wanted_sums(results, h.version);
	v = nic_rx_offloads(a->nic) ? ask_both(a, wanted, m, &h) : verify(m, &h);
	v.good &= wanted;
	v.bad &= wanted;
	c.Receive.IpChecksumSucceeded = !!(v.good & OFFLOAD_SUM_IP);
	c.Receive.TcpChecksumSucceeded = !!(v.good & OFFLOAD_SUM_TCP);
	c.Receive.UdpChecksumSucceeded = !!(v.good & OFFLOAD_SUM_UDP);
	c.Receive.IpChecksumFailed = !!(v.bad & OFFLOAD_SUM_IP);
	c.Receive.TcpChecksumFailed = !!(v.bad & OFFLOAD_SUM_TCP);
	c.Receive.UdpChecksumFailed = !!(v.bad & OFFLOAD_SUM_UDP);
	return c;
}

void mp_receive_with_results(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts,
			     unsigned n, struct mp_chain *to)
{
	unsigned results = atomic_load_explicit(&q->adapter->rx_results, memory_order_relaxed);
	NET_BUFFER_LIST *before = to->last, *nbl;
	checksum_info info[BURST];

	/* Before the mode copies the frames, or takes their tags out. */
	for (unsigned i = 0; i < n; i++)
		info[i] = result_of(q->adapter, results, pkts[i]);
	q->mode->receive(p, q, pkts, n, to);
	nbl = before ? NET_BUFFER_LIST_NEXT_NBL(before) : to->first;
	for (unsigned i = 0; i < n; i++, nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		NET_BUFFER_LIST_INFO(nbl, TcpIpChecksumNetBufferListInfo) = info[i].Value;
}
