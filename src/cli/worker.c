/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/worker.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/request.h"
#include "wire/wire.h"

#define USUAL_MS 1000
#define MOST_MS  60000

static const char usage[] =
	"Usage: vmq worker COMMAND [OPTION...]\n"
	"\n"
	"Shows what the workers of a running 'vmq run' do: the threads that move frames.\n"
	"\n"
	"Commands:\n"
	"  list      how busy each worker is, over a second\n"
	"\n"
	"Options: --interval MS, --socket PATH, --json; 'vmq worker list --help' has all.\n"
	"\n"
	"Examples:\n"
	"  vmq worker list\n"
	"  vmq worker list --interval 10000\n";

struct command {
	const char *name, *method, *args, *doc;
};

static const struct command commands[] = {
	{ "list", WIRE_WORKER_LIST, "", "Lists the workers, and what each did in an interval.\v"
	  "Busy: its part of the time in rounds that moved frames or served the drivers. CPU time: its "
	  "part in which the system ran it, looking for work in vain included. Rounds over what it looks "
	  "at, and sleeps: how many a second. CPU: the one that it is pinned to.\n\n"
	  "Examples:\n  vmq worker list\n  vmq worker list --interval 0 --json | jq '.[].busy_ns'" },
};

struct request {
	const struct command *command;
	struct request_target target;
	unsigned interval;             /* ms; 0: since each began */
};

enum { OPTION_INTERVAL = 'i' };

static const struct argp_option options[] = {
	{ "interval", OPTION_INTERVAL, "MS", 0, "Look for so many milliseconds; 0: from the workers' "
	  "beginning until now, as --json has it in any case; default: 1000, at most 60000", 0 },
	{ 0 },
};

static void set_interval(struct request *r, const char *text, struct argp_state *state)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value > MOST_MS)
		argp_error(state, "the interval '%s' is no number from 0 to %d", text, MOST_MS);
	else
		r->interval = (unsigned)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->target;
		return 0;
	case OPTION_INTERVAL:
		set_interval(r, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much: %s takes no arguments", arg, r->command->name);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* How far a count of a worker went since 'before', which may be NULL: since it began. */
static double since(const json_t *now, const json_t *before, const char *key)
{
	return (double)json_integer_value(json_object_get(now, key)) -
	       (double)json_integer_value(json_object_get(before, key));
}

static void print_table(const json_t *list, const json_t *earlier)
{
	const json_t *now;
	size_t i;

	printf("Worker  CPU    Busy  CPU time      Rounds/s  Sleeps/s\n");
	json_array_foreach(list, i, now) {
		const json_t *before = json_array_get(earlier, i), *cpu = json_object_get(now, "cpu");
		double ns = since(now, before, "up_ns");
		char pinned[12] = "-";

		if (json_is_integer(cpu))
			snprintf(pinned, sizeof(pinned), "%d", (int)json_integer_value(cpu));
		printf("%6d  %3s  %5.1f%%  %7.1f%%  %12.0f  %8.0f\n",
		       (int)json_integer_value(json_object_get(now, "number")), pinned,
		       100.0 * since(now, before, "busy_ns") / ns, 100.0 * since(now, before, "cpu_ns") / ns,
		       1e9 * since(now, before, "rounds") / ns, 1e9 * since(now, before, "sleeps") / ns);
	}
}

static void wait_ms(unsigned ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000l };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static int perform(const struct request *r)
{
	json_t *earlier = NULL, *now = NULL;
	struct error err = { "" };
	bool twice = r->interval && !r->target.json;
	int rc = 0;

	if (twice) {
		rc = client_call(r->target.socket, r->command->method, json_object(), &earlier, &err);
		if (!rc)
			wait_ms(r->interval);
	}
	if (!rc)
		rc = client_call(r->target.socket, r->command->method, json_object(), &now, &err);
	if (rc)
		fprintf(stderr, "vmq: %s\n", err.text);
	else if (r->target.json)
		request_print_json(now);
	else
		print_table(now, earlier);
	json_decref(earlier);
	json_decref(now);
	return rc ? 1 : request_end();
}

static const char *nth(size_t i)
{
	return i < sizeof(commands) / sizeof(commands[0]) ? commands[i].name : NULL;
}

int worker_command(int argc, char **argv)
{
	static const struct command_family family = { "worker", usage, nth, options, parse,
						       request_options };
	struct request r = { .interval = USUAL_MS };
	int status = 2, i = command_choose(&family, argc, argv, &status);

	if (i < 0)
		return status;
	r.command = &commands[i];
	if (!command_parse(&family, r.command->args, r.command->doc, argc, argv, &r))
		status = perform(&r);
	return status;
}
