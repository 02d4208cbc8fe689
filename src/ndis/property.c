/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter as a device: its objects in the device tree, its names, its bus. */
#include "ndis/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/object.h"

/* The device of one adapter name. It stays when the adapter goes, as a device stays
 * in its slot. */
struct device_node {
	struct device_node *next;
	PDEVICE_OBJECT physical, functional;
	char name[64];
};

static struct device_node *nodes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list */

static struct device_node *node_new(const char *name)
{
	struct device_node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	strncpy(n->name, name, sizeof(n->name) - 1);
	if (!NT_SUCCESS(IoCreateDevice(&ndis_device_driver, 0, NULL, FILE_DEVICE_PHYSICAL_NETCARD, 0,
				       FALSE, &n->physical)))
		goto free_node;
	if (!NT_SUCCESS(IoCreateDevice(&ndis_device_driver, 0, NULL, FILE_DEVICE_NETWORK, 0, FALSE,
				       &n->functional)))
		goto delete_physical;
	n->physical->AttachedDevice = n->functional;
	n->functional->StackSize = (CCHAR)(n->physical->StackSize + 1);
	n->next = nodes;
	nodes = n;
	return n;
delete_physical:
	IoDeleteDevice(n->physical);
free_node:
	free(n);
	return NULL;
}

static struct device_node *node_of(const char *name)
{
	struct device_node *n;

	pthread_mutex_lock(&lock);
	for (n = nodes; n && strcmp(n->name, name); n = n->next)
		;
	if (!n)
		n = node_new(name);
	pthread_mutex_unlock(&lock);
	return n;
}

VOID NdisMGetDeviceProperty(NDIS_HANDLE MiniportAdapterHandle, PDEVICE_OBJECT *PhysicalDeviceObject,
			    PDEVICE_OBJECT *FunctionalDeviceObject, PDEVICE_OBJECT *NextDeviceObject,
			    PCM_PARTIAL_RESOURCE_LIST *AllocatedResources,
			    PCM_PARTIAL_RESOURCE_LIST *AllocatedResourcesTranslated)
{
	struct device_node *n = node_of(ndis_handle_name(MiniportAdapterHandle));

	NDIS_CALLED(MiniportAdapterHandle);
	/* Every one of them is asked for by whoever wants it. */
	if (PhysicalDeviceObject)
		*PhysicalDeviceObject = n ? n->physical : NULL;
	if (FunctionalDeviceObject)
		*FunctionalDeviceObject = n ? n->functional : NULL;
	if (NextDeviceObject)
		*NextDeviceObject = n ? n->physical : NULL;
	/* No bus has given it ports, memory or interrupts. */
	if (AllocatedResources)
		*AllocatedResources = NULL;
	if (AllocatedResourcesTranslated)
		*AllocatedResourcesTranslated = NULL;
}

/* ---- names ---- */

/* The adapter that a handle stands for, or stands over. */
static NDIS_STATUS instance_name(PNDIS_STRING name, NDIS_HANDLE handle)
{
	const struct ndis_object *o = handle;
	const char *text = o->name;

	if (o->kind == NDIS_OBJECT_FILTER || o->kind == NDIS_OBJECT_BINDING)
		text = ndis_handle_name(((const struct ndis_layer *)handle)->adapter);
	OvmqInitializeString(name, (PUCHAR)(ULONG_PTR)text);
	return name->Buffer ? NDIS_STATUS_SUCCESS : NDIS_STATUS_RESOURCES;
}

NDIS_STATUS NdisMQueryAdapterInstanceName(PNDIS_STRING AdapterInstanceName,
					  NDIS_HANDLE MiniportHandle)
{
	NDIS_CALLED(MiniportHandle);
	return instance_name(AdapterInstanceName, MiniportHandle);
}

NDIS_STATUS NdisQueryAdapterInstanceName(PNDIS_STRING pAdapterInstanceName, NDIS_HANDLE NdisHandle)
{
	NDIS_CALLED(NdisHandle);
	return instance_name(pAdapterInstanceName, NdisHandle);
}

NDIS_STATUS NdisQueryBindInstanceName(PNDIS_STRING pAdapterInstanceName, NDIS_HANDLE BindingContext)
{
	NDIS_CALLED(BindingContext);
	return instance_name(pAdapterInstanceName, BindingContext);
}

/* ---- the bus: there is none, and a read of it returns no byte ---- */

ULONG NdisMGetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset, PVOID Buffer,
		      ULONG Length)
{
	(void)Buffer;
	log_info("adapter %s: NdisMGetBusData of %u bytes at %u of space %u: the adapter is on no bus",
		 ndis_handle_name(NdisMiniportHandle), Length, Offset, WhichSpace);
	return 0;
}

ULONG NdisMSetBusData(NDIS_HANDLE NdisMiniportHandle, ULONG WhichSpace, ULONG Offset, PVOID Buffer,
		      ULONG Length)
{
	(void)Buffer;
	log_info("adapter %s: NdisMSetBusData of %u bytes at %u of space %u: the adapter is on no bus",
		 ndis_handle_name(NdisMiniportHandle), Length, Offset, WhichSpace);
	return 0;
}
