/* SPDX-License-Identifier: BSD-2-Clause */
/* Registration of miniport drivers. */
#include "ndis/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/characteristics.h"
#include "ndis/intermediate.h"

#define MUST(member) { offsetof(NDIS_MINIPORT_DRIVER_CHARACTERISTICS, member), #member }

static const struct ndis_handler must[] = {
	MUST(InitializeHandlerEx), MUST(HaltHandlerEx), MUST(UnloadHandler), MUST(PauseHandler),
	MUST(RestartHandler), MUST(OidRequestHandler), MUST(SendNetBufferListsHandler),
	MUST(ReturnNetBufferListsHandler), MUST(CancelSendHandler), MUST(DevicePnPEventNotifyHandler),
	MUST(ShutdownHandlerEx), MUST(CancelOidRequestHandler), { 0, NULL },
};

static const USHORT sizes[] = {
	NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_1,
	NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_2,
	NDIS_SIZEOF_MINIPORT_DRIVER_CHARACTERISTICS_REVISION_3,
};

static const struct ndis_shape shape = {
	"miniport", NDIS_OBJECT_TYPE_MINIPORT_DRIVER_CHARACTERISTICS, 3, sizes, must,
};

NDIS_STATUS NdisMRegisterMiniportDriver(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath,
					NDIS_HANDLE MiniportDriverContext,
					PNDIS_MINIPORT_DRIVER_CHARACTERISTICS Characteristics,
					PNDIS_HANDLE NdisMiniportDriverHandle)
{
	struct ndis_image *image = CONTAINING_RECORD(DriverObject, struct ndis_image, object);
	struct ndis_miniport_driver *driver;
	NDIS_STATUS status;

	(void)RegistryPath;
	NDIS_CALLED(NULL);
	*NdisMiniportDriverHandle = NULL;
	if (image->miniport) {
		log_error("driver %s: registers a second miniport", image->name);
		return NDIS_STATUS_FAILURE;
	}
	driver = calloc(1, sizeof(*driver));
	if (!driver)
		return NDIS_STATUS_RESOURCES;
	status = ndis_characteristics_take(&shape, image->name, Characteristics, &driver->handlers,
					   sizeof(driver->handlers));
	if (status == NDIS_STATUS_SUCCESS && driver->handlers.CheckForHangHandlerEx &&
	    !driver->handlers.ResetHandlerEx) {
		log_error("driver %s: miniport characteristics: CheckForHangHandlerEx without "
			  "ResetHandlerEx (I2)", image->name);
		status = NDIS_STATUS_BAD_CHARACTERISTICS;
	}
	if (status != NDIS_STATUS_SUCCESS) {
		free(driver);
		return status;
	}
	driver->object = (struct ndis_object){ .kind = NDIS_OBJECT_MINIPORT_DRIVER, .image = image,
					       .keywords = image->options.keywords };
	memcpy(driver->object.name, image->name, sizeof(driver->object.name));
	driver->context = MiniportDriverContext;
	image->miniport = driver;
	*NdisMiniportDriverHandle = driver;
	if (driver->handlers.SetOptionsHandler)
		NDIS_CALLBACK(&driver->object, "MiniportSetOptions",
			      status = driver->handlers.SetOptionsHandler(driver, MiniportDriverContext));
	if (status != NDIS_STATUS_SUCCESS) {
		NdisMDeregisterMiniportDriver(driver);
		*NdisMiniportDriverHandle = NULL;
	}
	return status;
}

VOID NdisMDeregisterMiniportDriver(NDIS_HANDLE NdisMiniportDriverHandle)
{
	struct ndis_miniport_driver *driver = NdisMiniportDriverHandle;

	NDIS_CALLED(NdisMiniportDriverHandle);
	ndis_pnp_lock();   /* no virtual adapter of it is being made meanwhile */
	ndis_instances_forget(driver);
	driver->object.image->miniport = NULL;
	free(driver);
	ndis_pnp_unlock();
}
