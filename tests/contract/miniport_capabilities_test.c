/* SPDX-License-Identifier: BSD-2-Clause */
/* What the miniport shows of itself, by version and by keywords (H.1, H.2). */
#include <stdio.h>
#include <string.h>

#include "hardware.h"
#include "stack.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

#define SPLIT NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED
#define VLAN_ID NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED

typedef NDIS_RECEIVE_FILTER_CAPABILITIES caps;

/* An adapter with these keywords and no other of an INF; NULL: none. */
static void open_with(bool ndis_620, const struct ndis_keyword *keywords)
{
	hardware_watch();
	stack_open(&(struct stack_options){ .bare = true, .ndis_620 = ndis_620,
					    .keywords = keywords });
}

/* With the preference that the switch brings, too. */
static void open_switched(bool ndis_620, const struct ndis_keyword *keywords)
{
	hardware_watch();
	stack_open(&(struct stack_options){ .ndis_620 = ndis_620, .keywords = keywords });
}

static void close_it(void)
{
	stack_close();
	ground_frames_free(&stack.out);
}

static caps query(NDIS_OID oid)
{
	caps c;

	memset(&c, 0, sizeof(c));
	assert_int_equal(request(P0, NdisRequestQueryInformation, oid, &c, sizeof(c), 0), OK);
	return c;
}

static caps shown(void)
{
	return query(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES);
}

/* Whether everything but the header is zero. */
static bool is_empty(const caps *c)
{
	caps zero = { .Header = c->Header };

	return !memcmp(c, &zero, sizeof(zero));
}

/* ---- registration ---- */

static void A35_loopback_is_left_to_ndis(void **state)
{
	ULONG options = 0;

	(void)state;
	open_with(false, NULL);
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_GEN_MAC_OPTIONS, &options,
				 sizeof(options), 0), OK);
	assert_true(options & NDIS_MAC_OPTION_NO_LOOPBACK);
	close_it();
}

static void H1_H2_H14_capabilities_are_given_whatever_is_enabled(void **state)
{
	static const struct ndis_keyword off[] = { { "*VMQ", "0" }, { NULL, NULL } };

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		bool old = i & 1;

		if (i & 4)
			open_with(old, i & 2 ? off : NULL);
		else
			open_switched(old, i & 2 ? off : NULL);
		assert_int_equal(hardware.assists, 1);
		assert_int_equal(hardware.assist_header.Revision, old ? 2 : 3);
		assert_int_equal(hardware.assist_header.Size, old ?
			NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2 :
			NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3);
		assert_true(hardware.has_hardware && hardware.has_current);
		assert_int_equal(hardware.hardware.Header.Revision, old ? 1 : 2);
		assert_int_equal(hardware.hardware.Header.Size, old ?
			NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1 :
			NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2);
		assert_memory_equal(&hardware.current.Header, &hardware.hardware.Header,
				    sizeof(hardware.current.Header));
		close_it();
	}
}

/* The same hardware under every setting, and in the answer to the query. */
static void H3_hardware_is_all_there_is_whatever_the_keywords_say(void **state)
{
	static const struct ndis_keyword sets[][4] = {
		{ { NULL, NULL } },
		{ { "*VMQ", "0" }, { NULL, NULL } },
		{ { "*VMQVlanFiltering", "0" }, { "*VMQLookaheadSplit", "0" }, { NULL, NULL } },
	};

	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		caps first = { .Flags = 0 };

		for (unsigned i = 0; i < LENGTH(sets); i++) {
			caps asked;

			open_switched(old, sets[i]);
			if (!i)
				first = hardware.hardware;
			assert_memory_equal(&hardware.hardware, &first, sizeof(first));
			assert_true(first.SupportedMacHeaderFields & VLAN_ID);
			assert_int_equal(!!(first.SupportedQueueProperties & SPLIT), old);
			assert_int_equal(first.NumQueues, STACK_QUEUES);
			asked = query(OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES);
			assert_int_equal(asked.SupportedQueueProperties, first.SupportedQueueProperties);
			assert_int_equal(asked.SupportedMacHeaderFields, first.SupportedMacHeaderFields);
			assert_int_equal(asked.NumQueues, first.NumQueues);
			close_it();
		}
	}
}

