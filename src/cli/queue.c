/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/queue.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/amount.h"
#include "cli/command.h"
#include "cli/queue_table.h"
#include "cli/request.h"
#include "wire/wire.h"

static const char usage[] =
	"Usage: vmq queue COMMAND [ARGUMENT...] [OPTION...]\n"
	"\n"
	"Shows the receive queues of a running 'vmq run', and changes them while traffic flows.\n"
	"\n"
	"Commands:\n"
	"  list                      every queue, and every VM that has none\n"
	"  move VM PROCESSOR         let another processor serve the VM and its queue\n"
	"  release VM                free the VM's queue; it goes on on the default queue\n"
	"  assign VM                 give it a queue again, if the adapter has one left\n"
	"  set VM --indication per-queue|mixed\n"
	"                            whether its frames come in calls of their own\n"
	"  set VM --rate RATE --burst BYTES --weight 1..100\n"
	"                            how fast it may send, and its share of the adapter\n"
	"\n"
	"A move loses no frame and keeps their order. A release drops only what the VM does not\n"
	"take in time; it waits until every frame of the queue has been given back.\n"
	"Options of every command: --socket PATH, --json; 'vmq queue COMMAND --help' has all.\n"
	"\n"
	"Examples:\n"
	"  vmq run --control auto examples/endless.yaml      a host that goes on\n"
	"  vmq queue list\n"
	"  vmq queue move web 2\n"
	"  vmq queue release db && vmq queue assign db\n";

struct command {
	const char *name, *method, *args, *doc;
	unsigned arguments;
};

static const struct command commands[] = {
	{ "list", WIRE_QUEUE_LIST, "", "Lists every receive queue, and every VM that has none.\v"
	  "Queue 0 is the adapter's default queue. Mode: how the queue's frames get into its buffers. "
	  "MSI-X: the table entry that it was given when it was allocated, and keeps when it moves. "
	  "Buffers: how many of the queue's are in use, and how many it has. Held: those that wait at "
	  "the VM's port. Note: why a VM has no queue of its own, or what a queue that is being freed "
	  "waits for, or that the VM has sent what its rate or weight lets it.\n\n"
	  "Examples:\n  vmq queue list\n  vmq queue list --adapter wan --json | jq '.[].vm'", 0 },
	{ "move", WIRE_QUEUE_MOVE, "VM PROCESSOR",
	  "Lets another processor serve the VM and its queue, while traffic flows.\v"
	  "No frame is lost, and those of the queue keep their order. When the adapter refuses, all is as "
	  "before.\n\nExample:\n  vmq queue move web 2", 2 },
	{ "release", WIRE_QUEUE_RELEASE, "VM",
	  "Clears the filters of the VM's queue and frees it; the VM goes on on the default queue.\v"
	  "What the VM does not take of the frames that are held for it is dropped, as queue_freed. A free "
	  "that waits for frames which somebody else holds goes on by itself; 'vmq queue list' says for "
	  "what.\n\nExample:\n  vmq queue release db", 1 },
	{ "assign", WIRE_QUEUE_ASSIGN, "VM",
	  "Gives a VM without a queue of its own one, with its filters, if the adapter has one left.\v"
	  "Example:\n  vmq queue assign mail", 1 },
	{ "set", WIRE_QUEUE_SET, "VM",
	  "Changes how the frames of the VM's queue are indicated, and what it may send.\v"
	  "per-queue: in calls of their own, which costs less for each frame. mixed: together with frames "
	  "of other queues, which may cost fewer calls.\n\n"
	  "A VM sends no more than its rate; what is over waits in its own ring. Where the adapter does not "
	  "keep up, VMs have shares by weight. What is not named stays as it is.\n\n"
	  "Examples:\n  vmq queue set web --indication mixed\n"
	  "  vmq queue set db --rate 100M --weight 10", 1 },
};

struct request {
	const struct command *command;
	struct request_target target;
	json_t *params;
};

enum { OPTION_ADAPTER = 'a', OPTION_INDICATION = 'i', OPTION_RATE = 'r', OPTION_BURST = 'b',
       OPTION_WEIGHT = 'w' };

