/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that runs, brought up and taken down in the documented order. */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include <stdbool.h>

#include "base/error.h"
#include "config/config.h"
#include "host/drivers.h"
#include "ndis/host.h"

struct machine;

/* DPDK, workers, VM ports, drivers, adapters. On failure nothing is left, and 'err' says
 * why; a driver may have told the cause in the log before. */
int machine_start(struct machine **machine, const struct host_config *config, struct error *err);

/* The machine that was started gives its VMs their queues, and captures begin to play.
 * After a failure, which 'err' tells, what remains is machine_stop. */
int machine_begin(struct error *err);

/* Takes no more frames and lets go of those that are held: from here on no count
 * moves. */
void machine_pause(struct machine *machine);

/* Frees every queue, halts the adapters, unloads the drivers. Returns how many things
 * a driver left behind; each has been told in the log. The reports of what was played
 * live on until machine_stop. */
unsigned machine_remove(struct machine *machine);

/* Removes what was not yet removed, and ends the workers. Accepts NULL. */
void machine_stop(struct machine *machine);

/* The adapter that the switch is bound to. */
struct ndis_adapter *machine_adapter(struct machine *machine);

/* An adapter of the configuration. */
struct machine_adapter_view {
	const char *name;
	struct ndis_adapter *adapter;
	const void *miniport;        /* our own miniport's context; NULL: another's */
	bool has_switch;
};

/* The adapters from 0. False: there are no more. */
bool machine_adapter_at(struct machine *machine, unsigned index, struct machine_adapter_view *view);

/* The file of that adapter's miniport; NULL: it is our own. */
const char *machine_driver_file(const struct machine *machine);

/* Whether a miniport has asked for its adapter to be removed. */
bool machine_has_lost_an_adapter(const struct machine *machine);

struct drivers *machine_drivers(struct machine *machine);

#endif
