/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive filter cache: one row per OID, and what the rows share. Which
 * requests exist, who answers them and by which names stands in the table of C.3.
 */
#include "ndis/receive_filter_cache.h"

#include <assert.h>

#include "base/log.h"

/* X(OID, request type, what checks or answers it, what follows the miniport or NULL) */
#define RF_ROWS(X)                                                                              \
	X(HARDWARE_CAPABILITIES,     QueryInformation, rf_hardware_capabilities, NULL)          \
	X(CURRENT_CAPABILITIES,      QueryInformation, rf_current_capabilities,  NULL)          \
	X(GLOBAL_PARAMETERS,         QueryInformation, rf_global_parameters,     NULL)          \
	X(ENUM_QUEUES,               QueryInformation, rf_enum_queues,           NULL)          \
	X(ENUM_QUEUES,               QueryStatistics,  rf_enum_queues,           NULL)          \
	X(QUEUE_PARAMETERS,          Method,           rf_get_queue_parameters,  NULL)          \
	X(ENUM_FILTERS,              Method,           rf_enum_filters,          NULL)          \
	X(PARAMETERS,                Method,           rf_filter_parameters,     NULL)          \
	X(MOVE_FILTER,               SetInformation,   rf_move_filter,           NULL)          \
	X(ALLOCATE_QUEUE,            Method,           rf_allocate_begin,        rf_allocate_end) \
	X(QUEUE_PARAMETERS,          SetInformation,   rf_set_parameters_begin,  rf_set_parameters_end) \
	X(QUEUE_ALLOCATION_COMPLETE, Method,           rf_complete_begin,        rf_complete_end) \
	X(FREE_QUEUE,                SetInformation,   rf_free_begin,            rf_free_end)   \
	X(SET_FILTER,                Method,           rf_set_filter_begin,      rf_set_filter_end) \
	X(CLEAR_FILTER,              SetInformation,   rf_clear_filter_begin,    rf_clear_filter_end)

struct rf_row {
	const char *name;
	NDIS_OID oid;
	NDIS_REQUEST_TYPE type;
	NDIS_STATUS (*begin)(struct rf_call *call);
	void (*end)(struct rf_call *call, NDIS_STATUS status);
};

static const struct rf_row rows[] = {
#define X(name, request, begin_fn, end_fn) \
	{ #name, OID_RECEIVE_FILTER_##name, NdisRequest##request, begin_fn, end_fn },
	RF_ROWS(X)
#undef X
};

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

bool ndis_receive_filter_is(NDIS_OID oid)
{
	for (unsigned i = 0; i < N_ROWS; i++)
		if (rows[i].oid == oid)
			return true;
	return false;
}

static const struct rf_row *row_of(const NDIS_OID_REQUEST *r)
{
	for (unsigned i = 0; i < N_ROWS; i++)
		if (rows[i].oid == r->DATA.QUERY_INFORMATION.Oid && rows[i].type == r->RequestType)
			return &rows[i];
	return NULL;
}

static const char *name_of(NDIS_OID oid)
{
	for (unsigned i = 0; i < N_ROWS; i++)
		if (rows[i].oid == oid)
			return rows[i].name;
	return "";
}

static bool call_open(struct rf_call *call, struct ndis_binding *binding, PNDIS_OID_REQUEST r)
{
	bool known = rf_call_open(call, binding, r);

	call->name = name_of(r->DATA.QUERY_INFORMATION.Oid);
	return known;
}

/* What needs no look at the buffer. */
static NDIS_STATUS supported(const struct rf_call *call, const struct rf_row *row, bool known)
{
	unsigned version = ndis_version(call->binding->layer.adapter);

	/* C24; and a type that the OID does not have is no request of ours (X32). */
	if (!call->cache)
		return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
				 "the adapter has no receive filtering");
	if (version < NDIS_VERSION(6, 20))
		return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
				 "the miniport is of NDIS %u.%u, must be of 6.20 or later",
				 version >> 16, version & 0xffff);
	if (!row || !known)
		return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
				 "RequestType is %d, which this OID does not have",
				 (int)call->request->RequestType);
	/* D38: a program may look, but queues and filters are a driver's. */
	if (row->end && rf_call_is_application(call))
		return rf_refuse(call, NDIS_STATUS_NOT_SUPPORTED,
				 "a program asks, and queues and filters are a driver's to change");
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS ndis_receive_filter_begin(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
				      bool *forward)
{
	const struct rf_row *row = row_of(request);
	struct rf_call call;
	bool known = call_open(&call, binding, request);
	NDIS_STATUS status = supported(&call, row, known);

	*forward = false;
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	pthread_mutex_lock(&call.cache->lock);
	assert(!call.cache->pending.request);
	status = row->begin(&call);
	*forward = status == NDIS_STATUS_SUCCESS && row->end;
	if (*forward)
		call.cache->pending.request = request;
	pthread_mutex_unlock(&call.cache->lock);
	return status;
}

/* C23, where the miniport left it to NDIS. */
static void account(const struct rf_call *call)
{
	ULONG used = call->cache->pending.used;

	if (call->consumed && *call->consumed < used)
		*call->consumed = used;
	if (call->produced && *call->produced < used)
		*call->produced = used < call->out ? used : call->out;
}

