/* SPDX-License-Identifier: BSD-2-Clause */
/* What the miniport does with sends: every one taken, in order, completed once; the tag,
 * the padding, the pause (A, O). */
#include "sender.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "frame/frame.h"
#include "verifier/verifier.h"

#define P0 (&protocols[0])
#define P1 (&protocols[1])
#define OK NDIS_STATUS_SUCCESS
#define MAX_FRAME (STACK_MTU + 14)

/* ---- order and acceptance ---- */

static void A4_A6_A22_nbs_of_an_nbl_leave_in_order(void **state)
{
	static const unsigned two[] = { 20, 0 }, four[] = { 14, 1, 500, 0 };

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 50; i++) {
		struct packet *p = sender_empty(0);

		/* Every shape: one MDL, several, an offset. */
		packet_add(p, sender_fresh(60), 1, NULL, 0);
		packet_add(p, sender_fresh(100 + i), 2, two, 0);
		packet_add(p, sender_fresh(1000), 4, four, 30);
		packet_add(p, sender_fresh(61), 1, NULL, 7);
	}
	packets_send(P0, sender_packets, sender_n, 0);
	sender_all_done(OK);
	sender_left_in_order(200);
}

static unsigned next_call;

static void send_two(void *arg)
{
	(void)arg;
	packets_send(P0, &sender_packets[next_call], 2, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
	next_call += 2;
}

/* From a thread, and as the queue's own processor and as others: one order. */
static void A7_A15_B12_calls_of_one_sender_leave_in_order(void **state)
{
	unsigned n = 3000;
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	for (unsigned i = 0; i < n; i++)
		sender_packet(P0, (USHORT)queue, 60 + i % 200);
	for (next_call = 0; next_call < n;) {
		unsigned where = next_call / 2 % 7;

		if (where < GROUND_PROCESSORS) {
			ground_on(where, send_two, NULL);
			continue;
		}
		packets_send(P0, &sender_packets[next_call], 2, 0);
		next_call += 2;
	}
	sender_all_done(OK);
	assert_int_equal(stack_queue_report(queue).sent, n);
	sender_left_in_order(n);
}

static void A2_A16_A17_a_full_nic_loses_and_refuses_nothing(void **state)
{
	unsigned n = 6000;

	(void)state;
	stack_open(NULL);
	stack_take(0);
	for (unsigned i = 0; i < n; i++)
		sender_send(sender_packet(P0, 0, 60));
	ground_settle();
	assert_int_equal(trace.n_sends, 0);
	assert_int_equal(stack_report().sends_waiting, n);
	stack_take(1000);
	ground_until(trace.n_sends == 1000);
	ground_settle();
	assert_int_equal(trace.n_sends, 1000);
	stack_take(-1);
	sender_all_done(OK);
	sender_left_in_order(n);
}

/* A NIC that takes a few frames now and then, mostly ending within an NBL. */
static void A6_A17_A20_a_slow_nic_keeps_the_order(void **state)
{
	unsigned n = 200;

	(void)state;
	stack_open(NULL);
	stack_take(0);
	for (unsigned i = 0; i < n; i++) {
		struct packet *p = sender_empty(0);

		for (unsigned nb = 0; nb < 1 + i % 4; nb++)
			packet_add(p, sender_fresh(60 + nb), 1, NULL, 0);
	}
	packets_send(P0, sender_packets, n, 0);
	for (unsigned i = 0; i < sender_frames.n / 7; i++) {
		stack_take(7);
		ground_until(atomic_load(&stack.room) == 0);
	}
	stack_take(-1);
	sender_all_done(OK);
	for (unsigned i = 0; i < n; i++)
		assert_ptr_equal(trace.sends[i].nbl, &sender_packets[i]->nbl);
	sender_left_in_order(sender_frames.n);
}

/* ---- completion ---- */

static void free_all(PNET_BUFFER_LIST list)
{
	while (list) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(list);

		packet_free(CONTAINING_RECORD(list, struct packet, nbl));
		list = next;
	}
}

