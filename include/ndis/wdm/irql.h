/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt request levels, processors, time (part of wdm.h). */
#ifndef OVMQ_WDM_IRQL_H
#define OVMQ_WDM_IRQL_H

#include <ntdef.h>
#include <ntstatus.h>

EXTERN_C_START

#define PASSIVE_LEVEL  0
#define LOW_LEVEL      0
#define APC_LEVEL      1
#define DISPATCH_LEVEL 2
#define CMCI_LEVEL     5
#define DEVICE_LEVEL   11
#define CLOCK_LEVEL    13
#define SYNCH_LEVEL    12
#define IPI_LEVEL      14
#define DRS_LEVEL      14
#define POWER_LEVEL    14
#define PROFILE_LEVEL  15
#define HIGH_LEVEL     15

KIRQL KeGetCurrentIrql(VOID);
/* Raises this processor's level to 'NewIrql', which must not be lower than the
 * present one; the present one goes to '*OldIrql'. */
VOID KeRaiseIrql(KIRQL NewIrql, PKIRQL OldIrql);
KIRQL KeRaiseIrqlToDpcLevel(VOID);
VOID KeLowerIrql(KIRQL NewIrql);
#define KeRaiseIrqlToSynchLevel() KeRaiseIrqlToDpcLevel()

/* ---- processors ---- */

ULONG KeGetCurrentProcessorNumberEx(PPROCESSOR_NUMBER ProcNumber);
#define KeGetCurrentProcessorIndex()  KeGetCurrentProcessorNumberEx(NULL)
#define KeGetCurrentProcessorNumber() KeGetCurrentProcessorNumberEx(NULL)
ULONG KeGetProcessorIndexFromNumber(PPROCESSOR_NUMBER ProcNumber);
NTSTATUS KeGetProcessorNumberFromIndex(ULONG ProcIndex, PPROCESSOR_NUMBER ProcNumber);
ULONG KeQueryActiveProcessorCount(PKAFFINITY ActiveProcessors);
ULONG KeQueryActiveProcessorCountEx(USHORT GroupNumber);
ULONG KeQueryMaximumProcessorCount(VOID);
ULONG KeQueryMaximumProcessorCountEx(USHORT GroupNumber);
USHORT KeQueryActiveGroupCount(VOID);
USHORT KeQueryMaximumGroupCount(VOID);
KAFFINITY KeQueryGroupAffinity(USHORT GroupNumber);
KAFFINITY KeQueryActiveProcessors(VOID);
VOID KeSetSystemGroupAffinityThread(PGROUP_AFFINITY Affinity, PGROUP_AFFINITY PreviousAffinity);
VOID KeRevertToUserGroupAffinityThread(PGROUP_AFFINITY PreviousAffinity);
VOID KeSetSystemAffinityThread(KAFFINITY Affinity);
VOID KeRevertToUserAffinityThread(VOID);
USHORT KeGetCurrentNodeNumber(VOID);
USHORT KeQueryHighestNodeNumber(VOID);
LOGICAL KeShouldYieldProcessor(VOID);

/* ---- time ---- */

/* In units of 100 ns: since 1601, since the start, since the start awake. */
VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime);
VOID KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);
ULONGLONG KeQueryInterruptTime(VOID);
ULONGLONG KeQueryUnbiasedInterruptTime(VOID);
ULONG KeQueryTimeIncrement(VOID);
VOID KeQueryTickCount(PLARGE_INTEGER CurrentCount);
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency);
VOID KeStallExecutionProcessor(ULONG MicroSeconds);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable, PLARGE_INTEGER Interval);

#define RTL_MILLISEC_TO_100NANOSEC(m) ((m) * 10000LL)
#define RTL_SEC_TO_100NANOSEC(s)      ((s) * 10000000LL)
#define RTL_SEC_TO_MILLISEC(s)        ((s) * 1000LL)

EXTERN_C_END

#endif
