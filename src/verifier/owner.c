/* SPDX-License-Identifier: BSD-2-Clause */
/* Who has which NET_BUFFER_LIST: a hash by address, in shards with a lock each. */
#include "verifier/inside.h"

#include <stdio.h>
#include <stdlib.h>

#define SHARDS  256
#define BUCKETS 256   /* of a shard */

struct shard {
	_Alignas(64) pthread_mutex_t lock;
	struct nbl_record *bucket[BUCKETS];
};

static struct shard shards[SHARDS] = { [0 ... SHARDS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };

static uint32_t hash(const NET_BUFFER_LIST *nbl)
{
	return (uint32_t)(((uintptr_t)nbl >> 4) * 0x9e3779b97f4a7c15u >> 32);
}

static struct shard *shard_of(const NET_BUFFER_LIST *nbl)
{
	return &shards[hash(nbl) % SHARDS];
}

static struct nbl_record **bucket_of(const NET_BUFFER_LIST *nbl)
{
	return &shard_of(nbl)->bucket[hash(nbl) / SHARDS % BUCKETS];
}

static struct nbl_record *look(const NET_BUFFER_LIST *nbl)
{
	struct nbl_record *r = *bucket_of(nbl);

	while (r && r->nbl != nbl)
		r = r->next;
	return r;
}

static struct nbl_record *add(PNET_BUFFER_LIST nbl)
{
	struct nbl_record *r = calloc(1, sizeof(*r)), **at = bucket_of(nbl);

	if (!r)
		return NULL;
	r->nbl = nbl;
	r->next = *at;
	*at = r;
	return r;
}

struct nbl_record *record_find(PNET_BUFFER_LIST nbl)
{
	struct shard *s = shard_of(nbl);
	struct nbl_record *r;

	pthread_mutex_lock(&s->lock);
	r = look(nbl);
	if (!r)
		pthread_mutex_unlock(&s->lock);
	return r;
}

struct nbl_record *record_lock(PNET_BUFFER_LIST nbl)
{
	struct shard *s = shard_of(nbl);
	struct nbl_record *r;

	pthread_mutex_lock(&s->lock);
	r = look(nbl);
	if (!r)
		r = add(nbl);
	if (!r) {
		pthread_mutex_unlock(&s->lock);
		return NULL;
	}
	/* The same address, and another list: an adopted one's memory has a new use. */
	if (r->state == NBL_IDLE && r->pool != nbl->NdisPoolHandle) {
		r->pool = nbl->NdisPoolHandle;
		r->n_steps = 0;
		r->resources = r->marked_miniport = r->marked_protocol = r->guarded = false;
	}
	return r;
}

void record_unlock(struct nbl_record *r)
{
	pthread_mutex_unlock(&shard_of(r->nbl)->lock);
}

const char *nbl_state_text(enum nbl_state state)
{
	static const char *const texts[] = {
#define X(name, text) [NBL_##name] = text,
		NBL_STATES(X)
#undef X
	};

	return texts[state];
}

void record_step(struct nbl_record *r, const struct edge_call *c)
{
	r->steps[r->n_steps++ % VERIFIER_STEPS] = (struct verifier_step){
		.function = c->function,
		.from = c->from_track ? c->from_track->name : NULL,
		.to = c->to_track ? c->to_track->name : NULL,
		.ns = c->ns,
		.processor = c->processor,
		.irql = c->irql,
	};
	r->walk = c->walk;
	r->since = c->ns;
	r->late = false;
}

static void hops_free(struct nbl_record *r)
{
	while (r->outer) {
		struct nbl_hop *hop = r->outer;

		r->outer = hop->outer;
		free(hop);
	}
}

void record_idle(struct nbl_record *r)
{
	r->state = NBL_IDLE;
	r->holder = r->origin = r->lender = NULL;
	hops_free(r);
}

/* Down from its virtual adapter to its binding, or up from the binding to the adapter. */
bool record_may_pass_on(const struct nbl_record *r, const struct ndis_layer *from)
{
	const struct ndis_layer *has = r->holder;
	enum ndis_object_kind at;

	if (r->state != NBL_SENT && r->state != NBL_INDICATED)
		return false;
	at = r->state == NBL_SENT ? NDIS_OBJECT_MINIPORT : NDIS_OBJECT_BINDING;
	return has && has->object.kind == at && has->object.image &&
	       has->object.image == from->object.image && has->adapter != from->adapter;
}

bool record_pass_on(struct nbl_record *r)
{
	struct nbl_hop *hop = malloc(sizeof(*hop));

	if (!hop)
		return false;
	*hop = (struct nbl_hop){
		.outer = r->outer,
		.state = r->state,
		.resources = r->resources,
		.holder = r->holder,
		.origin = r->origin,
		.lender = r->lender,
		.source = r->source,
		.shape = r->shape,
	};
	r->outer = hop;
	r->lender = NULL;
	return true;
}

bool record_back(struct nbl_record *r)
{
	struct nbl_hop *hop = r->outer;

	if (!hop) {
		record_idle(r);
		return true;
	}
	r->state = hop->state;
	r->resources = hop->resources;
	r->holder = hop->holder;
	r->origin = hop->origin;
	r->lender = hop->lender;
	r->source = hop->source;
	r->shape = hop->shape;
	r->outer = hop->outer;
	free(hop);
	return false;
}

void record_describe(const struct nbl_record *r, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", nbl_state_text(r->state),
		 r->state == NBL_IDLE || !r->holder ? "" : ", with ",
		 r->state == NBL_IDLE || !r->holder ? "" : r->holder->object.name);
}

void records_each(bool (*each)(struct nbl_record *r, void *arg), void *arg)
{
	for (unsigned s = 0; s < SHARDS; s++) {
		pthread_mutex_lock(&shards[s].lock);
		for (unsigned b = 0; b < BUCKETS; b++)
			for (struct nbl_record **at = &shards[s].bucket[b], *r; (r = *at);) {
				if (!each(r, arg)) {
					at = &r->next;
					continue;
				}
				*at = r->next;
				hops_free(r);
				free(r);
			}
		pthread_mutex_unlock(&shards[s].lock);
	}
}

static bool drop(struct nbl_record *r, void *arg)
{
	const char *field;

	(void)r;
	(void)arg;
	poison_end(r, &field);
	return true;
}

void records_free(void)
{
	records_each(drop, NULL);
}
