/* SPDX-License-Identifier: BSD-2-Clause */
/* A port that is shared memory, with another process as its guest, good and bad. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "region_puppet.h"
#include "vmport/vmport.h"
#include "vmport_testing.h"

#define COPIES 512

static struct rte_mempool *pool;
static char directory[] = "vmport-region-XXXXXX";
static char path[64], spec[80];
static struct vmport *port;
static struct puppet guest;

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("error") || !mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/vm.sock", directory);
	snprintf(spec, sizeof(spec), "region:%s", path);
	pool = testing_pool("frames", 4095, 1600);
	return pool ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	rmdir(directory);
	return rte_mempool_in_use_count(pool) ? -1 : 0;   /* a frame was kept */
}

/* A round of the worker that does not sleep. */
static void round_of(struct vmport *p)
{
	vmport_arm(p, true);
	vmport_arm(p, false);
}

static void wait_until_up(bool up)
{
	for (unsigned i = 0; vmport_is_up(port) != up; i++) {
		round_of(port);
		usleep(200);
		if (i > 20000)
			fail_msg("the guest is not %s", up ? "here" : "gone");
	}
}

static void guest_open(struct puppet *g)
{
	puppet_open_begin(g, path);
	wait_until_up(true);
	assert_int_equal(puppet_open_end(g), 0);
}

static int setup(void **state)
{
	const struct vmport_config config = {
		.name = "web", .spec = spec, .mtu = 1500, .pool = pool,
	};
	struct error err = { "" };

	(void)state;
	puppet_start(&guest);
	if (vmport_open(&port, &config, &err))
		fail_msg("%s", err.text);
	assert_false(vmport_is_up(port));
	guest_open(&guest);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	puppet_kill(&guest);
	if (port)
		vmport_close(port);
	port = NULL;
	assert_int_equal(access(path, F_OK), -1);
	return 0;
}

static void deliver(unsigned n, unsigned took)
{
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = testing_frame(pool, (uint16_t)(60 + i % 1455), (uint8_t)i);

		assert_int_equal(vmport_deliver(port, &m, 1), i < took);
		rte_pktmbuf_free(m);
	}
}

static struct puppet_frame receive(void)
{
	struct puppet_frame f;

	assert_true(puppet_receive(&guest, &f));
	return f;
}

/* ---- a good guest ---- */

static void the_region_is_what_its_header_says(void **state)
{
	struct ovmq_region_header h;
	const struct ovmq_region_area *areas = &h.receive_ring;
	uint32_t end = sizeof(h);

	(void)state;
	puppet_header(&guest, &h);
	assert_int_equal(h.magic, OVMQ_REGION_MAGIC);
	assert_int_equal(h.version, OVMQ_REGION_VERSION);
	assert_int_equal(h.bytes & (h.bytes - 1), 0);
	assert_int_equal(h.max_frame, 1518);
	for (unsigned i = 0; i < 6; i++) {
		assert_true(areas[i].bytes && areas[i].offset >= end);
		end = areas[i].offset + areas[i].bytes;
	}
	assert_true(end <= h.bytes);
}

static void frames_are_copied_in_order_until_the_buffers_are_out(void **state)
{
	struct puppet_frame f;

	(void)state;
	deliver(COPIES + 1, COPIES);
	for (unsigned i = 0; i < COPIES; i++) {
		f = receive();
		assert_int_equal(f.length, 60 + i % 1455);
		assert_int_equal(f.bytes[0], 0xff);
		assert_int_equal(f.bytes[f.length - 1], (uint8_t)i);
		if (i < 10)
			puppet_return(&guest, f.id, f.generation);
	}
	assert_false(puppet_receive(&guest, &f));
	deliver(11, 10);
	assert_int_equal(vmport_faults(port), 0);
}

