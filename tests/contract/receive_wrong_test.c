/* SPDX-License-Identifier: BSD-2-Clause */
/* Promises and returns that are not as they must be: the verifier tells of each by its
 * rule and of nothing else, and every frame comes back once all the same (F). */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/verifier.h"

#define N 4

static struct ground_frames frames;
static struct packet *packets[N];
static struct verifier_report first;
static atomic_uint n_reports, n_others;

static void listen(const struct verifier_report *report, void *arg)
{
	(void)arg;
	if (!atomic_fetch_add(&n_reports, 1))
		first = *report;
	else if (strcmp(report->rule, first.rule))
		atomic_fetch_add(&n_others, 1);
}

static void filter_of(struct protocol *p, ULONG filter)
{
	assert_int_equal(request(p, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER, &filter,
				 sizeof(filter), 0), NDIS_STATUS_SUCCESS);
}

static int setup(void **state)
{
	uint8_t mac[6];

	(void)state;
	trace_clear();
	fake_reset();
	protocols_load(2);
	fake_open();
	filter_of(&protocols[0], NDIS_PACKET_TYPE_PROMISCUOUS);
	filter_of(&protocols[1], NDIS_PACKET_TYPE_PROMISCUOUS);
	ground_mac(mac, 1);
	for (unsigned i = 0; i < N; i++)
		packets[i] = packet_of(NULL, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 100));
	atomic_store(&n_reports, 0);
	atomic_store(&n_others, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	for (unsigned i = 0; i < N; i++)
		packet_free(packets[i]);
	ground_frames_free(&frames);
	return 0;
}

static void expect(const char *rule)
{
	assert_true(atomic_load(&n_reports) > 0);
	assert_int_equal(n_others, 0);
	assert_string_equal(first.rule, rule);
	for (unsigned i = 0; i < N; i++)
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
}

static void F15_what_is_true_is_told_of_nothing(void **state)
{
	(void)state;
	for (unsigned i = 0; i < N; i++)
		packet_set_tag(packets[i], i, 5);
	fake_indicate_packets(1, packets, N, NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE |
			      NDIS_RECEIVE_FLAGS_SINGLE_VLAN | NDIS_RECEIVE_FLAGS_PERFECT_FILTERED);
	assert_int_equal(n_reports, 0);
	assert_int_equal(fake.n_returns, N);
}

static void F15_types_that_differ(void **state)
{
	(void)state;
	packets[2]->room[0][PACKET_GUARD + 12] ^= 0x11;
	fake_indicate_packets(1, packets, N, NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE);
	expect("ReceiveFlags");
}

static void F15_vlans_that_differ(void **state)
{
	(void)state;
	packet_set_tag(packets[3], 0, 5);
	fake_indicate_packets(1, packets, N, NDIS_RECEIVE_FLAGS_SINGLE_VLAN);
	expect("ReceiveFlags");
}

static void F15_a_frame_that_nobody_asked_for(void **state)
{
	(void)state;
	filter_of(&protocols[0], NDIS_PACKET_TYPE_DIRECTED);
	filter_of(&protocols[1], NDIS_PACKET_TYPE_BROADCAST | NDIS_PACKET_TYPE_MULTICAST);
	NdisMSleep(300000);   /* what was asked before counts for a while */
	fake_indicate_packets(1, packets, N, NDIS_RECEIVE_FLAGS_PERFECT_FILTERED);
	expect("ReceiveFlags");
}

/* The second binding owns them; the first was only lent them, and returns them. */
static void F28_a_binding_returns_what_another_was_given(void **state)
{
	(void)state;
	atomic_store(&protocols[1].hold, true);
	fake_indicate_packets(1, packets, N, 0);
	assert_int_equal(protocol_held(&protocols[1]), N);
	for (unsigned i = 0; i < N; i++)
		NET_BUFFER_LIST_NEXT_NBL(&packets[i]->nbl) = NULL;
	NdisReturnNetBufferLists(atomic_load(&protocols[0].binding), &packets[0]->nbl, 0);
	assert_int_equal(fake.n_returns, 0);   /* refused */
	protocol_return_all(&protocols[1]);
	expect("ReturnNotOwned");
}

static void F29_a_return_that_says_one_queue_and_is_of_two(void **state)
{
	(void)state;
	atomic_store(&protocols[1].hold, true);
	fake_indicate_packets(1, packets, N, 0);
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&packets[1]->nbl) = 2;
	protocol_return(&protocols[1], 0, N, IN_ORDER, NDIS_RETURN_FLAGS_SINGLE_QUEUE);
	expect("ReturnSingleQueue");
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
	packets_close();
	return ground_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(F15_what_is_true_is_told_of_nothing),
		T(F15_types_that_differ),
		T(F15_vlans_that_differ),
		T(F15_a_frame_that_nobody_asked_for),
		T(F28_a_binding_returns_what_another_was_given),
		T(F29_a_return_that_says_one_queue_and_is_of_two),
#undef T
	};

	return cmocka_run_group_tests_name("receives that are wrong", tests, start, end);
}