/* The memory goes inside the completion: a later touch is a use after free. */
static void A19_A21_completed_once_and_then_not_touched(void **state)
{
	unsigned n = 2000;
	struct packet *p[4];
	ULONG queue;

	(void)state;
	stack_open(NULL);
	P0->on_send_done = free_all;
	queue = sender_queue(2, 1);
	for (unsigned i = 0; i < n; i += 4) {
		stack_take(i % 24 ? -1 : 3);
		for (unsigned k = 0; k < 4; k++) {
			p[k] = packet_of(atomic_load(&P0->binding), (USHORT)(i & 4 ? queue : 0), &sender_frames, sender_frame(60));
			if (k == 2)
				NET_BUFFER_DATA_LENGTH(&p[k]->nb[0]) = 13;   /* completed at once */
		}
		packets_send(P0, p, 4, 0);
	}
	stack_take(-1);
	packets_wait(n);
	stack_close();
	assert_int_equal(stack.out.n, n - n / 4);
}

static void send_again(PNET_BUFFER_LIST list)
{
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		if (next_call < sender_n) {
			struct packet *p = sender_packets[next_call++];

			packets_send(P0, &p, 1, NDIS_SEND_FLAGS_DISPATCH_LEVEL);
		}
}

static void A7_A19_a_send_from_inside_a_completion(void **state)
{
	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 2000; i++)
		sender_packet(P0, 0, 60);
	P0->on_send_done = send_again;
	next_call = 1;
	sender_send(sender_packets[0]);
	sender_all_done(OK);
	sender_left_in_order(2000);
}

static void A23_A32_the_maximum_and_one_more(void **state)
{
	struct packet *fits, *large, *tagged;

	(void)state;
	stack_open(NULL);
	fits = sender_packet(P0, 0, MAX_FRAME);
	tagged = sender_packet(P0, 0, MAX_FRAME);
	packet_set_tag(tagged, 3, 100);
	large = sender_empty(0);
	packet_add(large, sender_fresh(60), 1, NULL, 0);
	packet_add(large, sender_fresh(MAX_FRAME + 1), 1, NULL, 0);
	packet_add(large, sender_fresh(60), 1, NULL, 0);
	packets_send(P0, sender_packets, sender_n, 0);
	packets_wait(3);
	assert_int_equal(sender_status(fits), OK);
	assert_int_equal(sender_status(tagged), OK);
	assert_int_equal(sender_status(large), NDIS_STATUS_INVALID_LENGTH);
	assert_true(packet_is_unchanged(large));
	stack_close();
	assert_int_equal(stack.out.n, 2);   /* one status for all its NBs: none left */
	assert_int_equal(stack.out.list[0].length, MAX_FRAME);
	assert_int_equal(stack.out.list[1].length, MAX_FRAME + 4);
}

static void A23_A33a_what_is_no_frame_fails(void **state)
{
	struct packet *good;

	(void)state;
	stack_open(NULL);
	for (unsigned length = 1; length < 14; length++)
		sender_packet(P0, 0, length);
	/* More data than the MDLs hold. */
	NET_BUFFER_DATA_LENGTH(&sender_packet(P0, 0, 60)->nb[0]) = 61;
	NET_BUFFER_CURRENT_MDL_OFFSET(&sender_packet(P0, 0, 60)->nb[0]) = 1;
	NET_BUFFER_CURRENT_MDL(&sender_packet(P0, 0, 60)->nb[0]) = NULL;
	sender_empty(0);          /* no NB at all */
	packets_send(P0, sender_packets, sender_n, 0);
	packets_wait(sender_n);
	for (unsigned i = 0; i < sender_n; i++)
		assert_int_equal(sender_status(sender_packets[i]), NDIS_STATUS_FAILURE);
	/* And sends go on. */
	good = sender_packet(P0, 0, 60);
	sender_send(good);
	packets_wait(sender_n);
	assert_int_equal(sender_status(good), OK);
	stack_close();
	assert_int_equal(stack.out.n, 1);
}

