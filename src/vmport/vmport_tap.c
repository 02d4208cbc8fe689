/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tap device: the host's kernel is the VM. Plain read and write, a system call
 * a frame: this kind is for the host's own port and for tests, not for speed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"
#include "vmport/vmport_kind.h"

struct tap_port {
	struct vmport port;
	int fd;
	bool gone;                /* worker: the device was deleted */
	bool starved;             /* worker: the last deliver took too little */
	bool watching_room;       /* worker: EPOLLOUT is asked for */
	struct rte_mbuf *spare;   /* worker: the buffer of the next read */
};

static int attach_error(const struct vmport *port, const char *name, int code, struct error *err)
{
	switch (code) {
	case EPERM:
		return error_set(err, EPERM, VMPORT_WHO "not permitted; run with CAP_NET_ADMIN, or "
				 "let root make it for you: ip tuntap add dev %s mode tap user YOU",
				 port->name, port->spec, name);
	case EBUSY:
		return error_set(err, EADDRINUSE, VMPORT_WHO "another process holds that device; "
				 "stop it or choose another name", port->name, port->spec);
	case EINVAL:
		return error_set(err, EINVAL, VMPORT_WHO "'%s' exists and is no tap device of one "
				 "queue, or is no name for one; choose another name",
				 port->name, port->spec, name);
	default:
		return error_set(err, code, VMPORT_WHO "%s", port->name, port->spec,
				 strerror(code));
	}
}

static int tap_attach(struct tap_port *p, const char *name, struct error *err)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	/* The kernel would take a '%' for a pattern and cut a long name. */
	if (strlen(name) >= IFNAMSIZ || strpbrk(name, "%/ \t"))
		return error_set(err, EINVAL, VMPORT_WHO "a device name has 1 to %d characters and "
				 "no blank, '/' or '%%'", p->port.name, p->port.spec, IFNAMSIZ - 1);
	memcpy(request.ifr_name, name, strlen(name));
	p->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return error_set(err, ENODEV, VMPORT_WHO "/dev/net/tun: %s; load the module: "
				 "modprobe tun", p->port.name, p->port.spec, strerror(errno));
	if (p->fd < 0)
		return attach_error(&p->port, name, errno == EACCES ? EPERM : errno, err);
	if (ioctl(p->fd, TUNSETIFF, &request) < 0) {
		int code = errno;

		close(p->fd);
		return attach_error(&p->port, name, code, err);
	}
	return 0;
}

/* Gives the device our MTU and brings it up. A device that root made for an
 * ordinary user allows neither: then it stays as root left it. */
static void tap_configure(const struct tap_port *p, const char *name)
{
	struct ifreq request = { .ifr_mtu = p->port.mtu };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	memcpy(request.ifr_name, name, strlen(name));
	if (ioctl(fd, SIOCSIFMTU, &request) < 0)
		log_warning(VMPORT_WHO "its MTU cannot be set: %s; do it by hand: "
			    "ip link set %s mtu %u", p->port.name, p->port.spec,
			    strerror(errno), name, p->port.mtu);
	if (ioctl(fd, SIOCGIFFLAGS, &request) == 0 && !(request.ifr_flags & IFF_UP)) {
		request.ifr_flags |= IFF_UP;
		if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
			log_warning(VMPORT_WHO "it cannot be brought up: %s; do it by hand: "
				    "ip link set %s up", p->port.name, p->port.spec,
				    strerror(errno), name);
	}
	close(fd);
}

static int port_open(struct vmport *port, const char *argument,
		     const struct vmport_config *config, struct error *err)
{
	struct tap_port *p = (struct tap_port *)port;
	struct epoll_event event = { .events = EPOLLIN };
	int ret;

	(void)config;
	ret = tap_attach(p, argument, err);
	if (ret)
		return ret;
	/* An epoll set of one, so that the descriptor outlives the device. */
	port->descriptor = epoll_create1(EPOLL_CLOEXEC);
	if (port->descriptor < 0 ||
	    epoll_ctl(port->descriptor, EPOLL_CTL_ADD, p->fd, &event) < 0) {
		ret = error_set(err, errno, VMPORT_WHO "no descriptor: %s", port->name,
				port->spec, strerror(errno));
		goto fail;
	}
	tap_configure(p, argument);
	return 0;

fail:
	if (port->descriptor >= 0)
		close(port->descriptor);
	close(p->fd);
	return ret;
}

