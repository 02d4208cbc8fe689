/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic classes as classes of the transmit path (vmq/traffic_class.h). Each traffic class
 * is one of them, of its own number; but a priority that PFC may halt waits apart from the
 * others of its traffic class, lest they be halted with it (O11). There is room: every
 * class has a priority, and there are eight.
 */
#include "miniport/adapter.h"

#include <string.h>

struct classes {
	const NDIS_QOS_PARAMETERS *p;
	struct vmq_traffic_rules *rules;
	uint8_t *owner;
	uint8_t used;             /* classes of the transmit path, a bit each */
};

static void add(struct classes *c, unsigned cls, unsigned traffic_class)
{
	c->used |= (uint8_t)(1u << cls);
	c->owner[cls] = (uint8_t)traffic_class;
	if (c->rules->n <= cls)
		c->rules->n = cls + 1;
	c->rules->of_class[cls] = (struct vmq_traffic_rule){
		.tsa = c->p->TsaAssignmentTable[traffic_class],
		.account = (uint8_t)traffic_class,
		.share = c->p->TcBandwidthAssignmentTable[traffic_class] };
}

static bool may_halt(const NDIS_QOS_PARAMETERS *p, unsigned priority)
{
	return p->PfcEnable >> priority & 1;
}

/* The first priority of a traffic class gives it its class, and those that PFC may not
 * halt, if there are any, stay in that. */
static bool is_plain(const NDIS_QOS_PARAMETERS *p, unsigned priority)
{
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++) {
		if (p->PriorityAssignmentTable[i] != p->PriorityAssignmentTable[priority])
			continue;
		if (!may_halt(p, i))
			return !may_halt(p, priority);
	}
	/* All of them may be halted: the lowest stays. */
	for (unsigned i = 0; i < priority; i++)
		if (p->PriorityAssignmentTable[i] == p->PriorityAssignmentTable[priority])
			return false;
	return true;
}

void mp_qos_classes(const NDIS_QOS_PARAMETERS *p, struct vmq_traffic_rules *rules,
		    uint8_t owner[VMQ_TRAFFIC_CLASSES])
{
	struct classes c = { p, rules, owner, 0 };

	memset(rules, 0, sizeof(*rules));
	memset(owner, VMQ_TRAFFIC_CLASSES, VMQ_TRAFFIC_CLASSES);   /* nobody's */
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++) {
		unsigned traffic_class = p->PriorityAssignmentTable[i];

		if (!is_plain(p, i))
			continue;
		rules->of_priority[i] = (uint8_t)traffic_class;
		add(&c, traffic_class, traffic_class);
	}
	for (unsigned i = 0; i < VMQ_PRIORITIES; i++) {
		unsigned cls = 0;

		if (is_plain(p, i))
			continue;
		while (c.used >> cls & 1)
			cls++;
		rules->of_priority[i] = (uint8_t)cls;
		add(&c, cls, p->PriorityAssignmentTable[i]);
	}
}
