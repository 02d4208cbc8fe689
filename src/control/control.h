/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: clients connect, send a request a line, and get an answer a
 * line (wire/wire.h). Only this user and root may. Everything is bounded: clients,
 * messages, what waits to be read by a slow client, and how long half a message may
 * take; whoever exceeds a bound is told, if it can be, and left.
 *
 * One thread: requests are answered inside control_wait(), one after the other.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include "base/error.h"
#include "control/rpc.h"

struct control;

/*
 * Listens on 'path', or, for WIRE_SOCKET_AUTO, at the usual place, whose directory
 * is made. A socket that nobody listens on any more is taken over. 'rpc' is copied; its
 * methods and context must live as long. -EADDRINUSE: a daemon listens there; -EEXIST: a
 * file that is no socket stands there; -EACCES, -ENOENT ...
 */
int control_open(struct control **control, const char *path, const struct rpc *rpc,
		 struct error *err);

/* Serves clients for about 'timeout_ms'; a signal ends it early. */
void control_wait(struct control *control, int timeout_ms);

/* Leaves every client, and removes the socket. Accepts NULL. */
void control_close(struct control *control);

#endif
