/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include <poll.h>

#include "frame/capture.h"
#include "frame/pcapng.h"
#include "vmport/vmport.h"
#include "vmport_testing.h"

static struct rte_mempool *pool;
static char directory[] = "vmport-capture-XXXXXX";
static char in_path[64], out_path[64], spec[80];

static int group_setup(void **state)
{
	(void)state;
	if (testing_dpdk_start("error") || !mkdtemp(directory))
		return -1;
	snprintf(in_path, sizeof(in_path), "%s/in.pcapng", directory);
	snprintf(out_path, sizeof(out_path), "%s/out.pcapng", directory);
	snprintf(spec, sizeof(spec), "pcap:%s", out_path);
	pool = testing_pool("frames", 255, 1600);
	return pool ? 0 : -1;
}

static int group_teardown(void **state)
{
	(void)state;
	unlink(in_path);
	unlink(out_path);
	rmdir(directory);
	return 0;
}

/* Writes frames of these lengths, each filled with its number. */
static void capture_make(const uint16_t *lengths, unsigned n)
{
	struct error err = { "" };
	struct pcapng *file;
	uint8_t bytes[2000];

	assert_int_equal(pcapng_create(&file, in_path, "vm", &err), 0);
	for (unsigned i = 0; i < n; i++) {
		memset(bytes, (int)i, sizeof(bytes));
		assert_int_equal(pcapng_write(file, bytes, lengths[i], 1000 + i, NULL), 0);
	}
	assert_int_equal(pcapng_close(file), 0);
}

static struct vmport *port_open(const char *sends)
{
	const struct vmport_config config = {
		.name = "web", .spec = spec, .sends = sends, .mtu = 1500, .pool = pool,
	};
	struct error err = { "" };
	struct vmport *port;
	int ret = vmport_open(&port, &config, &err);

	if (ret)
		fail_msg("%s", err.text);
	return port;
}

static void what_a_vm_receives_stands_in_its_file_in_order(void **state)
{
	static const uint16_t lengths[] = { 14, 60, 1514, 1518 };
	struct vmport *port = port_open(NULL);
	struct capture_frame frame;
	struct error err = { "" };
	struct capture *capture;

	(void)state;
	assert_true(vmport_is_up(port));
	for (uint8_t i = 0; i < RTE_DIM(lengths); i++) {
		struct rte_mbuf *m = testing_frame(pool, lengths[i], i);

		assert_int_equal(vmport_deliver(port, &m, 1), 1);
		rte_pktmbuf_free(m);
	}
	vmport_close(port);

	assert_int_equal(capture_open(&capture, out_path, &err), 0);
	for (uint8_t i = 0; i < RTE_DIM(lengths); i++) {
		assert_int_equal(capture_next(capture, &frame, &err), 1);
		assert_int_equal(frame.length, lengths[i]);
		if (lengths[i] > 14)
			assert_int_equal(frame.bytes[frame.length - 1], i);
		assert_true(frame.time_ns > 1500000000ull * 1000000000ull);
	}
	assert_int_equal(capture_next(capture, &frame, &err), 0);
	capture_close(capture);
}

static void what_a_vm_sends_comes_out_once_and_bad_frames_are_counted(void **state)
{
	/* 13 and 1519 bytes may not pass at an MTU of 1500. */
	static const uint16_t lengths[] = { 60, 13, 14, 1518, 1519, 100 };
	static const uint16_t good[] = { 60, 14, 1518, 100 };
	static const uint8_t marks[] = { 0, 2, 3, 5 };
	struct rte_mbuf *pkts[8];
	struct vmport *port;
	uint16_t got;

	(void)state;
	capture_make(lengths, RTE_DIM(lengths));
	port = port_open(in_path);
	assert_false(vmport_sent_all(port));
	assert_true(vmport_arm(port, true));
	got = vmport_receive(port, pkts, 8);
	assert_int_equal(got, RTE_DIM(good));
	for (unsigned i = 0; i < got; i++) {
		assert_int_equal(pkts[i]->nb_segs, 1);
		assert_int_equal(pkts[i]->pkt_len, good[i]);
		assert_int_equal(*rte_pktmbuf_mtod(pkts[i], uint8_t *), marks[i]);
		rte_pktmbuf_free(pkts[i]);
	}
	assert_int_equal(vmport_bad(port), 2);
	assert_int_equal(vmport_receive(port, pkts, 8), 0);
	assert_true(vmport_sent_all(port));
	assert_false(vmport_arm(port, true));
	vmport_close(port);
	assert_int_equal(rte_mempool_in_use_count(pool), 0);
}

