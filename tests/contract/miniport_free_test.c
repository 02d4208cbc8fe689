/* SPDX-License-Identifier: BSD-2-Clause */
/* FREE_QUEUE in its steps, the pause, and the flow of the requests themselves (G, E, I). */
#include "stack.h"

#include <pthread.h>
#include <string.h>

#include "kernel/kernel.h"

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS

/* ---- FREE ---- */

static ULONG64 hash_of_block(ULONG queue)
{
	ULONG64 h = 0xcbf29ce484222325;

	for (unsigned i = 0; i < stack.n_blocks; i++)
		for (ULONG b = 0; stack.blocks[i].live && stack.blocks[i].queue == queue &&
				  b < stack.blocks[i].length; b++)
			h = (h ^ ((const uint8_t *)stack.blocks[i].address)[b]) * 0x100000001b3;
	return h;
}

static void G3_G4_G5_G6_G7_U14_E11_E12_the_order_of_a_free(void **state)
{
	ULONG queue, filter;
	static struct free_request f;
	unsigned asked, stopped, freed, done;
	ULONG64 before;

	(void)state;
	stack_frames_to(1, 40);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	atomic_store(&P0->hold, true);
	stack_flow(20);
	assert_int_equal(protocol_held(P0), 20);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	asked = trace.n_events;
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	before = hash_of_block(queue);
	ground_until(trace_about(TRACE_STATUS, queue, asked) != TRACE_EVENTS);
	stopped = trace_about(TRACE_STATUS, queue, asked);
	assert_int_equal(trace.events[stopped].state, NdisReceiveQueueOperationalStateDmaStopped);
	atomic_store(&P0->hold, false);
	stack_flow(20);                                       /* G3: to where they do not go */
	assert_true(hash_of_block(queue) == before);
	atomic_store(&P0->hold, true);
	protocol_return(P0, 0, 19, REVERSED, 0);              /* all but one */
	ground_settle();
	assert_false(atomic_load(&f.q.done));                 /* G5 */
	assert_int_equal(stack_blocks_of(queue), 1);          /* E12 */
	assert_memory_equal((const uint8_t *)trace.frames[19].data, protocol_wire.list[19].bytes, 100);
	protocol_return(P0, 0, 1, IN_ORDER, 0);
	assert_int_equal(request_wait(&f.q), OK);             /* G7 */
	freed = trace_about(TRACE_MEMORY_FREED, queue, asked);
	done = trace_oid_done(OID_RECEIVE_FILTER_FREE_QUEUE, asked);
	assert_true(stopped < freed && freed < done);         /* G4 < G6 < G7, E11 */
	assert_int_equal(trace_queue_states(0), 1);             /* G4: once */
	assert_int_equal(stack_blocks_of(queue), 0);
	assert_int_equal(ask_state(P0, queue), -1);
}

static void E8_E9_memory_is_freed_at_passive_level_with_its_own_handle(void **state)
{
	ULONG queue, filter;
	static struct free_request f;
	unsigned freed = 0;

	(void)state;
	stack_frames_to(1, 3);
	stack_open_receiving(NULL);
	/* The last NBL comes back at DISPATCH_LEVEL: as the queue's processor, and as another. */
	for (unsigned where = 1; where < 3; where++) {
		queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
		atomic_store(&P0->hold, true);
		stack_flow(1);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		ask_free_start(&f, P0, queue);
		protocol_return_on(P0, where, 0, 1);
		assert_int_equal(request_wait(&f.q), OK);
	}
	stack_close();
	for (unsigned i = 0; i < stack.n_blocks; i++) {
		assert_false(stack.blocks[i].live);
		assert_true(stack.blocks[i].adapter_matches);
		assert_int_equal(stack.blocks[i].irql_of_free, PASSIVE_LEVEL);
		freed += stack.blocks[i].queue != 0;
	}
	assert_int_equal(freed, 2);
}

