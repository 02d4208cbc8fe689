/* SPDX-License-Identifier: BSD-2-Clause */
/* Ports and resets of a miniport (I35 to I39). NDIS alone, without the verifier. */
#include "toy.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

static struct toy_protocol *const p = &toy_protocols[0];
static struct toy_adapter *const a = &toy.adapters[0];
static struct error err;

static int nothing(void **state)
{
	(void)state;
	toy_reset();
	return 0;
}

/* ---- ports ---- */

static NDIS_STATUS port_event(NET_PNP_EVENT_CODE code, NDIS_PORT_NUMBER first, NDIS_PORT_NUMBER second)
{
	NDIS_PORT ports[2] = { { .Next = second ? &ports[1] : NULL } };
	NET_PNP_EVENT_NOTIFICATION n = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_PNP_EVENT_NOTIFICATION_REVISION_1,
			    NDIS_SIZEOF_NET_PNP_EVENT_NOTIFICATION_REVISION_1 },
		.NetPnPEvent = { .NetEvent = code, .Buffer = ports, .BufferLength = sizeof(ports) } };

	ports[0].PortCharacteristics.PortNumber = first;
	ports[1].PortCharacteristics.PortNumber = second;
	return NdisMNetPnPEvent(a->handle, &n);
}

static NDIS_STATUS allocate(NDIS_PORT_NUMBER *number)
{
	NDIS_PORT_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1 } };
	NDIS_STATUS status = NdisMAllocatePort(a->handle, &c);

	*number = c.PortNumber;
	return status;
}

