/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split: placed in two parts, the first in memory that only the host reaches, the rest in
 * memory that may be a guest's (E14, E15). Every frame of the queue is split at the same
 * offset; one that is not longer has a rest of no bytes, and its backfill all the same
 * (E16). The rest is written, never read; where its memory lies does not matter (E18).
 */
#include "miniport/mode.h"

#include "base/ethernet.h"

static void place(const struct mp_queue *q, struct rte_mbuf *to, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	unsigned tag = ethernet_is_tagged(frame) ? VLAN_TAG : 0, n = m->data_len - tag;
	unsigned first = RTE_MIN(n, q->lookahead + 0u);
	NET_BUFFER_LIST *nbl;
	uint8_t *data;

	to->data_off = FRAME_HEADROOM;
	data = rte_pktmbuf_mtod(to, uint8_t *);
	memcpy(data, frame, 12);
	memcpy(data + 12, frame + 12 + tag, first - 12);
	memcpy(frame_rest(to), frame + tag + first, n - first);
	to->data_len = (uint16_t)first;
	to->pkt_len = first;
	nbl = frame_describe_split(to, (uint16_t)(n - first));
	if (tag)
		mp_set_tag(q, nbl, frame);
}

static void receive(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n,
		    struct mp_chain *to)
{
	(void)p;
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *own = q->buffers[--q->n_free];

		place(q, own, pkts[i]);
		counter_add(&q->bytes, mp_append(q, own, to));
	}
	frame_free_burst(pkts, n);
}

static unsigned home(struct mp_processor *p, struct mp_queue *q, NET_BUFFER_LIST *nbl,
		     const NET_BUFFER_LIST *end)
{
	unsigned before = q->n_free;

	(void)p;
	for (; nbl != end; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
		frame_part(frame_mbuf_of(nbl));
		q->buffers[q->n_free++] = frame_mbuf_of(nbl);
	}
	return q->n_free - before;
}

const struct mp_mode mp_split = { "split", mp_buffers_create, mp_buffers_destroy, receive, NULL, home };
