/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OID_RECEIVE_FILTER_FREE_QUEUE (G), and what comes after it: the freed id rests until no
 * send that was on its way when the queue went can carry it any more (U16).
 */
#include "ndis/receive_filter_cache.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "ndis/oid.h"

#define FIRST_WARNING_MS 1000
#define NEXT_WARNING_MS  10000
#define NS_PER_MS        1000000u
#define TICKS_PER_MS     10000          /* of 100 ns */

static const struct rf_layout free_layout = {
	"NDIS_RECEIVE_QUEUE_FREE_PARAMETERS", 1, sizeof(NDIS_RECEIVE_QUEUE_FREE_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
};

/* ---- ids that rest ---- */

/* Outlives the cache while a call for a quiet moment is out. Its lock is taken before
 * the cache's, or alone. */
struct rf_rest {
	pthread_mutex_t lock;
	struct ndis_receive_filters *cache;     /* NULL: gone */
	atomic_uint holders;                    /* the cache, and every call that is out */
	atomic_uint n;                          /* ids that rest */
	_Atomic(PNDIS_OID_REQUEST) waits;       /* an ALLOCATE_QUEUE that found no id; NULL: none */
};

struct resting {
	struct rf_rest *rest;
	NDIS_RECEIVE_QUEUE_ID id;
};

struct rf_rest *rf_rest_create(struct ndis_receive_filters *cache)
{
	struct rf_rest *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	pthread_mutex_init(&r->lock, NULL);
	r->cache = cache;
	r->holders = 1;
	return r;
}

/* The lock is held, and is not any more. */
static void let_go(struct rf_rest *r)
{
	bool last = atomic_fetch_sub(&r->holders, 1) == 1;

	pthread_mutex_unlock(&r->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&r->lock);
	free(r);
}

void rf_rest_destroy(struct rf_rest *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->cache = NULL;
	let_go(r);
}

/* A quiet moment came: the id may be given again, and whoever waits for one tries anew. */
static VOID rested(PVOID context)
{
	struct resting *s = context;
	struct rf_rest *r = s->rest;
	struct ndis_receive_filters *f;
	PNDIS_OID_REQUEST waits;

	pthread_mutex_lock(&r->lock);
	f = r->cache;
	if (f) {
		pthread_mutex_lock(&f->lock);
		id_pool_give(f->queue_ids, s->id);
		atomic_fetch_sub(&r->n, 1);
		waits = atomic_exchange(&r->waits, NULL);
		pthread_mutex_unlock(&f->lock);
		if (waits)
			ndis_oid_again(waits);
	}
	let_go(r);
	free(s);
}

void rf_rest_add(struct rf_rest *r, NDIS_RECEIVE_QUEUE_ID id)
{
	struct resting *s = malloc(sizeof(*s));

	/* Without memory for its rest, an id is never given again: one less to have. */
	if (!s)
		return;
	*s = (struct resting){ r, id };
	atomic_fetch_add(&r->n, 1);
	atomic_fetch_add(&r->holders, 1);
	OvmqCallWhenQuiet(rested, s);
}

unsigned rf_rest_count(const struct rf_rest *r)
{
	return r ? atomic_load(&r->n) : 0;
}

bool rf_rest_wait(struct rf_rest *r, PNDIS_OID_REQUEST request)
{
	if (!rf_rest_count(r))
		return false;
	atomic_store(&r->waits, request);
	return true;
}

/* ---- a FREE that waits ---- */

/* G5, I25: as long as it waits, no other OID has its turn. Whoever looks for the cause
 * learns whose frames are missed. */
static VOID still_waits(PKDPC dpc, PVOID cache, PVOID argument1, PVOID argument2)
{
	struct ndis_receive_filters *f = cache;
	const struct rf_queue *q;
	uint64_t ms;
	char vm[128];

	(void)dpc;
	(void)argument1;
	(void)argument2;
	pthread_mutex_lock(&f->lock);
	q = f->pending.queue;
	ms = q && q->freeing_since ? (clock_ns() - q->freeing_since) / NS_PER_MS : 0;
	/* The timer of a FREE that ended just now may meet the next one. */
	if (f->pending.request && ms >= FIRST_WARNING_MS && q->owner) {
		rf_name_text(&q->parameters.VmName, vm, sizeof(vm));
		log_warning("adapter %s: OID_RECEIVE_FILTER_FREE_QUEUE of queue %u (VM \"%s\", of protocol "
			    "%s) has waited for %llu ms: %s", f->adapter->layer.object.name,
			    (unsigned)q->id, vm, q->owner->protocol->object.name,
			    (unsigned long long)ms,
			    q->state == VMQ_QUEUE_FREEING
				    ? "not all of its frames have been returned (G5)"
				    : "its miniport has not said that DMA stopped (G4)");
	}
	pthread_mutex_unlock(&f->lock);
}

void rf_free_watch_init(struct ndis_receive_filters *f)
{
	KeInitializeTimer(&f->free_timer);
	KeInitializeDpc(&f->free_dpc, still_waits, f);
}

static void watch(struct ndis_receive_filters *f)
{
	LARGE_INTEGER due = { .QuadPart = -(LONGLONG)FIRST_WARNING_MS * TICKS_PER_MS };

	KeSetTimerEx(&f->free_timer, due, NEXT_WARNING_MS, &f->free_dpc);
}

void rf_free_watch_destroy(struct ndis_receive_filters *f)
{
	KeCancelTimer(&f->free_timer);
	KeFlushQueuedDpcs();
}

/* ---- the OID ---- */

NDIS_STATUS rf_free_begin(struct rf_call *call)
{
	struct rf_pending *pending = &call->cache->pending;
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS p;
	enum vmq_queue_state before;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &free_layout, &p, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_queue_own(call, p.QueueId, &q);   /* G9, C2 */
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	before = q->state;
	if (rf_queue_move(q, VMQ_EVENT_FREE))                 /* C12 */
		return rf_refuse(call, NDIS_STATUS_INVALID_PARAMETER,
				 "queue %u has %u filters, must have none to be freed",
				 (unsigned)q->id, q->n_filters);
	*pending = (struct rf_pending){ .queue = q, .before = before, .used = size };
	q->freeing_since = clock_ns();
	watch(call->cache);
	return NDIS_STATUS_SUCCESS;
}

/*
 * U12: of a FREE that was aborted half-way NDIS hears no end. The miniport lets the queue
 * drain and owes nobody a word of it, so nobody can say when its id would be free: it
 * stays taken until the adapter goes, and a second FREE is refused (G9).
 */
void rf_free_end(struct rf_call *call, NDIS_STATUS status)
{
	struct rf_pending *pending = &call->cache->pending;
	struct rf_queue *q = pending->queue;

	KeCancelTimer(&call->cache->free_timer);
	if (status == NDIS_STATUS_SUCCESS) {
		pending->freed = q->id;
		rf_queue_remove(call->cache, q);
	} else if (q->state == VMQ_QUEUE_STOP_DMA && status != NDIS_STATUS_REQUEST_ABORTED) {
		q->state = pending->before;   /* G8: refused before it began */
		q->freeing_since = 0;
	} else {
		q->abandoned = true;
	}
}
