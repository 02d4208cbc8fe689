/* SPDX-License-Identifier: BSD-2-Clause */
/* IEEE DCBX as the miniport speaks it: whom it follows, what it tells, which frames are its
 * own (O15, O16, O17). The peer's frames are put together here, byte by byte. */
#include "dcb.h"

#include <string.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define OPERATIONAL NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE
#define REMOTE NDIS_STATUS_QOS_REMOTE_PARAMETERS_CHANGE
#define HEAD 29            /* bytes before the first TLV of DCBX of a peer's */
#define TTL_AT 34          /* where it stands in a frame of ours */
#define ETS_TLV 27         /* bytes */
#define LOW 1              /* beginnings of MAC addresses, against the adapter's 2 */
#define HIGH 0xfe

/* What a peer's frame has. */
struct says {
	uint8_t mac;               /* its first byte */
	unsigned ttl;
	const uint8_t *ets;        /* of 21 bytes each; NULL: none */
	const uint8_t *recommended;
	int pfc;                   /* -1: none */
	bool willing;
	bool apps;
};

/* Priorities 0 to 3 in class 0, 4 to 7 in class 1; ETS 40 and 60. */
static const uint8_t two[21] = { 0, 0, 0, 0x11, 0x11, 40, 60, 0, 0, 0, 0, 0, 0, 2, 2 };
/* The other way round, 20 and 80. */
static const uint8_t two_swapped[21] = { 0, 0x11, 0x11, 0, 0, 20, 80, 0, 0, 0, 0, 0, 0, 2, 2 };
/* A class with a credit-based shaper, which NDIS does not have set (O7). */
static const uint8_t shaped[21] = { 0, 0, 0, 0x11, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 };

static uint8_t bytes[256];
static unsigned length;

static void put(const void *from, unsigned n)
{
	memcpy(bytes + length, from, n);
	length += n;
}

static void put_dcbx(uint8_t subtype, const void *value, unsigned n)
{
	put((uint8_t[]){ 0xfe, (uint8_t)(4 + n), 0x00, 0x80, 0xc2, subtype }, 6);
	put(value, n);
}

static void make(const struct says *s)
{
	static const uint8_t apps[] = { 0,
		3 << 5 | 1, 0x89, 0x06,      /* EtherType 0x8906 */
		4 << 5 | 4, 0x0c, 0xbc,      /* TCP or UDP port 3260 */
		5 << 5 | 5, 0x00, 0x2e,      /* a DSCP: NDIS has no such condition */
		1 << 5 | 1, 0x00, 0x00 };    /* all else */
	const uint8_t mac[6] = { s->mac, 0, 0, 0, 0, 9 };

	length = 0;
	memset(bytes, 0, sizeof(bytes));
	put((uint8_t[]){ 0x01, 0x80, 0xc2, 0, 0, 0x0e }, 6);
	put(mac, 6);
	put((uint8_t[]){ 0x88, 0xcc, 2, 4, 7, s->mac, 'c', 'h', 4, 3, 5, 'p', '1' }, 13);
	put((uint8_t[]){ 6, 2, (uint8_t)(s->ttl >> 8), (uint8_t)s->ttl }, 4);
	if (s->ets)
		put_dcbx(9, s->ets, 21);
	if (s->recommended)
		put_dcbx(10, s->recommended, 21);
	if (s->pfc >= 0)
		put_dcbx(11, (uint8_t[]){ s->willing ? 0x88 : 8, (uint8_t)s->pfc }, 2);
	if (s->apps)
		put_dcbx(12, apps, sizeof(apps));
	length += 2;
	if (length < 60)
		length = 60;
}

static void add(const struct says *s)
{
	make(s);
	ground_bytes_add(&protocol_wire, bytes, length);
}

static void open_dcbx(void)
{
	static const struct ndis_keyword on[] = { { "Dcbx", "1" }, { NULL, NULL } };

	stack_open_receiving(&(struct stack_options){ .keywords = on });
}

