/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter with VM queues between drivers: what its miniport may show, who learns of it,
 * and what is taken back when somebody goes. NDIS alone, without the verifier. */
#include "toy_vmq.h"

#include <stdlib.h>
#include <string.h>

#include "ndis/receive_filter.h"

static struct toy_protocol *const p = &toy_protocols[0], *const q = &toy_protocols[1];
static struct toy_adapter *const a = &toy.adapters[0];

static int prepare(void **state)
{
	(void)state;
	toy_vmq_defaults();
	return 0;
}

static int teardown(void **state)
{
	toy_vmq.minor = 0;
	return toy_teardown(state);
}

static NDIS_RECEIVE_FILTER_CAPABILITIES asked(NDIS_OID oid)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	memset(&c, 0, sizeof(c));
	assert_int_equal(toy_query(p, oid, &c, sizeof(c)), NDIS_STATUS_SUCCESS);
	return c;
}

static void H2_both_capabilities_or_none(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	for (unsigned missing = 0; missing < 2; missing++) {
		toy_vmq_defaults();
		toy_vmq.show[missing] = NULL;
		toy_vmq_setup(state);
		assert_int_equal(toy_vmq.set, NDIS_STATUS_INVALID_PARAMETER);
		assert_true(toy_heard("(H2)"));
		assert_int_equal(toy_query(p, OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, &c, sizeof(c)),
				 NDIS_STATUS_NOT_SUPPORTED);
		toy_unload();
	}
	toy_vmq_defaults();
	toy_vmq.show[0] = toy_vmq.show[1] = NULL;
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_SUCCESS);
}

static void H14_no_filtering_is_no_fault(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	toy_vmq.show[0] = toy_vmq.show[1] = NULL;
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_SUCCESS);
	assert_int_equal(toy_query(p, OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, &c, sizeof(c)),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(toy_queue_allocate(p), 0);
	assert_false(p->has_capabilities);
	assert_int_equal(a->n_requests, 0);
}

static void H1_H3_both_sets_are_kept_apart(void **state)
{
	toy_vmq.current.EnabledQueueTypes = 0;
	toy_vmq.current.NumQueues = 0;
	toy_vmq_setup(state);
	assert_int_equal(asked(OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES).NumQueues, TOY_QUEUES);
	assert_int_equal(asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES).NumQueues, 0);
	assert_int_equal(asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES).EnabledQueueTypes, 0);
}

static void H6_flags_of_lbfo_filters_are_refused(void **state)
{
	toy_vmq.hardware.SupportedQueueProperties |= NDIS_RECEIVE_FILTER_IMPLAT_MIN_OF_QUEUES_MODE;
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_INVALID_PARAMETER);
	assert_true(toy_heard("(H6)"));
	toy_unload();
	toy_vmq_defaults();
	toy_vmq.current.SupportedQueueProperties |= NDIS_RECEIVE_FILTER_IMPLAT_SUM_OF_QUEUES_MODE;
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_INVALID_PARAMETER);
}

static void H6_what_a_version_demands_is_told(void **state)
{
	toy_vmq.hardware.SupportedQueueProperties = NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED;
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_SUCCESS);
	assert_true(toy_heard("NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED"));
	assert_true(toy_heard("DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED, which NDIS 6.30"));
	toy_unload();
	toy_vmq_defaults();
	toy_vmq.minor = 20;
	toy_vmq.hardware.SupportedQueueProperties &=
		~(ULONG)NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED;
	toy_vmq_setup(state);
	assert_false(toy_heard("(H6)"));
}

static void H7_what_no_queue_works_without(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		toy_vmq_defaults();
		*(i == 0 ? &toy_vmq.hardware.SupportedFilterTests
		  : i == 1 ? &toy_vmq.hardware.SupportedHeaders
			   : &toy_vmq.hardware.SupportedMacHeaderFields) = 8;
		toy_vmq_setup(state);
		assert_int_equal(toy_vmq.set, NDIS_STATUS_INVALID_PARAMETER);
		assert_true(toy_heard("(H7)"));
		toy_unload();
	}
	toy_vmq_defaults();
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_SUCCESS);
}

