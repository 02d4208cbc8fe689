/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload/segment.h"

#include <string.h>

#include "base/ethernet.h"
#include "frame/frame.h"
#include "offload/checksum.h"

#define ADDRESSES     12
#define IPV4_LENGTH   2
#define IPV4_ID       4
#define IPV4_CHECKSUM 10
#define IPV6_LENGTH   4
#define IPV6_HEADER   40
#define TCP_SEQUENCE  4
#define TCP_FLAGS     13
#define TCP_CHECKSUM  16
#define FIN           0x01
#define SYN           0x02
#define RST           0x04
#define PSH           0x08
#define URG           0x20
#define CWR           0x80
/* Ports do not cut smaller: what TCP is asked for is not less than 48, and some ports have
 * bounds of their own. */
#define PART_MSS_MIN  48u
#define DATAGRAM_MAX  65535u

bool offload_read(uint8_t *to, const NET_BUFFER *nb, uint32_t at, uint32_t n)
{
	const MDL *mdl = nb->CurrentMdl;
	uint64_t skip = (uint64_t)nb->CurrentMdlOffset + at;

	for (; mdl && n; mdl = mdl->Next) {
		uint32_t here;

		if (skip >= mdl->ByteCount) {
			skip -= mdl->ByteCount;
			continue;
		}
		here = RTE_MIN(mdl->ByteCount - (uint32_t)skip, n);
		memcpy(to, (const uint8_t *)mdl->MappedSystemVa + skip, here);
		skip = 0;
		to += here;
		n -= here;
	}
	return !n;
}

bool offload_large_read(struct offload_large *l, const NET_BUFFER *nb, bool by_ip, uint32_t mss,
			uint16_t id_mask)
{
	uint32_t first = RTE_MIN((uint32_t)nb->DataLength, (uint32_t)OFFLOAD_HEADERS_MAX);
	struct offload_headers *h = &l->headers;
	uint32_t all = nb->DataLength;

	if (!mss || !offload_read(l->bytes, nb, 0, first) || !offload_parse(h, l->bytes, first) ||
	    !h->l4 || h->protocol != OFFLOAD_TCP)
		return false;
	if (by_ip && (!h->ip_length || h->l2 + h->ip_length > all))
		return false;
	if (by_ip)
		all = h->l2 + h->ip_length;
	/* A flag that belongs to one segment alone cannot be on many. */
	if (all <= offload_payload(h) || l->bytes[offload_l4(h) + TCP_FLAGS] & (SYN | RST | URG))
		return false;
	h->ip_length = 0;   /* the template's; a segment's is its own */
	l->payload = all - offload_payload(h);
	l->mss = mss;
	l->id_mask = id_mask;
	return true;
}

/* Lengths and id of the IP header of segment 'index', with 'n' bytes of payload. */
static void write_ip(uint8_t *frame, const struct offload_large *l, uint32_t index, uint32_t n)
{
	const struct offload_headers *h = &l->headers;
	uint8_t *ip = frame + h->l2;
	uint32_t length = (uint32_t)h->l3 + h->l4 + n;

	if (h->version == 6) {
		big16_write(ip + IPV6_LENGTH, length - IPV6_HEADER);
		return;
	}
	big16_write(ip + IPV4_LENGTH, length);
	big16_write(ip + IPV4_ID, (big16_read(ip + IPV4_ID) + index) & l->id_mask);
}

static void write_tcp(uint8_t *frame, const struct offload_large *l, uint32_t at, uint32_t n)
{
	uint8_t *tcp = frame + offload_l4(&l->headers);

	big32_write(tcp + TCP_SEQUENCE, big32_read(tcp + TCP_SEQUENCE) + at);
	if (at)
		tcp[TCP_FLAGS] &= (uint8_t)~CWR;
	if (at + n < l->payload)
		tcp[TCP_FLAGS] &= (uint8_t)~(FIN | PSH);
}

/* The pseudo-header's length is the segment's (P8). */
static void add_length(uint8_t *frame, const struct offload_headers *h, uint32_t n)
{
	uint8_t *field = frame + offload_l4(h) + TCP_CHECKSUM;
	uint32_t sum = big16_read(field) + h->l4 + n;

	big16_write(field, (sum & 0xffff) + (sum >> 16));
}

/* The headroom has room for it. */
static void insert_tag(struct rte_mbuf *m, uint16_t tag)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *) - VLAN_TAG;

	m->data_off -= VLAN_TAG;
	m->data_len += VLAN_TAG;
	m->pkt_len += VLAN_TAG;
	memmove(frame, frame + VLAN_TAG, ADDRESSES);
	big16_write(frame + ADDRESSES, 0x8100);
	big16_write(frame + ADDRESSES + 2, tag);
}

struct rte_mbuf *offload_segment(const struct offload_large *l, const NET_BUFFER *nb, uint32_t *at,
				 struct rte_mempool *pool, uint16_t tag)
{
	const struct offload_headers *h = &l->headers;
	uint32_t headers = offload_payload(h), from = *at, n;
	struct rte_mbuf *m;
	uint8_t *frame;

