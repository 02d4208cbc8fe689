/* SPDX-License-Identifier: BSD-2-Clause */
/* An intermediate driver between a miniport and a protocol: its virtual adapter's life,
 * and frames through both. */
#include "fake.h"
#include "middle.h"

#include <string.h>

static struct ground_frames frames;
static struct packet *packets[16];
static struct error err;

static int setup(void **state)
{
	(void)state;
	middle.minor = 30;
	trace_clear();
	fake_reset();
	packets_open();
	protocols_by_hand = true;
	middle_load();
	protocols_load(1);
	return 0;
}

static void open_all(void)
{
	struct ndis_adapter *above;

	fake_open();
	above = ndis_adapter_named(MIDDLE_NAME);
	assert_non_null(above);
	assert_int_equal(ndis_protocol_bind(above, protocols[0].image, &err), 0);
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	middle_unload();
	for (unsigned i = 0; i < 16; i++)
		if (packets[i])
			packet_free(packets[i]);
	memset(packets, 0, sizeof(packets));
	packets_close();
	ground_frames_free(&frames);
	return 0;
}

static void make(NDIS_HANDLE source)
{
	uint8_t mac[6];

	ground_mac(mac, 1);
	for (unsigned i = 0; i < 16; i++)
		packets[i] = packet_of(source, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 100));
}

static void I14_the_stack_starts_from_the_bottom_up(void **state)
{
	(void)state;
	open_all();
	assert_string_equal(trace_steps(0),
			    "fake initializes, middle below binds, fake restarts, "
			    "middle below restarts, middle above initializes, "
			    "middle above restarts, protocol binds, protocol restarts");
}

static void I15_the_stack_stops_from_the_top_down(void **state)
{
	unsigned from;

	(void)state;
	open_all();
	from = trace.n_events;
	assert_int_equal(fake_close(), 0);
	assert_int_equal(middle.gone, NDIS_STATUS_SUCCESS);
	assert_null(ndis_adapter_named(MIDDLE_NAME));
	assert_string_equal(trace_steps(from),
			    "middle below pauses, fake pauses, middle below unbinds, "
			    "protocol pauses, middle above pauses, protocol unbinds, "
			    "middle above halts, fake halts");
}

static void I_the_virtual_adapter_is_told_what_it_was_made_for(void **state)
{
	NET_LUID luid = { 0 };
	NET_IFINDEX index = 0;

	(void)state;
	open_all();
	assert_ptr_equal(middle.told, &middle.told);
	assert_ptr_equal(middle.asked, &middle.told);
	assert_ptr_equal(NdisIMGetBindingContext(atomic_load(&protocols[0].binding)), &middle.told);
	assert_null(NdisIMGetDeviceContext(fake.handle));
	assert_int_equal(NdisIfGetNetLuidFromInterfaceIndex(middle.index, &luid), NDIS_STATUS_SUCCESS);
	assert_true(luid.Value == middle.luid.Value);
	assert_int_equal(NdisIfGetInterfaceIndexFromNetLuid(middle.luid, &index), NDIS_STATUS_SUCCESS);
	assert_int_equal(index, middle.index);
}

static void F_receives_pass_up_and_their_returns_down(void **state)
{
	(void)state;
	open_all();
	make(NULL);
	fake_indicate_packets(1, packets, 16, 0);
	ground_until(fake.n_returns == 16);
	assert_int_equal(trace.n_frames, 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(trace.frames[i].index, i);
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
		assert_ptr_equal(trace.frames[i].source, middle.above);
	}
}

static void A_sends_pass_down_and_their_completions_up(void **state)
{
	(void)state;
	open_all();
	make(atomic_load(&protocols[0].binding));
	fake.send_status = NDIS_STATUS_INVALID_PACKET;
	packets_send(&protocols[0], packets, 16, 0);
	packets_wait(16);
	assert_int_equal(fake.n_sends, 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_memory_equal(fake.sends[i].bytes, frames.list[i].bytes, 64);
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_INVALID_PACKET);
	}
}

static void F_receives_pass_up_as_they_are(void **state)
{
	(void)state;
	middle.as_they_are = true;
	open_all();
	make(NULL);
	for (unsigned round = 1; round <= 2; round++) {
		fake_indicate_packets(1, packets, 16, 0);
		ground_until(fake.n_returns == 16 * round);
	}
	fake_indicate_packets(1, packets, 16, NDIS_RECEIVE_FLAGS_RESOURCES);
	assert_int_equal(fake.n_returns, 32);
	assert_int_equal(trace.n_frames, 48);
	for (unsigned i = 0; i < 48; i++)
		assert_ptr_equal(trace.frames[i].source, middle.above);
}

static void A_sends_pass_down_as_they_are(void **state)
{
	(void)state;
	middle.as_they_are = true;
	open_all();
	make(atomic_load(&protocols[0].binding));
	packets_send(&protocols[0], packets, 16, 0);
	packets_wait(16);
	assert_int_equal(fake.n_sends, 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_memory_equal(fake.sends[i].bytes, frames.list[i].bytes, 64);
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_SUCCESS);
		assert_ptr_equal(packets[i]->nbl.SourceHandle, atomic_load(&protocols[0].binding));
	}
}

