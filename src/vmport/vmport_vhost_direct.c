/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's virtio NIC, its rings served by ourselves: the worker's side. */
#include "vmport/vmport_vhost.h"

#include <string.h>

#include <rte_arp.h>

#include "vmport/vmport_vhost_ring.h"

/* The guest's rings, if the worker may be at them; then vhost_leave() must follow. */
static inline struct vhost_direct *direct_enter(struct vhost_port *p)
{
	struct vhost_direct *d;

	if (!atomic_load_explicit(&p->rings, memory_order_relaxed))
		return NULL;
	/* The store must be seen before the rings are read: see vmport_vhost.h. */
	vhost_turn_next(p, memory_order_relaxed);
	asymmetric_fence_light();
	d = atomic_load(&p->rings);
	if (!d)
		vhost_leave(p);
	return d;
}

/* Whether there were any. */
static inline bool faults_count(struct vhost_port *p, struct vhost_ring *r)
{
	if (likely(!r->faults))
		return false;
	counter_add(&p->faults, r->faults);
	r->faults = 0;
	return true;
}

uint16_t vhost_direct_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *p = (struct vhost_port *)port;
	struct vhost_direct *d = direct_enter(p);
	uint64_t refused = 0;
	uint16_t done = 0;

	p->starved = false;
	if (!d)
		return 0;
	if (likely(d->to_vm.descriptors)) {
		vhost_ring_call_late(&d->to_vm);
		done = vhost_ring_deliver(&d->to_vm, pkts, n, &refused);
		p->spoiled = (faults_count(p, &d->to_vm) || p->spoiled) && !done;
	}
	p->starved = done < n;
	vhost_leave(p);
	if (unlikely(refused))
		counter_add(&port->refused, refused);
	if (done)
		p->alarm_us = VHOST_ALARM_MIN_US;
	return done;
}

/* ---- from the VM ---- */

/* As vhost_kicks_set(). */
static void kicks_set(struct vhost_direct *d, bool wanted)
{
	for (unsigned pair = 0; pair < d->pairs; pair++)
		if (d->from_vm[pair].descriptors)
			vhost_ring_kicks(&d->from_vm[pair], wanted);
	if (!wanted && d->to_vm.descriptors)
		vhost_ring_kicks(&d->to_vm, false);
}

/* What a VM that came by migration says first, in its name: so that switches learn where it
 * is. Without a buffer for it, the next time. */
static uint16_t announce(struct vhost_port *p, struct rte_mbuf **pkts)
{
	uint64_t mac = atomic_exchange(&p->announce, 0);
	struct rte_ether_addr address;

	if (!mac)
		return 0;
	memcpy(&address, &mac, sizeof(address));
	pkts[0] = rte_net_make_rarp_packet(p->port.pool, &address);
	if (pkts[0])
		return 1;
	atomic_store(&p->announce, mac);
	return 0;
}

static uint16_t ring_receive(struct vhost_port *p, struct vhost_ring *r, struct rte_mbuf **pkts,
			     uint16_t n)
{
	uint64_t bad = 0;
	uint16_t got;

	if (unlikely(!r->descriptors))
		return 0;
	vhost_ring_call(r);
	if (!vhost_ring_waiting(r, 1)) {
		faults_count(p, r);
		return 0;
	}
	got = vhost_ring_receive(r, pkts, n, &bad);
	if (unlikely(bad))
		counter_add(&p->port.bad, bad);
	faults_count(p, r);
	return p->offload ? vhost_frames_check(&p->port, pkts, got, true) : got;
}

uint16_t vhost_direct_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *p = (struct vhost_port *)port;
	struct vhost_direct *d = direct_enter(p);
	unsigned changes;
	uint16_t got = 0;

	if (!d)
		return 0;
	/* New rings kick for every frame until told that nobody sleeps. */
	changes = atomic_load_explicit(&p->changes, memory_order_acquire);
	if (unlikely(changes != p->changes_quieted)) {
		p->changes_quieted = changes;
		kicks_set(d, false);
	}
	if (unlikely(atomic_load_explicit(&p->announce, memory_order_relaxed)) && n)
		got = announce(p, pkts);
	vhost_ring_call(&d->to_vm);
	/* Another pair is first each time, so that none starves the others. */
	for (unsigned i = 0; i < d->pairs && got < n; i++) {
		uint16_t pair = p->next_pair < d->pairs ? p->next_pair : 0;

		p->next_pair = (uint16_t)(pair + 1);
		got = (uint16_t)(got + ring_receive(p, &d->from_vm[pair], pkts + got,
						    (uint16_t)(n - got)));
	}
	vhost_leave(p);
	if (got)
		p->alarm_us = VHOST_ALARM_MIN_US;
	return got;
}

