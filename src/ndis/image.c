/* SPDX-License-Identifier: BSD-2-Clause */
/* Images: a driver from its DriverEntry to its DriverUnload. */
#include "ndis/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "kernel/device.h"
#include "ndis/registry_source.h"

static _Thread_local struct ndis_image *loading;

struct ndis_image *ndis_image_loading(void)
{
	return loading;
}

static void image_free(struct ndis_image *image)
{
	char who[80];

	snprintf(who, sizeof(who), "driver %s", image->name);
	driver_object_clear(&image->object, who);
	ndis_registry_remove(image);
	free(image);
}

/* What the driver should have deregistered itself. */
static void deregister(struct ndis_image *image, const char *what)
{
	if (image->miniport) {
		log_error("driver %s: %s without NdisMDeregisterMiniportDriver (I8)", image->name, what);
		NdisMDeregisterMiniportDriver(image->miniport);
	}
	if (image->filter) {
		log_error("driver %s: %s without NdisFDeregisterFilterDriver", image->name, what);
		NdisFDeregisterFilterDriver(image->filter);
	}
	if (image->protocol) {
		log_error("driver %s: %s without NdisDeregisterProtocolDriver", image->name, what);
		NdisDeregisterProtocolDriver(image->protocol);
	}
}

int ndis_image_load(struct ndis_image **out, const char *name, DRIVER_INITIALIZE *entry,
		    const struct ndis_image_options *options, struct error *err)
{
	struct ndis_image *image = calloc(1, sizeof(*image)), *outer = loading;
	NTSTATUS status;

	*out = NULL;
	if (!image)
		return error_set(err, ENOMEM, "driver %s: no memory", name);
	strncpy(image->name, name, sizeof(image->name) - 1);
	if (options)
		image->options = *options;
	driver_object_init(&image->object);
	ndis_registry_add(image);
	loading = image;
	status = entry(&image->object, &image->registry.string);
	loading = outer;
	if (!NT_SUCCESS(status)) {
		deregister(image, "DriverEntry failed");
		image_free(image);
		return error_set(err, EIO, "driver %s: DriverEntry failed with status 0x%08x", name,
				 (unsigned)status);
	}
	driver_object_ready(&image->object);
	*out = image;
	ndis_pnp_lock();
	ndis_pnp_unlock();      /* virtual adapters that it asked for while it loaded */
	return 0;
}

/* A filter driver's modules on every adapter go with it. */
static void detach_modules(struct ndis_image *image)
{
	struct error err;

	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		for (unsigned i = a->n_modules; i-- > 0;)
			if (a->modules[i]->driver == image->filter)
				ndis_filter_detach(a, a->modules[i]->layer.object.name, &err);
}

void ndis_image_unload(struct ndis_image *image)
{
	if (!image)
		return;
	ndis_pnp_lock();
	if (image->filter)
		detach_modules(image);
	ndis_pnp_unlock();
	if (image->miniport && image->miniport->handlers.UnloadHandler)
		image->miniport->handlers.UnloadHandler(&image->object);
	else if (image->object.DriverUnload)
		image->object.DriverUnload(&image->object);
	deregister(image, "unloaded");
	image_free(image);
}

int ndis_image_is_open(struct ndis_image *image)
{
	return driver_object_is_open(&image->object);
}

int ndis_image_is_miniport(const struct ndis_image *image)
{
	return image->miniport != NULL;
}

int ndis_image_is_filter(const struct ndis_image *image)
{
	return image->filter != NULL;
}

int ndis_image_is_protocol(const struct ndis_image *image)
{
	return image->protocol != NULL;
}

const char *ndis_image_name(const struct ndis_image *image)
{
	return image->name;
}
