/* SPDX-License-Identifier: BSD-2-Clause */
/* Filter modules between a miniport and a protocol: their life, the order of a stack's
 * life, data, statuses and events through them (F, I). */
#include "fake.h"
#include "sieve.h"

#include <string.h>

static struct ground_frames frames;
static struct packet *packets[64];
static struct error err;

static int setup(void **state)
{
	(void)state;
	trace_clear();
	fake_reset();
	packets_open();
	sieve_load();
	protocols_load(1);
	fake_open();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	sieve_unload();
	for (unsigned i = 0; i < 64; i++)
		if (packets[i])
			packet_free(packets[i]);
	memset(packets, 0, sizeof(packets));
	packets_close();
	ground_frames_free(&frames);
	return 0;
}

static void make(unsigned n, NDIS_HANDLE source)
{
	uint8_t mac[6];

	ground_mac(mac, 1);
	for (unsigned i = 0; i < n; i++)
		packets[i] = packet_of(source, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 100));
}

static void attach(unsigned n)
{
	while (n--)
		sieve_attach(fake.adapter);
}

/* ---- data ---- */

static void indicate(unsigned n)
{
	make(n, NULL);
	fake_indicate_packets(1, packets, n, 0);
}

static void F_three_filters_pass_receives_up_and_returns_down(void **state)
{
	(void)state;
	attach(3);
	indicate(16);
	protocol_return_all(&protocols[0]);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sieve.modules[i].receives, 16);
		assert_int_equal(sieve.modules[i].returns, 16);
	}
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
	assert_int_equal(trace.n_frames, 16);
}

static void A_three_filters_pass_sends_down_and_completions_up(void **state)
{
	(void)state;
	attach(3);
	make(16, atomic_load(&protocols[0].binding));
	packets_send(&protocols[0], packets, 16, 0);
	packets_wait(16);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(sieve.modules[i].sends, 16);
		assert_int_equal(sieve.modules[i].completes, 16);
	}
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(packet_done(&packets[i]->nbl)->status, NDIS_STATUS_SUCCESS);
}

static void A57_a_cancel_passes_the_filters(void **state)
{
	(void)state;
	attach(2);
	atomic_store(&fake.keep_sends, true);
	make(4, atomic_load(&protocols[0].binding));
	for (unsigned i = 0; i < 4; i++)
		NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&packets[i]->nbl, (PVOID)(uintptr_t)0x77);
	packets_send(&protocols[0], packets, 4, 0);
	NdisCancelSendNetBufferLists(atomic_load(&protocols[0].binding), (PVOID)(uintptr_t)0x77);
	packets_wait(4);
	assert_int_equal(sieve.modules[0].cancels + sieve.modules[1].cancels, 2);
	assert_int_equal(packet_done(&packets[0]->nbl)->status, NDIS_STATUS_SEND_ABORTED);
}

/* Whoever has no handler is not on the way: the traffic passes all the same. */
static void A_a_filter_without_handlers_is_not_on_the_way(void **state)
{
	(void)state;
	fake_close();
	sieve_unload();
	sieve.bypass = true;
	sieve_load();
	fake_open();
	attach(2);
	indicate(4);
	protocol_return_all(&protocols[0]);
	assert_int_equal(trace.n_frames, 4);
	assert_int_equal(fake.n_returns, 4);
	assert_int_equal(sieve.modules[0].receives + sieve.modules[1].receives, 0);
}

static void F_a_filter_may_take_a_receive_for_itself(void **state)
{
	(void)state;
	attach(2);
	sieve.keep_receives = true;
	indicate(8);
	assert_int_equal(sieve.modules[0].receives, 8);
	assert_int_equal(sieve.modules[1].receives, 0);   /* the lower one has them already */
	assert_int_equal(fake.n_returns, 8);
	assert_int_equal(trace.n_frames, 0);
}

static void F24_a_filter_may_lend_what_it_has(void **state)
{
	(void)state;
	attach(1);
	sieve.lend_receives = true;
	make(8, NULL);
	for (unsigned round = 1; round <= 2; round++) {
		fake_indicate_packets(1, packets, 8, 0);
		assert_int_equal(trace.n_frames, 8 * round);
		assert_int_equal(fake.n_returns, 8 * round);
	}
	assert_int_equal(protocol_held(&protocols[0]), 0);
}