static void H3_X11_without_vmq_nothing_is_enabled_and_no_queue_is_had(void **state)
{
	static const struct ndis_keyword off[] = { { "*VMQ", "0" }, { NULL, NULL } };
	ULONG queue;

	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		caps c;

		stack_frames_to(1, 1);
		open_switched(old, off);
		assert_true(is_empty(&hardware.current));
		c = shown();
		assert_int_equal(c.EnabledFilterTypes | c.EnabledQueueTypes | c.NumQueues, 0);
		assert_int_not_equal(ask_allocate(P0, 1, 0, &queue, NULL), OK);
		assert_int_not_equal(ask_filter(P0, 0, 1, VLAN_NONE_OR_ZERO, NULL), OK);
		/* It is an adapter all the same. */
		assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_PROMISCUOUS), OK);
		stack_flow(1);
		assert_int_equal(trace_queue_of(0), 0);
		close_it();
		trace_clear();
		ground_frames_free(&protocol_wire);
	}
}

static void H4_enabled_vmq_is_in_both_sets_of_types(void **state)
{
	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		caps c;

		open_switched(old, NULL);
		c = shown();
		assert_int_equal(c.EnabledFilterTypes, NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED);
		assert_int_equal(c.EnabledQueueTypes, NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED);
		close_it();
	}
}

static void H5_H8_as_many_queues_as_shown_and_filters_for_all(void **state)
{
	ULONG queue;
	caps c;

	(void)state;
	open_switched(false, NULL);
	c = shown();
	assert_int_equal(c.NumQueues, STACK_QUEUES);
	assert_true(c.MaxMacHeaderFilters >= c.NumQueues);
	for (unsigned q = 0; q < c.NumQueues; q++) {
		assert_int_equal(ask_allocate(P0, q % GROUND_PROCESSORS, 0, &queue, NULL), OK);
		assert_int_not_equal(queue, 0);
		assert_int_equal(ask_filter(P0, queue, q, VLAN_NONE_OR_ZERO, NULL), OK);
	}
	assert_int_not_equal(ask_allocate(P0, 0, 0, &queue, NULL), OK);
	close_it();
	hardware_watch();
	stack_open(&(struct stack_options){ .queues = 1024 });
	assert_int_equal(shown().NumQueues, 1024);
	assert_true(shown().MaxMacHeaderFilters >= 1024);
}

static void H6_X19_queue_properties_by_version(void **state)
{
	const ULONG always = NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
			     NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED;
	const ULONG from_630 = NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED |
			       NDIS_RECEIVE_FILTER_INTERRUPT_VECTOR_COALESCING_SUPPORTED;

	(void)state;
	open_switched(false, NULL);
	assert_int_equal(hardware.current.SupportedQueueProperties, always | from_630);
	assert_int_equal(shown().SupportedQueueProperties, always | from_630);
	close_it();
	open_switched(true, NULL);
	assert_int_equal(hardware.current.SupportedQueueProperties, always | SPLIT);
	assert_int_equal(shown().SupportedQueueProperties, always | SPLIT);
}

static void H7_the_tests_that_vmq_demands(void **state)
{
	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		caps c;

		open_switched(old, NULL);
		c = shown();
		assert_true(c.SupportedFilterTests &
			    NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED);
		assert_true(c.SupportedHeaders & NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED);
		assert_true(c.SupportedMacHeaderFields &
			    NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED);
		close_it();
	}
}

static void H9_E20_no_split_from_630_on(void **state)
{
	static const struct ndis_keyword on[] = { { "*VMQLookaheadSplit", "1" }, { NULL, NULL } };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		const caps *c = i ? &hardware.current : &hardware.hardware;

		open_switched(false, on);
		assert_false(c->SupportedQueueProperties & SPLIT);
		assert_int_equal(c->MinLookaheadSplitSize | c->MaxLookaheadSplitSize, 0);
		assert_int_equal(c->MaxFieldTestsPerPacketCoalescingFilter, 0);
		assert_int_equal(c->MaxPacketCoalescingFilters, 0);
		assert_int_equal(c->NdisReserved | c->Flags, 0);
		close_it();
	}
}

/* ---- keywords ---- */

