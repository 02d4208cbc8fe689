/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame inside a frame of NVGRE; and frames that only look like one. */
#include "vmq/filter.h"
#include "vmq/nvgre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define INNER_LENGTH 60

/* A frame being written. */
struct frame {
	uint8_t bytes[512];
	size_t n;
};

static void put(struct frame *f, const void *bytes, size_t n)
{
	memcpy(f->bytes + f->n, bytes, n);
	f->n += n;
}

#define PUT(f, ...) put(f, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void put_ethernet(struct frame *f, uint8_t last, int tci, unsigned type)
{
	PUT(f, 0x02, 0, 0, 0, 0, last, 0x02, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa);
	if (tci >= 0)
		PUT(f, 0x81, 0x00, (uint8_t)(tci >> 8), (uint8_t)tci);
	PUT(f, (uint8_t)(type >> 8), (uint8_t)type);
}

static void put_ipv4(struct frame *f, unsigned options, size_t payload)
{
	size_t total = 20 + options + payload;

	PUT(f, (uint8_t)(0x45 + options / 4), 0, (uint8_t)(total >> 8), (uint8_t)total, 0, 1, 0x40, 0,
	    64, 47, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2);
	for (unsigned i = 0; i < options; i++)
		PUT(f, 1);
}

static void put_ipv6(struct frame *f, uint8_t next, size_t payload)
{
	static const uint8_t addresses[32] = { 0xfd };

	PUT(f, 0x60, 0, 0, 0, (uint8_t)(payload >> 8), (uint8_t)payload, next, 64);
	put(f, addresses, sizeof(addresses));
}

static void put_gre(struct frame *f)
{
	PUT(f, 0x20, 0x00, 0x65, 0x58, 0x00, 0x12, 0x34, 0x01);
}

/* An inner frame to 02:00:00:00:00:77; returns where it begins. */
static size_t put_inner(struct frame *f, int tci)
{
	size_t at = f->n;

	put_ethernet(f, 0x77, tci, 0x0800);
	while (f->n < at + INNER_LENGTH)
		PUT(f, 0x55);
	return at;
}

static size_t ipv4_frame(struct frame *f, int outer_tci, unsigned options, int inner_tci)
{
	f->n = 0;
	put_ethernet(f, 0x01, outer_tci, 0x0800);
	put_ipv4(f, options, 8 + INNER_LENGTH);
	put_gre(f);
	return put_inner(f, inner_tci);
}

static size_t ipv6_frame(struct frame *f)
{
	f->n = 0;
	put_ethernet(f, 0x01, -1, 0x86dd);
	put_ipv6(f, 47, 8 + INNER_LENGTH);
	put_gre(f);
	return put_inner(f, -1);
}

static void expect_inner(const struct frame *f, size_t at)
{
	const uint8_t *inner = vmq_nvgre_inner(f->bytes, f->n);

	assert_ptr_equal(inner, f->bytes + at);
}

static void D12_over_ipv4_and_ipv6_with_and_without_tags(void **state)
{
	struct frame f;
	size_t at;

	(void)state;
	at = ipv4_frame(&f, -1, 0, -1);
	assert_int_equal(at, 14 + 20 + 8);
	expect_inner(&f, at);
	expect_inner(&f, ipv4_frame(&f, 7, 0, -1));
	expect_inner(&f, ipv4_frame(&f, -1, 40, -1));
	at = ipv4_frame(&f, 0xe000, 12, 5);
	expect_inner(&f, at);
	assert_int_equal(vmq_key(f.bytes + at) >> VMQ_KEY_VLAN_SHIFT & 0xfff, 5);
	expect_inner(&f, ipv6_frame(&f));
}

static void D12_over_ipv6_extension_headers(void **state)
{
	struct frame f = { .n = 0 };

	(void)state;
	put_ethernet(&f, 0x01, -1, 0x86dd);
	put_ipv6(&f, 0, 8 + 16 + 8 + INNER_LENGTH);
	PUT(&f, 60, 0, 0, 0, 0, 0, 0, 0);                                   /* hop by hop */
	PUT(&f, 47, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);           /* destination */
	put_gre(&f);
	expect_inner(&f, put_inner(&f, -1));
}