static void F32_two_protocols_above_a_filter_return_a_frame_once(void **state)
{
	(void)state;
	protocols_unload();
	protocols_load(2);
	attach(1);
	for (unsigned i = 0; i < 2; i++) {
		ULONG all = NDIS_PACKET_TYPE_PROMISCUOUS;

		assert_int_equal(request(&protocols[i], NdisRequestSetInformation,
					 OID_GEN_CURRENT_PACKET_FILTER, &all, sizeof(all), 0),
				 NDIS_STATUS_SUCCESS);
	}
	indicate(4);
	assert_int_equal(trace.n_frames, 8);
	protocol_return_all(&protocols[0]);
	protocol_return_all(&protocols[1]);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(fake_returned(&packets[i]->nbl), 1);
	assert_int_equal(sieve.modules[0].returns, 4);
}

/* ---- the order of a stack's life ---- */

static void I14_I15_I16_a_stack_starts_upwards_and_stops_downwards(void **state)
{
	struct ndis_layer_info layers[8];

	(void)state;
	attach(2);
	trace_clear();
	ndis_adapter_pause(fake.adapter);
	assert_string_equal(trace_steps(0), "protocol pauses, f2 pauses, f1 pauses, fake pauses");
	trace_clear();
	assert_int_equal(ndis_adapter_restart(fake.adapter, &err), 0);
	assert_string_equal(trace_steps(0), "fake restarts, f1 restarts, f2 restarts, protocol restarts");
	assert_int_equal(ndis_adapter_layers(fake.adapter, layers, 8), 4);
	assert_string_equal(layers[1].name, "f1");
	assert_string_equal(layers[2].driver, "sieve");
	assert_string_equal(layers[3].kind, "binding");
	assert_string_equal(layers[0].state, "RUNNING");
	trace_clear();
	fake_close();
	assert_string_equal(trace_steps(0), "protocol pauses, f2 pauses, f1 pauses, fake pauses, "
			    "protocol unbinds, f2 detaches, f1 detaches, fake halts");
}

static void I13_attaching_pauses_a_stack_that_runs_and_runs_it_again(void **state)
{
	(void)state;
	trace_clear();
	sieve_attach(fake.adapter);
	assert_string_equal(trace_steps(0), "protocol pauses, fake pauses, f1 attaches, fake restarts, "
			    "f1 restarts, protocol restarts");
	trace_clear();
	assert_int_equal(ndis_filter_detach(fake.adapter, "f1", &err), 0);
	assert_string_equal(trace_steps(0), "protocol pauses, f1 pauses, fake pauses, f1 detaches, "
			    "fake restarts, protocol restarts");
	indicate(2);
	assert_int_equal(trace.n_frames, 2);
	protocol_return_all(&protocols[0]);
}

static void I13_pauses_and_restarts_may_pend(void **state)
{
	(void)state;
	sieve.pend = true;
	attach(2);
	ndis_adapter_pause(fake.adapter);
	assert_int_equal(ndis_adapter_restart(fake.adapter, &err), 0);
	indicate(2);
	assert_int_equal(trace.n_frames, 2);
	protocol_return_all(&protocols[0]);
}

static void I6_an_attach_that_is_refused_leaves_the_stack_as_it_was(void **state)
{
	(void)state;
	sieve.attach_status = NDIS_STATUS_RESOURCES;
	assert_true(ndis_filter_attach(fake.adapter, sieve.image, "f1", NULL, &err) < 0);
	assert_non_null(strstr(err.text, "FilterAttach failed"));
	indicate(2);
	assert_int_equal(trace.n_frames, 2);
	protocol_return_all(&protocols[0]);
	sieve.attach_status = NDIS_STATUS_SUCCESS;
	attach(1);
	assert_true(ndis_filter_attach(fake.adapter, sieve.image, "f1", NULL, &err) < 0);
	assert_non_null(strstr(err.text, "already"));
	assert_true(ndis_filter_detach(fake.adapter, "nobody", &err) < 0);
}

