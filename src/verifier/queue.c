/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VM queues as a miniport has been told of them. What may be indicated changes when an
 * OID is asked (SET_FILTER: at once, D28) or when it ends (CLEAR_FILTER, FREE_QUEUE:
 * from then on never, D32, F17), and NDIS's own cache follows a moment later, so
 * this is a table of its own. OIDs write it, one at a time (I25); workers read it.
 */
#include "verifier/inside.h"

#include <stdlib.h>

#define PAGE_QUEUES 256

struct tracked_queue {
	atomic_bool allocated, complete, alone;
	atomic_uint filters;
	_Atomic(KAFFINITY) processors;      /* 0: not known */
	atomic_uint group;
	/* Of a QUEUE_PARAMETERS that has not ended: */
	KAFFINITY asked;                    /* 0: no other processors */
	bool turns, was_alone;              /* the flag changes, and what it was */
	bool completing;                    /* an ALLOCATION_COMPLETE has not ended */
};

struct tracked_queues {
	_Atomic(struct tracked_queue *) page[65536 / PAGE_QUEUES];
};

void queues_free(struct tracked_queues *q)
{
	if (!q)
		return;
	for (unsigned i = 0; i < 65536 / PAGE_QUEUES; i++)
		free(atomic_load(&q->page[i]));
	free(q);
}

static struct tracked_queue *find(const struct tracked_layer *m, ULONG id)
{
	struct tracked_queue *page;

	if (!m || !m->queues || !id || id > 0xffff)
		return NULL;
	page = atomic_load_explicit(&m->queues->page[id / PAGE_QUEUES], memory_order_acquire);
	return page ? &page[id % PAGE_QUEUES] : NULL;
}

static struct tracked_queue *find_or_add(struct tracked_layer *m, ULONG id)
{
	struct tracked_queue *page;

	if (!id || id > 0xffff)
		return NULL;
	if (!m->queues)
		m->queues = calloc(1, sizeof(*m->queues));
	if (m->queues && !find(m, id)) {
		page = calloc(PAGE_QUEUES, sizeof(*page));
		atomic_store_explicit(&m->queues->page[id / PAGE_QUEUES], page, memory_order_release);
	}
	return find(m, id);
}

/* ---- OIDs ---- */

/* The request's buffer as 'type', NULL: it ends before 'field' does. The arms of a
 * request begin alike. */
#define BUFFER(r, type, field) \
	((r)->DATA.SET_INFORMATION.InformationBufferLength >= RTL_SIZEOF_THROUGH_FIELD(type, field) ? \
		 (type *)(r)->DATA.SET_INFORMATION.InformationBuffer : NULL)
#define QUEUE_PARAMETERS(r) BUFFER(r, NDIS_RECEIVE_QUEUE_PARAMETERS, ProcessorAffinity)

/* Whether element 'i' lies within the request's buffer. */
static bool element_fits(PNDIS_OID_REQUEST r, const NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY *a,
			 ULONG i)
{
	return a->FirstElementOffset + (ULONG64)i * a->ElementSize +
	       sizeof(NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS) <=
	       r->DATA.SET_INFORMATION.InformationBufferLength;
}

/* It may indicate before it says that it is ready. */
static void completion_asked(struct tracked_queue *q)
{
	q->completing = !atomic_exchange(&q->complete, true);
}

/* A second completion is refused and changes nothing (C13). */
static void completion_ended(struct tracked_queue *q, bool success)
{
	if (q->completing && !success)
		atomic_store(&q->complete, false);
	q->completing = false;
}

static void complete_array(struct tracked_layer *m, PNDIS_OID_REQUEST r, bool ended, bool success)
{
	PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a =
		BUFFER(r, NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, ElementSize);
	char *at = (char *)a;

	if (!a)
		return;
	at += a->FirstElementOffset;
	for (ULONG i = 0; i < a->NumElements && element_fits(r, a, i); i++, at += a->ElementSize) {
		PNDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS e = (PVOID)at;
		struct tracked_queue *q = find(m, e->QueueId);

		if (q && ended)
			completion_ended(q, success && e->CompletionStatus == NDIS_STATUS_SUCCESS);
		else if (q)
			completion_asked(q);
	}
}

static void parameters_asked(struct tracked_queue *q, const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	q->asked = 0;
	q->turns = p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED;
	q->was_alone = atomic_load(&q->alone);
	if (q->turns)
		atomic_store(&q->alone, false);      /* either, until it has ended (C49) */
	if (!(p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED))
		return;
	q->asked = p->ProcessorAffinity.Mask;
	atomic_fetch_or(&q->processors, q->asked);   /* either, until it has ended */
}

static void allocate_asked(struct tracked_layer *m, const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	struct tracked_queue *q = find_or_add(m, p->QueueId);

	if (!q)
		return;
	atomic_store(&q->filters, 0);
	atomic_store(&q->complete, false);
	atomic_store(&q->alone, p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION);
	atomic_store(&q->group, p->ProcessorAffinity.Group);
	atomic_store(&q->processors, p->ProcessorAffinity.Mask);
	atomic_store(&q->allocated, true);
}

/* The queues that these requests name; 0: none. */
static ULONG queue_of_filter(PNDIS_OID_REQUEST r)
{
	NDIS_RECEIVE_FILTER_PARAMETERS *p = BUFFER(r, NDIS_RECEIVE_FILTER_PARAMETERS, QueueId);

	return p ? p->QueueId : 0;
}