/* What is refused of one call comes back in one, each with its own status (A2: in batches). */
static void A2_A20_A23_what_is_refused_comes_back_in_one_call(void **state)
{
	unsigned event, n = 30;

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < n; i++)
		sender_packet(P0, 0, i % 2 ? 13 : MAX_FRAME + 1);
	event = trace.n_events;
	packets_send(P0, sender_packets, n, 0);
	packets_wait(n);
	assert_int_equal(trace_count(TRACE_SEND_DONE, event), 1);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sender_status(sender_packets[i]),
				 i % 2 ? NDIS_STATUS_FAILURE : NDIS_STATUS_INVALID_LENGTH);
	ndis_adapter_pause(stack.adapter);
	event = trace.n_events;
	for (unsigned i = 0; i < n; i++)
		sender_packet(P0, 0, 60);
	packets_send(P0, sender_packets + n, n, 0);
	packets_wait(2 * n);
	assert_int_equal(trace_count(TRACE_SEND_DONE, event), 1);
	for (unsigned i = n; i < 2 * n; i++)
		assert_int_equal(sender_status(sender_packets[i]), NDIS_STATUS_PAUSED);
}

/* An offset so large that offset and length together are small again. The last test of
 * all: what goes wrong here takes the process along. */
static void A33a_an_offset_beyond_all_memory_fails(void **state)
{
	(void)state;
	stack_open(NULL);
	alarm(20);
	NET_BUFFER_CURRENT_MDL_OFFSET(&sender_packet(P0, 0, 60)->nb[0]) = 0xfffffff0;
	sender_send(sender_packets[0]);
	packets_wait(1);
	assert_int_equal(sender_status(sender_packets[0]), NDIS_STATUS_FAILURE);
}

/* ---- bytes on the wire ---- */

static void A30_A31_short_frames_are_filled_with_zeros(void **state)
{
	static const unsigned split[] = { 14, 0 };

	(void)state;
	stack_open(NULL);
	memset(&sender_packet(P0, 0, MAX_FRAME)->room[0][PACKET_GUARD], 0xff, MAX_FRAME);
	sender_send(sender_packets[0]);                              /* what a stale buffer would show */
	packets_wait(1);
	for (unsigned length = 14; length <= 61; length++) {
		struct packet *p = sender_empty(0);

		packet_add(p, sender_fresh(length), length > 14 ? 2 : 1, split, length % 5);
		sender_send(p);
	}
	packets_wait(sender_n);
	for (unsigned i = 1; i < sender_n; i++)
		assert_true(packet_is_unchanged(sender_packets[i]));
	stack_close();
	assert_int_equal(stack.out.n, sender_n);
	for (unsigned i = 1; i < sender_n; i++) {
		unsigned length = sender_frames.list[i].length;

		assert_int_equal(stack.out.list[i].length, length < 60 ? 60 : length);
		assert_memory_equal(stack.out.list[i].bytes, sender_frames.list[i].bytes, length);
		for (unsigned b = length; b < 60; b++)
			assert_int_equal(stack.out.list[i].bytes[b], 0);
	}
}

/* Frame 'i' of what left is 'sent' with that tag behind the addresses. */
static void tagged_on_the_wire(unsigned i, const struct ground_frame *sent, unsigned tci)
{
	const uint8_t *b = stack.out.list[i].bytes, tag[4] = { 0x81, 0, (uint8_t)(tci >> 8), (uint8_t)tci };
	unsigned length = sent->length + 4 < 60 ? 60 : sent->length + 4;

	assert_int_equal(stack.out.list[i].length, length);
	assert_memory_equal(b, sent->bytes, 12);
	assert_memory_equal(b + 12, tag, 4);
	assert_memory_equal(b + 16, sent->bytes + 12, sent->length - 12);
	for (unsigned n = sent->length + 4; n < length; n++)
		assert_int_equal(b[n], 0);
}

