/* SPDX-License-Identifier: BSD-2-Clause */
/* The cache itself: made, unmade, and counted for those who ask what is left. */
#include "ndis/receive_filter_cache.h"

#include <stdlib.h>

static void default_queue_init(struct ndis_receive_filters *f)
{
	f->default_queue.state = VMQ_QUEUE_RUNNING;
	TAILQ_INIT(&f->default_queue.filters);
}

/* As many ids as the adapter's capabilities say, but never more than 16 bits (B9). */
static void limits_init(struct ndis_receive_filters *f)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c = &f->adapter->attributes.current;
	ULONG64 filters = (ULONG64)c->MaxMacHeaderFilters + c->MaxPacketCoalescingFilters;

	f->max_queues = c->NumQueues < RF_MAX_IDS ? c->NumQueues : RF_MAX_IDS;
	f->max_filters = filters < RF_MAX_IDS ? (unsigned)filters : RF_MAX_IDS;
}

struct ndis_receive_filters *ndis_receive_filters_create(const struct ndis_adapter *adapter)
{
	struct ndis_receive_filters *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->adapter = adapter;
	pthread_mutex_init(&f->lock, NULL);
	default_queue_init(f);
	limits_init(f);
	f->queues = calloc(f->max_queues + 1, sizeof(*f->queues));
	f->owners = calloc(f->max_queues + 1, sizeof(*f->owners));
	f->filters = calloc(f->max_filters + 1, sizeof(*f->filters));
	if (!f->queues || !f->owners || !f->filters)
		goto fail;
	if (f->max_queues) {
		f->queue_ids = id_pool_create(f->max_queues);
		if (!f->queue_ids)
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
	/* A request that the miniport never ended: its filter is on no queue yet. */
	if (f->pending.filter && !f->filters[f->pending.filter->id])
		free(f->pending.filter);
	for (unsigned id = 1; f->filters && id <= f->max_filters; id++)
		free(f->filters[id]);
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
