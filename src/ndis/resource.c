/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of what drivers hold: a hash by handle, under one lock. */
#include "ndis/resource.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/log.h"

#define BUCKETS 1024   /* a power of two */

struct entry {
	struct entry *next;
	struct ndis_resource resource;
};

static struct entry *table[BUCKETS];
static unsigned n_entries;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;   /* over both */

const char *ndis_resource_name(enum ndis_resource_kind kind)
{
	static const char *const names[] = {
#define X(name, text) text,
		NDIS_RESOURCE_KINDS(X)
#undef X
	};

	return names[kind];
}

/* Handles are addresses of heap blocks: the low bits say nothing. */
static struct entry **bucket(NDIS_HANDLE handle)
{
	return &table[((uintptr_t)handle >> 4 ^ (uintptr_t)handle >> 14) % BUCKETS];
}

/* Where the entry's pointer stands; *that is NULL if there is none. Locked. */
static struct entry **find(enum ndis_resource_kind kind, NDIS_HANDLE handle)
{
	struct entry **at = bucket(handle);

	while (*at && ((*at)->resource.handle != handle || (*at)->resource.kind != kind))
		at = &(*at)->next;
	return at;
}

int ndis_resource_add(enum ndis_resource_kind kind, NDIS_HANDLE handle, NDIS_HANDLE owner,
		      const void *caller)
{
	struct entry *e = malloc(sizeof(*e));
	struct entry **at = bucket(handle);

	if (!e)
		return -ENOMEM;
	e->resource = (struct ndis_resource){ kind, handle, owner, caller };
	pthread_mutex_lock(&lock);
	e->next = *at;
	*at = e;
	n_entries++;
	pthread_mutex_unlock(&lock);
	return 0;
}

bool ndis_resource_is(enum ndis_resource_kind kind, NDIS_HANDLE handle)
{
	bool is;

	pthread_mutex_lock(&lock);
	is = *find(kind, handle) != NULL;
	pthread_mutex_unlock(&lock);
	return is;
}

bool ndis_resource_remove(enum ndis_resource_kind kind, NDIS_HANDLE handle)
{
	struct entry **at, *e;

	pthread_mutex_lock(&lock);
	at = find(kind, handle);
	e = *at;
	if (e) {
		*at = e->next;
		n_entries--;
	}
	pthread_mutex_unlock(&lock);
	free(e);
	return e != NULL;
}

void ndis_resource_refuse(enum ndis_resource_kind kind, NDIS_HANDLE handle, const char *function)
{
	log_error("%s: %p is no live %s", function, handle, ndis_resource_name(kind));
}

/* Copies what 'owner' holds; a table that cannot be copied is told by a count
 * alone. Returns the count; '*list' is to be freed, and NULL where it is empty. */
static unsigned snapshot(NDIS_HANDLE owner, struct ndis_resource **list)
{
	unsigned n = 0;

	pthread_mutex_lock(&lock);
	*list = n_entries ? malloc(n_entries * sizeof(**list)) : NULL;
	for (unsigned b = 0; b < BUCKETS; b++)
		for (struct entry *e = table[b]; e; e = e->next) {
			if (owner && e->resource.owner != owner)
				continue;
			if (*list)
				(*list)[n] = e->resource;
			n++;
		}
	pthread_mutex_unlock(&lock);
	return n;
}

unsigned ndis_resource_left(NDIS_HANDLE owner,
			    void (*each)(const struct ndis_resource *resource, void *arg),
			    void *arg)
{
	struct ndis_resource *list;
	unsigned n = snapshot(owner, &list);

	if (each && list)
		for (unsigned i = 0; i < n; i++)
			each(&list[i], arg);
	free(list);
	return n;
}

void ndis_resource_peek(void (*each)(const struct ndis_resource *resource, void *arg), void *arg)
{
	for (unsigned b = 0; b < BUCKETS; b++)
		for (const struct entry *e = table[b]; e; e = e->next)
			each(&e->resource, arg);
}
