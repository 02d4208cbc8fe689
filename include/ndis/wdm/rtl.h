/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory, strings, assertions, debug output, bitmaps (part of wdm.h). */
#ifndef OVMQ_WDM_RTL_H
#define OVMQ_WDM_RTL_H

#include <ntdef.h>
#include <ntstatus.h>
#include <wdm/seh.h>

EXTERN_C_START

/* ---- memory ---- */

#define RtlCopyMemory(to, from, n)   memcpy((to), (from), (n))
#define RtlMoveMemory(to, from, n)   memmove((to), (from), (n))
#define RtlFillMemory(to, n, byte)   memset((to), (byte), (n))
#define RtlZeroMemory(to, n)         memset((to), 0, (n))
#define RtlEqualMemory(a, b, n)      (memcmp((a), (b), (n)) == 0)
#define RtlCopyBytes                 RtlCopyMemory
#define RtlZeroBytes                 RtlZeroMemory
#define RtlFillBytes                 RtlFillMemory
/* How many bytes are equal from the start. */
SIZE_T RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length);

FORCEINLINE PVOID RtlSecureZeroMemory(PVOID Pointer, SIZE_T Length)
{
	volatile UCHAR *p = (volatile UCHAR *)Pointer;

	while (Length-- > 0)
		*p++ = 0;
	return Pointer;
}

/* ---- strings ---- */

VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString);
VOID RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString);
VOID RtlInitString(PSTRING DestinationString, PCSZ SourceString);
NTSTATUS RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString);

FORCEINLINE VOID RtlInitEmptyUnicodeString(PUNICODE_STRING DestinationString, PWCHAR Buffer,
					   USHORT BufferSize)
{
	DestinationString->Length = 0;
	DestinationString->MaximumLength = BufferSize;
	DestinationString->Buffer = Buffer;
}

FORCEINLINE VOID RtlInitEmptyAnsiString(PANSI_STRING DestinationString, PCHAR Buffer,
					USHORT BufferSize)
{
	DestinationString->Length = 0;
	DestinationString->MaximumLength = BufferSize;
	DestinationString->Buffer = Buffer;
}

/* ANSI strings are UTF-8 here. */
WCHAR RtlUpcaseUnicodeChar(WCHAR SourceCharacter);
CHAR RtlUpperChar(CHAR Character);
BOOLEAN RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			       BOOLEAN CaseInSensitive);
BOOLEAN RtlPrefixString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive);
LONG RtlCompareString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive);
VOID RtlCopyString(PSTRING DestinationString, const STRING *SourceString);
/* Bytes that the converted string takes, with its zero. */
ULONG RtlUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString);
ULONG RtlAnsiStringToUnicodeSize(PCANSI_STRING AnsiString);
BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive);
LONG RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive);
BOOLEAN RtlEqualString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive);
VOID RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString);
NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source);
NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source);
NTSTATUS RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
				BOOLEAN AllocateDestinationString);
NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
				      BOOLEAN AllocateDestinationString);
NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
				      BOOLEAN AllocateDestinationString);
VOID RtlFreeUnicodeString(PUNICODE_STRING UnicodeString);
VOID RtlFreeAnsiString(PANSI_STRING AnsiString);
NTSTATUS RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value);
NTSTATUS RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String);
NTSTATUS RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String);
NTSTATUS RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid);
NTSTATUS RtlStringFromGUID(const GUID *Guid, PUNICODE_STRING GuidString);
ULONG RtlNtStatusToDosErrorNoTeb(NTSTATUS Status);
ULONG RtlNtStatusToDosError(NTSTATUS Status);

/* ---- random numbers, dates ---- */

ULONG RtlRandomEx(PULONG Seed);

typedef struct _TIME_FIELDS {
	CSHORT Year;            /* 1601 and on */
	CSHORT Month;           /* 1 .. 12 */
	CSHORT Day;
	CSHORT Hour;
	CSHORT Minute;
	CSHORT Second;
	CSHORT Milliseconds;
	CSHORT Weekday;         /* 0: Sunday */
} TIME_FIELDS, *PTIME_FIELDS;

VOID RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields);
BOOLEAN RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time);

