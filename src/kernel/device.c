/* SPDX-License-Identifier: BSD-2-Clause */
/* Files on devices: opened, read, written, controlled, closed. */
#include "kernel/device.h"

#include <stdlib.h>
#include <time.h>

#include "base/log.h"
#include "kernel/device_request.h"
#include "kernel/object.h"

#define IO_TYPE_FILE 5
#define FILE_TAG     0x656c6946u   /* "File" */

/* The last reference is gone: the driver hears IRP_MJ_CLOSE. */
static void file_object_destroy(void *body)
{
	PFILE_OBJECT object = body;
	struct device *device = CONTAINING_RECORD(object->DeviceObject, struct device, object);
	PIRP irp = IoAllocateIrp(device->object.StackSize, FALSE);
	PIO_STACK_LOCATION at;

	/* FinalStatus: whether the driver let the file be opened at all. */
	if (NT_SUCCESS(object->FinalStatus) && irp) {
		KEVENT done;

		KeInitializeEvent(&done, NotificationEvent, FALSE);
		irp->UserEvent = &done;
		irp->Tail.Overlay.OriginalFileObject = object;
		at = IoGetNextIrpStackLocation(irp);
		at->MajorFunction = IRP_MJ_CLOSE;
		at->FileObject = object;
		IofCallDriver(&device->object, irp);
		KeWaitForSingleObject(&done, Executive, KernelMode, FALSE, NULL);
	} else if (irp) {
		IoFreeIrp(irp);
	}
	RtlFreeUnicodeString(&object->FileName);
	device_put(device);
}

static const struct _OBJECT_TYPE file_type = { "File", file_object_destroy };

/* The device that 'path' names, with one more open file, and the rest of the path. */
static NTSTATUS device_get(PCUNICODE_STRING path, struct device **device, size_t *rest)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct device *d;

	namespace_lock();
	d = namespace_find(path, rest);
	if (!d)
		status = STATUS_OBJECT_NAME_NOT_FOUND;
	else if (d->object.Flags & DO_DEVICE_INITIALIZING)
		status = STATUS_NO_SUCH_DEVICE;
	else if ((d->object.Flags & DO_EXCLUSIVE) && d->object.ReferenceCount)
		status = STATUS_ACCESS_DENIED;
	else
		d->object.ReferenceCount++;
	namespace_unlock();
	*device = d;
	return status;
}

/* Takes over the count of the open file, also when it fails. */
static PFILE_OBJECT file_object_create(struct device *device, PCUNICODE_STRING path, size_t rest)
{
	PFILE_OBJECT object = object_create(&file_type, sizeof(*object));
	UNICODE_STRING name = *path;

	if (!object) {
		device_put(device);
		return NULL;
	}
	name.Length = (USHORT)(rest * sizeof(WCHAR));
	name.Buffer += path->Length / sizeof(WCHAR) - rest;
	object->Type = IO_TYPE_FILE;
	object->Size = sizeof(*object);
	object->DeviceObject = &device->object;
	object->ReadAccess = object->WriteAccess = TRUE;
	object->SharedRead = object->SharedWrite = TRUE;
	object->FinalStatus = STATUS_UNSUCCESSFUL;
	KeInitializeEvent(&object->Lock, SynchronizationEvent, TRUE);
	KeInitializeEvent(&object->Event, NotificationEvent, FALSE);
	KeInitializeSpinLock(&object->IrpListLock);
	InitializeListHead(&object->IrpList);
	object->FileName.Buffer = ExAllocatePoolUninitialized(PagedPool, name.Length, FILE_TAG);
	if (!object->FileName.Buffer) {
		ObDereferenceObject(object);
		return NULL;
	}
	object->FileName.Length = object->FileName.MaximumLength = name.Length;
	memcpy(object->FileName.Buffer, name.Buffer, name.Length);
	return object;
}

void file_put(struct device_file *file)
{
	unsigned left;

	pthread_mutex_lock(&file->lock);
	left = --file->users;
	pthread_mutex_unlock(&file->lock);
	if (left)
		return;
	pthread_mutex_destroy(&file->lock);
	free(file);
}

static struct device_file *file_create(struct device *device, PFILE_OBJECT object)
{
	struct device_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->object = object;
	file->device = device;
	file->users = 1;
	pthread_mutex_init(&file->lock, NULL);
	InitializeListHead(&file->requests);
	return file;
}

/* IRP_MJ_CREATE; what the driver answers. */
static NTSTATUS file_enter(struct device_file *file)
{
	IO_SECURITY_CONTEXT access = { .DesiredAccess = GENERIC_READ | GENERIC_WRITE };
	struct device_ask create = { .major = IRP_MJ_CREATE, .create = &access };

	file->object->FinalStatus = device_wait(request_begin(file, &create), DEVICE_FOREVER, NULL);
	return file->object->FinalStatus;
}

