/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/mac_set.h"

#include <errno.h>
#include <stdlib.h>

#include "base/ethernet.h"

static void bucket_put(struct mac_bucket *b, uint64_t key)
{
	unsigned i = 0;

	while (b->slots[i] != MAC_SLOT_FREE)
		i++;
	b->slots[i] = key;
}

int mac_set_create(struct mac_set *set, const uint8_t (*macs)[6], unsigned n)
{
	unsigned bits = 1;
	size_t bytes;

	while (MAC_BUCKET_SLOTS << bits < 2 * n)
		bits++;
	bytes = sizeof(*set->buckets) << bits;
	set->shift = 64 - bits;
	set->buckets = aligned_alloc(sizeof(*set->buckets), bytes);
	if (!set->buckets)
		return -ENOMEM;
	memset(set->buckets, 0xff, bytes);   /* all MAC_SLOT_FREE */
	for (unsigned m = 0; m < n; m++) {
		uint64_t key = ethernet_address(macs[m]), i = mac_set_home(set, key);

		while (!mac_bucket_has(&set->buckets[i], key) &&
		       mac_bucket_is_full(&set->buckets[i]))
			i = (i + 1) & ((1u << bits) - 1);
		if (!mac_bucket_has(&set->buckets[i], key))
			bucket_put(&set->buckets[i], key);
	}
	return 0;
}

void mac_set_destroy(struct mac_set *set)
{
	free(set->buckets);
	*set = (struct mac_set){ NULL, 0 };
}
