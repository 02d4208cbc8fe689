/* SPDX-License-Identifier: BSD-2-Clause */
/* count: a lightweight filter that lets everything pass, and counts it. */
#include <ndis.h>

#include "count_ioctl.h"

#define COUNT_POOL_TAG 'tnuC'

typedef struct _COUNT_MODULE {
	LIST_ENTRY ListEntry;           /* in CountModules, under CountLock */
	NDIS_HANDLE FilterHandle;
	BOOLEAN Running;
	COUNT_COUNTERS Counters;        /* each one added to with interlocked operations */
} COUNT_MODULE, *PCOUNT_MODULE;

static NDIS_HANDLE CountDriverHandle;
static NDIS_HANDLE CountDeviceHandle;
static PDEVICE_OBJECT CountDevice;
static LIST_ENTRY CountModules;
static NDIS_SPIN_LOCK CountLock;
static COUNT_COUNTERS CountDetached;    /* of the modules that are gone; under CountLock */

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD CountUnload;
static FILTER_ATTACH CountAttach;
static FILTER_DETACH CountDetach;
static FILTER_RESTART CountRestart;
static FILTER_PAUSE CountPause;
static FILTER_SEND_NET_BUFFER_LISTS CountSendNetBufferLists;
static FILTER_SEND_NET_BUFFER_LISTS_COMPLETE CountSendNetBufferListsComplete;
static FILTER_RECEIVE_NET_BUFFER_LISTS CountReceiveNetBufferLists;
static FILTER_RETURN_NET_BUFFER_LISTS CountReturnNetBufferLists;
static FILTER_STATUS CountStatus;
static DRIVER_DISPATCH CountDispatch;

/* ---- counting ---- */

static VOID
CountAdd(volatile ULONG64 *Counter, ULONG64 Value)
{
	InterlockedExchangeAdd64((volatile LONG64 *)Counter, (LONG64)Value);
}

static ULONG64
CountLists(PNET_BUFFER_LIST NetBufferLists)
{
	ULONG64 Count = 0;

	for (; NetBufferLists != NULL; NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists))
		Count++;
	return Count;
}

static VOID
CountFrames(PNET_BUFFER_LIST NetBufferLists, volatile ULONG64 *Frames, volatile ULONG64 *Bytes)
{
	ULONG64 FrameCount = 0, ByteCount = 0;
	PNET_BUFFER NetBuffer;

	for (; NetBufferLists != NULL; NetBufferLists = NET_BUFFER_LIST_NEXT_NBL(NetBufferLists))
		for (NetBuffer = NET_BUFFER_LIST_FIRST_NB(NetBufferLists); NetBuffer != NULL;
		     NetBuffer = NET_BUFFER_NEXT_NB(NetBuffer)) {
			FrameCount++;
			ByteCount += NET_BUFFER_DATA_LENGTH(NetBuffer);
		}
	CountAdd(Frames, FrameCount);
	CountAdd(Bytes, ByteCount);
}

static VOID
CountSum(PCOUNT_COUNTERS Sum, const COUNT_COUNTERS *Counters)
{
	Sum->FramesSent += Counters->FramesSent;
	Sum->BytesSent += Counters->BytesSent;
	Sum->FramesReceived += Counters->FramesReceived;
	Sum->BytesReceived += Counters->BytesReceived;
	Sum->SendsCompleted += Counters->SendsCompleted;
	Sum->ReceivesReturned += Counters->ReceivesReturned;
}

/* ---- modules ---- */

_Use_decl_annotations_
static NDIS_STATUS
CountAttach(NDIS_HANDLE NdisFilterHandle, NDIS_HANDLE FilterDriverContext,
	    PNDIS_FILTER_ATTACH_PARAMETERS AttachParameters)
{
	NDIS_FILTER_ATTRIBUTES Attributes;
	PCOUNT_MODULE Module;
	NDIS_STATUS Status;

	UNREFERENCED_PARAMETER(FilterDriverContext);
	if (AttachParameters->MiniportMediaType != NdisMedium802_3)
		return NDIS_STATUS_UNSUPPORTED_MEDIA;
	Module = NdisAllocateMemoryWithTagPriority(NdisFilterHandle, sizeof(*Module), COUNT_POOL_TAG,
						   NormalPoolPriority);
	if (Module == NULL)
		return NDIS_STATUS_RESOURCES;
	NdisZeroMemory(Module, sizeof(*Module));
	Module->FilterHandle = NdisFilterHandle;

	NdisZeroMemory(&Attributes, sizeof(Attributes));
	Attributes.Header.Type = NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES;
	Attributes.Header.Revision = NDIS_FILTER_ATTRIBUTES_REVISION_1;
	Attributes.Header.Size = NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1;
	Status = NdisFSetAttributes(NdisFilterHandle, Module, &Attributes);
	if (Status != NDIS_STATUS_SUCCESS) {
		NdisFreeMemory(Module, 0, 0);
		return Status;
	}
	NdisAcquireSpinLock(&CountLock);
	InsertTailList(&CountModules, &Module->ListEntry);
	NdisReleaseSpinLock(&CountLock);
	return NDIS_STATUS_SUCCESS;
}

