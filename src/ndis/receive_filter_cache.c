/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache itself: made, unmade, and counted for those who ask what is left. */
#include "ndis/receive_filter_cache.h"

#include <stdlib.h>

static void default_queue_init(struct ndis_receive_filters *f)
{
	f->default_queue.state = VMQ_QUEUE_RUNNING;
	TAILQ_INIT(&f->default_queue.filters);
}

static unsigned larger(ULONG64 a, ULONG64 b)
{
	ULONG64 n = a > b ? a : b;

	return n < RF_MAX_IDS ? (unsigned)n : RF_MAX_IDS;
}

static ULONG64 filters_of(const NDIS_RECEIVE_FILTER_CAPABILITIES *c)
{
	return (ULONG64)c->MaxMacHeaderFilters + c->MaxPacketCoalescingFilters;
}

/* As many ids as the hardware has, so that the current capabilities may grow that far
 * (H13), but never more than 16 bits (B9). */
static void limits_init(struct ndis_receive_filters *f)
{
	const struct ndis_attributes *at = &f->adapter->attributes;

	f->max_queues = larger(at->hardware.NumQueues, at->current.NumQueues);
	f->max_filters = larger(filters_of(&at->hardware), filters_of(&at->current));
}

struct ndis_receive_filters *ndis_receive_filters_create(struct ndis_adapter *adapter)
{
	struct ndis_receive_filters *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->adapter = adapter;
	pthread_mutex_init(&f->lock, NULL);
	default_queue_init(f);
	limits_init(f);
	rf_free_watch_init(f);
	f->queues = calloc(f->max_queues + 1, sizeof(*f->queues));
	f->owners = calloc(f->max_queues + 1, sizeof(*f->owners));
	f->filters = calloc(f->max_filters + 1, sizeof(*f->filters));
	if (!f->queues || !f->owners || !f->filters)
		goto fail;
	if (f->max_queues) {
		f->queue_ids = id_pool_create(f->max_queues);
		f->rest = rf_rest_create(f);
		if (!f->queue_ids || !f->rest)
			goto fail;
	}
	if (f->max_filters) {
		f->filter_ids = id_pool_create(f->max_filters);
		if (!f->filter_ids)
			goto fail;
	}
	return f;

fail:
	ndis_receive_filters_destroy(f);
	return NULL;
}

void ndis_receive_filters_destroy(struct ndis_receive_filters *f)
{
	if (!f)
		return;
	rf_free_watch_destroy(f);
	rf_rest_destroy(f->rest);
	/* A request that the miniport never ended: its filter is on no queue yet. */
	if (f->pending.filter && !f->filters[f->pending.filter->id])
		rf_filter_destroy(f->pending.filter);
	vmq_classifier_destroy(f->pending.classifier);
	for (unsigned id = 1; f->filters && id <= f->max_filters; id++)
		rf_filter_destroy(f->filters[id]);
	for (unsigned id = 1; f->queues && id <= f->max_queues; id++)
		free(f->queues[id]);
	free(f->pending.batch);
	id_pool_destroy(f->filter_ids);
	id_pool_destroy(f->queue_ids);
	free(f->filters);
	free(f->owners);
	free(f->queues);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

unsigned ndis_receive_filter_left(struct ndis_adapter *adapter, const struct ndis_binding *binding)
{
	struct ndis_receive_filters *f = adapter->filters;
	unsigned left = 0;

	if (!f)
		return 0;
	pthread_mutex_lock(&f->lock);
	for (unsigned id = 1; id <= f->max_queues; id++) {
		const struct rf_queue *q = f->queues[id];

		/* U12: an abandoned queue is nobody's to free any more. */
		if (q && !q->abandoned && (!binding || q->owner == binding))
			left++;
	}
	for (unsigned id = 1; id <= f->max_filters; id++)
		if (f->filters[id] && (!binding || f->filters[id]->owner == binding))
			left++;
	pthread_mutex_unlock(&f->lock);
	return left;
}

void ndis_receive_filter_forget(struct ndis_binding *binding)
{
	struct ndis_receive_filters *f = binding->layer.adapter->filters;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	for (unsigned id = 1; id <= f->max_queues; id++)
		if (f->queues[id] && f->queues[id]->owner == binding) {
			f->queues[id]->owner = NULL;
			atomic_store_explicit(&f->owners[id], NULL, memory_order_relaxed);
		}
	for (unsigned id = 1; id <= f->max_filters; id++)
		if (f->filters[id] && f->filters[id]->owner == binding)
			f->filters[id]->owner = NULL;
	rf_default_forget(binding);
	pthread_mutex_unlock(&f->lock);
}

bool ndis_receive_filter_leftover(struct ndis_adapter *adapter, const struct ndis_binding *binding,
				  NDIS_RECEIVE_QUEUE_ID *queue, NDIS_RECEIVE_FILTER_ID *filter)
{
	struct ndis_receive_filters *f = adapter->filters;
	bool found = false;

	pthread_mutex_lock(&f->lock);
	for (unsigned id = 1; !found && id <= f->max_filters; id++)
		if (f->filters[id] && f->filters[id]->owner == binding) {
			*queue = f->filters[id]->queue->id;
			*filter = id;
			found = true;
		}
	for (unsigned id = 1; !found && id <= f->max_queues; id++) {
		const struct rf_queue *q = f->queues[id];

		if (q && q->owner == binding && vmq_queue_state_next(q->state, VMQ_EVENT_FREE) >= 0) {
			*queue = id;
			*filter = 0;
			found = true;
		}
	}
	pthread_mutex_unlock(&f->lock);
	return found;
}