static void H8_fewer_filters_than_queues_are_told(void **state)
{
	toy_vmq_setup(state);
	assert_false(toy_heard("(H8)"));
	toy_unload();
	toy_vmq.hardware.MaxMacHeaderFilters = TOY_QUEUES - 1;
	toy_vmq_setup(state);
	assert_int_equal(toy_vmq.set, NDIS_STATUS_SUCCESS);
	assert_true(toy_heard("(H8)"));
}

static void H9_E20_the_split_ended_with_6_20(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	for (UCHAR minor = 20; minor <= 30; minor += 10) {
		bool splits = minor == 20;

		toy_vmq_defaults();
		toy_vmq.minor = minor;
		toy_vmq.current.SupportedQueueProperties |= NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED;
		toy_vmq.current.MinLookaheadSplitSize = 16;
		toy_vmq.current.MaxLookaheadSplitSize = 256;
		toy_vmq.current.MaxPacketCoalescingFilters = 5;
		toy_vmq.current.NdisReserved = 6;
		toy_vmq_setup(state);
		c = asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES);
		assert_int_equal(!!(c.SupportedQueueProperties &
				    NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED), splits);
		assert_int_equal(c.MinLookaheadSplitSize, splits ? 16 : 0);
		assert_int_equal(c.MaxLookaheadSplitSize, splits ? 256 : 0);
		if (!splits) {
			assert_int_equal(c.MaxPacketCoalescingFilters, 0);
			assert_int_equal(c.NdisReserved, 0);
			continue;
		}
		toy_unload();
	}
}

static void H11_three_equal_copies(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	toy_vmq_setup(state);
	toy_filters_load();
	toy_filter_attach(a);
	c = asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES);
	assert_memory_equal(&c, &toy_vmq.current, sizeof(c));
	assert_true(p->has_capabilities);
	assert_memory_equal(&p->capabilities, &c, sizeof(c));
	assert_memory_equal(&toy_filters.capabilities, &c, sizeof(c));
}

static void indicate(NDIS_STATUS code, void *buffer, ULONG length)
{
	NDIS_STATUS_INDICATION s = {
		.Header = { NDIS_OBJECT_TYPE_STATUS_INDICATION, NDIS_STATUS_INDICATION_REVISION_1,
			    NDIS_SIZEOF_STATUS_INDICATION_REVISION_1 },
		.SourceHandle = a->handle, .StatusCode = code, .StatusBuffer = buffer,
		.StatusBufferSize = length,
	};

	NdisMIndicateStatusEx(a->handle, &s);
}

static void H13_whoever_binds_later_gets_the_new_ones(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	toy_vmq_setup(state);
	c = toy_vmq.current;
	c.NumQueues = 3;
	indicate(NDIS_STATUS_RECEIVE_FILTER_CURRENT_CAPABILITIES, &c, sizeof(c));
	assert_int_equal(p->statuses, 1);       /* it goes on to those above */
	toy_protocol_load(q, false);
	assert_int_equal(q->capabilities.NumQueues, 3);
	assert_int_equal(p->capabilities.NumQueues, TOY_QUEUES);
	assert_int_equal(asked(OID_RECEIVE_FILTER_CURRENT_CAPABILITIES).NumQueues, 3);
}

