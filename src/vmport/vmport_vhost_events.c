/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests that come and go, as librte_vhost tells it.
 *
 * Its callbacks run on its own thread, and on whichever thread opens, closes or
 * reconnects a socket; each is idempotent, for one start of a guest flips every
 * ring on, off and on again, before the device itself is announced. They may be
 * called with the locks of all rings held, so nothing here may take one: of
 * librte_vhost only calls that take no lock are used.
 *
 * While a VM migrates here or away, two connections run at once. The one that
 * started last is the guest; when it goes, an older one that still runs is the
 * guest again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_vhost.h>

#include "base/log.h"
#include "vmport/vmport_vhost.h"
#include "vmport/vmport_vhost_ring.h"

/* Which port a vid belongs to. The lock is held for a look-up only: a port is
 * freed after librte_vhost has promised that no callback for it can come. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vhost_port *registry;
static struct vhost_port *port_by_vid[RTE_MAX_VHOST_DEVICE];

static struct vhost_port *port_find(const char *path)
{
	struct vhost_port *p = registry;

	while (p && strcmp(p->path, path))
		p = p->next;
	return p;
}

struct vhost_port *vhost_port_of(int vid)
{
	struct vhost_port *p;

	if (vid < 0 || vid >= RTE_MAX_VHOST_DEVICE)
		return NULL;
	pthread_mutex_lock(&registry_lock);
	p = port_by_vid[vid];
	pthread_mutex_unlock(&registry_lock);
	return p;
}

static void port_of_set(int vid, struct vhost_port *p)
{
	pthread_mutex_lock(&registry_lock);
	port_by_vid[vid] = p;
	pthread_mutex_unlock(&registry_lock);
}

int vhost_events_register(struct vhost_port *p)
{
	int ret = 0;

	pthread_mutex_lock(&registry_lock);
	if (port_find(p->path)) {
		ret = -EADDRINUSE;
	} else {
		p->next = registry;
		registry = p;
	}
	pthread_mutex_unlock(&registry_lock);
	return ret;
}

void vhost_descriptors_close(struct vhost_port *p)
{
	const int fds[] = { p->timer_fd, p->event_fd, p->port.descriptor };

	for (size_t i = 0; i < RTE_DIM(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int vhost_descriptors_open(struct vhost_port *p)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	p->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	p->port.descriptor = epoll_create1(EPOLL_CLOEXEC);
	if (p->event_fd < 0 || p->timer_fd < 0 || p->port.descriptor < 0 ||
	    epoll_ctl(p->port.descriptor, EPOLL_CTL_ADD, p->event_fd, &event) < 0 ||
	    epoll_ctl(p->port.descriptor, EPOLL_CTL_ADD, p->timer_fd, &event) < 0) {
		int code = errno;

		vhost_descriptors_close(p);
		return -code;
	}
	return 0;
}

static void kick_forget(struct vhost_port *p, int ring)
{
	if (p->kicks[ring] < 0)
		return;
	epoll_ctl(p->port.descriptor, EPOLL_CTL_DEL, p->kicks[ring], NULL);
	close(p->kicks[ring]);
	p->kicks[ring] = -1;
}

void vhost_events_unregister(struct vhost_port *p)
{
	struct vhost_port **link = &registry;

	pthread_mutex_lock(&registry_lock);
	while (*link && *link != p)
		link = &(*link)->next;
	if (*link)
		*link = p->next;
	/* An unregistered socket's connections end without destroy_connection(). */
	for (int vid = 0; vid < RTE_MAX_VHOST_DEVICE; vid++)
		if (port_by_vid[vid] == p)
			port_by_vid[vid] = NULL;
	pthread_mutex_unlock(&registry_lock);
	for (int ring = 0; ring < VHOST_RINGS; ring++)
		kick_forget(p, ring);
}

/*
 * Adds the ring's kick descriptor to what the worker sleeps on. A copy of it,
 * because librte_vhost closes its own at will, and a set keeps a closed
 * descriptor as long as the guest has it open too. Edge-triggered, because it is
 * then never read: what the guest sent us as an eventfd may be anything, even
 * something that blocks. False: there is nothing to wait for.
 */
static bool kick_watch(struct vhost_port *p, int vid, int ring)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct rte_vhost_vring vring;

	if (rte_vhost_get_vhost_vring(vid, (uint16_t)ring, &vring) < 0 || vring.kickfd < 0)
		return false;
	p->kicks[ring] = fcntl(vring.kickfd, F_DUPFD_CLOEXEC, 0);
	if (p->kicks[ring] < 0)
		return false;
	if (epoll_ctl(p->port.descriptor, EPOLL_CTL_ADD, p->kicks[ring], &event) < 0) {
		close(p->kicks[ring]);
		p->kicks[ring] = -1;
		return false;
	}
	return true;
}

struct vhost_connection *vhost_connection_of(struct vhost_port *p, int vid)
{
	for (int i = 0; i < VHOST_CONNECTIONS; i++)
		if (p->connections[i].vid == vid)
			return &p->connections[i];
	return NULL;
}

struct vhost_connection *vhost_connection_latest(struct vhost_port *p)
{
	struct vhost_connection *latest = NULL;

