/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's split ring: descriptors, used entries, signals. */
#include "vmport/vmport_vhost_ring.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <rte_vhost.h>

#include "base/log.h"
#include "vmport/vmport_signal.h"

/* ---- memory ---- */

static const struct vhost_region *region_of(const struct vhost_ring *r, uint64_t address)
{
	const struct vhost_map *m = r->memory;

	for (unsigned i = 0; i < m->n; i++)
		if (address - m->regions[i].guest < m->regions[i].size)
			return &m->regions[i];
	return NULL;
}

uint8_t *vhost_ring_find(struct vhost_ring *r, uint64_t address, uint32_t length)
{
	const struct vhost_region *region = region_of(r, address);

	if (!region || length > region->size - (address - region->guest))
		return NULL;
	r->near = *region;
	return region->host + (address - region->guest);
}

/* A buffer of the guest's, in as many pieces as it crosses regions. */
static bool buffer_add(struct vhost_ring *r, const struct vhost_descriptor *d,
		       struct vhost_chain *chain)
{
	uint64_t address = d->address;
	uint32_t left = d->length;

	while (left) {
		const struct vhost_region *region = region_of(r, address);
		struct vhost_piece *piece = &chain->pieces[chain->n];
		uint64_t offset;

		chain->full = chain->n == VHOST_PIECES;
		if (!region || chain->full)
			return false;
		offset = address - region->guest;
		piece->at = region->host + offset;
		piece->guest = address;
		piece->length = (uint32_t)RTE_MIN((uint64_t)left, region->size - offset);
		chain->n++;
		chain->bytes += piece->length;
		address += piece->length;
		left -= piece->length;
	}
	return true;
}

/* ---- chains ---- */

/* A table that a chain leads through: the ring's own, or one that a descriptor points to. */
struct table {
	const struct vring_desc *own;   /* NULL: at 'address' */
	uint64_t address;
	uint32_t n;
};

static bool entry_read(struct vhost_ring *r, const struct table *t, uint16_t i,
		       struct vhost_descriptor *d)
{
	const struct vring_desc *from;

	if (i >= t->n)
		return false;
	from = t->own ? &t->own[i]
		      : (const void *)vhost_ring_at(r, t->address + i * sizeof(*from), sizeof(*from));
	if (!from || (uintptr_t)from % sizeof(uint64_t))
		return false;
	*d = vhost_descriptor_read(from);
	return true;
}

/* Into the table that 'd' points to; it must be the chain's last of the ring's own. */
static bool table_enter(struct table *t, const struct vhost_descriptor *d)
{
	if (!t->own || d->flags & VRING_DESC_F_NEXT || d->length % sizeof(struct vring_desc) ||
	    d->length / sizeof(struct vring_desc) > VHOST_RING_MAX)
		return false;
	*t = (struct table){ .address = d->address,
			     .n = d->length / (uint32_t)sizeof(struct vring_desc) };
	return true;
}

/* No chain has more descriptors than the ring (VIRTIO 1.1, 2.6.5.3.1): that ends a loop. Nor
 * are more read for a frame than it may have pieces: ones of no length cost time too. */
static bool chain_walk(struct vhost_ring *r, uint16_t head, bool for_writing,
		       struct vhost_chain *chain)
{
	struct table t = { .own = r->descriptors, .n = r->mask + 1u };
	struct vhost_descriptor d;
	uint16_t i = head;

	for (uint32_t left = r->mask + 1u; left; left--) {
		chain->full = chain->read == VHOST_PIECES;
		if (chain->full || !entry_read(r, &t, i, &d))
			return false;
		chain->read++;
		if (d.flags & VRING_DESC_F_INDIRECT) {
			if (!table_enter(&t, &d))
				return false;
			i = 0;
			left++;   /* once a chain, and no descriptor of a buffer */
			continue;
		}
		if (!(d.flags & VRING_DESC_F_WRITE) == for_writing || !buffer_add(r, &d, chain))
			return false;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return true;
		i = d.next;
	}
	return false;
}

bool vhost_ring_chain(struct vhost_ring *r, uint16_t head, bool for_writing,
		      struct vhost_chain *chain)
{
	unsigned n = chain->n;
	uint64_t bytes = chain->bytes;

	chain->full = false;
	if (chain_walk(r, head, for_writing, chain))
		return true;
	chain->n = n;
	chain->bytes = bytes;
	return false;
}

/* How many bytes of the piece may be moved at once; on to the next where it is at its end. */
static uint32_t cursor_step(struct vhost_cursor *c, uint32_t length)
{
	while (c->offset == c->piece->length) {
		c->piece++;
		c->offset = 0;
	}
	return RTE_MIN(length, c->piece->length - c->offset);
}

