/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/filter_engines.h"

const struct vmq_filter_engine *const filter_engines[] = {
#define X(engine, name) &engine,
	FILTER_ENGINES(X)
#undef X
	NULL,
};

/* "table, rte-hash" behind a comma and a blank */
#define X(engine, name) ", " name
static const char names[] = "" FILTER_ENGINES(X);
#undef X

const char *filter_engine_names(void)
{
	return names + 2;
}

const struct vmq_filter_engine *filter_engine_find(const char *name)
{
	for (unsigned i = 0; filter_engines[i]; i++)
		if (!strcmp(filter_engines[i]->name, name))
			return filter_engines[i];
	return NULL;
}
