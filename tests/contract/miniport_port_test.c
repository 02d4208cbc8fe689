/* SPDX-License-Identifier: BSD-2-Clause */
/* The miniport on ports that are no capture: what a port finds out of a frame's checksums (P4,
 * P12), and a port that goes away (I11). */
#include "asks.h"
#include "large.h"

#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <ovmq.h>
#include <rte_malloc.h>

#include "../unit/vhost_master.h"

#define P0 (&protocols[0])
#define ON NDIS_OFFLOAD_SUPPORTED
#define OFF NDIS_OFFLOAD_NOT_SUPPORTED
#define TCP_GOOD 0x08

#define GUEST_CSUM (1ull << 1)       /* VIRTIO_NET_F_* and _HDR_F_* of VIRTIO 1.1, 5.1 */
#define CSUM       (1ull << 0)
#define NEEDS_CSUM 1

static bool able;                    /* to have interfaces: in a network namespace of its own */

/* What a device can fill: DPDK's. */
static void *give(size_t length)
{
	return rte_zmalloc(NULL, length, 4096);
}

static const struct ndis_device_memory dpdk_memory = { give, rte_free };

static void open_port(const char *nic)
{
	const struct ndis_keyword keywords[] = { { "Nic", nic }, { "NicOut", "" }, { NULL, NULL } };
	const struct stack_options o = { .keywords = keywords };

	ground_capture_write(ground_path("out"), &protocol_wire);   /* nothing is sent */
	ndis_device_memory_set(&dpdk_memory);
	stack_open_receiving(&o);
}

/* ---- checksums ---- */

/* Of a virtio port the peer leaves a frame's sum to us, and then it is right, or says nothing;
 * IPv4's header nobody looks at, so nobody may be told that somebody does (P12). */
static void P4_P12_what_a_port_leaves_open_has_no_result(void **state)
{
	const struct vhost_master_header says[] = {
		{ .flags = NEEDS_CSUM, .csum_start = 34, .csum_offset = 16 }, { .flags = 0 } };
	const struct build b = { .version = 4, .protocol = BUILD_TCP, .tci = -1, .payload = 100 };
	uint8_t bytes[BUILD_ROOM];
	struct built at = build_frame(bytes, &b);
	struct vhost_master far;
	char nic[128];
	NDIS_OFFLOAD o;

	(void)state;
	snprintf(nic, sizeof(nic), "dpdk:net_vhost0,iface=%s", ground_path("sock"));
	open_port(nic);
	memset(&o, 0, sizeof(o));
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES,
				 &o, sizeof(o), 0), NDIS_STATUS_SUCCESS);
	assert_int_equal(o.Checksum.IPv4Receive.TcpChecksum, ON);
	assert_int_equal(o.Checksum.IPv6Receive.UdpChecksum, ON);
	assert_int_equal(o.Checksum.IPv4Receive.IpChecksum, OFF);
	assert_int_equal(ask_offloads(P0), NDIS_STATUS_SUCCESS);
	atomic_store(&P0->hold, true);
	assert_true(vhost_master_start(&far, ground_path("sock"), CSUM | GUEST_CSUM));
	for (unsigned i = 0; i < 2; i++) {
		vhost_master_send(&far, &says[i], bytes, at.length);
		stack_flow(1);
		assert_int_equal(P0->n_held, i + 1);
		assert_int_equal((uintptr_t)NET_BUFFER_LIST_INFO(P0->held[i],
								 TcpIpChecksumNetBufferListInfo),
				 i ? 0 : TCP_GOOD);
	}
	vhost_master_stop(&far);
}

/* ---- its end ---- */

static ULONG always(PVOID context)
{
	(void)context;
	return 1;
}

static unsigned link_ends(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < atomic_load(&trace.n_events); i++)
		n += trace.events[i].kind == TRACE_STATUS &&
		     trace.events[i].status == NDIS_STATUS_LINK_STATE;
	return n;
}

static void goes_away(void)
{
	unsigned before;
	uint64_t begun;

	open_port("tap:t0");
	before = link_ends();
	assert_false(ndis_adapter_is_removed(stack.adapter));
	assert_int_equal(system("ip link del t0"), 0);
	begun = ground_ran();
	ground_until(ndis_adapter_is_removed(stack.adapter));
	assert_in_range(ground_ran() - begun, 0, 1500);   /* within a second of running */
	assert_int_equal(link_ends(), before + 1);
}

/* Workers sleep meanwhile. */
static void I11_the_adapter_of_a_port_that_goes_away_wants_to_be_removed(void **state)
{
	(void)state;
	if (!able)
		skip();
	goes_away();
}

/* Whether or not other work keeps all workers from sleeping. */
static void I11_the_same_where_workers_never_sleep(void **state)
{
	const OVMQ_POLL_SOURCE busy = { .Poll = always, .Descriptor = OVMQ_WAKE_BY_NOTIFY };
	NDIS_HANDLE polls[GROUND_PROCESSORS];

	(void)state;
	if (!able)
		skip();
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
		assert_int_equal(OvmqRegisterPoll(p, &busy, &polls[p]), NDIS_STATUS_SUCCESS);
	goes_away();
	for (unsigned p = 0; p < GROUND_PROCESSORS; p++)
		OvmqDeregisterPoll(polls[p]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, sender_setup, large_teardown)
		T(P4_P12_what_a_port_leaves_open_has_no_result),
		T(I11_the_adapter_of_a_port_that_goes_away_wants_to_be_removed),
		T(I11_the_same_where_workers_never_sleep),
#undef T
	};

	/* Before the first thread. */
	able = geteuid() == 0 && unshare(CLONE_NEWNET) == 0;
	if (!able)
		fprintf(stderr, "*** SKIPPED: a port that goes away needs root and network namespaces ***\n");
	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
