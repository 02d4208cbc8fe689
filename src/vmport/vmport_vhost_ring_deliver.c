/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames into the buffers that a guest has posted.
 *
 * Nearly all are plain and go into one buffer of one descriptor: those are looked at a burst
 * before there is a frame for them, so that what is read and written for one frame is on its
 * way while another is written. Any other frame, buffer or ring goes one frame at a time.
 */
#include "vmport/vmport_vhost_ring.h"

#include <string.h>

#include <linux/virtio_net.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "vmport/vmport_vhost_copy.h"

/* ---- the header ---- */

/* The sum of the pseudo-header with its length, large frame or not, so that the guest may
 * hand the frame on and have it cut elsewhere. */
static void header_unfinished(struct vhost_header *h, struct rte_mbuf *m)
{
	bool tcp = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG ||
		   (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM;
	uint64_t flags = (m->ol_flags & ~(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_L4_MASK)) |
			 (tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM);

	rte_net_intel_cksum_flags_prepare(m, flags);
	h->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h->csum_start = (uint16_t)(m->l2_len + m->l3_len);
	h->csum_offset = tcp ? offsetof(struct rte_tcp_hdr, cksum)
			     : offsetof(struct rte_udp_hdr, dgram_cksum);
	if (!(m->ol_flags & RTE_MBUF_F_TX_TCP_SEG))
		return;
	h->gso_type = m->ol_flags & RTE_MBUF_F_TX_IPV4 ? VIRTIO_NET_HDR_GSO_TCPV4
						       : VIRTIO_NET_HDR_GSO_TCPV6;
	h->gso_size = m->tso_segsz;
	h->hdr_len = (uint16_t)(m->l2_len + m->l3_len + m->l4_len);
}

/* ---- one frame of any form ---- */

enum verdict { TAKEN, NO_ROOM, UNFIT };

/* The chains that a frame goes into. */
struct reserved {
	struct vhost_chain memory;
	unsigned n;
	struct {
		uint16_t head;
		uint32_t bytes;
	} chains[VHOST_PIECES];
};

static void reserved_none(struct reserved *v)
{
	v->n = 0;
	v->memory.n = 0;
	v->memory.read = 0;
	v->memory.bytes = 0;
}

/* Gives back what was reserved, and one more that makes no sense: the guest gets its buffers
 * again in the order in which it made them available. */
static void reserved_spoil(struct vhost_ring *r, struct reserved *v, uint16_t bad)
{
	for (unsigned i = 0; i < v->n; i++, r->next++)
		vhost_ring_use(r, v->chains[i].head, 0);
	vhost_ring_fault(r, bad);
	reserved_none(v);
}

/* A guest that cannot join buffers takes a frame into one chain or never; one that can, into
 * as many as its ring has. One that makes chains without sense as fast as they are looked at
 * must not hold the worker. */
static enum verdict reserve(struct vhost_ring *r, uint64_t need, struct reserved *v)
{
	unsigned most = r->merge ? RTE_MIN(VHOST_PIECES, r->mask + 1u) : 1, spoiled = 0;

	reserved_none(v);
	while (v->memory.bytes < need || !v->n) {
		uint64_t before = v->memory.bytes;
		uint16_t head;

		if (v->n == most)
			return UNFIT;
		if (vhost_ring_waiting(r, (uint16_t)(v->n + 1)) <= v->n)
			return NO_ROOM;
		head = vhost_ring_head(r, (uint16_t)v->n);
		if (!vhost_ring_chain(r, head, true, &v->memory)) {
			if (v->memory.full && v->n)
				return UNFIT;
			reserved_spoil(r, v, head);
			if (++spoiled == VHOST_RING_BURST)
				return NO_ROOM;
			continue;
		}
		v->chains[v->n].head = head;
		v->chains[v->n++].bytes = (uint32_t)RTE_MIN(v->memory.bytes - before, UINT32_MAX);
	}
	return TAKEN;
}

static enum verdict deliver_any(struct vhost_ring *r, struct rte_mbuf *m)
{
	struct vhost_header h = { .flags = 0 };
	uint64_t left = (uint64_t)m->pkt_len + r->header;
	struct reserved v;
	struct vhost_cursor c = { .piece = v.memory.pieces };
	enum verdict verdict = reserve(r, left, &v);

	if (verdict != TAKEN)
		return verdict;
	if (m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG))
		header_unfinished(&h, m);
	h.buffers = (uint16_t)v.n;
	vhost_cursor_write(r, &c, &h, r->header);
	for (const struct rte_mbuf *s = m; s; s = s->next)
		vhost_cursor_write(r, &c, rte_pktmbuf_mtod(s, const void *), s->data_len);
	for (unsigned i = 0; i < v.n; i++) {
		uint32_t part = (uint32_t)RTE_MIN(left, (uint64_t)v.chains[i].bytes);

		vhost_ring_use(r, v.chains[i].head, part);
		left -= part;
	}
	r->next = (uint16_t)(r->next + v.n);
	r->looked = r->next;
	return TAKEN;
}

