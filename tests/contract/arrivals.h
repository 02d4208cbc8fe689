/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that the test miniport indicates to the switch, and what became of them. */
#ifndef CONTRACT_ARRIVALS_H
#define CONTRACT_ARRIVALS_H

#include "ports.h"

#define ARRIVALS 2048

extern struct ground_frames arrival_frames;     /* by index */
extern struct packet *arrivals[ARRIVALS];
extern unsigned n_arrivals;

/* cmocka fixtures of one test, in place of the ports'. */
int arrivals_setup(void **state);
int arrivals_teardown(void **state);

/* A packet of 'queue' with a new frame to 02:..:'last', with that VLAN in the OOB. */
struct packet *arrival(ULONG queue, unsigned last, unsigned vlan);

/* Indicates the packets from 'first' on, in one chain, from that processor. */
void arrivals_indicate(unsigned processor, unsigned first, ULONG flags);

/* Every one came back once, as it went. */
void arrivals_returned_once(void);
/* What each return call says of itself is so (F29). */
void returns_are_truthful(void);

/* The queue of a VM; 0: the default queue. */
ULONG vm_queue(unsigned port);
/* After ports_close(): whether the VM got the frame of that index; fails the test when
 * it got it twice, or changed. */
bool vm_has(unsigned port, uint32_t index);

#endif
