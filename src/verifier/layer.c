/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of each layer. A list that only grows, read without a lock. */
#include "verifier/inside.h"

#include <stdlib.h>
#include <string.h>

static _Atomic(struct tracked_layer *) first;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* of those who add */

static struct tracked_layer *find(const struct ndis_layer *layer)
{
	struct tracked_layer *t = atomic_load_explicit(&first, memory_order_acquire);

	while (t && atomic_load_explicit(&t->layer, memory_order_relaxed) != layer)
		t = t->next;
	return t;
}

static struct tracked_layer *add(struct ndis_layer *layer)
{
	struct tracked_layer *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	memcpy(t->name, layer->object.name, sizeof(t->name));
	memcpy(t->driver, layer->object.image ? layer->object.image->name : layer->object.name,
	       sizeof(t->driver));
	t->kind = ndis_object_kind_name(layer->object.kind);
	t->object = layer->object.kind;
	atomic_store(&t->state_since, verifier_ns());
	atomic_store(&t->last_completion, verifier_ns());
	atomic_store(&t->layer, layer);
	t->next = atomic_load(&first);
	atomic_store_explicit(&first, t, memory_order_release);
	return t;
}

struct tracked_layer *layer_track(struct ndis_layer *layer)
{
	struct tracked_layer *t = layer ? find(layer) : NULL;

	if (t || !layer)
		return t;
	pthread_mutex_lock(&lock);
	t = find(layer);
	if (!t)
		t = add(layer);
	pthread_mutex_unlock(&lock);
	return t;
}

void layer_forget(struct ndis_layer *layer)
{
	struct tracked_layer *t = find(layer);

	if (t)
		atomic_store(&t->layer, NULL);
}

void layers_each(void (*each)(struct tracked_layer *t, void *arg), void *arg)
{
	for (struct tracked_layer *t = atomic_load_explicit(&first, memory_order_acquire); t; t = t->next)
		if (atomic_load(&t->layer))
			each(t, arg);
}

void layers_free(void)
{
	struct tracked_layer *t = atomic_exchange(&first, NULL);

	while (t) {
		struct tracked_layer *next = t->next;

		queues_free(t->queues);
		wishes_free(t->wishes);
		free(t);
		t = next;
	}
}
