/* SPDX-License-Identifier: BSD-2-Clause */
/* One adapter of ours; for this room alone. */
#ifndef MINIPORT_ADAPTER_H
#define MINIPORT_ADAPTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "miniport/filters.h"
#include "miniport/miniport.h"
#include "miniport/processor.h"
#include "miniport/qos.h"
#include "miniport/queue.h"
#include "miniport/receive.h"
#include "miniport/settings.h"
#include "miniport/task_offload.h"
#include "miniport/transmit.h"
#include "nic/nic.h"
#include "vmq/tx_queue.h"

#define MP_LINK_SPEED 10000000000ull   /* bits/s, as the common port; PFC counts by it */

struct mp_rss;

/* The table as senders read it: they may be threads for which no quiet waits, so it stays
 * where it is. Control writes, while sends are held (tx_key.h). */
struct mp_rss_send {
	atomic_uint mask;                    /* entries - 1 */
	_Atomic uint16_t default_queue;      /* of what has no hash */
	_Atomic uint16_t queue[128];         /* by entry */
};

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
	bool nic_can_wait, shared_tx;                  /* several processors may use a NIC
							* transmit queue */
	unsigned n_nic_tx;                             /* of them in use: with VM queues all, else
							* the first alone */
	uint8_t mac[6];
	uint16_t max_frame;                            /* header and MTU, without a tag */
	uint16_t max_send;                             /* what a send may have: less a tag where
							* one may be inserted (A32, O20) */
	_Atomic(struct vmq_classifier *) filters;      /* control publishes, pollers read */
	_Atomic(struct mp_multicast *) multicast;      /* likewise; NULL: no address */
	atomic_uint packet_filter;                     /* control writes, pollers read */
	atomic_bool paused;                            /* control writes, workers read */
	atomic_bool pausing;                           /* a MiniportPause waits for the drain */
	uint64_t give_up;                              /* as in a queue; set before 'pausing' */
	atomic_uint n_draining;                        /* queues that are, or are just to be */
	atomic_bool ended;                             /* the NIC's end was indicated */
	struct vmq_tx_map *tx_map;
	_Atomic(const struct mp_tx_key *) tx_key;      /* control publishes, senders read */
	struct mp_tx_barrier barrier;
	struct mp_tx_arbiter arbiter;
	PNDIS_OID_REQUEST power_request;               /* the OID_PNP_SET_POWER that waits; control */
	struct mp_qos qos;
	_Atomic(struct mp_rss *) rss;                  /* control publishes, workers read; NULL: off */
	struct mp_rss_send rss_send;
	unsigned n_queues;                             /* of 'queues' beyond the default one: VM
							* queues; with RSS one for each processor
							* but the default queue's, in their order,
							* all of OOB id 0 */
	struct mp_queue *queues;                       /* 0 .. n_queues; VM queues by id */
	struct vmq_criteria *filter_list;              /* control's, by vmq_criteria_before() */
	unsigned n_filters, filter_room;
	struct mp_processor processors[MAX_PROCESSORS];   /* by number; those of 'order' are used */
	struct mp_processor *of_message[MAX_PROCESSORS];
	unsigned n_processors, order[MAX_PROCESSORS];  /* the numbers, the preferred first */
	uint64_t processor_set;                        /* the same, a bit each */
	NDIS_SPIN_LOCK nic_tx[MAX_PROCESSORS];         /* of each NIC transmit queue, if 'shared_tx' */
	struct mp_memory nic_memory[MAX_RX_QUEUES];    /* the default queue's: what the NIC fills */
	struct mp_stock stock;                         /* of NBLs for placed frames */
	struct frame_pool *tx_pool;                    /* copies of what cannot be borrowed */
	NDIS_HANDLE dma, interrupt;
	struct mp_offload_state offload;
	atomic_uint offloads;                          /* enum mp_offload in force; control writes */
	atomic_uint rx_results;                        /* those that received frames tell results of;
							* control writes, workers read */
};

/*
 * Tells the queue's owner that something was put on a ring of the queue's or on its list of
 * returns: it looks at them only then. After that was put there, and by a thread that is no worker
 * with a full fence between; a queue that moves is looked at where it arrives.
 */
static inline void mp_mail(struct mp_adapter *a, unsigned owner)
{
	if (owner >= MAX_PROCESSORS)
		return;
	/* Nearly always it is up; so that this is not an old truth: */
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&a->processors[owner].mail, memory_order_relaxed))
		atomic_store_explicit(&a->processors[owner].mail, true, memory_order_relaxed);
}

/* Whether the receive unit is on: not while paused (F18), nor before a protocol has set a packet
 * filter (F22). */
static inline bool mp_receives(const struct mp_adapter *a)
{
	return !atomic_load_explicit(&a->paused, memory_order_relaxed) &&
	       atomic_load_explicit(&a->packet_filter, memory_order_relaxed);
}

/* ---- between the files of this room ---- */

NDIS_STATUS mp_attributes_set(struct mp_adapter *a);
MINIPORT_OID_REQUEST MiniportOidRequest;
MINIPORT_CANCEL_OID_REQUEST MiniportCancelOidRequest;

/* reset.c */
MINIPORT_RESET MiniportResetEx;
/* OID_PNP_SET_POWER (A55). Control; PENDING: the request is completed later. */
NDIS_STATUS mp_power_set(struct mp_adapter *a, PNDIS_OID_REQUEST request);

/* statistics.c: OID_GEN_STATISTICS, and OID_GEN_VENDOR_DESCRIPTION. Control. */
NDIS_STATUS mp_statistics_query(const struct mp_adapter *a, PNDIS_OID_REQUEST request);
NDIS_STATUS mp_description_query(const struct mp_adapter *a, PNDIS_OID_REQUEST request);

#endif
