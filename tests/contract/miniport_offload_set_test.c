/* SPDX-License-Identifier: BSD-2-Clause */
/* Which offloads the miniport shows, what turns them on and off, and what it tells of received
 * frames (P4 .. P6, P12 .. P15, P17). */
#include "asks.h"
#include "large.h"

#include <stdlib.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define ON NDIS_OFFLOAD_SUPPORTED
#define PLAIN NDIS_ENCAPSULATION_IEEE_802_3
#define IN_DATA NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q
#define IN_OOB NDIS_ENCAPSULATION_IEEE_802_3_P_AND_Q_IN_OOB

#define VERIFIES { "VerifyChecksums", "1" }

static const struct ndis_keyword verifying[] = { VERIFIES, { NULL, NULL } };

static void open_with(const struct ndis_keyword *keywords)
{
	const struct stack_options o = { .keywords = keywords };

	stack_open_receiving(&o);
	atomic_store(&P0->hold, true);
}

static NDIS_OFFLOAD shown(NDIS_OID oid)
{
	NDIS_OFFLOAD o;

	memset(&o, 0, sizeof(o));
	assert_int_equal(request(P0, NdisRequestQueryInformation, oid, &o, sizeof(o), 0), OK);
	return o;
}

static NDIS_OFFLOAD current(void)
{
	return shown(OID_TCP_OFFLOAD_CURRENT_CONFIG);
}

static NDIS_STATUS parameters(NDIS_OFFLOAD_PARAMETERS p)
{
	p.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_DEFAULT, NDIS_OFFLOAD_PARAMETERS_REVISION_1,
					 NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1 };
	return request(P0, NdisRequestSetInformation, OID_TCP_OFFLOAD_PARAMETERS, &p,
		       NDIS_SIZEOF_OFFLOAD_PARAMETERS_REVISION_1, 0);
}

/* How many statuses of the configuration there were. */
static unsigned told(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < trace.n_events; i++)
		n += trace.events[i].kind == TRACE_STATUS &&
		     trace.events[i].status == NDIS_STATUS_TASK_OFFLOAD_CURRENT_CONFIG;
	return n;
}

/* ---- capabilities ---- */

static void P12_X50_all_of_sends_and_of_receives_what_is_verified(void **state)
{
	NDIS_OFFLOAD h;

	(void)state;
	open_with(NULL);
	h = shown(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES);
	assert_int_equal(h.Header.Revision, NDIS_OFFLOAD_REVISION_3);
	assert_int_equal(h.Checksum.IPv4Transmit.Encapsulation, PLAIN | IN_DATA | IN_OOB);
	assert_true(h.Checksum.IPv4Transmit.TcpChecksum && h.Checksum.IPv4Transmit.UdpChecksum &&
		    h.Checksum.IPv4Transmit.IpChecksum && h.Checksum.IPv4Transmit.IpOptionsSupported);
	assert_true(h.Checksum.IPv6Transmit.TcpChecksum && h.Checksum.IPv6Transmit.UdpChecksum);
	assert_int_equal(h.Checksum.IPv4Receive.Encapsulation, 0);   /* a capture verifies nothing */
	assert_int_equal(h.Checksum.IPv6Receive.Encapsulation, 0);
	assert_int_equal(h.LsoV1.IPv4.MaxOffLoadSize, 65536);
	assert_int_equal(h.LsoV2.IPv4.MinSegmentCount, 2);
	assert_int_equal(h.LsoV2.IPv6.IpExtensionHeadersSupported, ON);
	stack_close();
	open_with(verifying);
	h = shown(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES);
	/* X50: the tag is never left in the data. */
	assert_int_equal(h.Checksum.IPv4Receive.Encapsulation, PLAIN | IN_OOB);
	assert_true(h.Checksum.IPv4Receive.TcpChecksum && h.Checksum.IPv6Receive.UdpChecksum);
}

