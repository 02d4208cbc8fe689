/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Strings that know their room. The text always ends with a zero, and is cut off
 * where the room ends: STATUS_BUFFER_OVERFLOW. No room, or too much of it (more than
 * STRSAFE_MAX_CCH): STATUS_INVALID_PARAMETER. Cch functions count characters, Cb
 * functions bytes. Formats are those of Windows: 'l' is 32 bits, I64, %wZ, %S.
 */
#ifndef OVMQ_NTSTRSAFE_H
#define OVMQ_NTSTRSAFE_H

#include <wdm.h>

EXTERN_C_START

#define STRSAFE_MAX_CCH    2147483647
#define STRSAFE_MAX_LENGTH (STRSAFE_MAX_CCH - 1)
#define NTSTRSAFE_MAX_CCH    STRSAFE_MAX_CCH
#define NTSTRSAFE_MAX_LENGTH STRSAFE_MAX_LENGTH
#define NTSTRSAFE_UNICODE_STRING_MAX_CCH 32767

#define STRSAFE_IGNORE_NULLS     0x00000100
#define STRSAFE_FILL_BEHIND_NULL 0x00000200
#define STRSAFE_FILL_ON_FAILURE  0x00000400
#define STRSAFE_NULL_ON_FAILURE  0x00000800
#define STRSAFE_NO_TRUNCATION    0x00001000
#define STRSAFE_FILL_BYTE(x)     ((DWORD)((x) & 0xff) | STRSAFE_FILL_BEHIND_NULL)
#define STRSAFE_FAILURE_BYTE(x)  ((DWORD)((x) & 0xff) | STRSAFE_FILL_ON_FAILURE)

typedef char *NTSTRSAFE_PSTR;
typedef const char *NTSTRSAFE_PCSTR;
typedef WCHAR *NTSTRSAFE_PWSTR;
typedef const WCHAR *NTSTRSAFE_PCWSTR;

/* ---- char ---- */

NTSTATUS RtlStringCchLengthA(const char *psz, size_t cchMax, size_t *pcchLength);
NTSTATUS RtlStringCchCopyA(char *pszDest, size_t cchDest, const char *pszSrc);
NTSTATUS RtlStringCchCopyNA(char *pszDest, size_t cchDest, const char *pszSrc, size_t cchToCopy);
NTSTATUS RtlStringCchCatA(char *pszDest, size_t cchDest, const char *pszSrc);
NTSTATUS RtlStringCchCatNA(char *pszDest, size_t cchDest, const char *pszSrc, size_t cchToAppend);
NTSTATUS RtlStringCchPrintfA(char *pszDest, size_t cchDest, const char *pszFormat, ...);
NTSTATUS RtlStringCchVPrintfA(char *pszDest, size_t cchDest, const char *pszFormat,
	va_list argList);
NTSTATUS RtlStringCchPrintfExA(char *pszDest, size_t cchDest, char **ppszDestEnd,
	size_t *pcchRemaining, DWORD dwFlags, const char *pszFormat, ...);
NTSTATUS RtlStringCchVPrintfExA(char *pszDest, size_t cchDest, char **ppszDestEnd,
	size_t *pcchRemaining, DWORD dwFlags, const char *pszFormat, va_list argList);

NTSTATUS RtlStringCbLengthA(const char *psz, size_t cbMax, size_t *pcbLength);
NTSTATUS RtlStringCbCopyA(char *pszDest, size_t cbDest, const char *pszSrc);
NTSTATUS RtlStringCbCopyNA(char *pszDest, size_t cbDest, const char *pszSrc, size_t cbToCopy);
NTSTATUS RtlStringCbCatA(char *pszDest, size_t cbDest, const char *pszSrc);
NTSTATUS RtlStringCbCatNA(char *pszDest, size_t cbDest, const char *pszSrc, size_t cbToAppend);
NTSTATUS RtlStringCbPrintfA(char *pszDest, size_t cbDest, const char *pszFormat, ...);
NTSTATUS RtlStringCbVPrintfA(char *pszDest, size_t cbDest, const char *pszFormat,
	va_list argList);
NTSTATUS RtlStringCbPrintfExA(char *pszDest, size_t cbDest, char **ppszDestEnd,
	size_t *pcbRemaining, DWORD dwFlags, const char *pszFormat, ...);
NTSTATUS RtlStringCbVPrintfExA(char *pszDest, size_t cbDest, char **ppszDestEnd,
	size_t *pcbRemaining, DWORD dwFlags, const char *pszFormat, va_list argList);

