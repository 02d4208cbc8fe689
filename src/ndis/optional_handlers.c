/* SPDX-License-Identifier: BSD-2-Clause */
/* NdisSetOptionalHandlers: handlers that a driver names after its registration. */
#include "ndis/stack.h"

#include <string.h>

#include "base/log.h"

static NDIS_STATUS refuse(const struct ndis_object *o, NDIS_STATUS status, const char *what)
{
	log_error("%s: NdisSetOptionalHandlers: %s", o->name, what);
	return status;
}

/* Whether the structure is there up to the end of its first revision. */
static bool too_short(const struct ndis_object *o, const NDIS_OBJECT_HEADER *h, size_t size)
{
	if (h->Size >= size)
		return false;
	log_error("%s: NdisSetOptionalHandlers: Header.Size is %u, must be %u", o->name, h->Size,
		  (unsigned)size);
	return true;
}

/* I9: a module changes its data handlers from FilterSetModuleOptions. */
static NDIS_STATUS set_partial(struct ndis_object *o, const void *given)
{
	const NDIS_FILTER_PARTIAL_CHARACTERISTICS *p = given;
	struct ndis_filter *f;
	int state;

	if (o->kind != NDIS_OBJECT_FILTER)
		return refuse(o, NDIS_STATUS_INVALID_PARAMETER,
			      "data handlers are a filter module's to change");
	f = CONTAINING_RECORD(o, struct ndis_filter, layer.object);
	state = ndis_layer_state(&f->layer);
	if (state != NDIS_STARTING && state != NDIS_PAUSED)
		return NDIS_STATUS_FAILURE;
	if (too_short(o, &p->Header, NDIS_SIZEOF_FILTER_PARTIAL_CHARACTERISTICS_REVISION_1))
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	f->handlers.SendNetBufferListsHandler = p->SendNetBufferListsHandler;
	f->handlers.SendNetBufferListsCompleteHandler = p->SendNetBufferListsCompleteHandler;
	f->handlers.CancelSendNetBufferListsHandler = p->CancelSendNetBufferListsHandler;
	f->handlers.ReceiveNetBufferListsHandler = p->ReceiveNetBufferListsHandler;
	f->handlers.ReturnNetBufferListsHandler = p->ReturnNetBufferListsHandler;
	return NDIS_STATUS_SUCCESS;
}

/* From MiniportSetOptions: MiniportAddDevice and its fellows. */
static NDIS_STATUS set_device_handlers(struct ndis_object *o, const void *given)
{
	const NDIS_MINIPORT_PNP_CHARACTERISTICS *p = given;
	struct ndis_miniport_driver *driver;

	if (o->kind != NDIS_OBJECT_MINIPORT_DRIVER)
		return refuse(o, NDIS_STATUS_INVALID_PARAMETER,
			      "PnP handlers are a miniport driver's to set");
	if (too_short(o, &p->Header, NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1))
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	driver = CONTAINING_RECORD(o, struct ndis_miniport_driver, object);
	memcpy(&driver->pnp, p, NDIS_SIZEOF_MINIPORT_PNP_CHARACTERISTICS_REVISION_1);
	return NDIS_STATUS_SUCCESS;
}

/* E7: a protocol gives the shared memory of its own queues, on every adapter that it
 * is bound to. Once only, and it is ProtocolSetOptions that calls, before any binding:
 * blocks know the driver, not a version of its handlers. */
static NDIS_STATUS set_memory_provider(struct ndis_object *o, const void *given)
{
	const NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS *p = given;
	struct ndis_protocol_driver *driver;

	if (o->kind != NDIS_OBJECT_PROTOCOL_DRIVER)
		return refuse(o, NDIS_STATUS_INVALID_PARAMETER,
			      "shared memory handlers are a protocol driver's to set (E7)");
	if (p->Header.Revision < NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1)
		return refuse(o, NDIS_STATUS_BAD_CHARACTERISTICS,
			      "Header.Revision is 0, must be 1");
	if (too_short(o, &p->Header, NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1))
		return NDIS_STATUS_BAD_CHARACTERISTICS;
	if (!p->AllocateSharedMemoryHandler || !p->FreeSharedMemoryHandler)
		return refuse(o, NDIS_STATUS_BAD_CHARACTERISTICS,
			      "AllocateSharedMemoryHandler or FreeSharedMemoryHandler is NULL");
	driver = CONTAINING_RECORD(o, struct ndis_protocol_driver, object);
	if (driver->memory.AllocateSharedMemoryHandler)
		return refuse(o, NDIS_STATUS_FAILURE, "shared memory handlers are set already");
	memcpy(&driver->memory, p, NDIS_SIZEOF_SHARED_MEMORY_PROVIDER_CHARACTERISTICS_REVISION_1);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisSetOptionalHandlers(NDIS_HANDLE NdisHandle,
				    PNDIS_DRIVER_OPTIONAL_HANDLERS OptionalHandlers)
{
	struct ndis_object *o = NdisHandle;

	NDIS_CALLED(NdisHandle);
	switch (OptionalHandlers->Header.Type) {
	case NDIS_OBJECT_TYPE_FILTER_PARTIAL_CHARACTERISTICS:
		return set_partial(o, OptionalHandlers);
	case NDIS_OBJECT_TYPE_MINIPORT_PNP_CHARACTERISTICS:
		return set_device_handlers(o, OptionalHandlers);
	case NDIS_OBJECT_TYPE_SHARED_MEMORY_PROVIDER_CHARACTERISTICS:
		return set_memory_provider(o, OptionalHandlers);
	default:
		log_error("%s: NdisSetOptionalHandlers: handlers of type 0x%02x are not supported",
			  o->name, OptionalHandlers->Header.Type);
		return NDIS_STATUS_NOT_SUPPORTED;
	}
}
