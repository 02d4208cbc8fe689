/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the control path costs, through all of it: a protocol's OID requests, NDIS, and the
 * miniport over a capture that is replayed for ever, or that has ended.
 *
 * Traffic with changes and without is measured in short slices that take turns, so that a
 * busy neighbour slows both; what counts is the median of their ratios.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "frame/pcapng.h"
#include "kernel/kernel.h"
#include "lookup.h"
#include "median.h"
#include "protocol.h"

#define VMS        16      /* whose frames the capture holds */
#define FRAMES     1024
#define FRAME      60
#define BUFFERS    512
#define ROUND_S    0.2     /* queues come and go for so long, */
#define ROUNDS     9       /* so many times */
#define SLICE_S    0.04
#define SLICES     51      /* of each kind */
#define STRANGERS  0x100000   /* MAC addresses without frames begin here */

static char capture[] = "/tmp/control_bench.XXXXXX";

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int worker_begins(unsigned worker)
{
	(void)worker;
	return rte_thread_register() ? -1 : 0;
}

static void worker_ends(unsigned worker)
{
	(void)worker;
	rte_thread_unregister();
}

/* ---- what is measured ---- */

/* A VM's queue comes and goes; how often in a second. */
static double cycles(void)
{
	double rounds[ROUNDS];

	for (unsigned r = 0; r < ROUNDS; r++) {
		double start = now(), end;
		unsigned n = 0;

		do {
			ULONG queue = control_allocate(0), filter;

			filter = control_filter(queue, STRANGERS);
			control_complete(queue);
			control_clear(queue, filter);
			control_free(queue);
			n++;
			end = now();
		} while (end - start < ROUND_S);
		rounds[r] = n / (end - start);
	}
	return median(rounds, ROUNDS);
}

struct slice {
	double mpps, changes;   /* changes in a second */
};

static struct slice slice_of(ULONG queue, bool changing)
{
	uint64_t before = control_report().indicated;
	double start = now(), end;
	unsigned n = 0;

	if (!changing)
		usleep((useconds_t)(SLICE_S * 1e6));
	while (changing && now() - start < SLICE_S) {
		control_clear(queue, control_filter(queue, STRANGERS - 1));
		n += 2;
	}
	end = now();
	return (struct slice){ (double)(control_report().indicated - before) / (end - start) / 1e6,
			       n / (end - start) };
}

/* Full traffic to VMS queues, while 'filters' filters stand. */
static void traffic(unsigned filters)
{
	double calm[SLICES], changing[SLICES], ratio[SLICES], changes[SLICES];
	ULONG queue[VMS];
	static ULONG filter[8192];

	for (unsigned i = 0; i < VMS; i++)
		queue[i] = control_allocate(0);
	for (unsigned i = 0; i < filters; i++)
		filter[i] = control_filter(queue[i % VMS], i < VMS ? i : STRANGERS + i);
	for (unsigned i = 0; i < VMS; i++)
		control_complete(queue[i]);
	for (unsigned i = 0; i < SLICES; i++) {
		struct slice without = slice_of(queue[0], false), with = slice_of(queue[0], true);

		calm[i] = without.mpps;
		changing[i] = with.mpps;
		ratio[i] = with.mpps / without.mpps;
		changes[i] = with.changes;
	}
	printf("%6u filters   %10.0f changes/s   %6.2f Mpps, %6.2f without changes, ratio %.2f\n",
	       filters, median(changes, SLICES), median(changing, SLICES), median(calm, SLICES),
	       median(ratio, SLICES));
	for (unsigned i = 0; i < filters; i++)
		control_clear(queue[i % VMS], filter[i]);
	for (unsigned i = 0; i < VMS; i++)
		control_free(queue[i]);
}

/* ---- the run ---- */

static int write_capture(void)
{
	uint8_t frame[FRAME] = { 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 1, 0x88, 0xb5 };
	struct error err = { "" };
	struct pcapng *file;
	int fd = mkstemp(capture), rc;

	if (fd < 0)
		return -1;
	close(fd);
	rc = pcapng_create(&file, capture, "bench", &err);
	if (rc) {
		fprintf(stderr, "control_bench: %s\n", err.text);
		return rc;
	}
	for (unsigned i = 0; !rc && i < FRAMES; i++) {
		frame[5] = (uint8_t)(i % VMS);
		rc = pcapng_write(file, frame, FRAME, i, NULL);
	}
	return pcapng_close(file) || rc;
}

static int machine_start(void)
{
	const char *args[] = { "control_bench", "--no-huge", "--no-shconf", "--no-pci",
			       "--no-telemetry", "--log-level=critical", "-m128" };
	/* One processor for the traffic; its worker has a CPU to itself where there are two. */
	const struct kernel_config k = { .processors = 1, .workers = 1,
					 .worker_begins = worker_begins, .worker_ends = worker_ends };
	struct error err = { "" };
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	if (rte_eal_init(sizeof(args) / sizeof(args[0]), (char **)args) < 0)
		return -1;
	sched_setaffinity(0, sizeof(cpus), &cpus);   /* DPDK pins the calling thread */
	if (!kernel_start(&k, &err))
		return 0;
	fprintf(stderr, "control_bench: %s\n", err.text);
	return -1;
}

int main(void)
{
	static const unsigned lookups[] = { 1, 16, 256, 4096 }, standing[] = { 16, 256, 4000 };
	char nic[80];

	if (machine_start() || write_capture())
		return 1;
	printf("The control path (bench/README.md)\n");
	printf("A VM's queue comes and goes: allocate, set filter, complete, clear, free\n");
	snprintf(nic, sizeof(nic), "pcap:%s", capture);
	control_open(nic, VMS + 1, BUFFERS);
	printf("%-22s %8.0f times/s\n", "  no traffic", cycles());
	control_close();
	snprintf(nic, sizeof(nic), "pcap-loop:%s", capture);
	control_open(nic, VMS + 1, BUFFERS);
	printf("%-22s %8.0f times/s\n", "  full traffic", cycles());
	printf("Filters change as fast as they can under full traffic to %u VMs\n", VMS);
	for (unsigned i = 0; i < sizeof(standing) / sizeof(standing[0]); i++)
		traffic(standing[i]);
	control_close();
	unlink(capture);
	printf("Which queue is a frame for: ns per frame, in bursts of 32\n");
	for (unsigned i = 0; i < sizeof(lookups) / sizeof(lookups[0]); i++) {
		struct lookup_cost c = lookup_measure(lookups[i]);

		printf("%6u filters   %6.2f ours, %6.2f rte_hash, ratio %.2f\n", lookups[i], c.ours,
		       c.rte_hash, c.ratio);
	}
	kernel_stop();
	return rte_eal_cleanup() < 0;
}
