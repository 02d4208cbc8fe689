/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real switch over the test miniport, with VMs by vhost-user whose rings are served directly;
 * their guests are the test's own (vhost_master.h). The VMs: 0: 02:..:01, 1: 02:..:02,
 * 2: 02:..:03, all untagged.
 */
#ifndef CONTRACT_VHOSTS_H
#define CONTRACT_VHOSTS_H

#include "../unit/vhost_master.h"
#include "fake.h"
#include "vswitch/vswitch.h"

#define VHOSTS 3
#define VHOST_SENDS 64    /* frames that a guest may have made available at once */

struct vhosts {
	struct vhost_master of[VHOSTS];
	unsigned processor[VHOSTS];     /* before vhosts_open(): which one serves the VM */
	uint64_t rate[VHOSTS];          /* what a VM may send, likewise */
	_Atomic uint64_t passed;        /* frames that went from guest to guest in one copy */
	struct vswitch_report last;     /* when all was quiet at the end */
	struct vswitch_port_report port[VHOSTS];
};

extern struct vhosts vhosts;

/* cmocka fixtures of one test. */
int vhosts_setup(void **state);
int vhosts_teardown(void **state);

/* All up, traffic flows, each guest is connected. */
void vhosts_open(void);
/* Takes it down; fails the test when something was kept, or the ledger does not balance. */
void vhosts_close(void);

/* How many more frames the guest may make available now. */
unsigned vhosts_room(unsigned vm);
/* Kicks for what it made available, where the switch wants that. */
void vhosts_kick(unsigned vm);

#endif