/* Whether exactly this is on: VM queues, filters on the VLAN, the split. */
static void assert_enabled(bool vmq, bool vlan, bool split)
{
	caps c = shown();

	assert_int_equal(!!(c.EnabledQueueTypes & NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED), vmq);
	assert_int_equal(!!(c.EnabledFilterTypes & NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED), vmq);
	assert_int_equal(!!(c.SupportedMacHeaderFields & VLAN_ID), vlan);
	assert_int_equal(!!(c.SupportedQueueProperties & SPLIT), split);
	assert_int_equal(c.MinLookaheadSplitSize > 0, split);
	assert_int_equal(c.MaxLookaheadSplitSize >= 64, split);
	assert_true(c.MinLookaheadSplitSize <= c.MaxLookaheadSplitSize);
}

static void H15_H16_every_combination_of_the_four_keywords(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		bool pref = i & 1, vmq = i & 2, split = i & 4, vlan = i & 8, old = i & 16;
		const struct ndis_keyword keywords[] = {
			{ "*RssOrVmqPreference", pref ? "1" : "0" }, { "*VMQ", vmq ? "1" : "0" },
			{ "*VMQLookaheadSplit", split ? "1" : "0" },
			{ "*VMQVlanFiltering", vlan ? "1" : "0" }, { NULL, NULL },
		};

		open_with(old, keywords);
		assert_enabled(pref && vmq, pref && vmq && vlan, pref && vmq && split && old);
		close_it();
	}
}

static void H15_defaults_are_all_on_but_the_preference(void **state)
{
	(void)state;
	for (unsigned old = 0; old < 2; old++) {
		open_with(old, NULL);
		assert_enabled(false, false, false);
		close_it();
		open_switched(old, NULL);
		assert_enabled(true, true, old);
		close_it();
	}
}

/* A number that is neither 0 nor 1 counts as the default. */
static void H15_a_value_out_of_range_is_the_default(void **state)
{
	static const struct ndis_keyword odd[] = {
		{ "*VMQ", "7" }, { "*VMQVlanFiltering", "many" }, { NULL, NULL },
	};
	static const struct ndis_keyword odd_preference[] = {
		{ "*RssOrVmqPreference", "2" }, { NULL, NULL },
	};

	(void)state;
	open_switched(false, odd);
	assert_enabled(true, true, false);
	close_it();
	open_with(false, odd_preference);
	assert_enabled(false, false, false);
}

static void H15_without_vlan_filtering_no_filter_tests_it(void **state)
{
	static const struct ndis_keyword off[] = { { "*VMQVlanFiltering", "0" }, { NULL, NULL } };
	ULONG queue;

	(void)state;
	open_switched(false, off);
	assert_int_equal(ask_allocate(P0, 1, 0, &queue, NULL), OK);
	assert_int_not_equal(ask_filter(P0, queue, 1, 10, NULL), OK);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), OK);
}

/* Keywords that the driver may read, by what is preferred. */
static const char *const of_vmq[] = { "*VMQ", "*VMQVlanFiltering", "*VMQLookaheadSplit" };
static const char *const of_rss[] = { "*RSS", "*RSSProfile", "*RssBaseProcGroup", "*RssBaseProcNumber",
				      "*RssMaxProcGroup", "*NumRSSQueues", "*NumaNodeId" };
static const char *const of_sriov[] = { "*SRIOV", "*SriovPreferred" };
static const char *const not_of_vmq[] = { "*RssMaxProcNumber", "*MaxRssProcessors" };
static const char *const never[] = { "*TenGigVmqEnabled", "*BelowTenGigVmqEnabled" };

static void assert_unread(const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (hardware_has_read(list[i]))
			fail_msg("the keyword %s was read", list[i]);
}

static void H17_with_the_preference_for_vmq_no_rss_keyword_is_read(void **state)
{
	static const struct ndis_keyword off[] = { { "*VMQ", "0" }, { NULL, NULL } };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		open_switched(i & 1, i & 2 ? off : NULL);
		assert_true(hardware_has_read("*RssOrVmqPreference"));
		assert_true(hardware_has_read("*VMQ"));
		assert_unread(of_rss, LENGTH(of_rss));
		assert_unread(of_sriov, LENGTH(of_sriov));
		close_it();
	}
}

static void H17_with_the_preference_for_rss_no_vmq_keyword_is_read(void **state)
{
	static const struct ndis_keyword zero[] = {
		{ "*RssOrVmqPreference", "0" }, { "*VMQ", "1" }, { NULL, NULL },
	};

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		open_with(i & 1, i & 2 ? zero : NULL);
		assert_true(hardware_has_read("*RSS"));
		assert_unread(of_vmq, LENGTH(of_vmq));
		assert_unread(of_sriov, LENGTH(of_sriov));
		close_it();
	}
}

