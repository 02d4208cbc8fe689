/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The answers: one JSON object on one line of standard output each.
 */
#ifndef TRAFFIC_REPORT_H
#define TRAFFIC_REPORT_H

#include <jansson.h>

#include "guest.h"
#include "windows.h"

/* Before all else: standard output is for answers alone from now on, what drivers print there
 * goes to standard error. 0 or a negative errno. */
int report_start(void);

/* Writes 'answer' and gives it up. */
void report_answer(json_t *answer);

void report_ok(void);
void report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The counts of all guests since world_reset(), with the latency of 'timed', which may be NULL. */
json_t *report_totals(const struct world *w, const struct guest *timed);

/* What a histogram says, in nanoseconds. */
json_t *report_histogram(const struct histogram *h);

/* How many windows there were and how many clean ones, and what the median one's histogram says. */
json_t *report_windows(const struct windows *s);

#endif
