/* SPDX-License-Identifier: BSD-2-Clause */
/* Registration of filter drivers. */
#include "ndis/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/characteristics.h"

#define MUST(member) { offsetof(NDIS_FILTER_DRIVER_CHARACTERISTICS, member), #member }

static const struct ndis_handler must[] = {
	MUST(AttachHandler), MUST(DetachHandler), MUST(RestartHandler), MUST(PauseHandler), { 0, NULL },
};

static const USHORT sizes[] = {
	NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_1,
	NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_2,
	NDIS_SIZEOF_FILTER_DRIVER_CHARACTERISTICS_REVISION_3,
};

static const struct ndis_shape shape = {
	"filter", NDIS_OBJECT_TYPE_FILTER_DRIVER_CHARACTERISTICS, 3, sizes, must,
};

/* An OID that is passed on comes back. */
static const char *half_pair(const NDIS_FILTER_DRIVER_CHARACTERISTICS *h)
{
	if ((h->ReceiveNetBufferListsHandler || h->ReturnNetBufferListsHandler) && !h->StatusHandler)
		return "a handler for receives or returns without StatusHandler";   /* F30 */
	if (h->OidRequestHandler && !h->OidRequestCompleteHandler)
		return "OidRequestHandler without OidRequestCompleteHandler";
	if (h->DirectOidRequestHandler && !h->DirectOidRequestCompleteHandler)
		return "DirectOidRequestHandler without DirectOidRequestCompleteHandler";
	return NULL;
}

static NDIS_STATUS take(const struct ndis_image *image, const void *given,
			NDIS_FILTER_DRIVER_CHARACTERISTICS *handlers)
{
	NDIS_STATUS status = ndis_characteristics_take(&shape, image->name, given, handlers,
						       sizeof(*handlers));
	const char *fault = status == NDIS_STATUS_SUCCESS ? half_pair(handlers) : NULL;

	if (!fault)
		return status;
	log_error("driver %s: filter characteristics: %s", image->name, fault);
	return NDIS_STATUS_BAD_CHARACTERISTICS;
}

NDIS_STATUS NdisFRegisterFilterDriver(PDRIVER_OBJECT DriverObject, NDIS_HANDLE FilterDriverContext,
				      PNDIS_FILTER_DRIVER_CHARACTERISTICS Characteristics,
				      PNDIS_HANDLE NdisFilterDriverHandle)
{
	struct ndis_image *image = CONTAINING_RECORD(DriverObject, struct ndis_image, object);
	struct ndis_filter_driver *driver;
	NDIS_STATUS status;

	NDIS_CALLED(NULL);
	*NdisFilterDriverHandle = NULL;
	if (image->filter) {
		log_error("driver %s: registers a second filter", image->name);
		return NDIS_STATUS_FAILURE;
	}
	driver = calloc(1, sizeof(*driver));
	if (!driver)
		return NDIS_STATUS_RESOURCES;
	status = take(image, Characteristics, &driver->handlers);
	if (status != NDIS_STATUS_SUCCESS) {
		free(driver);
		return status;
	}
	driver->object = (struct ndis_object){ .kind = NDIS_OBJECT_FILTER_DRIVER, .image = image,
					       .keywords = image->options.keywords };
	memcpy(driver->object.name, image->name, sizeof(driver->object.name));
	driver->context = FilterDriverContext;
	image->filter = driver;
	*NdisFilterDriverHandle = driver;
	if (driver->handlers.SetOptionsHandler)
		NDIS_CALLBACK(&driver->object, "FilterSetOptions",
			      status = driver->handlers.SetOptionsHandler(driver, FilterDriverContext));
	if (status != NDIS_STATUS_SUCCESS) {
		image->filter = NULL;
		*NdisFilterDriverHandle = NULL;
		free(driver);
	}
	return status;
}

VOID NdisFDeregisterFilterDriver(NDIS_HANDLE NdisFilterDriverHandle)
{
	struct ndis_filter_driver *driver = NdisFilterDriverHandle;

	NDIS_CALLED(NdisFilterDriverHandle);
	ndis_pnp_lock();
	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		for (unsigned i = a->n_modules; i-- > 0;)
			if (a->modules[i]->driver == driver)
				ndis_filter_detach(a, a->modules[i]->layer.object.name, NULL);
	ndis_pnp_unlock();
	driver->object.image->filter = NULL;
	free(driver);
}