static unsigned told(NDIS_STATUS code)
{
	unsigned n = 0;

	for (unsigned i = 0; i < trace.n_events; i++)
		n += trace.events[i].kind == TRACE_STATUS && trace.events[i].status == code;
	return n;
}

static struct dcb_set query(NDIS_OID oid)
{
	struct dcb_set s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(request(P0, NdisRequestQueryInformation, oid, &s, sizeof(s), 0), OK);
	return s;
}

/* The next frame comes in, and with it the 'n'th indication. */
static void hear(unsigned n)
{
	stack_let(1);
	ground_until(told(REMOTE) == n);
}

static uint64_t consumed(void)
{
	return stack_report().drops[WIRE_DROP_MAC_CONTROL];
}

/* Nobody speaks any more, or too many. */
static void assert_nothing_remote(void)
{
	struct dcb_set s = query(OID_QOS_REMOTE_PARAMETERS);

	assert_int_equal(s.p.Header.Type, NDIS_OBJECT_TYPE_QOS_PARAMETERS);
	assert_int_equal(s.p.Flags & (ETS_SET | PFC_SET | CLASSES_SET), 0);
	s.p.Flags = 0;
	for (unsigned i = sizeof(s.p.Header); i < sizeof(s.p); i++)
		assert_int_equal(((const uint8_t *)&s.p)[i], 0);
}

/* ---- O16 ---- */

static void O16_remote_is_told_first_and_on_change(void **state)
{
	struct says s = { HIGH, 100, two, NULL, 1 << 3, false, true };
	struct dcb_set r;

	(void)state;
	add(&s);
	add(&s);
	s.pfc = 1 << 4;
	add(&s);
	open_dcbx();
	ground_settle();
	assert_int_equal(told(REMOTE), 0);
	assert_nothing_remote();
	hear(1);
	r = query(OID_QOS_REMOTE_PARAMETERS);
	assert_int_equal(r.p.Flags & (ETS_SET | PFC_SET | CLASSES_SET), ETS_SET | PFC_SET | CLASSES_SET);
	assert_int_equal(r.p.NumTrafficClasses, 2);
	assert_memory_equal(r.p.PriorityAssignmentTable, ((UCHAR[]){ 0, 0, 0, 0, 1, 1, 1, 1 }), 8);
	assert_memory_equal(r.p.TcBandwidthAssignmentTable, ((UCHAR[]){ 40, 60 }), 2);
	assert_memory_equal(r.p.TsaAssignmentTable, ((UCHAR[]){ ETS, ETS }), 2);
	assert_int_equal(r.p.PfcEnable, 1 << 3);
	assert_int_equal(r.p.NumClassificationElements, 3);
	assert_int_equal(r.elements[0].ConditionSelector, NDIS_QOS_CONDITION_DEFAULT);
	assert_int_equal(r.elements[0].ActionField, 1);
	assert_int_equal(r.elements[1].ConditionSelector, NDIS_QOS_CONDITION_ETHERTYPE);
	assert_int_equal(r.elements[1].ConditionField, 0x8906);
	assert_int_equal(r.elements[2].ConditionSelector, NDIS_QOS_CONDITION_TCP_OR_UDP_PORT);
	assert_int_equal(r.elements[2].ActionField, 4);
	stack_let(1);                                   /* the same again */
	ground_until(consumed() == 2);
	ground_settle();
	assert_int_equal(told(REMOTE), 1);
	hear(2);
	assert_int_equal(query(OID_QOS_REMOTE_PARAMETERS).p.PfcEnable, 1 << 4);
	/* It asked for nothing that the local parameters leave to it. */
	assert_int_equal(told(OPERATIONAL), 0);
	/* The frames ended here, each accounted for. */
	assert_int_equal(trace.n_frames, 0);
	assert_int_equal(consumed(), 3);
	assert_int_equal(stack_waiting(), 0);
}

static void O16_what_is_out_of_date_is_forgotten(void **state)
{
	struct says s = { HIGH, 1, two, NULL, 1 << 3, false, false };

	(void)state;
	add(&s);
	open_dcbx();
	hear(1);
	ground_until(told(REMOTE) == 2);
	assert_nothing_remote();
}

