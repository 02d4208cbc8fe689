/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/send_share.h"

static void round_begin(struct send_share *s)
{
	s->round++;
	s->left = s->n;
}

static void round_end_if_over(struct send_share *s)
{
	if (s->n && !s->left)
		round_begin(s);
}

void send_share_join(struct send_share *s, struct send_part *p, unsigned weight, bool done)
{
	s->contending[weight]++;
	s->n++;
	s->left += !done;
	p->weight = weight;
	p->turn = s->round + done;
	round_end_if_over(s);
}

void send_share_leave(struct send_share *s, struct send_part *p)
{
	s->contending[p->weight]--;
	if (!send_share_is_behind(p, s->round)) {
		s->n--;
		s->left -= !send_share_is_done(p, s->round);
	}
	p->weight = 0;
	round_end_if_over(s);
}

void send_share_done(struct send_share *s, struct send_part *p)
{
	p->turn = s->round + 1;
	s->left--;
	round_end_if_over(s);
}

void send_share_go_on(struct send_share *s)
{
	s->n -= s->left;
	round_begin(s);
}

bool send_share_is_done(const struct send_part *p, uint64_t round)
{
	return p->turn > round;
}

bool send_share_is_behind(const struct send_part *p, uint64_t round)
{
	return p->turn < round;
}

unsigned send_share_heaviest(const struct send_share *s)
{
	unsigned weight = SEND_WEIGHT_MAX;

	while (weight && !s->contending[weight])
		weight--;
	return weight;
}

void send_share_pay(struct send_part *p, uint64_t round, unsigned part)
{
	const int64_t most = (int64_t)SEND_SHARE_SAVED * part;
	uint64_t rounds = round > p->paid ? round - p->paid : 0;

	if (!rounds)
		return;
	p->paid = round;
	if (p->credit >= most)
		return;
	if (rounds > (uint64_t)(most - p->credit) / part)
		p->credit = most;
	else
		p->credit += (int64_t)rounds * part;
}

unsigned send_share_part(unsigned bytes, unsigned weight, unsigned greatest)
{
	uint64_t part = weight < greatest ? (uint64_t)bytes * weight / greatest : bytes;

	return part ? (unsigned)part : 1;
}

unsigned send_share_bound(unsigned window, unsigned weight, unsigned heaviest)
{
	unsigned n;

	if (weight >= heaviest)
		return window;
	n = (2 * window * weight + heaviest) / (2 * heaviest);   /* rounded */
	return n ? n : 1;
}
