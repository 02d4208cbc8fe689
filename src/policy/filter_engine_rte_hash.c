/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter engine "rte-hash": DPDK's cuckoo hash, searched in bulk, with the hash function
 * that is its default. It is the engine to measure others against. Unlike the table's, its hash
 * has no secret: who may choose the addresses of filters can make its searches long.
 */
#include "policy/filter_engines.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_hash.h>
#include <rte_hash_crc.h>
#include <rte_memory.h>

#include "vmq/filter_rule.h"

#define LEAST_KEYS 8   /* that an rte_hash can be made for */

_Static_assert(VMQ_MATCH_MAX <= RTE_HASH_LOOKUP_BULK_MAX, "a burst is one lookup");

struct hashed {
	struct rte_hash *hash;
	struct vmq_filter_cost cost;
	struct vmq_rule rules[];    /* by the place that the hash gives a key */
};

static struct rte_hash *hash_make(unsigned keys)
{
	static atomic_uint number;  /* DPDK wants a name of its own for each */
	char name[RTE_HASH_NAMESIZE];
	const struct rte_hash_parameters p = {
		.name = name, .entries = keys, .key_len = sizeof(vmq_key_t),
		.hash_func = rte_hash_crc, .socket_id = SOCKET_ID_ANY,
		/* Room for every key, whatever they are. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	snprintf(name, sizeof(name), "vmq-filters-%u", atomic_fetch_add(&number, 1));
	return rte_hash_create(&p);
}

/* What it takes by rte_hash's own arithmetic: keys of 16 bytes with their data, buckets of
 * eight in a cache line, and as many again to go on in. */
static size_t bytes_of(unsigned keys)
{
	size_t buckets = rte_align32pow2(keys) / LEAST_KEYS;

	return sizeof(struct hashed) + (keys + 1u) * (sizeof(struct vmq_rule) + 16u) +
	       2 * buckets * RTE_CACHE_LINE_SIZE;
}

static void hashed_destroy(struct vmq_filter_set *set)
{
	struct hashed *h = (struct hashed *)set;

	if (!h)
		return;
	rte_hash_free(h->hash);
	free(h);
}

static struct vmq_filter_set *hashed_create(const struct vmq_filter *filters, unsigned n)
{
	struct hashed *h = NULL;
	struct vmq_rules rules;
	unsigned keys;

	if (vmq_rules_create(&rules, filters, n))
		return NULL;
	keys = RTE_MAX(rules.count, (unsigned)LEAST_KEYS);
	h = calloc(1, sizeof(*h) + (keys + 1) * sizeof(h->rules[0]));
	if (!h)
		goto out;
	h->cost.bytes = bytes_of(keys);
	h->hash = hash_make(keys);
	for (unsigned i = 0; h->hash && i < rules.count; i++) {
		int32_t place = rte_hash_add_key(h->hash, &rules.at[i].key);

		if (place < 0 || (unsigned)place > keys)
			goto fail;
		h->rules[place] = rules.at[i].rule;
	}
	if (h->hash)
		goto out;
fail:
	hashed_destroy((struct vmq_filter_set *)h);
	h = NULL;
out:
	vmq_rules_free(&rules);
	return (struct vmq_filter_set *)h;
}

/* The frames at 'index' have a MAC with several VLANs: those whose (MAC, VLAN) has a rule of
 * its own take it. Returns the bits of these. */
static uint64_t match_exact(const struct hashed *h, const vmq_key_t *keys, const uint8_t *index,
			    unsigned n, uint16_t *queues)
{
	const void *wanted[VMQ_MATCH_MAX];
	int32_t places[VMQ_MATCH_MAX];
	uint64_t matched = 0;

	for (unsigned i = 0; i < n; i++)
		wanted[i] = &keys[index[i]];
	rte_hash_lookup_bulk(h->hash, wanted, n, places);
	for (unsigned i = 0; i < n; i++)
		if (places[i] >= 0) {
			queues[index[i]] = h->rules[places[i]].queue[VMQ_KIND_OTHER_VLAN];
			matched |= 1ull << index[i];
		}
	return matched;
}

static uint64_t hashed_match(const struct vmq_filter_set *set, const vmq_key_t *keys, unsigned n,
			     uint16_t *queues)
{
	static const struct vmq_rule no_rule;
	const struct hashed *h = (const struct hashed *)set;
	const void *wanted[VMQ_MATCH_MAX];
	vmq_key_t macs[VMQ_MATCH_MAX];
	int32_t places[VMQ_MATCH_MAX];
	uint8_t more[VMQ_MATCH_MAX];
	uint64_t matched = 0;
	unsigned n_more = 0;

	if (!n)
		return 0;
	for (unsigned i = 0; i < n; i++) {
		macs[i] = keys[i] & VMQ_KEY_MAC;
		wanted[i] = &macs[i];
	}
	rte_hash_lookup_bulk(h->hash, wanted, n, places);
	for (unsigned i = 0; i < n; i++) {
		const struct vmq_rule *rule = places[i] < 0 ? &no_rule : &h->rules[places[i]];
		bool goes_on;

		matched |= vmq_rule_apply(rule, keys[i], &queues[i], &goes_on) << i;
		if (goes_on)
			more[n_more++] = (uint8_t)i;
	}
	if (n_more)
		matched |= match_exact(h, keys, more, n_more, queues);
	return matched;
}

static struct vmq_filter_cost hashed_cost(const struct vmq_filter_set *set)
{
	return ((const struct hashed *)set)->cost;
}

const struct vmq_filter_engine filter_engine_rte_hash = {
	.name = "rte-hash",
	.text = "DPDK's rte_hash: a cuckoo hash of CRCs, searched in bulk",
	.create = hashed_create,
	.destroy = hashed_destroy,
	.match = hashed_match,
	.cost = hashed_cost,
};
