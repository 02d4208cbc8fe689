/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends. Every request is taken (A16). An NBL joins the transmit queue that its
 * queue id chooses at this moment (B6, B7), and leaves it in order (A6, A7, B12):
 * at once when this is the queue's processor, else when that one gets to it.
 *
 * A queue's list is guarded by a spin lock (A29), which is never held over a call
 * to NDIS; one processor alone takes from the list's head, so the NIC sees the
 * order of the list.
 */
#include "miniport/adapter.h"

#include <rte_mempool.h>

/* What one round takes from a list: a burst of frames, whole NBLs of it at most. */
struct batch {
	struct rte_mbuf *pkts[BURST];
	NET_BUFFER_LIST *ends[BURST];      /* the NBL whose last frame this is, or NULL */
	NET_BUFFER *nbs[BURST];
	unsigned n;
};

static void complete(struct mp_adapter *a, struct mp_tx_queue *t, struct mp_chain *done, ULONG flags)
{
	if (!done->n)
		return;
	counter_add(&t->completed, done->n);
	/* B5: one chain is of one transmit queue, always. */
	NdisMSendNetBufferListsComplete(a->handle, done->first,
					NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE | flags);
}

/* The status of an NBL that can never be sent, else SUCCESS: all its NBs are
 * looked at before any is sent, since one status speaks for all (A23, A32). */
static NDIS_STATUS inspect(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	for (const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
		ULONG64 have = 0;

		if (NET_BUFFER_DATA_LENGTH(nb) > a->max_frame)
			return NDIS_STATUS_INVALID_LENGTH;
		if (NET_BUFFER_DATA_LENGTH(nb) < ETHERNET_HEADER)
			return NDIS_STATUS_FAILURE;      /* A33a */
		for (const MDL *m = NET_BUFFER_CURRENT_MDL(nb); m; m = NDIS_MDL_LINKAGE(m))
			have += MmGetMdlByteCount(m);
		/* I44: the data lies in the MDLs, and begins in the first of them. */
		if (!NET_BUFFER_CURRENT_MDL(nb) ||
		    NET_BUFFER_CURRENT_MDL_OFFSET(nb) > MmGetMdlByteCount(NET_BUFFER_CURRENT_MDL(nb)) ||
		    have < (ULONG64)NET_BUFFER_CURRENT_MDL_OFFSET(nb) + NET_BUFFER_DATA_LENGTH(nb))
			return NDIS_STATUS_FAILURE;
	}
	return NET_BUFFER_LIST_FIRST_NB(nbl) ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

static uint16_t tag_of(const NET_BUFFER_LIST *nbl)
{
	NDIS_NET_BUFFER_LIST_8021Q_INFO info;

	info.Value = NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo);
	return (uint16_t)(info.TagHeader.UserPriority << 13 |
			  info.TagHeader.CanonicalFormatId << 12 | info.TagHeader.VlanId);
}

/* One frame for the NIC. Borrowed where the bytes can leave as they are; a tag to
 * insert or zeros to add want a copy, since the sender's buffer stays as it is
 * (A22, A30, A31, O20). NULL: no buffer for a copy just now. */
static struct rte_mbuf *prepare(struct mp_adapter *a, NET_BUFFER_LIST *nbl, const NET_BUFFER *nb)
{
	uint16_t tag = tag_of(nbl);
	struct rte_mbuf *m = NULL;

	if (!tag && NET_BUFFER_DATA_LENGTH(nb) >= ETHERNET_MINIMUM)
		m = frame_borrow(nbl);
	return m ? m : frame_copy(nb, frame_pool_mempool(a->tx_pool), tag, ETHERNET_MINIMUM);
}

/* Takes frames from the head of the list, without unlinking anything: a cancel
 * may still come for what the NIC does not take. Under the lock. */
static void fill(struct mp_adapter *a, struct mp_tx_queue *t, struct batch *b)
{
	NET_BUFFER_LIST *nbl = t->waiting.first;
	NET_BUFFER *nb = t->resume;

	b->n = 0;
	while (nbl && b->n < BURST) {
		if (!nb)
			nb = NET_BUFFER_LIST_FIRST_NB(nbl);
		b->pkts[b->n] = prepare(a, nbl, nb);
		if (!b->pkts[b->n])
			return;
		b->nbs[b->n] = nb;
		nb = NET_BUFFER_NEXT_NB(nb);
		b->ends[b->n] = nb ? NULL : nbl;
		b->n++;
		if (!nb)
			nbl = NET_BUFFER_LIST_NEXT_NBL(nbl);
	}
}

