/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/control_device.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/device.h"
#include "wire/wire.h"

/* ---- bytes as text ---- */

static unsigned digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static size_t from_hex(const char *hex, uint8_t *to)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
	return n;
}

static void to_hex(const uint8_t *bytes, size_t n, char *to)
{
	for (size_t i = 0; i < n; i++)
		snprintf(to + 2 * i, 3, "%02x", bytes[i]);
	to[2 * n] = '\0';
}

/* ---- files ---- */

static json_int_t number_of(const json_t *params, const char *key, json_int_t otherwise)
{
	const json_t *value = json_object_get(params, key);

	return value ? json_integer_value(value) : otherwise;
}

static int find_file(struct control_files *files, const json_t *params,
		     struct device_file ***place, struct error *err)
{
	json_int_t number = number_of(params, "file", 0);

	if (number < 1 || number > CONTROL_MAX_FILES || !files->file[number - 1])
		return error_set(err, ENOENT, "file %" JSON_INTEGER_FORMAT " is not open; device open "
				 "gives the number", number);
	*place = &files->file[number - 1];
	return 0;
}

static int fail_open(NTSTATUS status, struct error *err)
{
	switch (status) {
	case STATUS_OBJECT_NAME_NOT_FOUND:
	case STATUS_OBJECT_NAME_INVALID:
		return error_set(err, ENOENT, "there is no device of that name; see device list");
	case STATUS_NO_SUCH_DEVICE:
		return error_set(err, ENOENT, "the device's driver has not finished making it: it did not "
				 "clear DO_DEVICE_INITIALIZING");
	case STATUS_ACCESS_DENIED:
		return error_set(err, EBUSY, "access denied: the device may be opened once only, or its "
				 "driver refuses");
	default:
		return error_set(err, EIO, "the device cannot be opened: its driver answers 0x%08x",
				 (unsigned)status);
	}
}

/* ---- the methods about files ---- */

static int list(void *context, const json_t *params, json_t **result, struct error *err)
{
	struct device_name n;

	(void)context;
	(void)params;
	(void)err;
	*result = json_array();
	for (unsigned i = 0; device_name(i, &n); i++)
		json_array_append_new(*result, n.is_link ?
				      json_pack("{s:s, s:s}", "name", n.name, "target", n.target) :
				      json_pack("{s:s, s:i}", "name", n.name, "files", (int)n.files));
	return *result ? 0 : -ENOMEM;
}

static int open_file(void *context, const json_t *params, json_t **result, struct error *err)
{
	const char *name = json_string_value(json_object_get(params, "device"));
	struct control_files *files = context;
	unsigned i = 0;
	NTSTATUS status;

	while (i < CONTROL_MAX_FILES && files->file[i])
		i++;
	if (i == CONTROL_MAX_FILES)
		return error_set(err, ENOSPC, "%d files are open, and there may be no more; close one",
				 CONTROL_MAX_FILES);
	/* Longer names do not fit into a UNICODE_STRING. */
	if (strlen(name) >= DEVICE_MAX_NAME)
		return error_set(err, EINVAL, "a device's name has at most %d bytes", DEVICE_MAX_NAME - 1);
	status = device_open(name, &files->file[i]);
	if (!NT_SUCCESS(status))
		return fail_open(status, err);
	*result = json_pack("{s:i}", "file", (int)i + 1);
	return *result ? 0 : -ENOMEM;
}

static int close_file(void *context, const json_t *params, json_t **result, struct error *err)
{
	struct device_file **place;
	int ret = find_file(context, params, &place, err);

	if (ret)
		return ret;
	device_close(*place);
	*place = NULL;
	*result = json_object();
	return *result ? 0 : -ENOMEM;
}

void control_files_close(struct control_files *files)
{
	for (unsigned i = 0; i < CONTROL_MAX_FILES; i++) {
		device_close(files->file[i]);
		files->file[i] = NULL;
	}
}

/* ---- the methods about data ---- */

/* What one request needs. */
struct transfer {
	struct device_file *file;
	uint8_t in[WIRE_MAX_DATA], out[WIRE_MAX_DATA];
	ULONG in_length, room;
	int timeout;             /* ms */
};

