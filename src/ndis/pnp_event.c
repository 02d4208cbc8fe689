/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PnP events. Network events climb from whoever raises them through the filters
 * above it to the bindings; device events go down through the filters to the
 * miniport. A driver on the way may stop one by not passing it on.
 */
#include "ndis/oid.h"
#include "ndis/stack.h"

#include <errno.h>

#include "base/log.h"

/* ---- up ---- */

NDIS_STATUS ndis_binding_event(struct ndis_binding *b, PNET_PNP_EVENT_NOTIFICATION event)
{
	struct ndis_adapter *a = b->layer.adapter;
	NDIS_STATUS status;

	ndis_adapter_expect(a);
	NDIS_CALLBACK(&b->layer.object, "ProtocolNetPnPEvent",
		      status = b->protocol->handlers.NetPnPEventHandler(b->layer.context, event));
	return ndis_adapter_wait(a, status, b->protocol->object.name, "ProtocolNetPnPEvent");
}

VOID NdisCompleteNetPnPEvent(NDIS_HANDLE NdisBindingHandle,
			     PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification, NDIS_STATUS Status)
{
	NDIS_CALLED(NdisBindingHandle);
	(void)NetPnPEventNotification;
	if (!NdisBindingHandle)
		return;   /* of an event for all bindings, which nobody waits for */
	ndis_adapter_wake(((struct ndis_layer *)NdisBindingHandle)->adapter, Status);
}

/* The bindings, which have the last word: the first refusal stands. */
static NDIS_STATUS to_bindings(struct ndis_adapter *a, PNET_PNP_EVENT_NOTIFICATION event)
{
	NDIS_STATUS result = NDIS_STATUS_SUCCESS;

	for (unsigned i = 0; i < a->n_bindings; i++) {
		NDIS_STATUS status = ndis_binding_event(a->bindings[i], event);

		if (status != NDIS_STATUS_SUCCESS && result == NDIS_STATUS_SUCCESS)
			result = status;
	}
	return result;
}

/* The next filter that wants to see it passes it on itself, with NdisFNetPnPEvent. */
static NDIS_STATUS climb(struct ndis_layer *from, PNET_PNP_EVENT_NOTIFICATION event)
{
	NDIS_STATUS status;

	for (struct ndis_layer *l = ndis_stack_above(from); l; l = ndis_stack_above(l)) {
		struct ndis_filter *f = ndis_layer_filter(l);

		if (!f->handlers.NetPnPEventHandler)
			continue;
		NDIS_CALLBACK(&l->object, "FilterNetPnPEvent",
			      status = f->handlers.NetPnPEventHandler(l->context, event));
		return status;
	}
	return to_bindings(from->adapter, event);
}

NDIS_STATUS ndis_net_event(struct ndis_layer *from, PNET_PNP_EVENT_NOTIFICATION event)
{
	NDIS_STATUS status;

	ndis_pnp_lock();
	status = climb(from, event);
	ndis_pnp_unlock();
	return status;
}

NDIS_STATUS NdisFNetPnPEvent(NDIS_HANDLE NdisFilterHandle,
			     PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	NDIS_CALLED(NdisFilterHandle);
	return ndis_net_event(NdisFilterHandle, NetPnPEventNotification);
}

void ndis_protocol_binds_complete(struct ndis_image *image)
{
	NET_PNP_EVENT_NOTIFICATION event = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
		.NetPnPEvent.NetEvent = NetEventBindsComplete,
	};
	struct ndis_protocol_driver *p = image->protocol;

	ndis_pnp_lock();
	if (p && !p->told_complete) {
		p->told_complete = true;
		NDIS_CALLBACK(&p->object, "ProtocolNetPnPEvent",
			      p->handlers.NetPnPEventHandler(NULL, &event));
	}
	ndis_pnp_unlock();
}

/* ---- down ---- */

/* Everything below 'layer' (NULL: the whole stack of 'a'). */
static void descend(struct ndis_adapter *a, struct ndis_layer *layer, PNET_DEVICE_PNP_EVENT event)
{
	layer = layer ? ndis_stack_below(layer) : ndis_stack_top(a);
	for (; layer; layer = ndis_stack_below(layer)) {
		struct ndis_filter *f = ndis_layer_filter(layer);

		if (layer->object.kind == NDIS_OBJECT_MINIPORT) {
			if (!a->shut_down)
				NDIS_CALLBACK(&layer->object, "MiniportDevicePnPEventNotify",
					      a->driver->handlers.DevicePnPEventNotifyHandler(
						      layer->context, event));
			return;
		}
		if (!f->handlers.DevicePnPEventNotifyHandler)
			continue;
		NDIS_CALLBACK(&layer->object, "FilterDevicePnPEventNotify",
			      f->handlers.DevicePnPEventNotifyHandler(layer->context, event));
		return;
	}
}

