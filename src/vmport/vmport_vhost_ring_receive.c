/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames that a guest sends, copied before anything of them is looked at: what is decided
 * later is decided on bytes that it cannot change.
 *
 * As in the other direction a burst of plain frames, each with its header in one buffer of one
 * descriptor, is taken at once, and any other chain by itself.
 */
#include "vmport/vmport_vhost_ring.h"

#include <string.h>

#include <linux/virtio_net.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_prefetch.h>

#include "vmport/vmport_vhost_copy.h"

/* ---- what the guest wants done to the frame ---- */

/* A checksum of no transport that others could finish, or inside a tunnel: it is done here. */
static void checksum_finish(struct rte_mbuf *m, const struct vhost_header *h)
{
	uint32_t field = (uint32_t)h->csum_start + h->csum_offset;
	uint16_t sum;

	if (h->csum_start >= m->pkt_len || field + sizeof(sum) > m->data_len ||
	    rte_raw_cksum_mbuf(m, h->csum_start, m->pkt_len - h->csum_start, &sum))
		return;
	/* 0 means "no checksum" to UDP; 0xffff is the same sum. */
	if (sum != 0xffff)
		sum = (uint16_t)~sum;
	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, field), &sum, sizeof(sum));
}

static void wishes_read(struct rte_mbuf *m, const struct vhost_header *h)
{
	struct rte_net_hdr_lens l = { 0 };
	uint32_t transport = rte_net_get_ptype(m, &l, RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK |
							      RTE_PTYPE_L4_MASK) &
			     RTE_PTYPE_L4_MASK;
	uint8_t large = h->gso_type & (uint8_t)~VIRTIO_NET_HDR_GSO_ECN;
	bool known = transport == RTE_PTYPE_L4_TCP || transport == RTE_PTYPE_L4_UDP ||
		     transport == RTE_PTYPE_L4_SCTP;

	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (known && h->csum_start <= (uint32_t)l.l2_len + l.l3_len + l.l4_len)
			m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
		else
			checksum_finish(m, h);
	}
	if ((large == VIRTIO_NET_HDR_GSO_TCPV4 || large == VIRTIO_NET_HDR_GSO_TCPV6) &&
	    h->gso_size && transport == RTE_PTYPE_L4_TCP) {
		m->ol_flags |= RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_NONE;
		m->tso_segsz = h->gso_size;
	}
}

/* ---- one chain of any form ---- */

enum verdict { TAKEN, EMPTY, NO_BUFFER };

/* 'length' bytes into as many mbufs as they need, all of them or none. */
static struct rte_mbuf *chain_copy(const struct vhost_ring *r, struct vhost_cursor *c,
				   uint32_t length)
{
	uint32_t room = rte_pktmbuf_data_room_size(r->pool) - RTE_PKTMBUF_HEADROOM;
	struct rte_mbuf *first = NULL, **link = &first, *m;

	do {
		uint16_t part = (uint16_t)RTE_MIN(length, room);

		m = rte_pktmbuf_alloc(r->pool);
		if (!m) {
			rte_pktmbuf_free(first);
			return NULL;
		}
		vhost_cursor_read(c, rte_pktmbuf_mtod(m, void *), part);
		m->data_len = part;
		*link = m;
		link = &m->next;
		if (m != first)
			first->nb_segs++;
		first->pkt_len += part;
		length -= part;
	} while (length);
	return first;
}

static bool length_may_be(const struct vhost_ring *r, uint64_t length)
{
	uint32_t room = rte_pktmbuf_data_room_size(r->pool) - RTE_PKTMBUF_HEADROOM;

	return length >= VMPORT_MIN_FRAME &&
	       length <= (r->segments > 1 ? (uint64_t)room * r->segments : r->longest);
}

/* Whether there are buffers for one more, if it is to be cut or others are that came before it: for
 * those too, were all the largest. They are '*promised'. */
static bool has_room(const struct vhost_ring *r, const struct vhost_header *h, unsigned *promised)
{
	unsigned cut = r->segments > 1 && h->gso_type != VIRTIO_NET_HDR_GSO_NONE ? r->segments : 0;

	if ((cut || *promised) && vmport_pool_left(r->pool) < *promised + r->segments + cut)
		return false;
	*promised += cut;
	return true;
}

