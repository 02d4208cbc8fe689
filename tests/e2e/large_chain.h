/* SPDX-License-Identifier: BSD-2-Clause */
/* A large TCP send as a chain of mbufs, in the way that DPDK wants it. */
#ifndef LARGE_CHAIN_H
#define LARGE_CHAIN_H

#include <string.h>

#include <rte_mbuf.h>

#include "../unit/offload_testing.h"

#define MSS        1400
#define PIECE      1500     /* of a chain */

/* The frame 'bytes', made of 'b', with 'head' bytes in the first mbuf. NULL: no buffer. */
static inline struct rte_mbuf *large_chain(struct rte_mempool *pool, const uint8_t *bytes,
					   const struct build *b, const struct built *at,
					   unsigned head)
{
	struct rte_mbuf *first = NULL, *last = NULL;

	for (unsigned from = 0; from < at->length; ) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		unsigned n = RTE_MIN(first ? PIECE : head, at->length - from);

		if (!m) {
			rte_pktmbuf_free(first);
			return NULL;
		}
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes + from, n);
		if (first) {
			last->next = m;
			first->nb_segs++;
			first->pkt_len += n;
		} else {
			first = m;
		}
		last = m;
		from += n;
	}
	first->l2_len = at->ip;
	first->l3_len = at->transport - at->ip;
	first->l4_len = at->payload - at->transport;
	first->tso_segsz = MSS;
	first->ol_flags = RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM;
	first->ol_flags |= b->version == 4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM
					   : RTE_MBUF_F_TX_IPV6;
	return first;
}

#endif
