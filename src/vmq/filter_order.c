/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/filter.h"

#include <stdlib.h>
#include <string.h>

static int order(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int vmq_filter_order(const struct vmq_filter *x, const struct vmq_filter *y)
{
	int c = memcmp(x->mac, y->mac, sizeof(x->mac));

	if (!c)
		c = order(x->vlan_test, y->vlan_test);
	if (!c && x->vlan_test == VMQ_VLAN_EQUAL)
		c = order(x->vlan, y->vlan);
	return c ? c : order(x->id, y->id);
}

/* Of two that are the same the earlier one is the first. */
static int pointer_order(const void *a, const void *b)
{
	const struct vmq_filter *x = *(const struct vmq_filter *const *)a;
	const struct vmq_filter *y = *(const struct vmq_filter *const *)b;
	int c = vmq_filter_order(x, y);

	return c ? c : (x > y) - (x < y);
}

static int is_sorted(const struct vmq_filter *filters, unsigned n)
{
	for (unsigned i = 1; i < n; i++)
		if (vmq_filter_order(&filters[i - 1], &filters[i]) > 0)
			return 0;
	return 1;
}

void vmq_filter_sort(const struct vmq_filter **sorted, const struct vmq_filter *filters, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sorted[i] = &filters[i];
	if (!is_sorted(filters, n))
		qsort(sorted, n, sizeof(*sorted), pointer_order);
}
