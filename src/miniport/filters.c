/* SPDX-License-Identifier: BSD-2-Clause */
/* Receive filters: control's list, and the table that pollers read. */
#include "miniport/adapter.h"

#include <stdlib.h>
#include <string.h>

static void destroy_table(void *table)
{
	vmq_filter_table_destroy(table);
}

/* Makes the table anew of the filters whose queue may receive, and publishes it.
 * Frames of a queue that is not yet complete go to the default queue (U6). */
NDIS_STATUS mp_filters_publish(struct mp_adapter *a)
{
	struct vmq_filter *list = calloc(a->n_filters + 1, sizeof(*list));
	struct vmq_filter_table *table;
	unsigned n = 0;

	if (!list)
		return NDIS_STATUS_RESOURCES;
	for (struct mp_filter *f = a->filter_list; f; f = f->next)
		if (atomic_load(&a->queues[f->filter.queue].state) == VMQ_QUEUE_RUNNING)
			list[n++] = f->filter;
	table = vmq_filter_table_create(list, n);
	free(list);
	if (!table)
		return NDIS_STATUS_RESOURCES;
	table = atomic_exchange_explicit(&a->filters, table, memory_order_acq_rel);
	if (table)
		OvmqCallWhenQuiet(destroy_table, table);
	return NDIS_STATUS_SUCCESS;
}

/* One field test of a request: the destination MAC, or the VLAN id (D7, D10). */
static NDIS_STATUS read_field(const NDIS_RECEIVE_FILTER_FIELD_PARAMETERS *f, struct vmq_filter *to,
			      bool *mac)
{
	const UCHAR *value = f->FieldValue.FieldByteArrayValue;

	if (f->FrameHeader != NdisFrameHeaderMac || f->ReceiveFilterTest != NdisReceiveFilterTestEqual)
		return NDIS_STATUS_INVALID_PARAMETER;
	if (f->HeaderField.MacHeaderField == NdisMacHeaderFieldDestinationAddress) {
		memcpy(to->mac, value, sizeof(to->mac));
		if (f->Flags & NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO &&
		    to->vlan_test == VMQ_VLAN_ANY)
			to->vlan_test = VMQ_VLAN_UNTAGGED_OR_ZERO;   /* D13 */
		*mac = true;
		return NDIS_STATUS_SUCCESS;
	}
	if (f->HeaderField.MacHeaderField == NdisMacHeaderFieldVlanId) {
		to->vlan = (uint16_t)((value[0] << 8 | value[1]) & 0xfff);
		to->vlan_test = VMQ_VLAN_EQUAL;                      /* D14, D17 */
		return NDIS_STATUS_SUCCESS;
	}
	return NDIS_STATUS_INVALID_PARAMETER;
}

static NDIS_STATUS read_filter(const NDIS_RECEIVE_FILTER_PARAMETERS *p, struct vmq_filter *to)
{
	const char *at = (const char *)p + p->FieldParametersArrayOffset;
	bool mac = false;

	memset(to, 0, sizeof(*to));
	to->queue = (uint16_t)p->QueueId;
	to->id = p->FilterId;
	to->vlan_test = VMQ_VLAN_ANY;                                /* D16 */
	for (ULONG i = 0; i < p->FieldParametersArrayNumElements;
	     i++, at += p->FieldParametersArrayElementSize) {
		NDIS_STATUS status = read_field((const void *)at, to, &mac);

		if (status != NDIS_STATUS_SUCCESS)
			return status;
	}
	return mac ? NDIS_STATUS_SUCCESS : NDIS_STATUS_INVALID_PARAMETER;
}

NDIS_STATUS mp_filter_set(struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p)
{
	struct mp_filter *f = calloc(1, sizeof(*f)), **end = &a->filter_list;
	struct mp_queue *q = p->QueueId <= a->settings.queues ? &a->queues[p->QueueId] : NULL;
	NDIS_STATUS status = f ? read_filter(p, &f->filter) : NDIS_STATUS_RESOURCES;
	int before;

	if (status == NDIS_STATUS_SUCCESS && !q)
		status = NDIS_STATUS_INVALID_PARAMETER;
	if (status != NDIS_STATUS_SUCCESS) {
		free(f);
		return status;
	}
	before = atomic_load(&q->state);
	if (q->id && !mp_queue_event(q, VMQ_EVENT_SET_FILTER)) {
		free(f);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	while (*end)
		end = &(*end)->next;
	*end = f;
	a->n_filters++;
	status = mp_filters_publish(a);          /* D26: in force when the OID completes */
	if (status != NDIS_STATUS_SUCCESS) {
		*end = NULL;
		a->n_filters--;
		atomic_store(&q->state, before);
		free(f);
		return status;
	}
	q->n_filters++;
	return NDIS_STATUS_SUCCESS;
}

/* Second quiet: nobody is still indicating what was taken off a ring before. */
static void clear_ends(void *context)
{
	struct mp_queue *q = context;
	PNDIS_OID_REQUEST request = q->pending;

	q->pending = NULL;
	NdisMOidRequestComplete(q->adapter->handle, request, NDIS_STATUS_SUCCESS);
}

/* First quiet: no poller can match by the old table any more, so whatever is on a
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
	struct mp_filter **at = &a->filter_list, *f;
	struct mp_queue *q;

	while (*at && ((*at)->filter.id != id || (*at)->filter.queue != queue))
		at = &(*at)->next;
	f = *at;
	if (!f)
		return NDIS_STATUS_FILE_NOT_FOUND;
	q = &a->queues[queue];
	*at = f->next;
	a->n_filters--;
	q->n_filters--;
	free(f);
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
	while (a->filter_list) {
		struct mp_filter *f = a->filter_list;

		a->filter_list = f->next;
		free(f);
	}
	a->n_filters = 0;
	vmq_filter_table_destroy(atomic_exchange(&a->filters, NULL));
}
