/* SPDX-License-Identifier: BSD-2-Clause */
/* The time limits of OID requests (I30): one timer for all requests of an adapter, set for
 * the one that is due first. */
#include "ndis/oid.h"

#include "base/clock.h"
#include "base/log.h"

#define NS_PER_SECOND 1000000000u

/* The lock is held. */
static void set_timer(struct ndis_adapter *a)
{
	struct ndis_oid_timeouts *t = &a->timeouts;
	uint64_t now = clock_ns(), due = UINT64_MAX;
	LARGE_INTEGER relative;

	for (PNDIS_OID_REQUEST r = t->first; r; r = ndis_oid_private(r)->next_timed)
		if (ndis_oid_private(r)->deadline < due)
			due = ndis_oid_private(r)->deadline;
	if (due == UINT64_MAX) {
		KeCancelTimer(&t->timer);
		return;
	}
	/* Relative times are negative, in units of 100 ns; it is due a little after. */
	relative.QuadPart = due > now ? -(LONGLONG)((due - now) / 100 + 1) : -1;
	KeSetTimer(&t->timer, relative, &t->dpc);
}

/* The lock is held. */
static void list_remove(struct ndis_oid_timeouts *t, PNDIS_OID_REQUEST r)
{
	PNDIS_OID_REQUEST *at = &t->first;

	while (*at && *at != r)
		at = &ndis_oid_private(*at)->next_timed;
	if (*at)
		*at = ndis_oid_private(r)->next_timed;
}

/* Takes one that is over out of the list, and notes what it was: afterwards it may end,
 * and be gone, at any moment. */
static bool take_late(struct ndis_adapter *a, uint64_t *serial, PVOID *id)
{
	struct ndis_oid_timeouts *t = &a->timeouts;
	uint64_t now = clock_ns();
	PNDIS_OID_REQUEST r;

	pthread_mutex_lock(&t->lock);
	for (r = t->first; r && ndis_oid_private(r)->deadline > now;)
		r = ndis_oid_private(r)->next_timed;
	if (r) {
		*serial = ndis_oid_private(r)->serial;
		*id = r->RequestId;
		log_warning("adapter %s: OID request 0x%08x has not ended within its %u s; it is "
			    "cancelled", a->layer.object.name, r->DATA.Oid, r->Timeout);
		list_remove(t, r);
	} else {
		set_timer(a);
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

static VOID late(PKDPC dpc, PVOID adapter, PVOID argument1, PVOID argument2)
{
	uint64_t serial;
	PVOID id;

	(void)dpc;
	(void)argument1;
	(void)argument2;
	while (take_late(adapter, &serial, &id))
		ndis_oid_expire(adapter, serial, id);
}

void ndis_oid_timeout_start(PNDIS_OID_REQUEST r)
{
	struct ndis_oid_private *p = ndis_oid_private(r);
	struct ndis_oid_timeouts *t = &p->adapter->timeouts;

	if (r->Timeout == NDIS_OID_REQUEST_TIMEOUT_INFINITE)
		return;
	p->deadline = clock_ns() + (uint64_t)r->Timeout * NS_PER_SECOND;
	pthread_mutex_lock(&t->lock);
	p->next_timed = t->first;
	t->first = r;
	set_timer(p->adapter);
	pthread_mutex_unlock(&t->lock);
}

void ndis_oid_timeout_stop(PNDIS_OID_REQUEST r)
{
	struct ndis_oid_private *p = ndis_oid_private(r);
	struct ndis_oid_timeouts *t = &p->adapter->timeouts;

	if (!p->deadline)
		return;
	pthread_mutex_lock(&t->lock);
	list_remove(t, r);
	if (!t->first)
		KeCancelTimer(&t->timer);
	pthread_mutex_unlock(&t->lock);
}

void ndis_oid_timeouts_init(struct ndis_adapter *a)
{
	pthread_mutex_init(&a->timeouts.lock, NULL);
	KeInitializeTimer(&a->timeouts.timer);
	KeInitializeDpc(&a->timeouts.dpc, late, a);
}

void ndis_oid_timeouts_destroy(struct ndis_adapter *a)
{
	KeCancelTimer(&a->timeouts.timer);
	KeFlushQueuedDpcs();
	pthread_mutex_destroy(&a->timeouts.lock);
}
