/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What filters on MAC and VLAN come to, for engines that find a key and no more.
 *
 * Overlaps are decided here, when an engine's set is built: every MAC of a filter is a key with
 * one rule, which says where its frames go by their kind: untagged, tagged with VLAN 0, or
 * tagged with another VLAN. An address that cares for one VLAN only keeps it in its rule; where
 * there are more, each (MAC, VLAN) is a key of its own, to be searched in a second round.
 */
#ifndef VMQ_FILTER_RULE_H
#define VMQ_FILTER_RULE_H

#include <stdbool.h>

#include "vmq/filter.h"

enum vmq_frame_kind { VMQ_KIND_UNTAGGED, VMQ_KIND_VLAN_ZERO, VMQ_KIND_OTHER_VLAN };

/* What frames of one key go to. All zero is no rule: nothing matches. */
struct vmq_rule {
	uint16_t queue[3];          /* of frames of each kind */
	uint16_t flags;
};

/* Some filter wants frames of that kind: bits 0 to 2. */
#define VMQ_RULE_WANTS(kind) (1u << (kind))
#define VMQ_RULE_MORE        (1u << 3)      /* (MAC, VLAN) keys of this MAC exist */
#define VMQ_RULE_ONLY_SHIFT  4              /* the rest, when not 0, narrow KIND_OTHER_VLAN to
					     * that VLAN */

struct vmq_rule_entry {
	vmq_key_t key;              /* of a MAC alone, or of a tagged frame the whole */
	struct vmq_rule rule;       /* has flags */
};

struct vmq_rules {
	struct vmq_rule_entry *at;
	unsigned count;             /* each with a key of its own */
};

/* The rules of 'n' filters, as vmq_filter_engine's create() gets them. Control thread.
 * -EINVAL: n too large, a VLAN test that is none, an EQUAL filter with a VLAN above 4095;
 * -ENOMEM. */
int vmq_rules_create(struct vmq_rules *rules, const struct vmq_filter *filters, unsigned n);
void vmq_rules_free(struct vmq_rules *rules);

/*
 * What the rule of its MAC says of a frame: writes the queue, or 0, and returns whether a
 * filter matches, 0 or 1. '*more': a rule of the whole key, if there is one, goes before
 * this; it says KIND_OTHER_VLAN. Worker.
 */
static inline uint64_t vmq_rule_apply(const struct vmq_rule *rule, vmq_key_t key, uint16_t *queue,
				      bool *more)
{
	enum vmq_frame_kind kind = VMQ_KIND_UNTAGGED;
	uint64_t wanted = 1;

	*more = false;
	if (key >> VMQ_KEY_VLAN_SHIFT) {
		unsigned vlan = key >> VMQ_KEY_VLAN_SHIFT & 0xfff;
		unsigned only = rule->flags >> VMQ_RULE_ONLY_SHIFT;

		kind = vlan ? VMQ_KIND_OTHER_VLAN : VMQ_KIND_VLAN_ZERO;
		wanted = (only == 0) | (vlan == 0) | (vlan == only);
		*more = (rule->flags & VMQ_RULE_MORE) && vlan;
	}
	wanted &= rule->flags >> kind;
	*queue = (uint16_t)(rule->queue[kind] & -wanted);
	return wanted;
}

#endif
