/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter's life: initialize, start, halt. */
#include "ndis/oid.h"
#include "ndis/stack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/intermediate.h"
#include "ndis/oid_line.h"
#include "ndis/qos_oid.h"
#include "ndis/receive_filter.h"
#include "ndis/reset.h"

static struct ndis_adapter *adapters[NDIS_MAX_ADAPTERS];

struct ndis_adapter *ndis_adapter_next(struct ndis_adapter *after)
{
	unsigned i = 0;

	if (after)
		while (adapters[i++] != after)
			;
	for (; i < NDIS_MAX_ADAPTERS; i++)
		if (adapters[i])
			return adapters[i];
	return NULL;
}

static void adapter_free(struct ndis_adapter *a)
{
	ndis_copies_destroy(a->copies);
	ndis_receive_filters_destroy(a->filters);
	ndis_ports_destroy(a->ports);
	free(a->attributes.oids);
	ndis_qos_free(a);
	ndis_oid_timeouts_destroy(a);
	ndis_oid_line_destroy(&a->requests);
	pthread_mutex_destroy(&a->facts_lock);
	pthread_cond_destroy(&a->memory_asked);
	pthread_mutex_destroy(&a->memory_lock);
	pthread_rwlock_destroy(&a->stack_lock);
	pthread_mutex_destroy(&a->wait_lock);
	pthread_cond_destroy(&a->wait_done);
	ndis_layer_destroy(&a->layer);
	free(a);
}

static struct ndis_adapter *adapter_alloc(struct ndis_image *image, const char *name,
					  const struct ndis_keyword *keywords)
{
	struct ndis_adapter *a = aligned_alloc(_Alignof(struct ndis_adapter), sizeof(*a));

	if (!a)
		return NULL;
	memset(a, 0, sizeof(*a));
	ndis_layer_init(&a->layer, NDIS_OBJECT_MINIPORT, image, name);
	a->layer.object.keywords = keywords;
	a->layer.adapter = a;
	a->driver = image->miniport;
	ndis_oid_line_init(&a->requests);
	ndis_oid_timeouts_init(a);
	pthread_mutex_init(&a->facts_lock, NULL);
	pthread_mutex_init(&a->memory_lock, NULL);
	pthread_cond_init(&a->memory_asked, NULL);
	pthread_rwlock_init(&a->stack_lock, NULL);
	pthread_mutex_init(&a->wait_lock, NULL);
	pthread_cond_init(&a->wait_done, NULL);
	a->ports = ndis_ports_create();
	if (!a->ports) {
		adapter_free(a);
		return NULL;
	}
	return a;
}

/* I4: general attributes came; room for the filters' cache, if it filters. */
static NDIS_STATUS after_initialize(struct ndis_adapter *a)
{
	if (!a->attributes.general) {
		log_error("adapter %s: MiniportInitializeEx succeeded without general attributes (I4)",
			  a->layer.object.name);
		return NDIS_STATUS_FAILURE;
	}
	if (a->attributes.filtering) {
		a->filters = ndis_receive_filters_create(a);
		if (!a->filters)
			return NDIS_STATUS_RESOURCES;
	}
	return NDIS_STATUS_SUCCESS;
}

static void halt(struct ndis_adapter *a, NDIS_HALT_ACTION action)
{
	NDIS_CALLBACK(&a->layer.object, "MiniportHaltEx",
		      a->driver->handlers.HaltHandlerEx(a->layer.context, action));
}

/* The device's own context, where the driver asked for one (MiniportAddDevice). */
static NDIS_STATUS add_device(struct ndis_adapter *a)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (a->driver->pnp.MiniportAddDeviceHandler)
		NDIS_CALLBACK(&a->layer.object, "MiniportAddDevice",
			      status = a->driver->pnp.MiniportAddDeviceHandler(a, a->driver->context));
	return status;
}

static void remove_device(struct ndis_adapter *a)
{
	if (a->driver->pnp.MiniportRemoveDeviceHandler)
		NDIS_CALLBACK(&a->layer.object, "MiniportRemoveDevice",
			      a->driver->pnp.MiniportRemoveDeviceHandler(a->device_context));
}