static void O20_A22_the_tag_of_the_oob(void **state)
{
	static const unsigned split[] = { 6, 10, 0 };
	static const struct { unsigned priority, vlan, tci; } tags[] = {
		{ 0, 5, 0x0005 }, { 7, 4095, 0xefff }, { 3, 0, 0x6000 }, { 1, 0x123, 0x2123 },
	};
	unsigned at = 0;

	(void)state;
	stack_open(NULL);
	for (unsigned t = 0; t < 4; t++) {
		struct packet *p = sender_empty(0);

		packet_add(p, sender_fresh(20), 1, NULL, 0);
		packet_add(p, sender_fresh(57), 3, split, 3);
		packet_add(p, sender_fresh(200), 1, NULL, 0);
		packet_set_tag(p, tags[t].priority, tags[t].vlan);
	}
	sender_packet(P0, 0, 100);                                 /* all zero: no tag */
	packets_send(P0, sender_packets, sender_n, 0);
	sender_all_done(OK);
	stack_close();
	assert_int_equal(stack.out.n, 13);
	for (unsigned t = 0; t < 4; t++)
		for (unsigned nb = 0; nb < 3; nb++, at++)
			tagged_on_the_wire(at, &sender_frames.list[at], tags[t].tci);
	assert_memory_equal(stack.out.list[12].bytes, sender_frames.list[12].bytes, 100);
	assert_int_equal(stack.out.list[12].length, 100);
}

/* NBLs that lie in mbufs: lent to the NIC as they are, or copied for a tag. Either way
 * they come back as they went. */
static void A21_A22_O20_frames_of_a_pool(void **state)
{
	const struct frame_pool_config c = { .name = "senders", .frames = 63, .data_room = 2048 };
	struct rte_mbuf *m[32];
	struct frame_pool *pool;
	struct error err = { "" };

	(void)state;
	stack_open(NULL);
	assert_int_equal(frame_pool_create(&pool, &c, &err), 0);
	for (unsigned i = 0; i < 32; i++) {
		const struct ground_frame *f = sender_fresh(i & 1 ? 40 + i : 600);
		NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };
		NET_BUFFER_LIST *nbl;

		m[i] = rte_pktmbuf_alloc(frame_pool_mempool(pool));
		memcpy(rte_pktmbuf_append(m[i], (uint16_t)f->length), f->bytes, f->length);
		nbl = frame_describe(m[i]);
		nbl->SourceHandle = atomic_load(&P0->binding);
		tag.TagHeader.VlanId = i & 2 ? 9 : 0;
		NET_BUFFER_LIST_INFO(nbl, Ieee8021QNetBufferListInfo) = tag.Value;
		NdisSendNetBufferLists(atomic_load(&P0->binding), nbl, 0, 0);
	}
	packets_wait(32);
	for (unsigned i = 0; i < 32; i++) {
		const struct ground_frame *f = &sender_frames.list[i];

		assert_int_equal(packet_done(frame_nbl(m[i]))->status, OK);
		assert_int_equal(rte_mbuf_refcnt_read(m[i]), 1);
		assert_int_equal(m[i]->data_len, f->length);
		assert_memory_equal(rte_pktmbuf_mtod(m[i], void *), f->bytes, f->length);
		rte_pktmbuf_free(m[i]);
	}
	assert_int_equal(frame_pool_in_use(pool), 0);
	stack_close();
	frame_pool_destroy(pool);
	assert_int_equal(stack.out.n, 32);
	for (unsigned i = 0; i < 32; i++)
		if (i & 2)
			tagged_on_the_wire(i, &sender_frames.list[i], 9);
		else
			assert_memory_equal(stack.out.list[i].bytes, sender_frames.list[i].bytes,
					    sender_frames.list[i].length);
}

/* ---- pause and restart ---- */

static void send_the_next(struct protocol *p)
{
	sender_send(sender_packet(p, 0, 60));
}

