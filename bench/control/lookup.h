/* SPDX-License-Identifier: BSD-2-Clause */
/* What finding a frame's queue costs, beside DPDK's rte_hash. After rte_eal_init(). */
#ifndef BENCH_CONTROL_LOOKUP_H
#define BENCH_CONTROL_LOOKUP_H

struct lookup_cost {
	double ours, rte_hash;   /* ns for one frame, medians */
	double ratio;            /* median of the turns' ratios, ours to rte_hash's */
};

/* Of frames that one of 'filters' filters (1 .. 4096) on MAC and VLAN matches. Ends the
 * program when memory is short. */
struct lookup_cost lookup_measure(unsigned filters);

#endif
