/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cancel-safe queues. Whoever takes an IRP's cancel routine away owns the IRP: the
 * queue's remover, or the canceller. DriverContext[3] of a queued IRP leads back to
 * its context, or to the queue when it has none.
 */
#include <wdm.h>

static PIO_CSQ *link_of(PIRP irp)
{
	return (PIO_CSQ *)&irp->Tail.Overlay.DriverContext[3];
}

/* Lock held: the IRP is the caller's and its context knows it no more. */
static void detach(PIRP irp)
{
	PIO_CSQ_IRP_CONTEXT context = (PIO_CSQ_IRP_CONTEXT)*link_of(irp);

	if (context && context->Type == IO_TYPE_CSQ_IRP_CONTEXT)
		context->Irp = NULL;
	*link_of(irp) = NULL;
}

static VOID cancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_CSQ csq = *link_of(Irp);
	KIRQL irql;

	(void)DeviceObject;
	/* The queue's own lock is enough from here on. */
	IoReleaseCancelSpinLock(Irp->CancelIrql);
	if (csq->Type == IO_TYPE_CSQ_IRP_CONTEXT)
		csq = ((PIO_CSQ_IRP_CONTEXT)(PVOID)csq)->Csq;
	csq->CsqAcquireLock(csq, &irql);
	csq->CsqRemoveIrp(csq, Irp);
	detach(Irp);
	csq->CsqReleaseLock(csq, irql);
	csq->CsqCompleteCanceledIrp(csq, Irp);
}

static NTSTATUS init(PIO_CSQ csq, ULONG type, PIO_CSQ_INSERT_IRP insert, PIO_CSQ_REMOVE_IRP remove,
		     PIO_CSQ_PEEK_NEXT_IRP peek, PIO_CSQ_ACQUIRE_LOCK acquire,
		     PIO_CSQ_RELEASE_LOCK release, PIO_CSQ_COMPLETE_CANCELED_IRP complete)
{
	*csq = (IO_CSQ){
		.Type = type, .CsqInsertIrp = insert, .CsqRemoveIrp = remove,
		.CsqPeekNextIrp = peek, .CsqAcquireLock = acquire, .CsqReleaseLock = release,
		.CsqCompleteCanceledIrp = complete,
	};
	return STATUS_SUCCESS;
}

NTSTATUS IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp,
			 PIO_CSQ_REMOVE_IRP CsqRemoveIrp, PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
			 PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock, PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
			 PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
	return init(Csq, IO_TYPE_CSQ, CsqInsertIrp, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock,
		    CsqReleaseLock, CsqCompleteCanceledIrp);
}

NTSTATUS IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp,
			   PIO_CSQ_REMOVE_IRP CsqRemoveIrp, PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
			   PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock, PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
			   PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
	return init(Csq, IO_TYPE_CSQ_EX, (PIO_CSQ_INSERT_IRP)(PVOID)CsqInsertIrp, CsqRemoveIrp,
		    CsqPeekNextIrp, CsqAcquireLock, CsqReleaseLock, CsqCompleteCanceledIrp);
}

static NTSTATUS insert_one(PIO_CSQ csq, PIRP irp, PVOID context)
{
	if (csq->Type == IO_TYPE_CSQ_EX)
		return ((PIO_CSQ_INSERT_IRP_EX)(PVOID)csq->CsqInsertIrp)(csq, irp, context);
	csq->CsqInsertIrp(csq, irp);
	return STATUS_SUCCESS;
}

NTSTATUS IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context, PVOID InsertContext)
{
	NTSTATUS status;
	KIRQL irql;

	if (Context) {
		*Context = (IO_CSQ_IRP_CONTEXT){ IO_TYPE_CSQ_IRP_CONTEXT, Irp, Csq };
		*link_of(Irp) = (PIO_CSQ)(PVOID)Context;
	} else {
		*link_of(Irp) = Csq;
	}
	Csq->CsqAcquireLock(Csq, &irql);
	status = insert_one(Csq, Irp, InsertContext);
	if (!NT_SUCCESS(status)) {
		/* Refused: it stays the caller's, who completes it. */
		detach(Irp);
		Csq->CsqReleaseLock(Csq, irql);
		return status;
	}
	IoMarkIrpPending(Irp);
	IoSetCancelRoutine(Irp, cancel);
	/* Cancelled before the routine was there: either the canceller found it a
	 * moment later, or it is for us to cancel. */
	if (__atomic_load_n(&Irp->Cancel, __ATOMIC_SEQ_CST) && IoSetCancelRoutine(Irp, NULL)) {
		Csq->CsqRemoveIrp(Csq, Irp);
		detach(Irp);
		Csq->CsqReleaseLock(Csq, irql);
		Csq->CsqCompleteCanceledIrp(Csq, Irp);
		return status;
	}
	Csq->CsqReleaseLock(Csq, irql);
	return status;
}

VOID IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context)
{
	IoCsqInsertIrpEx(Csq, Irp, Context, NULL);
}

PIRP IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
	PIRP irp = NULL;
	KIRQL irql;

	Csq->CsqAcquireLock(Csq, &irql);
	/* One that is being cancelled is the canceller's: look behind it. */
	do
		irp = Csq->CsqPeekNextIrp(Csq, irp, PeekContext);
	while (irp && !IoSetCancelRoutine(irp, NULL));
	if (irp) {
		Csq->CsqRemoveIrp(Csq, irp);
		detach(irp);
	}
	Csq->CsqReleaseLock(Csq, irql);
	return irp;
}

PIRP IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
	PIRP irp;
	KIRQL irql;

	Csq->CsqAcquireLock(Csq, &irql);
	irp = Context->Irp;
	if (irp && !IoSetCancelRoutine(irp, NULL))
		irp = NULL;
	if (irp) {
		Csq->CsqRemoveIrp(Csq, irp);
		detach(irp);
	}
	Csq->CsqReleaseLock(Csq, irql);
	return irp;
}
