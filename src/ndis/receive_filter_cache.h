/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of the receive filter cache; for the files receive_filter*.c alone.
 *
 * A request becomes a 'struct rf_call'. Every check is made on copies and before
 * the first change, so that a refusal has nothing to undo; a request that goes on
 * to the miniport leaves in 'struct rf_pending' what its end needs.
 */
#ifndef NDIS_RECEIVE_FILTER_CACHE_H
#define NDIS_RECEIVE_FILTER_CACHE_H

#include <sys/queue.h>

#include "base/id_pool.h"
#include "criteria/criteria.h"
#include "ndis/receive_filter.h"
#include "vmq/queue_state.h"

#define RF_MAX_IDS      65535   /* ids travel in 16 bits (B9) */
#define RF_FILTER_TYPES 3       /* NDIS_RECEIVE_FILTER_TYPE: undefined, VMQ, coalescing */

struct rf_filter {
	TAILQ_ENTRY(rf_filter) link;              /* in its queue, in the order of setting */
	NDIS_RECEIVE_FILTER_ID id;
	NDIS_RECEIVE_FILTER_TYPE type;
	struct rf_queue *queue;
	const struct ndis_binding *owner;         /* who set it; only they may clear it (D31) */
	struct vmq_criteria criteria;             /* of the default queue's: what it asks of a frame;
						   * no tests: NDIS does not look for it */
	ULONG length;
	UCHAR bytes[];                            /* what was set, FilterId filled in (D37) */
};

TAILQ_HEAD(rf_filter_list, rf_filter);

/* A queue; number 0 is the default queue, which always runs and nobody owns (C2, C9). */
struct rf_queue {
	NDIS_RECEIVE_QUEUE_ID id;
	enum vmq_queue_state state;
	bool abandoned;                           /* its FREE was aborted half-way (U12) */
	uint64_t freeing_since;                   /* clock_ns() when its FREE began; 0: it did not */
	struct ndis_binding *owner;
	NDIS_RECEIVE_QUEUE_PARAMETERS parameters; /* as allocated and changed since (C47) */
	unsigned n_filters;
	struct rf_filter_list filters;
};

/* The forwarded request that the miniport has now; one at a time (I25). */
struct rf_pending {
	PNDIS_OID_REQUEST request;                /* NULL: none */
	struct rf_queue *queue;
	struct rf_filter *filter;
	struct vmq_classifier *classifier;        /* of filters of the default queue: what no worker
						   * goes by, and will if it is (SET) or if it is
						   * not (CLEAR) done */
	enum vmq_queue_state before;              /* FREE: the state to go back to */
	NDIS_RECEIVE_QUEUE_PARAMETERS parameters; /* set of QUEUE_PARAMETERS: what will hold */
	ULONG caller_id;                          /* what stood where an id was written */
	ULONG first, stride, n;                   /* ALLOCATION_COMPLETE: the array, ... */
	struct rf_queue **batch;                  /* ... and the queue of each element */
	ULONG used;                               /* bytes of the request that were understood */
	NDIS_RECEIVE_QUEUE_ID freed;              /* FREE: the queue that is gone now; 0: none */
};

struct rf_rest;

struct ndis_receive_filters {
	struct ndis_adapter *adapter;
	pthread_mutex_t lock;                     /* all below, but for 'owners' */
	unsigned max_queues, max_filters;         /* the ids there are */
	unsigned n_queues, n_filters[RF_FILTER_TYPES];
	struct id_pool *queue_ids, *filter_ids;   /* NULL: there are none */
	struct rf_rest *rest;                     /* freed ids that are not in the pool yet (U16) */
	KTIMER free_timer;                        /* tells of a FREE that waits (G5) */
	KDPC free_dpc;
	struct rf_queue default_queue;
	struct rf_queue **queues;                 /* by id; NULL: unused */
	struct rf_filter **filters;               /* by id */
	struct rf_pending pending;
	_Atomic(struct ndis_binding *) *owners;   /* by queue id; OIDs write, workers read */
};

