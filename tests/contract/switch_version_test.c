/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's version and the miniport's, in each of their four pairs (U18). */
#include "arrivals.h"

#define SPLIT NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED

/* Opens a host and a miniport that can split at 'min' to 'max' bytes, and looks at every ALLOCATE:
 * 'size' 0: whole frames. */
static void requests_of(unsigned host, unsigned miniport, ULONG min, ULONG max, ULONG size)
{
	ULONG last = 0;

	ports.ndis_version = host;
	fake.ndis_minor = miniport;
	fake.properties |= NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
	fake.split = max;
	fake.split_min = min;
	ports_open_started();
	for (unsigned i = 0; i < fake.n_requests; i++) {
		const struct fake_request *r = &fake.requests[i];

		if (r->oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE) {
			assert_int_equal(r->lookahead, size);                /* E21 */
			assert_int_equal(!!(r->flags & SPLIT), size != 0);
			last = r->queue;
		} else if (r->oid == OID_RECEIVE_FILTER_SET_FILTER) {
			assert_int_equal(r->queue, last);                    /* E23 */
			assert_int_equal(fake_count(OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE), 1);
			assert_true(i < fake.n_requests - 2);
		}
	}
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_ALLOCATE_QUEUE), PORTS);
	for (unsigned i = 0; i < PORTS; i++)
		assert_int_not_equal(vm_queue(i), 0);
	ports_close();
}

static void U18_E21_a_630_host_over_a_630_miniport(void **state)
{
	(void)state;
	requests_of(30, 30, 16, 128, 0);
}

static void U18_E21_a_630_host_over_a_620_miniport(void **state)
{
	(void)state;
	requests_of(30, 20, 16, 128, 0);
}

static void U18_E20_a_620_host_over_a_630_miniport(void **state)
{
	(void)state;
	requests_of(20, 30, 16, 128, 0);
}

static void U18_E21_E23_a_620_host_over_a_620_miniport(void **state)
{
	(void)state;
	requests_of(20, 20, 16, 128, 18);
}

static void U18_E21_the_size_is_one_that_the_miniport_has(void **state)
{
	(void)state;
	requests_of(20, 20, 64, 128, 64);
}

/* It would not even hold what the host looks at. */
static void E26_U18_a_split_that_is_too_small(void **state)
{
	(void)state;
	requests_of(20, 20, 8, 14, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(U18_E21_a_630_host_over_a_630_miniport),
		TEST(U18_E21_a_630_host_over_a_620_miniport),
		TEST(U18_E20_a_620_host_over_a_630_miniport),
		TEST(U18_E21_E23_a_620_host_over_a_620_miniport),
		TEST(U18_E21_the_size_is_one_that_the_miniport_has),
		TEST(E26_U18_a_split_that_is_too_small),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
