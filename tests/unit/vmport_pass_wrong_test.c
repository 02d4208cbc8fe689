/* SPDX-License-Identifier: BSD-2-Clause */
/* From guest to guest in one copy, where one of them means harm or is not as it was. */
#include "vhost_pair.h"

#define NEXT     VRING_DESC_F_NEXT
#define INDIRECT VRING_DESC_F_INDIRECT
#define NO_HEAD  RINGS_SIZE               /* one more than there are */
#define TABLE    (RINGS_DATA + 0x9000u)

/* What was decided on is what arrives. Beyond it nobody decides on anything. */
static void what_changes_after_the_look_does_not_arrive(void **state)
{
	static const uint16_t lengths[] = { 14, 31, 32, 60, 63, 64, 65, 96, 200, 1518 };

	(void)state;
	for (uint16_t i = 0; i < RTE_DIM(lengths); i++) {
		sends(i, lengths[i], (uint8_t)(7 * i));
		has_buffer(i, EACH);
	}
	assert_int_equal(look(32), RTE_DIM(lengths));
	for (uint16_t i = 0; i < RTE_DIM(lengths); i++) {
		memset(rings_at(&a, place(i)), 0xff, H + RTE_MIN(lengths[i], VMPORT_HEAD));
		rings_describe(&a, i, i & 1 ? RINGS_END : place(15), ~0u, NEXT, i);
	}
	memset(a.ring.available->ring, 0xff, sizeof(a.ring.available->ring[0]) * RINGS_SIZE);
	assert_int_equal(pass(RTE_DIM(lengths)), RTE_DIM(lengths));
	for (uint16_t i = 0; i < RTE_DIM(lengths); i++) {
		back(&a, i, 0);
		back(&b, i, lengths[i] + H);
		holds(place(i), lengths[i], (uint8_t)(7 * i));
	}
}

/* The second of three sends is made anew before anybody looks. */
static void spoil(const char *what, uint16_t head, unsigned good, uint64_t faults)
{
	a.ring.available->ring[1] = head;
	if (look(32) != 1 || pass(1) != 1 || look(32) != 0)
		fail_msg("%s: does not end the run", what);
	others_come((uint16_t)good, good == 2 ? 1 : 2);
	if (a.ring.faults != faults || bad != 2u - good)
		fail_msg("%s: %lu faults, %lu bad", what, (unsigned long)a.ring.faults,
			 (unsigned long)bad);
	back(&a, 0, 0);
	back(&a, head, 0);
	back(&a, 2, 0);
	back(&b, 0, 60 + H);
	holds(place(0), 60, 0);
	nothing_back(&b);
}

static void three(void **state)
{
	setup(state);
	for (uint16_t i = 0; i < 3; i++) {
		sends(i, 60, (uint8_t)i);
		has_buffer(i, EACH);
	}
}

static void what_is_no_plain_frame_ends_the_run(void **state)
{
	static const uint32_t lengths[] = { 0, 1, H, H + 13, H + 1519, 0xffffffff };
	const struct vring_desc entry = { RINGS_DATA + EACH, 60 + H, 0, 0 };

	for (unsigned i = 0; i < RTE_DIM(lengths); i++) {
		three(state);
		rings_describe(&a, 1, place(1), lengths[i], 0, 0);
		spoil("a length", 1, 1, lengths[i] == 0xffffffff);
	}
	three(state);
	rings_describe(&a, 1, place(1), H, NEXT, 9);
	rings_describe(&a, 9, place(1) + H, 60, 0, 0);
	spoil("a chain of two", 1, 2, 0);
	three(state);
	memcpy(rings_at(&a, TABLE), &entry, sizeof(entry));
	rings_describe(&a, 1, TABLE, sizeof(entry), INDIRECT, 0);
	spoil("a table", 1, 2, 0);
	three(state);
	rings_describe(&a, 1, RINGS_END - 60, 60 + H, 0, 0);
	spoil("an address", 1, 1, 1);
	three(state);
	rings_describe(&a, 1, place(1), 60 + H, WRITE, 0);
	spoil("a buffer for the other direction", 1, 1, 1);
	three(state);
	rings_describe(&a, NO_HEAD, place(1), 60 + H, 0, 0);
	spoil("a head that is none", NO_HEAD, 1, 1);
}

