/* SPDX-License-Identifier: BSD-2-Clause */
/* What drivers say (at debug level), assertions, break points, the version. */
#include <wdm.h>

#include <signal.h>
#include <stdlib.h>

#include "base/log.h"
#include "kernel/format.h"

#define LINE 512   /* a longer message is cut, as Windows cuts it */

/* The Windows that drivers find here. */
#define VERSION_MAJOR 10
#define VERSION_MINOR 0
#define VERSION_BUILD 19045
#define VER_PLATFORM_WIN32_NT 2

ULONG vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format,
			    va_list arglist)
{
	char text[LINE];
	size_t n = strnlen(Prefix, sizeof(text) - 1);

	(void)ComponentId;
	(void)Level;
	memcpy(text, Prefix, n);
	n += format_narrow(text + n, sizeof(text) - n, Format, arglist);
	if (n > sizeof(text) - 1)
		n = sizeof(text) - 1;
	while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
		n--;
	text[n] = '\0';
	if (n)
		log_debug("%s", text);
	return STATUS_SUCCESS;
}

ULONG vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list arglist)
{
	return vDbgPrintExWithPrefix("", ComponentId, Level, Format, arglist);
}

ULONG DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
	va_list args;
	ULONG status;

	va_start(args, Format);
	status = vDbgPrintEx(ComponentId, Level, Format, args);
	va_end(args);
	return status;
}

ULONG DbgPrint(PCSTR Format, ...)
{
	va_list args;
	ULONG status;

	va_start(args, Format);
	status = vDbgPrintEx(DPFLTR_DEFAULT_ID, DPFLTR_INFO_LEVEL, Format, args);
	va_end(args);
	return status;
}

/* A debugger stops here; without one the process ends, as Windows does. */
VOID DbgBreakPoint(VOID)
{
	log_error("a driver has hit a break point");
	raise(SIGTRAP);
}

VOID RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage)
{
	log_error("%s:%u: a driver's assertion fails: %s%s%s", (const char *)VoidFileName,
		  LineNumber, (const char *)VoidFailedAssertion, MutableMessage ? ": " : "",
		  MutableMessage ? MutableMessage : "");
	abort();
}

VOID OvmqFailFast(ULONG Code)
{
	log_error("a driver ends the process: fail fast code %u", Code);
	abort();
}

/* ---- versions ---- */

NTSTATUS RtlGetVersion(PRTL_OSVERSIONINFOW VersionInformation)
{
	ULONG size = VersionInformation->dwOSVersionInfoSize;

	if (size != sizeof(RTL_OSVERSIONINFOW) && size != sizeof(RTL_OSVERSIONINFOEXW))
		return STATUS_INVALID_PARAMETER;
	RtlZeroMemory(VersionInformation, size);
	VersionInformation->dwOSVersionInfoSize = size;
	VersionInformation->dwMajorVersion = VERSION_MAJOR;
	VersionInformation->dwMinorVersion = VERSION_MINOR;
	VersionInformation->dwBuildNumber = VERSION_BUILD;
	VersionInformation->dwPlatformId = VER_PLATFORM_WIN32_NT;
	if (size == sizeof(RTL_OSVERSIONINFOEXW))
		((PRTL_OSVERSIONINFOEXW)VersionInformation)->wProductType = VER_NT_SERVER;
	return STATUS_SUCCESS;
}

/* Each condition has three bits, at the place of its bit in the type mask. */
ULONGLONG VerSetConditionMask(ULONGLONG ConditionMask, ULONG TypeMask, UCHAR Condition)
{
	for (unsigned bit = 0; bit < 8; bit++)
		if (TypeMask >> bit & 1)
			ConditionMask |= (ULONGLONG)(Condition & 7) << 3 * bit;
	return ConditionMask;
}

/* Whether 'have' stands to 'want' as the condition says; '*decided' when the next,
 * less significant part does not matter any more. */
static BOOLEAN compare(ULONG have, ULONG want, unsigned condition, BOOLEAN *decided)
{
	*decided = have != want;
	switch (condition) {
	case VER_EQUAL:         return have == want;
	case VER_GREATER:       return have > want;
	case VER_GREATER_EQUAL: return have >= want;
	case VER_LESS:          return have < want;
	case VER_LESS_EQUAL:    return have <= want;
	default:                return FALSE;
	}
}

NTSTATUS RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW VersionInfo, ULONG TypeMask,
			      ULONGLONG ConditionMask)
{
	/* From the most significant part on; major and minor are one number. */
	const struct { ULONG type, have, want; } parts[] = {
		{ VER_MAJORVERSION, VERSION_MAJOR, VersionInfo->dwMajorVersion },
		{ VER_MINORVERSION, VERSION_MINOR, VersionInfo->dwMinorVersion },
		{ VER_SERVICEPACKMAJOR, 0, VersionInfo->wServicePackMajor },
		{ VER_SERVICEPACKMINOR, 0, VersionInfo->wServicePackMinor },
	};
	BOOLEAN decided = FALSE, fits = TRUE;
	unsigned condition;

	if (!TypeMask || !ConditionMask)
		return STATUS_INVALID_PARAMETER;
	for (unsigned i = 0; i < RTL_NUMBER_OF(parts) && !decided; i++) {
		if (!(TypeMask & parts[i].type))
			continue;
		condition = ConditionMask >> 3 * (unsigned)__builtin_ctz(parts[i].type) & 7;
		fits = compare(parts[i].have, parts[i].want, condition, &decided);
	}
	condition = ConditionMask >> 3 * (unsigned)__builtin_ctz(VER_BUILDNUMBER) & 7;
	if (fits && (TypeMask & VER_BUILDNUMBER))
		fits = compare(VERSION_BUILD, VersionInfo->dwBuildNumber, condition, &decided);
	condition = ConditionMask >> 3 * (unsigned)__builtin_ctz(VER_PRODUCT_TYPE) & 7;
	if (fits && (TypeMask & VER_PRODUCT_TYPE))
		fits = compare(VER_NT_SERVER, VersionInfo->wProductType, condition, &decided);
	return fits ? STATUS_SUCCESS : STATUS_REVISION_MISMATCH;
}
