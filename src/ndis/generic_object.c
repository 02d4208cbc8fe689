/* SPDX-License-Identifier: BSD-2-Clause */
/* Generic objects: an NDIS handle for whoever is no NDIS driver. */
#include "ndis/object.h"

#include "base/log.h"
#include "ndis/resource.h"

PNDIS_GENERIC_OBJECT NdisAllocateGenericObject(PDRIVER_OBJECT DriverObject, ULONG Tag, USHORT Size)
{
	const void *caller = __builtin_return_address(0);
	PNDIS_GENERIC_OBJECT o;

	NDIS_CALLED(NULL);
	if (!Tag) {
		log_error("NdisAllocateGenericObject: Tag is 0 (called from %p)", caller);
		return NULL;
	}
	o = ExAllocatePoolZero(NonPagedPoolNx, sizeof(*o) + Size, Tag);
	if (!o)
		return NULL;
	o->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_DEFAULT,
					  NDIS_GENERIC_OBJECT_REVISION_1, sizeof(*o) };
	o->Caller = (PVOID)(ULONG_PTR)caller;
	o->DriverObject = DriverObject;
	if (ndis_resource_add(NDIS_RESOURCE_GENERIC_OBJECT, o, DriverObject, caller)) {
		ExFreePoolWithTag(o, Tag);
		return NULL;
	}
	return o;
}

VOID NdisFreeGenericObject(PNDIS_GENERIC_OBJECT NdisObject)
{
	NDIS_CALLED(NULL);
	if (ndis_resource_remove(NDIS_RESOURCE_GENERIC_OBJECT, NdisObject))
		ExFreePool(NdisObject);
	else
		ndis_resource_refuse(NDIS_RESOURCE_GENERIC_OBJECT, NdisObject,
				     "NdisFreeGenericObject");
}
