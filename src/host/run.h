/* SPDX-License-Identifier: BSD-2-Clause */
/* The main job: from a configuration to the end of its traffic. */
#ifndef HOST_RUN_H
#define HOST_RUN_H

#include <stdbool.h>

struct run_options {
	const char *file;     /* the configuration */
	bool json;            /* the result as JSON instead of tables */
	bool quiet;           /* no progress */
	const char *control;  /* the control socket's path, or auto; NULL: as the configuration says */
	unsigned seconds;     /* stop after so long; 0: at the end, or on a signal */
};

/* Runs until the NIC's end, a signal or the time. Returns the exit status: 0, 1
 * for a run that failed, 2 for a wrong configuration. */
int run(const struct run_options *options);

#endif
