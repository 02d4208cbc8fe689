/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame between the NIC's buffer and the protocol's hands: placed in a buffer of
 * its queue's own, indicated, and home again. All on the queue's processor, but
 * for the returns, which come from anywhere.
 */
#include "miniport/adapter.h"

/* ---- returns ---- */

static inline void take_home(struct mp_queue *q, struct rte_mbuf *m)
{
	if (q->buffers)
		q->buffers[q->n_free++] = m;
	else
		rte_pktmbuf_free(m);
}

/* The NBLs that came back on other processors. Owner. */
void mp_collect_returns(struct mp_queue *q)
{
	NET_BUFFER_LIST *nbl;
	uint64_t n = 0;

	if (!atomic_load_explicit(&q->back, memory_order_relaxed))
		return;
	nbl = atomic_exchange_explicit(&q->back, NULL, memory_order_acquire);
	while (nbl) {
		NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(nbl);

		take_home(q, frame_mbuf(nbl));
		nbl = next;
		n++;
	}
	counter_add(&q->returned, n);
}

/* Gives a chain of one queue's NBLs, first to last, back to it (F27). */
static void give_back(struct mp_queue *q, NET_BUFFER_LIST *first, NET_BUFFER_LIST *last, unsigned n)
{
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_acquire);
	NET_BUFFER_LIST *head;

	if (OvmqIsProcessor(owner)) {
		while (n--) {
			NET_BUFFER_LIST *next = NET_BUFFER_LIST_NEXT_NBL(first);

			take_home(q, frame_mbuf(first));
			counter_add(&q->returned, 1);
			first = next;
		}
		return;
	}
	head = atomic_load_explicit(&q->back, memory_order_relaxed);
	do
		NET_BUFFER_LIST_NEXT_NBL(last) = head;
	while (!atomic_compare_exchange_weak_explicit(&q->back, &head, first, memory_order_release,
						      memory_order_relaxed));
	mp_notify(owner);
}

_Use_decl_annotations_
VOID MiniportReturnNetBufferLists(NDIS_HANDLE MiniportAdapterContext,
				  PNET_BUFFER_LIST NetBufferLists, ULONG ReturnFlags)
{
	struct mp_adapter *a = MiniportAdapterContext;
	NET_BUFFER_LIST *nbl = NetBufferLists;

	(void)ReturnFlags;   /* runs of one queue are found as fast as promised */
	while (nbl) {
		/* Our own note of the queue, not the OOB, which others may have written. */
		unsigned queue = frame_of_mbuf(frame_mbuf(nbl))->queue, n = 1;
		NET_BUFFER_LIST *first = nbl, *last = nbl;

		for (nbl = NET_BUFFER_LIST_NEXT_NBL(nbl);
		     nbl && frame_of_mbuf(frame_mbuf(nbl))->queue == queue;
		     nbl = NET_BUFFER_LIST_NEXT_NBL(nbl)) {
			last = nbl;
			n++;
		}
		give_back(&a->queues[queue], first, last, n);
	}
}

/* ---- placing and indicating ---- */

/* Takes the 802.1Q tag out of the data; it goes to the OOB (D16, D17, O18). */
static inline void set_tag(NET_BUFFER_LIST *nbl, const uint8_t *frame)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
	unsigned tci = (unsigned)frame[14] << 8 | frame[15];

	tag.TagHeader.UserPriority = tci >> 13;
	tag.TagHeader.CanonicalFormatId = tci >> 12 & 1;
	tag.TagHeader.VlanId = tci & 0xfff;
	NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
}

/* The frame as an NBL of the default queue: it stays where the NIC put it, which
 * is that queue's own memory. */
static NET_BUFFER_LIST *describe_in_place(struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t tag[VLAN_TAG + ETHERNET_HEADER - 2];
	NET_BUFFER_LIST *nbl;

	if (!mp_is_tagged(frame))
		return frame_describe(m);
	memcpy(tag, frame, sizeof(tag));
	memmove(frame + VLAN_TAG, frame, 12);
	m->data_off += VLAN_TAG;
	m->data_len -= VLAN_TAG;
	m->pkt_len -= VLAN_TAG;
	nbl = frame_describe(m);
	set_tag(nbl, tag);
	return nbl;
}

