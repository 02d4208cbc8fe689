/* SPDX-License-Identifier: BSD-2-Clause */
/* In a signal handler, while other threads may still run: counters are read as they are. */
#include "host/crash_sections.h"

#include "frame/pcapng.h"
#include "loader/crash.h"
#include "loader/crash_text.h"
#include "loader/crash_trace.h"
#include "host/ledger.h"
#include "host/machine.h"
#include "ndis/nbl_pool.h"
#include "ndis/object.h"
#include "ndis/resource.h"

#define MOST 100u   /* things of one kind that are named; the others are counted */

static struct {
	struct machine *machine;
	const struct ledger *read;
} now;

/* ---- captures ---- */

static void save_captures(int fd, void *context)
{
	unsigned lost = pcapng_save_all();

	(void)context;
	if (lost)
		crash_print(fd, "  %u could not be saved, and end before the crash\n", (uint64_t)lost);
	else
		crash_print(fd, "  saved up to the crash\n");
}

/* ---- ledgers ---- */

static void print_count(int fd, const char *name, uint64_t n)
{
	if (n)
		crash_print(fd, ", %s %u", name, n);
}

static void print_wire(int fd, const struct ledger *l)
{
	crash_print(fd, "  the wire (%s): from_nic %u, indicated %u, sent %u", l->wire.nic,
		    l->wire.from_nic, l->wire.indicated, l->wire.sent);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		print_count(fd, wire_drop_name((enum wire_drop)i), l->wire.drops[i]);
	crash_print(fd, "\n");
}

static void print_ports(int fd, const struct ledger *l)
{
	const struct vswitch_report *p = &l->ports;

	crash_print(fd, "  the ports: from_wire %u, from_vms %u, delivered %u, to_wire %u", p->from_wire,
		    p->from_vms, p->delivered, p->to_wire);
	print_count(fd, "copies", p->copies);
	print_count(fd, "consumed", p->consumed);
	print_count(fd, "on_the_way", p->on_the_way);
	for (unsigned i = 0; i < PORT_DROP_COUNT; i++)
		print_count(fd, port_drop_name((enum port_drop)i), p->drops[i]);
	crash_print(fd, "\n");
}

static void print_port(int fd, unsigned index)
{
	struct vswitch_port_report p;

	vswitch_port_report(index, &p);
	crash_print(fd, "  port %s: queue %u, delivered %u (%u bytes), from the VM %u (%u bytes)", p.name,
		    (uint64_t)p.queue, p.delivered, p.delivered_bytes, p.from_vm, p.from_vm_bytes);
	print_count(fd, "held", p.held);
	for (unsigned i = 0; i < PORT_DROP_COUNT; i++)
		print_count(fd, port_drop_name((enum port_drop)i), p.drops[i]);
	crash_print(fd, "\n");
}

static void print_ledgers(int fd, void *context)
{
	struct ledger l;

	(void)context;
	if (now.read)
		l = *now.read;
	else if (now.machine)
		ledger_totals(&l, machine_adapter(now.machine), machine_driver_file(now.machine));
	else
		ledger_ports(&l);
	if (now.read || now.machine)
		print_wire(fd, &l);
	print_ports(fd, &l);
	for (unsigned i = 0; i < l.ports.n_ports; i++)
		print_port(fd, i);
}

/* ---- what drivers held ---- */

struct printed {
	int fd;
	unsigned n;
};

static bool begins(struct printed *p)
{
	return p->n++ < MOST;
}

static void print_rest(const struct printed *p)
{
	if (p->n > MOST)
		crash_print(p->fd, "  and %u more\n", (uint64_t)p->n - MOST);
}

static void print_pool(const struct nbl_pool *pool, const char *what, unsigned out, void *context)
{
	struct printed *p = context;

	if (begins(p))
		crash_print(p->fd, "  %u %ss out of pool '%s' of %s\n", (uint64_t)out, what,
			    NBL_TAG(pool), pool->owner_name);
}

static void print_resource(const struct ndis_resource *r, void *context)
{
	struct printed *p = context;

	if (!begins(p))
		return;
	crash_print(p->fd, "  a %s, obtained in ", ndis_resource_name(r->kind));
	crash_address_print(p->fd, r->caller);
	crash_print(p->fd, "\n");
}

static void print_held(int fd, void *context)
{
	struct printed pools = { .fd = fd }, resources = { .fd = fd };

	(void)context;
	nbl_pools_peek(print_pool, &pools);
	print_rest(&pools);
	ndis_resource_peek(print_resource, &resources);
	print_rest(&resources);
	if (!pools.n && !resources.n)
		crash_print(fd, "  nothing\n");
}

/* ---- when ---- */

void crash_sections_begin(void)
{
	/* What would be lost comes first. */
	crash_add_section("captures", save_captures, NULL);
	crash_add_section("ledgers", print_ledgers, NULL);
	crash_add_section("what drivers held", print_held, NULL);
}

void crash_sections_ledger(struct machine *machine, const struct ledger *read)
{
	now.machine = machine;
	now.read = read;
}
