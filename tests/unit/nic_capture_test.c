/* SPDX-License-Identifier: BSD-2-Clause */
/* The NICs that are captures: pcap: and pcap-loop:. */
#include "nic/nic.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

#include "frame/capture.h"
#include "frame/pcapng.h"

#define PRIVATE 768

static char dir[] = "/tmp/nic,capture=test.XXXXXX";   /* a name that DPDK's arguments would break */
static char in[64], out[64], spec[80], loop[80];
static struct rte_mempool *pool;
static uint8_t frame[4000];

static int start_eal(void **state)
{
	char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"--no-shconf", (char *)"--no-pci",
			 (char *)"--no-telemetry", (char *)"--log-level=critical",
			 (char *)"--log-level=lib.eal:1" };

	(void)state;
	if (!mkdtemp(dir) || rte_eal_init(7, args) < 0)
		return -1;
	pool = rte_pktmbuf_pool_create("frames", 255, 0, PRIVATE, 2048 + RTE_PKTMBUF_HEADROOM, 0);
	snprintf(in, sizeof(in), "%s/in", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	snprintf(spec, sizeof(spec), "pcap:%s", in);
	snprintf(loop, sizeof(loop), "pcap-loop:%s", in);
	for (unsigned i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)i;
	return pool ? 0 : -1;
}

static int stop_eal(void **state)
{
	(void)state;
	unlink(in);
	unlink(out);
	rmdir(dir);
	rte_mempool_free(pool);
	return rte_eal_cleanup();
}

/* A pcap file of 'n' frames: 'in_file' bytes of 'on_wire', the first byte counts them. */
static void write_input(unsigned n, uint32_t in_file, uint32_t on_wire)
{
	uint32_t head[6] = { 0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1 };
	FILE *f = fopen(in, "wb");

	assert_non_null(f);
	fwrite(head, sizeof(head), 1, f);
	for (unsigned i = 0; i < n; i++) {
		uint32_t record[4] = { i, 0, in_file, on_wire };

		frame[0] = (uint8_t)i;
		fwrite(record, sizeof(record), 1, f);
		fwrite(frame, 1, in_file, f);
	}
	fclose(f);
}

static struct nic *opened(const char *name, const char *to)
{
	struct nic_config config = { .spec = name, .out = to, .rx_queues = 1, .tx_queues = 4,
				     .mtu = 1500 };
	struct error err = { "" };
	struct nic *nic;

	if (nic_open(&nic, &config, &err) || nic_start(nic, &pool, &err))
		fail_msg("%s", err.text);
	return nic;
}

static void refused(struct nic_config config, int code, const char *text)
{
	struct nic *nic = (struct nic *)1;
	struct error err = { "" };

	if (!config.rx_queues)
		config.rx_queues = 1;
	if (!config.tx_queues)
		config.tx_queues = 1;
	if (!config.mtu)
		config.mtu = 1500;
	assert_int_equal(nic_open(&nic, &config, &err), code);
	assert_null(nic);
	if (!strstr(err.text, text))
		fail_msg("'%s' is not in '%s'", text, err.text);
	assert_null(strchr(err.text, '\n'));
}

static void nothing_leaked(void)
{
	assert_int_equal(rte_mempool_avail_count(pool), 255);
}

