/* SPDX-License-Identifier: BSD-2-Clause */
/* The questions about queues and filters; the miniport never sees them (C20). */
#include "ndis/receive_filter_cache.h"

#include <stddef.h>
#include <string.h>

static const struct rf_layout filter_array_layout = {
	"NDIS_RECEIVE_FILTER_INFO_ARRAY", 2, sizeof(NDIS_RECEIVE_FILTER_INFO_ARRAY),
	{ NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2 },
};

/* As the miniport registered them, in its revision (H11). */
static NDIS_STATUS answer_capabilities(struct rf_call *call,
				       const NDIS_RECEIVE_FILTER_CAPABILITIES *from)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = *from;
	NDIS_STATUS status;

	c.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	if (c.Header.Revision >= NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2) {
		c.Header.Revision = NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2;
		c.Header.Size = NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2;
	} else {
		c.Header.Revision = NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
		c.Header.Size = NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
	}
	status = rf_call_room(call, c.Header.Size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(call->buffer, &c, c.Header.Size);
	return rf_call_answered(call, c.Header.Size);
}

NDIS_STATUS rf_hardware_capabilities(struct rf_call *call)
{
	return answer_capabilities(call, &call->cache->adapter->attributes.hardware);
}

NDIS_STATUS rf_current_capabilities(struct rf_call *call)
{
	return answer_capabilities(call, rf_current(call));
}

/* H12 */
NDIS_STATUS rf_global_parameters(struct rf_call *call)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c = rf_current(call);
	const NDIS_RECEIVE_FILTER_GLOBAL_PARAMETERS g = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT,
			    NDIS_RECEIVE_FILTER_GLOBAL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_GLOBAL_PARAMETERS_REVISION_1 },
		.EnabledFilterTypes = c->EnabledFilterTypes,
		.EnabledQueueTypes = c->EnabledQueueTypes,
	};
	NDIS_STATUS status = rf_call_room(call, g.Header.Size);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(call->buffer, &g, g.Header.Size);
	return rf_call_answered(call, g.Header.Size);
}

/* X5, X6: seven states, four public values. */
static NDIS_RECEIVE_QUEUE_OPERATIONAL_STATE public_state(enum vmq_queue_state state)
{
	static const NDIS_RECEIVE_QUEUE_OPERATIONAL_STATE map[VMQ_QUEUE_STATE_COUNT] = {
		[VMQ_QUEUE_UNDEFINED] = NdisReceiveQueueOperationalStateUndefined,
		[VMQ_QUEUE_ALLOCATED] = NdisReceiveQueueOperationalStatePaused,
		[VMQ_QUEUE_SET]       = NdisReceiveQueueOperationalStatePaused,
		[VMQ_QUEUE_PAUSED]    = NdisReceiveQueueOperationalStatePaused,
		[VMQ_QUEUE_RUNNING]   = NdisReceiveQueueOperationalStateRunning,
		[VMQ_QUEUE_STOP_DMA]  = NdisReceiveQueueOperationalStateDmaStopped,
		[VMQ_QUEUE_FREEING]   = NdisReceiveQueueOperationalStateDmaStopped,
	};

	return map[state];
}

static void queue_info(const struct rf_queue *q, NDIS_RECEIVE_QUEUE_INFO *info)
{
	const NDIS_RECEIVE_QUEUE_PARAMETERS *p = &q->parameters;

	/* The padding goes to the caller too: no bytes of ours in it. */
	memset(info, 0, sizeof(*info));
	info->Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	info->Header.Revision = NDIS_RECEIVE_QUEUE_INFO_REVISION_2;
	info->Header.Size = NDIS_SIZEOF_RECEIVE_QUEUE_INFO_REVISION_2;
	info->QueueType = p->QueueType;
	info->QueueId = q->id;
	info->QueueGroupId = p->QueueGroupId;
	info->QueueState = public_state(q->state);
	info->ProcessorAffinity = p->ProcessorAffinity;
	info->NumSuggestedReceiveBuffers = p->NumSuggestedReceiveBuffers;
	info->MSIXTableEntry = p->MSIXTableEntry;
	info->LookaheadSize = p->LookaheadSize;
	info->VmName = p->VmName;
	info->QueueName = p->QueueName;
	info->NumFilters = q->n_filters;   /* X14: of this queue */
	info->InterruptCoalescingDomainId = p->InterruptCoalescingDomainId;
}

/* The queue with that id if the caller is to see it: a protocol its own, a program
 * every one, the default queue among them (C51, U7). */
static const struct rf_queue *visible(const struct rf_call *call, unsigned id)
{
	const struct rf_queue *q = rf_queue_find(call->cache, id);

	return q && (rf_call_is_application(call) || q->owner == call->binding) ? q : NULL;
}

