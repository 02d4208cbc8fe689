/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared memory, for the other files of this room. */
#ifndef NDIS_SHARED_MEMORY_H
#define NDIS_SHARED_MEMORY_H

#include "ndis/object.h"

/*
 * NdisMAllocateSharedMemoryAsyncEx of an adapter whose DMA registration named
 * 'complete': calls it at PASSIVE_LEVEL on a system thread, with the memory or, if there
 * is none, a NULL address. IRQL <= DISPATCH_LEVEL. NDIS_STATUS_PENDING; _FAILURE: no
 * handler was named, or the length is 0; _RESOURCES.
 */
NDIS_STATUS ndis_shared_memory_allocate_later(struct ndis_adapter *adapter,
					      MINIPORT_ALLOCATE_SHARED_MEM_COMPLETE_HANDLER complete,
					      ULONG length, PVOID context, const void *caller);

#endif