static void P12_the_older_driver_shows_its_revision(void **state)
{
	const struct stack_options o = { .ndis_620 = true };
	NDIS_OFFLOAD h;

	(void)state;
	stack_open(&o);
	h = shown(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES);
	assert_int_equal(h.Header.Revision, NDIS_OFFLOAD_REVISION_2);
	assert_int_equal(h.Checksum.IPv4Transmit.TcpChecksum, ON);
}

/* One keyword, a value, and what of the configuration is off with it. */
static NDIS_OFFLOAD with(const char *keyword, const char *value)
{
	const struct ndis_keyword k[] = { { keyword, value }, VERIFIES, { NULL, NULL } };
	NDIS_OFFLOAD o;

	open_with(k);
	o = current();
	stack_close();
	return o;
}

static void P17_each_keyword_and_value_is_in_force(void **state)
{
	NDIS_TCP_IP_CHECKSUM_OFFLOAD c;

	(void)state;
	c = with("*IPChecksumOffloadIPv4", "0").Checksum;
	assert_true(!c.IPv4Transmit.IpChecksum && !c.IPv4Receive.IpChecksum &&
		    c.IPv4Transmit.TcpChecksum);
	c = with("*TCPChecksumOffloadIPv4", "1").Checksum;
	assert_true(c.IPv4Transmit.TcpChecksum && !c.IPv4Receive.TcpChecksum &&
		    c.IPv4Receive.UdpChecksum);
	c = with("*UDPChecksumOffloadIPv4", "2").Checksum;
	assert_true(!c.IPv4Transmit.UdpChecksum && c.IPv4Receive.UdpChecksum);
	c = with("*TCPChecksumOffloadIPv6", "3").Checksum;
	assert_true(c.IPv6Transmit.TcpChecksum && c.IPv6Receive.TcpChecksum);
	c = with("*UDPChecksumOffloadIPv6", "0").Checksum;
	assert_true(!c.IPv6Transmit.UdpChecksum && !c.IPv6Receive.UdpChecksum &&
		    c.IPv6Transmit.TcpChecksum);
	c = with("*TCPUDPChecksumOffloadIPv4", "0").Checksum;
	assert_true(!c.IPv4Transmit.TcpChecksum && !c.IPv4Transmit.UdpChecksum &&
		    c.IPv4Transmit.IpChecksum && c.IPv6Transmit.TcpChecksum);
	c = with("*TCPUDPChecksumOffloadIPv6", "1").Checksum;
	assert_true(c.IPv6Transmit.TcpChecksum && !c.IPv6Receive.TcpChecksum &&
		    !c.IPv6Receive.UdpChecksum);
}

static void P17_large_sends_and_v2_beats_v1(void **state)
{
	NDIS_OFFLOAD o;

	(void)state;
	o = with("*LsoV1IPv4", "1");
	assert_true(!o.LsoV1.IPv4.Encapsulation && o.LsoV2.IPv4.Encapsulation);
	o = with("*LsoV2IPv4", "0");
	assert_true(o.LsoV1.IPv4.Encapsulation && !o.LsoV2.IPv4.Encapsulation &&
		    o.LsoV2.IPv6.Encapsulation);
	o = with("*LsoV2IPv6", "0");
	assert_true(!o.LsoV2.IPv6.Encapsulation && o.LsoV2.IPv4.Encapsulation);
}

/* Large sends want the checksums of sends, so NDIS never refuses the configuration. */
static void P12_no_large_sends_without_checksums_of_sends(void **state)
{
	NDIS_OFFLOAD o;

	(void)state;
	o = with("*TCPChecksumOffloadIPv4", "2");
	assert_true(!o.LsoV2.IPv4.Encapsulation && !o.LsoV1.IPv4.Encapsulation &&
		    o.LsoV2.IPv6.Encapsulation);
	o = with("*IPChecksumOffloadIPv4", "0");
	assert_true(!o.LsoV2.IPv4.Encapsulation && o.LsoV2.IPv6.Encapsulation);
	o = with("*TCPUDPChecksumOffloadIPv6", "0");
	assert_true(!o.LsoV2.IPv6.Encapsulation && o.LsoV2.IPv4.Encapsulation);
}

