/* SPDX-License-Identifier: BSD-2-Clause */
/* One request to the daemon, and its answer. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>

#include "base/error.h"

/*
 * Calls 'method' of the daemon at 'path' (NULL: the usual place) with 'params', whose
 * reference is taken, and waits for the answer. 0 with '*result' a new reference; -EREMOTE: the
 * daemon refused, and 'err' holds its words; -ENOENT, -ECONNREFUSED, -EACCES, -ETIMEDOUT ...:
 * there is no daemon to ask, or no more.
 */
int client_call(const char *path, const char *method, json_t *params, json_t **result,
		struct error *err);

#endif
