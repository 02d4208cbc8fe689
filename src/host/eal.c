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
#include "vswitch/vswitch.h"

#define MAX_OPTIONS 64

/* Megabytes for the pools that lie in DPDK's own memory: every VM's, the switch's
 * copies and the miniport's, and something for rings, ports and caches. */
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
	return (unsigned)(frame * frames >> 20) + (each < vswitch_vm_frames(1) ? 0 : 2u * ports) +
	       ports / 4 + 96;
}

static int append(char **argv, int argc, const char *option)
{
	if (argc < MAX_OPTIONS)
		argv[argc++] = (char *)option;
	return argc;
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
	return 0;
}

void eal_stop(void)
{
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