static void what_the_guest_sends_is_received(void **state)
{
	uint8_t frame[1518];
	struct rte_mbuf *pkts[8];

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		for (unsigned i = 0; i < 8; i++) {
			memset(frame, (int)(round + i), sizeof(frame));
			assert_int_equal(puppet_send(&guest, frame, 14 + i * 200), 0);
		}
		assert_int_equal(vmport_receive(port, pkts, 8), 8);
		for (unsigned i = 0; i < 8; i++) {
			assert_int_equal(pkts[i]->data_len, 14 + i * 200);
			assert_int_equal(*rte_pktmbuf_mtod(pkts[i], uint8_t *), (uint8_t)(round + i));
		}
		rte_pktmbuf_free_bulk(pkts, 8);
	}
	assert_int_equal(vmport_receive(port, pkts, 8), 0);
	assert_int_equal(vmport_bad(port), 0);
}

static void a_full_send_ring_says_so(void **state)
{
	uint8_t frame[60] = { 2 };
	struct rte_mbuf *pkts[32];
	unsigned sent = 0;

	(void)state;
	while (!puppet_send(&guest, frame, sizeof(frame)))
		sent++;
	assert_int_equal(sent, 256);
	assert_int_equal(vmport_receive(port, pkts, 32), 32);
	rte_pktmbuf_free_bulk(pkts, 32);
	assert_int_equal(puppet_send(&guest, frame, sizeof(frame)), 0);
}

/* ---- memory that is lent ---- */

/* An mbuf whose bytes are at 'at', and back to what it was. */
static struct rte_mbuf *mbuf_at(void *at, uint16_t length, uint8_t mark)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	m->buf_addr = at;
	m->data_off = 64;
	rte_pktmbuf_append(m, length);
	memset(rte_pktmbuf_mtod(m, void *), mark, length);
	return m;
}

static void mbuf_free(struct rte_mbuf *m)
{
	m->buf_addr = (char *)m + sizeof(*m) + TESTING_PRIVATE;
	rte_pktmbuf_free(m);
}

static void E19_a_frame_in_the_guests_memory_is_lent_not_copied(void **state)
{
	struct rte_mbuf *m, *back;
	struct ovmq_region_header h;
	struct puppet_frame f;
	uint32_t first;
	void *memory;

	(void)state;
	puppet_header(&guest, &h);
	assert_int_equal(vmport_memory_take(port, 100000, &memory), 0);
	m = mbuf_at(memory, 500, 0xa7);
	assert_true(vmport_can_lend(port, m));
	assert_int_equal(vmport_lend(port, &m, 1), 1);
	f = receive();
	assert_int_equal(f.length, 500);
	assert_true(f.offset >= h.memory.offset && f.offset + 500 <= h.memory.offset + h.memory.bytes);
	assert_int_equal(puppet_find(&guest, f.bytes, 500, &first), 1);
	assert_int_equal(first, f.offset);
	assert_int_equal(vmport_reclaim(port, &back, 1, false), 0);
	puppet_return(&guest, f.id, f.generation);
	assert_int_equal(vmport_reclaim(port, &back, 1, false), 1);
	assert_ptr_equal(back, m);
	mbuf_free(m);
	vmport_memory_give(port, memory);
}

static void E26_what_lies_elsewhere_cannot_be_lent(void **state)
{
	struct rte_mbuf *m = testing_frame(pool, 100, 1);
	void *memory;

	(void)state;
	assert_false(vmport_can_lend(port, m));
	rte_pktmbuf_free(m);
	assert_int_equal(vmport_memory_take(port, 4096, &memory), 0);
	m = mbuf_at((char *)memory - 64 - 50, 100, 1);   /* half of it before the area */
	assert_false(vmport_can_lend(port, m));
	mbuf_free(m);
	vmport_memory_give(port, memory);
}

static void E26_memory_that_is_out_is_refused_until_it_is_back(void **state)
{
	struct ovmq_region_header h;
	void *one, *two, *three;

	(void)state;
	puppet_header(&guest, &h);
	assert_int_equal(vmport_memory_take(port, h.memory.bytes + 1, &one), -ENOMEM);
	assert_int_equal(vmport_memory_take(port, 1, &one), 0);
	assert_int_equal(vmport_memory_take(port, 5000, &two), 0);
	assert_int_equal((uintptr_t)two % 4096, 0);
	assert_int_equal((char *)two - (char *)one, 4096);
	assert_int_equal(vmport_memory_take(port, h.memory.bytes, &three), -ENOMEM);
	vmport_memory_give(port, one);
	assert_int_equal(vmport_memory_take(port, 4097, &three), 0);
	assert_int_equal((char *)three - (char *)two, 8192);
	vmport_memory_give(port, three);
	assert_int_equal(vmport_memory_take(port, 4096, &three), 0);
	assert_ptr_equal(three, one);
	vmport_memory_give(port, two);
	vmport_memory_give(port, three);
	assert_int_equal(vmport_memory_take(port, h.memory.bytes, &one), 0);
	vmport_memory_give(port, one);
}

