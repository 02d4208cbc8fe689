/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control protocol: JSON-RPC 2.0 over a Unix stream socket, one message a
 * line, UTF-8. docs/control.md describes each method.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <stddef.h>

#define WIRE_MAX_MESSAGE (64u << 10)   /* bytes of a request, with its line end */
#define WIRE_MAX_ANSWER  (1u << 20)    /* bytes of an answer, with its line end */
#define WIRE_MAX_BATCH   16            /* requests in one message */
#define WIRE_MAX_CLIENTS 16            /* more, and the one that is idle longest is left */

#define WIRE_MAX_DATA    30000u        /* bytes that a device takes or gives at a time */
#define WIRE_MAX_WAIT_MS 10000u        /* that a request to a device may take */
#define WIRE_WAIT_MS     1000u         /* that it takes when nobody says */

#define WIRE_DRIVER_LIST    "driver.list"
#define WIRE_DRIVER_INFO    "driver.info"
#define WIRE_DRIVER_LOAD    "driver.load"
#define WIRE_DRIVER_UNLOAD  "driver.unload"
#define WIRE_DRIVER_BIND    "driver.bind"
#define WIRE_DRIVER_UNBIND  "driver.unbind"
#define WIRE_DRIVER_PAUSE   "driver.pause"
#define WIRE_DRIVER_RESTART "driver.restart"

#define WIRE_QUEUE_LIST     "queue.list"
#define WIRE_QUEUE_MOVE     "queue.move"
#define WIRE_QUEUE_RELEASE  "queue.release"
#define WIRE_QUEUE_ASSIGN   "queue.assign"
#define WIRE_QUEUE_SET      "queue.set"

#define WIRE_WORKER_LIST    "worker.list"

#define WIRE_DEVICE_LIST    "device.list"
#define WIRE_DEVICE_OPEN    "device.open"
#define WIRE_DEVICE_CLOSE   "device.close"
#define WIRE_DEVICE_READ    "device.read"
#define WIRE_DEVICE_WRITE   "device.write"
#define WIRE_DEVICE_IOCTL   "device.ioctl"

/* X(name, code, what it means); those below -32100 are JSON-RPC's own */
#define WIRE_ERRORS(X)                                                  \
	X(PARSE,     -32700, "the message is no JSON")                    \
	X(REQUEST,   -32600, "the message is no JSON-RPC 2.0 request")    \
	X(METHOD,    -32601, "there is no such method")                   \
	X(PARAMS,    -32602, "the parameters are not the method's")       \
	X(INTERNAL,  -32603, "the daemon itself failed")                  \
	X(FAILED,    -32000, "a driver, or the loading of one, failed")   \
	X(NOT_FOUND, -32001, "what was named is not there")               \
	X(EXISTS,    -32002, "it is there already")                       \
	X(BUSY,      -32003, "it is in use")                              \
	X(FULL,      -32004, "there is no room for more")

enum wire_error {
#define X(name, code, text) WIRE_ERROR_##name = (code),
	WIRE_ERRORS(X)
#undef X
};

#define WIRE_SOCKET_AUTO "auto"        /* in the place of a path: the usual one */

/* The socket's usual place, of a daemon and a client of the same user:
 * $XDG_RUNTIME_DIR/openvmq/control.sock, else /run/openvmq/control.sock. 0, or
 * -ENAMETOOLONG. Any thread. */
int wire_usual_path(char *path, size_t size);

#endif
