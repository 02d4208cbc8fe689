/* SPDX-License-Identifier: BSD-2-Clause */
/* The send scheduler's arithmetic: a token bucket, and shares by weight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "vswitch/send_rate.h"
#include "vswitch/send_share.h"
#include "vswitch/send_turns.h"

#define SECOND 1000000000ull
#define FRAME  1514u

/* A VM that always has frames of 'length' bytes, asked every 'step' ns from 'from' on. */
static uint64_t flood(struct send_rate *r, uint64_t from, uint64_t until, uint64_t step,
		      unsigned length)
{
	uint64_t bytes = 0;

	for (uint64_t now = from; now < until; now += step) {
		unsigned n = send_rate_may(r, now, FRAME, 32);

		send_rate_charge(r, (uint64_t)n * length);
		bytes += (uint64_t)n * length;
	}
	return bytes;
}

static void a_flood_gets_its_rate_to_one_percent(void **state)
{
	static const uint64_t rates[] = { 8000000, 100000000, 1000000000, 10000000000 };
	static const unsigned lengths[] = { 60, 1500 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned l = 0; l < 2; l++) {
			struct send_rate r;
			uint64_t want = rates[i] / 8, got;

			send_rate_set(&r, rates[i], send_burst_default(rates[i], FRAME), 5 * SECOND);
			flood(&r, 5 * SECOND, 6 * SECOND, 1000, lengths[l]);   /* it begins empty */
			got = flood(&r, 6 * SECOND, 7 * SECOND, 1000, lengths[l]);
			assert_in_range(got * 1000, want * 990, want * 1010);
		}
}

/* A worker that comes by only every two milliseconds, or less often, loses nothing. */
static void a_late_worker_keeps_the_rate(void **state)
{
	struct send_rate r;
	uint64_t got;

	(void)state;
	send_rate_set(&r, 100000000, send_burst_default(100000000, FRAME), 0);
	flood(&r, 0, SECOND, 2000000, 1500);
	got = flood(&r, SECOND, 2 * SECOND, 2000000, 1500);
	assert_in_range(got, 12375000, 12625000);
	/* Nor one that is kept from its work for three times what a full bucket lasts. */
	got = 0;
	for (uint64_t now = 2 * SECOND; now < 3 * SECOND; now += 30000000)
		for (unsigned n; (n = send_rate_may(&r, now, FRAME, 32)); got += n * 1500ull)
			send_rate_charge(&r, n * 1500ull);
	assert_in_range(got, 12250000, 12750000);
}

static void after_a_pause_one_burst_goes_at_once(void **state)
{
	struct send_rate r;
	uint64_t got = 0;
	unsigned n;

	(void)state;
	send_rate_set(&r, 1000000, 30000, 0);
	while ((n = send_rate_may(&r, 100 * SECOND, FRAME, 32))) {
		send_rate_charge(&r, n * 1000ull);
		got += n * 1000;
	}
	assert_in_range(got, 30000, 30000 + FRAME);
}

static void it_says_when(void **state)
{
	struct send_rate r;
	uint64_t when;

	(void)state;
	send_rate_set(&r, 8000000, 8000, 0);   /* a byte in a microsecond */
	assert_int_equal(send_rate_may(&r, 0, FRAME, 32), 0);
	when = send_rate_when(&r);
	assert_in_range(when, 999000, 1002000);   /* an eighth of the bucket */
	assert_int_equal(send_rate_may(&r, when - 2000, FRAME, 32), 0);
	assert_int_equal(send_rate_may(&r, when, FRAME, 32), 1);
	send_rate_charge(&r, 64000);             /* owed eight times over */
	assert_int_equal(send_rate_may(&r, when, FRAME, 32), 0);
	when = send_rate_when(&r);
	assert_in_range(when, 64900000, 65100000);
	for (uint64_t now = when - 64000000; now < when - 1000; now += 1000000)
		assert_int_equal(send_rate_may(&r, now, FRAME, 32), 0);
	while (send_rate_when(&r) > when + 1000)
		send_rate_may(&r, when, FRAME, 32);
	assert_true(send_rate_may(&r, when + 1000, FRAME, 32) > 0);
}

static void extremes_do_not_overflow(void **state)
{
	struct send_rate r;

	(void)state;
	send_rate_set(&r, SEND_RATE_MAX, SEND_BURST_MAX, 0);
	assert_int_equal(send_rate_may(&r, UINT64_MAX / 2, FRAME, 32), 32);
	send_rate_charge(&r, 32 * 65536);
	assert_int_equal(send_rate_may(&r, UINT64_MAX / 2 + 1, FRAME, 32), 32);
	send_rate_set(&r, SEND_RATE_MIN, SEND_BURST_MIN, SECOND);
	assert_int_equal(send_rate_may(&r, 0, FRAME, 32), 0);   /* time never goes back */
	assert_int_equal(send_rate_may(&r, 2 * SECOND, FRAME, 32), 1);
	send_rate_set(&r, 0, 0, 0);
	assert_int_equal(send_rate_may(&r, 0, FRAME, 32), 32);
	assert_int_equal(send_burst_default(SEND_RATE_MAX, FRAME), SEND_BURST_MAX);
	assert_int_equal(send_burst_default(SEND_RATE_MIN, FRAME), 4 * FRAME);
}

static void bounds_follow_weights(void **state)
{
	(void)state;
	assert_int_equal(send_share_bound(32, 100, 100), 32);
	assert_int_equal(send_share_bound(32, 25, 100), 8);
	assert_int_equal(send_share_bound(32, 1, 3), 11);
	assert_int_equal(send_share_bound(32, 1, 100), 1);   /* never nothing */
	assert_int_equal(send_share_bound(32, 1, 0), 32);    /* nobody contends */
	assert_int_equal(send_share_bound(32, 7, 3), 32);
}

