/* SPDX-License-Identifier: BSD-2-Clause */
/* An intermediate driver that passes lists on as they are, and wrongly: the verifier tells of
 * it, and of nothing else; every list comes back once all the same. */
#include "fake.h"
#include "middle.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/verifier.h"

#define LISTS 4
#define TESTS 9

static struct ground_frames frames;
/* A rule is told once of an object: each test has packets of its own until the end. */
static struct packet *all[TESTS][LISTS], **packets;
static unsigned n_tests;
static struct error err;
static struct verifier_report first;
static atomic_uint n_reports, n_others;

/* The rule of the first report is the one that all are expected to be of. */
static void listen(const struct verifier_report *report, void *arg)
{
	(void)arg;
	if (!atomic_fetch_add(&n_reports, 1))
		first = *report;
	else if (strcmp(report->rule, first.rule))
		atomic_fetch_add(&n_others, 1);
}

static int setup(void **state)
{
	(void)state;
	middle.minor = 30;
	middle.as_they_are = true;
	trace_clear();
	fake_reset();
	packets = all[n_tests++];
	protocols_by_hand = true;
	middle_load();
	protocols_load(1);
	fake_open();
	return ndis_protocol_bind(ndis_adapter_named(MIDDLE_NAME), protocols[0].image, &err);
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	middle_unload();
	ground_frames_free(&frames);
	return 0;
}

static void make(NDIS_HANDLE source)
{
	uint8_t mac[6];

	ground_mac(mac, 1);
	for (unsigned i = 0; i < LISTS; i++)
		packets[i] = packet_of(source, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 100));
	atomic_store(&n_reports, 0);
	atomic_store(&n_others, 0);
}

static void expect(const char *rule, const char *layer)
{
	assert_true(atomic_load(&n_reports) > 0);
	assert_int_equal(n_others, 0);
	assert_string_equal(first.rule, rule);
	assert_string_equal(first.driver, "middle");
	assert_string_equal(first.layer, layer);
}

/* Sends with that mistake; every list is completed once. */
static void send_with(enum middle_mistake mistake)
{
	NDIS_HANDLE binding = atomic_load(&protocols[0].binding);

	make(binding);
	middle.mistake = mistake;
	atomic_store(&fake.keep_sends, true);
	packets_send(&protocols[0], packets, LISTS, 0);
	fake_complete(NDIS_STATUS_SUCCESS);
	packets_wait(LISTS);
	assert_int_equal(fake.n_sends, LISTS);
	for (unsigned i = 0; i < LISTS; i++)
		assert_non_null(packet_done(&packets[i]->nbl));
}

/* Receives with that mistake, which the protocol keeps; every list returns once. */
static void receive_with(enum middle_mistake mistake, ULONG flags)
{
	make(NULL);
	middle.mistake = mistake;
	atomic_store(&protocols[0].hold, !flags);
	fake_indicate_packets(1, packets, LISTS, flags);
	assert_int_equal(trace.n_frames, LISTS);
	protocol_return_all(&protocols[0]);
	assert_int_equal(fake.n_returns, flags ? 0 : LISTS);
}

static void the_right_one_is_told_of_nothing(void **state)
{
	(void)state;
	send_with(MIDDLE_IS_RIGHT);
	assert_int_equal(n_reports, 0);
}

static void A19_below_a_list_is_sent_once(void **state)
{
	(void)state;
	send_with(MIDDLE_SENDS_TWICE);
	expect("SendNotOwned", "middle");
}

static void A19_above_a_list_is_completed_when_it_is_back(void **state)
{
	(void)state;
	send_with(MIDDLE_COMPLETES_EARLY);
	expect("SendDoubleComplete", MIDDLE_NAME);
}

static void A19_above_a_list_is_completed_once(void **state)
{
	(void)state;
	send_with(MIDDLE_COMPLETES_TWICE);
	expect("SendDoubleComplete", MIDDLE_NAME);
}

static void A25_below_the_source_is_its_binding(void **state)
{
	(void)state;
	send_with(MIDDLE_LEAVES_SOURCE);
	expect("SendSourceHandle", "middle");
}

static void A25_above_the_source_is_the_sender_again(void **state)
{
	(void)state;
	send_with(MIDDLE_RESTORES_NO_SOURCE);
	expect("SendSourceHandle", MIDDLE_NAME);
}

static void F23_above_a_list_is_indicated_once(void **state)
{
	(void)state;
	receive_with(MIDDLE_INDICATES_TWICE, 0);
	expect("ReceiveNotOwned", MIDDLE_NAME);
}

static void F28_below_a_list_is_returned_when_it_is_back(void **state)
{
	(void)state;
	receive_with(MIDDLE_RETURNS_EARLY, 0);
	expect("ReturnNotOwned", "middle");
}

static void F24_what_is_lent_below_is_lent_above(void **state)
{
	(void)state;
	receive_with(MIDDLE_GIVES_LENT_AWAY, NDIS_RECEIVE_FLAGS_RESOURCES);
	expect("ReceiveKept", MIDDLE_NAME);
}

static int start(void **state)
{
	verifier_on_report(listen, NULL);
	setenv("OVMQ_VERIFIER", "report", 1);
	packets_open();
	return ground_setup(state);
}

static int end(void **state)
{
	for (unsigned i = 0; i < n_tests; i++)
		for (unsigned j = 0; j < LISTS; j++)
			packet_free(all[i][j]);
	packets_close();
	return ground_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[TESTS] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(the_right_one_is_told_of_nothing),
		T(A19_below_a_list_is_sent_once),
		T(A19_above_a_list_is_completed_when_it_is_back),
		T(A19_above_a_list_is_completed_once),
		T(A25_below_the_source_is_its_binding),
		T(A25_above_the_source_is_the_sender_again),
		T(F23_above_a_list_is_indicated_once),
		T(F28_below_a_list_is_returned_when_it_is_back),
		T(F24_what_is_lent_below_is_lent_above),
#undef T
	};

	return cmocka_run_group_tests_name("intermediate, wrong", tests, start, end);
}
