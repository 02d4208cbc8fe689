/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guests that come and go, one at a time, and who wakes whom. The server's half of
 * QEMU's ivshmem protocol: see include/guest/ovmq_region.h.
 */
#include "vmport/vmport_region.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "vmport/vmport_signal.h"

#define PROTOCOL_VERSION 0
#define HOST_ID          0
#define GUEST_ID         1

/* ---- opening ---- */

static int listen_on(struct region_port *p, const char *path, struct error *err)
{
	int ret = vmport_socket_check(&p->port, path, true, err);

	if (ret)
		return ret;
	p->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strcpy(p->address.sun_path, path);
	p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->listener >= 0 &&
	    !bind(p->listener, (struct sockaddr *)&p->address, sizeof(p->address))) {
		if (!listen(p->listener, 8))
			return 0;
		unlink(path);
	}
	ret = error_set(err, errno, VMPORT_WHO "cannot listen: %s", p->port.name, p->port.spec,
			strerror(errno));
	if (p->listener >= 0)
		close(p->listener);
	return ret;
}

static int watch(const struct region_port *p, int operation, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	return epoll_ctl(p->port.descriptor, operation, fd, &e);
}

/* The doorbell is never read: what a guest could do to the descriptor that it shares
 * with us could make a read wait. Edges tell as much. */
static int descriptors_open(struct region_port *p)
{
	int ret = vmport_signal_start();

	if (ret) {
		errno = -ret;
		return -1;
	}
	p->doorbell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->interrupt = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	p->port.descriptor = epoll_create1(EPOLL_CLOEXEC);
	if (p->doorbell < 0 || p->interrupt < 0 || p->port.descriptor < 0)
		return -1;
	return watch(p, EPOLL_CTL_ADD, p->listener, EPOLLIN) ||
	       watch(p, EPOLL_CTL_ADD, p->doorbell, EPOLLIN | EPOLLET) ? -1 : 0;
}

static void descriptors_close(struct region_port *p)
{
	const int all[] = { p->port.descriptor, p->interrupt, p->doorbell };

	for (unsigned i = 0; i < RTE_DIM(all); i++)
		if (all[i] >= 0)
			close(all[i]);
}

int region_guest_open(struct region_port *p, const char *path, struct error *err)
{
	int ret = listen_on(p, path, err);

	if (ret)
		return ret;
	p->port.descriptor = p->doorbell = p->interrupt = -1;
	if (!descriptors_open(p))
		return 0;
	ret = error_set(err, errno, VMPORT_WHO "no descriptor: %s", p->port.name, p->port.spec,
			strerror(errno));
	descriptors_close(p);
	close(p->listener);
	unlink(path);
	return ret;
}

void region_guest_close(struct region_port *p)
{
	if (p->guest >= 0)
		close(p->guest);
	descriptors_close(p);
	close(p->listener);
	unlink(p->address.sun_path);
}

/* ---- a guest comes, and goes ---- */

static bool say(int connection, int64_t number, int descriptor)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .room = { 0 } };
	struct iovec part = { &number, sizeof(number) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (descriptor >= 0) {
		struct cmsghdr *c;

		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &descriptor, sizeof(int));
	}
	return sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(number);
}

static bool greet(const struct region_port *p, int connection)
{
	return say(connection, PROTOCOL_VERSION, -1) && say(connection, GUEST_ID, -1) &&
	       say(connection, -1, p->memory) && say(connection, HOST_ID, p->doorbell) &&
	       say(connection, GUEST_ID, p->interrupt);
}

/* The next one waits at the listener until this one is gone. */
static void guest_comes(struct region_port *p)
{
	int connection = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (connection < 0)
		return;
	region_rings_reset(p);
	if (!greet(p, connection) ||
	    watch(p, EPOLL_CTL_ADD, connection, EPOLLIN | EPOLLRDHUP)) {
		close(connection);
		return;
	}
	watch(p, EPOLL_CTL_MOD, p->listener, 0);
	p->guest = connection;
	p->changed = true;
	p->complained = false;
	atomic_store(&p->up, true);
	log_info(VMPORT_WHO "the guest is here", p->port.name, p->port.spec);
}

static void guest_goes(struct region_port *p)
{
	atomic_store(&p->up, false);
	close(p->guest);
	p->guest = -1;
	p->changed = true;
	region_rings_reset(p);
	watch(p, EPOLL_CTL_MOD, p->listener, EPOLLIN);
	log_info(VMPORT_WHO "the guest is gone", p->port.name, p->port.spec);
}

/* Whether it closed its end; what it says meanwhile is nothing to us. */
static bool is_gone(int connection)
{
	char bytes[256];
	ssize_t n = recv(connection, bytes, sizeof(bytes), MSG_DONTWAIT);

	return !n || (n < 0 && errno != EAGAIN && errno != EINTR);
}

void region_guest_look(struct region_port *p)
{
	struct epoll_event events[4];
	int n = epoll_wait(p->port.descriptor, events, RTE_DIM(events), 0);

	p->rounds = 0;
	for (int i = 0; i < n; i++) {
		if (events[i].data.fd == p->listener && p->guest < 0)
			guest_comes(p);
		else if (events[i].data.fd == p->guest && is_gone(p->guest))
			guest_goes(p);
	}
}

/* ---- waking it ---- */

void region_guest_wake(struct region_port *p)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (__atomic_load_n(&p->header->guest_sleeps, __ATOMIC_RELAXED))
		vmport_signal(p->interrupt);
}

void region_guest_fault(struct region_port *p, const char *what)
{
	counter_add(&p->faults, 1);
	if (p->complained)
		return;
	p->complained = true;
	log_warning(VMPORT_WHO "the guest %s; this and the like is counted and ignored",
		    p->port.name, p->port.spec, what);
}
