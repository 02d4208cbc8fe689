/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of a VM under its own queue: where it may be, and what a bad VM can do with it.
 * Each guest is another process, with nothing but its own mapping. */
#include "guests.h"

#include <errno.h>
#include <string.h>

#define POST NdisSharedMemoryUsageReceivePostLookahead

static const uint8_t peer[6] = { 2, 0, 0, 0, 0x55, 1 };
/* Bytes that stand nowhere else, for the source address of frames. */
static const uint8_t canary[6] = { 0xca, 0x9a, 0x12, 0x77, 0xe1, 0x5d };

/* Whether what is written there can be seen by the VM. */
static bool is_seen_by(unsigned vm, const struct guests_block *b)
{
	static const uint8_t mark[16] = { 0x5a, 0xc3, 0x99, 0x01, 0xfe, 0xdc, 0xba, 0x98,
					  0x76, 0x54, 0x32, 0x10, 0x0f, 0xed, 0x55, 0xaa };
	bool seen;

	memcpy(b->address + b->length - sizeof(mark), mark, sizeof(mark));
	seen = puppet_find(&guests.of[vm], mark, sizeof(mark), NULL);
	memset(b->address + b->length - sizeof(mark), 0, sizeof(mark));
	return seen;
}

static bool is_guests(unsigned vm, NDIS_SHARED_MEMORY_USAGE usage, ULONG length)
{
	struct guests_block b;
	bool seen;

	assert_int_equal(guests_memory(vm, usage, length, &b), NDIS_STATUS_SUCCESS);
	seen = is_seen_by(vm, &b);
	for (unsigned other = 0; other < GUESTS; other++)
		assert_true(other == vm || !is_seen_by(other, &b));   /* E22 */
	guests_memory_free(&b);
	return seen;
}

/* ---- whose memory it is ---- */

static void E7_E19_the_rest_of_a_frame_lies_in_the_guests_memory(void **state)
{
	(void)state;
	guests_open(20, 20);
	assert_true(is_guests(1, POST, 100000));
	assert_false(is_guests(1, NdisSharedMemoryUsageReceiveLookahead, 100000));
	assert_false(is_guests(1, NdisSharedMemoryUsageReceive, 100000));
	assert_false(is_guests(1, NdisSharedMemoryUsageXmit, 100000));
	assert_true(is_guests(2, POST, 100000));
}

static void E23_a_queue_without_a_vlan_test_lies_in_host_memory(void **state)
{
	struct puppet_frame f;

	(void)state;
	guests_open(20, 20);
	for (unsigned i = 0; i < fake.n_requests; i++)
		if (fake.requests[i].oid == OID_RECEIVE_FILTER_SET_FILTER)
			assert_true(fake.requests[i].vlan >= 0 || fake.requests[i].untagged_or_zero);
	assert_false(is_guests(0, POST, 100000));
	assert_true(is_guests(1, POST, 100000));
	/* And works there. */
	guests_buffers(0, 1600);
	guests_indicate(0, guests_frame(0, 1, 0, 300, peer, 0x31));
	ground_until(puppet_receive(&guests.of[0], &f));
	assert_int_equal(f.length, 300);
	assert_int_equal(f.bytes[5], 1);
	assert_int_equal(f.bytes[299], 0x31);
	assert_int_equal(guests_report(0).lent, 0);
}

/* Refused where the queue is asked for, not where memory is: there is no filter yet. */
static void E23_no_filter_accepted_no_memory_of_the_guest(void **state)
{
	(void)state;
	fake.refuse = OID_RECEIVE_FILTER_SET_FILTER;
	fake.refuse_number = 2;
	guests_open(20, 20);
	assert_int_equal(guests_report(1).queue, 0);
	assert_true(is_guests(2, POST, 100000));
}

static void E18_E26_host_memory_where_the_region_has_no_room(void **state)
{
	struct guests_block large;
	struct puppet_frame f;
	struct rte_mbuf *m;

	(void)state;
	guests_open(20, 20);
	assert_false(is_guests(1, POST, 64u << 20));
	assert_int_equal(guests_memory(1, POST, 2480u << 10, &large), NDIS_STATUS_SUCCESS);
	assert_true(is_seen_by(1, &large));
	guests_buffers(1, 1600);                /* no room is left for these */
	assert_false(is_seen_by(1, guests_rest(1)));
	m = guests_frame(1, 2, GUEST_VLAN, 700, peer, 0x44);
	guests_indicate(1, m);
	ground_until(puppet_receive(&guests.of[1], &f));
	assert_int_equal(f.length, 700);
	assert_int_equal(f.bytes[5], 2);
	assert_int_equal(f.bytes[699], 0x44);
	ground_until(guests_is_back(m));        /* copied: the adapter has it back at once */
	guests_memory_free(&large);
}

