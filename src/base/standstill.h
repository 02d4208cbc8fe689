/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long a machine stood still: its host ran others, moved it or saved it, or a debugger
 * held the process. Clocks go on meanwhile, and whoever waits with a limit finds it passed
 * by work that never had the time. One of a virtual machine's CPUs may stand for seconds
 * while the others run, so the thread that looks goes from CPU to CPU.
 */
#ifndef BASE_STANDSTILL_H
#define BASE_STANDSTILL_H

#include <sched.h>
#include <stdint.h>

struct standstill {
	cpu_set_t cpus;        /* those that the thread may run on */
	int cpu;
	uint64_t before;       /* the last look, clock_ns() */
};

/* By the thread that looks or by one that starts it; the first look counts from here. */
void standstill_begin(struct standstill *s);
/*
 * Moves the calling thread to its next CPU. Returns the nanoseconds by which the time since
 * the last look is above 'longest_ns', which is what a look that nothing held up takes at
 * most; or 0.
 */
uint64_t standstill_look(struct standstill *s, uint64_t longest_ns);

#endif
