/* SPDX-License-Identifier: BSD-2-Clause */
/* Filters beyond one MAC and one VLAN: other fields and tests, frames inside frames, the
 * default queue's own, what a version or a keyword refuses, and very many (D). */
#include "engines.h"
#include "packets.h"

#include <string.h>

#define P0 (&protocols[0])
#define P1 (&protocols[1])

#define OK      NDIS_STATUS_SUCCESS
#define INVALID NDIS_STATUS_INVALID_PARAMETER
#define INNER   NDIS_RECEIVE_FILTER_PACKET_ENCAPSULATION
#define NO_VLAN NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO

/* One test: FIELD(DestinationAddress, Equal, 0, 2, 0, 0, 0, 0, 7) */
#define FIELD(name, how, with, ...)                             \
	{ .field = NdisMacHeaderField##name,                    \
	  .test = NdisReceiveFilterTest##how, .flags = with,    \
	  .value = { __VA_ARGS__ } }
#define MAC(last, with) FIELD(DestinationAddress, Equal, with, 2, 0, 0, 0, 0, last)

/* A filter of the tests that follow. */
#define SET(who, queue, flags, id, ...)                                                      \
	ask_filter_tests(who, queue, flags,                                                  \
			 sizeof((struct ask_test[]){ __VA_ARGS__ }) / sizeof(struct ask_test), \
			 (struct ask_test[]){ __VA_ARGS__ }, id)

static uint8_t *bytes_of(unsigned frame)
{
	return protocol_wire.list[frame].bytes;
}

/* A queue that is complete: its first filter makes it run. */
static ULONG new_queue(void)
{
	ULONG queue;

	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &queue, NULL), OK);
	assert_int_equal(ask_complete(P0, queue), OK);
	return queue;
}

/* ---- fields and tests ---- */

static void D7_D9_the_other_fields_and_tests_work_as_advertised(void **state)
{
	unsigned source, arp, group, high, low, none;
	ULONG q[4];

	(void)state;
	source = stack_frame_of(9, UNTAGGED);
	bytes_of(source)[11] = 0x5a;
	arp = stack_frame_of(9, UNTAGGED);
	memcpy(bytes_of(arp) + 12, "\x08\x06", 2);
	group = stack_frame_of(9, UNTAGGED);
	bytes_of(group)[0] = 0x33;
	high = stack_frame_of(9, 6 << 13 | 3);
	low = stack_frame_of(9, 1 << 13 | 3);
	none = stack_frame_of(9, UNTAGGED);
	stack_open_receiving(NULL);
	assert_int_equal(P0->capabilities.SupportedFilterTests, 7);
	assert_int_equal(P0->capabilities.SupportedMacHeaderFields, 0x3f);
	for (unsigned i = 0; i < 4; i++)
		q[i] = new_queue();
	assert_int_equal(SET(P0, q[0], 0, NULL, FIELD(SourceAddress, Equal, 0, 2, 0, 0, 0, 0, 0x5a)), OK);
	assert_int_equal(SET(P0, q[1], 0, NULL, FIELD(Protocol, Equal, 0, 8, 6)), OK);
	assert_int_equal(SET(P0, q[2], 0, NULL, FIELD(PacketType, NotEqual, 0, NdisMacPacketTypeUnicast)),
			 OK);
	assert_int_equal(SET(P0, q[3], 0, NULL, { .field = NdisMacHeaderFieldPriority,
			 .test = NdisReceiveFilterTestMaskEqual, .value = { 4 }, .result = { 4 } }), OK);
	stack_flow(6);
	assert_int_equal(trace_queue_of(source), q[0]);
	assert_int_equal(trace_queue_of(arp), q[1]);
	assert_int_equal(trace_queue_of(group), q[2]);
	assert_int_equal(trace_queue_of(high), q[3]);
	assert_int_equal(trace_queue_of(low), 0);
	assert_int_equal(trace_queue_of(none), 0);
}

