/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Affinity of a thread that is no worker: it takes on the number of a processor
 * of the set, at once or, asked at DISPATCH_LEVEL, when it falls below. A worker
 * is never below, and so it never moves.
 */
#include "kernel/worker.h"

#include "base/log.h"

/* The processors of 'a' that there are. */
static KAFFINITY existing(const GROUP_AFFINITY *a)
{
	return a->Mask & KeQueryGroupAffinity(a->Group);
}

void kernel_affinity_apply(void)
{
	KAFFINITY set = existing(&kernel_self.affinity);
	ULONG base = kernel_self.affinity.Group * 64u;
	ULONG here = OvmqCurrentProcessor();

	if (!set)
		kernel_self.processor = 0;
	else if (here / 64 != kernel_self.affinity.Group || !(set >> here % 64 & 1))
		kernel_self.processor = base + (ULONG)__builtin_ctzll(set) + 1;
	else
		kernel_self.processor = here + 1;
}

static void change(const GROUP_AFFINITY *to)
{
	kernel_self.affinity = *to;
	if (!kernel_self.worker && kernel_self.irql < DISPATCH_LEVEL)
		kernel_affinity_apply();
}

VOID KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity)
{
	if (PreviousAffinity)
		*PreviousAffinity = kernel_self.affinity;
	if (!existing(Affinity)) {
		log_error("KeSetSystemGroupAffinityThread: no processor in group %u, mask 0x%lx",
			  Affinity->Group, Affinity->Mask);
		return;
	}
	change(Affinity);
}

VOID KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity)
{
	change(PreviousAffinity);   /* Mask 0: there was none before */
}

KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY Affinity)
{
	GROUP_AFFINITY a = { .Mask = Affinity }, previous;

	KeSetSystemGroupAffinityThread(&a, &previous);
	return previous.Mask;
}

VOID KeRevertToUserAffinityThreadEx(KAFFINITY Affinity)
{
	GROUP_AFFINITY a = { .Mask = Affinity };

	KeRevertToUserGroupAffinityThread(&a);
}

VOID KeSetSystemAffinityThread(KAFFINITY Affinity)
{
	KeSetSystemAffinityThreadEx(Affinity);
}

VOID KeRevertToUserAffinityThread(VOID)
{
	KeRevertToUserAffinityThreadEx(0);
}
