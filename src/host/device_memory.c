/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that a DPDK device can reach: a PCI device by its IOMMU or by physical addresses, and a
 * process that plays a device, as a vhost-user back end does, by the descriptors of the memory's
 * files. DPDK gives those only of memory that it has itself, in hugepages or without. With
 * physical addresses a block is of several pieces for a device: each buffer has its own address.
 */
#include "host/device_memory.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_memzone.h>

#include "base/log.h"

static void *give(size_t length)
{
	static atomic_uint number;
	char name[RTE_MEMZONE_NAMESIZE];
	const struct rte_memzone *zone;

	snprintf(name, sizeof(name), "device-%u", atomic_fetch_add(&number, 1));
	zone = rte_memzone_reserve_aligned(name, length, SOCKET_ID_ANY, 0, (unsigned)getpagesize());
	if (!zone) {
		log_info("DPDK's memory has no %zu MiB in one piece: devices cannot reach that block "
			 "of shared memory", (length >> 20) + 1);
		return NULL;
	}
	memset(zone->addr, 0, length);   /* what was freed to hugepages of files is not */
	return zone->addr;
}

struct search {
	const void *address;
	const struct rte_memzone *zone;
};

static void look_at(const struct rte_memzone *zone, void *context)
{
	struct search *s = context;

	if (zone->addr == s->address)
		s->zone = zone;
}

static void take_back(void *address)
{
	struct search s = { .address = address };

	rte_memzone_walk(look_at, &s);
	rte_memzone_free(s.zone);
}

const struct ndis_device_memory device_memory = { give, take_back };