static void I17_an_optional_filter_that_fails_to_restart_is_left_out(void **state)
{
	struct ndis_layer_info layers[8];

	(void)state;
	attach(1);
	sieve.restart_status = NDIS_STATUS_RESOURCES;
	ndis_adapter_pause(fake.adapter);
	assert_int_equal(ndis_adapter_restart(fake.adapter, &err), 0);
	assert_int_equal(ndis_adapter_layers(fake.adapter, layers, 8), 2);
	indicate(2);
	assert_int_equal(trace.n_frames, 2);
	protocol_return_all(&protocols[0]);
}

static void I17_without_a_mandatory_filter_the_stack_does_not_run(void **state)
{
	struct ndis_layer_info layers[8];

	(void)state;
	fake_close();
	sieve_unload();
	sieve.flags = NDIS_FILTER_DRIVER_MANDATORY;
	sieve_load();
	fake_open();
	attach(1);
	ndis_adapter_pause(fake.adapter);
	sieve.restart_status = NDIS_STATUS_RESOURCES;
	assert_true(ndis_adapter_restart(fake.adapter, &err) < 0);
	assert_int_equal(ndis_adapter_layers(fake.adapter, layers, 8), 3);
	assert_string_equal(layers[0].state, "PAUSED");
	assert_string_equal(layers[2].state, "PAUSED");
}

static void I9_a_module_can_ask_for_its_restart(void **state)
{
	(void)state;
	attach(1);
	trace_clear();
	assert_int_equal(NdisFRestartFilter(sieve.modules[0].handle), NDIS_STATUS_SUCCESS);
	ground_until(strstr(trace_steps(0), "protocol restarts"));
	assert_string_equal(trace_steps(0), "protocol pauses, f1 pauses, fake pauses, fake restarts, "
			    "f1 restarts, protocol restarts");
}

static void H_what_a_filter_changes_of_the_attributes_those_above_are_told(void **state)
{
	(void)state;
	sieve.lower_mtu = 1400;
	attach(2);
	assert_int_equal(sieve.modules[0].mtu, 1500);
	assert_int_equal(sieve.modules[1].mtu, 1400);
	/* Each restart begins with what the miniport said. */
	sieve.lower_mtu = 0;
	ndis_adapter_pause(fake.adapter);
	assert_int_equal(ndis_adapter_restart(fake.adapter, &err), 0);
	assert_int_equal(sieve.modules[1].mtu, 1500);
}

/* ---- statuses and events ---- */

static void link_status(void)
{
	NDIS_LINK_STATE link = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_LINK_STATE_REVISION_1,
			    NDIS_SIZEOF_LINK_STATE_REVISION_1 },
		.MediaConnectState = MediaConnectStateConnected,
	};
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = fake.handle, .StatusCode = NDIS_STATUS_LINK_STATE,
		.StatusBuffer = &link, .StatusBufferSize = sizeof(link),
	};

	NdisMIndicateStatusEx(fake.handle, &s);
}

static void I34_a_status_climbs_and_may_be_dropped(void **state)
{
	(void)state;
	attach(2);
	link_status();
	assert_int_equal(sieve.modules[0].statuses, 1);
	assert_int_equal(sieve.modules[1].statuses, 1);
	assert_int_equal(trace_count(TRACE_STATUS, 0), 1);
	sieve.drop_status = true;
	link_status();
	assert_int_equal(sieve.modules[1].statuses, 1);
	assert_int_equal(trace_count(TRACE_STATUS, 0), 1);
}

static void I35_I36_ports_are_announced_through_the_filters(void **state)
{
	NDIS_PORT port = { .PortCharacteristics = {
		.Header = { NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1 } } };
	NET_PNP_EVENT_NOTIFICATION n = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
		.NetPnPEvent = { .NetEvent = NetEventPortActivation, .Buffer = &port,
				 .BufferLength = sizeof(port) } };

	(void)state;
	attach(2);
	assert_int_equal(NdisMAllocatePort(fake.handle, &port.PortCharacteristics), NDIS_STATUS_SUCCESS);
	assert_int_equal(port.PortCharacteristics.PortNumber, 1);
	assert_int_equal(NdisMFreePort(fake.handle, 0), NDIS_STATUS_INVALID_PORT);
	assert_int_equal(NdisMNetPnPEvent(fake.handle, &n), NDIS_STATUS_SUCCESS);
	assert_int_equal(sieve.modules[0].events, 1);
	assert_int_equal(sieve.modules[1].events, 1);
	assert_int_equal(trace.events[trace_find(TRACE_PNP, 0)].net_event, NetEventRestart);
	assert_int_equal(NdisMNetPnPEvent(fake.handle, &n), NDIS_STATUS_INVALID_PORT_STATE);
	assert_int_equal(NdisMFreePort(fake.handle, 1), NDIS_STATUS_INVALID_PORT_STATE);
	n.NetPnPEvent.NetEvent = NetEventPortDeactivation;
	assert_int_equal(NdisMNetPnPEvent(fake.handle, &n), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisMFreePort(fake.handle, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisMFreePort(fake.handle, 1), NDIS_STATUS_INVALID_PORT);
}

