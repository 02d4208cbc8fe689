/* SPDX-License-Identifier: BSD-2-Clause */
/* The OIDs that set and clear filters (D). Whether a set of tests is one that the
 * hardware can make is the miniport's to say; what it never advertised is ours. */
#include "ndis/receive_filter_cache.h"
#include "ndis/task_offload.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_ID_AT offsetof(NDIS_RECEIVE_FILTER_PARAMETERS, FilterId)

const struct rf_layout rf_filter_parameters_layout = {
	"NDIS_RECEIVE_FILTER_PARAMETERS", 2, sizeof(NDIS_RECEIVE_FILTER_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 },
};

static const struct rf_layout field_layout = {
	"NDIS_RECEIVE_FILTER_FIELD_PARAMETERS", 2,
	sizeof(NDIS_RECEIVE_FILTER_FIELD_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2 },
};

static const struct rf_layout clear_layout = {
	"NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS", 1,
	sizeof(NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 },
};

/* X(frame header, its capability bit, where its fields are advertised) */
#define RF_HEADERS(X)                                                                       \
	X(Mac,  NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,  SupportedMacHeaderFields)        \
	X(Arp,  NDIS_RECEIVE_FILTER_ARP_HEADER_SUPPORTED,  SupportedARPHeaderFields)        \
	X(IPv4, NDIS_RECEIVE_FILTER_IPV4_HEADER_SUPPORTED, SupportedIPv4HeaderFields)       \
	X(IPv6, NDIS_RECEIVE_FILTER_IPV6_HEADER_SUPPORTED, SupportedIPv6HeaderFields)       \
	X(Udp,  NDIS_RECEIVE_FILTER_UDP_HEADER_SUPPORTED,  SupportedUdpHeaderFields)

/* The fields that may be tested in 'header', one bit each; 0 when none may. */
static ULONG fields_of(const NDIS_RECEIVE_FILTER_CAPABILITIES *c, ULONG header)
{
	switch (header) {
#define X(name, bit, fields) \
	case NdisFrameHeader##name: return c->SupportedHeaders & (bit) ? c->fields : 0;
	RF_HEADERS(X)
#undef X
	default: return 0;
	}
}

/* Enums and their capability bits are numbered alike: value n is bit n - 1. */
static bool advertised(ULONG bits, ULONG value)
{
	return value && value <= 32 && bits >> (value - 1) & 1;
}

#define INVALID       NDIS_STATUS_INVALID_PARAMETER
#define UNTAGGED_ONLY NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO

/* Element 'i' of the field array. */
static NDIS_STATUS field_check(const struct rf_call *call, unsigned i,
			       const NDIS_RECEIVE_FILTER_FIELD_PARAMETERS *p)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c = rf_current(call);
	/* The union's members are enums of one size; any of them reads the number. */
	ULONG field = (ULONG)p->HeaderField.MacHeaderField;
	ULONG fields = fields_of(c, (ULONG)p->FrameHeader);

	if (p->Flags & ~(ULONG)UNTAGGED_ONLY)
		return rf_refuse(call, INVALID, "Flags of field %u is 0x%x, must be 0 or 0x%x", i,
				 (unsigned)p->Flags, UNTAGGED_ONLY);
	if (p->Flags && p->FrameHeader != NdisFrameHeaderMac)
		return rf_refuse(call, INVALID, "Flags of field %u is 0x%x, must be 0 outside the MAC "
				 "header", i, (unsigned)p->Flags);
	if (!advertised(c->SupportedFilterTests, (ULONG)p->ReceiveFilterTest))
		return rf_refuse(call, INVALID, "ReceiveFilterTest of field %u is %d, must be one that "
				 "the adapter has (SupportedFilterTests 0x%x)", i,
				 (int)p->ReceiveFilterTest, (unsigned)c->SupportedFilterTests);
	if (!fields)
		return rf_refuse(call, INVALID, "FrameHeader of field %u is %d, must be one that the "
				 "adapter has (SupportedHeaders 0x%x)", i, (int)p->FrameHeader,
				 (unsigned)c->SupportedHeaders);
	if (!advertised(fields, field))          /* D7, D11 */
		return rf_refuse(call, INVALID, "HeaderField of field %u is %u, must be one that the "
				 "adapter has of this header (0x%x)", i, (unsigned)field,
				 (unsigned)fields);
	return NDIS_STATUS_SUCCESS;
}

