/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of the registry: a key is its path, and its values are somebody else's. */
#include "kernel/registry.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/object.h"

struct key {
	UNICODE_STRING path;         /* its buffer is ours to free */
};

static _Atomic(const struct registry_source *) source;

void registry_set_source(const struct registry_source *new_source)
{
	atomic_store(&source, new_source);
}

static void key_destroy(void *body)
{
	free(((struct key *)body)->path.Buffer);
}

static struct _OBJECT_TYPE key_type = { "Key", key_destroy };

/* 'name', or 'root\name'. */
static NTSTATUS path_join(const struct key *root, PCUNICODE_STRING name, UNICODE_STRING *path)
{
	USHORT head = root ? (USHORT)(root->path.Length + sizeof(WCHAR)) : 0;
	size_t length = (size_t)head + name->Length;
	char *buffer;

	if (!root && (!name->Length || name->Buffer[0] != '\\'))
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	if (length > UINT16_MAX)
		return STATUS_OBJECT_NAME_INVALID;
	buffer = malloc(length + sizeof(WCHAR));
	if (!buffer)
		return STATUS_INSUFFICIENT_RESOURCES;
	*path = (UNICODE_STRING){ (USHORT)length, (USHORT)length, (PWSTR)(void *)buffer };
	if (root) {
		memcpy(buffer, root->path.Buffer, root->path.Length);
		path->Buffer[head / sizeof(WCHAR) - 1] = '\\';
	}
	if (name->Length)
		memcpy(buffer + head, name->Buffer, name->Length);
	/* "key\" is "key": a driver that opens its root again gives an empty name. */
	if (path->Length && path->Buffer[path->Length / sizeof(WCHAR) - 1] == '\\')
		path->Length = (USHORT)(path->Length - sizeof(WCHAR));
	return STATUS_SUCCESS;
}

static NTSTATUS key_open(const struct key *root, PCUNICODE_STRING name, PHANDLE handle)
{
	const struct registry_source *s = atomic_load(&source);
	UNICODE_STRING path;
	NTSTATUS status = path_join(root, name, &path);
	struct key *key;

	if (status != STATUS_SUCCESS)
		return status;
	if (!s || !s->key_exists(&path)) {
		free(path.Buffer);
		return STATUS_OBJECT_NAME_NOT_FOUND;
	}
	key = object_create(&key_type, sizeof(*key));
	if (!key) {
		free(path.Buffer);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	key->path = path;
	*handle = object_handle(key);
	ObfDereferenceObject(key);
	return *handle ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

NTSTATUS ZwOpenKey(PHANDLE KeyHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
	PVOID root = NULL;
	NTSTATUS status;

	*KeyHandle = NULL;
	if (ObjectAttributes->Length != sizeof(*ObjectAttributes) || !ObjectAttributes->ObjectName)
		return STATUS_INVALID_PARAMETER;
	if (ObjectAttributes->RootDirectory) {
		status = ObReferenceObjectByHandle(ObjectAttributes->RootDirectory, DesiredAccess,
						   &key_type, KernelMode, &root, NULL);
		if (status != STATUS_SUCCESS)
			return status;
	}
	status = key_open(root, ObjectAttributes->ObjectName, KeyHandle);
	if (root)
		ObfDereferenceObject(root);
	return status;
}

/* ---- values ---- */

/* What a caller gets: a head, then the name, then the data. */
struct answer {
	ULONG head;                  /* bytes before the name or, without one, the data */
	ULONG name, data;            /* where these begin; 0: not told */
	ULONG whole;
};

static bool answer_shape(KEY_VALUE_INFORMATION_CLASS class, ULONG name_length,
			 const struct registry_value *v, struct answer *a)
{
	switch (class) {
	case KeyValueBasicInformation:
		a->head = a->name = FIELD_OFFSET(KEY_VALUE_BASIC_INFORMATION, Name);
		a->data = 0;
		a->whole = a->name + name_length;
		return true;
	case KeyValueFullInformation:
		a->head = a->name = FIELD_OFFSET(KEY_VALUE_FULL_INFORMATION, Name);
		a->data = (a->name + name_length + 7) & ~7u;
		a->whole = a->data + v->length;
		return true;
	case KeyValuePartialInformation:
		a->head = a->data = FIELD_OFFSET(KEY_VALUE_PARTIAL_INFORMATION, Data);
		a->name = 0;
		a->whole = a->data + v->length;
		return true;
	default:
		return false;
	}
}

static void head_write(KEY_VALUE_INFORMATION_CLASS class, void *to, const struct answer *a,
		       ULONG name_length, const struct registry_value *v)
{
	PKEY_VALUE_BASIC_INFORMATION basic = to;
	PKEY_VALUE_FULL_INFORMATION full = to;
	PKEY_VALUE_PARTIAL_INFORMATION partial = to;

	memset(to, 0, a->head);
	partial->Type = v->type;         /* at one place in all three */
	if (class == KeyValueBasicInformation) {
		basic->NameLength = name_length;
	} else if (class == KeyValuePartialInformation) {
		partial->DataLength = v->length;
	} else {
		full->DataOffset = a->data;
		full->DataLength = v->length;
		full->NameLength = name_length;
	}
}

/* As much as there is room for of 'length' bytes that belong 'at' bytes into the answer. */
static void part_write(void *to, ULONG room, ULONG at, const void *from, ULONG length)
{
	if (at && at < room && length)
		memcpy((char *)to + at, from, length < room - at ? length : room - at);
}

static NTSTATUS answer_write(KEY_VALUE_INFORMATION_CLASS class, PCUNICODE_STRING name,
			     const struct registry_value *v, void *to, ULONG room, PULONG needed)
{
	struct answer a;

	if (!answer_shape(class, name->Length, v, &a))
		return STATUS_INVALID_PARAMETER;
	*needed = a.whole;
	if (room < a.head)
		return STATUS_BUFFER_TOO_SMALL;
	head_write(class, to, &a, name->Length, v);
	part_write(to, room, a.name, name->Buffer, name->Length);
	part_write(to, room, a.data, v->data, v->length);
	return room < a.whole ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
}

NTSTATUS ZwQueryValueKey(HANDLE KeyHandle, PUNICODE_STRING ValueName,
			 KEY_VALUE_INFORMATION_CLASS KeyValueInformationClass,
			 PVOID KeyValueInformation, ULONG Length, PULONG ResultLength)
{
	struct registry_value value = { 0 };
	PVOID body;
	struct key *key;
	NTSTATUS status;

	*ResultLength = 0;
	status = ObReferenceObjectByHandle(KeyHandle, KEY_QUERY_VALUE, &key_type, KernelMode, &body,
					   NULL);
	if (status != STATUS_SUCCESS)
		return status;
	key = body;
	status = atomic_load(&source)->value_read(&key->path, ValueName, &value);
	if (status == STATUS_SUCCESS)
		status = answer_write(KeyValueInformationClass, ValueName, &value, KeyValueInformation,
				      Length, ResultLength);
	free(value.data);
	ObfDereferenceObject(body);
	return status;
}
