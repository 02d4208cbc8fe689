/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/device.h"

#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/request.h"
#include "wire/wire.h"

#define USUAL_ROOM 4096   /* bytes that a read and an ioctl have room for */

static const char usage[] =
	"Usage: vmq device COMMAND [ARGUMENT...] [OPTION...]\n"
	"\n"
	"Does with a driver's device in a running 'vmq run' what a program does on Windows.\n"
	"\n"
	"Commands:\n"
	"  list                      the devices, their links, and how many files are open\n"
	"  open DEVICE               open a file on it, and print the file's number\n"
	"  read FILE                 read, and print the bytes in hexadecimal\n"
	"  write FILE DATA           write the bytes DATA, in hexadecimal; -: standard input\n"
	"  ioctl FILE CODE [DATA]    a device control, with DATA for the driver\n"
	"  close FILE                close the file\n"
	"\n"
	"FILE is a number that open gave, or a device, which is opened for this one request.\n"
	"A file stays open until it is closed, and its driver cannot be unloaded.\n"
	"Options of every command: --socket PATH, --json; 'vmq device COMMAND --help' has all.\n"
	"\n"
	"Examples:\n"
	"  vmq device list\n"
	"  vmq device ioctl '\\\\.\\OvmqCount' 0x122400 --room 56\n"
	"  file=$(vmq device open '\\\\.\\OvmqEcho')\n"
	"  vmq device read \"$file\" --timeout 5000\n"
	"  vmq device close \"$file\"\n";

struct command {
	const char *name, *method, *args, *doc;
	unsigned needed, most;         /* arguments */
};

static const struct command commands[] = {
	{ "list", WIRE_DEVICE_LIST, "", "Lists devices, links, and how many files are open.\v"
	  "Example:\n  vmq device list", 0, 0 },
	{ "open", WIRE_DEVICE_OPEN, "DEVICE", "Opens a file on a device, and prints its number.\v"
	  "DEVICE is \\Device\\NAME, \\DosDevices\\NAME, \\??\\NAME or \\\\.\\NAME, in any case.\n\n"
	  "Example:\n  vmq device open '\\\\.\\OvmqEcho'", 1, 1 },
	{ "close", WIRE_DEVICE_CLOSE, "FILE", "Closes a file.\vExample:\n  vmq device close 1", 1, 1 },
	{ "read", WIRE_DEVICE_READ, "FILE", "Reads, and prints what came in hexadecimal.\v"
	  "Example:\n  vmq device read 1 --timeout 5000", 1, 1 },
	{ "write", WIRE_DEVICE_WRITE, "FILE DATA", "Writes bytes, and prints how many were taken.\v"
	  "DATA is hexadecimal, or - for bytes from standard input.\n\n"
	  "Example:\n  vmq device write 1 ffffffffffff02000000000188b5", 2, 2 },
	{ "ioctl", WIRE_DEVICE_IOCTL, "FILE CODE [DATA]",
	  "Sends a device control, and prints what the driver answers in hexadecimal.\v"
	  "CODE is decimal, or begins with 0x. DATA is as for write.\n\n"
	  "Example:\n  vmq device ioctl '\\\\.\\OvmqCount' 0x122400 --room 56", 2, 3 },
};

struct request {
	const struct command *command;
	struct request_target target;
	const char *device;            /* opened for this request; or NULL */
	bool raw;
	json_t *params;
};

enum { OPTION_ROOM = 'r', OPTION_TIMEOUT = 't', OPTION_RAW = 'w' };

static const struct argp_option options[] = {
	{ "room", OPTION_ROOM, "BYTES", 0, "read, ioctl: how much the driver may answer; default: "
	  "4096, at most 30000", 0 },
	{ "timeout", OPTION_TIMEOUT, "MS", 0, "read, write, ioctl: cancel the request after so many "
	  "milliseconds; default: 1000, at most 10000", 0 },
	{ "raw", OPTION_RAW, NULL, 0, "read, ioctl: print the bytes as they are", 0 },
	{ 0 },
};

