/* SPDX-License-Identifier: BSD-2-Clause */
/* The shared memory of the queues: whose it is, when it comes and goes, and what a queue
 * may hold of it in each receive mode (E, U17). */
#include "stack.h"

#include <string.h>

#define P0 (&protocols[0])

static const struct ndis_keyword loaned[] = { { "Receive", "loaned" }, { NULL, NULL } };

/* The live block that an address lies in; NULL: none. */
static const struct stack_block *block_at(const void *address)
{
	for (unsigned i = 0; i < stack.n_blocks; i++) {
		const struct stack_block *b = &stack.blocks[i];

		if (b->live && (uintptr_t)address - b->address < b->length)
			return b;
	}
	return NULL;
}

/* What is held lies in blocks of queue 'owner', and its record says where (F9). */
static void check_held(ULONG owner, unsigned n)
{
	assert_int_equal(protocol_held(P0), n);
	for (unsigned i = 0; i < n; i++) {
		const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(P0->held[i]);
		const NET_BUFFER_SHARED_MEMORY *s = NET_BUFFER_FIRST_SHARED_MEM_INFO(nb);
		const char *data = MmGetSystemAddressForMdlSafe(NET_BUFFER_CURRENT_MDL(nb),
								NormalPagePriority);
		const struct stack_block *b = block_at(data);

		assert_non_null(b);
		assert_int_equal(b->queue, owner);
		assert_ptr_equal(stack_block(s->SharedMemoryHandle), b);
		/* Of what is placed nothing but its bytes lies there. */
		assert_ptr_equal(block_at(P0->held[i]), owner ? NULL : b);
		assert_true((ULONG64)s->SharedMemoryOffset + s->SharedMemoryLength <= b->length);
		assert_in_range((uintptr_t)data - b->address, s->SharedMemoryOffset,
				s->SharedMemoryOffset + s->SharedMemoryLength - 1);
		assert_null(s->NextSharedMemorySegment);
	}
}

static void E1_X36_a_queues_frames_lie_in_its_own_shared_memory(void **state)
{
	ULONG queue;

	(void)state;
	stack_frames_to(1, 40);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	stack_flow(40);
	check_held(queue, 40);
	for (unsigned i = 0; i < stack.n_blocks; i++)
		assert_int_equal(stack.blocks[i].irql, PASSIVE_LEVEL);
}