VOID NdisFDevicePnPEventNotify(NDIS_HANDLE NdisFilterHandle, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	struct ndis_layer *layer = NdisFilterHandle;

	NDIS_CALLED(NdisFilterHandle);
	descend(layer->adapter, layer, NetDevicePnPEvent);
}

void ndis_device_event(struct ndis_adapter *a, NDIS_DEVICE_PNP_EVENT code, PVOID buffer, ULONG length)
{
	NET_DEVICE_PNP_EVENT event = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_NET_DEVICE_PNP_EVENT_REVISION_1,
			    NDIS_SIZEOF_NET_DEVICE_PNP_EVENT_REVISION_1 },
		.DevicePnPEvent = code,
		.InformationBuffer = buffer,
		.InformationBufferLength = length,
	};

	descend(a, NULL, &event);
}

void ndis_adapter_surprise_remove(struct ndis_adapter *a)
{
	ndis_pnp_lock();
	a->surprise = true;
	ndis_device_event(a, NdisDevicePnPEventSurpriseRemoved, NULL, 0);
	atomic_store(&a->removed, true);
	ndis_pnp_unlock();
}

void ndis_adapter_shutdown(struct ndis_adapter *a)
{
	ndis_pnp_lock();
	if (!atomic_exchange(&a->shut_down, true)) {
		ndis_stack_connect(a);   /* first, so that the shutdown is the last call */
		NDIS_CALLBACK(&a->layer.object, "MiniportShutdownEx",
			      a->driver->handlers.ShutdownHandlerEx(a->layer.context,
								    NdisShutdownPowerOff));
	}
	ndis_layer_set_state(&a->layer, NDIS_DOWN);
	ndis_pnp_unlock();
}

static bool is_from_630(UCHAR major, UCHAR minor)
{
	return NDIS_VERSION(major, minor) >= NDIS_VERSION(6, 30);
}

/* A56: the miniport asks for it, and the whole stack is made for it. */
static bool sleeps_unpaused(const struct ndis_adapter *a)
{
	bool does = a->attributes.flags & NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND &&
		    ndis_version(a) >= NDIS_VERSION(6, 30);

	for (unsigned i = 0; i < a->n_modules; i++)
		does &= is_from_630(a->modules[i]->driver->handlers.MajorNdisVersion,
				    a->modules[i]->driver->handlers.MinorNdisVersion);
	for (unsigned i = 0; i < a->n_bindings; i++)
		does &= is_from_630(a->bindings[i]->protocol->handlers.MajorNdisVersion,
				    a->bindings[i]->protocol->handlers.MinorNdisVersion);
	return does;
}

/* To a low power state and back: what runs is paused first, and runs again last. */
static NDIS_STATUS set_power(struct ndis_adapter *a, NDIS_DEVICE_POWER_STATE state)
{
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = NdisRequestSetInformation,
	};
	NET_PNP_EVENT_NOTIFICATION event = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
		.NetPnPEvent = { .NetEvent = NetEventSetPower, .Buffer = &state,
				 .BufferLength = sizeof(state) },
	};
	bool ran = ndis_layer_state(&a->layer) == NDIS_RUNNING;
	NDIS_STATUS status;

	r.DATA.SET_INFORMATION.Oid = OID_PNP_SET_POWER;
	r.DATA.SET_INFORMATION.InformationBuffer = &state;
	r.DATA.SET_INFORMATION.InformationBufferLength = sizeof(state);
	if (state != NdisDeviceStateD0) {
		ndis_net_event(&a->layer, &event);
		if (!sleeps_unpaused(a))
			ndis_stack_pause(a, NDIS_PAUSE_LOW_POWER);
		status = ndis_oid_wait(a, NULL, &r);
		/* One that does not sleep goes on. */
		if (status != NDIS_STATUS_SUCCESS && ran)
			ndis_stack_restart(a);
		return status;
	}
	status = ndis_oid_wait(a, NULL, &r);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	ndis_net_event(&a->layer, &event);
	return ndis_stack_restart(a);
}

int ndis_adapter_set_power(struct ndis_adapter *a, unsigned d_state, struct error *err)
{
	NDIS_STATUS status;

	if (d_state > 3)
		return error_set(err, EINVAL, "adapter %s: there is no power state D%u, only D0 to D3",
				 a->layer.object.name, d_state);
	ndis_pnp_lock();
	status = set_power(a, (NDIS_DEVICE_POWER_STATE)(NdisDeviceStateD0 + d_state));
	ndis_pnp_unlock();
	if (status == NDIS_STATUS_SUCCESS)
		return 0;
	return error_set(err, EIO, "adapter %s: D%u is refused with status 0x%08x",
			 a->layer.object.name, d_state, (unsigned)status);
}
