/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control devices of NDIS drivers. The devices are NDIS's own: its dispatch routine
 * finds the driver's functions in the device, so that a driver's own DRIVER_OBJECT,
 * and the devices that it made itself, stay as they are. What a device needs lies in
 * its extension and lives as long as it does, which may be longer than the
 * registration: until the last file on it is closed.
 */
#include "ndis/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/object.h"
#include "ndis/resource.h"

struct extension {
	PDRIVER_DISPATCH functions[IRP_MJ_MAXIMUM_FUNCTION + 1];
	atomic_bool gone;                   /* deregistered: the functions may be no more */
	ULONG size;
	_Alignas(16) UCHAR reserved[];      /* the driver's */
};

/* The handle of NdisRegisterDeviceEx. */
struct ndis_device {
	PDEVICE_OBJECT device;
	UNICODE_STRING link;                /* no Buffer: there is none */
	WCHAR text[];
};

static NTSTATUS complete(PIRP irp, NTSTATUS status)
{
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = 0;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return status;
}

static NTSTATUS dispatch(PDEVICE_OBJECT device, PIRP irp)
{
	struct extension *e = device->DeviceExtension;
	UCHAR major = IoGetCurrentIrpStackLocation(irp)->MajorFunction;

	if (e && atomic_load(&e->gone))
		return complete(irp, major == IRP_MJ_CLEANUP || major == IRP_MJ_CLOSE
					     ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE);
	if (!e || major > IRP_MJ_MAXIMUM_FUNCTION || !e->functions[major])
		return complete(irp, STATUS_INVALID_DEVICE_REQUEST);
	return e->functions[major](device, irp);
}

DRIVER_OBJECT ndis_device_driver = {
	.Type = 4,                          /* as every driver object's */
	.Size = sizeof(DRIVER_OBJECT),
	.MajorFunction = { [0 ... IRP_MJ_MAXIMUM_FUNCTION] = dispatch },
};

static struct ndis_device *device_new(const NDIS_STRING *link)
{
	USHORT length = link ? link->Length : 0;
	struct ndis_device *d = calloc(1, sizeof(*d) + length + sizeof(WCHAR));

	if (!d || !link)
		return d;
	memcpy(d->text, link->Buffer, length);
	d->link = (UNICODE_STRING){ length, (USHORT)(length + sizeof(WCHAR)), d->text };
	return d;
}

static bool well_formed(const struct ndis_object *owner, const NDIS_DEVICE_OBJECT_ATTRIBUTES *a)
{
	/* DEFAULT is what drivers of Microsoft's own say, too. */
	if ((a->Header.Type == NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES ||
	     a->Header.Type == NDIS_OBJECT_TYPE_DEFAULT) &&
	    a->Header.Size >= NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1 &&
	    a->DeviceName && a->MajorFunctions && a->ExtensionSize < UINT16_MAX)
		return true;
	log_error("%s %s: device attributes: wrong Header.Type or Size, no DeviceName or "
		  "MajorFunctions, or an ExtensionSize of 64 KiB or more",
		  ndis_object_kind_name(owner->kind), owner->name);
	return false;
}

NDIS_STATUS NdisRegisterDeviceEx(NDIS_HANDLE NdisObjectHandle,
				 PNDIS_DEVICE_OBJECT_ATTRIBUTES DeviceObjectAttributes,
				 PDEVICE_OBJECT *pDeviceObject, PNDIS_HANDLE NdisDeviceHandle)
{
	const NDIS_DEVICE_OBJECT_ATTRIBUTES *a = DeviceObjectAttributes;
	const struct ndis_object *owner = NdisObjectHandle;
	struct ndis_device *d;
	struct extension *e;
	NTSTATUS status;

	NDIS_CALLED(NdisObjectHandle);
	*pDeviceObject = NULL;
	*NdisDeviceHandle = NULL;
	if (!owner || (unsigned)owner->kind > NDIS_OBJECT_BINDING)
		return NDIS_STATUS_NOT_SUPPORTED;
	if (!well_formed(owner, a))
		return NDIS_STATUS_INVALID_PARAMETER;
	d = device_new(a->SymbolicName);
	if (!d)
		return NDIS_STATUS_RESOURCES;
	status = IoCreateDevice(&ndis_device_driver, (ULONG)sizeof(*e) + a->ExtensionSize,
				a->DeviceName, FILE_DEVICE_NETWORK, FILE_DEVICE_SECURE_OPEN, FALSE,
				&d->device);
	if (!NT_SUCCESS(status))
		goto free_handle;
	e = d->device->DeviceExtension;
	memcpy(e->functions, a->MajorFunctions, sizeof(e->functions));
	e->size = a->ExtensionSize;
	if (d->link.Buffer)
		status = IoCreateSymbolicLink(&d->link, a->DeviceName);
	if (!NT_SUCCESS(status))
		goto delete_device;
	if (ndis_resource_add(NDIS_RESOURCE_DEVICE, d, NdisObjectHandle,
			      __builtin_return_address(0))) {
		status = NDIS_STATUS_RESOURCES;
		goto delete_link;
	}
	d->device->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
	*pDeviceObject = d->device;
	*NdisDeviceHandle = d;
	return NDIS_STATUS_SUCCESS;
delete_link:
	if (d->link.Buffer)
		IoDeleteSymbolicLink(&d->link);
delete_device:
	IoDeleteDevice(d->device);
free_handle:
	free(d);
	return status;
}

VOID NdisDeregisterDeviceEx(NDIS_HANDLE NdisDeviceHandle)
{
	struct ndis_device *d = NdisDeviceHandle;
	struct extension *e;

	NDIS_CALLED(NULL);
	if (!ndis_resource_remove(NDIS_RESOURCE_DEVICE, d)) {
		ndis_resource_refuse(NDIS_RESOURCE_DEVICE, d, "NdisDeregisterDeviceEx");
		return;
	}
	e = d->device->DeviceExtension;
	if (d->link.Buffer)
		IoDeleteSymbolicLink(&d->link);
	atomic_store(&e->gone, true);
	IoDeleteDevice(d->device);
	free(d);
}

PVOID NdisGetDeviceReservedExtension(PDEVICE_OBJECT DeviceObject)
{
	struct extension *e = DeviceObject->DeviceExtension;

	/* A device that the driver made itself has none of ours. */
	if (DeviceObject->DriverObject != &ndis_device_driver || !e || !e->size)
		return NULL;
	return e->reserved;
}
