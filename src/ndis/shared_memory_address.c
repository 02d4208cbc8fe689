/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory that a miniport frees by its address: the host's own, always. */
#include "ndis/shared_memory.h"

#include <stdlib.h>

#include "base/log.h"

static PVOID give(struct ndis_adapter *a, ULONG length, PNDIS_PHYSICAL_ADDRESS physical,
		  const void *caller)
{
	struct ndis_shared_block *b = ndis_shared_block_create(a, length, caller);

	if (!b)
		return NULL;
	b->by_address = true;
	if (!ndis_shared_memory_own(b, true)) {
		ndis_shared_block_destroy(b);
		return NULL;
	}
	ndis_shared_block_link(b);
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
	struct ndis_shared_block *b =
		ndis_shared_block_unlink(MiniportAdapterHandle, NULL, VirtualAddress);

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
	ndis_shared_block_destroy(b);
}
