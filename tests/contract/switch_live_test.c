/* SPDX-License-Identifier: BSD-2-Clause */
/* What is changed while traffic flows: a port moves, loses its queue, gets one (C, F, G). */
#include "arrivals.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "frame/frame.h"
#include "verifier/verifier.h"

#define PATIENCE 5000   /* milliseconds that a change may take */

static struct error err;

/* ---- traffic for VM 0: NBLs in mbufs, from the processor that its queue is on ---- */

#define MOST 3000

static struct rte_mbuf *sent[MOST];
static atomic_uint n_sent;             /* one thread writes */
static struct frame_pool *pool;

static int live_setup(void **state)
{
	const struct frame_pool_config c = { .name = "live", .frames = 4095, .data_room = 256 };

	memset(&err, 0, sizeof(err));
	n_sent = 0;
	return frame_pool_create(&pool, &c, &err) || arrivals_setup(state);
}

static int live_teardown(void **state)
{
	int rc = arrivals_teardown(state);

	for (unsigned i = 0; i < n_sent; i++)
		rte_pktmbuf_free(sent[i]);
	frame_pool_destroy(pool);
	return rc;
}

static void indicate_one(ULONG queue, unsigned processor)
{
	uint8_t mac[6];
	unsigned index;
	struct rte_mbuf *m;
	NET_BUFFER_LIST *nbl;

	ground_mac(mac, 1);
	index = ground_frame_add(&arrival_frames, mac, UNTAGGED, 100);
	m = rte_pktmbuf_alloc(frame_pool_mempool(pool));
	memcpy(rte_pktmbuf_append(m, 100), arrival_frames.list[index].bytes, 100);
	nbl = frame_describe(m);
	sent[n_sent++] = m;
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(nbl) = (USHORT)queue;
	fake_indicate(processor, nbl, 1, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
}

static atomic_bool flowing;

static void *flow(void *arg)
{
	ULONG queue = *(ULONG *)arg;

	while (atomic_load(&flowing) && n_sent < MOST) {
		fake_queue_stays(true);
		indicate_one(queue, atomic_load(&fake.queue_processor));
		fake_queue_stays(false);
	}
	return NULL;
}

static void got_all_in_order(void)
{
	assert_int_equal(ports.got[0].n, n_sent);
	for (unsigned i = 0; i < n_sent; i++) {
		assert_int_equal(ground_index(ports.got[0].list[i].bytes, 100), i);   /* F13 */
		assert_int_equal(fake_returned(frame_nbl(sent[i])), 1);
	}
}

/* 'n' frames of VM 'port', to the wire. */
static void add_sends(unsigned port, unsigned n)
{
	uint8_t mac[6];

	for (unsigned i = 0; i < n; i++) {
		unsigned index;

		ground_mac(mac, 0x99);
		index = ground_frame_add(&ports.sends[port], mac, UNTAGGED, 60);
		ground_mac(ports.sends[port].list[index].bytes + 6, port + 1);
	}
}

static unsigned position(NDIS_OID oid)
{
	for (unsigned i = fake.n_requests; i-- > 0;)
		if (fake.requests[i].oid == oid)
			return i;
	return 0;
}

/* ---- moves ---- */

static void C48_F13_a_port_that_moves_keeps_order_and_loses_nothing(void **state)
{
	static const unsigned way[] = { 3, 1, 2, 0, 3, 2 };
	pthread_t thread;
	ULONG queue;
	uint32_t next = 0;

	(void)state;
	add_sends(0, 2000);
	ports_open_started();
	queue = vm_queue(0);
	atomic_store(&flowing, true);
	assert_int_equal(pthread_create(&thread, NULL, flow, &queue), 0);
	for (unsigned i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		unsigned before = n_sent;

		assert_int_equal(vswitch_port_move(0, way[i], PATIENCE, &err), 0);
		assert_int_equal(ports_report(0).processor, way[i]);
		assert_int_equal(atomic_load(&fake.queue_processor), way[i]);
		ground_until(n_sent > before + 20 || n_sent == MOST);
	}
	atomic_store(&flowing, false);
	pthread_join(thread, NULL);
	ports_wait();
	ports_close();
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_QUEUE_PARAMETERS), 6);
	got_all_in_order();
	assert_int_equal(fake.n_sends, 2000);
	for (unsigned i = 0; i < fake.n_sends; i++) {
		uint32_t index = ground_index(fake.sends[i].bytes, 60);

		assert_int_equal(index, next++);
	}
}

