/* SPDX-License-Identifier: BSD-2-Clause */
#include "receive_filter_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

struct rig rig;

static void capabilities_fill(NDIS_RECEIVE_FILTER_CAPABILITIES *c, unsigned minor)
{
	*c = (NDIS_RECEIVE_FILTER_CAPABILITIES){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT,
			    NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2 },
		.EnabledFilterTypes = NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED,
		.EnabledQueueTypes = NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED,
		.NumQueues = RIG_QUEUES,
		.SupportedQueueProperties =
			NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED | NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
			NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED,
		.SupportedFilterTests = NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED,
		.SupportedHeaders = NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,
		.SupportedMacHeaderFields = NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED |
					    NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED,
		.MaxMacHeaderFilters = RIG_FILTERS,
	};
	if (minor < 30) {
		c->Header.Revision = NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
		c->Header.Size = NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_1;
	}
}

/* The bindings go, and then the cache. */
static void cache_end(void)
{
	ndis_receive_filter_forget(&rig.a);
	ndis_receive_filter_forget(&rig.b);
	ndis_receive_filters_destroy(rig.adapter.filters);
	rig.adapter.filters = NULL;
}

void rig_restart_cache(void)
{
	cache_end();
	rig.adapter.filters = ndis_receive_filters_create(&rig.adapter);
	assert_non_null(rig.adapter.filters);
}

void rig_start(unsigned minor)
{
	memset(&rig, 0, sizeof(rig));
	rig.driver.handlers.MajorNdisVersion = 6;
	rig.driver.handlers.MinorNdisVersion = (UCHAR)minor;
	rig.adapter.driver = &rig.driver;
	rig.adapter.attributes.filtering = true;
	capabilities_fill(&rig.adapter.attributes.hardware, minor);
	capabilities_fill(&rig.adapter.attributes.current, minor);
	rig.a.layer.adapter = rig.b.layer.adapter = rig.program.layer.adapter = &rig.adapter;
	rig.a.protocol = rig.b.protocol = &rig.protocol;
	rig_restart_cache();
}

void rig_stop(void)
{
	cache_end();
}

int rig_group_setup(void **state)
{
	const struct kernel_config config = { .processors = RIG_PROCESSORS, .workers = 1 };

	(void)state;
	return kernel_start(&config, NULL);
}

int rig_group_teardown(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

int rig_setup(void **state)
{
	(void)state;
	rig_start(30);
	return 0;
}

int rig_teardown(void **state)
{
	(void)state;
	rig_stop();
	return 0;
}

static atomic_bool again;

/* The rig has no OID queue: this is where a request that was kept gets its next turn (U16). */
void __wrap_ndis_oid_again(PNDIS_OID_REQUEST request);
void __wrap_ndis_oid_again(PNDIS_OID_REQUEST request)
{
	assert_ptr_equal(request, &rig.request);
	atomic_store(&again, true);
}

/* One request through begin, the miniport, and end. */
static NDIS_STATUS send(struct ndis_binding *binding)
{
	PNDIS_OID_REQUEST r = &rig.request;
	bool forward = true;
	NDIS_STATUS status = ndis_receive_filter_begin(binding, r, &forward);

	while (status == NDIS_STATUS_PENDING) {
		assert_false(forward);
		rig.waits++;
		if (rig.in_wait)
			rig.in_wait();
		while (!atomic_exchange(&again, false))
			usleep(20);
		status = ndis_receive_filter_begin(binding, r, &forward);
	}
	if (!forward)
		return status;
	assert_int_equal(status, NDIS_STATUS_SUCCESS);
	rig.forwarded++;
	status = rig.miniport ? rig.miniport(r) : NDIS_STATUS_SUCCESS;
	ndis_receive_filter_end(binding, r, status);
	return status;
}

static void request_init(NDIS_REQUEST_TYPE type)
{
	memset(&rig.request, 0, sizeof(rig.request));
	rig.request.Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_OID_REQUEST, 1,
						   sizeof(rig.request) };
	rig.request.RequestType = type;
}

NDIS_STATUS rig_method(struct ndis_binding *binding, NDIS_OID oid, void *buffer, ULONG in, ULONG out)
{
	request_init(NdisRequestMethod);
	rig.request.DATA.METHOD_INFORMATION.Oid = oid;
	rig.request.DATA.METHOD_INFORMATION.InformationBuffer = buffer;
	rig.request.DATA.METHOD_INFORMATION.InputBufferLength = in;
	rig.request.DATA.METHOD_INFORMATION.OutputBufferLength = out;
	return send(binding);
}

NDIS_STATUS rig_set(struct ndis_binding *binding, NDIS_OID oid, void *buffer, ULONG length)
{
	request_init(NdisRequestSetInformation);
	rig.request.DATA.SET_INFORMATION.Oid = oid;
	rig.request.DATA.SET_INFORMATION.InformationBuffer = buffer;
	rig.request.DATA.SET_INFORMATION.InformationBufferLength = length;
	return send(binding);
}

