/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames between the NIC and the protocol's hands: made the queue's (mode.h), indicated,
 * and home again. All on the queue's processor, but for the returns, which come from
 * anywhere.
 */
#include "miniport/mode.h"

/* ---- returns ---- */

/* The NBLs that came back on other processors. Owner. */
void mp_collect_returns(struct mp_processor *p, struct mp_queue *q)
{
	NET_BUFFER_LIST *nbl;

	if (!atomic_load_explicit(&q->back, memory_order_relaxed))
		return;
	nbl = atomic_exchange_explicit(&q->back, NULL, memory_order_acquire);
	counter_add(&q->returned, q->mode->home(p, q, nbl, NULL));
}

/* Gives a chain of one queue's NBLs, first to last, back to it (F27). */
static void give_back(struct mp_queue *q, NET_BUFFER_LIST *first, NET_BUFFER_LIST *last)
{
	unsigned owner = atomic_load_explicit(&q->processor, memory_order_acquire);
	NET_BUFFER_LIST *head;

	if (OvmqIsProcessor(owner)) {
		counter_add(&q->returned, q->mode->home(&q->adapter->processors[owner], q, first,
							NET_BUFFER_LIST_NEXT_NBL(last)));
		return;
	}
	head = atomic_load_explicit(&q->back, memory_order_relaxed);
	do
		NET_BUFFER_LIST_NEXT_NBL(last) = head;
	while (!atomic_compare_exchange_weak_explicit(&q->back, &head, first, memory_order_seq_cst,
						      memory_order_relaxed));
	owner = atomic_load(&q->processor);   /* it may have moved meanwhile */
	mp_mail(q->adapter, owner);
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
		unsigned queue = frame_of_mbuf(frame_mbuf_of(nbl))->queue;
		NET_BUFFER_LIST *first = nbl, *last = nbl;

		for (nbl = NET_BUFFER_LIST_NEXT_NBL(nbl);
		     nbl && frame_of_mbuf(frame_mbuf_of(nbl))->queue == queue;
		     nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
			last = nbl;
		give_back(&a->queues[queue], first, last);
	}
}

/* ---- indicating ---- */

static void indicate(struct mp_adapter *a, struct mp_chain *c, ULONG flags)
{
	if (!c->n)
		return;
	/* F15: what asks for every frame is matched by every frame, a VM queue's too, which
	 * its own filters chose. */
	if (atomic_load_explicit(&a->packet_filter, memory_order_relaxed) &
	    NDIS_PACKET_TYPE_PROMISCUOUS)
		flags |= NDIS_RECEIVE_FLAGS_PERFECT_FILTERED;
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

/* How many of 'n' frames the queue has buffers for. What it has none for is lost
 * to it alone (its quota); unless the NIC can wait, and has not yet waited long. */
unsigned mp_buffers_for(struct mp_queue *q, unsigned n)
{
	uint64_t out;

	if (q->buffers)
		return n <= q->n_free ? n : q->n_free;
	if (q->low_water)
		return n;   /* near its end they are lent, and take nothing of it */
	/* It holds at most its quota of buffers that the NIC took. */
	out = counter_read(&q->indicated) - counter_read(&q->returned);
	return out + n <= q->quota ? n : out >= q->quota ? 0 : (unsigned)(q->quota - out);
}

/* Whether the default queue has few buffers left: its quota less what is out. */
static bool is_low(const struct mp_queue *q)
{
	uint64_t out = counter_read(&q->indicated) - counter_read(&q->returned);

	return q->low_water && out + q->low_water > q->quota;
}

static void receive(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n,
		    struct mp_chain *to)
{
	if (atomic_load_explicit(&q->adapter->rx_results, memory_order_relaxed))
		mp_receive_with_results(p, q, pkts, n, to);
	else
		q->mode->receive(p, q, pkts, n, to);
}

/* F26: nobody keeps these; whoever wants them copies them, and they are home when the
 * call returns (F24). */
static void deliver_lent(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts,
			 unsigned n)
{
	struct mp_chain lent = { NULL, NULL, 0 };

	mp_indicate_mixed(p);   /* it may hold earlier frames of this queue (F13) */
	receive(p, q, pkts, n, &lent);
	counter_add(&q->indicated, n);
	counter_add(&q->lent, n);
	indicate(q->adapter, &lent, NDIS_RECEIVE_FLAGS_RESOURCES | NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	counter_add(&q->returned, q->mode->home(p, q, lent.first, NULL));
}

/* Where NBLs of the queue go: into a call of their own, or among others of the round. What waits
 * there goes first: it may hold earlier frames of this queue (C49, F13). */
static struct mp_chain *chain_for(struct mp_processor *p, const struct mp_queue *q,
				  struct mp_chain *own)
{
	if (!atomic_load_explicit(&q->per_queue_indication, memory_order_relaxed))
		return &p->mixed;
	mp_indicate_mixed(p);
	*own = (struct mp_chain){ NULL, NULL, 0 };
	return own;
}

/* 'can' of 'n' frames are on that chain; the others are lost to the queue. */
static void indicate_own(struct mp_processor *p, struct mp_queue *q, struct mp_chain *to,
			 unsigned can, unsigned n)
{
	counter_add(&q->indicated, can);
	if (can < n)
		counter_add(&q->drops.by[WIRE_DROP_QUEUE_FULL], n - can);
	if (to != &p->mixed)
		indicate(q->adapter, to, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);   /* F4 */
}

void mp_deliver(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n)
{
	struct mp_chain own, *to;
	unsigned can = mp_buffers_for(q, n);

	if (!q->buffers && is_low(q)) {
		deliver_lent(p, q, pkts, n);
		return;
	}
	to = chain_for(p, q, &own);
	if (can)
		receive(p, q, pkts, can, to);
	if (can < n)
		rte_pktmbuf_free_bulk(pkts + can, n - can);
	indicate_own(p, q, to, can, n);
}

/* Frames that came by value, to a queue whose mode takes them so. */
static void deliver_copies(struct mp_processor *p, struct mp_queue *q, const struct mp_copy *copies,
			   unsigned n)
{
	unsigned can = mp_buffers_for(q, n), got = 0;
	struct mp_chain own, *to = chain_for(p, q, &own);

	if (can)
		got = q->mode->receive_copies(p, q, copies, can, to);
	/* Within its quota, but the NIC's own buffers ran out. */
	if (unlikely(got < can))
		counter_add(&q->drops.by[WIRE_DROP_NIC_MISSED], can - got);
	indicate_own(p, q, to, got, n - (can - got));
}

/* Delivers what came the way that the first of 'n' items did, up to one that came the other way.
 * Returns how many. */
static unsigned deliver_run(struct mp_processor *p, struct mp_queue *q,
			    const struct mp_parcel *parcels, void **items, unsigned n)
{
	struct mp_copy copies[BURST];
	unsigned run = 0;

	for (; run < n && mp_is_parcel(items[run]); run++)
		copies[run] = mp_parcel_copy(parcels, items[run]);
	if (run) {
		deliver_copies(p, q, copies, run);
		return run;
	}
	while (run < n && !mp_is_parcel(items[run]))
		run++;
	mp_deliver(p, q, (struct rte_mbuf **)items, run);
	return run;
}

void mp_deliver_items(struct mp_processor *p, struct mp_queue *q, const struct mp_parcel *parcels,
		      void **items, unsigned n)
{
	for (unsigned done = 0; done < n;)
		done += deliver_run(p, q, parcels, items + done, n - done);
}
