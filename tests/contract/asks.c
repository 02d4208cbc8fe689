/* SPDX-License-Identifier: BSD-2-Clause */
#include "asks.h"

#include <string.h>

#include "base/ethernet.h"

#define HEADER(name, revision) \
	{ NDIS_OBJECT_TYPE_DEFAULT, NDIS_##name##_REVISION_##revision, \
	  NDIS_SIZEOF_##name##_REVISION_##revision }

static NDIS_STATUS set(struct protocol *p, NDIS_OID oid, void *buffer, ULONG length)
{
	return request(p, NdisRequestSetInformation, oid, buffer, length, 0);
}

static NDIS_STATUS method(struct protocol *p, NDIS_OID oid, void *buffer, ULONG length)
{
	return request(p, NdisRequestMethod, oid, buffer, length, length);
}

NDIS_STATUS ask_packet_filter(struct protocol *p, ULONG filter)
{
	return set(p, OID_GEN_CURRENT_PACKET_FILTER, &filter, sizeof(filter));
}

NDIS_STATUS ask_encapsulation(struct protocol *p, ULONG v4, ULONG v6, ULONG type)
{
	NDIS_OFFLOAD_ENCAPSULATION e = {
		.Header = { NDIS_OBJECT_TYPE_OFFLOAD_ENCAPSULATION,
			    NDIS_OFFLOAD_ENCAPSULATION_REVISION_1,
			    NDIS_SIZEOF_OFFLOAD_ENCAPSULATION_REVISION_1 },
		.IPv4 = { v4, type, ETHERNET_HEADER },
		.IPv6 = { v6, type, ETHERNET_HEADER },
	};

	return set(p, OID_OFFLOAD_ENCAPSULATION, &e, sizeof(e));
}

NDIS_STATUS ask_offloads(struct protocol *p)
{
	return ask_encapsulation(p, NDIS_OFFLOAD_SET_ON, NDIS_OFFLOAD_SET_ON,
				 NDIS_ENCAPSULATION_IEEE_802_3);
}

NDIS_RECEIVE_QUEUE_PARAMETERS ask_parameters(unsigned processor, ULONG flags)
{
	return (NDIS_RECEIVE_QUEUE_PARAMETERS){
		.Header = HEADER(RECEIVE_QUEUE_PARAMETERS, 2),
		.Flags = flags,
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = (KAFFINITY)1 << processor },
		.MSIXTableEntry = 99,
		.VmName = { .Length = 4, .String = { 'v', 'm' } },
		.QueueName = { .Length = 6, .String = { 'n', 'i', 'c' } },
	};
}

NDIS_STATUS ask_allocate_with(struct protocol *p, NDIS_RECEIVE_QUEUE_PARAMETERS *q)
{
	return method(p, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, q, q->Header.Size);
}

NDIS_STATUS ask_allocate(struct protocol *p, unsigned processor, ULONG flags, ULONG *queue,
			 ULONG *entry)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = ask_parameters(processor, flags);
	NDIS_STATUS status = ask_allocate_with(p, &q);
	if (queue)
		*queue = q.QueueId;
	if (entry)
		*entry = q.MSIXTableEntry;
	return status;
}

NDIS_STATUS ask_complete_batch(struct protocol *p, unsigned n, const ULONG *queues, NDIS_STATUS *each)
{
	struct {
		NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY a;
		NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS e[8];
	} b = { .a = {
		.Header = HEADER(RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY, 1),
		.NumElements = n,
		.ElementSize = sizeof(b.e[0]),
	} };
	NDIS_STATUS status;

	assert_true(n <= 8);
	b.a.FirstElementOffset = (ULONG)((char *)b.e - (char *)&b);
	for (unsigned i = 0; i < n; i++) {
		b.e[i].Header = (NDIS_OBJECT_HEADER)HEADER(RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS, 1);
		b.e[i].QueueId = queues[i];
		b.e[i].CompletionStatus = NDIS_STATUS_FAILURE;
	}
	status = method(p, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
			(ULONG)((char *)&b.e[n] - (char *)&b));
	for (unsigned i = 0; i < n; i++)
		each[i] = b.e[i].CompletionStatus;
	return status;
}

NDIS_STATUS ask_complete(struct protocol *p, ULONG queue)
{
	NDIS_STATUS one, status = ask_complete_batch(p, 1, &queue, &one);

	return status == NDIS_STATUS_SUCCESS ? one : status;
}

NDIS_STATUS ask_filter(struct protocol *p, ULONG queue, unsigned last, int vlan, ULONG *id)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS p;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field[2];
	} f = { .p = {
		.Header = HEADER(RECEIVE_FILTER_PARAMETERS, 2),
		.FilterType = NdisReceiveFilterTypeVMQueue,
		.QueueId = queue,
		.FieldParametersArrayNumElements = vlan >= 0 ? 2 : 1,
		.FieldParametersArrayElementSize = sizeof(f.field[0]),
	} };
	NDIS_STATUS status;

	f.p.FieldParametersArrayOffset = (ULONG)((char *)f.field - (char *)&f);
	for (unsigned i = 0; i < 2; i++) {
		f.field[i].Header = (NDIS_OBJECT_HEADER)HEADER(RECEIVE_FILTER_FIELD_PARAMETERS, 1);
		f.field[i].FrameHeader = NdisFrameHeaderMac;
		f.field[i].ReceiveFilterTest = NdisReceiveFilterTestEqual;
	}
	f.field[0].HeaderField.MacHeaderField = NdisMacHeaderFieldDestinationAddress;
	ground_mac(f.field[0].FieldValue.FieldByteArrayValue, last);
	if (vlan == VLAN_NONE_OR_ZERO)
		f.field[0].Flags = NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO;
	f.field[1].HeaderField.MacHeaderField = NdisMacHeaderFieldVlanId;
	f.field[1].FieldValue.FieldByteArrayValue[0] = (UCHAR)(vlan >> 8);
	f.field[1].FieldValue.FieldByteArrayValue[1] = (UCHAR)vlan;
	status = method(p, OID_RECEIVE_FILTER_SET_FILTER, &f, sizeof(f));
	if (id)
		*id = f.p.FilterId;
	return status;
}

