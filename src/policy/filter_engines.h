/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter engines there are, by name. What an engine does is told in vmq/filter_engine.h. */
#ifndef POLICY_FILTER_ENGINES_H
#define POLICY_FILTER_ENGINES_H

#include "vmq/filter_engine.h"

/* X(its struct vmq_filter_engine, its name); the first is used where nothing is said */
#define FILTER_ENGINES(X)                       \
	X(vmq_filter_engine_table,  "table")    \
	X(filter_engine_rte_hash,   "rte-hash")

#define X(engine, name) extern const struct vmq_filter_engine engine;
FILTER_ENGINES(X)
#undef X

/* Every engine, to a NULL. */
extern const struct vmq_filter_engine *const filter_engines[];

/* The engine of that name; NULL: there is none. Any thread. */
const struct vmq_filter_engine *filter_engine_find(const char *name);

/* "table, rte-hash": what may be written. */
const char *filter_engine_names(void);

#endif
