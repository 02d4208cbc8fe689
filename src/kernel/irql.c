/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRQL. The level is the thread's own: a worker is at DISPATCH_LEVEL while it runs
 * a processor; any other thread enters a processor when it rises to that level.
 */
#include "kernel/worker.h"

/* Bug check codes. */
#define IRQL_NOT_GREATER_OR_EQUAL 0x09
#define IRQL_NOT_LESS_OR_EQUAL    0x0A

KIRQL KeGetCurrentIrql(VOID)
{
	return kernel_self.irql;
}

VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql)
{
	KIRQL old = kernel_self.irql;

	if (NewIrql < old)
		KeBugCheckEx(IRQL_NOT_GREATER_OR_EQUAL, old, NewIrql, 0,
			     (ULONG_PTR)__builtin_return_address(0));
	*OldIrql = old;
	kernel_self.irql = NewIrql;
	if (NewIrql >= DISPATCH_LEVEL && old < DISPATCH_LEVEL)
		kernel_processor_enter();
}

KIRQL KeRaiseIrqlToDpcLevel(VOID)
{
	KIRQL old;

	KeRaiseIrql(DISPATCH_LEVEL, &old);
	return old;
}

VOID KeLowerIrql(KIRQL NewIrql)
{
	KIRQL old = kernel_self.irql;

	if (NewIrql > old)
		KeBugCheckEx(IRQL_NOT_LESS_OR_EQUAL, old, NewIrql, 0,
			     (ULONG_PTR)__builtin_return_address(0));
	if (NewIrql < DISPATCH_LEVEL && old >= DISPATCH_LEVEL) {
		kernel_self.irql = DISPATCH_LEVEL;   /* for the DPCs that run first */
		kernel_processor_leave();
	}
	kernel_self.irql = NewIrql;
}