/* The default queue's memory lives as long as the adapter (E11). */
static void E11_the_default_queues_memory_goes_with_the_adapter(void **state)
{
	ULONG queue, filter;

	(void)state;
	stack_open_receiving(NULL);
	assert_int_equal(stack_blocks_of(0), 1);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free(P0, queue), OK);
	assert_int_equal(stack_blocks_of(0), 1);
}

static void G10_I25_while_a_free_waits_other_oids_wait_and_returns_work(void **state)
{
	static struct free_request f;
	static ULONG nothing;
	ULONG queue, filter;
	static struct request other;

	(void)state;
	stack_frames_to(1, 1);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	atomic_store(&P0->hold, true);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
	assert_int_equal(request_start(&other, P0, NdisRequestSetInformation,
				       OID_GEN_CURRENT_PACKET_FILTER, &nothing, sizeof(nothing), 0),
			 NDIS_STATUS_PENDING);
	ground_settle();
	assert_false(atomic_load(&other.done));
	assert_false(atomic_load(&f.q.done));
	protocol_return_all(P0);
	assert_int_equal(request_wait(&f.q), OK);
	assert_int_equal(request_wait(&other), OK);
}

/* Who sees an OID end that waited for a FREE has seen the FREE end: an ALLOCATE may get
 * the id that was freed. */
static void G7_I25_a_waiting_oid_ends_after_the_free(void **state)
{
	static struct free_request f;
	static struct request other;
	static ULONG all = NDIS_PACKET_TYPE_PROMISCUOUS;

	(void)state;
	stack_frames_to(1, 100);
	stack_open_receiving(NULL);
	for (unsigned i = 0; i < 100; i++) {
		ULONG queue, filter;
		unsigned before;

		queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
		atomic_store(&P0->hold, true);
		stack_flow(1);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		before = trace.n_events;
		assert_int_equal(ask_free_start(&f, P0, queue), NDIS_STATUS_PENDING);
		assert_int_equal(request_start(&other, P0, NdisRequestSetInformation,
					       OID_GEN_CURRENT_PACKET_FILTER, &all, sizeof(all), 0),
				 NDIS_STATUS_PENDING);
		protocol_return_all(P0);
		assert_int_equal(request_wait(&f.q), OK);
		assert_int_equal(request_wait(&other), OK);
		assert_true(trace_oid_done(OID_RECEIVE_FILTER_FREE_QUEUE, before) <
			    trace_oid_done(OID_GEN_CURRENT_PACKET_FILTER, before));
	}
}