/* No NIC of ours has SR-IOV: whoever prefers it gets what the rest says. */
static void H18_H21_a_preference_for_sriov_changes_nothing_here(void **state)
{
	static const struct ndis_keyword sriov[] = {
		{ "*SriovPreferred", "1" }, { "*SRIOV", "1" }, { NULL, NULL },
	};

	(void)state;
	open_switched(false, sriov);
	assert_enabled(true, true, false);
	assert_int_equal(shown().NumQueues, STACK_QUEUES);
	assert_unread(of_sriov, LENGTH(of_sriov));
	close_it();
	open_with(false, sriov);
	assert_enabled(false, false, false);
}

/* RSS is never shown together with VM queues: the one or the other. */
static void H19_rss_and_vm_queues_exclude_each_other(void **state)
{
	static const struct ndis_keyword both[] = { { "*RSS", "1" }, { "*VMQ", "1" }, { NULL, NULL } };
	UCHAR scale[256];

	(void)state;
	/* The first is RSS, the second VM queues. */
	for (unsigned i = 0; i < 2; i++) {
		if (i)
			open_switched(false, both);
		else
			open_with(false, both);
		assert_enabled(i, i, false);
		assert_int_equal(request(P0, NdisRequestQueryInformation,
					 OID_GEN_RECEIVE_SCALE_CAPABILITIES, scale, sizeof(scale),
					 0), i ? NDIS_STATUS_NOT_SUPPORTED : OK);
		close_it();
	}
}

static void H20_keywords_that_a_vmq_driver_leaves_alone(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		if (i & 2)
			open_switched(i & 1, NULL);
		else
			open_with(i & 1, NULL);
		assert_unread(never, LENGTH(never));
		if (i & 2)
			assert_unread(not_of_vmq, LENGTH(not_of_vmq));
		close_it();
	}
}

/* A keyword is read while the adapter initializes, and never later: a change of it is one
 * of the next time. */
static void X25_keywords_count_when_the_adapter_initializes(void **state)
{
	struct ndis_keyword keywords[] = { { "*VMQ", "1" }, { NULL, NULL } };
	struct error err = { "" };
	unsigned read;
	ULONG queue;

	(void)state;
	open_switched(false, keywords);
	read = hardware.n_read;
	assert_true(hardware_has_read("*VMQ"));
	ndis_adapter_pause(stack.adapter);
	assert_int_equal(ndis_adapter_restart(stack.adapter, &err), 0);
	assert_int_equal(ask_allocate(P0, 1, 0, &queue, NULL), OK);
	assert_int_equal(ask_complete(P0, queue), OK);
	assert_int_equal(shown().NumQueues, STACK_QUEUES);
	assert_int_equal(hardware.n_read, read);
	close_it();
	keywords[0].value = "0";
	open_switched(false, keywords);
	assert_int_equal(shown().NumQueues, 0);
	assert_int_not_equal(ask_allocate(P0, 1, 0, &queue, NULL), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(A35_loopback_is_left_to_ndis),
		TEST(H1_H2_H14_capabilities_are_given_whatever_is_enabled),
		TEST(H3_hardware_is_all_there_is_whatever_the_keywords_say),
		TEST(H3_X11_without_vmq_nothing_is_enabled_and_no_queue_is_had),
		TEST(H4_enabled_vmq_is_in_both_sets_of_types),
		TEST(H5_H8_as_many_queues_as_shown_and_filters_for_all),
		TEST(H6_X19_queue_properties_by_version),
		TEST(H7_the_tests_that_vmq_demands),
		TEST(H9_E20_no_split_from_630_on),
		TEST(H15_H16_every_combination_of_the_four_keywords),
		TEST(H15_defaults_are_all_on_but_the_preference),
		TEST(H15_a_value_out_of_range_is_the_default),
		TEST(H15_without_vlan_filtering_no_filter_tests_it),
		TEST(H17_with_the_preference_for_vmq_no_rss_keyword_is_read),
		TEST(H17_with_the_preference_for_rss_no_vmq_keyword_is_read),
		TEST(H18_H21_a_preference_for_sriov_changes_nothing_here),
		TEST(H19_rss_and_vm_queues_exclude_each_other),
		TEST(H20_keywords_that_a_vmq_driver_leaves_alone),
		TEST(X25_keywords_count_when_the_adapter_initializes),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
