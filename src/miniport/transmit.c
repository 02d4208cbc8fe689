/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends. Every request is taken (A16). An NBL joins the transmit queue that the adapter's
 * key chooses at this moment (A8, B6, B7), and there its class; it leaves either in order
 * (A6, A7, B12): at once when this is the queue's processor, else when that one gets to it.
 *
 * A queue's lists are guarded by a spin lock (A29), which is never held over a call
 * to NDIS; one processor alone gives the NIC what is at their heads, so the NIC sees the
 * order of the list.
 *
 * What places a send has a version (enum mp_gate): a sender chooses by one, and looks under
 * the queue's lock whether it is still in force.
 */
#include "miniport/adapter.h"

#include "base/ethernet.h"
#include "miniport/dcbx.h"

/* Those of one call that go to one transmit queue. */
struct run {
	struct mp_chain chain;
	unsigned queue, version;
};

static unsigned select_default(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	(void)a;
	(void)nbl;
	return DEFAULT_QUEUE;
}

static unsigned select_by_id(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	return vmq_tx_map_lookup(a->tx_map, (uint16_t)NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl));
}

const struct mp_tx_key mp_key_fifo = { .name = "fifo", .select = select_default, .by_id = true };
const struct mp_tx_key mp_key_vmq = { .name = "vmq", .select = select_by_id, .by_id = true };

