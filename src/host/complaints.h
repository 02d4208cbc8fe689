/* SPDX-License-Identifier: BSD-2-Clause */
/* What was warned of and went wrong, line by line, for the report. */
#ifndef HOST_COMPLAINTS_H
#define HOST_COMPLAINTS_H

#include <jansson.h>

/* Listens to the log from here on, and keeps the first hundred warnings and errors.
 * Once, before other threads log. */
void complaints_listen(void);

/* A new list of objects with "level" and "text"; a last one says how many there were
 * beyond the hundred. Any thread. */
json_t *complaints_json(void);

#endif
