/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter: direct and synchronous requests; regular ones go past it, unless a test adds
 * handlers for them. */
#include "toy.h"

#include <stdio.h>
#include <string.h>

struct toy_filters toy_filters;

/* ---- direct: a clone goes on ---- */

static void copy_back(PNDIS_OID_REQUEST to, const NDIS_OID_REQUEST *from)
{
	to->DATA = from->DATA;
}

static FILTER_DIRECT_OID_REQUEST direct;
_Use_decl_annotations_
static NDIS_STATUS direct(NDIS_HANDLE FilterModuleContext, PNDIS_OID_REQUEST OidRequest)
{
	struct toy_filter *f = FilterModuleContext;
	PNDIS_OID_REQUEST clone;
	NDIS_STATUS status;

	f->directs++;
	status = NdisAllocateCloneOidRequest(f->handle, OidRequest, 0x796f5446, &clone);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	memcpy(clone->SourceReserved, &OidRequest, sizeof(OidRequest));
	status = NdisFDirectOidRequest(f->handle, clone);
	if (status == NDIS_STATUS_PENDING)
		return status;
	copy_back(OidRequest, clone);
	NdisFreeCloneOidRequest(f->handle, clone);
	return status;
}

static FILTER_DIRECT_OID_REQUEST_COMPLETE direct_complete;
_Use_decl_annotations_
static VOID direct_complete(NDIS_HANDLE FilterModuleContext, PNDIS_OID_REQUEST OidRequest,
			    NDIS_STATUS Status)
{
	struct toy_filter *f = FilterModuleContext;
	PNDIS_OID_REQUEST original;

	f->direct_ends++;
	memcpy(&original, OidRequest->SourceReserved, sizeof(original));
	copy_back(original, OidRequest);
	NdisFreeCloneOidRequest(f->handle, OidRequest);
	NdisFDirectOidRequestComplete(f->handle, original, Status);
}

static FILTER_CANCEL_DIRECT_OID_REQUEST cancel_direct;
_Use_decl_annotations_
static VOID cancel_direct(NDIS_HANDLE FilterModuleContext, PVOID RequestId)
{
	struct toy_filter *f = FilterModuleContext;

	f->direct_cancels++;
	NdisFCancelDirectOidRequest(f->handle, RequestId);
}

/* ---- synchronous ---- */

static FILTER_SYNCHRONOUS_OID_REQUEST synchronous;
_Use_decl_annotations_
static NDIS_STATUS synchronous(NDIS_HANDLE FilterModuleContext, PNDIS_OID_REQUEST OidRequest,
			       PVOID *CallCompletionContext)
{
	struct toy_filter *f = FilterModuleContext;

	(void)OidRequest;
	assert_null(*CallCompletionContext);
	*CallCompletionContext = f;
	f->synchronous++;
	if (toy_filters.synchronous_stop && f == &toy_filters.list[toy_filters.synchronous_stop - 1])
		return toy_filters.synchronous_status;
	return NDIS_STATUS_SUCCESS;
}

static FILTER_SYNCHRONOUS_OID_REQUEST_COMPLETE synchronous_complete;
_Use_decl_annotations_
static VOID synchronous_complete(NDIS_HANDLE FilterModuleContext, PNDIS_OID_REQUEST OidRequest,
				 PNDIS_STATUS Status, PVOID CallCompletionContext)
{
	struct toy_filter *f = FilterModuleContext;

	(void)OidRequest;
	(void)Status;
	f->synchronous_ends++;
	f->context_seen = CallCompletionContext;
}

/* ---- receives, for the handlers that a module chooses ---- */

static FILTER_RECEIVE_NET_BUFFER_LISTS receive;
_Use_decl_annotations_
static VOID receive(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
		    NDIS_PORT_NUMBER PortNumber, ULONG NumberOfNetBufferLists, ULONG ReceiveFlags)
{
	struct toy_filter *f = FilterModuleContext;

	atomic_fetch_add(&toy_filters.receives, NumberOfNetBufferLists);
	NdisFIndicateReceiveNetBufferLists(f->handle, NetBufferLists, PortNumber,
					   NumberOfNetBufferLists, ReceiveFlags);
}

static FILTER_RETURN_NET_BUFFER_LISTS give_back;
_Use_decl_annotations_
static VOID give_back(NDIS_HANDLE FilterModuleContext, PNET_BUFFER_LIST NetBufferLists,
		      ULONG ReturnFlags)
{
	NdisFReturnNetBufferLists(((struct toy_filter *)FilterModuleContext)->handle, NetBufferLists,
				  ReturnFlags);
}