/* The old processor's frames are held by a VM that takes none, and the new one's come
 * behind them. */
static void C48_F13_what_is_held_moves_along(void **state)
{
	(void)state;
	ports_open_started();
	atomic_store(&ports.refuse[0], true);
	for (unsigned i = 0; i < 40; i++)
		indicate_one(vm_queue(0), 0);
	assert_int_equal(vswitch_port_move(0, 3, PATIENCE, &err), 0);
	for (unsigned i = 0; i < 40; i++)
		indicate_one(vm_queue(0), 3);
	assert_int_equal(fake.n_returns, 0);
	atomic_store(&ports.refuse[0], false);
	OvmqNotifyProcessor(3);
	ports_wait();
	ports_close();
	got_all_in_order();
}

/* Frames of another's miniport go on in copies, by lanes: the old one's come first. */
static void C48_F13_copies_keep_their_order_too(void **state)
{
	ULONG queue;

	(void)state;
	ports_open_started();
	queue = vm_queue(2);
	assert_int_equal(vswitch_port_move(2, 3, PATIENCE, &err), 0);
	for (unsigned round = 0; round < 10; round++) {
		unsigned from = round % 2 ? 0 : 3, to = round % 2 ? 3 : 0, first = n_arrivals;

		atomic_store(&ports.refuse[2], true);
		for (unsigned i = 0; i < 100; i++)
			arrival(queue, 3, 0);
		arrivals_indicate(from, first, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
		assert_int_equal(vswitch_port_move(2, to, PATIENCE, &err), 0);
		first = n_arrivals;
		for (unsigned i = 0; i < 100; i++)
			arrival(queue, 3, 0);
		arrivals_indicate(to, first, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
		atomic_store(&ports.refuse[2], false);
		OvmqNotifyProcessor(to);
		ports_wait();
	}
	ports_close();
	assert_int_equal(ports.got[2].n, 2000);
	for (unsigned i = 0; i < 2000; i++)
		assert_int_equal(ground_index(ports.got[2].list[i].bytes, 100), i);
}

static void C48_a_refused_move_leaves_all_as_it_was(void **state)
{
	(void)state;
	add_sends(0, 50);
	fake.refuse = OID_RECEIVE_FILTER_QUEUE_PARAMETERS;
	fake.refuse_number = 1;
	ports_open_started();
	assert_int_equal(vswitch_port_move(0, 2, PATIENCE, &err), -EIO);
	assert_non_null(strstr(err.text, "VM vm0"));
	assert_non_null(strstr(err.text, "0xc000009a"));
	assert_int_equal(ports_report(0).processor, 0);
	for (unsigned i = 0; i < 40; i++)
		indicate_one(vm_queue(0), 0);
	ports_wait();
	assert_int_equal(vswitch_port_move(0, 2, PATIENCE, &err), 0);
	indicate_one(vm_queue(0), 2);
	ports_wait();
	ports_close();
	got_all_in_order();
	assert_int_equal(ports.last.to_wire, 50);
}

/* The adapter takes its time: the VM has its port back, whichever processor its frames come
 * on meanwhile, and the move is made at last. */
static void C48_F13_a_late_move_leaves_no_port_without_a_poll(void **state)
{
	uint64_t begun;

	(void)state;
	add_sends(0, 50);
	ports_open_started();
	atomic_store(&fake.keep_oid, OID_RECEIVE_FILTER_QUEUE_PARAMETERS);
	begun = ground_ran();
	assert_int_equal(vswitch_port_move(0, 3, 50, &err), -ETIMEDOUT);
	assert_in_range(ground_ran() - begun, 30, 3000);
	assert_int_equal(ports_report(0).processor, 0);
	assert_int_equal(vswitch_port_move(1, 3, 50, &err), -EBUSY);
	assert_non_null(strstr(err.text, "vm0"));
	for (unsigned i = 0; i < 60; i++)
		indicate_one(vm_queue(0), i < 30 ? 0 : 3);
	ports_wait();
	assert_int_equal(ports_report(0).delivered, 60);
	/* What waits at the VM's door when the move is made stays before what comes then. */
	atomic_store(&ports.refuse[0], true);
	for (unsigned i = 0; i < 60; i++)
		indicate_one(vm_queue(0), 3);
	fake_answer(NDIS_STATUS_SUCCESS);
	ground_until(ports_report(0).processor == 3);
	for (unsigned i = 0; i < 60; i++)
		indicate_one(vm_queue(0), 3);
	atomic_store(&ports.refuse[0], false);
	OvmqNotifyProcessor(3);
	ports_wait();
	ports_close();
	got_all_in_order();
	assert_int_equal(ports.last.to_wire, 50);
}

static void C46_C48_a_move_that_cannot_be(void **state)
{
	(void)state;
	fake.properties &= ~(ULONG)NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED;
	ports_open_started();
	assert_int_equal(vswitch_port_move(0, 2, PATIENCE, &err), -ENOTSUP);
	assert_int_equal(vswitch_port_move(0, GROUND_PROCESSORS, PATIENCE, &err), -EINVAL);
	assert_non_null(strstr(err.text, "0 to 3"));
	assert_int_equal(vswitch_port_move(0, 0, PATIENCE, &err), 0);   /* is there */
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_QUEUE_PARAMETERS), 0);
	indicate_one(vm_queue(0), 0);
	ports_wait();
	ports_close();
	got_all_in_order();
}

