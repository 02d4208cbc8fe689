/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest whose rings are served by ourselves, and what its VMM asks of librte_vhost meanwhile:
 * to stop and to start again, with other memory, with a log for a migration, after one.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <poll.h>
#include <unistd.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "vhost_master.h"
#include "vmport/vmport.h"
#include "vmport_testing.h"

#define LOG_ALL  (1ull << 26)

static struct rte_mempool *pool;
static char directory[] = "vmport-direct-XXXXXX";
static char path[64], spec[80];
static struct vmport *port;
static struct vhost_master guest;

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("critical") || !mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/vm.sock", directory);
	snprintf(spec, sizeof(spec), "vhost-user:%s", path);
	pool = testing_pool("frames", 511, 1518);
	return pool ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void until_up(bool up)
{
	for (int i = 0; vmport_is_up(port) != up; i++) {
		assert_true(i < 2000);
		usleep(1000);
	}
}

static int setup(void **state)
{
	const struct vmport_config config = {
		.name = "web", .spec = spec, .mtu = 1500, .pool = pool, .direct = true,
	};
	struct error err = { "" };

	(void)state;
	if (vmport_open(&port, &config, &err))
		fail_msg("%s", err.text);
	assert_true(vhost_master_start(&guest, path, 0));
	until_up(true);
	assert_true(vhost_master_settle(&guest));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (guest.memory)
		vhost_master_stop(&guest);
	vmport_close(port);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
	return 0;
}

static uint16_t deliver(uint8_t mark)
{
	struct rte_mbuf *m = testing_frame(pool, 60, mark);
	uint16_t n = vmport_deliver(port, &m, 1);

	rte_pktmbuf_free(m);
	return n;
}

static void guest_gets(uint8_t mark)
{
	struct vhost_master_header h;
	static uint8_t frame[4096];

	assert_int_equal(vhost_master_receive(&guest, &h, frame, sizeof(frame)), 60);
	assert_int_equal(frame[59], mark);
}

static void guest_sends(uint8_t mark)
{
	const struct vhost_master_header plain = { 0 };
	uint8_t frame[60];

	memset(frame, mark, sizeof(frame));
	vhost_master_send(&guest, &plain, frame, sizeof(frame));
}

static void we_get(uint8_t mark)
{
	struct rte_mbuf *m[4];

	assert_int_equal(vmport_receive(port, m, 4), 1);
	assert_int_equal(m[0]->pkt_len, 60);
	assert_int_equal(rte_pktmbuf_mtod(m[0], uint8_t *)[59], mark);
	rte_pktmbuf_free(m[0]);
}

static void both_ways_work(uint8_t mark)
{
	guest_sends(mark);
	we_get(mark);
	assert_int_equal(deliver(mark), 1);
	guest_gets(mark);
}

static uint32_t stop_ring(int ring)
{
	const uint32_t which[2] = { (uint32_t)ring, 0 };
	uint64_t answer = 0;

	assert_true(vhost_master_ask(&guest, VHOST_GET_VRING_BASE, which, sizeof(which), -1));
	assert_true(vhost_master_answer(&guest, &answer));
	return (uint32_t)(answer >> 32);
}

static void a_guest_that_stops_is_told_how_far_we_came(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < 5; i++)
		both_ways_work(i);
	guest_sends(7);
	we_get(7);
	assert_int_equal(stop_ring(VHOST_MASTER_TO_GUEST), 5);
	assert_int_equal(stop_ring(VHOST_MASTER_FROM_GUEST), 6);
	until_up(false);
	guest_sends(8);   /* nobody is there */
	assert_int_equal(deliver(1), 0);
	assert_true(vhost_master_ring(&guest, VHOST_MASTER_TO_GUEST, 5, false));
	assert_true(vhost_master_ring(&guest, VHOST_MASTER_FROM_GUEST, 6, false));
	until_up(true);
	we_get(8);
	both_ways_work(9);
}

/* Whether the guest was called since the last time. */
static bool called(int ring)
{
	struct pollfd call = { .fd = guest.call[ring], .events = POLLIN };
	uint64_t n;

	return poll(&call, 1, 0) == 1 && read(guest.call[ring], &n, sizeof(n)) == sizeof(n);
}

