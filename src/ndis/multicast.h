/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The multicast addresses that one binding asked for. Control writes them, one request at
 * a time; workers read them without a lock: the version is odd while they change.
 */
#ifndef NDIS_MULTICAST_H
#define NDIS_MULTICAST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ndis.h>

#define NDIS_MAX_MULTICAST 256   /* addresses of one binding */

/* An entry: the address in the lower 48 bits, above it how often it was added. */
struct ndis_multicast {
	atomic_uint version;
	atomic_uint n;
	_Atomic uint64_t list[NDIS_MAX_MULTICAST];
};

/* Whether 'address' (6 bytes) is among them. Any thread, any IRQL. */
bool ndis_multicast_has(const struct ndis_multicast *multicast, const UCHAR *address);

#endif