static void A50_A51_paused_before_the_restart_and_open_after_it(void **state)
{
	(void)state;
	P0->on_bind = P0->on_restart = send_the_next;
	stack_open(NULL);
	packets_wait(2);
	assert_int_equal(sender_status(sender_packets[0]), NDIS_STATUS_PAUSED);
	assert_int_equal(sender_status(sender_packets[1]), OK);
	ndis_adapter_pause(stack.adapter);
	send_the_next(P0);
	packets_wait(3);
	assert_int_equal(sender_status(sender_packets[2]), NDIS_STATUS_PAUSED);
	stack_close();
	assert_int_equal(stack.out.n, 1);
}

static atomic_bool paused;

static void *pause_adapter(void *arg)
{
	ndis_adapter_pause(arg);
	atomic_store(&paused, true);
	return NULL;
}

static void A49_I18_a_pause_finishes_what_was_sent(void **state)
{
	pthread_t thread;
	unsigned n;

	(void)state;
	stack_open(NULL);
	stack_take(0);
	for (n = 0; n < 100; n++)
		sender_send(sender_packet(P0, 0, 60));
	atomic_store(&paused, false);
	assert_int_equal(pthread_create(&thread, NULL, pause_adapter, stack.adapter), 0);
	/* The first after the pause ends at once, though the NIC is full; what came before it waits.
	 * Then on without delay: the pause waits for this NIC no longer than a second. */
	for (sender_send(sender_packet(P0, 0, 60)); !atomic_load(&trace.n_sends) && sender_n < SENDER_PACKETS;
	     n++) {
		usleep(1000);
		sender_send(sender_packet(P0, 0, 60));
	}
	assert_false(atomic_load(&paused));
	stack_take(-1);
	assert_int_equal(sender_status(sender_packets[n]), NDIS_STATUS_PAUSED);
	assert_ptr_equal(trace.sends[0].nbl, &sender_packets[n]->nbl);
	pthread_join(thread, NULL);
	packets_wait(n + 1);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sender_status(sender_packets[i]), OK);
	sender_left_in_order(n);
}

/* A NIC that takes nothing more: what was sent ends with PAUSED, and the pause ends. */
static void A49_A23_I17_a_dead_nic_does_not_hold_up_a_pause(void **state)
{
	uint64_t begun;
	ULONG queue;

	(void)state;
	stack_open(NULL);
	queue = sender_queue(1, 1);
	stack_take(1);
	for (unsigned i = 0; i < 40; i++) {
		sender_empty((USHORT)(i & 1 ? queue : 0));
		packet_add(sender_packets[i], sender_fresh(60), 1, NULL, 0);
		packet_add(sender_packets[i], sender_fresh(60), 1, NULL, 0);
		sender_send(sender_packets[i]);
	}
	begun = ground_ran();
	ndis_adapter_pause(stack.adapter);
	assert_in_range(ground_ran() - begun, 0, 2 * GROUND_PATIENCE);   /* not for ever */
	sender_all_done(NDIS_STATUS_PAUSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(A4_A6_A22_nbs_of_an_nbl_leave_in_order),
		TEST(A7_A15_B12_calls_of_one_sender_leave_in_order),
		TEST(A2_A16_A17_a_full_nic_loses_and_refuses_nothing),
		TEST(A6_A17_A20_a_slow_nic_keeps_the_order),
		TEST(A19_A21_completed_once_and_then_not_touched),
		TEST(A7_A19_a_send_from_inside_a_completion),
		TEST(A23_A32_the_maximum_and_one_more),
		TEST(A23_A33a_what_is_no_frame_fails),
		TEST(A2_A20_A23_what_is_refused_comes_back_in_one_call),
		TEST(A30_A31_short_frames_are_filled_with_zeros),
		TEST(O20_A22_the_tag_of_the_oob),
		TEST(A21_A22_O20_frames_of_a_pool),
		TEST(A50_A51_paused_before_the_restart_and_open_after_it),
		TEST(A49_I18_a_pause_finishes_what_was_sent),
		TEST(A49_A23_I17_a_dead_nic_does_not_hold_up_a_pause),
		TEST(A33a_an_offset_beyond_all_memory_fails),
	};

	verifier_ignore("NetBufferData");   /* A33a is asked for on purpose */
	verifier_ignore("SendHeader");      /* and headers in several MDLs */
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
