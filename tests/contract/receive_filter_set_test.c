/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's part of the receive filter OIDs (contract D), without a miniport. */
#include "receive_filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define METHOD rig.request.DATA.METHOD_INFORMATION
#define SET    rig.request.DATA.SET_INFORMATION

#define ONE offsetof(struct rig_filter, field[1])   /* a filter with one test */

static NDIS_STATUS fails(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_FAILURE;
}

static NDIS_STATUS send(struct rig_filter *f, ULONG length)
{
	return rig_method(&rig.a, OID_RECEIVE_FILTER_SET_FILTER, f, length, length);
}

static void D25_D29_ids_are_one_set_over_all_queues(void **state)
{
	ULONG q, id, seen = 0;

	(void)state;
	rig_allocate(&rig.a, &q);
	for (unsigned i = 0; i < RIG_FILTERS; i++) {
		assert_int_equal(rig_set_filter(&rig.a, i & 1 ? q : 0, (UCHAR)i, &id),
				 NDIS_STATUS_SUCCESS);
		assert_in_range(id, 1, RIG_FILTERS);
		assert_false(seen & 1u << id);
		seen |= 1u << id;
	}
	rig.forwarded = 0;
	assert_int_equal(rig_set_filter(&rig.a, q + 1, 1, NULL), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
}

static void D27_C9_filters_at_any_time_from_allocation_to_free(void **state)
{
	ULONG q;

	(void)state;
	assert_int_equal(rig_set_filter(&rig.b, 0, 1, NULL), NDIS_STATUS_SUCCESS);
	rig_allocate(&rig.a, &q);
	assert_int_equal(rig_set_filter(&rig.a, q, 2, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_complete(&rig.a, q), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.a, q, 3, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_filters(&rig.a, q, NULL, 0), 2);
}

static void D30_no_more_filters_than_the_adapter_has(void **state)
{
	ULONG64 before;
	ULONG id;

	(void)state;
	for (unsigned i = 0; i < RIG_FILTERS; i++)
		assert_int_equal(rig_set_filter(&rig.a, 0, (UCHAR)i, &id), NDIS_STATUS_SUCCESS);
	before = rig_hash();
	rig.forwarded = 0;
	assert_int_equal(rig_set_filter(&rig.b, 0, 99, NULL), NDIS_STATUS_RESOURCES);
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
	assert_int_equal(rig_clear(&rig.a, 0, id), NDIS_STATUS_SUCCESS);
	rig.adapter.attributes.current.MaxMacHeaderFilters = RIG_FILTERS - 1;   /* H13 */
	assert_int_equal(rig_set_filter(&rig.b, 0, 99, NULL), NDIS_STATUS_RESOURCES);
	rig.adapter.attributes.current.MaxMacHeaderFilters = RIG_FILTERS;
	assert_int_equal(rig_set_filter(&rig.b, 0, 99, NULL), NDIS_STATUS_SUCCESS);
}

static void D7_D8_D11_D14_D22_D24_D29_bad_filters(void **state)
{
	struct rig_filter bad[24], good = rig_filter(0, 1, -1), vlan = rig_filter(0, 1, 7);
	unsigned n = 0;
	ULONG q;

	(void)state;
	rig_allocate(&rig.a, &q);
	for (unsigned i = 0; i < 24; i++)
		bad[i] = good;
	bad[n++].p.FilterType = NdisReceiveFilterTypeUndefined;                    /* D8 */
	bad[n++].p.FilterType = NdisReceiveFilterTypeMaximum;
	bad[n].p.QueueId = q;
	bad[n++].p.FilterType = NdisReceiveFilterTypePacketCoalescing;
	bad[n++].p.RequestedFilterIdBitCount = 1;                                  /* D24 */
	bad[n++].p.VPortId = 1;
	bad[n++].p.Flags = 1;
	bad[n++].p.Flags = 0x80000000;
	bad[n++].p.FieldParametersArrayNumElements = 0;
	bad[n++].field[0].FrameHeader = NdisFrameHeaderIPv4;                       /* D7 */
	bad[n++].field[0].FrameHeader = (NDIS_FRAME_HEADER)0x7fffffff;
	bad[n++].field[0].FrameHeader = NdisFrameHeaderUndefined;
	bad[n++].field[0].ReceiveFilterTest = NdisReceiveFilterTestMaskEqual;
	bad[n++].field[0].ReceiveFilterTest = NdisReceiveFilterTestUndefined;
	bad[n++].field[0].ReceiveFilterTest = (NDIS_RECEIVE_FILTER_TEST)33;
	bad[n++].field[0].HeaderField.MacHeaderField = NdisMacHeaderFieldSourceAddress; /* D11 */
	bad[n++].field[0].HeaderField.MacHeaderField = NdisMacHeaderFieldUndefined;
	bad[n++].field[0].HeaderField.MacHeaderField = (NDIS_MAC_HEADER_FIELD)-1;
	bad[n++].field[0].Flags = 2;
	bad[n++].field[0].Header.Type = 0;                                         /* C26 */
	bad[n++].field[0].Header.Revision = 3;
	bad[n++].field[0].Header.Size = 55;
	bad[n] = vlan;                                                             /* D14 */
	bad[n++].field[0].Flags = NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO;
	rig.forwarded = 0;
	for (unsigned i = 0; i < n; i++) {
		struct rig_filter was = bad[i];

		assert_int_equal(send(&bad[i], sizeof(bad[i])), NDIS_STATUS_INVALID_PARAMETER);
		assert_memory_equal(&bad[i], &was, sizeof(was));
	}
	rig.adapter.attributes.current.SupportedMacHeaderFields &=                 /* D22 */
		~NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED;
	assert_int_equal(send(&vlan, sizeof(vlan)), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	assert_int_equal(send(&good, ONE), NDIS_STATUS_SUCCESS);
}

static void D8_packet_coalescing_on_the_default_queue_where_it_is_on(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES *c = &rig.adapter.attributes.current;
	struct rig_filter f = rig_filter(0, 1, 7);

	(void)state;
	f.p.FilterType = NdisReceiveFilterTypePacketCoalescing;
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_NOT_SUPPORTED);
	c->EnabledFilterTypes |= NDIS_RECEIVE_FILTER_PACKET_COALESCING_FILTERS_ENABLED;
	c->MaxPacketCoalescingFilters = 1;
	c->MaxFieldTestsPerPacketCoalescingFilter = 1;
	rig_restart_cache();
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_INVALID_PARAMETER);
	f.p.FieldParametersArrayNumElements = 1;
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_SUCCESS);
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_RESOURCES);
	assert_int_equal(rig_allocate(&rig.a, &f.p.QueueId), NDIS_STATUS_SUCCESS);
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_INVALID_PARAMETER);
	/* The other kind's limit is its own. */
	for (unsigned i = 0; i < RIG_FILTERS; i++)
		assert_int_equal(rig_set_filter(&rig.a, 0, (UCHAR)i, NULL), NDIS_STATUS_SUCCESS);
}

