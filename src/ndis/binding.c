/* SPDX-License-Identifier: BSD-2-Clause */
/* Bindings: a protocol on an adapter, from bind to unbind (I12). */
#include "ndis/oid.h"
#include "ndis/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/name.h"
#include "ndis/receive_filter.h"
#include "ndis/restart_attributes.h"
#include "ndis/shared_memory.h"
#include "ndis/rss_oid.h"
#include "ndis/task_offload.h"

/* An event of its own for one binding; what it is told stands in 'buffer'. */
static NDIS_STATUS tell(struct ndis_binding *b, NET_PNP_EVENT_CODE code, PVOID buffer, ULONG length)
{
	NET_PNP_EVENT_NOTIFICATION n = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
		.NetPnPEvent = { .NetEvent = code, .Buffer = buffer, .BufferLength = length },
	};

	return ndis_binding_event(b, &n);
}

static void binding_restart(struct ndis_binding *b)
{
	struct ndis_adapter *a = b->layer.adapter;
	struct ndis_restart_attributes attributes;
	NDIS_PROTOCOL_RESTART_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_PROTOCOL_RESTART_PARAMETERS,
			    NDIS_PROTOCOL_RESTART_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_PROTOCOL_RESTART_PARAMETERS_REVISION_1 },
		.BoundIfIndex = a->if_index,
		.BoundIfNetluid = ndis_luid_of(a->if_index),
	};

	if (ndis_layer_state(&b->layer) != NDIS_PAUSED)
		return;
	p.RestartAttributes = ndis_restart_attributes_fill(&attributes, a);
	ndis_layer_set_state(&b->layer, NDIS_RESTARTING);
	if (tell(b, NetEventRestart, &p, sizeof(p)) != NDIS_STATUS_SUCCESS) {
		ndis_layer_set_state(&b->layer, NDIS_PAUSED);   /* I17 */
		log_warning("adapter %s: protocol %s failed to restart and stays paused",
			    a->layer.object.name, b->protocol->object.name);
		return;
	}
	ndis_layer_set_state(&b->layer, NDIS_RUNNING);
	ndis_stack_connect(a);
}

static void binding_pause(struct ndis_binding *b, ULONG reason)
{
	NDIS_PROTOCOL_PAUSE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_PROTOCOL_PAUSE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_PROTOCOL_PAUSE_PARAMETERS_REVISION_1 },
		.PauseReason = reason,
	};

	if (ndis_layer_state(&b->layer) != NDIS_RUNNING)
		return;
	ndis_layer_set_state(&b->layer, NDIS_PAUSING);
	tell(b, NetEventPause, &p, sizeof(p));          /* cannot fail (I17) */
	ndis_layer_set_state(&b->layer, NDIS_PAUSED);
	ndis_stack_connect(b->layer.adapter);
}

void ndis_bindings_restart(struct ndis_adapter *a)
{
	for (unsigned i = 0; i < a->n_bindings; i++)
		binding_restart(a->bindings[i]);
}

void ndis_bindings_pause(struct ndis_adapter *a, ULONG reason)
{
	for (unsigned i = a->n_bindings; i-- > 0;)
		binding_pause(a->bindings[i], reason);
}

/* What may have changed since the adapter began. */
static void bind_changing(struct ndis_adapter *a, NDIS_BIND_PARAMETERS *p)
{
	const struct ndis_attributes *at = &a->attributes;

	pthread_mutex_lock(&a->facts_lock);
	p->MtuSize = a->offer.mtu;
	p->LookaheadSize = a->offer.lookahead;
	p->DataBackFillSize = a->offer.data_backfill;
	p->ContextBackFillSize = a->offer.context_backfill;
	p->XmitLinkSpeed = at->xmit_speed;
	p->RcvLinkSpeed = at->rcv_speed;
	p->MediaConnectState = at->link;
	p->MediaDuplexState = at->duplex;
	pthread_mutex_unlock(&a->facts_lock);
}

/* What bind parameters point at. */
struct bind_facts {
	struct ndis_name name;
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;   /* as they are now: they may change (H13) */
	NDIS_OFFLOAD offload;                            /* likewise (P13) */
	NDIS_RECEIVE_SCALE_CAPABILITIES rss;
};

