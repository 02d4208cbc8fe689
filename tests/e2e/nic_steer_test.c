/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Steering: a tap, in a network namespace of this test's own, puts the frames of a MAC
 * and a VLAN into the receive queue that was asked for. The kernel's end of the tap is
 * the sender. Needs root; without it every test is skipped, and says so.
 */
#include "nic/nic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include <rte_eal.h>
#include <rte_mempool.h>

#define POOLS 4
#define BUFFERS 2047
#define BASE 2            /* queues of frames without a rule */
#define STEERED 2
#define FIRST BASE        /* the first steered queue */
#define NO_TAG 0xffff
#define TCX_EGRESS 47     /* bpf_attach_type, of Linux 6.6 and later */

static struct rte_mempool *pools[POOLS];
static bool able;
static struct nic *live;
static int wire = -1;

static int start(void **state)
{
	char *args[] = { (char *)"test", (char *)"--no-huge", (char *)"--no-shconf", (char *)"--no-pci",
			 (char *)"--no-telemetry", (char *)"--log-level=critical", (char *)"-m",
			 (char *)"256" };

	(void)state;
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0 &&
	       system("ip link set lo up && sysctl -qw net.ipv6.conf.default.disable_ipv6=1") == 0;
	if (!able) {
		fprintf(stderr, "\n*** SKIPPED: nic_steer_test needs root and network namespaces; "
			"steering was NOT tested ***\n\n");
		return 0;
	}
	if (rte_eal_init(8, args) < 0)
		return -1;
	for (int i = 0; i < POOLS; i++) {
		char name[24];

		snprintf(name, sizeof(name), "frames%d", i);
		pools[i] = rte_pktmbuf_pool_create(name, BUFFERS, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
		if (!pools[i])
			return -1;
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	return able ? rte_eal_cleanup() : 0;
}

static int open_wire(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_ifindex = (int)if_nametoindex(interface) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	assert_true(fd >= 0 && address.sll_ifindex);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static struct nic *opened(const char *spec, uint16_t base, uint16_t steered)
{
	struct nic_config config = { .spec = spec, .rx_queues = base, .mtu = 1500,
				     .tx_queues = (uint16_t)(base + steered),
				     .steer_queues = steered };
	struct error err = { "" };

	if (nic_open(&live, &config, &err) || nic_start(live, pools, &err))
		fail_msg("%s", err.text);
	return live;
}

static int make_tap(void **state)
{
	(void)state;
	if (!able)
		return 0;
	opened("tap:t0", BASE, STEERED);
	wire = open_wire("t0");
	return 0;
}

static int remove_tap(void **state)
{
	(void)state;
	nic_close(live);
	live = NULL;
	if (wire >= 0)
		close(wire);
	wire = -1;
	return 0;
}

#define NEEDS_ROOT do { (void)state; if (!able) skip(); } while (0)

/* A frame to the address 02:..:'host', from 02:..:'from'. */
static void send_frame(uint8_t host, uint16_t vlan, uint8_t from, uint32_t number)
{
	uint8_t frame[64] = { 2, 0, 0, 0, 0, host, 2, 0, 0, 0, 1, from };
	uint8_t *type = frame + 12;

	if (vlan != NO_TAG) {
		memcpy(type, (uint8_t[]){ 0x81, 0, (uint8_t)(0x60 | vlan >> 8), (uint8_t)vlan }, 4);
		type += 4;
	}
	memcpy(type, "\x88\xb5", 2);
	memcpy(frame + 60, &number, sizeof(number));
	assert_int_equal(send(wire, frame, sizeof(frame), 0), sizeof(frame));
}

static void rule(struct nic *nic, uint32_t id, uint8_t host, enum nic_steer_vlan test, uint16_t vlan,
		 uint16_t queue)
{
	struct nic_steer what = { .mac = { 2, 0, 0, 0, 0, host }, .test = test, .vlan = vlan,
				  .rx_queue = queue };
	struct error err = { "" };

	if (nic_steer_set(nic, id, &what, &err))
		fail_msg("%s", err.text);
}

/* The queue that the next frame comes to; frames are sent and taken one by one. */
static int arrives(struct nic *nic, uint16_t queues)
{
	struct rte_mbuf *m;

	for (int turn = 0; turn < 2000; turn++) {
		for (uint16_t q = 0; q < queues; q++)
			if (nic_rx_burst(nic, q, &m, 1)) {
				rte_pktmbuf_free(m);
				return q;
			}
		usleep(100);
	}
	return -1;
}

static int goes_to(uint8_t host, uint16_t vlan)
{
	send_frame(host, vlan, 1, 0);
	return arrives(live, BASE + STEERED);
}

static void a_steered_frame_comes_to_the_queue_of_its_rule(void **state)
{
	NEEDS_ROOT;
	assert_int_equal(nic_steer_queues(live), STEERED);
	rule(live, 1, 0x11, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST);
	rule(live, 2, 0x12, NIC_STEER_EQUAL, 10, FIRST + 1);
	rule(live, 3, 0x13, NIC_STEER_ANY, 0, FIRST + 1);
	rule(live, 4, 0x11, NIC_STEER_EQUAL, 4095, FIRST + 1);

	for (int i = 0; i < 3; i++) {
		assert_int_equal(goes_to(0x11, NO_TAG), FIRST);
		assert_int_equal(goes_to(0x11, 0), FIRST);          /* a priority tag */
		assert_true(goes_to(0x11, 10) < BASE);
		assert_int_equal(goes_to(0x11, 4095), FIRST + 1);
		assert_int_equal(goes_to(0x12, 10), FIRST + 1);
		assert_true(goes_to(0x12, 11) < BASE);
		assert_true(goes_to(0x12, NO_TAG) < BASE);
		assert_int_equal(goes_to(0x13, NO_TAG), FIRST + 1);
		assert_int_equal(goes_to(0x13, 77), FIRST + 1);
		assert_true(goes_to(0x14, NO_TAG) < BASE);
	}
}

static void the_rule_for_one_vlan_wins_over_that_for_any(void **state)
{
	NEEDS_ROOT;
	rule(live, 1, 0x11, NIC_STEER_ANY, 0, FIRST);
	rule(live, 2, 0x11, NIC_STEER_EQUAL, 10, FIRST + 1);
	assert_int_equal(goes_to(0x11, 10), FIRST + 1);
	assert_int_equal(goes_to(0x11, 11), FIRST);
	nic_steer_clear(live, 2);
	assert_int_equal(goes_to(0x11, 10), FIRST);
}

static void a_cleared_rule_steers_no_more(void **state)
{
	NEEDS_ROOT;
	rule(live, 7, 0x11, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST);
	rule(live, 8, 0x12, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST);
	assert_int_equal(goes_to(0x11, NO_TAG), FIRST);
	nic_steer_clear(live, 7);
	assert_true(goes_to(0x11, NO_TAG) < BASE);
	assert_int_equal(goes_to(0x12, NO_TAG), FIRST);
	nic_steer_clear(live, 7);                       /* once more is no error */
	rule(live, 7, 0x11, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST + 1);
	assert_int_equal(goes_to(0x11, NO_TAG), FIRST + 1);
}

/* Frames without a rule use every ordinary queue and no steered one, and those of one
 * pair of addresses stay together. */
static void frames_without_a_rule_keep_to_the_other_queues(void **state)
{
	unsigned by[BASE] = { 0 };

	NEEDS_ROOT;
	rule(live, 1, 0x11, NIC_STEER_ANY, 0, FIRST);
	for (uint8_t from = 0; from < 64; from++) {
		int queue;

		send_frame(0x20, NO_TAG, from, 0);
		queue = arrives(live, BASE + STEERED);
		assert_in_range(queue, 0, BASE - 1);
		by[queue]++;
		send_frame(0x20, NO_TAG, from, 1);
		assert_int_equal(arrives(live, BASE + STEERED), queue);
	}
	for (int q = 0; q < BASE; q++)
		assert_in_range(by[q], 8, 56);
}

static void a_steered_queue_keeps_the_order(void **state)
{
	struct rte_mbuf *pkts[32];
	uint32_t expected = 0;

	NEEDS_ROOT;
	rule(live, 1, 0x11, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST + 1);
	for (uint32_t i = 0; i < 200; i++)
		send_frame(0x11, NO_TAG, 1, i);
	for (int turn = 0; turn < 2000 && expected < 200; turn++) {
		uint16_t n = nic_rx_burst(live, FIRST + 1, pkts, 32);

		for (uint16_t i = 0; i < n; i++, expected++)
			assert_memory_equal(rte_pktmbuf_mtod_offset(pkts[i], char *, 60), &expected, 4);
		rte_pktmbuf_free_bulk(pkts, n);
		if (!n)
			usleep(100);
	}
	assert_int_equal(expected, 200);
	assert_int_equal(nic_missed(live), 0);
}

static void what_the_kernel_has_no_room_for_is_missed(void **state)
{
	struct rte_mbuf *pkts[32];
	uint64_t got = 0;
	uint16_t n;

	NEEDS_ROOT;
	rule(live, 1, 0x11, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST);
	for (uint32_t i = 0; i < 3000; i++)
		send_frame(0x11, NO_TAG, 1, i);
	while ((n = nic_rx_burst(live, FIRST, pkts, 32))) {
		rte_pktmbuf_free_bulk(pkts, n);
		got += n;
	}
	assert_true(got < 3000);
	assert_int_equal(got + nic_missed(live), 3000);
	nic_stop(live);
	assert_int_equal(got + nic_missed(live), 3000);
}

/* Puts every frame that leaves by the tap's kernel end on VLAN 10, with the tag beside
 * the frame, as the kernel's own VLAN devices do. False: this kernel cannot. */
static bool tag_beside(int *link)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2, .imm = htons(0x8100) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 10 },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_skb_vlan_push },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int program;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SCHED_CLS;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t)"Dual BSD/GPL";
	program = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	if (program < 0)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_ifindex = if_nametoindex("t0");
	attr.link_create.attach_type = TCX_EGRESS;
	*link = (int)syscall(SYS_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	close(program);
	return *link >= 0;
}

