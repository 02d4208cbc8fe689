/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each ETS account has a clock that runs by the bytes it sends over its share; the account
 * whose clock is behind goes next, so clocks advance together while all have something to
 * send, and bytes are as shares. A clock that stood because nothing waited is set forward
 * when something does: what was not used is not saved up.
 */
#include "vmq/traffic_class.h"

#include <string.h>

/* A clock's unit: fine enough that shares of 1 .. 100 are exact to 1 in 4000. */
#define UNIT       (100u << 14)
/* Clocks beyond this are all set back, long before they could overflow. */
#define CLOCK_HIGH (1ull << 62)

unsigned vmq_priority_rank(unsigned priority)
{
	return priority > 1 ? priority : !priority;
}

void vmq_traffic_rules_single(struct vmq_traffic_rules *rules)
{
	memset(rules, 0, sizeof(*rules));
	rules->n = 1;
}

void vmq_traffic_rules_802_1p(struct vmq_traffic_rules *rules)
{
	memset(rules, 0, sizeof(*rules));
	rules->n = VMQ_PRIORITIES;
	for (uint8_t p = 0; p < VMQ_PRIORITIES; p++)
		rules->of_priority[p] = p;
}

/* The rank of a class is that of its highest priority. */
static unsigned rank_of(const struct vmq_traffic_rules *rules, unsigned cls)
{
	unsigned rank = 0;

	for (unsigned p = 0; p < VMQ_PRIORITIES; p++)
		if (rules->of_priority[p] == cls && vmq_priority_rank(p) > rank)
			rank = vmq_priority_rank(p);
	return rank;
}

static void add_strict(struct vmq_traffic_classes *c, const struct vmq_traffic_rules *rules,
		       unsigned cls)
{
	unsigned at = c->n_strict++;

	for (; at && rank_of(rules, c->strict[at - 1]) < rank_of(rules, cls); at--)
		c->strict[at] = c->strict[at - 1];
	c->strict[at] = (uint8_t)cls;
}

void vmq_traffic_classes_init(struct vmq_traffic_classes *classes,
			      const struct vmq_traffic_rules *rules)
{
	memset(classes, 0, sizeof(*classes));
	classes->n = rules->n;
	for (unsigned cls = 0; cls < rules->n; cls++) {
		const struct vmq_traffic_rule *r = &rules->of_class[cls];

		if (r->tsa != VMQ_TSA_ETS) {
			add_strict(classes, rules, cls);
			continue;
		}
		classes->ets |= (uint8_t)(1u << cls);
		classes->account[cls] = r->account;
		classes->per_byte[r->account] = r->share ? UNIT / r->share : 0;
	}
}

/* The accounts of some ETS classes, a bit each. */
static uint8_t accounts_of(const struct vmq_traffic_classes *c, uint8_t ready)
{
	uint8_t accounts = 0;

	for (unsigned cls = 0; cls < c->n; cls++)
		if (ready >> cls & 1)
			accounts |= (uint8_t)(1u << c->account[cls]);
	return accounts;
}

/* Whether account a goes before b: one without a share goes when no other can. */
static bool is_before(const struct vmq_traffic_classes *c, unsigned a, unsigned b)
{
	if (!c->per_byte[a] != !c->per_byte[b])
		return c->per_byte[a];
	return c->used[a] < c->used[b];
}

static unsigned choose_account(struct vmq_traffic_classes *c, uint8_t accounts)
{
	unsigned best = VMQ_TRAFFIC_CLASSES;

	for (unsigned a = 0; a < VMQ_TRAFFIC_CLASSES; a++) {
		if (!(accounts >> a & 1))
			continue;
		if (!(c->waited >> a & 1) && c->used[a] < c->now)
			c->used[a] = c->now;   /* it had nothing to send meanwhile */
		if (best == VMQ_TRAFFIC_CLASSES || is_before(c, a, best))
			best = a;
	}
	c->waited = accounts;
	if (c->per_byte[best])
		c->now = c->used[best];
	return best;
}

/* The classes of an account take turns. */
static unsigned next_of_account(const struct vmq_traffic_classes *c, unsigned account, uint8_t ready)
{
	unsigned cls = c->last[account];

	do
		cls = (cls + 1) % VMQ_TRAFFIC_CLASSES;
	while (!(ready >> cls & 1) || c->account[cls] != account);
	return cls;
}

int vmq_traffic_class_next(struct vmq_traffic_classes *classes, uint8_t waiting)
{
	uint8_t ready = waiting & (uint8_t)~atomic_load_explicit(&classes->halted,
								 memory_order_relaxed);

	for (unsigned i = 0; i < classes->n_strict; i++)
		if (ready >> classes->strict[i] & 1)
			return classes->strict[i];
	ready &= classes->ets;
	if (!ready)
		return -1;
	return (int)next_of_account(classes, choose_account(classes, accounts_of(classes, ready)),
				    ready);
}

static void set_clocks_back(struct vmq_traffic_classes *c)
{
	for (unsigned a = 0; a < VMQ_TRAFFIC_CLASSES; a++)
		c->used[a] = c->used[a] > c->now ? c->used[a] - c->now : 0;
	c->now = 0;
}

void vmq_traffic_class_sent(struct vmq_traffic_classes *classes, unsigned cls, unsigned bytes)
{
	unsigned account = classes->account[cls];

	if (!(classes->ets >> cls & 1))
		return;
	classes->last[account] = (uint8_t)cls;
	/* Without a share the clock orders these accounts among each other alone. */
	classes->used[account] += classes->per_byte[account]
					  ? (uint64_t)bytes * classes->per_byte[account] : bytes;
	if (classes->used[account] > CLOCK_HIGH)
		set_clocks_back(classes);
}