NDIS_STATUS rig_query(struct ndis_binding *binding, NDIS_REQUEST_TYPE type, NDIS_OID oid,
		      void *buffer, ULONG length)
{
	request_init(type);
	rig.request.DATA.QUERY_INFORMATION.Oid = oid;
	rig.request.DATA.QUERY_INFORMATION.InformationBuffer = buffer;
	rig.request.DATA.QUERY_INFORMATION.InformationBufferLength = length;
	return send(binding);
}

NDIS_RECEIVE_QUEUE_PARAMETERS rig_queue_parameters(unsigned revision)
{
	static const USHORT size[] = { NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_1,
				       NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
				       NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_3 };

	return (NDIS_RECEIVE_QUEUE_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, (UCHAR)revision, size[revision - 1] },
		.QueueType = NdisReceiveQueueTypeVMQueue,
		.ProcessorAffinity = { .Mask = 4 },
		.NumSuggestedReceiveBuffers = 256,
		.VmName = { .Length = 4, .String = { 'v', 'm' } },
		.QueueName = { .Length = 6, .String = { 'n', 'i', 'c' } },
	};
}

struct rig_filter rig_filter(ULONG queue, UCHAR last, int vlan)
{
	struct rig_filter f = {
		.p = {
			.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_PARAMETERS_REVISION_2,
				    NDIS_SIZEOF_RECEIVE_FILTER_PARAMETERS_REVISION_2 },
			.FilterType = NdisReceiveFilterTypeVMQueue,
			.QueueId = queue,
			.FieldParametersArrayOffset = offsetof(struct rig_filter, field),
			.FieldParametersArrayNumElements = vlan < 0 ? 1 : 2,
			.FieldParametersArrayElementSize = sizeof(f.field[0]),
		},
	};

	for (unsigned i = 0; i < 2; i++) {
		f.field[i].Header = (NDIS_OBJECT_HEADER){
			NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2,
			NDIS_SIZEOF_RECEIVE_FILTER_FIELD_PARAMETERS_REVISION_2 };
		f.field[i].FrameHeader = NdisFrameHeaderMac;
		f.field[i].ReceiveFilterTest = NdisReceiveFilterTestEqual;
	}
	f.field[0].HeaderField.MacHeaderField = NdisMacHeaderFieldDestinationAddress;
	f.field[0].FieldValue.FieldByteArrayValue[0] = 2;
	f.field[0].FieldValue.FieldByteArrayValue[5] = last;
	if (vlan < 0)
		f.field[0].Flags = NDIS_RECEIVE_FILTER_FIELD_MAC_HEADER_VLAN_UNTAGGED_OR_ZERO;
	f.field[1].HeaderField.MacHeaderField = NdisMacHeaderFieldVlanId;
	f.field[1].FieldValue.FieldByteArrayValue[1] = (UCHAR)vlan;
	return f;
}

struct rig_batch rig_batch(unsigned n, const ULONG *queues)
{
	struct rig_batch b = {
		.a = {
			.Header = { NDIS_OBJECT_TYPE_DEFAULT,
				    NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1,
				    NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_ARRAY_REVISION_1 },
			.FirstElementOffset = offsetof(struct rig_batch, p),
			.NumElements = n,
			.ElementSize = sizeof(b.p[0]),
		},
	};

	for (unsigned i = 0; i < n; i++) {
		b.p[i].Header = (NDIS_OBJECT_HEADER){
			NDIS_OBJECT_TYPE_DEFAULT,
			NDIS_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1,
			NDIS_SIZEOF_RECEIVE_QUEUE_ALLOCATION_COMPLETE_PARAMETERS_REVISION_1 };
		b.p[i].QueueId = queues[i];
	}
	return b;
}

NDIS_STATUS rig_allocate(struct ndis_binding *binding, ULONG *id)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS p = rig_queue_parameters(2);
	NDIS_STATUS status = rig_method(binding, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &p,
					p.Header.Size, p.Header.Size);

	if (id)
		*id = p.QueueId;
	return status;
}

NDIS_STATUS rig_free(struct ndis_binding *binding, ULONG queue)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
		.QueueId = queue,
	};

	return rig_set(binding, OID_RECEIVE_FILTER_FREE_QUEUE, &p, sizeof(p));
}

NDIS_STATUS rig_complete(struct ndis_binding *binding, ULONG queue)
{
	struct rig_batch b = rig_batch(1, &queue);
	ULONG n = offsetof(struct rig_batch, p[1]);
	NDIS_STATUS status = rig_method(binding, OID_RECEIVE_FILTER_QUEUE_ALLOCATION_COMPLETE, &b,
					n, n);

	return status == NDIS_STATUS_SUCCESS ? b.p[0].CompletionStatus : status;
}

NDIS_STATUS rig_set_filter(struct ndis_binding *binding, ULONG queue, UCHAR last, ULONG *id)
{
	struct rig_filter f = rig_filter(queue, last, -1);
	NDIS_STATUS status = rig_method(binding, OID_RECEIVE_FILTER_SET_FILTER, &f,
					offsetof(struct rig_filter, field[1]),
					offsetof(struct rig_filter, field[1]));

	if (id)
		*id = f.p.FilterId;
	return status;
}

