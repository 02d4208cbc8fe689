/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as a frame: its headers, its checksums and, where it is one, the large TCP send
 * that it makes, in MDLs of any size. Of every input:
 *  - nothing behind the bytes that are there is read, and no header reaches behind them;
 *  - checksums that are finished verify as right;
 *  - the segments hold the payload, whole and in order, none more than the MSS, each right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "base/big_endian.h"
#include "offload/checksum.h"
#include "offload/segment.h"
#include "mbufs.h"

#define MDLS_MAX 4096
#define ROOM     18000

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rte_mempool *pool;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	pool = mbufs_create(63, ROOM);
	return 0;
}

static void check_sums(const uint8_t *frame, uint32_t n, const struct offload_headers *h)
{
	uint32_t field = offload_l4(h) + (h->protocol == OFFLOAD_TCP ? 16 : 6);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)n);
	struct offload_verdict v;
	unsigned done;

	memcpy(bytes, frame, n);
	if (h->l4) {
		uint32_t length = h->ip_length && h->ip_length < n - h->l2 ? h->ip_length : n - h->l2;
		uint16_t sum = offload_pseudo_header(bytes, h, length - h->l3);

		memcpy(bytes + field, &sum, sizeof(sum));
	}
	done = offload_checksum_finish(m, h, OFFLOAD_SUM_IP | OFFLOAD_SUM_TCP | OFFLOAD_SUM_UDP);
	v = offload_checksum_verify(m, h);
	NEED(!(v.bad & done));
	NEED(!(v.good & v.bad));
	rte_pktmbuf_free(m);
}

/* 'frame' in MDLs of 'piece' bytes. */
static NET_BUFFER *describe(uint8_t *frame, uint32_t n, uint32_t piece)
{
	static MDL mdls[MDLS_MAX];
	static NET_BUFFER nb;
	unsigned k = 0;

	if (piece < n / MDLS_MAX + 1)
		piece = n / MDLS_MAX + 1;
	for (uint32_t from = 0; from < n; from += piece, k++)
		mdls[k] = (MDL){ .Next = &mdls[k + 1], .MappedSystemVa = frame + from,
				 .ByteCount = RTE_MIN(piece, n - from) };
	mdls[k - 1].Next = NULL;
	nb = (NET_BUFFER){ .CurrentMdl = mdls, .MdlChain = mdls, .DataLength = n };
	return &nb;
}

static void check_segments(uint8_t *frame, uint32_t n, const struct offload_headers *h,
			   uint32_t mss, uint32_t piece, bool by_ip, uint16_t tag)
{
	uint32_t at = 0, headers, done = 0, count = 0;
	uint16_t sum = offload_pseudo_header(frame, h, 0);
	struct offload_large l;
	NET_BUFFER *nb;

	memcpy(frame + offload_l4(h) + 16, &sum, sizeof(sum));
	nb = describe(frame, n, piece);
	if (!offload_large_read(&l, nb, by_ip, mss, 0x7fff))
		return;
	headers = offload_payload(&l.headers);
	NEED(headers + l.payload <= n);
	do {
		uint32_t before = at, part = RTE_MIN(mss, l.payload - before);
		struct rte_mbuf *m = offload_segment(&l, nb, &at, pool, tag);
		struct offload_headers s;
		const uint8_t *bytes;

		NEED(m);
		bytes = rte_pktmbuf_mtod(m, const uint8_t *);
		NEED(m->pkt_len == headers + part + (tag ? 4 : 0));
		NEED(!memcmp(bytes + m->pkt_len - part, frame + headers + before, part));
		NEED(offload_parse(&s, bytes, m->pkt_len));
		if (s.l4 && s.tags == l.headers.tags + !!tag)
			NEED(!offload_checksum_verify(m, &s).bad);
		done += part;
		count++;
		rte_pktmbuf_free(m);
	} while (at);
	NEED(done == l.payload && count == offload_large_segments(&l));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct offload_headers h, inner;
	uint8_t *frame;
	uint32_t n;

	if (size < 7 || size - 6 > ROOM)
		return 0;
	n = (uint32_t)size - 6;
	frame = malloc(n);   /* of its own, so that the sanitizer sees its end */
	if (!frame)
		return 0;
	memcpy(frame, data + 6, n);
	if (offload_parse(&h, frame, n)) {
		NEED(h.l2 <= n && offload_payload(&h) <= n);
		if (offload_parse_inner(&inner, &h, frame, n))
			NEED(offload_payload(&inner) <= n);
		if (h.version)
			check_sums(frame, n, &h);
		if (h.l4 && h.protocol == OFFLOAD_TCP)
			check_segments(frame, n, &h, 1 + big16_read(data) % 2000, 1u + data[2],
				       data[3] & 1, big16_read(data + 4));
	}
	free(frame);
	return 0;
}
