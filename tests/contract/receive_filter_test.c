/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's part of the receive queue OIDs (contract C, G), without a miniport. */
#include "receive_filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define METHOD rig.request.DATA.METHOD_INFORMATION
#define SET    rig.request.DATA.SET_INFORMATION
#define QUERY  rig.request.DATA.QUERY_INFORMATION

static NDIS_STATUS fails(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_FAILURE;
}

static ULONG seen_by_miniport;

static NDIS_STATUS notes_the_id(PNDIS_OID_REQUEST r)
{
	seen_by_miniport = ((NDIS_RECEIVE_QUEUE_PARAMETERS *)
			    r->DATA.METHOD_INFORMATION.InformationBuffer)->QueueId;
	return NDIS_STATUS_SUCCESS;
}

static void C1_C4_C6_ids_are_given_by_ndis_dense_and_unique(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);

	(void)state;
	rig.miniport = notes_the_id;
	for (ULONG id = 1; id <= RIG_QUEUES; id++) {
		p.QueueId = 77;   /* the caller's value is not read */
		assert_int_equal(rig_method(id & 1 ? &rig.a : &rig.b, OID_RECEIVE_FILTER_ALLOCATE_QUEUE,
					    &p, sizeof(p), sizeof(p)), NDIS_STATUS_SUCCESS);
		assert_int_equal(p.QueueId, id);
		assert_int_equal(seen_by_miniport, id);
	}
}

static void C2_G9_the_default_queue_cannot_be_freed(void **state)
{
	(void)state;
	assert_int_equal(rig_free(&rig.a, 0), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
}

static void C9_C45_G9_a_queue_obeys_only_who_allocated_it(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	ULONG64 before;
	ULONG id;

	(void)state;
	assert_int_equal(rig_allocate(&rig.a, &id), NDIS_STATUS_SUCCESS);
	p.QueueId = id;
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED;
	before = rig_hash();
	rig.forwarded = 0;
	assert_int_equal(rig_set_filter(&rig.b, id, 1, NULL), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_set(&rig.b, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_complete(&rig.b, id), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_free(&rig.b, id), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
	assert_int_equal(rig_set_filter(&rig.b, 0, 1, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.a, 0, 2, NULL), NDIS_STATUS_SUCCESS);
}

/* Brings a new queue of binding 'a' to the wanted state, at the OIDs' surface. */
static ULONG queue_in(enum vmq_queue_state wanted)
{
	ULONG id;

	assert_int_equal(rig_allocate(&rig.a, &id), NDIS_STATUS_SUCCESS);
	if (wanted == VMQ_QUEUE_SET || wanted == VMQ_QUEUE_RUNNING)
		assert_int_equal(rig_set_filter(&rig.a, id, 9, NULL), NDIS_STATUS_SUCCESS);
	if (wanted == VMQ_QUEUE_PAUSED || wanted == VMQ_QUEUE_RUNNING)
		assert_int_equal(rig_complete(&rig.a, id), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_state(id), wanted);
	return id;
}

static ULONG only_filter(ULONG queue)
{
	NDIS_RECEIVE_FILTER_INFO f = { 0 };

	rig_filters(&rig.a, queue, &f, 1);
	return f.FilterId;
}

/* The table's cells for the states a queue can be found in between two OIDs. */
static void C11_every_cell_that_an_oid_reaches(void **state)
{
	static const struct {
		enum vmq_queue_state from;
		int set_filter, clear_last, complete, free;   /* the next state; -1: refused */
	} cell[] = {
		{ VMQ_QUEUE_ALLOCATED, VMQ_QUEUE_SET, -1, VMQ_QUEUE_PAUSED, VMQ_QUEUE_UNDEFINED },
		{ VMQ_QUEUE_SET, VMQ_QUEUE_SET, VMQ_QUEUE_ALLOCATED, VMQ_QUEUE_RUNNING, -1 },
		{ VMQ_QUEUE_PAUSED, VMQ_QUEUE_RUNNING, -1, -1, VMQ_QUEUE_UNDEFINED },
		{ VMQ_QUEUE_RUNNING, VMQ_QUEUE_RUNNING, VMQ_QUEUE_PAUSED, -1, -1 },
	};

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned event = 0; event < 4; event++) {
			ULONG id = (rig_teardown(state), rig_setup(state), queue_in(cell[i].from));
			NDIS_STATUS status = event == 0 ? rig_set_filter(&rig.a, id, 8, NULL) :
					     event == 1 ? rig_clear(&rig.a, id, only_filter(id)) :
					     event == 2 ? rig_complete(&rig.a, id) :
							  rig_free(&rig.a, id);
			int next = event == 0 ? cell[i].set_filter : event == 1 ? cell[i].clear_last :
				   event == 2 ? cell[i].complete : cell[i].free;

			assert_int_equal(status == NDIS_STATUS_SUCCESS, next >= 0);
			assert_int_equal(rig_state(id), next >= 0 ? next : (int)cell[i].from);
		}
	}
}

static void C12_free_with_a_filter_is_refused_and_the_queue_works_on(void **state)
{
	ULONG id = queue_in(VMQ_QUEUE_RUNNING);

	(void)state;
	rig.forwarded = 0;
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	assert_int_equal(rig_state(id), VMQ_QUEUE_RUNNING);
	assert_int_equal(rig_set_filter(&rig.a, id, 2, NULL), NDIS_STATUS_SUCCESS);
}

static void C13_a_second_complete_is_the_elements_error(void **state)
{
	ULONG two[] = { queue_in(VMQ_QUEUE_PAUSED), queue_in(VMQ_QUEUE_SET) };
	struct rig_batch b = rig_batch(2, two);

	(void)state;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
				    sizeof(b), sizeof(b)), NDIS_STATUS_SUCCESS);
	assert_int_equal(b.p[0].CompletionStatus, NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(b.p[1].CompletionStatus, NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_state(two[0]), VMQ_QUEUE_PAUSED);
	assert_int_equal(rig_state(two[1]), VMQ_QUEUE_RUNNING);
	/* The same queue twice in one batch is the same mistake. */
	two[1] = two[0] = queue_in(VMQ_QUEUE_ALLOCATED);
	b = rig_batch(2, two);
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
				    sizeof(b), sizeof(b)), NDIS_STATUS_SUCCESS);
	assert_int_equal(b.p[0].CompletionStatus, NDIS_STATUS_SUCCESS);
	assert_int_equal(b.p[1].CompletionStatus, NDIS_STATUS_INVALID_PARAMETER);
}