static void D1_every_test_of_a_filter_must_hold(void **state)
{
	unsigned all, mac, source, protocol;
	ULONG queue;

	(void)state;
	all = stack_frame_of(1, UNTAGGED);
	mac = stack_frame_of(2, UNTAGGED);
	source = stack_frame_of(1, UNTAGGED);
	protocol = stack_frame_of(1, UNTAGGED);
	for (unsigned i = 0; i < 4; i++)
		memcpy(bytes_of(i) + 6, "\2\0\0\0\0\x5a\x08\x06", 8);
	bytes_of(source)[6] = 6;
	bytes_of(protocol)[13] = 0;
	stack_open_receiving(NULL);
	queue = new_queue();
	assert_int_equal(SET(P0, queue, 0, NULL, MAC(1, NO_VLAN),
			     FIELD(SourceAddress, Equal, 0, 2, 0, 0, 0, 0, 0x5a),
			     FIELD(Protocol, Equal, 0, 8, 6)), OK);
	stack_flow(4);
	assert_int_equal(trace_queue_of(all), queue);
	assert_int_equal(trace_queue_of(mac), 0);
	assert_int_equal(trace_queue_of(source), 0);
	assert_int_equal(trace_queue_of(protocol), 0);
}

static void D10_values_are_in_network_order(void **state)
{
	unsigned five, swapped;
	ULONG queue, other;

	(void)state;
	five = stack_frame_of(1, 0x005);
	swapped = stack_frame_of(1, 0x500);
	stack_open_receiving(NULL);
	queue = new_queue();
	other = new_queue();
	assert_int_equal(SET(P0, queue, 0, NULL, MAC(1, 0), FIELD(VlanId, Equal, 0, 0, 5)), OK);
	assert_int_equal(SET(P0, other, 0, NULL, MAC(1, 0), FIELD(VlanId, MaskEqual, 0, 0, 5)), OK);
	/* What no VLAN id can be is no VLAN id. */
	assert_int_equal(SET(P0, other, 0, NULL, MAC(1, 0), FIELD(VlanId, Equal, 0, 0x10, 5)), INVALID);
	stack_flow(2);
	assert_int_equal(trace_queue_of(five), queue);
	assert_int_equal(trace_queue_of(swapped), other);   /* & 5 is 0 */
}

static void U5_the_lowest_filter_id_wins_over_every_kind(void **state)
{
	unsigned both[2], one;
	ULONG general, plain, first, second;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		both[i] = stack_frame_of(1, UNTAGGED);
	one = stack_frame_of(2, UNTAGGED);
	stack_open_receiving(NULL);
	general = new_queue();
	plain = new_queue();
	assert_int_equal(SET(P0, general, 0, &first, FIELD(SourceAddress, Equal, 0, 2, 0, 0, 0, 0, 0xee)),
			 OK);
	assert_int_equal(ask_filter(P0, plain, 1, VLAN_NONE_OR_ZERO, &second), OK);
	assert_true(first < second);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, general, first), OK);
	stack_flow(1);
	assert_int_equal(trace_queue_of(both[0]), general);
	assert_int_equal(trace_queue_of(both[1]), plain);
	stack_flow(1);
	assert_int_equal(trace_queue_of(one), 0);
}

static void U13_the_same_filter_twice_has_two_ids(void **state)
{
	ULONG queue, first, second;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		stack_frame_of(1, UNTAGGED);
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, VLAN_NONE_OR_ZERO, &first);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, &second), OK);
	assert_int_not_equal(first, second);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, queue, first), OK);
	stack_flow(1);
	assert_int_equal(ask_clear(P0, queue, second), OK);
	stack_flow(1);
	assert_int_equal(trace_queue_of(0), queue);
	assert_int_equal(trace_queue_of(1), queue);
	assert_int_equal(trace_queue_of(2), 0);
}

/* ---- tags ---- */

/* Two tags of 0x8100; the frame's number stands behind both. */
static unsigned two_tags(unsigned last, unsigned outer, unsigned inner)
{
	unsigned n = stack_frame(last, (int)outer, 120);
	uint8_t *b = bytes_of(n);

	memmove(b + 20, b + 16, 100);
	memcpy(b + 16, (const uint8_t[]){ 0x81, 0, (uint8_t)(inner >> 8), (uint8_t)inner }, 4);
	return n;
}

static void D14_D17_the_outer_tag_of_8100_alone_counts(void **state)
{
	unsigned outer, inner, service;
	ULONG queue;

	(void)state;
	outer = two_tags(1, 5, 6);
	inner = two_tags(1, 6, 5);
	service = stack_frame_of(1, UNTAGGED);
	memcpy(bytes_of(service) + 12, "\x88\xa8", 2);   /* of VLAN 0x200, its number */
	stack_open_receiving(NULL);
	queue = ask_running(P0, 1, PER_QUEUE, 1, 5, NULL);
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), OK);
	stack_flow(3);
	assert_int_equal(trace_queue_of(outer), queue);
	assert_int_equal(trace_queue_of(inner), 0);
	assert_int_equal(trace_queue_of(service), queue);
	assert_int_equal(trace_frame_of(outer)->vlan, 5);
	assert_int_equal(trace_frame_of(inner)->vlan, 6);
	assert_int_equal(trace_frame_of(service)->vlan, 0);
	for (unsigned i = 0; i < 3; i++) {
		unsigned stripped = i == service ? 0 : 4;

		assert_true(trace_frame_of(i)->intact);
		assert_int_equal(trace_frame_of(i)->length, protocol_wire.list[i].length - stripped);
	}
}

