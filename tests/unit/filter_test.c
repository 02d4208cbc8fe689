/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters on MAC and VLAN, by every filter engine that there is. */
#include "policy/filter_engines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_common.h>

#define MAC_A { 0x00, 0x15, 0x5d, 0x00, 0x00, 0x01 }
#define MAC_B { 0x00, 0x15, 0x5d, 0x00, 0x00, 0x02 }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint8_t mac_a[6] = MAC_A, mac_b[6] = MAC_B;
static const struct vmq_filter_engine *engine;   /* that is being tested */
static uint64_t random_state = 88172645463325252ull;

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dull >> 16;
}

/* A frame header; 'tci' < 0: no tag. */
static void frame_make(uint8_t frame[18], const uint8_t mac[6], int tci)
{
	memset(frame, 0xee, 18);
	memcpy(frame, mac, 6);
	frame[12] = tci < 0 ? 0x08 : 0x81;
	frame[13] = 0x00;
	if (tci >= 0) {
		frame[14] = (uint8_t)(tci >> 8);
		frame[15] = (uint8_t)tci;
	}
}

static vmq_key_t key_make(const uint8_t mac[6], int tci)
{
	uint8_t frame[18];

	frame_make(frame, mac, tci);
	return vmq_key(frame);
}

#define NO_MATCH (-1)

/* The queue of one frame, or NO_MATCH. */
static int table_queue(const struct vmq_filter_set *t, const uint8_t mac[6], int tci)
{
	vmq_key_t key = key_make(mac, tci);
	uint16_t queue = 0xdead;
	uint64_t matched = engine->match(t, &key, 1, &queue);

	if (matched)
		return queue;
	assert_int_equal(queue, 0);   /* C3, D4: no match is the default queue */
	return NO_MATCH;
}

static int filters_queue(const struct vmq_filter *f, unsigned n, const uint8_t mac[6], int tci)
{
	struct vmq_filter_set *t = engine->create(f, n);
	int queue;

	assert_non_null(t);
	queue = table_queue(t, mac, tci);
	engine->destroy(t);
	return queue;
}

/* The rules as the pages tell them, one filter after another. */
static int reference_queue(const struct vmq_filter *f, unsigned n, const uint8_t frame[18])
{
	const struct vmq_filter *best = NULL;
	int tagged = frame[12] == 0x81 && frame[13] == 0x00;
	int vlan = (frame[14] << 8 | frame[15]) & 0xfff;

	for (unsigned i = 0; i < n; i++) {
		if (memcmp(f[i].mac, frame, 6))
			continue;
		if (f[i].vlan_test == VMQ_VLAN_UNTAGGED_OR_ZERO && tagged && vlan)
			continue;
		if (f[i].vlan_test == VMQ_VLAN_EQUAL && !(tagged && vlan == f[i].vlan))
			continue;
		if (!best || f[i].id < best->id)
			best = &f[i];
	}
	return best ? best->queue : NO_MATCH;
}

/* Of an engine that can tell. */
static void searches_are_short(const struct vmq_filter_set *t)
{
	struct vmq_filter_cost cost = engine->cost(t);

	if (engine == &vmq_filter_engine_table)
		assert_in_range(cost.lines, 1, 4);
	assert_true(cost.bytes >= sizeof(vmq_key_t));
}

static struct vmq_filter filter_on(const uint8_t mac[6], enum vmq_vlan_test test, unsigned vlan,
				   unsigned queue, unsigned id)
{
	struct vmq_filter f = { .vlan = (uint16_t)vlan, .vlan_test = test,
				.queue = (uint16_t)queue, .id = id };

	memcpy(f.mac, mac, 6);
	return f;
}

/* The kinds of frames of the truth table, and what each test says to them. */
static const struct {
	const char *what;
	int tci;
} kinds[] = {
	{ "untagged",        -1     },
	{ "tag 0",           0x0000 },
	{ "tag 0, prio 7",   0xe000 },
	{ "tag 0, DEI",      0x1000 },
	{ "tag 5",           0x0005 },
	{ "tag 5, prio 7",   0xf005 },
	{ "tag 6",           0x0006 },
	{ "tag 1280 (05 00)", 0x0500 },
	{ "tag 4095",        0x0fff },
};