/* E11: a queue that is gone has no memory any more. */
static void want_no_memory(struct ndis_adapter *a, NDIS_RECEIVE_QUEUE_ID freed)
{
	unsigned n = freed ? ndis_shared_memory_of_queue(a, freed) : 0;

	if (n)
		log_error("adapter %s: OID_RECEIVE_FILTER_FREE_QUEUE of queue %u has ended, and %u "
			  "blocks of its shared memory are not freed (E11)",
			  a->layer.object.name, (unsigned)freed, n);
}

void ndis_receive_filter_end(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
			     NDIS_STATUS status)
{
	const struct rf_row *row = row_of(request);
	NDIS_RECEIVE_QUEUE_ID freed = 0;
	struct rf_call call;

	if (!row || !row->end || !call_open(&call, binding, request) || !call.cache)
		return;
	pthread_mutex_lock(&call.cache->lock);
	if (call.cache->pending.request == request) {
		row->end(&call, status);
		if (status == NDIS_STATUS_SUCCESS)
			account(&call);
		else
			rf_refuse(&call, status, "the miniport refused it with status 0x%08x",
				  (unsigned)status);
		freed = call.cache->pending.freed;
		call.cache->pending = (struct rf_pending){ 0 };
	}
	pthread_mutex_unlock(&call.cache->lock);
	want_no_memory(binding->layer.adapter, freed);
}

bool rf_call_is_application(const struct rf_call *call)
{
	return call->request->RequestType == NdisRequestQueryStatistics || !call->binding->protocol;
}

const NDIS_RECEIVE_FILTER_CAPABILITIES *rf_current(const struct rf_call *call)
{
	return &call->cache->adapter->attributes.current;
}

struct rf_queue *rf_queue_find(struct ndis_receive_filters *cache, NDIS_RECEIVE_QUEUE_ID id)
{
	struct rf_queue *q;

	if (id == NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		return &cache->default_queue;
	q = id <= cache->max_queues ? cache->queues[id] : NULL;
	return q && q->state != VMQ_QUEUE_UNDEFINED ? q : NULL;
}

bool rf_queue_usable(const struct rf_queue *q)
{
	return q->state != VMQ_QUEUE_STOP_DMA && q->state != VMQ_QUEUE_FREEING;
}

NDIS_STATUS rf_queue_own(const struct rf_call *call, NDIS_RECEIVE_QUEUE_ID id,
			 struct rf_queue **queue)
{
	struct rf_queue *q = rf_queue_find(call->cache, id);
	const char *fault = NULL;

	if (id == NDIS_DEFAULT_RECEIVE_QUEUE_ID)
		fault = "a queue of the caller's, not the default queue";
	else if (!q)
		fault = "that of an allocated queue";
	else if (q->owner != call->binding)
		fault = "that of a queue which the caller allocated";
	else if (!rf_queue_usable(q))
		fault = "that of a queue which is not being freed";
	if (fault)
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER, "QueueId is %u, must be %s",
				 (unsigned)id, fault);
	*queue = q;
	return NDIS_STATUS_SUCCESS;
}

int rf_queue_move(struct rf_queue *q, enum vmq_queue_event event)
{
	int next = vmq_queue_state_next(q->state, event);

	if (next < 0)
		return next;
	q->state = (enum vmq_queue_state)next;
	return 0;
}

void ndis_receive_filter_dma_stopped(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID queue)
{
	struct ndis_receive_filters *f = adapter->filters;
	struct rf_queue *q;

	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	q = rf_queue_find(f, queue);
	if (q)
		rf_queue_move(q, VMQ_EVENT_DMA_STOPPED);   /* G16: elsewhere it means nothing */
	pthread_mutex_unlock(&f->lock);
}

bool ndis_receive_filter_queue_exists(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID id)
{
	struct ndis_receive_filters *f = adapter->filters;
	bool exists;

	if (id == NDIS_DEFAULT_RECEIVE_QUEUE_ID || !f)
		return id == NDIS_DEFAULT_RECEIVE_QUEUE_ID;
	pthread_mutex_lock(&f->lock);
	/* UNDEFINED counts: the miniport has its ALLOCATE_QUEUE just now (C37). */
	exists = id <= f->max_queues && f->queues[id];
	pthread_mutex_unlock(&f->lock);
	return exists;
}

struct ndis_binding *ndis_receive_filter_owner(struct ndis_adapter *adapter,
					       NDIS_RECEIVE_QUEUE_ID id)
{
	struct ndis_receive_filters *f = adapter->filters;

	if (!f || id > f->max_queues)
		return NULL;
	return atomic_load_explicit(&f->owners[id], memory_order_relaxed);
}

struct ndis_binding *ndis_receive_filter_allocator(struct ndis_adapter *adapter,
						   NDIS_RECEIVE_QUEUE_ID id)
{
	struct ndis_receive_filters *f = adapter->filters;
	struct ndis_binding *owner = NULL;

	if (!f || id == NDIS_DEFAULT_RECEIVE_QUEUE_ID || id > f->max_queues)
		return NULL;
	pthread_mutex_lock(&f->lock);
	if (f->queues[id] && !f->queues[id]->abandoned)
		owner = f->queues[id]->owner;
	pthread_mutex_unlock(&f->lock);
	return owner;
}