static int take(struct transfer *t, struct control_files *files, const json_t *params,
		struct error *err)
{
	const char *data = json_string_value(json_object_get(params, "data"));
	json_int_t room = number_of(params, "room", 0);
	json_int_t timeout = number_of(params, "timeout", WIRE_WAIT_MS);
	struct device_file **place;
	int ret = find_file(files, params, &place, err);

	if (ret)
		return ret;
	if (room > WIRE_MAX_DATA)
		return error_set(err, EINVAL, "\"room\" is %" JSON_INTEGER_FORMAT " bytes, at most %u are "
				 "possible", room, WIRE_MAX_DATA);
	if (timeout > WIRE_MAX_WAIT_MS)
		return error_set(err, EINVAL, "\"timeout\" is %" JSON_INTEGER_FORMAT " ms, at most %u are "
				 "possible; ask again when nothing came", timeout, WIRE_MAX_WAIT_MS);
	t->file = *place;
	t->in_length = data ? (ULONG)from_hex(data, t->in) : 0;
	t->room = (ULONG)room;
	t->timeout = (int)timeout;
	return 0;
}

static json_t *result_of(const struct transfer *t, NTSTATUS status, ULONG_PTR information)
{
	char number[12], hex[2 * WIRE_MAX_DATA + 1];
	size_t n = information < t->room ? information : t->room;

	to_hex(t->out, NT_ERROR(status) ? 0 : n, hex);
	snprintf(number, sizeof(number), "0x%08x", (unsigned)status);
	return json_pack("{s:s, s:I, s:s}", "status", number, "information", (json_int_t)information,
			 "data", hex);
}

typedef NTSTATUS perform_fn(struct transfer *t, const json_t *params, ULONG_PTR *information);

/* read, write and ioctl differ in one call. */
static int transfer(perform_fn *perform, struct control_files *files, const json_t *params,
		    json_t **result, struct error *err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	ULONG_PTR information = 0;
	NTSTATUS status;
	int ret;

	if (!t)
		return -ENOMEM;
	ret = take(t, files, params, err);
	if (!ret) {
		status = perform(t, params, &information);
		*result = result_of(t, status, information);
		ret = *result ? 0 : -ENOMEM;
	}
	free(t);
	return ret;
}

static NTSTATUS perform_read(struct transfer *t, const json_t *params, ULONG_PTR *information)
{
	(void)params;
	return device_read(t->file, t->out, t->room, t->timeout, information);
}

static NTSTATUS perform_write(struct transfer *t, const json_t *params, ULONG_PTR *information)
{
	(void)params;
	return device_write(t->file, t->in, t->in_length, t->timeout, information);
}

static NTSTATUS perform_ioctl(struct transfer *t, const json_t *params, ULONG_PTR *information)
{
	return device_ioctl(t->file, (ULONG)number_of(params, "code", 0), t->in, t->in_length, t->out,
			    t->room, t->timeout, information);
}

static int read_file(void *context, const json_t *params, json_t **result, struct error *err)
{
	return transfer(perform_read, context, params, result, err);
}

static int write_file(void *context, const json_t *params, json_t **result, struct error *err)
{
	return transfer(perform_write, context, params, result, err);
}

static int control_file(void *context, const json_t *params, json_t **result, struct error *err)
{
	return transfer(perform_ioctl, context, params, result, err);
}

#define FILE_NUMBER { "file", RPC_NUMBER, true }
#define CODE { "code", RPC_NUMBER, true }
#define DATA(needed) { "data", RPC_BYTES, needed }
#define ROOM(needed) { "room", RPC_NUMBER, needed }
#define TIMEOUT { "timeout", RPC_NUMBER, false }

const struct rpc_method control_device_methods[] = {
	{ WIRE_DEVICE_LIST, { { 0 } }, list },
	{ WIRE_DEVICE_OPEN, { { "device", RPC_TEXT, true } }, open_file },
	{ WIRE_DEVICE_CLOSE, { FILE_NUMBER }, close_file },
	{ WIRE_DEVICE_READ, { FILE_NUMBER, ROOM(true), TIMEOUT }, read_file },
	{ WIRE_DEVICE_WRITE, { FILE_NUMBER, DATA(true), TIMEOUT }, write_file },
	{ WIRE_DEVICE_IOCTL, { FILE_NUMBER, CODE, DATA(false), ROOM(false), TIMEOUT }, control_file },
	{ 0 },
};