	for (int i = 0; i < VHOST_CONNECTIONS; i++)
		if (p->connections[i].vid >= 0 && p->connections[i].started &&
		    (!latest || p->connections[i].started > latest->started))
			latest = &p->connections[i];
	return latest;
}

/* Tells the worker what is true now, whatever it was told before. Under the lock. */
void vhost_guest_publish(struct vhost_port *p)
{
	struct vhost_connection *c = vhost_connection_latest(p);
	unsigned pairs = 0;
	bool silent = false;

	vhost_direct_take(p);
	for (int ring = 0; ring < VHOST_RINGS; ring++) {
		kick_forget(p, ring);
		if (!c || !c->enabled[ring])
			continue;
		if (ring & 1)
			pairs = (unsigned)ring / 2 + 1;
		if ((ring & 1 || ring == VHOST_RING_TO_VM) && !kick_watch(p, c->vid, ring))
			silent = true;
	}
	atomic_store(&p->silent, silent);
	atomic_store(&p->offloads, c ? c->offloads : 0);
	atomic_store(&p->guest, c ? vhost_guest(c->vid, pairs) : 0);
	if (p->direct && c && c->memory && !c->held)
		vhost_direct_give(p, c, pairs);
	atomic_fetch_add(&p->changes, 1);
	eventfd_write(p->event_fd, 1);
}

/* See vmport_vhost.h. The worker is inside for one burst; it can wait there for
 * no lock that this thread holds, so it comes out. Returning earlier would hand
 * it freed memory: an overlong wait is told, not cut short. */
void vhost_worker_await(struct vhost_port *p)
{
	const struct timespec pause = { .tv_nsec = 50000 };
	unsigned turn, waits = 0;

	asymmetric_fence_heavy();
	turn = atomic_load(&p->turn);
	if (!(turn & 1))
		return;
	while (atomic_load(&p->turn) == turn) {
		if (waits < 100)
			sched_yield();
		else
			nanosleep(&pause, NULL);
		if (++waits == 20000)
			log_warning(VMPORT_WHO "its worker has been stopped within a burst for a "
				    "second; the guest's memory cannot be released until it goes on",
				    p->port.name, p->port.spec);
	}
}

static int on_connect(int vid)
{
	struct vhost_connection *c = NULL;
	struct vhost_port *p;
	char path[PATH_MAX];

	if (vid < 0 || vid >= RTE_MAX_VHOST_DEVICE || rte_vhost_get_ifname(vid, path, sizeof(path)))
		return -1;
	pthread_mutex_lock(&registry_lock);
	p = port_find(path);
	pthread_mutex_unlock(&registry_lock);
	if (!p)
		return -1;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, -1);
	if (c) {
		memset(c, 0, sizeof(*c));
		c->vid = vid;
	}
	pthread_mutex_unlock(&p->lock);
	if (!c) {
		log_warning(VMPORT_WHO "a connection was refused: it has %d already",
			    p->port.name, p->port.spec, VHOST_CONNECTIONS);
		return -1;
	}
	port_of_set(vid, p);
	return p->direct ? rte_vhost_extern_callback_register(vid, &vhost_messages, NULL) : 0;
}

static int on_start(int vid)
{
	struct vhost_port *p = vhost_port_of(vid);
	struct vhost_connection *c;
	uint64_t features = 0;

	if (!p || rte_vhost_get_negotiated_features(vid, &features))
		return -1;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, vid);
	if (c) {
		c->offloads = p->offload ? vhost_offloads_of(features) : 0;
		c->started = ++p->starts;
		vhost_guest_publish(p);
	}
	pthread_mutex_unlock(&p->lock);
	if (!c)
		return -1;
	log_info(VMPORT_WHO "a guest is connected", p->port.name, p->port.spec);
	return 0;
}

static void on_stop(int vid)
{
	struct vhost_port *p = vhost_port_of(vid);
	struct vhost_connection *c;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, vid);
	if (c) {
		c->started = 0;
		vhost_guest_publish(p);
	}
	pthread_mutex_unlock(&p->lock);
	vhost_worker_await(p);
	log_info(VMPORT_WHO "a guest has gone", p->port.name, p->port.spec);
}

static int on_ring(int vid, uint16_t ring, int enable)
{
	struct vhost_port *p = vhost_port_of(vid);
	struct vhost_connection *c;

	if (!p || ring >= VHOST_RINGS)
		return 0;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, vid);
	if (c) {
		c->enabled[ring] = enable;
		/* Even when nothing changed: the ring may have a new descriptor. */
		if (c == vhost_connection_latest(p))
			vhost_guest_publish(p);
	}
	pthread_mutex_unlock(&p->lock);
	return 0;
}

static void on_disconnect(int vid)
{
	struct vhost_port *p = vhost_port_of(vid);
	struct vhost_connection *c;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	c = vhost_connection_of(p, vid);
	if (c)
		c->vid = -1;
	pthread_mutex_unlock(&p->lock);
	port_of_set(vid, NULL);
}

const struct rte_vhost_device_ops vhost_events = {
	.new_connection = on_connect,
	.new_device = on_start,
	.vring_state_changed = on_ring,
	.destroy_device = on_stop,
	.destroy_connection = on_disconnect,
};
