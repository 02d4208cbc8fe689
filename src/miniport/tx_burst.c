/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the heads of a transmit queue's lists to the NIC, a burst at a time. A processor's
 * queues take turns of one burst each, so that a busy one does not keep the others
 * waiting; where the NIC is full in the middle of a turn, the turn goes on when it is not.
 * With several NIC queues it passes on: the others may not be full.
 */
#include "miniport/adapter.h"
#include "miniport/tag.h"

#include <rte_mempool.h>

#include "base/ethernet.h"

/* How many bursts a queue gets before something else has its time. */
#define ROUNDS 8

/* What one round takes from a list: a burst of frames for one NIC queue. */
struct batch {
	unsigned nic_queue;
	struct rte_mbuf *pkts[TX_BURST];
	NET_BUFFER_LIST *ends[TX_BURST];      /* the NBL whose last frame this is, or NULL */
	NET_BUFFER *nbs[TX_BURST];
	uint32_t at[TX_BURST];                /* of those in 'offloaded': where the NB goes on */
	uint32_t offloaded;                /* frames that mp_offload_frame() made, a bit each */
	uint32_t large;                    /* of them, those that the port cuts */
	struct { uint32_t frames; uint64_t bytes; } cut[TX_BURST];   /* into so many more */
	unsigned n;
	NET_BUFFER_LIST *refused;          /* at the head, and never to be sent; or NULL */
	bool scarce;                       /* it ends where there was no buffer for a frame */
};

/* What became of a round. */
struct round {
	struct mp_chain done;
	unsigned sent;                     /* frames, as they are on the wire */
	bool full;                         /* the NIC, or the pool, has no room for more */
};

/* One frame for the NIC. Borrowed where the bytes can leave as they are; a tag to
 * insert or zeros to add want a copy, since the sender's buffer stays as it is
 * (A22, A30, A31, O20). NULL: no buffer for a copy just now. */
static struct rte_mbuf *prepare(struct mp_adapter *a, NET_BUFFER_LIST *nbl, const NET_BUFFER *nb)
{
	uint16_t tag = mp_tx_tag(a, nbl, nb);
	struct rte_mbuf *m = NULL;

	if (!tag && NET_BUFFER_DATA_LENGTH(nb) >= ETHERNET_MINIMUM)
		m = frame_borrow(nbl);
	return m ? m : frame_copy(nb, frame_pool_mempool(a->tx_pool), tag, ETHERNET_MINIMUM);
}

/* The last frame is one that the port cuts. It is gone when the books are kept. */
static void note_cut(struct batch *b)
{
	const struct rte_mbuf *m = b->pkts[b->n];

	b->large |= 1u << b->n;
	b->cut[b->n].frames = offload_frames(m, &b->cut[b->n].bytes) - 1;
	b->cut[b->n].bytes -= m->pkt_len;
}

/* The same of one with an offload to do; whether there is such a frame now. 'at' is where
 * the NB goes on, and then where after this frame. */
static bool prepare_offloaded(struct mp_adapter *a, struct batch *b, NET_BUFFER_LIST *nbl,
			      const NET_BUFFER *nb, uint32_t *at)
{
	b->pkts[b->n] = mp_offload_frame(a, nbl, nb, at);
	if (b->pkts[b->n]) {
		b->offloaded |= 1u << b->n;
		b->at[b->n] = *at;
		if (b->pkts[b->n]->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
			note_cut(b);
		return true;
	}
	if (*at == MP_OFFLOAD_REFUSED && !b->n)
		b->refused = nbl;
	b->scarce = *at != MP_OFFLOAD_REFUSED;
	return false;
}

static unsigned nic_queue_of(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	unsigned id = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);

	return atomic_load_explicit(&a->queues[id <= a->n_queues ? id : DEFAULT_QUEUE].nic_tx,
				    memory_order_relaxed);
}

/* Takes up to 'most' frames from the head of the list, without unlinking anything: a
 * cancel may still come for what the NIC does not take. Frames are what leaves on the wire, but
 * the last may be one that the port cuts to more than that. Under the lock. */