static NDIS_STATUS sent_to_port(unsigned i, NDIS_PORT_NUMBER port)
{
	packet_seal(packets[i]);
	NET_BUFFER_LIST_NEXT_NBL(&packets[i]->nbl) = NULL;
	NdisSendNetBufferLists(atomic_load(&protocols[0].binding), &packets[i]->nbl, port, 0);
	packets_wait(i + 1);
	return packet_done(&packets[i]->nbl)->status;
}

static void A47_I35_a_port_takes_sends_only_while_it_is_active(void **state)
{
	NDIS_PORT port = { .PortCharacteristics = {
		.Header = { NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1 } } };
	NET_PNP_EVENT_NOTIFICATION n = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
		.NetPnPEvent = { .NetEvent = NetEventPortActivation, .Buffer = &port,
				 .BufferLength = sizeof(port) } };

	(void)state;
	attach(1);
	make(3, atomic_load(&protocols[0].binding));
	assert_int_equal(NdisMAllocatePort(fake.handle, &port.PortCharacteristics), NDIS_STATUS_SUCCESS);
	assert_int_equal(sent_to_port(0, 1), NDIS_STATUS_INVALID_PORT);   /* allocated is not active */
	assert_int_equal(sieve.modules[0].sends, 0);
	assert_int_equal(NdisMNetPnPEvent(fake.handle, &n), NDIS_STATUS_SUCCESS);
	assert_int_equal(sent_to_port(1, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(sent_to_port(2, 99), NDIS_STATUS_INVALID_PORT);
	n.NetPnPEvent.NetEvent = NetEventPortDeactivation;
	assert_int_equal(NdisMNetPnPEvent(fake.handle, &n), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisMFreePort(fake.handle, 1), NDIS_STATUS_SUCCESS);
}

static void I_a_surprise_removal_goes_down_the_stack(void **state)
{
	(void)state;
	attach(2);
	ndis_adapter_surprise_remove(fake.adapter);
	assert_int_equal(sieve.modules[0].device_events, 1);
	assert_int_equal(sieve.modules[1].device_events, 1);
	assert_true(ndis_adapter_is_removed(fake.adapter));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(F_three_filters_pass_receives_up_and_returns_down),
		T(A_three_filters_pass_sends_down_and_completions_up),
		T(A57_a_cancel_passes_the_filters),
		T(A_a_filter_without_handlers_is_not_on_the_way),
		T(F_a_filter_may_take_a_receive_for_itself),
		T(F24_a_filter_may_lend_what_it_has),
		T(F32_two_protocols_above_a_filter_return_a_frame_once),
		T(I14_I15_I16_a_stack_starts_upwards_and_stops_downwards),
		T(I13_attaching_pauses_a_stack_that_runs_and_runs_it_again),
		T(I13_pauses_and_restarts_may_pend),
		T(I6_an_attach_that_is_refused_leaves_the_stack_as_it_was),
		T(I17_an_optional_filter_that_fails_to_restart_is_left_out),
		T(I17_without_a_mandatory_filter_the_stack_does_not_run),
		T(I9_a_module_can_ask_for_its_restart),
		T(H_what_a_filter_changes_of_the_attributes_those_above_are_told),
		T(I34_a_status_climbs_and_may_be_dropped),
		T(I35_I36_ports_are_announced_through_the_filters),
		T(A47_I35_a_port_takes_sends_only_while_it_is_active),
		T(I_a_surprise_removal_goes_down_the_stack),
#undef T
	};

	return cmocka_run_group_tests_name("filters", tests, ground_setup, ground_teardown);
}
