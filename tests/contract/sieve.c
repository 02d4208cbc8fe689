/* SPDX-License-Identifier: BSD-2-Clause */
#include "sieve.h"

#include <stdio.h>
#include <string.h>

#include "kernel/kernel.h"

struct sieve sieve;

static NDIS_HANDLE driver;

static unsigned count(PNET_BUFFER_LIST list)
{
	unsigned n = 0;

	for (; list; list = NET_BUFFER_LIST_NEXT_NBL(list))
		n++;
	return n;
}

/* ---- sends ---- */

static void step(const struct sieve_module *m, const char *what)
{
	if (sieve.trace_data)
		trace_step(m->name, what);
}

static void complete_all(struct sieve_module *m, PNET_BUFFER_LIST list, NDIS_STATUS status)
{
	for (PNET_BUFFER_LIST n = list; n; n = NET_BUFFER_LIST_NEXT_NBL(n))
		NET_BUFFER_LIST_STATUS(n) = status;
	if (list)
		NdisFSendNetBufferListsComplete(m->handle, list, 0);
}

static void keep(struct sieve_module *m, PNET_BUFFER_LIST list)
{
	PNET_BUFFER_LIST *end = &m->kept;

	while (*end)
		end = &NET_BUFFER_LIST_NEXT_NBL(*end);
	*end = list;
}

void sieve_let_go(struct sieve_module *m)
{
	PNET_BUFFER_LIST list = m->kept;

	m->kept = NULL;
	if (list)
		NdisFSendNetBufferLists(m->handle, list, NDIS_DEFAULT_PORT_NUMBER, 0);
}

/* A64: the parent stays here, its child goes on, with what went beside the parent (P16). */
static void send_clones(struct sieve_module *m, PNET_BUFFER_LIST list, NDIS_PORT_NUMBER port,
			ULONG flags)
{
	PNET_BUFFER_LIST next;

	for (; list; list = next) {
		PNET_BUFFER_LIST child = NdisAllocateCloneNetBufferList(list, NULL, NULL, 0);

		next = NET_BUFFER_LIST_NEXT_NBL(list);
		NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
		InterlockedIncrement(&list->ChildRefCount);
		child->ParentNetBufferList = list;
		child->SourceHandle = m->handle;
		NdisCopySendNetBufferListInfo(child, list);
		NdisFSendNetBufferLists(m->handle, child, port, flags);
	}
}

/* Our own child's end: never the list's that came from above (A63). */
static void child_ends(struct sieve_module *m, PNET_BUFFER_LIST child)
{
	PNET_BUFFER_LIST parent = child->ParentNetBufferList;

	NET_BUFFER_LIST_STATUS(parent) = NET_BUFFER_LIST_STATUS(child);
	NdisFreeCloneNetBufferList(child, 0);
	if (!InterlockedDecrement(&parent->ChildRefCount))
		NdisFSendNetBufferListsComplete(m->handle, parent, 0);
}

static FILTER_SEND_NET_BUFFER_LISTS send_lists;
_Use_decl_annotations_
static VOID send_lists(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferList,
		       NDIS_PORT_NUMBER PortNumber, ULONG SendFlags)
{
	struct sieve_module *m = FilterModuleContext;

	atomic_fetch_add(&m->sends, count(NetBufferList));
	step(m, "sends");
	if (atomic_load(&m->paused)) {
		complete_all(m, NetBufferList, NDIS_STATUS_PAUSED);
		return;
	}
	if (sieve.keep_sends) {
		keep(m, NetBufferList);
		return;
	}
	if (sieve.clone_sends) {
		send_clones(m, NetBufferList, PortNumber, SendFlags);
		return;
	}
	NdisFSendNetBufferLists(m->handle, NetBufferList, PortNumber, SendFlags & ~sieve.drop_send_flags);
}

static FILTER_SEND_NET_BUFFER_LISTS_COMPLETE send_complete;
_Use_decl_annotations_
static VOID send_complete(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferList,
			  ULONG SendCompleteFlags)
{
	struct sieve_module *m = FilterModuleContext;

	PNET_BUFFER_LIST next;

	atomic_fetch_add(&m->completes, count(NetBufferList));
	step(m, "completes");
	for (; sieve.clone_sends && NetBufferList; NetBufferList = next) {
		next = NET_BUFFER_LIST_NEXT_NBL(NetBufferList);
		child_ends(m, NetBufferList);
	}
	if (!NetBufferList)
		return;
	NdisFSendNetBufferListsComplete(m->handle, NetBufferList, SendCompleteFlags);
}

