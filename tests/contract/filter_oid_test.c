/* SPDX-License-Identifier: BSD-2-Clause */
/* OID requests through filter modules: clones, one at a time, from any side, cancelled (I). */
#include "asks.h"
#include "fake.h"
#include "sieve.h"

#include <pthread.h>
#include <string.h>

static struct error err;

static int setup(void **state)
{
	(void)state;
	trace_clear();
	fake_reset();
	sieve_load();
	protocols_load(1);
	fake_open();
	sieve_attach(fake.adapter);
	sieve_attach(fake.adapter);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_close();
	protocols_unload();
	sieve_unload();
	return 0;
}

static void I25_every_filter_sees_a_request_once(void **state)
{
	(void)state;
	assert_int_equal(ask_packet_filter(&protocols[0], NDIS_PACKET_TYPE_DIRECTED),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(sieve.modules[0].oids, 1);
	assert_int_equal(sieve.modules[1].oids, 1);
	assert_int_equal(fake_count(OID_GEN_CURRENT_PACKET_FILTER), 1);
	assert_int_equal(fake.requests[0].packet_filter, NDIS_PACKET_TYPE_DIRECTED);
}

static void I26_a_request_that_pends_below_ends_above(void **state)
{
	(void)state;
	fake.pend = true;
	assert_int_equal(ask_packet_filter(&protocols[0], NDIS_PACKET_TYPE_DIRECTED),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(sieve.modules[0].oid_completes, 1);
	assert_int_equal(sieve.modules[1].oid_completes, 1);
	assert_int_equal(trace_count(TRACE_OID_DONE, 0), 1);
}

/* The queue id that NDIS gives, and the miniport's answer, come back through the clones. */
static void I25_a_method_comes_back_with_its_answer(void **state)
{
	ULONG queue = 0, filter;

	(void)state;
	assert_int_equal(ask_allocate(&protocols[0], 1, 0, &queue, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(queue, 1);
	assert_int_equal(ask_filter(&protocols[0], queue, 5, VLAN_NONE_OR_ZERO, &filter),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(&protocols[0], queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_state(&protocols[0], queue), NdisReceiveQueueOperationalStateRunning);
	assert_int_equal(ask_clear(&protocols[0], queue, filter), NDIS_STATUS_SUCCESS);
	fake.pend = true;
	assert_int_equal(ask_free(&protocols[0], queue), NDIS_STATUS_SUCCESS);
}

/* Every answer comes with the end of its request, and what was asked for is there then. */
static void C25_a_method_that_pends_brings_its_answer_at_its_end(void **state)
{
	ULONG queue = 0, filter = 0, none = 77;
	NDIS_RECEIVE_QUEUE_INFO info;

	(void)state;
	fake.pend = true;
	assert_int_equal(ask_allocate(&protocols[0], 1, 0, &queue, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(queue, 1);
	assert_int_equal(ask_filter(&protocols[0], queue, 5, VLAN_NONE_OR_ZERO, &filter),
			 NDIS_STATUS_SUCCESS);
	assert_int_not_equal(filter, 0);
	assert_int_equal(ask_complete(&protocols[0], queue), NDIS_STATUS_SUCCESS);
	assert_true(ask_info(&protocols[0], queue, &info));
	assert_int_equal(info.QueueState, NdisReceiveQueueOperationalStateRunning);
	assert_int_equal(info.NumFilters, 1);
	fake.refuse = OID_RECEIVE_FILTER_ALLOCATE_QUEUE;
	fake.refuse_number = 2;
	assert_int_equal(ask_allocate(&protocols[0], 1, 0, &none, NULL), NDIS_STATUS_RESOURCES);
	assert_int_equal(ask_clear(&protocols[0], queue, filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(&protocols[0], queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_state(&protocols[0], queue), -1);
}

/* A filter refuses new queues and new filters; everything that ends something it lets by. */
static void D41_a_filter_may_veto_a_queue_and_a_filter(void **state)
{
	ULONG queue = 0, other, filter;
	NDIS_RECEIVE_QUEUE_INFO info;

	(void)state;
	assert_int_equal(ask_allocate(&protocols[0], 1, 0, &queue, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_filter(&protocols[0], queue, 5, VLAN_NONE_OR_ZERO, &filter),
			 NDIS_STATUS_SUCCESS);
	sieve.veto = true;
	for (unsigned i = 0; i < 100; i++) {
		assert_int_equal(ask_allocate(&protocols[0], 1, 0, &other, NULL),
				 NDIS_STATUS_NOT_ACCEPTED);
		assert_int_equal(ask_filter(&protocols[0], queue, 6, VLAN_NONE_OR_ZERO, NULL),
				 NDIS_STATUS_NOT_ACCEPTED);
	}
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_ALLOCATE_QUEUE), 1);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_SET_FILTER), 1);
	assert_true(ask_info(&protocols[0], queue, &info));
	assert_int_equal(info.NumFilters, 1);
	assert_int_equal(ask_complete(&protocols[0], queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_clear(&protocols[0], queue, filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(&protocols[0], queue), NDIS_STATUS_SUCCESS);
	/* No id was lost by what was refused. */
	sieve.veto = false;
	assert_int_equal(ask_allocate(&protocols[0], 1, 0, &other, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free(&protocols[0], other), NDIS_STATUS_SUCCESS);
}

static void I28_a_refusal_comes_back_as_it_is(void **state)
{
	(void)state;
	fake.refuse = OID_RECEIVE_FILTER_ALLOCATE_QUEUE;
	fake.refuse_number = 1;
	assert_int_equal(ask_allocate(&protocols[0], 1, 0, NULL, NULL), NDIS_STATUS_RESOURCES);
}

#define THREADS 4
#define EACH    50

static atomic_uint ended;

static void *asker(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < EACH; i++)
		if (ask_packet_filter(&protocols[0], i % 2 ? NDIS_PACKET_TYPE_DIRECTED : 0) ==
		    NDIS_STATUS_SUCCESS)
			atomic_fetch_add(&ended, 1);
	return NULL;
}

/* Many at once: each ends once, and the layers have one at a time (the fake aborts on a
 * request too many, the protocol on one that ends twice). */
static void I25_I26_requests_of_many_threads_take_turns(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	fake.pend = true;
	atomic_store(&ended, 0);
	for (unsigned i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, asker, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(ended, THREADS * EACH);
	assert_int_equal(fake_count(OID_GEN_CURRENT_PACKET_FILTER), THREADS * EACH);
	assert_int_equal(sieve.modules[1].oid_completes, THREADS * EACH);
}

static void I31_a_filters_own_request_does_not_climb(void **state)
{
	ULONG value;

	(void)state;
	assert_int_equal(sieve_ask(&sieve.modules[1], OID_GEN_XMIT_OK, &value, sizeof(value)),
			 NDIS_STATUS_SUCCESS);
	fake.pend = true;
	assert_int_equal(sieve_ask(&sieve.modules[1], OID_GEN_XMIT_OK, &value, sizeof(value)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(fake_count(OID_GEN_XMIT_OK), 2);
	assert_int_equal(sieve.modules[0].oids, 2);          /* the filter below sees it */
	assert_int_equal(sieve.modules[1].oids, 0);          /* the one that asks does not */
	assert_int_equal(sieve.modules[1].oid_completes, 1);
	assert_int_equal(trace_count(TRACE_OID_DONE, 0), 0);
}

/* Attaching waits for what is on its way, and lets what came meanwhile go on after it. */
static void I25_requests_go_on_while_filters_come_and_go(void **state)
{
	pthread_t thread;

	(void)state;
	fake.pend = true;
	atomic_store(&ended, 0);
	assert_int_equal(pthread_create(&thread, NULL, asker, NULL), 0);
	for (unsigned i = 0; i < 10; i++) {
		const char *name = sieve_attach(fake.adapter);

		assert_int_equal(ndis_filter_detach(fake.adapter, name, &err), 0);
		sieve.n--;
	}
	pthread_join(thread, NULL);
	assert_int_equal(ended, EACH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(I25_every_filter_sees_a_request_once),
		T(I26_a_request_that_pends_below_ends_above),
		T(I25_a_method_comes_back_with_its_answer),
		T(C25_a_method_that_pends_brings_its_answer_at_its_end),
		T(D41_a_filter_may_veto_a_queue_and_a_filter),
		T(I28_a_refusal_comes_back_as_it_is),
		T(I25_I26_requests_of_many_threads_take_turns),
		T(I31_a_filters_own_request_does_not_climb),
		T(I25_requests_go_on_while_filters_come_and_go),
#undef T
	};

	return cmocka_run_group_tests_name("filter requests", tests, ground_setup, ground_teardown);
}
