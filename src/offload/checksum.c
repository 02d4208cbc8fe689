/* SPDX-License-Identifier: BSD-2-Clause */
#include "offload/checksum.h"

#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "base/big_endian.h"

#define IPV4_CHECKSUM 10
#define TCP_CHECKSUM  16
#define UDP_CHECKSUM  6

/* The transport's checksum field, from the frame's beginning; 0: the frame has none. */
static uint32_t field_of(const struct offload_headers *h)
{
	if (!h->l4)
		return 0;
	return offload_l4(h) + (h->protocol == OFFLOAD_TCP ? TCP_CHECKSUM : UDP_CHECKSUM);
}

/* Header and payload of the transport, without the padding behind the datagram. */
static uint32_t transport_length(const struct rte_mbuf *m, const struct offload_headers *h)
{
	uint32_t there = m->pkt_len - h->l2;

	return (h->ip_length && h->ip_length < there ? h->ip_length : there) - h->l3;
}

/*
 * The one's complement sum of 'length' bytes of a chain from 'at' on; false: it is shorter.
 * DPDK 22.11's own for chains loses carries where a segment begins at an odd byte.
 */
static bool sum_chain(const struct rte_mbuf *m, uint32_t at, uint32_t length, uint16_t *to)
{
	uint32_t done = 0, sum = 0;

	for (; m && done < length; m = m->next) {
		uint32_t n;
		uint16_t part;

		if (at >= m->data_len) {
			at -= m->data_len;
			continue;
		}
		n = RTE_MIN(m->data_len - at, length - done);
		part = rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, at), n);
		sum += done & 1 ? rte_bswap16(part) : part;
		sum = (sum & 0xffff) + (sum >> 16);
		done += n;
		at = 0;
	}
	*to = (uint16_t)sum;
	return done == length;
}

unsigned offload_checksum_finish(struct rte_mbuf *m, const struct offload_headers *h,
				 unsigned sums)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t field = field_of(h);
	unsigned done = 0;
	uint16_t sum;

	if (field && sums & offload_sum_of(h) &&
	    sum_chain(m, offload_l4(h), transport_length(m, h), &sum)) {
		sum = (uint16_t)~sum;
		if (!sum && h->protocol == OFFLOAD_UDP)
			sum = 0xffff;   /* 0 is "none" there (RFC 768) */
		memcpy(frame + field, &sum, sizeof(sum));
		done |= offload_sum_of(h);
	}
	if (h->version == 4 && sums & OFFLOAD_SUM_IP) {
		memset(frame + h->l2 + IPV4_CHECKSUM, 0, sizeof(sum));
		sum = (uint16_t)~rte_raw_cksum(frame + h->l2, h->l3);
		memcpy(frame + h->l2 + IPV4_CHECKSUM, &sum, sizeof(sum));
		done |= OFFLOAD_SUM_IP;
	}
	return done;
}

/* ---- verifying ---- */

uint16_t offload_pseudo_header(const uint8_t *frame, const struct offload_headers *h,
			       uint32_t length)
{
	uint8_t bytes[40] = { 0 };
	unsigned address = h->version == 4 ? 4 : 16;

	memcpy(bytes, frame + h->source, address);
	memcpy(bytes + address, frame + h->destination, address);
	big32_write(bytes + 32, length);
	bytes[39] = h->protocol;
	return rte_raw_cksum(bytes, sizeof(bytes));
}

static bool transport_is_right(const struct rte_mbuf *m, const struct offload_headers *h,
			       uint32_t length)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t sum;
	uint16_t raw;

	if (!sum_chain(m, offload_l4(h), length, &raw))
		return false;
	sum = (uint32_t)raw + offload_pseudo_header(frame, h, length);
	return (uint16_t)(sum + (sum >> 16)) == 0xffff;
}

bool offload_checksum_ip(const struct rte_mbuf *m, const struct offload_headers *h)
{
	return rte_raw_cksum(rte_pktmbuf_mtod_offset(m, const char *, h->l2), h->l3) == 0xffff;
}

struct offload_verdict offload_checksum_verify(const struct rte_mbuf *m,
					       const struct offload_headers *h)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct offload_verdict v = { 0, 0 };
	uint32_t field = field_of(h);
	bool right;

	if (h->version == 4)
		*(offload_checksum_ip(m, h) ? &v.good : &v.bad) |= OFFLOAD_SUM_IP;
	if (!field || m->pkt_len < h->l2 + h->ip_length)   /* cut off: its sum is not to be had */
		return v;
	if (h->version == 4 && h->protocol == OFFLOAD_UDP && !big16_read(frame + field))
		return v;
	right = transport_is_right(m, h, transport_length(m, h));
	*(right ? &v.good : &v.bad) |= offload_sum_of(h);
	return v;
}
