/* SPDX-License-Identifier: BSD-2-Clause */
/* The OIDs that make, change, start and unmake receive queues (C.4 - C.6, G). */
#include "ndis/receive_filter_cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SPLIT NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED
/* C28: the flags that mean something; the rest of the low half is reserved. */
#define KNOWN_FLAGS (NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION | SPLIT)
/* C43: what a set may change. */
#define KNOWN_CHANGES                                                   \
	(NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED |                  \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED |     \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_SUGGESTED_RECV_BUFFER_NUMBERS_CHANGED | \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED |                   \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED)

const struct rf_layout rf_queue_parameters_layout = {
	3, sizeof(NDIS_RECEIVE_QUEUE_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
	  NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_3 },
};

static const struct rf_layout free_layout = {
	1, sizeof(NDIS_RECEIVE_QUEUE_FREE_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
};

static const struct rf_layout complete_array_layout = {
	1, sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1 },
};

static const struct rf_layout complete_layout = {
	1, sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1 },
};

/* C30: group 0 is the only one, and it has the processors of this machine. */
static bool affinity_valid(const GROUP_AFFINITY *a)
{
	unsigned n = kernel_processors();

	return !a->Group && a->Mask && (n >= KERNEL_MAX_PROCESSORS || !(a->Mask >> n));
}

static bool name_valid(const NDIS_QUEUE_NAME *name)
{
	return name->Length <= sizeof(name->String);
}

/* What ALLOCATE_QUEUE must hold, whatever the adapter (C27, C28, C30, C34). */
static bool parameters_valid(const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	return p->QueueType == NdisReceiveQueueTypeVMQueue && !(p->Flags & ~KNOWN_FLAGS) &&
	       affinity_valid(&p->ProcessorAffinity) && name_valid(&p->VmName) &&
	       name_valid(&p->QueueName) &&
	       /* C34, X21: this host never splits, and zero is how one says so. */
	       !p->LookaheadSize;
}

static void set_owner(struct ndis_receive_filters *f, NDIS_RECEIVE_QUEUE_ID id,
		      struct ndis_binding *owner)
{
	atomic_store_explicit(&f->owners[id], owner, memory_order_relaxed);
}

static void queue_remove(struct ndis_receive_filters *f, struct rf_queue *q)
{
	set_owner(f, q->id, NULL);
	f->queues[q->id] = NULL;
	id_pool_give(f->queue_ids, q->id);   /* U10: not before it is UNDEFINED */
	f->n_queues--;
	free(q);
}

static struct rf_queue *queue_add(struct rf_call *call, const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	struct ndis_receive_filters *f = call->cache;
	struct rf_queue *q;

	if (!f->queue_ids || f->n_queues >= rf_current(call)->NumQueues)
		return NULL;   /* C35 */
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->id = id_pool_take(f->queue_ids);
	if (!q->id) {
		free(q);
		return NULL;
	}
	q->state = VMQ_QUEUE_UNDEFINED;
	q->owner = call->binding;
	q->parameters = *p;
	q->parameters.QueueId = q->id;
	TAILQ_INIT(&q->filters);
	f->queues[q->id] = q;
	f->n_queues++;
	return q;
}

NDIS_STATUS rf_allocate_begin(struct rf_call *call)
{
	const size_t at = offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, QueueId);
	struct rf_pending *pending = &call->cache->pending;
	NDIS_RECEIVE_QUEUE_PARAMETERS p;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &rf_queue_parameters_layout, &p, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_call_room(call, size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (!parameters_valid(&p))
		return NDIS_STATUS_INVALID_PARAMETER;
	if (!(rf_current(call)->EnabledQueueTypes & NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED))
		return NDIS_STATUS_NOT_SUPPORTED;
	q = queue_add(call, &p);
	if (!q)
		return NDIS_STATUS_RESOURCES;
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
		queue_remove(call->cache, q);   /* C29 */
		return;
	}
	/* X8: the one member that the miniport gives. */
	memcpy(&q->parameters.MSIXTableEntry, call->buffer + msix_at, sizeof(ULONG));
	memcpy(call->buffer + id_at, &q->id, sizeof(q->id));
	rf_queue_move(q, VMQ_EVENT_ALLOCATE);
	set_owner(call->cache, q->id, call->binding);
}

