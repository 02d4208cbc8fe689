/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IRPs: their stack locations, the way down through drivers and back up, and
 * cancelling. The requests of device.c carry a routine of ours in the field for a
 * user's APC: it is called in place of the APC, and the IRP is then device.c's.
 */
#include "kernel/irp.h"

#include <wdm.h>

#include "base/log.h"

#define IRP_TAG     0x20707249u   /* "Irp " */
#define CONTEXT_TAG 0x43707249u   /* "IrpC" */
#define IO_TYPE_IRP 6

#define MULTIPLE_IRP_COMPLETE_REQUESTS 0x44
#define NO_MORE_IRP_STACK_LOCATIONS    0x35

static KSPIN_LOCK cancel_lock;

/* ---- making ---- */

VOID IoInitializeIrp(PIRP Irp, USHORT PacketSize, CCHAR StackSize)
{
	RtlZeroMemory(Irp, PacketSize);
	Irp->Type = IO_TYPE_IRP;
	Irp->Size = PacketSize;
	Irp->StackCount = StackSize;
	Irp->CurrentLocation = (CHAR)(StackSize + 1);
	InitializeListHead(&Irp->ThreadListEntry);
	Irp->Tail.Overlay.CurrentStackLocation = (PIO_STACK_LOCATION)(Irp + 1) + StackSize;
}

PIRP IoAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota)
{
	PIRP irp;

	(void)ChargeQuota;
	if (StackSize <= 0)
		return NULL;
	irp = ExAllocatePoolUninitialized(NonPagedPoolNx, IoSizeOfIrp(StackSize), IRP_TAG);
	if (irp)
		IoInitializeIrp(irp, IoSizeOfIrp(StackSize), StackSize);
	return irp;
}

VOID IoReuseIrp(PIRP Irp, NTSTATUS Iostatus)
{
	IoInitializeIrp(Irp, Irp->Size, Irp->StackCount);
	Irp->IoStatus.Status = Iostatus;
}

VOID IoFreeIrp(PIRP Irp)
{
	ExFreePoolWithTag(Irp, IRP_TAG);
}

/* ---- down ---- */

NTSTATUS IofCallDriver(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_STACK_LOCATION here;

	if (Irp->CurrentLocation <= 1) {
		log_error("IRP %p has no stack location left for device %p", (void *)Irp,
			  (void *)DeviceObject);
		KeBugCheckEx(NO_MORE_IRP_STACK_LOCATIONS, (ULONG_PTR)Irp, 0, 0, 0);
	}
	IoSetNextIrpStackLocation(Irp);
	here = IoGetCurrentIrpStackLocation(Irp);
	here->DeviceObject = DeviceObject;
	if (here->MajorFunction > IRP_MJ_MAXIMUM_FUNCTION ||
	    !DeviceObject->DriverObject->MajorFunction[here->MajorFunction]) {
		Irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
		IoCompleteRequest(Irp, IO_NO_INCREMENT);
		return STATUS_INVALID_DEVICE_REQUEST;
	}
	return DeviceObject->DriverObject->MajorFunction[here->MajorFunction](DeviceObject, Irp);
}

struct kept {
	PDEVICE_OBJECT device;
	PIO_COMPLETION_ROUTINE routine;
	PVOID context;
};

static NTSTATUS call_kept(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
	struct kept kept = *(struct kept *)Context;
	NTSTATUS status;

	ExFreePoolWithTag(Context, CONTEXT_TAG);
	status = kept.routine(DeviceObject, Irp, kept.context);
	ObDereferenceObject(kept.device);
	return status;
}

NTSTATUS IoSetCompletionRoutineEx(PDEVICE_OBJECT DeviceObject, PIRP Irp,
				  PIO_COMPLETION_ROUTINE CompletionRoutine, PVOID Context,
				  BOOLEAN InvokeOnSuccess, BOOLEAN InvokeOnError,
				  BOOLEAN InvokeOnCancel)
{
	struct kept *kept;

	/* A routine that might not be called would never let go of the device. */
	if (!InvokeOnSuccess || !InvokeOnError || !InvokeOnCancel) {
		IoSetCompletionRoutine(Irp, CompletionRoutine, Context, InvokeOnSuccess,
				       InvokeOnError, InvokeOnCancel);
		return STATUS_SUCCESS;
	}
	kept = ExAllocatePoolUninitialized(NonPagedPoolNx, sizeof(*kept), CONTEXT_TAG);
	if (!kept)
		return STATUS_INSUFFICIENT_RESOURCES;
	*kept = (struct kept){ DeviceObject, CompletionRoutine, Context };
	ObReferenceObject(DeviceObject);
	IoSetCompletionRoutine(Irp, call_kept, kept, TRUE, TRUE, TRUE);
	return STATUS_SUCCESS;
}

