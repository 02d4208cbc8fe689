/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NDIS library: memory, locks, events, timers, work items, configuration,
 * the event log, processors, device objects (part of ndis.h).
 */
#ifndef OVMQ_NDIS_LIB_H
#define OVMQ_NDIS_LIB_H

#include <wdm.h>
#include <ntddndis.h>
#include <ndis/status.h>

EXTERN_C_START

/* ---- memory ---- */

PVOID NdisAllocateMemoryWithTagPriority(NDIS_HANDLE NdisHandle, UINT Length, ULONG Tag,
					EX_POOL_PRIORITY Priority);
VOID NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag);
NDIS_STATUS NdisAllocateMemoryWithTag(PVOID *VirtualAddress, UINT Length, ULONG Tag);
VOID NdisFreeMemory(PVOID VirtualAddress, UINT Length, UINT MemoryFlags);
VOID NdisFreeMemoryWithTag(PVOID VirtualAddress, ULONG Tag);

#define NdisMoveMemory(to, from, n)       memmove((to), (from), (n))
#define NdisCopyMemory(to, from, n)       memcpy((to), (from), (n))
#define NdisZeroMemory(to, n)             memset((to), 0, (n))
#define NdisFillMemory(to, n, byte)       memset((to), (byte), (n))
#define NdisEqualMemory(a, b, n)          (memcmp((a), (b), (n)) == 0)
#define NdisRetrieveUlong(to, from)       memcpy((to), (from), sizeof(ULONG))
#define NdisStoreUlong(to, value) \
	do { ULONG v_ = (value); memcpy((to), &v_, sizeof(v_)); } while (0)
#define NdisZeroMappedMemory(to, n)       memset((PVOID)(ULONG_PTR)(to), 0, (n))
#define NdisMoveMappedMemory(to, from, n) memmove((PVOID)(ULONG_PTR)(to), (from), (n))

#define NdisInitializeNPagedLookasideList ExInitializeNPagedLookasideList
#define NdisDeleteNPagedLookasideList     ExDeleteNPagedLookasideList
#define NdisAllocateFromNPagedLookasideList ExAllocateFromNPagedLookasideList
#define NdisFreeToNPagedLookasideList     ExFreeToNPagedLookasideList

/* ---- lists and counters ---- */

#define NdisInitializeListHead(head)      InitializeListHead(head)
#define NdisInitializeSListHead(head)     InitializeSListHead(head)
#define NdisInterlockedPushEntrySList(head, entry, lock) InterlockedPushEntrySList(head, entry)
#define NdisInterlockedPopEntrySList(head, lock)         InterlockedPopEntrySList(head)
#define NdisQueryDepthSList(head)         QueryDepthSList(head)
#define NdisInterlockedIncrement(addend)  InterlockedIncrement((PLONG)(addend))
#define NdisInterlockedDecrement(addend)  InterlockedDecrement((PLONG)(addend))
#define NdisInterlockedAddUlong(addend, increment, lock) \
	((ULONG)InterlockedExchangeAdd((PLONG)(addend), (LONG)(increment)))
#define NdisInterlockedAddLargeStatistic(addend, increment) \
	((VOID)__atomic_fetch_add((PULONG64)(PVOID)(addend), (ULONG64)(increment), __ATOMIC_SEQ_CST))

/* ---- spin locks ---- */

typedef struct _NDIS_SPIN_LOCK {
	KSPIN_LOCK SpinLock;
	KIRQL OldIrql;
} NDIS_SPIN_LOCK, *PNDIS_SPIN_LOCK;

FORCEINLINE VOID NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
	KeInitializeSpinLock(&SpinLock->SpinLock);
}

FORCEINLINE VOID NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
	UNREFERENCED_PARAMETER(SpinLock);
}

FORCEINLINE VOID NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
	/* OldIrql is the holder's: it is written only once the lock is held. */
	KIRQL irql = KeAcquireSpinLockRaiseToDpc(&SpinLock->SpinLock);

	SpinLock->OldIrql = irql;
}

FORCEINLINE VOID NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
	KeReleaseSpinLock(&SpinLock->SpinLock, SpinLock->OldIrql);
}

FORCEINLINE VOID NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
	KeAcquireSpinLockAtDpcLevel(&SpinLock->SpinLock);
	SpinLock->OldIrql = DISPATCH_LEVEL;
}

