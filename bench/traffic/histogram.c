/* SPDX-License-Identifier: BSD-2-Clause */
#include "histogram.h"

#include <string.h>

void histogram_clear(struct histogram *h)
{
	memset(h, 0, sizeof(*h));
	h->least = UINT64_MAX;
}

void histogram_add_all(struct histogram *h, const struct histogram *more)
{
	for (unsigned i = 0; i < HISTOGRAM_STEPS * HISTOGRAM_POWERS; i++)
		h->steps[i] += more->steps[i];
	h->count += more->count;
	if (more->least < h->least)
		h->least = more->least;
	if (more->most > h->most)
		h->most = more->most;
}

/* The middle of a step. */
static uint64_t cycles_of(unsigned step)
{
	unsigned shift = step < 2 * HISTOGRAM_STEPS ? 0 : step / HISTOGRAM_STEPS - 1;
	uint64_t low = (uint64_t)(step - shift * HISTOGRAM_STEPS) << shift;

	return low + ((UINT64_C(1) << shift) >> 1);
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t below = (uint64_t)(share * (double)h->count), sum = 0;
	uint64_t cycles;

	if (!h->count)
		return 0;
	if (below >= h->count)
		return h->most;
	for (unsigned i = 0; i < HISTOGRAM_STEPS * HISTOGRAM_POWERS; i++) {
		sum += h->steps[i];
		if (sum > below) {
			cycles = cycles_of(i);
			return cycles < h->least ? h->least : cycles > h->most ? h->most : cycles;
		}
	}
	return h->most;
}