/* ---- WCHAR ---- */

NTSTATUS RtlStringCchLengthW(const WCHAR *psz, size_t cchMax, size_t *pcchLength);
NTSTATUS RtlStringCchCopyW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc);
NTSTATUS RtlStringCchCopyNW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc, size_t cchToCopy);
NTSTATUS RtlStringCchCatW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc);
NTSTATUS RtlStringCchCatNW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszSrc, size_t cchToAppend);
NTSTATUS RtlStringCchPrintfW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszFormat, ...);
NTSTATUS RtlStringCchVPrintfW(WCHAR *pszDest, size_t cchDest, const WCHAR *pszFormat,
	va_list argList);
NTSTATUS RtlStringCchPrintfExW(WCHAR *pszDest, size_t cchDest, WCHAR **ppszDestEnd,
	size_t *pcchRemaining, DWORD dwFlags, const WCHAR *pszFormat, ...);
NTSTATUS RtlStringCchVPrintfExW(WCHAR *pszDest, size_t cchDest, WCHAR **ppszDestEnd,
	size_t *pcchRemaining, DWORD dwFlags, const WCHAR *pszFormat, va_list argList);

NTSTATUS RtlStringCbLengthW(const WCHAR *psz, size_t cbMax, size_t *pcbLength);
NTSTATUS RtlStringCbCopyW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc);
NTSTATUS RtlStringCbCopyNW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc, size_t cbToCopy);
NTSTATUS RtlStringCbCatW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc);
NTSTATUS RtlStringCbCatNW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszSrc, size_t cbToAppend);
NTSTATUS RtlStringCbPrintfW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszFormat, ...);
NTSTATUS RtlStringCbVPrintfW(WCHAR *pszDest, size_t cbDest, const WCHAR *pszFormat,
	va_list argList);
NTSTATUS RtlStringCbPrintfExW(WCHAR *pszDest, size_t cbDest, WCHAR **ppszDestEnd,
	size_t *pcbRemaining, DWORD dwFlags, const WCHAR *pszFormat, ...);
NTSTATUS RtlStringCbVPrintfExW(WCHAR *pszDest, size_t cbDest, WCHAR **ppszDestEnd,
	size_t *pcbRemaining, DWORD dwFlags, const WCHAR *pszFormat, va_list argList);

/* The names without A or W are those of WCHAR, as in every driver. */
#define RtlStringCchLength RtlStringCchLengthW
#define RtlStringCchCopy RtlStringCchCopyW
#define RtlStringCchCopyN RtlStringCchCopyNW
#define RtlStringCchCat RtlStringCchCatW
#define RtlStringCchCatN RtlStringCchCatNW
#define RtlStringCchPrintf RtlStringCchPrintfW
#define RtlStringCchVPrintf RtlStringCchVPrintfW
#define RtlStringCchPrintfEx RtlStringCchPrintfExW
#define RtlStringCchVPrintfEx RtlStringCchVPrintfExW
#define RtlStringCbLength RtlStringCbLengthW
#define RtlStringCbCopy RtlStringCbCopyW
#define RtlStringCbCopyN RtlStringCbCopyNW
#define RtlStringCbCat RtlStringCbCatW
#define RtlStringCbCatN RtlStringCbCatNW
#define RtlStringCbPrintf RtlStringCbPrintfW
#define RtlStringCbVPrintf RtlStringCbVPrintfW
#define RtlStringCbPrintfEx RtlStringCbPrintfExW
#define RtlStringCbVPrintfEx RtlStringCbVPrintfExW

/* ---- counted strings: the room is MaximumLength, no closing zero is written ---- */

NTSTATUS RtlUnicodeStringInit(PUNICODE_STRING DestinationString, PCWSTR pszSrc);
NTSTATUS RtlUnicodeStringCopyString(PUNICODE_STRING DestinationString, PCWSTR pszSrc);
NTSTATUS RtlUnicodeStringCopy(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString);
NTSTATUS RtlUnicodeStringCatString(PUNICODE_STRING DestinationString, PCWSTR pszSrc);
NTSTATUS RtlUnicodeStringCat(PUNICODE_STRING DestinationString, PCUNICODE_STRING SourceString);
NTSTATUS RtlUnicodeStringPrintf(PUNICODE_STRING DestinationString, PCWSTR pszFormat, ...);
NTSTATUS RtlUnicodeStringVPrintf(PUNICODE_STRING DestinationString, PCWSTR pszFormat,
				 va_list argList);

EXTERN_C_END

#endif
