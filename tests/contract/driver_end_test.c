/* SPDX-License-Identifier: BSD-2-Clause */
/* How adapters end and sleep (I11, I15, I24). */
#include "packets.h"
#include "toy.h"

#include <string.h>

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0];
static struct error err;

static int nothing(void **state)
{
	(void)state;
	toy_reset();
	return 0;
}

static void I11_a_removal_halts_and_nothing_is_called_after(void **state)
{
	toy_setup(state);
	trace_clear();
	ndis_adapter_remove(a->adapter);
	a->adapter = NULL;
	assert_string_equal(trace_steps(0), "toy1 pauses, toy1 halts");
	assert_int_equal(a->halt_action, NdisHaltDeviceDisabled);
}

static void I11_I24_after_a_shutdown_nothing_is_called(void **state)
{
	struct ground_frames frames = { 0 };
	uint8_t mac[6] = { 2, 0, 0, 0, 0, 9 };
	struct packet *packet;
	unsigned calls;
	ULONG value;

	toy_setup(state);
	packets_open();
	trace_clear();
	ndis_adapter_shutdown(a->adapter);
	calls = a->calls;
	assert_int_equal(toy_query(p, OID_GEN_XMIT_OK, &value, 4), NDIS_STATUS_NOT_ACCEPTED);
	packet = packet_of(p->bindings[0], 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 64));
	NdisSendNetBufferLists(p->bindings[0], &packet->nbl, 0, 0);
	assert_int_equal(trace_count(TRACE_SEND_DONE, 0), 1);
	assert_int_equal(trace.events[trace_find(TRACE_SEND_DONE, 0)].status, NDIS_STATUS_NOT_ACCEPTED);
	toy_protocol_load(q, false);
	assert_int_equal(q->binds, 0);
	ndis_adapter_shutdown(a->adapter);
	ndis_adapter_remove(a->adapter);
	a->adapter = NULL;
	assert_string_equal(trace_steps(0), "toy1 shuts down");
	assert_int_equal(a->calls, calls);
	packet_free(packet);
	ground_frames_free(&frames);
	packets_close();
}

static void I11_a_surprise_removal(void **state)
{
	toy_setup(state);
	trace_clear();
	ndis_adapter_surprise_remove(a->adapter);
	assert_true(ndis_adapter_is_removed(a->adapter));
	ndis_adapter_remove(a->adapter);
	a->adapter = NULL;
	assert_string_equal(trace_steps(0), "toy1 is surprised, toy1 pauses, toy1 halts");
	assert_int_equal(a->halt_action, NdisHaltDeviceSurpriseRemoved);
}

static void I15_power_goes_down_and_up(void **state)
{
	toy_setup(state);
	trace_clear();
	assert_int_equal(ndis_adapter_set_power(a->adapter, 3, &err), 0);
	assert_int_equal(toy.power, NdisDeviceStateD3);
	assert_int_equal(p->power, NetDeviceStateD3);
	assert_int_equal(p->pauses, 1);
	assert_string_equal(trace_steps(0), "toy1 pauses");
	assert_int_equal(ndis_adapter_set_power(a->adapter, 0, &err), 0);
	assert_int_equal(toy.power, NdisDeviceStateD0);
	assert_int_equal(p->power, NetDeviceStateD0);
	assert_string_equal(trace_steps(0), "toy1 pauses, toy1 restarts");
	assert_int_equal(p->restarts, 2);
	assert_true(ndis_adapter_set_power(a->adapter, 4, &err) < 0);
}

static void I15_an_adapter_that_does_not_sleep_goes_on(void **state)
{
	struct ndis_layer_info layers[4];

	toy_setup(state);
	toy.oid_status = NDIS_STATUS_NOT_ACCEPTED;
	assert_true(ndis_adapter_set_power(a->adapter, 2, &err) < 0);
	assert_non_null(strstr(err.text, "D2 is refused"));
	ndis_adapter_layers(a->adapter, layers, 4);
	assert_string_equal(layers[0].state, "RUNNING");
	assert_string_equal(layers[1].state, "RUNNING");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, nothing, toy_teardown)
		T(I11_a_removal_halts_and_nothing_is_called_after),
		T(I11_I24_after_a_shutdown_nothing_is_called),
		T(I11_a_surprise_removal),
		T(I15_power_goes_down_and_up),
		T(I15_an_adapter_that_does_not_sleep_goes_on),
#undef T
	};

	return cmocka_run_group_tests_name("driver end", tests, ground_setup, ground_teardown);
}
