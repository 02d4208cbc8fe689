/* SPDX-License-Identifier: BSD-2-Clause */
#include "nic/nic_steer_flow.h"

#include <errno.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_flow.h>

#include "base/log.h"

#define VID_MASK 0x0fff
#define PATTERN_MAX 3   /* ETH, VLAN, END */

/* One rule as the driver wants it. The pointers in it are to itself. */
struct flow {
	struct rte_flow_attr attr;
	struct rte_flow_item_eth eth, eth_mask;
	struct rte_flow_item_vlan vlan, vlan_mask;
	struct rte_flow_action_queue queue;
	struct rte_flow_item pattern[PATTERN_MAX];
	struct rte_flow_action actions[2];
};

/*
 * A rule for any VLAN stands behind those for one. Where a driver has no way to ask
 * for "no tag" the rule is refused rather than taken for frames of every VLAN, which
 * would then miss the queues of their own rules.
 */
static void flow_make(struct flow *f, const struct nic_steer *what)
{
	struct rte_flow_item *item = f->pattern;

	memset(f, 0, sizeof(*f));
	f->attr.ingress = 1;
	f->attr.priority = what->test == NIC_STEER_ANY;
	memcpy(f->eth.dst.addr_bytes, what->mac, sizeof(what->mac));
	memset(f->eth_mask.dst.addr_bytes, 0xff, sizeof(what->mac));
	f->eth_mask.has_vlan = what->test != NIC_STEER_ANY;
	f->eth.has_vlan = what->test == NIC_STEER_EQUAL;
	*item++ = (struct rte_flow_item){ .type = RTE_FLOW_ITEM_TYPE_ETH, .spec = &f->eth,
					  .mask = &f->eth_mask };
	if (what->test == NIC_STEER_EQUAL) {
		/* The VLAN item says by itself that there is a tag. */
		f->eth.has_vlan = f->eth_mask.has_vlan = 0;
		f->vlan.tci = rte_cpu_to_be_16(what->vlan);
		f->vlan_mask.tci = RTE_BE16(VID_MASK);
		*item++ = (struct rte_flow_item){ .type = RTE_FLOW_ITEM_TYPE_VLAN,
						  .spec = &f->vlan, .mask = &f->vlan_mask };
	}
	item->type = RTE_FLOW_ITEM_TYPE_END;
	f->queue.index = what->rx_queue;
	f->actions[0] = (struct rte_flow_action){ .type = RTE_FLOW_ACTION_TYPE_QUEUE,
						  .conf = &f->queue };
	f->actions[1].type = RTE_FLOW_ACTION_TYPE_END;
}

static const char *reason_of(const struct rte_flow_error *error, int rc)
{
	return error->message ? error->message : strerror(-rc);
}

/* Whether the driver takes rules of one kind at least. 0, or why it takes none. */
static int validates_some(const struct nic_ethdev *e, struct rte_flow_error *error)
{
	static const enum nic_steer_vlan tests[] = { NIC_STEER_EQUAL, NIC_STEER_UNTAGGED_OR_ZERO,
						     NIC_STEER_ANY };
	struct nic_steer probe = { .mac = { 2, 0, 0, 0, 0, 1 }, .vlan = 1,
				   .rx_queue = e->nic.config.rx_queues };
	struct flow f;
	int rc = -ENOTSUP;

	for (size_t i = 0; rc && i < sizeof(tests) / sizeof(tests[0]); i++) {
		probe.test = tests[i];
		flow_make(&f, &probe);
		rc = rte_flow_validate(e->port[0], &f.attr, f.pattern, f.actions, error);
	}
	return rc;
}

uint16_t steer_flow_queues(struct nic_ethdev *e)
{
	struct nic *nic = &e->nic;
	const struct rte_eth_conf conf = { .rxmode = { .mtu = e->port_mtu } };
	struct rte_flow_error error = { .message = NULL };
	struct rte_eth_dev_info info;
	uint16_t spare;
	int rc;

	if (!nic->config.steer_queues || rte_eth_dev_info_get(e->port[0], &info) ||
	    info.max_rx_queues <= nic->config.rx_queues)
		return 0;
	spare = RTE_MIN(nic->config.steer_queues,
			(uint16_t)(info.max_rx_queues - nic->config.rx_queues));
	/* A driver knows its queues, and so which rules it takes, once they are configured. */
	rc = rte_eth_dev_configure(e->port[0], (uint16_t)(nic->config.rx_queues + spare),
				   RTE_MIN((uint16_t)(e->tx_per_port), info.max_tx_queues), &conf);
	if (!rc)
		rc = validates_some(e, &error);
	if (!rc)
		return spare;
	log_info("%s: does not steer frames by MAC and VLAN: %s; software does", nic->description,
		 reason_of(&error, rc));
	return 0;
}

void steer_flow_spread(const struct nic_ethdev *e)
{
	struct rte_eth_rss_reta_entry64 table[RTE_ETH_RSS_RETA_SIZE_512 / RTE_ETH_RETA_GROUP_SIZE];
	const struct nic *nic = &e->nic;
	struct rte_eth_dev_info info;
	int rc;

	if (!nic->steer_queues || nic->config.rx_queues == 1)
		return;   /* without a hash all goes to queue 0 */
	rc = rte_eth_dev_info_get(e->port[0], &info);
	if (!rc && info.reta_size > RTE_ETH_RSS_RETA_SIZE_512)
		rc = -ENOTSUP;
	if (!rc) {
		memset(table, 0, sizeof(table));
		for (uint16_t i = 0; i < info.reta_size; i++) {
			struct rte_eth_rss_reta_entry64 *group = &table[i / RTE_ETH_RETA_GROUP_SIZE];

			group->mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
			group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = i % nic->config.rx_queues;
		}
		rc = rte_eth_dev_rss_reta_update(e->port[0], table, info.reta_size);
	}
	if (rc)
		log_warning("%s: its hash goes on using the queues kept for steering (%s): frames "
			    "that come there while no VM has them are lost; use rx-queues: 1",
			    nic->description, strerror(-rc));
}

int steer_flow_set(struct nic *nic, struct nic_rule *rule, struct error *err)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct rte_flow_error error = { .message = NULL };
	struct flow f;
	int rc;

	flow_make(&f, &rule->what);
	rc = rte_flow_validate(e->port[0], &f.attr, f.pattern, f.actions, &error);
	if (!rc) {
		rule->flow = rte_flow_create(e->port[0], &f.attr, f.pattern, f.actions, &error);
		if (rule->flow)
			return 0;
		rc = rte_errno ? -rte_errno : -ENOTSUP;
	}
	/* Some drivers say yes, and no when it comes to it. */
	return error_set(err, rc == -ENOSPC || rc == -ENOMEM ? -rc : ENOTSUP,
			 "%s: its driver does not take the rule: %s", nic->description,
			 reason_of(&error, rc));
}

void steer_flow_clear(struct nic *nic, struct nic_rule *rule)
{
	const struct nic_ethdev *e = (const struct nic_ethdev *)nic;
	struct rte_flow_error error = { .message = NULL };
	int rc = rte_flow_destroy(e->port[0], rule->flow, &error);

	if (rc)
		log_warning("%s: its driver does not take a rule away (%s): frames of it go on coming "
			    "to receive queue %u", nic->description, reason_of(&error, rc),
			    rule->what.rx_queue);
}
