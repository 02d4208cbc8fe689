/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of VM ports share: DPDK without hugepages, a pool, frames. */
#ifndef TESTS_VMPORT_TESTING_H
#define TESTS_VMPORT_TESTING_H

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

/* As large as a frame pool's private area may become. */
#define TESTING_PRIVATE 768

static inline int testing_dpdk_start(const char *log_level)
{
	char level[64];
	char name[] = "vmport", huge[] = "--no-huge", conf[] = "--no-shconf";
	char pci[] = "--no-pci", telemetry[] = "--no-telemetry", m[] = "-m", size[] = "256";
	char *args[] = { name, huge, conf, pci, telemetry, m, size, level, NULL };

	snprintf(level, sizeof(level), "--log-level=%s", log_level);
	return rte_eal_init(RTE_DIM(args) - 1, args) < 0 ? -1 : 0;
}

static inline struct rte_mempool *testing_pool(const char *name, unsigned frames,
					       uint16_t data_room)
{
	return rte_pktmbuf_pool_create(name, frames, 0, TESTING_PRIVATE,
				       data_room + RTE_PKTMBUF_HEADROOM, SOCKET_ID_ANY);
}

/* A broadcast frame of 'length' bytes whose last bytes all are 'mark'. */
static inline struct rte_mbuf *testing_frame(struct rte_mempool *pool, uint16_t length,
					     uint8_t mark)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint8_t *bytes;

	if (!m)
		return NULL;
	bytes = (uint8_t *)rte_pktmbuf_append(m, length);
	memset(bytes, mark, length);
	memset(bytes, 0xff, RTE_MIN(length, 6));
	if (length >= 14)
		memcpy(bytes + 6, "\x02\0\0\0\0\x01\x88\xb5", 8);
	return m;
}

#endif