/* Every element of the field array. */
static NDIS_STATUS fields_check(const struct rf_call *call,
				const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field;
	bool vlan = false, untagged = false;
	NDIS_STATUS status;

	for (ULONG i = 0; i < p->FieldParametersArrayNumElements; i++) {
		status = rf_call_take_at(call, p->FieldParametersArrayOffset +
						       i * p->FieldParametersArrayElementSize,
					 p->FieldParametersArrayElementSize, &field_layout, &field);
		if (status == NDIS_STATUS_SUCCESS)
			status = field_check(call, (unsigned)i, &field);
		if (status != NDIS_STATUS_SUCCESS)
			return status;
		untagged |= field.Flags != 0;
		vlan |= field.FrameHeader == NdisFrameHeaderMac &&
			field.HeaderField.MacHeaderField == NdisMacHeaderFieldVlanId;
	}
	/* D14: "no VLAN" and "this VLAN" at once match nothing. */
	if (vlan && untagged)
		return rf_refuse(call, INVALID, "a field has the flag VLAN_UNTAGGED_OR_ZERO, must be "
				 "without where another tests the VLAN id");
	return NDIS_STATUS_SUCCESS;
}

/* The filter's own members (D8, D24); a filter without a test would take every frame. */
static NDIS_STATUS filter_check(const struct rf_call *call, const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	bool coalescing = p->FilterType == NdisReceiveFilterTypePacketCoalescing;

	if (p->FilterType != NdisReceiveFilterTypeVMQueue && !coalescing)
		return rf_refuse(call, INVALID, "FilterType is %d, must be %d (VMQueue) or %d (packet "
				 "coalescing)", (int)p->FilterType, (int)NdisReceiveFilterTypeVMQueue,
				 (int)NdisReceiveFilterTypePacketCoalescing);
	if (coalescing && p->QueueId != NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		return rf_refuse(call, INVALID, "QueueId is %u, must be 0 for packet coalescing",
				 (unsigned)p->QueueId);
	if (p->Flags & ~(ULONG)NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION)
		return rf_refuse(call, INVALID, "Flags is 0x%x, must be 0 or 0x%x", (unsigned)p->Flags,
				 NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION);
	if (p->Flags && !ndis_task_offload_finds_inner(call->cache->adapter))   /* D12 */
		return rf_refuse(call, INVALID, "Flags is 0x%x, must be 0: the adapter did not "
				 "advertise VmqSupported for encapsulated packets", (unsigned)p->Flags);
	if (p->RequestedFilterIdBitCount)
		return rf_refuse(call, INVALID, "RequestedFilterIdBitCount is %u, must be 0",
				 (unsigned)p->RequestedFilterIdBitCount);
	if (p->VPortId != NDIS_DEFAULT_VPORT_ID)
		return rf_refuse(call, INVALID, "VPortId is %u, must be 0 without SR-IOV",
				 (unsigned)p->VPortId);
	if (!p->FieldParametersArrayNumElements)
		return rf_refuse(call, INVALID,
				 "FieldParametersArrayNumElements is 0, must be 1 or more");
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS full(const struct rf_call *call, unsigned have, unsigned most)
{
	return have < most ? NDIS_STATUS_SUCCESS
			   : rf_refuse(call, NDIS_STATUS_RESOURCES,
				       "%u filters are set, must be less than %u", have, most);
}

/* Whether the adapter filters this way at all, and has room for one more (D30). */
static NDIS_STATUS room_check(const struct rf_call *call, const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c = rf_current(call);
	unsigned have = call->cache->n_filters[p->FilterType];

	if (p->FilterType == NdisReceiveFilterTypeVMQueue) {
		if (!(c->EnabledFilterTypes & NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED))
			return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
					 "the adapter has no VMQ filters enabled");
		return full(call, have, c->MaxMacHeaderFilters);
	}
	if (!(c->EnabledFilterTypes & NDIS_RECEIVE_FILTER_PACKET_COALESCING_FILTERS_ENABLED))
		return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
				 "the adapter has no packet coalescing filters enabled");
	if (p->FieldParametersArrayNumElements > c->MaxFieldTestsPerPacketCoalescingFilter)
		return rf_refuse(call, INVALID, "FieldParametersArrayNumElements is %u, must be at most %u",
				 (unsigned)p->FieldParametersArrayNumElements,
				 (unsigned)c->MaxFieldTestsPerPacketCoalescingFilter);
	return full(call, have, c->MaxPacketCoalescingFilters);
}