/* Whether the change asks for what the adapter lacks, or for what is no change (C46). */
static bool change_valid(const struct rf_call *call, const NDIS_RECEIVE_QUEUE_PARAMETERS *p,
			 const NDIS_RECEIVE_QUEUE_PARAMETERS *old)
{
	ULONG properties = rf_current(call)->SupportedQueueProperties;
	ULONG changes = p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK;
	ULONG flags = p->Flags & ~NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK;

	if (changes & ~KNOWN_CHANGES)
		return false;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED) {
		if (flags & ~KNOWN_FLAGS)
			return false;
		if (flags & ~old->Flags & SPLIT &&
		    !(properties & NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED))
			return false;
	}
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED) {
		if (!affinity_valid(&p->ProcessorAffinity))
			return false;
		if (p->ProcessorAffinity.Mask != old->ProcessorAffinity.Mask &&
		    !(properties & NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED))
			return false;
	}
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED && !name_valid(&p->QueueName))
		return false;
	/* The member is not there before revision 2. */
	return !(changes & NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED) ||
	       p->Header.Revision >= NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2;
}

/* C43: what has a change flag, and nothing else. */
static void change(NDIS_RECEIVE_QUEUE_PARAMETERS *to, const NDIS_RECEIVE_QUEUE_PARAMETERS *from)
{
	ULONG changes = from->Flags;

	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED)
		to->Flags = from->Flags & ~NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED)
		to->ProcessorAffinity = from->ProcessorAffinity;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_SUGGESTED_RECV_BUFFER_NUMBERS_CHANGED)
		to->NumSuggestedReceiveBuffers = from->NumSuggestedReceiveBuffers;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED)
		to->QueueName = from->QueueName;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED)
		to->InterruptCoalescingDomainId = from->InterruptCoalescingDomainId;
}

NDIS_STATUS rf_set_parameters_begin(struct rf_call *call)
{
	struct rf_pending *pending = &call->cache->pending;
	NDIS_RECEIVE_QUEUE_PARAMETERS p;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &rf_queue_parameters_layout, &p, &size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q = rf_queue_own(call, p.QueueId);
	if (!q || !change_valid(call, &p, &q->parameters))
		return NDIS_STATUS_INVALID_PARAMETER;
	*pending = (struct rf_pending){ .queue = q, .parameters = q->parameters, .used = size };
	change(&pending->parameters, &p);
	return NDIS_STATUS_SUCCESS;
}

void rf_set_parameters_end(struct rf_call *call, NDIS_STATUS status)
{
	struct rf_pending *pending = &call->cache->pending;

	if (status == NDIS_STATUS_SUCCESS)
		pending->queue->parameters = pending->parameters;
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
		if (status != NDIS_STATUS_SUCCESS)
			return status;
		pending->batch[i] = rf_queue_own(call, p.QueueId);
		if (!pending->batch[i])
			return NDIS_STATUS_INVALID_PARAMETER;
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
			return NDIS_STATUS_RESOURCES;
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

NDIS_STATUS rf_free_begin(struct rf_call *call)
{
	struct rf_pending *pending = &call->cache->pending;
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS p;
	enum vmq_queue_state before;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &free_layout, &p, &size);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q = rf_queue_own(call, p.QueueId);
	if (!q)
		return NDIS_STATUS_INVALID_PARAMETER;   /* G9, C2 */
	before = q->state;
	if (rf_queue_move(q, VMQ_EVENT_FREE))
		return NDIS_STATUS_INVALID_PARAMETER;   /* C12 */
	*pending = (struct rf_pending){ .queue = q, .before = before, .used = size };
	return NDIS_STATUS_SUCCESS;
}

void rf_free_end(struct rf_call *call, NDIS_STATUS status)
{
	struct rf_pending *pending = &call->cache->pending;
	struct rf_queue *q = pending->queue;

	if (status == NDIS_STATUS_SUCCESS)
		queue_remove(call->cache, q);
	else if (q->state == VMQ_QUEUE_STOP_DMA && status != NDIS_STATUS_REQUEST_ABORTED)
		q->state = pending->before;   /* G8: refused before it began */
	else
		q->abandoned = true;          /* U12: half-way, and not undone */
}
