/* SPDX-License-Identifier: BSD-2-Clause */
/* Counted strings: init, copy, append, compare, upcase, release. */
#include <wdm.h>

#include "kernel/unicode.h"

#define STRING_TAG 0x53527452u   /* "RtRS" */

/* A string longer than the count can hold is cut to the largest even count. */
static USHORT byte_count(size_t bytes)
{
	return (USHORT)(bytes > UNICODE_STRING_MAX_BYTES - sizeof(WCHAR) ?
			UNICODE_STRING_MAX_BYTES - sizeof(WCHAR) : bytes);
}

VOID RtlInitUnicodeString(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
	DestinationString->Buffer = (PWCH)(ULONG_PTR)SourceString;
	DestinationString->Length = DestinationString->MaximumLength = 0;
	if (!SourceString)
		return;
	DestinationString->Length = byte_count(wide_length(SourceString) * sizeof(WCHAR));
	DestinationString->MaximumLength = (USHORT)(DestinationString->Length + sizeof(WCHAR));
}

NTSTATUS RtlInitUnicodeStringEx(PUNICODE_STRING DestinationString, PCWSTR SourceString)
{
	if (SourceString && wide_length(SourceString) >= UNICODE_STRING_MAX_CHARS) {
		RtlZeroMemory(DestinationString, sizeof(*DestinationString));
		return STATUS_NAME_TOO_LONG;
	}
	RtlInitUnicodeString(DestinationString, SourceString);
	return STATUS_SUCCESS;
}

VOID RtlInitString(PSTRING DestinationString, PCSZ SourceString)
{
	DestinationString->Buffer = (PCHAR)(ULONG_PTR)SourceString;
	DestinationString->Length = DestinationString->MaximumLength = 0;
	if (!SourceString)
		return;
	DestinationString->Length = byte_count(strlen(SourceString));
	DestinationString->MaximumLength = (USHORT)(DestinationString->Length + 1);
}

VOID RtlInitAnsiString(PANSI_STRING DestinationString, PCSZ SourceString)
{
	RtlInitString(DestinationString, SourceString);
}

/* ---- comparison ---- */

static WCHAR fold(WCHAR c, BOOLEAN insensitive)
{
	return insensitive ? RtlUpcaseUnicodeChar(c) : c;
}

LONG RtlCompareUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			     BOOLEAN CaseInSensitive)
{
	size_t n1 = String1->Length / sizeof(WCHAR), n2 = String2->Length / sizeof(WCHAR);

	for (size_t i = 0; i < n1 && i < n2; i++) {
		LONG difference = fold(String1->Buffer[i], CaseInSensitive) -
				  fold(String2->Buffer[i], CaseInSensitive);

		if (difference)
			return difference;
	}
	return (LONG)String1->Length - (LONG)String2->Length;
}

BOOLEAN RtlEqualUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			      BOOLEAN CaseInSensitive)
{
	return String1->Length == String2->Length &&
	       RtlCompareUnicodeString(String1, String2, CaseInSensitive) == 0;
}

BOOLEAN RtlPrefixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2,
			       BOOLEAN CaseInSensitive)
{
	UNICODE_STRING start = *String2;

	if (String1->Length > String2->Length)
		return FALSE;
	start.Length = String1->Length;
	return RtlEqualUnicodeString(String1, &start, CaseInSensitive);
}

LONG RtlCompareString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
	for (size_t i = 0; i < String1->Length && i < String2->Length; i++) {
		CHAR a = String1->Buffer[i], b = String2->Buffer[i];
		LONG difference = CaseInSensitive ?
			(UCHAR)RtlUpperChar(a) - (UCHAR)RtlUpperChar(b) : (UCHAR)a - (UCHAR)b;

		if (difference)
			return difference;
	}
	return (LONG)String1->Length - (LONG)String2->Length;
}

BOOLEAN RtlEqualString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
	return String1->Length == String2->Length &&
	       RtlCompareString(String1, String2, CaseInSensitive) == 0;
}

BOOLEAN RtlPrefixString(const STRING *String1, const STRING *String2, BOOLEAN CaseInSensitive)
{
	STRING start = *String2;

	if (String1->Length > String2->Length)
		return FALSE;
	start.Length = String1->Length;
	return RtlEqualString(String1, &start, CaseInSensitive);
}

/* ---- copying ---- */

/* Ends the string with a zero where there is room for one. */
static void terminate(PUNICODE_STRING s)
{
	if (s->Length + sizeof(WCHAR) <= s->MaximumLength)
		s->Buffer[s->Length / sizeof(WCHAR)] = UNICODE_NULL;
}

/* As much as there is room for. */
VOID RtlCopyUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString)
{
	USHORT n = SourceString ? SourceString->Length : 0;

	if (n > DestinationString->MaximumLength)
		n = (USHORT)(DestinationString->MaximumLength & ~1);
	if (n)
		memmove(DestinationString->Buffer, SourceString->Buffer, n);
	DestinationString->Length = n;
	terminate(DestinationString);
}

VOID RtlCopyString(PSTRING DestinationString, const STRING *SourceString)
{
	USHORT n = SourceString ? SourceString->Length : 0;

	if (n > DestinationString->MaximumLength)
		n = DestinationString->MaximumLength;
	if (n)
		memmove(DestinationString->Buffer, SourceString->Buffer, n);
	DestinationString->Length = n;
}

