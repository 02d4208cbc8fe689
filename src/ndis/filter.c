/* SPDX-License-Identifier: BSD-2-Clause */
/* Filter modules: a filter driver on one adapter, from attach to detach (I13). */
#include "ndis/oid.h"
#include "ndis/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/receive_filter.h"
#include "ndis/name.h"
#include "ndis/restart_attributes.h"
#include "ndis/task_offload.h"

/* ---- what the module is told of its adapter ---- */

struct attach_names {
	struct ndis_name module, miniport;
	NDIS_RECEIVE_FILTER_CAPABILITIES capabilities;   /* as they are now: they may change (H13) */
	NDIS_OFFLOAD offload;                            /* likewise (P13) */
};

static void attach_parameters(struct ndis_filter *f, struct attach_names *names,
			      NDIS_FILTER_ATTACH_PARAMETERS *p)
{
	struct ndis_adapter *a = f->layer.adapter;
	struct ndis_attributes *at = &a->attributes;
	static const USHORT sizes[] = {
		NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_1,
		NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_2,
		NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_3,
		NDIS_SIZEOF_FILTER_ATTACH_PARAMETERS_REVISION_4,
	};
	unsigned revision = ndis_revision_for(f->driver->handlers.MinorNdisVersion);

	ndis_name_set(&names->module, f->layer.object.name);
	ndis_name_set(&names->miniport, a->layer.object.name);
	p->Header = (NDIS_OBJECT_HEADER){ NDIS_OBJECT_TYPE_FILTER_ATTACH_PARAMETERS,
					  (UCHAR)revision, sizes[revision - 1] };
	p->IfIndex = a->if_index;
	p->BaseMiniportIfIndex = a->if_index;
	p->LowerIfIndex = a->if_index;
	p->NetLuid = p->BaseMiniportNetLuid = p->LowerIfNetLuid = ndis_luid_of(a->if_index);
	p->FilterModuleGuidName = &names->module.string;
	p->BaseMiniportInstanceName = &names->miniport.string;
	p->BaseMiniportName = &names->miniport.string;
	pthread_mutex_lock(&a->facts_lock);
	p->MediaConnectState = at->link;
	p->MediaDuplexState = at->duplex;
	p->XmitLinkSpeed = at->xmit_speed;
	p->RcvLinkSpeed = at->rcv_speed;
	pthread_mutex_unlock(&a->facts_lock);
	p->MiniportMediaType = at->medium;
	p->MiniportPhysicalMediaType = at->physical_medium;
	p->MacAddressLength = sizeof(at->mac);
	memcpy(p->CurrentMacAddress, at->mac, sizeof(at->mac));
	if (at->filtering) {
		ndis_receive_filter_capabilities_copy(a, &names->capabilities);
		p->ReceiveFilterCapabilities = &names->capabilities;
	}
	if (ndis_task_offload_copy(a, f->driver->handlers.MinorNdisVersion, &names->offload))
		p->DefaultOffloadConfiguration = &names->offload;
	p->BaseMiniportIfConnectorPresent = at->connector_present;
}

NDIS_STATUS NdisFSetAttributes(NDIS_HANDLE NdisFilterHandle, NDIS_HANDLE FilterModuleContext,
			       PNDIS_FILTER_ATTRIBUTES FilterAttributes)
{
	struct ndis_filter *f = NdisFilterHandle;

	NDIS_CALLED(NdisFilterHandle);
	if (ndis_layer_state(&f->layer) != NDIS_STARTING) {
		log_error("filter %s: NdisFSetAttributes outside FilterAttach (I10)",
			  f->layer.object.name);
		return NDIS_STATUS_FAILURE;
	}
	if (FilterAttributes->Header.Type != NDIS_OBJECT_TYPE_FILTER_ATTRIBUTES ||
	    FilterAttributes->Header.Size < NDIS_SIZEOF_FILTER_ATTRIBUTES_REVISION_1) {
		log_error("filter %s: NdisFSetAttributes: wrong Header.Type or Size",
			  f->layer.object.name);
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	f->layer.context = FilterModuleContext;
	return NDIS_STATUS_SUCCESS;
}

/* ---- restart and pause ---- */

/* I9: a module may choose its data handlers anew before each restart. */
static NDIS_STATUS module_options(struct ndis_filter *f)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (f->driver->handlers.SetFilterModuleOptionsHandler)
		NDIS_CALLBACK(&f->layer.object, "FilterSetModuleOptions",
			      status = f->driver->handlers.SetFilterModuleOptionsHandler(
				      f->layer.context));
	return status;
}

