/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/tx_queue.h"

#include <errno.h>
#include <stdlib.h>

#define CACHE_LINE 64

struct vmq_tx_map *vmq_tx_map_create(unsigned capacity)
{
	size_t bytes = sizeof(struct vmq_tx_map) + (size_t)capacity * sizeof(uint16_t);
	struct vmq_tx_map *map;

	if (capacity < 1 || capacity > UINT16_MAX + 1u)
		return NULL;
	/* Whole lines of its own: nobody else's writes may slow the readers. */
	bytes = (bytes + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	map = aligned_alloc(CACHE_LINE, bytes);
	if (!map)
		return NULL;
	map->capacity = capacity;
	for (unsigned id = 0; id < capacity; id++)
		atomic_init(&map->tx_queue[id], VMQ_TX_DEFAULT);
	return map;
}

void vmq_tx_map_destroy(struct vmq_tx_map *map)
{
	free(map);
}

int vmq_tx_map_set(struct vmq_tx_map *map, uint16_t queue_id, uint16_t tx_queue)
{
	if (queue_id >= map->capacity)
		return -EINVAL;
	if (queue_id == 0 && tx_queue != VMQ_TX_DEFAULT)
		return -EINVAL;
	atomic_store_explicit(&map->tx_queue[queue_id], tx_queue, memory_order_relaxed);
	return 0;
}

void vmq_tx_map_clear(struct vmq_tx_map *map, uint16_t queue_id)
{
	if (queue_id < map->capacity)
		atomic_store_explicit(&map->tx_queue[queue_id], VMQ_TX_DEFAULT,
				      memory_order_relaxed);
}
