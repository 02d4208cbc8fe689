/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>

#include "arguments.h"

#define BASE_MEGABYTES 64u

static int usage(void)
{
	fputs("usage: traffic [--cpu N] [--huge] [--memory MB] [--file-prefix NAME] "
	      "--port NAME=KIND:... [--port ...]\nREADME.md has kinds and commands.\n", stderr);
	return -EINVAL;
}

static unsigned first_allowed(void)
{
	cpu_set_t cpus;

	sched_getaffinity(0, sizeof(cpus), &cpus);
	for (unsigned i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &cpus))
			return i;
	return 0;
}

static int read_number(const char *text, uint64_t most, unsigned *out)
{
	uint64_t value;

	if (arguments_number(text, 0, most, &value)) {
		fprintf(stderr, "traffic: %s is not a number up to %u\n", text, (unsigned)most);
		return -EINVAL;
	}
	*out = (unsigned)value;
	return 0;
}

static int read_one(struct options *o, int option, const char *value)
{
	switch (option) {
	case 'c':
		return read_number(value, CPU_SETSIZE - 1, &o->cpu);
	case 'm':
		return read_number(value, 1u << 20, &o->megabytes);
	case 'h':
		o->huge = true;
		return 0;
	case 'f':
		snprintf(o->prefix, sizeof(o->prefix), "%s", value);
		return 0;
	case 'p':
		if (o->n_ports == GUESTS) {
			fprintf(stderr, "traffic: more than %u ports\n", GUESTS);
			return -E2BIG;
		}
		o->ports[o->n_ports++] = value;
		return 0;
	default:
		return usage();
	}
}

int options_read(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{ "cpu", required_argument, NULL, 'c' },
		{ "huge", no_argument, NULL, 'h' },
		{ "memory", required_argument, NULL, 'm' },
		{ "file-prefix", required_argument, NULL, 'f' },
		{ "port", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	memset(o, 0, sizeof(*o));
	o->cpu = first_allowed();
	snprintf(o->prefix, sizeof(o->prefix), "traffic%d", (int)getpid());
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		int rc = read_one(o, option, optarg);

		if (rc)
			return rc;
	}
	if (optind < argc || !o->n_ports)
		return usage();
	if (!o->megabytes)
		o->megabytes = BASE_MEGABYTES + PORT_MEGABYTES * o->n_ports;
	return 0;
}

int options_start_dpdk(const struct options *o)
{
	char lcores[16], memory[16], prefix[80];
	const char *argv[16] = { "traffic", "--lcores", lcores, "-m", memory, "--no-pci",
				 "--no-telemetry", "--log-level=*:4" };
	int argc = 8;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(o->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
		fprintf(stderr, "traffic: CPU %u: %s\n", o->cpu, strerror(errno));
		return -errno;
	}
	snprintf(lcores, sizeof(lcores), "0@%u", o->cpu);
	snprintf(memory, sizeof(memory), "%u", o->megabytes);
	snprintf(prefix, sizeof(prefix), "--file-prefix=%s", o->prefix);
	if (o->huge) {
		/* A vhost-user peer gets each file's descriptor, and takes eight at most. */
		argv[argc++] = "--single-file-segments";
		argv[argc++] = "--in-memory";
		argv[argc++] = prefix;
	} else {
		argv[argc++] = "--no-huge";
		argv[argc++] = "--no-shconf";
	}
	if (rte_eal_init(argc, (char **)argv) < 0) {
		fprintf(stderr, "traffic: DPDK does not start: %s\n", rte_strerror(rte_errno));
		return -EINVAL;
	}
	return 0;
}

void options_stop_dpdk(const struct options *o)
{
	char folder[256];

	snprintf(folder, sizeof(folder), "%s", rte_eal_get_runtime_dir());
	rte_eal_cleanup();
	/* Without hugepages it is one that all programs on DPDK have. */
	if (o->huge)
		(void)rmdir(folder);
}