static void a_tag_that_the_kernel_keeps_beside_the_frame_counts(void **state)
{
	int link = -1;

	NEEDS_ROOT;
	rule(live, 1, 0x11, NIC_STEER_UNTAGGED_OR_ZERO, 0, FIRST);
	rule(live, 2, 0x11, NIC_STEER_EQUAL, 10, FIRST + 1);
	assert_int_equal(goes_to(0x11, NO_TAG), FIRST);
	if (!tag_beside(&link)) {
		fprintf(stderr, "*** SKIPPED: this kernel has no tcx ***\n");
		skip();
	}
	assert_int_equal(goes_to(0x11, NO_TAG), FIRST + 1);
	close(link);
	assert_int_equal(goes_to(0x11, NO_TAG), FIRST);
}

static void refused(uint32_t id, struct nic_steer what, int code, const char *text)
{
	struct error err = { "" };
	int rc = nic_steer_set(live, id, &what, &err);

	if (rc != code || !strstr(err.text, text) || strchr(err.text, '\n'))
		fail_msg("%d, '%s' instead of %d, '%s'", rc, err.text, code, text);
}

static void rules_that_cannot_be(void **state)
{
	struct nic_steer what = { .mac = { 2, 0, 0, 0, 0, 0x11 }, .test = NIC_STEER_EQUAL, .vlan = 10,
				  .rx_queue = FIRST };

	NEEDS_ROOT;
	rule(live, 1, 0x11, NIC_STEER_EQUAL, 10, FIRST);
	refused(2, what, -EEXIST, "rule 1 steers the same frames already");
	what.vlan = 11;
	refused(1, what, -EEXIST, "rule 1 steers other frames");
	what.vlan = 4096;
	refused(2, what, -EINVAL, "no rule for VLAN 4096");
	what.vlan = 11;
	what.rx_queue = BASE - 1;
	refused(2, what, -EINVAL, "receive queue 1 is not one of the steered, 2 to 3");
	what.rx_queue = BASE + STEERED;
	refused(2, what, -EINVAL, "receive queue 4 is not one of the steered");
}

