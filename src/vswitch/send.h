/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The send scheduler: when a VM may send, and how much; for this room alone. What may not
 * go yet stays in the VM's own ring.
 */
#ifndef VSWITCH_SEND_H
#define VSWITCH_SEND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#include "base/counter.h"
#include "base/error.h"
#include "vswitch/send_rate.h"

/* Sends of one VM that are out at once, where VMs have weights: one burst, which is what an
 * adapter that serves queues in turns takes of each. */
#define SEND_WINDOW 32

struct vs_port;

/* A port's part in it. */
struct vs_send {
	/* What is wanted; control writes. */
	_Atomic uint64_t rate, burst;    /* bits per second, bytes; 0: no limit */
	atomic_uint weight;              /* 1 .. SEND_WEIGHT_MAX; 0: none given */
	atomic_uint version;             /* of the three; odd: being written */
	atomic_bool limited;             /* any of it, of this port or another, is in force */

	/* The owner's. */
	struct send_rate bucket;
	unsigned taken;                  /* the version that is in force */
	unsigned weighs;                 /* as it contends with; 0: it does not */
	unsigned in_force;               /* its weight */
	atomic_bool held_back;           /* it may not send for now; all read */
	counter_t held_back_n;           /* how often that began */
	counter_t out;                   /* sends ever given to the adapter */

	_Atomic uint64_t back;           /* and completed; whoever completes writes */
};

/* How many frames the VM may send now, at most 'most'. Owner, for limited ports. */
unsigned vs_send_may(struct vs_port *port, unsigned most);
/* Then: it sent 'bytes', or 0, and now contends with what is still out, if anything is: who
 * empties the adapter between two rounds contends all the same. Owner, for limited ports. */
void vs_send_done(struct vs_port *port, uint64_t bytes);
/* Whether a worker that holds the port back may sleep. Owner. */
bool vs_send_waits(struct vs_port *port);
/* 'n' of the port's sends were completed. Any thread. */
void vs_send_back(struct vs_port *port, unsigned n);

/* Sets what was configured, or is wanted now (as vswitch_port_set_send()). Control. */
int vs_send_set(struct vs_port *port, uint64_t rate, uint64_t burst, unsigned weight,
		struct error *err);

/* Clocks that wake a processor when tokens come; nothing where no VM ever had a rate.
 * Control, PASSIVE_LEVEL. */
void vs_send_end(void);

#endif
