/* SPDX-License-Identifier: BSD-2-Clause */
/* Bindings: a protocol on an adapter, from bind to unbind (I12). */
#include "ndis/object.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/receive_filter.h"

/* Tells the data path which bindings run now. */
static void publish_running(struct ndis_adapter *a)
{
	struct ndis_bindings *new = calloc(1, sizeof(*new)), *old;

	if (!new)
		abort();   /* without it a closed binding would be called */
	for (unsigned i = 0; i < a->n_bindings; i++) {
		int state = atomic_load(&a->bindings[i]->state);

		/* X3: a pausing binding still takes what was on its way. */
		if (state == NDIS_BINDING_RUNNING || state == NDIS_BINDING_PAUSING)
			new->list[new->n++] = a->bindings[i];
	}
	new->alone = new->n == 1 && a->n_bindings == 1;
	old = atomic_exchange(&a->running, new);
	kernel_synchronize();
	free(old);
}

static NDIS_STATUS pnp_event(struct ndis_binding *b, NET_PNP_EVENT_CODE code)
{
	NET_PNP_EVENT_NOTIFICATION n = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
	};

	n.NetPnPEvent.NetEvent = code;
	ndis_adapter_expect(b->adapter);
	return ndis_adapter_wait(b->adapter,
				 b->protocol->handlers.NetPnPEventHandler(b->context, &n));
}

VOID NdisCompleteNetPnPEvent(NDIS_HANDLE NdisBindingHandle,
			     PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification, NDIS_STATUS Status)
{
	struct ndis_binding *b = NdisBindingHandle;

	(void)NetPnPEventNotification;
	ndis_adapter_wake(b->adapter, Status);
}

static void binding_restart(struct ndis_binding *b)
{
	if (atomic_load(&b->state) != NDIS_BINDING_PAUSED)
		return;
	atomic_store(&b->state, NDIS_BINDING_RESTARTING);
	if (pnp_event(b, NetEventRestart) != NDIS_STATUS_SUCCESS) {
		atomic_store(&b->state, NDIS_BINDING_PAUSED);   /* I17 */
		log_warning("adapter %s: a protocol failed to restart and stays paused",
			    b->adapter->name);
		return;
	}
	atomic_store(&b->state, NDIS_BINDING_RUNNING);
	publish_running(b->adapter);
}

static void binding_pause(struct ndis_binding *b)
{
	if (atomic_load(&b->state) != NDIS_BINDING_RUNNING)
		return;
	atomic_store(&b->state, NDIS_BINDING_PAUSING);
	pnp_event(b, NetEventPause);                    /* cannot fail (I17) */
	atomic_store(&b->state, NDIS_BINDING_PAUSED);
	publish_running(b->adapter);
}

void ndis_bindings_restart(struct ndis_adapter *a)
{
	for (unsigned i = 0; i < a->n_bindings; i++)
		binding_restart(a->bindings[i]);
}

void ndis_bindings_pause(struct ndis_adapter *a)
{
	for (unsigned i = a->n_bindings; i-- > 0;)
		binding_pause(a->bindings[i]);
}

/* What the protocol is told of the adapter (H11). */
static void bind_parameters(struct ndis_adapter *a, NDIS_BIND_PARAMETERS *p)
{
	const struct ndis_attributes *at = &a->attributes;

	p->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_BIND_PARAMETERS,
					  NDIS_BIND_PARAMETERS_REVISION_3,
					  NDIS_SIZEOF_BIND_PARAMETERS_REVISION_3 };
	p->MediaType = at->medium;
	p->MtuSize = at->mtu;
	p->MaxXmitLinkSpeed = p->XmitLinkSpeed = at->xmit_speed;
	p->MaxRcvLinkSpeed = p->RcvLinkSpeed = at->rcv_speed;
	p->MediaConnectState = at->link;
	p->LookaheadSize = at->lookahead;
	p->MacOptions = at->mac_options;
	p->SupportedPacketFilters = at->packet_filters;
	p->MaxMulticastListSize = at->max_multicast;
	p->MacAddressLength = sizeof(at->mac);
	memcpy(p->CurrentMacAddress, at->mac, sizeof(at->mac));
	if (at->filtering)
		p->ReceiveFilterCapabilities = (PNDIS_RECEIVE_FILTER_CAPABILITIES)&at->current;
}

