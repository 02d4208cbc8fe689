/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intermediate drivers: a protocol at the bottom, virtual adapters at the top. A virtual
 * adapter is asked for while the driver binds below, so it is made when the stack
 * below is up and nobody is inside the PnP lock any more.
 */
#include "ndis/intermediate.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/stack.h"

/* A virtual adapter that was asked for and is not there yet. */
struct instance {
	struct instance *next;
	struct ndis_miniport_driver *driver;
	NDIS_HANDLE context;
	char name[64];
};

static struct instance *first, **end = &first;
static atomic_uint n_waiting;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list */

/* Device names are ASCII. False: it is none, or too long for an adapter's name. */
static bool name_take(char name[64], PCUNICODE_STRING from)
{
	size_t n = from->Length / sizeof(WCHAR);

	if (!n || n > 63)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (from->Buffer[i] <= ' ' || from->Buffer[i] > '~')
			return false;
		name[i] = (char)from->Buffer[i];
	}
	name[n] = '\0';
	return true;
}

/* Takes the first one that is of that driver (NULL: of any) and has that name (NULL:
 * any) off the list. */
static struct instance *take(const struct ndis_miniport_driver *driver, const char *name)
{
	struct instance **at = &first, *i;

	pthread_mutex_lock(&lock);
	while (*at && ((driver && (*at)->driver != driver) || (name && strcmp((*at)->name, name))))
		at = &(*at)->next;
	i = *at;
	if (i) {
		*at = i->next;
		if (!*at)
			end = at;
		atomic_fetch_sub(&n_waiting, 1);
	}
	pthread_mutex_unlock(&lock);
	return i;
}

static bool is_waiting(const char *name)
{
	struct instance *i;

	pthread_mutex_lock(&lock);
	for (i = first; i && strcmp(i->name, name); i = i->next)
		;
	pthread_mutex_unlock(&lock);
	return i != NULL;
}

static void add(struct instance *i)
{
	pthread_mutex_lock(&lock);
	*end = i;
	end = &i->next;
	atomic_fetch_add(&n_waiting, 1);
	pthread_mutex_unlock(&lock);
}

static void begin(const struct instance *i)
{
	struct ndis_adapter *a;
	struct error err = { "" };

	if (ndis_adapter_create_virtual(&a, i->driver->object.image, i->name, i->context, &err)) {
		log_error("%s", err.text);
		return;
	}
	if (ndis_adapter_start(a, &err)) {
		log_error("%s", err.text);
		ndis_adapter_remove(a);
	}
}

void ndis_instances_begin(void)
{
	struct instance *i;

	/* Not inside a DriverEntry, whose driver is not ready. */
	while (atomic_load(&n_waiting) && !ndis_image_loading() && (i = take(NULL, NULL))) {
		begin(i);
		free(i);
	}
}

void ndis_instances_forget(const struct ndis_miniport_driver *driver)
{
	struct instance *i;

	while ((i = take(driver, NULL)))
		free(i);
}

/* Whoever leaves the PnP lock last begins what waits. */
static void begin_later(void *unused)
{
	(void)unused;
	ndis_pnp_lock();
	ndis_pnp_unlock();
}

/* ---- what intermediate drivers call ---- */

VOID NdisIMAssociateMiniport(NDIS_HANDLE DriverHandle, NDIS_HANDLE ProtocolHandle)
{
	NDIS_CALLED(DriverHandle);
	((struct ndis_miniport_driver *)DriverHandle)->bottom = ProtocolHandle;
}

NDIS_STATUS NdisIMInitializeDeviceInstanceEx(NDIS_HANDLE DriverHandle, PNDIS_STRING DriverInstance,
					     NDIS_HANDLE DeviceContext)
{
	struct ndis_miniport_driver *driver = DriverHandle;
	struct instance *i;

	NDIS_CALLED(DriverHandle);
	i = calloc(1, sizeof(*i));
	if (!i)
		return NDIS_STATUS_RESOURCES;
	i->driver = driver;
	i->context = DeviceContext;
	if (!name_take(i->name, DriverInstance)) {
		log_error("driver %s: %s: DriverInstance must be 1 to 63 characters of ASCII",
			  driver->object.name, __func__);
		free(i);
		return NDIS_STATUS_NOT_ACCEPTED;
	}
	if (is_waiting(i->name) || ndis_adapter_named(i->name)) {
		log_error("driver %s: %s: there is an adapter %s already", driver->object.name, __func__,
			  i->name);
		free(i);
		return NDIS_STATUS_NOT_ACCEPTED;
	}
	add(i);
	if (!ndis_pnp_is_ours())
		kernel_call_work(begin_later, NULL);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS NdisIMCancelInitializeDeviceInstance(NDIS_HANDLE DriverHandle,
						 PNDIS_STRING DeviceInstance)
{
	struct instance *i = NULL;
	char name[64];

	NDIS_CALLED(DriverHandle);
	if (name_take(name, DeviceInstance))
		i = take(DriverHandle, name);
	free(i);
	return i ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

/* MiniportHaltEx has been called when this returns. */
NDIS_STATUS NdisIMDeInitializeDeviceInstance(NDIS_HANDLE NdisMiniportHandle)
{
	struct ndis_adapter *a;
	bool found;

	NDIS_CALLED(NdisMiniportHandle);
	ndis_pnp_lock();
	for (a = ndis_adapter_next(NULL); a && a != NdisMiniportHandle; a = ndis_adapter_next(a))
		;
	found = a && a->virtual && !a->leaving;
	if (found)
		ndis_adapter_remove(a);
	else
		log_error("NdisIMDeInitializeDeviceInstance: %p is no virtual adapter that is there",
			  NdisMiniportHandle);
	ndis_pnp_unlock();
	return found ? NDIS_STATUS_SUCCESS : NDIS_STATUS_FAILURE;
}

NDIS_HANDLE NdisIMGetBindingContext(NDIS_HANDLE NdisBindingHandle)
{
	NDIS_CALLED(NdisBindingHandle);
	return ((const struct ndis_layer *)NdisBindingHandle)->adapter->im_context;
}

NDIS_HANDLE NdisIMGetDeviceContext(NDIS_HANDLE MiniportAdapterHandle)
{
	NDIS_CALLED(MiniportAdapterHandle);
	return ((const struct ndis_adapter *)MiniportAdapterHandle)->im_context;
}
