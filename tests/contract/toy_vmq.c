/* SPDX-License-Identifier: BSD-2-Clause */
#include "toy_vmq.h"

#include <string.h>

struct toy_vmq toy_vmq;
struct toy_provider toy_provider;

void toy_vmq_defaults(void)
{
	memset(&toy_vmq, 0, sizeof(toy_vmq));
	toy_vmq.minor = 30;
	toy_vmq.hardware = (NDIS_RECEIVE_FILTER_CAPABILITIES){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2 },
		.EnabledFilterTypes = NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED,
		.EnabledQueueTypes = NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED,
		.NumQueues = TOY_QUEUES,
		.SupportedQueueProperties =
			NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED | NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
			NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED,
		.SupportedFilterTests = NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED,
		.SupportedHeaders = NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,
		.SupportedMacHeaderFields = NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED |
					    NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED,
		.MaxMacHeaderFilters = TOY_QUEUES,
	};
	toy_vmq.current = toy_vmq.hardware;
	toy_vmq.show[0] = &toy_vmq.hardware;
	toy_vmq.show[1] = &toy_vmq.current;
}

static void show_capabilities(struct toy_adapter *a)
{
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES h = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_2 },
		.HardwareReceiveFilterCapabilities =
			(PNDIS_RECEIVE_FILTER_CAPABILITIES)toy_vmq.show[0],
		.CurrentReceiveFilterCapabilities =
			(PNDIS_RECEIVE_FILTER_CAPABILITIES)toy_vmq.show[1] } };

	toy_vmq.set = NdisMSetMiniportAttributes(a->handle, &h);
	if (toy_vmq.more)
		toy_vmq.more(a);
}

int toy_vmq_setup(void **state)
{
	(void)state;
	if (!toy_vmq.minor)
		toy_vmq_defaults();
	memset(&toy_provider, 0, sizeof(toy_provider));
	toy_reset();
	toy.c.MinorNdisVersion = toy_vmq.minor;
	toy.in_initialize = show_capabilities;
	assert_true(toy_load());
	toy_protocol_load(&toy_protocols[0], false);
	assert_int_equal(toy_add(), 0);
	return 0;
}

NDIS_STATUS toy_method(struct toy_protocol *p, NDIS_OID oid, void *buffer, ULONG n)
{
	NDIS_OID_REQUEST r;

	toy_request(&r, NdisRequestMethod, oid, buffer, n);
	r.DATA.METHOD_INFORMATION.InputBufferLength = n;
	r.DATA.METHOD_INFORMATION.OutputBufferLength = n;
	return toy_ask(p, &r);
}

ULONG toy_queue_allocate(struct toy_protocol *p)
{
	NDIS_RECEIVE_QUEUE_PARAMETERS q = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2 },
		.QueueType = NdisReceiveQueueTypeVMQueue, .ProcessorAffinity = { .Mask = 1 },
		.NumSuggestedReceiveBuffers = 64, .VmName = { .Length = 4, .String = { 'v', '1' } },
	};

	return toy_method(p, OID_RECEIVE_FILTER_ALLOCATE_QUEUE, &q, q.Header.Size) ? 0 : q.QueueId;
}

NDIS_STATUS toy_queue_free(struct toy_protocol *p, ULONG id)
{
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS f = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_RECEIVE_QUEUE_FREE_PARAMETERS_REVISION_1 },
		.QueueId = id,
	};

	return toy_set(p, OID_RECEIVE_FILTER_FREE_QUEUE, &f, sizeof(f));
}

/* ---- the provider ---- */

static ALLOCATE_SHARED_MEMORY provide;
_Use_decl_annotations_
static NDIS_STATUS provide(NDIS_HANDLE ProviderContext,
			   PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
			   PNDIS_HANDLE pSharedMemoryProviderContext)
{
	struct toy_provider *p = ProviderContext;
	PNDIS_SHARED_MEMORY_PARAMETERS m = SharedMemoryParameters;

	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	p->asked++;
	p->last = *m;
	*pSharedMemoryProviderContext = (NDIS_HANDLE)(ULONG_PTR)p->asked;
	m->VirtualAddress = p->no_address ? NULL : p->memory;
	m->Length = 1;                          /* what is no result is not its to change */
	m->QueueId = 99;
	for (unsigned i = 0; i < p->elements && m->SGListBuffer; i++) {
		m->SGListBuffer->NumberOfElements = p->elements;
		/* A hostile one writes no further than there is room; its count says enough. */
		if (sizeof(SCATTER_GATHER_LIST) + (i + 1) * sizeof(SCATTER_GATHER_ELEMENT) >
		    m->SGListBufferLength)
			break;
		m->SGListBuffer->Elements[i].Address.QuadPart =
			(LONGLONG)(ULONG_PTR)(p->memory + i * p->element_bytes);
		m->SGListBuffer->Elements[i].Length = p->element_bytes;
	}
	return p->status;
}

static FREE_SHARED_MEMORY take_back;
_Use_decl_annotations_
static VOID take_back(NDIS_HANDLE ProviderContext, NDIS_HANDLE SharedMemoryProviderContext)
{
	struct toy_provider *p = ProviderContext;

	p->freed++;
	p->last_freed = SharedMemoryProviderContext;
	trace_step("provider", "takes back");
}

NDIS_STATUS toy_provider_register(struct toy_protocol *p)
{
	toy_provider.c = (NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS){
		.Header = { NDIS_OBJECT_TYPE_SHARED_MEMORY_PROVIDER_CHARACTERISTICS,
			    NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1 },
		.ProviderContext = &toy_provider, .AllocateSharedMemoryHandler = provide,
		.FreeSharedMemoryHandler = take_back,
	};
	return NdisSetOptionalHandlers(p->driver, (PNDIS_DRIVER_OPTIONAL_HANDLERS)&toy_provider.c);
}
