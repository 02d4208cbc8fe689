/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/tx_queue.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void B6_unknown_ids_take_the_default_transmit_queue(void **state)
{
	struct vmq_tx_map *map = vmq_tx_map_create(16);

	(void)state;
	assert_int_equal(vmq_tx_map_set(map, 3, 2), 0);
	for (unsigned id = 0; id <= UINT16_MAX; id++)
		assert_int_equal(vmq_tx_map_lookup(map, (uint16_t)id), id == 3 ? 2 : 0);
	vmq_tx_map_destroy(map);
}

static void B6_deleted_id_takes_the_default_transmit_queue(void **state)
{
	struct vmq_tx_map *map = vmq_tx_map_create(16);

	(void)state;
	assert_int_equal(vmq_tx_map_set(map, 3, 2), 0);
	vmq_tx_map_clear(map, 3);
	assert_int_equal(vmq_tx_map_lookup(map, 3), 0);
	vmq_tx_map_clear(map, 3);        /* twice, or an id beyond the map: nothing to do */
	vmq_tx_map_clear(map, 16);
	vmq_tx_map_clear(map, UINT16_MAX);
	assert_int_equal(vmq_tx_map_set(map, 3, 1), 0);
	assert_int_equal(vmq_tx_map_lookup(map, 3), 1);
	vmq_tx_map_destroy(map);
}

static void B8_B14_id_zero_is_always_the_default(void **state)
{
	struct vmq_tx_map *map = vmq_tx_map_create(1);

	(void)state;
	assert_int_equal(vmq_tx_map_lookup(map, 0), VMQ_TX_DEFAULT);
	assert_int_equal(vmq_tx_map_set(map, 0, VMQ_TX_DEFAULT), 0);
	assert_int_equal(vmq_tx_map_set(map, 0, 1), -EINVAL);
	assert_int_equal(vmq_tx_map_lookup(map, 0), VMQ_TX_DEFAULT);
	vmq_tx_map_clear(map, 0);
	assert_int_equal(vmq_tx_map_lookup(map, 0), VMQ_TX_DEFAULT);
	vmq_tx_map_destroy(map);
}

static void U15_a_group_shares_and_outlives_a_member(void **state)
{
	struct vmq_tx_map *map = vmq_tx_map_create(16);

	(void)state;
	assert_int_equal(vmq_tx_map_set(map, 4, 2), 0);
	assert_int_equal(vmq_tx_map_set(map, 9, 2), 0);
	assert_int_equal(vmq_tx_map_lookup(map, 4), vmq_tx_map_lookup(map, 9));
	vmq_tx_map_clear(map, 4);
	assert_int_equal(vmq_tx_map_lookup(map, 4), VMQ_TX_DEFAULT);
	assert_int_equal(vmq_tx_map_lookup(map, 9), 2);
	vmq_tx_map_destroy(map);
}

static void bad_capacities_and_ids_are_refused(void **state)
{
	struct vmq_tx_map *map;

	(void)state;
	assert_null(vmq_tx_map_create(0));
	assert_null(vmq_tx_map_create(65537));
	vmq_tx_map_destroy(NULL);

	map = vmq_tx_map_create(16);
	assert_int_equal(vmq_tx_map_set(map, 15, 1), 0);
	assert_int_equal(vmq_tx_map_set(map, 16, 1), -EINVAL);
	vmq_tx_map_destroy(map);

	map = vmq_tx_map_create(65536);
	assert_int_equal(vmq_tx_map_set(map, UINT16_MAX, UINT16_MAX), 0);
	assert_int_equal(vmq_tx_map_lookup(map, UINT16_MAX), UINT16_MAX);
	vmq_tx_map_destroy(map);
}

struct race {
	struct vmq_tx_map *map;
	atomic_int stop;       /* the test writes, the worker reads */
	unsigned strangers;    /* answers that were never set; read after the join */
};

static void *race_worker(void *arg)
{
	struct race *r = arg;

	while (!atomic_load_explicit(&r->stop, memory_order_relaxed)) {
		unsigned tx = vmq_tx_map_lookup(r->map, 3);

		if (tx != VMQ_TX_DEFAULT && tx != 0x0102)
			r->strangers++;
	}
	return NULL;
}

static void B7_a_free_racing_with_sends_shows_the_old_or_the_default(void **state)
{
	struct race r = { .map = vmq_tx_map_create(16) };
	pthread_t worker;

	(void)state;
	assert_int_equal(pthread_create(&worker, NULL, race_worker, &r), 0);
	for (unsigned i = 0; i < 200000; i++) {
		assert_int_equal(vmq_tx_map_set(r.map, 3, 0x0102), 0);
		vmq_tx_map_clear(r.map, 3);
	}
	atomic_store(&r.stop, 1);
	pthread_join(worker, NULL);
	assert_int_equal(r.strangers, 0);
	vmq_tx_map_destroy(r.map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(B6_unknown_ids_take_the_default_transmit_queue),
		cmocka_unit_test(B6_deleted_id_takes_the_default_transmit_queue),
		cmocka_unit_test(B8_B14_id_zero_is_always_the_default),
		cmocka_unit_test(U15_a_group_shares_and_outlives_a_member),
		cmocka_unit_test(bad_capacities_and_ids_are_refused),
		cmocka_unit_test(B7_a_free_racing_with_sends_shows_the_old_or_the_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