NDIS_STATUS ndis_filter_start(struct ndis_filter *f)
{
	struct ndis_adapter *a = f->layer.adapter;
	struct ndis_restart_attributes attributes;
	NDIS_FILTER_RESTART_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_RESTART_PARAMETERS,
			    NDIS_FILTER_RESTART_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_FILTER_RESTART_PARAMETERS_REVISION_1 },
		.MiniportMediaType = a->attributes.medium,
		.MiniportPhysicalMediaType = a->attributes.physical_medium,
		.LowerIfIndex = a->if_index,
		.LowerIfNetLuid = ndis_luid_of(a->if_index),
	};
	NDIS_STATUS status;

	if (ndis_layer_state(&f->layer) != NDIS_PAUSED)
		return NDIS_STATUS_SUCCESS;
	atomic_store(&f->restart_wanted, false);
	status = module_options(f);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	p.RestartAttributes = ndis_restart_attributes_fill(&attributes, a);
	ndis_layer_set_state(&f->layer, NDIS_RESTARTING);
	ndis_adapter_expect(a);
	NDIS_CALLBACK(&f->layer.object, "FilterRestart",
		      status = f->handlers.RestartHandler(f->layer.context, &p));
	status = ndis_adapter_wait(a, status, f->driver->object.name, "FilterRestart");
	if (status == NDIS_STATUS_SUCCESS)
		ndis_restart_attributes_take(&attributes, a);
	ndis_layer_set_state(&f->layer, status == NDIS_STATUS_SUCCESS ? NDIS_RUNNING : NDIS_PAUSED);
	ndis_stack_connect(a);
	return status;
}

void ndis_filter_stop(struct ndis_filter *f, ULONG reason)
{
	struct ndis_adapter *a = f->layer.adapter;
	NDIS_FILTER_PAUSE_PARAMETERS p = {
		.Header = { NDIS_OBJECT_TYPE_FILTER_PAUSE_PARAMETERS,
			    NDIS_FILTER_PAUSE_PARAMETERS_REVISION_1,
			    NDIS_SIZEOF_FILTER_PAUSE_PARAMETERS_REVISION_1 },
		.PauseReason = reason,
	};
	NDIS_STATUS status;

	if (ndis_layer_state(&f->layer) != NDIS_RUNNING)
		return;
	ndis_layer_set_state(&f->layer, NDIS_PAUSING);
	ndis_adapter_expect(a);
	NDIS_CALLBACK(&f->layer.object, "FilterPause",
		      status = f->handlers.PauseHandler(f->layer.context, &p));
	status = ndis_adapter_wait(a, status, f->driver->object.name, "FilterPause");
	if (status != NDIS_STATUS_SUCCESS)
		log_error("filter %s: FilterPause failed with status 0x%08x, which it may not (I17)",
			  f->layer.object.name, (unsigned)status);
	ndis_layer_set_state(&f->layer, NDIS_PAUSED);
	ndis_stack_connect(a);
}

VOID NdisFPauseComplete(NDIS_HANDLE NdisFilterHandle)
{
	NDIS_CALLED(NdisFilterHandle);
	ndis_adapter_wake(((struct ndis_layer *)NdisFilterHandle)->adapter, NDIS_STATUS_SUCCESS);
}

VOID NdisFRestartComplete(NDIS_HANDLE NdisFilterHandle, NDIS_STATUS Status)
{
	NDIS_CALLED(NdisFilterHandle);
	ndis_adapter_wake(((struct ndis_layer *)NdisFilterHandle)->adapter, Status);
}

