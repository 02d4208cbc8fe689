/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration handles: a handle's settings, or those of one of its sub keys. */
#include "ndis/configuration.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "ndis/resource.h"

struct configuration {
	const struct ndis_object *owner;
	struct ndis_value *values;               /* read with this handle; freed with it */
	char prefix[NDIS_SETTING_NAME_SIZE];     /* "" or "Sub\" */
};

static struct configuration *configuration_new(NDIS_HANDLE owner, const char *prefix,
					       const void *caller)
{
	struct configuration *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->owner = owner;
	strcpy(c->prefix, prefix);
	if (ndis_resource_add(NDIS_RESOURCE_CONFIGURATION, c, owner, caller)) {
		free(c);
		return NULL;
	}
	return c;
}

NDIS_STATUS NdisOpenConfigurationEx(PNDIS_CONFIGURATION_OBJECT ConfigObject,
				    PNDIS_HANDLE ConfigurationHandle)
{
	const struct ndis_object *owner = ConfigObject->NdisHandle;

	NDIS_CALLED(ConfigObject->NdisHandle);
	*ConfigurationHandle = NULL;
	if (!owner || (unsigned)owner->kind > NDIS_OBJECT_BINDING) {
		log_error("NdisOpenConfigurationEx: NdisHandle %p has no configuration",
			  ConfigObject->NdisHandle);
		return NDIS_STATUS_FAILURE;
	}
	*ConfigurationHandle = configuration_new(ConfigObject->NdisHandle, "",
						 __builtin_return_address(0));
	return *ConfigurationHandle ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

VOID NdisCloseConfiguration(NDIS_HANDLE ConfigurationHandle)
{
	struct configuration *c = ConfigurationHandle;

	NDIS_CALLED(NULL);
	if (!ndis_resource_remove(NDIS_RESOURCE_CONFIGURATION, c)) {
		ndis_resource_refuse(NDIS_RESOURCE_CONFIGURATION, c, "NdisCloseConfiguration");
		return;
	}
	while (c->values) {
		struct ndis_value *v = c->values;

		c->values = v->next;
		free(v);
	}
	free(c);
}

/* Keywords are ASCII: the full name of 'keyword' under the handle's key. False: it
 * can be none. */
static bool full_name(const struct configuration *c, const NDIS_STRING *keyword, char *name)
{
	size_t n = keyword->Length / sizeof(WCHAR), at = strlen(c->prefix);

	if (!n || at + n >= NDIS_SETTING_NAME_SIZE)
		return false;
	memcpy(name, c->prefix, at);
	for (size_t i = 0; i < n; i++) {
		if (keyword->Buffer[i] < ' ' || keyword->Buffer[i] > '~')
			return false;
		name[at++] = (char)keyword->Buffer[i];
	}
	name[at] = '\0';
	return true;
}

/* ---- sub keys ---- */

/* The name of the setting's first sub key below 'prefix', and how long it is; NULL:
 * the setting lies elsewhere, or in no sub key. */
static const char *sub_key(const char *setting, const char *prefix, size_t *length)
{
	size_t n = strlen(prefix);
	const char *end;

	if (strncasecmp(setting, prefix, n))
		return NULL;
	end = strchr(setting + n, '\\');
	if (!end || end == setting + n)
		return NULL;
	*length = (size_t)(end - setting) - n;
	return setting + n;
}

VOID NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
				    PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle)
{
	struct configuration *c = ConfigurationHandle;
	char prefix[NDIS_SETTING_NAME_SIZE];
	const char *name;
	size_t n;

	NDIS_CALLED(NULL);
	*SubKeyHandle = NULL;
	*Status = NDIS_STATUS_FAILURE;
	if (!full_name(c, SubKeyName, prefix) || strlen(prefix) + 2 > sizeof(prefix))
		return;
	strcat(prefix, "\\");
	n = strlen(prefix);
	for (unsigned i = 0; (name = ndis_setting_name(c->owner, i)); i++)
		if (!strncasecmp(name, prefix, n)) {
			*SubKeyHandle = configuration_new((NDIS_HANDLE)c->owner, prefix,
							  __builtin_return_address(0));
			*Status = *SubKeyHandle ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
			return;
		}
}

/* The 'index'th of the different sub keys, in the order in which they first appear. */
static const char *sub_key_at(const struct configuration *c, ULONG index, size_t *length)
{
	const char *name, *key, *other;
	size_t n;

	for (unsigned i = 0; (name = ndis_setting_name(c->owner, i)); i++) {
		bool seen = false;

		key = sub_key(name, c->prefix, length);
		for (unsigned j = 0; key && j < i && !seen; j++) {
			other = sub_key(ndis_setting_name(c->owner, j), c->prefix, &n);
			seen = other && n == *length && !strncasecmp(other, key, n);
		}
		if (key && !seen && index-- == 0)
			return key;
	}
	return NULL;
}

