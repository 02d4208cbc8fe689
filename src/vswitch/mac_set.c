/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/mac_set.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ethernet.h"

int mac_set_create(struct mac_set *set, const uint8_t (*macs)[6], unsigned n)
{
	unsigned bits = 1;

	while (1u << bits < 2 * n)
		bits++;
	set->shift = 64 - bits;
	set->slots = calloc(1u << bits, sizeof(*set->slots));
	if (!set->slots)
		return -ENOMEM;
	for (unsigned m = 0; m < n; m++) {
		uint64_t key = ethernet_address(macs[m]), i = mac_set_home(set, key);

		while (set->slots[i] && set->slots[i] != key)
			i = (i + 1) & ((1u << bits) - 1);
		set->slots[i] = key;
	}
	return 0;
}

void mac_set_destroy(struct mac_set *set)
{
	free(set->slots);
	*set = (struct mac_set){ NULL, 0 };
}