/* ---- what is set ---- */

static void P13_one_member_changes_and_the_status_tells_all(void **state)
{
	NDIS_OFFLOAD before, after;

	(void)state;
	open_with(verifying);
	before = current();
	assert_int_equal(told(), 0);
	assert_int_equal(parameters((NDIS_OFFLOAD_PARAMETERS){ .TCPIPv4Checksum =
				NDIS_OFFLOAD_PARAMETERS_RX_ENABLED_TX_DISABLED }), OK);
	assert_int_equal(told(), 1);
	after = current();
	before.Checksum.IPv4Transmit.TcpChecksum = 0;
	memset(&before.LsoV2.IPv4, 0, sizeof(before.LsoV2.IPv4));   /* P12 */
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(parameters((NDIS_OFFLOAD_PARAMETERS){ .LsoV2IPv6 =
				NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED }), OK);
	memset(&before.LsoV2.IPv6, 0, sizeof(before.LsoV2.IPv6));
	after = current();
	assert_memory_equal(&before, &after, sizeof(before));
	/* Back to all there is. */
	assert_int_equal(parameters((NDIS_OFFLOAD_PARAMETERS){
				.TCPIPv4Checksum = NDIS_OFFLOAD_PARAMETERS_TX_RX_ENABLED,
				.LsoV2IPv6 = NDIS_OFFLOAD_PARAMETERS_LSOV2_ENABLED }), OK);
	assert_int_equal(current().LsoV2.IPv4.MaxOffLoadSize, 65536);
	assert_int_equal(current().LsoV2.IPv6.MaxOffLoadSize, 65536);
	assert_int_equal(told(), 3);
}

/* What NDIS cannot know: these offloads are not here. */
static void P13_X55_what_is_not_there_cannot_be_turned_on(void **state)
{
	NDIS_OFFLOAD before, after;

	(void)state;
	open_with(NULL);
	before = current();
	assert_int_equal(parameters((NDIS_OFFLOAD_PARAMETERS){
				.IPsecV1 = NDIS_OFFLOAD_PARAMETERS_IPSECV1_AH_ENABLED,
				.LsoV2IPv4 = NDIS_OFFLOAD_PARAMETERS_LSOV2_DISABLED }),
			 NDIS_STATUS_INVALID_DATA);
	after = current();
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(told(), 0);
}

static void P14_it_starts_and_stops_all_of_a_version(void **state)
{
	NDIS_OFFLOAD all, o;

	(void)state;
	open_with(verifying);
	all = current();                                 /* X54: configured from the beginning */
	assert_int_equal(all.Checksum.IPv4Receive.TcpChecksum, ON);
	assert_int_equal(ask_encapsulation(P0, NDIS_OFFLOAD_SET_OFF, NDIS_OFFLOAD_SET_NO_CHANGE, PLAIN), OK);
	assert_int_equal(told(), 1);
	o = current();
	assert_true(!o.Checksum.IPv4Transmit.Encapsulation && !o.Checksum.IPv4Receive.Encapsulation &&
		    !o.LsoV2.IPv4.Encapsulation);
	assert_memory_equal(&o.Checksum.IPv6Transmit, &all.Checksum.IPv6Transmit,
			    sizeof(o.Checksum.IPv6Transmit));
	assert_int_equal(o.LsoV2.IPv6.MaxOffLoadSize, 65536);
	assert_int_equal(ask_offloads(P0), OK);
	o = current();
	assert_memory_equal(&o, &all, sizeof(o));
	assert_int_equal(told(), 2);
}

