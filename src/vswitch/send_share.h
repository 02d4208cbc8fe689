/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may send how much, by weight. Arithmetic alone; the caller locks.
 *
 * VMs that want more than the adapter takes take part in rounds. A round gives each bytes by
 * its weight, and ends when all have sent theirs: who is done waits for the others. So
 * shares are right in whatever order the adapter serves, over whatever transmit queues and
 * processors, and however much it takes at a time. Within a round the bound on what is out
 * at once is by weight too, so that shares are smooth.
 *
 * What was sent beyond a round's part is owed, since frames are taken before their length is
 * known. Who wants no more leaves, and nobody waits for it; who cannot go on may be left behind
 * by those who wait. A few rounds that were without it are given to it later, so that a VM
 * whose guest, or processor, had no time for a moment has its share nevertheless.
 */
#ifndef VSWITCH_SEND_SHARE_H
#define VSWITCH_SEND_SHARE_H

#include <stdbool.h>
#include <stdint.h>

#define SEND_WEIGHT_MAX  100
#define SEND_SHARE_SAVED 64   /* rounds that a VM may be given at once */

struct send_share {
	unsigned contending[SEND_WEIGHT_MAX + 1];   /* VMs, by weight */
	uint64_t round;
	unsigned n, left;        /* VMs in it, and those of them that are not done */
};

/* One VM's part. */
struct send_part {
	unsigned weight;         /* as it takes part with; 0: it does not */
	uint64_t turn;           /* its round; the one after the round: it is done with that */
	uint64_t paid;           /* the last round that gave it bytes */
	int64_t credit;          /* bytes that it may send; below 0 are owed */
};

/* It takes part from now on, with 'weight' (1 .. SEND_WEIGHT_MAX); in this round, or if
 * 'done' in the next. And no longer; only one that takes part may leave. */
void send_share_join(struct send_share *s, struct send_part *p, unsigned weight, bool done);
void send_share_leave(struct send_share *s, struct send_part *p);
/* It is done with this round, which it is in; the next begins if all are. */
void send_share_done(struct send_share *s, struct send_part *p);
/* The next round begins without those that are not done. Each finds by send_share_is_behind()
 * that it no longer is in it, and has to leave. */
void send_share_go_on(struct send_share *s);

/* Of one that takes part, with the number of the round: */
bool send_share_is_done(const struct send_part *p, uint64_t round);
bool send_share_is_behind(const struct send_part *p, uint64_t round);

/* The weight of the heaviest that takes part; 0: nobody does. */
unsigned send_share_heaviest(const struct send_share *s);

/* Gives it what it has in 'round', and of rounds before it, and has not yet; a round gives
 * it 'part', 1 or more. */
void send_share_pay(struct send_part *p, uint64_t round, unsigned part);
/* That for a VM of 'weight' where who has the greatest weight of all gets 'bytes'. Of all VMs,
 * whether or not they take part: parts of different rounds must be comparable. */
unsigned send_share_part(unsigned bytes, unsigned weight, unsigned greatest);

/* How many sends may be out at once, 1 .. window, of a VM of 'weight' where 'heaviest'
 * contends, or nobody (0). */
unsigned send_share_bound(unsigned window, unsigned weight, unsigned heaviest);

#endif