	if (from >= l->payload) {
		*at = OFFLOAD_NEVER;
		return NULL;
	}
	n = RTE_MIN(l->mss, l->payload - from);
	m = rte_pktmbuf_alloc(pool);
	if (!m)
		return NULL;
	if (rte_pktmbuf_headroom(m) < VLAN_TAG || headers + n > rte_pktmbuf_tailroom(m))
		goto no_segment;
	frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(headers + n));
	memcpy(frame, l->bytes, headers);
	if (!offload_read(frame + headers, nb, headers + from, n))
		goto no_segment;
	write_ip(frame, l, from / l->mss, n);
	write_tcp(frame, l, from, n);
	add_length(frame, h, n);
	offload_checksum_finish(m, h, OFFLOAD_SUM_IP | OFFLOAD_SUM_TCP);
	if (tag)
		insert_tag(m, tag);
	*at = from + n < l->payload ? from + n : 0;
	return m;

no_segment:
	*at = OFFLOAD_NEVER;
	rte_pktmbuf_free(m);
	return NULL;
}

/* ---- for a port ---- */

/* How many bytes from payload byte 'from' on a port may cut by itself. */
static uint32_t part_length(const struct offload_large *l, uint32_t from)
{
	const struct offload_headers *h = &l->headers;
	uint32_t most = DATAGRAM_MAX - h->l3 - h->l4, n = l->payload - from, id;

	if (n > most)
		n = most - most % l->mss;
	if (h->version == 4) {
		id = big16_read(l->bytes + h->l2 + IPV4_ID) + from / l->mss;
		n = RTE_MIN(n, (l->id_mask - (id & l->id_mask) + 1) * l->mss);
	}
	if (!from && l->bytes[offload_l4(h) + TCP_FLAGS] & CWR)
		n = RTE_MIN(n, l->mss);
	return n;
}

/* Keeps the chain's first 'n' bytes, 1 .. its length. */
static void keep(struct rte_mbuf *m, uint32_t n)
{
	struct rte_mbuf *last = m;
	uint32_t left = n;

	m->pkt_len = n;
	m->nb_segs = 1;
	for (; left > last->data_len; last = last->next) {
		left -= last->data_len;
		m->nb_segs++;
	}
	last->data_len = (uint16_t)left;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
}

/* The payload of a part, whole segments but for the last of all; NULL: not two of them. */
static struct rte_mbuf *part_payload(const struct offload_large *l, NET_BUFFER_LIST *nbl,
				     uint32_t from, struct rte_mempool *pool, unsigned chain)
{
	uint32_t headers = offload_payload(&l->headers), n = part_length(l, from), got;
	struct rte_mbuf *m;

	if (n <= l->mss || chain < 2)
		return NULL;
	m = frame_slice(nbl, NET_BUFFER_LIST_FIRST_NB(nbl), headers + from, n, pool, chain - 1);
	if (!m)
		return NULL;
	got = m->pkt_len;
	if (got < n)
		got -= got % l->mss;
	if (got <= l->mss) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	if (got < m->pkt_len)
		keep(m, got);
	return m;
}

/* What the port reads; the IP header's checksum is its work, too. */
static void ask_port(struct rte_mbuf *m, const struct offload_large *l)
{
	const struct offload_headers *h = &l->headers;

	if (h->version == 4)
		big16_write(rte_pktmbuf_mtod_offset(m, uint8_t *, h->l2 + IPV4_CHECKSUM), 0);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	m->ol_flags |= h->version == 4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM
				       : RTE_MBUF_F_TX_IPV6;
	m->l2_len = h->l2;
	m->l3_len = h->l3;
	m->l4_len = h->l4;
	m->tso_segsz = (uint16_t)l->mss;
}

struct rte_mbuf *offload_part(const struct offload_large *l, NET_BUFFER_LIST *nbl, uint32_t *at,
			      struct rte_mempool *pool, uint16_t tag, unsigned chain)
{
	uint32_t headers = offload_payload(&l->headers), from = *at, n;
	struct rte_mbuf *payload, *m;
	uint8_t *frame;

	if (l->headers.extended || l->mss < PART_MSS_MIN || from >= l->payload)
		return NULL;
	payload = part_payload(l, nbl, from, pool, chain);
	if (!payload)
		return NULL;
	m = rte_pktmbuf_alloc(pool);
	if (!m || rte_pktmbuf_headroom(m) < VLAN_TAG || headers > rte_pktmbuf_tailroom(m)) {
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(payload);
		return NULL;
	}
	n = payload->pkt_len;
	frame = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)headers);
	memcpy(frame, l->bytes, headers);
	write_ip(frame, l, from / l->mss, n);
	write_tcp(frame, l, from, n);
	m->next = payload;
	m->nb_segs = (uint16_t)(payload->nb_segs + 1);
	m->pkt_len += n;
	ask_port(m, l);
	if (tag) {
		insert_tag(m, tag);
		m->l2_len += VLAN_TAG;
	}
	*at = from + n < l->payload ? from + n : 0;
	return m;
}
