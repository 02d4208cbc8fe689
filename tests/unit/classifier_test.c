/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters of all kinds side by side, by every filter engine that there is. */
#include "policy/filter_engines.h"
#include "vmq/classifier.h"
#include "vmq/nvgre.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_common.h>

#define MAC(last)  (0x020000000000ull + (last))
#define NO_MATCH   (-1)
#define TESTS_MAX  4
#define FRAME_SIZE 64

static const struct vmq_filter_engine *engine;   /* that is being tested */

/* A filter with room for its tests. */
struct asked {
	struct vmq_criteria c;
	struct vmq_field_test tests[TESTS_MAX];
};

static struct asked asked(unsigned id, unsigned queue)
{
	return (struct asked){ .c = { .id = id, .queue = (uint16_t)queue } };
}

static void ask(struct asked *a, enum vmq_field field, enum vmq_test test, uint64_t value,
		uint64_t result)
{
	a->tests[a->c.n_tests++] = (struct vmq_field_test){ field, test, value, result };
}

static struct asked plain(unsigned id, unsigned queue, unsigned last, int vlan)
{
	struct asked a = asked(id, queue);

	ask(&a, VMQ_FIELD_DESTINATION, VMQ_TEST_EQUAL, MAC(last), 0);
	if (vlan >= 0)
		ask(&a, VMQ_FIELD_VLAN_ID, VMQ_TEST_EQUAL, (uint64_t)vlan, 0);
	return a;
}

static struct vmq_classifier *classifier(const struct asked *filters, unsigned n)
{
	struct vmq_criteria *list = calloc(n + 1, sizeof(*list));
	struct vmq_classifier *c;

	assert_non_null(list);
	for (unsigned i = 0; i < n; i++) {
		list[i] = filters[i].c;
		list[i].tests = (struct vmq_field_test *)filters[i].tests;
	}
	c = vmq_classifier_create(engine, list, n);
	free(list);
	return c;
}

/* An Ethernet header at 'to'; 'tci' < 0: no tag. Returns its length. */
static size_t header(uint8_t *to, unsigned last, unsigned source, int tci, unsigned type)
{
	const uint8_t macs[12] = { 2, 0, 0, 0, 0, (uint8_t)last, 2, 0, 0, 0, 1, (uint8_t)source };
	size_t n = 12;

	memcpy(to, macs, n);
	if (tci >= 0) {
		to[n++] = 0x81;
		to[n++] = 0x00;
		to[n++] = (uint8_t)(tci >> 8);
		to[n++] = (uint8_t)tci;
	}
	to[n++] = (uint8_t)(type >> 8);
	to[n++] = (uint8_t)type;
	return n;
}

/* The same with a frame of NVGRE inside. Room: 80 bytes. */
static size_t nvgre(uint8_t *to, unsigned outer, unsigned inner, int inner_tci)
{
	static const uint8_t ip[20] = { 0x45, 0, 0, 60, 0, 0, 0, 0, 64, 47 };
	static const uint8_t gre[8] = { 0x20, 0, 0x65, 0x58, 0, 0, 1, 0 };
	size_t n = header(to, outer, 0, -1, 0x0800);

	memcpy(to + n, ip, sizeof(ip));
	memcpy(to + n + 20, gre, sizeof(gre));
	header(to + n + 28, inner, 0, inner_tci, 0x0806);
	return n + 60;
}

static int queue_of(const struct vmq_classifier *c, const uint8_t *bytes, size_t length)
{
	struct vmq_frame frame = { bytes, (uint32_t)length };
	vmq_key_t key = vmq_key(bytes);
	uint16_t queue = 0xdead;

	if (vmq_classify(c, &frame, &key, 1, &queue))
		return queue;
	assert_int_equal(queue, 0);   /* C3, D4 */
	return NO_MATCH;
}

static int header_queue(const struct vmq_classifier *c, unsigned last, unsigned source, int tci,
			unsigned type)
{
	uint8_t bytes[FRAME_SIZE] = { 0 };

	header(bytes, last, source, tci, type);
	return queue_of(c, bytes, sizeof(bytes));
}

