/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports whose driver has receive interrupts, by a descriptor for each queue: a worker sleeps on
 * them. What was enabled too late for a frame that is there already is found by one more burst,
 * which is kept for the next; not every driver can be asked how many frames wait.
 */
#ifndef NIC_NIC_SIGNAL_H
#define NIC_NIC_SIGNAL_H

#include "nic/nic_ethdev.h"

/* The port has started and 'signals' is set: gives each queue its descriptor. Where one of them has
 * none that can be armed, all keep what they have, and 'signals' is cleared. Control thread. */
void signal_start(struct nic_ethdev *e);

/* The port has stopped: frees what is kept, and the descriptors. Control thread. */
void signal_stop(struct nic_ethdev *e);

uint16_t signal_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);
bool signal_rx_arm(struct nic *nic, uint16_t queue, bool sleep);

#endif
