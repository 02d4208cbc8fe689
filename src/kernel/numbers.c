/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and GUIDs as strings; status codes as DOS errors; random numbers; dates. */
#include <wdm.h>

#include <stdio.h>

#include "kernel/unicode.h"

#define GUID_CHARACTERS 38   /* {8-4-4-4-12} */
#define GUID_TAG        0x44495547u

static int digit(WCHAR c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	       c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Base 0: by its prefix 0x, 0o or 0b; else 10. Leading blanks and a sign may stand
 * before it, anything that is no digit ends it. */
NTSTATUS RtlUnicodeStringToInteger(PCUNICODE_STRING String, ULONG Base, PULONG Value)
{
	size_t n = String->Length / sizeof(WCHAR), i = 0;
	BOOLEAN negative = FALSE;
	ULONG value = 0;

	while (i < n && String->Buffer[i] && String->Buffer[i] <= ' ')
		i++;
	if (i < n && (String->Buffer[i] == '-' || String->Buffer[i] == '+'))
		negative = String->Buffer[i++] == '-';
	if (Base == 0) {
		WCHAR prefix = i + 1 < n && String->Buffer[i] == '0' ? String->Buffer[i + 1] : 0;

		Base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 10;
		i += Base == 10 ? 0 : 2;
	}
	if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
		return STATUS_INVALID_PARAMETER;
	for (; i < n && digit(String->Buffer[i]) < (int)Base; i++)
		value = value * Base + (ULONG)digit(String->Buffer[i]);
	*Value = negative ? 0 - value : value;
	return STATUS_SUCCESS;
}

NTSTATUS RtlInt64ToUnicodeString(ULONGLONG Value, ULONG Base, PUNICODE_STRING String)
{
	WCHAR digits[65];
	size_t at = RTL_NUMBER_OF(digits), n;

	if (Base == 0)
		Base = 10;
	if (Base != 2 && Base != 8 && Base != 10 && Base != 16)
		return STATUS_INVALID_PARAMETER;
	do {
		digits[--at] = (WCHAR)"0123456789ABCDEF"[Value % Base];
		Value /= Base;
	} while (Value);
	n = (RTL_NUMBER_OF(digits) - at) * sizeof(WCHAR);
	if (n > String->MaximumLength)
		return STATUS_BUFFER_OVERFLOW;
	memcpy(String->Buffer, digits + at, n);
	String->Length = (USHORT)n;
	if (n + sizeof(WCHAR) <= String->MaximumLength)
		String->Buffer[n / sizeof(WCHAR)] = UNICODE_NULL;
	return STATUS_SUCCESS;
}

NTSTATUS RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String)
{
	return RtlInt64ToUnicodeString(Value, Base, String);
}

/* ---- GUIDs: the first three fields are numbers, the last eight are bytes ---- */

static const char guid_form[] = "{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}";

NTSTATUS RtlGUIDFromString(PCUNICODE_STRING GuidString, GUID *Guid)
{
	UCHAR bytes[16];
	unsigned n = 0;

	if (GuidString->Length != GUID_CHARACTERS * sizeof(WCHAR))
		return STATUS_INVALID_PARAMETER;
	for (unsigned i = 0; i < GUID_CHARACTERS; i++) {
		WCHAR c = GuidString->Buffer[i];

		if (guid_form[i] != 'x') {
			if (c != (WCHAR)guid_form[i])
				return STATUS_INVALID_PARAMETER;
			continue;
		}
		if (digit(c) > 15)
			return STATUS_INVALID_PARAMETER;
		bytes[n / 2] = (UCHAR)((n % 2 ? bytes[n / 2] << 4 : 0) | digit(c));
		n++;
	}
	Guid->Data1 = (ULONG)bytes[0] << 24 | (ULONG)bytes[1] << 16 | (ULONG)bytes[2] << 8 | bytes[3];
	Guid->Data2 = (USHORT)(bytes[4] << 8 | bytes[5]);
	Guid->Data3 = (USHORT)(bytes[6] << 8 | bytes[7]);
	memcpy(Guid->Data4, bytes + 8, 8);
	return STATUS_SUCCESS;
}

