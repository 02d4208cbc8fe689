/* SPDX-License-Identifier: BSD-2-Clause */
#include "first.h"

#include <time.h>

#include <rte_cycles.h>

#define WAKE_EARLY 0.001     /* seconds: this program is awake by then */
#define PATIENCE   1.0

static void be_silent(double seconds)
{
	uint64_t end = rte_rdtsc() + (uint64_t)(seconds * (double)rte_get_tsc_hz());
	double asleep = seconds - WAKE_EARLY;
	struct timespec t = { .tv_sec = (time_t)asleep };

	if (asleep > 0) {
		t.tv_nsec = (long)((asleep - (double)t.tv_sec) * 1e9);
		nanosleep(&t, NULL);
	}
	while (rte_rdtsc() < end)
		;
}

unsigned first_run(struct world *w, const struct first *f)
{
	const uint64_t *arrived = &f->to->inspect.latency->count;
	unsigned lost = 0;

	world_reset(w);
	for (unsigned i = 0; i < f->count; i++) {
		uint64_t before = *arrived, end;

		be_silent(f->gap);
		/* What came of others meanwhile, or came too late, is not it. */
		while (guest_receive(f->to))
			;
		f->to->inspect.timed = true;
		end = rte_rdtsc() + (uint64_t)(PATIENCE * (double)rte_get_tsc_hz());
		if (stream_send_one(&f->from->stream, &f->from->port))
			while (*arrived == before && rte_rdtsc() < end)
				guest_receive(f->to);
		lost += *arrived == before;
		f->to->inspect.timed = false;
	}
	w->ended = rte_rdtsc();
	return lost;
}