static void assert_no_split(void)
{
	for (unsigned i = 0; i < fake.n_requests; i++) {
		if (fake.requests[i].oid != OID_RECEIVE_FILTER_ALLOCATE_QUEUE)
			continue;
		assert_int_equal(fake.requests[i].lookahead, 0);
		assert_int_equal(fake.requests[i].flags &
				 NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED, 0);
	}
	assert_int_equal(fake_count(OID_RECEIVE_FILTER_ALLOCATE_QUEUE), GUESTS);
	assert_false(is_guests(1, NdisSharedMemoryUsageReceive, 100000));
}

static void E21_a_630_switch_never_asks_for_a_split(void **state)
{
	(void)state;
	guests_open(30, 20);
	assert_no_split();
}

static void E20_E26_an_adapter_without_the_split(void **state)
{
	(void)state;
	guests_open(20, 30);
	assert_no_split();
}

/* ---- lent ---- */

static void E19_a_split_frame_reaches_its_vm_without_a_copy(void **state)
{
	struct puppet_frame f;
	uint32_t first;
	struct rte_mbuf *m[3];

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	for (unsigned i = 0; i < 3; i++) {
		m[i] = guests_frame(1, 2, GUEST_VLAN, i ? 700 + i : 15, canary, (uint8_t)(0x40 + i));
		guests_indicate(1, m[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		ground_until(puppet_receive(&guests.of[1], &f));
		assert_int_equal(f.length, i ? 700 + i : 15);
		assert_int_equal(f.bytes[5], 2);
		assert_memory_equal(f.bytes + 6, canary, 6);
		if (i)
			assert_int_equal(f.bytes[f.length - 1], 0x40 + i);
		/* Nowhere else in its memory than in the block that the adapter has. */
		assert_int_equal(puppet_find(&guests.of[1], f.bytes, f.length, &first), 1);
		assert_int_equal(first, f.offset);
		assert_int_equal(guests_report(1).lent, 3 - i);
		assert_int_equal(guests_report(1).delivered, 3);
		assert_false(guests_is_back(m[i]));
		puppet_return(&guests.of[1], f.id, f.generation);
		ground_until(guests_is_back(m[i]));
		ground_until(guests_report(1).lent == 2 - i);
	}
	assert_int_equal(guests_report(1).of_queue, 0);
}

/* The guest is stopped with frames in its hands, and others that it never saw. */
static void G11_frames_that_a_vm_keeps_come_back_when_it_is_stopped(void **state)
{
	uint64_t begin;
	struct rte_mbuf *m[20];
	struct puppet_frame f;

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	for (unsigned i = 0; i < 20; i++) {
		m[i] = guests_frame(1, 2, GUEST_VLAN, 100, peer, (uint8_t)i);
		guests_indicate(1, m[i]);
	}
	for (unsigned i = 0; i < 5; i++)
		ground_until(puppet_receive(&guests.of[1], &f));
	for (unsigned i = 0; i < 20; i++)
		assert_false(guests_is_back(m[i]));
	begin = ground_ran();
	guests_close();                         /* asserts that all are back */
	assert_true(ground_ran() - begin < 5000);
	assert_int_equal(fake.n_returns, 20);
	assert_int_equal(guests.port[1].delivered, 20);
	assert_int_equal(guests.port[1].lent, 0);
}

static void G11_frames_of_a_vm_that_dies_come_back(void **state)
{
	struct rte_mbuf *m[8];

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	for (unsigned i = 0; i < 8; i++) {
		m[i] = guests_frame(1, 2, GUEST_VLAN, 100, peer, (uint8_t)i);
		guests_indicate(1, m[i]);
	}
	ground_until(guests_report(1).lent == 8);
	puppet_kill(&guests.of[1]);
	ground_until(!guests_report(1).up);
	for (unsigned i = 0; i < 8; i++)
		ground_until(guests_is_back(m[i]));
	assert_int_equal(guests_report(1).lent, 0);
	guests_indicate(1, guests_frame(1, 2, GUEST_VLAN, 100, peer, 0));
	ground_until(guests_report(1).drops[PORT_DROP_PORT_DOWN] == 1);
}

/* ---- when the memory is the VM's alone again ---- */

static struct guests_block early;
static char *address_again;

static void free_early(ULONG queue, bool stopped)
{
	struct guests_block again;

	if (queue != guests_report(1).leaving && queue != guests_report(1).queue)
		return;
	if (early.allocation && stopped != fake.silent) {
		guests_memory_free(&early);
		early.allocation = NULL;
		if (guests_memory(1, POST, 8192, &again) == NDIS_STATUS_SUCCESS) {
			address_again = again.address;
			guests_memory_free(&again);
		}
	}
}

static void G17_memory_is_used_again_once_dma_has_stopped(void **state)
{
	struct error err = { "" };
	char *address;

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		/* First as the documentation has it, then freed before the status. */
		guests_open(20, 20);
		assert_int_equal(guests_memory(1, POST, 8192, &early), NDIS_STATUS_SUCCESS);
		assert_true(is_seen_by(1, &early));
		address = early.address;
		guests.freeing = free_early;
		fake.silent = round;
		assert_int_equal(vswitch_port_release(1, 5000, &err), 0);
		assert_null(early.allocation);
		guests.freeing = NULL;
		assert_int_equal(vswitch_port_assign(1, 5000, &err), 0);
		assert_int_equal(guests_memory(1, POST, 8192, &early), NDIS_STATUS_SUCCESS);
		assert_true(is_seen_by(1, &early));
		if (round)
			assert_ptr_not_equal(early.address, address);
		else
			assert_ptr_equal(early.address, address);
		guests_memory_free(&early);
		fake.silent = false;
		guests_teardown(NULL);
		guests_setup(NULL);
	}
}

/* ---- a bad VM ---- */

static void E24_a_foreign_frame_is_never_made_visible(void **state)
{
	struct puppet_frame f;
	struct rte_mbuf *m[4];

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	m[0] = guests_frame(1, 2, GUEST_VLAN + 1, 300, canary, 1);   /* another VLAN */
	m[1] = guests_frame(1, 2, 0, 300, canary, 2);                /* none */
	m[2] = guests_frame(1, 3, GUEST_VLAN, 300, canary, 3);       /* another address */
	m[3] = guests_frame(1, 2, GUEST_VLAN, 300, peer, 4);
	for (unsigned i = 0; i < 4; i++)
		guests_indicate(1, m[i]);
	ground_until(puppet_receive(&guests.of[1], &f));
	assert_int_equal(f.bytes[299], 4);
	assert_int_equal(puppet_find(&guests.of[1], canary, sizeof(canary), NULL), 0);
	for (unsigned i = 0; i < 3; i++)
		assert_true(guests_is_back(m[i]));
	assert_int_equal(guests_report(1).drops[PORT_DROP_FOREIGN_VLAN], 2);
	assert_int_equal(guests_report(1).drops[PORT_DROP_FOREIGN_MAC], 1);
}

/* The header of its one frame changes all the time, and nothing that we decide does. */
static void E25_a_vm_that_changes_its_memory_changes_no_decision(void **state)
{
	const unsigned rounds = 3000;
	struct ovmq_region_header h;
	uint64_t foreign = 0, bytes = 0;
	const struct rte_mbuf *one = NULL;
	struct puppet_frame f;

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	puppet_header(&guests.of[1], &h);
	for (unsigned i = 0; i < rounds; i++) {
		bool good = i % 3;
		unsigned length = 18 + i % 1000;
		struct rte_mbuf *m = guests_frame(1, good ? 2 : 0xfd, GUEST_VLAN, length, peer, 0);

		if (!one)   /* the area's first block, and in it this buffer's backfill */
			puppet_flip(&guests.of[1], h.memory.offset +
				    (uint32_t)(frame_rest(m) - guests_rest(1)->address) - 18, 18);
		assert_true(!one || m == one);
		one = m;
		guests_indicate(1, m);
		if (good) {
			ground_until(puppet_receive(&guests.of[1], &f));
			assert_int_equal(f.length, length);
			puppet_return(&guests.of[1], f.id, f.generation);
			bytes += length;
		}
		ground_until(guests_is_back(m));
		foreign += !good;
		assert_int_equal(guests_report(1).drops[PORT_DROP_FOREIGN_MAC], foreign);
	}
	puppet_flip_end(&guests.of[1]);
	assert_int_equal(guests_report(1).delivered, rounds - foreign);
	assert_int_equal(guests_report(1).delivered_bytes, bytes);
}

static void E22_a_vm_has_nothing_of_another_or_of_the_host(void **state)
{
	struct puppet_frame f;

	(void)state;
	guests_open(20, 20);
	guests_buffers(0, 1600);
	guests_buffers(1, 1600);
	guests_buffers(2, 1600);
	for (unsigned i = 0; i < 20; i++) {
		guests_indicate(2, guests_frame(2, 3, GUEST_VLAN + 1, 500, canary, 0x77));
		guests_indicate(0, guests_frame(0, 1, 0, 500, canary, 0x77));
		guests_indicate(1, guests_frame(1, 2, GUEST_VLAN, 500, peer, 0x66));
	}
	ground_until(puppet_receive(&guests.of[2], &f) && puppet_receive(&guests.of[0], &f));
	ground_until(guests_report(1).delivered == 20);
	assert_int_equal(puppet_find(&guests.of[1], canary, sizeof(canary), NULL), 0);
	assert_true(puppet_find(&guests.of[2], canary, sizeof(canary), NULL) > 0);
	/* No NBL, NB, MDL or mbuf, nor where they are, nor where the region is here. */
	for (unsigned vm = 0; vm < GUESTS; vm++) {
		uint64_t first = (uintptr_t)guests_first(vm)->address;
		uint64_t rest = (uintptr_t)guests_rest(vm)->address;

		assert_int_equal(puppet_find_range(&guests.of[vm], first,
						   first + guests_first(vm)->length), 0);
		assert_int_equal(puppet_find_range(&guests.of[vm], rest,
						   rest + guests_rest(vm)->length), 0);
		assert_int_equal(puppet_find_range(&guests.of[vm], 0x550000000000, 0x7fffffffffff), 0);
	}
}

static void E22_hostile_rings_under_the_switch(void **state)
{
	static const uint32_t wrong[] = { 0x80000000, 5000, 0xffffffff };
	struct ovmq_region_header h;
	struct rte_mbuf *m;
	struct puppet_frame f;

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	puppet_header(&guests.of[1], &h);
	m = guests_frame(1, 2, GUEST_VLAN, 100, peer, 9);
	guests_indicate(1, m);
	ground_until(puppet_receive(&guests.of[1], &f));
	puppet_return(&guests.of[1], f.id + 1, f.generation);
	puppet_return(&guests.of[1], f.id, f.generation);
	puppet_return(&guests.of[1], f.id, f.generation);
	ground_until(guests_is_back(m));
	ground_until(guests_report(1).faults == 2);
	puppet_send_raw(&guests.of[1], h.memory.offset, 60);
	puppet_send_raw(&guests.of[1], 0xfffffff0, 0xffffffff);
	ground_until(guests_report(1).drops[PORT_DROP_BAD_FRAME] == 2);
	for (unsigned i = 0; i < 3; i++) {
		puppet_poke(&guests.of[1], offsetof(struct ovmq_region_header, return_tail), &wrong[i], 4);
		puppet_poke(&guests.of[1], offsetof(struct ovmq_region_header, send_tail), &wrong[i], 4);
		OvmqNotifyProcessor(1);
		ground_settle();
	}
	assert_int_equal(fake.n_returns, 1);
	/* Others do not notice. */
	guests_buffers(2, 1600);
	guests_indicate(2, guests_frame(2, 3, GUEST_VLAN + 1, 200, peer, 5));
	ground_until(puppet_receive(&guests.of[2], &f));
	assert_int_equal(f.length, 200);
}

static void E22_the_file_cannot_be_cut_under_the_switch(void **state)
{
	struct puppet_frame f;

	(void)state;
	guests_open(20, 20);
	guests_buffers(1, 1600);
	assert_int_equal(puppet_truncate(&guests.of[1], 4096), -EPERM);
	guests_indicate(1, guests_frame(1, 2, GUEST_VLAN, 800, peer, 3));
	ground_until(puppet_receive(&guests.of[1], &f));
	assert_int_equal(f.length, 800);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, guests_setup, guests_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(E7_E19_the_rest_of_a_frame_lies_in_the_guests_memory),
		TEST(E23_a_queue_without_a_vlan_test_lies_in_host_memory),
		TEST(E23_no_filter_accepted_no_memory_of_the_guest),
		TEST(E18_E26_host_memory_where_the_region_has_no_room),
		TEST(E21_a_630_switch_never_asks_for_a_split),
		TEST(E20_E26_an_adapter_without_the_split),
		TEST(E19_a_split_frame_reaches_its_vm_without_a_copy),
		TEST(G11_frames_that_a_vm_keeps_come_back_when_it_is_stopped),
		TEST(G11_frames_of_a_vm_that_dies_come_back),
		TEST(G17_memory_is_used_again_once_dma_has_stopped),
		TEST(E24_a_foreign_frame_is_never_made_visible),
		TEST(E25_a_vm_that_changes_its_memory_changes_no_decision),
		TEST(E22_a_vm_has_nothing_of_another_or_of_the_host),
		TEST(E22_hostile_rings_under_the_switch),
		TEST(E22_the_file_cannot_be_cut_under_the_switch),
	};

	/* The adapter of the test indicates frames that no filter of the queue lets through. */
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