/* ---- to another VM ---- */

/* Whether there is something to be done before frames, which vhost_direct_receive() does. */
static bool is_new(const struct vhost_port *p)
{
	return atomic_load_explicit(&p->changes, memory_order_relaxed) != p->changes_quieted ||
	       atomic_load_explicit(&p->announce, memory_order_relaxed);
}

/* The heads of frames on the next pair that has any, which is the next pair then: none of it, if
 * they are not plain, and none of others before it. */
static uint16_t pairs_look(struct vhost_port *p, struct vhost_direct *d, struct vmport_head *heads,
			   uint16_t n)
{
	vhost_ring_call(&d->to_vm);
	for (unsigned i = 0; i < d->pairs; i++) {
		struct vhost_ring *r;

		if (p->next_pair >= d->pairs)
			p->next_pair = 0;
		r = &d->from_vm[p->next_pair];
		if (likely(r->descriptors)) {
			vhost_ring_call(r);
			if (vhost_ring_waiting(r, 1))
				return vhost_ring_heads(r, heads, n);
		}
		p->next_pair++;
	}
	return 0;
}

uint16_t vhost_direct_look(struct vmport *from, struct vmport *to, struct vmport_head *heads,
			   uint16_t n, bool *full)
{
	struct vhost_port *source = (struct vhost_port *)from, *p = (struct vhost_port *)to;
	struct vhost_direct *s = is_new(source) ? NULL : direct_enter(source), *d = direct_enter(p);
	uint16_t got = 0;

	*full = false;
	if (likely(s && d && d->to_vm.descriptors)) {
		uint16_t room = vhost_places_find(&d->to_vm, n, true);

		got = pairs_look(source, s, heads, RTE_MIN(n, room));
		*full = room < n && got == room;
	}
	if (d)
		vhost_leave(p);
	if (s)
		vhost_leave(source);
	return got;
}

uint16_t vhost_direct_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
			   uint16_t n)
{
	struct vhost_port *source = (struct vhost_port *)from, *p = (struct vhost_port *)to;
	struct vhost_direct *s = direct_enter(source), *d = direct_enter(p);
	uint16_t done = 0;

	if (likely(s && d && source->next_pair < s->pairs && d->to_vm.descriptors)) {
		vhost_ring_call_late(&d->to_vm);
		done = vhost_ring_pass(&s->from_vm[source->next_pair], &d->to_vm, heads, n);
	}
	if (d)
		vhost_leave(p);
	if (s)
		vhost_leave(source);
	if (done) {
		source->next_pair++;
		source->alarm_us = p->alarm_us = VHOST_ALARM_MIN_US;
	}
	return done;
}

/* ---- sleep ---- */

static void calls_make(struct vhost_direct *d)
{
	vhost_ring_call(&d->to_vm);
	for (unsigned pair = 0; pair < d->pairs; pair++)
		vhost_ring_call(&d->from_vm[pair]);
}

bool vhost_direct_arm(struct vhost_port *p)
{
	struct vhost_direct *d = direct_enter(p);
	bool waiting = false;

	if (!d)
		return false;
	kicks_set(d, true);
	calls_make(d);
	/* One that makes buffers without sense anew would kick for each: it waits for the alarm. */
	if (p->starved && !p->spoiled && d->to_vm.descriptors)
		vhost_ring_kicks(&d->to_vm, true);
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned pair = 0; pair < d->pairs && !waiting; pair++)
		waiting = d->from_vm[pair].descriptors && vhost_ring_look(&d->from_vm[pair]) > 0;
	waiting = waiting || atomic_load(&p->announce);
	vhost_leave(p);
	return waiting;
}

void vhost_direct_disarm(struct vhost_port *p)
{
	struct vhost_direct *d = direct_enter(p);

	if (!d)
		return;
	kicks_set(d, false);
	vhost_leave(p);
}
