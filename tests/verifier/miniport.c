/* SPDX-License-Identifier: BSD-2-Clause */
#include "miniport.h"

#include <string.h>
#include <unistd.h>

#include "kernel/kernel.h"

#define BUFFER 2048

struct miniport miniport;

/* ---- sends ---- */

static VOID send_lists(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
	PNET_BUFFER_LIST *end = &miniport.kept;

	(void)context;
	(void)port;
	(void)flags;
	while (*end)
		end = &NET_BUFFER_LIST_NEXT_NBL(*end);
	*end = list;
}

static void complete(PNET_BUFFER_LIST nbl)
{
	NET_BUFFER_LIST_NEXT_NBL(nbl) = NULL;
	if (WRONG(M_SHORTENS_SENT))
		NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(nbl)) = 60;
	if (!WRONG(M_SETS_NO_STATUS))
		NET_BUFFER_LIST_STATUS(nbl) = NDIS_STATUS_SUCCESS;
	NdisMSendNetBufferListsComplete(miniport.handle, nbl, 0);
}

void miniport_complete_sends(void)
{
	PNET_BUFFER_LIST nbl = miniport.kept;

	miniport.kept = NULL;
	if (WRONG(P_FREES_IN_FLIGHT))
		return;
	while (nbl) {
		PNET_BUFFER_LIST next = NET_BUFFER_LIST_NEXT_NBL(nbl);

		complete(nbl);
		if (WRONG(M_COMPLETES_TWICE))
			complete(nbl);
		if (WRONG(M_TOUCHES_COMPLETED))
			nbl->MiniportReserved[0] = &miniport;
		nbl = next;
	}
}

void miniport_complete_last(void)
{
	PNET_BUFFER_LIST *end = &miniport.kept, nbl;

	while (NET_BUFFER_LIST_NEXT_NBL(*end))
		end = &NET_BUFFER_LIST_NEXT_NBL(*end);
	nbl = *end;
	*end = NULL;
	complete(nbl);
}

static VOID cancel_send(NDIS_HANDLE context, PVOID id)
{
	(void)context;
	(void)id;
}

/* ---- receives ---- */

static void prepare(struct list *l, ULONG queue)
{
	PNET_BUFFER nb = NET_BUFFER_LIST_FIRST_NB(l->nbl);

	l->nbl->SourceHandle = WRONG(M_INDICATES_FOREIGN) ? miniport.driver : miniport.handle;
	NET_BUFFER_LIST_INFO(l->nbl, NetBufferListFilteringInfo) = NULL;
	NET_BUFFER_LIST_RECEIVE_QUEUE_ID(l->nbl) = (USHORT)queue;
	if (WRONG(M_NAMES_FILTER))
		((NDIS_NET_BUFFER_LIST_FILTERING_INFO *)&NET_BUFFER_LIST_INFO(
			l->nbl, NetBufferListFilteringInfo))->FilteringInfo.FilterId = 3;
	if (WRONG(M_CLAIMS_ONE_VLAN)) {
		NDIS_NET_BUFFER_LIST_8021Q_INFO tag = { .Value = NULL };

		tag.TagHeader.VlanId = (unsigned)(l - miniport.lists) + 1;
		NET_BUFFER_LIST_INFO(l->nbl, Ieee8021QNetBufferListInfo) = tag.Value;
	}
	if (WRONG(M_CLAIMS_ONE_TYPE))
		((UCHAR *)l->mdl->MappedSystemVa)[13] = (UCHAR)(l - miniport.lists);
	NET_BUFFER_NEXT_NB(nb) = WRONG(M_TWO_BUFFERS) ? &l->second : NULL;
	nb->SharedMemoryInfo = WRONG(M_NO_SHARED_MEMORY) ? NULL : &l->memory;
	if (WRONG(M_WRONG_CURRENT_MDL))
		NET_BUFFER_CURRENT_MDL_OFFSET(nb) = 8;
}

void miniport_indicate(unsigned first, unsigned n, ULONG queue, ULONG flags)
{
	for (unsigned i = first; i < first + n; i++) {
		struct list *l = &miniport.lists[i];

		prepare(l, WRONG(M_MIXES_QUEUES) && i > first ? 0 : queue);
		NET_BUFFER_LIST_NEXT_NBL(l->nbl) = i + 1 < first + n ? miniport.lists[i + 1].nbl : NULL;
	}
	flags |= NDIS_RECEIVE_FLAGS_SHARED_MEMORY_INFO_VALID;
	if (WRONG(M_CLAIMS_ONE_TYPE))
		flags |= NDIS_RECEIVE_FLAGS_SINGLE_ETHER_TYPE;
	if (WRONG(M_CLAIMS_ONE_VLAN))
		flags |= NDIS_RECEIVE_FLAGS_SINGLE_VLAN;
	if (WRONG(M_CLAIMS_PERFECT))
		flags |= NDIS_RECEIVE_FLAGS_PERFECT_FILTERED;
	if (queue && !WRONG(M_FORGETS_SINGLE))
		flags |= NDIS_RECEIVE_FLAGS_SINGLE_QUEUE;
	if (KeGetCurrentIrql() == DISPATCH_LEVEL)
		flags |= NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL;
	if (!(flags & NDIS_RECEIVE_FLAGS_RESOURCES))
		atomic_fetch_add(&miniport.out, n);
	NdisMIndicateReceiveNetBufferLists(miniport.handle, miniport.lists[first].nbl, 0,
					   n + WRONG(M_COUNTS_WRONG), flags);
}

