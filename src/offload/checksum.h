/* SPDX-License-Identifier: BSD-2-Clause */
/* IP, TCP and UDP checksums of a frame, by software: finished on send, verified on receive. */
#ifndef OFFLOAD_CHECKSUM_H
#define OFFLOAD_CHECKSUM_H

#include <rte_mbuf.h>

#include "offload/parse.h"

enum offload_sum {
	OFFLOAD_SUM_IP = 1,      /* the IPv4 header's */
	OFFLOAD_SUM_TCP = 2,
	OFFLOAD_SUM_UDP = 4,
};

/*
 * Finishes the checksums of 'sums' (enum offload_sum) that the frame has headers for: TCP's
 * and UDP's field holds the sum of the pseudo-header, the IP header's anything (P3). 'm' may
 * be a chain; its headers 'h' lie in the first segment. Returns those that were finished.
 */
unsigned offload_checksum_finish(struct rte_mbuf *m, const struct offload_headers *h,
				 unsigned sums);

/* TCP's or UDP's; of headers whose 'l4' is not 0. */
static inline unsigned offload_sum_of(const struct offload_headers *h)
{
	return h->protocol == OFFLOAD_TCP ? OFFLOAD_SUM_TCP : OFFLOAD_SUM_UDP;
}

/* What a look at a received frame tells of each checksum. */
struct offload_verdict {
	unsigned good, bad;      /* enum offload_sum; in neither: not checked */
};

/* Whether the checksum of an IPv4 header is right; of headers whose version is 4. */
bool offload_checksum_ip(const struct rte_mbuf *m, const struct offload_headers *h);

/* Verifies what can be: not the transport of a fragment, nor a UDP checksum of 0 of IPv4.
 * 'm' as above. */
struct offload_verdict offload_checksum_verify(const struct rte_mbuf *m,
					       const struct offload_headers *h);

/* The sum of the pseudo-header that the transport leaves in its checksum field (P3), as it
 * stands there in wire order; 'length' of the transport's header and payload, 0 for a large
 * send (P8). */
uint16_t offload_pseudo_header(const uint8_t *frame, const struct offload_headers *h,
			       uint32_t length);

#endif
