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
#include "vmq/classifier.h"
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

/* The versions of NDIS that the driver is written for, one for each entry: major << 8 | minor. */
#define MP_NDIS_620 0x614
#define MP_NDIS_630 0x61e

/* The lookahead sizes that NDIS 6.20 may ask a split at, in bytes (E15). */
#define MP_LOOKAHEAD_MIN 64
#define MP_LOOKAHEAD_MAX 256

struct mp_adapter;
struct mp_steer;

struct mp_mode;

/* Shared memory, and the pool of receive buffers in it. */
struct mp_memory {
	NDIS_HANDLE allocation;              /* of NdisAllocateSharedMemory */
	NDIS_HANDLE rest;                    /* the same, of the rests of split frames; or NULL */
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

	/*
	 * How its frames become NBLs and come home (mode.h). Control chooses at
	 * QUEUE_ALLOCATION_COMPLETE, before the first frame; it stays until the queue is
	 * freed. The default queue's is mp_loaned: its memory is what the NIC fills.
	 */
	const struct mp_mode *mode;

	/* The owning processor's. */
	struct rte_mbuf **buffers;           /* a stack of free ones; NULL: those of a pool that
					      * the NIC takes from, see mp_buffers_for() */
	unsigned n_free;
	uint64_t stalled_since;              /* no free buffer for a NIC that can wait */
	counter_t indicated, returned, bytes;
	counter_t in_place;                  /* of the indicated: not copied, steered by the NIC */
	struct wire_drops drops;

	_Atomic(NET_BUFFER_LIST *) back;     /* returned on other processors: any pushes, owner takes */
	struct mp_lane *lanes;               /* one for each poller that sorts frames: see
					      * mp_adapter.n_lanes */
	_Atomic(struct mp_steer *) steer;    /* its receive queue of the NIC, or NULL; control writes,
					      * the owner reads */
	struct mp_tx_queue tx;

	/* Control's. */
	unsigned quota;                      /* how many buffers it has, or may have out */
	uint16_t lookahead;                  /* where its frames are split; 0: they are not */
	unsigned n_filters;
	uint32_t group;                      /* QueueGroupId; 0: none */
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
	unsigned number;                          /* NDIS's */
	unsigned index;                           /* its place in the adapter's order */
	unsigned message;                         /* its interrupt message, and table entry */
	_Atomic(struct mp_queue_list *) queues;   /* control publishes, the processor reads */
	unsigned n_rx, rx[MAX_RX_QUEUES];         /* the NIC queues it polls */
	unsigned turn;                            /* which queue's rings come first */
	struct mp_chain mixed;                    /* NBLs of queues that may share a call (F5) */
	counter_t from_nic;
	struct wire_drops drops;                  /* of frames without a queue */
	int epoll;                                /* over several NIC descriptors, or -1 */
};

/*
 * The fields that a receive filter may test. NDIS numbers field n of a MAC header n and its
 * capability bit n - 1. X(as NDIS calls it, as vmq does, the NDIS version that brought it)
 */
#define MP_FILTER_FIELDS(X)                                    \
	X(DestinationAddress, DESTINATION, MP_NDIS_620)        \
	X(SourceAddress,      SOURCE,      MP_NDIS_620)        \
	X(Protocol,           PROTOCOL,    MP_NDIS_620)        \
	X(VlanId,             VLAN_ID,     MP_NDIS_620)        \
	X(Priority,           PRIORITY,    MP_NDIS_620)        \
	X(PacketType,         PACKET_TYPE, MP_NDIS_630)

#define MP_FILTERS_MAX   4096
#define MP_MULTICAST_MAX 256

/* Multicast addresses, in ascending order; each in bits 0 .. 47, its first byte highest. */
struct mp_multicast {
	unsigned n;
	uint64_t list[];
};

/* How the frames of a VM queue get into its buffers (U17). */
enum mp_receive {
	MP_RECEIVE_PLACED,      /* copied into the queue's own shared memory */
	MP_RECEIVE_LOANED,      /* they stay in the default queue's memory, and count against the quota */
	MP_RECEIVE_STEERED,     /* the NIC fills the queue's own shared memory */
};

/* What the adapter's keywords say; an INF's keyword that the rules leave unread counts as 0. */
struct mp_settings {
	char nic[512], out[512];
	unsigned mtu, rx_queues, queues, buffers;
	enum mp_receive receive;
	bool vmq;               /* VM queues are the interface chosen (H16) */
	bool rss;               /* RSS is (H19) */
	bool lookahead_split;   /* queues may be split; never from NDIS 6.30 on (E20) */
	bool vlan_filtering;    /* filters may test the VLAN id */
	bool encapsulation;     /* filters may test the inner header of an encapsulated frame */
	bool mac_only_refused;  /* SET_FILTER refuses a filter that tests no VLAN */
};

/* Names of DPDK pools are one process's, and at most 25 characters long: the adapter's
 * interface index keeps two adapters' apart. */
#define MP_POOL_NAME 26

