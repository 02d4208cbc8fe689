/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way of sends: the transmit queues with their classes, the gate before them, and who
 * goes next. What chooses a queue is in tx_key.h.
 */
#ifndef MINIPORT_TRANSMIT_H
#define MINIPORT_TRANSMIT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "base/counter.h"
#include "miniport/chain.h"
#include "miniport/tx_key.h"
#include "vmq/traffic_class.h"

#define TX_BURST      32     /* frames that go to the NIC together, and in one turn of a queue */

struct mp_adapter;
struct mp_processor;
struct mp_queue;
struct mp_queue_list;

/* Sends of one class that wait, in order. Under the transmit queue's lock, but the counts. */
struct mp_tx_fifo {
	struct mp_chain waiting;
	NET_BUFFER *resume;                  /* the first NB of waiting.first not yet sent */
	uint32_t at;                         /* where in it a large send goes on */
	counter_t sent, bytes;               /* frames; owner writes */
};

/* Sends that wait for the NIC; one for each of the adapter's queues. */
struct mp_tx_queue {
	NDIS_SPIN_LOCK lock;                 /* held over a burst to the NIC, never over a call to NDIS */
	atomic_uint processor;               /* who sends, or NO_PROCESSOR; control writes */
	bool busy;                           /* owner: being flushed, do not nest */
	uint8_t classes;                     /* under the lock: those with something, a bit each,
					      * while there are several */
	counter_t accepted, cancelled;       /* NBLs; both written under the lock */
	counter_t completed;                 /* NBLs sent and completed; owner writes */
	struct mp_tx_fifo fifo[MP_TX_CLASSES];
};

/* Why sends are not placed at once, a bit each; above them the version of what places them. */
enum mp_gate {
	MP_GATE_PAUSED = 1 << 0,             /* A49, A50; from initialization on */
	MP_GATE_RESET  = 1 << 1,             /* A52 */
	MP_GATE_ASLEEP = 1 << 2,             /* A55 */
	MP_GATE_CLOSED = (1 << 3) - 1,       /* any of them: sends are completed at once */
	MP_GATE_ID     = 1 << 3,             /* sends that name a queue just freed are held */
	MP_GATE_ALL    = 1 << 4,             /* all are */
	MP_GATE_HOLD   = MP_GATE_ID | MP_GATE_ALL,
	MP_GATE_ANY    = (1 << 8) - 1,
	MP_GATE_VERSION = 1 << 8,            /* plus 1 */
};

/* Sends that are held back until what was accepted before a change has left (tx_barrier.c). */
struct mp_tx_barrier {
	atomic_uint gate;                    /* enum mp_gate; senders look under their queue's lock */
	NDIS_SPIN_LOCK lock;                 /* inside a transmit queue's */
	struct mp_chain held;                /* in the order of their acceptance, not placed */
	atomic_uint n_held;                  /* of them */
	unsigned changes;                    /* begun and not ended */
	bool placing;                        /* somebody is placing what was held */
	_Atomic(uint16_t) id;                /* of MP_GATE_ID; written with the lock */
	bool reclass;                        /* 'rules' are to be in force then */
	struct vmq_traffic_rules rules;
};

/* Which class goes next, over all the adapter's transmit queues (tx_class.c). */
struct mp_tx_arbiter {
	atomic_uint n;                       /* classes; with 1 nothing else here is looked at */
	uint8_t of_priority[VMQ_PRIORITIES]; /* changes only while nothing can be placed */
	NDIS_SPIN_LOCK lock;                 /* inside the other two; of what follows: */
	struct vmq_traffic_classes classes;
	unsigned waiting[MP_TX_CLASSES];     /* transmit queues with such sends */
	uint8_t halted;                      /* priorities (PFC), a bit each */
};

/* transmit.c */
MINIPORT_SEND_NET_BUFFER_LISTS MiniportSendNetBufferLists;
/* Adds the chain to the transmit queue. Under its lock. */
void mp_tx_append(struct mp_adapter *a, struct mp_tx_queue *t, const struct mp_chain *c);
/* Has the queue's processor send: now, where that is this one and nobody waits. */
void mp_tx_kick(struct mp_adapter *a, struct mp_tx_queue *t);
/* Completes the chain, unsent, each with the status that it has, in one call (A20, A23); and
 * with one status for all. IRQL <= DISPATCH_LEVEL; 'flags' of NDIS_SEND_COMPLETE_FLAGS_... */