static void every_frame_and_then_the_end(void **state)
{
	struct rte_mbuf *pkts[32];
	unsigned seen = 0;
	struct nic *nic;
	uint8_t mac[6];
	uint16_t n;

	(void)state;
	write_input(100, 60, 60);
	nic = opened(spec, NULL);
	nic_mac(nic, mac);
	assert_memory_equal(mac, "\x02\0\0\0\0\0", 6);
	assert_non_null(strstr(nic_description(nic), in));
	assert_int_equal(nic_tx_queues(nic), 1);
	assert_int_equal(nic_rx_descriptor(nic, 0), -1);
	assert_true(nic_rx_arm(nic, 0, true));
	assert_true(nic_can_wait(nic));
	while ((n = nic_rx_burst(nic, 0, pkts, 32)) > 0) {
		/* Not told before the last frames were handed out and asked after. */
		assert_int_equal(nic_end(nic), NIC_ALIVE);
		assert_string_equal(nic_end_reason(nic), "");
		for (uint16_t i = 0; i < n; i++, seen++) {
			frame[0] = (uint8_t)seen;
			assert_int_equal(pkts[i]->pkt_len, 60);
			assert_int_equal(pkts[i]->data_len, 60);
			assert_memory_equal(rte_pktmbuf_mtod(pkts[i], void *), frame, 60);
			rte_pktmbuf_free(pkts[i]);
		}
	}
	assert_int_equal(seen, 100);
	assert_int_equal(nic_end(nic), NIC_ENDED);
	assert_non_null(strstr(nic_end_reason(nic), "100 frames delivered"));
	assert_false(nic_rx_arm(nic, 0, true));
	assert_int_equal(nic_missed(nic), 0);
	assert_int_equal(nic_truncated(nic), 0);
	nic_close(nic);
	nothing_leaked();
}

static void a_damaged_capture_counts_up_to_the_damage(void **state)
{
	struct rte_mbuf *pkts[32];
	struct nic *nic;

	(void)state;
	write_input(3, 60, 60);
	assert_int_equal(truncate(in, 24 + 3 * 76 - 10), 0);
	nic = opened(spec, NULL);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 2);
	rte_pktmbuf_free_bulk(pkts, 2);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 0);
	assert_int_equal(nic_end(nic), NIC_BROKEN);
	assert_non_null(strstr(nic_end_reason(nic), "at record 3"));
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 0);
	nic_close(nic);
	nothing_leaked();
}

static void truncated_frames_are_counted_not_delivered(void **state)
{
	struct rte_mbuf *pkts[32];
	struct nic *nic;

	(void)state;
	write_input(5, 60, 61);
	nic = opened(spec, NULL);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 0);
	assert_int_equal(nic_truncated(nic), 5);
	assert_int_equal(nic_missed(nic), 0);
	assert_int_equal(nic_end(nic), NIC_ENDED);
	nic_close(nic);
	nothing_leaked();
}

static void frames_without_room_stay_too_long_for_the_mtu(void **state)
{
	struct rte_mbuf *pkts[32];
	struct nic *nic;

	(void)state;
	write_input(5, 2049, 2049);
	nic = opened(spec, NULL);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 5);
	for (unsigned i = 0; i < 5; i++)
		assert_true(pkts[i]->data_len > 1500 + 18);
	assert_int_equal(nic_missed(nic), 0);
	rte_pktmbuf_free_bulk(pkts, 5);
	nic_close(nic);
	write_input(5, 2048, 2048);
	nic = opened(spec, NULL);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 5);
	rte_pktmbuf_free_bulk(pkts, 5);
	nic_close(nic);
	nothing_leaked();
}

static void an_empty_pool_loses_no_frame_of_a_file(void **state)
{
	struct rte_mbuf *pkts[300];
	struct nic *nic;

	(void)state;
	write_input(300, 60, 60);
	nic = opened(spec, NULL);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 300), 255);
	assert_int_equal(nic_rx_burst(nic, 0, pkts + 255, 45), 0);
	assert_int_equal(nic_end(nic), NIC_ALIVE);
	rte_pktmbuf_free_bulk(pkts, 255);
	assert_int_equal(nic_rx_burst(nic, 0, pkts, 300), 45);
	assert_int_equal(*rte_pktmbuf_mtod(pkts[0], uint8_t *), 255);
	rte_pktmbuf_free_bulk(pkts, 45);
	nic_close(nic);
	nothing_leaked();
}