static void E2_dma_is_registered_before_any_memory_is_asked_for(void **state)
{
	(void)state;
	stack_open_receiving(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_true(stack.n_blocks >= 2);
	for (unsigned i = 0; i < stack.n_blocks; i++)
		assert_true(stack.blocks[i].after_dma);
}

static void E5_E14_memory_is_asked_for_by_queue_and_usage(void **state)
{
	ULONG queues[3];

	(void)state;
	stack_open_receiving(NULL);
	assert_int_equal(stack_blocks_of(0), stack.n_blocks);
	for (unsigned i = 0; i < 3; i++)
		queues[i] = ask_running(P0, i, PER_QUEUE, i, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(stack_blocks_of(queues[i]), 1);
	for (unsigned i = 0; i < stack.n_blocks; i++) {
		assert_int_equal(stack.blocks[i].usage, NdisSharedMemoryUsageReceive);   /* E14 */
		assert_true(stack.blocks[i].length >= STACK_BUFFERS * (STACK_MTU + 14));
	}
}

/* What a device may fill must be one piece; what the processor copies into need not be. */
static void E6_only_the_nics_own_memory_must_be_contiguous(void **state)
{
	(void)state;
	stack_open_receiving(NULL);
	ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned i = 0; i < stack.n_blocks; i++)
		assert_int_equal(stack.blocks[i].flags & NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS,
				 stack.blocks[i].queue ? 0 : NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS);
}

static void E10_memory_comes_with_the_allocation_complete_and_not_before(void **state)
{
	unsigned before;
	ULONG queue;

	(void)state;
	stack_open_receiving(NULL);
	before = stack.n_blocks;
	assert_int_equal(ask_allocate(P0, 1, 0, &queue, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack.n_blocks, before);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_blocks_of(queue), 1);
	assert_int_equal(ask_free(P0, queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_blocks_of(queue), 0);          /* E11 */
}

/* ---- loaned ---- */

static void U17_E5_F9_a_loaned_frame_stays_in_the_default_queues_memory(void **state)
{
	const struct stack_options o = { .keywords = loaned };
	unsigned before;
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		stack_frame(1, UNTAGGED, 60 + i);
		stack_frame(1, 5 << 13, 64 + i);
	}
	stack_open_receiving(&o);
	before = stack.n_blocks;
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(stack.n_blocks, before);             /* it has none of its own */
	atomic_store(&P0->hold, true);
	stack_flow(40);
	assert_int_equal(trace_frames_of(queue, 0), 40);
	check_held(0, 40);
	for (unsigned i = 0; i < trace.n_frames; i++)
		assert_true(trace.frames[i].intact);
	assert_int_equal(stack_outstanding(queue), 40);
	assert_int_equal(stack_outstanding(0), 0);
}

static void U17_E11_a_loaned_queue_ends_when_its_loans_are_home(void **state)
{
	const struct stack_options o = { .keywords = loaned };
	static struct free_request f;
	ULONG queue, filter;

	(void)state;
	stack_frames_to(1, 10);
	stack_open_receiving(&o);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	atomic_store(&P0->hold, true);
	stack_flow(10);
	assert_int_equal(ask_clear(P0, queue, filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	ground_settle();
	assert_false(atomic_load(&f.q.done));
	protocol_return_all(P0);
	assert_int_equal(request_wait(&f.q), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_outstanding(queue), 0);
}

/* ---- the quota ---- */

static void give_back_all_but(ULONG stuck)
{
	for (unsigned i = 0; i < protocol_held(P0);) {
		if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(P0->held[i]) == stuck)
			i++;
		else
			protocol_return(P0, i, 1, IN_ORDER, 0);
	}
}

/* One VM keeps what it gets, its neighbour gives everything back: the first loses what is
 * beyond its quota, and nobody else anything. */
static void one_keeps(const struct stack_options *o)
{
	const unsigned each = 3 * STACK_BUFFERS;
	struct miniport_queue_report kept, given;
	ULONG stuck, other;

	for (unsigned i = 0; i < each; i++)
		for (unsigned to = 0; to < 3; to++)
			stack_frame_of(to, UNTAGGED);
	stack_open_receiving(o);
	stuck = ask_running(P0, 1, PER_QUEUE, 0, VLAN_NONE_OR_ZERO, NULL);
	other = ask_running(P0, 2, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	/* No more at a time than a quota, however slowly they are given back. */
	for (unsigned come = STACK_BUFFERS; come <= each; come += STACK_BUFFERS) {
		stack_let(3 * STACK_BUFFERS);
		ground_until(({
			give_back_all_but(stuck);
			struct miniport_report all = stack_report();

			!stack_outstanding(other) && !stack_outstanding(0) &&
				all.from_nic == 3 * come &&
				all.indicated + all.drops[WIRE_DROP_QUEUE_FULL] == 3 * come;
		}));
	}
	kept = stack_queue_report(stuck);
	given = stack_queue_report(other);
	assert_int_equal(kept.indicated, STACK_BUFFERS);
	assert_int_equal(kept.outstanding, STACK_BUFFERS);
	assert_int_equal(kept.drops[WIRE_DROP_QUEUE_FULL], each - STACK_BUFFERS);
	assert_int_equal(given.indicated, each);
	assert_int_equal(given.drops[WIRE_DROP_QUEUE_FULL], 0);
	assert_int_equal(stack_queue_report(0).indicated, each);
	assert_int_equal(stack_report().from_nic, 3 * each);
	assert_int_equal(stack_report().indicated, 2 * each + STACK_BUFFERS);
}

/* Each processor has some NBLs at hand, and there is one for every buffer all the same. */
static void U17_all_placed_buffers_of_all_queues_are_out(void **state)
{
	const unsigned n = GROUND_PROCESSORS * STACK_BUFFERS;

	(void)state;
	for (unsigned i = 0; i < 3 * n; i++)
		stack_frame_of(i % GROUND_PROCESSORS, UNTAGGED);
	stack_open_receiving(&(struct stack_options){ .queues = GROUND_PROCESSORS });
	for (unsigned q = 0; q < GROUND_PROCESSORS; q++)
		ask_running(P0, q, PER_QUEUE, q, VLAN_NONE_OR_ZERO, NULL);
	for (unsigned round = 1; round <= 3; round++) {
		atomic_store(&P0->hold, true);
		stack_flow(n);
		assert_int_equal(protocol_held(P0), n);
		assert_int_equal(trace.n_frames, round * n);
		protocol_return_all(P0);
	}
	for (unsigned i = 0; i < trace.n_frames; i++)
		assert_true(trace.frames[i].intact);
}

static void U17_F23_who_keeps_placed_frames_loses_his_own_alone(void **state)
{
	(void)state;
	one_keeps(NULL);
}

static void U17_F23_who_keeps_loaned_frames_loses_his_own_alone(void **state)
{
	const struct stack_options o = { .keywords = loaned };

	(void)state;
	one_keeps(&o);
}

/* All queues keep their whole quota: the NIC still has buffers for the default queue, whose
 * last ones are lent as they run low (F26), so that it loses nothing. */
static void U17_all_loans_together_do_not_stop_the_nic(void **state)
{
	const struct stack_options o = { .keywords = loaned, .buffers = 2048, .queues = 4 };
	const unsigned each = 2048 + 200;
	ULONG queues[4];

	(void)state;
	for (unsigned i = 0; i < each; i++)
		for (unsigned to = 0; to < 5; to++)
			stack_frame_of(to, UNTAGGED);
	stack_open_receiving(&o);
	for (unsigned i = 0; i < 4; i++)
		queues[i] = ask_running(P0, i % GROUND_PROCESSORS, PER_QUEUE, i, VLAN_NONE_OR_ZERO,
					NULL);
	atomic_store(&P0->hold, true);
	stack_let(5 * each);
	ground_until(!atomic_load(&stack.let) && !stack_waiting());
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(stack_outstanding(queues[i]), 2048);
		assert_int_equal(stack_queue_report(queues[i]).drops[WIRE_DROP_QUEUE_FULL], 200);
	}
	assert_int_equal(stack_report().from_nic, 5 * each);
	assert_int_equal(stack_report().drops[WIRE_DROP_NIC_MISSED], 0);
	assert_int_equal(stack_queue_report(0).indicated, each);
	assert_int_equal(stack_queue_report(0).drops[WIRE_DROP_QUEUE_FULL], 0);
	assert_true(stack_outstanding(0) >= 2048 - 2048 / 8);
}

/* ---- as many queues as a configuration may have ---- */

static void E10_E11_a_thousand_and_twenty_four_queues_at_once(void **state)
{
	const struct stack_options o = { .queues = 1024, .buffers = 16 };
	static ULONG queues[1024];

	(void)state;
	stack_open_receiving(&o);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(ask_allocate(P0, i % GROUND_PROCESSORS, 0, &queues[i], NULL),
				 NDIS_STATUS_SUCCESS);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(ask_complete(P0, queues[i]), NDIS_STATUS_SUCCESS);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(stack_blocks_of(queues[i]), 1);
	for (unsigned i = 0; i < 1024; i++)
		assert_int_equal(ask_free(P0, queues[i]), NDIS_STATUS_SUCCESS);
	for (unsigned i = 0; i < stack.n_blocks; i++)
		assert_true(stack.blocks[i].live == !stack.blocks[i].queue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(E1_X36_a_queues_frames_lie_in_its_own_shared_memory),
		TEST(E2_dma_is_registered_before_any_memory_is_asked_for),
		TEST(E5_E14_memory_is_asked_for_by_queue_and_usage),
		TEST(E6_only_the_nics_own_memory_must_be_contiguous),
		TEST(E10_memory_comes_with_the_allocation_complete_and_not_before),
		TEST(U17_E5_F9_a_loaned_frame_stays_in_the_default_queues_memory),
		TEST(U17_E11_a_loaned_queue_ends_when_its_loans_are_home),
		TEST(U17_all_placed_buffers_of_all_queues_are_out),
		TEST(U17_F23_who_keeps_placed_frames_loses_his_own_alone),
		TEST(U17_F23_who_keeps_loaned_frames_loses_his_own_alone),
		TEST(U17_all_loans_together_do_not_stop_the_nic),
		TEST(E10_E11_a_thousand_and_twenty_four_queues_at_once),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
