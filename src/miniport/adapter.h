/* SPDX-License-Identifier: BSD-2-Clause */
/* One adapter of ours; for this room alone. */
#ifndef MINIPORT_ADAPTER_H
#define MINIPORT_ADAPTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/counter.h"
#include "base/drops.h"
#include "base/spsc.h"
#include "frame/frame.h"
#include "miniport/miniport.h"
#include "nic/nic.h"
#include "vmq/filter.h"
#include "vmq/queue_state.h"
#include "vmq/tx_queue.h"

#define BURST            32
#define RING_SIZE        1024
#define MAX_PROCESSORS   64
#define MAX_RX_QUEUES    64
#define ETHERNET_HEADER  14
#define VLAN_TAG         4
#define VLAN_ETHERTYPE   0x8100
#define ETHERNET_MINIMUM 60      /* without the FCS (A30) */
#define DEFAULT_QUEUE    0
#define NO_PROCESSOR     UINT32_MAX   /* a queue that moves: between two owners (C48) */

struct mp_adapter;

/* A block of shared memory, and the pool of receive buffers in it. */
struct mp_memory {
	NDIS_HANDLE allocation;              /* of NdisAllocateSharedMemory */
	struct frame_pool *pool;
};

/* From one poller of the NIC to one receive queue. */
struct mp_lane {
	struct spsc *ring;                   /* to the queue's processor */
	struct rte_mbuf *burst[BURST];       /* poller only: matched in this burst */
	unsigned n;
	counter_t ring_full;                 /* poller writes */
};

/* A list of NBLs in order. */
struct mp_chain {
	NET_BUFFER_LIST *first, *last;
	unsigned n;
};

/* Sends that wait for the NIC; one for each receive queue id. */
struct mp_tx_queue {
	NDIS_SPIN_LOCK lock;                 /* held over a burst to the NIC, never over a call to NDIS */
	struct mp_chain waiting;             /* under the lock */
	NET_BUFFER *resume;                  /* owner: the first NB of waiting.first not yet sent */
	atomic_uint processor;               /* who sends, or NO_PROCESSOR; control writes */
	bool busy;                           /* owner: being flushed, do not nest */
	counter_t accepted, cancelled;       /* NBLs; both written under the lock */
	counter_t completed;                 /* NBLs sent and completed; owner writes */
	counter_t sent, bytes;               /* frames; owner writes */
};

struct mp_queue {
	struct mp_adapter *adapter;
	uint16_t id;
	atomic_uint processor;               /* or NO_PROCESSOR; control writes, workers read */
	atomic_bool per_queue_indication;    /* control writes, the owner reads */
	atomic_uint generation;              /* control writes; frames of an older one are stale */
	atomic_int state;                    /* enum vmq_queue_state; control writes */
	atomic_bool draining;                /* control sets; the owner clears it when all is home */
	uint64_t give_up;                    /* when its sends no longer wait for the NIC; set
					      * before 'draining' */

	/* The owning processor's. */
	struct rte_mbuf **buffers;           /* a stack of free ones; NULL for the default queue */
	unsigned n_free;
	uint64_t stalled_since;              /* no free buffer for a NIC that can wait */
	counter_t indicated, returned, bytes;
	struct wire_drops drops;

	_Atomic(NET_BUFFER_LIST *) back;     /* returned on other processors: any pushes, owner takes */
	struct mp_lane *lanes;               /* one per NIC receive queue */
	struct mp_tx_queue tx;

	/* Control's. */
	unsigned quota;                      /* how many buffers it has */
	unsigned n_filters;
	struct mp_memory memory;
	bool named;                          /* was allocated at least once */
	PNDIS_OID_REQUEST pending;           /* the OID that waits for this queue */
};

struct mp_queue_list {
	unsigned n;
	struct mp_queue *list[];
};

/* What a message DPC works with; one per processor. */
struct mp_processor {
	_Alignas(64) struct mp_adapter *adapter;
	unsigned number;
	_Atomic(struct mp_queue_list *) queues;   /* control publishes, the processor reads */
	unsigned n_rx, rx[MAX_RX_QUEUES];         /* the NIC queues it polls */
	unsigned turn;                            /* which queue's rings come first */
	struct mp_chain mixed;                    /* NBLs of queues that may share a call (F5) */
	counter_t from_nic;
	struct wire_drops drops;                  /* of frames without a queue */
	int epoll;                                /* over several NIC descriptors, or -1 */
};

struct mp_filter {
	struct mp_filter *next;
	struct vmq_filter filter;
};

struct mp_settings {
	char nic[512], out[512];
	unsigned mtu, rx_queues, queues, buffers;
};

/* Names of DPDK pools are one process's, and at most 25 characters long: the adapter's
 * interface index keeps two adapters' apart. */
#define MP_POOL_NAME 26