#ifdef __cplusplus
EXTERN_C_END
inline bool operator==(const GUID &a, const GUID &b) { return memcmp(&a, &b, sizeof(GUID)) == 0; }
inline bool operator!=(const GUID &a, const GUID &b) { return !(a == b); }
EXTERN_C_START
#define IsEqualGUID(a, b) ((a) == (b))
#else
#define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#endif

/* ---- bits ---- */

typedef struct _RTL_BITMAP {
	ULONG SizeOfBitMap;
	PULONG Buffer;
} RTL_BITMAP, *PRTL_BITMAP;

VOID RtlInitializeBitMap(PRTL_BITMAP BitMapHeader, PULONG BitMapBuffer, ULONG SizeOfBitMap);
VOID RtlSetBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber);
VOID RtlClearBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber);
BOOLEAN RtlTestBit(PRTL_BITMAP BitMapHeader, ULONG BitNumber);
BOOLEAN RtlCheckBit(PRTL_BITMAP BitMapHeader, ULONG BitPosition);
VOID RtlSetAllBits(PRTL_BITMAP BitMapHeader);
VOID RtlClearAllBits(PRTL_BITMAP BitMapHeader);
VOID RtlSetBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToSet);
VOID RtlClearBits(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG NumberToClear);
ULONG RtlFindClearBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex);
ULONG RtlFindClearBitsAndSet(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex);
ULONG RtlFindSetBits(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex);
ULONG RtlFindSetBitsAndClear(PRTL_BITMAP BitMapHeader, ULONG NumberToFind, ULONG HintIndex);
BOOLEAN RtlAreBitsSet(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length);
BOOLEAN RtlAreBitsClear(PRTL_BITMAP BitMapHeader, ULONG StartingIndex, ULONG Length);
ULONG RtlNumberOfSetBits(PRTL_BITMAP BitMapHeader);
ULONG RtlNumberOfClearBits(PRTL_BITMAP BitMapHeader);

FORCEINLINE ULONG RtlNumberOfSetBitsUlongPtr(ULONG_PTR Target)
{
	return (ULONG)__builtin_popcountl(Target);
}

/* -1 when no bit is set. */
FORCEINLINE CCHAR RtlFindLeastSignificantBit(ULONGLONG Set)
{
	return (CCHAR)(Set == 0 ? -1 : __builtin_ctzl(Set));
}

FORCEINLINE CCHAR RtlFindMostSignificantBit(ULONGLONG Set)
{
	return (CCHAR)(Set == 0 ? -1 : 63 - __builtin_clzl(Set));
}

/* ---- assertions ---- */

VOID RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage);