static void U5_the_lowest_id_wins_over_both_kinds(void **state)
{
	struct asked f[3] = { plain(5, 50, 1, -1), asked(3, 30), asked(8, 80) };
	struct vmq_classifier *c;

	(void)state;
	ask(&f[1], VMQ_FIELD_PROTOCOL, VMQ_TEST_EQUAL, 0x0806, 0);
	ask(&f[2], VMQ_FIELD_PROTOCOL, VMQ_TEST_NOT_EQUAL, 0x0806, 0);
	for (unsigned turn = 0; turn < 3; turn++) {
		struct asked first = f[0];

		c = classifier(f, 3);
		assert_non_null(c);
		assert_int_equal(header_queue(c, 1, 0, -1, 0x0806), 30);
		assert_int_equal(header_queue(c, 1, 0, -1, 0x0800), 50);
		assert_int_equal(header_queue(c, 2, 0, -1, 0x0806), 30);
		assert_int_equal(header_queue(c, 2, 0, 5, 0x0800), 80);
		vmq_classifier_destroy(c);
		f[0] = f[1];
		f[1] = f[2];
		f[2] = first;
	}
}

static void D4_no_filter_of_any_kind_is_no_match(void **state)
{
	struct asked f[2] = { plain(1, 1, 1, 5), asked(2, 2) };
	struct vmq_classifier *c;

	(void)state;
	ask(&f[1], VMQ_FIELD_SOURCE, VMQ_TEST_EQUAL, 0x020000000107, 0);
	c = classifier(f, 2);
	assert_int_equal(header_queue(c, 1, 0, 5, 0x0800), 1);
	assert_int_equal(header_queue(c, 1, 0, 6, 0x0800), NO_MATCH);
	assert_int_equal(header_queue(c, 9, 7, 6, 0x0800), 2);
	vmq_classifier_destroy(c);
	c = classifier(NULL, 0);
	assert_int_equal(header_queue(c, 1, 0, 5, 0x0800), NO_MATCH);
	vmq_classifier_destroy(c);
	vmq_classifier_destroy(NULL);
}

/* Two tests of one field: both must pass, so two values are never had. */
static void D1_two_tests_of_one_field_both_count(void **state)
{
	struct asked f[2] = { plain(1, 1, 1, -1), asked(2, 2) };
	struct vmq_classifier *c;

	(void)state;
	ask(&f[0], VMQ_FIELD_DESTINATION, VMQ_TEST_EQUAL, MAC(2), 0);
	ask(&f[1], VMQ_FIELD_VLAN_ID, VMQ_TEST_NOT_EQUAL, 5, 0);
	ask(&f[1], VMQ_FIELD_VLAN_ID, VMQ_TEST_NOT_EQUAL, 6, 0);
	c = classifier(f, 2);
	assert_int_equal(header_queue(c, 1, 0, -1, 0x0800), NO_MATCH);
	assert_int_equal(header_queue(c, 2, 0, -1, 0x0800), NO_MATCH);
	assert_int_equal(header_queue(c, 1, 0, 5, 0x0800), NO_MATCH);
	assert_int_equal(header_queue(c, 1, 0, 6, 0x0800), NO_MATCH);
	assert_int_equal(header_queue(c, 1, 0, 7, 0x0800), 2);
	vmq_classifier_destroy(c);
}

static void D13_untagged_or_zero_holds_beside_other_tests(void **state)
{
	struct asked f = asked(1, 1);
	struct vmq_classifier *c;

	(void)state;
	f.c.untagged_or_zero = true;
	ask(&f, VMQ_FIELD_DESTINATION, VMQ_TEST_MASK_EQUAL, 0xffffffffff00, MAC(0));
	c = classifier(&f, 1);
	assert_int_equal(header_queue(c, 9, 0, -1, 0x0800), 1);
	assert_int_equal(header_queue(c, 9, 0, 0xe000, 0x0800), 1);
	assert_int_equal(header_queue(c, 9, 0, 0xe001, 0x0800), NO_MATCH);
	vmq_classifier_destroy(c);
}