/* The frame copied into a buffer of the VM queue's own shared memory; the copy
 * stands for the DMA of a NIC that filters in hardware. */
static NET_BUFFER_LIST *place(struct mp_queue *q, const struct rte_mbuf *m)
{
	struct rte_mbuf *to = q->buffers[--q->n_free];
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint16_t n = m->data_len;
	NET_BUFFER_LIST *nbl;
	uint8_t *data;

	to->data_off = FRAME_HEADROOM;
	data = rte_pktmbuf_mtod(to, uint8_t *);
	if (mp_is_tagged(frame)) {
		memcpy(data, frame, 12);
		memcpy(data + 12, frame + 12 + VLAN_TAG, n - 12u - VLAN_TAG);
		to->data_len = (uint16_t)(n - VLAN_TAG);
		to->pkt_len = to->data_len;
		nbl = frame_describe(to);
		set_tag(nbl, frame);
		return nbl;
	}
	memcpy(data, frame, n);
	to->data_len = n;
	to->pkt_len = n;
	return frame_describe(to);
}

static void indicate(struct mp_adapter *a, struct mp_chain *c, ULONG flags)
{
	if (!c->n)
		return;
	NdisMIndicateReceiveNetBufferLists(a->handle, c->first, NDIS_DEFAULT_PORT_NUMBER, c->n,
					   NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL |
					   NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID | flags);
}

/* What queues that may share a call have left so far (F5). */
void mp_indicate_mixed(struct mp_processor *p)
{
	struct mp_chain c = p->mixed;

	p->mixed = (struct mp_chain){ NULL, NULL, 0 };
	indicate(p->adapter, &c, 0);
}

/* The NBL's OOB and origin, as every indication has them (F1, F7, F8). */
static inline void finish(struct mp_queue *q, NET_BUFFER_LIST *nbl)
{
	struct rte_mbuf *m = frame_mbuf(nbl);
	struct frame *f = frame_of_mbuf(m);

	nbl->SourceHandle = q->adapter->handle;
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = q->id;
	f->nb.SharedMemoryInfo = &f->memory;
	f->queue = q->id;
	counter_add(&q->bytes, m->data_len);
}

/* How many of 'n' frames the queue has buffers for. What it has none for is lost
 * to it alone (its quota); unless the NIC can wait, and has not yet waited long. */
unsigned mp_buffers_for(struct mp_queue *q, unsigned n)
{
	if (!q->buffers) {
		/* The default queue holds at most its quota of the NIC's own buffers. */
		uint64_t out = counter_read(&q->indicated) - counter_read(&q->returned);

		return out + n <= q->quota ? n : out >= q->quota ? 0 : (unsigned)(q->quota - out);
	}
	return n <= q->n_free ? n : q->n_free;
}

/* Places and indicates frames of this processor's queue, in order. Owner. */
void mp_deliver(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n)
{
	struct mp_chain own = { NULL, NULL, 0 };
	bool alone = atomic_load_explicit(&q->per_queue_indication, memory_order_relaxed);
	struct mp_chain *c = alone ? &own : &p->mixed;
	unsigned can = mp_buffers_for(q, n);

	if (alone)
		mp_indicate_mixed(p);   /* it may hold earlier frames of this queue (C49, F13) */

	for (unsigned i = 0; i < can; i++) {
		NET_BUFFER_LIST *nbl = q->buffers ? place(q, pkts[i]) : describe_in_place(pkts[i]);

		finish(q, nbl);
		mp_chain_append(c, nbl);
	}
	counter_add(&q->indicated, can);
	counter_add(&q->drops.by[WIRE_DROP_QUEUE_FULL], n - can);
	if (q->buffers)
		rte_pktmbuf_free_bulk(pkts, n);
	else
		rte_pktmbuf_free_bulk(pkts + can, n - can);
	if (alone)
		indicate(q->adapter, &own, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);   /* F4 */
}
