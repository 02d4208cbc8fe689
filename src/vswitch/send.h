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
#include "vswitch/send_share.h"

/* Sends of one VM that are out at once, where VMs have weights; of the heaviest. And frames of
 * the MTU that one round of shares gives it. */
#define SEND_WINDOW 32
#define SEND_ROUND  16

/* Rounds without anybody at its bound after which the adapter is said to keep up: together
 * more than an adapter's own ring has room for. */
#define SEND_CALM 256ull

struct vs_chain;
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
	unsigned in_force;               /* its weight */
	struct send_part part;           /* in the rounds */
	unsigned asked, charged;         /* this time: frames that it may send; sent to the adapter, */
	uint64_t charge;                 /* and their bytes */
	uint64_t waits_for, waits_since, look_at;   /* the round before the one it waits for; ns */
	atomic_bool held_back;           /* it may not send for now; all read */
	counter_t held_back_n;           /* how often that began */
	uint64_t turns_asked;            /* see send_turns() */
	counter_t out;                   /* sends ever given to the adapter */

	_Atomic uint64_t back;           /* and completed; whoever completes writes */
};

/* How many frames the VM may send now, at most 'most'. Owner, for limited ports. */
unsigned vs_send_may(struct vs_port *port, unsigned most);
/* Then: it sent 'n' frames of 'bytes' in all. Owner, for limited ports. */
void vs_send_done(struct vs_port *port, unsigned n, uint64_t bytes);
/* Whether a worker that holds the port back may sleep. Owner. */
bool vs_send_waits(struct vs_port *port);
/* 'n' of the port's sends were completed. Any thread. */
void vs_send_back(struct vs_port *port, unsigned n);

/* Sets what was configured, or is wanted now (as vswitch_port_set_send()). Control. */
int vs_send_set(struct vs_port *port, uint64_t rate, uint64_t burst, unsigned weight,
		struct error *err);

/* What wakes the processor no later than at 'at', in ns, if it sleeps. Owner. */
void vs_send_wake_at(uint64_t at);

/* send_weight.c, for the scheduler alone; the owner's. How many frames the VM may send now of
 * 'most' (1 or more); or that its rate lets it send none; */
unsigned vs_weight_may(struct vs_port *port, unsigned most, uint64_t now);
void vs_weight_may_not(struct vs_port *port);
/* that these are on their way to the adapter; */
void vs_weight_charge(struct vs_port *port, const struct vs_chain *chain);
/* that it sent 'n', to whomever. */
void vs_weight_done(struct vs_port *port, unsigned n);
/* Whether its weight holds it back, still. */
bool vs_weight_waits(const struct vs_port *port);

/* Ends the clocks that wake a processor when a VM may send again; nothing where no VM ever had
 * a rate or a weight.
 * Control, PASSIVE_LEVEL. */
void vs_send_end(void);

#endif
