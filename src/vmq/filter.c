/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The filter table: open addressing over buckets of one cache line.
 *
 * Overlaps are decided when the table is built, so that a lookup finds one
 * rule per address and chooses by the frame's kind: untagged, tagged with
 * VLAN 0, or tagged with another VLAN. An address that cares for one VLAN only
 * keeps it in its rule; where there are more, each (MAC, VLAN) is a key of its
 * own in the same table, searched in a second round.
 *
 * The hash is a multiplication by a secret of the table, not a CRC: a CRC is
 * linear, so addresses that collide under one seed collide under all of them.
 * And what chance leaves is checked: a table with an entry more than
 * LINES_MAX lines from its home is thrown away and built with another secret.
 */
#include "vmq/filter.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define CACHE_LINE 64
#define SLOTS      4     /* entries in a cache line */
#define LINES_MAX  4     /* lines a search may read: the home bucket and the next ones */
#define SEED_TRIES 8     /* secrets to try before the table is doubled */
#define DOUBLINGS  4     /* after these no secret will help */

enum frame_kind { KIND_UNTAGGED, KIND_VLAN_ZERO, KIND_OTHER_VLAN };

/* What frames of one address go to. All zero is no rule: nothing matches. */
struct rule {
	uint16_t queue[3];          /* of frames of each kind */
	uint16_t flags;
};

/* Some filter wants frames of that kind: bits 0 to 2. */
#define RULE_WANTS(kind) (1u << (kind))
#define RULE_MORE        (1u << 3)      /* (MAC, VLAN) keys of this MAC exist */
#define RULE_ONLY_SHIFT  4              /* the rest, when not 0, narrow KIND_OTHER_VLAN to that VLAN */

#define KEY_BITS ((1ull << 61) - 1)
#define KEY_FREE UINT64_MAX             /* the key of a free slot; no frame has it */

/* Filled from slot 0 on. A free slot has no flags; an entry has some. */
struct bucket {
	_Alignas(CACHE_LINE) uint64_t key[SLOTS];
	struct rule rule[SLOTS];
};

_Static_assert(sizeof(struct bucket) == CACHE_LINE, "a bucket is one cache line");
_Static_assert(SLOTS == 4, "bucket_find() looks at four");

struct vmq_filter_table {
	uint64_t secret[2];
	uint64_t mask;              /* of a bucket's place in bytes: buckets are a power of two */
	struct vmq_filter_cost cost;
	struct bucket buckets[];
};

struct entry {
	uint64_t key;
	struct rule rule;
};

struct entries {
	struct entry *at;
	unsigned count;
};

/* Where the search for 'key' begins, in bytes. The folded 128-bit product: every bit of
 * the key reaches each bit of it. */
static inline uint64_t home_of(const struct vmq_filter_table *t, uint64_t key)
{
	uint64_t mixed = key ^ t->secret[0], low = mixed * t->secret[1];
	uint64_t high = (uint64_t)((unsigned __int128)mixed * t->secret[1] >> 64);

	return (low ^ high) & t->mask;
}

/* The bucket 'place' bytes behind the first. */
static inline const struct bucket *bucket_at(const struct vmq_filter_table *t, uint64_t place)
{
	return (const struct bucket *)((const char *)t->buckets + place);
}

static const struct rule no_rule;

/* The rule of 'key' in one bucket; NULL: it has none. No branch on where it is: which slot,
 * if any, is as good as random. At most one slot holds the key. */
static inline const struct rule *bucket_find(const struct bucket *b, uint64_t key)
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
static __attribute__((noinline)) const struct rule *
find_beyond(const struct vmq_filter_table *t, const struct bucket *home, uint64_t key)
{
	uint64_t place = (uint64_t)((const char *)home - (const char *)t->buckets);

	for (unsigned i = 1; i < LINES_MAX; i++) {
		const struct bucket *b = bucket_at(t, (place + i * sizeof(*b)) & t->mask);
		const struct rule *rule = bucket_find(b, key);

		if (rule)
			return rule;
		if (!bucket_is_full(b))
			break;
	}
	return &no_rule;
}

static inline const struct rule *table_find(const struct vmq_filter_table *t,
					    const struct bucket *home, uint64_t key)
{
	const struct rule *rule = bucket_find(home, key);

	if (__builtin_expect(rule != NULL, 1))
		return rule;
	return bucket_is_full(home) ? find_beyond(t, home, key) : &no_rule;
}

/* The frames at 'index' have a MAC with several VLANs: those whose (MAC, VLAN)
 * has a rule of its own take it. Returns the bits of these. */