/* What comes in with a tag and is sent again with its OOB leaves as it came. */
static void D21_a_tag_goes_to_the_oob_and_back_into_the_frame(void **state)
{
	struct ground_frames stripped = { 0 };
	const struct trace_frame *t;
	struct packet *packet;
	uint8_t bytes[100];
	unsigned n;

	(void)state;
	n = stack_frame_of(1, 5 << 13 | 77);
	memcpy(bytes, bytes_of(n), 12);
	memcpy(bytes + 12, bytes_of(n) + 16, 88);
	ground_bytes_add(&stripped, bytes, 100);
	packets_open();
	stack_open_receiving(NULL);
	stack_flow(1);
	t = trace_frame_of(n);
	packet = packet_of(atomic_load(&P0->binding), 0, &stripped, 0);
	packet_set_tag(packet, (unsigned)t->priority, (unsigned)t->vlan);
	packets_send(P0, &packet, 1, 0);
	packets_wait(1);
	stack_close();
	assert_int_equal(stack.out.n, 1);
	assert_int_equal(stack.out.list[0].length, 104);
	assert_memory_equal(stack.out.list[0].bytes, bytes_of(n), 104);
	packet_free(packet);
	packets_close();
	ground_frames_free(&stripped);
}

/* ---- NVGRE ---- */

/* A frame of NVGRE of 'length' bytes, which tells it from others. */
static void nvgre_frame(unsigned outer, unsigned inner, unsigned length)
{
	static const uint8_t gre[8] = { 0x20, 0, 0x65, 0x58, 0, 0, 1, 0 };
	uint8_t b[256] = { 0 };

	ground_mac(b, outer);
	ground_mac(b + 6, 0xee);
	memcpy(b + 12, "\x08\x00\x45", 3);
	b[17] = (uint8_t)(length - 14);
	memcpy(b + 22, "\x40\x2f", 2);
	memcpy(b + 34, gre, sizeof(gre));
	ground_mac(b + 42, inner);
	ground_mac(b + 48, 0xed);
	memcpy(b + 54, "\x08\x00", 2);
	ground_bytes_add(&protocol_wire, b, length);
}

/* The queue of the one frame of that length; -1: there was none. */
static int queue_of_length(unsigned length)
{
	for (unsigned i = 0; i < trace.n_frames; i++)
		if (trace.frames[i].length == length)
			return trace.frames[i].queue;
	return -1;
}

static void D12_the_inner_mac_of_nvgre_decides(void **state)
{
	ULONG inside, outside;
	unsigned bare;

	(void)state;
	nvgre_frame(7, 1, 101);
	nvgre_frame(1, 7, 102);
	nvgre_frame(2, 1, 103);
	nvgre_frame(2, 7, 104);
	bare = stack_frame(1, UNTAGGED, 105);
	stack_open_receiving(NULL);
	inside = new_queue();
	outside = new_queue();
	assert_int_equal(SET(P0, inside, INNER, NULL, MAC(1, NO_VLAN)), OK);
	assert_int_equal(SET(P0, outside, 0, NULL, MAC(2, NO_VLAN)), OK);
	stack_flow(5);
	assert_int_equal(queue_of_length(101), inside);
	assert_int_equal(queue_of_length(102), 0);
	assert_int_equal(queue_of_length(103), inside);    /* the lower id */
	assert_int_equal(queue_of_length(104), outside);
	assert_int_equal(trace_queue_of(bare), inside);    /* no inner header: the outer one */
}

static void D12_only_while_it_is_enabled(void **state)
{
	const struct ndis_keyword off[] = { { "*EncapsulatedPacketTaskOffload", "0" }, { NULL, NULL } };
	ULONG queue;

	(void)state;
	nvgre_frame(7, 1, 101);
	stack_open_receiving(&(struct stack_options){ .keywords = off });
	queue = new_queue();
	assert_int_equal(SET(P0, queue, INNER, NULL, MAC(1, NO_VLAN)), INVALID);
	assert_int_equal(SET(P0, queue, 0, NULL, MAC(1, NO_VLAN)), OK);
	stack_flow(1);
	assert_int_equal(queue_of_length(101), 0);
}

