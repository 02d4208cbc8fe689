/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scatter/gather DMA. There is no bus to program and no map register to wait for:
 * a device reads memory where it lies, so an element's address is the virtual one,
 * an element covers what one MDL describes, and a list is ready at once.
 */
#include <stdlib.h>

#include "base/log.h"
#include "ndis/nbl_pool.h"
#include "ndis/resource.h"
#include "ndis/shared_memory.h"

/* The handle of NdisMRegisterScatterGatherDma. */
struct ndis_dma {
	struct ndis_dma *next;                 /* of the adapter; control */
	struct ndis_adapter *adapter;
	MINIPORT_PROCESS_SG_LIST_HANDLER process;
	MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER allocated;
};

/* In a list's Reserved: NDIS allocated it. A caller's buffer has 0. */
#define LIST_IS_OURS 1

/* MDLs of one frame that a preallocated list is to suffice for, besides its pages. */
#define SPARE_ELEMENTS 8

static size_t list_size(ULONG elements)
{
	return sizeof(SCATTER_GATHER_LIST) + elements * sizeof(SCATTER_GATHER_ELEMENT);
}

/* ---- registration (E2) ---- */

NDIS_STATUS NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
					  PNDIS_SG_DMA_DESCRIPTION DmaDescription,
					  PNDIS_HANDLE NdisMiniportDmaHandle)
{
	struct ndis_adapter *a = MiniportAdapterHandle;
	const NDIS_OBJECT_HEADER *h = &DmaDescription->Header;
	struct ndis_dma *dma;

	NDIS_CALLED(MiniportAdapterHandle);
	*NdisMiniportDmaHandle = NULL;
	if (h->Type != NDIS_OBJECT_TYPE_SG_DMA_DESCRIPTION ||
	    h->Revision != NDIS_SG_DMA_DESCRIPTION_REVISION_1 ||
	    h->Size < NDIS_SIZEOF_SG_DMA_DESCRIPTION_REVISION_1) {
		log_error("adapter %s: %s: DmaDescription->Header is type 0x%x revision %u size %u",
			  ndis_handle_name(a), __func__, h->Type, h->Revision, h->Size);
		return NDIS_STATUS_BAD_VERSION;
	}
	dma = calloc(1, sizeof(*dma));
	if (!dma)
		return NDIS_STATUS_RESOURCES;
	if (ndis_resource_add(NDIS_RESOURCE_SG_DMA, dma, a, __builtin_return_address(0))) {
		free(dma);
		return NDIS_STATUS_RESOURCES;
	}
	dma->adapter = a;
	dma->process = DmaDescription->ProcessSGListHandler;
	dma->allocated = DmaDescription->SharedMemAllocateCompleteHandler;
	DmaDescription->ScatterGatherListSize = (ULONG)list_size(
		SPARE_ELEMENTS + (ULONG)BYTES_TO_PAGES(DmaDescription->MaximumPhysicalMapping));
	dma->next = a->registrations;
	a->registrations = dma;
	a->dma = true;
	*NdisMiniportDmaHandle = dma;
	return NDIS_STATUS_SUCCESS;
}

static void dma_free(struct ndis_dma *dma)
{
	struct ndis_adapter *a = dma->adapter;
	struct ndis_dma **at = &a->registrations;

	while (*at != dma)
		at = &(*at)->next;
	*at = dma->next;
	a->dma = a->registrations != NULL;
	free(dma);
}

VOID NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle)
{
	NDIS_CALLED(NULL);
	if (ndis_resource_remove(NDIS_RESOURCE_SG_DMA, NdisMiniportDmaHandle))
		dma_free(NdisMiniportDmaHandle);
	else
		ndis_resource_refuse(NDIS_RESOURCE_SG_DMA, NdisMiniportDmaHandle, __func__);
}

void ndis_dma_reap(struct ndis_adapter *a)
{
	while (a->registrations) {
		log_error("adapter %s: halted without NdisMDeregisterScatterGatherDma (E2)",
			    ndis_handle_name(a));
		ndis_resource_remove(NDIS_RESOURCE_SG_DMA, a->registrations);
		dma_free(a->registrations);
	}
}

NDIS_STATUS NdisMAllocateSharedMemoryAsyncEx(NDIS_HANDLE MiniportDmaHandle, ULONG Length,
					     BOOLEAN Cached, PVOID Context)
{
	struct ndis_dma *dma = MiniportDmaHandle;

	(void)Cached;                         /* a process has no other memory */
	if (!ndis_resource_is(NDIS_RESOURCE_SG_DMA, dma)) {
		ndis_resource_refuse(NDIS_RESOURCE_SG_DMA, dma, __func__);
		return NDIS_STATUS_FAILURE;
	}
	return ndis_shared_memory_allocate_later(dma->adapter, dma->allocated, Length, Context,
						 __builtin_return_address(0));
}

/* ---- lists ---- */

/* How many elements 'length' bytes at 'at' take. */
static ULONG count_elements(struct mdl_place at, ULONG length)
{
	ULONG n = 0, part;
	UCHAR *bytes;

	for (; length && (part = mdl_place_take(&at, length, &bytes)); length -= part)
		n++;
	return n;
}

