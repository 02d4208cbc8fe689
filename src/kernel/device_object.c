/* SPDX-License-Identifier: BSD-2-Clause */
/* Driver and device objects: made, named, deleted. */
#include <wdmsec.h>

#include "base/log.h"
#include "kernel/device.h"
#include "kernel/namespace.h"
#include "kernel/object.h"

#define IO_TYPE_DEVICE 3
#define IO_TYPE_DRIVER 4

/* What a driver that has no routine for a request answers. */
static NTSTATUS refuse(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	(void)DeviceObject;
	Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
	Irp->IoStatus.Information = 0;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);
	return STATUS_INVALID_DEVICE_REQUEST;
}

void driver_object_init(PDRIVER_OBJECT driver)
{
	RtlZeroMemory(driver, sizeof(*driver));
	driver->Type = IO_TYPE_DRIVER;
	driver->Size = sizeof(*driver);
	for (int i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++)
		driver->MajorFunction[i] = refuse;
}

void driver_object_ready(PDRIVER_OBJECT driver)
{
	namespace_lock();
	for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice)
		d->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
	namespace_unlock();
}

unsigned driver_object_report(PDRIVER_OBJECT driver, const char *owner)
{
	unsigned n = 0;

	namespace_lock();
	for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice, n++)
		log_warning("%s leaves a device object: %s", owner,
			    CONTAINING_RECORD(d, struct device, object)->deleted ?
			    "a file is still open on it" : "it was never deleted");
	namespace_unlock();
	return n;
}

bool driver_object_is_open(PDRIVER_OBJECT driver)
{
	bool open = false;

	namespace_lock();
	for (PDEVICE_OBJECT d = driver->DeviceObject; d; d = d->NextDevice)
		open = open || d->ReferenceCount;
	namespace_unlock();
	return open;
}

static const struct _OBJECT_TYPE device_type = { "Device", NULL };

static struct device *device_create(PDRIVER_OBJECT driver, ULONG extension, DEVICE_TYPE type,
				    ULONG characteristics, BOOLEAN exclusive)
{
	size_t own = ALIGN_UP_BY(sizeof(struct device), MEMORY_ALLOCATION_ALIGNMENT);
	struct device *d = object_create(&device_type, own + extension);

	if (!d)
		return NULL;
	d->object.Type = IO_TYPE_DEVICE;
	d->object.Size = (USHORT)(sizeof(DEVICE_OBJECT) + extension);
	d->object.DriverObject = driver;
	d->object.DeviceType = type;
	d->object.Characteristics = characteristics;
	d->object.StackSize = 1;
	d->object.Flags = DO_DEVICE_INITIALIZING | (exclusive ? DO_EXCLUSIVE : 0);
	d->object.DeviceExtension = extension ? (PCHAR)d + own : NULL;
	KeInitializeEvent(&d->object.DeviceLock, SynchronizationEvent, TRUE);
	InitializeListHead(&d->object.Queue.ListEntry);
	return d;
}

NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
			PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
			ULONG DeviceCharacteristics, BOOLEAN Exclusive, PDEVICE_OBJECT *DeviceObject)
{
	NTSTATUS status = STATUS_SUCCESS;
	struct device *d;

	*DeviceObject = NULL;
	if (!DriverObject)
		return STATUS_INVALID_PARAMETER;
	d = device_create(DriverObject, DeviceExtensionSize, DeviceType, DeviceCharacteristics,
			  Exclusive);
	if (!d)
		return STATUS_INSUFFICIENT_RESOURCES;
	namespace_lock();
	if (DeviceName && DeviceName->Length)
		status = namespace_add(DeviceName, d, NULL);
	if (status == STATUS_SUCCESS) {
		if (DeviceName && DeviceName->Length)
			d->object.Flags |= DO_DEVICE_HAS_NAME;
		d->object.NextDevice = DriverObject->DeviceObject;
		DriverObject->DeviceObject = &d->object;
		*DeviceObject = &d->object;
	}
	namespace_unlock();
	if (status != STATUS_SUCCESS)
		ObDereferenceObject(d);
	return status;
}

/* Off its driver's list; lock held. */
static void unlink_device(struct device *device)
{
	PDEVICE_OBJECT *at = &device->object.DriverObject->DeviceObject;

	while (*at && *at != &device->object)
		at = &(*at)->NextDevice;
	if (*at)
		*at = device->object.NextDevice;
}

VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
	struct device *d = CONTAINING_RECORD(DeviceObject, struct device, object);
	bool gone;

	namespace_lock();
	if (d->deleted) {
		namespace_unlock();
		log_error("device object %p is deleted a second time", (void *)DeviceObject);
		return;
	}
	namespace_remove_device(d);
	d->deleted = true;
	gone = d->object.ReferenceCount == 0;
	if (gone)
		unlink_device(d);
	namespace_unlock();
	if (gone)
		ObDereferenceObject(d);
}

unsigned driver_object_clear(PDRIVER_OBJECT driver, const char *owner)
{
	unsigned n = driver_object_report(driver, owner);

	for (PDEVICE_OBJECT d = driver->DeviceObject, next; d; d = next) {
		next = d->NextDevice;
		if (!CONTAINING_RECORD(d, struct device, object)->deleted)
			IoDeleteDevice(d);
	}
	return n;
}

void device_put(struct device *device)
{
	bool gone;

	namespace_lock();
	gone = --device->object.ReferenceCount == 0 && device->deleted;
	if (gone)
		unlink_device(device);
	namespace_unlock();
	if (gone)
		ObDereferenceObject(device);
}

NTSTATUS IoCreateSymbolicLink(PUNICODE_STRING SymbolicLinkName, PUNICODE_STRING DeviceName)
{
	NTSTATUS status;

	namespace_lock();
	status = namespace_add(SymbolicLinkName, NULL, DeviceName);
	namespace_unlock();
	return status;
}

NTSTATUS IoDeleteSymbolicLink(PUNICODE_STRING SymbolicLinkName)
{
	NTSTATUS status;

	namespace_lock();
	status = namespace_remove_link(SymbolicLinkName);
	namespace_unlock();
	return status;
}

/* ---- with a security descriptor ---- */

#define SDDL(name, text) \
	static const WCHAR name##_text[] = text; \
	const UNICODE_STRING SDDL_DEVOBJ_##name = { \
		sizeof(name##_text) - sizeof(WCHAR), sizeof(name##_text), \
		(PWCH)(ULONG_PTR)name##_text }

SDDL(KERNEL_ONLY, u"D:P");
SDDL(SYS_ALL, u"D:P(A;;GA;;;SY)");
SDDL(SYS_ALL_ADM_ALL, u"D:P(A;;GA;;;SY)(A;;GA;;;BA)");
SDDL(SYS_ALL_ADM_RX, u"D:P(A;;GA;;;SY)(A;;GRGX;;;BA)");
SDDL(SYS_ALL_ADM_RWX_WORLD_R, u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)");
SDDL(SYS_ALL_ADM_RWX_WORLD_RW, u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGW;;;WD)");
SDDL(SYS_ALL_ADM_RWX_WORLD_RWX, u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)");
SDDL(SYS_ALL_ADM_RWX_WORLD_R_RES_R,
     u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GR;;;WD)(A;;GR;;;RC)");
SDDL(SYS_ALL_ADM_RWX_WORLD_RW_RES_R,
     u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGW;;;WD)(A;;GR;;;RC)");
SDDL(SYS_ALL_ADM_RWX_WORLD_RWX_RES_RWX,
     u"D:P(A;;GA;;;SY)(A;;GRGWGX;;;BA)(A;;GRGWGX;;;WD)(A;;GRGWGX;;;RC)");

NTSTATUS WdmlibIoCreateDeviceSecure(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
				    PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
				    ULONG DeviceCharacteristics, BOOLEAN Exclusive,
				    PCUNICODE_STRING DefaultSDDLString, LPCGUID DeviceClassGuid,
				    PDEVICE_OBJECT *DeviceObject)
{
	static const WCHAR dacl[] = { 'D', ':' };
	UNICODE_STRING start = { sizeof(dacl), sizeof(dacl), (PWCH)(ULONG_PTR)dacl };

	(void)DeviceClassGuid;
	*DeviceObject = NULL;
	if (!DefaultSDDLString || !RtlPrefixUnicodeString(&start, DefaultSDDLString, FALSE)) {
		log_error("IoCreateDeviceSecure: the security descriptor must begin with \"D:\"");
		return STATUS_INVALID_PARAMETER;
	}
	return IoCreateDevice(DriverObject, DeviceExtensionSize, DeviceName, DeviceType,
			      DeviceCharacteristics, Exclusive, DeviceObject);
}