static NDIS_STATUS public_state_during_free;

static NDIS_STATUS looks_while_freeing(PNDIS_OID_REQUEST r)
{
	ULONG id;

	memcpy(&id, (UCHAR *)r->DATA.SET_INFORMATION.InformationBuffer + 8, sizeof(id));
	assert_int_equal(rig_state(id), VMQ_QUEUE_STOP_DMA);
	assert_true(ndis_receive_filter_queue_exists(&rig.adapter, id));
	ndis_receive_filter_dma_stopped(&rig.adapter, id);
	assert_int_equal(rig_state(id), VMQ_QUEUE_FREEING);
	assert_ptr_equal(ndis_receive_filter_owner(&rig.adapter, id), &rig.a);
	return public_state_during_free;
}

static void C10_G7_U10_an_id_comes_back_only_when_the_free_is_done(void **state)
{
	ULONG first = queue_in(VMQ_QUEUE_PAUSED), next;

	(void)state;
	rig.miniport = looks_while_freeing;
	public_state_during_free = NDIS_STATUS_SUCCESS;
	assert_int_equal(rig_free(&rig.a, first), NDIS_STATUS_SUCCESS);
	rig.miniport = NULL;
	assert_int_equal(rig_state(first), VMQ_QUEUE_UNDEFINED);
	assert_null(ndis_receive_filter_owner(&rig.adapter, first));
	/* Oldest first: all the others are given before it. */
	for (ULONG i = 2; i <= RIG_QUEUES; i++) {
		assert_int_equal(rig_allocate(&rig.a, &next), NDIS_STATUS_SUCCESS);
		assert_int_equal(next, i);
	}
	assert_int_equal(rig_allocate(&rig.b, &next), NDIS_STATUS_SUCCESS);
	assert_int_equal(next, first);
}

static NDIS_STATUS busy_resetting(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_NOT_ACCEPTED;
}

