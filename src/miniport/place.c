/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Placed: each frame is copied into a buffer of the queue's own shared memory. The copy
 * stands for the DMA of a NIC that filters in hardware.
 */
#include "miniport/mode.h"

#include "base/ethernet.h"

/* Appends a frame of 'n' bytes, in a buffer of the queue's; returns how many it has there. */
static inline uint32_t place(struct mp_queue *q, const uint8_t *frame, uint16_t n,
			     struct mp_chain *c)
{
	struct rte_mbuf *to = q->buffers[--q->n_free];
	uint8_t *data;

	to->data_off = FRAME_HEADROOM;
	data = rte_pktmbuf_mtod(to, uint8_t *);
	if (ethernet_is_tagged(frame)) {
		memcpy(data, frame, 12);
		memcpy(data + 12, frame + 12 + VLAN_TAG, n - 12u - VLAN_TAG);
		to->data_len = (uint16_t)(n - VLAN_TAG);
		to->pkt_len = to->data_len;
		mp_set_tag(q, frame_describe(to), frame);
	} else {
		memcpy(data, frame, n);
		to->data_len = n;
		to->pkt_len = n;
		frame_describe(to);
	}
	return mp_append(q, to, c);
}

static void receive(struct mp_queue *q, struct rte_mbuf **pkts, unsigned n, struct mp_chain *to)
{
	struct mp_chain c = *to;   /* frames are written meanwhile: it stays in registers */
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += place(q, rte_pktmbuf_mtod(pkts[i], const uint8_t *), pkts[i]->data_len, &c);
	*to = c;
	counter_add(&q->bytes, bytes);
	frame_free_burst(pkts, n);
}

static unsigned receive_copies(struct mp_processor *p, struct mp_queue *q,
			       const struct mp_copy *copies, unsigned n, struct mp_chain *to)
{
	struct mp_chain c = *to;
	uint64_t bytes = 0;

	(void)p;
	for (unsigned i = 0; i < n; i++)
		bytes += place(q, copies[i].bytes, copies[i].length, &c);
	*to = c;
	counter_add(&q->bytes, bytes);
	return n;
}

static unsigned home(struct mp_queue *q, NET_BUFFER_LIST *nbl, const NET_BUFFER_LIST *end)
{
	unsigned before = q->n_free;

	for (; nbl != end; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		q->buffers[q->n_free++] = frame_mbuf_of(nbl);
	return q->n_free - before;
}

const struct mp_mode mp_placed = { "placed", mp_buffers_create, mp_buffers_destroy, receive,
				   receive_copies, home };
