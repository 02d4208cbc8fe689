/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/send_share.h"

static unsigned heaviest_of(const struct send_share *s)
{
	unsigned weight = SEND_WEIGHT_MAX;

	while (weight && !s->contending[weight])
		weight--;
	return weight;
}

unsigned send_share_join(struct send_share *s, unsigned weight)
{
	s->contending[weight]++;
	return heaviest_of(s);
}

unsigned send_share_leave(struct send_share *s, unsigned weight)
{
	s->contending[weight]--;
	return heaviest_of(s);
}

unsigned send_share_bound(unsigned window, unsigned weight, unsigned heaviest)
{
	unsigned n;

	if (weight >= heaviest)
		return window;
	n = (2 * window * weight + heaviest) / (2 * heaviest);   /* rounded */
	return n ? n : 1;
}
