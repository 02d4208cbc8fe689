/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's virtio NIC by vhost-user: the worker's side. */
#include "vmport/vmport_vhost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <rte_vhost.h>

#define BURST        32      /* librte_vhost moves no more in one call */
#define ALARM_MIN_US 1000
#define ALARM_MAX_US 32000

/* librte_vhost's looks into a ring (how many entries wait) read split rings
 * only; with packed ones a worker could sleep over a waiting frame. */
static uint64_t features_not_honoured(const struct vhost_port *p)
{
	return 1ull << VIRTIO_F_RING_PACKED | vhost_offload_not_offered(p);
}

static inline void turn_next(struct vhost_port *p, memory_order order)
{
	unsigned turn = atomic_load_explicit(&p->turn, memory_order_relaxed);

	atomic_store_explicit(&p->turn, turn + 1, order);
}

static inline void guest_leave(struct vhost_port *p)
{
	turn_next(p, memory_order_release);
}

/* The guest, if there is one; then guest_leave() must follow. 0: none. */
static inline uint64_t guest_enter(struct vhost_port *p)
{
	uint64_t guest;

	if (!atomic_load_explicit(&p->guest, memory_order_relaxed))
		return 0;
	/* The store must be seen before the guest is read: see vmport_vhost.h. */
	turn_next(p, memory_order_seq_cst);
	guest = atomic_load(&p->guest);
	if (!guest)
		guest_leave(p);
	return guest;
}

/* Whether kicks are wanted on the rings the guest sends on. */
static void kicks_set(uint64_t guest, bool wanted)
{
	int vid = vhost_guest_vid(guest);

	for (unsigned pair = 0; pair < vhost_guest_pairs(guest); pair++)
		rte_vhost_enable_guest_notification(vid, VHOST_RING_FROM_VM(pair), wanted);
}

/* ---- to the VM ---- */

enum verdict { TAKEN, NO_ROOM, UNFIT };

/*
 * What to do about a frame that the ring did not take. A guest that cannot join
 * buffers takes a frame into one of them or never: if there was a free buffer
 * and the frame still does not go in, waiting would not help. The look comes
 * before the second try, so that a buffer added in between is tried too.
 */
static enum verdict frame_retry(int vid, struct rte_mbuf *m)
{
	uint64_t features;

	if (rte_vhost_get_negotiated_features(vid, &features) || features & 1ull << VIRTIO_NET_F_MRG_RXBUF)
		return NO_ROOM;
	if (!rte_vhost_avail_entries(vid, VHOST_RING_TO_VM))
		return NO_ROOM;
	return rte_vhost_enqueue_burst(vid, VHOST_RING_TO_VM, &m, 1) ? TAKEN : UNFIT;
}

static uint16_t port_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *p = (struct vhost_port *)port;
	uint64_t guest = guest_enter(p);
	int vid = vhost_guest_vid(guest);
	uint16_t done = 0;

	p->starved = false;
	if (!guest)
		return 0;
	while (done < n) {
		uint16_t chunk = RTE_MIN(n - done, BURST);
		uint16_t took = rte_vhost_enqueue_burst(vid, VHOST_RING_TO_VM, pkts + done, chunk);
		enum verdict verdict;

		done += took;
		if (took == chunk)
			continue;
		verdict = frame_retry(vid, pkts[done]);
		if (verdict == NO_ROOM) {
			p->starved = true;
			break;
		}
		if (verdict == UNFIT)
			counter_add(&port->refused, 1);
		done++;
	}
	guest_leave(p);
	if (done)
		p->alarm_us = ALARM_MIN_US;
	return done;
}

/* ---- from the VM ---- */

/* Keeps the frames that may pass, in order, and returns how many. 'unfinished': offloads
 * are offered, so that some may be. */
static inline uint16_t frames_check(struct vmport *port, struct rte_mbuf **pkts, uint16_t n,
				    bool unfinished)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (unfinished && (m->ol_flags || m->nb_segs > 1)
			    ? vhost_offload_check((const struct vhost_port *)port, m)
			    : likely(m->nb_segs == 1 && vmport_length_ok(port, m->pkt_len))) {
			pkts[kept++] = m;
			continue;
		}
		rte_pktmbuf_free(m);
		counter_add(&port->bad, 1);
	}
	return kept;
}