static void truth_row(enum vmq_vlan_test test, unsigned vlan, const char *row)
{
	struct vmq_filter f = filter_on(mac_a, test, vlan, 9, 1);

	assert_int_equal(strlen(row), COUNT(kinds));
	for (unsigned k = 0; k < COUNT(kinds); k++) {
		int queue = filters_queue(&f, 1, mac_a, kinds[k].tci);

		if (queue != (row[k] == 'y' ? 9 : NO_MATCH))
			fail_msg("test %d vlan %u, %s: queue %d", test, vlan, kinds[k].what, queue);
		/* D1: the MAC must match too. */
		assert_int_equal(filters_queue(&f, 1, mac_b, kinds[k].tci), NO_MATCH);
	}
}

static void D16_no_vlan_test_takes_any_vlan_or_none(void **state)
{
	(void)state;
	truth_row(VMQ_VLAN_ANY, 0, "yyyyyyyyy");
	truth_row(VMQ_VLAN_ANY, 5, "yyyyyyyyy");   /* the VLAN is not read */
}

static void D13_untagged_or_zero_takes_both_and_no_other_vlan(void **state)
{
	(void)state;
	truth_row(VMQ_VLAN_UNTAGGED_OR_ZERO, 0, "yyyynnnnn");
	truth_row(VMQ_VLAN_UNTAGGED_OR_ZERO, 5, "yyyynnnnn");
}

static void D14_D17_equal_takes_exactly_this_vlan(void **state)
{
	(void)state;
	truth_row(VMQ_VLAN_EQUAL, 5, "nnnnyynnn");
	truth_row(VMQ_VLAN_EQUAL, 4095, "nnnnnnnny");
}

static void D14_equal_zero_does_not_take_untagged(void **state)
{
	(void)state;
	truth_row(VMQ_VLAN_EQUAL, 0, "nyyynnnnn");
}

static void D2_several_filters_of_one_queue_each_assign_to_it(void **state)
{
	struct vmq_filter f[] = {
		filter_on(mac_a, VMQ_VLAN_UNTAGGED_OR_ZERO, 0, 3, 1),
		filter_on(mac_b, VMQ_VLAN_EQUAL, 7, 3, 2),
	};

	(void)state;
	assert_int_equal(filters_queue(f, 2, mac_a, -1), 3);
	assert_int_equal(filters_queue(f, 2, mac_b, 7), 3);
	assert_int_equal(filters_queue(f, 2, mac_a, 7), NO_MATCH);
	assert_int_equal(filters_queue(f, 2, mac_b, -1), NO_MATCH);
}

static void D3_source_and_ethertype_are_not_read(void **state)
{
	struct vmq_filter f = filter_on(mac_a, VMQ_VLAN_ANY, 0, 3, 1);
	struct vmq_filter_set *t = engine->create(&f, 1);
	uint8_t frame[18];

	(void)state;
	for (unsigned i = 6; i < 14; i++) {
		vmq_key_t key;
		uint16_t queue;

		frame_make(frame, mac_a, -1);
		frame[i] ^= 0x01;
		key = vmq_key(frame);
		assert_int_equal(engine->match(t, &key, 1, &queue), 1);
		assert_int_equal(queue, 3);
	}
	engine->destroy(t);
}

static void D3_priority_and_dei_are_no_part_of_the_key(void **state)
{
	(void)state;
	for (int vlan = 0; vlan < 4096; vlan += 5)
		for (int top = 0; top < 16; top++)
			assert_int_equal(key_make(mac_a, top << 12 | vlan),
					 0x0100005d1500ull | (uint64_t)vlan << 48 | 1ull << 60);
	assert_int_equal(key_make(mac_a, -1), 0x0100005d1500ull);
}