static NTSTATUS open_path(PCUNICODE_STRING path, struct device_file **file)
{
	PFILE_OBJECT object;
	struct device *device;
	NTSTATUS status;
	size_t rest;

	status = device_get(path, &device, &rest);
	if (!NT_SUCCESS(status))
		return status;
	object = file_object_create(device, path, rest);
	if (!object)
		return STATUS_INSUFFICIENT_RESOURCES;
	*file = file_create(device, object);
	status = *file ? file_enter(*file) : STATUS_INSUFFICIENT_RESOURCES;
	if (NT_SUCCESS(status))
		return status;
	if (*file)
		file_put(*file);
	*file = NULL;
	ObDereferenceObject(object);
	return status;
}

NTSTATUS device_open(const char *name, struct device_file **file)
{
	UNICODE_STRING path = { 0 };
	ANSI_STRING text;
	NTSTATUS status;

	*file = NULL;
	RtlInitAnsiString(&text, name);
	status = RtlAnsiStringToUnicodeString(&path, &text, TRUE);
	if (!NT_SUCCESS(status))
		return STATUS_OBJECT_NAME_INVALID;
	status = open_path(&path, file);
	RtlFreeUnicodeString(&path);
	return status;
}

/* Those that have ended stay on the list until their owner waits for them. */
static void cancel_all(struct device_file *file)
{
	pthread_mutex_lock(&file->lock);
	for (PLIST_ENTRY e = file->requests.Flink; e != &file->requests; e = e->Flink)
		device_cancel(CONTAINING_RECORD(e, struct device_request, link));
	pthread_mutex_unlock(&file->lock);
}

static bool all_done(struct device_file *file)
{
	bool done = true;

	pthread_mutex_lock(&file->lock);
	for (PLIST_ENTRY e = file->requests.Flink; e != &file->requests; e = e->Flink)
		done = done && device_is_done(CONTAINING_RECORD(e, struct device_request, link));
	pthread_mutex_unlock(&file->lock);
	return done;
}

void device_close(struct device_file *file)
{
	struct device_ask cleanup = { .major = IRP_MJ_CLEANUP };
	PFILE_OBJECT object;

	if (!file)
		return;
	object = file->object;
	cancel_all(file);
	device_wait(request_begin(file, &cleanup), DEVICE_FOREVER, NULL);
	/* A driver that ignores cancelling ends its requests at the cleanup. Their owners
	 * may be waiting for them at the same time, so they are only looked at here. */
	for (unsigned ms = 0; !all_done(file); ms++) {
		if (ms == 10000)
			log_warning("a driver has not ended the requests of a file that is closed");
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	file_put(file);
	ObDereferenceObject(object);
}

/* ---- requests ---- */

static struct device_request *begin(struct device_file *file, const struct device_ask *ask)
{
	bool deleted;

	namespace_lock();
	deleted = file->device->deleted;
	namespace_unlock();
	return deleted ? NULL : request_begin(file, ask);
}

struct device_request *device_begin_read(struct device_file *file, void *buffer, ULONG length)
{
	return begin(file, &(struct device_ask){
		.major = IRP_MJ_READ, .out = buffer, .out_length = length });
}

struct device_request *device_begin_write(struct device_file *file, const void *buffer,
					  ULONG length)
{
	return begin(file, &(struct device_ask){
		.major = IRP_MJ_WRITE, .in = (void *)(ULONG_PTR)buffer, .in_length = length });
}

struct device_request *device_begin_ioctl(struct device_file *file, ULONG code, void *in,
					  ULONG in_length, void *out, ULONG out_length)
{
	return begin(file, &(struct device_ask){
		.major = IRP_MJ_DEVICE_CONTROL, .code = code, .in = in, .in_length = in_length,
		.out = out, .out_length = out_length });
}

NTSTATUS device_read(struct device_file *file, void *buffer, ULONG length, int timeout,
		     ULONG_PTR *information)
{
	return device_wait(device_begin_read(file, buffer, length), timeout, information);
}

NTSTATUS device_write(struct device_file *file, const void *buffer, ULONG length, int timeout,
		      ULONG_PTR *information)
{
	return device_wait(device_begin_write(file, buffer, length), timeout, information);
}

NTSTATUS device_ioctl(struct device_file *file, ULONG code, void *in, ULONG in_length, void *out,
		      ULONG out_length, int timeout, ULONG_PTR *information)
{
	return device_wait(device_begin_ioctl(file, code, in, in_length, out, out_length), timeout,
			   information);
}
