/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One JSON-RPC 2.0 message answered: parsed, checked against the method's own list
 * of parameters, called, and the answer put together. Knows neither sockets nor drivers.
 */
#ifndef CONTROL_RPC_H
#define CONTROL_RPC_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

enum rpc_type {
	RPC_TEXT,        /* a string that is not empty */
	RPC_KEYWORDS,    /* an object of strings and whole numbers */
	RPC_NUMBER,      /* a whole number, 0 to UINT32_MAX */
	RPC_BOOLEAN,     /* true or false */
	RPC_BYTES,       /* a string of hexadecimal digits, two a byte, at most WIRE_MAX_DATA bytes */
};

struct rpc_param {
	const char *name;        /* NULL: the end of a list */
	enum rpc_type type;
	bool needed;
};

#define RPC_MAX_PARAMS 6

struct rpc_method {
	const char *name;        /* NULL: the end of a list */
	struct rpc_param param[RPC_MAX_PARAMS];
	/* 'params' is an object that holds what 'param' says, and nothing else. 0 with
	 * '*result' a new reference, or a negative errno with the line in 'err'. */
	int (*call)(void *context, const json_t *params, json_t **result, struct error *err);
};

struct rpc {
	const struct rpc_method *methods;
	void *context;           /* for their calls */
	const struct rpc *more;  /* further methods with a context of theirs; NULL: none */
};

/*
 * The answer to the message of 'length' bytes: one line with its end, malloc'd, at most
 * WIRE_MAX_ANSWER bytes. NULL: none is due (notifications), or no memory. Control thread.
 */
char *rpc_answer(const struct rpc *rpc, const char *text, size_t length);

/* The line for a message that could not even be taken: 'code' is an enum wire_error. */
char *rpc_refuse(int code, const char *text);

#endif
