/* SPDX-License-Identifier: BSD-2-Clause */
/* From VM to VM in one copy: between which ports, in what order, and what the guests are told. */
#include <poll.h>

#include "vhost_ends.h"

static void only_between_two_direct_ports(void **state)
{
	struct vmport *plain, *null;
	char spec[80];

	(void)state;
	snprintf(spec, sizeof(spec), "vhost-user:%s/plain", directory);
	open_port(&plain, spec, false);
	open_port(&null, "null:", true);
	assert_true(vmport_passes(a.port, b.port));
	assert_true(vmport_passes(b.port, a.port));
	assert_false(vmport_passes(a.port, plain));
	assert_false(vmport_passes(plain, a.port));
	assert_false(vmport_passes(a.port, null));
	assert_false(vmport_passes(null, a.port));
	assert_false(vmport_passes(plain, null));
	assert_false(vmport_passes(null, plain));
	vmport_close(null);
	vmport_close(plain);
}

static void what_one_guest_sends_the_other_gets(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 50; round++) {
		for (uint8_t i = 0; i < 20; i++)
			guest_sends(&a, i);
		assert_int_equal(look(12), 12);
		assert_false(full);
		for (uint8_t i = 0; i < 12; i++) {
			assert_int_equal(heads[i].length, 60 + 10 * i);
			assert_int_equal(heads[i].bytes[59], i);
		}
		assert_int_equal(pass(10), 10);
		assert_int_equal(look(32), 10);
		assert_int_equal(pass(10), 10);
		for (uint8_t i = 0; i < 20; i++)
			guest_gets(&b, i);
		guest_gets_nothing(&b);
		guest_gets_nothing(&a);
		assert_int_equal(look(32), 0);
	}
	receive_nothing(&a);
	assert_int_equal(vmport_bad(a.port) + vmport_faults(a.port) + vmport_faults(b.port), 0);
}

/* It waits for nobody's room: there is some. */
static void what_is_no_plain_frame_is_not_told_to_wait(void **state)
{
	const struct vhost_master_header plain = { 0 };
	struct rte_mbuf *m;

	(void)state;
	for (unsigned i = 0; i < VHOST_MASTER_BUFFERS - 8; i += 8) {
		for (uint8_t k = 0; k < 8; k++)
			guest_sends(&a, k);
		assert_int_equal(look(8), 8);
		assert_int_equal(pass(8), 8);
	}
	vhost_master_send(&a.guest, &plain, "too short", 9);
	assert_int_equal(look(32), 0);
	assert_false(full);
	assert_int_equal(vmport_receive(a.port, &m, 1), 0);
	assert_int_equal(vmport_bad(a.port), 1);
}

static void what_finds_no_room_waits_and_is_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < VHOST_MASTER_BUFFERS; i += 8) {
		for (uint8_t k = 0; k < 8; k++)
			guest_sends(&a, (uint8_t)(i + k));
		assert_int_equal(look(8), 8);
		assert_false(full);
		assert_int_equal(pass(8), 8);
	}
	for (uint8_t i = 0; i < 8; i++)
		guest_sends(&a, (uint8_t)(VHOST_MASTER_BUFFERS + i));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(look(8), 0);
		assert_true(full);
	}
	for (uint8_t i = 0; i < 3; i++)
		guest_gets(&b, i);
	assert_int_equal(look(8), 3);
	assert_true(full);
	assert_int_equal(pass(3), 3);
	for (uint8_t i = 3; i < 40; i++)
		guest_gets(&b, i);
	assert_int_equal(look(8), 5);
	assert_false(full);
	assert_int_equal(pass(5), 5);
	for (uint8_t i = 40; i < VHOST_MASTER_BUFFERS + 8; i++)
		guest_gets(&b, i);
	guest_gets_nothing(&b);
}

/* Whether the guest was called since the last time. */
static bool called(const struct end *e, int ring)
{
	struct pollfd call = { .fd = e->guest.call[ring], .events = POLLIN };
	uint64_t n;

	return poll(&call, 1, 0) == 1 && read(e->guest.call[ring], &n, sizeof(n)) == sizeof(n);
}

/* With the next look, or before the worker sleeps. */
static void both_guests_are_called(void **state)
{
	(void)state;
	while (vmport_arm(a.port, true) || vmport_arm(b.port, true))
		;
	vmport_arm(a.port, false);
	vmport_arm(b.port, false);
	for (unsigned round = 0; round < 4; round++) {
		called(&a, VHOST_MASTER_FROM_GUEST);
		called(&b, VHOST_MASTER_TO_GUEST);
		three_are_looked_at();
		assert_int_equal(pass(3), 3);
		if (round & 1) {
			assert_int_equal(look(32), 0);
			receive_nothing(&b);
		} else {
			vmport_arm(a.port, true);
			vmport_arm(b.port, true);
			vmport_arm(a.port, false);
			vmport_arm(b.port, false);
		}
		assert_true(called(&a, VHOST_MASTER_FROM_GUEST));
		assert_true(called(&b, VHOST_MASTER_TO_GUEST));
		for (uint8_t i = 0; i < 3; i++)
			guest_gets(&b, i);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_between_two_direct_ports),
		T(what_one_guest_sends_the_other_gets),
		T(what_is_no_plain_frame_is_not_told_to_wait),
		T(what_finds_no_room_waits_and_is_told),
		T(both_guests_are_called),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