static VOID return_lists(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context;
	(void)flags;
	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		atomic_fetch_sub(&miniport.out, 1);
}

unsigned miniport_out(void)
{
	return atomic_load(&miniport.out);
}

static NDIS_STATUS lists_create(void)
{
	NET_BUFFER_LIST_POOL_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 },
		.fAllocateNetBuffer = TRUE, .PoolTag = 0x78725446,
	};

	miniport.block = (NDIS_SHARED_MEMORY_PARAMETERS){
		.Header = { NDIS_OBJECT_TYPE_DEFAULT,
			    NDIS_SHARED_MEMORY_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 },
		.Usage = NdisSharedMemoryUsageReceive, .Length = MINIPORT_LISTS * BUFFER,
	};
	if (NdisAllocateSharedMemory(miniport.handle, &miniport.block, &miniport.allocation) !=
	    NDIS_STATUS_SUCCESS)
		return NDIS_STATUS_RESOURCES;
	miniport.pool = NdisAllocateNetBufferListPool(miniport.handle, &p);
	for (unsigned i = 0; i < MINIPORT_LISTS; i++) {
		struct list *l = &miniport.lists[i];

		l->memory = (NET_BUFFER_SHARED_MEMORY){
			.SharedMemoryHandle = WRONG(M_WRONG_SHARED_MEMORY) ? miniport.allocation
									   : miniport.block.SharedMemoryHandle,
			.SharedMemoryOffset = i * BUFFER,
			.SharedMemoryLength = WRONG(M_SHARED_MEMORY_TOO_LONG) ? 0xfffff000 : BUFFER };
		l->mdl = NdisAllocateMdl(miniport.handle,
					 (char *)miniport.block.VirtualAddress + i * BUFFER, BUFFER);
		l->nbl = NdisAllocateNetBufferAndNetBufferList(miniport.pool, 0, 0, l->mdl, 0, 100);
	}
	return NDIS_STATUS_SUCCESS;
}

static void lists_free(void)
{
	for (unsigned i = 0; i < MINIPORT_LISTS; i++) {
		NdisFreeNetBufferList(miniport.lists[i].nbl);
		NdisFreeMdl(miniport.lists[i].mdl);
	}
	NdisFreeNetBufferListPool(miniport.pool);
	if (!WRONG(M_LEAVES_MEMORY))
		NdisFreeSharedMemory(miniport.handle, miniport.allocation);
}

/* ---- life ---- */

static VOID tick(PVOID one, PVOID context, PVOID two, PVOID three)
{
	(void)one;
	(void)context;
	(void)two;
	(void)three;
}

static NDIS_STATUS attributes(void)
{
	NDIS_RECEIVE_FILTER_CAPABILITIES c = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_RECEIVE_FILTER_CAPABILITIES_REVISION_2,
			    NDIS_SIZEOF_RECEIVE_FILTER_CAPABILITIES_REVISION_2 },
		.EnabledFilterTypes = NDIS_RECEIVE_FILTER_VMQ_FILTERS_ENABLED,
		.EnabledQueueTypes = NDIS_RECEIVE_FILTER_VM_QUEUES_ENABLED,
		.NumQueues = 4,
		.SupportedQueueProperties = NDIS_RECEIVE_FILTER_MSI_X_SUPPORTED |
					    NDIS_RECEIVE_FILTER_VM_QUEUE_SUPPORTED |
					    NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED,
		.SupportedFilterTests = NDIS_RECEIVE_FILTER_TEST_HEADER_FIELD_EQUAL_SUPPORTED,
		.SupportedHeaders = NDIS_RECEIVE_FILTER_MAC_HEADER_SUPPORTED,
		.SupportedMacHeaderFields = NDIS_RECEIVE_FILTER_MAC_HEADER_DEST_ADDR_SUPPORTED |
					    NDIS_RECEIVE_FILTER_MAC_HEADER_VLAN_ID_SUPPORTED,
		.MaxMacHeaderFilters = 8,
	};
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES r = { .RegistrationAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1 },
		.MiniportAdapterContext = &miniport, .InterfaceType = NdisInterfacePci } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES g = { .GeneralAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2 },
		.MediaType = NdisMedium802_3, .PhysicalMediumType = NdisPhysicalMedium802_3,
		.MtuSize = 1500, .MediaConnectState = MediaConnectStateConnected,
		.MacOptions = NDIS_MAC_OPTION_NO_LOOPBACK, .SupportedPacketFilters = 0xffffffff,
		.MacAddressLength = 6, .CurrentMacAddress = { 2 } } };
	NDIS_MINIPORT_ADAPTER_ATTRIBUTES h = { .HardwareAssistAttributes = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
			    NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3,
			    NDIS_SIZEOF_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES_REVISION_3 },
		.HardwareReceiveFilterCapabilities = &c, .CurrentReceiveFilterCapabilities = &c } };

	if (NdisMSetMiniportAttributes(miniport.handle, &r) != NDIS_STATUS_SUCCESS ||
	    NdisMSetMiniportAttributes(miniport.handle, &g) != NDIS_STATUS_SUCCESS)
		return NDIS_STATUS_FAILURE;
	return NdisMSetMiniportAttributes(miniport.handle, &h);
}

