/* SPDX-License-Identifier: BSD-2-Clause */
/* How long a DPC may run: said to drivers that ask, and enforced on nobody. */
#include "kernel/worker.h"

#include "base/clock.h"

/* In clock ticks, as on Windows: 20 s for one DPC, 2 min for many in a row. */
#define TICK_NS     15625000u
#define ONE_LIMIT   1280u
#define ALL_LIMIT   7680u
/* A DPC that has run this long had better go on later. */
#define SHARE_NS    100000u

static uint64_t ran_ns(void)
{
	return kernel_self.dpc_began ? clock_ns() - kernel_self.dpc_began : 0;
}

NTSTATUS KeQueryDpcWatchdogInformation(PKDPC_WATCHDOG_INFORMATION WatchdogInformation)
{
	uint64_t ticks = ran_ns() / TICK_NS;

	if (KeGetCurrentIrql() < DISPATCH_LEVEL)
		return STATUS_UNSUCCESSFUL;
	*WatchdogInformation = (KDPC_WATCHDOG_INFORMATION){
		.DpcTimeLimit = ONE_LIMIT,
		.DpcTimeCount = ticks < ONE_LIMIT ? ONE_LIMIT - (ULONG)ticks : 0,
		.DpcWatchdogLimit = ALL_LIMIT,
		.DpcWatchdogCount = ticks < ALL_LIMIT ? ALL_LIMIT - (ULONG)ticks : 0,
	};
	return STATUS_SUCCESS;
}

LOGICAL KeShouldYieldProcessor(VOID)
{
	if (KeGetCurrentIrql() < DISPATCH_LEVEL)
		return FALSE;
	return dpc_queue_waits(&kernel_processor_at(OvmqCurrentProcessor())->dpcs) ||
	       ran_ns() > SHARE_NS;
}