/*
 * Up to 'n' frames of one ring. librte_vhost drops a frame that fits no buffer
 * of the pool without a word, at most one a call; the entries it used up, less
 * the frames it gave, tell. (More frames than entries: it made an announcement
 * in the guest's name, after a migration.)
 */
static uint16_t ring_receive(struct vmport *port, int vid, uint16_t ring,
			     struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t before = 0, after = 0, unused, got;
	bool offload = ((const struct vhost_port *)port)->offload;
	bool known = !rte_vhost_get_vring_base(vid, ring, &before, &unused);

	if (offload)
		n = vhost_offload_room((const struct vhost_port *)port, n);

	got = rte_vhost_dequeue_burst(vid, ring, port->pool, pkts, n);
	if (got < n && known && !rte_vhost_get_vring_base(vid, ring, &after, &unused) &&
	    (uint16_t)(after - before) == got + 1)
		counter_add(&port->bad, 1);
	return offload ? frames_check(port, pkts, got, true)
		       : frames_check(port, pkts, got, false);
}

static uint16_t port_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *p = (struct vhost_port *)port;
	uint64_t guest = guest_enter(p);
	unsigned pairs = vhost_guest_pairs(guest);
	unsigned changes;
	uint16_t got = 0;

	if (!guest)
		return 0;
	/* New rings kick for every frame until told that nobody sleeps. */
	changes = atomic_load_explicit(&p->changes, memory_order_acquire);
	if (unlikely(changes != p->changes_quieted)) {
		p->changes_quieted = changes;
		kicks_set(guest, false);
	}
	/* Another pair is first each time, so that none starves the others. */
	for (unsigned i = 0; i < pairs && got < n; i++) {
		uint16_t pair = p->next_pair < pairs ? p->next_pair : 0;

		p->next_pair = pair + 1;
		got += ring_receive(port, vhost_guest_vid(guest), VHOST_RING_FROM_VM(pair),
				    pkts + got, RTE_MIN(n - got, BURST));
	}
	guest_leave(p);
	if (got)
		p->alarm_us = ALARM_MIN_US;
	return got;
}

/* ---- sleep ---- */

/* Takes the signals that came until now off the descriptor. None is read: all
 * are edge-triggered. */
static void signals_drain(struct vhost_port *p)
{
	struct epoll_event events[16];

	while (epoll_wait(p->port.descriptor, events, 16, 0) == 16)
		;
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
	uint64_t guest = guest_enter(p);
	int vid = vhost_guest_vid(guest);
	bool waiting = false;

	if (!guest)
		return false;
	kicks_set(guest, true);
	if (p->starved)
		rte_vhost_enable_guest_notification(vid, VHOST_RING_TO_VM, 1);
	atomic_thread_fence(memory_order_seq_cst);
	for (unsigned pair = 0; pair < vhost_guest_pairs(guest) && !waiting; pair++)
		waiting = rte_vhost_rx_queue_count(vid, VHOST_RING_FROM_VM(pair)) > 0;
	guest_leave(p);
	return waiting;
}

static void guest_disarm(struct vhost_port *p)
{
	uint64_t guest = guest_enter(p);

	if (!guest)
		return;
	kicks_set(guest, false);
	rte_vhost_enable_guest_notification(vhost_guest_vid(guest), VHOST_RING_TO_VM, 0);
	guest_leave(p);
}

static bool port_arm(struct vmport *port, bool sleep)
{
	struct vhost_port *p = (struct vhost_port *)port;
	unsigned changes;

	if (!sleep) {
		if (p->armed)
			guest_disarm(p);
		p->armed = false;
		return false;
	}
	signals_drain(p);
	changes = atomic_load(&p->changes);
	if (changes != p->changes_armed) {
		p->changes_armed = changes;
		return true;
	}
	p->armed = true;
	if (guest_arm(p))
		return true;
	/* A guest kicks for room only when its ring was empty, not when a few
	 * entries are left that are too few for a frame; and a ring without a
	 * descriptor cannot kick at all. There time must do. */
	if (p->starved || atomic_load_explicit(&p->silent, memory_order_relaxed))
		alarm_set(p);
	p->starved = false;
	return false;
}

static unsigned port_offloads(const struct vmport *port)
{
	return atomic_load_explicit(&((const struct vhost_port *)port)->offloads,
				    memory_order_relaxed) % VHOST_OFFLOADS_SENT;
}

