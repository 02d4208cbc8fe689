/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue policy: every VM gets a receive queue of its own while the adapter has
 * one, by OIDs in the documented order: ALLOCATE, SET_FILTER for each MAC, and one
 * QUEUE_ALLOCATION_COMPLETE for the batch (C38). A VM without a queue runs on the
 * default queue, and its port says why.
 */
#include "vswitch/switch.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"

/* ---- requests ---- */

static void set_name(NDIS_VM_NAME *to, const char *name)
{
	USHORT n = 0;

	for (; name[n] && n < IF_MAX_STRING_SIZE; n++)
		to->String[n] = (unsigned char)name[n];
	to->Length = (USHORT)(n * sizeof(WCHAR));
}

static NDIS_STATUS allocate(const struct vs_port *port, NDIS_RECEIVE_QUEUE_ID *id)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2 },
		.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION,
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << port->processor },
		.NumSuggestedReceiveBuffers = 512,
		.PortId = port->index,
	};
	NDIS_STATUS status;

	set_name(&p.VmName, port->name);
	set_name(&p.QueueName, port->name);
	status = vs_oid_method(OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p,
			       NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2);
	*id = p.QueueId;
	return status;
}

/* MAC and VLAN, or MAC and "untagged or VLAN 0" (D14, D18). */
static NDIS_STATUS set_filter(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue, unsigned mac)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS p;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field[2];
	} r = {
		.p = {
			.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_PARAMETERS_REVISION_2,
				    NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 },
			.FilterType = NdisReceiveFilterTypeVMQueue,
			.QueueId = queue,
			.FieldParametersArrayNumElements = port->vlan ? 2 : 1,
			.FieldParametersArrayElementSize = sizeof(r.field[0]),
		},
	};
	NDIS_STATUS status;

	r.p.FieldParametersArrayOffset = (ULONG)((char *)r.field - (char *)&r);
	for (unsigned i = 0; i < 2; i++) {
		r.field[i].Header = (NDIS_OBJECT_HEADER){
			NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_1,
			NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_1 };
		r.field[i].FrameHeader = NdisFrameHeaderMac;
		r.field[i].ReceiveFilterTest = NdisReceiveFilterTestEqual;
	}
	r.field[0].HeaderField.MacHeaderField = NdisMacHeaderFieldDestinationAddress;
	memcpy(r.field[0].FieldValue.FieldByteArrayValue, port->macs[mac], 6);
	if (!port->vlan)
		r.field[0].Flags = NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO;
	r.field[1].HeaderField.MacHeaderField = NdisMacHeaderFieldVlanId;
	r.field[1].FieldValue.FieldByteArrayValue[0] = (UCHAR)(port->vlan >> 8);   /* D10 */
	r.field[1].FieldValue.FieldByteArrayValue[1] = (UCHAR)port->vlan;
	status = vs_oid_method(OID_RECEIVE_FILTER_SET_FILTER, &r, sizeof(r));
	if (status == NDIS_STATUS_SUCCESS)
		port->filters[port->n_filters++] = r.p.FilterId;
	return status;
}

static void clear_filters(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue)
{
	while (port->n_filters) {
		NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS p = {
			.Header = { NDIS_OBJECT_TYPE_DEFAULT,
				    NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
				    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 },
			.QueueId = queue,
			.FilterId = port->filters[--port->n_filters],
		};
		NDIS_STATUS status =
			vs_oid_set(OID_RECEIVE_FILTER_CLEAR_FILTER, &p, sizeof(p));

		if (status != NDIS_STATUS_SUCCESS)
			log_error("VM %s: clearing a filter failed with status 0x%08x", port->name,
				  (unsigned)status);
	}
}

static void free_queue(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
		.QueueId = queue,
	};
	NDIS_STATUS status;

	clear_filters(port, queue);              /* G1: filters first */
	status = vs_oid_set(OID_RECEIVE_FILTER_FREE_QUEUE, &p, sizeof(p));
	if (status != NDIS_STATUS_SUCCESS)
		log_error("VM %s: freeing queue %u failed with status 0x%08x", port->name,
			  (unsigned)queue, (unsigned)status);
}

