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

#define INVALID_PROCESSOR_INDEX 0xFFFFFFFFU

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
KAFFINITY KeSetSystemAffinityThreadEx(KAFFINITY Affinity);
VOID KeRevertToUserAffinityThreadEx(KAFFINITY Affinity);
USHORT KeGetCurrentNodeNumber(VOID);
USHORT KeQueryHighestNodeNumber(VOID);
LOGICAL KeShouldYieldProcessor(VOID);

typedef enum _LOGICAL_PROCESSOR_RELATIONSHIP {
	RelationProcessorCore, RelationNumaNode, RelationCache, RelationProcessorPackage,
	RelationGroup, RelationAll = 0xffff
} LOGICAL_PROCESSOR_RELATIONSHIP;
typedef enum _PROCESSOR_CACHE_TYPE {
	CacheUnified, CacheInstruction, CacheData, CacheTrace
} PROCESSOR_CACHE_TYPE;

typedef struct _PROCESSOR_RELATIONSHIP {
	UCHAR Flags;
	UCHAR EfficiencyClass;
	UCHAR Reserved[20];
	USHORT GroupCount;
	GROUP_AFFINITY GroupMask[ANYSIZE_ARRAY];
} PROCESSOR_RELATIONSHIP, *PPROCESSOR_RELATIONSHIP;

typedef struct _NUMA_NODE_RELATIONSHIP {
	ULONG NodeNumber;
	UCHAR Reserved[18];
	USHORT GroupCount;
	union {
		GROUP_AFFINITY GroupMask;
		GROUP_AFFINITY GroupMasks[ANYSIZE_ARRAY];
	} DUMMYUNIONNAME;
} NUMA_NODE_RELATIONSHIP, *PNUMA_NODE_RELATIONSHIP;

typedef struct _CACHE_RELATIONSHIP {
	UCHAR Level;
	UCHAR Associativity;
	USHORT LineSize;
	ULONG CacheSize;
	PROCESSOR_CACHE_TYPE Type;
	UCHAR Reserved[18];
	USHORT GroupCount;
	union {
		GROUP_AFFINITY GroupMask;
		GROUP_AFFINITY GroupMasks[ANYSIZE_ARRAY];
	} DUMMYUNIONNAME;
} CACHE_RELATIONSHIP, *PCACHE_RELATIONSHIP;

typedef struct _PROCESSOR_GROUP_INFO {
	UCHAR MaximumProcessorCount;
	UCHAR ActiveProcessorCount;
	UCHAR Reserved[38];
	KAFFINITY ActiveProcessorMask;
} PROCESSOR_GROUP_INFO, *PPROCESSOR_GROUP_INFO;

typedef struct _GROUP_RELATIONSHIP {
	USHORT MaximumGroupCount;
	USHORT ActiveGroupCount;
	UCHAR Reserved[20];
	PROCESSOR_GROUP_INFO GroupInfo[ANYSIZE_ARRAY];
} GROUP_RELATIONSHIP, *PGROUP_RELATIONSHIP;

typedef struct _SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX {
	LOGICAL_PROCESSOR_RELATIONSHIP Relationship;
	ULONG Size;
	union {
		PROCESSOR_RELATIONSHIP Processor;
		NUMA_NODE_RELATIONSHIP NumaNode;
		CACHE_RELATIONSHIP Cache;
		GROUP_RELATIONSHIP Group;
	} DUMMYUNIONNAME;
} SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, *PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX;

/* '*Length': the room in 'Information' in bytes; afterwards what was written or,
 * with STATUS_INFO_LENGTH_MISMATCH, what is needed. */
NTSTATUS KeQueryLogicalProcessorRelationship(PPROCESSOR_NUMBER ProcessorNumber,
					     LOGICAL_PROCESSOR_RELATIONSHIP RelationshipType,
					     PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX Information,
					     PULONG Length);

/* ---- time ---- */

/* In units of 100 ns: since 1601, since the start, since the start awake. */
VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime);
VOID KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);
ULONGLONG KeQueryInterruptTime(VOID);
ULONGLONG KeQueryUnbiasedInterruptTime(VOID);
ULONGLONG KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp);
ULONG KeQueryTimeIncrement(VOID);
VOID KeQueryTickCount(PLARGE_INTEGER CurrentCount);
LARGE_INTEGER KeQueryPerformanceCounter(PLARGE_INTEGER PerformanceFrequency);
VOID KeStallExecutionProcessor(ULONG MicroSeconds);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				PLARGE_INTEGER Interval);

#define RTL_MILLISEC_TO_100NANOSEC(m) ((m) * 10000LL)
#define RTL_SEC_TO_100NANOSEC(s)      ((s) * 10000000LL)
#define RTL_SEC_TO_MILLISEC(s)        ((s) * 1000LL)

EXTERN_C_END

#endif