/* A port without a queue has nothing to move but itself. */
static void C48_a_port_without_a_queue_moves(void **state)
{
	(void)state;
	fake.queues = 0;
	add_sends(1, 30);
	ports_open_started();
	for (unsigned to = 3; to < 5; to++) {
		unsigned first = n_arrivals;

		assert_int_equal(vswitch_port_move(0, to % 4, PATIENCE, &err), 0);
		for (unsigned i = 0; i < 20; i++)
			arrival(0, 1, 0);
		arrivals_indicate(2, first, 0);
		ports_wait();
	}
	ports_close();
	assert_int_equal(ports.got[0].n, 40);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_QUEUE_PARAMETERS), 0);
}

static void C43_C49_the_indication_flag_is_flipped(void **state)
{
	const ULONG changed = NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED;
	const ULONG per_queue = NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION;
	const struct fake_request *r;

	(void)state;
	ports_open_started();
	for (unsigned on = 0; on < 2; on++) {
		assert_int_equal(vswitch_port_set_indication(0, on, PATIENCE, &err), 0);
		r = &fake.requests[fake.n_requests - 1];
		assert_int_equal(r->oid, OID_RECEIVE_FILTER_QUEUE_PARAMETERS);
		assert_int_equal(r->queue, vm_queue(0));
		assert_int_equal(r->flags, changed | (on ? per_queue : 0));
		assert_int_equal(ports_report(0).per_queue, on);
	}
	fake.refuse = OID_RECEIVE_FILTER_QUEUE_PARAMETERS;
	fake.refuse_number = 3;
	assert_int_equal(vswitch_port_set_indication(0, false, PATIENCE, &err), -EIO);
	assert_true(ports_report(0).per_queue);
}

/* ---- releases ---- */

/* The VM is stopped and its ring is full: the switch returns what it holds itself. */
static void G1_G10_G11_a_stopped_vm_does_not_hold_up_a_free(void **state)
{
	uint64_t begun;
	ULONG queue;

	(void)state;
	ports_open_started();
	queue = vm_queue(0);
	atomic_store(&fake.frees_wait, true);
	atomic_store(&ports.refuse[0], true);
	for (unsigned i = 0; i < 64; i++)
		indicate_one(queue, 0);
	begun = ground_ran();
	assert_int_equal(vswitch_port_release(0, PATIENCE, &err), 0);
	assert_in_range(ground_ran() - begun, 0, 3000);
	assert_int_equal(fake.n_returns, 64);
	assert_int_equal(ports_drops(0, PORT_DROP_QUEUE_FREED), 64);
	ground_until(!ports_report(0).of_queue);   /* counted a moment after the lists are back */
	assert_int_equal(vm_queue(0), 0);
	assert_true(position(OID_RECEIVE_FILTER_CLEAR_FILTER) < position(OID_RECEIVE_FILTER_FREE_QUEUE));
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 1);
	atomic_store(&fake.frees_wait, false);
}

