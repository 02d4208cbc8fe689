/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/filter.h"

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
