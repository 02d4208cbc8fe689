/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory under its NDIS names: the kernel's pool, accounted by tag. */
#include "ndis/object.h"

#include "base/log.h"

/* A tag tells whose memory it is: 0 is nobody's, and refused. */
static PVOID allocate(UINT length, ULONG tag, EX_POOL_PRIORITY priority, const char *function,
		      const void *caller)
{
	if (!tag) {
		log_error("%s: Tag is 0 (called from %p)", function, caller);
		return NULL;
	}
	return ExAllocatePoolWithTagPriority(NonPagedPoolNx, length, tag, priority);
}

PVOID NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
					EX_POOL_PRIORITY Priority)
{
	NDIS_CALLED(NdisHandle);
	(void)NdisHandle;
	return allocate(Length, Tag, Priority, "NdisAllocateMemoryWithTagPriority",
			__builtin_return_address(0));
}

VOID NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag)
{
	NDIS_CALLED(NdisHandle);
	(void)NdisHandle;
	ExFreePoolWithTag(VirtualAddress, Tag);
}

NDIS_STATUS NdisAllocateMemoryWithTag(PVOID *VirtualAddress, UINT Length, ULONG Tag)
{
	*VirtualAddress = allocate(Length, Tag, NormalPoolPriority, "NdisAllocateMemoryWithTag",
				   __builtin_return_address(0));
	return *VirtualAddress ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

VOID NdisFreeMemoryWithTag(PVOID VirtualAddress, ULONG Tag)
{
	ExFreePoolWithTag(VirtualAddress, Tag);
}

VOID NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags)
{
	/* The block knows its length. Flags asked for memory of other kinds once. */
	(void)Length;
	if (MemoryFlags)
		log_error("NdisFreeMemory: MemoryFlags 0x%x; no such memory can be allocated (%p)",
			  MemoryFlags, VirtualAddress);
	ExFreePool(VirtualAddress);
}
