/* SPDX-License-Identifier: BSD-2-Clause */
/* Cancelled sends, and the transmit queue that an NBL's queue id chooses (A57 - A59, B). */
#include "sender.h"

#include <pthread.h>

#define P0 (&protocols[0])
#define P1 (&protocols[1])
#define OK NDIS_STATUS_SUCCESS

/* ---- cancelling ---- */

static void A58_A59_a_cancel_takes_what_matches_and_waits(void **state)
{
	unsigned n = 90, aborted = 0, at = 0;
	PVOID id;

	(void)state;
	stack_open(NULL);
	stack_take(0);
	id = (PVOID)((uintptr_t)NdisGeneratePartialCancelId() << 56 | 1);
	for (unsigned i = 0; i < n; i++) {
		struct packet *p = sender_empty(0);

		packet_add(p, sender_fresh(60), 1, NULL, 0);
		packet_add(p, sender_fresh(61), 1, NULL, 0);
		if (i % 3 == 0)
			NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&p->nbl, id);
		else if (i % 3 == 1)
			NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&p->nbl, (char *)id + 1);
	}
	packets_send(P0, sender_packets, n, 0);
	stack_take(1);                                      /* the first NBL has begun to leave */
	ground_until(atomic_load(&stack.room) == 0);
	NdisCancelSendNetBufferLists(atomic_load(&P0->binding), id);
	packets_wait(n / 3 - 1);
	ground_settle();
	stack_take(-1);
	packets_wait(n);
	for (unsigned i = 0; i < n; i++) {
		bool gone = i % 3 == 0 && i;

		assert_int_equal(sender_status(sender_packets[i]), gone ? NDIS_STATUS_SEND_ABORTED : OK);
		assert_true(packet_is_unchanged(sender_packets[i]));
		aborted += gone;
	}
	stack_close();
	assert_int_equal(stack.out.n, 2 * (n - aborted));
	for (unsigned i = 0; i < n; i++)
		for (unsigned nb = 0; nb < 2 && (i % 3 || !i); nb++, at++)
			assert_int_equal(ground_index(stack.out.list[at].bytes, 60), 2 * i + nb);
}

static void A57_a_cancel_is_of_one_bindings_ids(void **state)
{
	PVOID ids[2];

	(void)state;
	stack_open(&(struct stack_options){ .protocols = 2 });
	stack_take(0);
	for (unsigned i = 0; i < 2; i++)
		ids[i] = (PVOID)((uintptr_t)NdisGeneratePartialCancelId() << 56 | 7);
	assert_ptr_not_equal(ids[0], ids[1]);
	for (unsigned i = 0; i < 20; i++) {
		struct protocol *p = &protocols[i & 1];

		sender_packet(p, 0, 60);
		NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&sender_packets[i]->nbl, ids[i & 1]);
		packets_send(p, &sender_packets[i], 1, 0);
	}
	NdisCancelSendNetBufferLists(atomic_load(&P1->binding), ids[1]);
	packets_wait(10);
	stack_take(-1);
	packets_wait(20);
	for (unsigned i = 0; i < 20; i++) {
		const struct trace_send *s = packet_done(&sender_packets[i]->nbl);

		assert_int_equal(s->status, i & 1 ? NDIS_STATUS_SEND_ABORTED : OK);
		assert_int_equal(trace.events[s->event].who, i & 1);   /* A25 */
	}
}

static void A59_a_cancel_that_comes_late_changes_nothing(void **state)
{
	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 100; i++) {
		sender_packet(P0, 0, 60);
		NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&sender_packets[i]->nbl, (PVOID)99);
		sender_send(sender_packets[i]);
		NdisCancelSendNetBufferLists(atomic_load(&P0->binding), (PVOID)99);
	}
	packets_wait(100);
	for (unsigned i = 0; i < 100; i++)
		assert_true(sender_status(sender_packets[i]) == OK ||
			    sender_status(sender_packets[i]) == NDIS_STATUS_SEND_ABORTED);
}

/* ---- transmit queues ---- */