static void fill(struct mp_adapter *a, const struct mp_tx_fifo *f, unsigned most, struct batch *b)
{
	const bool several = a->n_nic_tx > 1;
	NET_BUFFER_LIST *nbl = f->waiting.first;
	NET_BUFFER *nb = f->resume;
	uint32_t at = f->at;

	b->n = 0;
	b->offloaded = 0;
	b->large = 0;
	b->refused = NULL;
	b->scarce = false;
	b->nic_queue = several && nbl ? nic_queue_of(a, nbl) : 0;
	while (nbl && b->n < most) {
		if (several && nic_queue_of(a, nbl) != b->nic_queue)
			return;
		if (!nb)
			nb = NET_BUFFER_LIST_FIRST_NB(nbl);
		b->nbs[b->n] = nb;
		if (!mp_offload_wanted(nbl)) {
			b->pkts[b->n] = prepare(a, nbl, nb);
			b->scarce = !b->pkts[b->n];
			if (b->scarce)
				return;
			nb = NET_BUFFER_NEXT_NB(nb);
		} else {
			if (!prepare_offloaded(a, b, nbl, nb, &at))
				return;
			if (b->large >> b->n & 1)
				most -= RTE_MIN(b->cut[b->n].frames, most - b->n - 1);
			if (!at)
				nb = NET_BUFFER_NEXT_NB(nb);
		}
		b->ends[b->n] = nb ? NULL : nbl;
		b->n++;
		if (!nb)
			nbl = NET_BUFFER_LIST_NEXT_NBL(nbl);
	}
}

/* Takes the first NBL off, with its status. */
static void unlink_first(struct mp_tx_fifo *f, NDIS_STATUS status, struct mp_chain *done)
{
	NET_BUFFER_LIST *nbl = mp_chain_take_first(&f->waiting);

	NET_BUFFER_LIST_STATUS(nbl) = status;
	mp_chain_append(done, nbl);
}

/* Unlinks what the NIC took: 'taken' frames of the batch. Under the lock. */
static void advance(struct mp_tx_fifo *f, const struct batch *b, unsigned taken,
		    struct mp_chain *done)
{
	for (unsigned i = 0; i < taken; i++)
		if (b->ends[i])
			unlink_first(f, NDIS_STATUS_SUCCESS, done);
	for (unsigned i = 0; b->offloaded && i < taken; i++)
		if (b->ends[i] && b->offloaded >> i & 1)
			mp_offload_done(b->ends[i]);
	if (taken) {
		bool offloaded = b->offloaded >> (taken - 1) & 1;

		f->at = offloaded ? b->at[taken - 1] : 0;
		f->resume = b->ends[taken - 1] ? NULL
			    : f->at ? b->nbs[taken - 1] : NET_BUFFER_NEXT_NB(b->nbs[taken - 1]);
	}
	if (b->refused) {
		f->resume = NULL;
		f->at = 0;
		unlink_first(f, NDIS_STATUS_FAILURE, done);
		mp_offload_done(b->refused);
	}
}

static unsigned to_nic(struct mp_adapter *a, struct batch *b)
{
	unsigned queue = b->nic_queue, sent;

	if (!a->shared_tx)
		return nic_tx_burst(a->nic, (uint16_t)queue, b->pkts, (uint16_t)b->n);
	NdisDprAcquireSpinLock(&a->nic_tx[queue]);
	sent = nic_tx_burst(a->nic, (uint16_t)queue, b->pkts, (uint16_t)b->n);
	NdisDprReleaseSpinLock(&a->nic_tx[queue]);
	return sent;
}

/* The class that may send; -1: none. Under the lock. */
static int class_to_send(struct mp_adapter *a, const struct mp_tx_queue *t)
{
	if (atomic_load_explicit(&a->arbiter.n, memory_order_relaxed) == 1)
		return 0;
	return mp_tx_class_next(a, t);
}

/* What a burst has left behind in the books. Under the lock. */
static void settle(struct mp_adapter *a, struct mp_tx_queue *t, unsigned cls, unsigned sent,
		   uint64_t bytes)
{
	counter_add(&t->fifo[cls].sent, sent);
	counter_add(&t->fifo[cls].bytes, bytes);
	if (atomic_load_explicit(&a->arbiter.n, memory_order_relaxed) == 1)
		return;
	mp_tx_class_charge(a, cls, bytes);
	mp_tx_class_note(a, t);
}

/* Adds what the port makes more of the first 'taken'. */
static void add_cut(const struct batch *b, unsigned taken, unsigned *frames, uint64_t *bytes)
{
	for (uint32_t left = b->large; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if (i >= taken)
			return;
		*frames += b->cut[i].frames;
		*bytes += b->cut[i].bytes;
	}
}

