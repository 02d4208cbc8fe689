/* SPDX-License-Identifier: BSD-2-Clause */
/* Which processor a VM gets, by every placement that there is. */
#include "policy/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define PROCESSORS 64

static unsigned vms[PROCESSORS];   /* on each processor */

/* Places 'n' VMs; VMs that are there already stay. Writes where each went. */
static void place(const struct placement *p, unsigned n_processors, unsigned n, unsigned *where)
{
	for (unsigned i = 0; i < n; i++) {
		const struct placement_view view = { i, n_processors, vms };

		where[i] = p->choose(&view);
		assert_in_range(where[i], 0, n_processors - 1);
		vms[where[i]]++;
	}
}

static int setup(void **state)
{
	(void)state;
	memset(vms, 0, sizeof(vms));
	return 0;
}

static void every_placement_has_a_name_and_keeps_to_the_processors(void **state)
{
	unsigned where[1024];

	(void)state;
	for (unsigned i = 0; placements[i]; i++) {
		assert_true(strlen(placements[i]->name) > 0 && strlen(placements[i]->text) > 10);
		for (unsigned n = 1; n <= PROCESSORS; n += 7) {
			memset(vms, 0, sizeof(vms));
			place(placements[i], n, 1024, where);
			/* None is left out when there are very many. */
			for (unsigned p = 0; p < n; p++)
				assert_true(vms[p] > 0);
		}
	}
#define X(policy, word) assert_string_equal(policy.name, word);
	PLACEMENTS(X)
#undef X
	assert_ptr_equal(placements[0], &placement_spread);
}

static void spread_goes_round_the_processors(void **state)
{
	static const unsigned expected[] = { 0, 1, 2, 0, 1, 2, 0 };
	unsigned where[7];

	(void)state;
	vms[0] = 5;   /* those that the configuration put there change nothing */
	place(&placement_spread, 3, 7, where);
	assert_memory_equal(where, expected, sizeof(expected));
}

static void pack_fills_a_processor_before_the_next(void **state)
{
	unsigned where[20];

	(void)state;
	vms[0] = 3;   /* by the configuration */
	place(&placement_pack, 3, 20, where);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(where[i], i < 5 ? 0 : i < 13 ? 1 : 2);
}

static void pack_takes_the_emptiest_when_all_are_full(void **state)
{
	unsigned where[5];

	(void)state;
	vms[0] = 10;
	vms[1] = 8;
	vms[2] = 9;
	place(&placement_pack, 3, 5, where);
	assert_int_equal(where[0], 1);
	assert_in_range(where[1], 1, 2);
	assert_in_range(where[2], 1, 2);
	assert_int_not_equal(where[1], where[2]);
	assert_int_equal(vms[0] + vms[1] + vms[2], 32);
	assert_true(vms[0] <= 11 && vms[1] <= 11 && vms[2] <= 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_placement_has_a_name_and_keeps_to_the_processors, setup),
		cmocka_unit_test_setup(spread_goes_round_the_processors, setup),
		cmocka_unit_test_setup(pack_fills_a_processor_before_the_next, setup),
		cmocka_unit_test_setup(pack_takes_the_emptiest_when_all_are_full, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