/* Both protocols bind to every adapter: the one at the bottom does not bind to its own. */
static void I_the_bottom_does_not_bind_to_its_own_top(void **state)
{
	(void)state;
	fake_open();
	assert_int_not_equal(ndis_protocol_bind(ndis_adapter_named(MIDDLE_NAME), middle.image, &err), 0);
	assert_int_equal(trace_count(TRACE_STEP, 0), 6);   /* it bound once */
}

static void I_a_name_is_initialized_once(void **state)
{
	(void)state;
	middle.twice = true;
	open_all();
	assert_int_equal(middle.again, NDIS_STATUS_NOT_ACCEPTED);
}

static void I_an_initialization_can_be_cancelled_before_it_began(void **state)
{
	(void)state;
	middle.cancel = true;
	fake_open();
	assert_int_equal(middle.cancelled, NDIS_STATUS_SUCCESS);
	assert_null(ndis_adapter_named(MIDDLE_NAME));
	assert_null(middle.above);
}

static void I6_one_that_fails_to_initialize_leaves_nothing(void **state)
{
	(void)state;
	middle.refuse = true;
	fake_open();
	assert_null(ndis_adapter_named(MIDDLE_NAME));
	assert_string_equal(trace_steps(0),
			    "fake initializes, middle below binds, fake restarts, "
			    "middle below restarts, middle above initializes");
}

static void I_only_a_virtual_adapter_is_taken_away_by_its_driver(void **state)
{
	(void)state;
	open_all();
	assert_int_equal(NdisIMDeInitializeDeviceInstance(fake.handle), NDIS_STATUS_FAILURE);
	assert_int_equal(NdisIMDeInitializeDeviceInstance(middle.above), NDIS_STATUS_SUCCESS);
	assert_null(ndis_adapter_named(MIDDLE_NAME));
}

/* The driver is loaded after the adapter below runs: nothing begins inside DriverEntry. */
static void I_a_late_driver_gets_its_virtual_adapter(void **state)
{
	(void)state;
	middle_unload();
	fake_open();
	middle_load();
	assert_non_null(ndis_adapter_named(MIDDLE_NAME));
}

static void H11_every_layer_is_told_one_luid(void **state)
{
	NET_LUID luid;

	(void)state;
	fake_open();
	assert_int_equal(NdisIfGetNetLuidFromInterfaceIndex((NET_IFINDEX)middle.bound.Info.NetLuidIndex,
							    &luid), NDIS_STATUS_SUCCESS);
	assert_true(luid.Value == middle.bound.Value);
	assert_true(middle.bound.Value != 0);
	assert_true(middle.bound.Value != middle.luid.Value);
	assert_true(middle.lowest.Value == middle.bound.Value);
	assert_true(middle.restarted.Value == middle.bound.Value);
	assert_int_equal(middle.bound.Info.IfType, IF_TYPE_ETHERNET_CSMACD);
}

/* A driver of 6.0 knows no later revision than the first, and some insist on it. */
static void H11_bind_parameters_are_of_the_driver_s_own_version(void **state)
{
	static const struct { UCHAR minor, revision; USHORT size; } versions[] = {
		{ 0, 1, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_1 },
		{ 20, 3, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_3 },
		{ 80, 4, NDIS_SIZEOF_BIND_PARAMETERS_REVISION_4 },
	};

	(void)state;
	for (unsigned i = 0; i < RTL_NUMBER_OF(versions); i++) {
		middle_unload();
		middle.minor = versions[i].minor;
		middle_load();
		fake_open();
		assert_int_equal(middle.bind.Revision, versions[i].revision);
		assert_int_equal(middle.bind.Size, versions[i].size);
		assert_int_equal(middle.knows_power, versions[i].minor < 20);
		fake_close();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(I14_the_stack_starts_from_the_bottom_up, setup, teardown),
		cmocka_unit_test_setup_teardown(I15_the_stack_stops_from_the_top_down, setup, teardown),
		cmocka_unit_test_setup_teardown(I_the_virtual_adapter_is_told_what_it_was_made_for, setup,
						teardown),
		cmocka_unit_test_setup_teardown(F_receives_pass_up_and_their_returns_down, setup,
						teardown),
		cmocka_unit_test_setup_teardown(A_sends_pass_down_and_their_completions_up, setup,
						teardown),
		cmocka_unit_test_setup_teardown(F_receives_pass_up_as_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(A_sends_pass_down_as_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(I_the_bottom_does_not_bind_to_its_own_top, setup,
						teardown),
		cmocka_unit_test_setup_teardown(I_a_name_is_initialized_once, setup, teardown),
		cmocka_unit_test_setup_teardown(I_an_initialization_can_be_cancelled_before_it_began,
						setup, teardown),
		cmocka_unit_test_setup_teardown(I6_one_that_fails_to_initialize_leaves_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(I_only_a_virtual_adapter_is_taken_away_by_its_driver,
						setup, teardown),
		cmocka_unit_test_setup_teardown(H11_every_layer_is_told_one_luid, setup, teardown),
		cmocka_unit_test_setup_teardown(H11_bind_parameters_are_of_the_driver_s_own_version, setup,
						teardown),
		cmocka_unit_test_setup_teardown(I_a_late_driver_gets_its_virtual_adapter, setup, teardown),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