static void H12_global_parameters(void **state)
{
	NDIS_RECEIVE_FILTER_GLOBAL_PARAMETERS g;

	toy_vmq_setup(state);
	assert_int_equal(toy_query(p, OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, &g, sizeof(g)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(g.EnabledFilterTypes, NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED);
	assert_int_equal(g.EnabledQueueTypes, NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED);
	assert_int_equal(a->n_requests, 0);
}

static void C24_a_miniport_before_6_20(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;

	toy_vmq.minor = 1;
	toy_vmq_setup(state);
	assert_int_equal(toy_queue_allocate(p), 0);
	assert_int_equal(toy_queue_free(p, 1), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(toy_query(p, OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, &c, sizeof(c)),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(a->n_requests, 0);
}

/* ---- who goes, and what NDIS does then ---- */

static void trace_oids(struct toy_adapter *t, NDIS_OID oid)
{
	if (oid == OID_RECEIVE_FILTER_FREE_QUEUE)
		trace_step(t->name, "frees");
	if (oid == OID_RECEIVE_FILTER_CLEAR_FILTER)
		trace_step(t->name, "clears");
}

static ULONG set_filter_of(struct toy_protocol *who, ULONG queue)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS f;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field;
	} s = {
		.f = { .Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_PARAMETERS_REVISION_2,
				   NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 },
		       .FilterType = NdisReceiveFilterTypeVMQueue, .QueueId = queue,
		       .FieldParametersArrayNumElements = 1,
		       .FieldParametersArrayElementSize = sizeof(s.field) },
		.field = { .Header = { NDIS_OBJECT_TYPE_DEFAULT,
				       NDIS_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2,
				       NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2 },
			   .FrameHeader = NdisFrameHeaderMac,
			   .ReceiveFilterTest = NdisReceiveFilterTestEqual,
			   .HeaderField = { .MacHeaderField = NdisMacHeaderFieldDestinationAddress } },
	};

	s.f.FieldParametersArrayOffset = (ULONG)((char *)&s.field - (char *)&s);
	assert_int_equal(toy_method(who, OID_RECEIVE_FILTER_SET_FILTER, &s, sizeof(s)),
			 NDIS_STATUS_SUCCESS);
	return s.f.FilterId;
}

static ULONG set_filter(ULONG queue)
{
	return set_filter_of(p, queue);
}

static void G2_queues_that_are_left_are_freed_before_the_halt(void **state)
{
	toy_vmq_setup(state);
	toy.in_oid = trace_oids;
	assert_int_not_equal(set_filter(toy_queue_allocate(p)), 0);
	assert_int_not_equal(toy_queue_allocate(p), 0);
	trace_clear();
	ndis_adapter_remove(a->adapter);
	a->adapter = NULL;
	assert_string_equal(trace_steps(0),
			    "toy1 pauses, toy1 clears, toy1 frees, toy1 frees, toy1 halts");
	assert_true(toy_heard("closed with 3 queues and filters (G1, D34)"));
}

/* The other protocol's are not touched. */
static void G1_D34_a_binding_that_leaves_things_behind(void **state)
{
	struct ndis_queue_info left[2];
	ULONG id;

	toy_vmq_setup(state);
	toy_protocol_load(q, false);
	set_filter(toy_queue_allocate(p));
	set_filter(0);
	id = toy_queue_allocate(q);
	ndis_image_unload(p->image);
	p->image = NULL;
	assert_true(toy_heard("(G1, D34)"));
	assert_int_equal(ndis_adapter_queues(a->adapter, left, 2), 1);
	assert_int_equal(left[0].id, id);
	assert_string_equal(left[0].owner, "talker2");
	assert_int_equal(toy_queue_free(q, id), NDIS_STATUS_SUCCESS);
}

/* NDIS keeps queues and filters, and who they belong to, over all that happens to an
 * adapter which stays. */
static void U9_queues_and_filters_outlive_reset_and_sleep(void **state)
{
	struct error err = { "" };
	struct ndis_queue_info left[2];
	ULONG id, idle;

	toy_vmq_setup(state);
	id = toy_queue_allocate(p);
	idle = toy_queue_allocate(p);
	set_filter(id);
	assert_int_equal(ndis_adapter_reset(a->adapter, &err), 0);
	assert_int_equal(ndis_adapter_set_power(a->adapter, 3, &err), 0);
	assert_int_equal(ndis_adapter_set_power(a->adapter, 0, &err), 0);
	ndis_adapter_pause(a->adapter);
	assert_int_equal(ndis_adapter_restart(a->adapter, &err), 0);
	assert_int_equal(ndis_adapter_queues(a->adapter, left, 2), 2);
	assert_int_equal(left[0].id, id);
	assert_int_equal(left[0].filters, 1);
	assert_int_equal(left[1].id, idle);
	assert_int_not_equal(toy_queue_free(p, id), NDIS_STATUS_SUCCESS);   /* its filter is there (C12) */
	assert_int_equal(toy_queue_free(p, idle), NDIS_STATUS_SUCCESS);
}

static NDIS_STATUS filter_clear(struct toy_protocol *who, ULONG id)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 },
		.FilterId = id,
	};

	return toy_set(who, OID_RECEIVE_FILTER_CLEAR_FILTER, &c, sizeof(c));
}