static void D12_the_inner_frame_decides_where_there_is_one(void **state)
{
	struct asked f[4] = { plain(1, 1, 1, -1), plain(2, 2, 1, 5), plain(3, 3, 2, -1), asked(4, 4) };
	struct vmq_classifier *c;
	uint8_t b[80] = { 0 };

	(void)state;
	f[0].c.inner = f[1].c.inner = f[3].c.inner = true;
	f[0].c.untagged_or_zero = true;
	ask(&f[3], VMQ_FIELD_PROTOCOL, VMQ_TEST_EQUAL, 0x0806, 0);
	ask(&f[3], VMQ_FIELD_VLAN_ID, VMQ_TEST_EQUAL, 9, 0);
	c = classifier(f, 4);
	assert_int_equal(queue_of(c, b, nvgre(b, 7, 1, -1)), 1);
	assert_int_equal(queue_of(c, b, nvgre(b, 7, 1, 5)), 2);
	assert_int_equal(queue_of(c, b, nvgre(b, 7, 1, 6)), NO_MATCH);
	/* An inner filter's address on the outside of an encapsulated frame is no match. */
	assert_int_equal(queue_of(c, b, nvgre(b, 1, 7, -1)), NO_MATCH);
	/* One without the flag is of the outside, always. */
	assert_int_equal(queue_of(c, b, nvgre(b, 2, 7, -1)), 3);
	assert_int_equal(queue_of(c, b, nvgre(b, 7, 2, -1)), NO_MATCH);
	/* Both match: the lowest id. */
	assert_int_equal(queue_of(c, b, nvgre(b, 2, 1, -1)), 1);
	/* And a test that is in no table. */
	assert_int_equal(queue_of(c, b, nvgre(b, 8, 8, 9)), 4);
	/* No inner frame: the outer one stands for it. */
	assert_int_equal(header_queue(c, 1, 0, -1, 0x0806), 1);
	assert_int_equal(header_queue(c, 1, 0, 5, 0x0806), 2);
	vmq_classifier_destroy(c);
}

static void D3_plain_filters_alone_need_no_frames(void **state)
{
	struct asked f[2] = { plain(1, 1, 1, -1), plain(2, 2, 2, 5) };
	struct vmq_classifier *c;

	(void)state;
	c = classifier(f, 2);
	assert_false(vmq_classifier_reads_frames(c));
	vmq_classifier_destroy(c);
	f[1].c.inner = true;
	c = classifier(f, 2);
	assert_true(vmq_classifier_reads_frames(c));
	vmq_classifier_destroy(c);
}

static void no_such_classifier_is_refused(void **state)
{
	struct asked f = plain(1, 1, 1, 5);
	static struct vmq_criteria many[VMQ_FILTERS_MAX + 1];

	(void)state;
	f.tests[1].test = VMQ_TEST_COUNT;
	assert_null(classifier(&f, 1));
	f = plain(1, 1, 1, 5);
	f.tests[0].field = VMQ_FIELD_COUNT;
	assert_null(classifier(&f, 1));
	assert_null(vmq_classifier_create(engine, many, VMQ_FILTERS_MAX + 1));
}

/* ---- against the rules, told one after another ---- */

static int reference_queue(const struct asked *f, unsigned n, const uint8_t *bytes, size_t length)
{
	const uint8_t *inside = vmq_nvgre_inner(bytes, length);
	const struct asked *best = NULL;

	for (unsigned i = 0; i < n; i++) {
		struct vmq_header h;

		vmq_header_read(&h, f[i].c.inner && inside ? inside : bytes);
		if (f[i].c.untagged_or_zero && h.present >> VMQ_FIELD_VLAN_ID & 1 &&
		    h.field[VMQ_FIELD_VLAN_ID])
			continue;
		if (vmq_tests_pass(f[i].tests, f[i].c.n_tests, &h) &&
		    (!best || f[i].c.id < best->c.id))
			best = &f[i];
	}
	return best ? best->c.queue : NO_MATCH;
}

static struct asked random_filter(unsigned id)
{
	struct asked a = asked(id, (unsigned)rand() % 5);
	unsigned form = (unsigned)rand() % 6;

