/* SPDX-License-Identifier: BSD-2-Clause */
/* The way of frames from the NIC's poller to a queue on another processor. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "miniport/lane.h"
#include "vmport_testing.h"

#define POOL     4096
#define SMALL    60
#define LARGE    (PARCEL_ROOM + 1)

static struct rte_mempool *pool;
static struct mp_lane *lane;

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("critical"))
		return -1;
	pool = testing_pool("frames", POOL, 1518);
	return pool ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	lane = mp_lanes_create(1, true);
	return lane ? 0 : -1;
}

/* Nothing is left on the ring, and every mbuf is home. */
static int teardown(void **state)
{
	(void)state;
	assert_true(spsc_is_empty(lane->ring));
	mp_lanes_destroy(lane, 1);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static struct rte_mbuf *frame(uint16_t length, uint8_t mark)
{
	struct rte_mbuf *m = testing_frame(pool, length, mark);

	assert_non_null(m);
	return m;
}

static void push(uint16_t length, uint8_t mark, uint32_t generation, bool by_value)
{
	struct rte_mbuf *m = frame(length, mark);

	mp_lane_push(lane, &m, 1, generation, by_value);
}

static const uint8_t *bytes_of(void *item)
{
	return mp_is_parcel(item) ? mp_parcel_copy(lane->parcels, item).bytes
				  : rte_pktmbuf_mtod((struct rte_mbuf *)item, const uint8_t *);
}

static uint16_t length_of(void *item)
{
	return mp_is_parcel(item) ? mp_parcel_copy(lane->parcels, item).length
				  : ((struct rte_mbuf *)item)->data_len;
}

static void done_with(void *item)
{
	if (!mp_is_parcel(item))
		rte_pktmbuf_free(item);
}

/* The next frame; whether it came by value. */
static bool take(uint16_t length, uint8_t mark, uint32_t generation)
{
	void *item;

	assert_int_equal(mp_lane_peek(lane, &item, 1), 1);
	assert_int_equal(length_of(item), length);
	for (unsigned i = 14; i < length; i++)
		assert_int_equal(bytes_of(item)[i], mark);
	assert_int_equal(mp_item_generation(item), generation);
	done_with(item);
	mp_lane_release(lane, 1);
	return mp_is_parcel(item);
}

static void F13_large_and_small_frames_come_in_order(void **state)
{
	static const uint16_t lengths[] = { SMALL, LARGE, 14, PARCEL_ROOM, 1514, 65, 64, 66 };
	void *seen[BURST];
	struct rte_mbuf *burst[RTE_DIM(lengths)];

	(void)state;
	for (unsigned i = 0; i < RTE_DIM(lengths); i++)
		burst[i] = frame(lengths[i], (uint8_t)i);
	mp_lane_push(lane, burst, RTE_DIM(lengths), 7, true);
	/* What went by value is home already. */
	assert_int_equal(rte_mempool_in_use_count(pool), 2);
	assert_int_equal(mp_lane_peek(lane, seen, BURST), RTE_DIM(lengths));
	for (unsigned i = 0; i < RTE_DIM(lengths); i++)
		assert_int_equal(take(lengths[i], (uint8_t)i, 7), lengths[i] <= PARCEL_ROOM);
}

static void D32_each_frame_has_the_generation_it_was_put_with(void **state)
{
	(void)state;
	push(SMALL, 1, 0, true);
	push(SMALL, 2, UINT32_MAX, true);
	push(LARGE, 3, 5, true);
	push(SMALL, 4, 0x80000000u, false);
	assert_true(take(SMALL, 1, 0));
	assert_true(take(SMALL, 2, UINT32_MAX));
	assert_false(take(LARGE, 3, 5));
	assert_false(take(SMALL, 4, 0x80000000u));
}

/* A frame that was looked at is still there; so is its parcel, for no other frame. */
static void beyond_the_parcels_frames_stay_in_their_mbufs(void **state)
{
	void *first;

	(void)state;
	for (unsigned turn = 0; turn < 3; turn++) {
		for (unsigned i = 0; i < PARCELS + 3; i++)
			push(SMALL, (uint8_t)i, turn, true);
		assert_int_equal(rte_mempool_in_use_count(pool), 3);
		assert_int_equal(mp_lane_peek(lane, &first, 1), 1);
		push(SMALL, PARCELS + 3, turn, true);
		assert_int_equal(bytes_of(first)[14], 0);
		for (unsigned i = 0; i < PARCELS + 4; i++)
			assert_int_equal(take(SMALL, (uint8_t)i, turn), i < PARCELS);
	}
}

static void what_finds_no_room_is_counted_and_freed(void **state)
{
	struct rte_mbuf *burst[BURST];

	(void)state;
	for (unsigned i = 0; i < RING_SIZE - 3; i++)
		push(SMALL, (uint8_t)i, 1, true);
	for (unsigned i = 0; i < BURST; i++)
		burst[i] = frame(SMALL, (uint8_t)(100 + i));
	mp_lane_push(lane, burst, BURST, 1, true);
	assert_int_equal(counter_read(&lane->ring_full), BURST - 3);
	assert_int_equal(rte_mempool_in_use_count(pool), RING_SIZE - PARCELS);
	for (unsigned i = 0; i < RING_SIZE - 3; i++)
		assert_int_equal(take(SMALL, (uint8_t)i, 1), i < PARCELS);
	for (unsigned i = 0; i < 3; i++)
		assert_false(take(SMALL, (uint8_t)(100 + i), 1));
}

static void without_parcels_all_go_in_their_mbufs(void **state)
{
	struct mp_lane *plain = mp_lanes_create(1, false), *own = lane;

	(void)state;
	assert_non_null(plain);
	lane = plain;
	push(SMALL, 1, 2, true);
	assert_false(take(SMALL, 1, 2));
	lane = own;
	mp_lanes_destroy(plain, 1);
}

/* ---- two threads ---- */

#define MANY 400000u

static uint16_t length_at(unsigned i)
{
	return (uint16_t)(20 + i * 31 % 150);
}

/* '*arg': how many frames were not what should have been next. */
static void *consume(void *arg)
{
	unsigned seen = 0, *wrong = arg;

	while (seen < MANY) {
		void *items[BURST];
		unsigned n = mp_lane_peek(lane, items, 1 + seen % BURST);

		for (unsigned i = 0; i < n; i++, seen++) {
			uint32_t number;

			memcpy(&number, bytes_of(items[i]) + 14, sizeof(number));
			*wrong += number != seen || mp_item_generation(items[i]) != ~seen ||
				  length_of(items[i]) != length_at(seen);
			done_with(items[i]);
		}
		mp_lane_release(lane, n);
	}
	return NULL;
}

static void F13_between_two_threads_all_come_in_order(void **state)
{
	pthread_t consumer;
	unsigned wrong = 0;

	(void)state;
	assert_int_equal(pthread_create(&consumer, NULL, consume, &wrong), 0);
	for (unsigned i = 0; i < MANY;) {
		struct rte_mbuf *m;

		if (spsc_room(lane->ring) < 1) {
			sched_yield();
			continue;
		}
		m = frame(length_at(i), 0);
		memcpy(rte_pktmbuf_mtod(m, uint8_t *) + 14, &i, sizeof(i));
		mp_lane_push(lane, &m, 1, ~i, i % 1000 < 900);
		i++;
	}
	assert_int_equal(pthread_join(consumer, NULL), 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(counter_read(&lane->ring_full), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F13_large_and_small_frames_come_in_order),
		TEST(D32_each_frame_has_the_generation_it_was_put_with),
		TEST(beyond_the_parcels_frames_stay_in_their_mbufs),
		TEST(what_finds_no_room_is_counted_and_freed),
		TEST(without_parcels_all_go_in_their_mbufs),
		TEST(F13_between_two_threads_all_come_in_order),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
