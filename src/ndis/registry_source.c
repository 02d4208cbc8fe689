/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What drivers find in the registry by ZwOpenKey: the key of their RegistryPath, with
 * the keywords that the host gave and what they wrote over these.
 */
#include "ndis/registry_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kernel/registry.h"
#include "ndis/configuration.h"

#define SERVICES "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\"

static struct ndis_image *images;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list and its images */

/* Sub key and value as the settings are named: "Sub\Value". False: no setting has such a name. */
static bool ascii_append(char name[NDIS_SETTING_NAME_SIZE], const WCHAR *from, size_t n)
{
	size_t at = strlen(name);

	if (at + n >= NDIS_SETTING_NAME_SIZE)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (from[i] < ' ' || from[i] > '~')
			return false;
		name[at++] = (char)from[i];
	}
	name[at] = '\0';
	return true;
}

/* The image whose key begins the path; 'sub' is what follows, "" or "Sub\". Locked. */
static struct ndis_image *find(PCUNICODE_STRING path, char sub[NDIS_SETTING_NAME_SIZE])
{
	sub[0] = '\0';
	for (struct ndis_image *i = images; i; i = i->next) {
		const UNICODE_STRING *key = &i->registry.string;
		size_t n = key->Length / sizeof(WCHAR), all = path->Length / sizeof(WCHAR);

		if (!RtlPrefixUnicodeString(key, path, TRUE))
			continue;
		if (all == n)
			return i;
		if (path->Buffer[n] == '\\' && ascii_append(sub, path->Buffer + n + 1, all - n - 1) &&
		    strlen(sub) + 1 < NDIS_SETTING_NAME_SIZE) {
			strcat(sub, "\\");
			return i;
		}
	}
	return NULL;
}

/* Whose settings these are: as the driver's own handle, which it may not have yet. */
static void owner_of(const struct ndis_image *image, struct ndis_object *owner)
{
	*owner = (struct ndis_object){ .kind = NDIS_OBJECT_MINIPORT_DRIVER,
				       .keywords = image->options.keywords };
	if (!image->miniport && image->filter)
		owner->kind = NDIS_OBJECT_FILTER_DRIVER;
	else if (!image->miniport && image->protocol)
		owner->kind = NDIS_OBJECT_PROTOCOL_DRIVER;
	memcpy(owner->name, image->name, sizeof(owner->name));
}

/* A sub key is there when a setting is in it. */
static bool key_exists(PCUNICODE_STRING path)
{
	char sub[NDIS_SETTING_NAME_SIZE];
	struct ndis_object owner;
	struct ndis_image *image;
	const char *name;
	bool found;

	pthread_mutex_lock(&lock);
	image = find(path, sub);
	found = image && !sub[0];
	if (image && !found) {
		owner_of(image, &owner);
		for (unsigned i = 0; !found && (name = ndis_setting_name(&owner, i)); i++)
			found = !strncasecmp(name, sub, strlen(sub));
	}
	pthread_mutex_unlock(&lock);
	return found;
}

/* A keyword's text that is a number, whole; the type of what was written is its own. */
static NDIS_PARAMETER_TYPE type_of(const struct ndis_object *owner, const char *name)
{
	NDIS_PARAMETER_TYPE type;
	char *end;

	if (ndis_setting_written(owner, name, &type))
		return type;
	for (const struct ndis_keyword *k = owner->keywords; k && k->name; k++) {
		if (strcasecmp(k->name, name))
			continue;
		errno = 0;
		if (strtoul(k->value, &end, 0) <= UINT32_MAX && !errno && end != k->value && !*end &&
		    k->value[0] != '-')
			return NdisParameterInteger;
	}
	return NdisParameterString;
}

static NTSTATUS take(const NDIS_CONFIGURATION_PARAMETER *p, struct registry_value *value)
{
	/* A string ends with a zero in the registry; a list of them has its zeros already. */
	ULONG zero = p->ParameterType == NdisParameterString ? sizeof(WCHAR) : 0;
	const void *from = p->ParameterData.StringData.Buffer;

	value->length = p->ParameterData.StringData.Length;
	switch (p->ParameterType) {
	case NdisParameterString:
		value->type = REG_SZ;
		break;
	case NdisParameterMultiString:
		value->type = REG_MULTI_SZ;
		break;
	case NdisParameterBinary:
		value->type = REG_BINARY;
		from = p->ParameterData.BinaryData.Buffer;
		value->length = p->ParameterData.BinaryData.Length;
		break;
	default:
		value->type = REG_DWORD;
		from = &p->ParameterData.IntegerData;
		value->length = sizeof(p->ParameterData.IntegerData);
	}
	value->data = calloc(1, value->length + zero + 1);
	if (!value->data)
		return STATUS_INSUFFICIENT_RESOURCES;
	memcpy(value->data, from, value->length);
	value->length += zero;
	return STATUS_SUCCESS;
}

static NTSTATUS value_read(PCUNICODE_STRING path, PCUNICODE_STRING name,
			   struct registry_value *value)
{
	char setting[NDIS_SETTING_NAME_SIZE];
	struct ndis_value *v = NULL;
	struct ndis_object owner;
	struct ndis_image *image;
	NDIS_STATUS why = NDIS_STATUS_FAILURE;
	NTSTATUS status = STATUS_OBJECT_NAME_NOT_FOUND;

	pthread_mutex_lock(&lock);
	image = find(path, setting);
	if (image && name->Length &&
	    ascii_append(setting, name->Buffer, name->Length / sizeof(WCHAR))) {
		owner_of(image, &owner);
		v = ndis_setting_read(&owner, setting, type_of(&owner, setting), &why);
	}
	pthread_mutex_unlock(&lock);
	if (v)
		status = take(&v->parameter, value);
	else if (why == NDIS_STATUS_RESOURCES)
		status = STATUS_INSUFFICIENT_RESOURCES;
	free(v);
	return status;
}

static const struct registry_source source = { key_exists, value_read };

void ndis_registry_add(struct ndis_image *image)
{
	char path[NDIS_NAME_ROOM] = SERVICES;

	strncat(path, image->name, sizeof(path) - sizeof(SERVICES));
	ndis_name_set(&image->registry, path);
	pthread_mutex_lock(&lock);
	image->next = images;
	images = image;
	pthread_mutex_unlock(&lock);
	registry_set_source(&source);
}

void ndis_registry_remove(struct ndis_image *image)
{
	struct ndis_image **at = &images;

	pthread_mutex_lock(&lock);
	while (*at != image)
		at = &(*at)->next;
	*at = image->next;
	pthread_mutex_unlock(&lock);
}
