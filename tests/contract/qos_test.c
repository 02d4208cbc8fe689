/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's part of quality of service, between drivers: what it takes of a miniport, what it
 * answers itself, and what of OID_QOS_PARAMETERS gets down (O1 .. O5, O13). */
#include "toy_vmq.h"

#include <stdlib.h>
#include <string.h>

#include "verifier/verifier.h"

#define OK          NDIS_STATUS_SUCCESS
#define INVALID     NDIS_STATUS_INVALID_PARAMETER
#define PARAMETERS  NDIS_SIZEOF_QOS_PARAMETERS_REVISION_1
#define ELEMENT     NDIS_SIZEOF_QOS_CLASSIFICATION_ELEMENT_REVISION_1
#define ELEMENTS    3

static struct toy_protocol *const p = &toy_protocols[0];
static struct toy_adapter *const a = &toy.adapters[0];

/* What the miniport shows, and what NDIS said to it. */
static struct {
	NDIS_QOS_CAPABILITIES hardware, current;
	PNDIS_QOS_CAPABILITIES show[2];
	NDIS_STATUS set;
} qos;

/* Parameters with their elements behind them. */
struct set {
	NDIS_QOS_PARAMETERS p;
	NDIS_QOS_CLASSIFICATION_ELEMENT elements[ELEMENTS];
};

static void show(struct toy_adapter *t)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES h = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3 },
		.HardwareQosCapabilities = qos.show[0], .CurrentQosCapabilities = qos.show[1] } };

	qos.set = NdisMSetMiniportAttributes(t->handle, &h);
}

static int prepare(void **state)
{
	(void)state;
	toy_vmq_defaults();
	toy_vmq.more = show;
	memset(&qos, 0, sizeof(qos));
	qos.hardware = (NDIS_QOS_CAPABILITIES){
		.Header = { NDIS_OBJECT_TYPE_QOS_CAPABILITIES, NDIS_QOS_CAPABILITIES_REVISION_1,
			    NDIS_SIZEOF_QOS_CAPABILITIES_REVISION_1 },
		.Flags = NDIS_QOS_CAPABILITIES_STRICT_TSA_SUPPORTED, .MaxNumTrafficClasses = 3,
		.MaxNumEtsCapableTrafficClasses = 2, .MaxNumPfcEnabledTrafficClasses = 1 };
	qos.current = qos.hardware;
	qos.show[0] = &qos.hardware;
	qos.show[1] = &qos.current;
	return 0;
}

static int teardown(void **state)
{
	toy_vmq.minor = 0;
	return toy_teardown(state);
}

static struct set a_set(unsigned n)
{
	struct set s;

	memset(&s, 0, sizeof(s));
	s.p = (NDIS_QOS_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_QOS_PARAMETERS, NDIS_QOS_PARAMETERS_REVISION_1,
			    PARAMETERS },
		.NumTrafficClasses = 1, .NumClassificationElements = n,
		.ClassificationElementSize = ELEMENT,
		.FirstClassificationElementOffset = offsetof(struct set, elements) };
	for (unsigned i = 0; i < ELEMENTS; i++)
		s.elements[i] = (NDIS_QOS_CLASSIFICATION_ELEMENT){
			.Header = { NDIS_OBJECT_TYPE_QOS_CLASSIFICATION_ELEMENT,
				    NDIS_QOS_CLASSIFICATION_ELEMENT_REVISION_1, ELEMENT },
			.ConditionSelector = NDIS_QOS_CONDITION_TCP_PORT,
			.ConditionField = (USHORT)(80 + i), .ActionField = 3 };
	return s;
}

/* Sets it in a buffer of exactly that size, so that a byte read behind it is noticed. */
static NDIS_STATUS set_parameters(const void *from, unsigned length, unsigned *needed)
{
	void *exact = malloc(length ? length : 1);
	NDIS_STATUS status;

	assert_non_null(exact);
	memcpy(exact, from, length);
	status = ndis_adapter_method(a->adapter, OID_QOS_PARAMETERS, exact, length, needed);
	assert_memory_equal(exact, from, length);
	free(exact);
	return status;
}

static void indicate(NDIS_STATUS code, void *buffer, ULONG length)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle, .StatusCode = code, .StatusBuffer = buffer,
		.StatusBufferSize = length };

	NdisMIndicateStatusEx(a->handle, &s);
}

/* ---- capabilities ---- */

static void O1_O3_ndis_answers_with_what_was_registered(void **state)
{
	NDIS_QOS_CAPABILITIES c;

	memset(&qos.current, 0, sizeof(qos.current));
	qos.current.Header = qos.hardware.Header;
	toy_vmq_setup(state);
	assert_int_equal(qos.set, OK);
	assert_int_equal(toy_query(p, OID_QOS_HARDWARE_CAPABILITIES, &c, sizeof(c)), OK);
	assert_memory_equal(&c, &qos.hardware, sizeof(c));
	assert_int_equal(toy_query(p, OID_QOS_CURRENT_CAPABILITIES, &c, sizeof(c)), OK);
	assert_memory_equal(&c, &qos.current, sizeof(c));
	assert_int_equal(a->n_requests, 0);
}

