/* SPDX-License-Identifier: BSD-2-Clause */
/* Two threads that each say something and then look what the other said: one sees the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>

#include "base/asymmetric_fence.h"

#define ROUNDS 50000u

static atomic_uint round_of[2];      /* the round that a thread is ready for */
static atomic_uint said[2];
static unsigned seen[2][ROUNDS];

static void meet(unsigned me, unsigned round)
{
	unsigned spins = 0;

	atomic_store(&round_of[me], round);
	while (atomic_load(&round_of[!me]) < round)
		if (spins++ % 1024 == 1023)
			sched_yield();
}

static void *light(void *arg)
{
	for (unsigned i = 1; i < ROUNDS; i++) {
		meet(0, i);
		atomic_store_explicit(&said[0], i, memory_order_relaxed);
		asymmetric_fence_light();
		seen[0][i] = atomic_load_explicit(&said[1], memory_order_relaxed);
	}
	return arg;
}

static void one_of_both_sees_the_other(void **state)
{
	unsigned blind = 0;
	pthread_t other;

	(void)state;
	asymmetric_fence_start();
	assert_int_equal(pthread_create(&other, NULL, light, NULL), 0);
	for (unsigned i = 1; i < ROUNDS; i++) {
		meet(1, i);
		atomic_store_explicit(&said[1], i, memory_order_relaxed);
		asymmetric_fence_heavy();
		seen[1][i] = atomic_load_explicit(&said[0], memory_order_relaxed);
	}
	pthread_join(other, NULL);
	for (unsigned i = 1; i < ROUNDS; i++)
		blind += seen[0][i] < i && seen[1][i] < i;
	assert_int_equal(blind, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_of_both_sees_the_other) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
