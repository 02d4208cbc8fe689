/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmq/interface_choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define NO (-1)   /* must not be read */
#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))
#define SRIOV VMQ_INTERFACE_SRIOV
#define VMQ VMQ_INTERFACE_VMQ
#define RSS VMQ_INTERFACE_RSS

/* An adapter's keywords, and which of them were read. */
struct adapter {
	int value[VMQ_KEYWORD_COUNT];
	bool read[VMQ_KEYWORD_COUNT];
};

static bool keyword(void *context, enum vmq_interface_keyword k)
{
	struct adapter *a = context;

	assert_true((unsigned)k < VMQ_KEYWORD_COUNT);
	assert_false(a->read[k]);   /* once is enough */
	a->read[k] = true;
	return a->value[k];
}

/* A row: the five keywords in the order of the documentation's table. */
struct row {
	int value[VMQ_KEYWORD_COUNT];
	unsigned enabled;
};

/* Whatever the keywords say that are not read, the row holds, and they stay unread. */
static void check(bool has_sriov, const struct row *row)
{
	for (unsigned others = 0; others < 1u << VMQ_KEYWORD_COUNT; others++) {
		struct adapter a = { .value = { 0 } };

		for (unsigned k = 0; k < VMQ_KEYWORD_COUNT; k++)
			a.value[k] = row->value[k] == NO ? (int)(others >> k & 1) : row->value[k];
		assert_int_equal(vmq_interface_choose(has_sriov, keyword, &a), row->enabled);
		for (unsigned k = 0; k < VMQ_KEYWORD_COUNT; k++)
			assert_int_equal(a.read[k], row->value[k] != NO);
	}
}

static void H16_without_sriov_the_preference_decides(void **state)
{
	static const struct row rows[] = {
		{ { NO, 1, NO, 1, NO }, VMQ },
		{ { NO, 1, NO, 0, NO }, 0 },
		{ { NO, 0, NO, NO, 1 }, RSS },
		{ { NO, 0, NO, NO, 0 }, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < LENGTH(rows); i++)
		check(false, &rows[i]);
}

static void H18_every_row_with_sriov(void **state)
{
	static const struct row rows[] = {
		{ { 1, 1, 1, 1, NO }, SRIOV | VMQ },
		{ { 1, 1, 0, 1, NO }, VMQ },
		{ { 1, 1, 0, 0, NO }, 0 },
		{ { 1, 0, 0, NO, NO }, 0 },
		{ { 0, 1, NO, 1, NO }, VMQ },
		{ { 0, 1, NO, 0, NO }, 0 },
		{ { 0, 0, NO, NO, 1 }, RSS },
		{ { 0, 0, NO, NO, 0 }, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < LENGTH(rows); i++)
		check(true, &rows[i]);
}

/* What the documentation's table leaves out, and its steps say. */
static void H18_sriov_alone(void **state)
{
	static const struct row rows[] = {
		{ { 1, 1, 1, 0, NO }, SRIOV },
		{ { 1, 0, 1, NO, NO }, SRIOV },
	};

	(void)state;
	for (unsigned i = 0; i < LENGTH(rows); i++)
		check(true, &rows[i]);
}

static void H19_rss_is_never_enabled_with_another(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 1u << VMQ_KEYWORD_COUNT; bits++)
		for (unsigned has_sriov = 0; has_sriov < 2; has_sriov++) {
			struct adapter a = { .value = { 0 } };
			unsigned enabled;

			for (unsigned k = 0; k < VMQ_KEYWORD_COUNT; k++)
				a.value[k] = (int)(bits >> k & 1);
			enabled = vmq_interface_choose(has_sriov, keyword, &a);
			assert_true(!(enabled & RSS) || enabled == RSS);
			assert_true(!(enabled & SRIOV) || has_sriov);
		}
}

static void H15_defaults_of_absent_keywords(void **state)
{
	(void)state;
	assert_string_equal(vmq_interface_keyword_name(VMQ_KEYWORD_VMQ), "*VMQ");
	assert_string_equal(vmq_interface_keyword_name(VMQ_KEYWORD_VMQ_PREFERRED),
			    "*RssOrVmqPreference");
	assert_true(vmq_interface_keyword_default(VMQ_KEYWORD_VMQ));
	assert_true(vmq_interface_keyword_default(VMQ_KEYWORD_RSS));
	assert_true(vmq_interface_keyword_default(VMQ_KEYWORD_SRIOV));
	assert_false(vmq_interface_keyword_default(VMQ_KEYWORD_VMQ_PREFERRED));
	assert_false(vmq_interface_keyword_default(VMQ_KEYWORD_SRIOV_PREFERRED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(H16_without_sriov_the_preference_decides),
		cmocka_unit_test(H18_every_row_with_sriov),
		cmocka_unit_test(H18_sriov_alone),
		cmocka_unit_test(H19_rss_is_never_enabled_with_another),
		cmocka_unit_test(H15_defaults_of_absent_keywords),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
