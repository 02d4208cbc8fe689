/* SPDX-License-Identifier: BSD-2-Clause */
/* A large TCP send, cut into the frames that a wire takes (P8, P9). */
#ifndef OFFLOAD_SEGMENT_H
#define OFFLOAD_SEGMENT_H

#include <ndis.h>
#include <rte_mbuf.h>

#include "offload/parse.h"

struct offload_large {
	struct offload_headers headers;   /* of the template */
	uint32_t payload;                 /* bytes of TCP payload in all */
	uint32_t mss;                     /* of it in each segment but the last, 1 .. */
	uint16_t id_mask;                 /* IPv4's id counts up within it: 0x7fff, 0xffff */
	uint8_t bytes[OFFLOAD_HEADERS_MAX];   /* the frame's first ones: the template */
};

/* Copies 'n' bytes of the NB's data from byte 'at' on, from MDLs of any shape. False: they
 * end before. Any thread. */
bool offload_read(uint8_t *to, const NET_BUFFER *nb, uint32_t at, uint32_t n);

/*
 * Reads the headers of 'nb', in MDLs of any shape. How long the datagram is, its IP header
 * says ('by_ip'), or else the NB (P8). The TCP checksum field holds the pseudo-header's sum
 * without a length. False: it is no TCP segment of one whole datagram, has no payload, has
 * SYN, RST or URG (P7), or 'mss' is 0. The NB is only read. Any thread.
 */
bool offload_large_read(struct offload_large *large, const NET_BUFFER *nb, bool by_ip,
			uint32_t mss, uint16_t id_mask);

/* How long the longest of its frames is, without a tag to insert. */
static inline uint32_t offload_large_frame(const struct offload_large *l)
{
	return offload_payload(&l->headers) + RTE_MIN(l->mss, l->payload);
}

/* How many frames it makes. */
static inline uint32_t offload_large_segments(const struct offload_large *l)
{
	return (l->payload + l->mss - 1) / l->mss;
}

/* Of a segment's '*at': there is none, whoever asks again. */
#define OFFLOAD_NEVER UINT32_MAX

/*
 * The segment that begins with byte '*at' of the payload, a multiple of the MSS, in one
 * mbuf of 'pool'; where 'tag' is not 0, with an 802.1Q header of that TCI behind the
 * addresses. The sequence number, lengths, IPv4's id and the TCP flags are the segment's,
 * its checksums are finished. '*at' moves on, and is 0 after the last. NULL: no mbuf just
 * now; or with '*at' OFFLOAD_NEVER: the segment does not fit one, or the NB has no such bytes.
 */
struct rte_mbuf *offload_segment(const struct offload_large *large, const NET_BUFFER *nb,
				 uint32_t *at, struct rte_mempool *pool, uint16_t tag);

/*
 * The same of two segments or more, for a port that cuts them itself: a chain of at most
 * 'chain' mbufs, with the flags and lengths that RTE_MBUF_F_TX_TCP_SEG wants and the payload by
 * reference where it lies in the mbufs of 'nbl', whose NB it is. It has as many segments as
 * make one datagram, and as the port can number and flag like offload_segment(): the CWR flag
 * leaves alone, and so does the id where it wraps. NULL, with '*at' as it was: there are no two
 * of them, no mbufs, or the headers are not for a port.
 */
struct rte_mbuf *offload_part(const struct offload_large *large, NET_BUFFER_LIST *nbl,
			      uint32_t *at, struct rte_mempool *pool, uint16_t tag,
			      unsigned chain);

/* The frames that a port makes of 'm', a part, and in '*bytes' their lengths together; of another
 * frame 1 and its own. */
static inline uint32_t offload_frames(const struct rte_mbuf *m, uint64_t *bytes)
{
	uint32_t headers, n;

	*bytes = m->pkt_len;
	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		return 1;
	headers = (uint32_t)m->l2_len + m->l3_len + m->l4_len;
	n = (m->pkt_len - headers + m->tso_segsz - 1) / m->tso_segsz;
	*bytes += (uint64_t)headers * (n - 1);
	return n;
}

#endif
