/* SPDX-License-Identifier: BSD-2-Clause */
/* keep: a lightweight filter that keeps the first 16 frames (KEEP_MOST) of receive queue 1, as one that
 * looks for something in a flow may, until it is paused. It is bound once. */
#include <ndis.h>

#define KEEP_QUEUE 1
#ifndef KEEP_MOST
#define KEEP_MOST  16
#endif

static NDIS_HANDLE KeepDriverHandle;
static NDIS_HANDLE KeepFilterHandle;
static NDIS_SPIN_LOCK KeepLock;         /* over the two below */
static PNET_BUFFER_LIST KeepFirst;
static ULONG KeepCount;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD KeepUnload;
static FILTER_ATTACH KeepAttach;
static FILTER_DETACH KeepDetach;
static FILTER_RESTART KeepRestart;
static FILTER_PAUSE KeepPause;
static FILTER_RECEIVE_NET_BUFFER_LISTS KeepReceiveNetBufferLists;
static FILTER_RETURN_NET_BUFFER_LISTS KeepReturnNetBufferLists;
static FILTER_STATUS KeepStatus;

_Use_decl_annotations_
static NDIS_STATUS
KeepAttach(NDIS_HANDLE NdisFilterHandle, NDIS_HANDLE FilterDriverContext,
	   PNDIS_FILTER_ATTACH_PARAMETERS AttachParameters)
{
	NDIS_FILTER_ATTRIBUTES Attributes;

	UNREFERENCED_PARAMETER(FilterDriverContext);
	UNREFERENCED_PARAMETER(AttachParameters);
	if (KeepFilterHandle != NULL)
		return NDIS_STATUS_FAILURE;
	NdisZeroMemory(&Attributes, sizeof(Attributes));
	Attributes.Header.Type = NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES;
	Attributes.Header.Revision = NDIS_FILTER_ATTRIBUTES_REVISION_1;
	Attributes.Header.Size = NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1;
	KeepFilterHandle = NdisFilterHandle;
	return NdisFSetAttributes(NdisFilterHandle, &KeepFilterHandle, &Attributes);
}

_Use_decl_annotations_
static VOID
KeepDetach(NDIS_HANDLE FilterModuleContext)
{
	UNREFERENCED_PARAMETER(FilterModuleContext);
	KeepFilterHandle = NULL;
}

_Use_decl_annotations_
static NDIS_STATUS
KeepRestart(NDIS_HANDLE FilterModuleContext, PNDIS_FILTER_RESTART_PARAMETERS RestartParameters)
{
	UNREFERENCED_PARAMETER(FilterModuleContext);
	UNREFERENCED_PARAMETER(RestartParameters);
	NdisAcquireSpinLock(&KeepLock);
	KeepCount = 0;
	NdisReleaseSpinLock(&KeepLock);
	return NDIS_STATUS_SUCCESS;
}

/* What is kept goes back, and nothing more is kept. */
_Use_decl_annotations_
static NDIS_STATUS
KeepPause(NDIS_HANDLE FilterModuleContext, PNDIS_FILTER_PAUSE_PARAMETERS PauseParameters)
{
	PNET_BUFFER_LIST Kept;

	UNREFERENCED_PARAMETER(FilterModuleContext);
	UNREFERENCED_PARAMETER(PauseParameters);
	NdisAcquireSpinLock(&KeepLock);
	Kept = KeepFirst;
	KeepFirst = NULL;
	KeepCount = KEEP_MOST;
	NdisReleaseSpinLock(&KeepLock);
	if (Kept != NULL)
		NdisFReturnNetBufferLists(KeepFilterHandle, Kept, 0);
	return NDIS_STATUS_SUCCESS;
}

/* The first of the chain is kept, if it may be; the rest goes on. */
_Use_decl_annotations_
static VOID
KeepReceiveNetBufferLists(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
			  NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists,
			  ULONG ReceiveFlags)
{
	PNET_BUFFER_LIST First = NetBufferLists;

	UNREFERENCED_PARAMETER(FilterModuleContext);
	if (NET_BUFFER_LIST_RECEIVE_QUEUE_ID(First) == KEEP_QUEUE &&
	    !NDIS_TEST_RECEIVE_CANNOT_PEND(ReceiveFlags)) {
		NdisAcquireSpinLock(&KeepLock);
		if (KeepCount < KEEP_MOST) {
			KeepCount++;
			NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(First);
			NumberOfNetBufferLists--;
			NET_BUFFER_LIST_NEXT_NBL(First) = KeepFirst;
			KeepFirst = First;
		}
		NdisReleaseSpinLock(&KeepLock);
	}
	if (NetBufferLists != NULL)
		NdisFIndicateReceiveNetBufferLists(KeepFilterHandle, NetBufferLists, PortNumber,
						   NumberOfNetBufferLists, ReceiveFlags);
}

/* Who takes receives takes statuses, and passes them on. */
_Use_decl_annotations_
static VOID
KeepStatus(NDIS_HANDLE FilterModuleContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	UNREFERENCED_PARAMETER(FilterModuleContext);
	NdisFIndicateStatus(KeepFilterHandle, StatusIndication);
}

_Use_decl_annotations_
static VOID
KeepReturnNetBufferLists(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
			 ULONG ReturnFlags)
{
	UNREFERENCED_PARAMETER(FilterModuleContext);
	NdisFReturnNetBufferLists(KeepFilterHandle, NetBufferLists, ReturnFlags);
}

_Use_decl_annotations_
static VOID
KeepUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	NdisFDeregisterFilterDriver(KeepDriverHandle);
	NdisFreeSpinLock(&KeepLock);
}

_Use_decl_annotations_
NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_STRING FriendlyName = NDIS_STRING_CONST("OpenVMQ keeping filter");
	NDIS_STRING UniqueName = NDIS_STRING_CONST("{2b0f3a94-61c5-4d0e-8a57-90d1c33e7b52}");
	NDIS_STRING ServiceName = NDIS_STRING_CONST("keep");
	NDIS_FILTER_DRIVER_CHARACTERISTICS Characteristics;
	NDIS_STATUS Status;

	UNREFERENCED_PARAMETER(RegistryPath);
	NdisAllocateSpinLock(&KeepLock);
	DriverObject->DriverUnload = KeepUnload;

	NdisZeroMemory(&Characteristics, sizeof(Characteristics));
	Characteristics.Header.Type = NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS;
	Characteristics.Header.Revision = NDIS_FILTER_CHARACTERISTICS_REVISION_2;
	Characteristics.Header.Size = NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.MajorNdisVersion = 6;
	Characteristics.MinorNdisVersion = 30;
	Characteristics.MajorDriverVersion = 1;
	Characteristics.FriendlyName = FriendlyName;
	Characteristics.UniqueName = UniqueName;
	Characteristics.ServiceName = ServiceName;
	Characteristics.AttachHandler = KeepAttach;
	Characteristics.DetachHandler = KeepDetach;
	Characteristics.RestartHandler = KeepRestart;
	Characteristics.PauseHandler = KeepPause;
	Characteristics.ReceiveNetBufferListsHandler = KeepReceiveNetBufferLists;
	Characteristics.ReturnNetBufferListsHandler = KeepReturnNetBufferLists;
	Characteristics.StatusHandler = KeepStatus;
	Status = NdisFRegisterFilterDriver(DriverObject, NULL, &Characteristics, &KeepDriverHandle);
	if (Status != NDIS_STATUS_SUCCESS)
		NdisFreeSpinLock(&KeepLock);
	return Status;
}
