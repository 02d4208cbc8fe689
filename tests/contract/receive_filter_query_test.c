/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's answers about queues and filters, and the lengths of every buffer. */
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

#define QUEUE_PARAMETERS OID_RECEIVE_FILTER_QUEUE_PARAMETERS

static NDIS_STATUS fails(PNDIS_OID_REQUEST r)
{
	(void)r;
	return NDIS_STATUS_FAILURE;
}

static NDIS_RECEIVE_QUEUE_PARAMETERS ask(struct ndis_binding *binding, ULONG queue)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);

	p.QueueId = queue;
	assert_int_equal(rig_method(binding, QUEUE_PARAMETERS, &p, sizeof(p), sizeof(p)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(METHOD.BytesWritten, p.Header.Size);
	return p;
}

/* A request of the wanted type on a buffer of exactly 'length' bytes. */
static NDIS_STATUS with_length(NDIS_REQUEST_TYPE type, NDIS_OID oid, const void *from, ULONG length,
			       ULONG in, ULONG *needed, bool *changed)
{
	UCHAR *buffer = malloc(length ? length : 1);
	NDIS_STATUS status;

	memset(buffer, 0xcc, length);
	memcpy(buffer, from, length < in ? length : in);
	if (type == NdisRequestMethod) {
		status = rig_method(&rig.a, oid, buffer, length < in ? length : in, length);
		*needed = METHOD.BytesNeeded;
	} else if (type == NdisRequestSetInformation) {
		status = rig_set(&rig.a, oid, buffer, length);
		*needed = SET.BytesNeeded;
	} else {
		status = rig_query(&rig.a, type, oid, buffer, length);
		*needed = QUERY.BytesNeeded;
	}
	*changed = memcmp(buffer, from, length < in ? length : in) != 0;
	for (ULONG i = in; i < length; i++)
		*changed |= buffer[i] != 0xcc;
	free(buffer);
	return status;
}

/* C21, C22, X12: one OID at every length below the needed one, then with it. */
static void lengths(NDIS_REQUEST_TYPE type, NDIS_OID oid, const void *from, ULONG in, ULONG need)
{
	ULONG64 before = rig_hash();
	ULONG needed;
	bool changed;

	rig.forwarded = 0;
	for (ULONG n = 0; n < need; n++) {
		assert_int_equal(with_length(type, oid, from, n, in, &needed, &changed),
				 NDIS_STATUS_INVALID_LENGTH);
		assert_true(needed <= need && needed > n);
		assert_false(changed);
	}
	assert_int_equal(needed, need);
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
	assert_int_equal(with_length(type, oid, from, need, in, &needed, &changed),
			 NDIS_STATUS_SUCCESS);
}

static void C21_C22_X12_every_oid_at_every_length(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = rig_queue_parameters(2);
	NDIS_RECEIVE_FILTER_INFO_ARRAY a = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_INFO_ARRAY_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2 } };
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS clear = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, 1,
			    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 } };
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS fr = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, 1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 } };
	struct rig_filter f;
	struct rig_batch b;
	ULONG one = 1, id;

	(void)state;
	lengths(NdisRequestQueryInformation, OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, "", 0, 84);
	lengths(NdisRequestQueryInformation, OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, "", 0, 84);
	lengths(NdisRequestQueryInformation, OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, "", 0, 16);
	lengths(NdisRequestQueryInformation, OID_RECEIVE_FILTER_ENUM_QUEUES, "", 0, 16);
	lengths(NdisRequestMethod, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &q, 1092, 1092);
	lengths(NdisRequestQueryInformation, OID_RECEIVE_FILTER_ENUM_QUEUES, "", 0, 16 + 1096);
	q.QueueId = 1;
	lengths(NdisRequestMethod, QUEUE_PARAMETERS, &q, 1092, 1092);
	lengths(NdisRequestSetInformation, QUEUE_PARAMETERS, &q, 1092, 1092);
	f = rig_filter(1, 5, 7);
	lengths(NdisRequestMethod, OID_RECEIVE_FILTER_SET_FILTER, &f, sizeof(f), sizeof(f));
	assert_int_equal(rig_set_filter(&rig.a, 1, 6, &id), NDIS_STATUS_SUCCESS);
	a.QueueId = 1;
	lengths(NdisRequestMethod, OID_RECEIVE_FILTER_ENUM_FILTERS, &a, sizeof(a), 28 + 2 * 16);
	f.p.FilterId = 1;
	lengths(NdisRequestMethod, OID_RECEIVE_FILTER_PARAMETERS, &f, 44, sizeof(f));
	b = rig_batch(1, &one);
	lengths(NdisRequestMethod, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b, 36, 36);
	clear.QueueId = 1;
	clear.FilterId = 1;
	lengths(NdisRequestSetInformation, OID_RECEIVE_FILTER_CLEAR_FILTER, &clear, 16, 16);
	assert_int_equal(rig_clear(&rig.a, 1, id), NDIS_STATUS_SUCCESS);
	fr.QueueId = 1;
	lengths(NdisRequestSetInformation, OID_RECEIVE_FILTER_FREE_QUEUE, &fr, 12, 12);
}