/* The kernel's table has an end. */
static void more_rules_than_fit(void **state)
{
	struct nic_steer what = { .mac = { 2, 0, 0, 0, 1, 0 }, .rx_queue = FIRST };
	struct error err;
	uint32_t id;
	int rc = 0;

	NEEDS_ROOT;
	for (id = 0; !rc && id < 5000; id++) {
		what.mac[3] = (uint8_t)(id >> 8);
		what.mac[5] = (uint8_t)id;
		rc = nic_steer_set(live, id, &what, &err);
	}
	assert_int_equal(rc, -ENOSPC);
	assert_true(id > 256);
	nic_steer_clear(live, 0);          /* makes room for one */
	rule(live, 0x10000, 0x11, NIC_STEER_EQUAL, 10, FIRST);
	assert_int_equal(goes_to(0x11, 10), FIRST);
}

static void ports_that_cannot_steer(void **state)
{
	struct nic_steer what = { .mac = { 2, 0, 0, 0, 0, 0x11 }, .rx_queue = 1 };

	NEEDS_ROOT;
	opened("tap:t1", 4, 3);           /* the driver has no more queues */
	assert_int_equal(nic_steer_queues(live), 0);
	what.rx_queue = 4;
	refused(1, what, -ENOTSUP, "does not steer");
	nic_close(live);
	opened("tap:t1", 3, 9);
	assert_int_equal(nic_steer_queues(live), 1);
	nic_close(live);
	opened("dpdk:net_null0", 1, 3);
	assert_int_equal(nic_steer_queues(live), 0);
	what.rx_queue = 1;
	refused(1, what, -ENOTSUP, "does not steer");
}

