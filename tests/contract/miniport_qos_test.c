/* SPDX-License-Identifier: BSD-2-Clause */
/* DCB and 802.1p as the miniport does them: what it shows and takes, and who goes first (O,
 * A11, A12). */
#include "dcb.h"

#include <string.h>

#define P0 (&protocols[0])
#define OK NDIS_STATUS_SUCCESS
#define INVALID NDIS_STATUS_INVALID_PARAMETER

static struct dcb_set operational(void)
{
	struct dcb_set s;

	memset(&s, 0, sizeof(s));
	assert_int_equal(request(P0, NdisRequestQueryInformation, OID_QOS_OPERATIONAL_PARAMETERS, &s,
				 sizeof(s), 0), OK);
	return s;
}

static unsigned indications(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < trace.n_events; i++)
		n += trace.events[i].kind == TRACE_STATUS &&
		     trace.events[i].status == NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE;
	return n;
}

static void close_it(void)
{
	stack_close();
	ground_frames_free(&stack.out);
}

/* ---- what is shown ---- */

static NDIS_STATUS query_capabilities(NDIS_OID oid, NDIS_QOS_CAPABILITIES *c)
{
	memset(c, 0, sizeof(*c));
	return request(P0, NdisRequestQueryInformation, oid, c, sizeof(*c), 0);
}

static void O1_O2_capabilities_by_keyword(void **state)
{
	static const char *const keyword[] = { "1", "0", NULL, "1" };
	struct dcb_set s = dcb_three_classes();
	NDIS_QOS_CAPABILITIES h, c;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		bool known = i < 2;

		dcb_open(keyword[i], "3", i == 3);   /* 6.20 knows no QoS */
		assert_int_equal(query_capabilities(OID_QOS_HARDWARE_CAPABILITIES, &h),
				 known ? OK : NDIS_STATUS_NOT_SUPPORTED);
		assert_int_equal(query_capabilities(OID_QOS_CURRENT_CAPABILITIES, &c),
				 known ? OK : NDIS_STATUS_NOT_SUPPORTED);
		if (known) {
			assert_true(h.Flags & NDIS_QOS_CAPABILITIES_STRICT_TSA_SUPPORTED);
			assert_in_range(h.MaxNumTrafficClasses, 3, 8);
			assert_in_range(h.MaxNumEtsCapableTrafficClasses, 2, h.MaxNumTrafficClasses);
			assert_in_range(h.MaxNumPfcEnabledTrafficClasses, 1, h.MaxNumTrafficClasses);
		}
		if (i == 0)
			assert_memory_equal(&h, &c, sizeof(c));
		if (i == 1)
			assert_int_equal(c.Flags | c.MaxNumTrafficClasses |
					 c.MaxNumEtsCapableTrafficClasses |
					 c.MaxNumPfcEnabledTrafficClasses, 0);
		assert_int_equal(dcb_set(&s), i ? NDIS_STATUS_NOT_SUPPORTED : OK);
		close_it();
	}
}

static void O17_without_dcbx_its_frames_are_frames(void **state)
{
	static const uint8_t lldp[] = { 0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc };
	struct ground_frame f = { (uint8_t[60]){ 0 }, 60 };
	struct packet *p;
	NDIS_QOS_CAPABILITIES h;

	(void)state;
	stack_open(NULL);
	assert_int_equal(query_capabilities(OID_QOS_HARDWARE_CAPABILITIES, &h), OK);
	assert_int_equal(h.Flags & (NDIS_QOS_CAPABILITIES_IEEE_DCBX_SUPPORTED |
				    NDIS_QOS_CAPABILITIES_CEE_DCBX_SUPPORTED), 0);
	memcpy(f.bytes, lldp, sizeof(lldp));
	p = sender_empty(0);
	packet_add(p, &f, 1, NULL, 0);
	sender_send(p);
	sender_all_done(OK);
	stack_close();
	assert_int_equal(stack.out.n, 1);
	assert_memory_equal(stack.out.list[0].bytes, lldp, sizeof(lldp));
}

/* ---- the parameters ---- */

static void O5_O15_O16_what_is_set_is_in_force_and_told_once(void **state)
{
	struct dcb_set s = dcb_three_classes(), o;

	(void)state;
	stack_open(NULL);
	o = operational();   /* resolved once before anybody was bound */
	assert_int_equal(o.p.NumTrafficClasses, 1);
	assert_int_equal(o.p.Flags & (ETS_SET | PFC_SET | CLASSES_SET),
			 ETS_SET | PFC_SET | CLASSES_SET);
	assert_int_equal(indications(), 0);
	s.p.PfcEnable = 1 << 3;
	dcb_with_elements(&s, 2);
	s.elements[0].Flags = NDIS_QOS_CLASSIFICATION_ENFORCED_BY_MINIPORT;
	assert_int_equal(dcb_set(&s), OK);
	assert_int_equal(indications(), 1);
	o = operational();
	assert_int_equal(o.p.NumTrafficClasses, 3);
	assert_memory_equal(o.p.PriorityAssignmentTable, s.p.PriorityAssignmentTable, 8);
	assert_memory_equal(o.p.TcBandwidthAssignmentTable, s.p.TcBandwidthAssignmentTable, 8);
	assert_memory_equal(o.p.TsaAssignmentTable, s.p.TsaAssignmentTable, 8);
	assert_int_equal(o.p.PfcEnable, 1 << 3);
	assert_int_equal(o.p.NumClassificationElements, 2);
	assert_int_equal(o.p.Flags, ETS_SET | PFC_SET | CLASSES_SET |
			 NDIS_QOS_PARAMETERS_ETS_CHANGED | NDIS_QOS_PARAMETERS_PFC_CHANGED |
			 NDIS_QOS_PARAMETERS_CLASSIFICATION_CHANGED);
	assert_int_equal(o.elements[0].Flags, 0);
	assert_int_equal(o.elements[1].ConditionField, 81);
	assert_int_equal(dcb_set(&s), OK);                 /* the same again */
	assert_int_equal(indications(), 1);
	/* WILLING, and nobody to follow. */
	s.p.Flags |= NDIS_QOS_PARAMETERS_WILLING;
	assert_int_equal(dcb_set(&s), OK);
	assert_int_equal(indications(), 1);
	/* A group that is not configured is off, whatever its values. */
	s.p.Flags &= ~(ULONG)PFC_SET;
	assert_int_equal(dcb_set(&s), OK);
	assert_int_equal(indications(), 2);
	assert_int_equal(operational().p.PfcEnable, 0);
	s.p.Flags &= ~(ULONG)(ETS_SET | CLASSES_SET);
	assert_int_equal(dcb_set(&s), OK);
	assert_int_equal(operational().p.NumTrafficClasses, 1);
	assert_int_equal(operational().p.NumClassificationElements, 0);
	assert_int_equal(indications(), 3);
}

