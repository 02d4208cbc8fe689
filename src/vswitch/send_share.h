/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who may have how many sends out at once, by weight. Arithmetic alone; the caller locks.
 *
 * VMs contend while sends of theirs are out, which is when the adapter does not keep up.
 * The heaviest of them may have a whole window out, every other its part of that. An
 * adapter that serves first come first served, or its queues in turns of a window, so
 * serves them by weight. Who has nothing out takes nothing from the others.
 */
#ifndef VSWITCH_SEND_SHARE_H
#define VSWITCH_SEND_SHARE_H

#define SEND_WEIGHT_MAX 100

struct send_share {
	unsigned contending[SEND_WEIGHT_MAX + 1];   /* VMs, by weight */
};

/* One more, or one less, of 'weight' (1 .. SEND_WEIGHT_MAX) contends. Returns the weight
 * of the heaviest that does; 0: nobody. */
unsigned send_share_join(struct send_share *s, unsigned weight);
unsigned send_share_leave(struct send_share *s, unsigned weight);

/* How many sends may be out at once, 1 .. window, of a VM of 'weight' where 'heaviest'
 * contends, or nobody (0). */
unsigned send_share_bound(unsigned window, unsigned weight, unsigned heaviest);

#endif
