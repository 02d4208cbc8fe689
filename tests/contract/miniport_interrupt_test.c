/* SPDX-License-Identifier: BSD-2-Clause */
/* The miniport's processors and their interrupt messages (H.3). */
#include <string.h>

#include "hardware.h"
#include "stack.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define INVALID NDIS_STATUS_INVALID_PARAMETER

static int setup(void **state)
{
	hardware_watch();
	return stack_setup(state);
}

/* ALLOCATE_QUEUE with an affinity of several processors. */
static NDIS_STATUS allocate(KAFFINITY mask, ULONG *queue, ULONG *entry)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2 },
		.Flags = PER_QUEUE,
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = mask },
	};
	NDIS_STATUS status = request(P0, NdisRequestMethod, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &q,
				     q.Header.Size, q.Header.Size);

	*queue = q.QueueId;
	*entry = q.MSIXTableEntry;
	return status;
}

/* The processor on which frame 'index' was indicated. */
static unsigned processor_of(uint32_t index)
{
	return trace.events[trace_frame_of(index)->event].processor;
}

/* Every frame of that queue so far came on that processor, and there are some. */
static void assert_all_on(ULONG queue, unsigned processor, unsigned from)
{
	unsigned n = 0;

	for (unsigned f = from; f < trace.n_frames; f++)
		if (trace.frames[f].queue == queue) {
			assert_int_equal(trace.events[trace.frames[f].event].processor, processor);
			n++;
		}
	assert_true(n > 0);
}

/* ---- messages ---- */

static void H22_msix_with_an_entry_of_the_table_for_each_queue(void **state)
{
	NDIS_RECEIVE_QUEUE_INFO info;
	ULONG queue, entry;

	(void)state;
	stack_open(NULL);
	assert_int_equal(hardware.registered, 1);
	assert_true(hardware.messages_supported);
	assert_true(hardware.current.SupportedQueueProperties & NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED);
	for (unsigned q = 0; q < STACK_QUEUES; q++) {
		unsigned processor = q % GROUND_PROCESSORS;

		assert_int_equal(ask_allocate(P0, processor, 0, &queue, &entry), OK);
		assert_true(entry < hardware.n_messages);
		assert_int_equal(hardware.processor_of[entry], processor);
		assert_int_equal(hardware.connected[entry], 1);
		assert_true(ask_info(P0, queue, &info));
		assert_int_equal(info.MSIXTableEntry, entry);
	}
}

static NDIS_STATUS mask_entry(ULONG entry, bool masked)
{
	NDIS_MSIX_CONFIG_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_MSIX_CONFIG_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MSIX_CONFIG_PARAMETERS_REVISION_1 },
		.ConfigOperation = masked ? NdisMSIXTableConfigMaskTableEntry :
					    NdisMSIXTableConfigUnmaskTableEntry,
		.TableEntry = entry,
	};

	return NdisMConfigMSIXTableEntry(hardware.adapter, &p);
}

/* The entry that a queue names is what raises it, and it alone of two. */
static void H22_a_masked_entry_silences_its_queue(void **state)
{
	ULONG queues[2], entries[2];

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		stack_frame_of(1 + i % 2, UNTAGGED);
	stack_open_receiving(NULL);
	for (unsigned q = 0; q < 2; q++) {
		assert_int_equal(ask_allocate(P0, q + 1, PER_QUEUE, &queues[q], &entries[q]), OK);
		assert_int_equal(ask_filter(P0, queues[q], q + 1, VLAN_NONE_OR_ZERO, NULL), OK);
		assert_int_equal(ask_complete(P0, queues[q]), OK);
	}
	assert_int_not_equal(entries[0], entries[1]);
	assert_int_equal(mask_entry(entries[0], true), OK);
	stack_let(20);
	ground_until(trace_frames_of(queues[1], 0) == 10);
	ground_settle();
	assert_int_equal(trace_frames_of(queues[0], 0), 0);
	assert_int_equal(mask_entry(entries[0], false), OK);
	ground_until(trace_frames_of(queues[0], 0) == 10);
	assert_all_on(queues[0], 1, 0);
}

