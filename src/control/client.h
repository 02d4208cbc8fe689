/* SPDX-License-Identifier: BSD-2-Clause */
/* One client of the control socket: what it has sent, and what it has yet to read. */
#ifndef CONTROL_CLIENT_H
#define CONTROL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "control/rpc.h"
#include "wire/wire.h"

struct control_client {
	int fd;                        /* -1: nobody */
	bool ending;                   /* is left when what it has yet to read is sent */
	uint64_t active;               /* when it last sent or took anything, ns */
	uint64_t since;                /* when what is under way began: a message, an answer */
	char *in;                      /* WIRE_MAX_MESSAGE bytes */
	size_t in_used;
	char *out;                     /* answers not yet taken */
	size_t out_used, out_room;
};

/* Takes 'fd' over. -ENOMEM: it is closed. */
int control_client_open(struct control_client *client, int fd);
void control_client_close(struct control_client *client);

/* What poll(2) shall look for: never more input while answers or requests wait. */
short control_client_events(const struct control_client *client);

/* Reads, answers, writes, as far as it goes without waiting. 'events': poll's. */
void control_client_serve(struct control_client *client, short events, const struct rpc *rpc);

/* Says why, and ends. */
void control_client_refuse(struct control_client *client, int code, const char *text);

#endif