static NDIS_HANDLE dma;

static VOID process_sg_list(PDEVICE_OBJECT device, PVOID reserved, PSCATTER_GATHER_LIST list,
			    PVOID context)
{
	(void)device;
	(void)reserved;
	(void)list;
	(void)context;
}

static void timer_create(void)
{
	NDIS_TIMER_CHARACTERISTICS t = {
		.Header = { NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
			    NDIS_TIMER_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 },
		.AllocationTag = 0x6d695446, .TimerFunction = tick,
	};

	NdisAllocateTimerObject(miniport.handle, &t, &miniport.timer);
}

static NDIS_STATUS initialize(NDIS_HANDLE handle, NDIS_HANDLE context,
			      PNDIS_MINIPORT_INIT_PARAMETERS parameters)
{
	NDIS_SG_DMA_DESCRIPTION d = {
		.Header = { NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION, NDIS_SG_DMA_DESCRIPTION_REVISION_1,
			    NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1 },
		.Flags = NDIS_SG_DMA_64_BIT_ADDRESS, .MaximumPhysicalMapping = 65536,
		.ProcessSGListHandler = process_sg_list,
	};
	NDIS_PORT_CHARACTERISTICS port = {
		.Header = { NDIS_OBJECT_TYPE_PORT_CHARACTERISTICS, NDIS_PORT_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_PORT_CHARACTERISTICS_REVISION_1 },
	};
	NDIS_STATUS status;

	(void)context;
	(void)parameters;
	miniport.handle = handle;
	status = attributes();
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	status = NdisMRegisterScatterGatherDma(handle, &d, &dma);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	timer_create();
	if (WRONG(M_LEAVES_PORT))
		NdisMAllocatePort(handle, &port);
	return lists_create();
}

static VOID halt(NDIS_HANDLE context, NDIS_HALT_ACTION action)
{
	(void)context;
	(void)action;
	lists_free();
	if (!WRONG(M_LEAVES_TIMER))
		NdisFreeTimerObject(miniport.timer);
	NdisMDeregisterScatterGatherDma(dma);
}

void miniport_tidy(void)
{
	if (WRONG(M_LEAVES_TIMER))
		NdisFreeTimerObject(miniport.timer);
	memset(&miniport, 0, sizeof(miniport));
}

static NDIS_STATUS pause_adapter(NDIS_HANDLE context, PNDIS_MINIPORT_PAUSE_PARAMETERS parameters)
{
	(void)context;
	(void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS restart(NDIS_HANDLE context, PNDIS_MINIPORT_RESTART_PARAMETERS parameters)
{
	(void)context;
	(void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static VOID shut_down(NDIS_HANDLE context, NDIS_SHUTDOWN_ACTION action)
{
	(void)context;
	(void)action;
}

static VOID pnp_notify(NDIS_HANDLE context, PNET_DEVICE_PNP_EVENT event)
{
	(void)context;
	(void)event;
}

static VOID unload(PDRIVER_OBJECT object)
{
	(void)object;
	NdisMDeregisterMiniportDriver(miniport.driver);
}

NTSTATUS miniport_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS,
			    NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.InitializeHandlerEx = initialize, .HaltHandlerEx = halt, .UnloadHandler = unload,
		.PauseHandler = pause_adapter, .RestartHandler = restart,
		.OidRequestHandler = miniport_oid_request, .SendNetBufferListsHandler = send_lists,
		.ReturnNetBufferListsHandler = return_lists, .CancelSendHandler = cancel_send,
		.DevicePnPEventNotifyHandler = pnp_notify, .ShutdownHandlerEx = shut_down,
		.CancelOidRequestHandler = miniport_cancel_oid,
		.DirectOidRequestHandler = miniport_direct_oid_request,
		.CancelDirectOidRequestHandler = miniport_cancel_oid,
	};

	return NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &c, &miniport.driver);
}