static __attribute__((noinline)) uint64_t match_exact(const struct vmq_filter_table *t,
						      const vmq_key_t *keys,
						      const uint8_t *index, unsigned n,
						      uint16_t *queues)
{
	const struct bucket *home[VMQ_MATCH_MAX];
	uint64_t matched = 0;

	for (unsigned i = 0; i < n; i++) {
		home[i] = bucket_at(t, home_of(t, keys[index[i]] & KEY_BITS));
		__builtin_prefetch(home[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct rule *rule = table_find(t, home[i], keys[index[i]] & KEY_BITS);

		if (!rule->flags)
			continue;
		queues[index[i]] = rule->queue[KIND_OTHER_VLAN];
		matched |= 1ull << index[i];
	}
	return matched;
}

uint64_t vmq_filter_match(const struct vmq_filter_table *table, const vmq_key_t *keys,
			  unsigned n, uint16_t *queues)
{
	const struct bucket *home[VMQ_MATCH_MAX];
	uint64_t matched = 0;
	uint8_t more[VMQ_MATCH_MAX];
	unsigned n_more = 0;

	assert(n <= VMQ_MATCH_MAX);
	for (unsigned i = 0; i < n; i++) {
		home[i] = bucket_at(table, home_of(table, keys[i] & VMQ_KEY_MAC));
		__builtin_prefetch(home[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		const struct rule *rule = table_find(table, home[i], keys[i] & VMQ_KEY_MAC);
		enum frame_kind kind = KIND_UNTAGGED;
		uint64_t wanted = 1;

		/* No queue's number without a filter: what no rule wants is 0 in it. */
		if (keys[i] >> VMQ_KEY_VLAN_SHIFT) {
			unsigned vlan = keys[i] >> VMQ_KEY_VLAN_SHIFT & 0xfff;
			unsigned only = rule->flags >> RULE_ONLY_SHIFT;

			kind = vlan ? KIND_OTHER_VLAN : KIND_VLAN_ZERO;
			wanted = (only == 0) | (vlan == 0) | (vlan == only);
			if (__builtin_expect((rule->flags & RULE_MORE) && vlan, 0))
				more[n_more++] = (uint8_t)i;
		}
		wanted &= rule->flags >> kind;
		queues[i] = (uint16_t)(rule->queue[kind] & -wanted);
		matched |= wanted << i;
	}
	if (n_more)
		matched |= match_exact(table, keys, more, n_more, queues);
	return matched;
}

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
static void rule_add(struct rule *rule, const struct vmq_filter *f, enum frame_kind kind)
{
	if (!f)
		return;
	rule->queue[kind] = f->queue;
	rule->flags |= (uint16_t)RULE_WANTS(kind);
}

/* Writes the entries of one MAC, whose filters are the 'n' of 'sorted'. */
static void add_mac(struct entries *out, const struct vmq_filter *const *sorted, unsigned n)
{
	const struct vmq_filter *any = NULL, *untagged, *zero;
	struct entry *mac = &out->at[out->count++], *vlan;
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
		*vlan = (struct entry) {
			.key = mac_key(f) | VMQ_KEY_TAGGED |
			       (uint64_t)f->vlan << VMQ_KEY_VLAN_SHIFT,
		};
		rule_add(&vlan->rule, f, KIND_OTHER_VLAN);
	}

	n_vlans = out->count - first_vlan;
	*mac = (struct entry) { .key = mac_key(sorted[0]) };
	rule_add(&mac->rule, untagged, KIND_UNTAGGED);
	rule_add(&mac->rule, zero, KIND_VLAN_ZERO);
	rule_add(&mac->rule, any, KIND_OTHER_VLAN);
	if (n_vlans == 1 && !any) {
		vlan = &out->at[--out->count];
		mac->rule.queue[KIND_OTHER_VLAN] = vlan->rule.queue[KIND_OTHER_VLAN];
		mac->rule.flags |= (uint16_t)(vlan->rule.flags |
					      (vlan->key >> VMQ_KEY_VLAN_SHIFT & 0xfff) << RULE_ONLY_SHIFT);
	} else if (n_vlans) {
		mac->rule.flags |= RULE_MORE;
	}
}

static void add_all(struct entries *out, const struct vmq_filter *const *sorted, unsigned n)
{
	unsigned first = 0;

	for (unsigned i = 1; i <= n; i++)
		if (i == n || mac_key(sorted[i]) != mac_key(sorted[first])) {
			add_mac(out, sorted + first, i - first);
			first = i;
		}
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
static unsigned table_place(struct vmq_filter_table *t, const struct entry *e)
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
static int table_fill(struct vmq_filter_table *t, const struct entries *e)
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
static struct vmq_filter_table *table_build(const struct entries *e)
{
	uint64_t buckets = 1;

	while (buckets < e->count)
		buckets *= 2;
	for (unsigned i = 0; i <= DOUBLINGS; i++, buckets *= 2) {
		size_t bytes = sizeof(struct vmq_filter_table) + buckets * sizeof(struct bucket);
		struct vmq_filter_table *t = aligned_alloc(CACHE_LINE, bytes);

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

static int filters_are_valid(const struct vmq_filter *filters, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if ((unsigned)filters[i].vlan_test >= VMQ_VLAN_TEST_COUNT ||
		    (filters[i].vlan_test == VMQ_VLAN_EQUAL && filters[i].vlan > 4095))
			return 0;
	return 1;
}

struct vmq_filter_table *vmq_filter_table_create(const struct vmq_filter *filters, unsigned n)
{
	struct vmq_filter_table *t = NULL;
	const struct vmq_filter **sorted;
	struct entries e = { 0 };

	if (n > VMQ_FILTERS_MAX || !filters_are_valid(filters, n))
		return NULL;
	sorted = malloc((n + 1) * sizeof(*sorted));
	if (!sorted)
		return NULL;
	/* At most one entry for the MAC and one for the VLAN of each filter. */
	e.at = malloc((2 * n + 1) * sizeof(*e.at));
	if (!e.at)
		goto free_sorted;

	vmq_filter_sort(sorted, filters, n);
	add_all(&e, sorted, n);
	t = table_build(&e);

	free(e.at);
free_sorted:
	free(sorted);
	return t;
}

void vmq_filter_table_destroy(struct vmq_filter_table *table)
{
	free(table);
}

struct vmq_filter_cost vmq_filter_table_cost(const struct vmq_filter_table *table)
{
	return table->cost;
}