static void refused(const struct dcb_set *s)
{
	struct dcb_set before = operational(), after;
	unsigned told = indications();

	assert_int_equal(dcb_set(s), INVALID);
	after = operational();
	assert_memory_equal(&after, &before, sizeof(after));
	assert_int_equal(indications(), told);
}

static void O6_classes_and_priorities_that_are_there(void **state)
{
	struct dcb_set s = dcb_three_classes();

	(void)state;
	stack_open(NULL);
	assert_int_equal(dcb_set(&s), OK);
	s.p.NumTrafficClasses = 9;
	refused(&s);
	s.p.NumTrafficClasses = 0;
	refused(&s);
	s = dcb_three_classes();
	s.p.PriorityAssignmentTable[7] = 3;
	refused(&s);
	s.p.PriorityAssignmentTable[7] = 255;
	refused(&s);
}

static void O7_algorithms_that_are_there(void **state)
{
	static const UCHAR bad[] = { NDIS_QOS_TSA_CBS, 3, 255 };
	struct dcb_set s;

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 3; i++) {
		s = dcb_three_classes();
		s.p.TsaAssignmentTable[2] = bad[i];
		refused(&s);
	}
}

static void O8_shares_are_a_hundred(void **state)
{
	static const UCHAR bad[][3] = { { 30, 69, 0 }, { 30, 71, 0 }, { 30, 60, 10 }, { 30, 70, 10 },
					{ 0, 0, 0 } };
	struct dcb_set s;

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 5; i++) {
		s = dcb_three_classes();
		memcpy(s.p.TcBandwidthAssignmentTable, bad[i], 3);
		refused(&s);
	}
	s = dcb_three_classes();   /* without ETS classes all are 0 (X46) */
	memset(s.p.TsaAssignmentTable, STRICT, 8);
	refused(&s);
	memset(s.p.TcBandwidthAssignmentTable, 0, 8);
	assert_int_equal(dcb_set(&s), OK);
}

static void O11_only_priorities_have_pfc(void **state)
{
	struct dcb_set s = dcb_three_classes();

	(void)state;
	stack_open(NULL);
	s.p.PfcEnable = 1 << 8;
	refused(&s);
	s.p.PfcEnable = 1u << 31 | 8;
	refused(&s);
	s.p.PfcEnable = 0xff;
	assert_int_equal(dcb_set(&s), OK);
}

static void O13_O14_elements_that_make_sense(void **state)
{
	struct dcb_set s;

	(void)state;
	stack_open(NULL);
	for (unsigned i = 0; i < 8; i++) {
		s = dcb_three_classes();
		dcb_with_elements(&s, 3);
		switch (i) {
		case 0: s.elements[1].ConditionSelector = NDIS_QOS_CONDITION_DEFAULT;
			s.elements[1].ConditionField = 0; break;
		case 1: s.elements[2].ActionField = 8; break;
		case 2: s.elements[2].ActionSelector = 1; break;
		case 3: s.elements[0].ConditionSelector = NDIS_QOS_CONDITION_RESERVED; break;
		case 4: s.elements[0].ConditionSelector = 7; break;
		case 5: s.elements[0].ConditionSelector = NDIS_QOS_CONDITION_DEFAULT; break;
		case 6: s.elements[1].Header.Type = NDIS_OBJECT_TYPE_DEFAULT; break;
		case 7: s.p.ClassificationElementSize = 15; break;
		}
		refused(&s);
	}
	s = dcb_three_classes();
	dcb_with_elements(&s, 3);
	s.elements[0].ConditionSelector = NDIS_QOS_CONDITION_DEFAULT;
	s.elements[0].ConditionField = 0;
	assert_int_equal(dcb_set(&s), OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(O1_O2_capabilities_by_keyword),
		TEST(O17_without_dcbx_its_frames_are_frames),
		TEST(O5_O15_O16_what_is_set_is_in_force_and_told_once),
		TEST(O6_classes_and_priorities_that_are_there),
		TEST(O7_algorithms_that_are_there),
		TEST(O8_shares_are_a_hundred),
		TEST(O11_only_priorities_have_pfc),
		TEST(O13_O14_elements_that_make_sense),
	};

	return cmocka_run_group_tests_name("qos", tests, ground_setup, ground_teardown);
}
