/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An adapter's stack: miniport, filter modules, bindings. Who is next to whom, and
 * starting and stopping all of it in the documented order. Where their traffic goes is
 * in stack_edges.c.
 */
#include "ndis/stack.h"

#include <time.h>

#include "base/log.h"
#include "ndis/intermediate.h"
#include "ndis/rss_oid.h"

/* How long a driver may pend before the log names it; it is waited for all the same. */
#define PATIENCE_SECONDS 10

static pthread_mutex_t pnp = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static _Thread_local unsigned pnp_depth;   /* how often this thread holds it */

void ndis_pnp_lock(void)
{
	pthread_mutex_lock(&pnp);
	pnp_depth++;
}

void ndis_pnp_unlock(void)
{
	if (pnp_depth == 1)
		ndis_instances_begin();
	pnp_depth--;
	pthread_mutex_unlock(&pnp);
}

bool ndis_pnp_is_ours(void)
{
	return pnp_depth > 0;
}

/* ---- one call that may pend ---- */

void ndis_adapter_expect(struct ndis_adapter *a)
{
	pthread_mutex_lock(&a->wait_lock);
	a->waiting = true;
	pthread_mutex_unlock(&a->wait_lock);
}

/* Waits under the lock until the call is over, and tells of it when that takes long. */
static void wait_over(struct ndis_adapter *a, const char *who, const char *what)
{
	struct timespec until;
	unsigned seconds = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	while (a->waiting) {
		until.tv_sec += PATIENCE_SECONDS;
		while (a->waiting && !pthread_cond_timedwait(&a->wait_done, &a->wait_lock, &until))
			;
		seconds += PATIENCE_SECONDS;
		if (a->waiting)
			log_error("adapter %s: %s has not completed %s for %u s; still waiting",
				  a->layer.object.name, who, what, seconds);
	}
}

NDIS_STATUS ndis_adapter_wait(struct ndis_adapter *a, NDIS_STATUS first, const char *who,
			      const char *what)
{
	NDIS_STATUS status = first;

	pthread_mutex_lock(&a->wait_lock);
	if (first == NDIS_STATUS_PENDING) {
		wait_over(a, who, what);
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

/* ---- neighbours ---- */

static unsigned place_of(const struct ndis_adapter *a, const struct ndis_layer *layer)
{
	for (unsigned i = 0; i < a->n_modules; i++)
		if (&a->modules[i]->layer == layer)
			return i + 1;
	return layer->object.kind == NDIS_OBJECT_MINIPORT ? 0 : a->n_modules + 1;
}

struct ndis_layer *ndis_stack_at(struct ndis_adapter *a, unsigned place)
{
	if (place > a->n_modules)
		return NULL;
	return place ? &a->modules[place - 1]->layer : &a->layer;
}

struct ndis_layer *ndis_stack_top(struct ndis_adapter *a)
{
	struct ndis_layer *top;

	pthread_rwlock_rdlock(&a->stack_lock);
	top = ndis_stack_at(a, a->n_modules);
	pthread_rwlock_unlock(&a->stack_lock);
	return top;
}

struct ndis_layer *ndis_stack_below(struct ndis_layer *layer)
{
	struct ndis_adapter *a = layer->adapter;
	struct ndis_layer *below;
	unsigned place;

	pthread_rwlock_rdlock(&a->stack_lock);
	place = place_of(a, layer);
	below = place ? ndis_stack_at(a, place - 1) : NULL;
	pthread_rwlock_unlock(&a->stack_lock);
	return below;
}

struct ndis_layer *ndis_stack_above(struct ndis_layer *layer)
{
	struct ndis_adapter *a = layer->adapter;
	struct ndis_layer *above;

	pthread_rwlock_rdlock(&a->stack_lock);
	above = ndis_stack_at(a, place_of(a, layer) + 1);
	pthread_rwlock_unlock(&a->stack_lock);
	return above;
}

/* ---- pause and restart ---- */

static NDIS_STATUS miniport_restart(struct ndis_adapter *a)
{
	NDIS_MINIPORT_RESTART_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT,
			    NDIS_MINIPORT_RESTART_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_RESTART_PARAMETERS_REVISION_1 },
	};
	NDIS_STATUS status;

	if (ndis_layer_state(&a->layer) != NDIS_PAUSED)
		return NDIS_STATUS_SUCCESS;
	ndis_layer_set_state(&a->layer, NDIS_RESTARTING);
	ndis_adapter_expect(a);
	NDIS_CALLBACK(&a->layer.object, "MiniportRestart",
		      status = a->driver->handlers.RestartHandler(a->layer.context, &p));
	status = ndis_adapter_wait(a, status, a->driver->object.name, "MiniportRestart");
	ndis_layer_set_state(&a->layer, status == NDIS_STATUS_SUCCESS ? NDIS_RUNNING : NDIS_PAUSED);
	return status;
}

