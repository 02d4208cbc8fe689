/* SPDX-License-Identifier: BSD-2-Clause */
/* Status indications: from the miniport, past NDIS's own notes, to the protocols. */
#include "ndis/object.h"

#include "base/log.h"
#include "ndis/receive_filter.h"

/* What NDIS itself takes from an indication. */
static void note(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	if (s->StatusCode == NDIS_STATUS_RECEIVE_QUEUE_STATE &&
	    s->StatusBufferSize >= NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1) {
		const NDIS_RECEIVE_QUEUE_STATE *q = s->StatusBuffer;

		if (a->filters && q->QueueState == NdisReceiveQueueOperationalStateDmaStopped)
			ndis_receive_filter_dma_stopped(a, q->QueueId);
	} else if (s->StatusCode == NDIS_STATUS_LINK_STATE &&
		   s->StatusBufferSize >= NDIS_SIZEOF_LINK_STATE_REVISION_1) {
		a->attributes.link = ((const NDIS_LINK_STATE *)s->StatusBuffer)->MediaConnectState;
	}
}

VOID NdisMIndicateStatusEx(NDIS_HANDLE MiniportAdapterHandle,
			   PNDIS_STATUS_INDICATION StatusIndication)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	/* I33: legal from registration attributes until the halt returns. */
	if (atomic_load(&a->state) == NDIS_ADAPTER_HALTED) {
		log_error("adapter %s: a status after the halt (I33)", a->name);
		return;
	}
	note(a, StatusIndication);
	/* Held over the calls: a binding is not taken away while it is told. */
	pthread_rwlock_rdlock(&a->bindings_lock);
	for (unsigned i = 0; i < a->n_bindings; i++) {
		struct ndis_binding *b = a->bindings[i];

		/* One that closed is told nothing of what NDIS takes back for it. */
		if (!atomic_load(&b->opened))
			continue;
		if (StatusIndication->DestinationHandle &&
		    StatusIndication->DestinationHandle != b)
			continue;
		b->protocol->handlers.StatusHandlerEx(b->context, StatusIndication);
	}
	pthread_rwlock_unlock(&a->bindings_lock);
}
