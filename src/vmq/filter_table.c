/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter engine "table": open addressing over buckets of one cache line.
 *
 * The hash is a multiplication by a secret of the table, not a CRC: a CRC is
 * linear, so addresses that collide under one seed collide under all of them.
 * And what chance leaves is checked: a table with an entry more than
 * LINES_MAX lines from its home is thrown away and built with another secret.
 */
#include "vmq/filter_engine.h"
#include "vmq/filter_rule.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define CACHE_LINE 64
#define SLOTS      4     /* entries in a cache line */
#define LINES_MAX  4     /* lines a search may read: the home bucket and the next ones */
#define SEED_TRIES 8     /* secrets to try before the table is doubled */
#define DOUBLINGS  4     /* after these no secret will help */

#define KEY_FREE UINT64_MAX             /* the key of a free slot; no frame has it */

/* Filled from slot 0 on. A free slot has no flags; an entry has some. */
struct bucket {
	_Alignas(CACHE_LINE) uint64_t key[SLOTS];
	struct vmq_rule rule[SLOTS];
};

_Static_assert(sizeof(struct bucket) == CACHE_LINE, "a bucket is one cache line");
_Static_assert(SLOTS == 4, "bucket_find() looks at four");

struct table {
	uint64_t secret[2];
	uint64_t mask;              /* of a bucket's place in bytes: buckets are a power of two */
	struct vmq_filter_cost cost;
	struct bucket buckets[];
};

/* Where the search for 'key' begins, in bytes. The folded 128-bit product: every bit of
 * the key reaches each bit of it. */
static inline uint64_t home_of(const struct table *t, uint64_t key)
{
	uint64_t mixed = key ^ t->secret[0], low = mixed * t->secret[1];
	uint64_t high = (uint64_t)((unsigned __int128)mixed * t->secret[1] >> 64);

	return (low ^ high) & t->mask;
}

/* The bucket 'place' bytes behind the first. */
static inline const struct bucket *bucket_at(const struct table *t, uint64_t place)
{
	return (const struct bucket *)((const char *)t->buckets + place);
}

static const struct vmq_rule no_rule;

/* The rule of 'key' in one bucket; NULL: it has none. No branch on where it is: which slot,
 * if any, is as good as random. At most one slot holds the key. */
static inline const struct vmq_rule *bucket_find(const struct bucket *b, uint64_t key)
{
	unsigned slot = (b->key[1] == key) | (b->key[2] == key) << 1 |
			(3 & -(unsigned)(b->key[3] == key));

	return b->key[slot] == key ? &b->rule[slot] : NULL;
}

static inline int bucket_is_full(const struct bucket *b)
{
	return b->rule[SLOTS - 1].flags != 0;
}

/* The search goes on where the home bucket is full and has not got the key. */
static __attribute__((noinline)) const struct vmq_rule *
find_beyond(const struct table *t, const struct bucket *home, uint64_t key)
{
	uint64_t place = (uint64_t)((const char *)home - (const char *)t->buckets);

	for (unsigned i = 1; i < LINES_MAX; i++) {
		const struct bucket *b = bucket_at(t, (place + i * sizeof(*b)) & t->mask);
		const struct vmq_rule *rule = bucket_find(b, key);

		if (rule)
			return rule;
		if (!bucket_is_full(b))
			break;
	}
	return &no_rule;
}

static inline const struct vmq_rule *table_find(const struct table *t, const struct bucket *home,
						uint64_t key)
{
	const struct vmq_rule *rule = bucket_find(home, key);

	if (__builtin_expect(rule != NULL, 1))
		return rule;
	return bucket_is_full(home) ? find_beyond(t, home, key) : &no_rule;
}

/* The frames at 'index' have a MAC with several VLANs: those whose (MAC, VLAN)
 * has a rule of its own take it. Returns the bits of these. */
