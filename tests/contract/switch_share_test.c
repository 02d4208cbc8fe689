/* SPDX-License-Identifier: BSD-2-Clause */
/* Weights: VMs' shares of an adapter that does not keep up (U16). */
#include "arrivals.h"

#include <string.h>

/* Sends of each port that the adapter has got. */
static void count_sends(unsigned sent[PORTS])
{
	memset(sent, 0, PORTS * sizeof(sent[0]));
	for (unsigned i = 0, n = atomic_load(&fake.n_sends); i < n; i++)
		sent[fake.sends[i].bytes[11] - 1u]++;
}

/* How an adapter that does not keep up completes sends. */
typedef unsigned serve_fn(void);

/* One transmit queue: the four oldest. */
static unsigned serve_oldest(void)
{
	return fake_complete_some(4);
}

/* One for each VM queue: four of each in turn. Who sends again in its turn is served so too. */
static unsigned serve_turns(void)
{
	unsigned done = 0;

	for (unsigned p = 0; p < PORTS; p++)
		done += fake_complete_of((USHORT)ports_report(p).queue, 4);
	return done;
}

/* The adapter completes some as often as it likes; the switch gets its time in between. */
static void drain_slowly(serve_fn *serve, unsigned sends)
{
	unsigned done = 0;

	while (done < sends) {
		unsigned before[GROUND_PROCESSORS];

		for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
			before[p] = ground_rounds(p);
		done += serve();
		for (unsigned p = 0; p < PORTS; p++)
			OvmqNotifyProcessor(p);
		for (unsigned p = 0; p < PORTS; p++)
			ground_until(ground_rounds(p) > before[p] + 1);
	}
}

static void shares_follow(const unsigned weight[PORTS], unsigned of_sum, bool one_processor,
			  serve_fn *serve)
{
	unsigned first[PORTS], sent[PORTS], sum = 0;

	atomic_store(&fake.keep_sends, true);
	ports.one_processor = one_processor;
	for (unsigned p = 0; p < PORTS; p++) {
		ports.weight[p] = weight[p];
		ports_flood(p, 2400, 1000);
	}
	ports_open_started();
	drain_slowly(serve, 500);      /* all of them contend, and have for long */
	count_sends(first);
	drain_slowly(serve, 2000);
	count_sends(sent);
	for (unsigned p = 0; p < PORTS; p++)
		sum += sent[p] - first[p];
	for (unsigned p = 0; p < PORTS; p++) {
		unsigned want = sum * weight[p] / of_sum, got = sent[p] - first[p];

		assert_in_range(got * 100, want * 96, want * 104);
		assert_in_range(ports_report(p).sends_out, 0, 32);
	}
	atomic_store(&fake.keep_sends, false);
	while (!vswitch_is_quiet())
		fake_complete(NDIS_STATUS_SUCCESS);
	ports_close();
	assert_int_equal(ports.last.to_wire, PORTS * 2400);
}

/* Nothing is dropped: what a VM may not send stays in its ring, and goes later. */
static void U16_floods_have_their_shares_of_a_slow_adapter(void **state)
{
	static const unsigned weight[PORTS] = { 1, 2, 4 };

	(void)state;
	shares_follow(weight, 7, true, serve_oldest);
}

static void U16_shares_hold_across_processors(void **state)
{
	static const unsigned weight[PORTS] = { 8, 2, 1 };

	(void)state;
	shares_follow(weight, 11, false, serve_oldest);
}

/* An adapter takes as much of each transmit queue: who weighs little has less to give. */
static void U16_shares_hold_over_transmit_queues(void **state)
{
	static const unsigned weight[PORTS] = { 8, 2, 1 };

	(void)state;
	shares_follow(weight, 11, true, serve_turns);
}

static void U16_shares_hold_over_transmit_queues_across_processors(void **state)
{
	static const unsigned weight[PORTS] = { 1, 4, 2 };

	(void)state;
	shares_follow(weight, 7, false, serve_turns);
}

/* Who is alone has the adapter alone, whatever it weighs. */
static void U16_a_light_vm_alone_has_the_whole_window(void **state)
{
	(void)state;
	atomic_store(&fake.keep_sends, true);
	ports.weight[0] = 1;
	ports.weight[1] = 100;
	ports_flood(0, 200, 60);
	ports_open_started();
	ground_until(ports_report(0).sends_out == 32);
	ground_settle();
	assert_int_equal(ports_report(0).sends_out, 32);
	assert_true(ports_report(0).held_back);
	assert_true(ports_report(0).held_back_n > 0);
	/* A completion wakes the worker that holds it back. */
	assert_int_equal(fake_complete_some(5), 5);
	ground_until(atomic_load(&fake.n_sends) == 37);
	atomic_store(&fake.keep_sends, false);
	while (!vswitch_is_quiet())
		fake_complete(NDIS_STATUS_SUCCESS);
	assert_false(ports_report(0).held_back);
	ports_close();
	assert_int_equal(ports.last.to_wire, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(U16_floods_have_their_shares_of_a_slow_adapter),
		TEST(U16_shares_hold_across_processors),
		TEST(U16_shares_hold_over_transmit_queues),
		TEST(U16_shares_hold_over_transmit_queues_across_processors),
		TEST(U16_a_light_vm_alone_has_the_whole_window),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
