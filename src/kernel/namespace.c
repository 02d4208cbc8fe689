/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of devices and the links to them. */
#include "kernel/namespace.h"

#include <pthread.h>

#include "kernel/device.h"

#define NAME_TAG  0x656d614eu   /* "Name" */
#define MAX_LINKS 8             /* links to links that are followed */

struct name {
	LIST_ENTRY link;
	UNICODE_STRING path;         /* canonical, in pool */
	UNICODE_STRING target;       /* canonical; empty: a device's own name */
	UNICODE_STRING given;        /* the path as the driver wrote it */
	struct device *device;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static LIST_ENTRY names = { &names, &names };

void namespace_lock(void)
{
	pthread_mutex_lock(&lock);
}

void namespace_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* Takes 'prefix' (upper case) off the start. */
static bool skip(UNICODE_STRING *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->Length < n * sizeof(WCHAR))
		return false;
	for (size_t i = 0; i < n; i++)
		if (s->Buffer[i] != (WCHAR)prefix[i])
			return false;
	s->Buffer += n;
	s->Length = (USHORT)(s->Length - n * sizeof(WCHAR));
	return true;
}

/* An upper-case copy, the ways to say \??\ made one. RtlFreeUnicodeString. */
static NTSTATUS canonical(PCUNICODE_STRING name, UNICODE_STRING *out)
{
	static const WCHAR dos[] = { '\\', '?', '?', '\\' };
	UNICODE_STRING upper = { 0 }, s;
	NTSTATUS status = RtlUpcaseUnicodeString(&upper, name, TRUE);

	RtlZeroMemory(out, sizeof(*out));
	if (status != STATUS_SUCCESS)
		return STATUS_INSUFFICIENT_RESOURCES;
	s = upper;
	if (!s.Length || s.Buffer[0] != '\\') {
		RtlFreeUnicodeString(&upper);
		return STATUS_OBJECT_PATH_SYNTAX_BAD;
	}
	if (!skip(&s, "\\DOSDEVICES\\") && !skip(&s, "\\??\\") &&
	    !skip(&s, "\\GLOBAL??\\") && !skip(&s, "\\\\.\\")) {
		*out = upper;
		return STATUS_SUCCESS;
	}
	skip(&s, "GLOBAL\\");          /* below each of them a link back to the top */
	out->MaximumLength = (USHORT)(s.Length + sizeof(dos));
	out->Buffer = ExAllocatePoolUninitialized(PagedPool, out->MaximumLength, NAME_TAG);
	if (out->Buffer) {
		out->Length = out->MaximumLength;
		memcpy(out->Buffer, dos, sizeof(dos));
		memcpy(out->Buffer + RTL_NUMBER_OF(dos), s.Buffer, s.Length);
	}
	RtlFreeUnicodeString(&upper);
	return out->Buffer ? STATUS_SUCCESS : STATUS_INSUFFICIENT_RESOURCES;
}

static struct name *name_find(PCUNICODE_STRING path)
{
	for (PLIST_ENTRY e = names.Flink; e != &names; e = e->Flink) {
		struct name *n = CONTAINING_RECORD(e, struct name, link);

		if (RtlEqualUnicodeString(&n->path, path, FALSE))
			return n;
	}
	return NULL;
}

static void name_free(struct name *n)
{
	RtlFreeUnicodeString(&n->path);
	RtlFreeUnicodeString(&n->target);
	RtlFreeUnicodeString(&n->given);
	ExFreePoolWithTag(n, NAME_TAG);
}

static NTSTATUS keep(PCUNICODE_STRING name, UNICODE_STRING *out)
{
	out->Buffer = ExAllocatePoolUninitialized(PagedPool, name->Length, NAME_TAG);
	if (!out->Buffer)
		return STATUS_INSUFFICIENT_RESOURCES;
	out->Length = out->MaximumLength = name->Length;
	memcpy(out->Buffer, name->Buffer, name->Length);
	return STATUS_SUCCESS;
}

