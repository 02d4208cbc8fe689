/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap on huge pages. What a VM has outside of shared memory is in some ten objects, each on a
 * page of its own when hundreds of VMs have been made: more pages than a CPU keeps the addresses
 * of, and each frame waits for several.
 */
#ifndef HOST_HEAP_H
#define HOST_HEAP_H

/* All threads use one heap, which from now on has room for some thousand VMs in one piece, on
 * transparent huge pages where the kernel gives them ("madvise" or "always" in
 * /sys/kernel/mm/transparent_hugepage/enabled); else nothing has changed. What is not used takes no
 * memory. Before other threads begin. */
void heap_on_huge_pages(void);

#endif
