/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines from standard input, read by a thread of its own, so that the thread that serves the ports
 * makes no system call for them.
 */
#ifndef TRAFFIC_INPUT_H
#define TRAFFIC_INPUT_H

#include <stdbool.h>

/* 0 or a negative errno. */
int input_start(void);

/* Whether there is a line, or the end. Cheap. */
bool input_ready(void);

/* The next line, which is the caller's to free; NULL at the end. Waits for it. */
char *input_take(void);

#endif
