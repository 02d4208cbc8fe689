/* SPDX-License-Identifier: BSD-2-Clause */
/* The real switch over the test miniport, with VMs that are captures. Gates stand
 * before the VMs, and the switch's own requests are written down as it issues them. */
#ifndef CONTRACT_PORTS_H
#define CONTRACT_PORTS_H

#include "fake.h"
#include "vswitch/vswitch.h"

/* The VMs, each on the processor of its number:
 *   0: 02:..:01, untagged   1: 02:..:02 and 02:..:12, VLAN 7   2: 02:..:03, untagged */
#define PORTS     3
#define PORT_VLAN 7
#define PORTS_WIRE 0x99   /* the last byte of an address that no VM has */

struct ports_issued {
	NDIS_OID oid;
	ULONG queue, filter;       /* as the switch wrote them, before NDIS did */
	bool closed;               /* not an OID: NdisCloseAdapterEx */
};

struct rte_mbuf;
struct vmport;

struct ports {
	struct ground_frames sends[PORTS];   /* what the VMs send; before ports_open() */
	struct ground_frames got[PORTS];     /* what they got, after ports_close() */
	atomic_bool refuse[PORTS];           /* the VM takes nothing for now */
	atomic_bool down;                    /* and is not there */
	unsigned ndis_version;               /* the host's, before ports_open() */
	uint64_t rate[PORTS];                /* what a VM may send, before ports_open() */
	unsigned weight[PORTS];
	bool one_processor;                  /* all on processor 0, before ports_open() */
	bool offload[PORTS];                 /* the key, before ports_open() */
	/* Asked of every frame that goes to a VM; true: the test took it. NULL: nobody is. */
	bool (*taker)(unsigned vm, const struct rte_mbuf *m);
	struct ports_issued issued[FAKE_REQUESTS];
	unsigned n_issued;
	struct vswitch_report last;          /* when all was quiet at the end */
	struct vswitch_port_report port[PORTS];
};

extern struct ports ports;

/* Adds 'n' frames of that length from the VM to the wire to what it sends. */
void ports_flood(unsigned port, unsigned n, unsigned length);

/* Everything up, but for vswitch_start(). */
void ports_open(void);
/* The same, started. */
void ports_open_started(void);
/* Takes it all down, reads what the VMs got. Fails the test when something was kept,
 * left behind, or the port ledger does not balance. */
void ports_close(void);

/* Which VM's port that is; PORTS: nobody's. */
unsigned ports_index(const struct vmport *port);

/* The switch's driver. */
struct ndis_image *ports_image(void);

struct vswitch_port_report ports_report(unsigned port);
/* Waits until the switch holds nothing. */
void ports_wait(void);
uint64_t ports_drops(unsigned port, enum port_drop why);

int ports_setup(void **state);
int ports_teardown(void **state);

#endif