	if (form < 4)
		ask(&a, VMQ_FIELD_DESTINATION, form == 3 ? VMQ_TEST_NOT_EQUAL : VMQ_TEST_EQUAL,
		    MAC((unsigned)rand() % 4), 0);
	if (form % 2)
		ask(&a, VMQ_FIELD_VLAN_ID, form == 5 ? VMQ_TEST_MASK_EQUAL : VMQ_TEST_EQUAL,
		    (unsigned)rand() % 4, (unsigned)rand() % 2);
	else
		a.c.untagged_or_zero = rand() % 2;
	if (form == 4)
		ask(&a, VMQ_FIELD_SOURCE, VMQ_TEST_EQUAL, 0x020000000100ull + (unsigned)rand() % 3, 0);
	a.c.inner = !(rand() % 3);
	return a;
}

static void D5_D6_random_filters_agree_with_a_plain_walk(void **state)
{
	unsigned matched = 0, missed = 0;

	(void)state;
	srand(20260611);
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t bytes[VMQ_MATCH_MAX][80] = { { 0 } };
		struct vmq_frame frames[VMQ_MATCH_MAX];
		vmq_key_t keys[VMQ_MATCH_MAX];
		uint16_t queues[VMQ_MATCH_MAX];
		unsigned n = (unsigned)rand() % 8, burst = 1 + round % VMQ_MATCH_MAX;
		struct asked f[8];
		struct vmq_classifier *c;
		uint64_t got;

		for (unsigned i = 0; i < n; i++)
			f[i] = random_filter(1 + i * 5 % 8);
		c = classifier(f, n);
		assert_non_null(c);
		for (unsigned i = 0; i < burst; i++) {
			size_t length = sizeof(bytes[i]);

			if (rand() % 2)
				length = nvgre(bytes[i], (unsigned)rand() % 4, (unsigned)rand() % 4,
					       rand() % 2 ? rand() % 4 : -1);
			else
				header(bytes[i], (unsigned)rand() % 4, (unsigned)rand() % 3,
				       rand() % 2 ? rand() % 4 : -1, 0x0800);
			frames[i] = (struct vmq_frame){ bytes[i], (uint32_t)length };
			keys[i] = vmq_key(bytes[i]);
		}
		got = vmq_classify(c, frames, keys, burst, queues);
		for (unsigned i = 0; i < burst; i++) {
			int want = reference_queue(f, n, frames[i].bytes, frames[i].length);

			assert_int_equal(got >> i & 1, want != NO_MATCH);
			assert_int_equal(queues[i], want == NO_MATCH ? 0 : want);
			matched += want != NO_MATCH;
			missed += want == NO_MATCH;
		}
		vmq_classifier_destroy(c);
	}
	assert_in_range(matched, 100000, 10000000);
	assert_in_range(missed, 100000, 10000000);
}

static int engine_set(void **state)
{
	engine = *state;
	return 0;
}

#define TEST(name) { #name, name, engine_set, NULL, NULL }

static const struct CMUnitTest of_an_engine[] = {
	TEST(U5_the_lowest_id_wins_over_both_kinds),
	TEST(D4_no_filter_of_any_kind_is_no_match),
	TEST(D1_two_tests_of_one_field_both_count),
	TEST(D13_untagged_or_zero_holds_beside_other_tests),
	TEST(D12_the_inner_frame_decides_where_there_is_one),
	TEST(D3_plain_filters_alone_need_no_frames),
	TEST(no_such_classifier_is_refused),
	TEST(D5_D6_random_filters_agree_with_a_plain_walk),
};

/* Every test with every engine. */
int main(void)
{
	static struct CMUnitTest tests[8 * (sizeof(of_an_engine) / sizeof(of_an_engine[0]))];
	const char *args[] = { "classifier", "--no-huge", "--no-shconf", "--no-pci",
			       "--no-telemetry", "--log-level=*:3", "-m64" };
	unsigned n = 0;

	if (rte_eal_init(RTE_DIM(args), (char **)args) < 0)
		return 1;
	for (unsigned e = 0; filter_engines[e] && n < RTE_DIM(tests); e++)
		for (unsigned i = 0; i < RTE_DIM(of_an_engine); i++) {
			tests[n] = of_an_engine[i];
			tests[n++].initial_state = (void *)(uintptr_t)filter_engines[e];
		}
	return _cmocka_run_group_tests("classifier", tests, n, NULL, NULL);
}
