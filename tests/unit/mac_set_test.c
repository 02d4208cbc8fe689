/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of a VM: what was put in is there, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "vswitch/mac_set.h"

#define MOST 65536u

static uint8_t macs[MOST][6];
static struct mac_set set;

/* As it lies in a frame; what follows an address is not part of it. */
static int has(uint64_t number, uint8_t after)
{
	uint8_t frame[8] = { 0x52, 0x54, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
			     (uint8_t)(number >> 8), (uint8_t)number, after, after };

	return mac_set_has(&set, mac_key(frame));
}

static void put(unsigned i, uint64_t number)
{
	const uint8_t mac[6] = { 0x52, 0x54, (uint8_t)(number >> 24), (uint8_t)(number >> 16),
				 (uint8_t)(number >> 8), (uint8_t)number };

	memcpy(macs[i], mac, 6);
}

static void all_are_there_and_no_other(void **state)
{
	static const unsigned sizes[] = { 1, 2, 3, 4, 5, 8, 63, 64, 65, 1024, 4097, MOST };

	(void)state;
	for (unsigned s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		for (unsigned i = 0; i < sizes[s]; i++)
			put(i, 3 * i);
		assert_int_equal(mac_set_create(&set, macs, sizes[s]), 0);
		for (unsigned i = 0; i < sizes[s]; i++) {
			assert_true(has(3 * i, 0));
			assert_true(has(3 * i, 0xff));
			assert_false(has(3 * i + 1, 0));
			assert_false(has(3 * i + 2, 0xff));
		}
		mac_set_destroy(&set);
	}
}

/* Addresses that all have one home. */
static void full_buckets_go_on_in_the_next(void **state)
{
	unsigned n = 0;
	uint64_t home;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		put(i, i);
	assert_int_equal(mac_set_create(&set, macs, 64), 0);
	home = UINT64_MAX >> set.shift;   /* the last: the next one is the first */
	for (uint64_t number = 0; n < 64; number++) {
		put(n, number);
		n += mac_set_home(&set, mac_key(macs[n])) == home;
	}
	mac_set_destroy(&set);
	assert_int_equal(mac_set_create(&set, macs, 64), 0);
	for (unsigned i = 0; i < 64; i++) {
		uint8_t frame[8] = { 0 };

		memcpy(frame, macs[i], 6);
		assert_true(mac_set_has(&set, mac_key(frame)));
	}
	assert_false(has(1ull << 31, 0));
	mac_set_destroy(&set);
}

static void the_same_twice_and_no_address_at_all(void **state)
{
	const uint8_t zero[8] = { 0 }, ones[8] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	(void)state;
	for (unsigned i = 0; i < 8; i++)
		put(i, 7);
	assert_int_equal(mac_set_create(&set, macs, 8), 0);
	assert_true(has(7, 0));
	assert_false(mac_set_has(&set, mac_key(zero)));
	assert_false(mac_set_has(&set, mac_key(ones)));
	mac_set_destroy(&set);
	mac_set_destroy(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_there_and_no_other),
		cmocka_unit_test(full_buckets_go_on_in_the_next),
		cmocka_unit_test(the_same_twice_and_no_address_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
