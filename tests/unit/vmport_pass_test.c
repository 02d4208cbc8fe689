/* SPDX-License-Identifier: BSD-2-Clause */
/* From the ring of one guest into that of another, in one copy. */
#include <unistd.h>
#include <sys/eventfd.h>

#include "vhost_pair.h"

/* Both buffers end where the guests' memory does, so that a byte too many is a fault. */
static void length_arrives(uint32_t length)
{
	uint64_t from = RINGS_END - a.ring.header - length, to = RINGS_END - b.ring.header - length;

	frame_write(from, length, (uint8_t)length);
	rings_describe(&a, 3, from, length + a.ring.header, 0, 0);
	rings_offer(&a, 3);
	memset(rings_at(&b, to) - 1, 0xee, length + 1);
	rings_describe(&b, 5, to, length + b.ring.header, WRITE, 0);
	rings_offer(&b, 5);
	assert_int_equal(look(32), 1);
	assert_int_equal(heads[0].length, length);
	assert_int_equal(pass(1), 1);
	back(&a, 3, 0);
	back(&b, 5, length + b.ring.header);
	holds(to, length, (uint8_t)length);
	assert_int_equal(rings_at(&b, to)[-1], 0xee);
}

static void each_length_arrives_whole_and_not_a_byte_more(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 4; which++) {
		a.ring.header = which & 1 ? H : H - 2;
		b.ring.header = which & 2 ? H : H - 2;
		b.ring.merge = which & 2;
		for (uint32_t length = 14; length <= 1518; length++)
			length_arrives(length);
	}
	assert_int_equal(a.ring.faults + b.ring.faults, 0);
}

/* The rest of a larger buffer stays as it was, also where a frame has less than a head. */
static void a_larger_buffer_is_not_filled(void **state)
{
	(void)state;
	for (uint32_t length = 14; length <= 200; length++) {
		memset(rings_at(&b, place(0)), 0xee, EACH);
		sends(0, length, 1);
		has_buffer(0, EACH);
		assert_int_equal(look(1), 1);
		assert_int_equal(pass(1), 1);
		back(&b, 0, length + H);
		holds(place(0), length, 1);
		for (uint32_t k = H + length; k < EACH; k++)
			assert_int_equal(rings_at(&b, place(0))[k], 0xee);
	}
}

static void a_burst_goes_in_order_as_far_as_there_is_room(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < RINGS_SIZE; i++)
		sends(i, 60u + 90u * i, (uint8_t)i);
	for (uint16_t i = 0; i < 10; i++)
		has_buffer((uint16_t)(RINGS_SIZE - 1 - i), EACH);
	assert_int_equal(look(32), RINGS_SIZE);
	for (uint16_t i = 0; i < RINGS_SIZE; i++) {
		assert_int_equal(heads[i].length, 60u + 90u * i);
		for (uint32_t k = 0; k < RTE_MIN(heads[i].length, VMPORT_HEAD); k++)
			assert_int_equal(heads[i].bytes[k], byte((uint8_t)i, k));
	}
	assert_int_equal(pass(RINGS_SIZE), 10);
	for (uint16_t i = 0; i < 10; i++) {
		back(&a, i, 0);
		back(&b, RINGS_SIZE - 1u - i, 60u + 90u * i + H);
		holds(place((uint16_t)(RINGS_SIZE - 1 - i)), 60u + 90u * i, (uint8_t)i);
	}
	nothing_back(&a);
	nothing_back(&b);
	others_come(6, 10);
	for (uint16_t i = 10; i < RINGS_SIZE; i++)
		back(&a, i, 0);
	assert_int_equal(bad, 0);
}

static void frames_stay_where_they_are_until_they_are_passed(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 6; i++) {
		sends(i, 100, (uint8_t)i);
		has_buffer(i, EACH);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(look(5), 5);
	nothing_back(&a);
	assert_int_equal(pass(2), 2);
	assert_int_equal(look(32), 4);
	assert_int_equal(heads[0].bytes[0], 2);
	assert_int_equal(pass(1), 1);
	others_come(3, 3);
	for (uint16_t i = 0; i < 6; i++)
		back(&a, i, 0);
	for (uint16_t i = 0; i < 3; i++) {
		back(&b, i, 100 + H);
		holds(place(i), 100, (uint8_t)i);
	}
	nothing_back(&b);
	assert_int_equal(look(32), 0);
}

/* Bursts of all sizes, over the ends of the rings and of their indices, by both ways. */
static void order_is_kept_for_long(void **state)
{
	uint16_t sent = 0, room = 0, came = 0, gone = 0;
	uint32_t head, length, seed = 1;

	(void)state;
	a.ring.next = a.ring.seen = a.ring.looked = a.ring.available->idx = 65000;
	b.ring.next = b.ring.seen = b.ring.looked = b.ring.available->idx = 65000;
	while (came < 20000) {
		struct rte_mbuf *m;

		seed = seed * 1103515245 + 12345;
		for (unsigned k = seed >> 16 & 15; k && sent - gone < (int)RINGS_SIZE; k--, sent++)
			sends(sent % RINGS_SIZE, 60, (uint8_t)sent);
		for (unsigned k = seed >> 20 & 15; k && room - came < (int)RINGS_SIZE; k--, room++)
			has_buffer(room % RINGS_SIZE, 60 + H);
		if (seed >> 24 & 7)
			pass(look(1 + (seed >> 27)));
		else if (room > came && vhost_ring_receive(&a.ring, &m, 1, &bad)) {
			assert_int_equal(vhost_ring_deliver(&b.ring, &m, 1, &bad), 1);
			rte_pktmbuf_free(m);
		}
		while (rings_take(&a, &head, &length))
			assert_int_equal(head, gone++ % RINGS_SIZE);
		for (; rings_take(&b, &head, &length); came++)
			holds(place((uint16_t)head), 60, (uint8_t)came);
		assert_int_equal(gone, came);
		assert_true((uint16_t)(room - came) <= RINGS_SIZE);   /* none that is not there */
	}
	assert_int_equal(bad, 0);
}

static void calls_come_to_both(void **state)
{
	eventfd_t value;

	(void)state;
	a.ring.call = eventfd(0, EFD_NONBLOCK);
	b.ring.call = eventfd(0, EFD_NONBLOCK);
	sends(0, 60, 1);
	has_buffer(0, EACH);
	assert_int_equal(look(1), 1);
	vhost_ring_call(&a.ring);
	vhost_ring_call(&b.ring);
	assert_int_not_equal(eventfd_read(a.ring.call, &value), 0);
	assert_int_not_equal(eventfd_read(b.ring.call, &value), 0);
	assert_int_equal(pass(1), 1);
	vhost_ring_call(&a.ring);
	vhost_ring_call(&b.ring);
	assert_int_equal(eventfd_read(a.ring.call, &value), 0);
	assert_int_equal(eventfd_read(b.ring.call, &value), 0);
	close(a.ring.call);
	close(b.ring.call);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_length_arrives_whole_and_not_a_byte_more),
		T(a_larger_buffer_is_not_filled),
		T(a_burst_goes_in_order_as_far_as_there_is_room),
		T(frames_stay_where_they_are_until_they_are_passed),
		T(order_is_kept_for_long),
		T(calls_come_to_both),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