FORCEINLINE VOID NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock)
{
	KeReleaseSpinLockFromDpcLevel(&SpinLock->SpinLock);
}

#define NdisInterlockedInsertHeadList(head, entry, lock) \
	ExInterlockedInsertHeadList((head), (entry), &(lock)->SpinLock)
#define NdisInterlockedInsertTailList(head, entry, lock) \
	ExInterlockedInsertTailList((head), (entry), &(lock)->SpinLock)
#define NdisInterlockedRemoveHeadList(head, lock) \
	ExInterlockedRemoveHeadList((head), &(lock)->SpinLock)

#define NDIS_CURRENT_IRQL()               KeGetCurrentIrql()
#define NDIS_RAISE_IRQL_TO_DISPATCH(irql) KeRaiseIrql(DISPATCH_LEVEL, (irql))
#define NDIS_LOWER_IRQL(oldirql, currentirql) \
	do { if ((oldirql) != (currentirql)) KeLowerIrql(oldirql); } while (0)

/* ---- reader-writer locks ---- */

typedef struct _LOCK_STATE_EX {
	KIRQL OldIrql;
	UCHAR LockState;
	UCHAR Flags;
} LOCK_STATE_EX, *PLOCK_STATE_EX;

typedef struct _NDIS_RW_LOCK_EX NDIS_RW_LOCK_EX, *PNDIS_RW_LOCK_EX;
#define NDIS_RWL_AT_DISPATCH_LEVEL 1

PNDIS_RW_LOCK_EX NdisAllocateRWLock(NDIS_HANDLE NdisHandle);
VOID NdisFreeRWLock(PNDIS_RW_LOCK_EX Lock);
VOID NdisAcquireRWLockRead(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags);
VOID NdisAcquireRWLockWrite(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState, UCHAR Flags);
VOID NdisReleaseRWLock(PNDIS_RW_LOCK_EX Lock, PLOCK_STATE_EX LockState);

/* The locks of before 6.20, embedded in the driver's own memory. */
#define MAXIMUM_PROCESSORS 64
typedef union _NDIS_RW_LOCK_REFCOUNT {
	ULONG RefCount;
	UCHAR cacheLine[16];
} NDIS_RW_LOCK_REFCOUNT;

typedef struct _NDIS_RW_LOCK {
	union {
		struct {
			KSPIN_LOCK SpinLock;
			PVOID Context;
		};
		UCHAR Reserved[16];
	};
	union {
		NDIS_RW_LOCK_REFCOUNT RefCount[MAXIMUM_PROCESSORS];
		ULONG RefCountEx[sizeof(NDIS_RW_LOCK_REFCOUNT) / sizeof(ULONG) *
				 MAXIMUM_PROCESSORS];
		struct {
			KSPIN_LOCK RefCountLock;
			volatile ULONG SharedRefCount;
			volatile BOOLEAN WriterWaiting;
		};
	};
} NDIS_RW_LOCK, *PNDIS_RW_LOCK;

typedef struct _LOCK_STATE {
	USHORT LockState;
	KIRQL OldIrql;
} LOCK_STATE, *PLOCK_STATE;

VOID NdisInitializeReadWriteLock(PNDIS_RW_LOCK Lock);
VOID NdisAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN fWrite, PLOCK_STATE LockState);
VOID NdisReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState);
VOID NdisDprAcquireReadWriteLock(PNDIS_RW_LOCK Lock, BOOLEAN fWrite, PLOCK_STATE LockState);
VOID NdisDprReleaseReadWriteLock(PNDIS_RW_LOCK Lock, PLOCK_STATE LockState);

/* ---- events, mutexes, waiting ---- */

typedef struct _NDIS_EVENT {
	KEVENT Event;
} NDIS_EVENT, *PNDIS_EVENT;

VOID NdisInitializeEvent(PNDIS_EVENT Event);
VOID NdisSetEvent(PNDIS_EVENT Event);
VOID NdisResetEvent(PNDIS_EVENT Event);
/* Waits up to that many milliseconds, 0: for ever. TRUE: the event was set. */
BOOLEAN NdisWaitEvent(PNDIS_EVENT Event, UINT MsToWait);
VOID NdisMSleep(ULONG MicrosecondsToSleep);
#define NdisStallExecution(microseconds) KeStallExecutionProcessor(microseconds)

