/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures sent into adapters, as the program that wants it sees it. Control thread,
 * but for the reports.
 *
 * Order: load the driver (player_driver_entry), to be bound by hand; for each adapter
 * player_prepare, and bind; player_start when all adapters run. At the end remove the
 * adapters, unload the driver, player_close.
 */
#ifndef PLAYER_PLAYER_H
#define PLAYER_PLAYER_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "base/error.h"

#define PLAYER_MAX 16   /* captures */

DRIVER_INITIALIZE player_driver_entry;

/* Opens 'file', which the next binding is to send, on that NDIS processor. 'adapter'
 * is its name for reports; both names are copied. -ENOSPC: there are PLAYER_MAX;
 * or capture_open's. */
int player_prepare(const char *adapter, const char *file, unsigned processor, struct error *err);

/* Begins to send. */
void player_start(void);

void player_close(void);

/* Whether every capture has been sent, and every send is completed. Any thread. */
bool player_is_over(void);

struct player_report {
	const char *adapter, *file;
	uint64_t sent;           /* frames completed with success */
	uint64_t failed;         /* completed with another status */
	uint64_t skipped;        /* not sent: cut short in the capture, or too long for the adapter */
	uint64_t outstanding;    /* sent, not yet completed */
};

/* The 'index'th capture. False: there are no more. A snapshot. Any thread. */
bool player_report(unsigned index, struct player_report *report);

#endif