/* Into pool, which RtlFreeUnicodeString gives back. */
NTSTATUS RtlStringFromGUID(const GUID *Guid, PUNICODE_STRING GuidString)
{
	const UCHAR *d = Guid->Data4;
	char text[GUID_CHARACTERS + 1];

	GuidString->MaximumLength = sizeof(text) * sizeof(WCHAR);
	GuidString->Length = GUID_CHARACTERS * sizeof(WCHAR);
	GuidString->Buffer = ExAllocatePoolUninitialized(PagedPool, GuidString->MaximumLength,
							 GUID_TAG);
	if (!GuidString->Buffer)
		return STATUS_NO_MEMORY;
	snprintf(text, sizeof(text), "{%08X-%04hX-%04hX-%02X%02X-%02X%02X%02X%02X%02X%02X}",
		 Guid->Data1, Guid->Data2, Guid->Data3, d[0], d[1], d[2], d[3], d[4], d[5], d[6], d[7]);
	for (unsigned i = 0; i < sizeof(text); i++)
		GuidString->Buffer[i] = (WCHAR)text[i];
	return STATUS_SUCCESS;
}

/* ---- status codes ---- */

#define ERROR_MR_MID_NOT_FOUND 317

static const struct { NTSTATUS status; ULONG error; } dos_errors[] = {
	{ STATUS_SUCCESS, 0 }, { STATUS_INVALID_DEVICE_REQUEST, 1 }, { STATUS_NOT_IMPLEMENTED, 1 },
	{ STATUS_OBJECT_NAME_NOT_FOUND, 2 }, { STATUS_NO_SUCH_FILE, 2 },
	{ STATUS_NO_SUCH_DEVICE, 2 }, { STATUS_OBJECT_PATH_NOT_FOUND, 3 },
	{ STATUS_ACCESS_DENIED, 5 }, { STATUS_INVALID_HANDLE, 6 }, { STATUS_NO_MEMORY, 8 },
	{ STATUS_NO_MORE_FILES, 18 }, { STATUS_DEVICE_NOT_READY, 21 },
	{ STATUS_INFO_LENGTH_MISMATCH, 24 }, { STATUS_UNSUCCESSFUL, 31 },
	{ STATUS_SHARING_VIOLATION, 32 }, { STATUS_END_OF_FILE, 38 }, { STATUS_NOT_SUPPORTED, 50 },
	{ STATUS_NETWORK_BUSY, 54 }, { STATUS_DEVICE_DOES_NOT_EXIST, 55 },
	{ STATUS_INVALID_PARAMETER, 87 }, { STATUS_INVALID_PARAMETER_MIX, 87 },
	{ STATUS_INVALID_PARAMETER_1, 87 }, { STATUS_INVALID_PARAMETER_2, 87 },
	{ STATUS_INVALID_PARAMETER_3, 87 }, { STATUS_INVALID_PARAMETER_4, 87 },
	{ STATUS_BUFFER_TOO_SMALL, 122 }, { STATUS_OBJECT_NAME_INVALID, 123 },
	{ STATUS_PROCEDURE_NOT_FOUND, 127 }, { STATUS_OBJECT_PATH_INVALID, 161 },
	{ STATUS_DEVICE_BUSY, 170 }, { STATUS_OBJECT_NAME_COLLISION, 183 },
	{ STATUS_INVALID_IMAGE_FORMAT, 193 }, { STATUS_BUFFER_OVERFLOW, 234 },
	{ STATUS_MORE_ENTRIES, 234 }, { STATUS_TIMEOUT, 258 }, { STATUS_NO_MORE_ENTRIES, 259 },
	{ STATUS_INTEGER_OVERFLOW, 534 }, { STATUS_CANCELLED, 995 }, { STATUS_PENDING, 997 },
	{ STATUS_ACCESS_VIOLATION, 998 }, { STATUS_DATATYPE_MISALIGNMENT, 998 },
	{ STATUS_IO_TIMEOUT, 121 }, { STATUS_NOT_FOUND, 1168 }, { STATUS_RETRY, 1237 },
	{ STATUS_CONNECTION_REFUSED, 1225 }, { STATUS_NETWORK_UNREACHABLE, 1231 },
	{ STATUS_HOST_UNREACHABLE, 1232 }, { STATUS_CONNECTION_ABORTED, 1236 },
	{ STATUS_INSUFFICIENT_RESOURCES, 1450 }, { STATUS_DEVICE_REMOVED, 1617 },
	{ STATUS_INVALID_USER_BUFFER, 1784 }, { STATUS_QUOTA_EXCEEDED, 1816 },
};