static const struct argp_option options[] = {
	{ "adapter", OPTION_ADAPTER, "NAME", 0, "list: of this adapter alone", 0 },
	{ "indication", OPTION_INDICATION, "HOW", 0, "set: per-queue or mixed", 0 },
	{ "rate", OPTION_RATE, "RATE", 0, "set: bits per second, such as 100M; 0: no limit", 0 },
	{ "burst", OPTION_BURST, "BYTES", 0, "set: what may go at once; 0: as the rate needs", 0 },
	{ "weight", OPTION_WEIGHT, "N", 0, "set: 1..100; 0: none", 0 },
	{ 0 },
};

/* ---- the command line ---- */

static void set_text(struct request *r, const char *key, const char *text, struct argp_state *state)
{
	if (!*text || json_object_set_new(r->params, key, json_string(text)))
		argp_error(state, "the %s must be a text of UTF-8 that is not empty", key);
}

static void set_whole(struct request *r, const char *key, const char *text,
		      struct argp_state *state)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value > UINT32_MAX)
		argp_error(state, "the %s '%s' is no number", key, text);
	else
		json_object_set_new(r->params, key, json_integer((json_int_t)value));
}

static void set_argument(struct request *r, unsigned index, const char *text,
			 struct argp_state *state)
{
	if (index >= r->command->arguments)
		argp_error(state, "'%s' is too much: %s takes %s", text, r->command->name,
			   *r->command->args ? r->command->args : "no arguments");
	else if (index)
		set_whole(r, "processor", text, state);
	else
		set_text(r, "vm", text, state);
}

static void set_indication(struct request *r, const char *how, struct argp_state *state)
{
	bool per_queue = !strcmp(how, "per-queue");

	if (strcmp(r->command->method, WIRE_QUEUE_SET))
		argp_error(state, "--indication has no meaning for %s", r->command->name);
	else if (!per_queue && strcmp(how, "mixed"))
		argp_error(state, "--indication is per-queue or mixed, not '%s'", how);
	else
		json_object_set_new(r->params, "per-queue-indication", json_boolean(per_queue));
}

/* One of the options of what a VM may send. */
static void set_send(struct request *r, int option, const char *text, struct argp_state *state)
{
	const char *key = option == OPTION_RATE ? "rate" : option == OPTION_BURST ? "burst" : "weight";
	uint64_t value;

	if (strcmp(r->command->method, WIRE_QUEUE_SET))
		argp_error(state, "--%s has no meaning for %s", key, r->command->name);
	else if (option == OPTION_WEIGHT)
		set_whole(r, key, text, state);
	else if (amount_parse(text, &value))
		argp_error(state, "the %s '%s' is no amount, such as 100M", key, text);
	else
		set_text(r, key, text, state);
}

static bool sets_something(const json_t *params)
{
	static const char *const keys[] = { "per-queue-indication", "rate", "burst", "weight" };
	bool any = false;

	for (unsigned i = 0; i < 4; i++)
		any |= json_object_get(params, keys[i]) != NULL;
	return any;
}

static void check_end(const struct request *r, unsigned n, struct argp_state *state)
{
	if (n < r->command->arguments)
		argp_error(state, "%s needs %s", r->command->name, r->command->args);
	else if (!strcmp(r->command->method, WIRE_QUEUE_SET) &&
		 !sets_something(r->params))
		argp_error(state, "what is to be set? --indication, --rate, --burst or --weight");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->target;
		return 0;
	case OPTION_ADAPTER:
		if (strcmp(r->command->method, WIRE_QUEUE_LIST))
			argp_error(state, "--adapter has no meaning for %s", r->command->name);
		set_text(r, "adapter", arg, state);
		return 0;
	case OPTION_INDICATION:
		set_indication(r, arg, state);
		return 0;
	case OPTION_RATE:
	case OPTION_BURST:
	case OPTION_WEIGHT:
		set_send(r, key, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		set_argument(r, state->arg_num, arg, state);
		return 0;
	case ARGP_KEY_END:
		check_end(r, state->arg_num, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void show(const json_t *result)
{
	if (json_is_array(result))
		queue_table_print(result);
}

static const char *nth(size_t i)
{
	return i < sizeof(commands) / sizeof(commands[0]) ? commands[i].name : NULL;
}

int queue_command(int argc, char **argv)
{
	static const struct command_family family = { "queue", usage, nth, options, parse,
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
