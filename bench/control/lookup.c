/* SPDX-License-Identifier: BSD-2-Clause */
#include "lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <rte_hash.h>
#include <rte_hash_crc.h>

#include "median.h"
#include "vmq/classifier.h"

#define BURST  32
#define FRAMES 8192   /* in one turn; a multiple of BURST */
#define TURNS  301
#define VLANS  16     /* among the filters, each of an address of its own */

static vmq_key_t keys[FRAMES];
static uint64_t found;   /* so that no lookup is optimised away */

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double turn_of_ours(const struct vmq_classifier *c)
{
	double start = now_ns();
	uint16_t queues[BURST];

	for (unsigned i = 0; i < FRAMES; i += BURST)
		found += vmq_classify(c, NULL, keys + i, BURST, queues) & 1;
	return (now_ns() - start) / FRAMES;
}

static double turn_of_rte_hash(const struct rte_hash *h)
{
	double start = now_ns();
	const void *wanted[BURST];
	int32_t positions[BURST];

	for (unsigned i = 0; i < FRAMES; i += BURST) {
		for (unsigned k = 0; k < BURST; k++)
			wanted[k] = &keys[i + k];
		rte_hash_lookup_bulk(h, wanted, BURST, positions);
		found += positions[0] >= 0;
	}
	return (now_ns() - start) / FRAMES;
}

static uint64_t mac_of(unsigned filter)
{
	return 0x020000000000ull + (filter * 0x9e3779u & 0xffffff);
}

/* The key of a frame that the filter matches. */
static vmq_key_t key_of(unsigned filter)
{
	return (__builtin_bswap64(mac_of(filter)) >> 16) | VMQ_KEY_TAGGED |
	       (uint64_t)(1 + filter % VLANS) << VMQ_KEY_VLAN_SHIFT;
}

static struct vmq_classifier *classifier_of(unsigned n)
{
	struct vmq_criteria *list = calloc(n, sizeof(*list));
	struct vmq_field_test (*tests)[2] = calloc(n, sizeof(*tests));
	struct vmq_classifier *c = NULL;

	for (unsigned i = 0; list && tests && i < n; i++) {
		tests[i][0] = (struct vmq_field_test){ .field = VMQ_FIELD_DESTINATION,
						       .value = mac_of(i) };
		tests[i][1] = (struct vmq_field_test){ .field = VMQ_FIELD_VLAN_ID,
						       .value = 1 + i % VLANS };
		list[i] = (struct vmq_criteria){ .id = 1 + i, .queue = (uint16_t)(1 + i),
						 .n_tests = 2, .tests = tests[i] };
	}
	if (list && tests)
		c = vmq_classifier_create(&vmq_filter_engine_table, list, n);
	free(tests);
	free(list);
	return c;
}

static struct rte_hash *hash_of(unsigned n)
{
	const struct rte_hash_parameters p = {
		.name = "bench", .entries = n < 8 ? 8 : n, .key_len = sizeof(vmq_key_t),
		.hash_func = rte_hash_crc, .socket_id = SOCKET_ID_ANY,
		/* Room for every key, as ours has. */
		.extra_flag = RTE_HASH_EXTRA_FLAGS_EXT_TABLE,
	};
	struct rte_hash *h = rte_hash_create(&p);

	for (unsigned i = 0; h && i < n; i++) {
		vmq_key_t key = key_of(i);

		if (rte_hash_add_key(h, &key) < 0) {
			rte_hash_free(h);
			return NULL;
		}
	}
	return h;
}

struct lookup_cost lookup_measure(unsigned filters)
{
	static double ours[TURNS], theirs[TURNS], ratio[TURNS];
	struct vmq_classifier *c = classifier_of(filters);
	struct rte_hash *h = hash_of(filters);

	if (!c || !h) {
		fprintf(stderr, "control_bench: no memory for %u filters\n", filters);
		exit(1);
	}
	srandom(filters);
	for (unsigned i = 0; i < FRAMES; i++)
		keys[i] = key_of((unsigned)random() % filters);
	for (unsigned i = 0; i < TURNS; i++) {
		ours[i] = turn_of_ours(c);
		theirs[i] = turn_of_rte_hash(h);
		ratio[i] = ours[i] / theirs[i];
	}
	vmq_classifier_destroy(c);
	rte_hash_free(h);
	return (struct lookup_cost){ median(ours, TURNS), median(theirs, TURNS),
				     median(ratio, TURNS) };
}
