/* SPDX-License-Identifier: BSD-2-Clause */
/* What is on its way to a VM, by lanes, while it or a VM that sends to it moves (C48, F13). */
#include "arrivals.h"

#include <string.h>

#include "verifier/verifier.h"

#define PATIENCE 5000   /* milliseconds that a move may take */
#define LENGTH   60
#define RATE     500000   /* bits in a second that VM 0 may send: 1,042 frames */

static struct error err;

/* 'n' frames of VM 0 to VM 2. */
static void add_sends(unsigned n)
{
	uint8_t mac[6];

	for (unsigned i = 0; i < n; i++) {
		unsigned index;

		ground_mac(mac, 3);
		index = ground_frame_add(&ports.sends[0], mac, UNTAGGED, LENGTH);
		ground_mac(ports.sends[0].list[index].bytes + 6, 1);
	}
}

static void wait_for_sends(unsigned more)
{
	uint64_t before = ports_report(0).from_vm;

	ground_until(ports_report(0).from_vm >= before + more);
}

static void move(unsigned port, unsigned to)
{
	if (vswitch_port_move(port, to, PATIENCE, &err))
		fail_msg("%s", err.text);
}

static void takes(unsigned port, bool yes)
{
	atomic_store(&ports.refuse[port], !yes);
	OvmqNotifyProcessor(ports_report(port).processor);
}

static void came_in_order(unsigned port, unsigned n, unsigned length)
{
	assert_int_equal(ports.got[port].n, n);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ground_index(ports.got[port].list[i].bytes, length), i);
}

/* While the other takes nothing the sender moves twice, and goes on sending from each place. */
static void F13_what_a_vm_sent_before_it_moved_comes_first(void **state)
{
	static const unsigned way[] = { 3, 1, 0, 2, 3, 0 };

	(void)state;
	add_sends(1500);
	ports.rate[0] = RATE;
	ports_open_started();
	for (unsigned i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
		if (i % 2 == 0)
			takes(2, false);
		wait_for_sends(40);
		move(0, way[i]);
		wait_for_sends(40);
		if (i % 2)
			takes(2, true);
	}
	assert_int_equal(vswitch_port_set_send(0, 0, 0, 0, NULL), 0);
	OvmqNotifyProcessor(ports_report(0).processor);
	ground_until(ports_report(0).from_vm == 1500);
	ports_wait();
	ports_close();
	came_in_order(2, 1500, LENGTH);
}

/* A VM moves, and again before it has taken anything. Frames of another's miniport come on the
 * processor that its queue is on, by the lane from there. */
static void C48_F13_a_vm_that_takes_nothing_moves_on(void **state)
{
	static const unsigned way[] = { 3, 1, 0, 2 };
	unsigned from = 2, first;

	(void)state;
	ports_open_started();
	takes(2, false);
	for (unsigned i = 0; i <= 4; from = i < 4 ? way[i] : from, i++) {
		first = n_arrivals;
		for (unsigned j = 0; j < 100; j++)
			arrival(vm_queue(2), 3, 0);
		arrivals_indicate(from, first, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
		if (i < 4)
			move(2, way[i]);
	}
	takes(2, true);
	ports_wait();
	ports_close();
	came_in_order(2, 500, 100);
}

/* What goes ahead has as much room as a lane: the rest is dropped, and counted. */
static void F13_what_goes_ahead_is_bounded(void **state)
{
	unsigned n = 0, next = 0;
	uint64_t lost;

	(void)state;
	add_sends(1400);
	ports_open();
	takes(2, false);
	assert_int_equal(vswitch_start(&err), 0);
	ground_until(ports_report(0).from_vm == 1400);
	for (unsigned i = 0; i < 1500; i++)
		arrival(vm_queue(2), 3, 0);
	arrivals_indicate(2, 0, NDIS_RECEIVE_FLAGS_SINGLE_QUEUE);
	move(2, 3);
	move(0, 1);
	lost = ports_drops(2, PORT_DROP_PORT_FULL);
	takes(2, true);
	ports_wait();
	ports_close();
	assert_in_range(lost, 1400 + 1500 - 2048 - 64, 1400 + 1500 - 2048);
	assert_int_equal(ports.port[2].drops[PORT_DROP_PORT_FULL], lost);
	assert_int_equal(ports.got[2].n, 1400 + 1500 - lost);
	for (unsigned i = 0; i < ports.got[2].n; i++) {
		const struct ground_frame *f = &ports.got[2].list[i];
		unsigned *of = f->length == LENGTH ? &next : &n;

		assert_int_equal(ground_index(f->bytes, f->length), (*of)++);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, arrivals_setup, arrivals_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(F13_what_a_vm_sent_before_it_moved_comes_first),
		TEST(C48_F13_a_vm_that_takes_nothing_moves_on),
		TEST(F13_what_goes_ahead_is_bounded),
	};

	/* The fake miniport's frames of a queue come on the new processor before the move has ended. */
	verifier_ignore("ReceiveProcessor");
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