typedef KMUTEX NDIS_MUTEX, *PNDIS_MUTEX;
#define NDIS_INIT_MUTEX(m)     KeInitializeMutex((m), 0xFFFF)
#define NDIS_WAIT_FOR_MUTEX(m) KeWaitForMutexObject((m), Executive, KernelMode, FALSE, NULL)
#define NDIS_RELEASE_MUTEX(m)  KeReleaseMutex((m), FALSE)

/* ---- timers ---- */

typedef VOID NDIS_TIMER_FUNCTION(PVOID SystemSpecific1, PVOID FunctionContext,
				 PVOID SystemSpecific2, PVOID SystemSpecific3);
typedef NDIS_TIMER_FUNCTION *PNDIS_TIMER_FUNCTION;

#define NDIS_TIMER_CHARACTERISTICS_REVISION_1 1
typedef struct _NDIS_TIMER_CHARACTERISTICS {
	NDIS_OBJECT_HEADER Header;
	ULONG AllocationTag;
	PNDIS_TIMER_FUNCTION TimerFunction;
	PVOID FunctionContext;
} NDIS_TIMER_CHARACTERISTICS, *PNDIS_TIMER_CHARACTERISTICS;
#define NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_TIMER_CHARACTERISTICS, FunctionContext)

NDIS_STATUS NdisAllocateTimerObject(NDIS_HANDLE NdisHandle,
				    PNDIS_TIMER_CHARACTERISTICS TimerCharacteristics,
				    PNDIS_HANDLE pTimerObject);
VOID NdisFreeTimerObject(NDIS_HANDLE TimerObject);
BOOLEAN NdisSetTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime, LONG MillisecondsPeriod,
			   PVOID FunctionContext);
BOOLEAN NdisSetCoalescableTimerObject(NDIS_HANDLE TimerObject, LARGE_INTEGER DueTime,
				      LONG MillisecondsPeriod, PVOID FunctionContext,
				      ULONG Tolerance);
BOOLEAN NdisCancelTimerObject(NDIS_HANDLE TimerObject);

/* ---- work items ---- */

typedef VOID NDIS_IO_WORKITEM(PVOID WorkItemContext, NDIS_HANDLE NdisIoWorkItemHandle);
typedef NDIS_IO_WORKITEM *NDIS_IO_WORKITEM_ROUTINE, NDIS_IO_WORKITEM_FUNCTION;

NDIS_HANDLE NdisAllocateIoWorkItem(NDIS_HANDLE NdisObjectHandle);
VOID NdisFreeIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle);
VOID NdisQueueIoWorkItem(NDIS_HANDLE NdisIoWorkItemHandle, NDIS_IO_WORKITEM_ROUTINE Routine,
			 PVOID WorkItemContext);

/* ---- time, versions, processors ---- */

ULONG NdisGetVersion(VOID);
VOID NdisGetCurrentSystemTime(PLARGE_INTEGER SystemTime);
VOID NdisGetSystemUpTimeEx(PLARGE_INTEGER pSystemUpTime);
ULONG NdisGetSharedDataAlignment(VOID);
PVOID NdisGetRoutineAddress(PNDIS_STRING NdisRoutineName);

ULONG NdisSystemProcessorCount(VOID);
ULONG NdisSystemActiveProcessorCount(PKAFFINITY ActiveProcessors);
ULONG NdisGroupActiveProcessorCount(USHORT Group);
KAFFINITY NdisGroupActiveProcessorMask(USHORT Group);
ULONG NdisGroupMaxProcessorCount(USHORT Group);
USHORT NdisActiveGroupCount(VOID);
USHORT NdisMaxGroupCount(VOID);
ULONG NdisCurrentProcessorIndex(VOID);
PROCESSOR_NUMBER NdisCurrentGroupAndProcessor(VOID);
ULONG NdisProcessorNumberToIndex(PROCESSOR_NUMBER ProcNum);
NDIS_STATUS NdisGetRssProcessorInformation(NDIS_HANDLE NdisHandle,
					   PNDIS_RSS_PROCESSOR_INFO RssProcessorInfo, PSIZE_T Size);

/* ---- strings ---- */

