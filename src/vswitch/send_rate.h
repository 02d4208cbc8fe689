/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A token bucket: how fast a VM may send. Arithmetic alone; the caller has the clock, and
 * uses one bucket from one thread at a time.
 *
 * Frames are taken before their length is known, so a bucket may be overdrawn by the last
 * ones; what it owes is waited for. A bucket that ran dry is refilled to an eighth before
 * anything goes again, so that a VM at its limit is served in bursts and its worker sleeps
 * in between. Tokens are lost only to a full bucket; one that ran dry takes more while its
 * worker is late, since that is not the VM's doing.
 */
#ifndef VSWITCH_SEND_RATE_H
#define VSWITCH_SEND_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define SEND_RATE_MIN   8000ull               /* bits per second */
#define SEND_RATE_MAX   400000000000ull
#define SEND_BURST_MIN  1ull                  /* bytes */
#define SEND_BURST_MAX  (256ull << 20)

struct send_rate {
	uint64_t bits;                 /* per second; 0: no limit */
	int64_t full, late, tokens;    /* in bits of 10^-9; tokens below 0 are owed */
	uint64_t at;                   /* until when they are counted, in ns */
	uint64_t most_ns;              /* no longer a wait counts */
	bool dry;
};

/* The burst of a VM that has a rate and no burst of its own, in bytes: a hundredth of a
 * second at that rate, and no less than four frames of 'frame' bytes. */
uint64_t send_burst_default(uint64_t bits, unsigned frame);

/* From time 'now' on, in ns: 'bits' per second (0, or SEND_RATE_MIN .. SEND_RATE_MAX),
 * 'burst' bytes at once. The bucket begins empty. */
void send_rate_set(struct send_rate *r, uint64_t bits, uint64_t burst, uint64_t now);

/* How many frames of up to 'frame' bytes may go now, at most 'most'; 0: none yet. */
unsigned send_rate_may(struct send_rate *r, uint64_t now, unsigned frame, unsigned most);

/* They went, 'bytes' in all. */
void send_rate_charge(struct send_rate *r, uint64_t bytes);

/* When, after send_rate_may() was 0, it will no longer be, in ns. */
uint64_t send_rate_when(const struct send_rate *r);

#endif
