/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A NIC that cuts large sends: it does with the headers what NICs do, by plain loops over bytes,
 * and nothing besides. What it makes of them goes to the stack's capture. It fails the test where
 * a frame is not as nic.h says (NIC_TX_LARGE).
 */
#ifndef CONTRACT_CUTTER_H
#define CONTRACT_CUTTER_H

#include "stack.h"

struct cutter {
	uint16_t chain;              /* mbufs of a frame that it takes */
	atomic_bool refuses;         /* its driver finds that it cannot cut what comes */
	atomic_uint large, frames;   /* frames that it cut; frames on the wire, all in all */
	atomic_uint_fast64_t bytes;  /* of those */
};

extern struct cutter cutter;

/* Before stack_open(): the stack's NIC is this one. */
void cutter_use(uint16_t chain);
/* After the tests. */
void cutter_end(void);

#endif
