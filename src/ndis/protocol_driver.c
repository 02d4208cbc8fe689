/* SPDX-License-Identifier: BSD-2-Clause */
/* Registration of protocol drivers. */
#include "ndis/stack.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/characteristics.h"

static struct ndis_protocol_driver *protocols[NDIS_MAX_DRIVERS];
static pthread_mutex_t protocols_lock = PTHREAD_MUTEX_INITIALIZER;

#define MUST(member) { offsetof(NDIS_PROTOCOL_DRIVER_CHARACTERISTICS, member), #member }

static const struct ndis_handler must[] = {
	MUST(BindAdapterHandlerEx), MUST(UnbindAdapterHandlerEx), MUST(OpenAdapterCompleteHandlerEx),
	MUST(CloseAdapterCompleteHandlerEx), MUST(NetPnPEventHandler), MUST(OidRequestCompleteHandler),
	MUST(StatusHandlerEx), MUST(ReceiveNetBufferListsHandler),
	MUST(SendNetBufferListsCompleteHandler), { 0, NULL },
};

static const USHORT sizes[] = {
	NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_1,
	NDIS_SIZEOF_PROTOCOL_DRIVER_CHARACTERISTICS_REVISION_2,
};

static const struct ndis_shape shape = {
	"protocol", NDIS_OBJECT_TYPE_PROTOCOL_DRIVER_CHARACTERISTICS, 2, sizes, must,
};

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

static bool list_add(struct ndis_protocol_driver *driver)
{
	unsigned slot = 0;

	pthread_mutex_lock(&protocols_lock);
	while (slot < NDIS_MAX_DRIVERS && protocols[slot])
		slot++;
	if (slot < NDIS_MAX_DRIVERS)
		protocols[slot] = driver;
	pthread_mutex_unlock(&protocols_lock);
	return slot < NDIS_MAX_DRIVERS;
}

static void list_remove(struct ndis_protocol_driver *driver)
{
	pthread_mutex_lock(&protocols_lock);
	for (unsigned i = 0; i < NDIS_MAX_DRIVERS; i++)
		if (protocols[i] == driver)
			protocols[i] = NULL;
	pthread_mutex_unlock(&protocols_lock);
}

/* The image's name, or else what the protocol calls itself (plain ASCII). */
static void name_it(struct ndis_protocol_driver *driver)
{
	const NDIS_STRING *own = &driver->handlers.Name;
	char *to = driver->object.name;
	size_t n = own->Length / sizeof(WCHAR);

	if (driver->object.image) {
		memcpy(to, driver->object.image->name, sizeof(driver->object.name));
		return;
	}
	if (n > sizeof(driver->object.name) - 1)
		n = sizeof(driver->object.name) - 1;
	for (size_t i = 0; own->Buffer && i < n; i++)
		to[i] = own->Buffer[i] < 0x7f && own->Buffer[i] >= ' ' ? (char)own->Buffer[i] : '?';
}

NDIS_STATUS NdisRegisterProtocolDriver(NDIS_HANDLE ProtocolDriverContext,
				       PNDIS_PROTOCOL_DRIVER_CHARACTERISTICS Characteristics,
				       PNDIS_HANDLE NdisProtocolHandle)
{
	struct ndis_image *image = ndis_image_loading();
	struct ndis_protocol_driver *driver = calloc(1, sizeof(*driver));
	NDIS_STATUS status;

	NDIS_CALLED(NULL);
	*NdisProtocolHandle = NULL;
	if (!driver)
		return NDIS_STATUS_RESOURCES;
	status = ndis_characteristics_take(&shape, image ? image->name : "(unknown)", Characteristics,
					   &driver->handlers, sizeof(driver->handlers));
	if (status != NDIS_STATUS_SUCCESS) {
		free(driver);
		return status;
	}
	driver->object.kind = NDIS_OBJECT_PROTOCOL_DRIVER;
	driver->object.image = image;
	name_it(driver);
	driver->context = ProtocolDriverContext;
	if (!list_add(driver)) {
		free(driver);
		return NDIS_STATUS_RESOURCES;
	}
	if (image) {
		driver->object.keywords = image->options.keywords;
		image->protocol = driver;
	}
	/* I9: any callback may come from here on, even before we return. */
	*NdisProtocolHandle = driver;
	if (driver->handlers.SetOptionsHandler)
		NDIS_CALLBACK(&driver->object, "ProtocolSetOptions",
			      status = driver->handlers.SetOptionsHandler(driver,
									  ProtocolDriverContext));
	if (status != NDIS_STATUS_SUCCESS) {
		*NdisProtocolHandle = NULL;
		NdisDeregisterProtocolDriver(driver);
		return status;
	}
	if (!image || !image->options.bind_by_hand)
		ndis_protocol_arrived(driver);
	return NDIS_STATUS_SUCCESS;
}

VOID NdisDeregisterProtocolDriver(NDIS_HANDLE NdisProtocolHandle)
{
	struct ndis_protocol_driver *driver = NdisProtocolHandle;

	NDIS_CALLED(NdisProtocolHandle);
	/* Gone first, so that nothing binds it again; then off every adapter. */
	pthread_mutex_lock(&protocols_lock);
	driver->gone = true;
	pthread_mutex_unlock(&protocols_lock);
	ndis_protocol_leaves(driver);
	list_remove(driver);
	if (driver->object.image && driver->object.image->protocol == driver)
		driver->object.image->protocol = NULL;
	free(driver);
}