static void G8_a_free_that_was_not_accepted_leaves_the_queue(void **state)
{
	ULONG id = queue_in(VMQ_QUEUE_PAUSED);

	(void)state;
	rig.miniport = busy_resetting;
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_NOT_ACCEPTED);
	rig.miniport = NULL;
	assert_int_equal(rig_state(id), VMQ_QUEUE_PAUSED);
	assert_int_equal(rig_set_filter(&rig.a, id, 1, NULL), NDIS_STATUS_SUCCESS);
}

static void U12_G9_X6_an_aborted_free_is_not_undone(void **state)
{
	ULONG id = queue_in(VMQ_QUEUE_PAUSED), other;
	NDIS_RECEIVE_QUEUE_INFO info[RIG_QUEUES + 1];

	(void)state;
	rig.miniport = looks_while_freeing;
	public_state_during_free = NDIS_STATUS_REQUEST_ABORTED;
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_REQUEST_ABORTED);
	rig.miniport = NULL;
	rig.forwarded = 0;
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_set_filter(&rig.a, id, 1, NULL), NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	assert_int_equal(rig_queues(&rig.a, info, 1), 1);
	assert_int_equal(info[0].QueueState, NdisReceiveQueueOperationalStateDmaStopped);
	/* Its id is in nobody else's hands. */
	for (unsigned i = 1; i < RIG_QUEUES; i++) {
		assert_int_equal(rig_allocate(&rig.a, &other), NDIS_STATUS_SUCCESS);
		assert_int_not_equal(other, id);
	}
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_RESOURCES);
}

static void G16_dma_stopped_without_a_free_means_nothing(void **state)
{
	ULONG id = queue_in(VMQ_QUEUE_RUNNING);

	(void)state;
	ndis_receive_filter_dma_stopped(&rig.adapter, id);
	ndis_receive_filter_dma_stopped(&rig.adapter, 0);
	ndis_receive_filter_dma_stopped(&rig.adapter, 0xffffffff);
	assert_int_equal(rig_state(id), VMQ_QUEUE_RUNNING);
}

static void G1_D34_what_a_binding_leaves_behind_is_counted(void **state)
{
	ULONG id = queue_in(VMQ_QUEUE_RUNNING), f;

	(void)state;
	assert_int_equal(rig_set_filter(&rig.b, 0, 1, &f), NDIS_STATUS_SUCCESS);
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, &rig.a), 2);
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, &rig.b), 1);
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, NULL), 3);
	assert_int_equal(rig_clear(&rig.a, id, only_filter(id)), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_clear(&rig.b, 0, f), NDIS_STATUS_SUCCESS);
	assert_int_equal(ndis_receive_filter_left(&rig.adapter, NULL), 0);
}

static void E5_E10_shared_memory_may_name_queues_that_exist(void **state)
{
	ULONG id = queue_in(VMQ_QUEUE_PAUSED);

	(void)state;
	assert_true(ndis_receive_filter_queue_exists(&rig.adapter, 0));
	assert_true(ndis_receive_filter_queue_exists(&rig.adapter, id));
	assert_false(ndis_receive_filter_queue_exists(&rig.adapter, id + 1));
	assert_false(ndis_receive_filter_queue_exists(&rig.adapter, 0xffffffff));
	assert_int_equal(rig_free(&rig.a, id), NDIS_STATUS_SUCCESS);
	assert_false(ndis_receive_filter_queue_exists(&rig.adapter, id));
}

static void C24_H14_without_filtering_or_before_6_20_nothing_is_supported(void **state)
{
	struct ndis_receive_filters *filters = rig.adapter.filters;
	UCHAR buffer[64] = { 0 };

	(void)state;
	rig.driver.handlers.MinorNdisVersion = 1;
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig_set_filter(&rig.a, 0, 1, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig_complete(&rig.a, 1), NDIS_STATUS_NOT_SUPPORTED);
	rig.driver.handlers.MinorNdisVersion = 20;
	rig.adapter.filters = NULL;
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, buffer, 0),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, buffer, 0),
			 NDIS_STATUS_NOT_SUPPORTED);
	rig.adapter.filters = filters;
	assert_int_equal(rig.forwarded, 0);
}