static void D23_hostile_field_arrays(void **state)
{
	const ULONG at = offsetof(struct rig_filter, field);
	const struct { ULONG offset, n, size; NDIS_STATUS status; } bad[] = {
		{ 0, 1, 56, NDIS_STATUS_INVALID_PARAMETER },
		{ 43, 1, 56, NDIS_STATUS_INVALID_PARAMETER },
		{ at, 1, 55, NDIS_STATUS_INVALID_PARAMETER },
		{ at, 1, 0, NDIS_STATUS_INVALID_PARAMETER },
		{ at, 0x80000000, 0x80000000, NDIS_STATUS_INVALID_PARAMETER },
		{ 0xffffffc8, 1, 56, NDIS_STATUS_INVALID_PARAMETER },
		{ 0xffffff00, 1, 56, NDIS_STATUS_INVALID_LENGTH },
		{ at, 3, 56, NDIS_STATUS_INVALID_LENGTH },
		{ at + 57, 1, 56, NDIS_STATUS_INVALID_LENGTH },
	};
	ULONG64 before = rig_hash();

	(void)state;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rig_filter *f = malloc(sizeof(*f));
		NDIS_STATUS status;

		*f = rig_filter(0, 1, 7);
		f->p.FieldParametersArrayOffset = bad[i].offset;
		f->p.FieldParametersArrayNumElements = bad[i].n;
		f->p.FieldParametersArrayElementSize = bad[i].size;
		status = send(f, sizeof(*f));
		free(f);
		assert_int_equal(status, bad[i].status);
	}
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
}

