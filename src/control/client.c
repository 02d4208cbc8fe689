/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* Answers that wait: one of the longest, and a little for the last words. */
#define MAX_OUT (WIRE_MAX_ANSWER + 4096)

int control_client_open(struct control_client *c, int fd)
{
	*c = (struct control_client){ .fd = fd, .active = clock_ns() };
	c->in = malloc(WIRE_MAX_MESSAGE);
	if (c->in)
		return 0;
	close(fd);
	c->fd = -1;
	return -ENOMEM;
}

void control_client_close(struct control_client *c)
{
	if (c->fd < 0)
		return;
	close(c->fd);
	free(c->in);
	free(c->out);
	*c = (struct control_client){ .fd = -1 };
}

short control_client_events(const struct control_client *c)
{
	bool more = c->out_used || (c->in_used && memchr(c->in, '\n', c->in_used));

	/* A line that waits for its turn has it when the client can be written to. */
	return more ? POLLOUT : POLLIN;
}

/* Keeps a copy of 'line' for the client; a client that lets too much pile up is left. */
static void queue(struct control_client *c, const char *line)
{
	size_t n = strlen(line);

	if (c->out_used + n > c->out_room) {
		size_t room = c->out_used + n;
		char *more = room <= MAX_OUT ? realloc(c->out, room) : NULL;

		if (!more) {
			c->ending = true;
			return;
		}
		c->out = more;
		c->out_room = room;
	}
	memcpy(c->out + c->out_used, line, n);
	c->out_used += n;
	c->since = clock_ns();
}

void control_client_refuse(struct control_client *c, int code, const char *text)
{
	char *line = rpc_refuse(code, text);

	if (line)
		queue(c, line);
	free(line);
	c->in_used = 0;
	c->ending = true;
}

/* Answers the first whole line. False: there is none. */
static bool answer_line(struct control_client *c, const struct rpc *rpc)
{
	char *end = memchr(c->in, '\n', c->in_used);
	size_t used = end ? (size_t)(end - c->in) + 1 : 0;
	char *line = NULL;

	if (!end)
		return false;
	/* Blank lines are nothing, and a line may end as those of other systems do. */
	if (strspn(c->in, " \t\r") < used - 1)
		line = rpc_answer(rpc, c->in, used - 1);
	if (line)
		queue(c, line);
	free(line);
	memmove(c->in, c->in + used, c->in_used - used);
	c->in_used -= used;
	c->since = clock_ns();
	return true;
}

/* One request at a time: the next one when the answer has been taken, so that the
 * other clients have their turn. */
static void answer(struct control_client *c, const struct rpc *rpc)
{
	while (!c->ending && !c->out_used && answer_line(c, rpc))
		;
	if (!c->ending && !c->out_used && c->in_used == WIRE_MAX_MESSAGE)
		control_client_refuse(c, WIRE_ERROR_REQUEST,
				      "the message is longer than 65536 bytes; send less at a time");
}

/* False: the client is gone. */
static bool read_some(struct control_client *c)
{
	ssize_t n;

	if (c->in_used == WIRE_MAX_MESSAGE)
		return true;
	n = recv(c->fd, c->in + c->in_used, WIRE_MAX_MESSAGE - c->in_used, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->active = clock_ns();
	if (!c->in_used)
		c->since = c->active;
	c->in_used += (size_t)n;
	return n > 0;
}

static bool write_some(struct control_client *c)
{
	ssize_t n;

	if (!c->out_used)
		return true;
	n = send(c->fd, c->out, c->out_used, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	c->active = clock_ns();
	memmove(c->out, c->out + n, c->out_used - (size_t)n);
	c->out_used -= (size_t)n;
	return true;
}

void control_client_serve(struct control_client *c, short events, const struct rpc *rpc)
{
	bool here = true;

	if (events & (POLLERR | POLLNVAL))
		here = false;
	if (here && events & POLLOUT)
		here = write_some(c);
	/* An end of its sending side is seen here too: what it asked before was answered. */
	if (here && events & (POLLIN | POLLHUP) && !c->out_used && !c->ending)
		here = read_some(c);
	if (here)
		answer(c, rpc);
	if (here && c->out_used)
		here = write_some(c);
	if (!here || (c->ending && !c->out_used))
		control_client_close(c);
}
