/* SPDX-License-Identifier: BSD-2-Clause */
/* The event log, which is here one line of ours: who, what, and the values. */
#include "ndis/object.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

/* X(the code's name without NDIS_ERROR_CODE_) */
#define ERROR_CODES(X) \
	X(RESOURCE_CONFLICT) X(OUT_OF_RESOURCES) X(HARDWARE_FAILURE) X(ADAPTER_NOT_FOUND) \
	X(INTERRUPT_CONNECT) X(DRIVER_FAILURE) X(BAD_VERSION) X(TIMEOUT) X(NETWORK_ADDRESS) \
	X(UNSUPPORTED_CONFIGURATION) X(INVALID_VALUE_FROM_ADAPTER) \
	X(MISSING_CONFIGURATION_PARAMETER) X(BAD_IO_BASE_ADDRESS) X(RECEIVE_SPACE_SMALL) \
	X(ADAPTER_DISABLED)

/* What an entry of Windows' log may hold besides its head: strings and data. */
#define ENTRY_ROOM 192
#define LINE_ROOM  512

static const char *code_name(ULONG code)
{
	switch (code) {
#define X(name) case NDIS_ERROR_CODE_##name: return #name;
	ERROR_CODES(X)
#undef X
	}
	return "event";
}

/* The top two bits of a code are its severity. */
static enum log_level level(ULONG code)
{
	static const enum log_level levels[] = { LOG_INFO, LOG_INFO, LOG_WARNING, LOG_ERROR };

	return levels[code >> 30];
}

struct line {
	char text[LINE_ROOM];
	size_t length;
};

static void append(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(struct line *l, const char *format, ...)
{
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(l->text + l->length, sizeof(l->text) - l->length, format, list);
	va_end(list);
	l->length += (size_t)n;
	if (l->length >= sizeof(l->text))
		l->length = sizeof(l->text) - 1;
}

VOID NdisWriteErrorLogEntry(NDIS_HANDLE NdisAdapterHandle, NDIS_ERROR_CODE ErrorCode,
			    ULONG NumberOfErrorValues, ...)
{
	struct line values = { .text = "" };
	va_list list;

	NDIS_CALLED(NdisAdapterHandle);
	va_start(list, NumberOfErrorValues);
	for (ULONG i = 0; i < NumberOfErrorValues; i++)
		append(&values, " 0x%x", va_arg(list, ULONG));
	va_end(list);
	log_write(level(ErrorCode), "adapter %s: driver's log: %s (0x%08x)%s",
		  ndis_handle_name(NdisAdapterHandle), code_name(ErrorCode), ErrorCode, values.text);
}

static size_t wide_length(const WCHAR *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static void append_string(struct line *l, const WCHAR *s)
{
	append(l, " \"");
	for (; *s; s++)
		append(l, "%c", *s >= ' ' && *s <= '~' ? (char)*s : '?');
	append(l, "\"");
}

NDIS_STATUS NdisWriteEventLogEntry(PVOID LogHandle, NDIS_STATUS EventCode, ULONG UniqueEventValue,
				   USHORT NumStrings, PVOID StringsList, ULONG DataSize, PVOID Data)
{
	const WCHAR *const *strings = StringsList;
	size_t size = ((size_t)DataSize + 3) & ~(size_t)3;
	struct line l = { .text = "" };

	NDIS_CALLED(NULL);
	for (USHORT i = 0; i < NumStrings; i++)
		size += (wide_length(strings[i]) + 1) * sizeof(WCHAR);
	if (size > ENTRY_ROOM) {
		log_error("NdisWriteEventLogEntry: %zu bytes of strings and data, an entry holds %d",
			  size, ENTRY_ROOM);
		return NDIS_STATUS_BUFFER_TOO_SHORT;
	}
	for (USHORT i = 0; i < NumStrings; i++)
		append_string(&l, strings[i]);
	if (DataSize)
		append(&l, " data");
	for (ULONG i = 0; i < DataSize; i++)
		append(&l, " %02x", ((const UCHAR *)Data)[i]);
	log_write(level((ULONG)EventCode), "driver %p: driver's log: %s (0x%08x) value 0x%x%s",
		  LogHandle, code_name((ULONG)EventCode), (ULONG)EventCode, UniqueEventValue, l.text);
	return NDIS_STATUS_SUCCESS;
}