static void D23_D37_what_was_set_comes_back_byte_for_byte(void **state)
{
	struct rig_filter f = rig_filter(0, 1, 7);
	UCHAR set[36 + 3 + 2 * 61], got[sizeof(set)];
	NDIS_RECEIVE_FILTER_PARAMETERS p = f.p;
	ULONG id;

	(void)state;
	/* Revision 1, odd offset, padded elements, and junk in every hole. */
	p.Header.Revision = NDIS_RECEIVE_FILTER_PARAMETERS_REVISION_1;
	p.Header.Size = NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_1;
	p.FieldParametersArrayOffset = 39;
	p.FieldParametersArrayElementSize = 61;
	memset(set, 0xa5, sizeof(set));
	memcpy(set, &p, 36);
	memcpy(set + 39, &f.field[0], 56);
	memcpy(set + 100, &f.field[1], 56);
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_SET_FILTER, set, sizeof(set),
				    sizeof(set)), NDIS_STATUS_SUCCESS);
	memcpy(&id, set + offsetof(NDIS_RECEIVE_FILTER_PARAMETERS, FilterId), sizeof(id));
	assert_int_equal(id, 1);
	memset(got, 0, sizeof(got));
	p.FilterId = id;
	memcpy(got, &p, 36);
	assert_int_equal(rig_method(&rig.b, OID_RECEIVE_FILTER_PARAMETERS, got, 36, sizeof(got)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(METHOD.BytesWritten, sizeof(set));
	assert_memory_equal(got, set, sizeof(set));
	for (unsigned i = 0; i < 3; i++) {
		f.p.FilterId = i == 0 ? 0 : i == 1 ? 2 : 0xffffffff;
		assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_PARAMETERS, &f, sizeof(f),
					    sizeof(f)), NDIS_STATUS_INVALID_PARAMETER);
	}
	assert_int_equal(rig.forwarded, 1);
}

static void D31_only_who_set_a_filter_clears_it(void **state)
{
	ULONG q, f, g;
	ULONG64 before;

	(void)state;
	rig_allocate(&rig.a, &q);
	assert_int_equal(rig_set_filter(&rig.a, q, 1, &f), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.a, 0, 2, &g), NDIS_STATUS_SUCCESS);
	before = rig_hash();
	rig.forwarded = 0;
	assert_int_equal(rig_clear(&rig.b, q, f), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_clear(&rig.b, 0, g), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_clear(&rig.a, q, 0), NDIS_STATUS_FILE_NOT_FOUND);
	assert_int_equal(rig_clear(&rig.a, q, 55), NDIS_STATUS_FILE_NOT_FOUND);
	assert_int_equal(rig_clear(&rig.a, q, 0xffffffff), NDIS_STATUS_FILE_NOT_FOUND);
	assert_int_equal(rig_clear(&rig.a, 0, f), NDIS_STATUS_FILE_NOT_FOUND);
	assert_int_equal(rig_clear(&rig.a, 9, f), NDIS_STATUS_FILE_NOT_FOUND);
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
	assert_int_equal(rig_clear(&rig.a, q, f), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_clear(&rig.a, q, f), NDIS_STATUS_FILE_NOT_FOUND);
}

/* An id that is none is another error on each of the three pages. */
static void X13_an_unknown_id_has_the_status_of_its_page(void **state)
{
	struct rig_filter f = rig_filter(0, 1, -1);
	ULONG q;

	(void)state;
	rig_allocate(&rig.a, &q);
	rig.forwarded = 0;
	assert_int_equal(rig_clear(&rig.a, q, 7), NDIS_STATUS_FILE_NOT_FOUND);
	assert_int_equal(rig_free(&rig.a, q + 1), NDIS_STATUS_INVALID_PARAMETER);
	f.p.FilterId = 7;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_PARAMETERS, &f, sizeof(f), sizeof(f)),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_set_filter(&rig.a, q + 1, 1, NULL), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);   /* NDIS says so, before a miniport could */
}

