/* SPDX-License-Identifier: BSD-2-Clause */
/* Which sends may overtake which: those of other queues and of other classes, and never
 * those of one connection, whatever changes in between (A7, A8, A10 - A12, B6, B12, O12). */
#include "sender.h"

#include <pthread.h>
#include <string.h>

#include "miniport/tx_key.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS

static struct mp_adapter *adapter(void)
{
	return ndis_adapter_context(stack.adapter);
}

static void send_n(unsigned n, ULONG queue)
{
	for (unsigned i = 0; i < n; i++)
		sender_send(sender_packet(P0, (USHORT)queue, 60));
}

/* 'n' sends of a priority, each of one frame; they leave with a tag. */
static void send_n_of(unsigned n, ULONG queue, unsigned priority)
{
	for (unsigned i = 0; i < n; i++) {
		struct packet *p = sender_packet(P0, (USHORT)queue, 60);

		packet_set_tag(p, priority, 0);
		sender_send(p);
	}
}

static unsigned priority_of(unsigned i)
{
	const uint8_t *b = stack.out.list[i].bytes;

	return b[12] == 0x81 ? b[14] >> 5 : 0;
}

/* The index that frame 'i' of what left had when it was sent: its bytes behind the tag. */
static uint32_t index_of(unsigned i)
{
	const struct ground_frame *f = &stack.out.list[i];
	unsigned tag = f->bytes[12] == 0x81 ? 4 : 0;

	return ground_index(f->bytes + tag, f->length - tag);
}

/* Frames of one priority left in the order in which they were sent. */
static void each_priority_in_order(void)
{
	int64_t last[8] = { -1, -1, -1, -1, -1, -1, -1, -1 };

	for (unsigned i = 0; i < stack.out.n; i++) {
		unsigned p = priority_of(i);
		int64_t index = index_of(i);

		assert_true(index > last[p]);
		last[p] = index;
	}
}

static void use(void (*rules_of)(struct vmq_traffic_rules *))
{
	struct vmq_traffic_rules rules;

	rules_of(&rules);
	mp_tx_classes_set(adapter(), &rules);
}

/* ---- the key ---- */

static void A8_without_a_key_there_is_one_queue(void **state)
{
	static const struct ndis_keyword off[] = {
		{ "*RSS", "0" }, { "*PriorityVLANTag", "0" }, { "*QOS", "0" }, { NULL, NULL },
	};

	(void)state;
	stack_open(&(struct stack_options){ .bare = true, .keywords = off });
	stack_take(0);
	for (unsigned i = 0; i < 200; i++)
		send_n_of(1, i % 5, i % 8);
	stack_take(-1);
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(0).sent, 200);
	stack_close();
	assert_int_equal(stack.out.n, 200);
	for (unsigned i = 0; i < 200; i++)
		assert_int_equal(index_of(i), i);
}

/* B12, A8: a queue that is stuck does not hold up the others. */
static void A8_A10_B12_another_queue_may_overtake(void **state)
{
	ULONG queue[2];

	(void)state;
	stack_open(NULL);
	queue[0] = sender_queue(1, 1);
	queue[1] = sender_queue(1, 2);
	stack_take(0);
	send_n(320, queue[0]);
	send_n(320, queue[1]);
	stack_take(320);
	ground_until(atomic_load(&stack.room) == 0);
	ground_settle();
	/* Turns of one burst each, though one was there first. */
	for (unsigned q = 0; q < 2; q++)
		assert_in_range(stack_queue_report(queue[q]).sent, 160 - 32, 160 + 32);
	stack_take_singly(64);
	for (unsigned q = 0; q < 2; q++)
		assert_in_range(stack_queue_report(queue[q]).sent, 192 - 32, 192 + 32);
	stack_take(-1);
	sender_all_done(OK);
}

static void B3_any_member_selects_the_groups_transmit_queue(void **state)
{
	ULONG queues[3];

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 3; i++) {
		NDIS_RECEIVE_QUEUE_PARAMETERS q = ask_parameters(i, PER_QUEUE);

		q.QueueGroupId = 9;
		assert_int_equal(ask_allocate_with(P0, &q), OK);
		queues[i] = q.QueueId;
		assert_int_equal(ask_complete(P0, q.QueueId), OK);
	}
	stack_take(0);
	for (unsigned i = 0; i < 90; i++)
		send_n(1, queues[i % 3]);
	stack_take_singly(90);
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(queues[0]).sent, 90);
	sender_left_in_order(90);
}

