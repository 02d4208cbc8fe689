/* SPDX-License-Identifier: BSD-2-Clause */
/* What the miniport with RSS shows, and what its keywords decide (N1, N2, N17, N18). */
#include "hashed.h"

#include <string.h>

#include "miniport/rss.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define CAPS OID_GEN_RECEIVE_SCALE_CAPABILITIES

static NDIS_RECEIVE_SCALE_CAPABILITIES shown(void)
{
	NDIS_RECEIVE_SCALE_CAPABILITIES c = { .CapabilitiesFlags = 0 };

	assert_int_equal(request(P0, NdisRequestQueryInformation, CAPS, &c, sizeof(c), 0), OK);
	return c;
}

static void N1_N2_capabilities_by_version(void **state)
{
	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		NDIS_RECEIVE_SCALE_CAPABILITIES c;

		stack_open(&(struct stack_options){ .bare = true, .ndis_620 = old });
		c = shown();
		assert_int_equal(c.Header.Revision, old ? 1 : 2);
		assert_true(c.CapabilitiesFlags & NdisHashFunctionToeplitz);
		assert_true(c.CapabilitiesFlags & NDIS_RSS_CAPS_HASH_TYPE_TCP_IPV4);
		assert_int_equal(c.NumberOfInterruptMessages, GROUND_PROCESSORS);
		assert_int_equal(c.NumberOfReceiveQueues, GROUND_PROCESSORS);
		assert_int_equal(c.NumberOfIndirectionTableEntries, old ? 0 : 128);
		stack_close();
		ground_frames_free(&stack.out);
	}
}

