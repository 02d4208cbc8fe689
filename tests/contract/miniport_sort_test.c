/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames of many queues, which wait sorted until there are enough of them. The NIC cannot wait. */
#include "miniport/lane.h"
#include "packets.h"
#include "stack.h"

#include <rte_mempool.h>

#define P0 (&protocols[0])

/* So many that small frames wait by value. */
#define QUEUES  40u
#define BUFFERS 512u

/* Around what a parcel holds, a cache line and two. */
static const unsigned lengths[] = { 60, 64, 65, 100, 127, 128, 129, 60, 300, 1514, 60 };

static void open_many(ULONG *ids, unsigned processors, const char *receive)
{
	const struct ndis_keyword keywords[] = { { "Receive", receive }, { NULL, NULL } };

	stack.hurried = true;
	stack_open_receiving(&(struct stack_options){ .queues = QUEUES, .buffers = BUFFERS,
						      .keywords = keywords });
	for (unsigned q = 0; q < QUEUES; q++)
		ids[q] = ask_running(P0, q % processors, q & 1 ? PER_QUEUE : 0, q,
				     VLAN_NONE_OR_ZERO, NULL);
}

static void add_frame(unsigned i, unsigned q)
{
	stack_frame(q, i % 7 ? UNTAGGED : 0xa000, lengths[i % (sizeof(lengths) / sizeof(*lengths))]);
}

/* 'n' frames: one after another queue's, now and then two in a row; some with a priority. */
static void add_frames(unsigned n)
{
	for (unsigned i = 0, q = 0; i < n; i++) {
		add_frame(i, q);
		q = (q + i % 13 / 12 * 7 + (i % 5 != 0)) % QUEUES;
	}
}

/* Every other one is of the first three queues, so that many wait on their rings. */
static void add_frames_of_three(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		add_frame(i, i % 2 ? i / 2 % 3 : i / 2 % QUEUES);
}

/* Each frame that came is whole, and behind those before it of its queue (F13). Returns how many
 * there are. */
static unsigned check_frames(void)
{
	uint32_t next[QUEUES + 1] = { 0 };
	unsigned n = trace.n_frames;

	for (unsigned i = 0; i < n; i++) {
		const struct trace_frame *f = &trace.frames[i];

		assert_in_range(f->queue, 1, QUEUES);
		assert_true(f->intact);
		assert_int_equal(f->priority, f->index % 7 ? 0 : 5);
		assert_true(f->index >= next[f->queue]);
		next[f->queue] = f->index + 1;
	}
	return n;
}

static void add_in_use(struct rte_mempool *pool, void *sum)
{
	*(unsigned *)sum += rte_mempool_in_use_count(pool);
}

/* Buffers that are out of their pools, the NIC's among them. */
static unsigned buffers_in_use(void)
{
	unsigned sum = 0;

	rte_mempool_walk(add_in_use, &sum);
	return sum;
}

static void frames_of_any_length(const char *receive)
{
	ULONG ids[QUEUES];
	unsigned n = 8000, before;

	add_frames(n);
	open_many(ids, 2, receive);   /* every other queue is another processor's */
	before = buffers_in_use();
	stack_flow(n);
	assert_int_equal(check_frames(), n);
	for (unsigned q = 0; q < QUEUES; q++)
		ground_until(!stack_outstanding(ids[q]));
	assert_int_equal(buffers_in_use(), before);
}

static void F13_D5_frames_of_any_length_are_whole_and_in_order(void **state)
{
	(void)state;
	frames_of_any_length("placed");
}

static void F13_D5_U17_loaned_frames_of_any_length_are_whole_and_in_order(void **state)
{
	(void)state;
	frames_of_any_length("loaned");
}

/* The capture steers nothing: they are placed. */
static void F13_D5_U17_frames_that_nobody_steers_are_whole_and_in_order(void **state)
{
	(void)state;
	frames_of_any_length("steered");
}

/* Queues go to and fro between processors while their frames are being sorted: so often that some
 * come to the poller's while more waits on their rings than it takes off in one look. */
static void moves(const char *receive)
{
	enum { MOVES = 500, AT_A_TIME = 400 };
	unsigned n = MOVES * AT_A_TIME, done = 0;
	struct miniport_report r;
	uint64_t drops = 0;
	ULONG ids[QUEUES];

	add_frames_of_three(n);
	open_many(ids, 1, receive);
	for (; done < MOVES || atomic_load(&stack.let); done++) {
		if (done < MOVES)
			stack_let(AT_A_TIME);
		assert_int_equal(ask_move(P0, ids[done % 3], done / 3 % GROUND_PROCESSORS),
				 NDIS_STATUS_SUCCESS);
	}
	stack_flow(0);
	r = stack_report();
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		drops += r.drops[i];
	assert_int_equal(check_frames() + drops, n);
	for (unsigned q = 0; q < QUEUES; q++)
		ground_until(!stack_outstanding(ids[q]));
}

static void C48_F13_moves_among_many_queues_reorder_nothing(void **state)
{
	(void)state;
	moves("placed");
}

static void C48_F13_U17_moves_among_many_loaned_queues_reorder_nothing(void **state)
{
	(void)state;
	moves("loaned");
}

/* No more is taken off the NIC than the burst that the poller was asking for. */
static void F22_when_the_packet_filter_is_taken_back_one_burst_may_come(void **state)
{
	ULONG ids[QUEUES];

	(void)state;
	add_frames(1000);
	open_many(ids, 1, "placed");
	stack_stop_poller();
	assert_int_equal(ask_packet_filter(P0, 0), NDIS_STATUS_SUCCESS);
	stack_let(1000);
	stack_release_poller();
	ground_settle();
	assert_in_range(stack_report().from_nic, 1, BURST);
	assert_int_equal(trace.n_frames, stack_report().from_nic);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F13_D5_frames_of_any_length_are_whole_and_in_order),
		TEST(F13_D5_U17_loaned_frames_of_any_length_are_whole_and_in_order),
		TEST(F13_D5_U17_frames_that_nobody_steers_are_whole_and_in_order),
		TEST(C48_F13_moves_among_many_queues_reorder_nothing),
		TEST(C48_F13_U17_moves_among_many_loaned_queues_reorder_nothing),
		TEST(F22_when_the_packet_filter_is_taken_back_one_burst_may_come),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