/* ---- an id that changes its meaning ---- */

static void A7_B6_B7_after_a_free_none_overtakes(void **state)
{
	static struct free_request f;
	ULONG queue, filter;

	(void)state;
	stack.patient = true;          /* however slow this machine is */
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	stack_take(0);
	send_n(40, queue);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	send_n(40, queue);
	assert_int_equal(stack_report().sends_waiting, 80);
	stack_take_singly(80);
	sender_all_done(OK);
	assert_int_equal(request_wait(&f.q), OK);
	assert_int_equal(stack_queue_report(queue).sent, 40);
	assert_int_equal(stack_queue_report(0).sent, 40);
	sender_left_in_order(80);
}

/* Others are not held up by it. */
static void A8_B12_a_free_holds_up_nobody_else(void **state)
{
	static struct free_request f;
	ULONG queue, other, filter;

	(void)state;
	stack.patient = true;          /* however slow this machine is */
	stack_open(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	other = sender_queue(1, 2);
	stack_take(0);
	send_n(320, queue);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	send_n(40, other);
	stack_take(128);
	ground_until(stack_queue_report(other).sent == 40);
	assert_true(stack_queue_report(queue).sent < 320);
	stack_take(-1);
	sender_all_done(OK);
	assert_int_equal(request_wait(&f.q), OK);
}

/* No send can name a queue that was never complete: its end changes nothing for any. */
static void A8_B12_the_free_of_an_incomplete_queue_holds_up_nobody(void **state)
{
	ULONG queue, other, incomplete;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	other = sender_queue(1, 2);
	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &incomplete, NULL), OK);
	stack_take(0);
	send_n(320, queue);
	assert_int_equal(ask_free(P0, incomplete), OK);
	send_n(40, other);
	stack_take(128);
	ground_until(stack_queue_report(other).sent == 40);
	assert_true(stack_queue_report(queue).sent < 320);
	stack_take(-1);
	sender_all_done(OK);
}

static void A7_B6_an_id_that_comes_to_be_overtakes_nothing(void **state)
{
	ULONG queue;

	(void)state;
	stack_open(NULL);
	stack_take(0);
	send_n(40, 1);
	/* On the default queue's processor: their turns are of fewer frames than wait. */
	queue = sender_queue(0, 1);
	assert_int_equal(queue, 1);
	send_n(40, queue);
	stack_take_singly(80);
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(0).sent, 40);
	assert_int_equal(stack_queue_report(queue).sent, 40);
	sender_left_in_order(80);
}

/* ---- a NIC with several transmit queues ---- */

/* The NIC queue that took frames since the last call; fails the test when several did. */
static unsigned taken_by_one(void)
{
	unsigned queue = GROUND_PROCESSORS;

	for (unsigned i = 0; i < GROUND_PROCESSORS; i++) {
		if (!atomic_exchange(&stack.taken[i], 0))
			continue;
		assert_int_equal(queue, GROUND_PROCESSORS);
		queue = i;
	}
	assert_true(queue < GROUND_PROCESSORS);
	return queue;
}

static void send_and_wait(unsigned n, ULONG queue)
{
	send_n(n, queue);
	sender_all_done(OK);
}

/* Whatever becomes of its queue, a sender's frames go by one queue of the NIC: there is no
 * order between two of them (X1). */