/* The queue, if the caller may set a filter on it now (C9, D27). */
static NDIS_STATUS queue_for_filter(const struct rf_call *call, NDIS_RECEIVE_QUEUE_ID id,
				    struct rf_queue **queue)
{
	if (id != NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		return rf_queue_own(call, id, queue);
	*queue = &call->cache->default_queue;
	return NDIS_STATUS_SUCCESS;
}

/* A filter with an id, not yet on its queue. */
static struct rf_filter *filter_new(const struct rf_call *call,
				    const NDIS_RECEIVE_FILTER_PARAMETERS *p, ULONG length)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_filter *n = malloc(sizeof(*n) + length);

	if (!n)
		return NULL;
	n->id = f->filter_ids ? id_pool_take(f->filter_ids) : 0;
	if (!n->id) {
		free(n);
		return NULL;
	}
	n->type = p->FilterType;
	n->owner = call->binding;
	n->length = length;
	n->criteria = (struct vmq_criteria){ 0 };
	memcpy(n->bytes, call->buffer, length);
	memcpy(n->bytes + FILTER_ID_AT, &n->id, sizeof(n->id));
	return n;
}

void rf_filter_destroy(struct rf_filter *n)
{
	if (!n)
		return;
	criteria_free(&n->criteria);
	free(n);
}

static void filter_free(struct ndis_receive_filters *f, struct rf_filter *n)
{
	id_pool_give(f->filter_ids, n->id);
	rf_filter_destroy(n);
}

/* A VMQ filter of the default queue is looked for by NDIS too, where several bindings share
 * that queue's frames. FALSE: no memory. */
static bool filter_read(const struct rf_call *call, struct rf_filter *n,
			struct vmq_classifier **made)
{
	const NDIS_RECEIVE_FILTER_PARAMETERS *p = (const NDIS_RECEIVE_FILTER_PARAMETERS *)n->bytes;

	if (n->type == NdisReceiveFilterTypeVMQueue &&
	    criteria_read(p, &n->criteria, NULL) == -ENOMEM)
		return false;
	return rf_default_set_begin(call, n, made);
}

