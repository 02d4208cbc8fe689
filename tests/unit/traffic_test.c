/* SPDX-License-Identifier: BSD-2-Clause */
/* What the benchmark's traffic program reckons with: its pace, its histogram, the order of flows.
 * tests/e2e/traffic.bats sees the frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "histogram.h"
#include "pace.h"
#include "sequence.h"

static uint64_t micro;   /* cycles of a microsecond */

static int start_dpdk(void **state)
{
	const char *argv[] = { "traffic", "--no-huge", "--no-shconf", "--no-pci", "--no-telemetry", "-m",
			       "16", "--log-level=*:3" };

	(void)state;
	if (rte_eal_init(8, (char **)argv) < 0)
		return -1;
	micro = rte_get_tsc_hz() / 1000000;
	return 0;
}

static int stop_dpdk(void **state)
{
	(void)state;
	return rte_eal_cleanup();
}

static void pace_gives_what_is_due_and_no_more(void **state)
{
	struct pace p = { 0 };
	uint64_t n = 0, begin = UINT64_C(1) << 52;

	(void)state;
	pace_start(&p, 1e6, begin);
	assert_int_equal(pace_due(&p, begin, 32), 1);
	assert_int_equal(pace_due(&p, begin, 32), 0);
	assert_int_equal(pace_due(&p, begin + 5 * micro / 2, 32), 2);
	for (uint64_t at = 3; at <= 1000000; at++)
		n += pace_due(&p, begin + at * micro, 32);
	/* A second of it, to what a frequency that is no whole number of megahertz makes. */
	assert_in_range(n + 3, 1000000 - 500, 1000001);
	assert_int_equal(p.late + p.skipped, 0);
}

static void pace_tells_the_late_and_never_more_than_asked(void **state)
{
	struct pace p = { 0 };
	unsigned n;

	(void)state;
	pace_start(&p, 1e5, 0);
	assert_int_equal(pace_due(&p, 0, 32), 1);
	/* 100 us later ten are due; those of the first 80 us are late. */
	n = pace_due(&p, 101 * micro, 4);
	assert_int_equal(n, 4);
	n += pace_due(&p, 101 * micro, 32);
	assert_int_equal(n, 10);
	assert_int_equal(p.late, 8);
	assert_int_equal(p.skipped, 0);
}

static void pace_skips_what_fell_due_while_it_stood(void **state)
{
	struct pace p = { 0 };

	(void)state;
	pace_start(&p, 1e5, 0);
	assert_int_equal(pace_due(&p, 0, 32), 1);
	/* Half a second: all but the one that is due now are gone. */
	assert_int_equal(pace_due(&p, 500005 * micro, 32), 1);
	assert_in_range(p.skipped, 49998, 50000);
	assert_int_equal(pace_due(&p, 500006 * micro, 32), 0);
	/* At ten a second a millisecond is no standing still. */
	p = (struct pace){ 0 };
	pace_start(&p, 10, 0);
	assert_int_equal(pace_due(&p, 0, 32), 1);
	assert_int_equal(pace_due(&p, 102000 * micro, 32), 1);
	assert_int_equal(p.skipped, 0);
	assert_int_equal(p.late, 1);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Against the sorted values themselves, over nine powers of ten. */
static void histogram_is_right_to_a_hundredth(void **state)
{
	static const double shares[] = { 0, 0.1, 0.5, 0.9, 0.99, 0.999 };
	enum { N = 20000 };
	uint64_t *values = malloc(N * sizeof(*values));
	struct histogram *h = malloc(sizeof(*h));
	uint64_t random = 1;

	(void)state;
	histogram_clear(h);
	assert_int_equal(histogram_quantile(h, 0.5), 0);
	for (unsigned i = 0; i < N; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		values[i] = (random >> 33) >> (random >> 20) % 31;
		histogram_add(h, values[i]);
	}
	qsort(values, N, sizeof(*values), by_value);
	for (unsigned i = 0; i < sizeof(shares) / sizeof(shares[0]); i++) {
		uint64_t want = values[(unsigned)(shares[i] * N)];

		assert_in_range(histogram_quantile(h, shares[i]), want - want / 100, want + want / 100);
	}
	assert_int_equal(h->least, values[0]);
	assert_int_equal(histogram_quantile(h, 1), values[N - 1]);
	assert_int_equal(h->count, N);
	histogram_add(h, UINT64_MAX);
	assert_true(histogram_quantile(h, 1) == UINT64_MAX);
	free(values);
	free(h);
}

static void histograms_add_up(void **state)
{
	struct histogram *all = malloc(sizeof(*all)), *sum = malloc(sizeof(*sum));
	struct histogram *part = malloc(sizeof(*part));

	(void)state;
	histogram_clear(all);
	histogram_clear(sum);
	for (unsigned p = 0; p < 3; p++) {
		histogram_clear(part);
		for (uint64_t v = 100 * p + 1; v < 100000; v = v * 3 / 2 + 1) {
			histogram_add(all, v);
			histogram_add(part, v);
		}
		histogram_add_all(sum, part);
	}
	assert_memory_equal(sum, all, sizeof(*all));
	histogram_clear(part);
	histogram_add_all(sum, part);   /* nothing */
	assert_memory_equal(sum, all, sizeof(*all));
	free(part);
	free(sum);
	free(all);
}

static void sequences_forget_what_was_before(void **state)
{
	struct sequences s;

	(void)state;
	assert_int_equal(sequences_init(&s), 0);
	sequences_live(&s, 1, 100);
	sequences_live(&s, 1, 200);
	assert_int_equal(s.counts.lost, 99);
	sequences_forget(&s);
	sequences_live(&s, 1, 500);
	sequences_looped(&s, 1, 7, 10);
	/* Late from before: nobody counted it as lost. */
	sequences_live(&s, 1, 499);
	assert_int_equal(s.counts.lost, 0);
	assert_int_equal(s.counts.reordered, 1);
	sequences_live(&s, 1, 501);
	assert_int_equal(s.counts.gaps, 1);
	sequences_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pace_gives_what_is_due_and_no_more),
		cmocka_unit_test(pace_tells_the_late_and_never_more_than_asked),
		cmocka_unit_test(pace_skips_what_fell_due_while_it_stood),
		cmocka_unit_test(histogram_is_right_to_a_hundredth),
		cmocka_unit_test(histograms_add_up),
		cmocka_unit_test(sequences_forget_what_was_before),
	};

	return cmocka_run_group_tests(tests, start_dpdk, stop_dpdk);
}
