/* SPDX-License-Identifier: BSD-2-Clause */
#include "ndis/reset.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "ndis/oid.h"
#include "ndis/stack.h"

#define DEFAULT_INTERVAL_SECONDS 2

struct ndis_reset {
	struct ndis_adapter *adapter;
	KTIMER timer;
	KDPC dpc;
	KEVENT done;                 /* set: no reset is under way */
	bool watching;
	NDIS_STATUS status;
	BOOLEAN addressing;          /* the packet filter and the multicast list are lost */
};

static struct ndis_reset *reset_of(struct ndis_adapter *a)
{
	struct ndis_reset *r = a->reset;

	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->adapter = a;
	KeInitializeEvent(&r->done, NotificationEvent, TRUE);
	a->reset = r;
	return r;
}

static void restore_addressing(struct ndis_adapter *a)
{
	ndis_packet_filter_restore(a);
	ndis_multicast_restore(a);
}

/* The adapter's state does not change (I39), and what is under way, sends or requests, is the
 * miniport's matter (A53): those above are told that it begins and ends. One at a time. */
static NDIS_STATUS reset(struct ndis_adapter *a)
{
	struct ndis_reset *r = a->reset;
	BOOLEAN addressing = FALSE;
	NDIS_STATUS status;

	KeWaitForSingleObject(&r->done, Executive, KernelMode, FALSE, NULL);
	KeClearEvent(&r->done);
	ndis_status_of_ndis(a, NDIS_STATUS_RESET_START);
	NDIS_CALLBACK(&a->layer.object, "MiniportResetEx",
		      status = a->driver->handlers.ResetHandlerEx(a->layer.context, &addressing));
	if (status == NDIS_STATUS_PENDING) {
		KeWaitForSingleObject(&r->done, Executive, KernelMode, FALSE, NULL);
		status = r->status;
		addressing = r->addressing;
	} else {
		KeSetEvent(&r->done, 0, FALSE);
	}
	if (status != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: MiniportResetEx failed with status 0x%08x", a->layer.object.name,
			  (unsigned)status);
	else if (addressing)
		restore_addressing(a);
	ndis_status_of_ndis(a, NDIS_STATUS_RESET_END);
	return status;
}

VOID NdisMResetComplete(NDIS_HANDLE MiniportAdapterHandle, NDIS_STATUS Status,
			BOOLEAN AddressingReset)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	NDIS_CALLED(MiniportAdapterHandle);
	if (!a->reset || KeReadStateEvent(&a->reset->done)) {
		log_error("adapter %s: NdisMResetComplete without a reset", a->layer.object.name);
		return;
	}
	a->reset->status = Status;
	a->reset->addressing = AddressingReset;
	KeSetEvent(&a->reset->done, 0, FALSE);
}

/* The adapter may have gone since. */
static void reset_later(void *adapter)
{
	ndis_pnp_lock();
	for (struct ndis_adapter *a = ndis_adapter_next(NULL); a; a = ndis_adapter_next(a))
		if (a == adapter && ndis_layer_state(&a->layer) != NDIS_DOWN && reset_of(a))
			reset(a);
	ndis_pnp_unlock();
}

VOID NdisMResetMiniport(NDIS_HANDLE MiniportAdapterHandle)
{
	struct ndis_adapter *a = MiniportAdapterHandle;

	NDIS_CALLED(MiniportAdapterHandle);
	if (a->driver->handlers.ResetHandlerEx)
		kernel_call_work(reset_later, a);
	else
		log_error("adapter %s: NdisMResetMiniport, and there is no MiniportResetEx",
			  a->layer.object.name);
}

int ndis_adapter_reset(struct ndis_adapter *a, struct error *err)
{
	NDIS_STATUS status = NDIS_STATUS_RESOURCES;

	if (!a->driver->handlers.ResetHandlerEx)
		return error_set(err, ENOTSUP, "adapter %s: its driver has no MiniportResetEx",
				 a->layer.object.name);
	ndis_pnp_lock();
	if (reset_of(a))
		status = reset(a);
	ndis_pnp_unlock();
	if (status == NDIS_STATUS_SUCCESS)
		return 0;
	return error_set(err, EIO, "adapter %s: the reset failed with status 0x%08x",
			 a->layer.object.name, (unsigned)status);
}

static VOID check(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct ndis_adapter *a = context;
	BOOLEAN hangs;

	(void)dpc;
	(void)argument1;
	(void)argument2;
	if (atomic_load(&a->shut_down))
		return;   /* I11 */
	NDIS_CALLBACK(&a->layer.object, "MiniportCheckForHangEx",
		      hangs = a->driver->handlers.CheckForHangHandlerEx(a->layer.context));
	if (!hangs)
		return;
	log_warning("adapter %s: the driver says that its device hangs; it is reset",
		    a->layer.object.name);
	kernel_call_work(reset_later, a);
}

void ndis_reset_watch_start(struct ndis_adapter *a)
{
	UINT seconds = a->attributes.check_for_hang_seconds;
	LARGE_INTEGER due;
	struct ndis_reset *r;

	if (!a->driver->handlers.CheckForHangHandlerEx || !reset_of(a))
		return;
	r = a->reset;
	/* Rounded down to a multiple of two, as documented; 0 is the default. */
	seconds = seconds < 2 ? DEFAULT_INTERVAL_SECONDS : seconds & ~1u;
	KeInitializeTimer(&r->timer);
	KeInitializeDpc(&r->dpc, check, a);
	due.QuadPart = -10000000ll * seconds;
	r->watching = true;
	KeSetTimerEx(&r->timer, due, (LONG)(seconds * 1000), &r->dpc);
}

void ndis_reset_watch_stop(struct ndis_adapter *a)
{
	struct ndis_reset *r = a->reset;

	if (!r)
		return;
	if (r->watching) {
		KeCancelTimer(&r->timer);
		KeFlushQueuedDpcs();
	}
	KeWaitForSingleObject(&r->done, Executive, KernelMode, FALSE, NULL);
	a->reset = NULL;
	free(r);
}