/* What is sent stands in the file 'out', in order, with the time of now. */
static void expect_sent(struct nic *nic)
{
	struct capture_frame got;
	struct rte_mbuf *pkts[2];
	struct capture *c;
	uint64_t before = (uint64_t)time(NULL);

	for (unsigned i = 0; i < 2; i++) {
		pkts[i] = rte_pktmbuf_alloc(pool);
		memset(rte_pktmbuf_append(pkts[i], (uint16_t)(60 + i)), 'a' + (int)i, 60 + i);
	}
	/* The second in two segments, as a port would take it too. */
	pkts[1]->next = rte_pktmbuf_alloc(pool);
	memset(rte_pktmbuf_append(pkts[1]->next, 7), 'b', 7);
	pkts[1]->nb_segs = 2;
	pkts[1]->pkt_len += 7;
	pkts[1]->next->pkt_len = 0;
	assert_int_equal(nic_tx_burst(nic, 0, pkts, 2), 2);
	nic_close(nic);
	assert_int_equal(capture_open(&c, out, NULL), 0);
	assert_int_equal(capture_next(c, &got, NULL), 1);
	assert_int_equal(got.length, 60);
	assert_int_equal(got.bytes[59], 'a');
	assert_in_range(got.time_ns / 1000000000u, before, before + 2);
	assert_int_equal(capture_next(c, &got, NULL), 1);
	assert_int_equal(got.length, 68);
	assert_int_equal(got.bytes[67], 'b');
	assert_int_equal(capture_next(c, &got, NULL), 0);
	capture_close(c);
	nothing_leaked();
}

static void sent_frames_are_written_and_freed(void **state)
{
	(void)state;
	write_input(1, 60, 60);
	expect_sent(opened(spec, out));
	expect_sent(opened(loop, out));
}

static void sent_frames_without_a_file_are_freed(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct nic *nic;

	(void)state;
	rte_pktmbuf_append(m, 60);
	write_input(1, 60, 60);
	nic = opened(spec, NULL);
	assert_int_equal(nic_tx_burst(nic, 0, &m, 1), 1);
	nic_close(nic);
	nothing_leaked();
}

static void a_loop_never_ends(void **state)
{
	struct rte_mbuf *pkts[32];
	unsigned seen = 0;
	struct nic *nic;

	(void)state;
	write_input(7, 60, 60);
	nic = opened(loop, NULL);
	assert_int_equal(nic_buffers(nic), 7);
	assert_false(nic_can_wait(nic));
	while (seen < 1000) {
		uint16_t n = nic_rx_burst(nic, 0, pkts, 32);

		assert_int_equal(n, 32);
		for (uint16_t i = 0; i < n; i++, seen++)
			assert_int_equal(*rte_pktmbuf_mtod(pkts[i], uint8_t *), seen % 7);
		rte_pktmbuf_free_bulk(pkts, n);
	}
	assert_int_equal(nic_tx_burst(nic, 0, pkts, 0), 0);
	assert_int_equal(nic_end(nic), NIC_ALIVE);
	assert_true(nic_rx_arm(nic, 0, true));
	nic_close(nic);
	nothing_leaked();
}

static void a_loop_that_does_not_fit_is_refused(void **state)
{
	struct nic_config config = { .spec = loop, .rx_queues = 1, .tx_queues = 1, .mtu = 1500 };
	struct error err;
	struct nic *nic;

	(void)state;
	write_input(250, 60, 60);
	assert_int_equal(nic_open(&nic, &config, &err), 0);
	assert_int_equal(nic_start(nic, &pool, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "its 250 frames and a burst do not fit the 255 free"));
	nic_close(nic);
	nothing_leaked();
	write_input(0, 0, 0);
	refused(config, -EINVAL, "holds no frame");
	write_input(2, 60, 61);
	refused(config, -EINVAL, "frame 1 is only in part in the file (60 of 61 bytes)");
	write_input(2, 1600, 1600);
	refused(config, -EINVAL, "more than the MTU allows");
}

static void small_buffers_are_refused(void **state)
{
	struct nic_config config = { .spec = spec, .rx_queues = 1, .tx_queues = 1, .mtu = 9000 };
	struct error err;
	struct nic *nic;

	(void)state;
	write_input(1, 60, 60);
	assert_int_equal(nic_open(&nic, &config, &err), 0);
	assert_int_equal(nic_data_room(nic), 9022);
	assert_int_equal(nic_start(nic, &pool, &err), -EINVAL);
	assert_non_null(strstr(err.text, "holds 2048 bytes, an MTU of 9000 needs 9022"));
	nic_close(nic);
}

