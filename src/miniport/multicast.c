/* SPDX-License-Identifier: BSD-2-Clause */
/* The multicast addresses that a packet filter with NDIS_PACKET_TYPE_MULTICAST lets
 * through on the default queue (U8, U11). */
#include "miniport/adapter.h"

#include <stdlib.h>

#include "base/log.h"

#define LENGTH 6

static uint64_t address_of(const uint8_t *bytes)
{
	uint64_t a = 0;

	for (unsigned i = 0; i < LENGTH; i++)
		a = a << 8 | bytes[i];
	return a;
}

static int address_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* In force when the OID completes, as the packet filter. */
NDIS_STATUS mp_multicast_set(struct mp_adapter *a, const UCHAR *addresses, UINT length)
{
	struct mp_multicast *m;
	unsigned n = length / LENGTH;

	if (length % LENGTH) {
		log_debug("miniport: a multicast list has %u bytes, and must have a multiple of %d",
			  length, LENGTH);
		return NDIS_STATUS_INVALID_LENGTH;
	}
	if (n > MP_MULTICAST_MAX)
		return NDIS_STATUS_MULTICAST_FULL;
	m = malloc(sizeof(*m) + n * sizeof(m->list[0]));
	if (!m)
		return NDIS_STATUS_RESOURCES;
	m->n = n;
	for (unsigned i = 0; i < n; i++)
		m->list[i] = address_of(addresses + (size_t)i * LENGTH);
	qsort(m->list, n, sizeof(m->list[0]), address_order);
	m = atomic_exchange_explicit(&a->multicast, m, memory_order_acq_rel);
	if (m)
		OvmqCallWhenQuiet(free, m);
	return NDIS_STATUS_SUCCESS;
}

void mp_multicast_destroy(struct mp_adapter *a)
{
	free(atomic_exchange(&a->multicast, NULL));
}

bool mp_multicast_has(const struct mp_adapter *a, const uint8_t *address)
{
	const struct mp_multicast *m = atomic_load_explicit(&a->multicast, memory_order_acquire);
	uint64_t wanted = address_of(address);

	return m && bsearch(&wanted, m->list, m->n, sizeof(m->list[0]), address_order);
}
