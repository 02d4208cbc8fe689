/* SPDX-License-Identifier: BSD-2-Clause */
/* What protocols call about their bindings: open, close, leave, and be offered more. */
#include "ndis/stack.h"

#include "base/log.h"
#include "ndis/receive_filter.h"
#include "ndis/shared_memory.h"

NDIS_STATUS NdisOpenAdapterEx(NDIS_HANDLE NdisProtocolHandle, NDIS_HANDLE ProtocolBindingContext,
			      PNDIS_OPEN_PARAMETERS OpenParameters, NDIS_HANDLE BindContext,
			      PNDIS_HANDLE NdisBindingHandle)
{
	struct ndis_binding *b = BindContext;
	bool medium = false;

	NDIS_CALLED(NdisProtocolHandle);
	*NdisBindingHandle = NULL;
	/* I21: only inside ProtocolBindAdapterEx, with the context given there. */
	if (!b || b->protocol != NdisProtocolHandle || ndis_layer_state(&b->layer) != NDIS_STARTING ||
	    b->opened)
		return NDIS_STATUS_FAILURE;
	for (UINT i = 0; i < OpenParameters->MediumArraySize; i++)
		if (OpenParameters->MediumArray[i] == b->layer.adapter->attributes.medium) {
			*OpenParameters->SelectedMediumIndex = i;
			medium = true;
			break;
		}
	if (!medium)
		return NDIS_STATUS_UNSUPPORTED_MEDIA;
	if (OpenParameters->FrameTypeArraySize > NDIS_FRAME_TYPES) {
		log_warning("protocol %s opens adapter %s for %u frame types: at most %u (F34)",
			    b->protocol->object.name, b->layer.adapter->layer.object.name,
			    OpenParameters->FrameTypeArraySize, NDIS_FRAME_TYPES);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	b->n_frame_types = OpenParameters->FrameTypeArraySize;
	for (unsigned i = 0; i < b->n_frame_types; i++)
		b->frame_types[i] = OpenParameters->FrameTypeArray[i];
	b->layer.context = ProtocolBindingContext;
	b->opened = true;
	*NdisBindingHandle = b;
	ndis_stack_connect(b->layer.adapter);
	return NDIS_STATUS_SUCCESS;
}

/* A60: the handle is the caller's of a cancel until that returns. */
static void wait_for_cancels(struct ndis_binding *b)
{
	if (!atomic_load(&b->cancels))
		return;
	log_warning("adapter %s: protocol %s closes its binding while it cancels sends (A60)",
		    b->layer.adapter->layer.object.name, b->protocol->object.name);
	while (atomic_load(&b->cancels))
		NdisMSleep(100);
}

NDIS_STATUS NdisCloseAdapterEx(NDIS_HANDLE NdisBindingHandle)
{
	struct ndis_binding *b = NdisBindingHandle;
	unsigned left = ndis_receive_filter_left(b->layer.adapter, b);
	unsigned blocks = ndis_shared_memory_given(b);

	NDIS_CALLED(NdisBindingHandle);
	wait_for_cancels(b);
	if (left)
		log_warning("adapter %s: a binding is closed with %u queues and filters (G1, D34)",
			    b->layer.adapter->layer.object.name, left);
	/* E11: with its queues freed, as G1 demands, it would have them back. */
	if (blocks)
		log_warning("adapter %s: protocol %s closes its binding while %u blocks of shared "
			    "memory that it gave are in use (E11)",
			    b->layer.adapter->layer.object.name, b->protocol->object.name, blocks);
	ndis_layer_set_state(&b->layer, NDIS_CLOSING);
	b->opened = false;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisCompleteBindAdapterEx(NDIS_HANDLE BindAdapterContext, NDIS_STATUS Status)
{
	NDIS_CALLED(BindAdapterContext);
	ndis_adapter_wake(((struct ndis_layer *)BindAdapterContext)->adapter, Status);
}

VOID NdisCompleteUnbindAdapterEx(NDIS_HANDLE UnbindContext)
{
	NDIS_CALLED(UnbindContext);
	ndis_adapter_wake(((struct ndis_layer *)UnbindContext)->adapter, NDIS_STATUS_SUCCESS);
}

/* A protocol that wants to leave an adapter outside its unbind handler (I21). The
 * unbind handler is called, on another thread, so this may come from any callback, and
 * the binding may be gone by then. */
static void leave(void *binding)
{
	ndis_pnp_lock();
	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		for (unsigned i = a->n_bindings; i-- > 0;)
			if (a->bindings[i] == binding) {
				ndis_unbind(a, a->bindings[i]->protocol);
				break;
			}
	ndis_pnp_unlock();
}

NDIS_STATUS NdisUnbindAdapter(NDIS_HANDLE NdisBindingHandle)
{
	NDIS_CALLED(NdisBindingHandle);
	kernel_call_work(leave, NdisBindingHandle);
	return NDIS_STATUS_PENDING;
}

/* Offers the protocol, if it is still there, every adapter that it is not bound to. */
static void offer_all(void *protocol)
{
	struct ndis_protocol_driver *list[NDIS_MAX_DRIVERS];
	unsigned n;

	ndis_pnp_lock();
	n = ndis_protocols(list);
	for (unsigned i = 0; i < n; i++)
		if (list[i] == protocol)
			ndis_protocol_arrived(list[i]);
	ndis_pnp_unlock();
}

VOID NdisReEnumerateProtocolBindings(NDIS_HANDLE NdisProtocolHandle)
{
	NDIS_CALLED(NdisProtocolHandle);
	kernel_call_work(offer_all, NdisProtocolHandle);
}