static FILTER_CANCEL_SEND_NET_BUFFER_LISTS cancel_send;
_Use_decl_annotations_
static VOID cancel_send(NDIS_HANDLE FilterModuleContext, PVOID CancelId)
{
	struct sieve_module *m = FilterModuleContext;
	PNET_BUFFER_LIST aborted = NULL, *end = &aborted, *at = &m->kept;

	atomic_fetch_add(&m->cancels, 1);
	while (*at) {
		PNET_BUFFER_LIST list = *at;

		if (NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(list) != CancelId) {
			at = &NET_BUFFER_LIST_NEXT_NBL(list);
			continue;
		}
		*at = NET_BUFFER_LIST_NEXT_NBL(list);
		NET_BUFFER_LIST_NEXT_NBL(list) = NULL;
		*end = list;
		end = &NET_BUFFER_LIST_NEXT_NBL(list);
	}
	complete_all(m, aborted, NDIS_STATUS_SEND_ABORTED);
	NdisFCancelSendNetBufferLists(m->handle, CancelId);
}

/* ---- receives ---- */

static FILTER_RECEIVE_NET_BUFFER_LISTS receive;
_Use_decl_annotations_
static VOID receive(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
		    NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct sieve_module *m = FilterModuleContext;
	bool lent = ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES;

	atomic_fetch_add(&m->receives, NumberOfNetBufferLists);
	if (sieve.keep_receives && lent)
		return;   /* it goes back by itself */
	if (sieve.keep_receives) {
		NdisFReturnNetBufferLists(m->handle, NetBufferLists, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
		return;
	}
	if (sieve.lend_receives && !lent) {
		NdisFIndicateReceiveNetBufferLists(m->handle, NetBufferLists, PortNumber,
						   NumberOfNetBufferLists,
						   ReceiveFlags | NDIS_RECEIVE_FLAGS_RESOURCES);
		NdisFReturnNetBufferLists(m->handle, NetBufferLists, NDIS_RETURN_FLAGS_DISPATCH_LEVEL);
		return;
	}
	if (!(ReceiveFlags & NDIS_RECEIVE_FLAGS_RESOURCES))
		atomic_fetch_add(&m->inside, NumberOfNetBufferLists);
	NdisFIndicateReceiveNetBufferLists(m->handle, NetBufferLists, PortNumber,
					   NumberOfNetBufferLists, ReceiveFlags);
}

static FILTER_RETURN_NET_BUFFER_LISTS give_back;
_Use_decl_annotations_
static VOID give_back(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
		      ULONG ReturnFlags)
{
	struct sieve_module *m = FilterModuleContext;
	unsigned n = count(NetBufferLists);

	atomic_fetch_add(&m->returns, n);
	NdisFReturnNetBufferLists(m->handle, NetBufferLists, ReturnFlags);
	atomic_fetch_sub(&m->inside, n);
}

/* ---- requests: a clone goes on, its answer comes back into the original ---- */

static void copy_back(PNDIS_OID_REQUEST to, const NDIS_OID_REQUEST *from)
{
	to->DATA = from->DATA;
	to->SupportedRevision = from->SupportedRevision;
}

/* What a filter may refuse of the VMQ requests, and nothing else (D41). */
static bool may_veto(NDIS_OID oid)
{
	return oid == OID_RECEIVE_FILTER_ALLOCATE_QUEUE || oid == OID_RECEIVE_FILTER_SET_FILTER;
}

static FILTER_OID_REQUEST oid_request;
_Use_decl_annotations_
static NDIS_STATUS oid_request(NDIS_HANDLE FilterModuleContext, PNDIS_OID_REQUEST OidRequest)
{
	struct sieve_module *m = FilterModuleContext;
	PNDIS_OID_REQUEST clone;
	NDIS_STATUS status;

	atomic_fetch_add(&m->oids, 1);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
	if (sieve.veto && may_veto(OidRequest->DATA.QUERY_INFORMATION.Oid))
		return NDIS_STATUS_NOT_ACCEPTED;
	status = NdisAllocateCloneOidRequest(m->handle, OidRequest, 0x56656953, &clone);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(clone->SourceReserved, &OidRequest, sizeof(OidRequest));
	clone->RequestId = OidRequest->RequestId;
	status = NdisFOidRequest(m->handle, clone);
	if (status == NDIS_STATUS_PENDING)
		return status;
	copy_back(OidRequest, clone);
	NdisFreeCloneOidRequest(m->handle, clone);
	return status;
}

/* A request of our own, and who waits for it. */
struct own_request {
	NDIS_OID_REQUEST r;
	NDIS_EVENT done;
	NDIS_STATUS status;
};

static FILTER_OID_REQUEST_COMPLETE oid_complete;
_Use_decl_annotations_
static VOID oid_complete(NDIS_HANDLE FilterModuleContext, PNDIS_OID_REQUEST Request, NDIS_STATUS Status)
{
	struct sieve_module *m = FilterModuleContext;
	PNDIS_OID_REQUEST original;

	atomic_fetch_add(&m->oid_completes, 1);
	memcpy(&original, Request->SourceReserved, sizeof(original));
	if (!original) {
		struct own_request *own = CONTAINING_RECORD(Request, struct own_request, r);

		own->status = Status;
		NdisSetEvent(&own->done);
		return;
	}
	copy_back(original, Request);
	NdisFreeCloneOidRequest(m->handle, Request);
	NdisFOidRequestComplete(m->handle, original, Status);
}

NDIS_STATUS sieve_ask(struct sieve_module *m, NDIS_OID oid, void *buffer, ULONG length)
{
	struct own_request own = { .r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = NdisRequestQueryInformation } };
	NDIS_STATUS status;

	own.r.DATA.QUERY_INFORMATION.Oid = oid;
	own.r.DATA.QUERY_INFORMATION.InformationBuffer = buffer;
	own.r.DATA.QUERY_INFORMATION.InformationBufferLength = length;
	NdisInitializeEvent(&own.done);
	status = NdisFOidRequest(m->handle, &own.r);
	if (status != NDIS_STATUS_PENDING)
		return status;
	NdisWaitEvent(&own.done, 0);
	return own.status;
}