/* I4, I6: attributes first, success after; a failure leaves nothing. */
static NDIS_STATUS initialize(struct ndis_adapter *a)
{
	NDIS_MINIPORT_INIT_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS,
			    NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_INIT_PARAMETERS_REVISION_1 },
		.IMDeviceInstanceContext = a->im_context,
		.IfIndex = a->if_index,
		.NetLuid = ndis_luid_of(a->if_index),
	};
	NDIS_STATUS status;

	ndis_layer_set_state(&a->layer, NDIS_STARTING);
	status = add_device(a);
	if (status != NDIS_STATUS_SUCCESS)
		goto down;
	p.MiniportAddDeviceContext = a->device_context;
	ndis_stack_connect(a);
	NDIS_CALLBACK(&a->layer.object, "MiniportInitializeEx",
		      status = a->driver->handlers.InitializeHandlerEx(a, a->driver->context, &p));
	if (status != NDIS_STATUS_SUCCESS)
		goto no_device;
	status = after_initialize(a);
	if (status != NDIS_STATUS_SUCCESS)
		goto halted;
	ndis_layer_set_state(&a->layer, NDIS_PAUSED);
	ndis_stack_connect(a);       /* now its context is known */
	return status;

halted:
	halt(a, NdisHaltDeviceInitializationFailed);
no_device:
	remove_device(a);
down:
	ndis_layer_set_state(&a->layer, NDIS_DOWN);
	return status;
}

/* Initializes an adapter that is new, and frees it if that fails. */
static int begin(struct ndis_adapter **out, struct ndis_adapter *a, struct error *err)
{
	static unsigned last_index;
	NDIS_STATUS status;
	unsigned slot = 0;

	ndis_pnp_lock();
	a->if_index = ++last_index;
	while (slot < NDIS_MAX_ADAPTERS && adapters[slot])
		slot++;
	status = slot < NDIS_MAX_ADAPTERS ? initialize(a) : NDIS_STATUS_RESOURCES;
	if (status == NDIS_STATUS_SUCCESS)
		adapters[slot] = *out = a;
	ndis_pnp_unlock();
	if (*out)
		return 0;
	if (ndis_watch)
		ndis_watch->layer_gone(&a->layer);
	ndis_shared_memory_reap(a);
	ndis_dma_reap(a);
	error_set(err, EIO, "adapter %s: MiniportInitializeEx failed with status 0x%08x",
		  a->layer.object.name, (unsigned)status);
	adapter_free(a);
	return -EIO;
}

static int create(struct ndis_adapter **out, struct ndis_image *image, const char *name,
		  const struct ndis_keyword *keywords, struct error *err)
{
	*out = NULL;
	if (!image->miniport)
		return error_set(err, EIO, "driver %s registered no miniport", image->name);
	*out = adapter_alloc(image, name, keywords);
	return *out ? 0 : error_set(err, ENOMEM, "adapter %s: no memory", name);
}

int ndis_adapter_create(struct ndis_adapter **out, struct ndis_image *image, const char *name,
			const struct ndis_keyword *keywords, struct error *err)
{
	struct ndis_adapter *a;
	int rc = create(&a, image, name, keywords, err);

	*out = NULL;
	return rc ? rc : begin(out, a, err);
}

int ndis_adapter_create_virtual(struct ndis_adapter **out, struct ndis_image *image,
				const char *name, NDIS_HANDLE context, struct error *err)
{
	struct ndis_adapter *a;
	int rc = create(&a, image, name, image->options.keywords, err);

	*out = NULL;
	if (rc)
		return rc;
	a->virtual = true;
	a->im_context = context;
	return begin(out, a, err);
}

struct ndis_adapter *ndis_adapter_named(const char *name)
{
	struct ndis_adapter *a;

	ndis_pnp_lock();
	for (a = ndis_adapter_next(NULL); a && strcmp(a->layer.object.name, name);
	     a = ndis_adapter_next(a))
		;
	ndis_pnp_unlock();
	return a;
}

int ndis_adapter_start(struct ndis_adapter *a, struct error *err)
{
	int rc;

	ndis_pnp_lock();
	/* I14: bind while all below is paused, then restart from the bottom up. */
	ndis_bind_all(a);
	rc = ndis_adapter_restart(a, err);
	if (!rc)
		ndis_reset_watch_start(a);
	ndis_pnp_unlock();
	return rc;
}