/* ---- the command line ---- */

static void set_number(struct request *r, const char *key, const char *text, json_int_t most,
		       struct argp_state *state)
{
	bool hex = !strncasecmp(text, "0x", 2);
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, hex ? 16 : 10);
	if (!isdigit((unsigned char)*text) || *end || errno || value > (unsigned long long)most)
		argp_error(state, "the %s '%s' is no number from 0 to %" JSON_INTEGER_FORMAT, key, text,
			   most);
	else
		json_object_set_new(r->params, key, json_integer((json_int_t)value));
}

static void set_file(struct request *r, const char *text, struct argp_state *state)
{
	if (*text == '\\')
		r->device = text;
	else
		set_number(r, "file", text, UINT32_MAX, state);
}

/* Standard input as hexadecimal text. */
static void set_input(struct request *r, struct argp_state *state)
{
	static unsigned char bytes[WIRE_MAX_DATA + 1];
	static char hex[2 * WIRE_MAX_DATA + 1];
	size_t n = fread(bytes, 1, sizeof(bytes), stdin);

	if (ferror(stdin) || n > WIRE_MAX_DATA) {
		argp_failure(state, 1, 0, "standard input cannot be read, or has more than %u bytes",
			     WIRE_MAX_DATA);
		return;
	}
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	json_object_set_new(r->params, "data", json_string(hex));
}

static void set_data(struct request *r, const char *text, struct argp_state *state)
{
	size_t n = strlen(text);

	if (!strcmp(text, "-"))
		set_input(r, state);
	else if (n % 2 || strspn(text, "0123456789abcdefABCDEF") != n)
		argp_error(state, "the data must be hexadecimal, two digits a byte, or - for standard "
			   "input");
	else
		json_object_set_new(r->params, "data", json_string(text));
}

static void set_argument(struct request *r, unsigned index, const char *text,
			 struct argp_state *state)
{
	bool opens = !strcmp(r->command->method, WIRE_DEVICE_OPEN);
	bool controls = !strcmp(r->command->method, WIRE_DEVICE_IOCTL);

	if (index >= r->command->most)
		argp_error(state, "'%s' is too much: %s takes %s", text, r->command->name,
			   *r->command->args ? r->command->args : "no arguments");
	else if (opens && (!*text || json_object_set_new(r->params, "device", json_string(text))))
		argp_error(state, "the device must be a text of UTF-8 that is not empty");
	else if (!opens && !index)
		set_file(r, text, state);
	else if (controls && index == 1)
		set_number(r, "code", text, UINT32_MAX, state);
	else if (!opens)
		set_data(r, text, state);
}

/* Options that only some commands have. */
static bool has(const struct request *r, int option)
{
	const char *method = r->command->method;
	bool reads = !strcmp(method, WIRE_DEVICE_READ) || !strcmp(method, WIRE_DEVICE_IOCTL);

	return reads || (option == OPTION_TIMEOUT && !strcmp(method, WIRE_DEVICE_WRITE));
}

