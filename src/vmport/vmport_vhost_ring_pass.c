/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames of one guest into the buffers of another, in one copy.
 *
 * Who decides where a frame goes must decide on bytes that the guest cannot change any more: the
 * first of each are copied to him, and it is his copy that the other guest gets. What comes after
 * them nobody here reads.
 */
#include "vmport/vmport_vhost_ring.h"

#include <string.h>

#include "vmport/vmport_vhost_copy.h"

/* Whether the guest wants anything done to the frame. */
static inline bool is_plain(const struct vhost_ring *r, const struct vhost_place *at)
{
	struct vhost_header h;

	if (r->segments == 1)   /* it was offered nothing */
		return true;
	memcpy(&h, at->at, 10);
	return !(h.flags | h.gso_type);
}

uint16_t vhost_ring_heads(struct vhost_ring *r, struct vmport_head *heads, uint16_t n)
{
	uint16_t known, k;

	n = RTE_MIN(n, (uint16_t)VHOST_RING_BURST);
	known = vhost_places_find(r, n, false);
	n = RTE_MIN(n, known);
	for (k = 0; k < n; k++) {
		const struct vhost_place *at = vhost_place(r, k);

		if (unlikely(!vhost_place_is_frame(r, at) || !is_plain(r, at)))
			break;
		heads[k].length = (uint16_t)(at->length - r->header);
		vhost_copy(heads[k].bytes, at->at + r->header,
			   RTE_MIN(heads[k].length, (uint32_t)VMPORT_HEAD));
	}
	return k;
}

static __rte_always_inline void write(uint8_t *to, const struct vmport_head *head,
				      const uint8_t *rest, uint8_t header)
{
	vhost_header_plain(to, header);
	to += header;
	if (head->length <= VMPORT_HEAD) {
		vhost_copy(to, head->bytes, head->length);
		return;
	}
	memcpy(to, head->bytes, VMPORT_HEAD);
	vhost_copy(to + VMPORT_HEAD, rest + VMPORT_HEAD, head->length - VMPORT_HEAD);
}

/* 'known' is of 'from': how many are looked at already. */
static __rte_always_inline uint16_t pass(struct vhost_ring *from, struct vhost_ring *to,
					 const struct vmport_head *heads, uint16_t n,
					 uint16_t known, const uint8_t header)
{
	uint16_t most = vhost_places_most(from), room = vhost_places_find(to, n, true);
	uint16_t most_room = vhost_places_most(to), k;

	n = RTE_MIN(n, room);
	for (k = 0; k < n; k++) {
		const struct vhost_place *at = vhost_place(from, k), *into = vhost_place(to, k);
		uint32_t need = heads[k].length + (uint32_t)header;

		if (unlikely(!into->at || into->length < need))
			break;
		if (known < most)
			vhost_place_find(from, known++, false);
		if (room < most_room)
			vhost_place_find(to, room++, true);
		write(into->at, &heads[k], at->at + from->header, header);
		vhost_ring_use(to, into->head, need);
		vhost_ring_use(from, at->head, 0);
	}
	from->looked = (uint16_t)(from->next + known);
	to->looked = (uint16_t)(to->next + room);
	from->next = (uint16_t)(from->next + k);
	to->next = (uint16_t)(to->next + k);
	return k;
}

uint16_t vhost_ring_pass(struct vhost_ring *from, struct vhost_ring *to,
			 const struct vmport_head *heads, uint16_t n)
{
	uint16_t known = (uint16_t)(from->looked - from->next), done;

	/* Rings that are others by now, or whose every page counts. */
	if (unlikely(known > VHOST_AHEAD || known < n || to->log))
		return 0;
	done = likely(to->header == VHOST_HEADER_MAX)
		       ? pass(from, to, heads, n, known, VHOST_HEADER_MAX)
		       : pass(from, to, heads, n, known, VHOST_HEADER_MAX - 2);
	vhost_ring_publish(to);
	vhost_ring_publish(from);
	vhost_places_find(to, n, true);
	vhost_places_find(from, n, false);
	return done;
}
