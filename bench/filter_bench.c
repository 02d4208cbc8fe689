/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a filter lookup costs with each filter engine (policy/filter_engines.h), as the miniport
 * asks it; and DPDK's rte_hash alone on the same keys, which only finds the key: it decides no
 * overlap and, for a frame that misses, tries no second key.
 *
 *   ninja -C BUILD bench/filter_bench && taskset -c 1 BUILD/bench/filter_bench
 *
 * All sides run in turns of under a millisecond, so that a busy neighbour
 * slows all; the medians of the turns are printed, and the medians of their
 * ratios to the first engine.
 */
#include "policy/filter_engines.h"
#include "vmq/classifier.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_eal.h>
#include <rte_hash.h>
#include <rte_hash_crc.h>

#define BURST  32
#define FRAMES 8192   /* in one turn; a multiple of BURST */
#define TURNS  301
#define SIDES  8      /* engines, and rte_hash alone */

/* What the filters ask. X(name, text) */
#define FORMS(X)                                                     \
	X(MAC,      "MAC, untagged or VLAN 0")                       \
	X(MAC_VLAN, "MAC and VLAN, one VLAN a MAC")                  \
	X(VLANS,    "MAC and VLAN, 16 VLANs a MAC")

enum form {
#define X(name, text) FORM_##name,
	FORMS(X)
#undef X
	FORM_COUNT
};

static const char *const form_texts[] = {
#define X(name, text) text,
	FORMS(X)
#undef X
};

struct side_by_side {
	struct vmq_classifier *classifier[SIDES];   /* of each engine, to a NULL */
	struct rte_hash *hash;
	vmq_key_t keys[FRAMES];
	uint64_t found;   /* so that no lookup is optimised away */
};

static uint64_t random_next(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x * 0x2545f4914f6cdd1dull >> 16;
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_engine(struct side_by_side *s, const struct vmq_classifier *c)
{
	double start = now_ns();
	uint16_t queues[BURST];

	for (unsigned i = 0; i < FRAMES; i += BURST)
		s->found += vmq_classify(c, NULL, s->keys + i, BURST, queues) & 1;
	return (now_ns() - start) / FRAMES;
}

static double time_rte_hash(struct side_by_side *s)
{
	double start = now_ns();
	const void *keys[BURST];
	int32_t positions[BURST];

	for (unsigned i = 0; i < FRAMES; i += BURST) {
		for (unsigned k = 0; k < BURST; k++)
			keys[k] = &s->keys[i + k];
		rte_hash_lookup_bulk(s->hash, keys, BURST, positions);
		s->found += positions[0] >= 0;
	}
	return (now_ns() - start) / FRAMES;
}

static int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(*values), double_order);
	return values[TURNS / 2];
}

static void compare(struct side_by_side *s, enum form form, unsigned n, const char *what)
{
	static double ns[SIDES][TURNS], ratio[SIDES][TURNS];
	unsigned sides = 0;

	while (s->classifier[sides])
		sides++;
	for (unsigned i = 0; i < TURNS; i++) {
		for (unsigned e = 0; e < sides; e++)
			ns[e][i] = time_engine(s, s->classifier[e]);
		ns[sides][i] = time_rte_hash(s);
		for (unsigned e = 0; e <= sides; e++)
			ratio[e][i] = ns[e][i] / ns[0][i];
	}
	printf("%-30s %6u  %-5s", form_texts[form], n, what);
	for (unsigned e = 0; e <= sides; e++)
		printf(" %9.2f %5.2f", median(ns[e]), median(ratio[e]));
	putchar('\n');
}

/* Filter 'i' and the key of a frame that it matches. */
static vmq_key_t filter_make(struct vmq_filter *f, enum form form, unsigned i, uint64_t base)
{
	uint64_t mac = base + (form == FORM_VLANS ? i / 16 : i);
	unsigned vlan = form == FORM_MAC ? 0 : 1 + i % 16;

	*f = (struct vmq_filter) {
		.vlan_test = form == FORM_MAC ? VMQ_VLAN_UNTAGGED_OR_ZERO : VMQ_VLAN_EQUAL,
		.vlan = (uint16_t)vlan, .queue = (uint16_t)(1 + i), .id = 1 + i,
	};
	for (unsigned b = 0; b < 6; b++)
		f->mac[b] = (uint8_t)(mac >> 8 * b);
	return mac | (vlan ? VMQ_KEY_TAGGED | (uint64_t)vlan << VMQ_KEY_VLAN_SHIFT : 0);
}