void vhost_cursor_read(struct vhost_cursor *c, void *to, uint32_t length)
{
	uint8_t *bytes = to;

	while (length) {
		uint32_t part = cursor_step(c, length);

		memcpy(bytes, c->piece->at + c->offset, part);
		c->offset += part;
		bytes += part;
		length -= part;
	}
}

void vhost_cursor_write(struct vhost_ring *r, struct vhost_cursor *c, const void *from,
			uint32_t length)
{
	const uint8_t *bytes = from;

	while (length) {
		uint32_t part = cursor_step(c, length);

		memcpy(c->piece->at + c->offset, bytes, part);
		if (r->log)
			rte_vhost_log_write(r->vid, c->piece->guest + c->offset, part);
		c->offset += part;
		bytes += part;
		length -= part;
	}
}

/* ---- indices ---- */

static void complain(struct vhost_ring *r, const char *what)
{
	if (r->complained)
		return;
	r->complained = true;
	log_warning("connection %d, ring %u: the guest %s; this and the like is counted and ignored",
		    r->vid, r->number, what);
}

uint16_t vhost_ring_look(struct vhost_ring *r)
{
	uint16_t index = __atomic_load_n(&r->available->idx, __ATOMIC_ACQUIRE);
	uint16_t n = (uint16_t)(index - r->next);

	if (likely(n <= r->mask + 1u)) {
		r->jumped = false;
		r->seen = index;
		return n;
	}
	r->faults += !r->jumped;
	r->jumped = true;
	complain(r, "moved its ring beyond its end");
	r->seen = r->next;
	return 0;
}

void vhost_ring_fault(struct vhost_ring *r, uint16_t head)
{
	r->faults++;
	complain(r, "made a chain of descriptors that makes no sense");
	r->next++;
	vhost_ring_use(r, head, 0);
}

/* ---- signals ---- */

/* What was written of the used ring since the last time. */
static void used_log(const struct vhost_ring *r)
{
	for (uint16_t i = r->used_told; i != r->used_next; i++)
		rte_vhost_log_used_vring(r->vid, r->number,
					 offsetof(struct vring_used, ring) +
					 (i & r->mask) * sizeof(r->used->ring[0]),
					 sizeof(r->used->ring[0]));
	rte_vhost_log_used_vring(r->vid, r->number, 0, offsetof(struct vring_used, ring));
}

/* Whether the guest asked to be woken by one of the entries from 'before' on. */
static bool call_wanted(struct vhost_ring *r, uint16_t before)
{
	uint16_t at;

	if (!r->event_index)
		return !(__atomic_load_n(&r->available->flags, __ATOMIC_RELAXED) &
			 VRING_AVAIL_F_NO_INTERRUPT);
	at = __atomic_load_n(&r->available->ring[r->mask + 1u], __ATOMIC_RELAXED);
	if (unlikely(r->first)) {
		r->first = false;
		return true;
	}
	return (uint16_t)(r->used_told - at - 1) < (uint16_t)(r->used_told - before);
}

void vhost_ring_publish(struct vhost_ring *r)
{
	if (r->used_next == r->used_told)
		return;
	__atomic_store_n(&r->used->idx, r->used_next, __ATOMIC_RELEASE);
	if (unlikely(r->log))
		used_log(r);
	r->used_told = r->used_next;
}

void vhost_ring_wake(struct vhost_ring *r)
{
	uint16_t before = r->used_called;

	r->used_called = r->used_told;
	/* The index must be seen before the wish is read: the guest does the reverse. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (call_wanted(r, before) && r->call >= 0 && vmport_signal(r->call) == -EINVAL) {
		complain(r, "gave something to be called by that is no eventfd");
		r->call = -1;
	}
}

void vhost_ring_kicks(struct vhost_ring *r, bool wanted)
{
	uint16_t size = (uint16_t)(r->mask + 1u);

	if (!r->event_index)
		__atomic_store_n(&r->used->flags, wanted ? 0 : VRING_USED_F_NO_NOTIFY,
				 __ATOMIC_RELAXED);
	else if (wanted)   /* else the index stays behind, where nothing comes by */
		__atomic_store_n((uint16_t *)&r->used->ring[size], r->next, __ATOMIC_RELAXED);
	else
		return;
	if (r->log)
		rte_vhost_log_used_vring(r->vid, r->number, r->event_index
					 ? offsetof(struct vring_used, ring) +
					   size * sizeof(r->used->ring[0]) : 0, sizeof(uint16_t));
}
