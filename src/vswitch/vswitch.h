/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtual switch, as the program that runs it sees it. One in a process.
 * All calls on the control thread, but for the reports.
 *
 * Order: open; load the driver (vswitch_driver_entry); add the adapter, to which
 * NDIS binds the switch; start. At the end: stop; remove the adapter; unload;
 * close.
 */
#ifndef VSWITCH_VSWITCH_H
#define VSWITCH_VSWITCH_H

#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "base/drops.h"
#include "base/error.h"

#define VSWITCH_MAX_MACS 16

struct vswitch_port_config {
	const char *name;
	const uint8_t (*macs)[6];
	unsigned n_macs;             /* 1 .. VSWITCH_MAX_MACS */
	uint16_t vlan;               /* access VLAN; 0: untagged */
	int processor;               /* -1: the switch chooses */
	const char *port, *sends;    /* see vmport/vmport.h */
	bool spoofing;               /* may send from other MAC addresses */
	bool internal;               /* the host's own port: no queue of its own */
};

struct vswitch_config {
	const struct vswitch_port_config *ports;
	unsigned n_ports;
	uint16_t mtu;
	unsigned processors;
};

DRIVER_INITIALIZE vswitch_driver_entry;

/* Opens every VM port. The configuration is copied. */
int vswitch_open(const struct vswitch_config *config, struct error *err);
void vswitch_close(void);

/* Traffic may flow: asks the adapter for frames, and the VMs for theirs. */
int vswitch_start(struct error *err);

/* Stops taking frames from VMs and the wire; what is on its way goes on. */
void vswitch_stop(void);

/* Whether nothing is on its way through the switch: no frame held, none on a
 * ring, no send outstanding, and every VM that sends from a capture is through. */
bool vswitch_is_quiet(void);

/* Whether the adapter's link is up. */
bool vswitch_link_is_up(void);

struct vswitch_port_report {
	const char *name;
	bool internal, up;
	uint8_t macs[VSWITCH_MAX_MACS][6];
	unsigned n_macs;
	uint16_t vlan;
	unsigned processor, queue;           /* queue 0: the default queue, and why */
	const char *why;
	uint64_t delivered, delivered_bytes; /* to the VM */
	uint64_t from_vm, from_vm_bytes;
	uint64_t held;                       /* waiting for the VM now */
	uint64_t own_frames, own_bytes;      /* of its queue, from another's miniport */
	uint64_t drops[PORT_DROP_COUNT];     /* of frames for, or from, this port */
};

/* The port ledger: from_wire + from_vms + copies =
 *                  delivered + to_wire + drops + on the way. */
struct vswitch_report {
	unsigned n_ports;
	uint64_t from_wire, from_vms, copies;
	uint64_t delivered, to_wire, consumed;   /* consumed: by the host's own port */
	uint64_t drops[PORT_DROP_COUNT];
	uint64_t on_the_way;
	uint64_t default_frames, default_bytes;  /* of the default queue, from another's miniport */
};

/* Exact while the workers are quiet, a snapshot otherwise. Any thread. */
void vswitch_report(struct vswitch_report *report);
void vswitch_port_report(unsigned port, struct vswitch_port_report *report);

#endif
