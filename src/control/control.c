/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/client.h"
#include "wire/wire.h"

#define SLOW_NS 10000000000ull   /* how long a message, or the taking of an answer, may last */

struct control {
	int fd;
	struct sockaddr_un address;
	dev_t device;                /* of the socket's file, to remove no other */
	ino_t inode;
	struct rpc rpc;
	struct control_client client[WIRE_MAX_CLIENTS];
};

/* ---- the socket ---- */

static int set_path(struct control *c, const char *path, struct error *err)
{
	char *name = c->address.sun_path, *slash;
	int ret = 0;

	c->address.sun_family = AF_UNIX;
	if (strcmp(path, WIRE_SOCKET_AUTO)) {
		if (strlen(path) >= sizeof(c->address.sun_path))
			return error_set(err, ENAMETOOLONG, "control socket: the path has %zu bytes, at most "
					 "%zu are possible; use a shorter one", strlen(path),
					 sizeof(c->address.sun_path) - 1);
		strcpy(name, path);
		return 0;
	}
	if (wire_usual_path(name, sizeof(c->address.sun_path)))
		return error_set(err, ENAMETOOLONG, "control socket: XDG_RUNTIME_DIR is too long; "
				 "give a path instead of auto");
	slash = strrchr(name, '/');
	*slash = '\0';
	if (mkdir(name, 0700) && errno != EEXIST)
		ret = error_set(err, errno, "control socket: the directory %s cannot be made: %s; give a "
				"path instead of auto", name, strerror(errno));
	*slash = '/';
	return ret;
}

/* Whether somebody listens on the socket that is there. */
static bool is_alive(const struct control *c)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = !connect(fd, (const struct sockaddr *)&c->address, sizeof(c->address)) ||
		errno != ECONNREFUSED;
	close(fd);
	return alive;
}

/* Removes what a daemon that is gone left behind, and nothing else. */
static int make_room(const struct control *c, struct error *err)
{
	const char *path = c->address.sun_path;
	struct stat st;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, EEXIST, "control socket %s: a file is there that is no socket; "
				 "remove it, or use another path", path);
	if (is_alive(c))
		return error_set(err, EADDRINUSE, "control socket %s: another program listens there; "
				 "stop it, or use another path", path);
	if (unlink(path))
		return error_set(err, errno, "control socket %s: the one that a stopped program left cannot "
				 "be removed: %s", path, strerror(errno));
	return 0;
}

static int listen_on(struct control *c, struct error *err)
{
	const char *path = c->address.sun_path;
	struct stat st;
	mode_t mask;
	int ret;

	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return error_set(err, errno, "control socket: %s", strerror(errno));
	mask = umask(0177);
	ret = bind(c->fd, (const struct sockaddr *)&c->address, sizeof(c->address));
	umask(mask);
	if (!ret)
		ret = lstat(path, &st);
	if (!ret) {
		c->device = st.st_dev;
		c->inode = st.st_ino;
		ret = listen(c->fd, WIRE_MAX_CLIENTS);
	}
	return ret ? error_set(err, errno, "control socket %s: cannot be made: %s", path,
			       strerror(errno)) : 0;
}

int control_open(struct control **out, const char *path, const struct rpc *rpc, struct error *err)
{
	struct control *c = calloc(1, sizeof(*c));
	int ret;

	*out = NULL;
	if (!c)
		return error_set(err, ENOMEM, "control socket: no memory");
	c->fd = -1;
	c->rpc = *rpc;
	for (unsigned i = 0; i < WIRE_MAX_CLIENTS; i++)
		c->client[i].fd = -1;
	ret = set_path(c, path, err);
	if (!ret)
		ret = make_room(c, err);
	if (!ret)
		ret = listen_on(c, err);
	if (ret) {
		control_close(c);
		return ret;
	}
	*out = c;
	return 0;
}

void control_close(struct control *c)
{
	struct stat st;

	if (!c)
		return;
	for (unsigned i = 0; i < WIRE_MAX_CLIENTS; i++)
		control_client_close(&c->client[i]);
	if (c->fd >= 0)
		close(c->fd);
	if (c->inode && !lstat(c->address.sun_path, &st) && st.st_dev == c->device &&
	    st.st_ino == c->inode)
		unlink(c->address.sun_path);
	free(c);
}

/* ---- clients ---- */

/* A free place; when there is none, that of the client that did nothing for longest. */
static struct control_client *place_for_one(struct control *c)
{
	struct control_client *oldest = &c->client[0];

	for (unsigned i = 0; i < WIRE_MAX_CLIENTS; i++) {
		if (c->client[i].fd < 0)
			return &c->client[i];
		if (c->client[i].active < oldest->active)
			oldest = &c->client[i];
	}
	control_client_close(oldest);
	return oldest;
}

static void take_in(struct control *c)
{
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct control_client *client;

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
	    (peer.uid != geteuid() && peer.uid != 0)) {
		log_warning("control: user %u may not give orders here; only root and user %u may",
			    (unsigned)peer.uid, (unsigned)geteuid());
		close(fd);
		return;
	}
	client = place_for_one(c);
	control_client_open(client, fd);
}

/* Nobody keeps a place with half a message, or with answers that it does not take. */
static void leave_the_slow(struct control *c, uint64_t now)
{
	for (unsigned i = 0; i < WIRE_MAX_CLIENTS; i++) {
		struct control_client *client = &c->client[i];

		if (client->fd >= 0 && (client->in_used || client->out_used) &&
		    now > client->since && now - client->since > SLOW_NS)
			control_client_close(client);
	}
}

static void serve(struct control *c, int timeout_ms)
{
	struct pollfd fds[WIRE_MAX_CLIENTS + 1] = { { .fd = c->fd, .events = POLLIN } };

	for (unsigned i = 0; i < WIRE_MAX_CLIENTS; i++)
		fds[i + 1] = (struct pollfd){ .fd = c->client[i].fd,
					      .events = control_client_events(&c->client[i]) };
	if (poll(fds, WIRE_MAX_CLIENTS + 1, timeout_ms) <= 0)
		return;
	for (unsigned i = 0; i < WIRE_MAX_CLIENTS; i++)
		if (c->client[i].fd >= 0 && fds[i + 1].revents)
			control_client_serve(&c->client[i], fds[i + 1].revents, &c->rpc);
	if (fds[0].revents)
		take_in(c);
}

void control_wait(struct control *c, int timeout_ms)
{
	uint64_t start = clock_ns(), now = start, length = (uint64_t)timeout_ms * 1000000u;

	/* A signal ends poll(2) and is looked at by the caller; so is a busy client. */
	for (unsigned rounds = 0; now - start < length && rounds < 2u * WIRE_MAX_CLIENTS; rounds++) {
		int left = (int)((length - (now - start)) / 1000000u);

		serve(c, left ? left : 1);
		now = clock_ns();
	}
	leave_the_slow(c, now);
}
