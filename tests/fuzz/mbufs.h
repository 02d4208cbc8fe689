/* SPDX-License-Identifier: BSD-2-Clause */
/* For targets that work on mbufs: DPDK with a pool, and a condition that must hold. */
#ifndef FUZZ_MBUFS_H
#define FUZZ_MBUFS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#define NEED(true_when)                                                      \
	do {                                                                 \
		if (!(true_when)) {                                          \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #true_when); \
			abort();                                             \
		}                                                            \
	} while (0)

/* A pool of 'n' mbufs with 'room' bytes behind the headroom each. */
static inline struct rte_mempool *mbufs_create(unsigned n, uint16_t room)
{
	char *args[] = { (char *)"fuzz", (char *)"--no-huge", (char *)"--no-shconf",
			 (char *)"--no-pci", (char *)"--no-telemetry", (char *)"-m", (char *)"64" };
	struct rte_mempool *pool;

	NEED(rte_eal_init(7, args) >= 0);
	pool = rte_pktmbuf_pool_create("fuzz", n, 0, 0, (uint16_t)(room + RTE_PKTMBUF_HEADROOM), 0);
	NEED(pool);
	return pool;
}

#endif