/* DPDK's own steering of a tap agrees to every rule beforehand. Where the kernel lacks
 * what it needs, the refusal is told, and nothing else has changed. */
static void a_driver_that_goes_back_on_its_word(void **state)
{
	struct nic_steer what = { .mac = { 2, 0, 0, 0, 0, 0x11 }, .rx_queue = 1 };
	struct error err = { "" };
	int rc;

	NEEDS_ROOT;
	opened("dpdk:net_tap9,iface=t2", 1, 1);
	wire = open_wire("t2");
	assert_int_equal(nic_steer_queues(live), 1);
	rc = nic_steer_set(live, 1, &what, &err);
	if (rc) {
		assert_int_equal(rc, -ENOTSUP);
		assert_non_null(strstr(err.text, "its driver does not take the rule: "));
		assert_null(strchr(err.text, '\n'));
		return;
	}
	send_frame(0x11, NO_TAG, 1, 0);
	assert_int_equal(arrives(live, 2), 1);
}

int main(void)
{
#define TAP_TEST(f) cmocka_unit_test_setup_teardown(f, make_tap, remove_tap)
#define PORT_TEST(f) cmocka_unit_test_setup_teardown(f, NULL, remove_tap)
	const struct CMUnitTest tests[] = {
		TAP_TEST(a_steered_frame_comes_to_the_queue_of_its_rule),
		TAP_TEST(the_rule_for_one_vlan_wins_over_that_for_any),
		TAP_TEST(a_cleared_rule_steers_no_more),
		TAP_TEST(frames_without_a_rule_keep_to_the_other_queues),
		TAP_TEST(a_steered_queue_keeps_the_order),
		TAP_TEST(what_the_kernel_has_no_room_for_is_missed),
		TAP_TEST(a_tag_that_the_kernel_keeps_beside_the_frame_counts),
		TAP_TEST(rules_that_cannot_be),
		TAP_TEST(more_rules_than_fit),
		PORT_TEST(ports_that_cannot_steer),
		PORT_TEST(a_driver_that_goes_back_on_its_word),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