static void miniport_pause(struct ndis_adapter *a, ULONG reason)
{
	NDIS_MINIPORT_PAUSE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_DEFAULT, NDIS_MINIPORT_PAUSE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_MINIPORT_PAUSE_PARAMETERS_REVISION_1 },
		.PauseReason = reason,
	};
	NDIS_STATUS status;

	if (ndis_layer_state(&a->layer) != NDIS_RUNNING)
		return;
	ndis_layer_set_state(&a->layer, NDIS_PAUSING);
	ndis_adapter_expect(a);
	NDIS_CALLBACK(&a->layer.object, "MiniportPause",
		      status = a->driver->handlers.PauseHandler(a->layer.context, &p));
	status = ndis_adapter_wait(a, status, a->driver->object.name, "MiniportPause");
	if (status != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: MiniportPause failed with status 0x%08x, which it may not (I17)",
			  a->layer.object.name, (unsigned)status);
	ndis_layer_set_state(&a->layer, NDIS_PAUSED);
}

VOID NdisMPauseComplete(NDIS_HANDLE MiniportAdapterHandle)
{
	NDIS_CALLED(MiniportAdapterHandle);
	ndis_adapter_wake(MiniportAdapterHandle, NDIS_STATUS_SUCCESS);
}

VOID NdisMRestartComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status)
{
	NDIS_CALLED(MiniportAdapterHandle);
	ndis_adapter_wake(MiniportAdapterHandle, Status);
}

/* I17: without a mandatory filter there is no stack; any other is left out of it. */
static NDIS_STATUS filters_restart(struct ndis_adapter *a)
{
	unsigned i = 0;

	while (i < a->n_modules) {
		struct ndis_filter *f = a->modules[i];
		NDIS_STATUS status = ndis_filter_start(f);

		if (status == NDIS_STATUS_SUCCESS) {
			i++;
			continue;
		}
		log_error("filter %s: FilterRestart failed with status 0x%08x", f->layer.object.name,
			  (unsigned)status);
		if (f->driver->handlers.Flags & NDIS_FILTER_DRIVER_MANDATORY)
			return status;
		ndis_filter_remove(f);
	}
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS ndis_stack_restart(struct ndis_adapter *a)
{
	NDIS_STATUS status;

	ndis_offer_reset(a);
	status = miniport_restart(a);
	if (status == NDIS_STATUS_SUCCESS)
		status = filters_restart(a);
	if (status == NDIS_STATUS_SUCCESS) {
		ndis_rss_restarted(a);
		ndis_bindings_restart(a);
	}
	else
		ndis_stack_pause(a, NDIS_PAUSE_NDIS_INTERNAL);
	return status;
}

void ndis_stack_pause(struct ndis_adapter *a, ULONG reason)
{
	ndis_bindings_pause(a, reason);
	for (unsigned i = a->n_modules; i-- > 0;)
		ndis_filter_stop(a->modules[i], reason);
	miniport_pause(a, reason);
}
