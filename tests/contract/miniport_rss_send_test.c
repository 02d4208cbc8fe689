/* SPDX-License-Identifier: BSD-2-Clause */
/* Sends by their hash, and the order of flows while the table changes (A9, N11 .. N14). */
#include "hashed.h"

#include <pthread.h>
#include <string.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS

/* What the transmit queue of that processor has sent. */
static uint64_t sent_on(unsigned processor)
{
	struct miniport_report r = stack_report();

	for (unsigned i = 0; i < r.n_spread; i++)
		if (r.spread[i].processor == processor)
			return r.spread[i].sent;
	return 0;
}

static void N12_every_entry_leads_to_a_queue_that_there_is(void **state)
{
	static const struct ndis_keyword two[] = { { "*NumRSSQueues", "2" }, { NULL, NULL } };
	static const uint8_t table[4] = { 3, 1, 0, 2 };
	unsigned on[GROUND_PROCESSORS] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		hashed_frame(i, HASHED_TCP);
	hashed_open(two);
	hashed_on(HASHED_INFO, 128, table, 4);
	stack_flow(64);
	for (unsigned i = 0; i < 64; i++)
		on[hashed_processor(i)]++;
	assert_true(on[3] && on[1]);                        /* the table's first two */
	assert_int_equal(on[3] + on[1], 64);
	for (unsigned v = 0; v < 128; v++) {
		struct packet *p = sender_packet(P0, 0, 60);

		NET_BUFFER_LIST_SET_HASH_VALUE(&p->nbl, v);
		NET_BUFFER_LIST_SET_HASH_FUNCTION(&p->nbl, NdisHashFunctionToeplitz);
		sender_send(p);
	}
	sender_all_done(OK);
	assert_int_equal(sent_on(3) + sent_on(1), 128);
}

/* A send with that hash; of no hash at all with HASH_NONE. */
#define HASH_NONE (-1)

static struct packet *send_hashed(int64_t value)
{
	struct packet *p = sender_packet(P0, 0, 60 + sender_n % 8);

	if (value != HASH_NONE) {
		NET_BUFFER_LIST_SET_HASH_VALUE(&p->nbl, (ULONG)value);
		NET_BUFFER_LIST_SET_HASH_TYPE(&p->nbl, NDIS_HASH_TCP_IPV4);
		NET_BUFFER_LIST_SET_HASH_FUNCTION(&p->nbl, NdisHashFunctionToeplitz);
	}
	sender_send(p);
	return p;
}

static void A9_N12_the_table_chooses_the_transmit_queue(void **state)
{
	static const uint8_t table[8] = { 2, 0, 3, 1, 2, 2, 0, 1 };
	uint64_t expected[GROUND_PROCESSORS] = { 0 };

	(void)state;
	hashed_open(NULL);
	hashed_on(HASHED_INFO, 128, table, 8);
	for (unsigned v = 0; v < 512; v++) {                /* v and v + 128 share a queue */
		send_hashed(v);
		expected[table[v % 128 % 8]]++;
	}
	sender_all_done(OK);
	for (unsigned q = 0; q < GROUND_PROCESSORS; q++)
		assert_int_equal(sent_on(q), expected[q]);
}

static void A9_N11_U20_the_senders_hash_counts_and_none_is_the_default_queues(void **state)
{
	static const uint8_t table[4] = { 1, 2, 3, 1 };

	(void)state;
	hashed_open(NULL);
	hashed_on(HASHED_INFO, 4, table, 4);
	for (unsigned i = 0; i < 16; i++)                   /* frames differ, hashes do not */
		send_hashed(2);
	for (unsigned i = 0; i < 8; i++)
		send_hashed(HASH_NONE);
	send_hashed(0);                                     /* a value of 0, with its type */
	sender_all_done(OK);
	assert_int_equal(sent_on(3), 16);
	assert_int_equal(sent_on(0), 8);
	assert_int_equal(sent_on(1), 1);
	/* Nobody made one, or another, on the way. */
	for (unsigned i = 0; i < 24; i++) {
		const NET_BUFFER_LIST *nbl = &sender_packets[i]->nbl;

		assert_int_equal(NET_BUFFER_LIST_GET_HASH_VALUE(nbl), i < 16 ? 2 : 0);
		assert_int_equal(NET_BUFFER_LIST_GET_HASH_TYPE(nbl), i < 16 ? NDIS_HASH_TCP_IPV4 : 0);
	}
}