static void C26_bad_headers(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS good = rig_queue_parameters(3), p;
	ULONG64 before = rig_hash();

	(void)state;
	p = good, p.Header.Type = NDIS_OBJECT_TYPE_OID_REQUEST;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_INVALID_PARAMETER);
	p = good, p.Header.Revision = 0;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_INVALID_PARAMETER);
	p = good, p.Header.Revision = 4;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_INVALID_PARAMETER);
	p = good, p.Header.Size = sizeof(p) + 1;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_INVALID_PARAMETER);
	p = good, p.Header.Size--;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_INVALID_LENGTH);
	assert_int_equal(METHOD.BytesNeeded, good.Header.Size);
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
	p = good, p.Header.Size = sizeof(p);   /* the compiler's padding counts as the struct's */
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_SUCCESS);
}

static void C27_C28_C30_C34_X21_bad_parameters_of_a_queue(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS good = rig_queue_parameters(2), bad[12];
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 12; i++)
		bad[i] = good;
	bad[n++].QueueType = NdisReceiveQueueTypeUnspecified;                         /* C27 */
	bad[n++].QueueType = NdisReceiveQueueTypeMaximum;
	bad[n++].Flags = 4;                                                           /* C28 */
	bad[n++].Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED;
	bad[n++].ProcessorAffinity.Mask = 0;                                          /* C30 */
	bad[n++].ProcessorAffinity.Mask = 1 << RIG_PROCESSORS;
	bad[n++].ProcessorAffinity.Group = 1;
	bad[n++].LookaheadSize = 64;                                                  /* C34 */
	bad[n].Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED;
	bad[n++].LookaheadSize = 64;
	bad[n++].VmName.Length = sizeof(good.VmName.String) + 1;
	bad[n++].QueueName.Length = 0xffff;
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &bad[i],
					    sizeof(good), sizeof(good)),
				 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	/* X21, E20: zero never splits, so the flag alone does no harm. */
	good.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED |
		     NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION;
	good.ProcessorAffinity.Mask = 1 << (RIG_PROCESSORS - 1);
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &good, sizeof(good),
				    sizeof(good)), NDIS_STATUS_SUCCESS);
}

static void C29_a_queue_the_miniport_refused_was_never_there(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	ULONG64 before = rig_hash();

	(void)state;
	p.QueueId = 77;
	rig.miniport = fails;
	for (unsigned i = 0; i < 3 * RIG_QUEUES; i++) {
		assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p,
					    sizeof(p), sizeof(p)), NDIS_STATUS_FAILURE);
		assert_int_equal(p.QueueId, 77);
	}
	rig.miniport = NULL;
	assert_true(rig_hash() == before);
	for (unsigned i = 0; i < RIG_QUEUES; i++)
		assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_SUCCESS);
}

static void C35_U3_no_more_queues_than_the_adapter_has(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2), untouched;

	(void)state;
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_SUCCESS);
	/* The miniport may say at any time that there are fewer (H13). */
	rig.adapter.attributes.current.NumQueues = 1;
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_RESOURCES);
	rig.adapter.attributes.current.NumQueues = RIG_QUEUES;
	for (unsigned i = 1; i < RIG_QUEUES; i++)
		assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_SUCCESS);
	rig.forwarded = 0;
	untouched = p;
	assert_int_equal(rig_method(&rig.b, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_RESOURCES);
	assert_memory_equal(&p, &untouched, sizeof(p));
	assert_int_equal(rig.forwarded, 0);
}

static NDIS_STATUS second_fails(PNDIS_OID_REQUEST r)
{
	struct rig_batch *b = r->DATA.METHOD_INFORMATION.InformationBuffer;

	b->p[1].CompletionStatus = NDIS_STATUS_RESOURCES;
	return NDIS_STATUS_SUCCESS;
}

static void C39_U4_each_element_has_its_own_outcome(void **state)
{
	ULONG three[] = { queue_in(VMQ_QUEUE_ALLOCATED), queue_in(VMQ_QUEUE_SET),
			  queue_in(VMQ_QUEUE_SET) };
	struct rig_batch b = rig_batch(3, three);

	(void)state;
	rig.miniport = second_fails;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
				    sizeof(b), sizeof(b)), NDIS_STATUS_SUCCESS);
	assert_int_equal(b.p[1].CompletionStatus, NDIS_STATUS_RESOURCES);
	assert_int_equal(rig_state(three[0]), VMQ_QUEUE_PAUSED);
	assert_int_equal(rig_state(three[1]), VMQ_QUEUE_SET);
	assert_int_equal(rig_state(three[2]), VMQ_QUEUE_RUNNING);
}

