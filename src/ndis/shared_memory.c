/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory: the blocks of an adapter, and the two functions of VMQ drivers (E.1). */
#include "ndis/shared_memory.h"

#include <stdlib.h>

#include "base/log.h"
#include "ndis/receive_filter.h"
#include "ndis/resource.h"

struct ndis_shared_block *ndis_shared_block_create(struct ndis_adapter *a, ULONG length,
						   const void *caller)
{
	struct ndis_shared_block *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->adapter = a;
	b->asked = length;
	if (ndis_resource_add(NDIS_RESOURCE_SHARED_MEMORY, b, a, caller)) {
		free(b);
		return NULL;
	}
	return b;
}

void ndis_shared_block_destroy(struct ndis_shared_block *b)
{
	ndis_shared_memory_take_back(b);
	ndis_resource_remove(NDIS_RESOURCE_SHARED_MEMORY, b);
	free(b);
}

void ndis_shared_block_link(struct ndis_shared_block *b)
{
	struct ndis_adapter *a = b->adapter;

	pthread_mutex_lock(&a->memory_lock);
	b->next = a->memory;
	a->memory = b;
	pthread_mutex_unlock(&a->memory_lock);
}

struct ndis_shared_block *ndis_shared_block_unlink(struct ndis_adapter *a, NDIS_HANDLE handle,
						   const void *address)
{
	struct ndis_shared_block **at, *b;

	pthread_mutex_lock(&a->memory_lock);
	for (at = &a->memory; *at; at = &(*at)->next)
		if (handle ? *at == handle && !(*at)->by_address
			   : (*at)->address == address && (*at)->by_address)
			break;
	b = *at;
	if (b)
		*at = b->next;
	pthread_mutex_unlock(&a->memory_lock);
	return b;
}

unsigned ndis_shared_memory_reap(struct ndis_adapter *a)
{
	unsigned n = 0;

	while (a->memory) {
		struct ndis_shared_block *b = a->memory;

		log_warning("adapter %s: shared memory of queue %u, %u bytes, was not freed (E8)",
			    ndis_handle_name(a), (unsigned)b->queue, (unsigned)b->asked);
		a->memory = b->next;
		ndis_shared_block_destroy(b);
		n++;
	}
	return n;
}

unsigned ndis_shared_memory_of_queue(struct ndis_adapter *a, NDIS_RECEIVE_QUEUE_ID queue)
{
	unsigned n = 0;

	pthread_mutex_lock(&a->memory_lock);
	for (const struct ndis_shared_block *b = a->memory; b; b = b->next)
		n += !b->by_address && b->queue == queue;
	pthread_mutex_unlock(&a->memory_lock);
	return n;
}

ULONG ndis_shared_memory_length(struct ndis_adapter *a, NDIS_HANDLE handle)
{
	struct ndis_shared_block *b;
	ULONG length;

	pthread_mutex_lock(&a->memory_lock);
	for (b = a->memory; b && (NDIS_HANDLE)&b->block != handle; b = b->next)
		;
	length = b && b->address ? b->asked : 0;
	pthread_mutex_unlock(&a->memory_lock);
	return length;
}

/* ---- what a driver asks for ---- */

