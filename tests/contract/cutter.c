/* SPDX-License-Identifier: BSD-2-Clause */
#include "cutter.h"

#include <stdlib.h>
#include <string.h>

#include "../unit/offload_testing.h"

#define FIN_PSH (BUILD_FIN | BUILD_PSH)

struct cutter cutter;
static struct rte_mempool *pool;
static uint8_t whole[BUILD_ROOM];

unsigned __wrap_nic_tx_offloads(const struct nic *nic);
uint16_t __wrap_nic_tx_chain(const struct nic *nic);
bool __wrap_nic_tx_large(struct nic *nic, struct rte_mbuf *m);

unsigned __wrap_nic_tx_offloads(const struct nic *nic)
{
	(void)nic;
	return NIC_TX_LARGE;
}

uint16_t __wrap_nic_tx_chain(const struct nic *nic)
{
	(void)nic;
	return cutter.chain;
}

static void check(const struct rte_mbuf *m)
{
	const uint64_t v4 = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM, v6 = RTE_MBUF_F_TX_IPV6;
	uint64_t flags = m->ol_flags & ~(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_TCP_CKSUM);
	unsigned headers = m->l2_len + m->l3_len + m->l4_len, segments = 0, bytes = 0;

	if ((m->ol_flags & RTE_MBUF_F_TX_L4_MASK) != RTE_MBUF_F_TX_TCP_CKSUM ||
	    (flags != v4 && flags != v6) || !m->tso_segsz || m->data_len < headers ||
	    rte_mbuf_refcnt_read(m) != 1 || !RTE_MBUF_DIRECT(m) || m->nb_segs > cutter.chain ||
	    m->pkt_len <= headers + m->tso_segsz)
		abort();
	for (const struct rte_mbuf *s = m; s; s = s->next, segments++)
		bytes += s->data_len;
	if (segments != m->nb_segs || bytes != m->pkt_len)
		abort();
}

bool __wrap_nic_tx_large(struct nic *nic, struct rte_mbuf *m)
{
	(void)nic;
	check(m);
	return !atomic_load(&cutter.refuses);
}

/* The IP header's length, id and checksum, of segment 'i' with 'n' bytes of payload. */
static void number(const struct rte_mbuf *m, uint8_t *ip, unsigned i, unsigned n)
{
	if (ip[0] >> 4 == 6) {
		put16(ip + 4, m->l3_len + m->l4_len + n - 40);
		return;
	}
	put16(ip + 2, m->l3_len + m->l4_len + n);
	put16(ip + 4, (get16(ip + 4) + i) & 0xffff);
	put16(ip + 10, 0);
	put16(ip + 10, ~reference_sum(0, ip, m->l3_len) & 0xffff);
}

/* The TCP header; its field still has the pseudo-header's sum without the length. */
static void finish(const struct rte_mbuf *m, uint8_t *tcp, unsigned i, unsigned n, bool last)
{
	uint32_t sequence = get32(tcp + 4) + i * m->tso_segsz;
	uint8_t length[2];
	uint32_t sum;

	put16(tcp + 4, sequence >> 16);
	put16(tcp + 6, sequence & 0xffff);
	if (!last)
		tcp[13] &= (uint8_t)~FIN_PSH;
	/* Of NICs some copy CWR: then it is on more than the first. */
	put16(length, m->l4_len + n);
	sum = reference_sum(0, length, 2);
	sum = reference_sum(sum, tcp, m->l4_len + n);
	put16(tcp + 16, ~sum & 0xffff);
}

static void put_on_wire(struct nic *nic, struct rte_mbuf *m)
{
	atomic_fetch_add(&cutter.frames, 1);
	atomic_fetch_add(&cutter.bytes, m->pkt_len);
	stack_write(nic, 0, &m, 1);
}

static void cut(struct nic *nic, struct rte_mbuf *m)
{
	unsigned headers = m->l2_len + m->l3_len + m->l4_len, mss = m->tso_segsz;
	unsigned payload = m->pkt_len - headers;
	const uint8_t *bytes = rte_pktmbuf_read(m, 0, m->pkt_len, whole);

	for (unsigned i = 0; i * mss < payload; i++) {
		unsigned n = payload - i * mss < mss ? payload - i * mss : mss;
		struct rte_mbuf *s = rte_pktmbuf_alloc(pool);
		uint8_t *frame;

		if (!s)
			abort();
		frame = (uint8_t *)rte_pktmbuf_append(s, (uint16_t)(headers + n));
		memcpy(frame, bytes, headers);
		memcpy(frame + headers, bytes + headers + i * mss, n);
		number(m, frame + m->l2_len, i, n);
		finish(m, frame + m->l2_len + m->l3_len, i, n, (i + 1) * mss >= payload);
		put_on_wire(nic, s);
	}
	atomic_fetch_add(&cutter.large, 1);
	rte_pktmbuf_free(m);
}

static uint16_t take(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n)
{
	(void)queue;
	for (unsigned i = 0; i < n; i++) {
		if (pkts[i]->ol_flags & RTE_MBUF_F_TX_TCP_SEG) {
			check(pkts[i]);
			cut(nic, pkts[i]);
		} else {
			put_on_wire(nic, pkts[i]);
		}
	}
	return n;
}

void cutter_use(uint16_t chain)
{
	if (!pool)
		pool = rte_pktmbuf_pool_create("cutter", 255, 0, 0, 2048, 0);
	assert_non_null(pool);
	cutter.chain = chain;
	atomic_store(&cutter.refuses, false);
	atomic_store(&cutter.large, 0);
	atomic_store(&cutter.frames, 0);
	atomic_store(&cutter.bytes, 0);
	stack.port = take;
}

void cutter_end(void)
{
	rte_mempool_free(pool);
	pool = NULL;
}
