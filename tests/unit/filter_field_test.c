/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of single fields of a MAC header. */
#include "vmq/filter_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Frames whose headers are told apart below. */
static const struct {
	const char *what;
	uint8_t bytes[18];
} frames[] = {
	{ "untagged IPv4", { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03, 0x02, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0,
			     0x08, 0x00, 0x45, 0x00, 0x00, 0x00 } },
	{ "tag prio 5 vlan 5, IPv6", { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03, 0x02, 0xa0, 0xb0, 0xc0,
				       0xd0, 0xe0, 0x81, 0x00, 0xb0, 0x05, 0x86, 0xdd } },
	{ "802.3, length 64", { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00, 0x02, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0,
				0x00, 0x40, 0xaa, 0xaa, 0x03, 0x00 } },
	{ "broadcast, 802.1ad", { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0xa0, 0xb0, 0xc0, 0xd0,
				  0xe0, 0x88, 0xa8, 0x00, 0x05, 0x81, 0x00 } },
	{ "two tags", { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03, 0x02, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0,
			0x81, 0x00, 0x00, 0x07, 0x81, 0x00 } },
	{ "tag prio 7 vlan 0", { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03, 0x02, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0,
				 0x81, 0x00, 0xe0, 0x00, 0x08, 0x00 } },
};

/* Which frames pass one test: a letter each, 'y' or 'n'. */
static void row(enum vmq_field field, enum vmq_test test, uint64_t value, uint64_t result,
		const char *passes)
{
	struct vmq_field_test t = { .field = field, .test = test, .value = value, .result = result };

	assert_int_equal(strlen(passes), COUNT(frames));
	for (unsigned i = 0; i < COUNT(frames); i++) {
		struct vmq_header h;

		vmq_header_read(&h, frames[i].bytes);
		if (vmq_tests_pass(&t, 1, &h) != (passes[i] == 'y'))
			fail_msg("field %d test %d value %llx: %s", field, test,
				 (unsigned long long)value, frames[i].what);
	}
}

static void D9_equal_of_every_field(void **state)
{
	(void)state;
	row(VMQ_FIELD_DESTINATION, VMQ_TEST_EQUAL, 0x00155d010203, 0, "yynnyy");
	row(VMQ_FIELD_SOURCE, VMQ_TEST_EQUAL, 0x02a0b0c0d0e0, 0, "yyyyyy");
	row(VMQ_FIELD_SOURCE, VMQ_TEST_EQUAL, 0x02a0b0c0d0e1, 0, "nnnnnn");
	row(VMQ_FIELD_PROTOCOL, VMQ_TEST_EQUAL, 0x0800, 0, "ynnnny");
	row(VMQ_FIELD_PROTOCOL, VMQ_TEST_EQUAL, 0x86dd, 0, "nynnnn");
	row(VMQ_FIELD_PROTOCOL, VMQ_TEST_EQUAL, 0x88a8, 0, "nnnynn");
	row(VMQ_FIELD_VLAN_ID, VMQ_TEST_EQUAL, 5, 0, "nynnnn");
	row(VMQ_FIELD_VLAN_ID, VMQ_TEST_EQUAL, 0, 0, "nnnnny");
	row(VMQ_FIELD_PRIORITY, VMQ_TEST_EQUAL, 5, 0, "nynnnn");
	row(VMQ_FIELD_PACKET_TYPE, VMQ_TEST_EQUAL, VMQ_PACKET_UNICAST, 0, "yynnyy");
	row(VMQ_FIELD_PACKET_TYPE, VMQ_TEST_EQUAL, VMQ_PACKET_MULTICAST, 0, "nnynnn");
	row(VMQ_FIELD_PACKET_TYPE, VMQ_TEST_EQUAL, VMQ_PACKET_BROADCAST, 0, "nnnynn");
}

static void D9_mask_equal_compares_what_the_mask_leaves(void **state)
{
	(void)state;
	row(VMQ_FIELD_DESTINATION, VMQ_TEST_MASK_EQUAL, 0xffffff000000, 0x00155d000000, "yynnyy");
	row(VMQ_FIELD_DESTINATION, VMQ_TEST_MASK_EQUAL, 0x010000000000, 0x010000000000, "nnyynn");
	row(VMQ_FIELD_DESTINATION, VMQ_TEST_MASK_EQUAL, 0, 0, "yyyyyy");
	row(VMQ_FIELD_DESTINATION, VMQ_TEST_MASK_EQUAL, 0, 1, "nnnnnn");
	row(VMQ_FIELD_VLAN_ID, VMQ_TEST_MASK_EQUAL, 0xffd, 5, "nynnyn");
	row(VMQ_FIELD_PRIORITY, VMQ_TEST_MASK_EQUAL, 4, 4, "nynnny");
	row(VMQ_FIELD_PROTOCOL, VMQ_TEST_MASK_EQUAL, 0xff00, 0x8600, "nynnnn");
}

