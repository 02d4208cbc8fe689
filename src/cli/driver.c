/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/driver.h"

#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/driver_table.h"
#include "cli/request.h"
#include "wire/wire.h"

static const char usage[] =
	"Usage: vmq driver COMMAND [ARGUMENT...] [OPTION...]\n"
	"\n"
	"Loads Windows NDIS drivers, compiled by vmq-cc, into a running 'vmq run', and puts\n"
	"them on its adapters.\n"
	"\n"
	"Commands:\n"
	"  list                      every driver, and where it is\n"
	"  info DRIVER               one driver\n"
	"  load FILE [KEY=VALUE...]  load a driver; KEY=VALUE are its own keywords\n"
	"  unload DRIVER             take it out of memory again; it must be bound nowhere\n"
	"  bind DRIVER ADAPTER [KEY=VALUE...]\n"
	"                            put a filter on top of an adapter's filters, or bind a\n"
	"                            protocol; KEY=VALUE are keywords of this filter there\n"
	"  unbind DRIVER [ADAPTER]   take it off again\n"
	"  pause DRIVER [ADAPTER]    pause a filter, or the adapter of a miniport\n"
	"  restart DRIVER [ADAPTER]  and let it run again\n"
	"\n"
	"Options of every command: --socket PATH, --json; 'vmq driver COMMAND --help' has all.\n"
	"\n"
	"Examples:\n"
	"  vmq run --control auto examples/endless.yaml      a daemon that can be asked\n"
	"  vmq driver load ./filter.so                      a filter driver\n"
	"  vmq driver bind filter adapter Mode=2            on the adapter, with a keyword\n"
	"  vmq driver list\n"
	"  vmq driver unbind filter\n"
	"  vmq driver unload filter\n";

/* What a command's arguments are, in order. */
enum { ARGUMENT_DRIVER = 1, ARGUMENT_FILE, ARGUMENT_ADAPTER };

struct command {
	const char *name, *method, *args, *doc;
	unsigned argument[2];          /* 0: none */
	unsigned needed;               /* how many of them */
	bool keywords, named;          /* KEY=VALUE may follow; --name has a meaning */
};

static const struct command commands[] = {
	{ "list", WIRE_DRIVER_LIST, "", "Lists every driver, and on which adapters it is.\v"
	  "Example:\n  vmq driver list --json | jq '.[].name'", { 0 }, 0, false, false },
	{ "info", WIRE_DRIVER_INFO, "DRIVER", "Shows one driver: its file, keywords, and places.\v"
	  "Example:\n  vmq driver info filter", { ARGUMENT_DRIVER }, 1, false, false },
	{ "load", WIRE_DRIVER_LOAD, "FILE [KEY=VALUE...]",
	  "Loads a driver from FILE, made by vmq-cc, and calls its DriverEntry.\v"
	  "The driver's name is the file's without .so. A miniport that is to make an adapter "
	  "belongs into the configuration.\n\n"
	  "Examples:\n  vmq driver load ./filter.so\n  vmq driver load ./protocol.so Level=3",
	  { ARGUMENT_FILE }, 1, true, false },
	{ "unload", WIRE_DRIVER_UNLOAD, "DRIVER",
	  "Calls the driver's DriverUnload and takes it out of memory.\v"
	  "It must be bound nowhere: 'vmq driver unbind' first.\n\n"
	  "Example:\n  vmq driver unload filter", { ARGUMENT_DRIVER }, 1, false, false },
	{ "bind", WIRE_DRIVER_BIND, "DRIVER ADAPTER [KEY=VALUE...]",
	  "Puts a filter driver on top of the adapter's filters, or binds a protocol driver to it.\v"
	  "Traffic pauses for a moment and goes on; a NIC may lose what comes meanwhile. The same "
	  "filter may be on an adapter twice under two names.\n\n"
	  "Examples:\n  vmq driver bind filter adapter Mode=2\n"
	  "  vmq driver bind filter adapter --name second\n  vmq driver bind protocol adapter",
	  { ARGUMENT_DRIVER, ARGUMENT_ADAPTER }, 2, true, true },
	{ "unbind", WIRE_DRIVER_UNBIND, "DRIVER [ADAPTER]",
	  "Detaches a filter, or unbinds a protocol.\v"
	  "ADAPTER may be left out when the driver is on one only.\n\n"
	  "Examples:\n  vmq driver unbind filter\n  vmq driver unbind filter adapter --name second",
	  { ARGUMENT_DRIVER, ARGUMENT_ADAPTER }, 1, false, true },
	{ "pause", WIRE_DRIVER_PAUSE, "DRIVER [ADAPTER]",
	  "Pauses a filter, or, of a miniport, its adapter: no frame passes until it is restarted.\v"
	  "Example:\n  vmq driver pause filter", { ARGUMENT_DRIVER, ARGUMENT_ADAPTER }, 1, false, true },
	{ "restart", WIRE_DRIVER_RESTART, "DRIVER [ADAPTER]",
	  "Restarts what was paused.\vExample:\n  vmq driver restart filter",
	  { ARGUMENT_DRIVER, ARGUMENT_ADAPTER }, 1, false, true },
};