int ndis_adapter_add(struct ndis_adapter **out, struct ndis_image *image, const char *name,
		     const struct ndis_keyword *keywords, struct error *err)
{
	int rc = ndis_adapter_create(out, image, name, keywords, err);

	if (rc)
		return rc;
	rc = ndis_adapter_start(*out, err);
	if (rc) {
		ndis_adapter_remove(*out);
		*out = NULL;
	}
	return rc;
}

void ndis_adapter_pause(struct ndis_adapter *a)
{
	ndis_pnp_lock();
	ndis_stack_pause(a, NDIS_PAUSE_NDIS_INTERNAL);
	ndis_pnp_unlock();
}

int ndis_adapter_restart(struct ndis_adapter *a, struct error *err)
{
	NDIS_STATUS status;

	ndis_pnp_lock();
	status = ndis_stack_restart(a);
	ndis_pnp_unlock();
	if (status == NDIS_STATUS_SUCCESS)
		return 0;
	return error_set(err, EIO, "adapter %s: the stack failed to restart, with status 0x%08x",
			 a->layer.object.name, (unsigned)status);
}

/* What drivers should have taken away themselves before the halt (G1). */
static unsigned left_behind(struct ndis_adapter *a)
{
	unsigned left = a->filters ? ndis_receive_filter_left(a, NULL) : 0;

	if (left)
		log_warning("adapter %s: %u queues and filters were not freed before the halt (G1)",
			    a->layer.object.name, left);
	return left;
}

static void forget(struct ndis_adapter *a)
{
	for (unsigned i = 0; i < NDIS_MAX_ADAPTERS; i++)
		if (adapters[i] == a)
			adapters[i] = NULL;
}

unsigned ndis_adapter_remove(struct ndis_adapter *a)
{
	unsigned left = 0;

	ndis_pnp_lock();
	a->leaving = true;
	ndis_reset_watch_stop(a);
	ndis_stack_pause(a, NDIS_PAUSE_MINIPORT_DEVICE_REMOVE);
	ndis_unbind_all(a);
	ndis_filters_detach(a);
	ndis_oid_wait_idle(a);
	left = left_behind(a);
	/* I11: after the shutdown nothing is called, not even the halt. */
	if (!a->shut_down)
		halt(a, a->surprise ? NdisHaltDeviceSurpriseRemoved : NdisHaltDeviceDisabled);
	ndis_layer_set_state(&a->layer, NDIS_DOWN);
	if (!a->shut_down)
		remove_device(a);
	if (ndis_watch)
		ndis_watch->layer_gone(&a->layer);
	left += ndis_shared_memory_reap(a);
	ndis_dma_reap(a);
	forget(a);
	ndis_pnp_unlock();
	adapter_free(a);
	return left;
}

void *ndis_adapter_context(struct ndis_adapter *a)
{
	return a->layer.context;
}

uint64_t ndis_adapter_unclaimed(const struct ndis_adapter *a)
{
	return atomic_load(&a->unclaimed);
}

int ndis_adapter_is_removed(const struct ndis_adapter *a)
{
	return atomic_load(&a->removed);
}

NDIS_STATUS NdisMRemoveMiniport(NDIS_HANDLE MiniportHandle)
{
	struct ndis_adapter *a = MiniportHandle;

	NDIS_CALLED(MiniportHandle);
	atomic_store(&a->removed, true);
	return NDIS_STATUS_SUCCESS;
}

static void describe(const struct ndis_layer *layer, struct ndis_layer_info *info)
{
	static const char *const states[] = {
#define X(name) [NDIS_##name] = #name,
		NDIS_LAYER_STATES(X)
#undef X
	};

	memcpy(info->name, layer->object.name, sizeof(info->name));
	snprintf(info->driver, sizeof(info->driver), "%s",
		 layer->object.image ? layer->object.image->name : layer->object.name);
	info->kind = ndis_object_kind_name(layer->object.kind);
	info->state = states[ndis_layer_state(layer)];
}

unsigned ndis_adapter_layers(struct ndis_adapter *a, struct ndis_layer_info *list, unsigned max)
{
	unsigned n = 0;

	ndis_pnp_lock();
	for (struct ndis_layer *l = &a->layer; l; l = ndis_stack_above(l), n++)
		if (n < max)
			describe(l, &list[n]);
	for (unsigned i = 0; i < a->n_bindings; i++, n++)
		if (n < max)
			describe(&a->bindings[i]->layer, &list[n]);
	ndis_pnp_unlock();
	return n;
}
