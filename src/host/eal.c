/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/eal.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_log.h>

#include "frame/frame.h"
#include "host/device_memory.h"
#include "miniport/miniport.h"
#include "vswitch/vswitch.h"

#define MAX_OPTIONS 64

/* Its port may write into our memory by itself. */
static bool has_device(const struct adapter_config *a)
{
	return a->nic && !strncmp(a->nic, "dpdk:", strlen("dpdk:"));
}

/* What the miniport asks NDIS for where the NIC is such a device. */
static size_t device_bytes(const struct host_config *c)
{
	size_t sum = 0;

	for (unsigned i = 0; i < c->n_adapters; i++) {
		const struct adapter_config *a = &c->adapters[i];
		const struct miniport_memory_wish wish = {
			.mtu = a->mtu, .rx_queues = a->rx_queues, .queues = a->queues,
			.buffers = a->buffers, .processors = a->has_switch ? 0 : c->processors,
			.loaned = a->receive == CONFIG_RECEIVE_LOANED,
			.steered = a->receive == CONFIG_RECEIVE_STEERED,
		};

		if (has_device(a))
			sum += miniport_device_memory(&wish);
	}
	return sum;
}

/* Megabytes for the pools that lie in DPDK's own memory: every VM's, the switch's
 * copies and the miniport's, what devices fill, and something for rings, ports and caches. */
static unsigned megabytes(const struct host_config *c)
{
	unsigned ports = c->n_vms + 1u, each = vswitch_vm_frames(ports);
	size_t mtu = 0, frames = 4096u + each * ports, page = (size_t)getpagesize(), frame;

	for (unsigned i = 0; i < c->n_adapters; i++) {
		if (c->adapters[i].mtu > mtu)
			mtu = c->adapters[i].mtu;
		if (c->adapters[i].nic)
			frames += 8192u;
	}
	frame = sizeof(struct rte_mbuf) + FRAME_PRIVATE + FRAME_HEADROOM + mtu + 64u + 128u;
	/* Without huge pages DPDK lets no frame cross a page that fits in one. */
	if (frame <= page)
		frame = page / (page / frame);
	/* A pool's caches for every lcore there might be take a megabyte and more; with many
	 * VMs the pools have none. */
	return (unsigned)((frame * frames + device_bytes(c)) >> 20) +
	       (each < vswitch_vm_frames(1) ? 0 : 2u * ports) + ports / 4 + 96;
}

static int append(char **argv, int argc, const char *option)
{
	if (argc < MAX_OPTIONS)
		argv[argc++] = (char *)option;
	return argc;
}

/* Other ports do without DPDK's memory, of which there may not be much. */
static bool wants_device_memory(const struct host_config *c)
{
	for (unsigned i = 0; i < c->n_adapters; i++)
		if (has_device(&c->adapters[i]))
			return true;
	return false;
}

int eal_start(const struct host_config *c, struct error *err)
{
	char *argv[MAX_OPTIONS + 1] = { NULL };
	char memory[16];
	cpu_set_t cpus;
	int argc = append(argv, 0, "vmqd"), rc;

	if (c->eal[0]) {
		for (char **o = c->eal; *o; o++)
			argc = append(argv, argc, *o);
	} else {
		snprintf(memory, sizeof(memory), "%u", megabytes(c));
		argc = append(argv, argc, "--no-huge");
		argc = append(argv, argc, "--no-shconf");
		argc = append(argv, argc, "--no-pci");
		argc = append(argv, argc, "--no-telemetry");
		argc = append(argv, argc, "-m");
		argc = append(argv, argc, memory);
		argc = append(argv, argc, "--log-level=*:3");   /* RTE_LOG_CRIT: our errors say it better */
	}
	/* DPDK pins the calling thread; our workers choose their CPUs themselves. */
	sched_getaffinity(0, sizeof(cpus), &cpus);
	rc = rte_eal_init(argc, argv);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	if (rc < 0)
		return error_set(err, EINVAL, "DPDK does not start: %s; check host.eal in %s",
				 rte_strerror(rte_errno), c->file);
	ndis_device_memory_set(wants_device_memory(c) ? &device_memory : NULL);
	return 0;
}

void eal_stop(void)
{
	ndis_device_memory_set(NULL);
	rte_eal_cleanup();
}

int eal_thread_begins(unsigned worker)
{
	(void)worker;
	return rte_thread_register() ? -rte_errno : 0;
}

void eal_thread_ends(unsigned worker)
{
	(void)worker;
	rte_thread_unregister();
}
