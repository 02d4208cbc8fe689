/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "wire/wire.h"

/* Loading a driver and pausing a stack take what the drivers take. */
#define PATIENCE_S 60

static int fail_connect(const char *path, int code, struct error *err)
{
	switch (code) {
	case ENOENT:
		return error_set(err, ENOENT, "no daemon listens at %s; start one with 'vmq run --control auto "
				 "FILE', or say --socket where it listens", path);
	case ECONNREFUSED:
		return error_set(err, ECONNREFUSED, "the daemon that listened at %s is gone; start one with "
				 "'vmq run --control auto FILE'", path);
	case EACCES:
	case EPERM:
		return error_set(err, EACCES, "%s: only root and the user who started the daemon may speak to "
				 "it", path);
	default:
		return error_set(err, code, "%s: %s", path, strerror(code));
	}
}

static int connect_to(const char *path, struct error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd, ret;

	if (!path[0] || strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ENAMETOOLONG, "a socket's path has 1 to %zu bytes, and this one has %zu",
				 sizeof(address.sun_path) - 1, strlen(path));
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set(err, errno, "no socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return fd;
	ret = fail_connect(path, errno, err);
	close(fd);
	return ret;
}

static int fail_io(ssize_t n, struct error *err)
{
	if (!n || errno == EPIPE || errno == ECONNRESET)
		return error_set(err, ECONNRESET, "the daemon hung up before it answered: it ended, or you may "
				 "not give it orders");
	if (errno == EAGAIN)
		return error_set(err, ETIMEDOUT, "the daemon has not answered for %d s: a driver keeps it "
				 "waiting; see what it writes on standard error", PATIENCE_S);
	return error_set(err, errno, "the daemon cannot be asked: %s", strerror(errno));
}

static int send_line(int fd, json_t *request, struct error *err)
{
	char *line = json_dumps(request, JSON_COMPACT);
	size_t n = line ? strlen(line) : 0, done = 0;
	int ret = 0;

	if (!line)
		return error_set(err, ENOMEM, "no memory, or a text that is no UTF-8");
	line[n++] = '\n';   /* in the place of the end */
	if (n > WIRE_MAX_MESSAGE)
		ret = error_set(err, EMSGSIZE, "the request is too long for the daemon");
	while (!ret && done < n) {
		ssize_t sent = send(fd, line + done, n - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			ret = fail_io(sent, err);
		else
			done += (size_t)sent;
	}
	free(line);
	return ret;
}

/* The answer's line, without its end, malloc'd. */
static int read_line(int fd, char **out, size_t *length, struct error *err)
{
	char *line = malloc(WIRE_MAX_ANSWER), *end = NULL;
	size_t used = 0;
	int ret = line ? 0 : error_set(err, ENOMEM, "no memory");

	while (!ret && !end) {
		ssize_t n = used < WIRE_MAX_ANSWER ? recv(fd, line + used, WIRE_MAX_ANSWER - used, 0) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			ret = fail_io(n, err);
			break;
		}
		end = memchr(line + used, '\n', (size_t)n);
		used += (size_t)n;
	}
	if (ret) {
		free(line);
		return ret;
	}
	*out = line;
	*length = (size_t)(end - line);
	return 0;
}

static int take_result(json_t *answer, json_t **result, struct error *err)
{
	json_t *value = json_object_get(answer, "result"), *error = json_object_get(answer, "error");
	const char *message = json_string_value(json_object_get(error, "message"));

	if (value) {
		*result = json_incref(value);
		return 0;
	}
	if (message)
		return error_set(err, EREMOTE, "%s", message);
	return error_set(err, EPROTO, "who listens there is no daemon of vmq: it answered something else");
}

int client_call(const char *path, const char *method, json_t *params, json_t **result,
		struct error *err)
{
	json_t *request = json_pack("{s:s, s:i, s:s, s:o}", "jsonrpc", "2.0", "id", 1, "method", method,
				    "params", params);
	json_t *answer = NULL;
	char usual[108], *line = NULL;
	size_t length;
	int fd = -1, ret = 0;

	if (!request)
		return error_set(err, ENOMEM, "no memory");
	if (!path && wire_usual_path(usual, sizeof(usual)))
		ret = error_set(err, ENAMETOOLONG, "XDG_RUNTIME_DIR is too long; say --socket where the daemon "
				"listens");
	if (!ret) {
		fd = connect_to(path ? path : usual, err);
		ret = fd < 0 ? fd : 0;
	}
	if (!ret)
		ret = send_line(fd, request, err);
	if (!ret)
		ret = read_line(fd, &line, &length, err);
	if (!ret) {
		answer = json_loadb(line, length, 0, NULL);
		ret = take_result(answer, result, err);
	}
	free(line);
	json_decref(answer);
	json_decref(request);
	if (fd >= 0)
		close(fd);
	return ret;
}
