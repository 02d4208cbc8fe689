/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A count that one thread writes and any thread may read. Compiles to a plain
 * add: no locked instruction, and no torn or raced read either.
 */
#ifndef BASE_COUNTER_H
#define BASE_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

typedef struct { _Atomic uint64_t value; } counter_t;   /* owner writes, any thread reads */

static inline void counter_add(counter_t *c, uint64_t n)
{
	atomic_store_explicit(&c->value,
			      atomic_load_explicit(&c->value, memory_order_relaxed) + n,
			      memory_order_relaxed);
}

static inline uint64_t counter_read(const counter_t *c)
{
	return atomic_load_explicit(&c->value, memory_order_relaxed);
}

#endif
