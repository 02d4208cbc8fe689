/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line (README.md).
 */
#ifndef TRAFFIC_OPTIONS_H
#define TRAFFIC_OPTIONS_H

#include <stdbool.h>

#include "guest.h"

struct options {
	const char *ports[GUESTS];
	unsigned n_ports;
	unsigned cpu;
	unsigned megabytes;
	bool huge;
	char prefix[64];
};

/* 0, or a negative errno after a line on standard error. */
int options_read(struct options *o, int argc, char **argv);

/* Starts DPDK with all its threads on the CPU. 0, or a negative errno after a line on standard
 * error. */
int options_start_dpdk(const struct options *o);

/* Ends DPDK, and removes the folder that it made under our name. */
void options_stop_dpdk(const struct options *o);

#endif
