/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/id_pool.h"

#include <assert.h>
#include <stdlib.h>

struct id_pool {
	unsigned capacity, free_count, first;   /* 'queue' is a ring that starts at 'first' */
	uint16_t queue[];
};

struct id_pool *id_pool_create(unsigned capacity)
{
	struct id_pool *p;

	if (!capacity || capacity > UINT16_MAX)
		return NULL;
	p = malloc(sizeof(*p) + capacity * sizeof(p->queue[0]));
	if (!p)
		return NULL;
	p->capacity = p->free_count = capacity;
	p->first = 0;
	for (unsigned i = 0; i < capacity; i++)
		p->queue[i] = (uint16_t)(i + 1);
	return p;
}

void id_pool_destroy(struct id_pool *pool)
{
	free(pool);
}

unsigned id_pool_take(struct id_pool *p)
{
	unsigned id;

	if (!p->free_count)
		return 0;
	id = p->queue[p->first];
	p->first = (p->first + 1) % p->capacity;
	p->free_count--;
	return id;
}

void id_pool_give(struct id_pool *p, unsigned id)
{
	assert(id && id <= p->capacity && p->free_count < p->capacity);
	p->queue[(p->first + p->free_count) % p->capacity] = (uint16_t)id;
	p->free_count++;
}
