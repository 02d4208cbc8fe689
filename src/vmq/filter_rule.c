/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/filter_rule.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t mac_key(const struct vmq_filter *f)
{
	uint64_t mac = 0;

	memcpy(&mac, f->mac, sizeof(f->mac));
	return le64toh(mac);
}

/* Which of two filters takes a frame that both match; either may be NULL. */
static const struct vmq_filter *winner(const struct vmq_filter *a, const struct vmq_filter *b)
{
	if (!a || !b)
		return a ? a : b;
	if (a->id != b->id)
		return a->id < b->id ? a : b;
	return a < b ? a : b;
}

/* Frames of that kind are 'f's; NULL: nobody's. */
static void rule_add(struct vmq_rule *rule, const struct vmq_filter *f, enum vmq_frame_kind kind)
{
	if (!f)
		return;
	rule->queue[kind] = f->queue;
	rule->flags |= (uint16_t)VMQ_RULE_WANTS(kind);
}

/* Writes the entries of one MAC, whose filters are the 'n' of 'sorted'. */
static void add_mac(struct vmq_rules *out, const struct vmq_filter *const *sorted, unsigned n)
{
	const struct vmq_filter *any = NULL, *untagged, *zero;
	struct vmq_rule_entry *mac = &out->at[out->count++], *vlan;
	unsigned i = 0, first_vlan = out->count, n_vlans;

	if (sorted[0]->vlan_test == VMQ_VLAN_ANY)
		any = sorted[0];
	while (i < n && sorted[i]->vlan_test == VMQ_VLAN_ANY)
		i++;
	/* D13: untagged and VLAN 0 are one test, but D14: EQUAL 0 needs a tag. */
	untagged = winner(any, i < n && sorted[i]->vlan_test != VMQ_VLAN_EQUAL ? sorted[i] : NULL);
	zero = untagged;
	while (i < n && sorted[i]->vlan_test != VMQ_VLAN_EQUAL)
		i++;
	if (i < n && sorted[i]->vlan == 0)
		zero = winner(untagged, sorted[i]);

	for (const struct vmq_filter *last = NULL; i < n; last = sorted[i++]) {
		const struct vmq_filter *f = sorted[i];

		/* Only the first of a VLAN can win, and only what beats ANY matters. */
		if (f->vlan == 0 || (last && last->vlan == f->vlan) || winner(f, any) == any)
			continue;
		vlan = &out->at[out->count++];
		*vlan = (struct vmq_rule_entry) {
			.key = mac_key(f) | VMQ_KEY_TAGGED |
			       (uint64_t)f->vlan << VMQ_KEY_VLAN_SHIFT,
		};
		rule_add(&vlan->rule, f, VMQ_KIND_OTHER_VLAN);
	}

	n_vlans = out->count - first_vlan;
	*mac = (struct vmq_rule_entry) { .key = mac_key(sorted[0]) };
	rule_add(&mac->rule, untagged, VMQ_KIND_UNTAGGED);
	rule_add(&mac->rule, zero, VMQ_KIND_VLAN_ZERO);
	rule_add(&mac->rule, any, VMQ_KIND_OTHER_VLAN);
	if (n_vlans == 1 && !any) {
		vlan = &out->at[--out->count];
		mac->rule.queue[VMQ_KIND_OTHER_VLAN] = vlan->rule.queue[VMQ_KIND_OTHER_VLAN];
		mac->rule.flags |= (uint16_t)(vlan->rule.flags |
					      (vlan->key >> VMQ_KEY_VLAN_SHIFT & 0xfff) << VMQ_RULE_ONLY_SHIFT);
	} else if (n_vlans) {
		mac->rule.flags |= VMQ_RULE_MORE;
	}
}

static void add_all(struct vmq_rules *out, const struct vmq_filter *const *sorted, unsigned n)
{
	unsigned first = 0;

	for (unsigned i = 1; i <= n; i++)
		if (i == n || mac_key(sorted[i]) != mac_key(sorted[first])) {
			add_mac(out, sorted + first, i - first);
			first = i;
		}
}

static int filters_are_valid(const struct vmq_filter *filters, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if ((unsigned)filters[i].vlan_test >= VMQ_VLAN_TEST_COUNT ||
		    (filters[i].vlan_test == VMQ_VLAN_EQUAL && filters[i].vlan > 4095))
			return 0;
	return 1;
}

int vmq_rules_create(struct vmq_rules *rules, const struct vmq_filter *filters, unsigned n)
{
	const struct vmq_filter **sorted;

	*rules = (struct vmq_rules){ NULL, 0 };
	if (n > VMQ_FILTERS_MAX || !filters_are_valid(filters, n))
		return -EINVAL;
	sorted = malloc((n + 1) * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	/* At most one entry for the MAC and one for the VLAN of each filter. */
	rules->at = malloc((2 * n + 1) * sizeof(*rules->at));
	if (rules->at) {
		vmq_filter_sort(sorted, filters, n);
		add_all(rules, sorted, n);
	}
	free(sorted);
	return rules->at ? 0 : -ENOMEM;
}

void vmq_rules_free(struct vmq_rules *rules)
{
	free(rules->at);
}