static void D27_a_match_on_the_default_queue_is_told_from_no_match(void **state)
{
	struct vmq_filter f = filter_on(mac_a, VMQ_VLAN_UNTAGGED_OR_ZERO, 0, 0, 1);

	(void)state;
	assert_int_equal(filters_queue(&f, 1, mac_a, -1), 0);
	assert_int_equal(filters_queue(&f, 1, mac_b, -1), NO_MATCH);
	assert_int_equal(filters_queue(&f, 1, mac_a, 5), NO_MATCH);
}

static void C3_no_filters_no_match(void **state)
{
	static const uint8_t zero[6], ones[6] = { 255, 255, 255, 255, 255, 255 };

	(void)state;
	for (unsigned k = 0; k < COUNT(kinds); k++) {
		assert_int_equal(filters_queue(NULL, 0, mac_a, kinds[k].tci), NO_MATCH);
		assert_int_equal(filters_queue(NULL, 0, zero, kinds[k].tci), NO_MATCH);
		assert_int_equal(filters_queue(NULL, 0, ones, kinds[k].tci), NO_MATCH);
	}
}

static void U5_lowest_filter_id_wins_in_every_order(void **state)
{
	struct vmq_filter f[] = {
		filter_on(mac_a, VMQ_VLAN_EQUAL, 5, 30, 30),
		filter_on(mac_a, VMQ_VLAN_EQUAL, 5, 20, 20),
		filter_on(mac_a, VMQ_VLAN_ANY, 0, 25, 25),
		filter_on(mac_a, VMQ_VLAN_EQUAL, 6, 26, 26),
		filter_on(mac_a, VMQ_VLAN_EQUAL, 0, 10, 10),
		filter_on(mac_a, VMQ_VLAN_UNTAGGED_OR_ZERO, 0, 15, 15),
	};

	(void)state;
	for (unsigned turn = 0; turn < COUNT(f); turn++) {
		struct vmq_filter last = f[COUNT(f) - 1];

		memmove(f + 1, f, sizeof(f) - sizeof(f[0]));
		f[0] = last;
		assert_int_equal(filters_queue(f, COUNT(f), mac_a, 5), 20);
		assert_int_equal(filters_queue(f, COUNT(f), mac_a, 6), 25);
		assert_int_equal(filters_queue(f, COUNT(f), mac_a, 7), 25);
		assert_int_equal(filters_queue(f, COUNT(f), mac_a, 0), 10);
		assert_int_equal(filters_queue(f, COUNT(f), mac_a, -1), 15);
	}
}

static void U13_identical_filters_may_coexist(void **state)
{
	struct vmq_filter f[] = {
		filter_on(mac_a, VMQ_VLAN_EQUAL, 5, 2, 8),
		filter_on(mac_a, VMQ_VLAN_EQUAL, 5, 1, 7),
	};

	(void)state;
	assert_int_equal(filters_queue(f, 2, mac_a, 5), 1);
	assert_int_equal(filters_queue(f, 1, mac_a, 5), 2);   /* id 7 cleared */
}

static void D9_ids_and_queues_at_their_limits(void **state)
{
	static const uint8_t zero[6], ones[6] = { 255, 255, 255, 255, 255, 255 };
	struct vmq_filter f[] = {
		filter_on(zero, VMQ_VLAN_ANY, 0, 65535, UINT32_MAX),
		filter_on(ones, VMQ_VLAN_EQUAL, 4095, 65535, 0),
		filter_on(ones, VMQ_VLAN_EQUAL, 4094, 65534, 0x80000000u),
	};

	(void)state;
	assert_int_equal(filters_queue(f, 3, zero, -1), 65535);
	assert_int_equal(filters_queue(f, 3, zero, 4095), 65535);
	assert_int_equal(filters_queue(f, 3, ones, 4095), 65535);
	assert_int_equal(filters_queue(f, 3, ones, 4094), 65534);
	assert_int_equal(filters_queue(f, 3, ones, -1), NO_MATCH);
}

