/* SPDX-License-Identifier: BSD-2-Clause */
/* At which IRQL each function of NDIS may be called, and what a function shows else. */
#include "verifier/inside.h"

#include <string.h>

#include "verifier/irql_table.h"

enum irql_need {
#define X(name, text) NEED_##name,
	IRQL_NEEDS(X)
#undef X
};

static const char *const need_texts[] = {
#define X(name, text) [NEED_##name] = text,
	IRQL_NEEDS(X)
#undef X
};

static const struct entry {
	const char *function;
	enum irql_need need;
} table[] = {
#define X(function, need) { #function, NEED_##need },
	IRQL_TABLE(X)
#undef X
};

#define ENTRIES ((int)(sizeof(table) / sizeof(table[0])))

/* The table is in the order of strcmp(). */
static const struct entry *find(const char *function)
{
	int low = 0, high = ENTRIES - 1;

	while (low <= high) {
		int middle = (low + high) / 2, order = strcmp(function, table[middle].function);

		if (!order)
			return &table[middle];
		if (order < 0)
			high = middle - 1;
		else
			low = middle + 1;
	}
	return NULL;
}

static bool is_allowed(enum irql_need need, KIRQL irql)
{
	switch (need) {
	case NEED_PASSIVE:
		return irql == PASSIVE_LEVEL;
	case NEED_BELOW_DISPATCH:
		return irql < DISPATCH_LEVEL;
	case NEED_DISPATCH:
		return irql == DISPATCH_LEVEL;
	case NEED_UP_TO_DISPATCH:
		break;
	}
	return irql <= DISPATCH_LEVEL;
}

void irql_called(const char *function, NDIS_HANDLE handle, const void *caller)
{
	const struct entry *e = find(function);
	KIRQL irql = KeGetCurrentIrql();

	(void)caller;
	if (e && !is_allowed(e->need, irql))
		/* Without a handle that tells, it is the driver whose callback this is. */
		report_driver(RULE_IRQL, handle ? handle : callback_object(), function, "function", e->function,
			      "called at IRQL %u, allowed is %s", irql, need_texts[e->need]);
	if (!strcmp(function, "NdisCloseAdapterEx"))
		left_at_close(handle);
}
