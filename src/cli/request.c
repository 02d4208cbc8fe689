/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/request.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"

static const struct argp_option options[] = {
	{ "socket", 's', "PATH", 0, "Where the daemon listens; default: "
	  "$XDG_RUNTIME_DIR/openvmq/control.sock, else /run/openvmq/control.sock", 0 },
	{ "json", 'j', NULL, 0, "Print the daemon's answer as JSON", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request_target *target = state->input;

	switch (key) {
	case 's':
		target->socket = arg;
		return 0;
	case 'j':
		target->json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = { .options = options, .parser = parse };

const struct argp_child request_options[] = { { &argp, 0, NULL, 0 }, { 0 } };

void request_print_json(const json_t *result)
{
	json_dumpf(result, stdout, JSON_INDENT(2));
	putchar('\n');
}

int request_end(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	fprintf(stderr, "vmq: the answer cannot be written: %s\n", strerror(errno));
	return 1;
}

int request_perform(const struct request_target *target, const char *method, json_t *params,
		    void (*print)(const json_t *result))
{
	struct error err = { "" };
	json_t *result;

	if (client_call(target->socket, method, json_incref(params), &result, &err)) {
		fprintf(stderr, "vmq: %s\n", err.text);
		return 1;
	}
	if (target->json)
		request_print_json(result);
	else
		print(result);
	json_decref(result);
	return request_end();
}

const char *request_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}
