/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tap without signals. DPDK's driver reads its descriptors only after its signal handler was
 * called, which the kernel does for every frame, on whichever thread it likes: a worker that its
 * descriptor woke would find nothing until that thread had run, and frames at full rate would
 * cost a signal each. Here the kernel sends none, and each look for frames calls the handler.
 */
#ifndef NIC_NIC_TAP_LOOK_H
#define NIC_NIC_TAP_LOOK_H

#include "nic/nic_ethdev.h"

/* The started port's descriptors are known. Where the driver has no such handler, all stays as
 * it made it. Control thread. */
void tap_look_start(struct nic_ethdev *e);

uint16_t tap_rx_burst(struct nic *nic, uint16_t queue, struct rte_mbuf **pkts, uint16_t n);

#endif