static void an_empty_pool_loses_no_frame(void **state)
{
	static const uint16_t lengths[] = { 60, 61, 62 };
	struct rte_mbuf *all[255], *pkts[8];
	struct vmport *port;

	(void)state;
	capture_make(lengths, RTE_DIM(lengths));
	port = port_open(in_path);
	assert_int_equal(rte_pktmbuf_alloc_bulk(pool, all, 255), 0);
	assert_int_equal(vmport_receive(port, pkts, 8), 0);
	assert_false(vmport_sent_all(port));
	rte_pktmbuf_free_bulk(all, 255);
	assert_int_equal(vmport_receive(port, pkts, 8), 3);
	assert_int_equal(pkts[0]->pkt_len, 60);
	rte_pktmbuf_free_bulk(pkts, 3);
	vmport_close(port);
}

static void a_capture_cut_off_sends_what_came_before(void **state)
{
	static const uint16_t lengths[] = { 60, 61, 600 };
	struct rte_mbuf *pkts[8];
	struct vmport *port;
	FILE *file;
	long size;

	(void)state;
	capture_make(lengths, RTE_DIM(lengths));
	file = fopen(in_path, "r");
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	fclose(file);
	assert_int_equal(truncate(in_path, size - 300), 0);
	port = port_open(in_path);
	assert_int_equal(vmport_receive(port, pkts, 8), 2);
	rte_pktmbuf_free_bulk(pkts, 2);
	assert_int_equal(vmport_receive(port, pkts, 8), 0);
	assert_true(vmport_sent_all(port));
	vmport_close(port);
}

static void a_vm_without_sends_has_sent_all_and_lets_a_worker_sleep(void **state)
{
	struct vmport *port = port_open(NULL);
	struct pollfd poll_fd = { .fd = vmport_descriptor(port), .events = POLLIN };
	struct rte_mbuf *pkts[1];

	(void)state;
	assert_true(vmport_sent_all(port));
	assert_int_equal(vmport_receive(port, pkts, 1), 0);
	assert_false(vmport_arm(port, true));
	assert_true(poll_fd.fd >= 0);
	assert_int_equal(poll(&poll_fd, 1, 0), 0);
	vmport_close(port);
	vmport_close(NULL);
}

/* A limit on file sizes stands for the full disk. */
static void a_full_disk_takes_the_vm_down_and_not_the_switch(void **state)
{
	struct rlimit before, limit;
	struct rte_mbuf *m = testing_frame(pool, 1500, 1);
	struct vmport *port;
	unsigned taken = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = 100000;
	port = port_open(NULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	while (taken < 100000 && vmport_deliver(port, &m, 1) == 1)
		taken++;
	assert_in_range(taken, 1, 99999);
	assert_false(vmport_is_up(port));
	assert_int_equal(vmport_deliver(port, &m, 1), 0);
	vmport_close(port);
	setrlimit(RLIMIT_FSIZE, &before);
	rte_pktmbuf_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_vm_receives_stands_in_its_file_in_order),
		cmocka_unit_test(what_a_vm_sends_comes_out_once_and_bad_frames_are_counted),
		cmocka_unit_test(an_empty_pool_loses_no_frame),
		cmocka_unit_test(a_capture_cut_off_sends_what_came_before),
		cmocka_unit_test(a_vm_without_sends_has_sent_all_and_lets_a_worker_sleep),
		cmocka_unit_test(a_full_disk_takes_the_vm_down_and_not_the_switch),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
