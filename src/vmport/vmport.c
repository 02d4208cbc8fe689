/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmport/vmport.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmport/vmport_kind.h"

#define MTU_MIN 68
#define MTU_MAX 9600

static const struct {
	const char *prefix;   /* with its colon */
	const struct vmport_kind *kind;
} kinds[] = {
#define X(prefix, kind, argument) { prefix ":", &kind },
	VMPORT_KINDS(X)
#undef X
};

/* "vhost-user:PATH, tap:NAME, ..." without the last comma */
#define X(prefix, kind, argument) ", " prefix ":" argument
static const char kinds_help[] = "" VMPORT_KINDS(X);
#undef X

static const struct vmport_kind *kind_find(const char *spec, const char **argument)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t length = strlen(kinds[i].prefix);

		if (!strncmp(spec, kinds[i].prefix, length)) {
			*argument = spec + length;
			return kinds[i].kind;
		}
	}
	return NULL;
}

static int config_check(const struct vmport_config *c, const struct vmport_kind *kind,
			const char *argument, struct error *err)
{
	unsigned room, need = c->mtu + VMPORT_OVERHEAD;

	if (!kind)
		return error_set(err, EINVAL, VMPORT_WHO "no such kind of port; write one of %s",
				 c->name, c->spec, kinds_help + 2);
	if (kind->bare && *argument)
		return error_set(err, EINVAL, VMPORT_WHO "nothing may follow the colon; write null:",
				 c->name, c->spec);
	if (!kind->bare && !*argument)
		return error_set(err, EINVAL,
				 VMPORT_WHO "nothing follows the colon; write one of %s",
				 c->name, c->spec, kinds_help + 2);
	if (c->mtu < MTU_MIN || c->mtu > MTU_MAX)
		return error_set(err, EINVAL, VMPORT_WHO "the MTU is %u; it must be %d to %d",
				 c->name, c->spec, c->mtu, MTU_MIN, MTU_MAX);
	if (c->sends && kind != &vmport_capture)
		return error_set(err, EINVAL, VMPORT_WHO "'sends' works with a pcap port only; "
				 "remove it, or use port pcap:FILE", c->name, c->spec);
	room = rte_pktmbuf_data_room_size(c->pool);
	room = room > RTE_PKTMBUF_HEADROOM ? room - RTE_PKTMBUF_HEADROOM : 0;
	if (room < need)
		return error_set(err, EINVAL, VMPORT_WHO "its buffers hold %u bytes, but an MTU of "
				 "%u needs %u; make the buffers larger or the MTU smaller",
				 c->name, c->spec, room, c->mtu, need);
	return 0;
}

/* Whole cache lines: kinds keep apart what different threads write. */
static struct vmport *port_create(const struct vmport_config *config,
				  const struct vmport_kind *kind)
{
	size_t bytes = RTE_ALIGN_CEIL(kind->size, (size_t)RTE_CACHE_LINE_SIZE);
	struct vmport *port = aligned_alloc(RTE_CACHE_LINE_SIZE, bytes);

	if (!port)
		return NULL;
	memset(port, 0, bytes);
	port->kind = kind;
	port->pool = config->pool;
	port->mtu = config->mtu;
	port->max_frame = config->mtu + VMPORT_OVERHEAD;
	port->descriptor = -1;
	port->name = strdup(config->name);
	port->spec = strdup(config->spec);
	return port;
}

static void port_free(struct vmport *port)
{
	free(port->spec);
	free(port->name);
	free(port);
}

int vmport_open(struct vmport **port, const struct vmport_config *config, struct error *err)
{
	const char *argument = "";
	const struct vmport_kind *kind;
	struct vmport *p;
	int ret;

	assert(config->name && config->spec && config->pool);
	*port = NULL;
	kind = kind_find(config->spec, &argument);
	ret = config_check(config, kind, argument, err);
	if (ret)
		return ret;
	p = port_create(config, kind);
	if (!p || !p->name || !p->spec) {
		ret = error_set(err, ENOMEM, VMPORT_WHO "no memory", config->name, config->spec);
		goto fail;
	}
	ret = kind->open(p, argument, config, err);
	if (ret)
		goto fail;
	*port = p;
	return 0;

fail:
	if (p)
		port_free(p);
	return ret;
}

void vmport_close(struct vmport *port)
{
	if (!port)
		return;
	port->kind->close(port);
	port_free(port);
}

bool vmport_is_up(const struct vmport *port)
{
	return port->kind->is_up(port);
}

unsigned vmport_offloads(const struct vmport *port)
{
	return port->kind->offloads ? port->kind->offloads(port) : 0;
}

uint16_t vmport_deliver(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	return port->kind->deliver(port, pkts, n);
}

uint16_t vmport_receive(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	return port->kind->receive(port, pkts, n);
}

bool vmport_passes(const struct vmport *from, const struct vmport *to)
{
	return from->kind->pass && from->kind->pass == to->kind->pass;
}

uint16_t vmport_look(struct vmport *from, struct vmport *to, struct vmport_head *heads, uint16_t n,
		     bool *full)
{
	return from->kind->look(from, to, heads, n, full);
}

uint16_t vmport_pass(struct vmport *from, struct vmport *to, const struct vmport_head *heads,
		     uint16_t n)
{
	return from->kind->pass(from, to, heads, n);
}

uint64_t vmport_bad(const struct vmport *port)
{
	return counter_read(&port->bad);
}

uint64_t vmport_refused(const struct vmport *port)
{
	return counter_read(&port->refused);
}

int vmport_descriptor(const struct vmport *port)
{
	return port->descriptor;
}

bool vmport_arm(struct vmport *port, bool sleep)
{
	return port->kind->arm(port, sleep);
}

bool vmport_sent_all(const struct vmport *port)
{
	return !port->kind->sent_all || port->kind->sent_all(port);
}

bool vmport_has_memory(const struct vmport *port)
{
	return port->kind->lend;
}

int vmport_memory_take(struct vmport *port, size_t length, void **address)
{
	return port->kind->memory_take(port, length, address);
}

void vmport_memory_give(struct vmport *port, void *address)
{
	port->kind->memory_give(port, address);
}

bool vmport_can_lend(const struct vmport *port, const struct rte_mbuf *m)
{
	return port->kind->can_lend(port, m);
}

uint16_t vmport_lend(struct vmport *port, struct rte_mbuf **pkts, uint16_t n)
{
	return port->kind->lend(port, pkts, n);
}

uint16_t vmport_reclaim(struct vmport *port, struct rte_mbuf **pkts, uint16_t n, bool all)
{
	return port->kind->reclaim(port, pkts, n, all);
}

uint64_t vmport_faults(const struct vmport *port)
{
	return port->kind->faults ? port->kind->faults(port) : 0;
}
