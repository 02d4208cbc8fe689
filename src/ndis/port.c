/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NDIS ports (I35 to I37). Port 0 is NDIS's own and always active; a miniport allocates
 * others, activates and deactivates them by a PnP event, and frees them before it halts.
 */
#include "ndis/stack.h"

#include <stdlib.h>

#include "base/log.h"

/* More than that no adapter has; numbers are given from 1. */
#define MAX_PORTS 64

enum port_state { PORT_FREE, PORT_ALLOCATED, PORT_ACTIVE };

struct port {
	atomic_int state;                        /* enum port_state; control writes, senders read */
	NDIS_PORT_CHARACTERISTICS characteristics;
	NDIS_PORT entry;                         /* of the list in the bind parameters */
};

struct ndis_ports {
	pthread_mutex_t lock;
	struct port list[MAX_PORTS];
};

struct ndis_ports *ndis_ports_create(void)
{
	struct ndis_ports *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	atomic_store(&p->list[0].state, PORT_ACTIVE);
	return p;
}

void ndis_ports_control_default(struct ndis_ports *p)
{
	atomic_store(&p->list[0].state, PORT_ALLOCATED);
}

void ndis_ports_destroy(struct ndis_ports *p)
{
	if (!p)
		return;
	for (unsigned i = 1; i < MAX_PORTS; i++)
		if (atomic_load(&p->list[i].state) != PORT_FREE)
			log_warning("NDIS port %u was not freed before the halt (I35)", i);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

unsigned ndis_ports_left(struct ndis_ports *p)
{
	unsigned n = 0;

	for (unsigned i = 1; i < MAX_PORTS; i++)
		n += atomic_load(&p->list[i].state) != PORT_FREE;
	return n;
}

bool ndis_port_is_active(const struct ndis_adapter *a, NDIS_PORT_NUMBER port)
{
	return port < MAX_PORTS &&
	       atomic_load_explicit(&a->ports->list[port].state, memory_order_acquire) == PORT_ACTIVE;
}

PNDIS_PORT ndis_ports_active(struct ndis_ports *p)
{
	PNDIS_PORT first = NULL, *last = &first;

	pthread_mutex_lock(&p->lock);
	for (unsigned i = 0; i < MAX_PORTS; i++) {
		struct port *port = &p->list[i];

		if (atomic_load(&port->state) != PORT_ACTIVE)
			continue;
		port->entry = (NDIS_PORT){ .PortCharacteristics = port->characteristics };
		port->entry.PortCharacteristics.PortNumber = i;
		*last = &port->entry;
		last = &port->entry.Next;
	}
	pthread_mutex_unlock(&p->lock);
	return first;
}

NDIS_STATUS NdisMAllocatePort(NDIS_HANDLE NdisMiniportHandle,
			      PNDIS_PORT_CHARACTERISTICS PortCharacteristics)
{
	struct ndis_adapter *a = NdisMiniportHandle;
	unsigned i = 1;

	NDIS_CALLED(NdisMiniportHandle);
	if (PortCharacteristics->Header.Type != NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS ||
	    PortCharacteristics->Header.Size < NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1) {
		log_error("adapter %s: NdisMAllocatePort: wrong Header.Type or Size",
			  a->layer.object.name);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	pthread_mutex_lock(&a->ports->lock);
	while (i < MAX_PORTS && atomic_load(&a->ports->list[i].state) != PORT_FREE)
		i++;
	if (i < MAX_PORTS) {
		PortCharacteristics->PortNumber = i;
		a->ports->list[i].characteristics = *PortCharacteristics;
		atomic_store(&a->ports->list[i].state, PORT_ALLOCATED);
	}
	pthread_mutex_unlock(&a->ports->lock);
	return i < MAX_PORTS ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

NDIS_STATUS NdisMFreePort(NDIS_HANDLE NdisMiniportHandle, NDIS_PORT_NUMBER PortNumber)
{
	struct ndis_adapter *a = NdisMiniportHandle;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	int state;

	NDIS_CALLED(NdisMiniportHandle);
	if (!PortNumber || PortNumber >= MAX_PORTS)
		return NDIS_STATUS_INVALID_PORT;
	pthread_mutex_lock(&a->ports->lock);
	state = atomic_load(&a->ports->list[PortNumber].state);
	if (state == PORT_FREE)
		status = NDIS_STATUS_INVALID_PORT;
	else if (state == PORT_ACTIVE)
		status = NDIS_STATUS_INVALID_PORT_STATE;
	else
		atomic_store(&a->ports->list[PortNumber].state, PORT_FREE);
	pthread_mutex_unlock(&a->ports->lock);
	return status;
}

/* Whether every port of the list may go from one state to the other: all or none. */
static NDIS_STATUS check_all(struct ndis_ports *p, PNDIS_PORT list, enum port_state from)
{
	if (!list)
		return NDIS_STATUS_INVALID_PARAMETER;
	for (PNDIS_PORT n = list; n; n = n->Next) {
		NDIS_PORT_NUMBER i = n->PortCharacteristics.PortNumber;

		if (i >= MAX_PORTS || atomic_load(&p->list[i].state) == PORT_FREE)
			return NDIS_STATUS_INVALID_PORT;
		if (!i && (n != list || n->Next))
			return NDIS_STATUS_INVALID_PARAMETER;   /* port 0 stands alone */
		if (atomic_load(&p->list[i].state) != (int)from)
			return NDIS_STATUS_INVALID_PORT_STATE;
	}
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS change_all(struct ndis_ports *p, PNDIS_PORT list, enum port_state from,
			      enum port_state to)
{
	NDIS_STATUS status;

	pthread_mutex_lock(&p->lock);
	status = check_all(p, list, from);
	if (status == NDIS_STATUS_SUCCESS)
		for (PNDIS_PORT n = list; n; n = n->Next)
			atomic_store(&p->list[n->PortCharacteristics.PortNumber].state, to);
	pthread_mutex_unlock(&p->lock);
	return status;
}

static bool is_default(PNDIS_PORT list)
{
	return list->PortCharacteristics.PortNumber == NDIS_DEFAULT_PORT_NUMBER;
}

/* I35: with port 0 the protocols come, unless the adapter is not there yet. */
static NDIS_STATUS activate(struct ndis_adapter *a, PNET_PNP_EVENT_NOTIFICATION n)
{
	PNDIS_PORT list = n->NetPnPEvent.Buffer;
	NDIS_STATUS status = change_all(a->ports, list, PORT_ALLOCATED, PORT_ACTIVE);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (!is_default(list)) {
		ndis_net_event(&a->layer, n);
	} else if (ndis_layer_state(&a->layer) != NDIS_STARTING) {
		ndis_pnp_lock();
		ndis_bind_missing(a);
		ndis_pnp_unlock();
	}
	return status;
}

static NDIS_STATUS deactivate(struct ndis_adapter *a, PNET_PNP_EVENT_NOTIFICATION n)
{
	PNDIS_PORT list = n->NetPnPEvent.Buffer;
	NDIS_STATUS status;

	pthread_mutex_lock(&a->ports->lock);
	status = check_all(a->ports, list, PORT_ACTIVE);
	pthread_mutex_unlock(&a->ports->lock);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (!is_default(list)) {
		ndis_net_event(&a->layer, n);
	} else {
		ndis_pnp_lock();
		ndis_unbind_all(a);
		ndis_pnp_unlock();
	}
	return change_all(a->ports, list, PORT_ACTIVE, PORT_ALLOCATED);
}

/* I36: active before the protocols hear of it; inactive only after they have. */
NDIS_STATUS NdisMNetPnPEvent(NDIS_HANDLE MiniportAdapterHandle,
			     PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	NDIS_CALLED(MiniportAdapterHandle);
	switch (NetPnPEventNotification->NetPnPEvent.NetEvent) {
	case NetEventPortActivation:
		return activate(a, NetPnPEventNotification);
	case NetEventPortDeactivation:
		return deactivate(a, NetPnPEventNotification);
	default:
		return ndis_net_event(&a->layer, NetPnPEventNotification);
	}
}
