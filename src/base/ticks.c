/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ticks.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define MEASURE_NS 200000u
#define READINGS   8         /* of which the one that nobody interrupted counts */

bool ticks_are_counter;
static double ns_per_tick = 1.0;

#if defined(__x86_64__)
#define INVARIANT_TSC 0x100u   /* EDX of leaf 0x80000007: even in every state of the CPU */

static bool counter_is_even(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && d & INVARIANT_TSC;
}

struct reading {
	uint64_t ticks, ns;
};

/* Both clocks at one moment. */
static struct reading read_both(void)
{
	struct reading best = { 0, 0 };
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		uint64_t before = __builtin_ia32_rdtsc(), ns = clock_ns();
		uint64_t took = __builtin_ia32_rdtsc() - before;

		if (took >= shortest)
			continue;
		shortest = took;
		best = (struct reading){ before + took / 2, ns };
	}
	return best;
}

void ticks_measure(void)
{
	struct reading first, last;

	if (!counter_is_even())
		return;
	first = read_both();
	do
		last = read_both();
	while (last.ns - first.ns < MEASURE_NS);
	if (last.ticks <= first.ticks)
		return;   /* a counter that stands still is none */
	ns_per_tick = (double)(last.ns - first.ns) / (double)(last.ticks - first.ticks);
	ticks_are_counter = true;
}
#else
void ticks_measure(void)
{
}
#endif

uint64_t ticks_to_ns(uint64_t ticks)
{
	return (uint64_t)((double)ticks * ns_per_tick);
}

uint64_t ticks_from_ns(uint64_t ns)
{
	return (uint64_t)((double)ns / ns_per_tick);
}