static void H10_queues_of_one_processor_share_a_vector_and_a_dpc(void **state)
{
	ULONG queues[3], entries[3];
	const struct trace_event *last = NULL;
	unsigned shared = 0;

	(void)state;
	for (unsigned i = 0; i < 90; i++)
		stack_frame_of(i % 3, UNTAGGED);
	stack_open_receiving(NULL);
	for (unsigned q = 0; q < 3; q++) {
		assert_int_equal(ask_allocate(P0, 2, PER_QUEUE, &queues[q], &entries[q]), OK);
		assert_int_equal(ask_filter(P0, queues[q], q, VLAN_NONE_OR_ZERO, NULL), OK);
		assert_int_equal(ask_complete(P0, queues[q]), OK);
		assert_int_equal(entries[q], entries[0]);
	}
	assert_int_equal(hardware_connected_to(2), 1);
	stack_flow(90);
	for (unsigned e = 0; e < trace.n_events; e++) {
		const struct trace_event *now = &trace.events[e];

		if (now->kind != TRACE_RECEIVE)
			continue;
		assert_int_equal(now->processor, 2);
		/* Two calls in one round of the processor are of one DPC. */
		shared += last && now->round == last->round &&
			  trace.frames[now->first].queue != trace.frames[last->first].queue;
		last = now;
	}
	assert_true(shared > 0);
}

static void H24_a_vector_for_each_processor_however_many_queues(void **state)
{
	(void)state;
	for (unsigned queues = 1; queues <= 1024; queues *= 4) {
		hardware_watch();
		stack_open(&(struct stack_options){ .queues = queues });
		for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
			assert_int_equal(hardware_connected_to(p), 1);
		assert_in_range(hardware_connected(), GROUND_PROCESSORS, GROUND_PROCESSORS + 2);
		stack_close();
		ground_frames_free(&stack.out);
	}
}

/* The smallest number of vectors for so many queues; up to 16, as many as processors. */
static unsigned least_vectors(unsigned queues)
{
	return queues <= 16 ? queues : queues <= 64 ? 16 : 32;
}

static void H25_vectors_enough_for_the_number_of_queues(void **state)
{
	static const unsigned counts[] = { 1, 16, 17, 64, 65, 1024 };

	(void)state;
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		hardware_watch();
		for (unsigned p = 0; p < HARDWARE_MESSAGES; p++)
			hardware_add_processor(p, 0);
		stack_open(&(struct stack_options){ .queues = counts[i] });
		assert_true(hardware_connected() >= least_vectors(counts[i]));
		stack_close();
		ground_frames_free(&stack.out);
	}
}

/* ---- processors ---- */

static void H23_the_set_that_ndis_gives_and_no_other(void **state)
{
	ULONG queue, entry;

	(void)state;
	hardware_add_processor(1, 0);
	hardware_add_processor(3, 0);
	for (unsigned i = 0; i < 40; i++)
		stack_frame_of(i % 2, UNTAGGED);
	stack_open_receiving(NULL);
	/* Once for the size, once for the set. */
	assert_int_equal(hardware.set_asked, 2);
	assert_int_equal(hardware.set_asked_size, 1);
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++) {
		bool in_set = p & 1;

		assert_int_equal(hardware_connected_to(p), in_set);
		assert_int_equal(ask_allocate(P0, p, 0, &queue, &entry), in_set ? OK : INVALID);
		if (in_set)
			assert_int_equal(hardware.processor_of[entry], p);
	}
	queue = ask_running(P0, 3, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_move(P0, queue, 2), INVALID);
	stack_flow(20);
	assert_all_on(0, 1, 0);
	assert_all_on(queue, 3, 0);
	assert_int_equal(ask_move(P0, queue, 1), OK);
	unsigned from = trace.n_frames;

	stack_flow(20);
	assert_all_on(0, 1, from);
	assert_all_on(queue, 1, from);
}