/* G11: the VM is stopped with frames; a copy that it still reads stays its own. */
static void G11_what_was_lent_is_taken_back(void **state)
{
	struct rte_mbuf *m[3], *back[4];
	struct puppet_frame f, copy;
	void *memory;

	(void)state;
	deliver(1, 1);
	copy = receive();
	assert_int_equal(vmport_memory_take(port, 3 * 4096, &memory), 0);
	for (unsigned i = 0; i < 3; i++)
		m[i] = mbuf_at((char *)memory + i * 4096, 100, (uint8_t)i);
	assert_int_equal(vmport_lend(port, m, 3), 3);
	f = receive();
	assert_int_equal(vmport_reclaim(port, back, 4, true), 3);
	assert_int_equal(vmport_reclaim(port, back + 3, 1, true), 0);
	/* Late, and no fault: the guest could not know. The two unread are nothing now. */
	puppet_return(&guest, f.id, f.generation);
	assert_false(puppet_receive(&guest, &f));
	puppet_return(&guest, copy.id, copy.generation);
	assert_int_equal(vmport_reclaim(port, back + 3, 1, false), 0);
	assert_int_equal(vmport_faults(port), 0);
	deliver(COPIES + 1, COPIES);
	for (unsigned i = 0; i < 3; i++)
		mbuf_free(back[i]);
	vmport_memory_give(port, memory);
}

/* ---- guests that go ---- */

static void G11_a_guest_that_dies_gives_everything_back(void **state)
{
	struct ovmq_region_header before, after;
	struct rte_mbuf *m, *back[2];
	struct puppet_frame f;
	void *memory;

	(void)state;
	puppet_header(&guest, &before);
	assert_int_equal(vmport_memory_take(port, 4096, &memory), 0);
	m = mbuf_at(memory, 100, 7);
	assert_int_equal(vmport_lend(port, &m, 1), 1);
	deliver(COPIES, COPIES);
	puppet_kill(&guest);
	wait_until_up(false);
	assert_int_equal(vmport_lend(port, &m, 1), 0);
	assert_int_equal(vmport_reclaim(port, back, 2, false), 1);
	assert_ptr_equal(back[0], m);
	mbuf_free(m);
	vmport_memory_give(port, memory);
	puppet_start(&guest);
	guest_open(&guest);
	puppet_header(&guest, &after);
	assert_int_not_equal(after.generation, before.generation);
	assert_int_equal(after.receive_tail, 0);
	assert_false(puppet_receive(&guest, &f));
	deliver(COPIES, COPIES);
	f = receive();
	assert_int_equal(f.length, 60);
}

static void one_guest_at_a_time(void **state)
{
	struct puppet second;

	(void)state;
	puppet_start(&second);
	puppet_open_begin(&second, path);
	for (unsigned i = 0; i < 50; i++) {
		round_of(port);
		usleep(200);
	}
	deliver(1, 1);
	assert_int_equal(receive().length, 60);
	puppet_close(&guest);
	for (unsigned i = 0; i < 50; i++) {
		round_of(port);
		usleep(200);
	}
	assert_int_equal(puppet_open_end(&second), 0);
	assert_true(vmport_is_up(port));
	puppet_kill(&second);
}

/* ---- sleep ---- */

static bool is_signalled(void)
{
	struct pollfd wait = { .fd = vmport_descriptor(port), .events = POLLIN };

	return poll(&wait, 1, 0) == 1;
}

static void go_to_sleep(void)
{
	for (unsigned i = 0; vmport_arm(port, true); i++)
		assert_true(i < 3);
	assert_false(is_signalled());
}