/* The filter may have been detached since it asked, so it is looked for again. */
static void obey_restart(void *filter)
{
	ndis_pnp_lock();
	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		for (unsigned i = 0; i < a->n_modules; i++)
			if (a->modules[i] == filter &&
			    atomic_exchange(&a->modules[i]->restart_wanted, false) &&
			    ndis_layer_state(&a->layer) == NDIS_RUNNING) {
				ndis_stack_pause(a, NDIS_PAUSE_FILTER_RESTART_STACK);
				ndis_stack_restart(a);
				i = a->n_modules;
			}
	ndis_pnp_unlock();
}

NDIS_STATUS NdisFRestartFilter(NDIS_HANDLE NdisFilterHandle)
{
	struct ndis_filter *f = NdisFilterHandle;

	NDIS_CALLED(NdisFilterHandle);
	/* Not from here: the stack pauses for it, and the caller may be in its way. */
	if (!atomic_exchange(&f->restart_wanted, true))
		kernel_call_work(obey_restart, f);
	return NDIS_STATUS_SUCCESS;
}

/* ---- attach and detach ---- */

static struct ndis_filter *module_named(struct ndis_adapter *a, const char *name)
{
	for (unsigned i = 0; i < a->n_modules; i++)
		if (!strcmp(a->modules[i]->layer.object.name, name))
			return a->modules[i];
	return NULL;
}

static struct ndis_filter *module_create(struct ndis_adapter *a, struct ndis_image *image,
					 const char *name, const struct ndis_keyword *keywords)
{
	struct ndis_filter *f = aligned_alloc(_Alignof(struct ndis_filter), sizeof(*f));

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	ndis_layer_init(&f->layer, NDIS_OBJECT_FILTER, image, name);
	f->layer.object.keywords = keywords;
	f->layer.adapter = a;
	f->driver = image->filter;
	f->handlers = image->filter->handlers;
	return f;
}

static void module_destroy(struct ndis_filter *f)
{
	ndis_layer_destroy(&f->layer);
	free(f);
}

static void stack_insert(struct ndis_adapter *a, struct ndis_filter *f)
{
	ndis_oid_hold(a);
	pthread_rwlock_wrlock(&a->stack_lock);
	a->modules[a->n_modules++] = f;
	pthread_rwlock_unlock(&a->stack_lock);
	ndis_stack_connect(a);
	ndis_oid_release(a);
}

static void stack_remove(struct ndis_adapter *a, struct ndis_filter *f)
{
	unsigned i = 0;

	while (a->modules[i] != f)
		i++;
	ndis_oid_hold(a);
	ndis_oid_leave(f);
	pthread_rwlock_wrlock(&a->stack_lock);
	memmove(&a->modules[i], &a->modules[i + 1], (a->n_modules - i - 1) * sizeof(a->modules[0]));
	a->n_modules--;
	pthread_rwlock_unlock(&a->stack_lock);
	ndis_stack_connect(a);
	ndis_oid_release(a);
}

/* In the stack before it is asked, so that it may send OIDs down once it is attached. */
static NDIS_STATUS attach(struct ndis_filter *f)
{
	NDIS_FILTER_ATTACH_PARAMETERS p = { 0 };
	struct attach_names names;
	NDIS_STATUS status;

	attach_parameters(f, &names, &p);
	ndis_layer_set_state(&f->layer, NDIS_STARTING);
	NDIS_CALLBACK(&f->layer.object, "FilterAttach",
		      status = f->handlers.AttachHandler(f, f->driver->context, &p));
	if (status == NDIS_STATUS_SUCCESS && !f->layer.context) {
		log_error("filter %s: FilterAttach succeeded without NdisFSetAttributes (I10)",
			  f->layer.object.name);
		status = NDIS_STATUS_FAILURE;
	}
	ndis_layer_set_state(&f->layer, status == NDIS_STATUS_SUCCESS ? NDIS_PAUSED : NDIS_DOWN);
	if (status == NDIS_STATUS_SUCCESS)
		stack_insert(f->layer.adapter, f);
	return status;
}

