/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queue policy: every VM gets a receive queue of its own while the adapter has
 * one, by OIDs in the documented order: ALLOCATE, SET_FILTER for each MAC, and one
 * QUEUE_ALLOCATION_COMPLETE for the batch (C38). A VM without a queue runs on the
 * default queue, and its port says why.
 */
#include "vswitch/switch.h"

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

/* What a queue is to do, besides its processor. */
static ULONG flags_of(bool per_queue, ULONG lookahead)
{
	return (per_queue ? NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION : 0) |
	       (lookahead ? NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED : 0);
}

static NDIS_STATUS allocate_with(const struct vs_port *port, NDIS_RECEIVE_QUEUE_ID *id,
				 const struct vs_patience *patience)
{
	ULONG lookahead = atomic_load(&port->lookahead);
	NDIS_RECEIVE_QUEUE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2 },
		.Flags = flags_of(atomic_load(&port->per_queue), lookahead),
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << atomic_load(&port->processor) },
		.NumSuggestedReceiveBuffers = 512,
		.LookaheadSize = lookahead,
		.PortId = port->index,
	};
	NDIS_STATUS status;

	set_name(&p.VmName, port->name);
	set_name(&p.QueueName, port->name);
	status = vs_oid_method(OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p,
			       NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2, patience);
	*id = p.QueueId;
	return status;
}

/* Split where the adapter can; where it cannot after all, whole frames in host memory (E26). */
static NDIS_STATUS allocate(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID *id,
			    const struct vs_patience *patience)
{
	NDIS_STATUS status;

	atomic_store(&port->lookahead, vs_switch.lookahead);
	status = allocate_with(port, id, patience);
	if (status != NDIS_STATUS_INVALID_PARAMETER || !vs_switch.lookahead)
		return status;
	atomic_store(&port->lookahead, 0);
	return allocate_with(port, id, patience);
}

/* MAC and VLAN, or MAC and "untagged or VLAN 0" (D14, D18). */
static NDIS_STATUS set_filter(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue, unsigned mac,
			      const struct vs_patience *patience)
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
	status = vs_oid_method(OID_RECEIVE_FILTER_SET_FILTER, &r, sizeof(r), patience);
	if (status == NDIS_STATUS_SUCCESS)
		port->filters[port->n_filters++] = r.p.FilterId;
	return status;
}

/* The filters from number 'port->n_filters' on, as they were made. */
static NDIS_STATUS set_filters(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue,
			       const struct vs_patience *patience)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	while (port->n_filters < port->n_macs && status == NDIS_STATUS_SUCCESS)
		status = set_filter(port, queue, port->n_filters, patience);
	return status;
}

/* The last first; what could not be cleared stays in the list. */
static NDIS_STATUS clear_filters(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue,
				 const struct vs_patience *patience)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	while (port->n_filters && status == NDIS_STATUS_SUCCESS) {
		NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS p = {
			.Header = { NDIS_OBJECT_TYPE_DEFAULT,
				    NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
				    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 },
			.QueueId = queue,
			.FilterId = port->filters[port->n_filters - 1],
		};

		status = vs_oid_set(OID_RECEIVE_FILTER_CLEAR_FILTER, &p, sizeof(p), patience);
		if (status == NDIS_STATUS_SUCCESS)
			port->n_filters--;
	}
	return status;
}

static NDIS_STATUS free_queue(NDIS_RECEIVE_QUEUE_ID queue, const struct vs_patience *patience)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
		.QueueId = queue,
	};

	return vs_oid_set(OID_RECEIVE_FILTER_FREE_QUEUE, &p, sizeof(p), patience);
}

NDIS_STATUS vs_queue_free(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue,
			  const struct vs_patience *patience, const char **what)
{
	NDIS_STATUS status = clear_filters(port, queue, patience);   /* G1: filters first */

	*what = "clearing a filter";
	if (status == NDIS_STATUS_SUCCESS) {
		*what = "freeing the queue";
		status = free_queue(queue, patience);
	}
	if (status != NDIS_STATUS_SUCCESS && set_filters(port, queue, patience) != NDIS_STATUS_SUCCESS)
		log_error("VM %s: queue %u could not be freed, and has lost filters", port->name,
			  (unsigned)queue);
	return status;
}

/* At an end nothing is put back: what can be taken away is. */
static void abandon(struct vs_port *port, NDIS_RECEIVE_QUEUE_ID queue,
		    const struct vs_patience *patience)
{
	NDIS_STATUS status = clear_filters(port, queue, patience);

	if (status != NDIS_STATUS_SUCCESS)
		log_error("VM %s: clearing a filter failed with status 0x%08x", port->name,
			  (unsigned)status);
	port->n_filters = 0;
	status = free_queue(queue, patience);
	if (status != NDIS_STATUS_SUCCESS)
		log_error("VM %s: freeing queue %u failed with status 0x%08x", port->name,
			  (unsigned)queue, (unsigned)status);
}