struct request {
	const struct command *command;
	struct request_target target;
	json_t *params;
};

enum { OPTION_NAME = 'n' };

static const struct argp_option options[] = {
	{ "name", OPTION_NAME, "NAME", 0, "bind, unbind, pause, restart: the filter's name on the "
	  "adapter; default: the driver's", 0 },
	{ 0 },
};

static void set_text(struct request *r, const char *key, const char *text,
		     struct argp_state *state)
{
	if (!*text || json_object_set_new(r->params, key, json_string(text)))
		argp_error(state, "the %s must be a text of UTF-8 that is not empty", key);
}

/* The daemon has a working directory of its own. */
static void set_file(struct request *r, const char *file, struct argp_state *state)
{
	char *whole = realpath(file, NULL);

	if (!whole)
		argp_failure(state, 1, 0, "%s: %s", file,
			     errno == ENOENT ? "there is no such file; vmq-cc makes drivers" : strerror(errno));
	else
		set_text(r, "file", whole, state);
	free(whole);
}

static void set_keyword(struct request *r, const char *text, struct argp_state *state)
{
	const char *equals = strchr(text, '=');
	json_t *keywords = json_object_get(r->params, "keywords");
	char *name;

	if (!equals || equals == text) {
		argp_error(state, "'%s' is no KEY=VALUE", text);
		return;
	}
	if (!keywords) {
		keywords = json_object();
		json_object_set_new(r->params, "keywords", keywords);
	}
	name = strndup(text, (size_t)(equals - text));
	if (!name || json_object_set_new(keywords, name, json_string(equals + 1)))
		argp_error(state, "'%s' is no UTF-8", text);
	free(name);
}

static void set_argument(struct request *r, unsigned index, const char *text,
			 struct argp_state *state)
{
	unsigned what = index < 2 ? r->command->argument[index] : 0;

	if (what == ARGUMENT_DRIVER)
		set_text(r, "driver", text, state);
	else if (what == ARGUMENT_ADAPTER)
		set_text(r, "adapter", text, state);
	else if (what == ARGUMENT_FILE)
		set_file(r, text, state);
	else if (r->command->keywords)
		set_keyword(r, text, state);
	else
		argp_error(state, "'%s' is too much: %s takes %s", text, r->command->name,
			   *r->command->args ? r->command->args : "no arguments");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->target;
		return 0;
	case OPTION_NAME:
		if (!r->command->named)
			argp_error(state, "--name has no meaning for %s", r->command->name);
		set_text(r, "name", arg, state);
		return 0;
	case ARGP_KEY_ARG:
		set_argument(r, state->arg_num, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < r->command->needed)
			argp_error(state, "%s needs %s", r->command->name, r->command->args);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show(const json_t *result)
{
	if (json_is_array(result))
		driver_table_print(result);
	else if (json_object_size(result))
		driver_print(result);
}

static const char *nth(size_t i)
{
	return i < sizeof(commands) / sizeof(commands[0]) ? commands[i].name : NULL;
}

int driver_command(int argc, char **argv)
{
	static const struct command_family family = { "driver", usage, nth, options, parse,
						       request_options };
	struct request r = { .command = NULL };
	int status = 2, i = command_choose(&family, argc, argv, &status);

	if (i < 0)
		return status;
	r.command = &commands[i];
	r.params = json_object();
	if (!command_parse(&family, r.command->args, r.command->doc, argc, argv, &r))
		status = request_perform(&r.target, r.command->method, r.params, show);
	json_decref(r.params);
	return status;
}