void mp_tx_give_back(struct mp_adapter *a, struct mp_chain *c, ULONG flags)
{
	for (NET_BUFFER_LIST *nbl = c->first; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		if (mp_offload_wanted(nbl))
			mp_offload_done(nbl);
	if (c->n)
		NdisMSendNetBufferListsComplete(a->handle, c->first, flags);
	*c = (struct mp_chain){ NULL, NULL, 0 };
}

void mp_tx_refuse(struct mp_adapter *a, struct mp_chain *c, NDIS_STATUS status, ULONG flags)
{
	for (NET_BUFFER_LIST *nbl = c->first; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		NET_BUFFER_LIST_STATUS(nbl) = status;
	mp_tx_give_back(a, c, flags);
}

static inline void chain_join(struct mp_chain *to, const struct mp_chain *c)
{
	if (to->last)
		NET_BUFFER_LIST_NEXT_NBL(to->last) = c->first;
	else
		to->first = c->first;
	to->last = c->last;
	to->n += c->n;
}

static void append_by_class(struct mp_adapter *a, struct mp_tx_queue *t, NET_BUFFER_LIST *nbl)
{
	NET_BUFFER_LIST *next;

	for (; nbl; nbl = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		mp_chain_append(&t->fifo[mp_tx_class_of(a, nbl)].waiting, nbl);
	}
	mp_tx_class_note(a, t);
}

static inline void append(struct mp_adapter *a, struct mp_tx_queue *t, const struct mp_chain *c)
{
	counter_add(&t->accepted, c->n);
	if (atomic_load_explicit(&a->arbiter.n, memory_order_relaxed) == 1)
		chain_join(&t->fifo[0].waiting, c);
	else
		append_by_class(a, t, c->first);
}

void mp_tx_append(struct mp_adapter *a, struct mp_tx_queue *t, const struct mp_chain *c)
{
	append(a, t, c);
}

static inline void kick(struct mp_adapter *a, struct mp_tx_queue *t)
{
	unsigned owner = atomic_load_explicit(&t->processor, memory_order_acquire);

	if (OvmqIsProcessor(owner) && !a->processors[owner].tx_crowded)
		mp_tx_flush(a, t);
	else
		mp_notify(owner);
}

void mp_tx_kick(struct mp_adapter *a, struct mp_tx_queue *t)
{
	kick(a, t);
}

/* The status of an NBL that can never be sent, else SUCCESS: all its NBs are looked at
 * before any is sent, since one status speaks for all (A23, A32). */
static NDIS_STATUS inspect(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl)
{
	for (const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(nbl); nb; nb = NET_BUFFER_NEXT_NB(nb)) {
		ULONG64 have = 0;

		if (NET_BUFFER_DATA_LENGTH(nb) > a->max_send && !mp_offload_is_large(nbl))
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
	if (!NET_BUFFER_LIST_FIRST_NB(nbl))
		return NDIS_STATUS_FAILURE;
	return mp_offload_wanted(nbl) ? mp_offload_inspect(a, nbl) : NDIS_STATUS_SUCCESS;
}

static void refuse_one(struct mp_chain *refused, NET_BUFFER_LIST *nbl, NDIS_STATUS status)
{
	NET_BUFFER_LIST_STATUS(nbl) = status;
	mp_chain_append(refused, nbl);
}

/* Something about placing sends has changed: each is looked at anew. */
static void submit_anew(struct mp_adapter *a, const struct mp_chain *c, struct mp_chain *refused)
{
	NET_BUFFER_LIST *next;

	for (NET_BUFFER_LIST *nbl = c->first; nbl; nbl = next) {
		NDIS_STATUS status;

		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		status = mp_tx_place_gated(a, nbl);
		if (status != NDIS_STATUS_SUCCESS)
			refuse_one(refused, nbl, status);
	}
}

/* The run joins its transmit queue; here is where a stale id is decided (B7). */
static void submit(struct mp_adapter *a, const struct run *r, struct mp_chain *refused)
{
	struct mp_tx_queue *t = &a->queues[r->queue].tx;
	struct mp_chain c = r->chain;

	NdisAcquireSpinLock(&t->lock);
	if (atomic_load_explicit(&a->barrier.gate, memory_order_acquire) != r->version) {
		NdisReleaseSpinLock(&t->lock);
		submit_anew(a, &c, refused);
		return;
	}
	append(a, t, &c);
	NdisReleaseSpinLock(&t->lock);
	kick(a, t);
}

_Use_decl_annotations_
VOID MiniportSendNetBufferLists(NDIS_HANDLE MiniportAdapterContext, PNET_BUFFER_LIST NetBufferList,
				NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct mp_adapter *a = MiniportAdapterContext;
	unsigned gate = atomic_load_explicit(&a->barrier.gate, memory_order_acquire);
	const struct mp_tx_key *key = atomic_load_explicit(&a->tx_key, memory_order_relaxed);
	ULONG flags = SendFlags & NDIS_SEND_FLAGS_DISPATCH_LEVEL
			      ? NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL : 0;
	bool one = SendFlags & NDIS_SEND_FLAGS_SINGLE_QUEUE && key->by_id;
	/* While the gate is shut the version is none, and each send is looked at anew. */
	struct run run = { .version = gate & MP_GATE_ANY ? 0 : gate };
	const bool dcbx = a->qos.dcbx;
	struct mp_chain refused = { NULL, NULL, 0 };   /* of this call: completed as one */
	NET_BUFFER_LIST *next;

	(void)PortNumber;
	for (NET_BUFFER_LIST *nbl = NetBufferList; nbl; nbl = next) {
		NDIS_STATUS status = gate & MP_GATE_CLOSED ? mp_tx_refusal(gate)   /* A49, A50 */
							   : inspect(a, nbl);

		if (dcbx && status == NDIS_STATUS_SUCCESS && mp_dcbx_is_sent(nbl))
			status = NDIS_STATUS_FAILURE;   /* O17 */
		next = NET_BUFFER_LIST_NEXT_NBL(nbl);
		NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
		if (status != NDIS_STATUS_SUCCESS) {
			refuse_one(&refused, nbl, status);
			continue;
		}
		/* B4: with SINGLE_QUEUE the first NBL speaks for all of them. */
		if (!run.chain.n || !one) {
			unsigned queue = key->select(a, nbl);

			if (queue != run.queue && run.chain.n) {
				submit(a, &run, &refused);
				run.chain = (struct mp_chain){ NULL, NULL, 0 };
			}
			run.queue = queue;
		}
		mp_chain_append(&run.chain, nbl);
	}
	if (run.chain.n)
		submit(a, &run, &refused);
	if (refused.n)
		mp_tx_give_back(a, &refused, flags);
}
