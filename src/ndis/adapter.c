/* SPDX-License-Identifier: BSD-2-Clause */
/* An adapter's life: initialize, restart, pause, halt, and what can be pended. */
#include "ndis/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/receive_filter.h"

static struct ndis_adapter *adapters[NDIS_MAX_DRIVERS];
/* PnP is one thing at a time: adding, removing, binding (I19). Recursive, since
 * a DriverEntry that is loaded by the host registers a protocol. */
static pthread_mutex_t pnp = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

NDIS_STATUS ndis_adapter_wait(struct ndis_adapter *a, NDIS_STATUS first)
{
	NDIS_STATUS status = first;

	pthread_mutex_lock(&a->wait_lock);
	if (first == NDIS_STATUS_PENDING) {
		while (a->waiting)
			pthread_cond_wait(&a->wait_done, &a->wait_lock);
		status = a->wait_status;
	}
	a->waiting = false;
	pthread_mutex_unlock(&a->wait_lock);
	return status;
}

void ndis_adapter_wake(struct ndis_adapter *a, NDIS_STATUS status)
{
	pthread_mutex_lock(&a->wait_lock);
	a->wait_status = status;
	a->waiting = false;
	pthread_cond_signal(&a->wait_done);
	pthread_mutex_unlock(&a->wait_lock);
}

void ndis_adapter_expect(struct ndis_adapter *a)
{
	pthread_mutex_lock(&a->wait_lock);
	a->waiting = true;
	pthread_mutex_unlock(&a->wait_lock);
}

VOID NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
	ndis_adapter_wake(MiniportAdapterHandle, NDIS_STATUS_SUCCESS);
}

VOID NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
	ndis_adapter_wake(MiniportAdapterHandle, Status);
}

static NDIS_STATUS restart(struct ndis_adapter *a)
{
	NDIS_MINIPORT_RESTART_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT,
			    NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1 },
	};
	NDIS_STATUS status;

	atomic_store(&a->state, NDIS_ADAPTER_RESTARTING);
	ndis_adapter_expect(a);
	status = ndis_adapter_wait(a, a->driver->handlers.RestartHandler(a->context, &p));
	atomic_store(&a->state, status == NDIS_STATUS_SUCCESS ? NDIS_ADAPTER_RUNNING
							      : NDIS_ADAPTER_PAUSED);
	return status;
}

static void pause_miniport(struct ndis_adapter *a)
{
	NDIS_MINIPORT_PAUSE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1 },
	};

	if (atomic_load(&a->state) != NDIS_ADAPTER_RUNNING)
		return;
	atomic_store(&a->state, NDIS_ADAPTER_PAUSING);
	ndis_adapter_expect(a);
	ndis_adapter_wait(a, a->driver->handlers.PauseHandler(a->context, &p));
	atomic_store(&a->state, NDIS_ADAPTER_PAUSED);
}

static void adapter_free(struct ndis_adapter *a)
{
	ndis_receive_filters_destroy(a->filters);
	free(atomic_load(&a->running));
	pthread_mutex_destroy(&a->oids.lock);
	pthread_mutex_destroy(&a->memory_lock);
	pthread_rwlock_destroy(&a->bindings_lock);
	pthread_mutex_destroy(&a->wait_lock);
	pthread_cond_destroy(&a->wait_done);
	free(a);
}

static struct ndis_adapter *adapter_create(struct ndis_image *image, const char *name,
					   const struct ndis_keyword *keywords)
{
	struct ndis_adapter *a = calloc(1, sizeof(*a));
	struct ndis_bindings *none = calloc(1, sizeof(*none));

	if (!a || !none) {
		free(a);
		free(none);
		return NULL;
	}
	atomic_store(&a->edges, &ndis_direct_edges);
	atomic_store(&a->running, none);
	atomic_store(&a->state, NDIS_ADAPTER_HALTED);
	a->driver = image->miniport;
	a->keywords = keywords;
	strncpy(a->name, name, sizeof(a->name) - 1);
	pthread_mutex_init(&a->oids.lock, NULL);
	pthread_mutex_init(&a->memory_lock, NULL);
	pthread_rwlock_init(&a->bindings_lock, NULL);
	pthread_mutex_init(&a->wait_lock, NULL);
	pthread_cond_init(&a->wait_done, NULL);
	return a;
}

