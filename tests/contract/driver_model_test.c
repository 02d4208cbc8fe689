/* SPDX-License-Identifier: BSD-2-Clause */
/* The lives of bindings and modules (I9 to I23). NDIS alone, without the verifier. */
#include "packets.h"
#include "toy.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0], *const b = &toy.adapters[1];
static struct error err;

static int nothing(void **state)
{
	(void)state;
	toy_reset();
	return 0;
}

static void I9_a_bind_may_come_before_the_registration_returns(void **state)
{
	(void)state;
	assert_true(toy_load());
	assert_int_equal(toy_add(), 0);
	toy_protocol_load(p, false);
	assert_true(p->bound_while_registering);
	assert_int_equal(p->binds, 1);
	assert_int_equal(p->restarts, 1);
}

static void I9_a_module_chooses_its_handlers_before_each_restart(void **state)
{
	struct packet *packet;
	struct ground_frames frames = { 0 };
	uint8_t mac[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	NDIS_FILTER_PARTIAL_CHARACTERISTICS late = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_PARTIAL_CHARACTERISTICS,
			    NDIS_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1 } };

	toy_setup(state);
	packets_open();
	toy_filters_load();
	toy_filter_attach(a);
	packet = packet_of(a->handle, 0, &frames, ground_frame_add(&frames, mac, UNTAGGED, 64));
	NdisMIndicateReceiveNetBufferLists(a->handle, &packet->nbl, 0, 1, 0);
	assert_int_equal(toy_filters.receives, 1);
	/* Not while it runs. */
	assert_int_equal(NdisSetOptionalHandlers(toy_filters.list[0].handle,
						 (PNDIS_DRIVER_OPTIONAL_HANDLERS)&late),
			 NDIS_STATUS_FAILURE);
	toy_filters.partial = true;
	ndis_adapter_pause(a->adapter);
	assert_int_equal(ndis_adapter_restart(a->adapter, &err), 0);
	NdisMIndicateReceiveNetBufferLists(a->handle, &packet->nbl, 0, 1, 0);
	assert_int_equal(toy_filters.receives, 1);
	assert_int_equal(trace_count(TRACE_RECEIVE, 0), 2);
	packet_free(packet);
	ground_frames_free(&frames);
	packets_close();
}

static void I21_an_open_outside_the_bind_fails(void **state)
{
	NDIS_MEDIUM medium = NdisMedium802_3;
	UINT selected;
	NDIS_OPEN_PARAMETERS o = {
		.Header = { NDIS_OBJECT_TYPE_OPEN_PARAMETERS, NDIS_OPEN_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_OPEN_PARAMETERS_REVISION_1 },
		.MediumArray = &medium, .MediumArraySize = 1, .SelectedMediumIndex = &selected };
	NDIS_HANDLE binding = &o;

	toy_setup(state);
	assert_int_equal(NdisOpenAdapterEx(p->driver, p, &o, p->bind_context, &binding),
			 NDIS_STATUS_FAILURE);
	assert_null(binding);
	assert_int_equal(NdisOpenAdapterEx(p->driver, p, &o, NULL, &binding), NDIS_STATUS_FAILURE);
}

static void I23_an_open_of_another_medium_fails(void **state)
{
	struct ndis_layer_info layers[4];

	(void)state;
	assert_true(toy_load());
	p->refuse_medium = true;
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	assert_int_equal(p->open_status, NDIS_STATUS_UNSUPPORTED_MEDIA);
	assert_int_equal(ndis_adapter_layers(a->adapter, layers, 4), 1);
}

