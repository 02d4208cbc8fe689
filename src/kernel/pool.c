/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pool. A block is the process's memory with a header in front: its tag and
 * its size, for the count by tag and for finding wrong frees. Nothing follows the
 * block, so that AddressSanitizer knows its exact end; under it the header is
 * forbidden ground too.
 *
 * A freed block is kept aside for a while, so that a second free of it is told
 * with its tag. AddressSanitizer keeps such blocks itself, and tells more.
 */
#include "kernel/pool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/pool_tag.h"
#include "kernel/sanitizer.h"

#define MAGIC_LIVE  0x4c4f4f50u
#define MAGIC_FREED 0x64656e6fu

/* Bug check codes and their first parameters, as documented. */
#define BAD_POOL_CALLER       0xc2
#define POOL_FREED_TWICE      0x07
#define POOL_TAG_MISMATCH     0x0a
#define POOL_ADDRESS_INVALID  0x46
#define KMODE_EXCEPTION       0x1e

#define ASIDE_BLOCKS 256u
#define ASIDE_BYTES  4096u   /* larger blocks are not kept */

/* Its last words lie where free() does not write. */
struct header {
	struct pool_tag *count;
	size_t size;
	uint32_t lead;    /* from the start of the memory to the block */
	uint32_t spare;
	uint32_t tag;
	uint32_t magic;
};

_Static_assert(sizeof(struct header) % MEMORY_ALLOCATION_ALIGNMENT == 0,
	       "a block is aligned as its header is");

#if !KERNEL_ASAN
static _Atomic(void *) aside[ASIDE_BLOCKS];
static atomic_uint aside_next;
#endif

static struct header *header_of(void *block)
{
	return (struct header *)block - 1;
}

static void *block_create(size_t size, size_t align, ULONG tag, bool zero)
{
	size_t lead = align > sizeof(struct header) ? align : sizeof(struct header);
	struct header *h;
	void *memory;
	char *block;

	if (size > SIZE_MAX / 2 || posix_memalign(&memory, align, lead + size))
		return NULL;
	block = (char *)memory + lead;
	h = header_of(block);
	*h = (struct header){
		.count = pool_tag_find(tag), .size = size, .lead = (uint32_t)lead,
		.tag = tag, .magic = MAGIC_LIVE,
	};
	pool_tag_add(h->count, 1, (long)size);
	sanitizer_forbid(memory, lead);
	if (zero)
		memset(block, 0, size);
	return block;
}

/* Memory that goes back. The system gets it at once, or a little later. */
static void memory_release(void *memory, size_t size)
{
#if KERNEL_ASAN
	(void)size;
#else
	if (size <= ASIDE_BYTES)
		memory = atomic_exchange(&aside[atomic_fetch_add(&aside_next, 1) % ASIDE_BLOCKS],
					 memory);
#endif
	free(memory);
}

/* A page or more is aligned to pages, as documented. */
static size_t alignment(size_t size, bool cache_aligned)
{
	return size >= PAGE_SIZE ? PAGE_SIZE :
	       cache_aligned ? SYSTEM_CACHE_ALIGNMENT_SIZE : MEMORY_ALLOCATION_ALIGNMENT;
}

static PVOID allocate(POOL_TYPE type, size_t size, ULONG tag, bool zero)
{
	return block_create(size, alignment(size, type & NonPagedPoolCacheAligned), tag, zero);
}

PVOID ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag)
{
	POOL_FLAGS pool = Flags & (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE |
				   POOL_FLAG_PAGED);
	PVOID p = NULL;

	if (!Tag || !pool || (pool & (pool - 1)) ||
	    (Flags & (POOL_FLAG_OPTIONAL_START - 1) & ~POOL_FLAGS_KNOWN))
		log_error("ExAllocatePool2(0x%lx, %zu, 0x%08x): %s", Flags, NumberOfBytes, Tag,
			  Tag ? "the flags must name one kind of pool and no unknown attribute" :
			  "the tag must not be zero");
	else
		p = block_create(NumberOfBytes,
				 alignment(NumberOfBytes, Flags & POOL_FLAG_CACHE_ALIGNED), Tag,
				 !(Flags & POOL_FLAG_UNINITIALIZED));
	if (!p && (Flags & POOL_FLAG_RAISE_ON_FAILURE))
		ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
	return p;
}

PVOID ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	return allocate(PoolType, NumberOfBytes, Tag, true);
}

PVOID ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	return allocate(PoolType, NumberOfBytes, Tag, false);
}

PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
	return allocate(PoolType, NumberOfBytes, Tag, false);
}

/* A priority says how soon to fail when memory runs low, which here it never does
 * before it is out. */
PVOID ExAllocatePoolPriorityZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
				 EX_POOL_PRIORITY Priority)
{
	(void)Priority;
	return allocate(PoolType, NumberOfBytes, Tag, true);
}

PVOID ExAllocatePoolPriorityUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
					  EX_POOL_PRIORITY Priority)
{
	(void)Priority;
	return allocate(PoolType, NumberOfBytes, Tag, false);
}

PVOID ExAllocatePoolWithTagPriority(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
				    EX_POOL_PRIORITY Priority)
{
	(void)Priority;
	return allocate(PoolType, NumberOfBytes, Tag, false);
}

/* Whatever is wrong with a free ends the process, told with the tag (0xC2). */
static void check_free(PVOID block, ULONG tag)
{
	struct header *h = header_of(block);
	char held[5], given[5];

	sanitizer_permit(h, sizeof(*h));
	/* A tag of 0 frees whatever tag the block has. */
	if (h->magic == MAGIC_LIVE && (!tag || tag == h->tag))
		return;
	kernel_pool_tag_text(h->tag, held);
	kernel_pool_tag_text(tag, given);
	if (h->magic == MAGIC_FREED) {
		log_error("pool: block %p with tag '%s' is freed a second time", block, held);
		KeBugCheckEx(BAD_POOL_CALLER, POOL_FREED_TWICE, h->tag, h->size, (ULONG_PTR)block);
	}
	if (h->magic != MAGIC_LIVE) {
		log_error("pool: %p is freed with tag '%s' and was never allocated from the pool",
			  block, given);
		KeBugCheckEx(BAD_POOL_CALLER, POOL_ADDRESS_INVALID, (ULONG_PTR)block, tag, 0);
	}
	log_error("pool: block %p with tag '%s' is freed with tag '%s'", block, held, given);
	KeBugCheckEx(BAD_POOL_CALLER, POOL_TAG_MISMATCH, (ULONG_PTR)block, h->tag, tag);
}

VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
	struct header *h = P ? header_of(P) : NULL;
	char *memory;

	if (!h || (ULONG_PTR)P % MEMORY_ALLOCATION_ALIGNMENT) {
		log_error("pool: %p is freed and is no address that the pool gives out", P);
		KeBugCheckEx(BAD_POOL_CALLER, POOL_ADDRESS_INVALID, (ULONG_PTR)P, Tag, 0);
	}
	check_free(P, Tag);
	pool_tag_add(h->count, -1, -(long)h->size);
	h->magic = MAGIC_FREED;
	memory = (char *)P - h->lead;
	sanitizer_permit(memory, h->lead);
	memory_release(memory, h->size);
}

VOID ExFreePool(PVOID P)
{
	ExFreePoolWithTag(P, 0);
}

VOID ExRaiseStatus(NTSTATUS Status)
{
	log_error("an exception 0x%08x is raised, and no handler catches it", (unsigned)Status);
	KeBugCheckEx(KMODE_EXCEPTION, (ULONG_PTR)(ULONG)Status, 0, 0, 0);
}
