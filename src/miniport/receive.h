/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of received frames: from the NIC to their queues, up to NDIS, and home; and the
 * wait until nothing is out.
 */
#ifndef MINIPORT_RECEIVE_H
#define MINIPORT_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>
#include <ovmq.h>
#include <rte_mbuf.h>

#include "miniport/processor.h"

struct mp_adapter;

/* receive.c */
MINIPORT_MESSAGE_INTERRUPT_DPC MiniportMessageInterruptDPC;
MINIPORT_MESSAGE_INTERRUPT MiniportMessageInterrupt;
OVMQ_ARM mp_processor_arm;

/* nic_poll.c: what NIC queue 'rx' has now goes to the receive queues, by the 'way'th lane of each
 * that is not served here or not now. 'own': the VM queue that the NIC queue is kept for, or NULL.
 * Takes what it indicates off the throttle's '*budget' (F20). Returns how many frames there were.
 * The processor that polls it. */
unsigned mp_nic_poll(struct mp_processor *p, unsigned rx, unsigned way, struct mp_queue *own,
		     unsigned *budget);

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

/* deliver.c. By the queue's processor: */
/* Takes what came back on other processors. */
void mp_collect_returns(struct mp_processor *p, struct mp_queue *q);
/* How many of 'n' frames the queue has buffers for. */
unsigned mp_buffers_for(struct mp_queue *q, unsigned n);
/* Makes 'n' frames (1 .. BURST) of the NIC's the queue's, in order, and indicates them;
 * frames beyond the quota are counted as dropped. */
void mp_deliver(struct mp_processor *p, struct mp_queue *q, struct rte_mbuf **pkts, unsigned n);
/* The same for items of a lane (lane.h), whose parcels are those. */
void mp_deliver_items(struct mp_processor *p, struct mp_queue *q, const struct mp_parcel *parcels,
		      void **items, unsigned n);
/* Indicates what queues that may share a call have left so far (F5). */
void mp_indicate_mixed(struct mp_processor *p);
MINIPORT_RETURN_NET_BUFFER_LISTS MiniportReturnNetBufferLists;

/* link.c: if the NIC will bring no more: the link is down, and if the device itself is gone
 * the adapter wants to be removed. Once. 'look': at the device, which costs a look at the clock.
 * A processor's, at DISPATCH_LEVEL. */
void mp_notice_end(struct mp_adapter *a, bool look);

#endif