static void I35_ports_have_the_lowest_free_number_and_go_all_or_none(void **state)
{
	NDIS_PORT_NUMBER number;

	toy_setup(state);
	assert_int_equal(allocate(&number), NDIS_STATUS_SUCCESS);
	assert_int_equal(number, 1);
	assert_int_equal(allocate(&number), NDIS_STATUS_SUCCESS);
	assert_int_equal(number, 2);
	assert_int_equal(port_event(NetEventPortActivation, 2, 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(port_event(NetEventPortActivation, 1, 2), NDIS_STATUS_INVALID_PORT_STATE);
	assert_int_equal(port_event(NetEventPortDeactivation, 1, 0), NDIS_STATUS_INVALID_PORT_STATE);
	assert_int_equal(port_event(NetEventPortActivation, 3, 0), NDIS_STATUS_INVALID_PORT);
	assert_int_equal(port_event(NetEventPortDeactivation, 0, 2), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(NdisMFreePort(a->handle, 1), NDIS_STATUS_SUCCESS);
	assert_int_equal(allocate(&number), NDIS_STATUS_SUCCESS);
	assert_int_equal(number, 1);
	assert_int_equal(port_event(NetEventPortDeactivation, 2, 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(NdisMFreePort(a->handle, 2), NDIS_STATUS_SUCCESS);
	ndis_adapter_remove(a->adapter);
	a->adapter = NULL;
	assert_true(toy_heard("NDIS port 1 was not freed before the halt"));
}

static void I35_I36_a_miniport_that_controls_port_0(void **state)
{
	(void)state;
	assert_true(toy_load());
	toy.attribute_flags = NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT;
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	assert_int_equal(p->binds, 0);
	assert_int_equal(port_event(NetEventPortActivation, 0, 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->binds, 1);
	assert_int_equal(p->restarts, 1);
	assert_int_equal(port_event(NetEventPortDeactivation, 0, 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->unbinds, 1);
}

/* ---- reset ---- */

static void I38_a_device_that_hangs_is_reset(void **state)
{
	toy_setup(state);
	atomic_store(&toy.hangs, true);
	ground_until(toy.resets == 1);
	assert_true(toy_heard("its device hangs"));
	assert_true(toy.hang_checks >= 1);
}

static void reset_complete(void *unused)
{
	(void)unused;
	usleep(20000);
	NdisMResetComplete(a->handle, NDIS_STATUS_SUCCESS, FALSE);
}

static void I39_a_reset_ends_at_once_or_later(void **state)
{
	struct ndis_layer_info layers[2];

	toy_setup(state);
	assert_int_equal(ndis_adapter_reset(a->adapter, &err), 0);
	toy.reset_status = NDIS_STATUS_PENDING;
	kernel_call_work(reset_complete, NULL);
	assert_int_equal(ndis_adapter_reset(a->adapter, &err), 0);
	assert_int_equal(toy.resets, 2);
	ndis_adapter_layers(a->adapter, layers, 2);
	assert_string_equal(layers[0].state, "RUNNING");
	NdisMResetComplete(a->handle, NDIS_STATUS_SUCCESS, FALSE);
	assert_true(toy_heard("NdisMResetComplete without a reset"));
	toy.reset_status = NDIS_STATUS_FAILURE;
	assert_true(ndis_adapter_reset(a->adapter, &err) < 0);
	toy.reset_status = NDIS_STATUS_SUCCESS;
	NdisMResetMiniport(a->handle);
	ground_until(toy.resets == 4);
}

static void indicate(NDIS_STATUS code)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle, .StatusCode = code };

	NdisMIndicateStatusEx(a->handle, &s);
}

/* A request that is under way is not touched either. */
static void A53_ndis_tells_of_a_reset_and_aborts_nothing(void **state)
{
	static NDIS_OID_REQUEST r;   /* they outlive a test that fails */
	static ULONG value;

	toy_setup(state);
	toy_protocol_load(&toy_protocols[1], false);
	toy.keep_requests = true;
	toy_request(&r, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &value, sizeof(value));
	assert_int_equal(NdisOidRequest(p->bindings[0], &r), NDIS_STATUS_PENDING);
	ground_until(atomic_load(&a->kept));
	trace_clear();
	assert_int_equal(ndis_adapter_reset(a->adapter, &err), 0);
	assert_string_equal(trace_steps(0), "talker1 hears of a reset, talker2 hears of a reset, "
			    "toy1 resets, talker1 hears of its end, talker2 hears of its end");
	assert_int_equal(toy.cancels, 0);
	assert_int_equal(p->ended, 0);
	toy_complete(a, NDIS_STATUS_SUCCESS);
	ground_until(p->ended == 1);
	trace_clear();
	indicate(NDIS_STATUS_RESET_START);
	indicate(NDIS_STATUS_RESET_END);
	assert_string_equal(trace_steps(0), "");
	assert_true(toy_heard("indicates a reset, which is NDIS's to tell"));
}

/* ---- power ---- */

/* The steps of a sleep and of waking up again, without those of coming and going. */
static void sleep_and_wake(const char *steps)
{
	trace_clear();
	assert_int_equal(ndis_adapter_set_power(a->adapter, 3, &err), 0);
	assert_int_equal(toy.power, NdisDeviceStateD3);
	assert_int_equal(ndis_adapter_set_power(a->adapter, 0, &err), 0);
	assert_string_equal(trace_steps(0), steps);
}

static void A56_a_stack_pauses_around_a_sleep(void **state)
{
	toy_setup(state);
	sleep_and_wake("toy1 pauses, toy1 restarts");
	assert_int_equal(p->pauses, 1);
}

static void A56_a_stack_that_need_not_pause_does_not(void **state)
{
	(void)state;
	toy.attribute_flags = NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND;
	assert_true(toy_load());
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	sleep_and_wake("");
	assert_int_equal(p->pauses, 0);
	assert_int_equal(p->power, NetDeviceStateD0);
}

static void A56_one_driver_before_630_makes_it_pause(void **state)
{
	(void)state;
	toy.attribute_flags = NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND;
	assert_true(toy_load());
	p->minor = 20;
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	sleep_and_wake("toy1 pauses, toy1 restarts");
	toy_unload();
	toy_reset();
	toy.attribute_flags = NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND;
	toy.c.MinorNdisVersion = 20;
	assert_true(toy_load());
	assert_int_equal(toy_add(), 0);
	sleep_and_wake("toy1 pauses, toy1 restarts");
}

static int setup(void **state)
{
	setenv("OVMQ_VERIFIER", "off", 1);
	return ground_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, nothing, toy_teardown)
		T(I35_ports_have_the_lowest_free_number_and_go_all_or_none),
		T(I35_I36_a_miniport_that_controls_port_0),
		T(I38_a_device_that_hangs_is_reset),
		T(I39_a_reset_ends_at_once_or_later),
		T(A53_ndis_tells_of_a_reset_and_aborts_nothing),
		T(A56_a_stack_pauses_around_a_sleep),
		T(A56_a_stack_that_need_not_pause_does_not),
		T(A56_one_driver_before_630_makes_it_pause),
#undef T
	};

	return cmocka_run_group_tests_name("port", tests, setup, ground_teardown);
}
