/* SPDX-License-Identifier: BSD-2-Clause */
/* Before a worker sleeps on a vhost-user port, and after. */
#include "vmport/vmport_vhost.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_vhost.h>

#define ALARM_MAX_US 32000

void vhost_kicks_set(uint64_t guest, bool wanted)
{
	int vid = vhost_guest_vid(guest);

	for (unsigned pair = 0; pair < vhost_guest_pairs(guest); pair++)
		rte_vhost_enable_guest_notification(vid, VHOST_RING_FROM_VM(pair), wanted);
	if (!wanted)
		rte_vhost_enable_guest_notification(vid, VHOST_RING_TO_VM, 0);
}

/* Takes the signals that came until now off the descriptor. None is read: all are
 * edge-triggered. What a guest signals meanwhile, again and again, may stay. */
static void signals_drain(struct vhost_port *p)
{
	struct epoll_event events[16];

	for (unsigned i = 0; i <= VHOST_RINGS / 16; i++)
		if (epoll_wait(p->port.descriptor, events, 16, 0) < 16)
			break;
}

static void alarm_set(struct vhost_port *p)
{
	struct itimerspec in = { .it_value.tv_nsec = (long)p->alarm_us * 1000 };

	timerfd_settime(p->timer_fd, 0, &in, NULL);
	p->alarm_us = RTE_MIN(p->alarm_us * 2, ALARM_MAX_US);
}

/* Asks every ring for a kick, then looks once more: what the guest sent before
 * it could know is found here, what it sends later kicks. */
static bool guest_arm(struct vhost_port *p)
{
	uint64_t guest = vhost_enter(p);
	int vid = vhost_guest_vid(guest);
	bool waiting = false;

	if (!guest)
		return false;
	vhost_kicks_set(guest, true);
	if (p->starved)
		rte_vhost_enable_guest_notification(vid, VHOST_RING_TO_VM, 1);
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned pair = 0; pair < vhost_guest_pairs(guest) && !waiting; pair++)
		waiting = rte_vhost_rx_queue_count(vid, VHOST_RING_FROM_VM(pair)) > 0;
	vhost_leave(p);
	return waiting;
}

static void guest_disarm(struct vhost_port *p)
{
	uint64_t guest = vhost_enter(p);

	if (!guest)
		return;
	vhost_kicks_set(guest, false);
	vhost_leave(p);
}

static void disarm(struct vhost_port *p)
{
	if (p->armed && p->direct)
		vhost_direct_disarm(p);
	else if (p->armed)
		guest_disarm(p);
	p->armed = false;
}

bool vhost_arm(struct vmport *port, bool sleep)
{
	struct vhost_port *p = (struct vhost_port *)port;
	unsigned changes;

	if (!sleep) {
		disarm(p);
		return false;
	}
	signals_drain(p);
	changes = atomic_load(&p->changes);
	if (changes != p->changes_armed) {
		p->changes_armed = changes;
		return true;
	}
	p->armed = true;
	if (p->direct ? vhost_direct_arm(p) : guest_arm(p))
		return true;
	/* A guest kicks for room only when its ring was empty, not when a few
	 * entries are left that are too few for a frame; and a ring without a
	 * descriptor cannot kick at all. There time must do. */
	if (p->starved || atomic_load_explicit(&p->silent, memory_order_relaxed))
		alarm_set(p);
	p->starved = false;
	return false;
}
