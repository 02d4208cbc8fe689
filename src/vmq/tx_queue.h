/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The transmit queue for the queue id that a send carries.
 *
 * A send may name a queue that was deleted meanwhile, or never existed; it then
 * goes out on transmit queue 0 and is no error (B6). Queue id 0 is the default
 * queue, exists without any allocation and always means transmit queue 0 (B8,
 * B14). Queues of one group have the same transmit queue: control sets the
 * same index for each of them, and clearing one leaves the others (U15).
 *
 * Control writes single entries while workers read them: a send sees the entry
 * of the moment in which its frame is placed (B7). The transmit queues
 * themselves must outlive the map.
 *
 * Source: "VMQ Transmit Path"; contract B6, B7, B8, B14, U15.
 */
#ifndef VMQ_TX_QUEUE_H
#define VMQ_TX_QUEUE_H

#include <stdatomic.h>
#include <stdint.h>

#define VMQ_TX_DEFAULT 0   /* index of the default transmit queue */

struct vmq_tx_map {
	unsigned capacity;              /* fixed at creation */
	_Atomic uint16_t tx_queue[];    /* by queue id; control writes, workers read */
};

/* A map for the queue ids 0 .. capacity - 1 (capacity 1 .. 65536), each on the
 * default transmit queue. NULL: no memory, or a bad capacity. Control thread. */
struct vmq_tx_map *vmq_tx_map_create(unsigned capacity);
void vmq_tx_map_destroy(struct vmq_tx_map *map);   /* accepts NULL */

/*
 * From now on sends with 'queue_id' go to 'tx_queue'. Control thread, one at a
 * time. 0, or -EINVAL: the id is beyond the map, or it is 0 and 'tx_queue' is
 * not VMQ_TX_DEFAULT; the map then stays as it is.
 */
int vmq_tx_map_set(struct vmq_tx_map *map, uint16_t queue_id, uint16_t tx_queue);

/* From now on sends with 'queue_id' go to the default transmit queue (B6). Any
 * id, known or not. Control thread, one at a time. */
void vmq_tx_map_clear(struct vmq_tx_map *map, uint16_t queue_id);

/* The transmit queue of any 'queue_id', known or not. Worker, per frame. */
static inline uint16_t vmq_tx_map_lookup(const struct vmq_tx_map *map, uint16_t queue_id)
{
	if (queue_id >= map->capacity)
		return VMQ_TX_DEFAULT;
	return atomic_load_explicit(&map->tx_queue[queue_id], memory_order_relaxed);
}

#endif
