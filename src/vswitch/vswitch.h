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

#define VSWITCH_MAX_MACS 1024

struct placement;

struct vswitch_port_config {
	const char *name;
	const uint8_t (*macs)[6];
	unsigned n_macs;             /* 1 .. VSWITCH_MAX_MACS */
	uint16_t vlan;               /* access VLAN; 0: untagged */
	int processor;               /* below 'processors'; -1: the placement chooses */
	const char *port, *sends;    /* see vmport/vmport.h */
	bool spoofing;               /* may send from other MAC addresses */
	bool offload;                /* see vmport/vmport.h */
	bool direct;                 /* see vmport/vmport.h */
	bool internal;               /* the host's own port: no queue of its own */
	uint64_t rate;               /* bits per second that it may send; 0: no limit */
	uint64_t burst;              /* bytes that may go at once; 0: as the rate needs */
	unsigned weight;             /* 1 .. 100 against other VMs; 0: none given */
};

struct vswitch_config {
	const struct vswitch_port_config *ports;
	unsigned n_ports;
	uint16_t mtu;
	unsigned processors;
	const struct placement *placement;   /* of VMs without a processor; NULL: the first
					      * there is */
	unsigned ndis_version;       /* the host's: 20 (6.20) or 30 (6.30); 0: 30 (U18) */
};

DRIVER_INITIALIZE vswitch_driver_entry;

/* How many frames each of 'n_ports' VMs has for what it sends, in DPDK's memory: fewer
 * where there are more than a hundred, so that a thousand fit. Any thread. */
unsigned vswitch_vm_frames(unsigned n_ports);

/* Opens every VM port. The configuration is copied. */
int vswitch_open(const struct vswitch_config *config, struct error *err);
void vswitch_close(void);

/* Traffic may flow: asks the adapter for frames, and the VMs for theirs. */
int vswitch_start(struct error *err);

/* Stops taking frames from VMs and the wire; what is on its way goes on. */
void vswitch_stop(void);

/* ---- changes while traffic flows ---- */

/*
 * Each of them waits until the change is made, or has failed and all is as before; then
 * 'err' says why. The adapter that does not answer within 'timeout_ms' goes on with it by
 * itself: -ETIMEDOUT, and -EBUSY for every further change until it is done. 'port': its
 * number, as of the reports. Control thread, traffic may flow.
 */

/* Its VM and its queue are served by another processor; no frame is lost, and those of its
 * queue keep their order. Where it is already: 0. -EINVAL: no such processor; -ENOTSUP: the
 * adapter cannot; -EIO: it refused. */
int vswitch_port_move(unsigned port, unsigned processor, unsigned timeout_ms, struct error *err);

/* Its queue is freed, and it goes on on the default queue. What the VM does not take of the
 * frames that are held for it is dropped. -ENOENT: it has none; -EIO: the adapter refused. */
int vswitch_port_release(unsigned port, unsigned timeout_ms, struct error *err);

/* It gets a queue. -EEXIST: it has one; -ENOSPC: there is none to be had; -EIO: the
 * adapter refused. */
int vswitch_port_assign(unsigned port, unsigned timeout_ms, struct error *err);

/* Its queue's frames are indicated in calls of their own, or together with those of others;
 * a port without one remembers it for the next. -EIO: the adapter refused. */
int vswitch_port_set_indication(unsigned port, bool per_queue, unsigned timeout_ms,
				struct error *err);

/* From now on it may send 'rate' bits per second (0: as it likes), 'burst' bytes at once (0:
 * as the rate needs), and weighs 'weight' against others (0: none given; where any has one,
 * such a port has 1). -EINVAL: out of range; -ENOMEM. */
int vswitch_port_set_send(unsigned port, uint64_t rate, uint64_t burst, unsigned weight,
			  struct error *err);

/* In the place of a processor: the port is on its way from one to another. */
#define VSWITCH_MOVING UINT32_MAX

/* Whether nothing is on its way through the switch: no frame held, none on a
 * ring, no send outstanding, and every VM that sends from a capture is through. */
bool vswitch_is_quiet(void);

/* Whether the adapter's link is up. */
bool vswitch_link_is_up(void);

#define VSWITCH_WHY 80

struct vswitch_port_report {
	const char *name;
	bool internal, up;
	const uint8_t (*macs)[6];            /* 'n_macs', while the switch is open */
	unsigned n_macs;
	uint16_t vlan;
	unsigned processor, queue;           /* queue 0: the default queue, and why */
	unsigned leaving;                    /* its queue that is being freed; 0: none */
	bool per_queue;                      /* its queue indicates in calls of its own */
	bool dma_stopped;                    /* nothing more comes into its queue's memory */
	char why[VSWITCH_WHY];               /* why it has no queue of its own; "" */
	uint64_t delivered, delivered_bytes; /* to the VM */
	uint64_t from_vm, from_vm_bytes;
	uint64_t held;                       /* waiting for the VM now */
	uint64_t of_queue;                   /* of them, in its own queue's buffers; and lent */
	uint64_t lent;                       /* delivered without a copy, not yet given back */
	uint64_t faults;                     /* what its guest wrote and made no sense */
	uint64_t own_frames, own_bytes;      /* of its queue, from another's miniport */
	uint64_t rate, burst;                /* of what it sends: bits per second, bytes; or 0 */
	unsigned weight;                     /* 0: none given */
	bool held_back;                      /* it may not send for now */
	uint64_t held_back_n;                /* how often it might not */
	uint64_t sends_out;                  /* given to the adapter, not yet completed */
	uint64_t drops[PORT_DROP_COUNT];     /* of frames for, or from, this port */
};

/* The port ledger: from_wire + from_vms + copies =
 *                  delivered + to_wire + drops + on the way. */
struct vswitch_report {
	const char *placement;                   /* its name; NULL: the switch is not open */
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