NDIS_STATUS ask_filter_tests(struct protocol *p, ULONG queue, ULONG flags, unsigned n,
			     const struct ask_test *tests, ULONG *id)
{
	struct {
		NDIS_RECEIVE_FILTER_PARAMETERS p;
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS field[8];
	} f = { .p = {
		.Header = HEADER(RECEIVE_FILTER_PARAMETERS, 2),
		.Flags = flags,
		.FilterType = NdisReceiveFilterTypeVMQueue,
		.QueueId = queue,
		.FieldParametersArrayNumElements = n,
		.FieldParametersArrayElementSize = sizeof(f.field[0]),
	} };
	NDIS_STATUS status;

	assert_in_range(n, 1, 8);
	f.p.FieldParametersArrayOffset = (ULONG)((char *)f.field - (char *)&f);
	for (unsigned i = 0; i < n; i++) {
		NDIS_RECEIVE_FILTER_FIELD_PARAMETERS *field = &f.field[i];

		field->Header = (NDIS_OBJECT_HEADER)HEADER(RECEIVE_FILTER_FIELD_PARAMETERS, 2);
		field->Flags = tests[i].flags;
		field->FrameHeader = NdisFrameHeaderMac;
		field->ReceiveFilterTest = tests[i].test;
		field->HeaderField.MacHeaderField = tests[i].field;
		memcpy(field->FieldValue.FieldByteArrayValue, tests[i].value, 6);
		memcpy(field->ResultValue.ResultByteArrayValue, tests[i].result, 6);
	}
	status = method(p, OID_RECEIVE_FILTER_SET_FILTER, &f, sizeof(f));
	if (id)
		*id = f.p.FilterId;
	return status;
}

NDIS_STATUS ask_clear(struct protocol *p, ULONG queue, ULONG filter)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS c = { .Header = HEADER(RECEIVE_FILTER_CLEAR_PARAMETERS, 1),
						   .QueueId = queue, .FilterId = filter };

	return set(p, OID_RECEIVE_FILTER_CLEAR_FILTER, &c, sizeof(c));
}

NDIS_STATUS ask_free_start(struct free_request *f, struct protocol *p, ULONG queue)
{
	f->parameters = (NDIS_RECEIVE_QUEUE_FREE_PARAMETERS){
		.Header = HEADER(RECEIVE_QUEUE_FREE_PARAMETERS, 1), .QueueId = queue };
	f->q.then = NULL;
	return request_start(&f->q, p, NdisRequestSetInformation, OID_RECEIVE_FILTER_FREE_QUEUE,
			     &f->parameters, sizeof(f->parameters), 0);
}

NDIS_STATUS ask_free(struct protocol *p, ULONG queue)
{
	struct free_request f;

	ask_free_start(&f, p, queue);
	return request_wait(&f.q);
}

static NDIS_STATUS change(struct protocol *p, ULONG queue, ULONG flags, KAFFINITY mask)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = { .Header = HEADER(RECEIVE_QUEUE_PARAMETERS, 2),
					    .Flags = flags, .QueueId = queue,
					    .ProcessorAffinity = { .Mask = mask } };

	return set(p, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &q, q.Header.Size);
}

NDIS_STATUS ask_move(struct protocol *p, ULONG queue, unsigned processor)
{
	return change(p, queue, NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED,
		      (KAFFINITY)1 << processor);
}

NDIS_STATUS ask_flags(struct protocol *p, ULONG queue, ULONG flags)
{
	return change(p, queue, NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED | flags, 0);
}

bool ask_info(struct protocol *p, ULONG queue, NDIS_RECEIVE_QUEUE_INFO *info)
{
	struct {
		NDIS_RECEIVE_QUEUE_INFO_ARRAY a;
		NDIS_RECEIVE_QUEUE_INFO i[32];
	} answer;
	const char *at;

	assert_int_equal(request(p, NdisRequestQueryInformation, OID_RECEIVE_FILTER_ENUM_QUEUES, &answer,
				 sizeof(answer), 0), NDIS_STATUS_SUCCESS);
	at = (char *)&answer + answer.a.FirstElementOffset;
	for (ULONG i = 0; i < answer.a.NumElements; i++, at += answer.a.ElementSize) {
		memcpy(info, at, sizeof(*info));
		if (info->QueueId == queue)
			return true;
	}
	return false;
}

int ask_state(struct protocol *p, ULONG queue)
{
	NDIS_RECEIVE_QUEUE_INFO info;

	return ask_info(p, queue, &info) ? (int)info.QueueState : -1;
}

ULONG ask_running(struct protocol *p, unsigned processor, ULONG flags, unsigned last, int vlan,
		  ULONG *filter)
{
	ULONG queue;

	assert_int_equal(ask_allocate(p, processor, flags, &queue, NULL), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_filter(p, queue, last, vlan, filter), NDIS_STATUS_SUCCESS);
	assert_int_equal(ask_complete(p, queue), NDIS_STATUS_SUCCESS);
	return queue;
}
