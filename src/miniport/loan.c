/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loaned: a frame stays in the buffer that the NIC put it in, which is the default
 * queue's memory, and counts against its queue's quota until it is returned. So are the
 * default queue's own frames. One that came by value gets another buffer of that memory.
 */
#include "miniport/mode.h"

static NDIS_STATUS create(struct mp_queue *q)
{
	q->quota = mp_loan(q->adapter);
	return NDIS_STATUS_SUCCESS;
}

static void destroy(struct mp_queue *q)
{
	q->quota = 0;
}

static void receive(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n,
		    struct mp_chain *to)
{
	struct mp_chain c = *to;   /* frames are written meanwhile: it stays in registers */
	uint64_t bytes = 0;

	(void)p;
	for (unsigned i = 0; i < n; i++) {
		mp_describe_in_place(q, pkts[i]);
		bytes += mp_append(q, pkts[i], &c);
	}
	*to = c;
	counter_add(&q->bytes, bytes);
}

/* In buffers of the NIC queue that is polled here. For what another CPU's poller took off the NIC:
 * an NBL written on one CPU and then on the other takes ten times what the copy does. For what
 * waited among many queues' frames: that buffer is still in the cache. */
static unsigned receive_copies(struct mp_processor *p, struct mp_queue *q,
			       const struct mp_copy *copies, unsigned n, struct mp_chain *to)
{
	unsigned rx = p->n_rx ? p->rx[0] : 0;
	struct rte_mbuf *pkts[BURST];

	if (rte_pktmbuf_alloc_bulk(frame_pool_mempool(q->adapter->nic_memory[rx].pool), pkts, n))
		return 0;
	for (unsigned i = 0; i < n; i++)
		memcpy(rte_pktmbuf_append(pkts[i], copies[i].length), copies[i].bytes,
		       copies[i].length);
	receive(p, q, pkts, n, to);
	return n;
}

static unsigned home(struct mp_processor *p, struct mp_queue *q, NET_BUFFER_LIST *nbl,
		     const NET_BUFFER_LIST *end)
{
	struct rte_mbuf *pkts[BURST];
	unsigned n = 0;

	(void)p;
	(void)q;
	for (; nbl != end; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
		if (n && n % BURST == 0)
			frame_free_burst(pkts, BURST);
		pkts[n++ % BURST] = frame_mbuf_of(nbl);
	}
	frame_free_burst(pkts, n ? (n - 1) % BURST + 1 : 0);
	return n;
}

const struct mp_mode mp_loaned = { "loaned", create, destroy, receive, receive_copies, home };
