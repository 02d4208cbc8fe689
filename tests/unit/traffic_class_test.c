/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/traffic_class.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#define ETS(acc, percent) { .tsa = VMQ_TSA_ETS, .account = (acc), .share = (percent) }
#define STRICT { .tsa = VMQ_TSA_STRICT }

static unsigned seed;

/* Frame sizes without a pattern: 60 .. 1559 bytes. */
static unsigned any_size(void)
{
	seed = seed * 1103515245u + 12345u;
	return 60 + (seed >> 8) % 1500;
}

/* Serves classes of 'waiting' until so many bytes have left; adds them up by class. */
static void serve(struct vmq_traffic_classes *c, uint8_t waiting, uint64_t bytes, uint64_t by[8])
{
	for (uint64_t sent = 0; sent < bytes;) {
		int cls = vmq_traffic_class_next(c, waiting);
		unsigned size = any_size();

		assert_true(cls >= 0 && waiting >> cls & 1);
		vmq_traffic_class_sent(c, (unsigned)cls, size);
		by[cls] += size;
		sent += size;
	}
}

static void assert_percent(uint64_t part, uint64_t all, unsigned percent)
{
	assert_true(part * 100 >= all * (percent - 1) && part * 100 <= all * (percent + 1));
}

static void O9_A12_the_highest_priority_goes_first_and_0_between_1_and_2(void **state)
{
	static const int order[] = { 7, 6, 5, 4, 3, 2, 0, 1 };
	struct vmq_traffic_rules rules;
	struct vmq_traffic_classes c;
	uint8_t waiting = 0xff;

	(void)state;
	vmq_traffic_rules_802_1p(&rules);
	vmq_traffic_classes_init(&c, &rules);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(rules.of_priority[order[i]], order[i]);
		assert_int_equal(vmq_traffic_class_next(&c, waiting), order[i]);
		vmq_traffic_class_sent(&c, (unsigned)order[i], 1500);
		assert_int_equal(vmq_traffic_class_next(&c, waiting), order[i]);   /* still */
		waiting &= (uint8_t)~(1u << order[i]);
	}
	assert_int_equal(vmq_traffic_class_next(&c, waiting), -1);
}

static void O9_a_strict_class_ranks_by_the_highest_priority_it_owns(void **state)
{
	/* Class 0 owns 1 and 5, class 1 owns 4, class 2 the rest but 7, which is class 1's. */
	static const struct vmq_traffic_rules rules = {
		.n = 3, .of_priority = { 2, 0, 2, 2, 1, 0, 2, 1 },
		.of_class = { STRICT, STRICT, STRICT },
	};
	struct vmq_traffic_classes c;

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	assert_int_equal(vmq_traffic_class_next(&c, 7), 1);
	assert_int_equal(vmq_traffic_class_next(&c, 5), 2);
	assert_int_equal(vmq_traffic_class_next(&c, 1), 0);
}

static void O10_ets_shares_hold_under_overload_whatever_the_frames_sizes(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 3, .of_priority = { 0, 1, 2 }, .of_class = { ETS(0, 30), ETS(1, 63), ETS(2, 7) },
	};
	struct vmq_traffic_classes c;
	uint64_t by[8] = { 0 }, all = 100000000;

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	serve(&c, 7, all, by);
	assert_percent(by[0], all, 30);
	assert_percent(by[1], all, 63);
	assert_percent(by[2], all, 7);
}

static void O10_what_one_class_leaves_the_others_take_and_nothing_is_saved_up(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 3, .of_priority = { 0, 1, 2 }, .of_class = { ETS(0, 20), ETS(1, 60), ETS(2, 20) },
	};
	struct vmq_traffic_classes c;
	uint64_t by[8] = { 0 }, all = 50000000;

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	serve(&c, 3, all, by);              /* 20 to 60, with the third silent */
	assert_percent(by[0], all, 25);
	assert_percent(by[1], all, 75);
	serve(&c, 1, all, by);              /* alone: everything */
	by[0] = by[1] = 0;
	serve(&c, 7, all, by);              /* the other two were silent for long */
	assert_percent(by[0], all, 20);
	assert_percent(by[1], all, 60);
	assert_percent(by[2], all, 20);
}

static void O10_an_ets_class_without_a_share_gets_what_all_others_leave(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 2, .of_priority = { 0, 1 }, .of_class = { ETS(0, 0), ETS(1, 100) },
	};
	struct vmq_traffic_classes c;

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(vmq_traffic_class_next(&c, 3), 1);
		vmq_traffic_class_sent(&c, 1, 1500);
	}
	assert_int_equal(vmq_traffic_class_next(&c, 1), 0);
}

