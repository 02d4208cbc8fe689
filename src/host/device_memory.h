/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for NDIS to give to miniports that a DPDK device can reach. */
#ifndef HOST_DEVICE_MEMORY_H
#define HOST_DEVICE_MEMORY_H

#include "ndis/host.h"

/* DPDK's own. While DPDK is up. */
extern const struct ndis_device_memory device_memory;

#endif