/* VmqSupported of the configuration in force, or of the hardware; -1: not answered. */
static int inner_shown(NDIS_OID oid)
{
	NDIS_OFFLOAD o;

	memset(&o, 0, sizeof(o));
	if (request(P0, NdisRequestQueryInformation, oid, &o, sizeof(o), 0) != OK)
		return -1;
	return (int)o.EncapsulatedPacketTaskOffloadGre.VmqSupported;
}

/* All that there is, whatever the keyword says, and what it leaves; a 6.20 miniport has no
 * word for it, and is asked for no such filter. */
static void D12_P12_the_capability_is_shown(void **state)
{
	const struct ndis_keyword off[] = { { "*EncapsulatedPacketTaskOffload", "0" }, { NULL, NULL } };
	char text[NDIS_REFUSAL_TEXT];

	(void)state;
	stack_open(NULL);
	assert_int_equal(inner_shown(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES), 0xf);
	assert_int_equal(inner_shown(OID_TCP_OFFLOAD_CURRENT_CONFIG), 0xf);
	stack_close();
	stack_open(&(struct stack_options){ .keywords = off });
	assert_int_equal(inner_shown(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES), 0xf);
	assert_int_equal(inner_shown(OID_TCP_OFFLOAD_CURRENT_CONFIG), 0);
	assert_int_equal(SET(P0, 0, INNER, NULL, MAC(1, NO_VLAN)), INVALID);
	ndis_adapter_refusal(stack.adapter, text, sizeof(text));
	assert_non_null(strstr(text, "the miniport refused it"));
	stack_close();
	stack_open(&(struct stack_options){ .ndis_620 = true });
	assert_int_equal(inner_shown(OID_TCP_OFFLOAD_HARDWARE_CAPABILITIES), 0);
	assert_int_equal(SET(P0, 0, INNER, NULL, MAC(1, NO_VLAN)), INVALID);
	ndis_adapter_refusal(stack.adapter, text, sizeof(text));
	assert_non_null(strstr(text, "VmqSupported"));
}

/* ---- versions and keywords ---- */

static void D13_D15_a_620_miniport_refuses_a_bare_mac_alone(void **state)
{
	unsigned untagged, five, seven;
	ULONG queue;

	(void)state;
	untagged = stack_frame_of(1, UNTAGGED);
	five = stack_frame_of(2, 5);
	seven = stack_frame_of(3, 7);
	stack_open_receiving(&(struct stack_options){ .ndis_620 = true });
	queue = new_queue();
	assert_int_equal(ask_filter(P0, queue, 3, VLAN_ANY, NULL), INVALID);      /* D15 */
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_NONE_OR_ZERO, NULL), OK);  /* D13 */
	assert_int_equal(ask_filter(P0, queue, 2, 5, NULL), OK);                  /* D14 */
	/* Neither what NDIS 6.30 brought. */
	assert_int_equal(SET(P0, queue, INNER, NULL, MAC(1, NO_VLAN)), INVALID);
	assert_int_equal(SET(P0, queue, 0, NULL, FIELD(PacketType, Equal, NO_VLAN, 2)), INVALID);
	stack_flow(3);
	assert_int_equal(trace_queue_of(untagged), queue);
	assert_int_equal(trace_queue_of(five), queue);
	assert_int_equal(trace_queue_of(seven), 0);
}

static void D16_X9_a_keyword_refuses_the_bare_mac(void **state)
{
	const struct ndis_keyword refuse[] = { { "RefuseMacOnly", "1" }, { NULL, NULL } };
	unsigned seven;
	ULONG queue;

	(void)state;
	seven = stack_frame_of(3, 7);
	stack_open_receiving(&(struct stack_options){ .keywords = refuse });
	queue = new_queue();
	assert_int_equal(ask_filter(P0, queue, 3, VLAN_ANY, NULL), INVALID);
	assert_int_equal(ask_filter(P0, queue, 3, VLAN_NONE_OR_ZERO, NULL), OK);
	assert_int_equal(ask_filter(P0, queue, 3, 6, NULL), OK);
	stack_flow(1);
	assert_int_equal(trace_queue_of(seven), 0);
	assert_int_equal(trace_frame_of(seven)->vlan, 7);
}