static void O9_O10_strict_goes_before_ets_and_ets_shares_the_rest(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 3, .of_priority = { 1, 0, 0, 0, 0, 0, 0, 2 },
		.of_class = { ETS(0, 70), STRICT, ETS(1, 30) },
	};
	struct vmq_traffic_classes c;
	uint64_t by[8] = { 0 };

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(vmq_traffic_class_next(&c, 7), 1);
		vmq_traffic_class_sent(&c, 1, 1500);
		serve(&c, 5, 30000, by);
	}
	assert_percent(by[0], by[0] + by[2], 70);
	assert_percent(by[2], by[0] + by[2], 30);
}

static void O11_a_halted_class_waits_and_the_others_flow(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 3, .of_priority = { 0, 1, 2 }, .of_class = { ETS(0, 50), ETS(1, 50), STRICT },
	};
	struct vmq_traffic_classes c;
	uint64_t by[8] = { 0 }, all = 10000000;

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	vmq_traffic_classes_halt(&c, 1u << 2 | 1u << 0);
	assert_int_equal(vmq_traffic_class_next(&c, 5), -1);
	assert_int_equal(vmq_traffic_class_next(&c, 7), 1);
	vmq_traffic_classes_halt(&c, 1u << 2);
	serve(&c, 3, all, by);
	assert_percent(by[0], all, 50);
	vmq_traffic_classes_halt(&c, 0);
	assert_int_equal(vmq_traffic_class_next(&c, 7), 2);
}

/* Priorities of one traffic class that PFC may halt one by one. */
static void O10_O11_classes_of_one_account_share_it_in_turns(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 3, .of_priority = { 0, 1, 2 }, .of_class = { ETS(0, 40), ETS(0, 40), ETS(1, 60) },
	};
	struct vmq_traffic_classes c;
	uint64_t by[8] = { 0 }, all = 100000000;

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	serve(&c, 7, all, by);
	assert_percent(by[0], all, 20);
	assert_percent(by[1], all, 20);
	assert_percent(by[2], all, 60);
	by[0] = by[1] = by[2] = 0;
	vmq_traffic_classes_halt(&c, 1);
	serve(&c, 7, all, by);
	assert_percent(by[1], all, 40);
	assert_percent(by[2], all, 60);
	assert_int_equal(by[0], 0);
}

static void O10_shares_hold_when_the_clocks_are_set_back(void **state)
{
	static const struct vmq_traffic_rules rules = {
		.n = 2, .of_priority = { 0, 1 }, .of_class = { ETS(0, 1), ETS(1, 99) },
	};
	struct vmq_traffic_classes c;
	uint64_t by[8] = { 0 };

	(void)state;
	vmq_traffic_classes_init(&c, &rules);
	/* 8192 times more than a clock holds, in pieces as large as the call allows. */
	for (unsigned i = 0; i < 20000; i++) {
		int cls = vmq_traffic_class_next(&c, 3);

		vmq_traffic_class_sent(&c, (unsigned)cls, 1u << 31);
		by[cls]++;
	}
	assert_in_range(by[0], 199, 201);
}

static void A8_one_class_takes_everything(void **state)
{
	struct vmq_traffic_rules rules;
	struct vmq_traffic_classes c;

	(void)state;
	vmq_traffic_rules_single(&rules);
	vmq_traffic_classes_init(&c, &rules);
	assert_int_equal(rules.n, 1);
	for (unsigned p = 0; p < VMQ_PRIORITIES; p++)
		assert_int_equal(rules.of_priority[p], 0);
	assert_int_equal(vmq_traffic_class_next(&c, 1), 0);
	assert_int_equal(vmq_traffic_class_next(&c, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(O9_A12_the_highest_priority_goes_first_and_0_between_1_and_2),
		cmocka_unit_test(O9_a_strict_class_ranks_by_the_highest_priority_it_owns),
		cmocka_unit_test(O10_ets_shares_hold_under_overload_whatever_the_frames_sizes),
		cmocka_unit_test(O10_what_one_class_leaves_the_others_take_and_nothing_is_saved_up),
		cmocka_unit_test(O10_an_ets_class_without_a_share_gets_what_all_others_leave),
		cmocka_unit_test(O9_O10_strict_goes_before_ets_and_ets_shares_the_rest),
		cmocka_unit_test(O11_a_halted_class_waits_and_the_others_flow),
		cmocka_unit_test(O10_O11_classes_of_one_account_share_it_in_turns),
		cmocka_unit_test(O10_shares_hold_when_the_clocks_are_set_back),
		cmocka_unit_test(A8_one_class_takes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
