/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A histogram of times in TSC cycles: 128 steps for each power of two, so that what is read from it
 * is right to 0.8 %, from one cycle to days.
 */
#ifndef TRAFFIC_HISTOGRAM_H
#define TRAFFIC_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS   7u
#define HISTOGRAM_STEPS  (1u << HISTOGRAM_BITS)
#define HISTOGRAM_POWERS 42u

struct histogram {
	uint64_t count, least, most;
	uint64_t steps[HISTOGRAM_STEPS * HISTOGRAM_POWERS];
};

void histogram_clear(struct histogram *h);

static inline void histogram_add(struct histogram *h, uint64_t cycles)
{
	unsigned top = 63u - (unsigned)__builtin_clzll(cycles | 1);
	unsigned shift = top > HISTOGRAM_BITS ? top - HISTOGRAM_BITS : 0;
	unsigned at = shift * HISTOGRAM_STEPS + (unsigned)(cycles >> shift);

	if (at >= HISTOGRAM_STEPS * HISTOGRAM_POWERS)
		at = HISTOGRAM_STEPS * HISTOGRAM_POWERS - 1;
	h->steps[at]++;
	h->count++;
	if (cycles < h->least)
		h->least = cycles;
	if (cycles > h->most)
		h->most = cycles;
}

/* Adds all that is in 'more'. */
void histogram_add_all(struct histogram *h, const struct histogram *more);

/* The cycles that 'share' (0 to 1) of all did not exceed; 0 of an empty histogram. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