static void D19_D22_without_vlan_filtering_the_mac_alone_filters(void **state)
{
	const struct ndis_keyword off[] = { { "*VMQVlanFiltering", "0" }, { NULL, NULL } };
	unsigned seven;
	ULONG queue;

	(void)state;
	seven = stack_frame_of(1, 3 << 13 | 7);
	stack_open_receiving(&(struct stack_options){ .keywords = off });
	assert_int_equal(P0->capabilities.SupportedMacHeaderFields &
			 NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED, 0);
	queue = new_queue();
	assert_int_equal(ask_filter(P0, queue, 1, 7, NULL), INVALID);            /* D22 */
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_ANY, NULL), OK);          /* D19 */
	stack_flow(1);
	assert_int_equal(trace_queue_of(seven), queue);
	assert_int_equal(trace_frame_of(seven)->length, protocol_wire.list[seven].length - 4);
	assert_int_equal(trace_frame_of(seven)->vlan, 7);
	assert_int_equal(trace_frame_of(seven)->priority, 3);
	assert_true(trace_frame_of(seven)->intact);
}

/* What was refused has left nothing behind: not a frame comes of it. */
static void D28_a_set_that_failed_changes_nothing(void **state)
{
	ULONG queue;

	(void)state;
	stack_frame_of(1, 7);
	stack_frame_of(1, UNTAGGED);
	stack_open_receiving(&(struct stack_options){ .ndis_620 = true });
	queue = new_queue();
	assert_int_equal(ask_filter(P0, queue, 1, VLAN_ANY, NULL), INVALID);
	assert_int_equal(ask_state(P0, queue), NdisReceiveQueueOperationalStatePaused);
	stack_flow(2);
	assert_int_equal(trace_queue_of(0), 0);
	assert_int_equal(trace_queue_of(1), 0);
}

/* ---- the default queue ---- */

static void D27_U8_a_filter_of_the_default_queue_passes_by_the_packet_filter(void **state)
{
	unsigned match, other, after;
	ULONG filter;

	(void)state;
	match = stack_frame_of(1, UNTAGGED);
	other = stack_frame_of(3, UNTAGGED);
	after = stack_frame_of(1, UNTAGGED);
	stack_open(NULL);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_BROADCAST), OK);
	assert_int_equal(ask_filter(P0, 0, 1, VLAN_NONE_OR_ZERO, &filter), OK);
	stack_flow(2);
	assert_int_equal(ask_clear(P0, 0, filter), OK);
	stack_flow(1);
	assert_int_equal(trace_queue_of(match), 0);
	assert_int_equal(trace_queue_of(other), -1);
	assert_int_equal(trace_queue_of(after), -1);
}

/* Two drivers have filters on the default queue; neither clears the other's. */
static void D27_D31_filters_of_two_drivers_on_the_default_queue(void **state)
{
	ULONG mine, foreign;

	(void)state;
	for (unsigned i = 0; i < 6; i++)
		stack_frame_of(1 + i % 3, UNTAGGED);
	stack_open(&(struct stack_options){ .protocols = 2 });
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_BROADCAST), OK);
	assert_int_equal(ask_filter(P0, 0, 1, VLAN_NONE_OR_ZERO, &mine), OK);
	assert_int_equal(ask_filter(P1, 0, 2, VLAN_NONE_OR_ZERO, &foreign), OK);
	assert_int_not_equal(mine, foreign);
	assert_int_equal(ask_clear(P0, 0, foreign), INVALID);
	stack_flow(3);
	assert_int_equal(stack_queue_report(0).indicated, 2);   /* both filters are in force */
	assert_int_equal(ask_clear(P0, 0, mine), OK);
	stack_flow(3);
	assert_int_equal(stack_queue_report(0).indicated, 3);
	assert_int_equal(ask_clear(P1, 0, foreign), OK);
}

/* 01:00:5e:00:00:'last'. */
static unsigned group_frame(unsigned last)
{
	unsigned n = stack_frame_of(last, UNTAGGED);

	memcpy(bytes_of(n), (const uint8_t[]){ 1, 0, 0x5e, 0, 0, (uint8_t)last }, 6);
	return n;
}

static NDIS_STATUS ask_groups(struct protocol *p, unsigned first, unsigned n)
{
	uint8_t list[8][6];

	assert_true(n <= 8);
	for (unsigned i = 0; i < n; i++)
		memcpy(list[i], (const uint8_t[]){ 1, 0, 0x5e, 0, 0, (uint8_t)(first + n - 1 - i) }, 6);
	return request(p, NdisRequestSetInformation, OID_802_3_MULTICAST_LIST, list, n * 6, 0);
}