static void no_such_table_is_refused(void **state)
{
	struct vmq_filter f = filter_on(mac_a, VMQ_VLAN_EQUAL, 4096, 1, 1);
	static struct vmq_filter many[VMQ_FILTERS_MAX + 1];

	(void)state;
	assert_null(engine->create(&f, 1));
	f.vlan_test = (enum vmq_vlan_test)VMQ_VLAN_TEST_COUNT;
	assert_null(engine->create(&f, 1));
	f.vlan_test = (enum vmq_vlan_test)-1;
	assert_null(engine->create(&f, 1));
	f = filter_on(mac_a, VMQ_VLAN_ANY, 4096, 1, 1);   /* the VLAN is not read */
	assert_int_equal(filters_queue(&f, 1, mac_a, -1), 1);
	assert_null(engine->create(many, COUNT(many)));
	engine->destroy(NULL);
}

/* One burst of 'n' frames against the reference. */
static void burst_check(const struct vmq_filter_set *t, const struct vmq_filter *f,
			unsigned n_filters, uint8_t frames[][18], unsigned n)
{
	vmq_key_t keys[VMQ_MATCH_MAX] = { 0 };
	uint16_t queues[VMQ_MATCH_MAX + 1];
	uint64_t matched;

	for (unsigned i = 0; i < n; i++)
		keys[i] = vmq_key(frames[i]);
	memset(queues, 0xa5, sizeof(queues));
	matched = engine->match(t, keys, n, queues);
	assert_int_equal(queues[n], 0xa5a5);   /* nothing beyond the burst */
	if (n < 64)
		assert_int_equal(matched >> n, 0);
	for (unsigned i = 0; i < n; i++) {
		int want = reference_queue(f, n_filters, frames[i]);

		assert_int_equal(matched >> i & 1, want != NO_MATCH);
		assert_int_equal(queues[i], want == NO_MATCH ? 0 : want);
	}
}

static void mac_random(uint8_t mac[6], unsigned different)
{
	static const uint8_t some[][6] = {
		MAC_A, MAC_B, { 0 }, { 255, 255, 255, 255, 255, 255 },
		{ 0x00, 0x15, 0x5d, 0x00, 0x01, 0x00 }, { 0x01, 0x15, 0x5d, 0x00, 0x00, 0x01 },
	};

	memcpy(mac, some[random_next() % (different < COUNT(some) ? different : COUNT(some))], 6);
}

static void D5_D6_random_tables_agree_with_a_plain_walk(void **state)
{
	static const uint16_t vlans[] = { 0, 1, 2, 256, 4095 };

	(void)state;
	for (unsigned round = 0; round < 20000; round++) {
		struct vmq_filter f[32];
		uint8_t frames[VMQ_MATCH_MAX][18];
		unsigned n = random_next() % 33, macs = 1 + random_next() % 6;
		unsigned step = 1 + 2 * (unsigned)(random_next() % 16);   /* odd: a permutation */
		struct vmq_filter_set *t;

		for (unsigned i = 0; i < n; i++) {
			mac_random(f[i].mac, macs);
			f[i].vlan = vlans[random_next() % COUNT(vlans)];
			f[i].vlan_test = random_next() % VMQ_VLAN_TEST_COUNT;
			f[i].queue = (uint16_t)(random_next() % 8);
			f[i].id = 1 + i * step % 32;
		}
		t = engine->create(f, n);
		assert_non_null(t);
		for (unsigned i = 0; i < VMQ_MATCH_MAX; i++) {
			uint8_t mac[6];
			int tci = (int)(vlans[random_next() % COUNT(vlans)] |
					(random_next() & 0xf) << 12);

			mac_random(mac, 6);
			frame_make(frames[i], mac, random_next() % 3 ? tci : -1);
		}
		burst_check(t, f, n, frames, 1 + round % VMQ_MATCH_MAX);
		engine->destroy(t);
	}
}