void ndis_bind_late(struct ndis_adapter *a, struct ndis_protocol_driver *protocol)
{
	NDIS_BIND_PARAMETERS p = { 0 };
	struct ndis_binding *b;
	NDIS_STATUS status;

	if (a->n_bindings == NDIS_MAX_BINDINGS) {
		log_warning("adapter %s: more than %d protocols", a->name, NDIS_MAX_BINDINGS);
		return;
	}
	b = calloc(1, sizeof(*b));
	if (!b)
		return;
	b->adapter = a;
	b->protocol = protocol;
	atomic_store(&b->state, NDIS_BINDING_OPENING);
	bind_parameters(a, &p);
	ndis_adapter_expect(a);
	status = ndis_adapter_wait(a, protocol->handlers.BindAdapterHandlerEx(protocol->context, b, &p));
	if (status != NDIS_STATUS_SUCCESS || !b->opened) {
		free(b);   /* the protocol does not want this adapter */
		return;
	}
	atomic_store(&b->state, NDIS_BINDING_PAUSED);
	pthread_rwlock_wrlock(&a->bindings_lock);
	a->bindings[a->n_bindings++] = b;
	pthread_rwlock_unlock(&a->bindings_lock);
	publish_running(a);   /* whoever ran alone does so no longer */
	if (atomic_load(&a->state) == NDIS_ADAPTER_RUNNING)
		binding_restart(b);
}

void ndis_bind_all(struct ndis_adapter *a)
{
	struct ndis_protocol_driver *list[NDIS_MAX_DRIVERS];
	unsigned n = ndis_protocols(list);

	for (unsigned i = 0; i < n; i++)
		ndis_bind_late(a, list[i]);
}

/* I16, I21: pause, let the protocol clean up and close, forget it. */
static void unbind(struct ndis_adapter *a, struct ndis_binding *b)
{
	binding_pause(b);
	ndis_adapter_expect(a);
	ndis_adapter_wait(a, b->protocol->handlers.UnbindAdapterHandlerEx(b, b->context));
	if (b->opened)
		log_error("adapter %s: a protocol was unbound without NdisCloseAdapterEx", a->name);
	ndis_reclaim(b);
	pthread_rwlock_wrlock(&a->bindings_lock);
	for (unsigned i = 0; i < a->n_bindings; i++)
		if (a->bindings[i] == b) {
			memmove(&a->bindings[i], &a->bindings[i + 1],
				(a->n_bindings - i - 1) * sizeof(a->bindings[0]));
			a->n_bindings--;
			break;
		}
	pthread_rwlock_unlock(&a->bindings_lock);
	publish_running(a);
	free(b);
}

void ndis_unbind_all(struct ndis_adapter *a)
{
	while (a->n_bindings)
		unbind(a, a->bindings[a->n_bindings - 1]);
}

void ndis_unbind(struct ndis_adapter *a, struct ndis_protocol_driver *protocol)
{
	for (unsigned i = a->n_bindings; i-- > 0;)
		if (a->bindings[i]->protocol == protocol)
			unbind(a, a->bindings[i]);
}

NDIS_STATUS NdisOpenAdapterEx(NDIS_HANDLE NdisProtocolHandle, NDIS_HANDLE ProtocolBindingContext,
			      PNDIS_OPEN_PARAMETERS OpenParameters, NDIS_HANDLE BindContext,
			      PNDIS_HANDLE NdisBindingHandle)
{
	struct ndis_binding *b = BindContext;
	bool medium = false;

	*NdisBindingHandle = NULL;
	/* I21: only inside ProtocolBindAdapterEx, with the context given there. */
	if (!b || b->protocol != NdisProtocolHandle ||
	    atomic_load(&b->state) != NDIS_BINDING_OPENING || b->opened)
		return NDIS_STATUS_FAILURE;
	for (UINT i = 0; i < OpenParameters->MediumArraySize; i++)
		if (OpenParameters->MediumArray[i] == b->adapter->attributes.medium) {
			*OpenParameters->SelectedMediumIndex = i;
			medium = true;
			break;
		}
	if (!medium)
		return NDIS_STATUS_UNSUPPORTED_MEDIA;
	b->context = ProtocolBindingContext;
	b->opened = true;
	*NdisBindingHandle = b;
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisCloseAdapterEx(NDIS_HANDLE NdisBindingHandle)
{
	struct ndis_binding *b = NdisBindingHandle;
	unsigned left = ndis_receive_filter_left(b->adapter, b);

	if (left)
		log_warning("adapter %s: a binding is closed with %u queues and filters (G1, D34)",
			    b->adapter->name, left);
	atomic_store(&b->state, NDIS_BINDING_CLOSING);
	b->opened = false;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisCompleteBindAdapterEx(NDIS_HANDLE BindAdapterContext, NDIS_STATUS Status)
{
	struct ndis_binding *b = BindAdapterContext;

	ndis_adapter_wake(b->adapter, Status);
}

VOID NdisCompleteUnbindAdapterEx(NDIS_HANDLE UnbindContext)
{
	struct ndis_binding *b = UnbindContext;

	ndis_adapter_wake(b->adapter, NDIS_STATUS_SUCCESS);
}