static ULONG queue_of_clear(PNDIS_OID_REQUEST r)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS *p =
		BUFFER(r, NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS, FilterId);

	return p ? p->QueueId : 0;
}

static ULONG queue_of_free(PNDIS_OID_REQUEST r)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS *p = BUFFER(r, NDIS_RECEIVE_QUEUE_FREE_PARAMETERS, QueueId);

	return p ? p->QueueId : 0;
}

void queues_asked(struct tracked_layer *m, PNDIS_OID_REQUEST r)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS *p = QUEUE_PARAMETERS(r);
	struct tracked_queue *q;

	switch (r->DATA.SET_INFORMATION.Oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		if (p)
			allocate_asked(m, p);
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
		q = find(m, queue_of_filter(r));
		if (q)
			atomic_fetch_add(&q->filters, 1);
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		complete_array(m, r, false, false);
		break;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		q = p && r->RequestType == NdisRequestSetInformation ? find(m, p->QueueId) : NULL;
		if (q)
			parameters_asked(q, p);
		break;
	default:
		break;
	}
}

/* One less; it may be that the miniport cleared more often than it was told to set. */
static void filter_gone(struct tracked_queue *q)
{
	if (q && atomic_load(&q->filters))
		atomic_fetch_sub(&q->filters, 1);
}

static void parameters_ended(struct tracked_queue *q, const NDIS_RECEIVE_QUEUE_PARAMETERS *p,
			     bool success)
{
	bool alone = p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION;

	if (!q)
		return;
	if (q->turns)
		atomic_store(&q->alone, success ? alone : q->was_alone);
	if (q->asked && success)
		atomic_store(&q->processors, q->asked);
	q->asked = 0;
	q->turns = false;
}

void queues_ended(struct tracked_layer *m, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS *p = QUEUE_PARAMETERS(r);
	bool success = status == NDIS_STATUS_SUCCESS;
	struct tracked_queue *q;

	switch (r->DATA.SET_INFORMATION.Oid) {
	case OID_RECEIVE_FILTER_ALLOCATE_QUEUE:
		q = p ? find(m, p->QueueId) : NULL;
		if (q && !success)
			atomic_store(&q->allocated, false);
		break;
	case OID_RECEIVE_FILTER_SET_FILTER:
		if (!success)
			filter_gone(find(m, queue_of_filter(r)));
		break;
	case OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE:
		complete_array(m, r, true, success);
		break;
	case OID_RECEIVE_FILTER_QUEUE_PARAMETERS:
		if (p && r->RequestType == NdisRequestSetInformation)
			parameters_ended(find(m, p->QueueId), p, success);
		break;
	case OID_RECEIVE_FILTER_CLEAR_FILTER:
		if (success)
			filter_gone(find(m, queue_of_clear(r)));
		break;
	case OID_RECEIVE_FILTER_FREE_QUEUE:
		q = find(m, queue_of_free(r));
		if (q && success)
			atomic_store(&q->allocated, false);
		break;
	default:
		break;
	}
}

unsigned queue_freed_with_filters(struct tracked_layer *m, PNDIS_OID_REQUEST r, ULONG *id)
{
	struct tracked_queue *q;

	*id = queue_of_free(r);
	q = find(m, *id);

	return q && atomic_load(&q->allocated) ? atomic_load(&q->filters) : 0;
}

bool queue_is_alone(struct tracked_layer *m, ULONG id)
{
	struct tracked_queue *q = find(m, id);

	return q && atomic_load_explicit(&q->alone, memory_order_relaxed);
}

/* ---- indications ---- */

static void check_processor(const struct edge_call *c, PNET_BUFFER_LIST nbl,
			    const struct tracked_queue *q)
{
	KAFFINITY mask = atomic_load(&q->processors);
	PROCESSOR_NUMBER number;

	KeGetCurrentProcessorNumberEx(&number);
	if (!mask || (number.Group == atomic_load(&q->group) && mask >> number.Number & 1))
		return;
	report_nbl(RULE_RECEIVE_PROCESSOR, c->from, c->function, nbl,
		   "queue %u is indicated on processor %u of group %u, its affinity is 0x%llx of group %u",
		   NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl), number.Number, number.Group,
		   (unsigned long long)mask, atomic_load(&q->group));
}

void queue_check(const struct edge_call *c, PNET_BUFFER_LIST nbl)
{
	USHORT id = NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl);
	const struct tracked_queue *q = find(c->from_track, id);

	if (NET_BUFFER_LIST_RECEIVE_FILTER_ID(nbl))
		report_nbl(RULE_RECEIVE_QUEUE_ID, c->from, c->function, nbl,
			   "it names filter %u, which must be 0", NET_BUFFER_LIST_RECEIVE_FILTER_ID(nbl));
	if (!id)
		return;
	if (!q || !atomic_load(&q->allocated)) {
		report_nbl(RULE_RECEIVE_QUEUE_ID, c->from, c->function, nbl,
			   "it names queue %u, and there is none", id);
		return;
	}
	if (!atomic_load(&q->complete) || !atomic_load(&q->filters)) {
		report_nbl(RULE_RECEIVE_QUEUE_STATE, c->from, c->function, nbl,
			   "queue %u does not run: its allocation is %scomplete, it has %u filters", id,
			   atomic_load(&q->complete) ? "" : "not ", atomic_load(&q->filters));
		return;
	}
	check_processor(c, nbl, q);
}