static void fill(PSCATTER_GATHER_LIST list, struct mdl_place at, ULONG length)
{
	ULONG part;
	UCHAR *bytes;

	list->NumberOfElements = 0;
	for (; length && (part = mdl_place_take(&at, length, &bytes)); length -= part) {
		SCATTER_GATHER_ELEMENT *e = &list->Elements[list->NumberOfElements++];

		e->Address.QuadPart = (LONGLONG)(ULONG_PTR)bytes;
		e->Length = part;
		e->Reserved = 0;
	}
}

/* The handler is called at DISPATCH_LEVEL, whatever the caller's level. */
static void call_at_dispatch(MINIPORT_PROCESS_SG_LIST_HANDLER handler, PSCATTER_GATHER_LIST list,
			     PVOID context)
{
	KIRQL old = KeGetCurrentIrql();

	if (old < DISPATCH_LEVEL)
		KeRaiseIrql(DISPATCH_LEVEL, &old);
	handler(NULL, NULL, list, context);
	if (old < DISPATCH_LEVEL)
		KeLowerIrql(old);
}

NDIS_STATUS NdisMAllocateNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PNET_BUFFER NetBuffer,
					 PVOID Context, ULONG Flags,
					 PVOID ScatterGatherListBuffer,
					 ULONG ScatterGatherListBufferSize)
{
	struct ndis_dma *dma = NdisMiniportDmaHandle;
	/* The list begins with the MDL, and the data CurrentMdlOffset bytes into the list. */
	struct mdl_place at = { NetBuffer->CurrentMdl, 0 };
	ULONG length = NetBuffer->CurrentMdlOffset + NetBuffer->DataLength;
	PSCATTER_GATHER_LIST list = ScatterGatherListBuffer;
	size_t size = list_size(count_elements(at, length));

	NDIS_CALLED(NULL);
	(void)Flags;                          /* the direction: both are the same memory */
	if (!dma->process) {
		log_error("adapter %s: %s: no MiniportProcessSGList was registered",
			  ndis_handle_name(dma->adapter), __func__);
		return NDIS_STATUS_FAILURE;
	}
	if (!list || ScatterGatherListBufferSize < size) {
		list = malloc(size);
		if (!list)
			return NDIS_STATUS_RESOURCES;
		list->Reserved = LIST_IS_OURS;
	} else {
		list->Reserved = 0;
	}
	fill(list, at, length);
	call_at_dispatch(dma->process, list, Context);
	return NDIS_STATUS_SUCCESS;
}

VOID NdisMFreeNetBufferSGList(NDIS_HANDLE NdisMiniportDmaHandle, PSCATTER_GATHER_LIST pSGL,
			      PNET_BUFFER NetBuffer)
{
	NDIS_CALLED(NULL);
	(void)NdisMiniportDmaHandle;
	(void)NetBuffer;
	if (pSGL->Reserved == LIST_IS_OURS)
		free(pSGL);
	else
		pSGL->NumberOfElements = 0;   /* of no use to whoever still looks */
}

NDIS_STATUS NdisBuildScatterGatherList(NDIS_HANDLE NdisHandle,
				       PNDIS_SCATTER_GATHER_LIST_PARAMETERS SGListParameters)
{
	PNDIS_SCATTER_GATHER_LIST_PARAMETERS p = SGListParameters;
	struct mdl_place at = { p->Mdl, 0 };
	ULONG_PTR start;

	(void)NdisHandle;
	if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
	    p->Header.Size < NDIS_SIZEOF_SCATTER_GATHER_LIST_PARAMETERS_REVISION_1 ||
	    !p->Mdl || !p->ProcessSGListHandler) {
		log_error("%s: SGListParameters has a wrong Header, or no Mdl or handler",
			  __func__);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	start = (ULONG_PTR)p->CurrentVa - (ULONG_PTR)MmGetMdlVirtualAddress(p->Mdl);
	if (start > p->Mdl->ByteCount) {
		log_error("%s: CurrentVa %p lies outside its MDL", __func__, p->CurrentVa);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	at.offset = start;
	p->ScatterGatherListBufferSizeNeeded = (ULONG)list_size(count_elements(at, p->Length));
	if (!p->ScatterGatherListBuffer ||
	    p->ScatterGatherListBufferSize < p->ScatterGatherListBufferSizeNeeded)
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	p->ScatterGatherListBuffer->Reserved = 0;
	fill(p->ScatterGatherListBuffer, at, p->Length);
	call_at_dispatch(p->ProcessSGListHandler, p->ScatterGatherListBuffer, p->Context);
	return NDIS_STATUS_SUCCESS;
}

VOID NdisFreeScatterGatherList(NDIS_HANDLE NdisHandle, PSCATTER_GATHER_LIST ScatterGatherListBuffer,
			       BOOLEAN WriteToDevice)
{
	(void)NdisHandle;
	(void)WriteToDevice;
	ScatterGatherListBuffer->NumberOfElements = 0;   /* the buffer is the caller's */
}
