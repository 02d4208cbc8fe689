/* SPDX-License-Identifier: BSD-2-Clause */
/* OID_GEN_CURRENT_LOOKAHEAD: NDIS keeps each binding's, the miniport gets the largest. The
 * caller's own value stands again in its buffer at the end. */
#include "ndis/oid.h"

/* The largest of 'least' and what any binding but 'changing' asked for. */
static ULONG largest(struct ndis_adapter *a, const struct ndis_binding *changing, ULONG least)
{
	pthread_rwlock_rdlock(&a->stack_lock);
	for (unsigned i = 0; i < a->n_bindings; i++) {
		ULONG value = atomic_load(&a->bindings[i]->lookahead);

		if (a->bindings[i] != changing && value > least)
			least = value;
	}
	pthread_rwlock_unlock(&a->stack_lock);
	return least;
}

static ULONG offered(struct ndis_adapter *a)
{
	ULONG lookahead;

	pthread_mutex_lock(&a->facts_lock);
	lookahead = a->offer.lookahead;
	pthread_mutex_unlock(&a->facts_lock);
	return lookahead;
}

ULONG ndis_lookahead_current(struct ndis_adapter *a)
{
	ULONG value = largest(a, NULL, 0);

	return value ? value : offered(a);
}

NDIS_STATUS ndis_lookahead_begin(struct ndis_adapter *a, struct ndis_binding *b,
				 PNDIS_OID_REQUEST r, bool *forward)
{
	ULONG value;
	NDIS_STATUS status;

	*forward = false;
	status = ndis_joined_take(r, &value);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	if (value > offered(a))
		return NDIS_STATUS_INVALID_DATA;
	ndis_joined_pass(r, value, largest(a, b, value));
	*forward = true;
	return NDIS_STATUS_SUCCESS;
}

void ndis_lookahead_end(struct ndis_binding *b, PNDIS_OID_REQUEST r, NDIS_STATUS status)
{
	ndis_joined_end(r, status, b ? &b->lookahead : NULL);
}