/* The same filters as whoever sets them one by one tells them. */
static struct vmq_classifier *classifier_make(const struct vmq_filter_engine *engine,
					      const struct vmq_filter *f, unsigned n)
{
	struct vmq_criteria *list = calloc(n, sizeof(*list));
	struct vmq_field_test *tests = calloc(2 * (size_t)n, sizeof(*tests));
	struct vmq_classifier *c = NULL;

	for (unsigned i = 0; list && tests && i < n; i++) {
		struct vmq_field_test *t = &tests[2 * i];

		list[i] = (struct vmq_criteria) {
			.id = f[i].id, .queue = f[i].queue, .n_tests = 1, .tests = t,
			.untagged_or_zero = f[i].vlan_test == VMQ_VLAN_UNTAGGED_OR_ZERO,
		};
		t[0].field = VMQ_FIELD_DESTINATION;
		vmq_field_value(VMQ_FIELD_DESTINATION, f[i].mac, &t[0].value);
		if (f[i].vlan_test != VMQ_VLAN_EQUAL)
			continue;
		t[1] = (struct vmq_field_test) { .field = VMQ_FIELD_VLAN_ID, .value = f[i].vlan };
		list[i].n_tests = 2;
	}
	if (list && tests)
		c = vmq_classifier_create(engine, list, n);
	free(tests);
	free(list);
	return c;
}

static struct rte_hash *hash_make(unsigned n)
{
	struct rte_hash_parameters p = {
		.name = "bench", .entries = n < 8 ? 8 : n, .key_len = sizeof(vmq_key_t),
		.hash_func = rte_hash_crc, .socket_id = SOCKET_ID_ANY,
		/* Room for every key, as ours has. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};

	return rte_hash_create(&p);
}

static int bench(struct side_by_side *s, enum form form, unsigned n)
{
	struct vmq_filter *f = calloc(n, sizeof(*f));
	uint64_t base = random_next() & 0xffffff000000ull;
	int rc = -1;

	s->hash = hash_make(n);
	if (!f || !s->hash)
		goto out;
	for (unsigned i = 0; i < n; i++) {
		vmq_key_t key = filter_make(&f[i], form, i, base);

		if (rte_hash_add_key(s->hash, &key) < 0)
			goto out;
	}
	for (unsigned e = 0; filter_engines[e] && e < SIDES - 1; e++) {
		s->classifier[e] = classifier_make(filter_engines[e], f, n);
		if (!s->classifier[e])
			goto out;
	}

	for (unsigned i = 0; i < FRAMES; i++) {
		struct vmq_filter any;

		s->keys[i] = filter_make(&any, form, (unsigned)(random_next() % n), base);
	}
	compare(s, form, n, "hits");
	for (unsigned i = 0; i < FRAMES; i++)
		s->keys[i] ^= (1 + random_next() % 0xffff) << 24;
	compare(s, form, n, "miss");
	rc = 0;
out:
	for (unsigned e = 0; e < SIDES; e++) {
		vmq_classifier_destroy(s->classifier[e]);
		s->classifier[e] = NULL;
	}
	rte_hash_free(s->hash);
	free(f);
	return rc;
}

int main(void)
{
	static const unsigned sizes[] = { 1, 16, 256, 4096 };
	static struct side_by_side s;
	const char *args[] = { "filter_bench", "--no-huge", "--no-shconf", "--no-pci",
			 "--no-telemetry", "--log-level=warning", "-m64" };

	if (rte_eal_init(sizeof(args) / sizeof(args[0]), (char **)args) < 0)
		return 1;
	printf("ns per lookup, bursts of %d, medians of %d turns; and the ratio to %s\n", BURST, TURNS,
	       filter_engines[0]->name);
	printf("%-30s %6s  %-5s", "filters", "number", "keys");
	for (unsigned e = 0; filter_engines[e]; e++)
		printf(" %9s %5s", filter_engines[e]->name, "ratio");
	printf(" %9s %5s\n", "rte alone", "ratio");
	for (unsigned form = 0; form < FORM_COUNT; form++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			if (bench(&s, form, sizes[i])) {
				fprintf(stderr, "filter_bench: no memory for %u filters\n",
					sizes[i]);
				return 1;
			}
	return rte_eal_cleanup() < 0;
}
