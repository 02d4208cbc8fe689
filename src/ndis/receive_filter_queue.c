/* SPDX-License-Identifier: BSD-2-Clause */
/* The OIDs that make and start receive queues (C.4, C.5). */
#include "ndis/receive_filter_cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct rf_layout complete_array_layout = {
	"NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY", 1,
	sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1 },
};

static const struct rf_layout complete_layout = {
	"NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS", 1,
	sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1 },
};

static void set_owner(struct ndis_receive_filters *f, NDIS_RECEIVE_QUEUE_ID id,
		      struct ndis_binding *owner)
{
	atomic_store_explicit(&f->owners[id], owner, memory_order_relaxed);
}

void rf_queue_remove(struct ndis_receive_filters *f, struct rf_queue *q)
{
	set_owner(f, q->id, NULL);
	f->queues[q->id] = NULL;
	rf_rest_add(f->rest, q->id);   /* U10, U16: not before it is UNDEFINED, and not at once */
	f->n_queues--;
	free(q);
}

static struct rf_queue *queue_add(struct rf_call *call, const NDIS_RECEIVE_QUEUE_PARAMETERS *p,
				  NDIS_RECEIVE_QUEUE_ID id)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_queue *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->id = id;
	q->state = VMQ_QUEUE_UNDEFINED;
	q->owner = call->binding;
	q->parameters = *p;
	q->parameters.QueueId = id;
	TAILQ_INIT(&q->filters);
	f->queues[id] = q;
	f->n_queues++;
	return q;
}

/* An id, '*id'. PENDING: there will be one soon; queues whose FREE has just ended count no
 * more, but their ids rest (U16). */
static NDIS_STATUS id_take(struct rf_call *call, NDIS_RECEIVE_QUEUE_ID *id)
{
	struct ndis_receive_filters *f = call->cache;
	unsigned most = rf_current(call)->NumQueues;

	if (f->queue_ids && f->n_queues < most) {
		*id = id_pool_take(f->queue_ids);
		if (*id)
			return NDIS_STATUS_SUCCESS;
		if (rf_rest_wait(f->rest, call->request))
			return NDIS_STATUS_PENDING;
	}
	return rf_refuse(call, NDIS_STATUS_RESOURCES, "%u queues are allocated, must be less than %u",
			 f->n_queues, most);   /* C35 */
}

NDIS_STATUS rf_allocate_begin(struct rf_call *call)
{
	const size_t at = offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, QueueId);
	struct rf_pending *pending = &call->cache->pending;
	NDIS_RECEIVE_QUEUE_PARAMETERS p;
	NDIS_RECEIVE_QUEUE_ID id;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &rf_queue_parameters_layout, &p, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_room(call, size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_queue_parameters_check(call, &p);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (!(rf_current(call)->EnabledQueueTypes & NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED))
		return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
				 "the adapter has no VM queues enabled");
	status = id_take(call, &id);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q = queue_add(call, &p, id);
	if (!q) {
		id_pool_give(call->cache->queue_ids, id);
		return rf_refuse(call, NDIS_STATUS_RESOURCES, "no memory");
	}
	*pending = (struct rf_pending){ .queue = q, .caller_id = p.QueueId, .used = size };
	memcpy(call->buffer + at, &q->id, sizeof(q->id));   /* C4 */
	return NDIS_STATUS_SUCCESS;
}

void rf_allocate_end(struct rf_call *call, NDIS_STATUS status)
{
	const size_t id_at = offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, QueueId);
	const size_t msix_at = offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, MSIXTableEntry);
	struct rf_pending *pending = &call->cache->pending;
	struct rf_queue *q = pending->queue;

	if (status != NDIS_STATUS_SUCCESS) {
		memcpy(call->buffer + id_at, &pending->caller_id, sizeof(q->id));
		rf_queue_remove(call->cache, q);   /* C29 */
		return;
	}
	/* X8: the one member that the miniport gives. */
	memcpy(&q->parameters.MSIXTableEntry, call->buffer + msix_at, sizeof(ULONG));
	memcpy(call->buffer + id_at, &q->id, sizeof(q->id));
	rf_queue_move(q, VMQ_EVENT_ALLOCATE);
	set_owner(call->cache, q->id, call->binding);
}

/* The queue of every element; a queue that is not the caller's to start refuses
 * the batch. A queue that was started before is the miniport's to answer, and
 * ours again at the end: that is an error of the element (C13). */
static NDIS_STATUS complete_batch(const struct rf_call *call, struct rf_pending *pending)
{
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS p;
	NDIS_STATUS status;

	for (ULONG i = 0; i < pending->n; i++) {
		status = rf_call_take_at(call, pending->first + i * pending->stride,
					 pending->stride, &complete_layout, &p);
		if (status == NDIS_STATUS_SUCCESS)
			status = rf_queue_own(call, p.QueueId, &pending->batch[i]);
		if (status != NDIS_STATUS_SUCCESS)
			return status;
	}
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS rf_complete_begin(struct rf_call *call)
{
	NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a;
	struct rf_pending next = { 0 };
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &complete_array_layout, &a, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_array(call, size, a.FirstElementOffset, a.NumElements,
				       a.ElementSize, complete_layout.size[0], &next.used);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_room(call, next.used);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	next.first = a.FirstElementOffset;
	next.stride = a.ElementSize;
	next.n = a.NumElements;
	if (next.n) {
		next.batch = calloc(next.n, sizeof(*next.batch));
		if (!next.batch)
			return rf_refuse(call, NDIS_STATUS_RESOURCES, "no memory");
	}
	status = complete_batch(call, &next);
	if (status != NDIS_STATUS_SUCCESS) {
		free(next.batch);
		return status;
	}
	call->cache->pending = next;
	return NDIS_STATUS_SUCCESS;
}

void rf_complete_end(struct rf_call *call, NDIS_STATUS status)
{
	const size_t at = offsetof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS,
				   CompletionStatus);
	const NDIS_STATUS invalid = NDIS_STATUS_INVALID_PARAMETER;
	struct rf_pending *pending = &call->cache->pending;

	for (ULONG i = 0; status == NDIS_STATUS_SUCCESS && i < pending->n; i++) {
		UCHAR *answer = call->buffer + pending->first + i * pending->stride + at;
		NDIS_STATUS one;

		memcpy(&one, answer, sizeof(one));   /* C39, U4: the miniport's word */
		if (one == NDIS_STATUS_SUCCESS && rf_queue_move(pending->batch[i], VMQ_EVENT_COMPLETE))
			memcpy(answer, &invalid, sizeof(invalid));
	}
	free(pending->batch);
	pending->batch = NULL;
}
