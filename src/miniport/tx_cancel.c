/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends that wait, and are not to be sent any more: each is completed once, with the status
 * that says why (A23). */
#include "miniport/adapter.h"

/* Takes those with that cancel id from the chain; the order of the rest stays (A58). An NBL
 * that has begun to leave is no longer to be cancelled (A59). */
static void take_cancelled(struct mp_chain *from, const NET_BUFFER_LIST *begun, PVOID cancel_id,
			   struct mp_chain *out)
{
	struct mp_chain kept = { NULL, NULL, 0 };
	NET_BUFFER_LIST *next;

	for (NET_BUFFER_LIST *nbl = from->first; nbl; nbl = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		if (nbl != begun && NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) == cancel_id)
			mp_chain_append(out, nbl);
		else
			mp_chain_append(&kept, nbl);
	}
	*from = kept;
}

/* Whether the first NBL of the list has begun to leave. */
static bool has_begun(const struct mp_tx_fifo *f)
{
	return f->resume || f->at;
}

static void cancel_in_queue(struct mp_adapter *a, struct mp_tx_queue *t, PVOID cancel_id)
{
	struct mp_chain out = { NULL, NULL, 0 };

	NdisAcquireSpinLock(&t->lock);
	for (unsigned cls = 0; cls < MP_TX_CLASSES; cls++) {
		struct mp_tx_fifo *f = &t->fifo[cls];

		take_cancelled(&f->waiting, has_begun(f) ? f->waiting.first : NULL, cancel_id, &out);
	}
	counter_add(&t->cancelled, out.n);
	mp_tx_class_note(a, t);
	NdisReleaseSpinLock(&t->lock);
	mp_tx_refuse(a, &out, NDIS_STATUS_SEND_ABORTED, NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE);
}

static void cancel_held(struct mp_adapter *a, PVOID cancel_id)
{
	struct mp_tx_barrier *b = &a->barrier;
	struct mp_chain out = { NULL, NULL, 0 };

	NdisAcquireSpinLock(&b->lock);
	take_cancelled(&b->held, NULL, cancel_id, &out);
	atomic_fetch_sub(&b->n_held, out.n);
	NdisReleaseSpinLock(&b->lock);
	mp_tx_refuse(a, &out, NDIS_STATUS_SEND_ABORTED, 0);
}

_Use_decl_annotations_
VOID MiniportCancelSend(NDIS_HANDLE MiniportAdapterContext, PVOID CancelId)
{
	struct mp_adapter *a = MiniportAdapterContext;

	/* In this order: what is held goes to a queue, and never back. */
	if (atomic_load(&a->barrier.n_held))
		cancel_held(a, CancelId);
	for (unsigned i = 0; i <= a->n_queues; i++)
		cancel_in_queue(a, &a->queues[i].tx, CancelId);
	/* Nothing may be left that a change or a free waits for. */
	mp_tx_barrier_check(a);
}

void mp_tx_abort(struct mp_adapter *a, struct mp_tx_queue *t, NDIS_STATUS status)
{
	struct mp_chain out[MP_TX_CLASSES];

	NdisAcquireSpinLock(&t->lock);
	for (unsigned cls = 0; cls < MP_TX_CLASSES; cls++) {
		struct mp_tx_fifo *f = &t->fifo[cls];

		out[cls] = f->waiting;
		f->waiting = (struct mp_chain){ NULL, NULL, 0 };
		f->resume = NULL;
		f->at = 0;
		counter_add(&t->cancelled, out[cls].n);
	}
	mp_tx_class_note(a, t);
	NdisReleaseSpinLock(&t->lock);
	for (unsigned cls = 0; cls < MP_TX_CLASSES; cls++)
		mp_tx_refuse(a, &out[cls], status, NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE);
}

void mp_tx_abort_all(struct mp_adapter *a, NDIS_STATUS status)
{
	struct mp_tx_barrier *b = &a->barrier;
	struct mp_chain held;

	NdisAcquireSpinLock(&b->lock);
	held = b->held;
	b->held = (struct mp_chain){ NULL, NULL, 0 };
	atomic_fetch_sub(&b->n_held, held.n);
	NdisReleaseSpinLock(&b->lock);
	for (unsigned i = 0; i <= a->n_queues; i++)
		mp_tx_abort(a, &a->queues[i].tx, status);
	mp_tx_refuse(a, &held, status, 0);
	mp_tx_barrier_check(a);
}
