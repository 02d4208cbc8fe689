/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter's keywords, which stand here for the INF file and the registry. */
#include "ndis/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What NdisReadConfiguration returned lives until the handle is closed. */
struct value {
	struct value *next;
	NDIS_CONFIGURATION_PARAMETER parameter;
	WCHAR text[];
};

struct configuration {
	const struct ndis_adapter *adapter;
	struct value *values;
};

NDIS_STATUS NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
				    PNDIS_HANDLE ConfigurationHandle)
{
	struct configuration *c = calloc(1, sizeof(*c));

	*ConfigurationHandle = c;
	if (!c)
		return NDIS_STATUS_RESOURCES;
	c->adapter = ConfigObject->NdisHandle;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle)
{
	struct configuration *c = ConfigurationHandle;

	while (c->values) {
		struct value *v = c->values;

		c->values = v->next;
		free(v);
	}
	free(c);
}

/* Keywords are ASCII, and compared without regard to case, as a registry does. */
static bool same_name(const NDIS_STRING *keyword, const char *name)
{
	USHORT n = keyword->Length / sizeof(WCHAR);

	if (strlen(name) != n)
		return false;
	for (USHORT i = 0; i < n; i++) {
		WCHAR a = keyword->Buffer[i], b = (unsigned char)name[i];

		if (a >= 'A' && a <= 'Z')
			a = (WCHAR)(a + 32);
		if (b >= 'A' && b <= 'Z')
			b = (WCHAR)(b + 32);
		if (a != b)
			return false;
	}
	return true;
}

static const char *lookup(const struct ndis_adapter *a, const NDIS_STRING *keyword)
{
	for (const struct ndis_keyword *k = a->keywords; k && k->name; k++)
		if (same_name(keyword, k->name))
			return k->value;
	return NULL;
}

/* Text as the type the driver asked for. */
static bool convert(struct value *v, const char *text, NDIS_PARAMETER_TYPE type)
{
	size_t n = strlen(text);
	char *end;
	unsigned long number;

	v->parameter.ParameterType = type;
	if (type == NdisParameterString) {
		for (size_t i = 0; i <= n; i++)
			v->text[i] = (unsigned char)text[i];
		v->parameter.ParameterData.StringData = (NDIS_STRING){
			(USHORT)(n * sizeof(WCHAR)), (USHORT)((n + 1) * sizeof(WCHAR)), v->text };
		return true;
	}
	if (type != NdisParameterInteger && type != NdisParameterHexInteger)
		return false;
	errno = 0;
	number = strtoul(text, &end, type == NdisParameterHexInteger ? 16 : 10);
	if (end == text || *end || errno || number > UINT32_MAX)
		return false;
	v->parameter.ParameterData.IntegerData = (ULONG)number;
	return true;
}

VOID NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
			   NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
			   NDIS_PARAMETER_TYPE ParameterType)
{
	struct configuration *c = ConfigurationHandle;
	const char *text = lookup(c->adapter, Keyword);
	struct value *v;

	*ParameterValue = NULL;
	*Status = NDIS_STATUS_FAILURE;
	if (!text || strlen(text) > UINT16_MAX / sizeof(WCHAR) - 1)
		return;
	v = calloc(1, sizeof(*v) + (strlen(text) + 1) * sizeof(WCHAR));
	if (!v) {
		*Status = NDIS_STATUS_RESOURCES;
		return;
	}
	if (!convert(v, text, ParameterType)) {
		free(v);
		return;
	}
	v->next = c->values;
	c->values = v;
	*ParameterValue = &v->parameter;
	*Status = NDIS_STATUS_SUCCESS;
}
