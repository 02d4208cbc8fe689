/* SPDX-License-Identifier: BSD-2-Clause */
/* Steering by the driver of a DPDK device: rte_flow. Control thread. */
#ifndef NIC_NIC_STEER_FLOW_H
#define NIC_NIC_STEER_FLOW_H

#include "nic/nic_ethdev.h"

/* How many queues, 0 .. config.steer_queues, the opened device can have for steering.
 * A device that does not steer says why in the log. */
uint16_t steer_flow_queues(struct nic_ethdev *e);

/* Keeps frames without a rule off the steered queues of the started port. */
void steer_flow_spread(const struct nic_ethdev *e);

int steer_flow_set(struct nic *nic, struct nic_rule *rule, struct error *err);
void steer_flow_clear(struct nic *nic, struct nic_rule *rule);

#endif