static void O16_two_that_speak_are_as_good_as_none(void **state)
{
	struct says s = { HIGH, 100, two, NULL, 1 << 3, false, false };
	struct says other = { LOW, 100, two_swapped, NULL, 1 << 5, false, false };

	(void)state;
	add(&s);
	add(&other);
	other.ttl = 0;
	other.ets = NULL;
	other.pfc = -1;
	add(&other);                                    /* it says goodbye */
	open_dcbx();
	hear(1);
	hear(2);
	assert_nothing_remote();
	hear(3);
	assert_int_equal(query(OID_QOS_REMOTE_PARAMETERS).p.PfcEnable, 1 << 3);
}

/* ---- O15 ---- */

static void willing(struct dcb_set *s, bool on)
{
	s->p.Flags = (s->p.Flags & ~NDIS_QOS_PARAMETERS_WILLING) |
		     (on ? NDIS_QOS_PARAMETERS_WILLING : 0);
	assert_int_equal(dcb_set(s), OK);
}

static void O15_the_willing_follow_the_peer(void **state)
{
	struct says s = { HIGH, 100, two, NULL, 1 << 3, false, true };
	struct dcb_set local = dcb_three_classes(), o;

	(void)state;
	add(&s);
	s.recommended = two_swapped;
	add(&s);
	open_dcbx();
	willing(&local, false);
	hear(1);
	ground_settle();
	assert_int_equal(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses, 3);
	willing(&local, true);
	o = query(OID_QOS_OPERATIONAL_PARAMETERS);
	assert_int_equal(o.p.NumTrafficClasses, 2);
	assert_int_equal(o.p.TcBandwidthAssignmentTable[1], 60);
	assert_int_equal(o.p.PfcEnable, 1 << 3);
	assert_int_equal(o.p.NumClassificationElements, 3);
	hear(2);                                        /* what it recommends goes before */
	ground_until(query(OID_QOS_OPERATIONAL_PARAMETERS).p.TcBandwidthAssignmentTable[1] == 80);
	willing(&local, false);
	o = query(OID_QOS_OPERATIONAL_PARAMETERS);
	assert_int_equal(o.p.NumTrafficClasses, 3);
	assert_int_equal(o.p.PfcEnable, 0);
	assert_int_equal(o.p.NumClassificationElements, 0);
	assert_int_equal(told(OPERATIONAL), 4);
}

/* Sends go by what the peer said. */
static void O15_O12_sends_follow_too(void **state)
{
	struct says s = { HIGH, 100, two_swapped, NULL, 0, false, false };
	struct dcb_set local = dcb_three_classes();
	struct miniport_class_report r;

	(void)state;
	add(&s);
	open_dcbx();
	willing(&local, true);
	hear(1);
	ground_until(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses == 2);
	for (unsigned p = 0; p < 8; p++)
		sender_send(dcb_packet(p));
	sender_all_done(OK);
	assert_true(miniport_class_report(ndis_adapter_context(stack.adapter), 0, &r));
	assert_int_equal(r.sent, 4);
	assert_int_equal(r.priorities, 0xf0);
}

static void O15_without_a_peer_the_local_ones(void **state)
{
	struct says s = { HIGH, 1, two, NULL, 1 << 3, false, false };
	struct dcb_set local = dcb_three_classes();

	(void)state;
	add(&s);
	open_dcbx();
	willing(&local, true);
	assert_int_equal(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses, 3);
	hear(1);
	ground_until(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses == 2);
	ground_until(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses == 3);
	assert_int_equal(query(OID_QOS_OPERATIONAL_PARAMETERS).p.PfcEnable, 0);
}

static void O15_of_two_willing_the_lower_address_has_its_pfc(void **state)
{
	static const uint8_t mac[] = { HIGH, LOW };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct says s = { mac[i], 100, two, NULL, 1 << 3, true, false };
		struct dcb_set local = dcb_three_classes();

		trace_clear();
		ground_frames_free(&protocol_wire);
		add(&s);
		open_dcbx();
		local.p.PfcEnable = 1 << 6;
		willing(&local, true);
		hear(1);
		/* ETS has no such tie. */
		ground_until(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses == 2);
		assert_int_equal(query(OID_QOS_OPERATIONAL_PARAMETERS).p.PfcEnable,
				 i ? 1 << 3 : 1 << 6);
		stack_close();
		ground_frames_free(&stack.out);
	}
}