static void D9_not_equal_is_the_opposite_where_the_field_is(void **state)
{
	(void)state;
	row(VMQ_FIELD_DESTINATION, VMQ_TEST_NOT_EQUAL, 0x00155d010203, 0, "nnyynn");
	row(VMQ_FIELD_PROTOCOL, VMQ_TEST_NOT_EQUAL, 0x0800, 0, "nynyyn");
	row(VMQ_FIELD_VLAN_ID, VMQ_TEST_NOT_EQUAL, 5, 0, "nnnnyy");
	row(VMQ_FIELD_PRIORITY, VMQ_TEST_NOT_EQUAL, 7, 0, "nynnyn");
}

static void D17_the_first_tag_of_8100_alone_is_the_tag(void **state)
{
	struct vmq_header h;

	(void)state;
	vmq_header_read(&h, frames[4].bytes);
	assert_int_equal(h.field[VMQ_FIELD_VLAN_ID], 7);
	assert_int_equal(h.field[VMQ_FIELD_PROTOCOL], 0x8100);
	vmq_header_read(&h, frames[3].bytes);
	assert_int_equal(h.present >> VMQ_FIELD_VLAN_ID & 1, 0);
	assert_int_equal(h.present >> VMQ_FIELD_PRIORITY & 1, 0);
}

static void D10_values_are_big_endian(void **state)
{
	static const uint8_t five[6] = { 0x00, 0x05, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t swapped[6] = { 0x05, 0x00 };
	static const uint8_t mac[6] = { 1, 2, 3, 4, 5, 6 };
	uint64_t value;

	(void)state;
	assert_true(vmq_field_value(VMQ_FIELD_VLAN_ID, five, &value));
	assert_int_equal(value, 5);
	assert_true(vmq_field_value(VMQ_FIELD_VLAN_ID, swapped, &value));
	assert_int_equal(value, 0x500);
	assert_true(vmq_field_value(VMQ_FIELD_PROTOCOL, swapped, &value));
	assert_int_equal(value, 0x500);
	assert_true(vmq_field_value(VMQ_FIELD_DESTINATION, mac, &value));
	assert_int_equal(value, 0x010203040506);
}

static void D10_a_value_that_the_field_cannot_have_is_told(void **state)
{
	static const uint8_t wide[6] = { 0x10, 0x05 }, eight[6] = { 8 }, four[6] = { 4 };
	uint64_t value;

	(void)state;
	assert_false(vmq_field_value(VMQ_FIELD_VLAN_ID, wide, &value));
	assert_true(vmq_field_value(VMQ_FIELD_PROTOCOL, wide, &value));
	assert_false(vmq_field_value(VMQ_FIELD_PRIORITY, eight, &value));
	assert_true(vmq_field_value(VMQ_FIELD_PRIORITY, four, &value));
	assert_false(vmq_field_value(VMQ_FIELD_PACKET_TYPE, four, &value));
}

static void D1_all_tests_must_pass(void **state)
{
	struct vmq_field_test t[] = {
		{ VMQ_FIELD_DESTINATION, VMQ_TEST_EQUAL, 0x00155d010203, 0 },
		{ VMQ_FIELD_PROTOCOL, VMQ_TEST_NOT_EQUAL, 0x0800, 0 },
		{ VMQ_FIELD_VLAN_ID, VMQ_TEST_EQUAL, 5, 0 },
	};
	struct vmq_header h;

	(void)state;
	vmq_header_read(&h, frames[1].bytes);
	assert_true(vmq_tests_pass(t, 3, &h));
	for (unsigned i = 0; i < 3; i++) {
		t[i].value ^= 1;
		assert_int_equal(vmq_tests_pass(t, 3, &h), i == 1);
		t[i].value ^= 1;
	}
	t[1].value = 0x86dd;
	assert_false(vmq_tests_pass(t, 3, &h));
	assert_true(vmq_tests_pass(t, 1, &h));
	assert_true(vmq_tests_pass(NULL, 0, &h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D9_equal_of_every_field),
		cmocka_unit_test(D9_mask_equal_compares_what_the_mask_leaves),
		cmocka_unit_test(D9_not_equal_is_the_opposite_where_the_field_is),
		cmocka_unit_test(D17_the_first_tag_of_8100_alone_is_the_tag),
		cmocka_unit_test(D10_values_are_big_endian),
		cmocka_unit_test(D10_a_value_that_the_field_cannot_have_is_told),
		cmocka_unit_test(D1_all_tests_must_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