static void A7_B6_B12_one_queue_of_the_nic_for_each_id(void **state)
{
	ULONG queue[2], filter[2];
	unsigned of[2];

	(void)state;
	stack.tx_queues = GROUND_PROCESSORS;
	stack_open(NULL);
	send_and_wait(10, 2);
	of[1] = taken_by_one();
	for (unsigned i = 0; i < 2; i++)
		queue[i] = ask_running(P0, 1, PER_QUEUE, 1 + i, VLAN_NONE_OR_ZERO, &filter[i]);
	assert_int_equal(queue[1], 2);
	for (unsigned processor = 0; processor < GROUND_PROCESSORS; processor++) {
		for (unsigned i = 0; i < 2; i++) {
			ask_move(P0, queue[i], processor);
			send_and_wait(50, queue[i]);
			if (processor || i)
				assert_int_equal(taken_by_one(), of[i]);
			else
				of[i] = taken_by_one();
		}
	}
	assert_int_not_equal(of[0], of[1]);
	assert_int_equal(ask_clear(P0, queue[1], filter[1]), OK);
	assert_int_equal(ask_free(P0, queue[1]), OK);
	send_and_wait(10, queue[1]);
	assert_int_equal(taken_by_one(), of[1]);
	/* Together in the default queue: in bursts of one NIC queue each. */
	stack_take(0);
	for (unsigned i = 0; i < 40; i++)
		send_n(1, i % 2 * queue[1]);
	stack_take(-1);
	sender_all_done(OK);
	assert_int_equal(atomic_load(&stack.taken[of[1]]), 20);
	stack_close();
}

/* ---- changes of key and classes ---- */

static void A7_N14_O12_a_change_of_key_keeps_the_order(void **state)
{
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	stack_take(0);
	send_n(30, queue);
	mp_tx_key_set(adapter(), &mp_key_fifo);
	send_n(30, queue);
	mp_tx_key_set(adapter(), &mp_key_vmq);
	send_n(30, queue);
	stack_take_singly(90);
	sender_all_done(OK);
	sender_left_in_order(90);
}

static void A7_A11_O12_a_change_of_classes_keeps_the_order(void **state)
{
	(void)state;
	stack_open(NULL);
	stack_take(0);
	send_n_of(30, 0, 1);
	use(vmq_traffic_rules_802_1p);
	send_n_of(30, 0, 6);
	ground_settle();
	stack_take_singly(30);            /* the last of the old; then the new are placed */
	ground_settle();
	send_n_of(30, 0, 1);
	use(vmq_traffic_rules_single);
	send_n_of(30, 0, 7);
	stack_take_singly(90);
	sender_all_done(OK);
	stack_close();
	assert_int_equal(stack.out.n, 120);
	for (unsigned i = 0; i < 120; i++)
		assert_int_equal(index_of(i), i);
}

/* Under load: whatever changes, each priority keeps its order and none is lost. */
static atomic_bool sending;

static void *send_priorities(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < sender_n; i++) {
		packets_send(P0, &sender_packets[i], 1, 0);
		if (i % 48 == 0)
			usleep(100);
	}
	atomic_store(&sending, false);
	return NULL;
}

static void A7_N14_O12_changes_under_load(void **state)
{
	unsigned changes = 0;
	pthread_t thread;
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	for (unsigned i = 0; i < 6000; i++)
		packet_set_tag(sender_packet(P0, (USHORT)(i % 8 / 4 * queue), 60), i % 8, 0);
	atomic_store(&sending, true);
	assert_int_equal(pthread_create(&thread, NULL, send_priorities, NULL), 0);
	for (; atomic_load(&sending); changes++) {
		use(changes % 3 ? vmq_traffic_rules_802_1p : vmq_traffic_rules_single);
		mp_tx_key_set(adapter(), changes % 2 ? &mp_key_fifo : &mp_key_vmq);
		usleep(500);
	}
	pthread_join(thread, NULL);
	sender_all_done(OK);
	assert_true(changes > 3);
	stack_close();
	assert_int_equal(stack.out.n, 6000);
	each_priority_in_order();
}

/* ---- classes ---- */

/* Also where the classes wait in queues of other processors. */
static void A12_O9_the_higher_class_leaves_first(void **state)
{
	uint64_t frames, bytes;
	ULONG queues[3];

	(void)state;
	stack_open(NULL);
	for (unsigned q = 0; q < 3; q++)
		queues[q] = sender_queue(q, q);
	use(vmq_traffic_rules_802_1p);
	stack_take(0);
	for (unsigned i = 0; i < 40; i++) {
		send_n_of(1, queues[0], 2);
		send_n_of(1, queues[1], 5);
		send_n_of(1, queues[2], i & 1 ? 2 : 5);
	}
	stack_take_singly(120);
	sender_all_done(OK);
	mp_tx_class_sent(adapter(), 5, &frames, &bytes);
	assert_int_equal(frames, 60);
	assert_int_equal(bytes, 60 * 64);
	mp_tx_class_sent(adapter(), 2, &frames, &bytes);
	assert_int_equal(frames, 60);
	stack_close();
	for (unsigned i = 0; i < 120; i++)
		assert_int_equal(priority_of(i), i < 60 ? 5 : 2);
}