static void look(void)
{
	struct rte_mbuf *m[4];

	assert_int_equal(vmport_receive(port, m, 4), 0);
}

/* A call comes with the next look at what the guest sends. */
static void a_guest_that_wants_calls_is_called(void **state)
{
	(void)state;
	while (vmport_arm(port, true))
		;
	vmport_arm(port, false);
	look();
	called(VHOST_MASTER_TO_GUEST);
	called(VHOST_MASTER_FROM_GUEST);
	assert_int_equal(deliver(1), 1);
	look();
	assert_true(called(VHOST_MASTER_TO_GUEST));
	look();
	assert_false(called(VHOST_MASTER_TO_GUEST));
	assert_int_equal(deliver(2), 1);
	assert_int_equal(deliver(3), 1);
	assert_false(called(VHOST_MASTER_TO_GUEST));   /* more is likely */
	look();
	assert_true(called(VHOST_MASTER_TO_GUEST));
	assert_int_equal(deliver(4), 1);
	assert_false(vmport_arm(port, true));
	assert_true(called(VHOST_MASTER_TO_GUEST));
	vmport_arm(port, false);
	guest_sends(4);
	we_get(4);
	look();
	assert_true(called(VHOST_MASTER_FROM_GUEST));
	guest_sends(5);
	we_get(5);
	assert_false(vmport_arm(port, true));
	assert_true(called(VHOST_MASTER_FROM_GUEST));
	vmport_arm(port, false);
	assert_int_equal(deliver(6), 1);
	stop_ring(VHOST_MASTER_TO_GUEST);
	assert_true(called(VHOST_MASTER_TO_GUEST));
}

/* A kick costs a guest an exit: a worker that looks wants none, on neither ring, from its first
 * look at them on. */
static void a_guest_need_not_kick_a_worker_that_looks(void **state)
{
	(void)state;
	assert_true(vhost_master_may_kick(&guest, VHOST_MASTER_TO_GUEST));
	look();
	assert_false(vhost_master_may_kick(&guest, VHOST_MASTER_TO_GUEST));
	assert_false(vhost_master_may_kick(&guest, VHOST_MASTER_FROM_GUEST));
	while (vmport_arm(port, true))
		;
	assert_true(vhost_master_may_kick(&guest, VHOST_MASTER_FROM_GUEST));
	vmport_arm(port, false);
	assert_false(vhost_master_may_kick(&guest, VHOST_MASTER_FROM_GUEST));
}

/* Frames may go on coming for long without such a look. */
static void a_guest_that_sleeps_on_a_filling_ring_is_called(void **state)
{
	unsigned calls = 0;

	(void)state;
	while (vmport_arm(port, true))
		;
	vmport_arm(port, false);
	look();
	called(VHOST_MASTER_TO_GUEST);
	for (unsigned i = 0; i < VHOST_MASTER_BUFFERS; i++) {
		assert_int_equal(deliver(1), 1);
		calls += called(VHOST_MASTER_TO_GUEST);
	}
	assert_int_equal(calls, 0);
	assert_int_equal(deliver(1), 0);
	assert_true(called(VHOST_MASTER_TO_GUEST));
}

static void a_guest_whose_memory_moves_is_served_where_it_is(void **state)
{
	(void)state;
	both_ways_work(1);
	/* One region less long: librte_vhost maps all of it anew, elsewhere. */
	assert_true(vhost_master_memory(&guest, 0x200000));
	assert_true(vhost_master_settle(&guest));
	for (uint8_t i = 0; i < 3; i++)
		both_ways_work(i);
	assert_int_equal(vmport_faults(port), 0);
	/* The rings are in, the first receive buffers too, but not what is sent: no frame. */
	assert_true(vhost_master_memory(&guest, 0x100000));
	assert_true(vhost_master_settle(&guest));
	guest_sends(4);
	assert_int_equal(vmport_receive(port, (struct rte_mbuf *[4]){ NULL }, 4), 0);
	assert_int_equal(vmport_bad(port), 1);
	assert_int_equal(vmport_faults(port), 1);
	assert_int_equal(deliver(4), 1);
	guest_gets(4);
}

