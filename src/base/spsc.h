/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A ring from one thread to one other. The producer and the consumer may each
 * change to another thread when the hand-over itself orders their work (a
 * fence, a join); never two producers or two consumers at a time.
 */
#ifndef BASE_SPSC_H
#define BASE_SPSC_H

#include <stdatomic.h>
#include <stdint.h>

#define SPSC_CACHE_LINE 64

struct spsc {
	_Alignas(SPSC_CACHE_LINE) atomic_uint head;   /* producer writes, consumer reads */
	unsigned tail_seen;                           /* producer only: last tail it read */
	_Alignas(SPSC_CACHE_LINE) atomic_uint tail;   /* consumer writes, producer reads */
	unsigned head_seen;                           /* consumer only: last head it read */
	_Alignas(SPSC_CACHE_LINE) unsigned mask;
	void *slots[];
};

/* A ring of 'size' slots; a power of two, 2 .. 1 << 20. NULL: no memory or a bad size. */
struct spsc *spsc_create(unsigned size);
void spsc_destroy(struct spsc *ring);   /* accepts NULL; the ring should be empty */

/* Puts up to 'n' items on the ring, in order, and returns how many. Producer. */
static inline unsigned spsc_push(struct spsc *r, void *const *items, unsigned n)
{
	unsigned head = atomic_load_explicit(&r->head, memory_order_relaxed);
	unsigned room = r->mask + 1 - (head - r->tail_seen);

	if (room < n) {
		r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
		room = r->mask + 1 - (head - r->tail_seen);
		if (room < n)
			n = room;
	}
	for (unsigned i = 0; i < n; i++)
		r->slots[(head + i) & r->mask] = items[i];
	atomic_store_explicit(&r->head, head + n, memory_order_release);
	return n;
}

/* The number of the next item that is put on the ring; it counts on for ever. Producer. */
static inline unsigned spsc_next(const struct spsc *r)
{
	return atomic_load_explicit(&r->head, memory_order_relaxed);
}

/* How many items are on the ring at most, by what was last seen of the consumer, or by what is
 * true now: what released items named may be used again. Producer. */
static inline unsigned spsc_used(const struct spsc *r)
{
	return spsc_next(r) - r->tail_seen;
}

static inline unsigned spsc_used_now(struct spsc *r)
{
	r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire);
	return spsc_used(r);
}

/* Reads up to 'n' items, in order, and returns how many. They stay on the ring, and what they name
 * in use, until spsc_release(). Consumer. */
static inline unsigned spsc_peek(struct spsc *r, void **items, unsigned n)
{
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
	unsigned have = r->head_seen - tail;

	if (have < n) {
		r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
		have = r->head_seen - tail;
		if (have < n)
			n = have;
	}
	for (unsigned i = 0; i < n; i++)
		items[i] = r->slots[(tail + i) & r->mask];
	return n;
}

/* Takes the first 'n' items off, which were read. Consumer. */
static inline void spsc_release(struct spsc *r, unsigned n)
{
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	atomic_store_explicit(&r->tail, tail + n, memory_order_release);
}

/* Takes up to 'n' items off the ring, in order, and returns how many. Consumer. */
static inline unsigned spsc_pop(struct spsc *r, void **items, unsigned n)
{
	n = spsc_peek(r, items, n);
	spsc_release(r, n);
	return n;
}

/* Whether anything waits. Any thread; a snapshot. */
static inline int spsc_is_empty(const struct spsc *r)
{
	return atomic_load_explicit(&r->head, memory_order_acquire) ==
	       atomic_load_explicit(&r->tail, memory_order_acquire);
}

/* How many items wait. Any thread; a snapshot. */
static inline unsigned spsc_count(const struct spsc *r)
{
	unsigned tail = atomic_load_explicit(&r->tail, memory_order_acquire);

	return atomic_load_explicit(&r->head, memory_order_acquire) - tail;
}

/* How many more items the ring can take at least. Producer. */
static inline unsigned spsc_room(const struct spsc *r)
{
	return r->mask + 1 - (atomic_load_explicit(&r->head, memory_order_relaxed) -
			      atomic_load_explicit(&r->tail, memory_order_acquire));
}

#endif
