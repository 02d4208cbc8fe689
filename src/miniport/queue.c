/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a receive queue, from ALLOCATE to FREE. NDIS has checked every
 * request; what is checked here again is what a miniport must not take on trust
 * (X13).
 */
#include "miniport/adapter.h"

#include <stdlib.h>

#include "miniport/mode.h"
#include "miniport/steer.h"

/* Moves the queue to what 'event' makes of it; false when the documentation does
 * not allow the event now, and then nothing has changed. Control. */
bool mp_queue_event(struct mp_queue *q, enum vmq_queue_event event)
{
	int next = vmq_queue_state_next((enum vmq_queue_state)atomic_load(&q->state), event);

	if (next < 0)
		return false;
	atomic_store(&q->state, next);
	return true;
}

NDIS_STATUS mp_processor_list(struct mp_processor *p, struct mp_queue *add,
			      const struct mp_queue *remove)
{
	struct mp_queue_list *old = atomic_load(&p->queues), *new;
	unsigned n = old ? old->n : 0;

	new = calloc(1, sizeof(*new) + (n + 1) * sizeof(new->list[0]));
	if (!new)
		return NDIS_STATUS_RESOURCES;
	for (unsigned i = 0; i < n; i++)
		if (old->list[i] != remove)
			new->list[new->n++] = old->list[i];
	if (add)
		new->list[new->n++] = add;
	atomic_store_explicit(&p->queues, new, memory_order_release);
	atomic_store_explicit(&p->mail, true, memory_order_release);   /* what came before it did */
	if (old)
		OvmqCallWhenQuiet(free, old);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS lanes_create(struct mp_queue *q)
{
	struct mp_adapter *a = q->adapter;

	/* Reports and drains look at them at any time. */
	q->lanes = mp_lanes_create(a->n_lanes, a->n_processors > 1);
	return q->lanes ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

/* Puts the queue, and its transmit queue, on processor 'p'. */
static NDIS_STATUS place_on(struct mp_queue *q, unsigned p)
{
	atomic_store(&q->processor, p);
	atomic_store(&q->tx.processor, p);
	mp_steer_watch(q, p, true);
	return mp_processor_list(&q->adapter->processors[p], q, NULL);
}

/*
 * The NIC transmit queue of what names the queue, or its group (U15): always the same one,
 * whichever processor sends and whichever transmit queue it waits in, as before and after
 * the queue's life. So a connection never is in two at once (A7, B6, B12).
 */
static void choose_nic_queue(struct mp_queue *q, ULONG group)
{
	atomic_store_explicit(&q->nic_tx, (uint16_t)((group ? group : q->id) % q->adapter->n_nic_tx),
			      memory_order_relaxed);
}

/* ---- the adapter's queues ---- */

static void queue_init(struct mp_adapter *a, unsigned id)
{
	struct mp_queue *q = &a->queues[id];

	q->adapter = a;
	q->id = (uint16_t)id;
	q->mode = &mp_placed;
	atomic_store(&q->state, VMQ_QUEUE_UNDEFINED);
	choose_nic_queue(q, 0);
	NdisAllocateSpinLock(&q->tx.lock);
}

/* A queue that exists from the start, on a processor of the order, in the memory that the
 * NIC itself receives into. */
static NDIS_STATUS fixed_queue_create(struct mp_adapter *a, unsigned id)
{
	struct mp_queue *q = &a->queues[id];
	NDIS_STATUS status = lanes_create(q);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	q->mode = a->settings.rss ? &mp_scaled : &mp_loaned;   /* its own memory: the NIC's */
	q->named = true;
	atomic_store(&q->state, VMQ_QUEUE_RUNNING);
	return place_on(q, a->order[id]);
}

/* The default queue, on the preferred processor (C2); with RSS one for each other, too. */
static NDIS_STATUS fixed_queues_create(struct mp_adapter *a)
{
	NDIS_STATUS status = mp_nic_memory_create(a);

	for (unsigned id = 0; id <= (a->settings.rss ? a->n_queues : 0); id++)
		if (status == NDIS_STATUS_SUCCESS)
			status = fixed_queue_create(a, id);
	return status;
}

NDIS_STATUS mp_queues_create(struct mp_adapter *a)
{
	size_t n;

	a->n_queues = a->settings.rss ? a->n_processors - 1 : a->settings.queues;
	n = a->n_queues + 1;
	a->queues = aligned_alloc(_Alignof(struct mp_queue), n * sizeof(*a->queues));
	a->tx_map = vmq_tx_map_create((unsigned)n);
	if (!a->queues || !a->tx_map)
		return NDIS_STATUS_RESOURCES;
	memset(a->queues, 0, n * sizeof(*a->queues));
	for (unsigned i = 0; i < n; i++)
		queue_init(a, i);
	if (a->settings.vmq)
		atomic_store(&a->tx_key, &mp_key_vmq);
	return fixed_queues_create(a);
}

void mp_queues_destroy(struct mp_adapter *a)
{
	for (unsigned i = 0; a->queues && i <= a->n_queues; i++) {
		struct mp_queue *q = &a->queues[i];

		q->mode->destroy(q);
		mp_lanes_destroy(q->lanes, a->n_lanes);
		q->lanes = NULL;
		NdisFreeSpinLock(&q->tx.lock);
	}
	mp_nic_memory_destroy(a);
	free(a->queues);
	a->queues = NULL;
	vmq_tx_map_destroy(a->tx_map);
	a->tx_map = NULL;
}

/* ---- OIDs ---- */

/* Whether the lookahead members are ones that the page allows (C34). NDIS 6.30 knows no
 * split any more: there the flag and the size are not looked at (E20). */
static bool lookahead_valid(const struct mp_adapter *a, const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	if (a->ndis_version >= MP_NDIS_630 || !p->LookaheadSize)
		return true;   /* X21: zero is no split, whatever the flag */
	return p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED &&
	       a->settings.lookahead_split && p->LookaheadSize >= MP_LOOKAHEAD_MIN &&
	       p->LookaheadSize <= MP_LOOKAHEAD_MAX;
}

/* Where the queue's frames are to be split; 0: they are not. Behind the Ethernet
 * header always; inside any other the first part has the lookahead bytes (E15, F19). */
static uint16_t lookahead_of(const struct mp_adapter *a, const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	if (a->ndis_version >= MP_NDIS_630 || !p->LookaheadSize)
		return 0;
	return (uint16_t)p->LookaheadSize;
}

NDIS_STATUS mp_queue_allocate(struct mp_adapter *a, PNDIS_RECEIVE_QUEUE_PARAMETERS p)
{
	int processor = mp_processor_of(a, &p->ProcessorAffinity);
	struct mp_queue *q = p->QueueId <= a->n_queues ? &a->queues[p->QueueId] : NULL;
	NDIS_STATUS status;

	if (!q || processor < 0 || atomic_load(&q->state) != VMQ_QUEUE_UNDEFINED ||
	    !lookahead_valid(a, p))
		return NDIS_STATUS_INVALID_PARAMETER;
	status = q->lanes ? NDIS_STATUS_SUCCESS : lanes_create(q);
	if (status == NDIS_STATUS_SUCCESS)
		status = place_on(q, (unsigned)processor);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	atomic_store(&q->per_queue_indication,
		     (p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION) != 0);
	q->lookahead = lookahead_of(a, p);
	q->group = p->QueueGroupId;
	choose_nic_queue(q, q->group);
	q->named = true;
	mp_queue_event(q, VMQ_EVENT_ALLOCATE);
	p->MSIXTableEntry = a->processors[processor].message;   /* C33 */
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS mp_queue_complete(struct mp_adapter *a, unsigned id)
{
	struct mp_queue *q = &a->queues[id];
	NDIS_STATUS status;

	if (!id || id > a->n_queues ||
	    vmq_queue_state_next((enum vmq_queue_state)atomic_load(&q->state), VMQ_EVENT_COMPLETE) < 0)
		return NDIS_STATUS_INVALID_PARAMETER;
	/* C40: this is where a queue gets its memory. */
	q->mode = mp_mode_of(q);
	status = q->mode->create(q);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	mp_queue_event(q, VMQ_EVENT_COMPLETE);
	mp_tx_join(q);
	/* Filters set before now take effect (U6). With its memory, and perhaps a queue of
	 * the NIC, it cannot stay half-way. */
	while (mp_filters_publish(a) != NDIS_STATUS_SUCCESS)
		NdisMSleep(1000);
	return NDIS_STATUS_SUCCESS;
}

/* ---- a live queue changes (C48, C49) ---- */

struct change {
	struct mp_queue *queue;
	unsigned to;               /* the processor that it goes to */
	PNDIS_OID_REQUEST request;
};

/* Nobody is still indicating by the old flag (C49). */
static void change_ends(void *context)
{
	struct change *c = context;

	NdisMOidRequestComplete(c->queue->adapter->handle, c->request, NDIS_STATUS_SUCCESS);
	free(c);
}

/* The old processor no longer looks at the queue; the new one may begin. Frames
 * that came meanwhile wait on the rings, in order. */
static void move_arrives(void *context)
{
	struct change *c = context;

	while (place_on(c->queue, c->to) != NDIS_STATUS_SUCCESS)
		NdisMSleep(1000);   /* half-way there is no place for a queue to stay */
	OvmqNotifyProcessor(c->to);
	change_ends(c);
}

/* C11: there it is, and not about to go. */
static bool is_changeable(const struct mp_queue *q)
{
	int state = atomic_load(&q->state);

	return state != VMQ_QUEUE_UNDEFINED && state != VMQ_QUEUE_STOP_DMA &&
	       state != VMQ_QUEUE_FREEING;
}

/* Takes the queue off its processor. On failure it stays. */
static NDIS_STATUS leave_processor(struct mp_queue *q)
{
	NDIS_STATUS status = mp_processor_list(&q->adapter->processors[atomic_load(&q->processor)],
					       NULL, q);

	if (status != NDIS_STATUS_SUCCESS)
		return status;
	mp_steer_watch(q, atomic_load(&q->processor), false);
	atomic_store(&q->processor, NO_PROCESSOR);
	atomic_store(&q->tx.processor, NO_PROCESSOR);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS mp_queue_change(struct mp_adapter *a, const NDIS_RECEIVE_QUEUE_PARAMETERS *p,
			    PNDIS_OID_REQUEST request)
{
	struct mp_queue *q = p->QueueId <= a->n_queues ? &a->queues[p->QueueId] : NULL;
	bool moves = p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED;
	bool turns = p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED;
	int to = mp_processor_of(a, &p->ProcessorAffinity);
	NDIS_STATUS status;
	struct change *c;

	if (!q || !p->QueueId || !is_changeable(q) || (moves && to < 0))
		return NDIS_STATUS_INVALID_PARAMETER;
	moves = moves && (unsigned)to != atomic_load(&q->processor);
	if (!moves && !turns)
		return NDIS_STATUS_SUCCESS;
	c = calloc(1, sizeof(*c));
	if (!c)
		return NDIS_STATUS_RESOURCES;
	*c = (struct change){ q, (unsigned)to, request };
	status = moves ? leave_processor(q) : NDIS_STATUS_SUCCESS;
	if (status != NDIS_STATUS_SUCCESS) {
		free(c);
		return status;
	}
	if (turns)
		atomic_store(&q->per_queue_indication,
			     (p->Flags &
			      NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION) != 0);
	OvmqCallWhenQuiet(moves ? move_arrives : change_ends, c);
	return NDIS_STATUS_PENDING;
}

/* ---- FREE_QUEUE, steps G3 to G7 ---- */

static void tell_dma_stopped(struct mp_queue *q)
{
	NDIS_RECEIVE_QUEUE_STATE state = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_STATE_REVISION_1,
			    NDIS_SIZEOF_NDIS_RECEIVE_QUEUE_STATE_REVISION_1 },
		.QueueId = q->id,
		.QueueState = NdisReceiveQueueOperationalStateDmaStopped,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = q->adapter->handle,
		.StatusCode = NDIS_STATUS_RECEIVE_QUEUE_STATE,
		.StatusBuffer = &state,
		.StatusBufferSize = sizeof(state),
	};

	NdisMIndicateStatusEx(q->adapter->handle, &s);
}

/* No poller can still match a frame to the queue, no sender still choose its
 * transmit queue: G4, then the owner waits for what is out (G5). */
static void free_is_quiet(void *context)
{
	struct mp_queue *q = context;

	tell_dma_stopped(q);
	mp_queue_event(q, VMQ_EVENT_DMA_STOPPED);
	q->give_up = mp_deadline();
	atomic_fetch_add(&q->adapter->n_draining, 1);
	atomic_store(&q->draining, true);
	OvmqNotifyProcessor(atomic_load(&q->processor));
}

/* Nobody looks at the queue any more: G6, G7. */
static void free_ends(void *context)
{
	struct mp_queue *q = context;
	PNDIS_OID_REQUEST request = q->pending;

	q->mode->destroy(q);
	mp_queue_event(q, VMQ_EVENT_DRAINED);
	q->pending = NULL;
	NdisMOidRequestComplete(q->adapter->handle, request, NDIS_STATUS_SUCCESS);
}

/* All is home (drain.c). The processor lets go of the queue before its memory goes. */
void mp_queue_drained(struct mp_queue *q)
{
	struct mp_processor *p = &q->adapter->processors[atomic_load(&q->processor)];

	while (mp_processor_list(p, NULL, q) != NDIS_STATUS_SUCCESS)
		NdisMSleep(1000);   /* a free cannot fail (G8) */
	OvmqCallWhenQuiet(free_ends, q);
}

NDIS_STATUS mp_queue_free(struct mp_adapter *a, unsigned id, PNDIS_OID_REQUEST request)
{
	struct mp_queue *q = &a->queues[id];

	if (!id || id > a->n_queues || !mp_queue_event(q, VMQ_EVENT_FREE))
		return NDIS_STATUS_INVALID_PARAMETER;   /* C12, G9 */
	mp_tx_leave(q);
	q->pending = request;
	OvmqCallWhenQuiet(free_is_quiet, q);
	return NDIS_STATUS_PENDING;
}
