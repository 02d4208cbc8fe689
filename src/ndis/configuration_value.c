/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of configuration: from what they are kept as to what the driver asks for. */
#include "ndis/configuration.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_TEXT (UINT16_MAX / sizeof(WCHAR) - 2)   /* a counted string counts in bytes */

struct ndis_value *ndis_value_new(size_t bytes)
{
	return calloc(1, sizeof(struct ndis_value) + bytes);
}

static bool integer_from_text(const char *text, int base, ULONG *to)
{
	long long number;
	char *end;

	if (text[0] == '0' && (text[1] | 0x20) == 'x')
		base = 16;
	errno = 0;
	number = strtoll(text, &end, base);
	if (end == text || *end || errno || number > UINT32_MAX || number < INT32_MIN)
		return false;
	*to = (ULONG)number;
	return true;
}

/* Text of 'n' characters; 'separator' becomes the end of a string, 'ends' more follow. */
static void widen(struct ndis_value *v, const char *text, size_t n, char separator, unsigned ends)
{
	WCHAR *to = (WCHAR *)(void *)v->data;

	for (size_t i = 0; i < n; i++)
		to[i] = separator && text[i] == separator ? 0 : (unsigned char)text[i];
	v->parameter.ParameterData.StringData = (NDIS_STRING){
		(USHORT)(n * sizeof(WCHAR)), (USHORT)((n + ends) * sizeof(WCHAR)), to };
}

int ndis_hex_decode(const char *text, unsigned char *to)
{
	int n = 0;

	while (*text) {
		unsigned byte;

		if (strchr(" ,-:", *text)) {
			text++;
			continue;
		}
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]))
			return -1;
		if (to && sscanf(text, "%2x", &byte) == 1)
			to[n] = (unsigned char)byte;
		n++;
		text += 2;
	}
	return n;
}

struct ndis_value *ndis_value_from_text(const char *text, NDIS_PARAMETER_TYPE type,
					NDIS_STATUS *status)
{
	size_t n = strlen(text);
	struct ndis_value *v;
	bool good = true;
	int bytes;

	*status = NDIS_STATUS_FAILURE;
	if (n > LONGEST_TEXT)
		return NULL;
	v = ndis_value_new((n + 2) * sizeof(WCHAR));
	if (!v) {
		*status = NDIS_STATUS_RESOURCES;
		return NULL;
	}
	v->parameter.ParameterType = type;
	switch (type) {
	case NdisParameterInteger:
	case NdisParameterHexInteger:
		/* A hex integer comes back as an integer. */
		v->parameter.ParameterType = NdisParameterInteger;
		good = integer_from_text(text, type == NdisParameterInteger ? 10 : 16,
					 &v->parameter.ParameterData.IntegerData);
		break;
	case NdisParameterString:
		widen(v, text, n, '\0', 1);
		break;
	case NdisParameterMultiString:
		widen(v, text, n, ',', 2);
		v->parameter.ParameterData.StringData.Length =
			v->parameter.ParameterData.StringData.MaximumLength;
		break;
	case NdisParameterBinary:
		bytes = ndis_hex_decode(text, v->data);
		good = bytes >= 0;
		v->parameter.ParameterData.BinaryData.Length = (USHORT)bytes;
		v->parameter.ParameterData.BinaryData.Buffer = v->data;
		break;
	default:
		good = false;
	}
	if (!good) {
		free(v);
		return NULL;
	}
	*status = NDIS_STATUS_SUCCESS;
	return v;
}

/* Takes a string's or a block's bytes along; strings get an end. */
static struct ndis_value *copy(const NDIS_CONFIGURATION_PARAMETER *from, NDIS_STATUS *status)
{
	const NDIS_STRING *s = &from->ParameterData.StringData;
	const BINARY_DATA *b = &from->ParameterData.BinaryData;
	bool binary = from->ParameterType == NdisParameterBinary;
	bool integer = from->ParameterType <= NdisParameterHexInteger;
	USHORT n = integer ? 0 : binary ? b->Length : s->Length;
	const void *bytes = integer ? NULL : binary ? b->Buffer : s->Buffer;
	struct ndis_value *v = ndis_value_new((size_t)n + sizeof(WCHAR));

	*status = v ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
	if (!v)
		return NULL;
	v->parameter = *from;
	if (n)
		memcpy(v->data, bytes, n);
	if (integer)
		v->parameter.ParameterType = NdisParameterInteger;
	else if (binary)
		v->parameter.ParameterData.BinaryData.Buffer = v->data;
	else
		v->parameter.ParameterData.StringData = (NDIS_STRING){
			n, (USHORT)(n + (n < UINT16_MAX - 1 ? sizeof(WCHAR) : 0)),
			(WCHAR *)(void *)v->data };
	return v;
}

/* A written string that is asked for as something else goes by its text. */
static struct ndis_value *from_string(const NDIS_STRING *s, NDIS_PARAMETER_TYPE type,
				      NDIS_STATUS *status)
{
	USHORT n = s->Length / sizeof(WCHAR);
	char *text = calloc(1, (size_t)n + 1);
	struct ndis_value *v;

	*status = NDIS_STATUS_RESOURCES;
	if (!text)
		return NULL;
	for (USHORT i = 0; i < n; i++)
		text[i] = s->Buffer[i] < 128 ? (char)s->Buffer[i] : '?';
	v = ndis_value_from_text(text, type, status);
	free(text);
	return v;
}

struct ndis_value *ndis_value_from_parameter(const NDIS_CONFIGURATION_PARAMETER *from,
					     NDIS_PARAMETER_TYPE type, NDIS_STATUS *status)
{
	bool integer = from->ParameterType <= NdisParameterHexInteger;
	char text[16];

	if (from->ParameterType == type || (integer && type <= NdisParameterHexInteger))
		return copy(from, status);
	if (from->ParameterType == NdisParameterString && type != NdisParameterMultiString)
		return from_string(&from->ParameterData.StringData, type, status);
	if (integer && type == NdisParameterString) {
		snprintf(text, sizeof(text), "%u", from->ParameterData.IntegerData);
		return ndis_value_from_text(text, type, status);
	}
	*status = NDIS_STATUS_FAILURE;
	return NULL;
}