/* Unlinks what the NIC took: 'taken' frames of the batch. Under the lock. */
static void advance(struct mp_tx_queue *t, const struct batch *b, unsigned taken,
		    struct mp_chain *done)
{
	for (unsigned i = 0; i < taken; i++) {
		NET_BUFFER_LIST *nbl = b->ends[i];

		t->resume = NULL;
		if (!nbl) {
			t->resume = NET_BUFFER_NEXT_NB(b->nbs[i]);
			continue;
		}
		t->waiting.first = NET_BUFFER_LIST_NEXT_NBL(nbl);
		if (!t->waiting.first)
			t->waiting.last = NULL;
		t->waiting.n--;
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
		mp_chain_append(done, nbl);
	}
}

static unsigned to_nic(struct mp_adapter *a, unsigned processor, struct batch *b)
{
	unsigned queue = a->processors[processor].index % nic_tx_queues(a->nic), sent;

	if (!a->shared_tx)
		return nic_tx_burst(a->nic, (uint16_t)queue, b->pkts, (uint16_t)b->n);
	NdisDprAcquireSpinLock(&a->nic_tx[queue]);
	sent = nic_tx_burst(a->nic, (uint16_t)queue, b->pkts, (uint16_t)b->n);
	NdisDprReleaseSpinLock(&a->nic_tx[queue]);
	return sent;
}

/* One burst to the NIC; returns how many frames it took. */
static unsigned send_burst(struct mp_adapter *a, struct mp_tx_queue *t, struct mp_chain *done)
{
	struct batch b;
	uint64_t bytes[BURST];
	unsigned taken;

	NdisDprAcquireSpinLock(&t->lock);
	fill(a, t, &b);
	for (unsigned i = 0; i < b.n; i++)
		bytes[i] = b.pkts[i]->pkt_len;   /* the NIC may free them */
	taken = b.n ? to_nic(a, OvmqCurrentProcessor(), &b) : 0;
	advance(t, &b, taken, done);
	NdisDprReleaseSpinLock(&t->lock);
	for (unsigned i = 0; i < taken; i++)
		counter_add(&t->bytes, bytes[i]);
	counter_add(&t->sent, taken);
	rte_pktmbuf_free_bulk(b.pkts + taken, b.n - taken);   /* gives back what was borrowed */
	return taken;
}

bool mp_tx_is_waiting(const struct mp_tx_queue *t)
{
	return counter_read(&t->accepted) !=
	       counter_read(&t->completed) + counter_read(&t->cancelled);
}

