/* SPDX-License-Identifier: BSD-2-Clause */
/* Drivers: loading an image, and what its DriverEntry registers. */
#include "ndis/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static struct ndis_protocol_driver *protocols[NDIS_MAX_DRIVERS];
static pthread_mutex_t protocols_lock = PTHREAD_MUTEX_INITIALIZER;

unsigned ndis_protocols(struct ndis_protocol_driver *list[NDIS_MAX_DRIVERS])
{
	unsigned n = 0;

	pthread_mutex_lock(&protocols_lock);
	for (unsigned i = 0; i < NDIS_MAX_DRIVERS; i++)
		if (protocols[i] && !protocols[i]->gone)
			list[n++] = protocols[i];
	pthread_mutex_unlock(&protocols_lock);
	return n;
}

int ndis_image_load(struct ndis_image **out, const char *name, DRIVER_INITIALIZE *entry,
		    struct error *err)
{
	static WCHAR path[] = { 'o', 'v', 'm', 'q', 0 };
	UNICODE_STRING registry = { sizeof(path) - sizeof(path[0]), sizeof(path), path };
	struct ndis_image *image = calloc(1, sizeof(*image));
	NTSTATUS status;

	*out = NULL;
	if (!image)
		return error_set(err, ENOMEM, "driver %s: no memory", name);
	strncpy(image->name, name, sizeof(image->name) - 1);
	status = entry(&image->object, &registry);
	if (status != NDIS_STATUS_SUCCESS) {
		free(image);
		return error_set(err, EIO, "driver %s: DriverEntry failed with status 0x%08x", name,
				 (unsigned)status);
	}
	*out = image;
	return 0;
}

void ndis_image_unload(struct ndis_image *image)
{
	if (!image)
		return;
	if (image->miniport && image->miniport->handlers.UnloadHandler)
		image->miniport->handlers.UnloadHandler(&image->object);
	else if (image->object.DriverUnload)
		image->object.DriverUnload(&image->object);
	if (image->miniport)
		log_warning("driver %s: unloaded without NdisMDeregisterMiniportDriver (I8)",
			    image->name);
	free(image->miniport);
	free(image);
}

struct handler { const void *address; const char *name; };

/* The first handler that is missing, by name; NULL: they are all there. */
static const char *first_missing(const struct handler *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!list[i].address)
			return list[i].name;
	return NULL;
}

/* I2: the handlers that no miniport may lack, by name, so that a refusal can
 * say which one. */
static const char *missing_handler(const NDIS_MINIPORT_DRIVER_CHARACTERISTICS *c)
{
	const struct handler must[] = {
		{ (const void *)c->InitializeHandlerEx, "InitializeHandlerEx" },
		{ (const void *)c->HaltHandlerEx, "HaltHandlerEx" },
		{ (const void *)c->UnloadHandler, "UnloadHandler" },
		{ (const void *)c->PauseHandler, "PauseHandler" },
		{ (const void *)c->RestartHandler, "RestartHandler" },
		{ (const void *)c->OidRequestHandler, "OidRequestHandler" },
		{ (const void *)c->SendNetBufferListsHandler, "SendNetBufferListsHandler" },
		{ (const void *)c->ReturnNetBufferListsHandler, "ReturnNetBufferListsHandler" },
		{ (const void *)c->CancelSendHandler, "CancelSendHandler" },
		{ (const void *)c->DevicePnPEventNotifyHandler, "DevicePnPEventNotifyHandler" },
		{ (const void *)c->ShutdownHandlerEx, "ShutdownHandlerEx" },
		{ (const void *)c->CancelOidRequestHandler, "CancelOidRequestHandler" },
	};

	if (c->CheckForHangHandlerEx && !c->ResetHandlerEx)
		return "ResetHandlerEx";
	return first_missing(must, sizeof(must) / sizeof(must[0]));
}

