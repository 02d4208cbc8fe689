/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Shared memory, for the files of this room: blocks that a device and its driver both
 * reach. Who gives one is asked when it is allocated, and gets it back when it is freed:
 * the protocol that owns the queue, if it registered as a provider (E7), else this host.
 */
#ifndef NDIS_SHARED_MEMORY_H
#define NDIS_SHARED_MEMORY_H

#include "ndis/object.h"

/* The allocation handle points here; the shared-memory handle at 'block', so that one
 * taken for the other is noticed (E4). */
struct ndis_shared_block {
	struct ndis_shared_block *next;         /* of its adapter; memory_lock */
	struct ndis_adapter *adapter;
	NDIS_RECEIVE_QUEUE_ID queue;
	bool by_address;                        /* NdisMAllocateSharedMemory: it has no handle */
	bool asking;                            /* its provider has not answered; memory_lock */
	struct ndis_binding *provider;          /* who gave it; NULL: this host, or gone */
	NDIS_HANDLE provided;                   /* what the provider calls it */
	void *address;                          /* NULL: its provider took it back */
	const struct ndis_device_memory *from;  /* who has 'length' bytes for the host; NULL: the
						 * process */
	size_t length;                          /* whole pages */
	ULONG asked;                            /* bytes that were asked for */
	char block;
};

/* ---- shared_memory.c: the blocks of an adapter ---- */

/* A block without memory, recorded as the driver's, on no list. NULL: no memory. */
struct ndis_shared_block *ndis_shared_block_create(struct ndis_adapter *adapter, ULONG length,
						   const void *caller);
/* Gives the memory back to whom it came from, and forgets the block. PASSIVE_LEVEL. */
void ndis_shared_block_destroy(struct ndis_shared_block *block);
void ndis_shared_block_link(struct ndis_shared_block *block);
/* Takes a block off the adapter's list: by its handle, or, where that is NULL, by its
 * address. NULL: there is no such block. */
struct ndis_shared_block *ndis_shared_block_unlink(struct ndis_adapter *adapter, NDIS_HANDLE handle,
						   const void *address);

/* ---- shared_memory_provider.c: where the memory comes from ---- */

/* Gives the block what 'p' asks for and fills the members of 'p' that are results.
 * The block is on its adapter's list. SUCCESS, RESOURCES, INVALID_PARAMETER, FAILURE (E3);
 * after a failure the block has no memory, and 'p' is as it was. PASSIVE_LEVEL. */
NDIS_STATUS ndis_shared_memory_give(struct ndis_shared_block *block,
				    NDIS_SHARED_MEMORY_PARAMETERS *p);

/* The memory goes back to whom it came from. PASSIVE_LEVEL. */
void ndis_shared_memory_take_back(struct ndis_shared_block *block);

/* A binding goes: what it gave and a driver still has is told and taken back. PnP lock. */
void ndis_shared_memory_provider_leaves(struct ndis_binding *binding);

/* How many blocks that it gave are not freed yet. */
unsigned ndis_shared_memory_given(const struct ndis_binding *binding);

/* Whole pages that hold so many bytes. PAGE_SIZE is 4 KiB here as it is there. */
static inline size_t ndis_shared_memory_pages(ULONG length)
{
	return ((size_t)length + PAGE_SIZE - 1) & ~(size_t)(PAGE_SIZE - 1);
}

/* ---- shared_memory_own.c ---- */

/* This host's own: whole pages of zeros of the management OS, contiguous for a device too if
 * that is asked for (E6). FALSE: there are none. */
bool ndis_shared_memory_own(struct ndis_shared_block *block, bool contiguous);
void ndis_shared_memory_disown(struct ndis_shared_block *block);

/* ---- shared_memory_address.c ---- */

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
