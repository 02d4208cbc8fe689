/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that will be written is asked for as one's own. A plain prefetch brings a shared
 * copy of what another processor holds, and the first store then waits for that one again.
 */
#ifndef BASE_PREFETCH_H
#define BASE_PREFETCH_H

/* The cache line at 'address', which may be any. __builtin_prefetch() knows the wish but has the
 * instruction only where all processors of the target do; the others take it for a NOP. */
static inline void prefetch_write(const void *address)
{
#ifdef __x86_64__
	__asm__ volatile("prefetchw (%0)" : : "r"(address));
#else
	__builtin_prefetch(address, 1);
#endif
}

#endif