static void a_port_starts_once(void **state)
{
	struct error err;
	struct nic *nic;

	(void)state;
	write_input(1, 60, 60);
	nic = opened(spec, NULL);
	assert_int_equal(nic_start(nic, &pool, &err), -EALREADY);
	nic_stop(nic);
	nic_stop(nic);
	assert_int_equal(nic_start(nic, &pool, &err), -EALREADY);
	nic_close(nic);
	nic_close(NULL);
}

static void what_cannot_be_opened(void **state)
{
	(void)state;
	write_input(1, 60, 60);
	refused((struct nic_config){ .spec = "" }, -EINVAL, "not KIND:ARGUMENT");
	refused((struct nic_config){ .spec = "pcap" }, -EINVAL, "not KIND:ARGUMENT");
	refused((struct nic_config){ .spec = "pcap:" }, -EINVAL, "not KIND:ARGUMENT");
	refused((struct nic_config){ .spec = "pca:x" }, -EINVAL, "one of pcap:FILE, pcap-loop:FILE");
	refused((struct nic_config){ .spec = "pcap:/none/x" }, -ENOENT, "no such file");
	refused((struct nic_config){ .spec = "pcap-loop:/none/x" }, -ENOENT, "no such file");
	refused((struct nic_config){ .spec = spec, .rx_queues = 2 }, -ENOTSUP, "one receive queue, not 2");
	refused((struct nic_config){ .spec = spec, .rx_queues = 65 }, -EINVAL, "1 to 64");
	refused((struct nic_config){ .spec = spec, .tx_queues = 1025 }, -EINVAL, "1 to 1024");
	refused((struct nic_config){ .spec = spec, .mtu = 67 }, -EINVAL, "68 to 9600");
	refused((struct nic_config){ .spec = spec, .out = in }, -EINVAL, "is the file that is read");
	refused((struct nic_config){ .spec = spec, .out = "/dev/full" }, -ENOSPC, "cannot be written");
	refused((struct nic_config){ .spec = "tap:x", .out = out }, -EINVAL, "leave it out");
	refused((struct nic_config){ .spec = "dpdk:net_nonsense0" }, -ENODEV, "DPDK cannot use this device");
	refused((struct nic_config){ .spec = "dpdk:0000:99:00.0" }, -ENODEV, "bound to vfio-pci");
	assert_int_equal(rte_eth_dev_count_avail(), 0);
}

static void any_dpdk_device(void **state)
{
	struct rte_mbuf *pkts[32];
	struct nic *nic;

	(void)state;
	for (int i = 0; i < 2; i++) {
		nic = opened("dpdk:net_null0,size=64", NULL);
		assert_int_equal(nic_tx_queues(nic), 4);
		assert_int_equal(nic_rx_burst(nic, 0, pkts, 32), 32);
		assert_int_equal(pkts[0]->pkt_len, 64);
		assert_int_equal(nic_tx_burst(nic, 3, pkts, 32), 32);
		assert_int_equal(nic_rx_descriptor(nic, 0), -1);
		assert_int_equal(nic_end(nic), NIC_ALIVE);
		nic_close(nic);
		assert_int_equal(rte_eth_dev_count_avail(), 0);
	}
	nothing_leaked();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_and_then_the_end),
		cmocka_unit_test(a_damaged_capture_counts_up_to_the_damage),
		cmocka_unit_test(truncated_frames_are_counted_not_delivered),
		cmocka_unit_test(frames_without_room_stay_too_long_for_the_mtu),
		cmocka_unit_test(an_empty_pool_loses_no_frame_of_a_file),
		cmocka_unit_test(sent_frames_are_written_and_freed),
		cmocka_unit_test(sent_frames_without_a_file_are_freed),
		cmocka_unit_test(a_loop_never_ends),
		cmocka_unit_test(a_loop_that_does_not_fit_is_refused),
		cmocka_unit_test(small_buffers_are_refused),
		cmocka_unit_test(a_port_starts_once),
		cmocka_unit_test(what_cannot_be_opened),
		cmocka_unit_test(any_dpdk_device),
	};

	return cmocka_run_group_tests(tests, start_eal, stop_eal);
}
