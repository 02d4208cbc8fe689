/* SPDX-License-Identifier: BSD-2-Clause */
/* The Toeplitz hash of receive side scaling (N7, N8), by DPDK's rte_thash. */
#ifndef OFFLOAD_HASH_H
#define OFFLOAD_HASH_H

#include <ndis.h>

#include "offload/parse.h"

#define OFFLOAD_HASH_KEY 40

struct offload_hash {
	uint32_t types;                        /* NDIS_HASH_..., those in force */
	uint32_t key[OFFLOAD_HASH_KEY / 4];    /* as rte_softrss_be() wants it */
};

/* Makes a hash ready; 'types' are NDIS_HASH_..., other bits are not looked at. Any thread. */
void offload_hash_init(struct offload_hash *h, uint32_t types, const uint8_t key[OFFLOAD_HASH_KEY]);

/*
 * The hash of a frame, of which 'length' bytes may be read. Returns the type that was
 * used (one of 'types'), with the hash in '*value'; 0: the frame has none of these (N8). Any
 * thread; nothing is written.
 */
uint32_t offload_hash_frame(const struct offload_hash *h, const uint8_t *frame, uint32_t length,
			    uint32_t *value);

#endif