/* One request, whatever its type: the union's arm, taken apart (X12). */
struct rf_call {
	const char *name;                         /* of its OID, behind OID_RECEIVE_FILTER_ */
	struct ndis_receive_filters *cache;
	struct ndis_binding *binding;
	PNDIS_OID_REQUEST request;
	UCHAR *buffer;
	ULONG in, out;                            /* bytes of 'buffer' that may be read, written */
	UINT *needed;
	UINT *produced, *consumed;                /* NULL where the arm has none */
};

/* What a structure's header may say: sizes by revision (K). */
struct rf_layout {
	const char *name;
	UCHAR revisions;
	USHORT max;                               /* with the compiler's padding */
	USHORT size[3];
};

/* ---- receive_filter_refusal.c ---- */

/* 'status', with a text that says which field is wrong, what it is and what it must be:
 * for the log, and for whoever asked (ndis_adapter_refusal). */
NDIS_STATUS rf_refuse(const struct rf_call *call, NDIS_STATUS status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- receive_filter_call.c: lengths and headers ---- */

/* Fills 'call'; FALSE for a request type that no VMQ OID has. */
bool rf_call_open(struct rf_call *call, struct ndis_binding *binding, PNDIS_OID_REQUEST request);

/* INVALID_LENGTH, saying how many bytes would do (C21). */
NDIS_STATUS rf_call_short(const struct rf_call *call, ULONG needed);

/* Checks the structure at the buffer's start (C26) and copies it to 'to', zeros
 * behind its revision's end. '*size': bytes of its revision. */
NDIS_STATUS rf_call_take(const struct rf_call *call, const struct rf_layout *layout, void *to,
			 ULONG *size);

/* The same for a structure at 'offset' with 'room' bytes that are known to be there. */
NDIS_STATUS rf_call_take_at(const struct rf_call *call, ULONG offset, ULONG room,
			    const struct rf_layout *layout, void *to);

/* The size of the header's revision; 0: there is no such revision. */
ULONG rf_layout_size(const struct rf_layout *layout, const NDIS_OBJECT_HEADER *header);

/* Checks an array behind 'behind' bytes (C42, D23); '*end' is the first byte after
 * it, 'behind' when it is empty. */
NDIS_STATUS rf_call_array(const struct rf_call *call, ULONG behind, ULONG first, ULONG n,
			  ULONG stride, ULONG element, ULONG *end);

/* SUCCESS when 'n' bytes can be written at the buffer's start. */
NDIS_STATUS rf_call_room(const struct rf_call *call, ULONG n);

/* The answer is complete: 'n' bytes were written (C23). */
NDIS_STATUS rf_call_answered(const struct rf_call *call, ULONG n);

/* ---- receive_filter.c ---- */

/* The queue with that id, UNDEFINED ones aside; NULL: there is none. */
struct rf_queue *rf_queue_find(struct ndis_receive_filters *cache, NDIS_RECEIVE_QUEUE_ID id);

/* '*queue' is the one with that id, if the caller allocated it and it is not being freed
 * (C9, C45); else the request is refused with INVALID_PARAMETER. */
NDIS_STATUS rf_queue_own(const struct rf_call *call, NDIS_RECEIVE_QUEUE_ID id,
			 struct rf_queue **queue);

/* Whether OID_RECEIVE_FILTER_* other than FREE_QUEUE may still name it (C11). */
bool rf_queue_usable(const struct rf_queue *queue);

/* Lets 'event' happen to the queue. 0, or -EPERM and nothing happened (C11). */
int rf_queue_move(struct rf_queue *queue, enum vmq_queue_event event);

/* The capabilities in force (H3). */
const NDIS_RECEIVE_FILTER_CAPABILITIES *rf_current(const struct rf_call *call);

/* Whether the request comes from a program and not from a driver (C51, D38). */
bool rf_call_is_application(const struct rf_call *call);

/* ---- receive_filter_parameters.c ---- */

/* What ALLOCATE_QUEUE must hold (C27, C28, C30, C34). */
NDIS_STATUS rf_queue_parameters_check(const struct rf_call *call,
				      const NDIS_RECEIVE_QUEUE_PARAMETERS *p);

/* ---- receive_filter_report.c ---- */

/* 'name' as UTF-8, cut at a character's end when it does not fit. */
void rf_name_text(const NDIS_QUEUE_NAME *name, char *text, size_t size);

/* ---- receive_filter_queue.c ---- */

/* Takes a queue that is UNDEFINED now out of the cache; its id rests (U10, U16). */
void rf_queue_remove(struct ndis_receive_filters *cache, struct rf_queue *queue);

/* ---- receive_filter_free.c: freed ids rest, and a FREE that waits is told ---- */

struct rf_rest *rf_rest_create(struct ndis_receive_filters *cache);
/* The ids that rest are nobody's any more; accepts NULL. Without the cache's lock. */
void rf_rest_destroy(struct rf_rest *rest);
/* Puts 'id' into the pool, behind all others, once every worker has passed a point at which
 * it held no send that carries it (U16). */
void rf_rest_add(struct rf_rest *rest, NDIS_RECEIVE_QUEUE_ID id);
/* How many ids rest. */
unsigned rf_rest_count(const struct rf_rest *rest);
/* 'request' found no id and has its turn; it gets another one when an id comes back.
 * FALSE: none rests. */
bool rf_rest_wait(struct rf_rest *rest, PNDIS_OID_REQUEST request);

/* ---- receive_filter_default.c: the default queue's filters, as workers go by them ---- */

/* Before the miniport is asked for the default queue's filter 'n', and at the end: 'made' is
 * in force once it is set. FALSE: no memory. */
bool rf_default_set_begin(const struct rf_call *call, const struct rf_filter *n,
			  struct vmq_classifier **made);
void rf_default_set_end(const struct rf_call *call, struct vmq_classifier *made, bool set);
/* The same for its clearing: at once nobody goes by it, 'before' is in force again when
 * the miniport has not cleared it. */
bool rf_default_clear_begin(const struct rf_call *call, const struct rf_filter *n,
			    struct vmq_classifier **before);
void rf_default_clear_end(const struct rf_call *call, struct vmq_classifier *before, bool cleared);
/* A binding is gone: nothing of it is in force. */
void rf_default_forget(struct ndis_binding *binding);

void rf_free_watch_init(struct ndis_receive_filters *cache);
void rf_free_watch_destroy(struct ndis_receive_filters *cache);

/* ---- receive_filter_set.c ---- */

/* A filter that is on no queue (any more). */
void rf_filter_destroy(struct rf_filter *filter);   /* accepts NULL */

extern const struct rf_layout rf_queue_parameters_layout, rf_filter_parameters_layout;

/* ---- what begins and ends each OID. 'begin' SUCCESS with an 'end': goes on ---- */

NDIS_STATUS rf_hardware_capabilities(struct rf_call *call);
NDIS_STATUS rf_current_capabilities(struct rf_call *call);
NDIS_STATUS rf_global_parameters(struct rf_call *call);
NDIS_STATUS rf_enum_queues(struct rf_call *call);
NDIS_STATUS rf_get_queue_parameters(struct rf_call *call);
NDIS_STATUS rf_enum_filters(struct rf_call *call);
NDIS_STATUS rf_filter_parameters(struct rf_call *call);
NDIS_STATUS rf_move_filter(struct rf_call *call);

NDIS_STATUS rf_allocate_begin(struct rf_call *call);
NDIS_STATUS rf_set_parameters_begin(struct rf_call *call);
NDIS_STATUS rf_complete_begin(struct rf_call *call);
NDIS_STATUS rf_free_begin(struct rf_call *call);
NDIS_STATUS rf_set_filter_begin(struct rf_call *call);
NDIS_STATUS rf_clear_filter_begin(struct rf_call *call);

void rf_allocate_end(struct rf_call *call, NDIS_STATUS status);
void rf_set_parameters_end(struct rf_call *call, NDIS_STATUS status);
void rf_complete_end(struct rf_call *call, NDIS_STATUS status);
void rf_free_end(struct rf_call *call, NDIS_STATUS status);
void rf_set_filter_end(struct rf_call *call, NDIS_STATUS status);
void rf_clear_filter_end(struct rf_call *call, NDIS_STATUS status);

#endif
