/* SPDX-License-Identifier: BSD-2-Clause */
/* Two adapters of our miniport in one process: nothing of theirs has one name. */
#include "stack.h"

#include <stdio.h>

static void two_adapters_stand_side_by_side(void **state)
{
	const struct stack_options two = { .protocols = 2 };
	char nic[200];
	const struct ndis_keyword keywords[] = {
		{ "Nic", nic }, { "Mtu", "1500" }, { "NumQueues", "4" }, { "Buffers", "64" },
		{ "*RssOrVmqPreference", "1" }, { NULL, NULL },
	};
	struct ndis_adapter *other = NULL;
	struct error err = { "" };
	ULONG filter;

	(void)state;
	stack_frames_to(1, 4);
	protocols_by_hand = true;
	stack_open(&two);
	snprintf(nic, sizeof(nic), "pcap:%s", ground_path("in"));
	if (ndis_adapter_add(&other, stack.image, "other", keywords, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ndis_protocol_bind(stack.adapter, protocols[0].image, &err), 0);
	assert_int_equal(ndis_protocol_bind(other, protocols[1].image, &err), 0);
	/* Each has a queue 1, with memory of its own. */
	assert_int_equal(ask_running(&protocols[0], 1, 0, 1, UNTAGGED, NULL), 1);
	assert_int_equal(ask_running(&protocols[1], 1, 0, 1, UNTAGGED, &filter), 1);
	assert_int_equal(ask_clear(&protocols[1], 1, filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(&protocols[1], 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(ndis_adapter_remove(other), 0);
	protocols_by_hand = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(two_adapters_stand_side_by_side, stack_setup,
						stack_teardown),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
