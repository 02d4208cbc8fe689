/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests: the IRP with its buffers as the transfer method wants them, its way to
 * the driver, its end. */
#include "kernel/device_request.h"

#include <stdlib.h>

#include "base/log.h"
#include "kernel/irp.h"

#define BUFFER_TAG 0x66754249u   /* "IBuf" */
#define SECONDS_TO_COMPLAIN 10

/* How a request's data travels: METHOD_..., for reads and writes as the device says. */
static ULONG method_of(const struct device_request *r)
{
	ULONG flags = r->file->device->object.Flags;

	switch (r->ask.major) {
	case IRP_MJ_DEVICE_CONTROL:
		return METHOD_FROM_CTL_CODE(r->ask.code);
	case IRP_MJ_READ:
	case IRP_MJ_WRITE:
		return flags & DO_BUFFERED_IO ? METHOD_BUFFERED :
		       flags & DO_DIRECT_IO ? METHOD_OUT_DIRECT : METHOD_NEITHER;
	default:
		return METHOD_NEITHER;
	}
}

/* A copy of the input in pool, with room for 'size' bytes in all. */
static bool add_system_buffer(struct device_request *r, ULONG size)
{
	void *buffer;

	if (!size)
		return true;
	buffer = ExAllocatePoolZero(NonPagedPoolNx, size, BUFFER_TAG);
	if (buffer && r->ask.in_length)
		memcpy(buffer, r->ask.in, r->ask.in_length);
	r->irp->AssociatedIrp.SystemBuffer = r->buffer = buffer;
	return buffer != NULL;
}

static bool add_mdl(struct device_request *r, void *data, ULONG length, LOCK_OPERATION operation)
{
	if (!length)
		return true;
	if (!IoAllocateMdl(data, length, FALSE, FALSE, r->irp))
		return false;
	MmProbeAndLockPages(r->irp->MdlAddress, KernelMode, operation);
	return true;
}

static ULONG larger(ULONG a, ULONG b)
{
	return a > b ? a : b;
}

static bool add_buffers(struct device_request *r)
{
	struct device_ask *a = &r->ask;
	bool control = a->major == IRP_MJ_DEVICE_CONTROL;

	r->irp->UserBuffer = a->major == IRP_MJ_WRITE ? a->in : a->out;
	switch (method_of(r)) {
	case METHOD_BUFFERED:
		return add_system_buffer(r, larger(a->in_length, a->out_length));
	case METHOD_NEITHER:
		return true;
	case METHOD_IN_DIRECT:
		return add_system_buffer(r, a->in_length) &&
		       add_mdl(r, a->out, a->out_length, IoReadAccess);
	default:   /* METHOD_OUT_DIRECT, and direct reads and writes */
		if (control)
			return add_system_buffer(r, a->in_length) &&
			       add_mdl(r, a->out, a->out_length, IoWriteAccess);
		return a->major == IRP_MJ_READ ?
		       add_mdl(r, a->out, a->out_length, IoWriteAccess) :
		       add_mdl(r, a->in, a->in_length, IoReadAccess);
	}
}

static void add_parameters(struct device_request *r)
{
	PIO_STACK_LOCATION at = IoGetNextIrpStackLocation(r->irp);
	struct device_ask *a = &r->ask;

	at->MajorFunction = a->major;
	at->FileObject = r->file->object;
	switch (a->major) {
	case IRP_MJ_CREATE:
		at->Parameters.Create.SecurityContext = a->create;
		at->Parameters.Create.Options = FILE_OPEN << 24;
		at->Parameters.Create.ShareAccess = FILE_SHARE_READ | FILE_SHARE_WRITE;
		break;
	case IRP_MJ_READ:
		at->Parameters.Read.Length = a->out_length;
		break;
	case IRP_MJ_WRITE:
		at->Parameters.Write.Length = a->in_length;
		break;
	case IRP_MJ_DEVICE_CONTROL:
		at->Parameters.DeviceIoControl.IoControlCode = a->code;
		at->Parameters.DeviceIoControl.InputBufferLength = a->in_length;
		at->Parameters.DeviceIoControl.OutputBufferLength = a->out_length;
		if (method_of(r) == METHOD_NEITHER)
			at->Parameters.DeviceIoControl.Type3InputBuffer = a->in;
		break;
	}
}

static void irp_is_done(PIRP irp)
{
	struct device_request *r = irp->Overlay.AsynchronousParameters.UserApcContext;

	/* After this the IRP and the request are the waiter's. */
	KeSetEvent(&r->done, IO_NO_INCREMENT, FALSE);
}

/* A driver may have put what it likes into SystemBuffer, which is its own where the
 * request is not buffered. */
