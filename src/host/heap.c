/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/mman.h>

#define ROOM    (64 << 20)   /* bytes that the heap grows by: a VM takes some 50 KB */
#define PIECE   (4 << 20)    /* from here on an object is no part of the heap */

void heap_on_huge_pages(void)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), old_end = (uintptr_t)sbrk(0), from, end;
	void *volatile first;   /* volatile: or the compiler knows better than to ask */

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, ROOM);
	mallopt(M_MMAP_THRESHOLD, PIECE);
	first = malloc(PIECE / 2);   /* more than is left: the heap grows, and this begins its free end */
	from = (uintptr_t)first & ~(page - 1);
	free(first);
	end = (uintptr_t)sbrk(0);
	if (end > old_end)
		madvise((void *)from, end - from, MADV_HUGEPAGE);   /* or not: it is no error */
}
