/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time to the first frame: after a silence one frame goes, and the port where it must arrive is
 * looked at until it is there.
 */
#ifndef TRAFFIC_FIRST_H
#define TRAFFIC_FIRST_H

#include "guest.h"

struct first {
	struct guest *from, *to;
	unsigned count;            /* of frames */
	double gap;                /* seconds of silence before each */
};

/* The times are in the latency of 'to' then; returns how many frames did not arrive in a second. */
unsigned first_run(struct world *w, const struct first *f);

#endif
