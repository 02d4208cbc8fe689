/* SPDX-License-Identifier: BSD-2-Clause */
/* How the thread got here, with names; for crash.c, in a signal handler. */
#ifndef LOADER_CRASH_TRACE_H
#define LOADER_CRASH_TRACE_H

#include <ucontext.h>

#define CRASH_MAX_FRAMES 64

struct crash_trace {
	void *frames[CRASH_MAX_FRAMES];   /* the innermost first */
	unsigned n;
};

/* Loads what walking needs, and the program's own names. Control thread, once. */
void crash_trace_prepare(void);

/* The frames of the thread that was interrupted in 'context' (a ucontext_t), or, with
 * NULL, of the caller. */
void crash_trace_take(struct crash_trace *trace, const ucontext_t *context);

/* A line a frame: address, function, file and offset, as addr2line wants them. */
void crash_trace_print(int fd, const struct crash_trace *trace);

/* One address: "FUNCTION+0x1c (wire.so+0x11fc)". */
void crash_address_print(int fd, const void *address);

/* The driver of the innermost frame that lies in one; NULL: none does. '*frame' is that
 * frame's address, '*entry' the one of the driver's function that was called from
 * outside: its callback. */
const char *crash_trace_driver(const struct crash_trace *trace, const void **frame,
			       const void **entry);

/* The function's name alone, or "?". */
void crash_function_print(int fd, const void *address);

/* The address of the instruction that was interrupted. */
void *crash_program_counter(const ucontext_t *context);

#endif
