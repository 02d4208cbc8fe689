/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OID_802_3_MULTICAST_LIST and the two that add and delete one address: NDIS keeps each
 * binding's list, the miniport gets the union of them, always as a whole list. The
 * request is the caller's own again at the end.
 */
#include "ndis/multicast.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ndis/oid.h"

#define LENGTH    6                               /* of an address */
#define ADDRESS   0xffffffffffffull               /* of an entry */
#define ONCE      (ADDRESS + 1)                   /* an entry's unit of "how often" */

/* A request that is under way. */
struct ndis_multicast_change {
	NDIS_OID oid;                             /* what the caller asked */
	PVOID buffer;
	UINT length;
	unsigned n;                               /* the binding's list, if it succeeds */
	uint64_t list[NDIS_MAX_MULTICAST];
	unsigned n_all;                           /* the union */
	UCHAR all[NDIS_MAX_MULTICAST][LENGTH];
};

static uint64_t address_of(const UCHAR *bytes)
{
	uint64_t a = 0;

	memcpy(&a, bytes, LENGTH);
	return a;
}

/* ---- a binding's list ---- */

bool ndis_multicast_has(const struct ndis_multicast *m, const UCHAR *bytes)
{
	uint64_t a = address_of(bytes);
	unsigned version, n;
	bool has;

	do {
		has = false;
		version = atomic_load_explicit(&m->version, memory_order_acquire);
		n = atomic_load_explicit(&m->n, memory_order_relaxed);
		for (unsigned i = 0; i < n && !has; i++)
			has = (atomic_load_explicit(&m->list[i], memory_order_relaxed) & ADDRESS) == a;
		atomic_thread_fence(memory_order_acquire);
	} while (version & 1 || version != atomic_load_explicit(&m->version, memory_order_relaxed));
	return has;
}

static void publish(struct ndis_multicast *m, const uint64_t *list, unsigned n)
{
	unsigned version = atomic_load_explicit(&m->version, memory_order_relaxed);

	atomic_store_explicit(&m->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&m->n, n, memory_order_relaxed);
	for (unsigned i = 0; i < n; i++)
		atomic_store_explicit(&m->list[i], list[i], memory_order_relaxed);
	atomic_store_explicit(&m->version, version + 2, memory_order_release);
}

/* ---- the union ---- */

/* FALSE: it has no room. */
static bool join_one(struct ndis_multicast_change *c, uint64_t entry)
{
	UCHAR bytes[8];

	memcpy(bytes, &entry, sizeof(bytes));
	for (unsigned i = 0; i < c->n_all; i++)
		if (!memcmp(c->all[i], bytes, LENGTH))
			return true;
	if (c->n_all == NDIS_MAX_MULTICAST)
		return false;
	memcpy(c->all[c->n_all++], bytes, LENGTH);
	return true;
}

/* What every binding but 'changing' has, and then the list of the change. */
static bool join(struct ndis_adapter *a, const struct ndis_binding *changing,
		 struct ndis_multicast_change *c)
{
	bool fits = true;

	c->n_all = 0;
	pthread_rwlock_rdlock(&a->stack_lock);
	for (unsigned i = 0; i < a->n_bindings; i++) {
		struct ndis_multicast *m = &a->bindings[i]->multicast;
		unsigned n = a->bindings[i] == changing ? 0 : atomic_load(&m->n);

		for (unsigned k = 0; k < n; k++)
			fits &= join_one(c, atomic_load(&m->list[k]));
	}
	pthread_rwlock_unlock(&a->stack_lock);
	for (unsigned k = 0; k < c->n; k++)
		fits &= join_one(c, c->list[k]);
	return fits;
}

ULONG ndis_multicast_union(struct ndis_adapter *a, UCHAR *to)
{
	struct ndis_multicast_change c;

	c.n = 0;
	join(a, NULL, &c);
	if (to)
		memcpy(to, c.all, c.n_all * LENGTH);
	return c.n_all * LENGTH;
}

/* ---- what is asked ---- */

/* The documented status for one that cannot be one, too. */
static NDIS_STATUS add(struct ndis_multicast_change *c, const UCHAR *bytes)
{
	if (!ETH_IS_MULTICAST(bytes))
		return NDIS_STATUS_MULTICAST_FULL;
	for (unsigned i = 0; i < c->n; i++)
		if ((c->list[i] & ADDRESS) == address_of(bytes)) {
			if (c->list[i] >> 48 < UINT16_MAX)
				c->list[i] += ONCE;
			return NDIS_STATUS_SUCCESS;
		}
	if (c->n == NDIS_MAX_MULTICAST)
		return NDIS_STATUS_MULTICAST_FULL;
	c->list[c->n++] = address_of(bytes) + ONCE;
	return NDIS_STATUS_SUCCESS;
}

/* It is gone when it was deleted as often as it was added. */
static NDIS_STATUS delete(struct ndis_multicast_change *c, const UCHAR *bytes)
{
	for (unsigned i = 0; i < c->n; i++) {
		if ((c->list[i] & ADDRESS) != address_of(bytes))
			continue;
		c->list[i] -= ONCE;
		if (c->list[i] < ONCE)
			c->list[i] = c->list[--c->n];
		return NDIS_STATUS_SUCCESS;
	}
	return NDIS_STATUS_MULTICAST_NOT_FOUND;
}

/* A list counts every address once, however often it holds it. */
static NDIS_STATUS replace(struct ndis_multicast_change *c)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	c->n = 0;
	for (UINT i = 0; i < c->length && status == NDIS_STATUS_SUCCESS; i += LENGTH)
		status = add(c, (const UCHAR *)c->buffer + i);
	for (unsigned i = 0; i < c->n; i++)
		c->list[i] = (c->list[i] & ADDRESS) + ONCE;
	return status;
}