static void D6_bursts_of_every_length(void **state)
{
	struct vmq_filter f[] = {
		filter_on(mac_a, VMQ_VLAN_UNTAGGED_OR_ZERO, 0, 1, 1),
		filter_on(mac_a, VMQ_VLAN_EQUAL, 5, 2, 2),
		filter_on(mac_a, VMQ_VLAN_EQUAL, 6, 3, 3),
		filter_on(mac_b, VMQ_VLAN_EQUAL, 5, 4, 4),
	};
	struct vmq_filter_set *t = engine->create(f, COUNT(f));
	uint8_t frames[VMQ_MATCH_MAX][18];

	(void)state;
	for (unsigned shift = 0; shift < COUNT(kinds); shift++)
		for (unsigned n = 0; n <= VMQ_MATCH_MAX; n++) {
			for (unsigned i = 0; i < n; i++)
				frame_make(frames[i], (i + shift) / 2 % 2 ? mac_a : mac_b,
					   kinds[(i + shift) % COUNT(kinds)].tci);
			burst_check(t, f, COUNT(f), frames, n);
		}
	engine->destroy(t);
}

/* CRC32C's polynomial, bit by bit as the CRC takes a message. */
#define CRC32C_POLYNOMIAL 0x105ec76f1ull

/*
 * MAC number 'i' of a list that somebody chose to hurt: 'step' apart, or for
 * CRC32C_POLYNOMIAL and i < 32768 with one and the same CRC32C, whatever the
 * CRC started from (carry-less multiples of the polynomial).
 */
static void mac_number(uint8_t mac[6], uint64_t i, uint64_t step)
{
	uint64_t value = i * step;

	if (step == CRC32C_POLYNOMIAL)
		for (unsigned b = value = 0; b < 16; b++)
			value ^= (i >> b & 1) * step << b;
	for (unsigned b = 0; b < 6; b++)
		mac[b] = (uint8_t)(value >> 8 * b);
}

static void table_of_steps(unsigned n, uint64_t step, enum vmq_vlan_test test)
{
	struct vmq_filter *f = calloc(n, sizeof(*f));
	struct vmq_filter_set *t;

	assert_non_null(f);
	for (unsigned i = 0; i < n; i++) {
		mac_number(f[i].mac, i, step);
		f[i].vlan_test = test;
		f[i].vlan = (uint16_t)(i % 4096);
		f[i].queue = (uint16_t)i;
		f[i].id = 1 + i;
	}
	t = engine->create(f, n);
	assert_non_null(t);
	searches_are_short(t);
	for (unsigned i = 0; i < n; i++) {
		uint8_t mac[6];

		mac_number(mac, i, step);
		assert_int_equal(table_queue(t, mac, test == VMQ_VLAN_EQUAL ? (int)(i % 4096) : -1), i);
		mac_number(mac, i + n, step);
		assert_int_equal(table_queue(t, mac, -1), NO_MATCH);
	}
	engine->destroy(t);
	free(f);
}

/* Addresses in a row, in every byte position, and those that a CRC32 or a mask
 * of the low bits would put into one bucket. */
static void D30_chosen_addresses_make_no_long_searches(void **state)
{
	(void)state;
	for (unsigned shift = 0; shift <= 35; shift += 5)
		table_of_steps(4096, 1ull << shift, VMQ_VLAN_UNTAGGED_OR_ZERO);
	table_of_steps(4096, 0x100000001ull, VMQ_VLAN_ANY);
	table_of_steps(4096, CRC32C_POLYNOMIAL, VMQ_VLAN_ANY);
	table_of_steps(4096, CRC32C_POLYNOMIAL, VMQ_VLAN_EQUAL);
	table_of_steps(4096, 0x10001, VMQ_VLAN_EQUAL);
}

static void D30_65536_filters_on_as_many_addresses(void **state)
{
	(void)state;
	table_of_steps(VMQ_FILTERS_MAX, 1, VMQ_VLAN_UNTAGGED_OR_ZERO);
	table_of_steps(VMQ_FILTERS_MAX, 0x10001, VMQ_VLAN_EQUAL);
}