/* One burst of at most 'most' frames, all of one class, to the NIC. */
static void send_burst(struct mp_adapter *a, struct mp_tx_queue *t, unsigned most,
		       struct round *r)
{
	uint64_t bytes = 0;
	unsigned taken;
	struct batch b;
	int cls;

	*r = (struct round){ .sent = 0 };
	NdisDprAcquireSpinLock(&t->lock);
	cls = class_to_send(a, t);
	if (cls < 0) {
		NdisDprReleaseSpinLock(&t->lock);
		return;
	}
	fill(a, &t->fifo[cls], most, &b);
	for (unsigned i = 0; i < b.n; i++)
		bytes += b.pkts[i]->pkt_len;   /* the NIC frees what it takes */
	r->sent = taken = b.n ? to_nic(a, &b) : 0;
	r->full = taken < b.n || b.scarce;
	for (unsigned i = taken; i < b.n; i++)
		bytes -= b.pkts[i]->pkt_len;
	if (b.large)
		add_cut(&b, taken, &r->sent, &bytes);
	advance(&t->fifo[cls], &b, taken, &r->done);
	settle(a, t, (unsigned)cls, r->sent, bytes);
	NdisDprReleaseSpinLock(&t->lock);
	rte_pktmbuf_free_bulk(b.pkts + taken, b.n - taken);   /* gives back what was borrowed */
}

static void complete(struct mp_adapter *a, struct mp_tx_queue *t, const struct mp_chain *done)
{
	if (!done->n)
		return;
	counter_add(&t->completed, done->n);
	/* B5: one chain is of one transmit queue, always. */
	NdisMSendNetBufferListsComplete(a->handle, done->first,
					NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE |
					NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
}

bool mp_tx_is_waiting(const struct mp_tx_queue *t)
{
	return counter_read(&t->accepted) !=
	       counter_read(&t->completed) + counter_read(&t->cancelled);
}

bool mp_tx_flush(struct mp_adapter *a, struct mp_tx_queue *t)
{
	struct round r = { .sent = 0 };
	bool moved = false;

	/* A completion may send again from inside: that joins the list, and this
	 * loop finds it. */
	if (t->busy)
		return false;
	t->busy = true;
	for (unsigned i = 0; i < ROUNDS && mp_tx_is_waiting(t); i++) {
		send_burst(a, t, TX_BURST, &r);
		complete(a, t, &r.done);
		if (!r.done.n && !r.sent)
			break;
		moved = true;
		if (r.full)
			break;
	}
	t->busy = false;
	if (mp_tx_is_waiting(t))
		a->processors[OvmqCurrentProcessor()].tx_crowded = true;
	return moved;
}

/* The next queue's turn. */
static void pass_turn(struct mp_processor *p, const struct mp_queue_list *queues)
{
	if (++p->tx_turn >= queues->n)
		p->tx_turn = 0;
	p->tx_left = TX_BURST;
}

/* One burst of the queue whose turn it is; whether it moved anything. */
static bool serve_turn(struct mp_processor *p, struct mp_tx_queue *t, bool *full)
{
	struct round r;

	send_burst(p->adapter, t, p->tx_left, &r);
	p->tx_left -= RTE_MIN(r.sent, p->tx_left);
	*full = r.full;
	complete(p->adapter, t, &r.done);
	return r.sent || r.done.n;
}

bool mp_tx_serve(struct mp_processor *p, const struct mp_queue_list *queues)
{
	const bool several = p->adapter->n_nic_tx > 1;
	unsigned idle = 0, turns = ROUNDS * queues->n;
	bool moved = false, full = false, left = false;

	if (p->tx_turn >= queues->n)
		p->tx_turn = 0;
	/* What completions send meanwhile waits for its turn. */
	p->tx_crowded = true;
	for (; idle < queues->n && turns && (!full || several); turns--) {
		struct mp_tx_queue *t = &queues->list[p->tx_turn]->tx;

		full = false;
		if (mp_tx_is_waiting(t) && serve_turn(p, t, &full)) {
			moved = true;
			idle = 0;
		} else {
			idle++;
		}
		left |= full;
		if (!full || several || !p->tx_left)
			pass_turn(p, queues);
	}
	p->tx_crowded = left || (!turns && moved);
	return moved;
}