static void N15_off_all_sends_are_one_fifo(void **state)
{
	(void)state;
	hashed_open(NULL);
	for (unsigned v = 0; v < 16; v++)
		send_hashed(v);
	hashed_on(HASHED_INFO, 4, (const uint8_t[]){ 1, 2, 3, 0 }, 4);
	hashed_off();
	for (unsigned v = 0; v < 16; v++)
		send_hashed(v);
	sender_all_done(OK);
	assert_int_equal(sent_on(0), 32);
	sender_left_in_order(32);
}

/* The flow of each frame that a test sends, by its index. */
static uint8_t flow_of[SENDER_PACKETS];

/* In the capture of what left each flow's frames come in the order in which they were sent,
 * and all of them came. */
static void assert_flows_in_order(void)
{
	int64_t last[256];

	stack_close();
	memset(last, 0xff, sizeof(last));
	assert_int_equal(stack.out.n, sender_n);
	for (unsigned i = 0; i < stack.out.n; i++) {
		uint32_t index = ground_index(stack.out.list[i].bytes, stack.out.list[i].length);

		assert_true(index < sender_n);
		assert_true(last[flow_of[index]] < (int64_t)index);
		last[flow_of[index]] = index;
	}
}

static void N13_each_flow_leaves_in_order(void **state)
{
	(void)state;
	hashed_open(NULL);
	hashed_on(HASHED_INFO, 4, hashed_four, 4);
	stack_take(0);
	for (unsigned i = 0; i < 1000; i++) {
		flow_of[i] = (uint8_t)(i * 7 % 11);
		send_hashed(flow_of[i]);
	}
	stack_take(-1);
	sender_all_done(OK);
	assert_true(sent_on(1) && sent_on(2));
	assert_flows_in_order();
}

static atomic_bool flipping;

/* Table, types and key change all the time. */
static void *flip(void *arg)
{
	static const uint8_t tables[3][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 1, 1, 1 } };

	(void)arg;
	for (unsigned i = 0; atomic_load(&flipping); i++) {
		struct scales s;

		scales_make(&s, i % 2 ? HASHED_INFO : SCALES_INFO, 4 << i % 3, tables[i % 3], 4);
		s.bytes[s.p.HashSecretKeyOffset] ^= (uint8_t)(i % 5);
		if (i % 7 == 6)
			s.p.Flags = NDIS_RSS_PARAM_FLAG_DISABLE_RSS;
		scales_seal(&s);
		assert_int_equal(hashed_set(&s), OK);
	}
	return NULL;
}

static void N14_A7_sends_keep_their_order_while_the_table_changes(void **state)
{
	pthread_t flipper;

	(void)state;
	stack.tx_queues = GROUND_PROCESSORS;
	hashed_open(NULL);
	atomic_store(&flipping, true);
	assert_int_equal(pthread_create(&flipper, NULL, flip, NULL), 0);
	for (unsigned i = 0; i < SENDER_PACKETS; i++) {
		flow_of[i] = (uint8_t)(i * 5 % 13);
		send_hashed(flow_of[i]);
		if (i % 512 == 100)
			stack_take(0);                      /* so that some wait */
		if (i % 512 == 300)
			stack_take(-1);
	}
	stack_take(-1);
	packets_wait(sender_n);
	atomic_store(&flipping, false);
	pthread_join(flipper, NULL);
	sender_all_done(OK);
	/* There is no order between two queues of the NIC. */
	assert_int_equal(atomic_load(&stack.taken[0]), SENDER_PACKETS);
	assert_flows_in_order();
}

static void N14_nothing_received_is_lost_while_the_table_changes(void **state)
{
	unsigned n = 1200;
	pthread_t flipper;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		hashed_frame(i % 37, i % 3 ? HASHED_TCP : HASHED_UDP);
	hashed_open(NULL);
	atomic_store(&flipping, true);
	assert_int_equal(pthread_create(&flipper, NULL, flip, NULL), 0);
	for (unsigned i = 0; i < n; i += 40) {
		stack_let(40);
		usleep(500);
	}
	ground_until(atomic_load(&trace.n_frames) == n);
	atomic_store(&flipping, false);
	pthread_join(flipper, NULL);
	assert_int_equal(stack_report().indicated, n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hashed_setup, sender_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(N12_every_entry_leads_to_a_queue_that_there_is),
		TEST(A9_N12_the_table_chooses_the_transmit_queue),
		TEST(A9_N11_U20_the_senders_hash_counts_and_none_is_the_default_queues),
		TEST(N15_off_all_sends_are_one_fifo),
		TEST(N13_each_flow_leaves_in_order),
		TEST(N14_A7_sends_keep_their_order_while_the_table_changes),
		TEST(N14_nothing_received_is_lost_while_the_table_changes),
	};

	return cmocka_run_group_tests_name("RSS", tests, ground_setup, ground_teardown);
}
