/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a send waits: the transmit queue that the adapter's key chooses, there the class
 * that its priority chooses. Connections may overtake one another only between queues and
 * between classes (A8); without RSS, VMQ, DCB or 802.1p there is one queue of one class.
 *
 * One key at a time. Whatever changes which queue or class a send joins, a connection keeps
 * its order (A7, N14, O12): from the change on sends are held back, and join nothing until
 * all that were accepted before it have left.
 */
#ifndef MINIPORT_TX_KEY_H
#define MINIPORT_TX_KEY_H

#include <ndis.h>

#include "vmq/traffic_class.h"

#define MP_TX_CLASSES VMQ_TRAFFIC_CLASSES

struct mp_adapter;

struct mp_tx_key {
	const char *name;
	/*
	 * Which of a->queues[] the send joins, 0 .. a->n_queues. Any thread, IRQL <=
	 * DISPATCH_LEVEL; also on threads that nobody's wait for quiet covers, so what it reads
	 * stays in its place as long as the adapter. Looks at the NBL's OOB alone.
	 */
	unsigned (*select)(const struct mp_adapter *a, const NET_BUFFER_LIST *nbl);
	/* NDIS_SEND_FLAGS_SINGLE_QUEUE, which speaks of queue ids, promises one outcome (B4). */
	bool by_id;
};

extern const struct mp_tx_key mp_key_fifo;   /* the default queue, always */
extern const struct mp_tx_key mp_key_vmq;    /* the queue id's (B1), through a->tx_map */

/* From now on sends are placed by 'key', a constant. Control, PASSIVE_LEVEL. */
void mp_tx_key_set(struct mp_adapter *a, const struct mp_tx_key *key);

/*
 * Around a change of what the key's select() reads: what is sent from begin on is placed
 * after end, when all that was accepted before has left. Pairs may nest. Control,
 * PASSIVE_LEVEL; nothing in between may wait.
 */
void mp_tx_change_begin(struct mp_adapter *a);
void mp_tx_change_end(struct mp_adapter *a);

/* From now on sends are classed by these rules, which are copied; likewise after what was
 * accepted before. One class (vmq_traffic_rules_single) from initialization on. Control,
 * PASSIVE_LEVEL. */
void mp_tx_classes_set(struct mp_adapter *a, const struct vmq_traffic_rules *rules);

/* The classes of these priorities, a bit each, and no others, may not send until the next
 * call (PFC, O11). Any thread, IRQL <= DISPATCH_LEVEL. */
void mp_tx_priorities_halt(struct mp_adapter *a, uint8_t priorities);

/* Frames and bytes given to the NIC of class 'cls' since initialization, over all queues.
 * Any thread; a snapshot. */
void mp_tx_class_sent(const struct mp_adapter *a, unsigned cls, uint64_t *frames,
		      uint64_t *bytes);

#endif