/* The next chain. '*m' is NULL: what it had is no frame. */
static enum verdict receive_any(struct vhost_ring *r, struct rte_mbuf **m, unsigned *promised)
{
	struct vhost_header h = { .flags = 0 };
	struct vhost_chain chain;
	struct vhost_cursor c = { .piece = chain.pieces };
	uint16_t head;

	*m = NULL;
	if (!vhost_ring_waiting(r, 1))
		return EMPTY;
	head = vhost_ring_head(r, 0);
	chain.n = chain.read = 0;
	chain.bytes = 0;
	if (!vhost_ring_chain(r, head, false, &chain)) {
		vhost_ring_fault(r, head);
		return TAKEN;
	}
	if (chain.bytes > r->header && length_may_be(r, chain.bytes - r->header)) {
		vhost_cursor_read(&c, &h, r->header);
		if (!has_room(r, &h, promised))
			return NO_BUFFER;
		*m = chain_copy(r, &c, (uint32_t)chain.bytes - r->header);
		if (!*m)
			return NO_BUFFER;
		if (r->segments > 1 && (h.flags || h.gso_type))
			wishes_read(*m, &h);
	}
	r->next++;
	r->looked = r->next;
	vhost_ring_use(r, head, 0);
	return TAKEN;
}

/* ---- a burst of plain frames, each in one buffer ---- */

/* Whether it is to be cut: that takes more buffers than its own. */
static inline bool is_to_be_cut(const struct vhost_ring *r, const struct vhost_place *from)
{
	return r->segments > 1 &&
	       from->at[offsetof(struct vhost_header, gso_type)] != VIRTIO_NET_HDR_GSO_NONE;
}

/* How many of the next 'n' chains, which are known, are such. */
static inline uint16_t plain_count(const struct vhost_ring *r, uint16_t n)
{
	uint16_t k;

	for (k = 0; k < n; k++) {
		const struct vhost_place *from = vhost_place(r, k);

		if (unlikely(!vhost_place_is_frame(r, from) || is_to_be_cut(r, from)))
			break;
	}
	return k;
}

static inline void plain_take(const struct vhost_ring *r, const struct vhost_place *from,
			      struct rte_mbuf *m)
{
	uint16_t length = (uint16_t)(from->length - r->header);

	vhost_copy(rte_pktmbuf_mtod(m, uint8_t *), from->at + r->header, length);
	m->data_len = length;
	m->pkt_len = length;
	if (r->segments > 1) {
		struct vhost_header h;

		memcpy(&h, from->at, 10);
		if (unlikely(h.flags || h.gso_type))
			wishes_read(m, &h);
	}
}

static uint16_t receive_plain(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t known = vhost_places_find(r, n, false), k = plain_count(r, RTE_MIN(n, known));
	uint16_t most = vhost_places_most(r);

	/* A pool without so many buffers may have some: the chains are taken one by one then. */
	if (!k || rte_pktmbuf_alloc_bulk(r->pool, pkts, k))
		return 0;
	for (uint16_t i = 0; i < k; i++) {
		if (known < most)
			vhost_place_find(r, known++, false);
		plain_take(r, vhost_place(r, i), pkts[i]);
		vhost_ring_use(r, vhost_place(r, i)->head, 0);
	}
	r->looked = (uint16_t)(r->next + known);
	r->next = (uint16_t)(r->next + k);
	return k;
}

uint16_t vhost_ring_receive(struct vhost_ring *r, struct rte_mbuf **pkts, uint16_t n, uint64_t *bad)
{
	uint16_t waiting = vhost_ring_waiting(r, n), got, taken;
	unsigned promised = 0;   /* buffers, to cut what is taken */

	n = RTE_MIN(RTE_MIN(n, waiting), (uint16_t)VHOST_RING_BURST);
	got = receive_plain(r, pkts, n);
	/* As many chains as were looked at: bad ones must not hold the worker either. */
	for (taken = got; unlikely(taken < n); taken++) {
		if (receive_any(r, &pkts[got], &promised) != TAKEN)
			break;
		if (pkts[got])
			got++;
		else
			(*bad)++;
	}
	vhost_ring_publish(r);
	vhost_places_find(r, n, false);
	return got;
}