/* What is written over one byte of a good frame, and makes it none. */
static void D12_what_is_no_nvgre_has_no_inner_frame(void **state)
{
	static const struct {
		const char *what;
		unsigned at;
		uint8_t value;
	} wrong[] = {
		{ "another EtherType", 12, 0x09 }, { "IP version", 14, 0x65 },
		{ "header length", 14, 0x44 },     { "total length", 16, 0xff },
		{ "a first fragment", 20, 0x20 },  { "a later fragment", 21, 1 },
		{ "protocol", 23, 17 },            { "checksum flag", 34, 0xa0 },
		{ "no key", 34, 0x00 },            { "sequence flag", 34, 0x30 },
		{ "GRE version", 35, 1 },          { "GRE protocol", 37, 0x59 },
	};
	struct frame f;

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const uint8_t *inner;

		ipv4_frame(&f, -1, 0, -1);
		f.bytes[wrong[i].at] = wrong[i].value;
		inner = vmq_nvgre_inner(f.bytes, f.n);
		/* A length beyond the frame's end is cut, not believed. */
		if (inner && wrong[i].at != 16)
			fail_msg("%s", wrong[i].what);
	}
	/* A datagram too short for an inner header; what follows is padding. */
	ipv4_frame(&f, -1, 0, -1);
	f.bytes[17] = 20 + 8 + 13;
	assert_null(vmq_nvgre_inner(f.bytes, f.n));
	f.bytes[17] = 20 + 8 + 14;
	assert_non_null(vmq_nvgre_inner(f.bytes, f.n));
}

/* The address sanitizer sees what is read beyond a block of exactly that length. */
static const uint8_t *inner_of_copy(const uint8_t *bytes, size_t n, size_t *at)
{
	uint8_t *copy = malloc(n ? n : 1);
	const uint8_t *inner;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	inner = vmq_nvgre_inner(copy, n);
	if (inner) {
		*at = (size_t)(inner - copy);
		assert_true(*at + 14 <= n);
		/* A tag is there whole, for vmq_key(). */
		vmq_key(inner);
	}
	free(copy);
	return inner;
}

static void D12_every_truncation_is_survived(void **state)
{
	struct frame f;
	size_t at, found;

	(void)state;
	for (unsigned form = 0; form < 3; form++) {
		at = form == 0 ? ipv4_frame(&f, 9, 8, -1) : form == 1 ? ipv6_frame(&f) :
		     ipv4_frame(&f, -1, 0, 6);
		for (size_t n = 14; n <= f.n; n++) {
			size_t needed = at + (form == 2 ? 18 : 14);
			const uint8_t *inner = inner_of_copy(f.bytes, n, &found);

			assert_int_equal(inner != NULL, n >= needed);
			if (inner)
				assert_int_equal(found, at);
		}
	}
}

static void D12_random_damage_is_survived(void **state)
{
	struct frame f;
	unsigned found = 0;
	size_t at;

	(void)state;
	srand(20260610);
	for (unsigned round = 0; round < 300000; round++) {
		unsigned damage = (unsigned)rand() % 4;

		if (round & 1)
			ipv4_frame(&f, round & 2 ? 5 : -1, (unsigned)rand() % 11 * 4,
				   round & 4 ? 5 : -1);
		else
			ipv6_frame(&f);
		while (damage--)
			f.bytes[12 + (unsigned)rand() % (f.n - 12)] = (uint8_t)rand();
		found += inner_of_copy(f.bytes, 14 + (unsigned)rand() % (f.n - 13), &at) != NULL;
	}
	assert_in_range(found, 1000, 299000);   /* both outcomes were met */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D12_over_ipv4_and_ipv6_with_and_without_tags),
		cmocka_unit_test(D12_over_ipv6_extension_headers),
		cmocka_unit_test(D12_what_is_no_nvgre_has_no_inner_frame),
		cmocka_unit_test(D12_every_truncation_is_survived),
		cmocka_unit_test(D12_random_damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