#if defined(DBG) && DBG
#define OVMQ_CHECK(e) \
	((e) ? (void)0 : RtlAssert((PVOID)(ULONG_PTR)#e, (PVOID)(ULONG_PTR)__FILE__, __LINE__, NULL))
#define ASSERTMSG(msg, e) \
	((e) ? (void)0 : RtlAssert((PVOID)(ULONG_PTR)#e, (PVOID)(ULONG_PTR)__FILE__, __LINE__, \
				   (PSTR)(ULONG_PTR)(msg)))
#define ASSERT(e)        OVMQ_CHECK(e)
#define NT_ASSERT(e)     OVMQ_CHECK(e)
#else
#define ASSERT(e)         ((void)0)
#define ASSERTMSG(msg, e) ((void)0)
#define NT_ASSERT(e)      ((void)0)
#endif
/* Looks in every build, tells in a checked one, and is TRUE when it holds. */
FORCEINLINE BOOLEAN OvmqVerify(BOOLEAN Holds, PCSTR Expression, PCSTR File, ULONG Line)
{
	if (!Holds) {
#if defined(DBG) && DBG
		RtlAssert((PVOID)(ULONG_PTR)Expression, (PVOID)(ULONG_PTR)File, Line, NULL);
#endif
		UNREFERENCED_PARAMETER(Expression);
		UNREFERENCED_PARAMETER(File);
		UNREFERENCED_PARAMETER(Line);
	}
	return Holds;
}
#define NT_VERIFY(e)      OvmqVerify((e) ? TRUE : FALSE, #e, __FILE__, __LINE__)
#define NT_ASSERTMSG(msg, e)  ASSERTMSG(msg, e)
#define NT_ASSERT_ASSUME(e)   NT_ASSERT(e)
#define NT_FRE_ASSERT(e) \
	((e) ? (void)0 : RtlAssert((PVOID)(ULONG_PTR)#e, (PVOID)(ULONG_PTR)__FILE__, __LINE__, NULL))
#define RTL_VERIFY(e)         NT_VERIFY(e)

/* Tells the code and ends the process. */
DECLSPEC_NORETURN VOID OvmqFailFast(ULONG Code);
#define __debugbreak()    DbgBreakPoint()
#define __fastfail(code)  OvmqFailFast(code)
#define RtlFailFast(code) OvmqFailFast(code)
#define FAST_FAIL_FATAL_APP_EXIT     7
#define FAST_FAIL_INVALID_ARG        5
#define FAST_FAIL_CORRUPT_LIST_ENTRY 3
#define FAST_FAIL_INVALID_REFERENCE_COUNT 14
#define FAST_FAIL_INVALID_NEXT_THREAD     30

/* ---- debug output: at level debug of the log, in Windows' formats ---- */

#define DPFLTR_ERROR_LEVEL   0
#define DPFLTR_WARNING_LEVEL 1
#define DPFLTR_TRACE_LEVEL   2
#define DPFLTR_INFO_LEVEL    3
#define DPFLTR_MASK          0x80000000U
#define DPFLTR_DEFAULT_ID    101
#define DPFLTR_IHVNETWORK_ID 80
#define DPFLTR_IHVDRIVER_ID  77

ULONG DbgPrint(PCSTR Format, ...);
ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...);
ULONG vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist);
ULONG vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format,
			    va_list arglist);
VOID DbgBreakPoint(VOID);
#define DbgRaiseAssertionFailure() __builtin_trap()
#if defined(DBG) && DBG
#define KdPrint(args)   DbgPrint args
#define KdPrintEx(args) DbgPrintEx args
#define KdBreakPoint()  DbgBreakPoint()
#else
#define KdPrint(args)   ((void)0)
#define KdPrintEx(args) ((void)0)
#define KdBreakPoint()  ((void)0)
#endif

/* ---- versions ---- */

typedef struct _OSVERSIONINFOW {
	ULONG dwOSVersionInfoSize;
	ULONG dwMajorVersion;
	ULONG dwMinorVersion;
	ULONG dwBuildNumber;
	ULONG dwPlatformId;
	WCHAR szCSDVersion[128];
} OSVERSIONINFOW, *POSVERSIONINFOW, RTL_OSVERSIONINFOW, *PRTL_OSVERSIONINFOW;

typedef struct _OSVERSIONINFOEXW {
	ULONG dwOSVersionInfoSize;
	ULONG dwMajorVersion;
	ULONG dwMinorVersion;
	ULONG dwBuildNumber;
	ULONG dwPlatformId;
	WCHAR szCSDVersion[128];
	USHORT wServicePackMajor;
	USHORT wServicePackMinor;
	USHORT wSuiteMask;
	UCHAR wProductType;
	UCHAR wReserved;
} OSVERSIONINFOEXW, *POSVERSIONINFOEXW, RTL_OSVERSIONINFOEXW, *PRTL_OSVERSIONINFOEXW;

#define VER_MINORVERSION     0x01
#define VER_MAJORVERSION     0x02
#define VER_BUILDNUMBER      0x04
#define VER_PLATFORMID       0x08
#define VER_SERVICEPACKMINOR 0x10
#define VER_SERVICEPACKMAJOR 0x20
#define VER_SUITENAME        0x40
#define VER_PRODUCT_TYPE     0x80
#define VER_EQUAL         1
#define VER_GREATER       2
#define VER_GREATER_EQUAL 3
#define VER_LESS          4
#define VER_LESS_EQUAL    5
#define VER_NT_WORKSTATION       1
#define VER_NT_DOMAIN_CONTROLLER 2
#define VER_NT_SERVER            3

/* This is Windows 10, as a server. */
NTSTATUS RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation);
ULONGLONG VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition);
#define VER_SET_CONDITION(mask, type, condition) \
	((mask) = VerSetConditionMask((mask), (type), (condition)))
NTSTATUS RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask,
			      ULONGLONG ConditionMask);

EXTERN_C_END

#endif
