/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory: blocks that a device and its driver both reach. This host's own
 * provider answers: page-aligned memory of the management OS (E20, E26). A device
 * reaches memory where it lies, so a physical address is the virtual one.
 */
#include "ndis/shared_memory.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"
#include "ndis/receive_filter.h"
#include "ndis/resource.h"

/* The allocation handle points here; the shared-memory handle at 'block', so
 * that one taken for the other is noticed (E4). */
struct ndis_shared_block {
	struct ndis_shared_block *next;
	struct ndis_adapter *adapter;
	NDIS_RECEIVE_QUEUE_ID queue;
	bool by_address;                /* NdisMAllocateSharedMemory: it has no handle */
	void *address;
	size_t length;                  /* whole pages */
	ULONG asked;
	char block;
};

/* PAGE_SIZE is 4 KiB here as it is there. */
static size_t whole_pages(ULONG length)
{
	return ((size_t)length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

static struct ndis_shared_block *block_new(struct ndis_adapter *a, ULONG length, const void *caller)
{
	struct ndis_shared_block *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->adapter = a;
	b->asked = length;
	b->length = whole_pages(length);
	b->address = mmap(NULL, b->length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->address == MAP_FAILED)
		goto free_block;
	if (ndis_resource_add(NDIS_RESOURCE_SHARED_MEMORY, b, a, caller))
		goto unmap;
	return b;
unmap:
	munmap(b->address, b->length);
free_block:
	free(b);
	return NULL;
}

static void block_link(struct ndis_shared_block *b)
{
	struct ndis_adapter *a = b->adapter;

	pthread_mutex_lock(&a->memory_lock);
	b->next = a->memory;
	a->memory = b;
	pthread_mutex_unlock(&a->memory_lock);
}

/* Takes a block off the adapter's list: by its handle, or, where that is NULL, by its
 * address. NULL: there is no such block. */
static struct ndis_shared_block *block_unlink(struct ndis_adapter *a, NDIS_HANDLE handle,
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

static void block_free(struct ndis_shared_block *b)
{
	ndis_resource_remove(NDIS_RESOURCE_SHARED_MEMORY, b);
	munmap(b->address, b->length);
	free(b);
}

unsigned ndis_shared_memory_reap(struct ndis_adapter *a)
{
	unsigned n = 0;

	while (a->memory) {
		struct ndis_shared_block *b = a->memory;

		log_warning("adapter %s: shared memory of queue %u, %zu bytes, was not freed (E8)",
			    ndis_handle_name(a), (unsigned)b->queue, b->length);
		a->memory = b->next;
		block_free(b);
		n++;
	}
	return n;
}

ULONG ndis_shared_memory_length(struct ndis_adapter *a, NDIS_HANDLE handle)
{
	struct ndis_shared_block *b;
	ULONG length;

	pthread_mutex_lock(&a->memory_lock);
	for (b = a->memory; b && (NDIS_HANDLE)&b->block != handle; b = b->next)
		;
	length = b ? b->asked : 0;
	pthread_mutex_unlock(&a->memory_lock);
	return length;
}

/* ---- for receive queues ---- */

static NDIS_STATUS check(struct ndis_adapter *a, const NDIS_SHARED_MEMORY_PARAMETERS *p)
{
	if (p->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
	    p->Header.Size < NDIS_SIZEOF_SHARED_MEMORY_PARAMETERS_REVISION_1 ||
	    !p->Length || p->Usage <= NdisSharedMemoryUsageUndefined ||
	    p->Usage >= NdisSharedMemoryUsageMax)
		return NDIS_STATUS_INVALID_PARAMETER;    /* E5, E13 */
	if (p->SGListBufferLength &&
	    (!p->SGListBuffer || p->SGListBufferLength <
	     sizeof(SCATTER_GATHER_LIST) + sizeof(SCATTER_GATHER_ELEMENT)))
		return NDIS_STATUS_INVALID_PARAMETER;
	if (p->QueueId && !(a->filters && ndis_receive_filter_queue_exists(a, p->QueueId)))
		return NDIS_STATUS_INVALID_PARAMETER;    /* E5, E10 */
	return NDIS_STATUS_SUCCESS;
}

/* E2. A miniport without a device has nothing that could do DMA, and there are such with
 * VM queues: the memory is theirs all the same. */
static void want_dma(struct ndis_adapter *a)
{
	if (a->dma || atomic_exchange(&a->dma_missed, true))
		return;
	log_warning("adapter %s: NdisAllocateSharedMemory without NdisMRegisterScatterGatherDma "
		    "before it (E2)", ndis_handle_name(a));
}

NDIS_STATUS NdisAllocateSharedMemory(NDIS_HANDLE NdisHandle,
				     PNDIS_SHARED_MEMORY_PARAMETERS SharedMemoryParameters,
				     PNDIS_HANDLE pAllocationHandle)
{
	struct ndis_adapter *a = NdisHandle;
	PNDIS_SHARED_MEMORY_PARAMETERS p = SharedMemoryParameters;
	struct ndis_shared_block *b;
	NDIS_STATUS status = check(a, p);

	NDIS_CALLED(NdisHandle);
	*pAllocationHandle = NULL;
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	want_dma(a);
	b = block_new(a, p->Length, __builtin_return_address(0));
	if (!b)
		return NDIS_STATUS_RESOURCES;
	b->queue = p->QueueId;
	p->VirtualAddress = b->address;
	p->SharedMemoryHandle = &b->block;
	if (p->SGListBufferLength) {
		p->SGListBuffer->NumberOfElements = 1;
		p->SGListBuffer->Elements[0].Address.QuadPart = (LONGLONG)(uintptr_t)b->address;
		p->SGListBuffer->Elements[0].Length = p->Length;
	}
	block_link(b);
	*pAllocationHandle = b;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisFreeSharedMemory(NDIS_HANDLE NdisHandle, NDIS_HANDLE AllocationHandle)
{
	struct ndis_shared_block *b = NULL;

	NDIS_CALLED(NdisHandle);
	if (AllocationHandle)
		b = block_unlink(NdisHandle, AllocationHandle, NULL);
	if (b)
		block_free(b);
	else
		log_error("adapter %s: NdisFreeSharedMemory with a handle that is no allocation's (E8)",
			  ndis_handle_name(NdisHandle));
}

/* ---- by address ---- */

static PVOID give(struct ndis_adapter *a, ULONG length, PNDIS_PHYSICAL_ADDRESS physical,
		  const void *caller)
{
	struct ndis_shared_block *b = block_new(a, length, caller);

	if (!b)
		return NULL;
	b->by_address = true;
	block_link(b);
	physical->QuadPart = (LONGLONG)(uintptr_t)b->address;
	return b->address;
}

VOID NdisMAllocateSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
			       PVOID *VirtualAddress, PNDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	NDIS_CALLED(MiniportAdapterHandle);
	(void)Cached;                           /* a process has no other memory */
	*VirtualAddress = NULL;
	PhysicalAddress->QuadPart = 0;
	if (!a->dma || !Length) {
		log_error("adapter %s: NdisMAllocateSharedMemory: %s", ndis_handle_name(a),
			  Length ? "no NdisMRegisterScatterGatherDma before it (E2)" : "Length is 0");
		return;
	}
	*VirtualAddress = give(a, Length, PhysicalAddress, __builtin_return_address(0));
}

struct later {
	struct ndis_adapter *adapter;
	MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete;
	ULONG length;
	PVOID context;
	const void *caller;
};

static void allocate_now(void *context)
{
	struct later *l = context;
	NDIS_PHYSICAL_ADDRESS physical = { .QuadPart = 0 };
	PVOID address = give(l->adapter, l->length, &physical, l->caller);

	l->complete(l->adapter->layer.context, address, &physical, l->length, l->context);
	free(l);
}

NDIS_STATUS ndis_shared_memory_allocate_later(struct ndis_adapter *adapter,
					      MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete,
					      ULONG length, PVOID context, const void *caller)
{
	struct later *l;

	if (!complete || !length) {
		log_error("adapter %s: NdisMAllocateSharedMemoryAsyncEx: %s", ndis_handle_name(adapter),
			  length ? "no SharedMemAllocateCompleteHandler was registered" : "Length is 0");
		return NDIS_STATUS_FAILURE;
	}
	l = malloc(sizeof(*l));
	if (!l)
		return NDIS_STATUS_RESOURCES;
	*l = (struct later){ adapter, complete, length, context, caller };
	kernel_call_work(allocate_now, l);
	return NDIS_STATUS_PENDING;
}

VOID NdisMFreeSharedMemory(NDIS_HANDLE MiniportAdapterHandle, ULONG Length, BOOLEAN Cached,
			   PVOID VirtualAddress, NDIS_PHYSICAL_ADDRESS PhysicalAddress)
{
	struct ndis_shared_block *b = block_unlink(MiniportAdapterHandle, NULL, VirtualAddress);

	NDIS_CALLED(MiniportAdapterHandle);
	(void)Cached;
	if (!b) {
		log_error("adapter %s: NdisMFreeSharedMemory: %p is no such memory (E8)",
			  ndis_handle_name(MiniportAdapterHandle), VirtualAddress);
		return;
	}
	if (Length != b->asked || PhysicalAddress.QuadPart != (LONGLONG)(uintptr_t)b->address)
		log_error("adapter %s: NdisMFreeSharedMemory: %p was allocated with %u bytes, not %u, "
			  "or another physical address", ndis_handle_name(MiniportAdapterHandle),
			  VirtualAddress, b->asked, Length);
	block_free(b);
}