static void the_worker_is_woken_and_wakes(void **state)
{
	const uint32_t one = 1;
	uint8_t frame[60] = { 2 };
	struct rte_mbuf *m;
	struct puppet_frame f;

	(void)state;
	go_to_sleep();
	assert_int_equal(puppet_send(&guest, frame, 60), 0);
	assert_true(is_signalled());
	vmport_arm(port, false);
	assert_true(vmport_arm(port, true));
	assert_int_equal(vmport_receive(port, &m, 1), 1);
	rte_pktmbuf_free(m);
	vmport_arm(port, false);
	deliver(COPIES + 1, COPIES);
	assert_int_equal(puppet_interrupts(&guest), 0);   /* it did not sleep */
	go_to_sleep();
	f = receive();
	puppet_return(&guest, f.id, f.generation);
	assert_true(is_signalled());
	vmport_arm(port, false);
	puppet_poke(&guest, offsetof(struct ovmq_region_header, guest_sleeps), &one, 4);
	deliver(1, 1);
	assert_int_equal(puppet_interrupts(&guest), 1);
	go_to_sleep();
	puppet_kill(&guest);
	assert_true(is_signalled());
}

/* ---- a bad guest ---- */

static void E22_frames_that_are_not_out_cannot_be_given_back(void **state)
{
	struct rte_mbuf *m, *back[2];
	struct puppet_frame f;
	void *memory;

	(void)state;
	assert_int_equal(vmport_memory_take(port, 4096, &memory), 0);
	m = mbuf_at(memory, 100, 7);
	assert_int_equal(vmport_lend(port, &m, 1), 1);
	f = receive();
	puppet_return(&guest, f.id ^ 1, f.generation);         /* another slot */
	puppet_return(&guest, f.id + 2048, f.generation);      /* another time */
	puppet_return(&guest, 0xffffffff, f.generation);
	assert_int_equal(vmport_reclaim(port, back, 2, false), 0);
	assert_int_equal(vmport_faults(port), 3);
	puppet_return(&guest, f.id, f.generation);
	puppet_return(&guest, f.id, f.generation);
	assert_int_equal(vmport_reclaim(port, back, 2, false), 1);
	assert_int_equal(vmport_faults(port), 4);
	/* Lent again: the old name is nobody's. */
	assert_int_equal(vmport_lend(port, &m, 1), 1);
	puppet_return(&guest, f.id, f.generation);
	assert_int_equal(vmport_reclaim(port, back, 2, false), 0);
	assert_int_equal(vmport_faults(port), 5);
	assert_int_equal(vmport_reclaim(port, back, 2, true), 1);
	mbuf_free(m);
	vmport_memory_give(port, memory);
}

static void E22_ring_positions_beyond_the_end(void **state)
{
	static const uint32_t wrong[] = { 0x80000000, 2049, 0xffffffff };
	uint8_t frame[60] = { 2 };
	struct rte_mbuf *pkts[8];
	struct puppet_frame f;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		puppet_poke(&guest, offsetof(struct ovmq_region_header, return_tail), &wrong[i], 4);
		assert_int_equal(vmport_reclaim(port, pkts, 8, false), 0);
		puppet_poke(&guest, offsetof(struct ovmq_region_header, send_tail), &wrong[i], 4);
		assert_int_equal(vmport_receive(port, pkts, 8), 0);
	}
	assert_true(vmport_faults(port) >= 4);
	assert_true(vmport_is_up(port));
	deliver(COPIES, COPIES);
	/* It hurt itself alone; the next one is well. */
	puppet_kill(&guest);
	wait_until_up(false);
	puppet_start(&guest);
	guest_open(&guest);
	assert_int_equal(puppet_send(&guest, frame, 60), 0);
	assert_int_equal(vmport_receive(port, pkts, 8), 1);
	rte_pktmbuf_free(pkts[0]);
	deliver(1, 1);
	f = receive();
	assert_int_equal(f.length, 60);
}

