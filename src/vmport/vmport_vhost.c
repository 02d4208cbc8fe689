/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's virtio NIC by vhost-user: the worker's side. */
#include "vmport/vmport_vhost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vhost.h>

#include "base/log.h"
#include "vmport/vmport_signal.h"

#define BURST 32      /* librte_vhost moves no more in one call */

/* librte_vhost's looks into a ring (how many entries wait) read split rings
 * only; with packed ones a worker could sleep over a waiting frame. */
static uint64_t features_not_honoured(const struct vhost_port *p)
{
	return 1ull << VIRTIO_F_RING_PACKED | vhost_offload_not_offered(p);
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
	uint64_t guest = vhost_enter(p);
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
	vhost_leave(p);
	if (done)
		p->alarm_us = VHOST_ALARM_MIN_US;
	return done;
}

/* ---- from the VM ---- */

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
	return offload ? vhost_frames_check(port, pkts, got, true)
		       : vhost_frames_check(port, pkts, got, false);
}

static uint16_t port_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct vhost_port *p = (struct vhost_port *)port;
	uint64_t guest = vhost_enter(p);
	unsigned pairs = vhost_guest_pairs(guest);
	unsigned changes;
	uint16_t got = 0;

	if (!guest)
		return 0;
	/* New rings kick for every frame until told that nobody sleeps. */
	changes = atomic_load_explicit(&p->changes, memory_order_acquire);
	if (unlikely(changes != p->changes_quieted)) {
		p->changes_quieted = changes;
		vhost_kicks_set(guest, false);
	}
	/* Another pair is first each time, so that none starves the others. */
	for (unsigned i = 0; i < pairs && got < n; i++) {
		uint16_t pair = p->next_pair < pairs ? p->next_pair : 0;

		p->next_pair = pair + 1;
		got += ring_receive(port, vhost_guest_vid(guest), VHOST_RING_FROM_VM(pair),
				    pkts + got, RTE_MIN(n - got, BURST));
	}
	vhost_leave(p);
	if (got)
		p->alarm_us = VHOST_ALARM_MIN_US;
	return got;
}

/* ---- state ---- */

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

static uint64_t port_faults(const struct vmport *port)
{
	return counter_read(&((const struct vhost_port *)port)->faults);
}

/* ---- open and close ---- */

static const struct vmport_kind kind_direct;

static void port_init(struct vhost_port *p, const struct vmport_config *config)
{
	int ret = config->direct ? vmport_signal_start() : 0;

	asymmetric_fence_start();
	p->direct = config->direct && !ret;
	if (ret)
		log_warning(VMPORT_WHO "not in the direct mode: no asynchronous reads (%s)",
			    p->port.name, p->port.spec, strerror(-ret));
	vhost_offload_init(p, config->offload);
	pthread_mutex_init(&p->lock, NULL);
	for (int i = 0; i < VHOST_CONNECTIONS; i++)
		p->connections[i].vid = -1;
	for (int ring = 0; ring < VHOST_RINGS; ring++)
		p->kicks[ring] = -1;
	p->alarm_us = VHOST_ALARM_MIN_US;
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

	port_init(p, config);
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
	if (p->direct)
		p->port.kind = &kind_direct;
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

#define VHOST_KIND(opener, direct, ...) {                                      \
	.size = sizeof(struct vhost_port),                                     \
	.open = opener,                                                        \
	.close = port_close,                                                   \
	.is_up = port_is_up,                                                   \
	.offloads = port_offloads,                                             \
	.deliver = direct ## _deliver,                                         \
	.receive = direct ## _receive,                                         \
	.arm = vhost_arm,                                                      \
	.faults = port_faults,                                                 \
	__VA_ARGS__                                                            \
}

/* The first two are named in the list of kinds; a port is the third once it is open, where
 * we serve rings by ourselves. */
const struct vmport_kind vmport_vhost_server = VHOST_KIND(server_open, port);
const struct vmport_kind vmport_vhost_client = VHOST_KIND(client_open, port);
static const struct vmport_kind kind_direct = VHOST_KIND(NULL, vhost_direct,
	.look = vhost_direct_look, .pass = vhost_direct_pass);