static void C21_a_buffer_that_is_not_there(void **state)
{
	(void)state;
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_ENUM_QUEUES, NULL, 4096),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, NULL, 4096, 4096),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_set(&rig.a, OID_RECEIVE_FILTER_FREE_QUEUE, NULL, 4096),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig_set(&rig.a, OID_RECEIVE_FILTER_FREE_QUEUE, NULL, 0),
			 NDIS_STATUS_INVALID_LENGTH);
}

/* Every OID with the request types that it does not have. */
static void X7_X32_the_wrong_request_type_is_not_supported(void **state)
{
	static const struct { NDIS_OID oid; bool query, set, method; } has[] = {
		{ OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, true, false, false },
		{ OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, true, false, false },
		{ OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, true, false, false },
		{ OID_RECEIVE_FILTER_ALLOCATE_QUEUE, false, false, true },
		{ OID_RECEIVE_FILTER_FREE_QUEUE, false, true, false },
		{ OID_RECEIVE_FILTER_ENUM_QUEUES, true, false, false },
		{ OID_RECEIVE_FILTER_QUEUE_PARAMETERS, false, true, true },
		{ OID_RECEIVE_FILTER_SET_FILTER, false, false, true },
		{ OID_RECEIVE_FILTER_CLEAR_FILTER, false, true, false },
		{ OID_RECEIVE_FILTER_ENUM_FILTERS, false, false, true },
		{ OID_RECEIVE_FILTER_PARAMETERS, false, false, true },
		{ OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, false, false, true },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(has) / sizeof(has[0]); i++) {
		NDIS_STATUS no = NDIS_STATUS_NOT_SUPPORTED, yes = NDIS_STATUS_INVALID_LENGTH;

		assert_true(ndis_receive_filter_is(has[i].oid));
		assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation, has[i].oid, NULL, 0),
				 has[i].query ? yes : no);
		assert_int_equal(rig_set(&rig.a, has[i].oid, NULL, 0), has[i].set ? yes : no);
		assert_int_equal(rig_method(&rig.a, has[i].oid, NULL, 0, 0),
				 has[i].method ? yes : no);
		assert_int_equal(rig_query(&rig.a, (NDIS_REQUEST_TYPE)99, has[i].oid, NULL, 0), no);
	}
	assert_int_equal(rig.forwarded, 0);
	assert_false(ndis_receive_filter_is(OID_GEN_CURRENT_PACKET_FILTER));
}

static void D40_filters_do_not_move_without_sr_iov(void **state)
{
	NDIS_RECEIVE_FILTER_MOVE_FILTER_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, 1, sizeof(p) } };

	(void)state;
	assert_true(ndis_receive_filter_is(OID_RECEIVE_FILTER_MOVE_FILTER));
	assert_int_equal(rig_set(&rig.a, OID_RECEIVE_FILTER_MOVE_FILTER, &p, sizeof(p)),
			 NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig.forwarded, 0);
}

