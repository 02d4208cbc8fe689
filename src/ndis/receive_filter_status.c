/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NDIS itself takes from the statuses of a miniport with VM queues (G4, H13, C50).
 * Their buffers are a driver's: a status that makes no sense is logged, and the cache stays
 * as it was; the status goes on its way all the same.
 */
#include "ndis/receive_filter_cache.h"

#include <string.h>

#include "base/log.h"

static void ignored(const struct ndis_adapter *a, const char *status, const char *why)
{
	log_error("adapter %s: NDIS_STATUS_RECEIVE_%s: %s; it is ignored", a->layer.object.name, status,
		  why);
}

/* The fault of the status's buffer as a structure of at least 'size' bytes in 'revision';
 * NULL: none. */
static const char *buffer_fault(const NDIS_STATUS_INDICATION *s, UCHAR revision, size_t size)
{
	const NDIS_OBJECT_HEADER *h = s->StatusBuffer;

	if (!h || s->StatusBufferSize < size)
		return "its buffer is shorter than the structure";
	if (h->Type != NDIS_OBJECT_TYPE_DEFAULT)
		return "Header.Type is not NDIS_OBJECT_TYPE_DEFAULT";
	if (h->Revision < revision)
		return "Header.Revision is too small";
	if (h->Size < size || h->Size > s->StatusBufferSize)
		return "Header.Size is not that of the structure";
	return NULL;
}

static void queue_state(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	const NDIS_RECEIVE_QUEUE_STATE *q = s->StatusBuffer;

	if (!q || s->StatusBufferSize < NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1)
		ignored(a, "QUEUE_STATE", "its buffer is shorter than the structure");
	else if (q->QueueState == NdisReceiveQueueOperationalStateDmaStopped)
		ndis_receive_filter_dma_stopped(a, q->QueueId);
}

/* The ids that there are were counted when the adapter began: what is more is not given. */
static void bound(struct ndis_receive_filters *f, NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	if (c->NumQueues <= f->max_queues)
		return;
	log_warning("adapter %s: NumQueues grows to %u, and its hardware had %u when it began: it "
		    "stays at that", f->adapter->layer.object.name, (unsigned)c->NumQueues,
		    f->max_queues);
	c->NumQueues = f->max_queues;
}

/* H13. Queues and filters beyond a smaller limit stay until they are freed. */
static void capabilities(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s, bool current)
{
	const char *name = current ? "FILTER_CURRENT_CAPABILITIES" : "FILTER_HARDWARE_CAPABILITIES";
	const char *fault = buffer_fault(s, NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
					 NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2);
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	if (!a->filters)
		fault = "the adapter registered no receive filtering";
	else if (ndis_version(a) < NDIS_VERSION(6, 30))
		fault = "it is of NDIS 6.30, and the miniport is older";
	if (!fault)
		fault = ndis_receive_filter_capabilities_take(a, &c, s->StatusBuffer, false);
	if (fault) {
		ignored(a, name, fault);
		return;
	}
	if (current)
		bound(a->filters, &c);
	pthread_mutex_lock(&a->filters->lock);
	*(current ? &a->attributes.current : &a->attributes.hardware) = c;
	pthread_mutex_unlock(&a->filters->lock);
}

/* C50: the one parameter that changes without an OID. */
static void queue_parameters(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	const ULONG domain = NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED;
	const char *fault = buffer_fault(s, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
					 NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2);
	const NDIS_RECEIVE_QUEUE_PARAMETERS *p = s->StatusBuffer;
	struct rf_queue *q = NULL;

	if (!a->filters)
		fault = "the adapter registered no receive filtering";
	else if (ndis_version(a) < NDIS_VERSION(6, 30))
		fault = "it is of NDIS 6.30, and the miniport is older";
	else if (!fault && (p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK) != domain)
		fault = "it reports another change than that of InterruptCoalescingDomainId";
	if (!fault) {
		pthread_mutex_lock(&a->filters->lock);
		q = rf_queue_find(a->filters, p->QueueId);
		if (q)
			q->parameters.InterruptCoalescingDomainId = p->InterruptCoalescingDomainId;
		pthread_mutex_unlock(&a->filters->lock);
		if (!q)
			fault = "QueueId is that of no queue";
	}
	if (fault)
		ignored(a, "FILTER_QUEUE_PARAMETERS", fault);
}

void ndis_receive_filter_status(struct ndis_adapter *a, const NDIS_STATUS_INDICATION *s)
{
	switch (s->StatusCode) {
	case NDIS_STATUS_RECEIVE_QUEUE_STATE:
		queue_state(a, s);
		break;
	case NDIS_STATUS_RECEIVE_FILTER_CURRENT_CAPABILITIES:
		capabilities(a, s, true);
		break;
	case NDIS_STATUS_RECEIVE_FILTER_HARDWARE_CAPABILITIES:
		capabilities(a, s, false);
		break;
	case NDIS_STATUS_RECEIVE_FILTER_QUEUE_PARAMETERS:
		queue_parameters(a, s);
		break;
	default:
		break;
	}
}
