/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A measurement in windows. Where the machine stands still now and then, whatever is measured
 * across it tells of the machine: its highest percentiles, or whether nothing was lost. Of windows
 * that are short beside the time between two such moments most are without one, and the median
 * window tells of the switch.
 */
#ifndef TRAFFIC_WINDOWS_H
#define TRAFFIC_WINDOWS_H

#include "guest.h"

#define WINDOWS_MOST 500u

struct windows {
	unsigned n, clean;             /* clean: without loss, of what arrived and of what was due */
	struct histogram *latency;     /* one for each, of the frames that 'timed' received */
};

/* 'n' windows (1 to WINDOWS_MOST), with histograms if there is a guest whose frames are to be timed.
 * 0 or -ENOMEM. */
int windows_init(struct windows *s, unsigned n, const struct guest *timed);
void windows_fini(struct windows *s);

/* Goes on with what was ordered for so long, all windows together. */
void windows_run(struct windows *s, struct world *w, struct guest *timed, double seconds);

/* The cycles that 'share' of the frames did not exceed, in the median of the windows that have any;
 * 0: none has. */
uint64_t windows_quantile(const struct windows *s, double share);

#endif
