/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When something is due that happens at a rate. By the TSC; never more at once than is due,
 * and what fell due while this program stood still is not made up for.
 */
#ifndef TRAFFIC_PACE_H
#define TRAFFIC_PACE_H

#include <stdint.h>

struct pace {
	uint64_t start;        /* TSC */
	uint64_t period, next; /* 1/1024 cycles; 'next' from 'start' on */
	uint64_t lateness;     /* cycles after which it counts as late */
	uint64_t patience;     /* cycles after which it is skipped */
	uint64_t late, skipped;
};

/* 'rate' per second, from 1 on; the first is due at 'now'. Counts stay as they are. */
void pace_start(struct pace *p, double rate, uint64_t now);

/* How many are due at 'now', at most 'most': those are taken as done. */
unsigned pace_due(struct pace *p, uint64_t now, unsigned most);

#endif
