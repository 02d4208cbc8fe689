/* SPDX-License-Identifier: BSD-2-Clause */
/* What a queue is asked to be besides its processor, and requests that change little. */
#include "sender.h"

#include <pthread.h>
#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS

/* A queue that runs, without filters, in 'group'. */
static ULONG member(unsigned processor, ULONG group)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = ask_parameters(processor, PER_QUEUE);

	q.QueueGroupId = group;
	assert_int_equal(ask_allocate_with(P0, &q), OK);
	assert_int_equal(ask_complete(P0, q.QueueId), OK);
	return q.QueueId;
}

/* How many frames left by the transmit queue of each. */
static void check_sent(const ULONG *queues, unsigned n, const unsigned *sent)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(stack_queue_report(queues[i]).sent, sent[i]);
}

static void send_to(ULONG queue, unsigned n)
{
	while (n--)
		sender_send(sender_packet(P0, (USHORT)queue, 60));
}

/* Any id of the group selects the one transmit queue of the group, in one order; queues
 * of another group, and of none, have their own. */
static void U15_the_queues_of_a_group_share_a_transmit_queue(void **state)
{
	ULONG queues[5];

	(void)state;
	stack_open(NULL);
	queues[0] = member(1, 7);
	queues[1] = member(2, 7);
	queues[2] = member(2, 8);
	queues[3] = member(1, 0);
	queues[4] = member(2, 0);
	for (unsigned i = 0; i < 200; i++)
		send_to(queues[i % 2], 1);
	packets_wait(200);
	check_sent(queues, 5, (const unsigned[]){ 200, 0, 0, 0, 0 });
	for (unsigned i = 0; i < 60; i++)
		send_to(queues[2 + i % 3], 1);
	sender_all_done(OK);
	check_sent(queues, 5, (const unsigned[]){ 200, 0, 20, 20, 20 });
	stack_close();
	/* Of the group the order, whichever member was named. */
	for (unsigned i = 0, last = 0; i < stack.out.n; i++) {
		unsigned index = ground_index(stack.out.list[i].bytes, 60);

		if (index >= 200)
			continue;
		assert_true(!index || index > last);
		last = index;
	}
}

/* The same, each of two frames. */
static void send_pairs_to(ULONG queue, unsigned n)
{
	while (n--) {
		struct packet *p = sender_empty((USHORT)queue);

		packet_add(p, sender_fresh(60), 1, NULL, 0);
		packet_add(p, sender_fresh(60), 1, NULL, 0);
		sender_send(p);
	}
}

/* Which of two queues the pairs from frame 60 on name, and what follows them. */
static unsigned named_by(unsigned frame)
{
	return frame < 100 ? frame / 2 % 2 : frame < 110;
}

/* A member that is freed leaves the others the transmit queue with what waits in it,
 * also the one that had it, and in the middle of a packet. What the others send meanwhile
 * is placed when that has left (A7): to the default queue, if the id is no member's by then
 * (B7). Nothing is lost, and what one id names stays in order (B12). */
static void U15_a_freed_member_leaves_the_others(void **state)
{
	unsigned next[2] = { 60, 60 };
	ULONG queues[3];

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 3; i++)
		queues[i] = member(i, 7);
	stack_take(0);
	for (unsigned i = 0; i < 30; i++)
		send_pairs_to(queues[i % 3], 1);
	assert_int_equal(ask_free(P0, queues[0]), OK);
	for (unsigned i = 0; i < 20; i++)
		send_pairs_to(queues[1 + i % 2], 1);
	stack_take(51);
	ground_until(!atomic_load(&stack.room));
	assert_int_equal(ask_free(P0, queues[1]), OK);
	stack_take(-1);
	packets_wait(50);
	send_to(queues[2], 10);
	packets_wait(60);
	assert_int_equal(stack_queue_report(queues[0]).sent, 0);
	assert_int_equal(stack_queue_report(queues[1]).sent, 51);
	assert_int_equal(stack_queue_report(queues[2]).sent, 9 + 20 + 10);
	assert_int_equal(stack_queue_report(0).sent, 20);
	send_to(queues[1], 5);                                /* no member any more (B6) */
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(0).sent, 25);
	stack_close();
	assert_int_equal(stack.out.n, 115);
	for (unsigned i = 0; i < 115; i++) {
		unsigned frame = ground_index(stack.out.list[i].bytes, 60);

		if (i < 60) {
			assert_int_equal(frame, i);
			continue;
		}
		assert_true(frame >= next[named_by(frame)]);
		next[named_by(frame)] = frame + 1;
	}
}

/* The last of a group takes its transmit queue along: its sends have left by then (G18),
 * and who comes into the group later begins anew. */
static void U15_G18_the_last_member_waits_for_the_groups_sends(void **state)
{
	static struct free_request f;
	ULONG queues[2], again;

	(void)state;
	stack_open(NULL);
	queues[0] = member(1, 7);
	queues[1] = member(2, 7);
	stack_take(0);
	send_to(queues[1], 20);
	assert_int_equal(ask_free(P0, queues[0]), OK);
	assert_int_equal(ask_free_start(&f, P0, queues[1]), NDIS_STATUS_PENDING);
	ground_settle();
	assert_false(atomic_load(&f.q.done));
	stack_take(-1);
	assert_int_equal(request_wait(&f.q), OK);
	again = member(3, 7);
	send_to(again, 10);
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(again).sent, 10);
	sender_left_in_order(30);
}

