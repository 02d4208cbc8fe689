/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers that end an OID request wrongly, and NDIS alone, without the verifier, which has
 * to stand it (I26). */
#include "toy.h"

#include <stdlib.h>

static struct toy_protocol *const p = &toy_protocols[0];
static struct toy_adapter *const a = &toy.adapters[0];

static void I26_an_end_of_an_unknown_request_is_ignored(void **state)
{
	NDIS_OID_REQUEST stray, slow;
	ULONG value;

	(void)state;
	toy_request(&stray, NdisRequestQueryInformation, OID_GEN_XMIT_OK, NULL, 0);
	NdisMOidRequestComplete(a->handle, &stray, NDIS_STATUS_SUCCESS);
	assert_true(toy_heard("adapter toy1: completes an OID request that it does not have"));
	toy.keep_requests = true;
	toy_request(&slow, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &value, 4);
	assert_int_equal(NdisOidRequest(p->bindings[0], &slow), NDIS_STATUS_PENDING);
	NdisMOidRequestComplete(a->handle, &stray, NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ended, 0);
	toy_complete(a, NDIS_STATUS_SUCCESS);
	NdisMOidRequestComplete(a->handle, &slow, NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ended, 1);
}

static void I26_a_status_after_the_end_is_ignored(void **state)
{
	ULONG value;

	(void)state;
	toy.complete_and_return = true;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(toy_query(p, OID_GEN_XMIT_OK, &value, 4), NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ended, 3);
	assert_true(toy_heard("for an OID request that it completed before"));
}

static void C26_a_request_with_a_wrong_header_is_refused(void **state)
{
	NDIS_OID_REQUEST r;

	(void)state;
	toy_request(&r, NdisRequestQueryInformation, OID_GEN_XMIT_OK, NULL, 0);
	r.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
	assert_int_equal(NdisOidRequest(p->bindings[0], &r), NDIS_STATUS_INVALID_PARAMETER);
	assert_true(toy_heard("Header.Type 0x80"));
	assert_int_equal(NdisDirectOidRequest(p->bindings[0], &r), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(NdisSynchronousOidRequest(p->bindings[0], &r), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(a->n_requests, 0);
}

static int setup(void **state)
{
	setenv("OVMQ_VERIFIER", "off", 1);
	return ground_setup(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, toy_setup, toy_teardown)
		T(I26_an_end_of_an_unknown_request_is_ignored),
		T(I26_a_status_after_the_end_is_ignored),
		T(C26_a_request_with_a_wrong_header_is_refused),
#undef T
	};

	return cmocka_run_group_tests_name("wrong ends of OID requests", tests, setup, ground_teardown);
}