struct mp_adapter {
	NDIS_HANDLE handle;
	unsigned if_index;
	unsigned ndis_version;                         /* MP_NDIS_620 or MP_NDIS_630 */
	struct mp_settings settings;
	struct nic *nic;
	unsigned n_lanes;                              /* a lane for each receive queue of the NIC
							* that is nobody's; behind them, where there
							* are steered ones, one for each processor,
							* which polls those of its VM queues */
	struct mp_steer *steer;                        /* 'n_steer' of them */
	unsigned n_steer;
	bool nic_can_wait, shared_tx;
	uint8_t mac[6];
	uint16_t max_frame;                            /* header and MTU, without a tag */
	_Atomic(struct vmq_classifier *) filters;      /* control publishes, pollers read */
	_Atomic(struct mp_multicast *) multicast;      /* likewise; NULL: no address */
	atomic_uint packet_filter;                     /* control writes, pollers read */
	atomic_bool paused;                            /* control writes, workers read */
	atomic_bool pausing;                           /* a MiniportPause waits for the drain */
	uint64_t give_up;                              /* as in a queue; set before 'pausing' */
	atomic_bool ended;                             /* the NIC's end was indicated */
	struct vmq_tx_map *tx_map;
	struct mp_queue *queues;                       /* by id, 0 .. settings.queues */
	struct vmq_criteria *filter_list;              /* control's, by vmq_criteria_before() */
	unsigned n_filters, filter_room;
	struct mp_processor processors[MAX_PROCESSORS];   /* by number; those of 'order' are used */
	struct mp_processor *of_message[MAX_PROCESSORS];
	unsigned n_processors, order[MAX_PROCESSORS];  /* the numbers, the preferred first */
	uint64_t processor_set;                        /* the same, a bit each */
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

/* processors.c. All while the adapter initializes or halts, at PASSIVE_LEVEL; */
NDIS_STATUS mp_processors_find(struct mp_adapter *a);
NDIS_STATUS mp_processors_create(struct mp_adapter *a);
NDIS_STATUS mp_processors_connect(struct mp_adapter *a);
void mp_processors_destroy(struct mp_adapter *a);
/* and on any thread: the lowest processor of the mask that the adapter may use (H23, H29),
 * or -1; wakes them all. */
int mp_processor_of(const struct mp_adapter *a, const GROUP_AFFINITY *affinity);
void mp_processors_notify(const struct mp_adapter *a);

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
/* Memory of the queue's own, 'settings.buffers' of it, on a stack of its processor's. */
NDIS_STATUS mp_buffers_create(struct mp_queue *q);
void mp_buffers_destroy(struct mp_queue *q);
/* The default queue's: what the NIC's receive queues are filled from. */
NDIS_STATUS mp_nic_memory_create(struct mp_adapter *a);
void mp_nic_memory_destroy(struct mp_adapter *a);
/* How many of the NIC's buffers each VM queue may have out where they are loaned. */
unsigned mp_loan(const struct mp_adapter *a);

/* filters.c, likewise. */
/* SupportedFilterTests and SupportedMacHeaderFields of the hardware, for a miniport of
 * that NDIS version. */
ULONG mp_filter_tests(void);
ULONG mp_filter_fields(unsigned ndis_version);
/* Makes the classifier anew of the filters of the queues that run. */
NDIS_STATUS mp_filters_publish(struct mp_adapter *a);
NDIS_STATUS mp_filter_set(struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p);
NDIS_STATUS mp_filter_clear(struct mp_adapter *a, unsigned queue, ULONG id,
			    PNDIS_OID_REQUEST request);
void mp_filters_destroy(struct mp_adapter *a);

/* filter_read.c */
/* Takes the tests of a well-formed request apart; '*to' is freed by criteria_free(). A
 * status that is no success is the request's, and why it is one was logged. */
NDIS_STATUS mp_criteria_read(const struct mp_adapter *a, const NDIS_RECEIVE_FILTER_PARAMETERS *p,
			     struct vmq_criteria *to);

/* multicast.c */
/* Takes 'length' bytes of addresses for the whole list. Control. */
NDIS_STATUS mp_multicast_set(struct mp_adapter *a, const UCHAR *addresses, UINT length);
void mp_multicast_destroy(struct mp_adapter *a);
/* Whether the address is listed. Worker. */
bool mp_multicast_has(const struct mp_adapter *a, const uint8_t *address);

/* deliver.c. By the queue's processor: */
/* Takes what came back on other processors. */
void mp_collect_returns(struct mp_queue *q);
/* How many of 'n' frames the queue has buffers for. */
unsigned mp_buffers_for(struct mp_queue *q, unsigned n);
/* Makes 'n' frames (1 .. BURST) of the NIC's the queue's, in order, and indicates them;
 * frames beyond the quota are counted as dropped. */
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

/* tx_group.c. Control. */
/* From now on the queue's id selects its group's transmit queue, or its own (U15). */
void mp_tx_join(struct mp_queue *q);
/* From now on it selects the default one (B6); what waits leaves all the same. */
void mp_tx_leave(struct mp_queue *q);

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
