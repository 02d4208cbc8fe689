/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the driver begins and ends. */
#include "wire.h"

LIST_ENTRY WireAdapters;
NDIS_SPIN_LOCK WireLock;
static NDIS_HANDLE WireDriverHandle;

DRIVER_INITIALIZE DriverEntry;
static MINIPORT_UNLOAD WireUnload;
static MINIPORT_DEVICE_PNP_EVENT_NOTIFY WireDevicePnPEventNotify;
static MINIPORT_SHUTDOWN WireShutdownEx;

_Use_decl_annotations_
static VOID
WireUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	NdisMDeregisterMiniportDriver(WireDriverHandle);
	NdisFreeSpinLock(&WireLock);
}

_Use_decl_annotations_
static VOID
WireDevicePnPEventNotify(NDIS_HANDLE MiniportAdapterContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	UNREFERENCED_PARAMETER(MiniportAdapterContext);
	UNREFERENCED_PARAMETER(NetDevicePnPEvent);
}

_Use_decl_annotations_
static VOID
WireShutdownEx(NDIS_HANDLE MiniportAdapterContext, NDIS_SHUTDOWN_ACTION ShutdownAction)
{
	UNREFERENCED_PARAMETER(MiniportAdapterContext);
	UNREFERENCED_PARAMETER(ShutdownAction);
}

_Use_decl_annotations_
NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics;
	NDIS_STATUS Status;

	InitializeListHead(&WireAdapters);
	NdisAllocateSpinLock(&WireLock);

	NdisZeroMemory(&Characteristics, sizeof(Characteristics));
	Characteristics.Header.Type = NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS;
	Characteristics.Header.Revision = NDIS_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.Header.Size = NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.MajorNdisVersion = 6;
	Characteristics.MinorNdisVersion = 30;
	Characteristics.MajorDriverVersion = 1;
	Characteristics.InitializeHandlerEx = WireInitializeEx;
	Characteristics.HaltHandlerEx = WireHaltEx;
	Characteristics.UnloadHandler = WireUnload;
	Characteristics.PauseHandler = WirePause;
	Characteristics.RestartHandler = WireRestart;
	Characteristics.OidRequestHandler = WireOidRequest;
	Characteristics.SendNetBufferListsHandler = WireSendNetBufferLists;
	Characteristics.ReturnNetBufferListsHandler = WireReturnNetBufferLists;
	Characteristics.CancelSendHandler = WireCancelSend;
	Characteristics.DevicePnPEventNotifyHandler = WireDevicePnPEventNotify;
	Characteristics.ShutdownHandlerEx = WireShutdownEx;
	Characteristics.CancelOidRequestHandler = WireCancelOidRequest;

	Status = NdisMRegisterMiniportDriver(DriverObject, RegistryPath, NULL, &Characteristics,
					     &WireDriverHandle);
	if (Status != NDIS_STATUS_SUCCESS)
		NdisFreeSpinLock(&WireLock);
	return Status;
}
