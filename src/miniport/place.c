/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placed: each frame is copied into a buffer of the queue's own shared memory, and gets an NBL
 * of the processor's (stock.h). The copy stands for the DMA of a NIC that filters in hardware.
 */
#include "miniport/mode.h"

#include "base/ethernet.h"

/* Frames on their way into a queue's memory: up to BURST, with a buffer and an NBL for each, the
 * last that came home. */
struct placing {
	void **buffers;
	struct rte_mbuf **nbls;
	uint32_t tagged;                /* a bit for each that has a tag: */
	const uint8_t *frames[BURST];   /* of those alone */
};
_Static_assert(BURST <= 32, "a bit for each");

static inline void begin(struct placing *b, struct mp_processor *p, struct mp_queue *q, unsigned n)
{
	q->n_free -= n;
	b->buffers = q->buffers + q->n_free;
	b->nbls = mp_hand_take(p, n);
	b->tagged = 0;
}

/* Copies the frame, without its tag, to its place. */
static inline void copy(struct placing *b, unsigned i, const uint8_t *frame, uint16_t n)
{
	char *to = b->buffers[i];

	if (likely(!ethernet_is_tagged(frame))) {
		b->nbls[i]->data_len = n;
		memcpy(to, frame, n);
		return;
	}
	b->tagged |= 1u << i;
	b->frames[i] = frame;
	b->nbls[i]->data_len = (uint16_t)(n - VLAN_TAG);
	memcpy(to, frame, 12);
	memcpy(to + 12, frame + 12 + VLAN_TAG, n - 12u - VLAN_TAG);
}

/* Makes NBLs of all of them. Apart from the copying, so that it all stays in registers. */
static void describe(struct mp_queue *q, const struct placing *b, unsigned n, struct mp_chain *to)
{
	NDIS_HANDLE memory = q->shared_memory;
	struct mp_chain c = *to;
	char *block = q->block;
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = b->nbls[i];
		char *data = b->buffers[i];

		frame_lay(m, data, memory, (size_t)(data - block));
		m->pkt_len = m->data_len;
		frame_describe(m);
		bytes += mp_append(q, m, &c);
	}
	*to = c;
	counter_add(&q->bytes, bytes);
	for (uint32_t left = b->tagged; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		mp_set_tag(q, frame_nbl(b->nbls[i]), b->frames[i]);
	}
}

static void receive(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n,
		    struct mp_chain *to)
{
	struct placing b;

	begin(&b, p, q, n);
	for (unsigned i = 0; i < n; i++)
		copy(&b, i, rte_pktmbuf_mtod(pkts[i], const uint8_t *), pkts[i]->data_len);
	describe(q, &b, n, to);
	frame_free_burst(pkts, n);
}

static unsigned receive_copies(struct mp_processor *p, struct mp_queue *q,
			       const struct mp_copy *copies, unsigned n, struct mp_chain *to)
{
	struct placing b;

	begin(&b, p, q, n);
	for (unsigned i = 0; i < n; i++)
		copy(&b, i, copies[i].bytes, copies[i].length);
	describe(q, &b, n, to);
	return n;
}

static unsigned home(struct mp_processor *p, struct mp_queue *q, NET_BUFFER_LIST *nbl,
		     const NET_BUFFER_LIST *end)
{
	void **buffers = q->buffers + q->n_free;
	struct mp_hand *hand = &p->hand;
	unsigned n = 0, at = hand->n;

	for (; nbl != end; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
		struct rte_mbuf *m = frame_mbuf_of(nbl);

		if (unlikely(at == MP_HAND))
			at = mp_hand_spill(p);
		hand->free[at++] = m;
		buffers[n++] = (char *)m->buf_addr + FRAME_HEADROOM;
	}
	hand->n = at;
	q->n_free += n;
	return n;
}

const struct mp_mode mp_placed = { "placed", mp_slots_create, mp_slots_destroy, receive,
				   receive_copies, home };