static void P14_X55_an_encapsulation_that_nobody_has(void **state)
{
	NDIS_OFFLOAD before, after;

	(void)state;
	open_with(NULL);
	before = current();
	assert_int_equal(ask_encapsulation(P0, NDIS_OFFLOAD_SET_ON, NDIS_OFFLOAD_SET_OFF,
				       NDIS_ENCAPSULATION_IEEE_LLC_SNAP_ROUTED),
			 NDIS_STATUS_INVALID_PARAMETER);
	after = current();
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(told(), 0);
	assert_int_equal(ask_encapsulation(P0, NDIS_OFFLOAD_SET_ON, NDIS_OFFLOAD_SET_ON, IN_OOB), OK);
}

/* ---- received frames ---- */

#define IP_GOOD  0x20
#define TCP_GOOD 0x08
#define UDP_GOOD 0x10
#define IP_BAD   0x04
#define TCP_BAD  0x01
#define UDP_BAD  0x02

static uint8_t bytes[BUILD_ROOM], outer[BUILD_ROOM];

static struct build of(unsigned version, unsigned protocol)
{
	return (struct build){ .version = version, .protocol = protocol, .tci = -1,
			       .payload = 100, .flags = BUILD_ACK };
}

/* Adds the frame of 'b' with byte 'wrong' (0: none) flipped. */
static void wire(const struct build *b, unsigned wrong)
{
	struct built at = build_frame(bytes, b);

	if (wrong)
		bytes[wrong] ^= 1;
	ground_bytes_add(&protocol_wire, bytes, at.length);
}

/* The word that held frame 'i' came with. */
static unsigned result(unsigned i)
{
	assert_true(i < P0->n_held);
	return (unsigned)(uintptr_t)NET_BUFFER_LIST_INFO(P0->held[i],
							 TcpIpChecksumNetBufferListInfo);
}

static void P4_P15_X50_results_of_good_and_bad_frames(void **state)
{
	static const unsigned expect[] = {
		IP_GOOD | TCP_GOOD, IP_GOOD | TCP_BAD, IP_BAD | TCP_GOOD, IP_GOOD | UDP_GOOD,
		IP_GOOD | UDP_BAD, TCP_GOOD, UDP_BAD, IP_GOOD, IP_GOOD, IP_GOOD | TCP_GOOD, 0,
	};
	struct build b = of(4, BUILD_TCP), u = of(4, BUILD_UDP), v6 = of(6, BUILD_TCP);
	struct build u6 = of(6, BUILD_UDP), other = of(4, 132), tagged = b, fragment = b;
	struct built at;

	(void)state;
	tagged.tci = 77;
	wire(&b, 0);
	wire(&b, 100);
	wire(&b, 22);                            /* the time to live */
	wire(&u, 0);
	wire(&u, 100);
	wire(&v6, 0);
	wire(&u6, 100);
	wire(&other, 0);                         /* a transport that nobody knows */
	at = build_frame(bytes, &fragment);
	put16(bytes + at.ip + 6, 0x2000);
	put16(bytes + at.ip + 10, 0);
	put16(bytes + at.ip + 10, ~reference_sum(0, bytes + at.ip, 20) & 0xffff);
	ground_bytes_add(&protocol_wire, bytes, at.length);
	wire(&tagged, 0);
	stack_frame(1, UNTAGGED, 100);           /* no IP */
	open_with(verifying);
	assert_int_equal(ask_offloads(P0), OK);
	stack_flow(11);
	assert_int_equal(P0->n_held, 11);
	for (unsigned i = 0; i < 11; i++)
		assert_int_equal(result(i), expect[i]);
	assert_int_equal(NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(P0->held[9])), 154);
	assert_int_equal(trace.frames[9].vlan, 77);
}

/* As a VM queue of another processor places them, large ones and small. */
static void P4_frames_of_a_vm_queue_have_results_too(void **state)
{
	struct build b = of(4, BUILD_TCP);

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		b.payload = i < 10 ? 100 : 20;
		wire(&b, i & 1 ? 60 : 0);
	}
	open_with(verifying);
	assert_int_equal(ask_offloads(P0), OK);
	assert_true(ask_running(P0, 1, 0, 0x42, VLAN_NONE_OR_ZERO, NULL));
	stack_flow(20);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(result(i), i & 1 ? IP_GOOD | TCP_BAD : IP_GOOD | TCP_GOOD);
}