ULONG RtlNtStatusToDosErrorNoTeb(NTSTATUS Status)
{
	for (size_t i = 0; i < RTL_NUMBER_OF(dos_errors); i++)
		if (dos_errors[i].status == Status)
			return dos_errors[i].error;
	return ERROR_MR_MID_NOT_FOUND;
}

ULONG RtlNtStatusToDosError(NTSTATUS Status)
{
	return RtlNtStatusToDosErrorNoTeb(Status);
}

/* ---- random numbers: 0 to MAXLONG - 1, the next seed in '*Seed' ---- */

ULONG RtlRandomEx(PULONG Seed)
{
	/* The minimal standard generator; its state never becomes 0. */
	uint64_t state = *Seed % 0x7fffffffu;

	*Seed = (ULONG)((state ? state : 1) * 48271u % 0x7fffffffu);
	return *Seed % 0x7fffffffu;
}

/* ---- dates: 'Time' counts 100 ns since 1601 ---- */

#define UNITS_PER_DAY    864000000000ll
#define DAYS_PER_400     146097ll
#define YEAR_1601_OFFSET 306ll   /* from 1 March 1600 to 1 January 1601 */

/* Years are counted from March, so that the leap day is the last of its year; the
 * epoch is moved to 1 March 1600, a year that divides by 400. */
VOID RtlTimeToTimeFields(PLARGE_INTEGER Time, PTIME_FIELDS TimeFields)
{
	LONGLONG days = Time->QuadPart / UNITS_PER_DAY, rest = Time->QuadPart % UNITS_PER_DAY;
	LONGLONG d = days + YEAR_1601_OFFSET, era = d / DAYS_PER_400, day, year, month;

	d %= DAYS_PER_400;
	year = (d - d / 1460 + d / 36524 - d / (DAYS_PER_400 - 1)) / 365;
	day = d - (365 * year + year / 4 - year / 100);
	month = (5 * day + 2) / 153;
	TimeFields->Day = (CSHORT)(day - (153 * month + 2) / 5 + 1);
	TimeFields->Month = (CSHORT)(month < 10 ? month + 3 : month - 9);
	TimeFields->Year = (CSHORT)(1600 + 400 * era + year + (month >= 10));
	TimeFields->Weekday = (CSHORT)((days + 1) % 7);   /* 1 January 1601 was a Monday */
	TimeFields->Hour = (CSHORT)(rest / 36000000000ll);
	TimeFields->Minute = (CSHORT)(rest / 600000000ll % 60);
	TimeFields->Second = (CSHORT)(rest / 10000000ll % 60);
	TimeFields->Milliseconds = (CSHORT)(rest / 10000ll % 1000);
}

static LONGLONG days_since_1601(LONGLONG year, LONGLONG month, LONGLONG day)
{
	LONGLONG y = year - 1600 - (month <= 2), era = y / 400;
	LONGLONG m = month > 2 ? month - 3 : month + 9;

	y %= 400;
	return era * DAYS_PER_400 + y * 365 + y / 4 - y / 100 + (153 * m + 2) / 5 + day - 1 -
	       YEAR_1601_OFFSET;
}

BOOLEAN RtlTimeFieldsToTime(PTIME_FIELDS TimeFields, PLARGE_INTEGER Time)
{
	static const CSHORT longest[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	PTIME_FIELDS t = TimeFields;
	BOOLEAN leap = (t->Year % 4 == 0 && t->Year % 100 != 0) || t->Year % 400 == 0;

	if (t->Year < 1601 || t->Month < 1 || t->Month > 12 || t->Day < 1 ||
	    t->Day > longest[t->Month - 1] + (leap && t->Month == 2) || t->Hour < 0 ||
	    t->Hour > 23 || t->Minute < 0 || t->Minute > 59 || t->Second < 0 || t->Second > 59 ||
	    t->Milliseconds < 0 || t->Milliseconds > 999)
		return FALSE;
	Time->QuadPart = days_since_1601(t->Year, t->Month, t->Day) * UNITS_PER_DAY +
			 ((t->Hour * 60ll + t->Minute) * 60 + t->Second) * 10000000ll +
			 t->Milliseconds * 10000ll;
	return TRUE;
}
