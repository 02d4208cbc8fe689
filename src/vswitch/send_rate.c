/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/send_rate.h"

#define BYTE 8000000000ll   /* 8 bits of 10^-9 */

/* What a dry bucket must hold before anything goes again. */
static int64_t enough(const struct send_rate *r)
{
	return r->full / 8 + 1;
}

uint64_t send_burst_default(uint64_t bits, unsigned frame)
{
	uint64_t bytes = bits / 800;

	if (bytes < 4ull * frame)
		bytes = 4ull * frame;
	return bytes > SEND_BURST_MAX ? SEND_BURST_MAX : bytes;
}

void send_rate_set(struct send_rate *r, uint64_t bits, uint64_t burst, uint64_t now)
{
	*r = (struct send_rate){ .bits = bits, .full = (int64_t)burst * BYTE, .at = now };
	r->late = r->full > INT64_MAX / 16 ? r->full : 8 * r->full;
	if (bits)
		r->most_ns = (uint64_t)r->late / bits + 1;
}

/* What came since is added. What there is beyond a full bucket stays. */
static void fill(struct send_rate *r, uint64_t now)
{
	uint64_t ns = now > r->at ? now - r->at : 0;
	int64_t most = r->dry ? r->late : r->full;

	/* A debt may take longer than that to pay: what is over counts the next time. */
	if (ns > r->most_ns && r->tokens >= 0)
		r->at = now - r->most_ns;
	if (ns > r->most_ns)
		ns = r->most_ns;
	r->at += ns;
	if (r->tokens >= most)
		return;
	r->tokens += (int64_t)(ns * r->bits);
	if (r->tokens > most)
		r->tokens = most;
}

unsigned send_rate_may(struct send_rate *r, uint64_t now, unsigned frame, unsigned most)
{
	uint64_t n;

	if (!r->bits)
		return most;
	fill(r, now);
	if (r->tokens <= 0 || (r->dry && r->tokens < enough(r))) {
		r->dry = true;
		return 0;
	}
	r->dry = false;
	n = (uint64_t)r->tokens / ((uint64_t)frame * BYTE) + 1;
	return n > most ? most : (unsigned)n;
}

void send_rate_charge(struct send_rate *r, uint64_t bytes)
{
	if (r->bits)
		r->tokens -= (int64_t)bytes * BYTE;
}

uint64_t send_rate_when(const struct send_rate *r)
{
	return r->at + (uint64_t)(enough(r) - r->tokens) / r->bits + 1;
}
