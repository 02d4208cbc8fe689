/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How far two CPUs are from each other now: a cache line that goes from one to the other and back,
 * in nanoseconds, the median of some milliseconds' turns. On a virtual machine that changes as the
 * hypervisor moves its CPUs between cores that share a cache and cores that do not.
 *
 *   crossing CPU CPU
 *
 * For each line on standard input one measurement, a number on a line of standard output. Ends when
 * the input does.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/control/median.h"

#define TURNS    15
#define CROSSING 400     /* times there and back in a turn */

static _Alignas(64) atomic_uint line;      /* odd: the other's turn */
static _Alignas(64) atomic_bool measured;

static void run_on(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((unsigned)atoi(cpu), &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		fprintf(stderr, "crossing: CPU %s cannot be had\n", cpu);
		exit(1);
	}
}

static void *answer(void *cpu)
{
	run_on(cpu);
	while (!atomic_load_explicit(&measured, memory_order_relaxed)) {
		unsigned at = atomic_load(&line);

		if (at & 1)
			atomic_store(&line, at + 1);
	}
	return NULL;
}

static double turn(void)
{
	uint64_t start = clock_ns();

	for (unsigned i = 0; i < CROSSING; i++) {
		unsigned at = atomic_load(&line) + 1;

		atomic_store(&line, at);
		while (atomic_load(&line) == at)
			;
	}
	return (double)(clock_ns() - start) / CROSSING;
}

/* The other thread runs only meanwhile. */
static double measure(char *other)
{
	double ns[TURNS];
	pthread_t thread;

	atomic_store(&measured, false);
	if (pthread_create(&thread, NULL, answer, other)) {
		fprintf(stderr, "crossing: no thread\n");
		exit(1);
	}
	turn();   /* until both run */
	for (unsigned i = 0; i < TURNS; i++)
		ns[i] = turn();
	atomic_store(&measured, true);
	pthread_join(thread, NULL);
	return median(ns, TURNS);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "crossing: two CPUs are to be named\n");
		return 2;
	}
	run_on(argv[1]);
	for (int c; (c = getchar()) != EOF;)
		if (c == '\n') {
			printf("%.0f\n", measure(argv[2]));
			fflush(stdout);
		}
	return 0;
}
