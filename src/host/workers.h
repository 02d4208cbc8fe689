/* SPDX-License-Identifier: BSD-2-Clause */
/* What the workers did, for the result and for whoever asks while they run. */
#ifndef HOST_WORKERS_H
#define HOST_WORKERS_H

#include <stdio.h>

#include <jansson.h>

/* A list with an object for each worker, as docs/control.md says; NULL: no memory. Control
 * thread, while the kernel room is up. */
json_t *workers_json(void);

/* The same for a person, a line for each. */
void workers_print(FILE *out);

#endif
