/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steered queues (U17): the miniport over a tap that steers, in a network namespace of
 * this test's own; the kernel's end of the tap is the wire. Needs root; without it every
 * test is skipped, and says so.
 */
#include "stack.h"

#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define BUFFERS 16
#define TAP_STEERS 3      /* VM queues, beside one receive queue for the rest */
#define NEEDS_ROOT do { (void)state; if (!able) skip(); } while (0)

static bool able;
static int wire = -1;
static unsigned sent;     /* frames that were put on the wire */

static int group_setup(void **state)
{
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0 &&
	       system("sysctl -qw net.ipv6.conf.default.disable_ipv6=1") == 0;
	if (!able)
		fprintf(stderr, "\n*** SKIPPED: miniport_steered_test needs root and network "
			"namespaces; steered queues were NOT tested ***\n\n");
	return ground_setup(state);
}

static void open_steered(unsigned buffers)
{
	static const struct ndis_keyword steered[] = {
		{ "Nic", "tap:t0" }, { "NicOut", "" }, { "Receive", "steered" }, { NULL, NULL },
	};
	const struct stack_options o = { .buffers = buffers, .keywords = steered };
	const struct ground_frames none = { 0 };
	struct sockaddr_ll address = { .sll_family = AF_PACKET };

	stack_open_receiving(&o);
	ground_capture_write(ground_path("out"), &none);   /* stack_close() reads it */
	stack_let(1u << 30);
	sent = 0;
	address.sll_ifindex = (int)if_nametoindex("t0");
	wire = socket(AF_PACKET, SOCK_RAW, 0);
	assert_true(wire >= 0 && address.sll_ifindex);
	assert_int_equal(bind(wire, (struct sockaddr *)&address, sizeof(address)), 0);
}

static int teardown(void **state)
{
	int rc = stack_teardown(state);

	if (wire >= 0)
		close(wire);
	wire = -1;
	return rc;
}

/* Puts the next 'n' frames of protocol_wire on the wire. */
static void put(unsigned n)
{
	for (unsigned i = 0; i < n; i++, sent++) {
		const struct ground_frame *f = &protocol_wire.list[sent];

		assert_int_equal(send(wire, f->bytes, f->length, 0), f->length);
	}
}

/* Each frame of the wire was indicated or dropped: the ledger balances. */
static void settle(void)
{
	ground_until(stack_report().from_nic == sent && !stack_waiting());
	ground_pass();
}

static void flow(unsigned n)
{
	put(n);
	settle();
}

static uint64_t in_place(ULONG queue)
{
	return stack_queue_report(queue).in_place;
}

static uint64_t indicated(ULONG queue)
{
	return stack_queue_report(queue).indicated;
}

static uint64_t dropped(ULONG queue, enum wire_drop why)
{
	return stack_queue_report(queue).drops[why];
}

/* The queue's frames came in the order of the wire, whole, and out of one block. */
static void expect_orderly(ULONG queue)
{
	const struct trace_frame *last = NULL;

	for (unsigned i = 0; i < trace.n_frames; i++) {
		const struct trace_frame *f = &trace.frames[i];
		const struct stack_block *b;

		if (f->queue != queue)
			continue;
		assert_true(f->intact);
		assert_true(!last || (f->index > last->index && f->memory == last->memory));
		b = stack_block(f->memory);
		assert_non_null(b);
		assert_in_range(f->data, b->address, b->address + b->length - f->length);
		last = f;
	}
}

static NDIS_HANDLE memory_of(ULONG queue)
{
	for (unsigned i = 0; i < trace.n_frames; i++)
		if (trace.frames[i].queue == queue)
			return trace.frames[i].memory;
	fail_msg("no frame of queue %u", queue);
	return NULL;
}

/* ---- frames ---- */

static void U17_a_steered_frame_is_indicated_where_the_nic_put_it(void **state)
{
	ULONG one, two;

	NEEDS_ROOT;
	for (int i = 0; i < 60; i++) {
		stack_frame_of(1, UNTAGGED);
		stack_frame_of(2, 10 | 5 << 13);
		stack_frame_of(3, UNTAGGED);       /* nobody's */
	}
	open_steered(BUFFERS);
	one = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	two = ask_running(P0, 2, 0, 2, 10, NULL);
	for (int i = 0; i < 18; i++)
		flow(10);
	assert_int_equal(trace_frames_of(one, 0), 60);
	assert_int_equal(trace_frames_of(two, 0), 60);
	assert_int_equal(trace_frames_of(0, 0), 60);
	assert_int_equal(in_place(one), 60);
	assert_int_equal(in_place(two), 60);
	expect_orderly(one);
	expect_orderly(two);
	assert_ptr_not_equal(memory_of(one), memory_of(two));
	assert_ptr_not_equal(memory_of(one), memory_of(0));
	assert_int_equal(trace_frame_of(1)->vlan, 10);
	assert_int_equal(trace_frame_of(1)->priority, 5);
}