NTSTATUS RtlAppendUnicodeStringToString(PUNICODE_STRING Destination, PCUNICODE_STRING Source)
{
	if (Source->Length > Destination->MaximumLength - Destination->Length)
		return STATUS_BUFFER_TOO_SMALL;
	if (Source->Length)
		memmove((PCHAR)Destination->Buffer + Destination->Length, Source->Buffer,
			Source->Length);
	Destination->Length = (USHORT)(Destination->Length + Source->Length);
	terminate(Destination);
	return STATUS_SUCCESS;
}

NTSTATUS RtlAppendUnicodeToString(PUNICODE_STRING Destination, PCWSTR Source)
{
	UNICODE_STRING s;

	if (!Source)
		return STATUS_SUCCESS;
	if (wide_length(Source) * sizeof(WCHAR) > UNICODE_STRING_MAX_BYTES)
		return STATUS_BUFFER_TOO_SMALL;
	RtlInitUnicodeString(&s, Source);
	return RtlAppendUnicodeStringToString(Destination, &s);
}

/* ---- strings in pool ---- */

/* Room for 'bytes' in 's': its own, or new pool when 'allocate'. */
static NTSTATUS make_room(PVOID *buffer, PUSHORT maximum, size_t bytes, BOOLEAN allocate)
{
	if (bytes > UNICODE_STRING_MAX_BYTES)
		return STATUS_INVALID_PARAMETER_2;
	if (!allocate)
		return bytes <= *maximum ? STATUS_SUCCESS : STATUS_BUFFER_OVERFLOW;
	*buffer = ExAllocatePoolUninitialized(PagedPool, bytes, STRING_TAG);
	if (!*buffer)
		return STATUS_NO_MEMORY;
	*maximum = (USHORT)bytes;
	return STATUS_SUCCESS;
}

NTSTATUS RtlUpcaseUnicodeString(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString,
				BOOLEAN AllocateDestinationString)
{
	NTSTATUS status = make_room((PVOID *)&DestinationString->Buffer,
				    &DestinationString->MaximumLength, SourceString->Length,
				    AllocateDestinationString);

	if (status != STATUS_SUCCESS)
		return status;
	for (size_t i = 0; i < SourceString->Length / sizeof(WCHAR); i++)
		DestinationString->Buffer[i] = RtlUpcaseUnicodeChar(SourceString->Buffer[i]);
	DestinationString->Length = SourceString->Length;
	return STATUS_SUCCESS;
}

ULONG RtlUnicodeStringToAnsiSize(PCUNICODE_STRING UnicodeString)
{
	size_t n = UnicodeString->Length / sizeof(WCHAR), bytes = 1;
	char c[4];

	for (size_t i = 0; i < n;)
		bytes += utf8_put(utf16_take(UnicodeString->Buffer, n, &i), c);
	return (ULONG)bytes;
}

ULONG RtlAnsiStringToUnicodeSize(PCANSI_STRING AnsiString)
{
	size_t units = 1;
	WCHAR c[2];

	for (size_t i = 0; i < AnsiString->Length;)
		units += utf16_put(utf8_take(AnsiString->Buffer, AnsiString->Length, &i), c);
	return (ULONG)(units * sizeof(WCHAR));
}

NTSTATUS RtlUnicodeStringToAnsiString(PANSI_STRING DestinationString, PCUNICODE_STRING SourceString,
				      BOOLEAN AllocateDestinationString)
{
	size_t n = SourceString->Length / sizeof(WCHAR), out = 0;
	NTSTATUS status = make_room((PVOID *)&DestinationString->Buffer,
				    &DestinationString->MaximumLength,
				    RtlUnicodeStringToAnsiSize(SourceString),
				    AllocateDestinationString);

	/* Too little room: nothing is written that is no whole string. */
	if (status != STATUS_SUCCESS)
		return status;
	for (size_t i = 0; i < n;)
		out += utf8_put(utf16_take(SourceString->Buffer, n, &i),
				DestinationString->Buffer + out);
	DestinationString->Buffer[out] = '\0';
	DestinationString->Length = (USHORT)out;
	return STATUS_SUCCESS;
}

NTSTATUS RtlAnsiStringToUnicodeString(PUNICODE_STRING DestinationString, PCANSI_STRING SourceString,
				      BOOLEAN AllocateDestinationString)
{
	size_t out = 0;
	NTSTATUS status = make_room((PVOID *)&DestinationString->Buffer,
				    &DestinationString->MaximumLength,
				    RtlAnsiStringToUnicodeSize(SourceString),
				    AllocateDestinationString);

	if (status != STATUS_SUCCESS)
		return status;
	for (size_t i = 0; i < SourceString->Length;)
		out += utf16_put(utf8_take(SourceString->Buffer, SourceString->Length, &i),
				 DestinationString->Buffer + out);
	DestinationString->Buffer[out] = UNICODE_NULL;
	DestinationString->Length = (USHORT)(out * sizeof(WCHAR));
	return STATUS_SUCCESS;
}

VOID RtlFreeUnicodeString(PUNICODE_STRING UnicodeString)
{
	if (UnicodeString->Buffer)
		ExFreePool(UnicodeString->Buffer);
	RtlZeroMemory(UnicodeString, sizeof(*UnicodeString));
}

VOID RtlFreeAnsiString(PANSI_STRING AnsiString)
{
	if (AnsiString->Buffer)
		ExFreePool(AnsiString->Buffer);
	RtlZeroMemory(AnsiString, sizeof(*AnsiString));
}

SIZE_T RtlCompareMemory(const VOID *Source1, const VOID *Source2, SIZE_T Length)
{
	const UCHAR *a = Source1, *b = Source2;
	SIZE_T n = 0;

	while (n < Length && a[n] == b[n])
		n++;
	return n;
}