static void I12_a_protocol_that_changes_its_mind_leaves_nothing(void **state)
{
	ULONG filter = 1;

	(void)state;
	assert_true(toy_load());
	p->changes_mind = true;
	toy_protocol_load(p, false);
	toy_protocol_load(q, false);
	assert_int_equal(toy_add(), 0);
	assert_int_equal(p->binds, 1);
	assert_int_equal(p->unbinds, 0);
	assert_int_equal(a->n_requests, 2);      /* its packet filter, and none again */
	assert_int_equal(toy_query(q, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(filter, 0);
}

static void I12_a_bind_may_pend(void **state)
{
	(void)state;
	assert_true(toy_load());
	p->pend_bind = true;
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	assert_non_null(p->bindings[0]);
	assert_int_equal(p->restarts, 1);
}

static void I12_every_protocol_is_bound_once_to_every_adapter(void **state)
{
	ULONG value;

	(void)state;
	assert_true(toy_load());
	toy_protocol_load(p, false);
	assert_int_equal(ndis_adapter_create(&a->adapter, toy.image, a->name, NULL, &err), 0);
	toy_protocol_load(q, false);      /* comes between an adapter's making and its start */
	assert_int_equal(q->binds, 1);
	assert_int_equal(ndis_adapter_start(a->adapter, &err), 0);
	assert_int_equal(toy_add(), 0);
	assert_int_equal(p->binds, 2);
	assert_int_equal(q->binds, 2);
	assert_int_equal(toy_query(q, OID_GEN_XMIT_OK, &value, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, 1);
	assert_int_equal(b->n_requests, 0);
	ndis_adapter_remove(b->adapter);
	b->adapter = NULL;
	assert_int_equal(p->unbinds, 1);
	assert_int_equal(toy_query(p, OID_GEN_XMIT_OK, &value, 4), NDIS_STATUS_SUCCESS);
}

static void I12_a_protocol_that_is_bound_by_hand(void **state)
{
	(void)state;
	assert_true(toy_load());
	toy_protocol_load(p, true);
	assert_int_equal(toy_add(), 0);
	NdisReEnumerateProtocolBindings(p->driver);
	ground_settle();
	assert_int_equal(p->binds, 0);
	assert_int_equal(ndis_protocol_bind(a->adapter, p->image, &err), 0);
	assert_int_equal(p->restarts, 1);
	assert_true(ndis_protocol_bind(a->adapter, p->image, &err) < 0);
	assert_non_null(strstr(err.text, "bound to adapter toy1 already"));
	assert_int_equal(ndis_protocol_unbind(a->adapter, p->image, &err), 0);
	assert_true(ndis_protocol_unbind(a->adapter, p->image, &err) < 0);
	assert_int_equal(p->unbinds, 1);
}

static void I21_a_protocol_leaves_and_comes_again(void **state)
{
	toy_setup(state);
	assert_int_equal(NdisUnbindAdapter(p->bindings[0]), NDIS_STATUS_PENDING);
	ground_until(p->unbinds == 1 && !p->bindings[0]);
	NdisReEnumerateProtocolBindings(p->driver);
	ground_until(p->binds == 2);
	NdisReEnumerateProtocolBindings(p->driver);
	ground_settle();
	assert_int_equal(p->binds, 2);
}

static NDIS_OID_REQUEST left;

static void complete_soon(void *unused)
{
	(void)unused;
	usleep(20000);
	toy_complete(a, NDIS_STATUS_SUCCESS);
}

/* The toy closes at once; NDIS waits for what it left behind. */
static void I21_a_binding_that_closes_before_its_request_ends(void **state)
{
	static ULONG value;

	toy_setup(state);
	toy.keep_requests = true;
	toy_request(&left, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &value, 4);
	assert_int_equal(NdisOidRequest(p->bindings[0], &left), NDIS_STATUS_PENDING);
	kernel_call_work(complete_soon, NULL);
	ndis_image_unload(p->image);
	p->image = NULL;
	assert_int_equal(p->ended, 1);
	assert_true(toy_heard("goes before 1 of its OID requests have ended"));
}

/* Whoever has heard of the end may close, though the call that told it has not returned. */
static void I21_a_binding_that_closes_while_it_is_told(void **state)
{
	static ULONG value;

	toy_setup(state);
	toy.keep_requests = true;
	p->linger_us = 50000;
	toy_request(&left, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &value, 4);
	assert_int_equal(NdisOidRequest(p->bindings[0], &left), NDIS_STATUS_PENDING);
	kernel_call_work(complete_soon, NULL);
	ground_until(atomic_load(&p->ended) == 1);
	ndis_image_unload(p->image);
	p->image = NULL;
	assert_int_equal(p->ended, 1);
	assert_false(toy_heard("goes before"));
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
		T(I9_a_bind_may_come_before_the_registration_returns),
		T(I9_a_module_chooses_its_handlers_before_each_restart),
		T(I21_an_open_outside_the_bind_fails),
		T(I23_an_open_of_another_medium_fails),
		T(I12_a_protocol_that_changes_its_mind_leaves_nothing),
		T(I12_a_bind_may_pend),
		T(I12_every_protocol_is_bound_once_to_every_adapter),
		T(I12_a_protocol_that_is_bound_by_hand),
		T(I21_a_protocol_leaves_and_comes_again),
		T(I21_a_binding_that_closes_before_its_request_ends),
		T(I21_a_binding_that_closes_while_it_is_told),
#undef T
	};

	return cmocka_run_group_tests_name("driver model", tests, setup, ground_teardown);
}