static void port_close(struct vmport *port)
{
	struct tap_port *p = (struct tap_port *)port;

	rte_pktmbuf_free(p->spare);
	close(port->descriptor);
	close(p->fd);
}

/* The kernel calls a tap writable while it is up, in whichever network namespace
 * it is now: a question by name would miss one that was moved. */
static bool port_is_up(const struct vmport *port)
{
	struct pollfd poll_fd = { .fd = ((const struct tap_port *)port)->fd, .events = POLLOUT };

	return poll(&poll_fd, 1, 0) == 1 && !(poll_fd.revents & (POLLERR | POLLHUP)) &&
	       (poll_fd.revents & POLLOUT);
}

/* A deleted device would be readable, with an error, for ever. */
static void tap_gone(struct tap_port *p)
{
	p->gone = true;
	epoll_ctl(p->port.descriptor, EPOLL_CTL_DEL, p->fd, NULL);
	log_error(VMPORT_WHO "the device was deleted; start again to have it back",
		  p->port.name, p->port.spec);
}

static uint16_t port_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tap_port *p = (struct tap_port *)port;
	uint16_t i;

	if (p->gone)
		return 0;
	for (i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (write(p->fd, rte_pktmbuf_mtod(m, void *), m->data_len) >= 0)
			continue;
		if (errno == EINVAL) {
			counter_add(&port->refused, 1);
			continue;
		}
		if (errno == EBADFD)
			tap_gone(p);
		break;   /* no room (EAGAIN, ENOBUFS), or down (EIO) */
	}
	p->starved = i < n;
	return i;
}

static uint16_t port_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tap_port *p = (struct tap_port *)port;
	uint16_t got = 0;

	if (p->gone)
		return 0;
	/* At most 'n' reads a call: bad frames must not hold the worker either. */
	for (uint16_t i = 0; i < n; i++) {
		char beyond;
		struct iovec parts[2] = { { .iov_len = port->max_frame }, { &beyond, 1 } };
		ssize_t length;

		if (!p->spare)
			p->spare = rte_pktmbuf_alloc(port->pool);
		if (!p->spare)
			break;
		parts[0].iov_base = rte_pktmbuf_mtod(p->spare, void *);
		/* A frame that reaches the second part is too long: the kernel
		 * would cut it silently at the end of the first. */
		length = readv(p->fd, parts, 2);
		if (length < 0) {
			if (errno == EBADFD)
				tap_gone(p);
			break;
		}
		if (!vmport_length_ok(port, (uint32_t)length)) {
			counter_add(&port->bad, 1);
			continue;
		}
		rte_pktmbuf_append(p->spare, (uint16_t)length);
		pkts[got++] = p->spare;
		p->spare = NULL;
	}
	return got;
}

/* The set is level-triggered: a frame that waits already ends the sleep at once,
 * so only the wish for room has to be told. */
static bool port_arm(struct vmport *port, bool sleep)
{
	struct tap_port *p = (struct tap_port *)port;
	bool room = sleep && p->starved;

	if (!p->gone && room != p->watching_room) {
		struct epoll_event event = { .events = EPOLLIN | (room ? EPOLLOUT : 0) };

		epoll_ctl(port->descriptor, EPOLL_CTL_MOD, p->fd, &event);
		p->watching_room = room;
	}
	return false;
}

const struct vmport_kind vmport_tap = {
	.size = sizeof(struct tap_port),
	.open = port_open,
	.close = port_close,
	.is_up = port_is_up,
	.deliver = port_deliver,
	.receive = port_receive,
	.arm = port_arm,
};