static void bind_parameters(struct ndis_binding *b, struct bind_facts *facts,
			    NDIS_BIND_PARAMETERS *p)
{
	static const USHORT sizes[] = {
		NDIS_SIZEOF_BIND_PARAMETERS_REVISION_1, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_2,
		NDIS_SIZEOF_BIND_PARAMETERS_REVISION_3, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_4,
	};
	unsigned revision = ndis_revision_for(b->protocol->handlers.MinorNdisVersion);
	struct ndis_adapter *a = b->layer.adapter;
	const struct ndis_attributes *at = &a->attributes;

	ndis_name_set(&facts->name, a->layer.object.name);
	p->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_BIND_PARAMETERS,
					  (UCHAR)revision, sizes[revision - 1] };
	p->ProtocolSection = p->AdapterName = p->BoundAdapterName = &facts->name.string;
	p->MediaType = at->medium;
	p->PhysicalMediumType = at->physical_medium;
	p->MaxXmitLinkSpeed = at->max_xmit_speed;
	p->MaxRcvLinkSpeed = at->max_rcv_speed;
	bind_changing(a, p);
	p->MacOptions = at->mac_options;
	p->SupportedPacketFilters = at->packet_filters;
	p->MaxMulticastListSize = at->max_multicast;
	p->MacAddressLength = sizeof(at->mac);
	memcpy(p->CurrentMacAddress, at->mac, sizeof(at->mac));
	p->BoundIfIndex = p->LowestIfIndex = a->if_index;
	p->BoundIfNetluid = p->LowestIfNetluid = ndis_luid_of(a->if_index);
	p->AccessType = at->access;
	p->DirectionType = at->direction;
	p->ConnectionType = at->connection;
	p->IfType = at->type;
	p->IfConnectorPresent = at->connector_present;
	p->ActivePorts = ndis_ports_active(a->ports);
	/* Drivers before 6.20 read it without asking whether it is there. */
	if (revision < 3)
		p->PowerManagementCapabilities = (PNDIS_PNP_CAPABILITIES)&at->pnp;
	if (at->filtering) {
		ndis_receive_filter_capabilities_copy(a, &facts->capabilities);
		p->ReceiveFilterCapabilities = &facts->capabilities;
	}
	if (ndis_rss_copy(a, b->protocol->handlers.MinorNdisVersion, &facts->rss))
		p->RcvScaleCapabilities = &facts->rss;
	if (ndis_task_offload_copy(a, b->protocol->handlers.MinorNdisVersion, &facts->offload))
		p->DefaultOffloadConfiguration = &facts->offload;
}

static struct ndis_binding *binding_create(struct ndis_adapter *a,
					   struct ndis_protocol_driver *protocol)
{
	struct ndis_binding *b = aligned_alloc(_Alignof(struct ndis_binding), sizeof(*b));

	if (!b)
		return NULL;
	memset(b, 0, sizeof(*b));
	ndis_layer_init(&b->layer, NDIS_OBJECT_BINDING, protocol->object.image, protocol->object.name);
	b->layer.object.keywords = protocol->object.keywords;
	b->layer.adapter = a;
	b->protocol = protocol;
	return b;
}

static void binding_destroy(struct ndis_binding *b)
{
	ndis_layer_destroy(&b->layer);
	free(b);
}

/* One that binds may send OIDs at once: its way down must be there before. */
static void stack_insert(struct ndis_adapter *a, struct ndis_binding *b)
{
	pthread_rwlock_wrlock(&a->stack_lock);
	a->bindings[a->n_bindings++] = b;
	pthread_rwlock_unlock(&a->stack_lock);
	if (a->n_bindings > 1 && !a->shared) {
		a->shared = true;
		a->copies = ndis_copies_create(a);
	}
	ndis_stack_connect(a);   /* whoever ran alone does so no longer */
}

static void stack_remove(struct ndis_adapter *a, struct ndis_binding *b)
{
	unsigned i = 0;

	while (a->bindings[i] != b)
		i++;
	pthread_rwlock_wrlock(&a->stack_lock);
	memmove(&a->bindings[i], &a->bindings[i + 1],
		(a->n_bindings - i - 1) * sizeof(a->bindings[0]));
	a->n_bindings--;
	pthread_rwlock_unlock(&a->stack_lock);
	ndis_stack_connect(a);
}

/* Nothing of it is left, wherever it stood between opened and closed (I21). */
static void forget(struct ndis_binding *b, const char *how)
{
	struct ndis_adapter *a = b->layer.adapter;

	if (b->opened)
		log_error("adapter %s: protocol %s %s without NdisCloseAdapterEx (I21)",
			  a->layer.object.name, b->protocol->object.name, how);
	ndis_oid_wait_own(&b->layer);
	ndis_reclaim(b);
	ndis_shared_memory_provider_leaves(b);
	ndis_receive_filter_forget(b);
	ndis_packet_filter_forget(b);
	ndis_multicast_forget(b);
	stack_remove(a, b);
	ndis_layer_set_state(&b->layer, NDIS_DOWN);
	if (ndis_watch)
		ndis_watch->layer_gone(&b->layer);
	binding_destroy(b);
}

