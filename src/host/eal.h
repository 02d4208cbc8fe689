/* SPDX-License-Identifier: BSD-2-Clause */
/* DPDK's environment: started once, before anything that uses it. */
#ifndef HOST_EAL_H
#define HOST_EAL_H

#include "base/error.h"
#include "config/config.h"

/* Starts it with the configuration's options, or, where it gives none, so that it
 * needs neither hugepages nor privilege. -EINVAL: DPDK refused. */
int eal_start(const struct host_config *config, struct error *err);
void eal_stop(void);

/* A worker's first and last act: DPDK keeps caches per known thread. */
int eal_thread_begins(unsigned worker);
void eal_thread_ends(unsigned worker);

#endif