/* The parameters' fault, NULL: none. Every one of them is INVALID_PARAMETER (E3, E5, E13). */
static const char *fault_of(struct ndis_adapter *a, const NDIS_SHARED_MEMORY_PARAMETERS *p)
{
	if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT || !p->Header.Revision ||
	    p->Header.Size < NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1)
		return "Header is not that of NDIS_SHARED_MEMORY_PARAMETERS";
	if (p->Header.Revision >= NDIS_SHARED_MEMORY_PARAMETERS_REVISION_2 &&
	    p->Header.Size < NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_2)
		return "Header.Size is less than revision 2 has";
	if (p->Flags & ~(ULONG)NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS)
		return "Flags has more than NDIS_SHARED_MEM_PARAMETERS_CONTIGUOUS";
	if (!p->Length)
		return "Length is 0";
	if (p->Usage <= NdisSharedMemoryUsageUndefined || p->Usage >= NdisSharedMemoryUsageMax)
		return "Usage is not in 1 .. 9";
	/* A list that has no room for one element can describe nothing. */
	if (p->SGListBufferLength &&
	    (!p->SGListBuffer || p->SGListBufferLength <
	     sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT)))
		return "SGListBuffer has no room for one element";
	if (p->Header.Revision >= NDIS_SHARED_MEMORY_PARAMETERS_REVISION_2 &&
	    p->VPortId != NDIS_DEFAULT_VPORT_ID)
		return "VPortId is not 0, and there is no SR-IOV";
	if (p->QueueId && !(a->filters && ndis_receive_filter_queue_exists(a, p->QueueId)))
		return "QueueId names no queue";                /* E10 too */
	return NULL;
}

/* E2. A miniport without a device has nothing that could do DMA, and there are such with
 * VM queues: the memory is theirs all the same, and the fault is told once. */
static void want_dma(struct ndis_adapter *a)
{
	if (a->dma || atomic_exchange(&a->dma_missed, true))
		return;
	log_warning("adapter %s: NdisAllocateSharedMemory without NdisMRegisterScatterGatherDma "
		    "before it (E2)", ndis_handle_name(a));
}

/* The adapter in whose name a driver asks: its own, or the one it stands on. */
static struct ndis_adapter *adapter_of(NDIS_HANDLE handle)
{
	const struct ndis_object *o = handle;

	if (o->kind != NDIS_OBJECT_MINIPORT && o->kind != NDIS_OBJECT_FILTER &&
	    o->kind != NDIS_OBJECT_BINDING)
		return NULL;
	if (o->kind == NDIS_OBJECT_MINIPORT)
		return handle;
	return ((struct ndis_layer *)handle)->adapter;
}

NDIS_STATUS NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
				     PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
				     PNDIS_HANDLE pAllocationHandle)
{
	PNDIS_SHARED_MEMORY_PARAMETERS p = SharedMemoryParameters;
	struct ndis_shared_block *b;
	struct ndis_adapter *a;
	const char *fault;
	NDIS_STATUS status;

	NDIS_CALLED(NdisHandle);
	a = adapter_of(NdisHandle);
	*pAllocationHandle = NULL;                              /* E3 */
	if (KeGetCurrentIrql() != PASSIVE_LEVEL) {              /* E1: so it calls the provider */
		log_error("%s: NdisAllocateSharedMemory at IRQL %u, must be PASSIVE_LEVEL (E1)",
			  ndis_handle_name(NdisHandle), KeGetCurrentIrql());
		return NDIS_STATUS_FAILURE;
	}
	fault = a ? fault_of(a, p) : "NdisHandle is not that of an adapter, a module or a binding";
	if (fault) {
		log_debug("%s: NdisAllocateSharedMemory: %s", ndis_handle_name(NdisHandle), fault);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	want_dma(a);
	b = ndis_shared_block_create(a, p->Length, __builtin_return_address(0));
	if (!b)
		return NDIS_STATUS_RESOURCES;
	b->queue = p->QueueId;
	ndis_shared_block_link(b);
	status = ndis_shared_memory_give(b, p);
	if (status == NDIS_STATUS_SUCCESS) {
		*pAllocationHandle = b;
		return status;
	}
	ndis_shared_block_unlink(a, b, NULL);
	ndis_shared_block_destroy(b);
	return status;
}

VOID NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle)
{
	struct ndis_shared_block *b = NULL;
	struct ndis_adapter *a;

	NDIS_CALLED(NdisHandle);
	a = adapter_of(NdisHandle);
	if (a && AllocationHandle)
		b = ndis_shared_block_unlink(a, AllocationHandle, NULL);
	if (b)
		ndis_shared_block_destroy(b);
	else
		log_error("adapter %s: NdisFreeSharedMemory with a handle that is no allocation's (E8)",
			  ndis_handle_name(NdisHandle));
}