static void B1_B8_B9_B11_B14_the_queue_of_the_oob(void **state)
{
	ULONG queues[3];

	(void)state;
	stack_open(NULL);
	sender_send(sender_packet(P0, 0, 60));                        /* B14: before any queue is there */
	packets_wait(1);
	assert_int_equal(sender_status(sender_packets[0]), OK);
	for (unsigned q = 0; q < 3; q++) {
		queues[q] = sender_queue(q, q);
		assert_in_range(queues[q], 1, 0xffff);      /* B9 */
	}
	for (unsigned i = 0; i < 60; i++)
		sender_send(sender_packet(P0, (USHORT)(i % 4 < 3 ? queues[i % 4] : 0), 60));
	sender_all_done(OK);
	for (unsigned q = 0; q < 3; q++)
		assert_int_equal(stack_queue_report(queues[q]).sent, 15);   /* B1 */
	assert_int_equal(stack_queue_report(0).sent, 16);                   /* B8 */
	for (unsigned i = 0; i < sender_n; i++)
		assert_int_equal(NET_BUFFER_LIST_RECEIVE_FILTER_ID(&sender_packets[i]->nbl), 0);
}

static void B2_the_macro_and_the_slot_are_one(void **state)
{
	NDIS_NET_BUFFER_LIST_FILTERING_INFO info = { .Value = NULL };
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(2, 1);
	sender_packet(P0, 0, 60);
	info.FilteringInfo.QueueVPortInfo.QueueId = (USHORT)queue;
	NET_BUFFER_LIST_INFO(&sender_packets[0]->nbl, NetBufferListFilteringInfo) = info.Value;
	assert_int_equal(NET_BUFFER_LIST_RECEIVE_QUEUE_ID(&sender_packets[0]->nbl), queue);
	sender_send(sender_packets[0]);
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(queue).sent, 1);
}

/* A chain of several queues without the flag; and each completion call that says
 * SINGLE_QUEUE is of one transmit queue. */
static void B4_B5_X35_single_queue_is_true_where_it_is_said(void **state)
{
	unsigned n = 400, single = 0;
	ULONG queues[2];

	(void)state;
	stack_open(NULL);
	queues[0] = sender_queue(1, 1);
	queues[1] = sender_queue(2, 2);
	for (unsigned i = 0; i < n; i++)
		sender_packet(P0, (USHORT)(i % 3 ? queues[i % 3 - 1] : 0), 60);
	packets_send(P0, sender_packets, n / 2, 0);                          /* mixed */
	for (unsigned i = n / 2; i < n; i++)                          /* one queue a call */
		packets_send(P0, &sender_packets[i], 1, NDIS_SEND_FLAGS_SINGLE_QUEUE);
	sender_all_done(OK);
	for (unsigned i = 0; i < trace.n_events; i++) {
		const struct trace_event *e = &trace.events[i];

		if (e->kind != TRACE_SEND_DONE || !(e->flags & NDIS_SEND_COMPLETE_FLAGS_SINGLE_QUEUE))
			continue;
		single++;
		for (unsigned s = e->first; s < e->first + e->n; s++)
			assert_int_equal(NET_BUFFER_LIST_RECEIVE_QUEUE_ID(trace.sends[s].nbl),
					 NET_BUFFER_LIST_RECEIVE_QUEUE_ID(trace.sends[e->first].nbl));
	}
	assert_true(single > 0);
	for (unsigned q = 0; q < 2; q++)
		assert_int_equal(stack_queue_report(queues[q]).sent, (n + 1 - q) / 3);
}

/* Freed, never allocated, beyond all: the default queue, and no error. */
static void B6_a_stale_or_unknown_id_is_the_default_queues(void **state)
{
	static const USHORT unknown[] = { 3, STACK_QUEUES, STACK_QUEUES + 1, 1000, 0xffff };
	ULONG queue, filter;

	(void)state;
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	sender_send(sender_packet(P0, (USHORT)queue, 60));
	packets_wait(1);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free(P0, queue), OK);
	sender_send(sender_packet(P0, (USHORT)queue, 60));
	for (unsigned i = 0; i < 5; i++)
		sender_send(sender_packet(P0, unknown[i], 60));
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(0).sent, 6);
	assert_int_equal(stack_queue_report(queue).sent, 1);
	sender_left_in_order(7);
}