static FILTER_CANCEL_OID_REQUEST cancel_oid;
_Use_decl_annotations_
static VOID cancel_oid(NDIS_HANDLE FilterModuleContext, PVOID RequestId)
{
	struct sieve_module *m = FilterModuleContext;

	atomic_fetch_add(&m->cancels, 1);
	NdisFCancelOidRequest(m->handle, RequestId);
}

/* ---- statuses and events ---- */

static FILTER_STATUS status_indication;
_Use_decl_annotations_
static VOID status_indication(NDIS_HANDLE FilterModuleContext, PNDIS_STATUS_INDICATION StatusIndication)
{
	struct sieve_module *m = FilterModuleContext;

	atomic_fetch_add(&m->statuses, 1);
	if (!sieve.drop_status)
		NdisFIndicateStatus(m->handle, StatusIndication);
}

static FILTER_NET_PNP_EVENT net_event;
_Use_decl_annotations_
static NDIS_STATUS net_event(NDIS_HANDLE FilterModuleContext,
			     PNET_PNP_EVENT_NOTIFICATION NetPnPEventNotification)
{
	struct sieve_module *m = FilterModuleContext;

	atomic_fetch_add(&m->events, 1);
	return NdisFNetPnPEvent(m->handle, NetPnPEventNotification);
}

static FILTER_DEVICE_PNP_EVENT_NOTIFY device_event;
_Use_decl_annotations_
static VOID device_event(NDIS_HANDLE FilterModuleContext, PNET_DEVICE_PNP_EVENT NetDevicePnPEvent)
{
	struct sieve_module *m = FilterModuleContext;

	atomic_fetch_add(&m->device_events, 1);
	NdisFDevicePnPEventNotify(m->handle, NetDevicePnPEvent);
}

/* ---- life ---- */

static FILTER_ATTACH attach;
_Use_decl_annotations_
static NDIS_STATUS attach(NDIS_HANDLE NdisFilterHandle, NDIS_HANDLE FilterDriverContext,
			  PNDIS_FILTER_ATTACH_PARAMETERS AttachParameters)
{
	NDIS_FILTER_ATTRIBUTES a = { .Header = { NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES,
						 NDIS_FILTER_ATTRIBUTES_REVISION_1,
						 NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1 } };
	struct sieve_module *m = &sieve.modules[sieve.n];

	assert_ptr_equal(FilterDriverContext, &sieve);
	assert_int_equal(AttachParameters->MiniportMediaType, NdisMedium802_3);
	assert_int_equal(AttachParameters->MacAddressLength, 6);
	if (sieve.attach_status != NDIS_STATUS_SUCCESS)
		return sieve.attach_status;
	m->handle = NdisFilterHandle;
	trace_step(m->name, "attaches");
	sieve.n++;
	return NdisFSetAttributes(NdisFilterHandle, m, &a);
}

static FILTER_DETACH detach;
_Use_decl_annotations_
static VOID detach(NDIS_HANDLE FilterModuleContext)
{
	struct sieve_module *m = FilterModuleContext;

	trace_step(m->name, "detaches");
	m->handle = NULL;
}

