/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How often a VM that has more to send than one burst gets a turn in a round. Where many queues'
 * frames are gathered before they go on, much comes from the wire in one round, and few rounds come
 * in a second: such VMs then get as many bursts as the wire had, in equal parts. Counting alone; a
 * processor's own.
 */
#ifndef VSWITCH_SEND_TURNS_H
#define VSWITCH_SEND_TURNS_H

#include <stdint.h>

#define SEND_TURN_FRAMES 32u   /* from the wire, for each burst of the VMs' */
#define SEND_TURNS_MOST  8u    /* of one VM in a round: what a guest's ring holds */

struct send_turns {
	uint64_t wire;            /* frames that had come from the wire when this round was seen */
	uint64_t bursts;          /* that came in the one before */
	unsigned senders, before; /* VMs that asked, in this round, and in the one before */
};

/* How many turns more a VM gets that used its first to the full, where 'wire' frames ever came;
 * '*asked' is that VM's, 0 at first. Once for what came: then 0. */
unsigned send_turns(struct send_turns *t, uint64_t wire, uint64_t *asked);

#endif