NDIS_STATUS rf_set_filter_begin(struct rf_call *call)
{
	struct vmq_classifier *made = NULL;
	NDIS_RECEIVE_FILTER_PARAMETERS p;
	struct rf_filter *n;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size, end;

	status = rf_call_take(call, &rf_filter_parameters_layout, &p, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_array(call, size, p.FieldParametersArrayOffset,
				       p.FieldParametersArrayNumElements,
				       p.FieldParametersArrayElementSize, field_layout.size[0], &end);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_room(call, size);
	if (status == NDIS_STATUS_SUCCESS)
		status = queue_for_filter(call, p.QueueId, &q);   /* D29 */
	if (status == NDIS_STATUS_SUCCESS)
		status = filter_check(call, &p);
	if (status == NDIS_STATUS_SUCCESS)
		status = room_check(call, &p);
	if (status == NDIS_STATUS_SUCCESS)
		status = fields_check(call, &p);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	n = filter_new(call, &p, end);
	if (!n)
		return rf_refuse(call, NDIS_STATUS_RESOURCES, "no memory, or no filter id");
	if (q == &call->cache->default_queue && !filter_read(call, n, &made)) {
		filter_free(call->cache, n);
		return rf_refuse(call, NDIS_STATUS_RESOURCES, "no memory");
	}
	call->cache->pending = (struct rf_pending){
		.queue = q, .filter = n, .classifier = made, .caller_id = p.FilterId, .used = end,
	};
	memcpy(call->buffer + FILTER_ID_AT, &n->id, sizeof(n->id));   /* D25 */
	return NDIS_STATUS_SUCCESS;
}

void rf_set_filter_end(struct rf_call *call, NDIS_STATUS status)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_filter *n = f->pending.filter;
	struct rf_queue *q = f->pending.queue;

	if (q == &f->default_queue)
		rf_default_set_end(call, f->pending.classifier, status == NDIS_STATUS_SUCCESS);
	if (status != NDIS_STATUS_SUCCESS) {
		memcpy(call->buffer + FILTER_ID_AT, &f->pending.caller_id, sizeof(n->id));
		filter_free(f, n);
		return;
	}
	memcpy(call->buffer + FILTER_ID_AT, &n->id, sizeof(n->id));
	n->queue = q;
	f->filters[n->id] = n;
	f->n_filters[n->type]++;
	TAILQ_INSERT_TAIL(&q->filters, n, link);
	q->n_filters++;
	rf_queue_move(q, VMQ_EVENT_SET_FILTER);
}

NDIS_STATUS rf_clear_filter_begin(struct rf_call *call)
{
	struct ndis_receive_filters *f = call->cache;
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS p;
	struct vmq_classifier *before = NULL;
	struct rf_filter *n;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &clear_layout, &p, &size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	n = p.FilterId <= f->max_filters ? f->filters[p.FilterId] : NULL;
	if (!n || n->queue->id != p.QueueId)            /* D31 */
		return rf_refuse(call, NDIS_STATUS_FILE_NOT_FOUND, "FilterId is %u, must be that of a "
				 "filter which is set on queue %u", (unsigned)p.FilterId,
				 (unsigned)p.QueueId);
	if (n->owner != call->binding)
		return rf_refuse(call, INVALID, "FilterId is %u, must be that of a filter which the "
				 "caller set", (unsigned)p.FilterId);
	if (n->queue == &f->default_queue && !rf_default_clear_begin(call, n, &before))
		return rf_refuse(call, NDIS_STATUS_RESOURCES, "no memory");
	f->pending = (struct rf_pending){ .queue = n->queue, .filter = n, .classifier = before,
					  .used = size };
	return NDIS_STATUS_SUCCESS;
}

void rf_clear_filter_end(struct rf_call *call, NDIS_STATUS status)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_filter *n = f->pending.filter;
	struct rf_queue *q = f->pending.queue;

	if (q == &f->default_queue)
		rf_default_clear_end(call, f->pending.classifier, status == NDIS_STATUS_SUCCESS);
	if (status != NDIS_STATUS_SUCCESS)
		return;
	TAILQ_REMOVE(&q->filters, n, link);
	q->n_filters--;
	f->n_filters[n->type]--;
	f->filters[n->id] = NULL;
	filter_free(f, n);
	/* The default queue runs with and without filters (C2). */
	if (q != &f->default_queue)
		rf_queue_move(q, q->n_filters ? VMQ_EVENT_CLEAR_FILTER : VMQ_EVENT_CLEAR_LAST);
}

/* D40: filters move between VPorts, and there are none without SR-IOV. */
NDIS_STATUS rf_move_filter(struct rf_call *call)
{
	return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
			 "filters move between VPorts, and the adapter has no SR-IOV");
}