/* ---- a burst of plain frames, each into one buffer ---- */

static inline bool is_plain(const struct rte_mbuf *m)
{
	return m->nb_segs == 1 && !(m->ol_flags & (RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG));
}

static __rte_always_inline void plain_write(uint8_t *to, const struct rte_mbuf *m, uint8_t header)
{
	vhost_header_plain(to, header);
	vhost_copy(to + header, rte_pktmbuf_mtod(m, const uint8_t *), m->data_len);
}

/* How many of the first of 'n' frames went that way. 'header' is the ring's, as a constant. */
static __rte_always_inline uint16_t deliver_plain(struct vhost_ring *r, struct rte_mbuf **pkts,
						  uint16_t n, const uint8_t header)
{
	uint16_t known = vhost_places_find(r, n, true), k;
	uint16_t most = vhost_places_most(r);

	n = RTE_MIN(n, known);
	for (k = 0; k < n; k++) {
		const struct vhost_place *to = vhost_place(r, k);
		uint32_t need = (uint32_t)pkts[k]->data_len + header;

		if (unlikely(!to->at || to->length < need || !is_plain(pkts[k])))
			break;
		if (known < most)
			vhost_place_find(r, known++, true);
		plain_write(to->at, pkts[k], header);
		vhost_ring_use(r, to->head, need);
	}
	r->looked = (uint16_t)(r->next + known);
	r->next = (uint16_t)(r->next + k);
	return k;
}

static uint16_t deliver_burst(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n)
{
	if (unlikely(r->log))
		return 0;
	if (likely(r->header == VHOST_HEADER_MAX))
		return deliver_plain(r, pkts, n, VHOST_HEADER_MAX);
	return deliver_plain(r, pkts, n, VHOST_HEADER_MAX - 2);
}

/* A burst of at most VHOST_RING_BURST; false: there is no room for all of it. */
static bool deliver_some(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n, uint16_t *done,
			 uint64_t *refused)
{
	*done = deliver_burst(r, pkts, n);
	for (; unlikely(*done < n); (*done)++) {
		enum verdict verdict = deliver_any(r, pkts[*done]);

		if (verdict == NO_ROOM)
			return false;
		*refused += verdict == UNFIT;
	}
	return true;
}

uint16_t vhost_ring_deliver(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n,
			    uint64_t *refused)
{
	uint16_t done = 0, part;
	bool room = true;

	for (; room && done < n; done = (uint16_t)(done + part))
		room = deliver_some(r, pkts + done,
				    (uint16_t)RTE_MIN(n - done, (int)VHOST_RING_BURST), &part,
				    refused);
	vhost_ring_publish(r);
	vhost_places_find(r, (uint16_t)RTE_MIN(n, VHOST_RING_BURST), true);
	return done;
}
