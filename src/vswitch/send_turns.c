/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/send_turns.h"

static void round_begins(struct send_turns *t, uint64_t wire)
{
	t->bursts = (wire - t->wire) / SEND_TURN_FRAMES;
	t->wire = wire;
	t->before = t->senders;
	t->senders = 0;
}

unsigned send_turns(struct send_turns *t, uint64_t wire, uint64_t *asked)
{
	uint64_t each;

	if (wire != t->wire)
		round_begins(t, wire);
	if (*asked == wire)
		return 0;
	*asked = wire;
	t->senders++;
	each = t->bursts / (t->before ? t->before : 1);
	if (each > SEND_TURNS_MOST)
		each = SEND_TURNS_MOST;
	return each ? (unsigned)each - 1 : 0;
}
