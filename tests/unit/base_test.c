/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/drops.h"
#include "base/error.h"
#include "base/id_pool.h"
#include "base/qsbr.h"
#include "base/spsc.h"

static void an_error_is_one_line_and_its_code_comes_back_negative(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(error_set(&err, 22, "%s:%d: no", "file", 7), -22);
	assert_string_equal(err.text, "file:7: no");
	assert_int_equal(error_set(NULL, 5, "nobody listens"), -5);
}

static void every_drop_reason_has_a_name_and_a_text(void **state)
{
	(void)state;
	for (int i = 0; i < WIRE_DROP_COUNT; i++) {
		assert_true(strlen(wire_drop_name((enum wire_drop)i)) > 3);
		assert_true(strlen(wire_drop_text((enum wire_drop)i)) > 10);
	}
	for (int i = 0; i < PORT_DROP_COUNT; i++) {
		assert_true(strlen(port_drop_name((enum port_drop)i)) > 3);
		assert_true(strlen(port_drop_text((enum port_drop)i)) > 10);
	}
	assert_string_equal(wire_drop_name(WIRE_DROP_COUNT), "?");
}

static void ids_are_dense_and_reused_oldest_first(void **state)
{
	struct id_pool *p = id_pool_create(3);

	(void)state;
	assert_int_equal(id_pool_take(p), 1);
	assert_int_equal(id_pool_take(p), 2);
	assert_int_equal(id_pool_take(p), 3);
	assert_int_equal(id_pool_take(p), 0);
	id_pool_give(p, 2);
	id_pool_give(p, 1);
	assert_int_equal(id_pool_take(p), 2);
	assert_int_equal(id_pool_take(p), 1);
	id_pool_destroy(p);
	assert_null(id_pool_create(0));
	assert_null(id_pool_create(65536));
}

static void a_ring_keeps_order_and_refuses_what_it_has_no_room_for(void **state)
{
	void *in[6] = { in, in + 1, in + 2, in + 3, in + 4, in + 5 }, *out[6];
	struct spsc *r = spsc_create(4);

	(void)state;
	assert_int_equal(spsc_push(r, in, 3), 3);
	assert_int_equal(spsc_room(r), 1);
	assert_int_equal(spsc_push(r, in + 3, 3), 1);
	assert_int_equal(spsc_pop(r, out, 2), 2);
	assert_int_equal(spsc_push(r, in + 4, 2), 2);
	assert_int_equal(spsc_pop(r, out + 2, 6), 4);
	assert_memory_equal(in, out, sizeof(in));
	assert_true(spsc_is_empty(r));
	spsc_destroy(r);
	assert_null(spsc_create(3));
}

#define MESSAGES 200000ul

static void *producer(void *ring)
{
	for (uintptr_t i = 1; i <= MESSAGES;)
		i += spsc_push(ring, (void *[]){ (void *)i }, 1);
	return NULL;
}

static void two_threads_pass_every_message_once_and_in_order(void **state)
{
	struct spsc *r = spsc_create(64);
	uintptr_t expected = 1;
	pthread_t t;
	void *got[8];

	(void)state;
	assert_int_equal(pthread_create(&t, NULL, producer, r), 0);
	while (expected <= MESSAGES) {
		unsigned n = spsc_pop(r, got, 8);

		for (unsigned i = 0; i < n; i++)
			assert_int_equal((uintptr_t)got[i], expected++);
	}
	pthread_join(t, NULL);
	spsc_destroy(r);
}

static void quiet_waits_for_readers_online_and_for_no_others(void **state)
{
	static struct qsbr q;
	struct qsbr_reader *a, *b;
	uint64_t epoch;

	(void)state;
	qsbr_init(&q);
	a = qsbr_reader_add(&q);
	b = qsbr_reader_add(&q);
	assert_true(qsbr_reached(&q, qsbr_advance(&q)));   /* both offline */
	qsbr_online(&q, a);
	qsbr_online(&q, b);
	epoch = qsbr_advance(&q);
	assert_false(qsbr_reached(&q, epoch));
	qsbr_quiescent(&q, a);
	assert_false(qsbr_reached(&q, epoch));
	qsbr_offline(b);
	assert_true(qsbr_reached(&q, epoch));
	qsbr_online(&q, b);                                /* came after: holds nothing old */
	assert_true(qsbr_reached(&q, epoch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_one_line_and_its_code_comes_back_negative),
		cmocka_unit_test(every_drop_reason_has_a_name_and_a_text),
		cmocka_unit_test(ids_are_dense_and_reused_oldest_first),
		cmocka_unit_test(a_ring_keeps_order_and_refuses_what_it_has_no_room_for),
		cmocka_unit_test(two_threads_pass_every_message_once_and_in_order),
		cmocka_unit_test(quiet_waits_for_readers_online_and_for_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
