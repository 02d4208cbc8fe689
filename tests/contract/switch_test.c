/* SPDX-License-Identifier: BSD-2-Clause */
/* The switch over a miniport that is not ours: its requests from start to end, and
 * miniports that refuse some of them (C, D, E, G, I, U4). */
#include "arrivals.h"

#include <string.h>

#include "ndis/object.h"

/* ---- the order of requests ---- */

/* Allocate and filters of each VM, one complete for all of them, then the packet filter. */
static void C27_C28_C38_D18_E21_the_requests_of_a_start(void **state)
{
	static const struct { unsigned filters; int vlan; uint8_t last; } vm[PORTS] = {
		{ 1, -1, 1 }, { 2, PORT_VLAN, 2 }, { 1, -1, 3 } };
	const struct fake_request *r = fake.requests;

	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < PORTS; i++) {
		ULONG queue = r->queue;

		assert_int_equal(r->oid, OID_RECEIVE_FILTER_ALLOCATE_QUEUE);
		assert_int_equal(r->type, NdisReceiveQueueTypeVMQueue);              /* C27 */
		assert_int_equal(r->flags, NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION);
		assert_int_equal(r->lookahead, 0);                                   /* E21 */
		assert_int_equal(r->processors, 1u << i);
		assert_int_equal(r++->irql, PASSIVE_LEVEL);
		for (unsigned f = 0; f < vm[i].filters; f++, r++) {
			assert_int_equal(r->oid, OID_RECEIVE_FILTER_SET_FILTER);
			assert_int_equal(r->queue, queue);
			assert_int_equal(r->bits, 0);                                /* D24 */
			assert_int_equal(r->vlan, vm[i].vlan);
			assert_int_equal(r->untagged_or_zero, vm[i].vlan < 0);       /* D14, D18 */
			assert_int_equal(r->mac[5], vm[i].last + f * 0x10);
		}
	}
	assert_int_equal(r->oid, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE);      /* C38 */
	assert_int_equal(r->n, PORTS);
	for (unsigned i = 0; i < PORTS; i++)
		assert_int_equal(r->elements[i], vm_queue(i));
	r++;
	assert_int_equal(r->oid, OID_GEN_CURRENT_PACKET_FILTER);
	assert_int_not_equal(r->packet_filter, 0);
	assert_int_equal(r + 1 - fake.requests, fake.n_requests);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE), 1);
}

static void D24_a_new_filter_has_no_id(void **state)
{
	unsigned n = 0;

	(void)state;
	ports_open_started();
	for (unsigned i = 0; i < ports.n_issued; i++)
		if (ports.issued[i].oid == OID_RECEIVE_FILTER_SET_FILTER) {
			assert_int_equal(ports.issued[i].filter, NDIS_DEFAULT_RECEIVE_FILTER_ID);
			n++;
		}
	assert_int_equal(n, 4);
}

/* The filters that are set, per queue, as the requests go by; never a FREE too early. */
static void G1_I22_the_requests_of_an_end(void **state)
{
	unsigned set[16] = { 0 }, freed = 0, filter_off = 0;
	bool closed = false;

	(void)state;
	ports_open_started();
	ports_close();
	for (unsigned i = 0; i < ports.n_issued; i++) {
		const struct ports_issued *r = &ports.issued[i];

		assert_false(closed);                                  /* nothing after the close */
		if (r->closed) {
			assert_int_equal(freed, PORTS);
			closed = true;
			continue;
		}
		assert_in_range(r->queue, 0, 15);
		if (r->oid == OID_RECEIVE_FILTER_SET_FILTER)
			set[r->queue]++;
		if (r->oid == OID_RECEIVE_FILTER_CLEAR_FILTER) {
			assert_true(set[r->queue] > 0);
			set[r->queue]--;
		}
		if (r->oid == OID_RECEIVE_FILTER_FREE_QUEUE) {
			assert_int_equal(set[r->queue], 0);            /* G1 */
			assert_true(filter_off > 0);
			freed++;
		}
		filter_off += r->oid == OID_GEN_CURRENT_PACKET_FILTER && i > 8;
	}
	assert_true(closed);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_CLEAR_FILTER), 4);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), PORTS);
	for (unsigned i = fake.n_requests; i-- > 0;)
		if (fake.requests[i].oid == OID_GEN_CURRENT_PACKET_FILTER) {
			assert_int_equal(fake.requests[i].packet_filter, 0);   /* I22 */
			break;
		}
}

static void I26_a_miniport_that_pends_everything(void **state)
{
	(void)state;
	fake.pend = true;
	ports_open_started();
	for (unsigned i = 0; i < PORTS; i++)
		assert_int_not_equal(vm_queue(i), 0);
	ports_close();
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), PORTS);
}

static void C35_an_adapter_with_too_few_queues(void **state)
{
	unsigned with = 0;

	(void)state;
	fake.queues = 2;
	ports_open_started();
	for (unsigned i = 0; i < PORTS; i++) {
		with += vm_queue(i) != 0;
		assert_int_equal(ports_report(i).why[0] != 0, !vm_queue(i));
	}
	assert_int_equal(with, 2);
	arrival(0, 1, 0);
	arrival(0, 2, PORT_VLAN);
	arrival(0, 3, 0);
	arrivals_indicate(0, 0, 0);
	ports_wait();
	ports_close();
	for (unsigned i = 0; i < PORTS; i++)
		assert_true(vm_has(i, i));
}

/* Miniports that show less than they must, or more: they have queues, and nobody above
 * them hears of a split that never is. */