static void D17_65536_filters_every_vlan_of_16_addresses(void **state)
{
	struct vmq_filter *f = calloc(VMQ_FILTERS_MAX, sizeof(*f));
	struct vmq_filter_set *t;

	(void)state;
	assert_non_null(f);
	for (unsigned i = 0; i < VMQ_FILTERS_MAX; i++) {
		mac_number(f[i].mac, i / 4096, 2);
		f[i].vlan_test = VMQ_VLAN_EQUAL;
		f[i].vlan = (uint16_t)(i % 4096);
		f[i].queue = (uint16_t)i;
		f[i].id = VMQ_FILTERS_MAX - i;
	}
	t = engine->create(f, VMQ_FILTERS_MAX);
	assert_non_null(t);
	searches_are_short(t);
	for (unsigned i = 0; i < VMQ_FILTERS_MAX; i++)
		assert_int_equal(table_queue(t, f[i].mac, (int)(i % 4096)), i);
	assert_int_equal(table_queue(t, f[0].mac, -1), NO_MATCH);
	engine->destroy(t);
	free(f);
}

static void every_engine_is_found_by_its_name(void **state)
{
	(void)state;
	assert_ptr_equal(filter_engines[0], &vmq_filter_engine_table);
	for (unsigned i = 0; filter_engines[i]; i++) {
		assert_ptr_equal(filter_engine_find(filter_engines[i]->name), filter_engines[i]);
		assert_true(strlen(filter_engines[i]->text) > 10);
	}
	assert_null(filter_engine_find(""));
	assert_null(filter_engine_find("tabl"));
	assert_string_equal(filter_engine_names(), "table, rte-hash");
#define X(one, word) assert_string_equal(one.name, word);
	FILTER_ENGINES(X)
#undef X
}

static int engine_set(void **state)
{
	engine = *state;
	return 0;
}

#define TEST(name) { #name, name, engine_set, NULL, NULL }

static const struct CMUnitTest of_an_engine[] = {
	TEST(D16_no_vlan_test_takes_any_vlan_or_none),
	TEST(D13_untagged_or_zero_takes_both_and_no_other_vlan),
	TEST(D14_D17_equal_takes_exactly_this_vlan),
	TEST(D14_equal_zero_does_not_take_untagged),
	TEST(D2_several_filters_of_one_queue_each_assign_to_it),
	TEST(D3_source_and_ethertype_are_not_read),
	TEST(D3_priority_and_dei_are_no_part_of_the_key),
	TEST(D27_a_match_on_the_default_queue_is_told_from_no_match),
	TEST(C3_no_filters_no_match),
	TEST(U5_lowest_filter_id_wins_in_every_order),
	TEST(U13_identical_filters_may_coexist),
	TEST(D9_ids_and_queues_at_their_limits),
	TEST(no_such_table_is_refused),
	TEST(D5_D6_random_tables_agree_with_a_plain_walk),
	TEST(D6_bursts_of_every_length),
	TEST(D30_chosen_addresses_make_no_long_searches),
	TEST(D30_65536_filters_on_as_many_addresses),
	TEST(D17_65536_filters_every_vlan_of_16_addresses),
};

/* Every test with every engine. */
int main(void)
{
	static struct CMUnitTest tests[8 * COUNT(of_an_engine) + 1] = {
		cmocka_unit_test(every_engine_is_found_by_its_name),
	};
	const char *args[] = { "filter", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry",
			       "--log-level=*:3", "-m64" };
	unsigned n = 1;

	if (rte_eal_init(COUNT(args), (char **)args) < 0)
		return 1;
	for (unsigned e = 0; filter_engines[e] && n < COUNT(tests); e++)
		for (unsigned i = 0; i < COUNT(of_an_engine); i++) {
			tests[n] = of_an_engine[i];
			tests[n++].initial_state = (void *)(uintptr_t)filter_engines[e];
		}
	return _cmocka_run_group_tests("filter", tests, n, NULL, NULL);
}