static void a_ring_outside_of_memory_is_not_touched(void **state)
{
	(void)state;
	both_ways_work(1);
	/* All of ring 0 but half of its used ring, and nothing of ring 1. */
	assert_true(vhost_master_memory(&guest, 0x2400));
	vhost_master_settle(&guest);
	guest_sends(2);
	assert_int_equal(vmport_receive(port, (struct rte_mbuf *[4]){ NULL }, 4), 0);
	assert_int_equal(deliver(2), 0);
	assert_int_equal(vmport_faults(port), 0);
}

static atomic_bool ended;

static void *worker_run(void *arg)
{
	struct rte_mbuf *m[4], *frame = testing_frame(pool, 60, 1);

	(void)arg;
	while (!atomic_load(&ended)) {
		vmport_deliver(port, &frame, 1);
		rte_pktmbuf_free_bulk(m, vmport_receive(port, m, 4));
	}
	rte_pktmbuf_free(frame);
	return NULL;
}

/* Memory goes and comes while a worker is at the rings: it is never at what has gone. */
static void a_worker_is_kept_out_while_memory_changes(void **state)
{
	pthread_t worker;

	(void)state;
	atomic_store(&ended, false);
	assert_int_equal(pthread_create(&worker, NULL, worker_run, NULL), 0);
	for (unsigned i = 0; i < 300; i++) {
		assert_true(vhost_master_memory(&guest, i & 1 ? 0x240000 : 0x200000));
		assert_true(vhost_master_settle(&guest));
	}
	atomic_store(&ended, true);
	pthread_join(worker, NULL);
	assert_int_equal(vmport_faults(port), 0);
}

static void what_is_written_while_a_vm_migrates_is_logged(void **state)
{
	const struct { uint64_t size, offset; } where = { 4096, 0 };
	int fd = memfd_create("log", MFD_CLOEXEC);
	uint64_t features, answer, *pages;

	(void)state;
	assert_int_equal(ftruncate(fd, 4096), 0);
	pages = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(pages, MAP_FAILED);
	both_ways_work(1);
	assert_true(vhost_master_ask(&guest, VHOST_SET_LOG_BASE, &where, sizeof(where), fd));
	assert_true(vhost_master_answer(&guest, &answer));
	features = guest.features | LOG_ALL;
	assert_true(vhost_master_ask(&guest, VHOST_SET_FEATURES, &features, sizeof(features), -1));
	assert_true(vhost_master_ring(&guest, VHOST_MASTER_TO_GUEST, 1, true));
	assert_true(vhost_master_ring(&guest, VHOST_MASTER_FROM_GUEST, 1, true));
	assert_true(vhost_master_settle(&guest));
	vmport_receive(port, (struct rte_mbuf *[4]){ NULL }, 4);
	pages[0] = 0;
	assert_int_equal(deliver(2), 1);
	/* Page 2: its used ring; page 17: the second receive buffer. */
	assert_true(pages[0] == (1ull << 2 | 1ull << 17));
	pages[0] = 0;
	guest_sends(3);
	we_get(3);
	assert_true(pages[0] == 1ull << 6);
	guest_gets(2);
	munmap(pages, 4096);
	close(fd);
}

static void a_vm_that_came_is_announced(void **state)
{
	const uint8_t mac[8] = { 0x52, 0x54, 0, 1, 2, 3 };
	struct rte_mbuf *m[4];
	uint8_t *frame;

	(void)state;
	assert_true(vhost_master_ask(&guest, VHOST_SEND_RARP, mac, sizeof(mac), -1));
	assert_true(vhost_master_settle(&guest));
	assert_int_equal(vmport_receive(port, m, 4), 1);
	frame = rte_pktmbuf_mtod(m[0], uint8_t *);
	assert_memory_equal(frame, "\xff\xff\xff\xff\xff\xff", 6);
	assert_memory_equal(frame + 6, mac, 6);
	assert_memory_equal(frame + 12, "\x80\x35", 2);
	rte_pktmbuf_free(m[0]);
	assert_int_equal(vmport_receive(port, m, 4), 0);
	both_ways_work(1);
}

static void a_sleeping_worker_finds_what_came_before_it_slept(void **state)
{
	(void)state;
	while (vmport_arm(port, true))
		;
	vmport_arm(port, false);
	guest_sends(1);
	assert_true(vmport_arm(port, true));
	vmport_arm(port, false);
	we_get(1);
	assert_false(vmport_arm(port, true));
	vmport_arm(port, false);
}