static void N17_X39_with_vm_queues_there_is_no_rss(void **state)
{
	uint8_t hash[SCALES_ROOM];
	struct scales s;

	(void)state;
	stack_open(NULL);
	assert_int_equal(request(P0, NdisRequestQueryInformation, CAPS, hash, sizeof(hash), 0),
			 NDIS_STATUS_NOT_SUPPORTED);
	scales_make(&s, HASHED_INFO, 4, hashed_four, 4);
	assert_int_equal(hashed_set(&s), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(hashed_ask_miniport(HASHED_PARAMS, s.bytes, s.length), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(hashed_ask_miniport(OID_GEN_RECEIVE_HASH, hash,
					     scales_hash(hash, 1, HASHED_INFO)),
			 NDIS_STATUS_NOT_SUPPORTED);
	for (unsigned i = 0; i < hardware.n_read; i++)
		assert_null(strstr(hardware.read[i], "Proc"));
	assert_false(hardware_has_read("*RSSProfile"));
	assert_false(hardware_has_read("*NumRSSQueues"));
}

static void N17_with_vm_queues_a_sends_hash_chooses_nothing(void **state)
{
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	for (unsigned i = 0; i < 64; i++) {
		struct packet *p = sender_packet(P0, (USHORT)queue, 60);

		NET_BUFFER_LIST_SET_HASH_VALUE(&p->nbl, i);
		NET_BUFFER_LIST_SET_HASH_TYPE(&p->nbl, NDIS_HASH_IPV4);
		sender_send(p);
	}
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(queue).sent, 64);
}

static void N15_N17_without_either_there_is_no_rss(void **state)
{
	static const struct ndis_keyword off[] = { { "*RSS", "0" }, { NULL, NULL } };
	uint8_t bytes[SCALES_ROOM];
	struct scales s;

	(void)state;
	hashed_frame(1, HASHED_TCP);
	hashed_open(off);
	assert_int_equal(request(P0, NdisRequestQueryInformation, CAPS, bytes, sizeof(bytes), 0),
			 NDIS_STATUS_NOT_SUPPORTED);
	scales_make(&s, HASHED_INFO, 4, hashed_four, 4);
	assert_int_equal(hashed_set(&s), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(hashed_ask_miniport(HASHED_PARAMS, s.bytes, s.length), NDIS_STATUS_NOT_SUPPORTED);
	stack_flow(1);
	assert_int_equal(hashed_seen(0)->hash | hashed_seen(0)->hash_info, 0);
}

static PROCESSOR_NUMBER number(USHORT group, UCHAR n)
{
	return (PROCESSOR_NUMBER){ .Group = group, .Number = n };
}

static void N18_the_range_is_compared_by_group_first(void **state)
{
	const struct mp_settings s = { .scaling = { .base = number(1, 16), .max = number(3, 8) } };
	static const struct { USHORT group; UCHAR n; bool may; } cases[] = {
		{ 1, 15, false }, { 1, 16, true }, { 1, 17, true }, { 2, 0, true }, { 2, 63, true },
		{ 3, 8, true }, { 3, 9, false }, { 0, 17, false }, { 4, 0, false },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		PROCESSOR_NUMBER p = number(cases[i].group, cases[i].n);

		assert_int_equal(mp_rss_may_use(&s, &p), cases[i].may);
	}
}

static void N18_keywords_are_read_by_version(void **state)
{
	static const struct { const char *name; bool since_630; } known[] = {
		{ "*RssBaseProcGroup", false }, { "*RssBaseProcNumber", false },
		{ "*NumaNodeId", false }, { "*MaxRssProcessors", false },
		{ "*RssMaxProcGroup", true }, { "*RssMaxProcNumber", true },
		{ "*NumRSSQueues", true }, { "*RSSProfile", true },
	};

	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		hardware_watch();
		stack_open(&(struct stack_options){ .bare = true, .ndis_620 = old });
		for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			assert_int_equal(hardware_has_read(known[i].name),
					 !(old && known[i].since_630));
		stack_close();
		ground_frames_free(&stack.out);
	}
}

static void N18_processors_outside_the_range_are_never_used(void **state)
{
	static const struct ndis_keyword range[] = {
		{ "*RssBaseProcNumber", "1" }, { "*RssMaxProcNumber", "2" }, { NULL, NULL },
	};
	unsigned on[GROUND_PROCESSORS] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		hashed_frame(i, HASHED_TCP);
	hashed_arp_frame();
	hashed_open(range);
	assert_int_equal(hardware_connected_to(0) + hardware_connected_to(3), 0);
	assert_int_equal(shown().NumberOfReceiveQueues, 2);
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	stack_flow(65);
	for (unsigned i = 0; i < 65; i++)
		on[hashed_processor(i)]++;
	assert_int_equal(on[0] + on[3], 0);
	assert_true(on[1] && on[2]);
	assert_int_equal(on[1] + on[2], 65);
}

static void N18_as_many_processors_and_queues_as_the_keywords_say(void **state)
{
	static const struct ndis_keyword two[] = { { "*MaxRssProcessors", "2" }, { NULL, NULL } };
	static const struct ndis_keyword queues[] = { { "*NumRSSQueues", "3" }, { NULL, NULL } };

	(void)state;
	hashed_open(two);
	assert_int_equal(hardware_connected(), 2);
	assert_int_equal(shown().NumberOfReceiveQueues, 2);
	stack_close();
	ground_frames_free(&stack.out);
	hardware_watch();
	hashed_open(queues);
	assert_int_equal(hardware_connected(), GROUND_PROCESSORS);
	assert_int_equal(shown().NumberOfReceiveQueues, 3);
}

static const struct mp_settings *settings(void)
{
	return &((const struct mp_adapter *)ndis_adapter_context(stack.adapter))->settings;
}

static void N18_X40_defaults_and_values_out_of_range(void **state)
{
	static const struct ndis_keyword bad[] = { { "*RSSProfile", "6" }, { "*NumRSSQueues", "0" },
						   { "*NumaNodeId", "70000" }, { NULL, NULL } };
	static const struct ndis_keyword good[] = { { "*RSSProfile", "3" }, { NULL, NULL } };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		hashed_open(i ? bad : NULL);
		assert_int_equal(settings()->scaling.profile, NdisRssProfileNumaStatic);
		assert_int_equal(settings()->scaling.queues, 16);
		assert_int_equal(settings()->scaling.processors, 16);
		assert_int_equal(settings()->scaling.node, 65535);
		stack_close();
		ground_frames_free(&stack.out);
	}
	hashed_open(good);
	assert_int_equal(settings()->scaling.profile, NdisRssProfileNuma);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hashed_setup, sender_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(N1_N2_capabilities_by_version),
		TEST(N17_X39_with_vm_queues_there_is_no_rss),
		TEST(N17_with_vm_queues_a_sends_hash_chooses_nothing),
		TEST(N15_N17_without_either_there_is_no_rss),
		TEST(N18_the_range_is_compared_by_group_first),
		TEST(N18_keywords_are_read_by_version),
		TEST(N18_processors_outside_the_range_are_never_used),
		TEST(N18_as_many_processors_and_queues_as_the_keywords_say),
		TEST(N18_X40_defaults_and_values_out_of_range),
	};

	return cmocka_run_group_tests_name("RSS", tests, ground_setup, ground_teardown);
}
