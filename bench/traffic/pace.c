/* SPDX-License-Identifier: BSD-2-Clause */
#include "pace.h"

#include <rte_cycles.h>

#define FRACTION 10u           /* bits of a cycle's fraction */
#define LATE_US  20u
#define SKIP_US  1000u

void pace_start(struct pace *p, double rate, uint64_t now)
{
	double period = (double)rte_get_tsc_hz() / rate;

	p->start = now;
	p->next = 0;
	p->period = (uint64_t)(period * (1u << FRACTION));
	p->lateness = rte_get_tsc_hz() / 1000000 * LATE_US;
	p->patience = rte_get_tsc_hz() / 1000000 * SKIP_US;
	/* At a low rate a few must have been missed, before this program can be said to stand. */
	if (p->patience < (uint64_t)(16 * period))
		p->patience = (uint64_t)(16 * period);
}

unsigned pace_due(struct pace *p, uint64_t now, unsigned most)
{
	uint64_t passed = (now - p->start) << FRACTION, behind;
	unsigned n = 0;

	if (passed < p->next)
		return 0;
	behind = passed - p->next;
	if (behind >> FRACTION > p->patience) {
		uint64_t periods = behind / p->period;

		p->skipped += periods;
		p->next += periods * p->period;
	}
	for (; n < most && p->next <= passed; n++, p->next += p->period)
		p->late += (passed - p->next) >> FRACTION > p->lateness;
	return n;
}
