/* SPDX-License-Identifier: BSD-2-Clause */
/* Every receive queue of the machine, and every VM that has none. Control thread. */
#ifndef HOST_QUEUE_LIST_H
#define HOST_QUEUE_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "host/machine.h"
#include "vswitch/vswitch.h"

struct queue_row {
	struct machine_adapter_view adapter;
	unsigned queue;                /* 0: the default queue */
	char vm[128], owner[64];       /* owner: the protocol driver that allocated it */
	bool has_port;                 /* it is a VM's of the switch, which is 'port' */
	struct vswitch_port_report port;
	bool exists;                   /* NDIS knows it; false: the VM runs on the default queue */
	const char *state;             /* "RUNNING" ...; "" without a queue */
	bool freeing;
	unsigned processor, msix, filters;
	bool counted;                  /* the miniport is ours, and these are its counts: */
	const char *mode;              /* "placed" ...; "": the default queue's */
	unsigned buffers;              /* that it has */
	uint64_t outstanding;          /* of them, indicated and not yet returned */
	uint64_t indicated, in_place;  /* in place: of a steered one, those that were not copied */
	uint64_t lent;                 /* of the indicated, with RESOURCES, for want of buffers */
};

/*
 * The rows, malloc'd: of each adapter the default queue, then the switch's VMs, then the
 * queues of other drivers. 'adapter': of that one alone; NULL: of all. -ENOENT: there is no
 * such adapter; -ENOMEM.
 */
int queue_list(struct machine *machine, const char *adapter, struct queue_row **rows, unsigned *n,
	       struct error *err);

/* Who holds what a queue that is being freed waits for, in words. */
void queue_holders(const struct queue_row *row, char *text, size_t size);

#endif