/* The guest's wish or ours on a ring: the flags of its used ring. */
static uint16_t used_flags(int ring)
{
	return *(volatile uint16_t *)(guest.memory + ring * 0x4000 + 0x2000);
}

static void sleep_for_room(void)
{
	vmport_arm(port, false);
	assert_int_equal(deliver(1), 0);
	while (vmport_arm(port, true))
		assert_int_equal(deliver(1), 0);
}

/* One without room is to kick for it; one with buffers that make no sense would kick for each
 * that it makes anew: for that one time must do. */
static void a_guest_whose_buffers_make_no_sense_does_not_wake_the_worker(void **state)
{
	struct pollfd p = { .fd = vmport_descriptor(port), .events = POLLIN };

	(void)state;
	for (int i = 0; i < VHOST_MASTER_BUFFERS; i++)
		assert_int_equal(deliver(1), 1);
	sleep_for_room();
	assert_int_equal(used_flags(VHOST_MASTER_TO_GUEST), 0);
	for (int i = 0; i < VHOST_MASTER_BUFFERS; i++)
		guest_gets(1);
	/* Rings are in, and not one buffer. */
	assert_true(vhost_master_memory(&guest, 0x10000));
	assert_true(vhost_master_settle(&guest));
	sleep_for_room();
	assert_int_equal(used_flags(VHOST_MASTER_TO_GUEST), 1);
	assert_int_equal(poll(&p, 1, 1000), 1);
	/* Nor when all of them are back and it is about to make them anew. */
	for (int i = 0; i < 3; i++)
		sleep_for_room();
	assert_int_equal(used_flags(VHOST_MASTER_TO_GUEST), 1);
	assert_true(vmport_faults(port) >= 32);
	assert_true(vhost_master_memory(&guest, 0x200000));
	assert_true(vhost_master_settle(&guest));
}

/* A message that cannot be obeyed, of which the VMM is told: its rings wait for the next. */
static void a_message_that_fails_holds_the_rings_until_the_next(void **state)
{
	const uint64_t nothing[2] = { 4096, 0 };
	uint64_t answer = 0;

	(void)state;
	both_ways_work(1);
	guest.told = true;
	assert_true(vhost_master_ask(&guest, VHOST_SET_LOG_BASE, nothing, sizeof(nothing), -1));
	assert_true(vhost_master_answer(&guest, &answer));
	guest.told = false;
	assert_int_equal(answer, 1);
	assert_true(vmport_is_up(port));
	assert_int_equal(deliver(2), 0);
	assert_true(vhost_master_settle(&guest));
	both_ways_work(3);
}

/* It is counted while nothing else happens, whether the worker looks or is about to sleep. */
static void an_index_that_jumps_is_counted(void **state)
{
	uint16_t *index = (uint16_t *)(guest.memory + 0x4000 + 0x1002);

	(void)state;
	both_ways_work(1);
	*index = (uint16_t)(*index + 1000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(vmport_receive(port, (struct rte_mbuf *[4]){ NULL }, 4), 0);
	assert_int_equal(vmport_faults(port), 1);
	*index = (uint16_t)(*index - 1000);
	both_ways_work(2);
	assert_int_equal(vmport_faults(port), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_guest_that_stops_is_told_how_far_we_came),
		T(a_guest_that_wants_calls_is_called),
		T(a_guest_need_not_kick_a_worker_that_looks),
		T(a_guest_that_sleeps_on_a_filling_ring_is_called),
		T(a_guest_whose_memory_moves_is_served_where_it_is),
		T(a_ring_outside_of_memory_is_not_touched),
		T(a_worker_is_kept_out_while_memory_changes),
		T(what_is_written_while_a_vm_migrates_is_logged),
		T(a_vm_that_came_is_announced),
		T(a_sleeping_worker_finds_what_came_before_it_slept),
		T(a_guest_whose_buffers_make_no_sense_does_not_wake_the_worker),
		T(a_message_that_fails_holds_the_rings_until_the_next),
		T(an_index_that_jumps_is_counted),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
