/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steering by the kernel's tun driver, which asks a BPF program for the queue of each
 * frame. DPDK's own rte_flow for a tap needs traffic classifiers that many kernels
 * lack, and finds out only when a rule is made. Control thread.
 */
#ifndef NIC_NIC_STEER_TAP_H
#define NIC_NIC_STEER_TAP_H

#include "nic/nic_ethdev.h"

/* Loads the program. False, with the reason in the log: this kernel, or a missing
 * privilege, does not let us. */
bool steer_tap_load(struct nic_ethdev *e);

/* Gives it to the tap, whose queues are all there. 0, or a negative errno and 'err'. */
int steer_tap_attach(struct nic_ethdev *e, struct error *err);

/* Accepts a port without a program. */
void steer_tap_unload(struct nic_ethdev *e);

int steer_tap_set(struct nic *nic, struct nic_rule *rule, struct error *err);
void steer_tap_clear(struct nic *nic, struct nic_rule *rule);

#endif