/* A guest that was offered nothing has nothing to ask: what it asks is not read. */
static void a_frame_that_somebody_is_to_finish_is_no_plain_one(void **state)
{
	for (unsigned at = 0; at < 2; at++) {
		three(state);
		rings_at(&a, place(1))[at] = 1;
		memset(rings_at(&a, place(1)) + 6, 0xff, 2);   /* and where there is nothing */
		assert_int_equal(look(32), 3);
		a.ring.segments = 4;
		spoil("flags or a type", 1, 2, 0);
	}
}

/* b's second buffer of three is none for a frame of 60 bytes. */
static void no_room(const char *what, uint16_t head)
{
	b.ring.available->ring[1] = head;
	if (look(32) != 3 || pass(3) != 1 || look(32) != 2 || pass(2) != 0)
		fail_msg("%s: does not end the run", what);
	back(&a, 0, 0);
	nothing_back(&a);
	back(&b, 0, 60 + H);
	nothing_back(&b);
	others_come(2, 1);
}

static void a_buffer_that_is_none_ends_the_run(void **state)
{
	const struct vring_desc entry = { RINGS_DATA + EACH, EACH, WRITE, 0 };

	three(state);
	rings_describe(&b, 1, place(1), 59 + H, WRITE, 0);
	no_room("a small one", 1);
	three(state);
	rings_describe(&b, 1, place(1), 40, WRITE | NEXT, 9);
	rings_describe(&b, 9, place(1) + 40, EACH, WRITE, 0);
	no_room("a chain of two", 1);
	three(state);
	memcpy(rings_at(&b, TABLE), &entry, sizeof(entry));
	rings_describe(&b, 1, TABLE, sizeof(entry), INDIRECT, 0);
	no_room("a table", 1);
	three(state);
	rings_describe(&b, 1, RINGS_END - 60, 60 + H, WRITE, 0);
	no_room("an address", 1);
	three(state);
	rings_describe(&b, 1, place(1), EACH, 0, 0);
	no_room("a buffer for the other direction", 1);
	three(state);
	rings_describe(&b, NO_HEAD, place(1), EACH, WRITE, 0);
	no_room("a head that is none", NO_HEAD);
	assert_int_equal(b.ring.faults, 0);
}

static void a_ring_whose_pages_are_logged_takes_none(void **state)
{
	three(state);
	b.ring.log = true;
	assert_int_equal(look(32), 3);
	assert_int_equal(pass(3), 0);
	nothing_back(&a);
	nothing_back(&b);
	others_come(3, 0);
}

static void after_a_jump_of_an_index_nothing_goes(void **state)
{
	three(state);
	a.ring.available->idx = 1000;
	assert_int_equal(look(32), 0);
	assert_int_equal(pass(0), 0);
	assert_int_equal(a.ring.faults, 1);
	a.ring.available->idx = 3;
	b.ring.available->idx = RINGS_SIZE + 1;
	assert_int_equal(look(32), 3);
	assert_int_equal(pass(3), 0);
	assert_int_equal(b.ring.faults, 1);
	nothing_back(&a);
	nothing_back(&b);
	b.ring.available->idx = 3;
	assert_int_equal(pass(3), 3);
	for (uint16_t i = 0; i < 3; i++) {
		back(&a, i, 0);
		back(&b, i, 60 + H);
		holds(place(i), 60, (uint8_t)i);
	}
}

/* The guest stopped and began anew in between: what was seen of it is of another time. */
static void rings_made_anew_since_the_look_give_nothing(void **state)
{
	three(state);
	assert_int_equal(look(32), 3);
	rings_reset(&a, pool);
	for (uint16_t i = 0; i < 3; i++)
		sends(i, 14, (uint8_t)(100 + i));
	assert_int_equal(pass(3), 0);
	nothing_back(&a);
	nothing_back(&b);
	assert_int_equal(look(32), 3);
	rings_reset(&b, pool);
	assert_int_equal(pass(3), 0);
	has_buffer(4, EACH);
	assert_int_equal(pass(3), 1);
	back(&b, 4, 14 + H);
	holds(place(4), 14, 100);
	others_come(2, 101);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_changes_after_the_look_does_not_arrive),
		T(what_is_no_plain_frame_ends_the_run),
		T(a_frame_that_somebody_is_to_finish_is_no_plain_one),
		T(a_buffer_that_is_none_ends_the_run),
		T(a_ring_whose_pages_are_logged_takes_none),
		T(after_a_jump_of_an_index_nothing_goes),
		T(rings_made_anew_since_the_look_give_nothing),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