typedef ANSI_STRING NDIS_ANSI_STRING, *PNDIS_ANSI_STRING;
#define NdisInitUnicodeString(destination, source) RtlInitUnicodeString(destination, source)
#define NdisInitAnsiString(destination, source)    RtlInitAnsiString(destination, source)
#define NdisInitializeString OvmqInitializeString
/* A copy in pool, to be freed with NdisFreeString. */
VOID OvmqInitializeString(PNDIS_STRING Destination, PUCHAR Source);
#define NdisFreeString(s)    NdisFreeMemory((s).Buffer, (s).MaximumLength, 0)
#define NdisEqualString(a, b, nocase)        RtlEqualUnicodeString((a), (b), (nocase))
#define NdisEqualUnicodeString(a, b, nocase) RtlEqualUnicodeString((a), (b), (nocase))
NDIS_STATUS NdisUpcaseUnicodeString(PUNICODE_STRING DestinationString, PUNICODE_STRING SourceString);
#define NdisAnsiStringToUnicodeString(destination, source) \
	((NDIS_STATUS)RtlAnsiStringToUnicodeString((destination), (source), FALSE))
#define NdisUnicodeStringToAnsiString(destination, source) \
	((NDIS_STATUS)RtlUnicodeStringToAnsiString((destination), (source), FALSE))

/* ---- configuration (H15) ---- */

typedef enum _NDIS_PARAMETER_TYPE {
	NdisParameterInteger,
	NdisParameterHexInteger,
	NdisParameterString,
	NdisParameterMultiString,
	NdisParameterBinary
} NDIS_PARAMETER_TYPE, *PNDIS_PARAMETER_TYPE;

typedef struct _BINARY_DATA {
	USHORT Length;
	PVOID Buffer;
} BINARY_DATA;

typedef struct _NDIS_CONFIGURATION_PARAMETER {
	NDIS_PARAMETER_TYPE ParameterType;
	union {
		ULONG IntegerData;
		NDIS_STRING StringData;
		BINARY_DATA BinaryData;
	} ParameterData;
} NDIS_CONFIGURATION_PARAMETER, *PNDIS_CONFIGURATION_PARAMETER;

/* What the keywords Environment and ProcessorType, which nobody sets, read as. */
typedef enum _NDIS_ENVIRONMENT_TYPE {
	NdisEnvironmentWindows,
	NdisEnvironmentWindowsNt
} NDIS_ENVIRONMENT_TYPE, *PNDIS_ENVIRONMENT_TYPE;

typedef enum _NDIS_PROCESSOR_TYPE {
	NdisProcessorX86,
	NdisProcessorMips,
	NdisProcessorAlpha,
	NdisProcessorPpc,
	NdisProcessorAmd64,
	NdisProcessorIA64
} NDIS_PROCESSOR_TYPE, *PNDIS_PROCESSOR_TYPE;

#define NDIS_CONFIGURATION_OBJECT_REVISION_1 1
#define NDIS_CONFIG_FLAG_FILTER_INSTANCE_CONFIGURATION 0x00000001
typedef struct _NDIS_CONFIGURATION_OBJECT {
	NDIS_OBJECT_HEADER Header;
	NDIS_HANDLE NdisHandle;
	ULONG Flags;
} NDIS_CONFIGURATION_OBJECT, *PNDIS_CONFIGURATION_OBJECT;
#define NDIS_SIZEOF_CONFIGURATION_OBJECT_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_CONFIGURATION_OBJECT, Flags)

NDIS_STATUS NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
				    PNDIS_HANDLE ConfigurationHandle);
VOID NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
				    PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle);
VOID NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
				     ULONG Index, PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle);
VOID NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle);
VOID NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
			   NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
			   NDIS_PARAMETER_TYPE ParameterType);
VOID NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
			    PNDIS_STRING Keyword, PNDIS_CONFIGURATION_PARAMETER ParameterValue);
VOID NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress, PUINT NetworkAddressLength,
			    NDIS_HANDLE ConfigurationHandle);

/* ---- the event log ---- */