/* One that takes its frames gets those that were held. */
static void G10_a_vm_that_runs_loses_nothing_by_a_free(void **state)
{
	(void)state;
	ports_open_started();
	atomic_store(&fake.frees_wait, true);
	for (unsigned i = 0; i < 200; i++)
		indicate_one(vm_queue(0), 0);
	assert_int_equal(vswitch_port_release(0, PATIENCE, &err), 0);
	atomic_store(&fake.frees_wait, false);
	ports_close();
	got_all_in_order();
	assert_int_equal(ports.last.drops[PORT_DROP_QUEUE_FREED], 0);
}

/* G10: what somebody else holds is waited for, in the background; then all is well. */
static void G5_G10_a_free_that_waits_for_another(void **state)
{
	ULONG queue;

	(void)state;
	ports_open_started();
	queue = vm_queue(0);
	atomic_store(&fake.keep_oid, OID_RECEIVE_FILTER_FREE_QUEUE);
	assert_int_equal(vswitch_port_release(0, 50, &err), -ETIMEDOUT);
	assert_non_null(strstr(err.text, "VM vm0"));
	assert_int_equal(ports_report(0).leaving, queue);
	assert_int_equal(vm_queue(0), 0);
	assert_int_equal(vswitch_port_assign(0, 50, &err), -EBUSY);
	/* Its frames come by the default queue meanwhile. */
	arrival(0, 1, 0);
	arrivals_indicate(0, 0, 0);
	ports_wait();
	fake_answer(NDIS_STATUS_SUCCESS);
	ground_until(!ports_report(0).leaving);
	/* What another change waited for is over: there is nothing to release any more. */
	ground_until(vswitch_port_release(0, PATIENCE, &err) == -ENOENT);
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 1);
	ground_until(vswitch_port_assign(0, PATIENCE, &err) == 0);
	assert_int_not_equal(vm_queue(0), 0);
	ports_close();
	assert_true(vm_has(0, 0));
}

static void G13_G15_B6_the_vm_goes_on_by_the_default_queue(void **state)
{
	(void)state;
	add_sends(0, 40);
	ports_open();
	assert_int_equal(vswitch_port_release(0, PATIENCE, &err), 0);
	assert_true(ports_report(0).why[0] != 0);
	assert_int_equal(vswitch_start(&err), 0);
	arrival(0, 1, 0);
	arrivals_indicate(1, 0, 0);
	ground_until(atomic_load(&fake.n_sends) == 40);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(fake.sends[i].queue, 0);   /* G15 */
	ports_wait();
	assert_int_equal(vswitch_port_release(0, PATIENCE, &err), -ENOENT);
	ports_close();
	assert_true(vm_has(0, 0));
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), PORTS);
}

/* A refusal at any step: the queue is the VM's as before, with its filters. */
static void G8_a_free_that_is_refused_is_undone(void **state)
{
	static const struct { NDIS_OID oid; unsigned number, filters; } step[] = {
		{ OID_RECEIVE_FILTER_CLEAR_FILTER, 1, 4 }, { OID_RECEIVE_FILTER_CLEAR_FILTER, 3, 5 },
		{ OID_RECEIVE_FILTER_FREE_QUEUE, 1, 7 },
	};
	ULONG queue;

	(void)state;
	ports_open_started();
	queue = vm_queue(1);
	for (unsigned i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		fake.refuse = step[i].oid;
		fake.refuse_number = step[i].number;
		assert_int_equal(vswitch_port_release(1, PATIENCE, &err), -EIO);
		assert_non_null(strstr(err.text, "0xc000009a"));
		assert_int_equal(vm_queue(1), queue);
		assert_int_equal(ports_report(1).leaving, 0);
		assert_int_equal(fake_count(OID_RECEIVE_FILTER_SET_FILTER), step[i].filters);
	}
	assert_int_equal(vswitch_port_release(1, PATIENCE, &err), 0);
	assert_int_equal(vm_queue(1), 0);
}

/* ---- a queue again ---- */

/* The queue that one VM gave up serves another, in the documented order, and on the
 * processor where the VM is by now. */
