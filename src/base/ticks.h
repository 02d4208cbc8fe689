/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A clock for every round of a worker: half the price of clock_ns() where the CPU's
 * time-stamp counter runs evenly, and that clock itself elsewhere.
 */
#ifndef BASE_TICKS_H
#define BASE_TICKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

extern bool ticks_are_counter;   /* set by ticks_measure() */

/* Measures how long a tick is; takes 0.2 ms. Once, before any other call here. */
void ticks_measure(void);

/* Now, in ticks. Any thread; differs between CPUs by less than it takes to ask. */
static inline uint64_t ticks_now(void)
{
#if defined(__x86_64__)
	if (__builtin_expect(ticks_are_counter, 1))
		return __builtin_ia32_rdtsc();
#endif
	return clock_ns();
}

/* A span of ticks in nanoseconds, and back. Spans of up to a century. Any thread. */
uint64_t ticks_to_ns(uint64_t ticks);
uint64_t ticks_from_ns(uint64_t ns);

#endif
