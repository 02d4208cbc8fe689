/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting by tag; for the pool alone. */
#ifndef KERNEL_POOL_TAG_H
#define KERNEL_POOL_TAG_H

#include <wdm.h>

struct pool_tag;

/* The count of 'tag', made when it is the first of its kind. Never NULL: when the
 * table is full, further tags share one count. Any thread, lock free. */
struct pool_tag *pool_tag_find(ULONG tag);
void pool_tag_add(struct pool_tag *count, long blocks, long bytes);

#endif
