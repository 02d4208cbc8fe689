/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory: blocks that a miniport's receive buffers lie in. This host's
 * own provider answers: page-aligned memory of the management OS (E20, E26).
 */
#include "ndis/object.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"
#include "ndis/receive_filter.h"

/* The allocation handle points here; the shared-memory handle at 'block', so
 * that one taken for the other is noticed (E4). */
struct ndis_shared_block {
	struct ndis_shared_block *next;
	struct ndis_adapter *adapter;
	NDIS_RECEIVE_QUEUE_ID queue;
	void *address;
	size_t length;
	char block;
};

/* PAGE_SIZE is 4 KiB here as it is there. */
static size_t whole_pages(ULONG length)
{
	return ((size_t)length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

static NDIS_STATUS check(const struct ndis_adapter *a, const NDIS_SHARED_MEMORY_PARAMETERS *p)
{
	if (!a->dma)
		return NDIS_STATUS_FAILURE;              /* E2 */
	if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
	    p->Header.Size < NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 ||
	    !p->Length || p->Usage <= NdisSharedMemoryUsageUndefined || p->Usage >= NdisSharedMemoryUsageMax)
		return NDIS_STATUS_INVALID_PARAMETER;    /* E5, E13 */
	if (p->SGListBufferLength &&
	    p->SGListBufferLength < sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT))
		return NDIS_STATUS_INVALID_PARAMETER;
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
				     PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
				     PNDIS_HANDLE pAllocationHandle)
{
	struct ndis_adapter *a = NdisHandle;
	PNDIS_SHARED_MEMORY_PARAMETERS p = SharedMemoryParameters;
	struct ndis_shared_block *b;
	NDIS_STATUS status = check(a, p);

	*pAllocationHandle = NULL;
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (p->QueueId && !(a->filters && ndis_receive_filter_queue_exists(a, p->QueueId)))
		return NDIS_STATUS_INVALID_PARAMETER;    /* E5, E10 */
	b = calloc(1, sizeof(*b));
	if (!b)
		return NDIS_STATUS_RESOURCES;
	b->length = whole_pages(p->Length);
	b->address = mmap(NULL, b->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->address == MAP_FAILED) {
		free(b);
		return NDIS_STATUS_RESOURCES;
	}
	b->adapter = a;
	b->queue = p->QueueId;
	p->VirtualAddress = b->address;
	p->SharedMemoryHandle = &b->block;
	if (p->SGListBufferLength) {
		p->SGListBuffer->NumberOfElements = 1;
		p->SGListBuffer->Elements[0].Address.QuadPart = (LONGLONG)(uintptr_t)b->address;
		p->SGListBuffer->Elements[0].Length = p->Length;
	}
	pthread_mutex_lock(&a->memory_lock);
	b->next = a->memory;
	a->memory = b;
	pthread_mutex_unlock(&a->memory_lock);
	*pAllocationHandle = b;
	return NDIS_STATUS_SUCCESS;
}

static void release(struct ndis_shared_block *b)
{
	munmap(b->address, b->length);
	free(b);
}

VOID NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle)
{
	struct ndis_adapter *a = NdisHandle;
	struct ndis_shared_block **at, *b;

	pthread_mutex_lock(&a->memory_lock);
	for (at = &a->memory; *at && *at != AllocationHandle; at = &(*at)->next)
		;
	b = *at;
	if (b)
		*at = b->next;
	pthread_mutex_unlock(&a->memory_lock);
	if (b)
		release(b);
	else
		log_error("adapter %s: NdisFreeSharedMemory with a handle that is no allocation's (E8)",
			  a->name);
}

unsigned ndis_shared_memory_reap(struct ndis_adapter *a)
{
	unsigned n = 0;

	while (a->memory) {
		struct ndis_shared_block *b = a->memory;

		log_warning("adapter %s: shared memory of queue %u, %zu bytes, was not freed (E8)",
			    a->name, (unsigned)b->queue, b->length);
		a->memory = b->next;
		release(b);
		n++;
	}
	return n;
}

/* E2: shared memory wants DMA registered. There is no bus to program here. */
NDIS_STATUS NdisMRegisterScatterGatherDma(NDIS_HANDLE MiniportAdapterHandle,
					  PNDIS_SG_DMA_DESCRIPTION DmaDescription,
					  PNDIS_HANDLE NdisMiniportDmaHandle)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	a->dma = true;
	DmaDescription->ScatterGatherListSize =
		sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT);
	*NdisMiniportDmaHandle = a;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisMDeregisterScatterGatherDma(NDIS_HANDLE NdisMiniportDmaHandle)
{
	((struct ndis_adapter *)NdisMiniportDmaHandle)->dma = false;
}
