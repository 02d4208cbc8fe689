/* SPDX-License-Identifier: BSD-2-Clause */
/* Critical and guarded regions. No APC is ever delivered here; the counts tell a
 * driver where it is, and us when it leaves what it did not enter. */
#include "kernel/kernel.h"

#include "base/log.h"

VOID KeEnterCriticalRegion(VOID)
{
	kernel_self.critical++;
}

static void leave(unsigned *count, const char *function)
{
	if (*count)
		--*count;
	else
		log_error("%s: the thread is in no such region", function);
}

VOID KeLeaveCriticalRegion(VOID)
{
	leave(&kernel_self.critical, "KeLeaveCriticalRegion");
}

VOID KeEnterGuardedRegion(VOID)
{
	kernel_self.guarded++;
}

VOID KeLeaveGuardedRegion(VOID)
{
	leave(&kernel_self.guarded, "KeLeaveGuardedRegion");
}

BOOLEAN KeAreAllApcsDisabled(VOID)
{
	return kernel_self.guarded || kernel_self.irql >= APC_LEVEL;
}

BOOLEAN KeAreApcsDisabled(VOID)
{
	return kernel_self.critical || KeAreAllApcsDisabled();
}