void mp_tx_give_back(struct mp_adapter *a, struct mp_chain *c, ULONG flags);
void mp_tx_refuse(struct mp_adapter *a, struct mp_chain *c, NDIS_STATUS status, ULONG flags);

/* tx_burst.c */
/* Sends what waits in one queue, if it is not much; returns whether anything moved. Owner. */
bool mp_tx_flush(struct mp_adapter *a, struct mp_tx_queue *t);
/* Sends what waits in the processor's queues, a burst of each in turn (B12); likewise. */
bool mp_tx_serve(struct mp_processor *p, const struct mp_queue_list *queues);
/* Whether sends wait. Any thread; a snapshot. */
bool mp_tx_is_waiting(const struct mp_tx_queue *t);

/* tx_cancel.c. Any thread, IRQL <= DISPATCH_LEVEL. */
MINIPORT_CANCEL_SEND MiniportCancelSend;
/* Completes what waits with 'status', unsent. */
void mp_tx_abort(struct mp_adapter *a, struct mp_tx_queue *t, NDIS_STATUS status);
/* The same in all queues, and of what is held back. */
void mp_tx_abort_all(struct mp_adapter *a, NDIS_STATUS status);

/* tx_barrier.c; more in tx_key.h. */
void mp_tx_barrier_create(struct mp_adapter *a);
void mp_tx_barrier_destroy(struct mp_adapter *a);
/* Of one bit of MP_GATE_CLOSED: sends after it are completed at once, and the adapter
 * receives nothing; when this returns no send that came before is still on its way into a
 * queue. And opens it again. Any thread, IRQL <= DISPATCH_LEVEL. */
void mp_tx_gate_close(struct mp_adapter *a, enum mp_gate bit);
void mp_tx_gate_open(struct mp_adapter *a, enum mp_gate bit);
/* The status of a send that the gate refuses. */
NDIS_STATUS mp_tx_refusal(unsigned gate);
/* Sends that name 'id' are held until that queue's transmit queue is empty; ended like
 * mp_tx_change_begin(). Control, PASSIVE_LEVEL. */
void mp_tx_divert_begin(struct mp_adapter *a, uint16_t id);
/* Places the NBL, or holds it; else the status of the gate that refuses it. Any thread,
 * IRQL <= DISPATCH_LEVEL. */
NDIS_STATUS mp_tx_place_gated(struct mp_adapter *a, NET_BUFFER_LIST *nbl);
/* Places what was held, if its time has come. Any thread, IRQL <= DISPATCH_LEVEL. */
void mp_tx_barrier_check(struct mp_adapter *a);
/* Whether that is so. Any thread. */
bool mp_tx_barrier_can_end(const struct mp_adapter *a);

/* tx_class.c */
void mp_tx_classes_create(struct mp_adapter *a);
void mp_tx_classes_destroy(struct mp_adapter *a);
/* The rules are in force from now on. Nothing is placed, nor can be. */
void mp_tx_classes_use(struct mp_adapter *a, const struct vmq_traffic_rules *rules);
/* Of a transmit queue while there are several classes, under its lock: */
/* which one the NBL joins; */
unsigned mp_tx_class_of(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl);
/* which one may send, -1: none; */
int mp_tx_class_next(struct mp_adapter *a, const struct mp_tx_queue *t);
/* so much of it has left; */
void mp_tx_class_charge(struct mp_adapter *a, unsigned cls, uint64_t bytes);
/* notes which classes have something now, where there are several. */
void mp_tx_class_note(struct mp_adapter *a, struct mp_tx_queue *t);

/* tx_group.c. Control. */
/* From now on the queue's id selects its group's transmit queue, or its own (U15). */
void mp_tx_join(struct mp_queue *q);
/* From now on it selects the default one (B6); what waits leaves all the same, and first. */
void mp_tx_leave(struct mp_queue *q);

#endif
