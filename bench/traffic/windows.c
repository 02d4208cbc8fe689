/* SPDX-License-Identifier: BSD-2-Clause */
#include "windows.h"

#include <errno.h>
#include <stdlib.h>

int windows_init(struct windows *s, unsigned n, const struct guest *timed)
{
	*s = (struct windows){ .n = n };
	if (!timed)
		return 0;
	s->latency = malloc(n * sizeof(*s->latency));
	if (!s->latency)
		return -ENOMEM;
	/* Written before they are needed: the first touch of a page takes a microsecond. */
	for (unsigned i = 0; i < n; i++)
		histogram_clear(&s->latency[i]);
	return 0;
}

void windows_fini(struct windows *s)
{
	free(s->latency);
}

/* Frames that are gone, or could not go. */
static uint64_t gone(const struct world *w)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->n_guests; i++) {
		const struct guest *g = &w->guests[i];

		sum += g->inspect.sequences.counts.lost + g->stream.counts.missed +
		       g->stream.counts.skipped;
	}
	return sum;
}

void windows_run(struct windows *s, struct world *w, struct guest *timed, double seconds)
{
	struct histogram *all = timed ? timed->inspect.latency : NULL;

	for (unsigned i = 0; i < s->n; i++) {
		uint64_t before = gone(w);

		if (timed)
			timed->inspect.latency = &s->latency[i];
		world_run(w, seconds / s->n);
		s->clean += gone(w) == before;
	}
	if (!timed)
		return;
	timed->inspect.latency = all;
	for (unsigned i = 0; i < s->n; i++)
		histogram_add_all(all, &s->latency[i]);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t windows_quantile(const struct windows *s, double share)
{
	uint64_t each[WINDOWS_MOST];
	unsigned n = 0;

	for (unsigned i = 0; i < s->n; i++)
		if (s->latency[i].count)
			each[n++] = histogram_quantile(&s->latency[i], share);
	qsort(each, n, sizeof(*each), ascending);
	return n ? each[n / 2] : 0;
}