/* The NIC and the default queue go where NDIS would rather have them. */
static void H28_the_preferred_processor_comes_first(void **state)
{
	(void)state;
	hardware_add_processor(0, 5);
	hardware_add_processor(1, 3);
	hardware_add_processor(2, 1);
	hardware_add_processor(3, 3);
	stack_frames_to(9, 10);
	stack_open_receiving(NULL);
	stack_flow(10);
	assert_all_on(0, 2, 0);
}

static void H29_of_several_processors_the_lowest_that_is_in_the_set(void **state)
{
	static const struct { KAFFINITY mask; unsigned processor; } rows[] = {
		{ 0xf, 1 }, { 0xc, 2 }, { 0x9, 3 }, { 0x6, 1 }, { 0x8, 3 },
	};
	unsigned n = sizeof(rows) / sizeof(rows[0]);
	ULONG queue, entry;

	(void)state;
	for (unsigned p = 1; p < GROUND_PROCESSORS; p++)
		hardware_add_processor(p, GROUND_PROCESSORS - p);
	for (unsigned i = 0; i < n; i++)
		stack_frames_to(i, 10);
	stack_open_receiving(NULL);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(allocate(rows[i].mask, &queue, &entry), OK);
		assert_int_equal(hardware.processor_of[entry], rows[i].processor);
		assert_int_equal(ask_filter(P0, queue, i, VLAN_NONE_OR_ZERO, NULL), OK);
		assert_int_equal(ask_complete(P0, queue), OK);
		stack_flow(10);
		assert_all_on(queue, rows[i].processor, 0);
	}
	assert_int_equal(allocate(0x1, &queue, &entry), INVALID);
}

/* ---- where the DPC runs ---- */

static void H26_a_queues_dpc_runs_on_its_processor(void **state)
{
	ULONG queues[GROUND_PROCESSORS];

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		stack_frame_of(i % GROUND_PROCESSORS, UNTAGGED);
	stack_open_receiving(NULL);
	for (unsigned q = 0; q < GROUND_PROCESSORS; q++)
		queues[q] = ask_running(P0, q, PER_QUEUE, q, VLAN_NONE_OR_ZERO, NULL);
	stack_flow(200);
	for (unsigned i = 0; i < 200; i++) {
		const struct trace_frame *f = trace_frame_of(i);

		assert_int_equal(f->queue, queues[i % GROUND_PROCESSORS]);
		assert_int_equal(processor_of(i), i % GROUND_PROCESSORS);
		assert_int_equal(trace.events[f->event].irql, DISPATCH_LEVEL);
	}
}

/* The entry of the new processor raises it, and that of the old one no more. */
static void H27_a_moved_queue_is_raised_by_the_entry_of_its_new_processor(void **state)
{
	ULONG queue, other, entry, entry_of_other;

	(void)state;
	stack_frames_to(1, 20);
	stack_open_receiving(NULL);
	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &queue, &entry), OK);
	assert_int_equal(ask_allocate(P0, 2, PER_QUEUE, &other, &entry_of_other), OK);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), OK);
	assert_int_equal(ask_complete(P0, queue), OK);
	stack_flow(10);
	assert_all_on(queue, 1, 0);
	assert_int_equal(ask_move(P0, queue, 2), OK);
	assert_int_equal(mask_entry(entry, true), OK);
	unsigned from = trace.n_frames;

	stack_flow(10);
	assert_all_on(queue, 2, from);
	assert_int_equal(trace_frames_of(queue, 0), 20);
	assert_int_equal(mask_entry(entry, false), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(H10_queues_of_one_processor_share_a_vector_and_a_dpc),
		TEST(H22_msix_with_an_entry_of_the_table_for_each_queue),
		TEST(H22_a_masked_entry_silences_its_queue),
		TEST(H23_the_set_that_ndis_gives_and_no_other),
		TEST(H24_a_vector_for_each_processor_however_many_queues),
		TEST(H25_vectors_enough_for_the_number_of_queues),
		TEST(H26_a_queues_dpc_runs_on_its_processor),
		TEST(H27_a_moved_queue_is_raised_by_the_entry_of_its_new_processor),
		TEST(H28_the_preferred_processor_comes_first),
		TEST(H29_of_several_processors_the_lowest_that_is_in_the_set),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
