/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes from a client of the control socket: served without a crash, a leak or a
 * hang, and every line of the answer is one of JSON-RPC 2.0.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int echo(void *context, const json_t *params, json_t **result, struct error *err)
{
	(void)context;
	(void)err;
	*result = json_deep_copy(params);
	return *result ? 0 : -ENOMEM;
}

static int refuse(void *context, const json_t *params, json_t **result, struct error *err)
{
	(void)context;
	(void)params;
	(void)result;
	return error_set(err, EBUSY, "no");
}

static const struct rpc_method methods[] = {
	{ "driver.list", { { 0 } }, echo },
	{ "driver.load", { { "file", RPC_TEXT, true }, { "keywords", RPC_KEYWORDS, false } }, echo },
	{ "driver.unload", { { "driver", RPC_TEXT, true } }, refuse },
	{ 0 },
};

static void check_answer(json_t *answer)
{
	const char *version = json_string_value(json_object_get(answer, "jsonrpc"));
	json_t *error = json_object_get(answer, "error");

	if (!version || strcmp(version, "2.0") || !json_object_get(answer, "id") ||
	    !error == !json_object_get(answer, "result"))
		abort();
	if (error && (!json_is_integer(json_object_get(error, "code")) ||
		      !json_string_length(json_object_get(error, "message"))))
		abort();
}

static void check_line(const char *line, size_t length)
{
	json_t *message = json_loadb(line, length, 0, NULL), *answer;
	size_t i;

	if (!message)
		abort();
	if (json_is_array(message))
		json_array_foreach(message, i, answer)
			check_answer(answer);
	else
		check_answer(message);
	json_decref(message);
}

/* What the client can read now is kept in 'got'; whole lines are checked and leave it. */
static void read_answers(int fd, char *got, size_t *used)
{
	char *end;
	ssize_t n = recv(fd, got + *used, WIRE_MAX_ANSWER - *used, MSG_DONTWAIT);

	if (n > 0)
		*used += (size_t)n;
	while ((end = memchr(got, '\n', *used))) {
		check_line(got, (size_t)(end - got));
		*used -= (size_t)(end - got) + 1;
		memmove(got, end + 1, *used);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char got[WIRE_MAX_ANSWER];
	const struct rpc rpc = { methods, NULL, NULL };
	struct control_client client;
	size_t used = 0, sent = 0;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) || control_client_open(&client, fds[0]))
		abort();
	while (client.fd >= 0) {
		ssize_t n = sent < size ? send(fds[1], data + sent, size - sent, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

		if (n > 0)
			sent += (size_t)n;
		if (sent == size)
			shutdown(fds[1], SHUT_WR);
		control_client_serve(&client, control_client_events(&client), &rpc);
		read_answers(fds[1], got, &used);
	}
	/* Nothing but whole lines, also at the end. */
	if (used)
		abort();
	close(fds[1]);
	return 0;
}