static void G14_C38_E23_a_freed_queue_serves_another_vm(void **state)
{
	const struct fake_request *r;
	unsigned n;

	(void)state;
	fake.queues = 2;
	ports_open_started();
	assert_int_equal(vm_queue(2), 0);
	assert_int_equal(vswitch_port_assign(2, PATIENCE, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "has 2"));
	atomic_store(&ports.refuse[0], true);
	indicate_one(vm_queue(0), 0);
	assert_int_equal(vswitch_port_move(2, 3, PATIENCE, &err), 0);
	assert_int_equal(vswitch_port_release(0, PATIENCE, &err), 0);
	n = fake.n_requests;
	assert_int_equal(vswitch_port_assign(2, PATIENCE, &err), 0);
	r = &fake.requests[n];
	assert_int_equal(r[0].oid, OID_RECEIVE_FILTER_ALLOCATE_QUEUE);
	assert_int_equal(r[0].processors, 1u << 3);
	assert_int_equal(r[1].oid, OID_RECEIVE_FILTER_SET_FILTER);
	assert_true(r[1].untagged_or_zero);                          /* D18 */
	assert_int_equal(r[2].oid, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE);
	assert_int_equal(fake.n_requests, n + 3);
	assert_int_equal(vswitch_port_assign(2, PATIENCE, &err), -EEXIST);
	atomic_store(&ports.refuse[0], false);
	arrival(vm_queue(2), 3, 0);
	arrival(vm_queue(2), 1, 0);          /* the VM that had it: not for this one's eyes */
	arrivals_indicate(3, 0, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	ports_wait();
	ports_close();
	assert_true(vm_has(2, 1));
	assert_int_equal(ports.got[2].n, 1);
	assert_int_equal(ports.port[2].drops[PORT_DROP_FOREIGN_MAC], 1);
}

static void U4_G14_an_assignment_that_fails_leaves_nothing(void **state)
{
	(void)state;
	ports_open_started();
	assert_int_equal(vswitch_port_release(0, PATIENCE, &err), 0);
	fake.refuse = OID_RECEIVE_FILTER_SET_FILTER;
	fake.refuse_number = 5;
	assert_int_equal(vswitch_port_assign(0, PATIENCE, &err), -EIO);
	assert_non_null(strstr(err.text, "SET_FILTER"));
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_FREE_QUEUE), 2);
	fake.refuse = 0;
	assert_int_equal(vswitch_port_assign(0, PATIENCE, &err), 0);
}

static void G4_G17_the_end_of_dma_is_noted(void **state)
{
	(void)state;
	ports_open_started();
	assert_false(ports_report(0).dma_stopped);
	atomic_store(&fake.keep_oid, OID_RECEIVE_FILTER_FREE_QUEUE);
	assert_int_equal(vswitch_port_release(0, 50, &err), -ETIMEDOUT);
	assert_true(ports_report(0).dma_stopped);
	assert_false(ports_report(1).dma_stopped);
	fake_answer(NDIS_STATUS_SUCCESS);
	ground_until(!ports_report(0).leaving);
	ground_until(vswitch_port_assign(0, PATIENCE, &err) == 0);
	assert_false(ports_report(0).dma_stopped);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, live_setup, live_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(C48_F13_a_port_that_moves_keeps_order_and_loses_nothing),
		TEST(C48_F13_what_is_held_moves_along),
		TEST(C48_F13_copies_keep_their_order_too),
		TEST(C48_a_refused_move_leaves_all_as_it_was),
		TEST(C48_F13_a_late_move_leaves_no_port_without_a_poll),
		TEST(C46_C48_a_move_that_cannot_be),
		TEST(C48_a_port_without_a_queue_moves),
		TEST(C43_C49_the_indication_flag_is_flipped),
		TEST(G1_G10_G11_a_stopped_vm_does_not_hold_up_a_free),
		TEST(G10_a_vm_that_runs_loses_nothing_by_a_free),
		TEST(G5_G10_a_free_that_waits_for_another),
		TEST(G13_G15_B6_the_vm_goes_on_by_the_default_queue),
		TEST(G8_a_free_that_is_refused_is_undone),
		TEST(G14_C38_E23_a_freed_queue_serves_another_vm),
		TEST(U4_G14_an_assignment_that_fails_leaves_nothing),
		TEST(G4_G17_the_end_of_dma_is_noted),
	};

	/* The fake miniport's frames of a queue come on the new processor before the move has ended. */
	verifier_ignore("ReceiveProcessor");
	verifier_ignore("NdisOidComplete");   /* and it refuses what may not be refused (G8) */
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