struct mp_adapter {
	NDIS_HANDLE handle;
	unsigned if_index;
	struct mp_settings settings;
	struct nic *nic;
	bool nic_can_wait, shared_tx;
	uint8_t mac[6];
	uint16_t max_frame;                            /* header and MTU, without a tag */
	_Atomic(struct vmq_filter_table *) filters;    /* control publishes, pollers read */
	atomic_uint packet_filter;                     /* control writes, pollers read */
	atomic_bool paused;                            /* control writes, workers read */
	atomic_bool pausing;                           /* a MiniportPause waits for the drain */
	uint64_t give_up;                              /* as in a queue; set before 'pausing' */
	atomic_bool ended;                             /* the NIC's end was indicated */
	struct vmq_tx_map *tx_map;
	struct mp_queue *queues;                       /* by id, 0 .. settings.queues */
	struct mp_filter *filter_list;                 /* control's */
	unsigned n_filters;
	struct mp_processor processors[MAX_PROCESSORS];
	unsigned n_processors;
	NDIS_SPIN_LOCK nic_tx[MAX_PROCESSORS];         /* where processors share a NIC queue */
	struct mp_memory nic_memory[MAX_RX_QUEUES];    /* the default queue's: what the NIC fills */
	struct frame_pool *tx_pool;                    /* copies of what cannot be borrowed */
	NDIS_HANDLE dma, interrupt;
};

/* ---- between the files of this room ---- */

NDIS_STATUS mp_settings_read(struct mp_adapter *a);
NDIS_STATUS mp_attributes_set(struct mp_adapter *a);
MINIPORT_OID_REQUEST MiniportOidRequest;
MINIPORT_CANCEL_OID_REQUEST MiniportCancelOidRequest;

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

/* filters.c, likewise. */
/* Makes the lookup table anew of the filters of the queues that run. */
NDIS_STATUS mp_filters_publish(struct mp_adapter *a);
NDIS_STATUS mp_filter_set(struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p);
NDIS_STATUS mp_filter_clear(struct mp_adapter *a, unsigned queue, ULONG id,
			    PNDIS_OID_REQUEST request);
void mp_filters_destroy(struct mp_adapter *a);

/* place.c. By the queue's processor: */
/* Takes what came back on other processors. */
void mp_collect_returns(struct mp_queue *q);
/* How many of 'n' frames the queue has buffers for. */
unsigned mp_buffers_for(struct mp_queue *q, unsigned n);
/* Places and indicates 'n' frames (1 .. BURST) of the NIC's, in order, and gives
 * the NIC its buffers back; frames beyond the quota are counted as dropped. */
void mp_deliver(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n);
/* Indicates what queues that may share a call have left so far (F5). */
void mp_indicate_mixed(struct mp_processor *p);
MINIPORT_RETURN_NET_BUFFER_LISTS MiniportReturnNetBufferLists;

/* receive.c */
MINIPORT_MESSAGE_INTERRUPT_DPC MiniportMessageInterruptDPC;
MINIPORT_MESSAGE_INTERRUPT MiniportMessageInterrupt;
OVMQ_ARM mp_processor_arm;

/* Whether nothing of the queue is out: no NBL, nothing on a ring, no send.
 * Counts are exact for the owner, and for anybody once the adapter is paused. */
bool mp_queue_is_home(const struct mp_queue *q);
/* Whether a MiniportPause waits for nothing any more but being noticed. */
bool mp_pause_can_end(const struct mp_adapter *a);
/* drain.c: a moment a second from now, for a NIC that takes nothing more. */
uint64_t mp_deadline(void);
/* The owner found that a draining queue, or a pausing adapter, is home. */
void mp_drain_check(struct mp_processor *p);
void mp_queue_drained(struct mp_queue *q);

/* transmit.c */
MINIPORT_SEND_NET_BUFFER_LISTS MiniportSendNetBufferLists;
MINIPORT_CANCEL_SEND MiniportCancelSend;
/* Sends what waits; returns whether anything moved. Owner. */
bool mp_tx_flush(struct mp_adapter *a, struct mp_tx_queue *t);
/* Completes what waits with PAUSED: the NIC does not take it. Owner. */
void mp_tx_abort(struct mp_adapter *a, struct mp_tx_queue *t);
/* Whether sends wait. Any thread; a snapshot. */
bool mp_tx_is_waiting(const struct mp_tx_queue *t);

/* Wakes a queue's owner. One that moves needs no waking: its next owner begins by
 * looking. */
static inline void mp_notify(unsigned owner)
{
	if (owner != NO_PROCESSOR)
		OvmqNotifyProcessor(owner);
}

/* Of a frame of at least ETHERNET_HEADER bytes. */
static inline bool mp_is_tagged(const uint8_t *frame)
{
	return (frame[12] << 8 | frame[13]) == VLAN_ETHERTYPE;
}

static inline void mp_chain_append(struct mp_chain *c, NET_BUFFER_LIST *nbl)
{
	if (c->last)
		NET_BUFFER_LIST_NEXT_NBL(c->last) = nbl;
	else
		c->first = nbl;
	c->last = nbl;
	c->n++;
}

#endif