static void E22_sends_from_outside_its_area(void **state)
{
	struct ovmq_region_header h;
	struct rte_mbuf *pkts[16];
	uint8_t frame[60] = { 2 };

	(void)state;
	puppet_header(&guest, &h);
	puppet_send_raw(&guest, h.sends.offset, 0);
	puppet_send_raw(&guest, h.sends.offset, 13);
	puppet_send_raw(&guest, h.sends.offset, 1519);
	puppet_send_raw(&guest, h.sends.offset, 0xffffffff);
	puppet_send_raw(&guest, h.sends.offset - 1, 60);
	puppet_send_raw(&guest, h.sends.offset + h.sends.bytes - 59, 60);
	puppet_send_raw(&guest, 0xffffffc0, 60);
	puppet_send_raw(&guest, (uint32_t)h.bytes, 60);
	puppet_send_raw(&guest, 0, 60);
	puppet_send_raw(&guest, h.memory.offset, 60);
	puppet_send_raw(&guest, h.sends.offset + h.sends.bytes - 60, 60);   /* the last that fits */
	assert_int_equal(vmport_receive(port, pkts, 16), 1);
	rte_pktmbuf_free(pkts[0]);
	assert_int_equal(vmport_bad(port), 10);
	assert_int_equal(puppet_send(&guest, frame, 60), 0);
	assert_int_equal(vmport_receive(port, pkts, 16), 1);
	rte_pktmbuf_free(pkts[0]);
}

static void E22_the_file_cannot_be_cut(void **state)
{
	struct ovmq_region_header h;

	(void)state;
	puppet_header(&guest, &h);
	assert_int_equal(puppet_truncate(&guest, 0), -EPERM);
	assert_int_equal(puppet_truncate(&guest, h.bytes - 4096), -EPERM);
	assert_int_equal(puppet_truncate(&guest, h.bytes * 2), -EPERM);
	assert_int_equal(puppet_seal(&guest, F_SEAL_WRITE), -EPERM);
	deliver(COPIES, COPIES);
}

/* What stands in the region decides nothing: all of it overwritten, all goes on. */
static void E22_a_header_of_garbage(void **state)
{
	struct ovmq_region_header h;
	struct rte_mbuf *pkts[8];
	uint8_t garbage[2048];

	(void)state;
	puppet_header(&guest, &h);
	memset(garbage, 0xee, sizeof(garbage));
	for (uint32_t at = 0; at < h.copies.offset; at += sizeof(garbage))
		puppet_poke(&guest, at, garbage, sizeof(garbage));
	for (unsigned i = 0; i < 100; i++) {
		uint16_t n = vmport_receive(port, pkts, 8);

		rte_pktmbuf_free_bulk(pkts, n);
		assert_int_equal(vmport_reclaim(port, pkts, 8, false), 0);
		round_of(port);
	}
	deliver(COPIES + 1, COPIES);
	assert_true(vmport_faults(port) + vmport_bad(port) > 0);
}

static void E22_a_stuffed_eventfd_does_not_stop_the_host(void **state)
{
	const uint32_t one = 1;
	struct timespec from, to;

	(void)state;
	puppet_stuff_interrupt(&guest);
	puppet_poke(&guest, offsetof(struct ovmq_region_header, guest_sleeps), &one, 4);
	clock_gettime(CLOCK_MONOTONIC, &from);
	alarm(20);   /* a host that waits would wait for ever */
	deliver(100, 100);
	alarm(0);
	clock_gettime(CLOCK_MONOTONIC, &to);
	assert_true(to.tv_sec - from.tv_sec < 5);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_region_is_what_its_header_says),
		TEST(frames_are_copied_in_order_until_the_buffers_are_out),
		TEST(what_the_guest_sends_is_received),
		TEST(a_full_send_ring_says_so),
		TEST(E19_a_frame_in_the_guests_memory_is_lent_not_copied),
		TEST(E26_what_lies_elsewhere_cannot_be_lent),
		TEST(E26_memory_that_is_out_is_refused_until_it_is_back),
		TEST(G11_what_was_lent_is_taken_back),
		TEST(G11_a_guest_that_dies_gives_everything_back),
		TEST(one_guest_at_a_time),
		TEST(the_worker_is_woken_and_wakes),
		TEST(E22_frames_that_are_not_out_cannot_be_given_back),
		TEST(E22_ring_positions_beyond_the_end),
		TEST(E22_sends_from_outside_its_area),
		TEST(E22_the_file_cannot_be_cut),
		TEST(E22_a_header_of_garbage),
		TEST(E22_a_stuffed_eventfd_does_not_stop_the_host),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