static __attribute__((noinline)) uint64_t match_exact(const struct table *t, const vmq_key_t *keys,
						      const uint8_t *index, unsigned n,
						      uint16_t *queues)
{
	const struct bucket *home[VMQ_MATCH_MAX];
	uint64_t matched = 0;

	for (unsigned i = 0; i < n; i++) {
		home[i] = bucket_at(t, home_of(t, keys[index[i]]));
		__builtin_prefetch(home[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct vmq_rule *rule = table_find(t, home[i], keys[index[i]]);

		if (!rule->flags)
			continue;
		queues[index[i]] = rule->queue[VMQ_KIND_OTHER_VLAN];
		matched |= 1ull << index[i];
	}
	return matched;
}

static uint64_t table_match(const struct vmq_filter_set *set, const vmq_key_t *keys, unsigned n,
			    uint16_t *queues)
{
	const struct table *t = (const struct table *)set;
	const struct bucket *home[VMQ_MATCH_MAX];
	uint64_t matched = 0;
	uint8_t more[VMQ_MATCH_MAX];
	unsigned n_more = 0;

	assert(n <= VMQ_MATCH_MAX);
	for (unsigned i = 0; i < n; i++) {
		home[i] = bucket_at(t, home_of(t, keys[i] & VMQ_KEY_MAC));
		__builtin_prefetch(home[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct vmq_rule *rule = table_find(t, home[i], keys[i] & VMQ_KEY_MAC);
		bool goes_on;

		matched |= vmq_rule_apply(rule, keys[i], &queues[i], &goes_on) << i;
		if (__builtin_expect(goes_on, 0))
			more[n_more++] = (uint8_t)i;
	}
	if (n_more)
		matched |= match_exact(t, keys, more, n_more, queues);
	return matched;
}

/* A secret that the sender of frames, and whoever chose the MACs, cannot know. */
static void secret_draw(uint64_t secret[2])
{
	struct timespec now;

	if (getrandom(secret, 2 * sizeof(*secret), GRND_NONBLOCK) != 2 * sizeof(*secret)) {
		/* Early in boot there may be none yet: the clock and the address. */
		clock_gettime(CLOCK_MONOTONIC, &now);
		secret[0] = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15ull;
		secret[1] = ((uint64_t)(uintptr_t)secret + secret[0]) * 0xd6e8feb86659fd93ull;
	}
	secret[1] |= 1;
}

/* Places 'e'. Returns the lines that its search will read, or 0: too many. */
static unsigned table_place(struct table *t, const struct vmq_rule_entry *e)
{
	uint64_t home = home_of(t, e->key);

	for (unsigned line = 0; line < LINES_MAX; line++) {
		uint64_t place = (home + line * sizeof(struct bucket)) & t->mask;
		struct bucket *b = &t->buckets[place / sizeof(*b)];

		for (unsigned i = 0; i < SLOTS; i++)
			if (!b->rule[i].flags) {
				b->key[i] = e->key;
				b->rule[i] = e->rule;
				return line + 1;
			}
	}
	return 0;
}

/* Places all entries under a new secret. 0, or -1: they do not fit. */
static int table_fill(struct table *t, const struct vmq_rules *e)
{
	static const struct bucket empty = {
		.key = { KEY_FREE, KEY_FREE, KEY_FREE, KEY_FREE },
	};

	for (uint64_t i = 0; i <= t->mask / sizeof(empty); i++)
		t->buckets[i] = empty;
	secret_draw(t->secret);
	t->cost.lines = 1;
	for (unsigned i = 0; i < e->count; i++) {
		unsigned lines = table_place(t, &e->at[i]);

		if (!lines)
			return -1;
		if (lines > t->cost.lines)
			t->cost.lines = lines;
	}
	return 0;
}

/* A bucket for every entry: a home bucket is then full once in 50. */
static struct table *table_build(const struct vmq_rules *e)
{
	uint64_t buckets = 1;

	while (buckets < e->count)
		buckets *= 2;
	for (unsigned i = 0; i <= DOUBLINGS; i++, buckets *= 2) {
		size_t bytes = sizeof(struct table) + buckets * sizeof(struct bucket);
		struct table *t = aligned_alloc(CACHE_LINE, bytes);

		if (!t)
			return NULL;
		t->mask = (buckets - 1) * sizeof(struct bucket);
		t->cost.bytes = bytes;
		for (unsigned try = 0; try < SEED_TRIES; try++)
			if (!table_fill(t, e))
				return t;
		free(t);
	}
	return NULL;
}

static struct vmq_filter_set *table_create(const struct vmq_filter *filters, unsigned n)
{
	struct vmq_rules rules;
	struct table *t;

	if (vmq_rules_create(&rules, filters, n))
		return NULL;
	t = table_build(&rules);
	vmq_rules_free(&rules);
	return (struct vmq_filter_set *)t;
}

static void table_destroy(struct vmq_filter_set *set)
{
	free(set);
}

static struct vmq_filter_cost table_cost(const struct vmq_filter_set *set)
{
	return ((const struct table *)set)->cost;
}

const struct vmq_filter_engine vmq_filter_engine_table = {
	.name = "table",
	.text = "our own: open addressing, nearly always one cache line a search",
	.create = table_create,
	.destroy = table_destroy,
	.match = table_match,
	.cost = table_cost,
};
