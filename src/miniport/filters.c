/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive filters: control's list, and the classifier that pollers read. */
#include "miniport/adapter.h"
#include "miniport/steer.h"

#include <stdlib.h>
#include <string.h>

#include "criteria/criteria.h"

/* How long an engine that has no room is asked again at most, in milliseconds, while what it
 * made before is still there. */
#define ROOM_PATIENCE 5000

/* Of all adapters: replaced, and not destroyed before workers are quiet. */
static atomic_uint replaced;

static void destroy_classifier(void *classifier)
{
	vmq_classifier_destroy(classifier);
	atomic_fetch_sub(&replaced, 1);
}

/* Makes the classifier anew of the filters whose queue may receive, and publishes it.
 * Frames of a queue that is not yet complete go to the default queue (U6). */
NDIS_STATUS mp_filters_publish(struct mp_adapter *a)
{
	struct vmq_criteria *list = malloc((a->n_filters + 1) * sizeof(*list));
	struct vmq_classifier *c;
	unsigned n = 0;

	if (!list)
		return NDIS_STATUS_RESOURCES;
	for (unsigned i = 0; i < a->n_filters; i++)
		if (atomic_load(&a->queues[a->filter_list[i].queue].state) == VMQ_QUEUE_RUNNING)
			list[n++] = a->filter_list[i];
	/* Many changes one after another: an engine may have room for so many sets only. */
	for (unsigned ms = 0;; ms++) {
		bool others = atomic_load(&replaced);

		c = vmq_classifier_create(a->settings.filter_engine, list, n);
		if (c || !others || ms == ROOM_PATIENCE)
			break;
		NdisMSleep(1000);
	}
	free(list);
	if (!c)
		return NDIS_STATUS_RESOURCES;
	c = atomic_exchange_explicit(&a->filters, c, memory_order_acq_rel);
	if (c) {
		atomic_fetch_add(&replaced, 1);
		OvmqCallWhenQuiet(destroy_classifier, c);
	}
	return NDIS_STATUS_SUCCESS;
}

/* Where a filter belongs in the list. */
static unsigned list_place(const struct mp_adapter *a, const struct vmq_criteria *c)
{
	unsigned low = 0, high = a->n_filters;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (vmq_criteria_before(&a->filter_list[middle], c))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void list_put(struct mp_adapter *a, unsigned place, const struct vmq_criteria *c)
{
	struct vmq_criteria *at = &a->filter_list[place];

	memmove(at + 1, at, (a->n_filters++ - place) * sizeof(*at));
	*at = *c;
}

static void list_remove(struct mp_adapter *a, unsigned place)
{
	struct vmq_criteria *at = &a->filter_list[place];

	criteria_free(at);
	memmove(at, at + 1, (--a->n_filters - place) * sizeof(*at));
}

/* Room for one filter more. */
static NDIS_STATUS list_grow(struct mp_adapter *a)
{
	unsigned room = a->filter_room ? 2 * a->filter_room : 64;
	struct vmq_criteria *list;

	if (a->n_filters == MP_FILTERS_MAX)
		return NDIS_STATUS_RESOURCES;            /* D30 */
	if (a->n_filters < a->filter_room)
		return NDIS_STATUS_SUCCESS;
	list = realloc(a->filter_list, room * sizeof(*list));
	if (!list)
		return NDIS_STATUS_RESOURCES;
	a->filter_list = list;
	a->filter_room = room;
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS mp_filter_set(struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	struct vmq_criteria c;
	struct mp_queue *q;
	NDIS_STATUS status = mp_criteria_read(a, p, &c);
	unsigned place;
	int before;

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	status = list_grow(a);
	if (status != NDIS_STATUS_SUCCESS)
		goto free_criteria;
	q = &a->queues[c.queue];
	before = atomic_load(&q->state);
	if (q->id && !mp_queue_event(q, VMQ_EVENT_SET_FILTER)) {
		status = NDIS_STATUS_INVALID_PARAMETER;
		goto free_criteria;
	}
	place = list_place(a, &c);
	list_put(a, place, &c);
	mp_steer_filter(q, &c);
	status = mp_filters_publish(a);          /* D26: in force when the OID completes */
	if (status != NDIS_STATUS_SUCCESS)
		goto take_back;
	q->n_filters++;
	return NDIS_STATUS_SUCCESS;

take_back:
	mp_steer_unfilter(q, c.id);
	list_remove(a, place);
	atomic_store(&q->state, before);
	return status;
free_criteria:
	criteria_free(&c);
	return status;
}

/* Second quiet: nobody is still indicating what was taken off a ring before. */
static void clear_ends(void *context)
{
	struct mp_queue *q = context;
	PNDIS_OID_REQUEST request = q->pending;

	q->pending = NULL;
	NdisMOidRequestComplete(q->adapter->handle, request, NDIS_STATUS_SUCCESS);
}

/* First quiet: no poller can match by the old filters any more, so whatever is on a
 * ring to a queue without filters is of the past (D32, F17). */
static void clear_is_quiet(void *context)
{
	struct mp_queue *q = context;

	if (q->id && !q->n_filters)
		atomic_fetch_add(&q->generation, 1);
	OvmqCallWhenQuiet(clear_ends, q);
}

NDIS_STATUS mp_filter_clear(struct mp_adapter *a, unsigned queue, ULONG id,
			    PNDIS_OID_REQUEST request)
{
	struct mp_queue *q;
	unsigned i = 0;

	while (i < a->n_filters && (a->filter_list[i].id != id || a->filter_list[i].queue != queue))
		i++;
	if (i == a->n_filters)
		return NDIS_STATUS_FILE_NOT_FOUND;
	q = &a->queues[queue];
	mp_steer_unfilter(q, id);
	list_remove(a, i);
	q->n_filters--;
	if (q->id)
		mp_queue_event(q, q->n_filters ? VMQ_EVENT_CLEAR_FILTER : VMQ_EVENT_CLEAR_LAST);
	while (mp_filters_publish(a) != NDIS_STATUS_SUCCESS)
		NdisMSleep(1000);                /* a clear cannot fail (D33) */
	q->pending = request;
	OvmqCallWhenQuiet(clear_is_quiet, q);
	return NDIS_STATUS_PENDING;
}

void mp_filters_destroy(struct mp_adapter *a)
{
	while (a->n_filters)
		criteria_free(&a->filter_list[--a->n_filters]);
	free(a->filter_list);
	a->filter_list = NULL;
	a->filter_room = 0;
	vmq_classifier_destroy(atomic_exchange(&a->filters, NULL));
}