NDIS_STATUS NdisMRegisterMiniportDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath,
					NDIS_HANDLE MiniportDriverContext,
					PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics,
					PNDIS_HANDLE NdisMiniportDriverHandle)
{
	struct ndis_image *image = CONTAINING_RECORD(DriverObject, struct ndis_image, object);
	struct ndis_miniport_driver *driver;
	const char *missing;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	size_t size;

	(void)RegistryPath;
	*NdisMiniportDriverHandle = NULL;
	if (Characteristics->Header.Type != NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS ||
	    Characteristics->Header.Size <
		    NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1) {
		log_error("driver %s: miniport characteristics: wrong Header.Type or Size", image->name);
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	if (Characteristics->MajorNdisVersion != 6 || Characteristics->MinorNdisVersion > 89) {
		log_error("driver %s: miniport of NDIS %u.%u, only 6.x is supported", image->name,
			  Characteristics->MajorNdisVersion, Characteristics->MinorNdisVersion);
		return NDIS_STATUS_BAD_VERSION;
	}
	missing = missing_handler(Characteristics);
	if (missing) {
		log_error("driver %s: miniport characteristics: %s is missing (I2)", image->name, missing);
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	driver = calloc(1, sizeof(*driver));
	if (!driver)
		return NDIS_STATUS_RESOURCES;
	size = Characteristics->Header.Size;
	memcpy(&driver->handlers, Characteristics,
	       size < sizeof(driver->handlers) ? size : sizeof(driver->handlers));
	driver->context = MiniportDriverContext;
	driver->image = image;
	image->miniport = driver;
	*NdisMiniportDriverHandle = driver;
	if (driver->handlers.SetOptionsHandler)
		status = driver->handlers.SetOptionsHandler(driver, MiniportDriverContext);
	if (status != NDIS_STATUS_SUCCESS) {
		NdisMDeregisterMiniportDriver(driver);
		*NdisMiniportDriverHandle = NULL;
	}
	return status;
}

VOID NdisMDeregisterMiniportDriver(NDIS_HANDLE NdisMiniportDriverHandle)
{
	struct ndis_miniport_driver *driver = NdisMiniportDriverHandle;

	driver->image->miniport = NULL;
	free(driver);
}

static const char *missing_protocol_handler(const NDIS_PROTOCOL_DRIVER_CHARACTERISTICS *c)
{
	const struct handler must[] = {
		{ (const void *)c->BindAdapterHandlerEx, "BindAdapterHandlerEx" },
		{ (const void *)c->UnbindAdapterHandlerEx, "UnbindAdapterHandlerEx" },
		{ (const void *)c->OpenAdapterCompleteHandlerEx, "OpenAdapterCompleteHandlerEx" },
		{ (const void *)c->CloseAdapterCompleteHandlerEx, "CloseAdapterCompleteHandlerEx" },
		{ (const void *)c->NetPnPEventHandler, "NetPnPEventHandler" },
		{ (const void *)c->OidRequestCompleteHandler, "OidRequestCompleteHandler" },
		{ (const void *)c->StatusHandlerEx, "StatusHandlerEx" },
		{ (const void *)c->ReceiveNetBufferListsHandler, "ReceiveNetBufferListsHandler" },
		{ (const void *)c->SendNetBufferListsCompleteHandler,
		  "SendNetBufferListsCompleteHandler" },
	};

	return first_missing(must, sizeof(must) / sizeof(must[0]));
}

NDIS_STATUS NdisRegisterProtocolDriver(NDIS_HANDLE ProtocolDriverContext,
				       PNDIS_PROTOCOL_DRIVER_CHARACTERISTICS Characteristics,
				       PNDIS_HANDLE NdisProtocolHandle)
{
	struct ndis_protocol_driver *driver;
	const char *missing;
	unsigned slot = 0;
	size_t size;

	*NdisProtocolHandle = NULL;
	if (Characteristics->Header.Type != NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS ||
	    Characteristics->Header.Size <
		    NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1) {
		log_error("protocol characteristics: wrong Header.Type or Size");
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	if (Characteristics->MajorNdisVersion != 6) {
		log_error("protocol of NDIS %u.%u, only 6.x is supported",
			  Characteristics->MajorNdisVersion, Characteristics->MinorNdisVersion);
		return NDIS_STATUS_BAD_VERSION;
	}
	missing = missing_protocol_handler(Characteristics);
	if (missing) {
		log_error("protocol characteristics: %s is missing", missing);
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	driver = calloc(1, sizeof(*driver));
	if (!driver)
		return NDIS_STATUS_RESOURCES;
	size = Characteristics->Header.Size;
	memcpy(&driver->handlers, Characteristics,
	       size < sizeof(driver->handlers) ? size : sizeof(driver->handlers));
	driver->context = ProtocolDriverContext;
	pthread_mutex_lock(&protocols_lock);
	while (slot < NDIS_MAX_DRIVERS && protocols[slot])
		slot++;
	if (slot < NDIS_MAX_DRIVERS)
		protocols[slot] = driver;
	pthread_mutex_unlock(&protocols_lock);
	if (slot == NDIS_MAX_DRIVERS) {
		free(driver);
		return NDIS_STATUS_RESOURCES;
	}
	*NdisProtocolHandle = driver;
	ndis_protocol_arrived(driver);
	return NDIS_STATUS_SUCCESS;
}

VOID NdisDeregisterProtocolDriver(NDIS_HANDLE NdisProtocolHandle)
{
	struct ndis_protocol_driver *driver = NdisProtocolHandle;

	/* Gone first, so that nothing binds it again; then off every adapter. */
	pthread_mutex_lock(&protocols_lock);
	driver->gone = true;
	pthread_mutex_unlock(&protocols_lock);
	ndis_protocol_leaves(driver);
	pthread_mutex_lock(&protocols_lock);
	for (unsigned i = 0; i < NDIS_MAX_DRIVERS; i++)
		if (protocols[i] == driver)
			protocols[i] = NULL;
	pthread_mutex_unlock(&protocols_lock);
	free(driver);
}