static NDIS_STATUS apply(struct ndis_multicast_change *c)
{
	switch (c->oid) {
	case OID_802_3_ADD_MULTICAST_ADDRESS:
		return add(c, c->buffer);
	case OID_802_3_DELETE_MULTICAST_ADDRESS:
		return delete(c, c->buffer);
	default:
		return replace(c);
	}
}

/* ---- the request ---- */

bool ndis_multicast_is(NDIS_OID oid)
{
	return oid == OID_802_3_MULTICAST_LIST || oid == OID_802_3_ADD_MULTICAST_ADDRESS ||
	       oid == OID_802_3_DELETE_MULTICAST_ADDRESS;
}

/* 'b' NULL: NDIS itself gives the miniport the union again; it may only name no address. */
static NDIS_STATUS check(const struct ndis_binding *b, PNDIS_OID_REQUEST r)
{
	UINT length = r->DATA.SET_INFORMATION.InformationBufferLength;
	bool whole = r->DATA.SET_INFORMATION.Oid == OID_802_3_MULTICAST_LIST;

	if (r->RequestType != NdisRequestSetInformation || (!b && (length || !whole)))
		return NDIS_STATUS_NOT_SUPPORTED;
	if (whole ? length % LENGTH == 0 : length >= LENGTH)
		return NDIS_STATUS_SUCCESS;
	r->DATA.SET_INFORMATION.BytesNeeded = whole ? length + LENGTH - length % LENGTH : LENGTH;
	return NDIS_STATUS_INVALID_LENGTH;
}

static struct ndis_multicast_change *change_create(const struct ndis_binding *b, PNDIS_OID_REQUEST r)
{
	struct ndis_multicast_change *c = malloc(sizeof(*c));

	if (!c)
		return NULL;
	c->oid = r->DATA.SET_INFORMATION.Oid;
	c->buffer = r->DATA.SET_INFORMATION.InformationBuffer;
	c->length = r->DATA.SET_INFORMATION.InformationBufferLength;
	c->n = b ? atomic_load(&b->multicast.n) : 0;
	for (unsigned i = 0; i < c->n; i++)
		c->list[i] = atomic_load(&b->multicast.list[i]);
	return c;
}

static void forward_list(PNDIS_OID_REQUEST r, struct ndis_multicast_change *c)
{
	ndis_oid_private(r)->change = c;
	r->DATA.SET_INFORMATION.Oid = OID_802_3_MULTICAST_LIST;
	r->DATA.SET_INFORMATION.InformationBuffer = c->all;
	r->DATA.SET_INFORMATION.InformationBufferLength = c->n_all * LENGTH;
}

NDIS_STATUS ndis_multicast_begin(struct ndis_adapter *a, struct ndis_binding *b,
				 PNDIS_OID_REQUEST r, bool *forward)
{
	ULONG before = ndis_multicast_union(a, NULL);
	struct ndis_multicast_change *c;
	NDIS_STATUS status = check(b, r);

	*forward = false;
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	c = change_create(b, r);
	if (!c)
		return NDIS_STATUS_RESOURCES;
	status = apply(c);
	if (status == NDIS_STATUS_SUCCESS &&
	    (!join(a, b, c) || c->n_all > a->attributes.max_multicast))
		status = NDIS_STATUS_MULTICAST_FULL;
	if (status != NDIS_STATUS_SUCCESS) {
		free(c);
		return status;
	}
	/* One address more or less that others have, too, or that was added before, is nothing
	 * to the miniport. */
	*forward = c->oid == OID_802_3_MULTICAST_LIST || c->n_all * LENGTH != before;
	if (*forward) {
		forward_list(r, c);
		return status;
	}
	r->DATA.SET_INFORMATION.BytesRead = LENGTH;
	publish(&b->multicast, c->list, c->n);
	free(c);
	return status;
}

void ndis_multicast_end(struct ndis_binding *b, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	struct ndis_multicast_change *c = ndis_oid_private(r)->change;

	r->DATA.SET_INFORMATION.Oid = c->oid;
	r->DATA.SET_INFORMATION.InformationBuffer = c->buffer;
	r->DATA.SET_INFORMATION.InformationBufferLength = c->length;
	if (status == NDIS_STATUS_SUCCESS) {
		r->DATA.SET_INFORMATION.BytesRead =
			c->oid == OID_802_3_MULTICAST_LIST ? c->length : LENGTH;
		if (b)
			publish(&b->multicast, c->list, c->n);
	}
	ndis_oid_private(r)->change = NULL;
	free(c);
}

/* No address, in the name of 'b'; so the miniport gets what the others asked for. */
static NDIS_STATUS set_none(struct ndis_adapter *a, struct ndis_binding *b)
{
	NDIS_OID_REQUEST r = {
		.Header = { NDIS_OBJECT_TYPE_OID_REQUEST, NDIS_OID_REQUEST_REVISION_1,
			    NDIS_SIZEOF_OID_REQUEST_REVISION_1 },
		.RequestType = NdisRequestSetInformation,
	};

	r.DATA.SET_INFORMATION.Oid = OID_802_3_MULTICAST_LIST;
	return ndis_oid_wait(a, b, &r);
}

void ndis_multicast_forget(struct ndis_binding *b)
{
	if (atomic_load(&b->multicast.n))
		set_none(b->layer.adapter, b);
}

void ndis_multicast_restore(struct ndis_adapter *a)
{
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (ndis_multicast_union(a, NULL))
		status = set_none(a, NULL);
	if (status != NDIS_STATUS_SUCCESS)
		log_error("adapter %s: the multicast list is not set again after a reset: status 0x%08x",
			  a->layer.object.name, (unsigned)status);
}
