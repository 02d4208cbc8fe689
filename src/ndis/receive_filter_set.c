/* SPDX-License-Identifier: BSD-2-Clause */
/* The OIDs that set and clear filters (D). Whether a set of tests is one that the
 * hardware can make is the miniport's to say; what it never advertised is ours. */
#include "ndis/receive_filter_cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define FILTER_ID_AT offsetof(NDIS_RECEIVE_FILTER_PARAMETERS, FilterId)

const struct rf_layout rf_filter_parameters_layout = {
	2, sizeof(NDIS_RECEIVE_FILTER_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 },
};

static const struct rf_layout field_layout = {
	2, sizeof(NDIS_RECEIVE_FILTER_FIELD_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2 },
};

static const struct rf_layout clear_layout = {
	1, sizeof(NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS),
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

static bool field_valid(const NDIS_RECEIVE_FILTER_CAPABILITIES *c,
			const NDIS_RECEIVE_FILTER_FIELD_PARAMETERS *p)
{
	/* The union's members are enums of one size; any of them reads the number. */
	ULONG field = (ULONG)p->HeaderField.MacHeaderField;

	if (p->Flags & ~NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO ||
	    (p->Flags && p->FrameHeader != NdisFrameHeaderMac))
		return false;
	return advertised(c->SupportedFilterTests, (ULONG)p->ReceiveFilterTest) &&
	       advertised(fields_of(c, (ULONG)p->FrameHeader), field);   /* D7, D11 */
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
		if (status != NDIS_STATUS_SUCCESS)
			return status;
		if (!field_valid(rf_current(call), &field))
			return NDIS_STATUS_INVALID_PARAMETER;
		untagged |= field.Flags != 0;
		vlan |= field.FrameHeader == NdisFrameHeaderMac &&
			field.HeaderField.MacHeaderField == NdisMacHeaderFieldVlanId;
	}
	/* D14: "no VLAN" and "this VLAN" at once match nothing. */
	return vlan && untagged ? NDIS_STATUS_INVALID_PARAMETER : NDIS_STATUS_SUCCESS;
}

/* The filter's own members (D8, D24); a filter without a test would take every frame. */
static bool filter_valid(const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	bool coalescing = p->FilterType == NdisReceiveFilterTypePacketCoalescing;

	if (p->FilterType != NdisReceiveFilterTypeVMQueue && !coalescing)
		return false;
	if (coalescing && p->QueueId != NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		return false;
	return !(p->Flags & ~NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION) &&
	       !p->RequestedFilterIdBitCount && p->VPortId == NDIS_DEFAULT_VPORT_ID &&
	       p->FieldParametersArrayNumElements;
}

/* Whether the adapter filters this way at all, and has room for one more (D30). */
static NDIS_STATUS room_check(const struct rf_call *call, const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c = rf_current(call);
	unsigned have = call->cache->n_filters[p->FilterType];

	if (p->FilterType == NdisReceiveFilterTypeVMQueue) {
		if (!(c->EnabledFilterTypes & NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED))
			return NDIS_STATUS_NOT_SUPPORTED;
		return have < c->MaxMacHeaderFilters ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
	}
	if (!(c->EnabledFilterTypes & NDIS_RECEIVE_FILTER_PACKET_COALESCING_FILTERS_ENABLED))
		return NDIS_STATUS_NOT_SUPPORTED;
	if (p->FieldParametersArrayNumElements > c->MaxFieldTestsPerPacketCoalescingFilter)
		return NDIS_STATUS_INVALID_PARAMETER;
	return have < c->MaxPacketCoalescingFilters ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

/* The queue, if the caller may set a filter on it now (C9, D27). */
static struct rf_queue *queue_for_filter(const struct rf_call *call, NDIS_RECEIVE_QUEUE_ID id)
{
	if (id == NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		return &call->cache->default_queue;
	return rf_queue_own(call, id);
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
	memcpy(n->bytes, call->buffer, length);
	memcpy(n->bytes + FILTER_ID_AT, &n->id, sizeof(n->id));
	return n;
}

static void filter_free(struct ndis_receive_filters *f, struct rf_filter *n)
{
	id_pool_give(f->filter_ids, n->id);
	free(n);
}

NDIS_STATUS rf_set_filter_begin(struct rf_call *call)
{
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
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q = queue_for_filter(call, p.QueueId);
	if (!q || !filter_valid(&p))
		return NDIS_STATUS_INVALID_PARAMETER;   /* D29 */
	status = room_check(call, &p);
	if (status == NDIS_STATUS_SUCCESS)
		status = fields_check(call, &p);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	n = filter_new(call, &p, end);
	if (!n)
		return NDIS_STATUS_RESOURCES;
	call->cache->pending = (struct rf_pending){
		.queue = q, .filter = n, .caller_id = p.FilterId, .used = end,
	};
	memcpy(call->buffer + FILTER_ID_AT, &n->id, sizeof(n->id));   /* D25 */
	return NDIS_STATUS_SUCCESS;
}

void rf_set_filter_end(struct rf_call *call, NDIS_STATUS status)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_filter *n = f->pending.filter;
	struct rf_queue *q = f->pending.queue;

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
	struct rf_filter *n;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &clear_layout, &p, &size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	n = p.FilterId <= f->max_filters ? f->filters[p.FilterId] : NULL;
	if (!n || n->queue->id != p.QueueId)
		return NDIS_STATUS_FILE_NOT_FOUND;      /* D31 */
	if (n->owner != call->binding)
		return NDIS_STATUS_INVALID_PARAMETER;
	f->pending = (struct rf_pending){ .queue = n->queue, .filter = n, .used = size };
	return NDIS_STATUS_SUCCESS;
}

void rf_clear_filter_end(struct rf_call *call, NDIS_STATUS status)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_filter *n = f->pending.filter;
	struct rf_queue *q = f->pending.queue;

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
	(void)call;
	return NDIS_STATUS_NOT_SUPPORTED;
}
