/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/standstill.h"

#include "base/clock.h"

void standstill_begin(struct standstill *s)
{
	CPU_ZERO(&s->cpus);
	sched_getaffinity(0, sizeof(s->cpus), &s->cpus);
	s->cpu = sched_getcpu();
	s->before = clock_ns();
}

/* The next of them, which is the same one if there is no other. */
static void next_cpu(struct standstill *s)
{
	cpu_set_t next;

	for (int i = 0; i < CPU_SETSIZE; i++) {
		s->cpu = (s->cpu + 1) % CPU_SETSIZE;
		if (CPU_ISSET(s->cpu, &s->cpus))
			break;
	}
	CPU_ZERO(&next);
	CPU_SET(s->cpu, &next);
	sched_setaffinity(0, sizeof(next), &next);   /* returns there */
}

uint64_t standstill_look(struct standstill *s, uint64_t longest_ns)
{
	uint64_t now, passed;

	next_cpu(s);
	now = clock_ns();
	passed = now - s->before;
	s->before = now;
	return passed > longest_ns ? passed - longest_ns : 0;
}
