/* SPDX-License-Identifier: BSD-2-Clause */
/* Status indications: from the miniport, past NDIS's own notes, through the filters, to
 * the protocols (I34). */
#include "ndis/stack.h"

#include "base/log.h"
#include "ndis/qos_oid.h"
#include "ndis/receive_filter.h"
#include "ndis/task_offload.h"

/* What NDIS itself takes from an indication. */
static void note(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	ndis_receive_filter_status(a, s);
	ndis_task_offload_status(a, s);
	ndis_qos_status(a, s);
	if (s->StatusCode == NDIS_STATUS_LINK_STATE &&
	    s->StatusBufferSize >= NDIS_SIZEOF_LINK_STATE_REVISION_1) {
		const NDIS_LINK_STATE *l = s->StatusBuffer;

		pthread_mutex_lock(&a->facts_lock);
		a->attributes.link = l->MediaConnectState;
		a->attributes.duplex = l->MediaDuplexState;
		a->attributes.xmit_speed = l->XmitLinkSpeed;
		a->attributes.rcv_speed = l->RcvLinkSpeed;
		a->attributes.pause = l->PauseFunctions;
		a->attributes.negotiated = l->AutoNegotiationFlags;
		pthread_mutex_unlock(&a->facts_lock);
	}
}

static void to_bindings(struct ndis_adapter *a, PNDIS_STATUS_INDICATION s)
{
	for (unsigned i = 0; i < a->n_bindings; i++) {
		struct ndis_binding *b = a->bindings[i];

		/* One that closed is told nothing of what NDIS takes back for it. */
		if (!atomic_load(&b->opened))
			continue;
		if (s->DestinationHandle && s->DestinationHandle != b)
			continue;
		NDIS_CALLBACK(&b->layer.object, "ProtocolStatusEx",
			      b->protocol->handlers.StatusHandlerEx(b->layer.context, s));
	}
}

/* Everything above 'place' (0: the miniport), where the next filter that looks at
 * statuses decides whether it goes on. The lock is held over the calls, so that a
 * layer is not taken away while it is told; the filter that passes it on is here again
 * in the same thread. */
static void climb(struct ndis_layer *from, PNDIS_STATUS_INDICATION s)
{
	struct ndis_adapter *a = from->adapter;
	bool above = from == &a->layer;

	pthread_rwlock_rdlock(&a->stack_lock);
	for (unsigned i = 0; i < a->n_modules; i++) {
		struct ndis_filter *f = a->modules[i];

		if (above && f->handlers.StatusHandler) {
			NDIS_CALLBACK(&f->layer.object, "FilterStatus",
				      f->handlers.StatusHandler(f->layer.context, s));
			pthread_rwlock_unlock(&a->stack_lock);
			return;
		}
		above |= &f->layer == from;
	}
	to_bindings(a, s);
	pthread_rwlock_unlock(&a->stack_lock);
}

void ndis_status_of_ndis(struct ndis_adapter *a, NDIS_STATUS code)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a,
		.StatusCode = code,
	};

	climb(&a->layer, &s);
}

VOID NdisMIndicateStatusEx(NDIS_HANDLE MiniportAdapterHandle,
			   PNDIS_STATUS_INDICATION StatusIndication)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	NDIS_CALLED(MiniportAdapterHandle);
	/* I33: legal from registration attributes until the halt returns. */
	if (ndis_layer_state(&a->layer) == NDIS_DOWN) {
		log_error("adapter %s: a status after the halt (I33)", a->layer.object.name);
		return;
	}
	if (StatusIndication->StatusCode == NDIS_STATUS_RESET_START ||
	    StatusIndication->StatusCode == NDIS_STATUS_RESET_END) {
		log_error("adapter %s: the miniport indicates a reset, which is NDIS's to tell (A53)",
			  a->layer.object.name);
		return;
	}
	note(a, StatusIndication);
	climb(&a->layer, StatusIndication);
}

VOID NdisFIndicateStatus(NDIS_HANDLE NdisFilterHandle, PNDIS_STATUS_INDICATION StatusIndication)
{
	struct ndis_layer *layer = NdisFilterHandle;

	NDIS_CALLED(NdisFilterHandle);
	if (ndis_layer_state(layer) == NDIS_STARTING) {
		log_error("filter %s: a status from FilterAttach (I10)", layer->object.name);
		return;
	}
	climb(layer, StatusIndication);
}
