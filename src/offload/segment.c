/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload/segment.h"

#include <string.h>

#include "base/ethernet.h"
#include "offload/checksum.h"

#define ADDRESSES    12
#define IPV4_LENGTH  2
#define IPV4_ID      4
#define IPV6_LENGTH  4
#define IPV6_HEADER  40
#define TCP_SEQUENCE 4
#define TCP_FLAGS    13
#define TCP_CHECKSUM 16
#define FIN          0x01
#define SYN          0x02
#define RST          0x04
#define PSH          0x08
#define URG          0x20
#define CWR          0x80

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
	const struct offload_headers *h = &l->headers;
	uint8_t *tcp = frame + offload_l4(h);
	uint32_t sum;

	big32_write(tcp + TCP_SEQUENCE, big32_read(tcp + TCP_SEQUENCE) + at);
	if (at)
		tcp[TCP_FLAGS] &= (uint8_t)~CWR;
	if (at + n < l->payload)
		tcp[TCP_FLAGS] &= (uint8_t)~(FIN | PSH);
	/* The pseudo-header's length is the segment's (P8). */
	sum = big16_read(tcp + TCP_CHECKSUM) + h->l4 + n;
	big16_write(tcp + TCP_CHECKSUM, (sum & 0xffff) + (sum >> 16));
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