/* A filter on the default queue, which no FREE_QUEUE would take along: it is cleared when the
 * binding goes, and another protocol's is left to that one. */
static void D34_C9_filters_of_the_default_queue_go_with_their_binding(void **state)
{
	ULONG foreign;

	toy_vmq_setup(state);
	toy_protocol_load(q, false);
	toy.in_oid = trace_oids;
	set_filter(0);
	foreign = set_filter_of(q, 0);
	set_filter(0);
	trace_clear();
	ndis_image_unload(p->image);
	p->image = NULL;
	assert_true(toy_heard("closed with 2 queues and filters (G1, D34)"));
	assert_string_equal(trace_steps(0), "toy1 clears, toy1 clears");
	assert_int_equal(ndis_receive_filter_left(a->adapter, NULL), 1);
	trace_clear();
	assert_int_equal(filter_clear(q, foreign), NDIS_STATUS_SUCCESS);
	assert_string_equal(trace_steps(0), "toy1 clears");
	toy.in_oid = NULL;
}

/* All ids rest: the request pends, and ends by itself. */
static void U16_an_allocation_waits_for_an_id(void **state)
{
	ULONG ids[TOY_QUEUES];

	toy_vmq_setup(state);
	for (unsigned i = 0; i < TOY_QUEUES; i++)
		ids[i] = toy_queue_allocate(p);
	for (unsigned round = 0; round < 200; round++)
		for (unsigned i = 0; i < TOY_QUEUES; i++) {
			assert_int_equal(toy_queue_free(p, ids[i]), NDIS_STATUS_SUCCESS);
			assert_int_equal(toy_queue_allocate(p), ids[i]);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, prepare, teardown)
		T(H2_both_capabilities_or_none),
		T(H14_no_filtering_is_no_fault),
		T(H1_H3_both_sets_are_kept_apart),
		T(H6_flags_of_lbfo_filters_are_refused),
		T(H6_what_a_version_demands_is_told),
		T(H7_what_no_queue_works_without),
		T(H8_fewer_filters_than_queues_are_told),
		T(H9_E20_the_split_ended_with_6_20),
		T(H11_three_equal_copies),
		T(H13_whoever_binds_later_gets_the_new_ones),
		T(H12_global_parameters),
		T(C24_a_miniport_before_6_20),
		T(G2_queues_that_are_left_are_freed_before_the_halt),
		T(G1_D34_a_binding_that_leaves_things_behind),
		T(U9_queues_and_filters_outlive_reset_and_sleep),
		T(D34_C9_filters_of_the_default_queue_go_with_their_binding),
		T(U16_an_allocation_waits_for_an_id),
#undef T
	};

	setenv("OVMQ_VERIFIER", "off", 1);
	return cmocka_run_group_tests_name("receive filters of an adapter", tests, ground_setup,
					   ground_teardown);
}