static NDIS_STATUS is_gone(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_NOT_ACCEPTED;
}

static void D33_X24_a_clear_that_was_not_accepted_keeps_the_filter(void **state)
{
	ULONG q, f;
	ULONG64 before;

	(void)state;
	rig_allocate(&rig.a, &q);
	rig_set_filter(&rig.a, q, 1, &f);
	before = rig_hash();
	rig.miniport = is_gone;
	assert_int_equal(rig_clear(&rig.a, q, f), NDIS_STATUS_NOT_ACCEPTED);
	rig.miniport = NULL;
	assert_true(rig_hash() == before);
}

static void D26_a_filter_the_miniport_refused_was_never_there(void **state)
{
	struct rig_filter f = rig_filter(0, 1, -1), was;
	ULONG64 before = rig_hash();

	(void)state;
	f.p.FilterId = 33;   /* what the caller left there is not read, and stands again */
	was = f;
	rig.miniport = fails;
	for (unsigned i = 0; i < 3 * RIG_FILTERS; i++)
		assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_FAILURE);
	assert_memory_equal(&f, &was, sizeof(f));
	rig.miniport = NULL;
	assert_true(rig_hash() == before);
	for (unsigned i = 0; i < RIG_FILTERS; i++)
		assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_SUCCESS);
}

static void D35_X33_a_queues_filters_in_the_order_of_setting(void **state)
{
	NDIS_RECEIVE_FILTER_INFO i[RIG_FILTERS];
	ULONG q, id[4];

	(void)state;
	rig_allocate(&rig.a, &q);
	assert_int_equal(rig_filters(&rig.b, q, i, 1), 0);
	for (unsigned n = 0; n < 4; n++)
		rig_set_filter(&rig.a, n == 3 ? 0 : q, (UCHAR)n, &id[n]);
	rig_clear(&rig.a, q, id[0]);
	rig_set_filter(&rig.a, q, 9, &id[0]);
	assert_int_equal(rig_filters(&rig.b, q, i, RIG_FILTERS), 3);
	assert_int_equal(i[0].FilterId, id[1]);
	assert_int_equal(i[1].FilterId, id[2]);
	assert_int_equal(i[2].FilterId, id[0]);
	assert_int_equal(i[0].FilterType, NdisReceiveFilterTypeVMQueue);
	assert_int_equal(rig_filters(&rig.b, 0, i, RIG_FILTERS), 1);
	assert_int_equal(i[0].FilterId, id[3]);
	assert_int_equal(rig_filters(&rig.a, q + 1, i, 1), -1);
}

static void D36_a_vport_that_is_not_ours_has_no_filters(void **state)
{
	NDIS_RECEIVE_FILTER_INFO_ARRAY a = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_INFO_ARRAY_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2 },
		.Flags = NDIS_RECEIVE_FILTER_INFO_ARRAY_VPORT_ID_SPECIFIED,
		.VPortId = 1,
	};

	(void)state;
	rig_set_filter(&rig.a, 0, 1, NULL);
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ENUM_FILTERS, &a, sizeof(a),
				    sizeof(a)), NDIS_STATUS_SUCCESS);
	assert_int_equal(a.NumElements, 0);
	a.VPortId = 0;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ENUM_FILTERS, &a, sizeof(a),
				    sizeof(a)), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(METHOD.BytesNeeded, 28 + 16);
	a.Flags = 2;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ENUM_FILTERS, &a, sizeof(a),
				    sizeof(a)), NDIS_STATUS_INVALID_PARAMETER);
}

