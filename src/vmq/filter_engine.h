/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What finds the filter of a frame: an engine, one struct of functions. An adapter uses one
 * for as long as it runs (its 'filter-engine'); which ones there are is policy/policy.h's.
 *
 * An engine builds a set of filters whole and never changes it: control makes a new one for
 * each change, publishes it, and destroys the old one when the workers are quiet. filter_rule.h
 * decides overlaps for those that can but find a key.
 */
#ifndef VMQ_FILTER_ENGINE_H
#define VMQ_FILTER_ENGINE_H

#include "vmq/filter.h"

/* What a set costs. */
struct vmq_filter_cost {
	size_t bytes;       /* memory of all of it */
	unsigned lines;     /* the most cache lines that one search for a key reads; 0: it cannot
			     * tell */
};

/* A set of filters, as its engine has it. */
struct vmq_filter_set;

struct vmq_filter_engine {
	const char *name;       /* as the configuration and results have it */
	const char *text;       /* what it is, in a line */

	/*
	 * Builds the set of 'n' filters (0 .. VMQ_FILTERS_MAX); the array is not kept and may be
	 * NULL when n is 0. Whoever builds often keeps it sorted by vmq_filter_order(). Of two
	 * filters with the same id that match the same frame the earlier one wins. Control thread.
	 *
	 * NULL: no memory, or no such set: n too large, a VLAN test that is none, an EQUAL filter
	 * with a VLAN above 4095.
	 */
	struct vmq_filter_set *(*create)(const struct vmq_filter *filters, unsigned n);
	void (*destroy)(struct vmq_filter_set *set);   /* accepts NULL; any thread */

	/*
	 * Writes the queue id of each of 'n' keys (0 .. VMQ_MATCH_MAX) to 'queues': the
	 * queue of the matching filter with the lowest id, else 0, the default queue
	 * (C3, D4).
	 *
	 * Returns the keys that a filter matched: bit i stands for keys[i]. Filters of
	 * the default queue exist too (D27), so the queue id alone does not tell a
	 * match from none, and only frames without a match are tested by the packet
	 * filter (U8). Worker, several at a time; reads the set only.
	 */
	uint64_t (*match)(const struct vmq_filter_set *set, const vmq_key_t *keys, unsigned n,
			  uint16_t *queues);

	struct vmq_filter_cost (*cost)(const struct vmq_filter_set *set);   /* any thread */
};

/* filter_table.c: the one that is used where nothing else is said. */
extern const struct vmq_filter_engine vmq_filter_engine_table;

#endif