bool mp_tx_flush(struct mp_adapter *a, struct mp_tx_queue *t)
{
	bool moved = false;

	/* A completion may send again from inside: that joins the list, and this
	 * loop finds it. */
	if (t->busy || !mp_tx_is_waiting(t))
		return false;
	t->busy = true;
	for (;;) {
		struct mp_chain done = { NULL, NULL, 0 };
		unsigned n = send_burst(a, t, &done);

		complete(a, t, &done, NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
		moved |= n > 0;
		if (n < BURST)
			break;
	}
	t->busy = false;
	return moved;
}

/* Appends to the transmit queue that the id chooses while its lock is held: a free
 * of the queue, which takes the lock to clear the map, comes before or after (B7). */
static struct mp_tx_queue *enqueue(struct mp_adapter *a, unsigned queue, struct mp_chain *c)
{
	struct mp_tx_queue *t;

	for (;;) {
		t = &a->queues[vmq_tx_map_lookup(a->tx_map, (uint16_t)queue)].tx;
		NdisAcquireSpinLock(&t->lock);
		if (t == &a->queues[vmq_tx_map_lookup(a->tx_map, (uint16_t)queue)].tx)
			break;
		NdisReleaseSpinLock(&t->lock);
	}
	if (t->waiting.last)
		NET_BUFFER_LIST_NEXT_NBL(t->waiting.last) = c->first;
	else
		t->waiting.first = c->first;
	t->waiting.last = c->last;
	t->waiting.n += c->n;
	counter_add(&t->accepted, c->n);
	NdisReleaseSpinLock(&t->lock);
	return t;
}

static void refuse(struct mp_adapter *a, NET_BUFFER_LIST *nbl, NDIS_STATUS status, ULONG send_flags)
{
	NET_BUFFER_LIST_STATUS(nbl) = status;
	NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
	NdisMSendNetBufferListsComplete(a->handle, nbl,
					send_flags & NDIS_SEND_FLAGS_DISPATCH_LEVEL
						? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0);
}

/* The list joins its transmit queue; here is where a stale id is decided. */
static void submit(struct mp_adapter *a, unsigned queue, struct mp_chain *c)
{
	struct mp_tx_queue *t;
	unsigned owner;

	if (!c->n)
		return;
	t = enqueue(a, queue, c);
	owner = atomic_load_explicit(&t->processor, memory_order_acquire);
	if (OvmqIsProcessor(owner))
		mp_tx_flush(a, t);
	else
		mp_notify(owner);
}

_Use_decl_annotations_
VOID MiniportSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
				NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct mp_adapter *a = MiniportAdapterContext;
	bool paused = atomic_load_explicit(&a->paused, memory_order_acquire);
	struct mp_chain run = { NULL, NULL, 0 };
	unsigned queue = 0;
	NET_BUFFER_LIST *next;

	(void)PortNumber;
	for (NET_BUFFER_LIST *nbl = NetBufferList; nbl; nbl = next) {
		NDIS_STATUS status = paused ? NDIS_STATUS_PAUSED : inspect(a, nbl);   /* A49, A50 */

		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		if (status != NDIS_STATUS_SUCCESS) {
			refuse(a, nbl, status, SendFlags);
			continue;
		}
		/* B4: with SINGLE_QUEUE the first NBL speaks for all of them. */
		if (run.n && !(SendFlags & NDIS_SEND_FLAGS_SINGLE_QUEUE) &&
		    NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) != queue) {
			submit(a, queue, &run);
			run = (struct mp_chain){ NULL, NULL, 0 };
		}
		if (!run.n)
			queue = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);
		mp_chain_append(&run, nbl);
	}
	submit(a, queue, &run);
}

/* Unlinks what waits with that cancel id; the order of the rest stays (A58). An
 * NBL that has begun to leave is no longer to be cancelled (A59). Under the lock. */
static void take_cancelled(struct mp_tx_queue *t, PVOID cancel_id, struct mp_chain *out)
{
	struct mp_chain kept = { NULL, NULL, 0 };
	NET_BUFFER_LIST *nbl = t->waiting.first, *begun = t->resume ? nbl : NULL, *next;

	for (; nbl; nbl = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		if (nbl != begun && NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) == cancel_id) {
			NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SEND_ABORTED;
			mp_chain_append(out, nbl);
		} else {
			mp_chain_append(&kept, nbl);
		}
	}
	t->waiting = kept;
	counter_add(&t->cancelled, out->n);
}

void mp_tx_abort(struct mp_adapter *a, struct mp_tx_queue *t)
{
	struct mp_chain out;

	NdisDprAcquireSpinLock(&t->lock);
	out = t->waiting;
	t->waiting = (struct mp_chain){ NULL, NULL, 0 };
	t->resume = NULL;
	counter_add(&t->cancelled, out.n);
	NdisDprReleaseSpinLock(&t->lock);
	for (NET_BUFFER_LIST *nbl = out.first; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_PAUSED;   /* A49 */
	if (out.n)
		NdisMSendNetBufferListsComplete(a->handle, out.first,
						NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL |
						NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE);
}

_Use_decl_annotations_
VOID MiniportCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
	struct mp_adapter *a = MiniportAdapterContext;

	for (unsigned i = 0; i <= a->settings.queues; i++) {
		struct mp_chain aborted = { NULL, NULL, 0 };
		struct mp_tx_queue *t = &a->queues[i].tx;

		NdisAcquireSpinLock(&t->lock);
		take_cancelled(t, CancelId, &aborted);
		NdisReleaseSpinLock(&t->lock);
		if (aborted.n)
			NdisMSendNetBufferListsComplete(a->handle, aborted.first,
							NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE);
	}
}