NDIS_STATUS ndis_bind(struct ndis_adapter *a, struct ndis_protocol_driver *protocol)
{
	NDIS_BIND_PARAMETERS p = { 0 };
	struct bind_facts facts;
	struct ndis_binding *b;
	NDIS_STATUS status;

	/* An intermediate driver's protocol is not meant for its own virtual adapters. */
	if (a->virtual && a->driver->bottom == protocol)
		return NDIS_STATUS_NOT_ACCEPTED;
	/* I35: a miniport that controls port 0 has protocols only while that is active. */
	if (atomic_load(&a->shut_down) || !ndis_port_is_active(a, NDIS_DEFAULT_PORT_NUMBER))
		return NDIS_STATUS_NOT_ACCEPTED;
	if (a->n_bindings == NDIS_MAX_BINDINGS) {
		log_warning("adapter %s: more than %d protocols", a->layer.object.name,
			    NDIS_MAX_BINDINGS);
		return NDIS_STATUS_RESOURCES;
	}
	b = binding_create(a, protocol);
	if (!b)
		return NDIS_STATUS_RESOURCES;
	ndis_layer_set_state(&b->layer, NDIS_STARTING);
	stack_insert(a, b);
	bind_parameters(b, &facts, &p);
	ndis_adapter_expect(a);
	NDIS_CALLBACK(&b->layer.object, "ProtocolBindAdapterEx",
		      status = protocol->handlers.BindAdapterHandlerEx(protocol->context, b, &p));
	status = ndis_adapter_wait(a, status, protocol->object.name, "ProtocolBindAdapterEx");
	if (status != NDIS_STATUS_SUCCESS || !b->opened) {
		forget(b, "refused");   /* the protocol does not want this adapter */
		return status == NDIS_STATUS_SUCCESS ? NDIS_STATUS_NOT_ACCEPTED : status;
	}
	ndis_layer_set_state(&b->layer, NDIS_PAUSED);
	if (ndis_layer_state(&a->layer) == NDIS_RUNNING)
		binding_restart(b);
	return NDIS_STATUS_SUCCESS;
}

static struct ndis_binding *binding_of(struct ndis_adapter *a,
				       const struct ndis_protocol_driver *protocol)
{
	for (unsigned i = 0; i < a->n_bindings; i++)
		if (a->bindings[i]->protocol == protocol)
			return a->bindings[i];
	return NULL;
}

/* A protocol has one binding to an adapter, and none that it or the host did not want. */
static void bind_missing_one(struct ndis_adapter *a, struct ndis_protocol_driver *protocol)
{
	const struct ndis_image *image = protocol->object.image;

	if (!(image && image->options.bind_by_hand) && !binding_of(a, protocol))
		ndis_bind(a, protocol);
}

void ndis_bind_missing(struct ndis_adapter *a)
{
	struct ndis_protocol_driver *list[NDIS_MAX_DRIVERS];
	unsigned n = ndis_protocols(list);

	for (unsigned i = 0; i < n; i++)
		bind_missing_one(a, list[i]);
}

void ndis_bind_all(struct ndis_adapter *a)
{
	ndis_offer_reset(a);
	ndis_bind_missing(a);
}

/* I16, I21: pause, let the protocol clean up and close, forget it. */
static void unbind(struct ndis_adapter *a, struct ndis_binding *b)
{
	NDIS_STATUS status;

	binding_pause(b, NDIS_PAUSE_UNBIND_PROTOCOL);
	ndis_adapter_expect(a);
	NDIS_CALLBACK(&b->layer.object, "ProtocolUnbindAdapterEx",
		      status = b->protocol->handlers.UnbindAdapterHandlerEx(b, b->layer.context));
	ndis_adapter_wait(a, status, b->protocol->object.name, "ProtocolUnbindAdapterEx");
	forget(b, "was unbound");
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

void ndis_protocol_arrived(struct ndis_protocol_driver *protocol)
{
	ndis_pnp_lock();
	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		bind_missing_one(a, protocol);
	ndis_pnp_unlock();
}

void ndis_protocol_leaves(struct ndis_protocol_driver *protocol)
{
	ndis_pnp_lock();
	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		ndis_unbind(a, protocol);
	ndis_pnp_unlock();
}

/* ---- for the host ---- */

static int bind_locked(struct ndis_adapter *a, struct ndis_image *image, struct error *err)
{
	NDIS_STATUS status;

	if (!image->protocol)
		return error_set(err, EINVAL, "driver %s registered no protocol", image->name);
	if (binding_of(a, image->protocol))
		return error_set(err, EEXIST, "driver %s is bound to adapter %s already", image->name,
				 a->layer.object.name);
	status = ndis_bind(a, image->protocol);
	if (status == NDIS_STATUS_SUCCESS)
		return 0;
	return error_set(err, EIO, "driver %s does not bind to adapter %s: status 0x%08x", image->name,
			 a->layer.object.name, (unsigned)status);
}

int ndis_protocol_bind(struct ndis_adapter *a, struct ndis_image *image, struct error *err)
{
	int rc;

	ndis_pnp_lock();
	rc = bind_locked(a, image, err);
	ndis_pnp_unlock();
	return rc;
}

int ndis_protocol_unbind(struct ndis_adapter *a, struct ndis_image *image, struct error *err)
{
	struct ndis_binding *b;

	ndis_pnp_lock();
	b = image->protocol ? binding_of(a, image->protocol) : NULL;
	if (b)
		unbind(a, b);
	ndis_pnp_unlock();
	if (b)
		return 0;
	return error_set(err, ENOENT, "driver %s is not bound to adapter %s", image->name,
			 a->layer.object.name);
}