static void O1_without_qos_nothing_is_supported(void **state)
{
	static const NDIS_OID oids[] = { OID_QOS_HARDWARE_CAPABILITIES, OID_QOS_CURRENT_CAPABILITIES,
					 OID_QOS_OPERATIONAL_PARAMETERS, OID_QOS_REMOTE_PARAMETERS };
	struct set s = a_set(0);

	qos.show[0] = qos.show[1] = NULL;
	toy_vmq_setup(state);
	assert_int_equal(qos.set, OK);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(toy_query(p, oids[i], &s, sizeof(s)), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(set_parameters(&s, PARAMETERS, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->n_requests, 0);
}

static void O1_one_null_alone_is_refused(void **state)
{
	NDIS_QOS_CAPABILITIES c;

	for (unsigned i = 0; i < 2; i++) {
		prepare(state);
		qos.show[i] = NULL;
		toy_vmq_setup(state);
		assert_int_equal(qos.set, INVALID);
		assert_int_equal(toy_query(p, OID_QOS_HARDWARE_CAPABILITIES, &c, sizeof(c)),
				 NDIS_STATUS_NOT_SUPPORTED);
		toy_unload();
	}
	toy_vmq_setup(state);
}

static void O2_each_limit_is_demanded(void **state)
{
	for (unsigned i = 0; i < 10; i++) {
		NDIS_QOS_CAPABILITIES *h = &qos.hardware, *c = &qos.current;

		prepare(state);
		switch (i) {
		case 0: h->Flags = c->Flags = 0; break;
		case 1: h->MaxNumTrafficClasses = c->MaxNumTrafficClasses = 2; break;
		case 2: h->MaxNumEtsCapableTrafficClasses = 1; break;
		case 3: h->MaxNumEtsCapableTrafficClasses = 4; break;
		case 4: h->MaxNumPfcEnabledTrafficClasses = 0; break;
		case 5: h->MaxNumPfcEnabledTrafficClasses = 4; break;
		case 6: c->MaxNumTrafficClasses = 4; break;             /* more than the hardware */
		case 7: c->MaxNumPfcEnabledTrafficClasses = 0; break;
		case 8: h->Header.Size--; break;
		case 9: h->Header.Type = NDIS_OBJECT_TYPE_DEFAULT; break;
		}
		toy_vmq_setup(state);
		assert_int_equal(qos.set, INVALID);
		toy_unload();
	}
	prepare(state);
	toy_vmq_setup(state);
	assert_int_equal(qos.set, OK);
}

/* ---- what is asked ---- */

static void O3_queries_follow_indications_and_never_go_down(void **state)
{
	struct set s = a_set(2), got;
	NDIS_OID_REQUEST r;

	toy_vmq_setup(state);
	memset(&got, 0xa5, sizeof(got));
	assert_int_equal(toy_query(p, OID_QOS_OPERATIONAL_PARAMETERS, &got, sizeof(got)), OK);
	assert_int_equal(got.p.Header.Type, NDIS_OBJECT_TYPE_QOS_PARAMETERS);
	assert_int_equal(got.p.Header.Size, PARAMETERS);
	assert_int_equal(got.p.Flags | got.p.NumTrafficClasses | got.p.PfcEnable, 0);
	s.p.Flags = NDIS_QOS_PARAMETERS_ETS_CONFIGURED;
	indicate(NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE, &s, sizeof(s));
	assert_int_equal(toy_query(p, OID_QOS_OPERATIONAL_PARAMETERS, &got, sizeof(got)), OK);
	assert_int_equal(got.p.Flags, NDIS_QOS_PARAMETERS_ETS_CONFIGURED);
	assert_int_equal(got.p.NumClassificationElements, 2);
	assert_memory_equal((char *)&got + got.p.FirstClassificationElementOffset, s.elements,
			    2 * ELEMENT);
	/* The remote ones are another set. */
	assert_int_equal(toy_query(p, OID_QOS_REMOTE_PARAMETERS, &got, sizeof(got)), OK);
	assert_int_equal(got.p.Flags, 0);
	s.p.Flags = NDIS_QOS_PARAMETERS_PFC_CONFIGURED;
	indicate(NDIS_STATUS_QOS_REMOTE_PARAMETERS_CHANGE, &s, sizeof(s));
	toy_query(p, OID_QOS_REMOTE_PARAMETERS, &got, sizeof(got));
	assert_int_equal(got.p.Flags, NDIS_QOS_PARAMETERS_PFC_CONFIGURED);
	/* One byte too few. */
	toy_request(&r, NdisRequestQueryInformation, OID_QOS_REMOTE_PARAMETERS, &got,
		    PARAMETERS + 2 * ELEMENT - 1);
	assert_int_equal(toy_ask(p, &r), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(r.DATA.QUERY_INFORMATION.BytesNeeded, PARAMETERS + 2 * ELEMENT);
	/* Nobody may ask for the local ones. */
	assert_int_equal(toy_query(p, OID_QOS_PARAMETERS, &got, sizeof(got)),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->n_requests, 0);
	assert_int_equal(set_parameters(&s, sizeof(s), NULL), OK);
	assert_int_equal(a->n_requests, 1);
	assert_int_equal(a->last.oid, OID_QOS_PARAMETERS);
}

static void O3_O13_an_indication_that_makes_no_sense_is_ignored(void **state)
{
	struct set s = a_set(2), got;

	toy_vmq_setup(state);
	indicate(NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE, &s, sizeof(s) - 2 * ELEMENT);
	indicate(NDIS_STATUS_QOS_OPERATIONAL_PARAMETERS_CHANGE, NULL, 0);
	assert_int_equal(toy_heard_times("it is ignored"), 2);
	assert_int_equal(toy_query(p, OID_QOS_OPERATIONAL_PARAMETERS, &got, sizeof(got)), OK);
	assert_int_equal(got.p.NumTrafficClasses, 0);
}

/* ---- the set ---- */

static void O13_elements_lie_in_the_buffer_or_the_miniport_is_not_asked(void **state)
{
	struct set s = a_set(3);
	unsigned needed = 0;

	toy_vmq_setup(state);
	assert_int_equal(set_parameters(&s, sizeof(s), NULL), OK);
	for (unsigned n = 0; n < sizeof(s); n++)
		assert_int_equal(set_parameters(&s, n, &needed), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(needed, sizeof(s));
	for (unsigned i = 0; i < 7; i++) {
		static const ULONG sizes[] = { 0, 15, 17, 20, UINT32_MAX };

		s = a_set(3);
		if (i < 5)
			s.p.ClassificationElementSize = sizes[i];
		else if (i == 5)
			s.p.FirstClassificationElementOffset = PARAMETERS - 1;
		else
			s.p.Header.Type = NDIS_OBJECT_TYPE_DEFAULT;
		assert_int_equal(set_parameters(&s, sizeof(s), NULL), INVALID);
	}
	s = a_set(3);
	s.p.FirstClassificationElementOffset = UINT32_MAX - 4;
	assert_int_equal(set_parameters(&s, sizeof(s), NULL), NDIS_STATUS_INVALID_LENGTH);
	s.p.FirstClassificationElementOffset = PARAMETERS;
	s.p.NumClassificationElements = UINT32_MAX;
	assert_int_equal(set_parameters(&s, sizeof(s), NULL), INVALID);
	assert_int_equal(a->n_requests, 1);
	/* Without elements the other two do not count. */
	s.p.NumClassificationElements = 0;
	s.p.ClassificationElementSize = 3;
	s.p.FirstClassificationElementOffset = UINT32_MAX;
	assert_int_equal(set_parameters(&s, PARAMETERS, NULL), OK);
	assert_int_equal(a->n_requests, 2);
}

static unsigned reports;

static void count(const struct verifier_report *r, void *arg)
{
	(void)arg;
	reports += !strcmp(r->rule, "DcbOnly");
}

static void O4_a_protocol_or_a_filter_that_sets_it_is_reported(void **state)
{
	static const struct verifier_config config = { .mode = VERIFIER_REPORT };
	struct set s = a_set(0);
	NDIS_OID_REQUEST r;
	struct error err;

	assert_int_equal(verifier_start(&config, &err), 0);
	verifier_on_report(count, NULL);
	reports = 0;
	toy_vmq_setup(state);
	toy_filters_load();
	toy_filter_attach(a);
	assert_int_equal(set_parameters(&s, PARAMETERS, NULL), OK);
	assert_int_equal(reports, 0);
	assert_int_equal(toy_method(p, OID_QOS_PARAMETERS, &s, PARAMETERS), OK);
	assert_int_equal(reports, 1);
	toy_request(&r, NdisRequestMethod, OID_QOS_PARAMETERS, &s, PARAMETERS);
	r.DATA.METHOD_INFORMATION.InputBufferLength = PARAMETERS;
	r.DATA.METHOD_INFORMATION.OutputBufferLength = PARAMETERS;
	assert_int_equal(NdisFOidRequest(toy_filters.list[0].handle, &r), OK);
	assert_int_equal(reports, 2);
	verifier_on_report(NULL, NULL);
	toy_unload();
	verifier_stop();
	toy_vmq_setup(state);   /* for the teardown */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, prepare, teardown)
		T(O1_O3_ndis_answers_with_what_was_registered),
		T(O1_without_qos_nothing_is_supported),
		T(O1_one_null_alone_is_refused),
		T(O2_each_limit_is_demanded),
		T(O3_queries_follow_indications_and_never_go_down),
		T(O3_O13_an_indication_that_makes_no_sense_is_ignored),
		T(O13_elements_lie_in_the_buffer_or_the_miniport_is_not_asked),
		T(O4_a_protocol_or_a_filter_that_sets_it_is_reported),
#undef T
	};

	setenv("OVMQ_VERIFIER", "off", 1);
	return cmocka_run_group_tests_name("quality of service", tests, ground_setup, ground_teardown);
}
