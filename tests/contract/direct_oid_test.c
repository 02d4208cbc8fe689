/* SPDX-License-Identifier: BSD-2-Clause */
/* Direct and synchronous OID requests, through no, one and two filters. */
#include "toy.h"

#include "kernel/kernel.h"

static struct toy_protocol *const p = &toy_protocols[0];
static struct toy_adapter *const a = &toy.adapters[0];
static struct toy_filter *const f = toy_filters.list;
static NDIS_OID_REQUEST r;
static ULONG value;

static int setup(void **state)
{
	toy_setup(state);
	toy_filters_load();
	toy_request(&r, NdisRequestQueryInformation, OID_GEN_RSS_SET_INDIRECTION_TABLE_ENTRIES, &value,
		    sizeof(value));
	r.RequestId = &r;
	return 0;
}

static void attach(unsigned n)
{
	while (n--)
		toy_filter_attach(a);
}

/* With a miniport without these handlers. */
static void begin_without(bool direct)
{
	toy_unload();
	toy_reset();
	if (direct)
		toy.c.DirectOidRequestHandler = NULL;
	else
		toy.c.SynchronousOidRequestHandler = NULL;
	assert_true(toy_load());
	toy_protocol_load(p, false);
	assert_int_equal(toy_add(), 0);
	toy_filters_load();
	attach(1);
}

static NDIS_STATUS ask(void)
{
	return NdisDirectOidRequest(p->bindings[0], &r);
}

static void ends_at_once(unsigned filters)
{
	attach(filters);
	assert_int_equal(ask(), NDIS_STATUS_SUCCESS);
	assert_int_equal(a->n_requests, 1);
	assert_int_equal(p->ended, 0);
	for (unsigned i = 0; i < filters; i++)
		assert_int_equal(f[i].directs, 1);
}

static void I25_direct_ends_at_once(void **state)
{
	(void)state;
	ends_at_once(0);
}

static void I25_direct_ends_at_once_through_a_filter(void **state)
{
	(void)state;
	ends_at_once(1);
}

static void I25_direct_ends_at_once_through_two_filters(void **state)
{
	(void)state;
	ends_at_once(2);
}

static void pends(unsigned filters)
{
	attach(filters);
	toy.keep_requests = true;
	assert_int_equal(ask(), NDIS_STATUS_PENDING);
	toy_complete_direct(a, NDIS_STATUS_RESOURCES);
	assert_int_equal(p->ended, 1);
	assert_int_equal(p->end_status, NDIS_STATUS_RESOURCES);
	for (unsigned i = 0; i < filters; i++)
		assert_int_equal(f[i].direct_ends, 1);
}

static void I26_direct_pends(void **state)
{
	(void)state;
	pends(0);
}

static void I26_direct_pends_below_two_filters(void **state)
{
	(void)state;
	pends(2);
}

static void cancels(unsigned filters)
{
	attach(filters);
	toy.keep_requests = toy.obey_cancel = true;
	assert_int_equal(ask(), NDIS_STATUS_PENDING);
	NdisCancelDirectOidRequest(p->bindings[0], &value);
	assert_int_equal(p->ended, 0);
	NdisCancelDirectOidRequest(p->bindings[0], &r);
	assert_int_equal(p->ended, 1);
	assert_int_equal(p->end_status, NDIS_STATUS_REQUEST_ABORTED);
	for (unsigned i = 0; i < filters; i++)
		assert_int_equal(f[i].direct_cancels, 2);
}

static void I30_direct_is_cancelled(void **state)
{
	(void)state;
	cancels(0);
}

static void I30_direct_is_cancelled_through_two_filters(void **state)
{
	(void)state;
	cancels(2);
}

/* Past every line: while a regular one pends. */
static void I25_direct_does_not_wait_for_others(void **state)
{
	NDIS_OID_REQUEST slow;

	(void)state;
	toy.keep_requests = true;
	toy_request(&slow, NdisRequestQueryInformation, OID_GEN_XMIT_OK, &value, sizeof(value));
	assert_int_equal(NdisOidRequest(p->bindings[0], &slow), NDIS_STATUS_PENDING);
	toy.keep_requests = false;
	assert_int_equal(ask(), NDIS_STATUS_SUCCESS);
	toy_complete(a, NDIS_STATUS_SUCCESS);
	assert_int_equal(p->ended, 1);
}