/* ---- the batch ---- */

struct batch {
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY header;
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS element[];
};

/* A queue with its filters, not yet complete; 0 when there is none to be had. */
static NDIS_RECEIVE_QUEUE_ID prepare(struct vs_port *port)
{
	NDIS_RECEIVE_QUEUE_ID id;
	NDIS_STATUS status = allocate(port, &id);

	if (status != NDIS_STATUS_SUCCESS) {
		snprintf(port->why, sizeof(port->why),
			 "no queue: ALLOCATE_QUEUE was refused with status 0x%08x", (unsigned)status);
		return 0;
	}
	for (unsigned m = 0; m < port->n_macs; m++) {
		status = set_filter(port, id, m);
		if (status == NDIS_STATUS_SUCCESS)
			continue;
		snprintf(port->why, sizeof(port->why),
			 "no queue: SET_FILTER was refused with status 0x%08x", (unsigned)status);
		free_queue(port, id);
		return 0;
	}
	return id;
}

/* Whether the switch wants a queue for the port at all; says why not. */
static bool wants_queue(struct vs_port *port, unsigned taken)
{
	if (port->internal)
		snprintf(port->why, sizeof(port->why), "the host's own port uses the default queue");
	else if (!vs_switch.filtering ||
		 !(vs_switch.capabilities.EnabledQueueTypes & NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED))
		snprintf(port->why, sizeof(port->why), "the adapter has no VM queues");
	else if (taken == vs_switch.capabilities.NumQueues)
		snprintf(port->why, sizeof(port->why), "no queue left: the adapter has %u",
			 (unsigned)vs_switch.capabilities.NumQueues);
	else
		return true;
	return false;
}

/* The element's queue is the port's from now on, or is given back. */
static void conclude(struct vs_port *port,
		     const NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS *e, NDIS_STATUS status)
{
	if (status == NDIS_STATUS_SUCCESS)
		status = e->CompletionStatus;
	if (status == NDIS_STATUS_SUCCESS) {
		atomic_store(&vs_switch.by_queue[e->QueueId], port);
		atomic_store(&port->queue, e->QueueId);
		port->why[0] = '\0';
		return;
	}
	snprintf(port->why, sizeof(port->why), "no queue: its allocation ended with status 0x%08x",
		 (unsigned)status);
	free_queue(port, e->QueueId);            /* U4 */
}

void vs_queues_create(void)
{
	struct vs_port **of = calloc(vs_switch.n_ports + 1, sizeof(*of));
	size_t element = sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS);
	struct batch *b = calloc(1, sizeof(*b) + (vs_switch.n_ports + 1) * element);
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	unsigned n = 0;

	if (!b || !of) {
		free(b);
		free(of);
		return;
	}
	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vs_port *port = &vs_switch.ports[i];
		NDIS_RECEIVE_QUEUE_ID id = wants_queue(port, n) ? prepare(port) : 0;

		if (!id)
			continue;
		of[n] = port;
		b->element[n].Header = (NDIS_OBJECT_HEADER){
			NDIS_OBJECT_TYPE_DEFAULT,
			NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1,
			NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1 };
		b->element[n++].QueueId = id;
	}
	b->header.Header = (NDIS_OBJECT_HEADER){
		NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1,
		NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1 };
	b->header.FirstElementOffset = (ULONG)((char *)b->element - (char *)b);
	b->header.NumElements = n;
	b->header.ElementSize = (ULONG)element;
	if (n)
		status = vs_oid_method(OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, b,
				       (ULONG)(sizeof(*b) + n * element));
	for (unsigned i = 0; i < n; i++)
		conclude(of[i], &b->element[i], status);
	free(of);
	free(b);
}

void vs_queues_free(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vs_port *port = &vs_switch.ports[i];
		unsigned queue = atomic_exchange(&port->queue, 0);

		if (!queue)
			continue;
		free_queue(port, queue);
		atomic_store(&vs_switch.by_queue[queue], NULL);
	}
}
