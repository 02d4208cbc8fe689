/* SPDX-License-Identifier: BSD-2-Clause */
/* Clocks, and waiting for time to pass. */
#include "kernel/kernel.h"

#include <errno.h>
#include <sched.h>
#include <time.h>

#include "base/clock.h"
#include "kernel/dispatcher.h"

#define UNITS_PER_SECOND     10000000ull   /* of 100 ns */
#define UNITS_PER_TICK       156250u
#define SECONDS_1601_TO_1970 11644473600ull

static ULONGLONG units(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (ULONGLONG)t.tv_sec * UNITS_PER_SECOND + (ULONGLONG)t.tv_nsec / 100;
}

VOID KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime)
{
	CurrentTime->QuadPart = (LONGLONG)(units(CLOCK_REALTIME) +
					   SECONDS_1601_TO_1970 * UNITS_PER_SECOND);
}

VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
	KeQuerySystemTimePrecise(CurrentTime);
}

ULONGLONG KeQueryInterruptTime(VOID)
{
	return units(CLOCK_BOOTTIME);
}

ULONGLONG KeQueryUnbiasedInterruptTime(VOID)
{
	return units(CLOCK_MONOTONIC);
}

ULONGLONG KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp)
{
	*QpcTimeStamp = units(CLOCK_MONOTONIC);
	return KeQueryInterruptTime();
}

ULONG KeQueryTimeIncrement(VOID)
{
	return UNITS_PER_TICK;
}

VOID KeQueryTickCount(PLARGE_INTEGER CurrentCount)
{
	CurrentCount->QuadPart = (LONGLONG)(KeQueryInterruptTime() / UNITS_PER_TICK);
}

/* 10 MHz, as on Windows. */
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency)
{
	LARGE_INTEGER now = { .QuadPart = (LONGLONG)units(CLOCK_MONOTONIC) };

	if (PerformanceFrequency)
		PerformanceFrequency->QuadPart = (LONGLONG)UNITS_PER_SECOND;
	return now;
}

VOID KeStallExecutionProcessor(ULONG MicroSeconds)
{
	uint64_t end = clock_ns() + MicroSeconds * 1000ull;

	while (clock_ns() < end)
		YieldProcessor();
}

NTSTATUS ZwYieldExecution(VOID)
{
	sched_yield();
	return STATUS_SUCCESS;
}

NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				PLARGE_INTEGER Interval)
{
	struct timespec until = kernel_moment(Interval->QuadPart);

	(void)WaitMode;
	(void)Alertable;
	if (kernel_self.irql >= DISPATCH_LEVEL)
		kernel_bad_wait("KeDelayExecutionThread", __builtin_return_address(0));
	if (!Interval->QuadPart)
		sched_yield();
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return STATUS_SUCCESS;
}