static void H3_H11_H12_C20_X15_capabilities_as_registered(void **state)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c;
	NDIS_RECEIVE_FILTER_GLOBAL_PARAMETERS g;

	(void)state;
	rig.adapter.attributes.current.EnabledFilterTypes = 0;
	rig.adapter.attributes.current.EnabledQueueTypes = 0;
	rig.adapter.attributes.current.NumQueues = 0;
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_HARDWARE_CAPABILITIES, &c, sizeof(c)),
			 NDIS_STATUS_SUCCESS);
	assert_memory_equal(&c, &rig.adapter.attributes.hardware, sizeof(c));
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, &c, sizeof(c)),
			 NDIS_STATUS_SUCCESS);
	assert_memory_equal(&c, &rig.adapter.attributes.current, sizeof(c));
	assert_int_equal(QUERY.BytesWritten, sizeof(c));
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, &g, sizeof(g)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(g.EnabledFilterTypes, 0);
	assert_int_equal(g.EnabledQueueTypes, 0);
	/* VMQ off: there is filtering hardware, but nothing to have. */
	assert_int_equal(rig_allocate(&rig.a, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig_set_filter(&rig.a, 0, 1, NULL), NDIS_STATUS_NOT_SUPPORTED);
	assert_int_equal(rig.forwarded, 0);
	rig_stop();
	rig_start(20);   /* a 6.20 miniport answers in its own revision */
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_GLOBAL_PARAMETERS, &g, sizeof(g)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(g.EnabledFilterTypes, 1);
	assert_int_equal(g.EnabledQueueTypes, 1);
	assert_int_equal(rig_query(&rig.a, NdisRequestQueryInformation,
				   OID_RECEIVE_FILTER_CURRENT_CAPABILITIES, &c, 56),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(c.Header.Revision, 1);
	assert_int_equal(c.Header.Size, 56);
}

static void C43_X28_only_flagged_members_change(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2), q, old;
	ULONG id;

	(void)state;
	assert_int_equal(rig_allocate(&rig.a, &id), NDIS_STATUS_SUCCESS);
	old = ask(&rig.a, id);
	memset(&p.QueueType, 0x5a, sizeof(p) - offsetof(NDIS_RECEIVE_QUEUE_PARAMETERS, QueueType));
	p.QueueId = id;
	p.ProcessorAffinity = (GROUP_AFFINITY){ .Mask = 8 };
	p.QueueName.Length = 2;
	for (ULONG flag = 0x10000; flag <= 0x100000; flag <<= 1) {
		p.Flags = flag | (flag == NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED);
		assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, p.Header.Size),
				 NDIS_STATUS_SUCCESS);
		assert_int_equal(SET.BytesRead, p.Header.Size);
		if (flag == NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED)
			old.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION;
		if (flag == NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED)
			old.ProcessorAffinity = p.ProcessorAffinity;
		if (flag == NDIS_RECEIVE_QUEUE_PARAMETERS_SUGGESTED_RECV_BUFFER_NUMBERS_CHANGED)
			old.NumSuggestedReceiveBuffers = p.NumSuggestedReceiveBuffers;
		if (flag == NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED)
			old.QueueName = p.QueueName;
		if (flag == NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED)
			old.InterruptCoalescingDomainId = p.InterruptCoalescingDomainId;
		q = ask(&rig.b, id);
		assert_memory_equal(&q, &old, q.Header.Size);
	}
}

static void C44_no_change_flag_changes_nothing(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	ULONG64 before;

	(void)state;
	assert_int_equal(rig_allocate(&rig.a, &p.QueueId), NDIS_STATUS_SUCCESS);
	before = rig_hash();
	p.NumSuggestedReceiveBuffers = 1;
	p.ProcessorAffinity.Mask = 0;
	p.Flags = 0xfffc;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)), NDIS_STATUS_SUCCESS);
	assert_true(rig_hash() == before);
}

static void C46_what_the_adapter_lacks_cannot_be_set(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(1);
	ULONG64 before;

	(void)state;
	assert_int_equal(rig_allocate(&rig.a, &p.QueueId), NDIS_STATUS_SUCCESS);
	before = rig_hash();
	rig.forwarded = 0;
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED |
		  NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED | 0x80;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	p.Flags = 0x80000000;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	/* Revision 1 does not have the member that this flag names. */
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED;
	p.ProcessorAffinity.Mask = 1 << RIG_PROCESSORS;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	p.ProcessorAffinity.Mask = 1;
	rig.adapter.attributes.current.SupportedQueueProperties &=
		~NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED;
	p.QueueName.Length = 0xfffe;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)),
			 NDIS_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.forwarded, 0);
	assert_true(rig_hash() == before);
}