/* The only queue there is, used again: what waited for its old owner is nobody's. */
static void G14_a_reused_id_brings_nothing_of_its_past(void **state)
{
	ULONG queue, filter, again, past;

	(void)state;
	stack_frames_to(1, 300);
	stack_frames_to(2, 50);
	stack_open_receiving(&(struct stack_options){ .queues = 1 });
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	atomic_store(&P0->hold, true);
	stack_let(300);
	ground_until(stack_outstanding(queue) == STACK_BUFFERS && !atomic_load(&stack.let));
	assert_int_not_equal(stack_waiting(), 0);
	atomic_store(&P0->hold, false);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	past = trace_frames_of(queue, 0);
	protocol_return_all(P0);
	assert_int_equal(ask_free(P0, queue), OK);
	assert_int_equal(trace_frames_of(queue, 0), past);
	trace_clear();
	again = ask_running(P0, 3, PER_QUEUE, 2, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(again, queue);
	stack_flow(50);
	assert_int_equal(trace.n_frames, 50);
	for (unsigned i = 0; i < 50; i++) {
		assert_int_equal(trace.frames[i].queue, again);
		assert_int_equal(trace.frames[i].index, 300 + i);
		assert_int_equal(trace.events[trace.frames[i].event].processor, 3);
	}
}

/* Over and over, every id, frames flowing: nothing leaks, every FREE ends. */
static void G7_G14_many_lives_of_many_queues(void **state)
{
	unsigned n = 20000, lives = 0;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		stack_frames_to(i % 5, 1);
	stack_open_receiving(&(struct stack_options){ .queues = 4 });
	stack_let(n);
	for (; atomic_load(&stack.let) || lives < 40; lives++) {
		ULONG queue, filter;

		queue = ask_running(P0, lives % GROUND_PROCESSORS, lives & 1, lives % 5,
				    VLAN_NONE_OR_ZERO, &filter);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		assert_int_equal(ask_free(P0, queue), OK);
		assert_int_equal(stack_blocks_of(queue), 0);
	}
	stack_flow(0);
	assert_int_equal(trace_queue_states(0), lives);
	for (unsigned i = 0; i < trace.n_frames; i++)
		assert_true(trace.frames[i].intact);
}

/* ---- pause ---- */

static atomic_bool paused;

static void *pause_adapter(void *arg)
{
	ndis_adapter_pause(arg);
	atomic_store(&paused, true);
	return NULL;
}

/* An NBL of a VM queue that is out keeps the pause waiting. */
static void I18_a_pause_waits_for_every_nbl(void **state)
{
	unsigned frames;
	pthread_t thread;
	ULONG queue;

	(void)state;
	stack_frames_to(1, 30);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	stack_flow(3);
	atomic_store(&paused, false);
	assert_int_equal(pthread_create(&thread, NULL, pause_adapter, stack.adapter), 0);
	ground_settle();
	assert_false(atomic_load(&paused));
	frames = trace.n_frames;
	stack_let(20);                                   /* the wire goes on: nothing comes of it */
	protocol_return(P0, 0, 2, IN_ORDER, 0);
	ground_settle();
	assert_false(atomic_load(&paused));
	assert_int_equal(stack_blocks_of(queue), 1);     /* nor is anything released */
	protocol_return_all(P0);
	ground_until(atomic_load(&paused));
	pthread_join(thread, NULL);
	ground_settle();
	assert_int_equal(trace.n_frames, frames);        /* F18 */
	/* OIDs work in the Paused state. */
	assert_int_equal(ask_state(P0, queue), NdisReceiveQueueOperationalStateRunning);
	assert_int_equal(ask_filter(P0, queue, 2, VLAN_NONE_OR_ZERO, NULL), OK);
	atomic_store(&stack.let, 0);
}

/* A queue that runs brings nothing while the adapter is paused; it and its filters are as
 * they were when the adapter runs again. */
static void C17_U9_a_pause_stops_a_queue_and_leaves_it_as_it_is(void **state)
{
	NDIS_RECEIVE_QUEUE_INFO info;
	struct error err = { "" };
	ULONG queue, filter;

	(void)state;
	stack_frames_to(1, 30);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	stack_flow(10);
	assert_int_equal(trace_frames_of(queue, 0), 10);
	ground_until(!stack_outstanding(queue));
	ndis_adapter_pause(stack.adapter);
	stack_let(10);
	ground_settle();
	assert_int_equal(trace.n_frames, 10);
	assert_int_equal(ask_state(P0, queue), NdisReceiveQueueOperationalStateRunning);
	atomic_store(&stack.let, 0);
	assert_int_equal(ndis_adapter_restart(stack.adapter, &err), 0);
	stack_flow(20);
	assert_int_equal(trace_frames_of(queue, 0), 30);   /* the wire kept those of the pause */
	assert_true(ask_info(P0, queue, &info));
	assert_int_equal(info.NumFilters, 1);
	assert_int_equal(trace_queue_states(0), 0);
	assert_int_equal(ask_clear(P0, queue, filter), OK);
}

/* ---- the flow of requests ---- */

static void issue_another(struct request *q)
{
	static ULONG value = NDIS_PACKET_TYPE_PROMISCUOUS;
	static struct request inner;

	inner.then = NULL;
	request_start(&inner, q->protocol, NdisRequestSetInformation, OID_GEN_CURRENT_PACKET_FILTER,
		      &value, sizeof(value), 0);
}

static void I26_every_request_ends_exactly_once(void **state)
{
	static struct free_request f;

	(void)state;
	stack_open_receiving(NULL);
	/* CLEAR and FREE pend and may end before NdisOidRequest returns; the rest is answered
	 * at once. Both ways are watched by the protocol: twice, or not at all, is fatal. */
	for (unsigned i = 0; i < 100; i++) {
		ULONG queue, filter;

		queue = ask_running(P0, i % 4, 0, 1, VLAN_NONE_OR_ZERO, &filter);
		assert_int_equal(ask_move(P0, queue, (i + 1) % 4), OK);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		f.parameters.QueueId = queue;
		ask_free_start(&f, P0, queue);
		assert_int_equal(request_wait(&f.q), OK);
	}
	assert_int_equal(trace_count(TRACE_OID, 0), trace_count(TRACE_OID_DONE, 0));
}

static void I25_I26_a_request_from_inside_a_completion(void **state)
{
	static NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 } };
	static struct request q = { .then = issue_another };
	ULONG filter;
	unsigned before;

	(void)state;
	stack_open_receiving(NULL);
	c.QueueId = ask_running(P0, 1, 0, 1, VLAN_NONE_OR_ZERO, &filter);
	c.FilterId = filter;
	before = trace.n_events;
	request_start(&q, P0, NdisRequestSetInformation, OID_RECEIVE_FILTER_CLEAR_FILTER, &c, sizeof(c),
		      0);
	assert_int_equal(request_wait(&q), OK);
	ground_until(trace_oid_done(OID_GEN_CURRENT_PACKET_FILTER, before) != TRACE_EVENTS);
}