NDIS_STATUS vs_queue_change(const struct vs_port *port, ULONG flags, unsigned processor,
			    bool per_queue, const struct vs_patience *patience)
{
	ULONG lookahead = atomic_load(&port->lookahead);
	NDIS_RECEIVE_QUEUE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2 },
		.Flags = flags | flags_of(per_queue, lookahead),
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.QueueId = atomic_load(&port->queue),
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << processor },
		.LookaheadSize = lookahead,
	};

	return vs_oid_set(OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &p,
			  NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2, patience);
}

/* ---- the batch ---- */

struct batch {
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY header;
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS element[];
};

/* A queue with its filters, not yet complete; 0 when there is none to be had. */
static NDIS_RECEIVE_QUEUE_ID prepare(struct vs_port *port, const struct vs_patience *patience)
{
	NDIS_RECEIVE_QUEUE_ID id;
	NDIS_STATUS status = allocate(port, &id, patience);

	if (status != NDIS_STATUS_SUCCESS) {
		vs_reason_set(port, VS_REASON_NO_ALLOCATE, (unsigned)status);
		return 0;
	}
	vs_provider_queue(port, id);
	status = set_filters(port, id, patience);
	if (status == NDIS_STATUS_SUCCESS)
		return id;
	vs_reason_set(port, VS_REASON_NO_FILTER, (unsigned)status);
	abandon(port, id, patience);
	return 0;
}

bool vs_has_queues(void)
{
	return vs_switch.filtering &&
	       vs_switch.capabilities.EnabledQueueTypes & NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED;
}

/* Whether the switch wants a queue for the port at all; says why not. */
static bool wants_queue(struct vs_port *port, unsigned taken)
{
	if (port->internal)
		vs_reason_set(port, VS_REASON_HOSTS_OWN, 0);
	else if (!atomic_load(&vs_switch.binding))
		vs_reason_set(port, VS_REASON_NO_ADAPTER, 0);
	else if (!vs_has_queues())
		vs_reason_set(port, VS_REASON_NO_QUEUES, 0);
	else if (taken >= vs_switch.capabilities.NumQueues)
		vs_reason_set(port, VS_REASON_NONE_LEFT, vs_switch.capabilities.NumQueues);
	else
		return true;
	return false;
}

/* The element's queue is the port's from now on, or is given back. */
static void conclude(struct vs_port *port,
		     const NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS *e, NDIS_STATUS status,
		     const struct vs_patience *patience)
{
	if (status == NDIS_STATUS_SUCCESS)
		status = e->CompletionStatus;
	if (status == NDIS_STATUS_SUCCESS) {
		atomic_store(&port->dma_stopped, false);
		atomic_store(&vs_switch.by_queue[e->QueueId], port);
		atomic_store(&port->queue, e->QueueId);
		vs_reason_set(port, VS_REASON_NONE, 0);
		return;
	}
	vs_reason_set(port, VS_REASON_NO_COMPLETE, (unsigned)status);
	abandon(port, e->QueueId, patience);     /* U4 */
}

/* What was prepared for the 'n' ports of 'of', together (C38). */
static void complete(struct vs_port **of, struct batch *b, unsigned n,
		     const struct vs_patience *patience)
{
	size_t element = sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS);
	NDIS_STATUS status;

	b->header.Header = (NDIS_OBJECT_HEADER){
		NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1,
		NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1 };
	b->header.FirstElementOffset = (ULONG)((char *)b->element - (char *)b);
	b->header.NumElements = n;
	b->header.ElementSize = (ULONG)element;
	status = vs_oid_method(OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, b,
			       (ULONG)(sizeof(*b) + n * element), patience);
	for (unsigned i = 0; i < n; i++)
		conclude(of[i], &b->element[i], status, patience);
}

static unsigned queues_taken(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		n += atomic_load(&vs_switch.ports[i].queue) != 0;
	return n;
}

/* Queues for 'n' ports that have none, as far as there are. */
static void create(struct vs_port *ports, unsigned n_ports, const struct vs_patience *patience)
{
	struct vs_port **of = calloc(n_ports + 1, sizeof(*of));
	struct batch *b = calloc(1, sizeof(*b) + (n_ports + 1) * sizeof(b->element[0]));
	unsigned n = 0, taken = queues_taken();

	for (unsigned i = 0; b && of && i < n_ports; i++) {
		struct vs_port *port = &ports[i];
		NDIS_RECEIVE_QUEUE_ID id = wants_queue(port, taken + n) ? prepare(port, patience) : 0;

		if (!id)
			continue;
		of[n] = port;
		b->element[n].Header = (NDIS_OBJECT_HEADER){
			NDIS_OBJECT_TYPE_DEFAULT,
			NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1,
			NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1 };
		b->element[n++].QueueId = id;
	}
	if (n)
		complete(of, b, n, patience);
	free(of);
	free(b);
}

void vs_queues_create(void)
{
	create(vs_switch.ports, vs_switch.n_ports, NULL);
}

void vs_queue_create(struct vs_port *port, const struct vs_patience *patience)
{
	create(port, 1, patience);
}

void vs_queues_free(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vs_port *port = &vs_switch.ports[i];
		unsigned queue = atomic_exchange(&port->queue, 0);

		if (!queue)
			continue;
		abandon(port, queue, NULL);
		atomic_store(&vs_switch.by_queue[queue], NULL);
	}
}
