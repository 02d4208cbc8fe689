/* SPDX-License-Identifier: BSD-2-Clause */
/* What every command that asks the daemon has: --socket and --json, and how it ends. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include <argp.h>
#include <stdbool.h>

#include <jansson.h>

struct request_target {
	const char *socket;      /* NULL: the usual place */
	bool json;               /* print the daemon's answer as it is */
};

/* The two options, as the only child of a command's argp. Its input is a request_target,
 * which the command's parser gives it at ARGP_KEY_INIT. */
extern const struct argp_child request_options[];

/* The answer as JSON. */
void request_print_json(const json_t *result);

/* Calls 'method', and shows the answer as JSON or by 'print'. Returns the exit status: a
 * failure is told on standard error. */
int request_perform(const struct request_target *target, const char *method, json_t *params,
		    void (*print)(const json_t *result));

/* The exit status once all was printed: 0, or 1 when it could not be written, and that is told. */
int request_end(void);

/* The text at 'key'; "" when there is none. */
const char *request_text(const json_t *object, const char *key);

#endif
