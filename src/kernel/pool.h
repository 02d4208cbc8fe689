/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers hold of the pool, by tag: for leak reports and tests. */
#ifndef KERNEL_POOL_H
#define KERNEL_POOL_H

#include <stddef.h>

#include <wdm.h>

struct kernel_pool_usage {
	ULONG tag;
	long blocks;   /* allocated and not yet freed */
	long bytes;    /* their sizes as asked for */
};

/* Writes up to 'max' tags that hold blocks now; returns how many there are.
 * Any thread; a snapshot, exact when nobody allocates meanwhile. */
size_t kernel_pool_usage(struct kernel_pool_usage *usage, size_t max);

/* What one tag holds. Any thread. */
struct kernel_pool_usage kernel_pool_tag_usage(ULONG tag);

/* The tag as a person reads it: four characters, '.' for what cannot be printed. */
void kernel_pool_tag_text(ULONG tag, char text[5]);

/*
 * Tells, as one warning per tag, what is still allocated beyond 'before' (a snapshot
 * of 'n' tags; NULL, 0: beyond nothing). 'owner' names the driver that has just been
 * unloaded. Returns the number of tags that leak. Any thread.
 */
unsigned kernel_pool_report(const char *owner, const struct kernel_pool_usage *before, size_t n);

#endif
