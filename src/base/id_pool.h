/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids 1 .. capacity, dense at first (1, 2, 3 ...), then reused oldest first, so
 * that a freed id stays unused as long as possible. Caller holds its own lock.
 */
#ifndef BASE_ID_POOL_H
#define BASE_ID_POOL_H

#include <stdint.h>

struct id_pool;

/* 'capacity' ids, 1 .. 65535. NULL: no memory, or a bad capacity. */
struct id_pool *id_pool_create(unsigned capacity);
void id_pool_destroy(struct id_pool *pool);   /* accepts NULL */

/* The next id, or 0 when all are in use. */
unsigned id_pool_take(struct id_pool *pool);

/* Gives 'id', taken before, back. */
void id_pool_give(struct id_pool *pool, unsigned id);

#endif