static atomic_bool sending;
static atomic_uint n_sent;

static void *send_to_all_queues(void *arg)
{
	(void)arg;
	for (unsigned i = 0; atomic_load(&sending) && i < sender_n; i++) {
		packets_send(P0, &sender_packets[i], 1, 0);
		atomic_store(&n_sent, i + 1);
		if (i % 16 == 0)
			usleep(100);
	}
	return NULL;
}

/* Queues come and go while sends name them: none lost, none failed, all in order of
 * one queue, which each of them is in the end. */
static void B7_B13_queues_come_and_go_under_sends(void **state)
{
	unsigned lives = 0;
	pthread_t sender;

	(void)state;
	stack_open(&(struct stack_options){ .queues = 2 });
	for (unsigned i = 0; i < 8000; i++)
		sender_packet(P0, (USHORT)(1 + i % 2), 60);
	atomic_store(&sending, true);
	atomic_store(&n_sent, 0);
	assert_int_equal(pthread_create(&sender, NULL, send_to_all_queues, NULL), 0);
	while (atomic_load(&n_sent) < sender_n) {
		ULONG queue, filter;

		queue = ask_running(P0, lives++ % GROUND_PROCESSORS, 0, 1, VLAN_NONE_OR_ZERO, &filter);
		assert_int_equal(ask_move(P0, queue, lives % 3), OK);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		assert_int_equal(ask_free(P0, queue), OK);
	}
	pthread_join(sender, NULL);
	sender_all_done(OK);
	assert_true(lives > 3);
	stack_close();
	assert_int_equal(stack.out.n, sender_n);
}

/* Sends that wait keep the FREE waiting, and all leave. */
static void B13_G18_X34_a_free_waits_for_the_queues_sends(void **state)
{
	static struct free_request f;
	ULONG queue, filter;

	(void)state;
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	stack_take(0);
	for (unsigned i = 0; i < 50; i++)
		sender_send(sender_packet(P0, (USHORT)queue, 60));
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	ground_settle();
	assert_false(atomic_load(&f.q.done));
	stack_take(-1);
	assert_int_equal(request_wait(&f.q), OK);
	sender_all_done(OK);
	sender_left_in_order(50);
}

/* A NIC that takes nothing more does not keep the queue for ever (G8). */
static void B13_G8_a_dead_nic_does_not_hold_up_a_free(void **state)
{
	static struct free_request f;
	ULONG queue, filter;

	(void)state;
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	stack_take(0);
	for (unsigned i = 0; i < 50; i++)
		sender_send(sender_packet(P0, (USHORT)queue, 60));
	sender_send(sender_packet(P0, 0, 60));                        /* not of this queue: it waits on */
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	assert_int_equal(request_wait(&f.q), OK);
	packets_wait(50);
	for (unsigned i = 0; i < 50; i++)
		assert_int_not_equal(sender_status(sender_packets[i]), OK);
	stack_take(-1);
	packets_wait(51);
	assert_int_equal(sender_status(sender_packets[50]), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(A58_A59_a_cancel_takes_what_matches_and_waits),
		TEST(A57_a_cancel_is_of_one_bindings_ids),
		TEST(A59_a_cancel_that_comes_late_changes_nothing),
		TEST(B1_B8_B9_B11_B14_the_queue_of_the_oob),
		TEST(B2_the_macro_and_the_slot_are_one),
		TEST(B4_B5_X35_single_queue_is_true_where_it_is_said),
		TEST(B6_a_stale_or_unknown_id_is_the_default_queues),
		TEST(B7_B13_queues_come_and_go_under_sends),
		TEST(B13_G18_X34_a_free_waits_for_the_queues_sends),
		TEST(B13_G8_a_dead_nic_does_not_hold_up_a_free),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
