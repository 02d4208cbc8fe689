/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands of README.md: each line is carried out and answered.
 */
#ifndef TRAFFIC_COMMANDS_H
#define TRAFFIC_COMMANDS_H

#include "guest.h"

/* 'line' is written to. An empty one is no command and is not answered. */
void commands_run(struct world *w, char *line);

#endif
