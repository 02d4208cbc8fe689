/* SPDX-License-Identifier: BSD-2-Clause */
/* Strings that know their room: ntstrsafe.h for both widths, and counted ones. */
#include <ntstrsafe.h>

#include <stdbool.h>

#include "kernel/format.h"
#include "kernel/unicode.h"

#define STRING_TAG 0x53527452u   /* "RtRS" */

#define CHARACTER char
#define NAME(x) x##A
#define FORMAT format_narrow
#include "kernel/strsafe_body.h"
#undef CHARACTER
#undef NAME
#undef FORMAT

#define CHARACTER WCHAR
#define NAME(x) x##W
#define FORMAT format_wide
#include "kernel/strsafe_body.h"

/* ---- counted strings: no closing zero is needed ---- */

static bool well_formed(PCUNICODE_STRING s)
{
	return s && s->Length % 2 == 0 && s->MaximumLength % 2 == 0 &&
	       s->Length <= s->MaximumLength && (s->Buffer || !s->MaximumLength);
}

/* Puts 'n' characters behind the first 'at'; what does not fit is cut off. */
static NTSTATUS put(PUNICODE_STRING dest, size_t at, const WCHAR *src, size_t n)
{
	size_t room = dest->MaximumLength / sizeof(WCHAR) - at, take = n < room ? n : room;

	if (take)
		memmove(dest->Buffer + at, src, take * sizeof(WCHAR));
	dest->Length = (USHORT)((at + take) * sizeof(WCHAR));
	return take < n ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS RtlUnicodeStringInit(PUNICODE_STRING DestinationString, PCWSTR pszSrc)
{
	return RtlInitUnicodeStringEx(DestinationString, pszSrc) == STATUS_SUCCESS ?
	       STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
}

NTSTATUS RtlUnicodeStringCopyString(PUNICODE_STRING DestinationString, PCWSTR pszSrc)
{
	if (!well_formed(DestinationString))
		return STATUS_INVALID_PARAMETER;
	return put(DestinationString, 0, pszSrc, wide_length(pszSrc));
}

NTSTATUS RtlUnicodeStringCopy(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
	if (!well_formed(DestinationString) || !well_formed(SourceString))
		return STATUS_INVALID_PARAMETER;
	return put(DestinationString, 0, SourceString->Buffer, SourceString->Length / sizeof(WCHAR));
}

NTSTATUS RtlUnicodeStringCatString(PUNICODE_STRING DestinationString, PCWSTR pszSrc)
{
	if (!well_formed(DestinationString))
		return STATUS_INVALID_PARAMETER;
	return put(DestinationString, DestinationString->Length / sizeof(WCHAR), pszSrc,
		   wide_length(pszSrc));
}

NTSTATUS RtlUnicodeStringCat(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
	if (!well_formed(DestinationString) || !well_formed(SourceString))
		return STATUS_INVALID_PARAMETER;
	return put(DestinationString, DestinationString->Length / sizeof(WCHAR),
		   SourceString->Buffer, SourceString->Length / sizeof(WCHAR));
}

NTSTATUS RtlUnicodeStringVPrintf(PUNICODE_STRING DestinationString, PCWSTR pszFormat,
				 va_list argList)
{
	NTSTATUS status;
	WCHAR *text;
	size_t n;

	if (!well_formed(DestinationString) || !pszFormat)
		return STATUS_INVALID_PARAMETER;
	/* The formatter ends its text with a zero, for which there may be no room. */
	n = format_wide(NULL, 0, pszFormat, argList);
	text = ExAllocatePoolUninitialized(PagedPool, (n + 1) * sizeof(WCHAR), STRING_TAG);
	if (!text)
		return STATUS_INSUFFICIENT_RESOURCES;
	format_wide(text, n + 1, pszFormat, argList);
	status = put(DestinationString, 0, text, n);
	ExFreePool(text);
	return status;
}

NTSTATUS RtlUnicodeStringPrintf(PUNICODE_STRING DestinationString, PCWSTR pszFormat, ...)
{
	NTSTATUS status;
	va_list args;

	va_start(args, pszFormat);
	status = RtlUnicodeStringVPrintf(DestinationString, pszFormat, args);
	va_end(args);
	return status;
}