typedef ULONG NDIS_ERROR_CODE, *PNDIS_ERROR_CODE;
#define NDIS_ERROR_CODE_RESOURCE_CONFLICT              0xC0001388U
#define NDIS_ERROR_CODE_OUT_OF_RESOURCES               0xC0001389U
#define NDIS_ERROR_CODE_HARDWARE_FAILURE               0xC000138AU
#define NDIS_ERROR_CODE_ADAPTER_NOT_FOUND              0xC000138BU
#define NDIS_ERROR_CODE_INTERRUPT_CONNECT              0xC000138CU
#define NDIS_ERROR_CODE_DRIVER_FAILURE                 0xC000138DU
#define NDIS_ERROR_CODE_BAD_VERSION                    0xC000138EU
#define NDIS_ERROR_CODE_TIMEOUT                        0x8000138FU
#define NDIS_ERROR_CODE_NETWORK_ADDRESS                0xC0001390U
#define NDIS_ERROR_CODE_UNSUPPORTED_CONFIGURATION      0xC0001391U
#define NDIS_ERROR_CODE_INVALID_VALUE_FROM_ADAPTER     0xC0001392U
#define NDIS_ERROR_CODE_MISSING_CONFIGURATION_PARAMETER 0xC0001393U
#define NDIS_ERROR_CODE_BAD_IO_BASE_ADDRESS            0xC0001394U
#define NDIS_ERROR_CODE_RECEIVE_SPACE_SMALL            0x40001395U
#define NDIS_ERROR_CODE_ADAPTER_DISABLED               0x80001396U
VOID NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode,
			    ULONG NumberOfErrorValues, ...);
NDIS_STATUS NdisWriteEventLogEntry(PVOID LogHandle, NDIS_STATUS EventCode, ULONG UniqueEventValue,
				   USHORT NumStrings, PVOID StringsList, ULONG DataSize, PVOID Data);

/* ---- device objects ---- */

#define NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 1
typedef struct _NDIS_DEVICE_OBJECT_ATTRIBUTES {
	NDIS_OBJECT_HEADER Header;
	PNDIS_STRING DeviceName;
	PNDIS_STRING SymbolicName;
	PDRIVER_DISPATCH *MajorFunctions;
	ULONG ExtensionSize;
	PCUNICODE_STRING DefaultSDDLString;
	LPCGUID DeviceClassGuid;
} NDIS_DEVICE_OBJECT_ATTRIBUTES, *PNDIS_DEVICE_OBJECT_ATTRIBUTES;
#define NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 \
	RTL_SIZEOF_THROUGH_FIELD(NDIS_DEVICE_OBJECT_ATTRIBUTES, DeviceClassGuid)

NDIS_STATUS NdisRegisterDeviceEx(NDIS_HANDLE NdisObjectHandle,
				 PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
				 PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle);
VOID NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle);
PVOID NdisGetDeviceReservedExtension(PDEVICE_OBJECT DeviceObject);

/* ---- generic objects ---- */

#define NDIS_GENERIC_OBJECT_REVISION_1 1
typedef struct _NDIS_GENERIC_OBJECT {
	NDIS_OBJECT_HEADER Header;
	PVOID Caller;
	PVOID CallersCaller;
	PDRIVER_OBJECT DriverObject;
} NDIS_GENERIC_OBJECT, *PNDIS_GENERIC_OBJECT;
PNDIS_GENERIC_OBJECT NdisAllocateGenericObject(PDRIVER_OBJECT DriverObject, ULONG Tag, USHORT Size);
VOID NdisFreeGenericObject(PNDIS_GENERIC_OBJECT NdisObject);

/* ---- addresses ---- */

#define NdisSetPhysicalAddressHigh(a, v) ((a).HighPart = (LONG)(v))
#define NdisSetPhysicalAddressLow(a, v)  ((a).LowPart = (ULONG)(v))
#define NdisGetPhysicalAddressHigh(a)    ((a).HighPart)
#define NdisGetPhysicalAddressLow(a)     ((a).LowPart)
#define NDIS_PHYSICAL_ADDRESS_CONST(low, high) { { (ULONG)(low), (LONG)(high) } }

#define ETH_LENGTH_OF_ADDRESS   6
#define ETH_IS_MULTICAST(a)     ((((PUCHAR)(a))[0] & 1) != 0)
#define ETH_IS_BROADCAST(a) \
	(memcmp((a), "\xff\xff\xff\xff\xff\xff", ETH_LENGTH_OF_ADDRESS) == 0)
#define ETH_IS_EMPTY(a)         (memcmp((a), "\0\0\0\0\0\0", ETH_LENGTH_OF_ADDRESS) == 0)
#define ETH_IS_LOCALLY_ADMINISTERED(a) ((((PUCHAR)(a))[0] & 2) != 0)
#define ETH_COPY_NETWORK_ADDRESS(to, from) memcpy((to), (from), ETH_LENGTH_OF_ADDRESS)
#define ETH_COMPARE_NETWORK_ADDRESSES_EQ(a, b, result) \
	((void)(*(result) = memcmp((a), (b), ETH_LENGTH_OF_ADDRESS) != 0))

EXTERN_C_END

#endif