_Use_decl_annotations_
static VOID
CountDetach(NDIS_HANDLE FilterModuleContext)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	NdisAcquireSpinLock(&CountLock);
	RemoveEntryList(&Module->ListEntry);
	CountSum(&CountDetached, &Module->Counters);
	NdisReleaseSpinLock(&CountLock);
	DbgPrint("count: detached: %llu frames (%llu bytes) sent, %llu frames (%llu bytes) received\n",
		 (unsigned long long)Module->Counters.FramesSent,
		 (unsigned long long)Module->Counters.BytesSent,
		 (unsigned long long)Module->Counters.FramesReceived,
		 (unsigned long long)Module->Counters.BytesReceived);
	NdisFreeMemory(Module, 0, 0);
}

_Use_decl_annotations_
static NDIS_STATUS
CountRestart(NDIS_HANDLE FilterModuleContext, PNDIS_FILTER_RESTART_PARAMETERS RestartParameters)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	UNREFERENCED_PARAMETER(RestartParameters);
	Module->Running = TRUE;
	return NDIS_STATUS_SUCCESS;
}

/* Nothing is of this driver's own making, so there is nothing to wait for. */
_Use_decl_annotations_
static NDIS_STATUS
CountPause(NDIS_HANDLE FilterModuleContext, PNDIS_FILTER_PAUSE_PARAMETERS PauseParameters)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	UNREFERENCED_PARAMETER(PauseParameters);
	Module->Running = FALSE;
	return NDIS_STATUS_SUCCESS;
}

/* ---- traffic ---- */

_Use_decl_annotations_
static VOID
CountSendNetBufferLists(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferList,
			NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	CountFrames(NetBufferList, &Module->Counters.FramesSent, &Module->Counters.BytesSent);
	NdisFSendNetBufferLists(Module->FilterHandle, NetBufferList, PortNumber, SendFlags);
}

_Use_decl_annotations_
static VOID
CountSendNetBufferListsComplete(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferList,
				ULONG SendCompleteFlags)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	CountAdd(&Module->Counters.SendsCompleted, CountLists(NetBufferList));
	NdisFSendNetBufferListsComplete(Module->FilterHandle, NetBufferList, SendCompleteFlags);
}

_Use_decl_annotations_
static VOID
CountReceiveNetBufferLists(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
			   NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists,
			   ULONG ReceiveFlags)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	CountFrames(NetBufferLists, &Module->Counters.FramesReceived,
		    &Module->Counters.BytesReceived);
	NdisFIndicateReceiveNetBufferLists(Module->FilterHandle, NetBufferLists, PortNumber,
					   NumberOfNetBufferLists, ReceiveFlags);
}

/* Who takes receives takes statuses, and passes them on. */
_Use_decl_annotations_
static VOID
CountStatus(NDIS_HANDLE FilterModuleContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	NdisFIndicateStatus(Module->FilterHandle, StatusIndication);
}

_Use_decl_annotations_
static VOID
CountReturnNetBufferLists(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
			  ULONG ReturnFlags)
{
	PCOUNT_MODULE Module = FilterModuleContext;

	CountAdd(&Module->Counters.ReceivesReturned, CountLists(NetBufferLists));
	NdisFReturnNetBufferLists(Module->FilterHandle, NetBufferLists, ReturnFlags);
}

/* ---- the device ---- */

static NTSTATUS
CountQuery(PIRP Irp, ULONG OutputLength)
{
	PCOUNT_COUNTERS Sum = Irp->AssociatedIrp.SystemBuffer;
	PLIST_ENTRY Entry;

	if (OutputLength < sizeof(*Sum))
		return STATUS_BUFFER_TOO_SMALL;
	NdisAcquireSpinLock(&CountLock);
	*Sum = CountDetached;
	for (Entry = CountModules.Flink; Entry != &CountModules; Entry = Entry->Flink) {
		PCOUNT_MODULE Module = CONTAINING_RECORD(Entry, COUNT_MODULE, ListEntry);

		Sum->Modules++;
		CountSum(Sum, &Module->Counters);
	}
	NdisReleaseSpinLock(&CountLock);
	Irp->IoStatus.Information = sizeof(*Sum);
	return STATUS_SUCCESS;
}

