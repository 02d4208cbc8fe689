/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes captures: pcapng, one Ethernet interface, nanosecond times, comments. */
#ifndef FRAME_PCAPNG_H
#define FRAME_PCAPNG_H

#include <stdint.h>

#include "base/error.h"

struct pcapng;

/* Makes (or truncates) 'path' and missing directories above it. 'interface':
 * the name shown for the interface. -EPERM, -ENOENT, -ENOSPC ... */
int pcapng_create(struct pcapng **file, const char *path, const char *interface,
		  struct error *err);

/* Appends one whole frame, time in nanoseconds since 1970; 'comment' may be
 * NULL. Buffered. 0, or the negative errno of the first failed write; it stays.
 * One thread at a time. */
int pcapng_write(struct pcapng *file, const void *bytes, uint32_t length, uint64_t time_ns,
		 const char *comment);

/* Flushes and closes; returns the first error of the file's life. Accepts NULL. */
int pcapng_close(struct pcapng *file);

/* For a process that crashes: writes what all open captures hold, whole frames only;
 * they take no more. Allocates nothing and waits for no lock. Returns how many could
 * not be written. Any thread, once. */
unsigned pcapng_save_all(void);

#endif