NDIS_STATUS rf_enum_queues(struct rf_call *call)
{
	NDIS_RECEIVE_QUEUE_INFO_ARRAY a = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_INFO_ARRAY_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_INFO_ARRAY_REVISION_1 },
		.FirstElementOffset = NDIS_SIZEOF_RECEIVE_QUEUE_INFO_ARRAY_REVISION_1,
		.ElementSize = sizeof(NDIS_RECEIVE_QUEUE_INFO),
	};
	NDIS_RECEIVE_QUEUE_INFO info;
	NDIS_STATUS status;
	UCHAR *to;

	for (unsigned id = 0; id <= call->cache->max_queues; id++)
		a.NumElements += visible(call, id) != NULL;
	/* 65,536 elements of this size are well below 4 GB. */
	status = rf_call_room(call, a.FirstElementOffset + a.NumElements * a.ElementSize);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(call->buffer, &a, a.Header.Size);
	to = call->buffer + a.FirstElementOffset;
	for (unsigned id = 0; id <= call->cache->max_queues; id++) {
		const struct rf_queue *q = visible(call, id);

		if (!q)
			continue;
		queue_info(q, &info);
		memcpy(to, &info, sizeof(info));
		to += sizeof(info);
	}
	return rf_call_answered(call, (ULONG)(to - call->buffer));
}

/* C47. Anybody may ask about any queue; only the owner may change it. */
NDIS_STATUS rf_get_queue_parameters(struct rf_call *call)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p, answer;
	const struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &rf_queue_parameters_layout, &p, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_room(call, size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q = rf_queue_find(call->cache, p.QueueId);
	if (!q || q->id == NDIS_DEFAULT_RECEIVE_QUEUE_ID || !rf_queue_usable(q))
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER, "QueueId is %u, must be that of "
				 "an allocated queue which is not being freed", (unsigned)p.QueueId);
	answer = q->parameters;
	answer.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	answer.Header.Revision = p.Header.Revision;   /* as the caller knows it */
	answer.Header.Size = (USHORT)size;
	memcpy(call->buffer, &answer, size);
	*call->consumed = size;
	return rf_call_answered(call, size);
}

/* D36: every filter here is on VPort 0, so another VPort has none. */
static bool wanted(const NDIS_RECEIVE_FILTER_INFO_ARRAY *a)
{
	return !(a->Flags & NDIS_RECEIVE_FILTER_INFO_ARRAY_VPORT_ID_SPECIFIED) ||
	       a->VPortId == NDIS_DEFAULT_VPORT_ID;
}

NDIS_STATUS rf_enum_filters(struct rf_call *call)
{
	NDIS_RECEIVE_FILTER_INFO info = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_INFO_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_INFO_REVISION_1 },
	};
	NDIS_RECEIVE_FILTER_INFO_ARRAY a;
	const struct rf_filter *f;
	const struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size, end;

	status = rf_call_take(call, &filter_array_layout, &a, &size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q = rf_queue_find(call->cache, a.QueueId);
	if (!q || !rf_queue_usable(q))
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER, "QueueId is %u, must be 0 or that "
				 "of a queue which is not being freed", (unsigned)a.QueueId);
	if (a.Flags & ~(ULONG)NDIS_RECEIVE_FILTER_INFO_ARRAY_VPORT_ID_SPECIFIED)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER, "Flags is 0x%x, must be of 0x%x",
				 (unsigned)a.Flags,
				 NDIS_RECEIVE_FILTER_INFO_ARRAY_VPORT_ID_SPECIFIED);
	a.Header.Size = (USHORT)size;
	a.FirstElementOffset = size;
	a.NumElements = wanted(&a) ? q->n_filters : 0;
	a.ElementSize = sizeof(info);
	end = size + a.NumElements * a.ElementSize;
	status = rf_call_room(call, end);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(call->buffer, &a, size);
	f = TAILQ_FIRST(&q->filters);
	for (ULONG i = 0; i < a.NumElements; i++, f = TAILQ_NEXT(f, link)) {
		info.FilterType = f->type;
		info.FilterId = f->id;
		memcpy(call->buffer + size + i * sizeof(info), &info, sizeof(info));
	}
	*call->consumed = size;
	return rf_call_answered(call, end);
}

/* D37: byte for byte what was set. */
NDIS_STATUS rf_filter_parameters(struct rf_call *call)
{
	struct ndis_receive_filters *cache = call->cache;
	NDIS_RECEIVE_FILTER_PARAMETERS p;
	const struct rf_filter *f;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &rf_filter_parameters_layout, &p, &size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	f = p.FilterId <= cache->max_filters ? cache->filters[p.FilterId] : NULL;
	if (!f)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "FilterId is %u, must be that of a filter which is set",
				 (unsigned)p.FilterId);
	status = rf_call_room(call, f->length);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(call->buffer, f->bytes, f->length);
	*call->consumed = size;
	return rf_call_answered(call, f->length);
}