NTSTATUS namespace_add(PCUNICODE_STRING name, struct device *device, PCUNICODE_STRING target)
{
	struct name *n = ExAllocatePoolZero(PagedPool, sizeof(*n), NAME_TAG);
	NTSTATUS status;

	if (!n)
		return STATUS_INSUFFICIENT_RESOURCES;
	status = canonical(name, &n->path);
	if (status == STATUS_SUCCESS && target)
		status = canonical(target, &n->target);
	if (status == STATUS_SUCCESS)
		status = keep(name, &n->given);
	if (status == STATUS_SUCCESS && name_find(&n->path))
		status = STATUS_OBJECT_NAME_COLLISION;
	if (status != STATUS_SUCCESS) {
		name_free(n);
		return status;
	}
	n->device = device;
	InsertTailList(&names, &n->link);
	return STATUS_SUCCESS;
}

NTSTATUS namespace_remove_link(PCUNICODE_STRING name)
{
	UNICODE_STRING path;
	NTSTATUS status = canonical(name, &path);
	struct name *n;

	if (status != STATUS_SUCCESS)
		return status;
	n = name_find(&path);
	RtlFreeUnicodeString(&path);
	if (!n || n->device)
		return STATUS_OBJECT_NAME_NOT_FOUND;
	RemoveEntryList(&n->link);
	name_free(n);
	return STATUS_SUCCESS;
}

void namespace_remove_device(const struct device *device)
{
	PLIST_ENTRY e = names.Flink;

	while (e != &names) {
		struct name *n = CONTAINING_RECORD(e, struct name, link);

		e = e->Flink;
		if (n->device == device) {
			RemoveEntryList(&n->link);
			name_free(n);
		}
	}
}

/* The name that is the longest start of 'path' up to a backslash or its end. */
static struct name *longest_start(UNICODE_STRING path)
{
	for (;;) {
		struct name *n = name_find(&path);
		size_t last = path.Length / sizeof(WCHAR);

		if (n)
			return n;
		while (last && path.Buffer[last - 1] != '\\')
			last--;
		if (last < 2)
			return NULL;
		path.Length = (USHORT)((last - 1) * sizeof(WCHAR));
	}
}

struct device *namespace_find(PCUNICODE_STRING path, size_t *rest)
{
	struct device *device = NULL;
	UNICODE_STRING at;
	struct name *n;

	*rest = 0;
	if (canonical(path, &at) != STATUS_SUCCESS)
		return NULL;
	n = longest_start(at);
	if (n)
		*rest = (size_t)(at.Length - n->path.Length) / sizeof(WCHAR);
	for (int i = 0; n && !n->device && i < MAX_LINKS; i++)
		n = name_find(&n->target);
	if (n)
		device = n->device;
	RtlFreeUnicodeString(&at);
	return device;
}

/* ---- for a person ---- */

static void to_text(PCUNICODE_STRING s, char text[DEVICE_MAX_NAME])
{
	ANSI_STRING to = { 0, DEVICE_MAX_NAME - 1, text };

	if (RtlUnicodeStringToAnsiString(&to, s, FALSE) != STATUS_SUCCESS)
		to.Length = 0;
	text[to.Length] = '\0';
}

bool device_name(unsigned index, struct device_name *out)
{
	struct name *n = NULL, *target;
	PLIST_ENTRY e;

	namespace_lock();
	for (e = names.Flink; e != &names && index; e = e->Flink)
		index--;
	if (e != &names) {
		n = CONTAINING_RECORD(e, struct name, link);
		target = n->device ? NULL : name_find(&n->target);
		to_text(&n->given, out->name);
		out->is_link = !n->device;
		out->target[0] = '\0';
		if (target)
			to_text(&target->given, out->target);
		out->files = n->device ? (unsigned)n->device->object.ReferenceCount : 0;
	}
	namespace_unlock();
	return n != NULL;
}
