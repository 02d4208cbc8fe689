/* SPDX-License-Identifier: BSD-2-Clause */
#include "faulty.h"

#include <string.h>

#include "kernel/kernel.h"

static struct {
	NDIS_HANDLE driver, handle;
	PNET_BUFFER_LIST late_send, late_receive;
	bool was_late;
} f;

static VOID send_lists(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG flags)
{
	(void)context;
	if (WRONG(F_CHANGES_SOURCE))
		list->SourceHandle = f.handle;
	if (WRONG(F_SEND_LATE) && !f.was_late) {
		f.late_send = list;
		f.was_late = true;
		return;
	}
	if (WRONG(F_COMPLETES_AND_PASSES)) {
		NdisFSendNetBufferLists(f.handle, list, port, flags);
		NdisFSendNetBufferListsComplete(f.handle, list, 0);
		return;
	}
	NdisFSendNetBufferLists(f.handle, list, port, flags);
}

static VOID send_complete(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context;
	if (WRONG(F_COMPLETES_PARENT_EARLY))
		list->ChildRefCount = 1;
	NdisFSendNetBufferListsComplete(f.handle, list, flags);
}

static VOID receive(NDIS_HANDLE context, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port, ULONG n,
		    ULONG flags)
{
	(void)context;
	if (WRONG(F_RECEIVE_LATE) && !(flags & NDIS_RECEIVE_FLAGS_RESOURCES) && !f.was_late) {
		f.late_receive = list;
		f.was_late = true;
		return;
	}
	if (WRONG(F_GIVES_LENT_AWAY))
		flags &= ~(ULONG)NDIS_RECEIVE_FLAGS_RESOURCES;
	NdisFIndicateReceiveNetBufferLists(f.handle, list, port, n, flags);
}

static VOID give_back(NDIS_HANDLE context, PNET_BUFFER_LIST list, ULONG flags)
{
	(void)context;
	NdisFReturnNetBufferLists(f.handle, list, flags);
}

void filter_let_go(void)
{
	if (f.late_send)
		NdisFSendNetBufferLists(f.handle, f.late_send, 0, 0);
	if (f.late_receive)
		NdisFReturnNetBufferLists(f.handle, f.late_receive, 0);
	f.late_send = f.late_receive = NULL;
}

static NDIS_STATUS attach(NDIS_HANDLE handle, NDIS_HANDLE context,
			  PNDIS_FILTER_ATTACH_PARAMETERS parameters)
{
	NDIS_FILTER_ATTRIBUTES a = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES, NDIS_FILTER_ATTRIBUTES_REVISION_1,
			    NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1 },
	};

	(void)context;
	(void)parameters;
	memset(&f.handle, 0, sizeof(f) - offsetof(__typeof__(f), handle));
	f.handle = handle;
	return NdisFSetAttributes(handle, &f, &a);
}

static VOID detach(NDIS_HANDLE context)
{
	(void)context;
}

static NDIS_STATUS restart(NDIS_HANDLE context, PNDIS_FILTER_RESTART_PARAMETERS parameters)
{
	(void)context;
	(void)parameters;
	return NDIS_STATUS_SUCCESS;
}

static void paused(void *arg)
{
	(void)arg;
	course_wait_for_report();
	NdisFPauseComplete(f.handle);
}

static NDIS_STATUS pause_module(NDIS_HANDLE context, PNDIS_FILTER_PAUSE_PARAMETERS parameters)
{
	(void)context;
	(void)parameters;
	if (!WRONG(F_PAUSES_LATE))
		return NDIS_STATUS_SUCCESS;
	kernel_call_work(paused, NULL);
	return NDIS_STATUS_PENDING;
}

static VOID unload(PDRIVER_OBJECT object)
{
	(void)object;
	NdisFDeregisterFilterDriver(f.driver);
}

static VOID status(NDIS_HANDLE context, PNDIS_STATUS_INDICATION indication)
{
	(void)context;
	NdisFIndicateStatus(f.handle, indication);
}

NTSTATUS filter_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	static WCHAR text[] = { 'f', 0 };
	const NDIS_STRING name = { sizeof(text[0]), sizeof(text), text };
	NDIS_FILTER_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS,
			    NDIS_FILTER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30,
		.FriendlyName = name, .UniqueName = name, .ServiceName = name,
		.AttachHandler = attach, .DetachHandler = detach, .RestartHandler = restart,
		.PauseHandler = pause_module, .SendNetBufferListsHandler = send_lists,
		.SendNetBufferListsCompleteHandler = send_complete, .StatusHandler = status,
		.ReceiveNetBufferListsHandler = receive, .ReturnNetBufferListsHandler = give_back,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = unload;
	return NdisFRegisterFilterDriver(DriverObject, &f, &c, &f.driver);
}