/* The NIC has queues for some VMs; the others' frames are placed. */
static void U17_a_queue_that_the_nic_has_no_queue_for_is_placed(void **state)
{
	ULONG queue[TAP_STEERS + 1];

	NEEDS_ROOT;
	for (unsigned i = 0; i < 5 * (TAP_STEERS + 1); i++)
		stack_frame_of(i % (TAP_STEERS + 1), UNTAGGED);
	open_steered(BUFFERS);
	for (unsigned q = 0; q <= TAP_STEERS; q++)
		queue[q] = ask_running(P0, q, PER_QUEUE, q, VLAN_NONE_OR_ZERO, NULL);
	flow(5 * (TAP_STEERS + 1));
	for (unsigned q = 0; q <= TAP_STEERS; q++) {
		assert_int_equal(trace_frames_of(queue[q], 0), 5);
		assert_int_equal(in_place(queue[q]), q < TAP_STEERS ? 5 : 0);
		expect_orderly(queue[q]);
	}
}

/* The NIC is a helper: what the classifier says counts. A tag with VLAN id 0 exactly is
 * no rule of the NIC's, so such frames come with all the others, and are copied into the
 * queue's own memory. */
static void U17_a_filter_that_the_nic_does_not_take_works_in_software(void **state)
{
	ULONG queue;

	NEEDS_ROOT;
	for (int i = 0; i < 5; i++) {
		stack_frame_of(1, UNTAGGED);
		stack_frame_of(2, 0);
		stack_frame_of(2, UNTAGGED);
	}
	open_steered(BUFFERS);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_filter(P0, queue, 2, 0, NULL), OK);
	for (int i = 0; i < 15; i++)
		flow(1);
	assert_int_equal(trace_frames_of(queue, 0), 10);
	assert_int_equal(trace_frames_of(0, 0), 5);
	assert_int_equal(in_place(queue), 5);
	expect_orderly(queue);
}

/* Two queues ask for the same frames: the lower filter id has them (U5), whichever
 * queue the NIC was told first. */
static void U17_U5_the_classifier_overrules_the_nic(void **state)
{
	ULONG any, first, second;

	NEEDS_ROOT;
	for (int i = 0; i < 10; i++)
		stack_frame_of(1, 10);
	open_steered(BUFFERS);
	first = ask_running(P0, 1, PER_QUEUE, 1, VLAN_ANY, &any);
	second = ask_running(P0, 2, PER_QUEUE, 1, 10, NULL);   /* the NIC's choice: more exact */
	flow(5);
	assert_int_equal(trace_frames_of(first, 0), 5);
	assert_int_equal(trace_frames_of(second, 0), 0);
	assert_int_equal(in_place(first), 0);
	expect_orderly(first);
	assert_int_equal(ask_clear(P0, first, any), OK);
	flow(5);
	assert_int_equal(trace_frames_of(second, 0), 5);
	assert_int_equal(in_place(second), 5);
}

static void U17_a_vm_that_does_not_return_loses_its_own_frames(void **state)
{
	ULONG stuck, other;

	NEEDS_ROOT;
	for (int i = 0; i < 40; i++) {
		stack_frame_of(1, UNTAGGED);
		stack_frame_of(2, UNTAGGED);
	}
	open_steered(BUFFERS);
	stuck = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	other = ask_running(P0, 2, PER_QUEUE, 2, VLAN_NONE_OR_ZERO, NULL);
	atomic_store(&P0->hold, true);
	for (int i = 0; i < 6; i++) {
		flow(10);
		/* The other VM gives back what it got. */
		for (unsigned h = protocol_held(P0); h-- > 0; )
			if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(P0->held[h]) == other)
				protocol_return(P0, h, 1, IN_ORDER, 0);
	}
	assert_int_equal(indicated(stuck), BUFFERS);
	assert_int_equal(dropped(stuck, WIRE_DROP_QUEUE_FULL), 30 - BUFFERS);
	assert_int_equal(indicated(other), 30);
	assert_int_equal(stack_report().drops[WIRE_DROP_NIC_MISSED], 0);
	atomic_store(&P0->hold, false);
	protocol_return_all(P0);
	flow(20);
	assert_int_equal(indicated(stuck), BUFFERS + 10);
	assert_int_equal(indicated(other), 40);
	assert_int_equal(in_place(stuck), BUFFERS + 10);
}

/* ---- changes ---- */

struct traffic {
	pthread_t thread;
	unsigned n;
};

static void *traffic_run(void *arg)
{
	struct traffic *t = arg;

	for (unsigned i = 0; i < t->n; i++) {
		uint64_t then = ground_now(), ran = ground_ran();

		put(1);
		/* The driver's signals end a sleep early. What is on its way fits the kernel's
		 * queue. */
		while ((i % 8 == 7 && ground_now() == then) || sent - stack_report().from_nic > 100) {
			if (ground_ran() - ran > 2000)
				return NULL;   /* nobody takes them: settle() will fail */
			usleep(50);
		}
	}
	return NULL;
}

static void traffic_start(struct traffic *t, unsigned n)
{
	t->n = n;
	assert_int_equal(pthread_create(&t->thread, NULL, traffic_run, t), 0);
}