NDIS_STATUS rig_clear(struct ndis_binding *binding, ULONG queue, ULONG filter)
{
	NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_FILTER_CLEAR_PARAMETERS_REVISION_1 },
		.QueueId = queue,
		.FilterId = filter,
	};

	return rig_set(binding, OID_RECEIVE_FILTER_CLEAR_FILTER, &p, sizeof(p));
}

unsigned rig_queues(struct ndis_binding *binding, NDIS_RECEIVE_QUEUE_INFO *list, unsigned max)
{
	struct {
		NDIS_RECEIVE_QUEUE_INFO_ARRAY a;
		NDIS_RECEIVE_QUEUE_INFO i[RIG_QUEUES + 1];
	} answer;
	NDIS_REQUEST_TYPE type = binding == &rig.program ? NdisRequestQueryStatistics
							 : NdisRequestQueryInformation;

	assert_int_equal(rig_query(binding, type, OID_RECEIVE_FILTER_ENUM_QUEUES, &answer,
				   sizeof(answer)), NDIS_STATUS_SUCCESS);
	for (unsigned i = 0; i < answer.a.NumElements && i < max; i++)
		memcpy(&list[i], (char *)&answer + answer.a.FirstElementOffset +
					 i * answer.a.ElementSize, sizeof(*list));
	return answer.a.NumElements;
}

int rig_filters(struct ndis_binding *binding, ULONG queue, NDIS_RECEIVE_FILTER_INFO *list,
		unsigned max)
{
	struct {
		NDIS_RECEIVE_FILTER_INFO_ARRAY a;
		NDIS_RECEIVE_FILTER_INFO i[RIG_FILTERS];
	} answer = {
		.a = { .Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_INFO_ARRAY_REVISION_2,
				   NDIS_SIZEOF_RECEIVE_FILTER_INFO_ARRAY_REVISION_2 },
		       .QueueId = queue },
	};

	if (rig_method(binding, OID_RECEIVE_FILTER_ENUM_FILTERS, &answer, sizeof(answer.a),
		       sizeof(answer)) != NDIS_STATUS_SUCCESS)
		return -1;
	for (unsigned i = 0; i < answer.a.NumElements && i < max; i++)
		memcpy(&list[i], (char *)&answer + answer.a.FirstElementOffset +
					 i * answer.a.ElementSize, sizeof(*list));
	return (int)answer.a.NumElements;
}

int rig_state(ULONG queue)
{
	struct ndis_queue_info list[RIG_QUEUES];
	unsigned n = ndis_adapter_queues(&rig.adapter, list, RIG_QUEUES);

	for (unsigned i = 0; i < n; i++)
		if (list[i].id == queue)
			return list[i].state;
	return VMQ_QUEUE_UNDEFINED;
}

static ULONG64 fnv(ULONG64 h, const void *data, size_t n)
{
	for (const unsigned char *p = data; n--; p++)
		h = (h ^ *p) * 0x100000001b3;
	return h;
}

ULONG64 rig_hash(void)
{
	NDIS_RECEIVE_QUEUE_INFO queues[RIG_QUEUES + 1];
	NDIS_RECEIVE_FILTER_INFO filters[RIG_FILTERS];
	NDIS_OID_REQUEST saved = rig.request;
	unsigned n;
	ULONG64 h = 0xcbf29ce484222325;

	memset(queues, 0, sizeof(queues));
	n = rig_queues(&rig.program, queues, RIG_QUEUES + 1);
	h = fnv(h, queues, n * sizeof(queues[0]));
	for (unsigned i = 0; i < n; i++) {
		NDIS_RECEIVE_QUEUE_PARAMETERS q = rig_queue_parameters(3);
		int m = rig_filters(&rig.program, queues[i].QueueId, filters, RIG_FILTERS);
		int state = rig_state(queues[i].QueueId);

		q.QueueId = queues[i].QueueId;
		if (rig_method(&rig.program, OID_RECEIVE_FILTER_QUEUE_PARAMETERS, &q, q.Header.Size,
			       q.Header.Size) == NDIS_STATUS_SUCCESS)
			h = fnv(h, &q, q.Header.Size);
		h = fnv(h, &m, sizeof(m));
		h = fnv(h, &state, sizeof(state));
		for (int f = 0; f < m; f++) {
			struct rig_filter p = rig_filter(0, 0, 0);

			p.p.FilterId = filters[f].FilterId;
			h = fnv(h, &filters[f], sizeof(filters[f]));
			if (rig_method(&rig.program, OID_RECEIVE_FILTER_PARAMETERS, &p,
				       sizeof(p.p), sizeof(p)) == NDIS_STATUS_SUCCESS)
				h = fnv(h, &p, rig.request.DATA.METHOD_INFORMATION.BytesWritten);
		}
	}
	rig.request = saved;
	return h;
}
