/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of every frame.
 *
 * The wire:  from the NIC = indicated + dropped below NDIS.
 * The ports: from the wire + from VMs + copies made by replication
 *          = delivered to VMs + consumed by the host + sent to the wire + dropped.
 *
 * Both balance, to the frame, whenever the workers are quiet.
 */
#ifndef HOST_LEDGER_H
#define HOST_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "miniport/miniport.h"
#include "ndis/host.h"
#include "vmq/queue_state.h"
#include "vswitch/vswitch.h"

/* One row of the table: a receive queue and whose it is. */
struct ledger_row {
	unsigned queue;
	bool own_queue;                      /* false: the VM runs on the default queue */
	char vm[64];
	unsigned n_macs;
	uint8_t (*macs)[6];
	uint16_t vlan;
	unsigned processor, filters;
	enum vmq_queue_state state;
	char why[160];                       /* why it has no queue of its own; "" */
	bool up;
	uint64_t indicated, indicated_bytes; /* on its queue */
	uint64_t delivered, delivered_bytes; /* to the VM */
	uint64_t from_vm, from_vm_bytes;
	uint64_t rate, burst;                /* what it may send: bits per second, bytes; or 0 */
	unsigned weight;                     /* 0: none given */
	bool held_back;                      /* it may not send for now */
	uint64_t held_back_n;                /* how often it might not */
	uint64_t wire_drops[WIRE_DROP_COUNT], port_drops[PORT_DROP_COUNT];
};

struct ledger {
	struct miniport_report wire;
	struct vswitch_report ports;
	struct ledger_row *rows;             /* the default queue first, then every port */
	unsigned n_rows;
	/* What each class of sends has sent; none where there are not several classes. */
	struct miniport_class_report classes[MINIPORT_MAX_CLASSES];
	unsigned n_classes;                  /* 0, or MINIPORT_MAX_CLASSES at most */
	bool loaded;                         /* the miniport is not ours: the wire's side is what
					      * the switch saw of it */
	bool filtered;                       /* filters may keep frames, or make some */
};

/* Takes the counts. 'driver_file': of the adapter's miniport; NULL: it is our own.
 * -ENOMEM. Control thread, while the adapter is there; the ledger outlives it. */
int ledger_read(struct ledger *ledger, struct ndis_adapter *adapter, const char *driver_file,
		bool filtered);

/* The totals alone, no rows; and of those the ports' alone, which need no adapter.
 * Allocates nothing: for a crash handler too. Any thread. */
void ledger_totals(struct ledger *ledger, struct ndis_adapter *adapter, const char *driver_file);
void ledger_ports(struct ledger *ledger);

void ledger_free(struct ledger *ledger);

/* The two sides of each ledger. */
uint64_t ledger_wire_out(const struct ledger *ledger);    /* against wire.from_nic */
uint64_t ledger_ports_in(const struct ledger *ledger);
uint64_t ledger_ports_out(const struct ledger *ledger);

/* Whether both balance, and the wire's indications are the ports' frames from the
 * wire, where no filter stood between them. */
bool ledger_balances(const struct ledger *ledger);

/* Drops of a row under both lists together. */
uint64_t ledger_row_drops(const struct ledger_row *row);

#endif