static void H6_H9_E20_capabilities_that_fall_short(void **state)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c;

	(void)state;
	fake.properties = NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
			  NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
	fake.split = 64;
	ports_open_started();
	c = &fake.adapter->attributes.current;
	assert_int_equal(c->SupportedQueueProperties, NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED);
	assert_int_equal(c->MinLookaheadSplitSize, 0);
	assert_int_equal(c->MaxLookaheadSplitSize, 0);
	assert_memory_equal(c, &fake.adapter->attributes.hardware, sizeof(*c));
	for (unsigned i = 0; i < PORTS; i++)
		assert_int_not_equal(vm_queue(i), 0);
	ports_close();
}

/* Loopback is NDIS's: a miniport that does not know the flag never sees it. */
static void A40_a_miniport_that_knows_no_local_filter(void **state)
{
	const struct fake_request *last;

	(void)state;
	fake.packet_filters = NDIS_PACKET_TYPE_DIRECTED | NDIS_PACKET_TYPE_PROMISCUOUS;
	ports_open_started();
	last = &fake.requests[fake.n_requests - 1];
	assert_int_equal(last->oid, OID_GEN_CURRENT_PACKET_FILTER);
	assert_int_equal(last->packet_filter, NDIS_PACKET_TYPE_PROMISCUOUS);
	ports_close();
}

static void H14_an_adapter_without_filtering(void **state)
{
	(void)state;
	fake.queues = 0;
	ports_open_started();
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_ALLOCATE_QUEUE), 0);
	arrival(0, 1, 0);
	arrival(0, 0x12, PORT_VLAN);
	arrival(0, 3, 0);
	arrivals_indicate(0, 0, 0);
	ports_wait();
	ports_close();
	for (unsigned i = 0; i < PORTS; i++) {
		assert_int_equal(ports.port[i].queue, 0);
		assert_true(vm_has(i, i));
	}
}

/* ---- refusals ---- */

/* Port 1 has no queue and says why; its frames come by the default queue; the others
 * have theirs; all that was made for it is gone. */
static void port_1_runs_without_a_queue(const char *why)
{
	unsigned set = 0, cleared = 0;

	assert_int_equal(vm_queue(1), 0);
	assert_non_null(strstr(ports_report(1).why, why));
	assert_int_not_equal(vm_queue(0), 0);
	assert_int_not_equal(vm_queue(2), 0);
	for (unsigned i = 0; i < fake.n_requests; i++) {
		const struct fake_request *r = &fake.requests[i];
		bool others = r->queue == vm_queue(0) || r->queue == vm_queue(2);

		set += r->oid == OID_RECEIVE_FILTER_SET_FILTER && !others;
		cleared += r->oid == OID_RECEIVE_FILTER_CLEAR_FILTER && !others;
	}
	/* A filter that was refused was not set. */
	if (fake.refuse == OID_RECEIVE_FILTER_SET_FILTER)
		set--;
	assert_int_equal(cleared, set);
	arrival(0, 2, PORT_VLAN);
	arrival(0, 0x12, PORT_VLAN);
	arrival(0, 2, 0);                       /* another VLAN: not for it here either */
	arrivals_indicate(3, 0, 0);
	arrival(vm_queue(0), 1, 0);
	arrivals_indicate(0, 3, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	ports_wait();
	ports_close();
	assert_true(vm_has(1, 0) && vm_has(1, 1) && vm_has(0, 3));
	assert_int_equal(ports.got[1].n, 2);
	arrivals_returned_once();
}

static void U4_a_refused_allocate(void **state)
{
	(void)state;
	fake.refuse = OID_RECEIVE_FILTER_ALLOCATE_QUEUE;
	fake.refuse_number = 2;
	ports_open_started();
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_SET_FILTER), 2);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 0);
	port_1_runs_without_a_queue("ALLOCATE_QUEUE was refused");
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 2);
}

static void U4_a_refused_filter(void **state)
{
	(void)state;
	fake.refuse = OID_RECEIVE_FILTER_SET_FILTER;
	fake.refuse_number = 3;                /* the second of port 1 */
	ports_open_started();
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_CLEAR_FILTER), 1);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 1);
	port_1_runs_without_a_queue("SET_FILTER was refused");
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 3);
}

static void C39_U4_a_refused_element(void **state)
{
	(void)state;
	fake.refuse_element = 2;               /* ids are given in order, from 1 */
	ports_open_started();
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 1);
	port_1_runs_without_a_queue("allocation ended with status");
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 3);
}

static void U4_a_refused_complete(void **state)
{
	(void)state;
	fake.refuse = OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE;
	fake.refuse_number = 1;
	ports_open_started();
	for (unsigned i = 0; i < PORTS; i++)
		assert_int_equal(vm_queue(i), 0);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), PORTS);
	arrival(0, 1, 0);
	arrivals_indicate(0, 0, 0);
	ports_wait();
	ports_close();
	assert_true(vm_has(0, 0));
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), PORTS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(C27_C28_C38_D18_E21_the_requests_of_a_start),
		TEST(D24_a_new_filter_has_no_id),
		TEST(G1_I22_the_requests_of_an_end),
		TEST(I26_a_miniport_that_pends_everything),
		TEST(C35_an_adapter_with_too_few_queues),
		TEST(H6_H9_E20_capabilities_that_fall_short),
		TEST(A40_a_miniport_that_knows_no_local_filter),
		TEST(H14_an_adapter_without_filtering),
		TEST(U4_a_refused_allocate),
		TEST(U4_a_refused_filter),
		TEST(C39_U4_a_refused_element),
		TEST(U4_a_refused_complete),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