static atomic_bool busy;

static void keep_busy(void *arg)
{
	(void)arg;
	while (atomic_load(&busy))
		usleep(100);
}

/* Requests of one binding take their turns in the order in which they were issued: a
 * CLEAR that waits comes before the FREE that was issued after it. */
static void I25_requests_take_turns_in_order(void **state)
{
	static NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 } };
	static struct request clear;
	static struct free_request first, second;
	ULONG held, filter;
	NDIS_STATUS status;

	(void)state;
	stack_frames_to(1, 1);
	stack_open_receiving(NULL);
	held = ask_running(P0, 1, 0, 1, VLAN_NONE_OR_ZERO, &filter);
	c.QueueId = ask_running(P0, 1, 0, 2, VLAN_NONE_OR_ZERO, &c.FilterId);
	atomic_store(&P0->hold, true);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, held, filter), OK);
	assert_int_equal(ask_free_start(&first, P0, held), NDIS_STATUS_PENDING);
	assert_int_equal(request_start(&clear, P0, NdisRequestSetInformation,
				       OID_RECEIVE_FILTER_CLEAR_FILTER, &c, sizeof(c), 0),
			 NDIS_STATUS_PENDING);
	/* The turns are late just now. */
	atomic_store(&busy, true);
	kernel_call_work(keep_busy, NULL);
	protocol_return_all(P0);
	assert_int_equal(request_wait(&first.q), OK);
	status = ask_free_start(&second, P0, c.QueueId);
	atomic_store(&busy, false);
	assert_int_equal(request_wait(&clear), OK);
	request_wait(&second.q);
	assert_int_equal(status, NDIS_STATUS_PENDING);
	assert_int_equal(second.q.status, OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, stack_setup, stack_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(G3_G4_G5_G6_G7_U14_E11_E12_the_order_of_a_free),
		TEST(E8_E9_memory_is_freed_at_passive_level_with_its_own_handle),
		TEST(E11_the_default_queues_memory_goes_with_the_adapter),
		TEST(G10_I25_while_a_free_waits_other_oids_wait_and_returns_work),
		TEST(G7_I25_a_waiting_oid_ends_after_the_free),
		TEST(G14_a_reused_id_brings_nothing_of_its_past),
		TEST(G7_G14_many_lives_of_many_queues),
		TEST(I18_a_pause_waits_for_every_nbl),
		TEST(C17_U9_a_pause_stops_a_queue_and_leaves_it_as_it_is),
		TEST(I26_every_request_ends_exactly_once),
		TEST(I25_I26_a_request_from_inside_a_completion),
		TEST(I25_requests_take_turns_in_order),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
