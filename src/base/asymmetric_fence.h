/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two fences that work together as two full ones do: a light one for the thread that passes it
 * at each burst, which costs next to nothing, and a heavy one for the thread that seldom does,
 * which makes every running thread of the process pass a full one.
 *
 * Of a thread that stores to A, passes the light fence and loads B, and one that stores to B, passes
 * the heavy one and loads A, at least one sees what the other stored.
 */
#ifndef BASE_ASYMMETRIC_FENCE_H
#define BASE_ASYMMETRIC_FENCE_H

#include <stdatomic.h>
#include <stdbool.h>

/* Whether the kernel does the heavy one for us; else both are full fences. Set once. */
extern atomic_bool asymmetric_fence_by_kernel;

/* Once or more, by any thread, before the first heavy one. */
void asymmetric_fence_start(void);

/* Some microseconds. Any thread. */
void asymmetric_fence_heavy(void);

/* Any thread. */
static inline void asymmetric_fence_light(void)
{
	if (atomic_load_explicit(&asymmetric_fence_by_kernel, memory_order_relaxed))
		atomic_signal_fence(memory_order_seq_cst);
	else
		atomic_thread_fence(memory_order_seq_cst);
}

#endif