VOID NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
				     ULONG Index, PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle)
{
	struct configuration *c = ConfigurationHandle;
	char prefix[NDIS_SETTING_NAME_SIZE];
	size_t n, at = strlen(c->prefix);
	const char *key = sub_key_at(c, Index, &n);

	NDIS_CALLED(NULL);
	*KeyHandle = NULL;
	*Status = NDIS_STATUS_FAILURE;
	/* The name goes to the caller's buffer, which must have room for it. */
	if (!key || !KeyName->Buffer || KeyName->MaximumLength < n * sizeof(WCHAR))
		return;
	memcpy(prefix, c->prefix, at);
	memcpy(prefix + at, key, n);
	strcpy(prefix + at + n, "\\");
	*KeyHandle = configuration_new((NDIS_HANDLE)c->owner, prefix, __builtin_return_address(0));
	if (!*KeyHandle) {
		*Status = NDIS_STATUS_RESOURCES;
		return;
	}
	for (size_t i = 0; i < n; i++)
		KeyName->Buffer[i] = (unsigned char)key[i];
	KeyName->Length = (USHORT)(n * sizeof(WCHAR));
	*Status = NDIS_STATUS_SUCCESS;
}

/* ---- values ---- */

/* What every driver may ask for without anybody having set it. */
static struct ndis_value *predefined(const char *name, NDIS_STATUS *status)
{
	const struct { const char *name; ULONG value; } list[] = {
		{ "Environment", NdisEnvironmentWindowsNt },
		{ "ProcessorType", NdisProcessorAmd64 },
		{ "NdisVersion", NdisGetVersion() },
	};
	struct ndis_value *v;

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		if (strcasecmp(name, list[i].name))
			continue;
		v = ndis_value_new(0);
		*status = v ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
		if (v)
			v->parameter.ParameterData.IntegerData = list[i].value;
		return v;
	}
	return NULL;
}

VOID NdisReadConfiguration(PNDIS_STATUS Status, PNDIS_CONFIGURATION_PARAMETER *ParameterValue,
			   NDIS_HANDLE ConfigurationHandle, PNDIS_STRING Keyword,
			   NDIS_PARAMETER_TYPE ParameterType)
{
	struct configuration *c = ConfigurationHandle;
	char name[NDIS_SETTING_NAME_SIZE];
	struct ndis_value *v;

	NDIS_CALLED(NULL);
	*ParameterValue = NULL;
	*Status = NDIS_STATUS_FAILURE;
	if ((unsigned)ParameterType > NdisParameterBinary || !full_name(c, Keyword, name))
		return;
	v = ndis_setting_read(c->owner, name, ParameterType, Status);
	if (!v && *Status == NDIS_STATUS_FAILURE)
		v = predefined(name, Status);
	if (!v)
		return;
	v->next = c->values;
	c->values = v;
	*ParameterValue = &v->parameter;
}

VOID NdisWriteConfiguration(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
			    PNDIS_STRING Keyword, PNDIS_CONFIGURATION_PARAMETER ParameterValue)
{
	struct configuration *c = ConfigurationHandle;
	char name[NDIS_SETTING_NAME_SIZE];

	NDIS_CALLED(NULL);
	if ((unsigned)ParameterValue->ParameterType > NdisParameterBinary) {
		*Status = NDIS_STATUS_NOT_SUPPORTED;
		return;
	}
	if (!full_name(c, Keyword, name)) {
		log_error("NdisWriteConfiguration: the keyword must be 1 to %d characters of ASCII",
			  NDIS_SETTING_NAME_SIZE - 1);
		*Status = NDIS_STATUS_FAILURE;
		return;
	}
	*Status = ndis_setting_write(c->owner, name, ParameterValue);
}

VOID NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress, PUINT NetworkAddressLength,
			    NDIS_HANDLE ConfigurationHandle)
{
	static WCHAR text[] = { 'N', 'e', 't', 'w', 'o', 'r', 'k', 'A', 'd', 'd', 'r', 'e', 's', 's' };
	NDIS_STRING keyword = { sizeof(text), sizeof(text), text };
	PNDIS_CONFIGURATION_PARAMETER parameter;

	NDIS_CALLED(NULL);
	*NetworkAddress = NULL;
	*NetworkAddressLength = 0;
	/* Hexadecimal digits, with or without hyphens between the pairs. */
	NdisReadConfiguration(Status, &parameter, ConfigurationHandle, &keyword, NdisParameterBinary);
	if (*Status != NDIS_STATUS_SUCCESS)
		return;
	if (!parameter->ParameterData.BinaryData.Length) {
		*Status = NDIS_STATUS_FAILURE;
		return;
	}
	*NetworkAddress = parameter->ParameterData.BinaryData.Buffer;
	*NetworkAddressLength = parameter->ParameterData.BinaryData.Length;
}