static void P5_X54_no_result_before_the_request_and_after_a_stop(void **state)
{
	struct build b = of(4, BUILD_TCP), v6 = of(6, BUILD_TCP);

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		wire(&b, 0);
		wire(&v6, 0);
	}
	open_with(verifying);
	stack_flow(2);
	assert_int_equal(ask_encapsulation(P0, NDIS_OFFLOAD_SET_ON, NDIS_OFFLOAD_SET_NO_CHANGE, PLAIN), OK);
	stack_flow(2);
	assert_int_equal(ask_encapsulation(P0, NDIS_OFFLOAD_SET_OFF, NDIS_OFFLOAD_SET_ON, PLAIN), OK);
	stack_flow(2);
	assert_int_equal(result(0), 0);
	assert_int_equal(result(1), 0);
	assert_int_equal(result(2), IP_GOOD | TCP_GOOD);
	assert_int_equal(result(3), 0);
	assert_int_equal(result(4), 0);
	assert_int_equal(result(5), TCP_GOOD);
}

/* Two IP headers, and in each a byte that may be wrong. */
static void P6_success_means_both_ip_headers(void **state)
{
	static const unsigned expect[] = { IP_GOOD | TCP_GOOD, IP_BAD | TCP_GOOD, IP_BAD | TCP_GOOD,
					   IP_GOOD | TCP_BAD };
	struct build inner = of(4, BUILD_TCP);
	struct built in = build_frame(bytes, &inner);
	struct build b = { .version = 4, .protocol = 47, .tci = -1, .payload = 8 + in.length };
	const unsigned inside = 14 + 20 + 8, wrong[] = { 0, 22, inside + 22, inside + 100 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct built at = build_frame(outer, &b);

		memset(outer + at.payload, 0, 8);
		put16(outer + at.payload, 0x2000);
		put16(outer + at.payload + 2, 0x6558);
		memcpy(outer + inside, bytes, in.length);
		if (i)
			outer[wrong[i]] ^= 1;
		ground_bytes_add(&protocol_wire, outer, at.length);
	}
	open_with(verifying);
	assert_int_equal(ask_offloads(P0), OK);
	stack_flow(4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(result(i), expect[i]);
}

/* Without the keyword a capture's frames are not checked, whoever asks. */
static void P4_what_is_not_verified_has_no_result(void **state)
{
	struct build b = of(4, BUILD_TCP);

	(void)state;
	wire(&b, 0);
	open_with(NULL);
	assert_int_equal(ask_offloads(P0), OK);
	stack_flow(1);
	assert_int_equal(result(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, sender_setup, large_teardown)
		T(P12_X50_all_of_sends_and_of_receives_what_is_verified),
		T(P12_the_older_driver_shows_its_revision),
		T(P17_each_keyword_and_value_is_in_force),
		T(P17_large_sends_and_v2_beats_v1),
		T(P12_no_large_sends_without_checksums_of_sends),
		T(P13_one_member_changes_and_the_status_tells_all),
		T(P13_X55_what_is_not_there_cannot_be_turned_on),
		T(P14_it_starts_and_stops_all_of_a_version),
		T(P14_X55_an_encapsulation_that_nobody_has),
		T(P4_P15_X50_results_of_good_and_bad_frames),
		T(P4_frames_of_a_vm_queue_have_results_too),
		T(P5_X54_no_result_before_the_request_and_after_a_stop),
		T(P6_success_means_both_ip_headers),
		T(P4_what_is_not_verified_has_no_result),
#undef T
	};

	return cmocka_run_group_tests_name("offloads that are set", tests, ground_setup,
					   ground_teardown);
}