/* Paused, with nothing outstanding (I13). */
void ndis_filter_remove(struct ndis_filter *f)
{
	stack_remove(f->layer.adapter, f);
	ndis_layer_set_state(&f->layer, NDIS_CLOSING);
	NDIS_CALLBACK(&f->layer.object, "FilterDetach", f->handlers.DetachHandler(f->layer.context));
	ndis_oid_wait_own(&f->layer);
	ndis_layer_set_state(&f->layer, NDIS_DOWN);
	if (ndis_watch)
		ndis_watch->layer_gone(&f->layer);
	module_destroy(f);
}

void ndis_filters_detach(struct ndis_adapter *a)
{
	while (a->n_modules)
		ndis_filter_remove(a->modules[a->n_modules - 1]);
}

/* ---- for the host ---- */

static void run_again(struct ndis_adapter *a, bool ran)
{
	if (ran && ndis_stack_restart(a) != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: the stack does not restart", a->layer.object.name);
}

static int attach_locked(struct ndis_adapter *a, struct ndis_image *image, const char *name,
			 const struct ndis_keyword *keywords, struct error *err)
{
	bool ran = ndis_layer_state(&a->layer) == NDIS_RUNNING;
	struct ndis_filter *f;
	NDIS_STATUS status;

	if (!image->filter)
		return error_set(err, EINVAL, "driver %s registered no filter", image->name);
	if (module_named(a, name))
		return error_set(err, EEXIST, "adapter %s has a filter module %s already",
				 a->layer.object.name, name);
	if (a->n_modules == NDIS_MAX_FILTERS)
		return error_set(err, ENOSPC, "adapter %s has %d filter modules, which is the most",
				 a->layer.object.name, NDIS_MAX_FILTERS);
	f = module_create(a, image, name, keywords);
	if (!f)
		return error_set(err, ENOMEM, "filter %s: no memory", name);
	if (ran)
		ndis_stack_pause(a, NDIS_PAUSE_ATTACH_FILTER);
	status = attach(f);
	if (status != NDIS_STATUS_SUCCESS) {
		if (ndis_watch)
			ndis_watch->layer_gone(&f->layer);
		module_destroy(f);
	}
	run_again(a, ran);
	if (status != NDIS_STATUS_SUCCESS)
		return error_set(err, EIO, "filter %s: FilterAttach failed with status 0x%08x", name,
				 (unsigned)status);
	return 0;
}

int ndis_filter_attach(struct ndis_adapter *a, struct ndis_image *image, const char *name,
		       const struct ndis_keyword *keywords, struct error *err)
{
	int rc;

	ndis_pnp_lock();
	rc = attach_locked(a, image, name, keywords, err);
	ndis_pnp_unlock();
	return rc;
}

static int no_module(const struct ndis_adapter *a, const char *name, struct error *err)
{
	return error_set(err, ENOENT, "adapter %s has no filter module %s", a->layer.object.name, name);
}

int ndis_filter_detach(struct ndis_adapter *a, const char *name, struct error *err)
{
	struct ndis_filter *f;
	bool ran;

	ndis_pnp_lock();
	f = module_named(a, name);
	if (f) {
		ran = ndis_layer_state(&a->layer) == NDIS_RUNNING;
		if (ran)
			ndis_stack_pause(a, NDIS_PAUSE_DETACH_FILTER);
		ndis_filter_remove(f);
		run_again(a, ran);
	}
	ndis_pnp_unlock();
	return f ? 0 : no_module(a, name, err);
}

int ndis_filter_pause(struct ndis_adapter *a, const char *name, struct error *err)
{
	struct ndis_filter *f;

	ndis_pnp_lock();
	f = module_named(a, name);
	if (f)
		ndis_stack_pause(a, NDIS_PAUSE_NDIS_INTERNAL);
	ndis_pnp_unlock();
	return f ? 0 : no_module(a, name, err);
}

int ndis_filter_restart(struct ndis_adapter *a, const char *name, struct error *err)
{
	struct ndis_filter *f;
	int rc;

	ndis_pnp_lock();
	f = module_named(a, name);
	rc = f ? ndis_adapter_restart(a, err) : no_module(a, name, err);
	ndis_pnp_unlock();
	return rc;
}