static void C42_hostile_arrays(void **state)
{
	ULONG ids[] = { queue_in(VMQ_QUEUE_ALLOCATED), queue_in(VMQ_QUEUE_ALLOCATED) };
	const struct { ULONG offset, n, size; NDIS_STATUS status; } bad[] = {
		{ 4, 1, 16, NDIS_STATUS_INVALID_PARAMETER },
		{ 20, 1, 15, NDIS_STATUS_INVALID_PARAMETER },
		{ 20, 1, 0, NDIS_STATUS_INVALID_PARAMETER },
		{ 20, 2, 15, NDIS_STATUS_INVALID_PARAMETER },
		{ 20, 2, 0, NDIS_STATUS_INVALID_PARAMETER },
		{ 20, 0x10000001, 16, NDIS_STATUS_INVALID_PARAMETER },
		{ 20, 0xffffffff, 0xffffffff, NDIS_STATUS_INVALID_PARAMETER },
		{ 0xfffffff0, 1, 16, NDIS_STATUS_INVALID_PARAMETER },
		{ 0x7ffffff0, 1, 16, NDIS_STATUS_INVALID_LENGTH },
		{ 20, 3, 16, NDIS_STATUS_INVALID_LENGTH },
	};
	const ULONG n = offsetof(struct rig_batch, p[2]);
	ULONG64 before = rig_hash();

	(void)state;
	rig.forwarded = 0;
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rig_batch b = rig_batch(2, ids);

		b.a.Flags = 0x00100180;   /* read as an element's header it would be fine */
		b.a.FirstElementOffset = bad[i].offset;
		b.a.NumElements = bad[i].n;
		b.a.ElementSize = bad[i].size;
		assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
					    n, n), bad[i].status);
	}
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
}

static void C42_padded_elements_and_an_empty_array(void **state)
{
	ULONG ids[] = { queue_in(VMQ_QUEUE_ALLOCATED), queue_in(VMQ_QUEUE_ALLOCATED) };
	struct rig_batch b = rig_batch(2, ids);
	UCHAR buffer[21 + 2 * 27];

	(void)state;
	b.a.FirstElementOffset = 21;   /* odd, and lawful */
	b.a.ElementSize = 27;
	memcpy(buffer, &b.a, sizeof(b.a));
	memcpy(buffer + 21, &b.p[0], sizeof(b.p[0]));
	memcpy(buffer + 48, &b.p[1], sizeof(b.p[1]));
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, buffer,
				    sizeof(buffer), sizeof(buffer)), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_state(ids[0]), VMQ_QUEUE_PAUSED);
	assert_int_equal(rig_state(ids[1]), VMQ_QUEUE_PAUSED);
	b = rig_batch(0, NULL);
	b.a.FirstElementOffset = 0xdeadbeef;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
				    sizeof(b.a), sizeof(b.a)), NDIS_STATUS_SUCCESS);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(C1_C4_C6_ids_are_given_by_ndis_dense_and_unique),
		T(C2_G9_the_default_queue_cannot_be_freed),
		T(C9_C45_G9_a_queue_obeys_only_who_allocated_it),
		T(C11_every_cell_that_an_oid_reaches),
		T(C12_free_with_a_filter_is_refused_and_the_queue_works_on),
		T(C13_a_second_complete_is_the_elements_error),
		T(C10_G7_U10_an_id_comes_back_only_when_the_free_is_done),
		T(G8_a_free_that_was_not_accepted_leaves_the_queue),
		T(U12_G9_X6_an_aborted_free_is_not_undone),
		T(G16_dma_stopped_without_a_free_means_nothing),
		T(G1_D34_what_a_binding_leaves_behind_is_counted),
		T(E5_E10_shared_memory_may_name_queues_that_exist),
		T(C24_H14_without_filtering_or_before_6_20_nothing_is_supported),
		T(C26_bad_headers),
		T(C27_C28_C30_C34_X21_bad_parameters_of_a_queue),
		T(C29_a_queue_the_miniport_refused_was_never_there),
		T(C35_U3_no_more_queues_than_the_adapter_has),
		T(C39_U4_each_element_has_its_own_outcome),
		T(C42_hostile_arrays),
		T(C42_padded_elements_and_an_empty_array),
	};

	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
#undef T
}
