/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's rings and memory as librte_vhost knows them, for the worker to use by itself.
 *
 * librte_vhost believes much of what a guest's user-space half (its VMM) tells it: a ring that
 * was only partly found still has addresses, and a size may be refused and stay. So all
 * of it is checked again here, each time.
 */
#include "vmport/vmport_vhost_ring.h"

#include <stdlib.h>

#include <rte_vhost.h>

#include "base/log.h"
#include "vmport/vmport_vhost.h"

#define FEATURE(bit) (1ull << (bit))

static bool memory_map(struct vhost_map *m, int vid)
{
	struct rte_vhost_memory *table = NULL;

	if (rte_vhost_get_mem_table(vid, &table) || !table)
		return false;
	m->n = RTE_MIN(table->nregions, VHOST_REGIONS);
	for (unsigned i = 0; i < m->n; i++) {
		const struct rte_vhost_mem_region *from = &table->regions[i];

		m->regions[i] = (struct vhost_region){ .guest = from->guest_phys_addr,
			.size = from->size, .host = (uint8_t *)(uintptr_t)from->host_user_addr };
	}
	free(table);
	return m->n;
}

/* Whether 'length' bytes from there, aligned so, are the guest's. */
static bool memory_holds(const struct vhost_map *m, const void *at, uint64_t length,
			 uintptr_t alignment)
{
	const uint8_t *bytes = at;

	for (unsigned i = 0; i < m->n; i++) {
		const struct vhost_region *region = &m->regions[i];

		if (bytes >= region->host && bytes < region->host + region->size)
			return length <= region->size - (uint64_t)(bytes - region->host) &&
			       (uintptr_t)at % alignment == 0;
	}
	return false;
}

static bool ring_is_whole(const struct vhost_map *m, const struct rte_vhost_vring *v)
{
	uint64_t n = v->size;

	/* Both with the index of the next signal behind them, whether or not that is used. */
	return n && n <= VHOST_RING_MAX && !(n & (n - 1)) &&
	       memory_holds(m, v->desc, n * sizeof(v->desc[0]), sizeof(uint64_t)) &&
	       memory_holds(m, v->avail, sizeof(*v->avail) + (n + 1) * sizeof(uint16_t),
			    sizeof(uint16_t)) &&
	       memory_holds(m, v->used, sizeof(*v->used) + n * sizeof(v->used->ring[0]) +
			    sizeof(uint16_t), sizeof(uint32_t));
}

/* The ring stays without descriptors where it cannot be served. */
static void ring_map(struct vhost_ring *r, const struct vhost_port *p,
		     const struct vhost_direct *d, const struct vhost_connection *c,
		     uint16_t number)
{
	int vid = c->vid;
	struct rte_vhost_vring v = { .size = 0 };
	uint64_t features = 0;
	uint16_t next = 0, used = 0;

	if (rte_vhost_get_vhost_vring(vid, number, &v) ||
	    rte_vhost_get_negotiated_features(vid, &features) ||
	    rte_vhost_get_vring_base(vid, number, &next, &used) || !ring_is_whole(&d->memory, &v))
		return;
	*r = (struct vhost_ring){
		.descriptors = v.desc, .available = v.avail, .used = v.used,
		.near = d->memory.regions[0], .memory = &d->memory,
		.mask = (uint16_t)(v.size - 1), .next = next, .seen = next, .looked = next,
		.used_next = used, .used_told = used, .used_called = used,
		.header = features & (FEATURE(VIRTIO_NET_F_MRG_RXBUF) | FEATURE(VIRTIO_F_VERSION_1))
			  ? VHOST_HEADER_MAX : VHOST_HEADER_MAX - 2,
		.merge = features & FEATURE(VIRTIO_NET_F_MRG_RXBUF),
		.event_index = features & FEATURE(VIRTIO_RING_F_EVENT_IDX),
		.log = features & FEATURE(VHOST_F_LOG_ALL),
		.first = true, .complained = c->told, .call = v.callfd,
		.pool = p->port.pool, .longest = p->port.max_frame,
		.segments = p->offload ? p->segments : 1,
		.vid = vid, .number = number,
	};
}

void vhost_direct_give(struct vhost_port *p, const struct vhost_connection *c, unsigned pairs)
{
	size_t bytes = sizeof(struct vhost_direct) + pairs * sizeof(struct vhost_ring);
	struct vhost_direct *d = calloc(1, bytes);

	if (!d || !memory_map(&d->memory, c->vid)) {
		log_warning(VMPORT_WHO "no memory for the guest's rings; it stands still until it "
			    "starts again", p->port.name, p->port.spec);
		free(d);
		return;
	}
	d->pairs = pairs;
	if (c->enabled[VHOST_RING_TO_VM])
		ring_map(&d->to_vm, p, d, c, VHOST_RING_TO_VM);
	for (unsigned i = 0; i < pairs; i++)
		if (c->enabled[VHOST_RING_FROM_VM(i)])
			ring_map(&d->from_vm[i], p, d, c, VHOST_RING_FROM_VM(i));
	atomic_store(&p->rings, d);
}

static void ring_unmap(struct vhost_port *p, struct vhost_ring *r)
{
	struct vhost_connection *c;

	if (!r->descriptors)
		return;
	vhost_ring_call(r);
	rte_vhost_set_vring_base(r->vid, r->number, r->next, r->used_next);
	c = vhost_connection_of(p, r->vid);
	if (c && r->complained)
		c->told = true;
}

void vhost_direct_take(struct vhost_port *p)
{
	struct vhost_direct *d = atomic_load(&p->rings);

	if (!d)
		return;
	atomic_store(&p->rings, NULL);
	vhost_worker_await(p);
	ring_unmap(p, &d->to_vm);
	for (unsigned i = 0; i < d->pairs; i++)
		ring_unmap(p, &d->from_vm[i]);
	free(d);
}