_Use_decl_annotations_
static NTSTATUS
CountDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
	NTSTATUS Status = STATUS_SUCCESS;

	UNREFERENCED_PARAMETER(DeviceObject);
	Irp->IoStatus.Information = 0;
	if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
		Status = STATUS_INVALID_DEVICE_REQUEST;
		if (Stack->Parameters.DeviceIoControl.IoControlCode == IOCTL_COUNT_QUERY)
			Status = CountQuery(Irp, Stack->Parameters.DeviceIoControl.OutputBufferLength);
	}
	Irp->IoStatus.Status = Status;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);
	return Status;
}

static NDIS_STATUS
CountRegisterDevice(VOID)
{
	static PDRIVER_DISPATCH Dispatch[IRP_MJ_MAXIMUM_FUNCTION + 1];
	NDIS_STRING DeviceName = NDIS_STRING_CONST("\\Device\\OvmqCount");
	NDIS_STRING LinkName = NDIS_STRING_CONST("\\DosDevices\\OvmqCount");
	NDIS_DEVICE_OBJECT_ATTRIBUTES Attributes;

	Dispatch[IRP_MJ_CREATE] = CountDispatch;
	Dispatch[IRP_MJ_CLEANUP] = CountDispatch;
	Dispatch[IRP_MJ_CLOSE] = CountDispatch;
	Dispatch[IRP_MJ_DEVICE_CONTROL] = CountDispatch;
	NdisZeroMemory(&Attributes, sizeof(Attributes));
	Attributes.Header.Type = NDIS_OBJECT_TYPE_DEVICE_OBJECT_ATTRIBUTES;
	Attributes.Header.Revision = NDIS_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
	Attributes.Header.Size = NDIS_SIZEOF_DEVICE_OBJECT_ATTRIBUTES_REVISION_1;
	Attributes.DeviceName = &DeviceName;
	Attributes.SymbolicName = &LinkName;
	Attributes.MajorFunctions = Dispatch;
	return NdisRegisterDeviceEx(CountDriverHandle, &Attributes, &CountDevice, &CountDeviceHandle);
}

/* ---- the driver ---- */

_Use_decl_annotations_
static VOID
CountUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	NdisDeregisterDeviceEx(CountDeviceHandle);
	NdisFDeregisterFilterDriver(CountDriverHandle);
	NdisFreeSpinLock(&CountLock);
}

_Use_decl_annotations_
NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_STRING FriendlyName = NDIS_STRING_CONST("OpenVMQ counting filter");
	NDIS_STRING UniqueName = NDIS_STRING_CONST("{6d3f0b1c-7d26-4b7f-9b0e-5f0c2f6f0a11}");
	NDIS_STRING ServiceName = NDIS_STRING_CONST("count");
	NDIS_FILTER_DRIVER_CHARACTERISTICS Characteristics;
	NDIS_STATUS Status;

	UNREFERENCED_PARAMETER(RegistryPath);
	InitializeListHead(&CountModules);
	NdisAllocateSpinLock(&CountLock);
	DriverObject->DriverUnload = CountUnload;

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
	Characteristics.AttachHandler = CountAttach;
	Characteristics.DetachHandler = CountDetach;
	Characteristics.RestartHandler = CountRestart;
	Characteristics.PauseHandler = CountPause;
	Characteristics.SendNetBufferListsHandler = CountSendNetBufferLists;
	Characteristics.SendNetBufferListsCompleteHandler = CountSendNetBufferListsComplete;
	Characteristics.ReceiveNetBufferListsHandler = CountReceiveNetBufferLists;
	Characteristics.ReturnNetBufferListsHandler = CountReturnNetBufferLists;
	Characteristics.StatusHandler = CountStatus;
	Status = NdisFRegisterFilterDriver(DriverObject, NULL, &Characteristics, &CountDriverHandle);
	if (Status != NDIS_STATUS_SUCCESS)
		goto FreeLock;
	Status = CountRegisterDevice();
	if (Status != NDIS_STATUS_SUCCESS)
		goto Deregister;
	return STATUS_SUCCESS;

Deregister:
	NdisFDeregisterFilterDriver(CountDriverHandle);
FreeLock:
	NdisFreeSpinLock(&CountLock);
	return Status;
}