static void set_option(struct request *r, int key, const char *arg, struct argp_state *state)
{
	if (!has(r, key))
		argp_error(state, "--%s has no meaning for %s",
			   key == OPTION_ROOM ? "room" : key == OPTION_RAW ? "raw" : "timeout",
			   r->command->name);
	else if (key == OPTION_RAW)
		r->raw = true;
	else if (key == OPTION_ROOM)
		set_number(r, "room", arg, WIRE_MAX_DATA, state);
	else
		set_number(r, "timeout", arg, WIRE_MAX_WAIT_MS, state);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct request *r = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &r->target;
		return 0;
	case OPTION_ROOM:
	case OPTION_TIMEOUT:
	case OPTION_RAW:
		set_option(r, key, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		set_argument(r, state->arg_num, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (state->arg_num < r->command->needed)
			argp_error(state, "%s needs %s", r->command->name, r->command->args);
		if (has(r, OPTION_ROOM) && !json_object_get(r->params, "room"))
			json_object_set_new(r->params, "room", json_integer(USUAL_ROOM));
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---- answers ---- */

static void show_list(const json_t *devices)
{
	const json_t *device;
	size_t i;

	json_array_foreach(devices, i, device) {
		const json_t *files = json_object_get(device, "files");
		const char *target = request_text(device, "target");

		if (files)
			printf("%-40s  %" JSON_INTEGER_FORMAT " open\n", request_text(device, "name"),
			       json_integer_value(files));
		else
			printf("%-40s  -> %s\n", request_text(device, "name"), *target ? target : "(no device)");
	}
}

static void show_bytes(const struct request *r, const char *hex)
{
	unsigned byte;

	if (!r->raw) {
		puts(hex);
		return;
	}
	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		putchar((int)byte);
}

/* What the driver answers; false: that it failed. */
static bool show_answer(const struct request *r, const json_t *result)
{
	unsigned long status = strtoul(request_text(result, "status"), NULL, 0);

	if (status >> 30 == 3) {
		fprintf(stderr, "vmq: the driver answers 0x%08lx%s\n", status,
			status == 0xc0000120 ?
			": cancelled, nothing came in time; --timeout says how long" : "");
		return false;
	}
	if (!strcmp(r->command->method, WIRE_DEVICE_WRITE))
		printf("%" JSON_INTEGER_FORMAT "\n",
		       json_integer_value(json_object_get(result, "information")));
	else
		show_bytes(r, request_text(result, "data"));
	return true;
}

static bool show(const struct request *r, json_t *result)
{
	if (r->target.json) {
		request_print_json(result);
	} else if (json_is_array(result)) {
		show_list(result);
	} else if (json_object_get(result, "status")) {
		return show_answer(r, result);
	} else if (json_object_get(result, "file")) {
		printf("%" JSON_INTEGER_FORMAT "\n", json_integer_value(json_object_get(result, "file")));
	}
	return true;
}

/* ---- requests ---- */

/* The device is opened before the request and closed after it. */
static int open_for_one(struct request *r, struct error *err)
{
	json_t *opened;
	int ret = client_call(r->target.socket, WIRE_DEVICE_OPEN, json_pack("{s:s}", "device", r->device),
			      &opened, err);

	if (ret)
		return ret;
	json_object_set(r->params, "file", json_object_get(opened, "file"));
	json_decref(opened);
	return 0;
}

static int close_again(struct request *r, struct error *err)
{
	json_t *closed;
	int ret = client_call(r->target.socket, WIRE_DEVICE_CLOSE,
			      json_pack("{s:O}", "file", json_object_get(r->params, "file")), &closed, err);

	if (!ret)
		json_decref(closed);
	return ret;
}

static int perform(struct request *r)
{
	struct error err = { "" }, after = { "" };
	json_t *result = NULL;
	bool good = false;
	int ret = r->device ? open_for_one(r, &err) : 0;

	if (!ret) {
		ret = client_call(r->target.socket, r->command->method, json_incref(r->params),
				  &result, &err);
		if (r->device && close_again(r, &after) && !ret)
			ret = error_set(&err, EREMOTE, "%s", after.text);
	}
	if (ret)
		fprintf(stderr, "vmq: %s\n", err.text);
	else
		good = show(r, result);
	json_decref(result);
	return good ? request_end() : 1;
}

static const char *nth(size_t i)
{
	return i < sizeof(commands) / sizeof(commands[0]) ? commands[i].name : NULL;
}

int device_command(int argc, char **argv)
{
	static const struct command_family family = { "device", usage, nth, options, parse,
						       request_options };
	struct request r = { .command = NULL };
	int status = 2, i = command_choose(&family, argc, argv, &status);

	if (i < 0)
		return status;
	r.command = &commands[i];
	r.params = json_object();
	if (!command_parse(&family, r.command->args, r.command->doc, argc, argv, &r))
		status = perform(&r);
	json_decref(r.params);
	return status;
}