static bool port_is_up(const struct vmport *port)
{
	return atomic_load_explicit(&((const struct vhost_port *)port)->guest,
				    memory_order_relaxed) != 0;
}

/* ---- open and close ---- */

static void port_init(struct vhost_port *p, bool offload)
{
	vhost_offload_init(p, offload);
	pthread_mutex_init(&p->lock, NULL);
	for (int i = 0; i < VHOST_CONNECTIONS; i++)
		p->connections[i].vid = -1;
	for (int ring = 0; ring < VHOST_RINGS; ring++)
		p->kicks[ring] = -1;
	p->alarm_us = ALARM_MIN_US;
}

/*
 * Without offloads linear buffers: a guest's frame of megabytes must not empty the pool. With
 * them a frame may be a chain, which the pool, the VM's own, bounds; and a checksum that
 * librte_vhost finds no known transport for is finished by it (COMPLIANT_OL_FLAGS), where it
 * would otherwise forget what the guest asked for.
 */
static int driver_start(struct vhost_port *p, uint64_t flags, struct error *err)
{
	const struct vmport *port = &p->port;

	flags |= p->offload ? RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS
			    : RTE_VHOST_USER_LINEARBUF_SUPPORT;
	if (rte_vhost_driver_register(p->path, flags) < 0)
		return error_set(err, ENOMEM, VMPORT_WHO "librte_vhost takes no more sockets",
				 port->name, port->spec);
	if (rte_vhost_driver_callback_register(p->path, &vhost_events) < 0 ||
	    rte_vhost_driver_disable_features(p->path, features_not_honoured(p)) < 0 ||
	    rte_vhost_driver_start(p->path) < 0) {
		rte_vhost_driver_unregister(p->path);
		return error_set(err, EIO, VMPORT_WHO "librte_vhost cannot serve that socket; its "
				 "own message on standard error says why", port->name, port->spec);
	}
	return 0;
}

static int port_open(struct vhost_port *p, const char *path, const struct vmport_config *config,
		     uint64_t flags, struct error *err)
{
	const struct vmport *port = &p->port;
	int ret;

	port_init(p, config->offload);
	p->path = strdup(path);
	if (!p->path)
		return error_set(err, ENOMEM, VMPORT_WHO "no memory", port->name, port->spec);
	ret = vmport_socket_check(port, path, !(flags & RTE_VHOST_USER_CLIENT), err);
	if (ret)
		goto free_path;
	ret = vhost_descriptors_open(p);
	if (ret) {
		error_set(err, -ret, VMPORT_WHO "no descriptor: %s", port->name, port->spec,
			  strerror(-ret));
		goto free_path;
	}
	ret = vhost_events_register(p);
	if (ret) {
		error_set(err, -ret, VMPORT_WHO "another VM has that socket; each needs its own",
			  port->name, port->spec);
		goto close_descriptors;
	}
	ret = driver_start(p, flags, err);
	if (ret)
		goto unregister;
	return 0;

unregister:
	vhost_events_unregister(p);
close_descriptors:
	vhost_descriptors_close(p);
free_path:
	free(p->path);
	return ret;
}

static int server_open(struct vmport *port, const char *argument,
		       const struct vmport_config *config, struct error *err)
{
	return port_open((struct vhost_port *)port, argument, config, 0, err);
}

static int client_open(struct vmport *port, const char *argument,
		       const struct vmport_config *config, struct error *err)
{
	return port_open((struct vhost_port *)port, argument, config, RTE_VHOST_USER_CLIENT, err);
}

static void port_close(struct vmport *port)
{
	struct vhost_port *p = (struct vhost_port *)port;

	/* Ends the guests by their callbacks, and removes a socket of ours. */
	rte_vhost_driver_unregister(p->path);
	vhost_events_unregister(p);
	vhost_descriptors_close(p);
	pthread_mutex_destroy(&p->lock);
	free(p->path);
}

#define VHOST_KIND(opener) {                                                   \
	.size = sizeof(struct vhost_port),                                     \
	.open = opener,                                                        \
	.close = port_close,                                                   \
	.is_up = port_is_up,                                                   \
	.offloads = port_offloads,                                             \
	.deliver = port_deliver,                                               \
	.receive = port_receive,                                               \
	.arm = port_arm,                                                       \
}

const struct vmport_kind vmport_vhost_server = VHOST_KIND(server_open);
const struct vmport_kind vmport_vhost_client = VHOST_KIND(client_open);
