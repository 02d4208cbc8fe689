/* SPDX-License-Identifier: BSD-2-Clause */
/* How DPDK's mempools of this room keep their free mbufs: a ring for any number of
 * threads, as DPDK's default is, but in the process's own memory, not in a memzone. */
#ifndef FRAME_RING_OPS_H
#define FRAME_RING_OPS_H

/* For rte_mempool_set_ops_byname(). */
extern const char frame_ring_ops[];

#endif
