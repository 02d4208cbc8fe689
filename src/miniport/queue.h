/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The receive queues of an adapter with their memory, lanes and transmit queues: the default
 * one, VM queues, and with RSS one for each processor.
 */
#ifndef MINIPORT_QUEUE_H
#define MINIPORT_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "base/counter.h"
#include "base/drops.h"
#include "frame/frame.h"
#include "miniport/lane.h"
#include "miniport/transmit.h"
#include "vmq/queue_state.h"

#define DEFAULT_QUEUE 0
#define NO_PROCESSOR  UINT32_MAX   /* a queue that moves: between two owners (C48) */
/* Names of DPDK pools are one process's, and at most 25 characters long: the adapter's
 * interface index keeps two adapters' apart. */
#define MP_POOL_NAME  26

struct mp_adapter;
struct mp_mode;
struct mp_processor;
struct mp_steer;

/* Shared memory, and the pool of receive buffers in it. */
struct mp_memory {
	NDIS_HANDLE allocation;              /* of NdisAllocateSharedMemory */
	NDIS_HANDLE rest;                    /* the same, of the rests of split frames; or NULL */
	struct frame_pool *pool;
};

struct mp_queue {
	_Alignas(64) struct mp_adapter *adapter;
	uint16_t id;
	atomic_uint processor;               /* or NO_PROCESSOR; control writes, workers read */
	atomic_bool per_queue_indication;    /* control writes, the owner reads */
	atomic_uint generation;              /* control writes; frames of an older one are stale */
	_Atomic uint16_t nic_tx;             /* the NIC's transmit queue of sends that name this
					      * queue, there or not; control writes, senders of
					      * any transmit queue read */
	atomic_int state;                    /* enum vmq_queue_state; control writes */
	atomic_bool draining;                /* control sets; the owner clears it when all is home */
	_Atomic(NET_BUFFER_LIST *) back;     /* returned on other processors: any pushes, owner takes */
	struct mp_lane *_Atomic lanes;       /* one for each poller that sorts frames: see
					      * mp_adapter.n_lanes */
	/*
	 * How its frames become NBLs and come home (mode.h). Control chooses at
	 * QUEUE_ALLOCATION_COMPLETE, before the first frame; it stays until the queue is
	 * freed. The default queue's is mp_loaned: its memory is what the NIC fills.
	 */
	const struct mp_mode *_Atomic mode;   /* control; pollers, and reports at any time, read */
	/* Up to here, one cache line, it is looked at in each round and by every poller. */

	/* The owning processor's. */
	void **buffers;                      /* a stack of free ones: where the bytes of placed frames
					      * begin, or the mbufs of split ones; NULL: those of a
					      * pool that the NIC takes from, see mp_buffers_for() */
	unsigned n_free;
	char *block;                         /* where those of placed frames lie, and its handle */
	NDIS_HANDLE shared_memory;
	uint64_t stalled_look, stalled_ns;   /* no free buffer for a NIC that can wait: the last look, or
					      * 0, and for how long */
	counter_t indicated, returned, bytes;
	counter_t in_place;                  /* of the indicated: not copied, steered by the NIC */
	counter_t lent;                      /* likewise: with RESOURCES, and home at once (F26) */
	struct wire_drops drops;

	_Atomic(struct mp_steer *) steer;    /* its receive queue of the NIC, or NULL; control writes,
					      * the owner reads */
	struct mp_tx_queue tx;

	uint64_t give_up;                    /* when its sends no longer wait for the NIC; control
					      * sets it before 'draining' */
	/* Control's. */
	atomic_uint quota;                   /* how many buffers it has, or may have out */
	unsigned low_water;                  /* with fewer of its quota left it lends its frames,
					      * and never runs out: the default queue; 0: never */
	uint16_t lookahead;                  /* where its frames are split; 0: they are not */
	unsigned n_filters;
	uint32_t group;                      /* QueueGroupId; 0: none */
	struct mp_memory memory;
	atomic_bool named;                   /* was allocated at least once */
	PNDIS_OID_REQUEST pending;           /* the OID that waits for this queue */
};

struct mp_queue_list {
	unsigned n;
	struct mp_queue *list[];
};

/* queue.c. All on the control thread or a system thread, at PASSIVE_LEVEL. */
NDIS_STATUS mp_queues_create(struct mp_adapter *a);
void mp_queues_destroy(struct mp_adapter *a);
NDIS_STATUS mp_queue_allocate(struct mp_adapter *a, PNDIS_RECEIVE_QUEUE_PARAMETERS p);
NDIS_STATUS mp_queue_complete(struct mp_adapter *a, unsigned id);
NDIS_STATUS mp_queue_change(struct mp_adapter *a, const NDIS_RECEIVE_QUEUE_PARAMETERS *p,
			    PNDIS_OID_REQUEST request);
NDIS_STATUS mp_queue_free(struct mp_adapter *a, unsigned id, PNDIS_OID_REQUEST request);
/* What 'event' makes of the queue; false: not allowed now, nothing changed. */
bool mp_queue_event(struct mp_queue *q, enum vmq_queue_event event);
/* Puts a queue on a processor's list, or takes it off. */
NDIS_STATUS mp_processor_list(struct mp_processor *p, struct mp_queue *add,
			      const struct mp_queue *remove);

/* memory.c, likewise. */
/* Shared memory of queue 'id' with a pool of 'c' in it; 'flags' go to NDIS. With a split
 * there are two blocks: for the first parts with all headers, and for the rests (E14). */
NDIS_STATUS mp_memory_create(struct mp_adapter *a, unsigned id, ULONG flags,
			     struct frame_pool_config *c, struct mp_memory *m);
/* All buffers are home (E12). Accepts memory that was never created. */
void mp_memory_destroy(struct mp_adapter *a, struct mp_memory *m);
/* Memory of the queue's own, 'settings.buffers' of it, on a stack of its processor's: for placed
 * frames, and for split ones. */
NDIS_STATUS mp_slots_create(struct mp_queue *q);
void mp_slots_destroy(struct mp_queue *q);
NDIS_STATUS mp_buffers_create(struct mp_queue *q);
void mp_buffers_destroy(struct mp_queue *q);
/* What a steered queue's pool has beyond the quota and what the NIC keeps to itself: the
 * NIC goes on receiving while all of the quota is out, so that what is lost then is seen
 * here, and counted as the queue's. */
#define MP_STEER_SPARE 512
/* The default queue's: what the NIC's receive queues are filled from. */
NDIS_STATUS mp_nic_memory_create(struct mp_adapter *a);
void mp_nic_memory_destroy(struct mp_adapter *a);
/* How many of the NIC's buffers each VM queue may have out where they are loaned. */
unsigned mp_loan(const struct mp_adapter *a);

#endif
