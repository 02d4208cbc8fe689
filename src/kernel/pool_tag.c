/* SPDX-License-Identifier: BSD-2-Clause */
/* How many blocks and bytes each tag holds: an open hash that only grows. */
#include "kernel/pool_tag.h"

#include <stdatomic.h>

#include "base/log.h"
#include "kernel/pool.h"

#define TAGS  1024u
#define OTHER 0x65736c65u   /* "else" */

struct pool_tag {
	atomic_uint tag;        /* 0: nobody's yet */
	atomic_long blocks, bytes;
};

/* The last one counts zero tags and those that found no room. */
static struct pool_tag table[TAGS + 1] = { [TAGS] = { .tag = OTHER } };

struct pool_tag *pool_tag_find(ULONG tag)
{
	unsigned start = tag * 2654435761u >> 22;

	for (unsigned i = 0; tag && i < TAGS; i++) {
		struct pool_tag *t = &table[(start + i) % TAGS];
		unsigned have = atomic_load_explicit(&t->tag, memory_order_acquire);

		if (have == tag)
			return t;
		if (!have && (atomic_compare_exchange_strong(&t->tag, &have, tag) || have == tag))
			return t;
	}
	return &table[TAGS];
}

void pool_tag_add(struct pool_tag *count, long blocks, long bytes)
{
	atomic_fetch_add_explicit(&count->blocks, blocks, memory_order_relaxed);
	atomic_fetch_add_explicit(&count->bytes, bytes, memory_order_relaxed);
}

static struct kernel_pool_usage usage_of(struct pool_tag *t)
{
	return (struct kernel_pool_usage){
		.tag = atomic_load(&t->tag),
		.blocks = atomic_load(&t->blocks),
		.bytes = atomic_load(&t->bytes),
	};
}

size_t kernel_pool_usage(struct kernel_pool_usage *usage, size_t max)
{
	size_t n = 0;

	for (unsigned i = 0; i <= TAGS; i++) {
		struct kernel_pool_usage u = usage_of(&table[i]);

		if (!u.blocks)
			continue;
		if (n < max)
			usage[n] = u;
		n++;
	}
	return n;
}

struct kernel_pool_usage kernel_pool_tag_usage(ULONG tag)
{
	struct kernel_pool_usage u = usage_of(pool_tag_find(tag));

	u.tag = tag;
	return u;
}

void kernel_pool_tag_text(ULONG tag, char text[5])
{
	for (int i = 0; i < 4; i++) {
		unsigned char c = (unsigned char)(tag >> 8 * i);

		text[i] = c >= ' ' && c <= '~' ? (char)c : '.';
	}
	text[4] = '\0';
}

/* What 'tag' held in a snapshot. */
static struct kernel_pool_usage snapshot_find(const struct kernel_pool_usage *snapshot, size_t n,
					      ULONG tag)
{
	for (size_t i = 0; i < n; i++)
		if (snapshot[i].tag == tag)
			return snapshot[i];
	return (struct kernel_pool_usage){ .tag = tag };
}

unsigned kernel_pool_report(const char *owner, const struct kernel_pool_usage *before, size_t n)
{
	unsigned leaks = 0;

	for (unsigned i = 0; i <= TAGS; i++) {
		struct kernel_pool_usage now = usage_of(&table[i]);
		struct kernel_pool_usage then = snapshot_find(before, n, now.tag);
		char text[5];

		if (now.blocks <= then.blocks)
			continue;
		kernel_pool_tag_text(now.tag, text);
		log_warning("%s leaves %ld pool blocks (%ld bytes) with tag '%s'", owner,
			    now.blocks - then.blocks, now.bytes - then.bytes, text);
		leaks++;
	}
	return leaks;
}
