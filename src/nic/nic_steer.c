/* SPDX-License-Identifier: BSD-2-Clause */
/* The rules of a port that steers: what a rule may be, and which there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nic/nic_internal.h"

#define VLAN_LAST 4095

uint16_t nic_steer_queues(const struct nic *nic)
{
	return nic->steer_queues;
}

static bool same_frames(const struct nic_steer *a, const struct nic_steer *b)
{
	return !memcmp(a->mac, b->mac, sizeof(a->mac)) && a->test == b->test &&
	       (a->test != NIC_STEER_EQUAL || a->vlan == b->vlan);
}

static int check_rule(const struct nic *nic, uint32_t id, const struct nic_steer *what,
		      struct error *err)
{
	uint16_t first = nic->config.rx_queues;

	if (!nic->steer_queues || !nic->started)
		return error_set(err, ENOTSUP, "%s: does not steer frames to receive queues",
				 nic->description);
	if (what->rx_queue < first || what->rx_queue >= nic_rx_all(nic))
		return error_set(err, EINVAL, "%s: receive queue %u is not one of the steered, %u to %u",
				 nic->description, what->rx_queue, first, nic_rx_all(nic) - 1);
	if (what->test == NIC_STEER_EQUAL && (!what->vlan || what->vlan > VLAN_LAST))
		return error_set(err, EINVAL, "%s: no rule for VLAN %u is possible; 1 to %u are",
				 nic->description, what->vlan, VLAN_LAST);
	for (const struct nic_rule *r = nic->rules; r; r = r->next)
		if (r->id == id || same_frames(&r->what, what))
			return error_set(err, EEXIST, "%s: rule %u steers %s", nic->description, r->id,
					 r->id == id ? "other frames" : "the same frames already");
	return 0;
}

int nic_steer_set(struct nic *nic, uint32_t id, const struct nic_steer *what, struct error *err)
{
	struct nic_rule *rule;
	int rc = check_rule(nic, id, what, err);

	if (rc)
		return rc;
	rule = calloc(1, sizeof(*rule));
	if (!rule)
		return error_set(err, ENOMEM, "%s: out of memory for a rule", nic->description);
	rule->id = id;
	rule->what = *what;
	rc = nic->ops->steer_set(nic, rule, err);
	if (rc) {
		free(rule);
		return rc;
	}
	rule->next = nic->rules;
	nic->rules = rule;
	return 0;
}

void nic_steer_clear(struct nic *nic, uint32_t id)
{
	struct nic_rule **at = &nic->rules, *rule;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	rule = *at;
	if (!rule)
		return;
	nic->ops->steer_clear(nic, rule);
	*at = rule->next;
	free(rule);
}

void nic_steer_forget(struct nic *nic)
{
	while (nic->rules)
		nic_steer_clear(nic, nic->rules->id);
}