static void look_at(struct sieve_module *m, PNDIS_RESTART_ATTRIBUTES attributes)
{
	NDIS_RESTART_GENERAL_ATTRIBUTES *g = (void *)attributes->Data;

	assert_int_equal(attributes->Oid, OID_GEN_MINIPORT_RESTART_ATTRIBUTES);
	m->mtu = g->MtuSize;
	if (sieve.lower_mtu)
		g->MtuSize = sieve.lower_mtu;
}

static void restart_later(void *module)
{
	NdisFRestartComplete(((struct sieve_module *)module)->handle, sieve.restart_status);
}

static FILTER_RESTART restart;
_Use_decl_annotations_
static NDIS_STATUS restart(NDIS_HANDLE FilterModuleContext,
			   PNDIS_FILTER_RESTART_PARAMETERS RestartParameters)
{
	struct sieve_module *m = FilterModuleContext;

	trace_step(m->name, "restarts");
	atomic_store(&m->paused, false);
	look_at(m, RestartParameters->RestartAttributes);
	if (!sieve.pend)
		return sieve.restart_status;
	kernel_call_work(restart_later, m);
	return NDIS_STATUS_PENDING;
}

static void pause_later(void *module)
{
	struct sieve_module *m = module;

	while (atomic_load(&m->inside))
		usleep(100);
	NdisFPauseComplete(m->handle);
}

static FILTER_PAUSE pause_module;
_Use_decl_annotations_
static NDIS_STATUS pause_module(NDIS_HANDLE FilterModuleContext,
				PNDIS_FILTER_PAUSE_PARAMETERS PauseParameters)
{
	struct sieve_module *m = FilterModuleContext;

	(void)PauseParameters;
	trace_step(m->name, "pauses");
	atomic_store(&m->paused, true);
	if (!sieve.pend && !atomic_load(&m->inside))
		return NDIS_STATUS_SUCCESS;
	kernel_call_work(pause_later, m);
	return NDIS_STATUS_PENDING;
}

static DRIVER_UNLOAD unload;
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisFDeregisterFilterDriver(driver);
}

static NDIS_STRING name(const WCHAR *text, USHORT n)
{
	return (NDIS_STRING){ (USHORT)(n * sizeof(WCHAR)), (USHORT)(n * sizeof(WCHAR)), (PWSTR)text };
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	static const WCHAR text[] = { 's', 'i', 'e', 'v', 'e' };
	NDIS_FILTER_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS,
			    NDIS_FILTER_CHARACTERISTICS_REVISION_2,
			    NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 30, .Flags = sieve.flags,
		.FriendlyName = name(text, 5), .UniqueName = name(text, 5), .ServiceName = name(text, 5),
		.AttachHandler = attach, .DetachHandler = detach, .RestartHandler = restart,
		.PauseHandler = pause_module,
		.OidRequestHandler = oid_request, .OidRequestCompleteHandler = oid_complete,
		.CancelOidRequestHandler = cancel_oid, .StatusHandler = status_indication,
		.NetPnPEventHandler = net_event, .DevicePnPEventNotifyHandler = device_event,
	};

	(void)RegistryPath;
	if (!sieve.bypass) {
		c.ReceiveNetBufferListsHandler = receive;
		c.ReturnNetBufferListsHandler = give_back;
	}
	if (!sieve.bypass && !sieve.only_receives) {
		c.SendNetBufferListsHandler = send_lists;
		c.SendNetBufferListsCompleteHandler = sieve.no_completion ? NULL : send_complete;
		c.CancelSendNetBufferListsHandler = sieve.no_cancel ? NULL : cancel_send;
	}
	DriverObject->DriverUnload = unload;
	return NdisFRegisterFilterDriver(DriverObject, &sieve, &c, &driver);
}

void sieve_load(void)
{
	struct error err = { "" };

	for (unsigned i = 0; i < SIEVE_MODULES; i++)
		snprintf(sieve.modules[i].name, sizeof(sieve.modules[i].name), "f%u", (i + 1) % 10);
	if (ndis_image_load(&sieve.image, "sieve", entry, NULL, &err))
		fail_msg("%s", err.text);
}

void sieve_unload(void)
{
	ndis_image_unload(sieve.image);
	memset(&sieve, 0, sizeof(sieve));
}

const char *sieve_attach(struct ndis_adapter *adapter)
{
	struct error err = { "" };
	const char *module = sieve.modules[sieve.n].name;

	if (ndis_filter_attach(adapter, sieve.image, module, NULL, &err))
		fail_msg("%s", err.text);
	return module;
}
