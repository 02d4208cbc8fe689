/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/asymmetric_fence.h"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

atomic_bool asymmetric_fence_by_kernel;

static bool membarrier(int command)
{
	return !syscall(SYS_membarrier, command, 0, 0);
}

void asymmetric_fence_start(void)
{
	if (atomic_load(&asymmetric_fence_by_kernel) ||
	    !membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
		return;   /* a kernel or a sandbox without it */
	atomic_store(&asymmetric_fence_by_kernel, true);
}

void asymmetric_fence_heavy(void)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load(&asymmetric_fence_by_kernel))
		membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}
