/* SPDX-License-Identifier: BSD-2-Clause */
/* Traffic classes of an adapter: who owns which priority, and what adds up. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/read.h"

static int read_priority(const struct config_reader *r, const struct config_key *key,
			 const struct config_node *item, uint8_t *mask)
{
	unsigned priority;

	if (item->kind != CONFIG_SCALAR || !item->plain || strlen(item->text) != 1 ||
	    item->text[0] < '0' || item->text[0] > '7')
		return config_fail(&r->errors, item->place, "an item of %s must be a number 0..7, not %s",
				   key->name, item->kind == CONFIG_SCALAR ?
				   config_quote(item->text).text : "a list or mapping");
	priority = (unsigned)(item->text[0] - '0');
	if (*mask >> priority & 1)
		return config_fail(&r->errors, item->place, "priority %u stands twice in %s; remove one",
				   priority, key->name);
	*mask |= (uint8_t)(1u << priority);
	return 0;
}

int config_priorities_read(struct config_reader *r, const struct config_key *key,
			   const struct config_node *node, void *base)
{
	uint8_t *mask = (uint8_t *)base + key->offset;
	int ret = 0;

	if (node->kind != CONFIG_LIST)
		return config_fail_type(r, key, node);
	for (const struct config_node *item = node->first; item && !ret; item = item->next)
		ret = read_priority(r, key, item, mask);
	return ret;
}

/* ---- what goes together ---- */

static int check_class(const struct config_reader *r, const struct config_node *item,
		       const struct qos_class_config *c, uint8_t owned)
{
	const struct config_node *strict = config_tree_get(item, "strict");
	const struct config_node *priorities = config_tree_get(item, "priorities");

	if (strict && !c->strict)
		return config_fail(&r->errors, strict->place,
				   "strict must be true; a class that is not strict has a share");
	if (c->priorities & owned)
		return config_fail(&r->errors, priorities->place,
				   "priority %d has a class already; a priority has one class",
				   __builtin_ctz(c->priorities & owned));
	return 0;
}

static int check_all(const struct config_reader *r, const struct config_node *node,
		     const struct qos_config *qos, uint8_t owned)
{
	unsigned percent = 0, ets = 0;

	for (unsigned i = 0; i < qos->n; i++) {
		percent += qos->classes[i].share;
		ets += !qos->classes[i].strict;
	}
	if (ets && percent != 100)
		return config_fail(&r->errors, node->place,
				   "the shares of the classes are %u together, and must be 100", percent);
	if (owned != 0xff)
		return config_fail(&r->errors, node->place,
				   "priority %d has no class; each of 0 to 7 has one",
				   __builtin_ctz((uint8_t)~owned));
	return 0;
}

int config_classes_read(struct config_reader *r, const struct config_key *key,
			const struct config_node *node, void *base)
{
	struct qos_config *qos = (struct qos_config *)(void *)((char *)base + key->offset);
	uint8_t owned = 0;
	int ret = 0;

	if (node->kind != CONFIG_LIST)
		return config_fail_type(r, key, node);
	for (const struct config_node *item = node->first; item && !ret; item = item->next) {
		struct qos_class_config *c = &qos->classes[qos->n];

		if (qos->n == CONFIG_MAX_CLASSES)
			return config_fail(&r->errors, item->place, "at most %d classes are possible",
					   CONFIG_MAX_CLASSES);
		if (item->kind != CONFIG_MAPPING)
			return config_fail(&r->errors, item->place,
					   "an item of classes needs a mapping with priorities:");
		qos->n++;
		ret = config_section_read(r, key->child, item, c);
		if (!ret)
			ret = check_class(r, item, c, owned);
		owned |= c->priorities;
	}
	return ret ? ret : check_all(r, node, qos, owned);
}
