/* SPDX-License-Identifier: BSD-2-Clause */
#include "engines.h"

#include "policy/filter_engines.h"

#define TESTS_MAX   32
#define ENGINES_MAX 8

static int engine_setup(void **state)
{
	stack_filter_engine = *state;
	return stack_setup(state);
}

int engines_run(const struct CMUnitTest *tests, size_t n)
{
	static struct CMUnitTest all[TESTS_MAX * ENGINES_MAX];
	size_t used = 0;

	for (unsigned e = 0; filter_engines[e] && n <= TESTS_MAX && e < ENGINES_MAX; e++)
		for (size_t i = 0; i < n; i++) {
			all[used] = tests[i];
			all[used].setup_func = engine_setup;
			all[used].teardown_func = stack_teardown;
			all[used++].initial_state = (void *)(uintptr_t)filter_engines[e]->name;
		}
	return used ? _cmocka_run_group_tests("engines", all, used, ground_setup, ground_teardown) : 1;
}