static FILTER_SET_MODULE_OPTIONS set_module_options;
_Use_decl_annotations_
static NDIS_STATUS set_module_options(NDIS_HANDLE FilterModuleContext)
{
	NDIS_FILTER_PARTIAL_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_PARTIAL_CHARACTERISTICS,
			    NDIS_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1 } };

	if (!toy_filters.partial) {
		c.ReceiveNetBufferListsHandler = receive;
		c.ReturnNetBufferListsHandler = give_back;
	}
	return NdisSetOptionalHandlers(((struct toy_filter *)FilterModuleContext)->handle,
				       (PNDIS_DRIVER_OPTIONAL_HANDLERS)&c);
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
	struct toy_filter *f = &toy_filters.list[toy_filters.n++];

	(void)FilterDriverContext;
	if (AttachParameters->ReceiveFilterCapabilities)
		toy_filters.capabilities = *AttachParameters->ReceiveFilterCapabilities;
	if (AttachParameters->DefaultOffloadConfiguration)
		toy_filters.offload = *AttachParameters->DefaultOffloadConfiguration;
	f->handle = NdisFilterHandle;
	return NdisFSetAttributes(NdisFilterHandle, f, &a);
}

static FILTER_DETACH detach;
_Use_decl_annotations_
static VOID detach(NDIS_HANDLE FilterModuleContext)
{
	((struct toy_filter *)FilterModuleContext)->handle = NULL;
}

static FILTER_RESTART restart;
_Use_decl_annotations_
static NDIS_STATUS restart(NDIS_HANDLE FilterModuleContext,
			   PNDIS_FILTER_RESTART_PARAMETERS RestartParameters)
{
	NDIS_RESTART_ATTRIBUTES *at = RestartParameters->RestartAttributes;
	NDIS_RESTART_GENERAL_ATTRIBUTES *g = (void *)at->Data;

	(void)FilterModuleContext;
	if (toy_filters.no_rss)
		g->RecvScaleCapabilities = NULL;
	return NDIS_STATUS_SUCCESS;
}

static FILTER_PAUSE pause_module;
_Use_decl_annotations_
static NDIS_STATUS pause_module(NDIS_HANDLE FilterModuleContext,
				PNDIS_FILTER_PAUSE_PARAMETERS PauseParameters)
{
	(void)FilterModuleContext;
	(void)PauseParameters;
	return NDIS_STATUS_SUCCESS;
}

static DRIVER_UNLOAD unload;
static VOID unload(PDRIVER_OBJECT DriverObject)
{
	(void)DriverObject;
	NdisFDeregisterFilterDriver(toy_filters.driver);
}

static NTSTATUS entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
	NDIS_FILTER_DRIVER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS,
			    NDIS_FILTER_CHARACTERISTICS_REVISION_3,
			    NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_3 },
		.MajorNdisVersion = 6, .MinorNdisVersion = 80,
		.AttachHandler = attach, .DetachHandler = detach, .RestartHandler = restart,
		.PauseHandler = pause_module, .SetFilterModuleOptionsHandler = set_module_options,
		.DirectOidRequestHandler = direct, .DirectOidRequestCompleteHandler = direct_complete,
		.CancelDirectOidRequestHandler = cancel_direct,
		.SynchronousOidRequestHandler = synchronous,
		.SynchronousOidRequestCompleteHandler = synchronous_complete,
	};

	(void)RegistryPath;
	DriverObject->DriverUnload = unload;
	return NdisFRegisterFilterDriver(DriverObject, &toy_filters, &c, &toy_filters.driver);
}

void toy_filters_load(void)
{
	struct error err = { "" };

	for (unsigned i = 0; i < TOY_FILTERS; i++)
		snprintf(toy_filters.list[i].name, sizeof(toy_filters.list[i].name), "g%u", (i + 1) % 10);
	if (ndis_image_load(&toy_filters.image, "glass", entry, NULL, &err))
		fail_msg("%s", err.text);
}

void toy_filter_attach(struct toy_adapter *a)
{
	struct error err = { "" };

	if (ndis_filter_attach(a->adapter, toy_filters.image, toy_filters.list[toy_filters.n].name, NULL,
			       &err))
		fail_msg("%s", err.text);
}