static atomic_bool sending;

static void *send_to_the_group(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < sender_n; i++) {
		packets_send(P0, &sender_packets[i], 1, 0);
		if (i % 16 == 0)
			usleep(100);
	}
	atomic_store(&sending, false);
	return NULL;
}

/* The transmit queue goes from member to member, always the eldest's, while sends come:
 * none is lost, none fails. */
static void U15_B7_a_group_changes_under_sends(void **state)
{
	unsigned lives = 0, oldest = 0;
	ULONG queues[2];
	pthread_t sender;

	(void)state;
	stack_open(&(struct stack_options){ .queues = 3 });
	for (unsigned i = 0; i < 6000; i++)
		sender_packet(P0, (USHORT)(1 + i % 3), 60);
	queues[0] = member(0, 7);
	queues[1] = member(1, 7);
	atomic_store(&sending, true);
	assert_int_equal(pthread_create(&sender, NULL, send_to_the_group, NULL), 0);
	for (; atomic_load(&sending); oldest ^= 1) {
		assert_int_equal(ask_free(P0, queues[oldest]), OK);
		queues[oldest] = member(lives++ % GROUND_PROCESSORS, 7);
		assert_int_equal(ask_move(P0, queues[oldest], lives % 3), OK);
	}
	pthread_join(sender, NULL);
	sender_all_done(OK);
	assert_true(lives > 3);
	stack_close();
	assert_int_equal(stack.out.n, sender_n);
}

/* Whatever number is suggested, the queue has buffers and works. */
static void C32_a_suggested_number_of_buffers_is_a_hint(void **state)
{
	static const ULONG suggested[] = { 0, 1, STACK_BUFFERS, 0xffffffff };
	NDIS_RECEIVE_QUEUE_INFO info;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned f = 0; f < 10; f++)
			ground_frame_add(&protocol_wire, (const uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)i },
					 UNTAGGED, 100);
	stack_open_receiving(NULL);
	for (unsigned i = 0; i < 4; i++) {
		NDIS_RECEIVE_QUEUE_PARAMETERS q = ask_parameters(i, PER_QUEUE);

		q.NumSuggestedReceiveBuffers = suggested[i];
		assert_int_equal(ask_allocate_with(P0, &q), OK);
		assert_int_equal(ask_filter(P0, q.QueueId, i, VLAN_NONE_OR_ZERO, NULL), OK);
		assert_int_equal(ask_complete(P0, q.QueueId), OK);
		assert_true(ask_info(P0, q.QueueId, &info));
		assert_int_equal(info.NumSuggestedReceiveBuffers, suggested[i]);
		assert_true(stack_queue_report(q.QueueId).buffers > 0);
	}
	stack_flow(40);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(trace_frames_of(i + 1, 0), 10);
}

/* Without a change flag nothing changes, whatever the members say. */
static void C44_parameters_without_a_change_flag_change_nothing(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = ask_parameters(2, 0);

	(void)state;
	for (unsigned i = 0; i < 40; i++)
		ground_frame_add(&protocol_wire, (const uint8_t[]){ 2, 0, 0, 0, 0, 1 }, UNTAGGED, 100);
	stack_open_receiving(NULL);
	q.QueueId = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(request(P0, NdisRequestSetInformation, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &q,
				 q.Header.Size, 0), OK);
	stack_flow(40);
	assert_int_equal(trace_frames_of(q.QueueId, 0), 40);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_event *e = &trace.events[trace.frames[i].event];

		assert_int_equal(e->processor, 1);
		assert_true(e->flags & NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	}
}

/* A clear succeeds in every state of its queue and of the adapter. */
static void D33_a_clear_is_never_refused(void **state)
{
	struct error err = { "" };
	ULONG queue, filters[4];

	(void)state;
	stack_open_receiving(NULL);
	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &queue, NULL), OK);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(ask_filter(P0, queue, i, VLAN_NONE_OR_ZERO, &filters[i]), OK);
	assert_int_equal(ask_filter(P0, 0, 3, VLAN_NONE_OR_ZERO, &filters[3]), OK);
	assert_int_equal(ask_clear(P0, queue, filters[0]), OK);        /* Set */
	assert_int_equal(ask_complete(P0, queue), OK);
	assert_int_equal(ask_clear(P0, queue, filters[1]), OK);        /* Running */
	ndis_adapter_pause(stack.adapter);
	assert_int_equal(ask_clear(P0, queue, filters[2]), OK);
	assert_int_equal(ask_clear(P0, 0, filters[3]), OK);
	assert_int_equal(ndis_adapter_restart(stack.adapter, &err), 0);
	assert_int_equal(ask_state(P0, queue), NdisReceiveQueueOperationalStatePaused);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(U15_the_queues_of_a_group_share_a_transmit_queue),
		TEST(U15_a_freed_member_leaves_the_others),
		TEST(U15_G18_the_last_member_waits_for_the_groups_sends),
		TEST(U15_B7_a_group_changes_under_sends),
		TEST(C32_a_suggested_number_of_buffers_is_a_hint),
		TEST(C44_parameters_without_a_change_flag_change_nothing),
		TEST(D33_a_clear_is_never_refused),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