/* I4, I6: attributes first, success after; a failure leaves nothing. */
static NDIS_STATUS initialize(struct ndis_adapter *a)
{
	NDIS_MINIPORT_INIT_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_MINIPORT_INIT_PARAMETERS,
			    NDIS_MINIPORT_INIT_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_INIT_PARAMETERS_REVISION_1 },
	};
	NDIS_STATUS status;

	atomic_store(&a->state, NDIS_ADAPTER_INITIALIZING);
	status = a->driver->handlers.InitializeHandlerEx(a, a->driver->context, &p);
	if (status == NDIS_STATUS_SUCCESS && !a->attributes.general) {
		log_error("adapter %s: MiniportInitializeEx succeeded without general attributes (I4)",
			  a->name);
		a->driver->handlers.HaltHandlerEx(a->context, NdisHaltDeviceInitializationFailed);
		status = NDIS_STATUS_FAILURE;
	}
	if (status == NDIS_STATUS_SUCCESS && a->attributes.filtering) {
		a->filters = ndis_receive_filters_create(a);
		if (!a->filters) {
			a->driver->handlers.HaltHandlerEx(a->context,
							  NdisHaltDeviceInitializationFailed);
			status = NDIS_STATUS_RESOURCES;
		}
	}
	atomic_store(&a->state, status == NDIS_STATUS_SUCCESS ? NDIS_ADAPTER_PAUSED
							      : NDIS_ADAPTER_HALTED);
	return status;
}

int ndis_adapter_add(struct ndis_adapter **out, struct ndis_image *image, const char *name,
		     const struct ndis_keyword *keywords, struct error *err)
{
	struct ndis_adapter *a;
	NDIS_STATUS status;
	unsigned slot = 0;

	*out = NULL;
	if (!image->miniport)
		return error_set(err, EIO, "driver %s registered no miniport", image->name);
	a = adapter_create(image, name, keywords);
	if (!a)
		return error_set(err, ENOMEM, "adapter %s: no memory", name);
	pthread_mutex_lock(&pnp);
	while (slot < NDIS_MAX_DRIVERS && adapters[slot])
		slot++;
	status = slot < NDIS_MAX_DRIVERS ? initialize(a) : NDIS_STATUS_RESOURCES;
	if (status != NDIS_STATUS_SUCCESS) {
		pthread_mutex_unlock(&pnp);
		ndis_shared_memory_reap(a);
		adapter_free(a);
		return error_set(err, EIO, "adapter %s: MiniportInitializeEx failed with status 0x%08x",
				 name, (unsigned)status);
	}
	adapters[slot] = a;
	/* I14: bind while all below is paused, then restart from the bottom up. */
	ndis_bind_all(a);
	status = restart(a);
	if (status == NDIS_STATUS_SUCCESS)
		ndis_bindings_restart(a);
	pthread_mutex_unlock(&pnp);
	if (status != NDIS_STATUS_SUCCESS) {
		ndis_adapter_remove(a);
		return error_set(err, EIO, "adapter %s: MiniportRestart failed with status 0x%08x", name,
				 (unsigned)status);
	}
	*out = a;
	return 0;
}

void ndis_adapter_pause(struct ndis_adapter *a)
{
	pthread_mutex_lock(&pnp);
	ndis_bindings_pause(a);
	pause_miniport(a);
	pthread_mutex_unlock(&pnp);
}

unsigned ndis_adapter_remove(struct ndis_adapter *a)
{
	unsigned left;

	pthread_mutex_lock(&pnp);
	ndis_adapter_pause(a);
	ndis_unbind_all(a);
	ndis_oid_wait_idle(a);
	left = a->filters ? ndis_receive_filter_left(a, NULL) : 0;
	if (left)
		log_warning("adapter %s: %u queues and filters were not freed before the halt (G1)",
			    a->name, left);
	a->driver->handlers.HaltHandlerEx(a->context, NdisHaltDeviceDisabled);
	atomic_store(&a->state, NDIS_ADAPTER_HALTED);
	left += ndis_shared_memory_reap(a);
	for (unsigned i = 0; i < NDIS_MAX_DRIVERS; i++)
		if (adapters[i] == a)
			adapters[i] = NULL;
	pthread_mutex_unlock(&pnp);
	adapter_free(a);
	return left;
}

void ndis_protocol_arrived(struct ndis_protocol_driver *protocol)
{
	pthread_mutex_lock(&pnp);
	for (unsigned i = 0; i < NDIS_MAX_DRIVERS; i++)
		if (adapters[i])
			ndis_bind_late(adapters[i], protocol);
	pthread_mutex_unlock(&pnp);
}

void ndis_protocol_leaves(struct ndis_protocol_driver *protocol)
{
	pthread_mutex_lock(&pnp);
	for (unsigned i = 0; i < NDIS_MAX_DRIVERS; i++)
		if (adapters[i])
			ndis_unbind(adapters[i], protocol);
	pthread_mutex_unlock(&pnp);
}

void *ndis_adapter_context(struct ndis_adapter *a)
{
	return a->context;
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

	atomic_store(&a->removed, true);
	return NDIS_STATUS_SUCCESS;
}
