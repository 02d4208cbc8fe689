/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues whose frames are split at the lookahead (NDIS 6.20), and those that are not. */
#include "stack.h"

#include <string.h>
#include <sys/mman.h>

#include "frame/frame.h"

#define P0        (&protocols[0])
#define SPLIT     NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED
#define LOOKAHEAD 96

static const struct stack_options ndis_620 = { .ndis_620 = true };

static NDIS_STATUS allocate(unsigned processor, ULONG flags, ULONG lookahead, ULONG *queue)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_1 },
		.Flags = PER_QUEUE | flags,
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << processor },
		.LookaheadSize = lookahead,
	};
	NDIS_STATUS status = request(P0, NdisRequestMethod, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &q,
				     q.Header.Size, q.Header.Size);

	*queue = q.QueueId;
	return status;
}

/* A queue that runs, for frames to 02:...:'last' without a tag, and with VLAN 7. */
static ULONG running(unsigned processor, ULONG flags, ULONG lookahead, unsigned last)
{
	ULONG queue;

	assert_int_equal(allocate(processor, flags, lookahead, &queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_filter(P0, queue, last, VLAN_NONE_OR_ZERO, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_filter(P0, queue, last, 7, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
	return queue;
}

/* The live block of queue 'id' with that usage. */
static const struct stack_block *block_of(ULONG id, NDIS_SHARED_MEMORY_USAGE usage)
{
	for (unsigned i = 0; i < stack.n_blocks; i++)
		if (stack.blocks[i].live && stack.blocks[i].queue == id && stack.blocks[i].usage == usage)
			return &stack.blocks[i];
	return NULL;
}

static bool lies_in(const struct stack_block *b, const void *address, size_t n)
{
	return (uintptr_t)address >= b->address && (uintptr_t)address + n <= b->address + b->length;
}

static char *part(const MDL *m)
{
	return MmGetSystemAddressForMdlSafe((PMDL)m, NormalPagePriority);
}

/* The wire's frame behind an NBL, found by its bytes; it is in 'bytes', without a tag. */
static unsigned wire_frame(const struct trace_frame *t, uint8_t *bytes)
{
	const struct ground_frame *f = &protocol_wire.list[t - trace.frames];
	unsigned tag = f->length >= 18 && f->bytes[12] == 0x81 && f->bytes[13] == 0 ? 4 : 0;

	memcpy(bytes, f->bytes, 12);
	memcpy(bytes + 12, f->bytes + 12 + tag, f->length - 12 - tag);
	return f->length - tag;
}

static const unsigned lengths[] = { 14, 15, 59, 60, 95, 96, 97, 98, 100, 160, 161, 512, 1513, 1514 };
#define LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

/* Each length without a tag and with one, all to one MAC, held as they came. */
static ULONG hold_all(void)
{
	ULONG queue;

	for (unsigned i = 0; i < LENGTHS; i++) {
		stack_frame(1, UNTAGGED, lengths[i]);
		stack_frame(1, 5 << 13 | 7, lengths[i] + 4);
	}
	stack_open_receiving(&ndis_620);
	queue = running(1, SPLIT, LOOKAHEAD, 1);
	atomic_store(&P0->hold, true);
	stack_flow(2 * LENGTHS);
	assert_int_equal(trace_frames_of(queue, 0), 2 * LENGTHS);
	return queue;
}

static void check_parts(const struct trace_frame *t, ULONG queue)
{
	const struct stack_block *ahead = block_of(queue, NdisSharedMemoryUsageReceiveLookahead);
	const struct stack_block *post = block_of(queue, NdisSharedMemoryUsageReceivePostLookahead);
	const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(t->nbl);
	const NET_BUFFER_SHARED_MEMORY *s = NET_BUFFER_FIRST_SHARED_MEM_INFO(nb);
	const MDL *first = NET_BUFFER_FIRST_MDL(nb), *rest = NDIS_MDL_LINKAGE(first);
	ULONG length = NET_BUFFER_DATA_LENGTH(nb), n = length < LOOKAHEAD ? length : LOOKAHEAD;
	uint8_t bytes[2000];

	assert_non_null(ahead);
	assert_non_null(post);
	assert_non_null(rest);
	assert_null(NDIS_MDL_LINKAGE(rest));                             /* F3 */
	assert_int_equal(length, wire_frame(t, bytes));
	assert_int_equal(MmGetMdlByteCount(first), n);                   /* E15 */
	assert_int_equal(MmGetMdlByteCount(rest), length - n);
	assert_memory_equal(part(first), bytes, n);
	assert_memory_equal(part(rest), bytes + n, length - n);
	/* The NBL itself, its mbuf and the lookahead are the host's alone. */
	assert_true(lies_in(ahead, part(first), n));
	assert_true(lies_in(ahead, t->nbl, sizeof(*t->nbl)));
	assert_true(lies_in(ahead, rest, sizeof(*rest)));
	assert_true(lies_in(post, part(rest), length - n));
	/* F9: two linked records, each within the block that its handle names. */
	assert_ptr_equal(s->SharedMemoryHandle, ahead->handle);
	assert_int_equal((uintptr_t)part(first) - ahead->address, s->SharedMemoryOffset);
	assert_true((ULONG64)s->SharedMemoryOffset + s->SharedMemoryLength <= ahead->length);
	assert_true(n <= s->SharedMemoryLength);
	s = s->NextSharedMemorySegment;
	assert_non_null(s);
	assert_null(s->NextSharedMemorySegment);
	assert_ptr_equal(s->SharedMemoryHandle, post->handle);
	assert_int_equal((uintptr_t)part(rest) - post->address, s->SharedMemoryOffset);
	assert_true((ULONG64)s->SharedMemoryOffset + s->SharedMemoryLength <= post->length);
	assert_true(length - n <= s->SharedMemoryLength);
}

static void E15_F19_X18_F3_F9_every_frame_is_split_at_the_lookahead(void **state)
{
	ULONG queue;

	(void)state;
	queue = hold_all();
	for (unsigned i = 0; i < trace.n_frames; i++) {
		assert_int_equal(trace.frames[i].vlan, i % 2 ? 7 : 0);
		check_parts(&trace.frames[i], queue);
	}
}

static void E14_the_parts_are_asked_for_by_their_usage(void **state)
{
	ULONG queue, whole;

	(void)state;
	stack_open_receiving(&ndis_620);
	queue = running(1, SPLIT, LOOKAHEAD, 1);
	whole = running(2, 0, 0, 2);
	assert_int_equal(stack_blocks_of(queue), 2);
	assert_non_null(block_of(queue, NdisSharedMemoryUsageReceiveLookahead));
	assert_non_null(block_of(queue, NdisSharedMemoryUsageReceivePostLookahead));
	assert_int_equal(stack_blocks_of(whole), 1);
	assert_non_null(block_of(whole, NdisSharedMemoryUsageReceive));
}

/* The backfill is there for every frame, belongs to no other, and makes it whole. */
static void E16_the_backfill_holds_the_lookahead_of_every_frame(void **state)
{
	const struct stack_block *post;
	uintptr_t before = 0;
	ULONG queue;

	(void)state;
	queue = hold_all();
	post = block_of(queue, NdisSharedMemoryUsageReceivePostLookahead);
	assert_non_null(post);
	for (unsigned i = 0; i < trace.n_frames; i++) {
		const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(trace.frames[i].nbl);
		const MDL *first = NET_BUFFER_FIRST_MDL(nb), *rest = NDIS_MDL_LINKAGE(first);

		assert_true(lies_in(post, part(rest) - LOOKAHEAD, LOOKAHEAD));
		/* Of whoever may lie in front: the stack gives the last buffer first. */
		if (before)
			assert_true(before - (uintptr_t)part(rest) >= LOOKAHEAD + STACK_MTU + 14);
		before = (uintptr_t)part(rest);
	}
	for (unsigned i = 0; i < trace.n_frames; i++) {
		struct rte_mbuf *m = frame_mbuf(trace.frames[i].nbl);
		uint8_t bytes[2000];
		unsigned n = wire_frame(&trace.frames[i], bytes);

		assert_true(frame_join(m));
		assert_int_equal(m->data_len, n);
		assert_int_equal(m->pkt_len, n);
		assert_true(lies_in(post, rte_pktmbuf_mtod(m, void *), n));
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), bytes, n);
	}
	/* What was joined is split again when its buffer comes round. */
	for (unsigned i = 0; i < trace.n_frames; i++)
		check_parts(&trace.frames[i], queue);
}

static void E16_a_joined_buffer_is_used_again(void **state)
{
	const unsigned n = 3 * STACK_BUFFERS;
	ULONG queue;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frame(1, UNTAGGED, 60 + 7 * i);
	stack_open_receiving(&ndis_620);
	queue = running(1, SPLIT, LOOKAHEAD, 1);
	atomic_store(&P0->hold, true);
	for (unsigned i = 0; i < n; i += STACK_BUFFERS) {
		stack_flow(STACK_BUFFERS);
		assert_int_equal(protocol_held(P0), STACK_BUFFERS);
		for (unsigned k = i; k < i + STACK_BUFFERS; k++) {
			check_parts(&trace.frames[k], queue);
			assert_true(frame_join(frame_mbuf(trace.frames[k].nbl)));
		}
		if (i)
			protocol_return_all(P0);
		else
			protocol_return_on(P0, 1, 0, STACK_BUFFERS);   /* on its own processor */
		ground_until(!stack_outstanding(queue));
	}
}

static void E17_the_first_buffer_is_as_long_as_the_lookahead(void **state)
{
	static const ULONG sizes[] = { 64, 65, 128, 256 };

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		stack_frame(i, UNTAGGED, 1000);
	stack_open_receiving(&ndis_620);
	for (unsigned i = 0; i < 4; i++)
		running(i, SPLIT, sizes[i], i);
	atomic_store(&P0->hold, true);
	stack_flow(4);
	for (unsigned i = 0; i < 4; i++) {
		const struct trace_frame *t = trace_frame_of(i);
		const NET_BUFFER *nb = NET_BUFFER_LIST_FIRST_NB(t->nbl);

		assert_int_equal(MmGetMdlByteCount(NET_BUFFER_FIRST_MDL(nb)), sizes[i]);
		assert_int_equal(NET_BUFFER_FIRST_SHARED_MEM_INFO(nb)->SharedMemoryLength, sizes[i]);
	}
}

/* Either part, or both, may lie in any memory: a provider's mapping instead of NDIS's. */
static void E18_X16_it_does_not_matter_where_a_part_lies(void **state)
{
	ULONG queue;

	(void)state;
	for (unsigned which = NdisSharedMemoryUsageReceiveLookahead;
	     which <= NdisSharedMemoryUsageReceivePostLookahead; which++) {
		trace_clear();
		atomic_store(&stack.memory_elsewhere, (int)which);
		queue = hold_all();
		assert_non_null(block_of(queue, which)->elsewhere);
		for (unsigned i = 0; i < trace.n_frames; i++) {
			check_parts(&trace.frames[i], queue);
			assert_true(frame_join(frame_mbuf(trace.frames[i].nbl)));
		}
		stack_close();
		ground_frames_free(&stack.out);
		ground_frames_free(&protocol_wire);
	}
}

/* F10: said once for each buffer, whatever the frame in it. */
static void F10_the_records_stay_the_same_for_a_buffer(void **state)
{
	NET_BUFFER_SHARED_MEMORY once[2];
	PNET_BUFFER_LIST nbl = NULL;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		stack_frame(1, UNTAGGED, 60 + 200 * i);
	stack_open_receiving(&ndis_620);
	running(1, SPLIT, LOOKAHEAD, 1);
	atomic_store(&P0->hold, true);
	for (unsigned i = 0; i < 6; i++) {
		const NET_BUFFER_SHARED_MEMORY *s;

		stack_flow(1);
		assert_int_equal(protocol_held(P0), 1);
		s = NET_BUFFER_FIRST_SHARED_MEM_INFO(NET_BUFFER_LIST_FIRST_NB(P0->held[0]));
		if (!i) {
			nbl = P0->held[0];
			once[0] = *s;
			once[1] = *s->NextSharedMemorySegment;
		}
		assert_ptr_equal(P0->held[0], nbl);   /* the last one home is the next one out */
		assert_memory_equal(s, &once[0], sizeof(once[0]));
		assert_memory_equal(s->NextSharedMemorySegment, &once[1], sizeof(once[1]));
		protocol_return_on(P0, 1, 0, 1);
		ground_until(!stack_report().indicated || !stack_outstanding(1));
	}
}

static void E8_E11_both_parts_are_freed_with_the_queue(void **state)
{
	ULONG queue;

	(void)state;
	stack_open_receiving(&ndis_620);
	assert_int_equal(allocate(1, SPLIT, LOOKAHEAD, &queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_blocks_of(queue), 2);
	assert_int_equal(ask_free(P0, queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_blocks_of(queue), 0);
	/* No memory for the second part: none is left of the first (E3). */
	atomic_store(&stack.refuse_usage, NdisSharedMemoryUsageReceivePostLookahead);
	assert_int_equal(allocate(1, SPLIT, LOOKAHEAD, &queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_RESOURCES);
	assert_int_equal(stack_blocks_of(queue), 0);
	atomic_store(&stack.refuse_usage, 0);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
}

static void E12_no_part_is_freed_while_a_frame_is_out(void **state)
{
	static struct free_request f;
	ULONG queue, filter;

	(void)state;
	stack_frames_to(1, 4);
	stack_open_receiving(&ndis_620);
	assert_int_equal(allocate(1, SPLIT, LOOKAHEAD, &queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, &filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(P0, queue), NDIS_STATUS_SUCCESS);
	atomic_store(&P0->hold, true);
	stack_flow(4);
	assert_int_equal(protocol_held(P0), 4);
	assert_int_equal(ask_clear(P0, queue, filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	ground_settle();
	assert_int_equal(stack_blocks_of(queue), 2);
	protocol_return(P0, 0, 3, IN_ORDER, 0);
	ground_settle();
	assert_int_equal(stack_blocks_of(queue), 2);
	protocol_return_all(P0);
	assert_int_equal(request_wait(&f.q), NDIS_STATUS_SUCCESS);
	assert_int_equal(stack_blocks_of(queue), 0);
}

/* ---- what is not split ---- */

static void X21_C34_a_size_of_zero_is_no_split(void **state)
{
	ULONG queue;

	(void)state;
	stack_frame(1, UNTAGGED, 1000);
	stack_open_receiving(&ndis_620);
	queue = running(1, SPLIT, 0, 1);
	stack_flow(1);
	assert_int_equal(trace_queue_of(0), queue);
	assert_int_equal(trace.frames[0].mdls, 1);
	assert_int_equal(trace.frames[0].segments, 1);
	assert_non_null(block_of(queue, NdisSharedMemoryUsageReceive));
}

static void C34_sizes_that_are_refused(void **state)
{
	static const struct { ULONG flags, size; } wrong[] = {
		{ 0, LOOKAHEAD }, { SPLIT, 63 }, { SPLIT, 257 },
		{ SPLIT, 0x10000 + LOOKAHEAD }, { SPLIT, ~0u },
	};
	ULONG queue;

	(void)state;
	stack_open_receiving(&ndis_620);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(allocate(1, wrong[i].flags, wrong[i].size, &queue),
				 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(allocate(1, SPLIT, 64, &queue), NDIS_STATUS_SUCCESS);
	assert_int_equal(allocate(1, SPLIT, 256, &queue), NDIS_STATUS_SUCCESS);
}

static void E20_C34_ndis_630_never_splits(void **state)
{
	ULONG queue;

	(void)state;
	stack_frame(1, UNTAGGED, 1000);
	stack_open_receiving(NULL);
	queue = running(1, SPLIT, 0, 1);
	stack_flow(1);
	assert_int_equal(trace_queue_of(0), queue);
	assert_int_equal(trace.frames[0].mdls, 1);
	assert_int_equal(trace.frames[0].segments, 1);
	for (unsigned i = 0; i < stack.n_blocks; i++)
		assert_int_equal(stack.blocks[i].usage, NdisSharedMemoryUsageReceive);
}

/* ---- the quota ---- */

static void U17_F23_who_keeps_split_frames_loses_his_own_alone(void **state)
{
	const unsigned each = 3 * STACK_BUFFERS;
	struct miniport_queue_report kept, given;
	ULONG stuck, other;

	(void)state;
	for (unsigned i = 0; i < 2 * each; i++)
		stack_frame_of(i % 2, UNTAGGED);
	stack_open_receiving(&ndis_620);
	stuck = running(1, SPLIT, LOOKAHEAD, 0);
	other = running(2, SPLIT, LOOKAHEAD, 1);
	atomic_store(&P0->hold, true);
	stack_let(2 * each);
	ground_until(({
		for (unsigned i = 0; i < protocol_held(P0);) {
			if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(P0->held[i]) == stuck)
				i++;
			else
				protocol_return(P0, i, 1, IN_ORDER, 0);
		}
		!atomic_load(&stack.let) && !stack_waiting() && !stack_outstanding(other);
	}));
	kept = stack_queue_report(stuck);
	given = stack_queue_report(other);
	assert_int_equal(kept.indicated, STACK_BUFFERS);
	assert_int_equal(kept.drops[WIRE_DROP_QUEUE_FULL], each - STACK_BUFFERS);
	assert_int_equal(given.indicated, each);
	assert_int_equal(given.bytes, 100 * each);
	assert_int_equal(stack_report().from_nic, 2 * each);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(E15_F19_X18_F3_F9_every_frame_is_split_at_the_lookahead),
		TEST(E14_the_parts_are_asked_for_by_their_usage),
		TEST(E16_the_backfill_holds_the_lookahead_of_every_frame),
		TEST(E16_a_joined_buffer_is_used_again),
		TEST(E17_the_first_buffer_is_as_long_as_the_lookahead),
		TEST(E18_X16_it_does_not_matter_where_a_part_lies),
		TEST(F10_the_records_stay_the_same_for_a_buffer),
		TEST(E8_E11_both_parts_are_freed_with_the_queue),
		TEST(E12_no_part_is_freed_while_a_frame_is_out),
		TEST(X21_C34_a_size_of_zero_is_no_split),
		TEST(C34_sizes_that_are_refused),
		TEST(E20_C34_ndis_630_never_splits),
		TEST(U17_F23_who_keeps_split_frames_loses_his_own_alone),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
