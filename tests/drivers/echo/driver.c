/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the driver begins and ends, and its device. */
#include "echo.h"

NDIS_HANDLE EchoProtocolHandle;
LIST_ENTRY EchoBindings;
NDIS_SPIN_LOCK EchoLock;
ECHO_COUNTERS EchoCounters;
static PDEVICE_OBJECT EchoDevice;

DRIVER_INITIALIZE DriverEntry;
static DRIVER_UNLOAD EchoUnload;
static DRIVER_DISPATCH EchoDispatch;
static PROTOCOL_STATUS_EX EchoStatusEx;

VOID
EchoAdd(volatile ULONG64 *Counter, ULONG64 Value)
{
	InterlockedExchangeAdd64((volatile LONG64 *)Counter, (LONG64)Value);
}

_Use_decl_annotations_
static VOID
EchoStatusEx(NDIS_HANDLE ProtocolBindingContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	UNREFERENCED_PARAMETER(ProtocolBindingContext);
	UNREFERENCED_PARAMETER(StatusIndication);
}

_Use_decl_annotations_
static NTSTATUS
EchoDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
	NTSTATUS Status = STATUS_SUCCESS;

	UNREFERENCED_PARAMETER(DeviceObject);
	Irp->IoStatus.Information = 0;
	if (Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
		if (Stack->Parameters.DeviceIoControl.IoControlCode != IOCTL_ECHO_QUERY) {
			Status = STATUS_INVALID_DEVICE_REQUEST;
		} else if (Stack->Parameters.DeviceIoControl.OutputBufferLength <
			   sizeof(EchoCounters)) {
			Status = STATUS_BUFFER_TOO_SMALL;
		} else {
			*(PECHO_COUNTERS)Irp->AssociatedIrp.SystemBuffer = EchoCounters;
			Irp->IoStatus.Information = sizeof(EchoCounters);
		}
	}
	Irp->IoStatus.Status = Status;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);
	return Status;
}

static NTSTATUS
EchoCreateDevice(PDRIVER_OBJECT DriverObject)
{
	UNICODE_STRING DeviceName = RTL_CONSTANT_STRING(L"\\Device\\OvmqEcho");
	UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\OvmqEcho");
	NTSTATUS Status;

	Status = IoCreateDevice(DriverObject, 0, &DeviceName, FILE_DEVICE_NETWORK,
				FILE_DEVICE_SECURE_OPEN, FALSE, &EchoDevice);
	if (!NT_SUCCESS(Status))
		return Status;
	Status = IoCreateSymbolicLink(&LinkName, &DeviceName);
	if (!NT_SUCCESS(Status)) {
		IoDeleteDevice(EchoDevice);
		return Status;
	}
	DriverObject->MajorFunction[IRP_MJ_CREATE] = EchoDispatch;
	DriverObject->MajorFunction[IRP_MJ_CLEANUP] = EchoDispatch;
	DriverObject->MajorFunction[IRP_MJ_CLOSE] = EchoDispatch;
	DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = EchoDispatch;
	EchoDevice->Flags &= ~DO_DEVICE_INITIALIZING;
	return STATUS_SUCCESS;
}

static VOID
EchoDeleteDevice(VOID)
{
	UNICODE_STRING LinkName = RTL_CONSTANT_STRING(L"\\DosDevices\\OvmqEcho");

	IoDeleteSymbolicLink(&LinkName);
	IoDeleteDevice(EchoDevice);
}

_Use_decl_annotations_
static VOID
EchoUnload(PDRIVER_OBJECT DriverObject)
{
	UNREFERENCED_PARAMETER(DriverObject);
	NdisDeregisterProtocolDriver(EchoProtocolHandle);
	EchoDeleteDevice();
	NdisFreeSpinLock(&EchoLock);
}

static NDIS_STATUS
EchoRegister(VOID)
{
	NDIS_PROTOCOL_DRIVER_CHARACTERISTICS Characteristics;
	NDIS_STRING Name = NDIS_STRING_CONST("ECHO");

	NdisZeroMemory(&Characteristics, sizeof(Characteristics));
	Characteristics.Header.Type = NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS;
	Characteristics.Header.Revision = NDIS_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.Header.Size = NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2;
	Characteristics.MajorNdisVersion = 6;
	Characteristics.MinorNdisVersion = 30;
	Characteristics.MajorDriverVersion = 1;
	Characteristics.Name = Name;
	Characteristics.BindAdapterHandlerEx = EchoBindAdapterEx;
	Characteristics.UnbindAdapterHandlerEx = EchoUnbindAdapterEx;
	Characteristics.OpenAdapterCompleteHandlerEx = EchoOpenAdapterCompleteEx;
	Characteristics.CloseAdapterCompleteHandlerEx = EchoCloseAdapterCompleteEx;
	Characteristics.NetPnPEventHandler = EchoNetPnPEvent;
	Characteristics.OidRequestCompleteHandler = EchoOidRequestComplete;
	Characteristics.StatusHandlerEx = EchoStatusEx;
	Characteristics.ReceiveNetBufferListsHandler = EchoReceiveNetBufferLists;
	Characteristics.SendNetBufferListsCompleteHandler = EchoSendNetBufferListsComplete;
	return NdisRegisterProtocolDriver(NULL, &Characteristics, &EchoProtocolHandle);
}

_Use_decl_annotations_
NTSTATUS
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NTSTATUS Status;

	UNREFERENCED_PARAMETER(RegistryPath);
	InitializeListHead(&EchoBindings);
	NdisAllocateSpinLock(&EchoLock);
	DriverObject->DriverUnload = EchoUnload;
	Status = EchoCreateDevice(DriverObject);
	if (!NT_SUCCESS(Status))
		goto FreeLock;
	Status = EchoRegister();
	if (Status != NDIS_STATUS_SUCCESS)
		goto DeleteDevice;
	return STATUS_SUCCESS;

DeleteDevice:
	EchoDeleteDevice();
FreeLock:
	NdisFreeSpinLock(&EchoLock);
	return Status;
}