static void O15_O7_what_cannot_be_obeyed_is_not(void **state)
{
	struct says s = { HIGH, 100, shaped, NULL, 1 << 3, false, false };
	struct dcb_set local = dcb_three_classes();

	(void)state;
	add(&s);
	open_dcbx();
	willing(&local, true);
	hear(1);
	ground_until(query(OID_QOS_OPERATIONAL_PARAMETERS).p.PfcEnable == 1 << 3);
	assert_int_equal(query(OID_QOS_OPERATIONAL_PARAMETERS).p.NumTrafficClasses, 3);
	assert_int_equal(query(OID_QOS_REMOTE_PARAMETERS).p.TsaAssignmentTable[1], NDIS_QOS_TSA_CBS);
}

/* ---- what is no frame of a peer's ---- */

/* DCBX cut off anywhere, or with a group twice, says nothing and goes no further. */
static void O16_malformed_frames_say_nothing(void **state)
{
	struct says s = { HIGH, 100, two, two, 1 << 3, false, true };
	unsigned n = 0, whole;

	(void)state;
	make(&s);
	whole = length - 2;
	/* From where the first TLV of DCBX is whole. */
	for (unsigned cut = HEAD + ETS_TLV; cut < whole; cut++, n++)
		ground_bytes_add(&protocol_wire, bytes, cut);
	length -= 2;
	put_dcbx(11, (uint8_t[]){ 8, 0 }, 2);
	length += 2;
	ground_bytes_add(&protocol_wire, bytes, length);
	make(&s);
	bytes[HEAD + 7] = 0x8f;                         /* classes that cannot be */
	ground_bytes_add(&protocol_wire, bytes, length);
	n += 2;
	open_dcbx();
	stack_let(n);
	ground_until(consumed() == n);
	ground_settle();
	assert_int_equal(told(REMOTE), 0);
	assert_int_equal(trace.n_frames, 0);
	assert_int_equal(stack_waiting(), 0);
}

static void O17_lldp_of_others_passes(void **state)
{
	struct says s = { HIGH, 100, NULL, NULL, -1, false, false };

	(void)state;
	add(&s);
	open_dcbx();
	stack_let(1);
	ground_until(trace.n_frames == 1);
	assert_int_equal(consumed(), 0);
	assert_int_equal(told(REMOTE), 0);
}

/* ---- O17 ---- */

/* Sends the frame in MDLs of 'first' bytes and the rest; 0: in one. */
static struct packet *send_frame(unsigned first)
{
	struct ground_frame f = { bytes, length };
	struct packet *p = sender_empty(0);

	packet_add(p, &f, first ? 2 : 1, (unsigned[]){ first, length - first }, 0);
	sender_send(p);
	return p;
}

/* Whether what left had a frame of that source. */
static unsigned left_from(uint8_t mac)
{
	unsigned n = 0;

	for (unsigned i = 0; i < stack.out.n; i++)
		n += stack.out.list[i].bytes[6] == mac && stack.out.list[i].bytes[11] == 9;
	return n;
}