static void A12_O19_the_same_priority_never_overtakes(void **state)
{
	(void)state;
	stack_open(NULL);
	use(vmq_traffic_rules_802_1p);
	stack_take(0);
	for (unsigned i = 0; i < 400; i++)
		send_n_of(1, 0, i % 8);
	for (unsigned i = 0; i < 10; i++) {
		stack_take(17);
		ground_until(atomic_load(&stack.room) == 0);
	}
	stack_take(-1);
	sender_all_done(OK);
	stack_close();
	assert_int_equal(stack.out.n, 400);
	each_priority_in_order();
	for (unsigned i = 0; i < 50; i++)
		assert_int_equal(priority_of(i), 7);
}

static void A17_O11_a_halted_priority_waits_alone(void **state)
{
	(void)state;
	stack_open(NULL);
	use(vmq_traffic_rules_802_1p);
	mp_tx_priorities_halt(adapter(), 1 << 3);
	for (unsigned i = 0; i < 40; i++)
		send_n_of(1, 0, i & 1 ? 3 : 0);
	packets_wait(20);
	ground_settle();
	assert_int_equal(trace.n_sends, 20);
	mp_tx_priorities_halt(adapter(), 0);
	sender_all_done(OK);
	stack_close();
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(priority_of(i), i < 20 ? 0 : 3);
}

static void A58_A49_held_sends_are_cancelled_and_paused_too(void **state)
{
	(void)state;
	stack_open(NULL);
	stack_take(0);
	send_n(10, 0);
	use(vmq_traffic_rules_802_1p);
	for (unsigned i = 0; i < 10; i++) {
		sender_packet(P0, 0, 60);
		NDIS_SET_NET_BUFFER_LIST_CANCEL_ID(&sender_packets[10 + i]->nbl, (PVOID)(uintptr_t)(i & 1));
		sender_send(sender_packets[10 + i]);
	}
	NdisCancelSendNetBufferLists(atomic_load(&P0->binding), (PVOID)1);
	packets_wait(5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(sender_status(sender_packets[11 + 2 * i]), NDIS_STATUS_SEND_ABORTED);
	assert_int_equal(stack_report().sends_waiting, 15);
	ndis_adapter_pause(stack.adapter);           /* the NIC takes nothing any more */
	packets_wait(20);
	for (unsigned i = 0; i < 20; i++)
		if (i < 10 || !(i & 1))
			assert_int_equal(sender_status(sender_packets[i]), NDIS_STATUS_PAUSED);
	assert_int_equal(stack_report().sends_waiting, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(A8_without_a_key_there_is_one_queue),
		TEST(A8_A10_B12_another_queue_may_overtake),
		TEST(B3_any_member_selects_the_groups_transmit_queue),
		TEST(A7_B6_B7_after_a_free_none_overtakes),
		TEST(A8_B12_a_free_holds_up_nobody_else),
		TEST(A8_B12_the_free_of_an_incomplete_queue_holds_up_nobody),
		TEST(A7_B6_an_id_that_comes_to_be_overtakes_nothing),
		TEST(A7_B6_B12_one_queue_of_the_nic_for_each_id),
		TEST(A7_N14_O12_a_change_of_key_keeps_the_order),
		TEST(A7_A11_O12_a_change_of_classes_keeps_the_order),
		TEST(A7_N14_O12_changes_under_load),
		TEST(A12_O9_the_higher_class_leaves_first),
		TEST(A12_O19_the_same_priority_never_overtakes),
		TEST(A17_O11_a_halted_priority_waits_alone),
		TEST(A58_A49_held_sends_are_cancelled_and_paused_too),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
