/* SPDX-License-Identifier: BSD-2-Clause */
/* What is left of somebody who leaves: pools, handles, ports, queues, lists, requests. */
#include "verifier/inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "kernel/pool.h"
#include "ndis/receive_filter.h"
#include "ndis/resource.h"

/* ---- pools ---- */

struct pool {
	struct pool *next;
	NDIS_HANDLE handle, owner;
	ULONG tag;
};

static struct pool *pools;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over the list */

void left_pool_created(NDIS_HANDLE handle, NDIS_HANDLE owner, ULONG tag)
{
	struct pool *p = calloc(1, sizeof(*p));

	if (!p)
		return;
	*p = (struct pool){ .handle = handle, .owner = owner, .tag = tag };
	pthread_mutex_lock(&lock);
	p->next = pools;
	pools = p;
	pthread_mutex_unlock(&lock);
}

static bool is_of_pool(struct nbl_record *r, void *pool)
{
	const char *field;

	if (r->pool != pool)
		return false;
	if (r->guarded)
		poison_end(r, &field);
	return true;
}

/* The first pool with that handle, or of that owner, off the list. NULL: none. */
static struct pool *take(NDIS_HANDLE handle, NDIS_HANDLE owner)
{
	struct pool **at = &pools, *p;

	pthread_mutex_lock(&lock);
	while (*at && (handle ? (*at)->handle != handle : (*at)->owner != owner))
		at = &(*at)->next;
	p = *at;
	if (p)
		*at = p->next;
	pthread_mutex_unlock(&lock);
	return p;
}

void left_pool_freed(NDIS_HANDLE pool, NDIS_HANDLE owner, ULONG tag, unsigned outstanding)
{
	char text[5];

	free(take(pool, NULL));
	kernel_pool_tag_text(tag, text);
	if (outstanding)
		report_driver(RULE_LEFT_POOL, owner, "NdisFreeNetBufferListPool", "pool", pool,
			      "pool '%s' is freed and %u of its lists or buffers are not", text,
			      outstanding);
	records_each(is_of_pool, pool);
}

/* The record stays: whoever completes or returns the list after this is told of with
 * its history. */
void left_nbl_freed(PNET_BUFFER_LIST nbl, NDIS_HANDLE pool)
{
	struct nbl_record *r = record_find(nbl);
	const char *field = NULL;
	char where[128] = "";

	(void)pool;
	if (!r)
		return;
	if (r->state != NBL_IDLE)
		record_describe(r, where, sizeof(where));
	else
		poison_end(r, &field);
	r->marked_miniport = r->marked_protocol = r->resources = false;
	record_idle(r);
	record_unlock(r);
	if (where[0])
		report_nbl(RULE_NBL_FREED, NULL, "NdisFreeNetBufferList", nbl, "it is freed while %s", where);
	if (field)
		report_nbl(RULE_NBL_TOUCHED, NULL, "NdisFreeNetBufferList", nbl,
			   "%s was written after the list had been completed or returned", field);
}

static void report_pools(struct ndis_layer *layer)
{
	struct pool *p;
	char text[5];

	while ((p = take(NULL, layer))) {
		kernel_pool_tag_text(p->tag, text);
		report_object(RULE_LEFT_POOL, layer, "NdisFreeNetBufferListPool", "pool", p->handle,
			      "pool '%s' was not freed", text);
		free(p);
	}
}

/* ---- lists ---- */

struct sweep {
	struct ndis_layer *layer;
	PNET_BUFFER_LIST nbl;      /* the first that was found */
	char where[128];
	unsigned n;
};

static bool has_to_do_with(const struct nbl_record *r, const struct ndis_layer *layer)
{
	if (r->holder == layer || r->origin == layer)
		return true;
	for (const struct nbl_hop *hop = r->outer; hop; hop = hop->outer)
		if (hop->holder == layer || hop->origin == layer)
			return true;
	return false;
}

/* One report for all of them: with the first, and how many. */
static bool sweep(struct nbl_record *r, void *arg)
{
	struct sweep *s = arg;

	if (r->state == NBL_IDLE || !has_to_do_with(r, s->layer))
		return false;
	if (!s->n++) {
		s->nbl = r->nbl;
		record_describe(r, s->where, sizeof(s->where));
	}
	record_idle(r);
	return false;
}

static void report_lists(struct ndis_layer *layer)
{
	struct sweep s = { .layer = layer };

	records_each(sweep, &s);
	if (s.n)
		report_nbl(RULE_LEFT_NBL, layer, "at its end", s.nbl,
			   "it is %s, when %s leaves; %u in all", s.where, layer->object.name, s.n);
}

/* ---- everything ---- */

static void report_resource(const struct ndis_resource *r, void *layer)
{
	report_object(RULE_LEFT_RESOURCE, layer, "at its end", ndis_resource_name(r->kind), r->handle,
		      "a %s, obtained at %p, was not freed", ndis_resource_name(r->kind), r->caller);
}

static void report_ports(struct ndis_layer *layer)
{
	unsigned n = ndis_ports_left(layer->adapter->ports);

	if (n)
		report_object(RULE_LEFT_PORT, layer, "NdisMFreePort", "adapter", layer,
			      "%u NDIS ports were not freed", n);
}

/* PnP lock. */
void left_by(struct ndis_layer *layer)
{
	report_lists(layer);
	oids_left(layer);
	report_pools(layer);
	ndis_resource_left(layer, report_resource, layer);
	if (layer->object.kind == NDIS_OBJECT_MINIPORT)
		report_ports(layer);
	timed_forget(layer);
}

/* G1, D34. */
void left_at_close(struct ndis_layer *binding)
{
	unsigned n = ndis_receive_filter_left(binding->adapter,
					      (const struct ndis_binding *)binding);

	if (n)
		report_object(RULE_QUEUE_NOT_FREED, binding, "NdisCloseAdapterEx", "binding", binding,
			      "it has %u queues and filters", n);
	oids_pending_at_close(binding);
}

void left_free(void)
{
	while (pools) {
		struct pool *next = pools->next;

		free(pools);
		pools = next;
	}
}
