/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that runs, brought up and taken down in the documented order. */
#ifndef HOST_MACHINE_H
#define HOST_MACHINE_H

#include "base/error.h"
#include "host/config.h"
#include "ndis/host.h"

struct machine;

/* DPDK, workers, VM ports, drivers, adapter, traffic. On failure nothing is left,
 * and 'err' says why; a driver may have told the cause in the log before. */
int machine_start(struct machine **machine, const struct host_config *config, struct error *err);

/* Takes no more frames and lets go of those that are held: from here on no count
 * moves. */
void machine_pause(struct machine *machine);

/* Frees every queue, halts the adapter, ends the workers. Returns how many things
 * a driver left behind. Accepts NULL. */
unsigned machine_stop(struct machine *machine);

struct ndis_adapter *machine_adapter(struct machine *machine);

#endif