static void traffic_end(struct traffic *t)
{
	assert_int_equal(pthread_join(t->thread, NULL), 0);
	settle();
}

static void U17_filters_change_under_traffic(void **state)
{
	struct traffic t;
	ULONG queue, filter;
	unsigned before;

	NEEDS_ROOT;
	stack_frames_to(1, 2010);
	open_steered(512);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	traffic_start(&t, 1990);
	for (int i = 0; i < 30; i++) {
		usleep(2000);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		before = trace_frames_of(queue, 0);
		usleep(2000);
		assert_int_equal(trace_frames_of(queue, 0), before);   /* D32 */
		assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, &filter), OK);
	}
	traffic_end(&t);
	assert_true(in_place(queue) > 0);
	assert_true(indicated(0) > 0);
	for (unsigned i = 0; i < 1990; i++)
		trace_queue_of(i);                                     /* never twice */
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	before = trace_frames_of(0, 0);
	flow(10);
	assert_int_equal(trace_frames_of(0, 0), before + 10);
	/* The NIC is told of a filter that comes later, too. */
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), OK);
	before = in_place(queue);
	flow(10);
	assert_int_equal(in_place(queue), before + 10);
}

static void U17_C48_a_queue_that_moves_takes_its_nic_queue_along(void **state)
{
	struct traffic t;
	unsigned last = 0;
	ULONG queue;

	NEEDS_ROOT;
	stack_frames_to(1, 2000);
	open_steered(512);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, NULL);
	traffic_start(&t, 1990);
	for (int i = 0; i < 39; i++) {   /* it ends where it did not begin */
		usleep(3000);
		assert_int_equal(ask_move(P0, queue, last = (unsigned)(i + 2) % 4), OK);
	}
	traffic_end(&t);
	assert_int_equal(indicated(queue), 1990);
	assert_int_equal(in_place(queue), 1990);
	expect_orderly(queue);
	flow(10);
	for (unsigned i = 1990; i < 2000; i++) {
		assert_int_equal(trace_queue_of(i), queue);
		assert_int_equal(trace.events[trace_frame_of(i)->event].processor, last);
	}
}

static void U17_a_free_waits_and_its_nic_queue_serves_again(void **state)
{
	static struct free_request f[8];

	NEEDS_ROOT;
	stack_frames_to(1, 80);
	open_steered(BUFFERS);
	for (unsigned i = 0; i < 8; i++) {
		ULONG queue, filter;

		queue = ask_running(P0, i % 4, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
		atomic_store(&P0->hold, true);
		flow(10);
		assert_int_equal(stack_outstanding(queue), 10);
		assert_int_equal(ask_clear(P0, queue, filter), OK);
		assert_int_equal(ask_free_start(&f[i], P0, queue), NDIS_STATUS_PENDING);
		ground_settle();
		assert_false(atomic_load(&f[i].q.done));
		atomic_store(&P0->hold, false);
		protocol_return_all(P0);
		assert_int_equal(request_wait(&f[i].q), OK);
		assert_int_equal(in_place(queue), indicated(queue));
	}
	assert_int_equal(trace.n_frames, 80);
}

/* Frames that the NIC has put into the queue, and nobody has looked at, are no frames of
 * the VM that gets the NIC queue next. */
static void U17_F17_a_nic_queue_is_emptied_before_it_serves_again(void **state)
{
	ULONG queue, filter, next;

	NEEDS_ROOT;
	stack_frames_to(1, 5);
	stack_frames_to(2, 5);
	open_steered(BUFFERS);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &filter);
	assert_int_equal(ask_packet_filter(P0, 0), OK);        /* the receive unit is off (F22) */
	put(5);
	ground_settle();
	assert_int_equal(ask_clear(P0, queue, filter), OK);
	assert_int_equal(ask_free(P0, queue), OK);
	assert_int_equal(dropped(queue, WIRE_DROP_QUEUE_GONE), 5);
	for (unsigned q = 0; q < TAP_STEERS; q++)
		next = ask_running(P0, 1, PER_QUEUE, 2 + q, VLAN_NONE_OR_ZERO, NULL);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_PROMISCUOUS), OK);
	flow(5);
	assert_int_equal(trace.n_frames, 5);
	assert_int_equal(in_place(next) + in_place(next - 1) + in_place(next - 2), 5);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, stack_setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(U17_a_steered_frame_is_indicated_where_the_nic_put_it),
		TEST(U17_a_queue_that_the_nic_has_no_queue_for_is_placed),
		TEST(U17_a_filter_that_the_nic_does_not_take_works_in_software),
		TEST(U17_U5_the_classifier_overrules_the_nic),
		TEST(U17_a_vm_that_does_not_return_loses_its_own_frames),
		TEST(U17_filters_change_under_traffic),
		TEST(U17_C48_a_queue_that_moves_takes_its_nic_queue_along),
		TEST(U17_a_free_waits_and_its_nic_queue_serves_again),
		TEST(U17_F17_a_nic_queue_is_emptied_before_it_serves_again),
	};

	return cmocka_run_group_tests(tests, group_setup, ground_teardown);
}