static void irp_destroy(struct device_request *r)
{
	PIRP irp = r->irp;

	if (r->buffer)
		ExFreePoolWithTag(r->buffer, BUFFER_TAG);
	for (PMDL mdl = irp->MdlAddress, next; mdl; mdl = next) {
		next = mdl->Next;
		if (mdl->MdlFlags & MDL_PAGES_LOCKED)
			MmUnlockPages(mdl);
		IoFreeMdl(mdl);
	}
	IoFreeIrp(irp);
}

static struct device_request *request_create(struct device_file *file, const struct device_ask *ask)
{
	struct device_request *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->file = file;
	r->ask = *ask;
	KeInitializeEvent(&r->done, NotificationEvent, FALSE);
	r->irp = IoAllocateIrp(file->device->object.StackSize, FALSE);
	if (!r->irp)
		goto free_request;
	r->irp->RequestorMode = UserMode;
	r->irp->Tail.Overlay.Thread = PsGetCurrentThread();
	r->irp->Tail.Overlay.OriginalFileObject = file->object;
	r->irp->Overlay.AsynchronousParameters.UserApcRoutine = (PVOID)irp_is_done;
	r->irp->Overlay.AsynchronousParameters.UserApcContext = r;
	if (!add_buffers(r))
		goto free_irp;
	add_parameters(r);
	return r;
free_irp:
	irp_destroy(r);
free_request:
	free(r);
	return NULL;
}

struct device_request *request_begin(struct device_file *file, const struct device_ask *ask)
{
	struct device_request *r = request_create(file, ask);
	PIO_STACK_LOCATION first;
	NTSTATUS status;

	if (!r)
		return NULL;
	first = IoGetNextIrpStackLocation(r->irp);
	pthread_mutex_lock(&file->lock);
	InsertTailList(&file->requests, &r->link);
	file->users++;
	pthread_mutex_unlock(&file->lock);
	status = IofCallDriver(&file->device->object, r->irp);
	/* Not pending means that it was completed before the driver returned. */
	if (status != STATUS_PENDING && !device_is_done(r) &&
	    !(first->Control & SL_PENDING_RETURNED)) {
		log_error("a driver returns 0x%08x for request 0x%02x and has not completed it",
			  (unsigned)status, ask->major);
		r->irp->IoStatus.Status = status;
		KeSetEvent(&r->done, IO_NO_INCREMENT, FALSE);
	}
	return r;
}

void request_wait(struct device_request *request)
{
	LARGE_INTEGER patience = { .QuadPart = -SECONDS_TO_COMPLAIN * 10000000ll };

	while (KeWaitForSingleObject(&request->done, UserRequest, KernelMode, FALSE, &patience) ==
	       STATUS_TIMEOUT)
		if (__atomic_load_n(&request->irp->Cancel, __ATOMIC_RELAXED))
			log_warning("a driver does not end request 0x%02x, cancelled more than "
				    "%d seconds ago", request->ask.major, SECONDS_TO_COMPLAIN);
}

bool device_is_done(const struct device_request *request)
{
	return KeReadStateEvent((PRKEVENT)&request->done) != 0;
}

void device_cancel(struct device_request *request)
{
	IoCancelIrp(request->irp);
}

/* What a buffered request brings back: no more than there is room for, and nothing
 * when it failed. */
static void copy_back(const struct device_request *r)
{
	ULONG_PTR n = r->irp->IoStatus.Information;

	if (method_of(r) != METHOD_BUFFERED || !r->ask.out_length ||
	    NT_ERROR(r->irp->IoStatus.Status))
		return;
	if (n > r->ask.out_length) {
		log_error("a driver returns %zu bytes for request 0x%02x with room for %u", n,
			  r->ask.major, r->ask.out_length);
		n = r->ask.out_length;
	}
	memcpy(r->ask.out, r->buffer, n);
}

static void request_destroy(struct device_request *r)
{
	struct device_file *file = r->file;

	pthread_mutex_lock(&file->lock);
	RemoveEntryList(&r->link);
	pthread_mutex_unlock(&file->lock);
	irp_destroy(r);
	free(r);
	file_put(file);
}

NTSTATUS device_wait(struct device_request *request, int timeout, ULONG_PTR *information)
{
	LARGE_INTEGER until = { .QuadPart = -(LONGLONG)timeout * 10000 };
	NTSTATUS status;

	if (information)
		*information = 0;
	if (!request)
		return STATUS_INSUFFICIENT_RESOURCES;
	if (timeout >= 0 && KeWaitForSingleObject(&request->done, UserRequest, KernelMode, FALSE,
						  &until) == STATUS_TIMEOUT)
		device_cancel(request);
	request_wait(request);
	copy_back(request);
	status = request->irp->IoStatus.Status;
	if (information)
		*information = request->irp->IoStatus.Information;
	request_destroy(request);
	return status;
}
