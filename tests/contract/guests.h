/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The real switch over the test miniport, with VMs whose ports are regions of shared
 * memory and whose guests are other processes. The test is the adapter: it asks NDIS for
 * the memory of the VMs' queues, as a miniport does, and indicates frames in it.
 */
#ifndef CONTRACT_GUESTS_H
#define CONTRACT_GUESTS_H

#include "../unit/region_puppet.h"
#include "fake.h"
#include "frame/frame.h"
#include "vswitch/vswitch.h"

/* The VMs, each on the processor of its number: 0: 02:..:01, untagged; 1: 02:..:02, on
 * VLAN 7; 2: 02:..:03, on VLAN 8. */
#define GUESTS      3
#define GUEST_VLAN  7
#define GUEST_FRAMES 64

struct guests {
	struct puppet of[GUESTS];
	/* Called as fake.freeing, before the memory of the queue goes; NULL: nothing. */
	void (*freeing)(ULONG queue, bool stopped);
	struct vswitch_report last;     /* when all was quiet at the end */
	struct vswitch_port_report port[GUESTS];
};

extern struct guests guests;

/* cmocka fixtures of one test. */
int guests_setup(void **state);
int guests_teardown(void **state);

/* All up, traffic flows, each guest is connected. The minor versions of NDIS: 20 or 30; a
 * miniport of 20 offers the split. */
void guests_open(unsigned host, unsigned miniport);
/* Takes it down; fails the test when something was kept, or the ledger does not balance. */
void guests_close(void);
struct vswitch_port_report guests_report(unsigned vm);

/* ---- the adapter's memory ---- */

struct guests_block {
	NDIS_HANDLE allocation, handle;
	char *address;
	ULONG length;
};

/* Memory of the VM's queue, while the switch has it. */
NDIS_STATUS guests_memory(unsigned vm, NDIS_SHARED_MEMORY_USAGE usage, ULONG length,
			  struct guests_block *block);
void guests_memory_free(const struct guests_block *block);

/* Buffers of the VM's queue, in two parts; freed when the queue is. 'room': bytes of the
 * second part without backfill. */
void guests_buffers(unsigned vm, uint16_t room);
/* The two parts' memory. */
const struct guests_block *guests_first(unsigned vm), *guests_rest(unsigned vm);

/* A frame of 'length' bytes in a buffer of that VM's queue, to 02:..:'last' from 'source',
 * on 'vlan'; the rest is filled with 'mark'. */
struct rte_mbuf *guests_frame(unsigned vm, unsigned last, unsigned vlan, unsigned length,
			      const uint8_t source[6], uint8_t mark);
/* Indicates it on the VM's processor, and waits for the end of the call. */
void guests_indicate(unsigned vm, struct rte_mbuf *m);
/* When its NBL is back: the buffer may be used again. */
bool guests_is_back(struct rte_mbuf *m);

#endif