/* ---- and up ---- */

static BOOLEAN wants_call(PIRP irp, const IO_STACK_LOCATION *at)
{
	UCHAR when = NT_SUCCESS(irp->IoStatus.Status) ? SL_INVOKE_ON_SUCCESS : SL_INVOKE_ON_ERROR;

	if (__atomic_load_n(&irp->Cancel, __ATOMIC_RELAXED))
		when |= SL_INVOKE_ON_CANCEL;
	return at->CompletionRoutine && (at->Control & when);
}

/* Nobody is left to tell but whoever made the IRP. */
static void finish(PIRP irp)
{
	irp_done *done = (irp_done *)irp->Overlay.AsynchronousParameters.UserApcRoutine;
	PKEVENT event = irp->UserEvent;
	PMDL mdl, next;

	if (done) {
		done(irp);
		return;
	}
	if (irp->UserIosb)
		*irp->UserIosb = irp->IoStatus;
	for (mdl = irp->MdlAddress; mdl; mdl = next) {
		next = mdl->Next;
		IoFreeMdl(mdl);
	}
	IoFreeIrp(irp);
	if (event)
		KeSetEvent(event, IO_NO_INCREMENT, FALSE);
}

static void check_completion(PIRP irp)
{
	if (irp->CurrentLocation > irp->StackCount + 1) {
		log_error("IRP %p is completed a second time", (void *)irp);
		KeBugCheckEx(MULTIPLE_IRP_COMPLETE_REQUESTS, (ULONG_PTR)irp, 0, 0, 0);
	}
	if (irp->IoStatus.Status == STATUS_PENDING)
		log_error("IRP %p is completed with STATUS_PENDING", (void *)irp);
	if (__atomic_load_n(&irp->CancelRoutine, __ATOMIC_RELAXED))
		log_error("IRP %p is completed while its cancel routine is set", (void *)irp);
}

VOID IoCompleteRequest(PIRP Irp, CCHAR PriorityBoost)
{
	(void)PriorityBoost;
	check_completion(Irp);
	while (Irp->CurrentLocation <= Irp->StackCount) {
		IO_STACK_LOCATION at = *IoGetCurrentIrpStackLocation(Irp);
		PDEVICE_OBJECT above;

		Irp->PendingReturned = (at.Control & SL_PENDING_RETURNED) != 0;
		IoSkipCurrentIrpStackLocation(Irp);
		above = Irp->CurrentLocation <= Irp->StackCount ?
			IoGetCurrentIrpStackLocation(Irp)->DeviceObject : NULL;
		if (wants_call(Irp, &at)) {
			if (at.CompletionRoutine(above, Irp, at.Context) ==
			    STATUS_MORE_PROCESSING_REQUIRED)
				return;
		} else if (Irp->PendingReturned && Irp->CurrentLocation <= Irp->StackCount) {
			IoMarkIrpPending(Irp);
		}
	}
	Irp->CurrentLocation = (CHAR)(Irp->StackCount + 2);
	finish(Irp);
}

/* ---- cancelling ---- */

VOID IoAcquireCancelSpinLock(PKIRQL Irql)
{
	KeAcquireSpinLock(&cancel_lock, Irql);
}

VOID IoReleaseCancelSpinLock(KIRQL Irql)
{
	KeReleaseSpinLock(&cancel_lock, Irql);
}

BOOLEAN IoCancelIrp(PIRP Irp)
{
	PDRIVER_CANCEL routine;
	PDEVICE_OBJECT device;
	KIRQL irql;

	IoAcquireCancelSpinLock(&irql);
	__atomic_store_n(&Irp->Cancel, TRUE, __ATOMIC_SEQ_CST);
	routine = IoSetCancelRoutine(Irp, NULL);
	if (!routine) {
		IoReleaseCancelSpinLock(irql);
		return FALSE;
	}
	/* The routine releases the lock, to this level. */
	Irp->CancelIrql = irql;
	device = Irp->CurrentLocation <= Irp->StackCount ?
		 IoGetCurrentIrpStackLocation(Irp)->DeviceObject : NULL;
	routine(device, Irp);
	return TRUE;
}
