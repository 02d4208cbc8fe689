/* SPDX-License-Identifier: BSD-2-Clause */
/* A VM that takes every frame at once and sends none: it costs a measurement nothing. */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmport/vmport_kind.h"

static int port_open(struct vmport *port, const char *argument,
		     const struct vmport_config *config, struct error *err)
{
	(void)argument;
	(void)config;
	/* Never signalled: nothing comes of this VM, and it always has room. */
	port->descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (port->descriptor < 0)
		return error_set(err, errno, VMPORT_WHO "no descriptor: %s",
				 port->name, port->spec, strerror(errno));
	return 0;
}

static void port_close(struct vmport *port)
{
	close(port->descriptor);
}

static bool port_is_up(const struct vmport *port)
{
	(void)port;
	return true;
}

static uint16_t port_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	(void)pkts;
	return n;
}

static uint16_t port_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	(void)port;
	(void)pkts;
	(void)n;
	return 0;
}

static bool port_arm(struct vmport *port, bool sleep)
{
	(void)port;
	(void)sleep;
	return false;
}

const struct vmport_kind vmport_null = {
	.size = sizeof(struct vmport),
	.bare = true,
	.open = port_open,
	.close = port_close,
	.is_up = port_is_up,
	.deliver = port_deliver,
	.receive = port_receive,
	.arm = port_arm,
};