static void O17_A16_A19_dcbx_of_a_protocol_fails(void **state)
{
	struct says s = { 6, 100, two, NULL, 1 << 3, false, false };
	struct says plain = { 10, 100, NULL, NULL, -1, false, false };
	NDIS_QOS_CAPABILITIES c;
	struct packet *p[5];

	(void)state;
	open_dcbx();
	memset(&c, 0, sizeof(c));
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_QOS_CURRENT_CAPABILITIES, &c,
				 sizeof(c), 0), OK);
	assert_true(c.Flags & NDIS_QOS_CAPABILITIES_IEEE_DCBX_SUPPORTED);
	make(&s);
	sender_send(sender_packet(P0, 0, 100));
	p[0] = send_frame(0);
	p[1] = send_frame(14);
	p[2] = send_frame(40);
	bytes[HEAD + ETS_TLV + 1] = 200;                /* no better when it is malformed */
	p[3] = send_frame(0);
	make(&plain);
	p[4] = send_frame(0);                           /* LLDP, and not DCBX */
	sender_send(sender_packet(P0, 0, 100));
	packets_wait(7);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(sender_status(p[i]), NDIS_STATUS_FAILURE);
	assert_int_equal(sender_status(p[4]), OK);
	assert_int_equal(sender_status(sender_packets[0]), OK);
	assert_int_equal(sender_status(sender_packets[6]), OK);
	stack_close();
	assert_int_equal(left_from(6), 0);
	assert_int_equal(left_from(10), 1);
}

/* ---- the adapter's own frames ---- */

/* The 'n'th of them in what left; NULL: there are fewer. */
static const struct ground_frame *own(unsigned n)
{
	for (unsigned i = 0; i < stack.out.n; i++) {
		const uint8_t *b = stack.out.list[i].bytes;

		if (b[12] == 0x88 && b[13] == 0xcc && b[6] == 2 && !n--)
			return &stack.out.list[i];
	}
	return NULL;
}

/* The value of a TLV of DCBX in the frame. */
static const uint8_t *group_of(const struct ground_frame *f, uint8_t subtype)
{
	for (unsigned at = 14; at + 6 < f->length && f->bytes[at];
	     at += 2u + (f->bytes[at] & 1u) * 256u + f->bytes[at + 1])
		if (f->bytes[at] >> 1 == 127 && f->bytes[at + 5] == subtype)
			return f->bytes + at + 6;
	return NULL;
}

static void O15_the_adapter_tells_what_it_does(void **state)
{
	struct dcb_set local = dcb_three_classes();
	const struct ground_frame *f;

	(void)state;
	stack.tx_queues = 1;
	open_dcbx();
	ground_until(atomic_load(&stack.taken[0]) == 1);
	local.p.PfcEnable = 1 << 3;
	willing(&local, true);
	ground_until(atomic_load(&stack.taken[0]) == 2);
	stack_close();
	assert_non_null(own(0));
	assert_int_equal(group_of(own(0), 9)[0], 0);
	f = own(1);
	assert_non_null(f);
	assert_int_equal(f->bytes[TTL_AT] << 8 | f->bytes[TTL_AT + 1], 121);
	assert_int_equal(group_of(f, 9)[0], 0x80);
	assert_memory_equal(group_of(f, 9) + 1, ((uint8_t[]){ 0x00, 0x01, 0x12, 0x22, 30, 70, 0 }), 7);
	assert_memory_equal(group_of(f, 9) + 13, ((uint8_t[]){ 2, 2, 0 }), 3);
	assert_memory_equal(group_of(f, 10) + 1, group_of(f, 9) + 1, 20);
	assert_memory_equal(group_of(f, 11), ((uint8_t[]){ 0x88, 1 << 3 }), 2);
	f = own(2);                                     /* goodbye */
	assert_non_null(f);
	assert_null(group_of(f, 9));
	assert_int_equal(f->bytes[TTL_AT] << 8 | f->bytes[TTL_AT + 1], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)
		TEST(O16_remote_is_told_first_and_on_change),
		TEST(O16_what_is_out_of_date_is_forgotten),
		TEST(O16_two_that_speak_are_as_good_as_none),
		TEST(O15_the_willing_follow_the_peer),
		TEST(O15_O12_sends_follow_too),
		TEST(O15_without_a_peer_the_local_ones),
		TEST(O15_of_two_willing_the_lower_address_has_its_pfc),
		TEST(O15_O7_what_cannot_be_obeyed_is_not),
		TEST(O16_malformed_frames_say_nothing),
		TEST(O17_lldp_of_others_passes),
		TEST(O17_A16_A19_dcbx_of_a_protocol_fails),
		TEST(O15_the_adapter_tells_what_it_does),
	};

	return cmocka_run_group_tests(tests, ground_setup, ground_teardown);
}