static void D38_a_program_sets_nothing(void **state)
{
	ULONG q;

	(void)state;
	rig_allocate(&rig.a, &q);
	rig.forwarded = 0;
	assert_int_equal(rig_set_filter(&rig.program, 0, 1, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig_allocate(&rig.program, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig_free(&rig.program, q), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig.forwarded, 0);
	assert_int_equal(rig_filters(&rig.program, q, NULL, 0), 0);
}

static void U5_U13_the_same_filter_twice_is_two_filters(void **state)
{
	struct rig_filter f = rig_filter(0, 1, 7), g = f;

	(void)state;
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_SUCCESS);
	assert_int_equal(send(&g, sizeof(g)), NDIS_STATUS_SUCCESS);
	assert_int_equal(f.p.FilterId, 1);
	assert_int_equal(g.p.FilterId, 2);
}

static void C23_bytes_read_and_written_even_if_the_miniport_is_silent(void **state)
{
	struct rig_filter f = rig_filter(0, 1, 7);
	ULONG id;

	(void)state;
	assert_int_equal(send(&f, sizeof(f)), NDIS_STATUS_SUCCESS);
	assert_int_equal(METHOD.BytesRead, sizeof(f));
	assert_int_equal(METHOD.BytesWritten, sizeof(f));
	/* Room for the structure alone is room enough for the id. */
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_SET_FILTER, &f, sizeof(f), 44),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(METHOD.BytesWritten, 44);
	rig_allocate(&rig.a, &id);
	assert_int_equal(METHOD.BytesWritten, 1092);
	rig_free(&rig.a, id);
	assert_int_equal(SET.BytesRead, 12);
	rig_clear(&rig.a, 0, 1);
	assert_int_equal(SET.BytesRead, 16);
}

/* I26: the miniport pends, and the end comes later from anywhere. */
static void C25_between_begin_and_end_the_cache_is_as_before(void **state)
{
	struct rig_filter f = rig_filter(0, 1, -1);
	NDIS_OID_REQUEST r = { .RequestType = NdisRequestMethod };
	ULONG64 before = rig_hash();
	bool forward;

	(void)state;
	r.DATA.METHOD_INFORMATION.Oid = OID_RECEIVE_FILTER_SET_FILTER;
	r.DATA.METHOD_INFORMATION.InformationBuffer = &f;
	r.DATA.METHOD_INFORMATION.InputBufferLength = ONE;
	r.DATA.METHOD_INFORMATION.OutputBufferLength = ONE;
	assert_int_equal(ndis_receive_filter_begin(&rig.a, &r, &forward), NDIS_STATUS_SUCCESS);
	assert_true(forward);
	assert_int_equal(f.p.FilterId, 1);   /* the miniport sees it already */
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, NULL), 0);
	ndis_receive_filter_end(&rig.a, &r, NDIS_STATUS_SUCCESS);
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, NULL), 1);
	assert_true(rig_hash() != before);
	/* One that is over ends no second time. */
	ndis_receive_filter_end(&rig.a, &r, NDIS_STATUS_SUCCESS);
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, NULL), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(D25_D29_ids_are_one_set_over_all_queues),
		T(D27_C9_filters_at_any_time_from_allocation_to_free),
		T(D30_no_more_filters_than_the_adapter_has),
		T(D7_D8_D11_D14_D22_D24_D29_bad_filters),
		T(D8_packet_coalescing_on_the_default_queue_where_it_is_on),
		T(D23_hostile_field_arrays),
		T(D23_D37_what_was_set_comes_back_byte_for_byte),
		T(D31_only_who_set_a_filter_clears_it),
		T(X13_an_unknown_id_has_the_status_of_its_page),
		T(D33_X24_a_clear_that_was_not_accepted_keeps_the_filter),
		T(D26_a_filter_the_miniport_refused_was_never_there),
		T(D35_X33_a_queues_filters_in_the_order_of_setting),
		T(D36_a_vport_that_is_not_ours_has_no_filters),
		T(D38_a_program_sets_nothing),
		T(U5_U13_the_same_filter_twice_is_two_filters),
		T(C23_bytes_read_and_written_even_if_the_miniport_is_silent),
		T(C25_between_begin_and_end_the_cache_is_as_before),
	};

	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
#undef T
}