static void C47_a_set_the_miniport_refused_leaves_the_cache(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2), old, now;
	ULONG id;

	(void)state;
	assert_int_equal(rig_allocate(&rig.a, &id), NDIS_STATUS_SUCCESS);
	old = ask(&rig.a, id);
	p.QueueId = id;
	p.Flags = NDIS_RECEIVE_QUEUE_PARAMETERS_SUGGESTED_RECV_BUFFER_NUMBERS_CHANGED;
	p.NumSuggestedReceiveBuffers = 4096;
	rig.miniport = fails;
	assert_int_equal(rig_set(&rig.a, QUEUE_PARAMETERS, &p, sizeof(p)), NDIS_STATUS_FAILURE);
	rig.miniport = NULL;
	now = ask(&rig.a, id);
	assert_memory_equal(&old, &now, now.Header.Size);
	assert_int_equal(now.NumSuggestedReceiveBuffers, 256);
}

static void C36_C47_parameters_in_the_revision_of_the_asker(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(3), q = rig_queue_parameters(1);

	(void)state;
	p.PortId = 12;
	p.QosSqId = 3;
	p.QueueGroupId = 5;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask(&rig.a, p.QueueId).PortId, 12);
	q.QueueId = p.QueueId;
	q.PortId = 99;
	assert_int_equal(rig_method(&rig.a, QUEUE_PARAMETERS, &q, q.Header.Size, q.Header.Size),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(METHOD.BytesWritten, 1084);
	assert_int_equal(q.Header.Revision, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_1);
	assert_int_equal(q.Header.Size, 1084);
	assert_int_equal(q.PortId, 99);         /* behind the end of revision 1 */
	assert_int_equal(q.QueueGroupId, 5);
	q = rig_queue_parameters(3);
	q.QueueId = p.QueueId;
	assert_int_equal(rig_method(&rig.a, QUEUE_PARAMETERS, &q, sizeof(q), sizeof(q)),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(q.QosSqId, 3);
	q.QueueId = 0;
	assert_int_equal(rig_method(&rig.a, QUEUE_PARAMETERS, &q, sizeof(q), sizeof(q)),
			 NDIS_STATUS_INVALID_PARAMETER);
	q.QueueId = 2;
	assert_int_equal(rig_method(&rig.a, QUEUE_PARAMETERS, &q, sizeof(q), sizeof(q)),
			 NDIS_STATUS_INVALID_PARAMETER);
}

static void C51_C54_U7_who_sees_which_queue(void **state)
{
	NDIS_RECEIVE_QUEUE_INFO i[RIG_QUEUES + 1];
	ULONG a, b, f;

	(void)state;
	/* The default queue runs with filters, and when its last is cleared. */
	assert_int_equal(rig_set_filter(&rig.a, 0, 1, &f), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_clear(&rig.a, 0, f), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_queues(&rig.a, i, 1), 0);
	assert_int_equal(rig_queues(&rig.program, i, 1), 1);
	assert_int_equal(rig_allocate(&rig.a, &a), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_allocate(&rig.b, &b), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_queues(&rig.a, i, 1), 1);
	assert_int_equal(i[0].QueueId, a);
	assert_int_equal(rig_queues(&rig.b, i, 1), 1);
	assert_int_equal(i[0].QueueId, b);
	assert_int_equal(rig_queues(&rig.program, i, 5), 3);
	assert_int_equal(i[0].QueueId, 0);
	assert_int_equal(i[0].QueueState, NdisReceiveQueueOperationalStateRunning);
	assert_int_equal(i[1].QueueId, a);
	assert_int_equal(i[2].QueueId, b);
}

static NDIS_STATUS gives_msix(PNDIS_OID_REQUEST r)
{
	((NDIS_RECEIVE_QUEUE_PARAMETERS *)r->DATA.METHOD_INFORMATION.InformationBuffer)
		->MSIXTableEntry = 7;
	return NDIS_STATUS_SUCCESS;
}

static void C33_C52_C53_X8_X14_X37_what_the_enumeration_says(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	NDIS_RECEIVE_QUEUE_INFO i;

	(void)state;
	p.MSIXTableEntry = 99;
	rig.miniport = gives_msix;
	assert_int_equal(rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p),
				    sizeof(p)), NDIS_STATUS_SUCCESS);
	rig.miniport = NULL;
	assert_int_equal(rig_queues(&rig.a, &i, 1), 1);
	/* Whoever fills it in sets its header: NDIS here. */
	assert_int_equal(i.Header.Type, NDIS_OBJECT_TYPE_DEFAULT);
	assert_int_equal(i.Header.Revision, NDIS_RECEIVE_QUEUE_INFO_REVISION_2);
	assert_int_equal(i.Header.Size, NDIS_SIZEOF_RECEIVE_QUEUE_INFO_REVISION_2);
	assert_int_equal(i.QueueId, 1);
	assert_int_equal(i.QueueType, NdisReceiveQueueTypeVMQueue);
	assert_int_equal(i.MSIXTableEntry, 7);
	assert_int_equal(i.NumSuggestedReceiveBuffers, 256);
	assert_int_equal(i.ProcessorAffinity.Mask, 4);
	assert_memory_equal(&i.VmName, &p.VmName, sizeof(i.VmName));
	assert_memory_equal(&i.QueueName, &p.QueueName, sizeof(i.QueueName));
	assert_int_equal(i.NumFilters, 0);
	assert_int_equal(rig_set_filter(&rig.a, 1, 1, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.a, 1, 2, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(rig_set_filter(&rig.b, 0, 3, NULL), NDIS_STATUS_SUCCESS);
	rig_queues(&rig.a, &i, 1);
	assert_int_equal(i.NumFilters, 2);
}

static void C18_X5_X6_public_states(void **state)
{
	NDIS_RECEIVE_QUEUE_INFO i;
	ULONG f;

	(void)state;
	rig_allocate(&rig.a, NULL);
	rig_queues(&rig.a, &i, 1);
	assert_int_equal(i.QueueState, NdisReceiveQueueOperationalStatePaused);    /* Allocated */
	rig_set_filter(&rig.a, 1, 1, &f);
	rig_queues(&rig.a, &i, 1);
	assert_int_equal(i.QueueState, NdisReceiveQueueOperationalStatePaused);    /* Set */
	rig_complete(&rig.a, 1);
	rig_queues(&rig.a, &i, 1);
	assert_int_equal(i.QueueState, NdisReceiveQueueOperationalStateRunning);
	rig_clear(&rig.a, 1, f);
	rig_queues(&rig.a, &i, 1);
	assert_int_equal(i.QueueState, NdisReceiveQueueOperationalStatePaused);
}

static void the_table_for_people_names_vm_and_processor(void **state)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	struct ndis_queue_info i[2];

	(void)state;
	p.ProcessorAffinity.Mask = 0xc;
	p.VmName = (NDIS_VM_NAME){ .Length = 12,
				   .String = { 0xe9, 0x1b, 0xd83d, 0xde00, 0xdc00, 0x20ac } };
	for (unsigned n = 0; n < 257; n++)
		p.QueueName.String[n] = 'x';
	p.QueueName.Length = 514;
	rig_method(&rig.a, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p, sizeof(p), sizeof(p));
	rig_allocate(&rig.b, NULL);
	assert_int_equal(ndis_adapter_queues(&rig.adapter, i, 1), 2);
	assert_int_equal(i[0].id, 1);
	assert_int_equal(i[0].processor, 2);
	assert_int_equal(i[0].state, VMQ_QUEUE_ALLOCATED);
	assert_string_equal(i[0].vm_name, "\xc3\xa9?\xf0\x9f\x98\x80?\xe2\x82\xac");
	assert_int_equal(strlen(i[0].queue_name), sizeof(i[0].queue_name) - 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(C21_C22_X12_every_oid_at_every_length),
		T(C21_a_buffer_that_is_not_there),
		T(X7_X32_the_wrong_request_type_is_not_supported),
		T(D40_filters_do_not_move_without_sr_iov),
		T(H3_H11_H12_C20_X15_capabilities_as_registered),
		T(C43_X28_only_flagged_members_change),
		T(C44_no_change_flag_changes_nothing),
		T(C46_what_the_adapter_lacks_cannot_be_set),
		T(C47_a_set_the_miniport_refused_leaves_the_cache),
		T(C36_C47_parameters_in_the_revision_of_the_asker),
		T(C51_C54_U7_who_sees_which_queue),
		T(C33_C52_C53_X8_X14_X37_what_the_enumeration_says),
		T(C18_X5_X6_public_states),
		T(the_table_for_people_names_vm_and_processor),
	};

	return cmocka_run_group_tests(tests, rig_group_setup, rig_group_teardown);
#undef T
}