static void U8_U11_the_multicast_list_chooses_what_multicast_means(void **state)
{
	unsigned before, one, five, six, gone;

	(void)state;
	before = group_frame(3);
	one = group_frame(1);
	five = group_frame(5);
	six = group_frame(6);
	gone = group_frame(5);
	stack_open(NULL);
	assert_int_equal(ask_packet_filter(P0, NDIS_PACKET_TYPE_MULTICAST), OK);
	stack_flow(1);
	assert_int_equal(ask_groups(P0, 1, 5), OK);
	stack_flow(3);
	assert_int_equal(ask_groups(P0, 6, 3), OK);    /* instead of those before */
	stack_flow(1);
	assert_int_equal(trace_queue_of(before), -1);
	assert_int_equal(trace_queue_of(one), 0);
	assert_int_equal(trace_queue_of(five), 0);
	assert_int_equal(trace_queue_of(six), -1);
	assert_int_equal(trace_queue_of(gone), -1);
	assert_int_equal(ask_groups(P0, 0, 0), OK);
}

/* ---- many ---- */

/* Most are of a queue that is complete only when all are set: till then they cost little. */
static void D26_D30_as_many_filters_as_advertised_each_in_force_at_once(void **state)
{
	static ULONG ids[4096];
	unsigned first, middle, last, n, beyond;
	uint64_t start;
	ULONG running, late;

	(void)state;
	first = stack_frame_of(0, 1);
	middle = stack_frame_of(8, 1);
	last = stack_frame_of(15, 256);
	beyond = stack_frame_of(16, 1);
	stack_open_receiving(NULL);
	n = P0->capabilities.MaxMacHeaderFilters;
	assert_true(n == 4096 && n >= P0->capabilities.NumQueues);
	running = new_queue();
	assert_int_equal(ask_allocate(P0, 1, PER_QUEUE, &late, NULL), OK);
	start = ground_now();
	for (unsigned i = 0; i < n; i++) {
		ULONG queue = i && i < n - 256 ? late : running;

		assert_int_equal(ask_filter(P0, queue, i / 256, (int)(1 + i % 256), &ids[i]), OK);
		if (!i)
			stack_flow(1);
	}
	assert_int_equal(ask_filter(P0, running, 16, 1, NULL), NDIS_STATUS_RESOURCES);
	assert_int_equal(ask_complete(P0, late), OK);
	print_message("%u filters set in %u ms\n", n, (unsigned)(ground_now() - start));
	stack_flow(3);
	assert_int_equal(trace_queue_of(first), running);
	assert_int_equal(trace_queue_of(middle), late);
	assert_int_equal(trace_queue_of(last), running);
	assert_int_equal(trace_queue_of(beyond), 0);
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(ask_clear(P0, i && i < n - 256 ? late : running, ids[i]), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(D7_D9_the_other_fields_and_tests_work_as_advertised),
		ENGINE_TEST(D1_every_test_of_a_filter_must_hold),
		ENGINE_TEST(D10_values_are_in_network_order),
		ENGINE_TEST(U5_the_lowest_filter_id_wins_over_every_kind),
		ENGINE_TEST(U13_the_same_filter_twice_has_two_ids),
		ENGINE_TEST(D14_D17_the_outer_tag_of_8100_alone_counts),
		ENGINE_TEST(D21_a_tag_goes_to_the_oob_and_back_into_the_frame),
		ENGINE_TEST(D12_the_inner_mac_of_nvgre_decides),
		ENGINE_TEST(D12_only_while_it_is_enabled),
		ENGINE_TEST(D12_P12_the_capability_is_shown),
		ENGINE_TEST(D13_D15_a_620_miniport_refuses_a_bare_mac_alone),
		ENGINE_TEST(D16_X9_a_keyword_refuses_the_bare_mac),
		ENGINE_TEST(D19_D22_without_vlan_filtering_the_mac_alone_filters),
		ENGINE_TEST(D28_a_set_that_failed_changes_nothing),
		ENGINE_TEST(D27_U8_a_filter_of_the_default_queue_passes_by_the_packet_filter),
		ENGINE_TEST(D27_D31_filters_of_two_drivers_on_the_default_queue),
		ENGINE_TEST(U8_U11_the_multicast_list_chooses_what_multicast_means),
		ENGINE_TEST(D26_D30_as_many_filters_as_advertised_each_in_force_at_once),
	};

	return engines_run(tests, sizeof(tests) / sizeof(tests[0]));
}