static void I28_direct_is_not_supported_without_a_handler(void **state)
{
	(void)state;
	begin_without(true);
	assert_int_equal(ask(), NDIS_STATUS_NOT_SUPPORTED);
}

/* A filter that has such a request does not go before it ends. */
static void complete_soon(void *unused)
{
	(void)unused;
	usleep(20000);
	toy_complete_direct(a, NDIS_STATUS_SUCCESS);
}

static void I13_a_filter_stays_until_its_direct_request_ends(void **state)
{
	struct error err;

	(void)state;
	attach(1);
	toy.keep_requests = true;
	assert_int_equal(ask(), NDIS_STATUS_PENDING);
	kernel_call_work(complete_soon, NULL);
	assert_int_equal(ndis_filter_detach(a->adapter, f[0].name, &err), 0);
	assert_int_equal(f[0].direct_ends, 1);
	assert_int_equal(p->ended, 1);
}

/* ---- synchronous ---- */

static NDIS_STATUS ask_synchronously(void)
{
	return NdisSynchronousOidRequest(p->bindings[0], &r);
}

static void I25_synchronous_goes_down_and_up(void **state)
{
	(void)state;
	attach(2);
	toy.oid_status = NDIS_STATUS_RESOURCES;
	assert_int_equal(ask_synchronously(), NDIS_STATUS_RESOURCES);
	assert_int_equal(a->n_requests, 1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(f[i].synchronous, 1);
		assert_int_equal(f[i].synchronous_ends, 1);
		assert_ptr_equal(f[i].context_seen, &f[i]);
	}
}

static void I25_a_filter_may_stop_a_synchronous_request(void **state)
{
	(void)state;
	attach(2);
	toy_filters.synchronous_stop = 1;
	toy_filters.synchronous_status = NDIS_STATUS_ALREADY_COMPLETE;
	assert_int_equal(ask_synchronously(), NDIS_STATUS_SUCCESS);
	toy_filters.synchronous_status = NDIS_STATUS_FAILURE;
	assert_int_equal(ask_synchronously(), NDIS_STATUS_FAILURE);
	assert_int_equal(a->n_requests, 0);
	assert_int_equal(f[0].synchronous_ends, 0);   /* it knows already */
	assert_int_equal(f[1].synchronous_ends, 2);
}

static void I31_a_filters_own_synchronous_request_goes_down_only(void **state)
{
	(void)state;
	attach(2);
	assert_int_equal(NdisFSynchronousOidRequest(f[1].handle, &r), NDIS_STATUS_SUCCESS);
	assert_int_equal(f[1].synchronous, 0);
	assert_int_equal(f[0].synchronous, 1);
	assert_int_equal(a->n_requests, 1);
}

static void I28_synchronous_is_not_supported_without_a_handler(void **state)
{
	(void)state;
	begin_without(false);
	assert_int_equal(ask_synchronously(), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(f[0].synchronous_ends, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, toy_teardown)
		T(I25_direct_ends_at_once),
		T(I25_direct_ends_at_once_through_a_filter),
		T(I25_direct_ends_at_once_through_two_filters),
		T(I26_direct_pends),
		T(I26_direct_pends_below_two_filters),
		T(I30_direct_is_cancelled),
		T(I30_direct_is_cancelled_through_two_filters),
		T(I25_direct_does_not_wait_for_others),
		T(I28_direct_is_not_supported_without_a_handler),
		T(I13_a_filter_stays_until_its_direct_request_ends),
		T(I25_synchronous_goes_down_and_up),
		T(I25_a_filter_may_stop_a_synchronous_request),
		T(I31_a_filters_own_synchronous_request_goes_down_only),
		T(I28_synchronous_is_not_supported_without_a_handler),
#undef T
	};

	return cmocka_run_group_tests_name("direct OIDs", tests, ground_setup, ground_teardown);
}