static void who_contends_counts(void **state)
{
	struct send_share s = { .round = 7 };
	struct send_part a = { 0 }, b = { 0 };

	(void)state;
	assert_int_equal(send_share_heaviest(&s), 0);
	send_share_join(&s, &a, 3, false);
	assert_int_equal(send_share_heaviest(&s), 3);
	send_share_join(&s, &b, 100, false);
	assert_int_equal(send_share_heaviest(&s), 100);
	send_share_leave(&s, &b);
	assert_int_equal(send_share_heaviest(&s), 3);
	send_share_leave(&s, &a);
	assert_int_equal(send_share_heaviest(&s), 0);
	assert_int_equal(s.round, 7);
}

static void a_round_ends_when_all_are_done(void **state)
{
	struct send_share s = { .round = 7 };
	struct send_part a = { 0 }, b = { 0 }, c = { 0 };

	(void)state;
	send_share_join(&s, &a, 1, false);
	send_share_join(&s, &b, 1, false);
	send_share_done(&s, &a);
	assert_true(send_share_is_done(&a, s.round));
	send_share_join(&s, &c, 1, true);      /* who joins with nothing to send waits too */
	assert_true(send_share_is_done(&c, s.round));
	assert_int_equal(s.round, 7);
	send_share_done(&s, &b);
	assert_int_equal(s.round, 8);
	assert_false(send_share_is_done(&a, 8) || send_share_is_done(&b, 8) ||
		     send_share_is_done(&c, 8));
	send_share_done(&s, &a);
	send_share_done(&s, &b);
	send_share_leave(&s, &c);              /* nobody waits for who wants no more */
	assert_int_equal(s.round, 9);
	send_share_leave(&s, &b);
	send_share_done(&s, &a);               /* alone it goes from round to round */
	send_share_done(&s, &a);
	assert_int_equal(s.round, 11);
}

static void who_is_late_is_left_behind(void **state)
{
	struct send_share s = { .round = 7 };
	struct send_part a = { 0 }, late = { 0 };

	(void)state;
	send_share_join(&s, &a, 1, false);
	send_share_join(&s, &late, 9, false);
	send_share_done(&s, &a);
	send_share_go_on(&s);
	assert_int_equal(s.round, 8);
	assert_true(send_share_is_behind(&late, 8));
	assert_false(send_share_is_behind(&a, 8));
	send_share_done(&s, &a);               /* it is waited for no longer */
	assert_int_equal(s.round, 9);
	send_share_leave(&s, &late);           /* it sees so; nobody is counted twice */
	send_share_join(&s, &late, 9, false);
	send_share_done(&s, &a);
	assert_int_equal(s.round, 9);
	send_share_done(&s, &late);
	assert_int_equal(s.round, 10);
}

/* What a round gives is given once, what rounds before it gave too; a debt is paid off. */
static void rounds_are_paid(void **state)
{
	struct send_part p = { .paid = 10 };

	(void)state;
	assert_int_equal(send_share_part(48000, 4, 4), 48000);
	assert_int_equal(send_share_part(48000, 1, 4), 12000);
	assert_int_equal(send_share_part(48000, 1, 0), 48000);
	assert_int_equal(send_share_part(10, 1, 100), 1);
	send_share_pay(&p, 11, 1000);
	send_share_pay(&p, 11, 1000);
	assert_int_equal(p.credit, 1000);
	p.credit -= 3500;
	send_share_pay(&p, 13, 1000);
	assert_int_equal(p.credit, -500);
	send_share_pay(&p, 1000000, 1000);
	assert_int_equal(p.credit, SEND_SHARE_SAVED * 1000);
	send_share_pay(&p, UINT64_MAX, 10);    /* it weighs less now; what it has it keeps */
	assert_int_equal(p.credit, SEND_SHARE_SAVED * 1000);
}

/* ---- turns in a round ---- */

static void who_has_more_gets_as_much_as_the_wire(void **state)
{
	struct send_turns t = { 0 };
	uint64_t asked[3] = { 0 }, wire = 0;

	(void)state;
	assert_int_equal(send_turns(&t, wire, &asked[0]), 0);        /* nothing came */
	assert_int_equal(send_turns(&t, wire += 31, &asked[0]), 0);
	assert_int_equal(send_turns(&t, wire += 64, &asked[0]), 1);  /* the first was its own */
	assert_int_equal(send_turns(&t, wire, &asked[0]), 0);        /* once for what came */
	assert_int_equal(send_turns(&t, wire += 1 << 20, &asked[0]), SEND_TURNS_MOST - 1);
	/* Three: each what was divided by how many were there the round before. */
	wire += 12 * 32;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send_turns(&t, wire, &asked[i]), SEND_TURNS_MOST - 1);
	wire += 12 * 32;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send_turns(&t, wire, &asked[i]), 3);
	/* One alone again. */
	assert_int_equal(send_turns(&t, wire += 12 * 32, &asked[1]), 3);
	assert_int_equal(send_turns(&t, wire += 12 * 32, &asked[1]), SEND_TURNS_MOST - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flood_gets_its_rate_to_one_percent),
		cmocka_unit_test(a_late_worker_keeps_the_rate),
		cmocka_unit_test(after_a_pause_one_burst_goes_at_once),
		cmocka_unit_test(it_says_when),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(bounds_follow_weights),
		cmocka_unit_test(who_contends_counts),
		cmocka_unit_test(a_round_ends_when_all_are_done),
		cmocka_unit_test(who_is_late_is_left_behind),
		cmocka_unit_test(rounds_are_paid),
		cmocka_unit_test(who_has_more_gets_as_much_as_the_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
