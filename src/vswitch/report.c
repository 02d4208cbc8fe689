/* SPDX-License-Identifier: BSD-2-Clause */
/* The port ledger, added up from the counts of ports and processors. */
#include "vswitch/switch.h"

#include <stdio.h>

#include "policy/placement.h"

enum reason_number { NUMBER_NO, NUMBER_COUNT, NUMBER_STATUS };

static const struct {
	enum reason_number number;
	const char *text;
} reasons[] = {
#define X(name, number, text) { NUMBER_##number, text },
	VS_REASONS(X)
#undef X
};

/* One word: a reason is never read with the number of another. */
void vs_reason_set(struct vs_port *port, enum vs_reason reason, unsigned number)
{
	atomic_store(&port->reason, (uint64_t)reason << 32 | number);
}

bool vs_reason_text(const struct vs_port *port, char *text, size_t size)
{
	uint64_t reason = atomic_load(&port->reason);
	unsigned i = (unsigned)(reason >> 32), number = (unsigned)reason;

	if (reasons[i].number == NUMBER_NO)
		snprintf(text, size, "%s", reasons[i].text);
	else
		snprintf(text, size, reasons[i].number == NUMBER_COUNT ? "%s %u" : "%s 0x%08x",
			 reasons[i].text, number);
	return reasons[i].number == NUMBER_STATUS;
}

static uint64_t inboxes_put(const struct vs_port *port)
{
	uint64_t n = 0;

	for (unsigned p = 0; p <= vs_switch.n_processors; p++)
		n += counter_read(&port->inboxes[p].put);
	return n;
}

/* Frames between arriving at the port and being delivered or dropped. What was
 * let go is read first, so that a moving count is never below zero. */
static uint64_t waiting_at(const struct vs_port *port)
{
	uint64_t gone = counter_read(&port->held_out) + counter_read(&port->inbox_taken);

	return counter_read(&port->held_in) + inboxes_put(port) - gone;
}

/* NBLs of its own queue that it has not returned. */
static uint64_t held_of_queue(const struct vs_port *port)
{
	uint64_t gone = counter_read(&port->held_out);

	return counter_read(&port->held_in) - gone;
}

static uint64_t sends_outstanding(void)
{
	uint64_t completed = 0, sent = 0;

	for (unsigned p = 0; p <= MAX_PROCESSORS; p++)
		completed += counter_read(&vs_switch.processors[p].completed);
	for (unsigned p = 0; p <= MAX_PROCESSORS; p++)
		sent += counter_read(&vs_switch.processors[p].sent);
	return sent - completed;
}

static uint64_t on_the_way(void)
{
	uint64_t n = sends_outstanding();

	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		n += waiting_at(&vs_switch.ports[i]);
	return n;
}

/* What VMs were lent is delivered, but not yet the adapter's again. */
static uint64_t lent_by(const struct vs_port *port)
{
	uint64_t back = counter_read(&port->lent_back);

	return counter_read(&port->lent_out) - back;
}

/* Sends of the port that the adapter has. */
static uint64_t sends_of(const struct vs_port *port)
{
	uint64_t back = atomic_load(&port->send.back);

	return counter_read(&port->send.out) - back;
}

bool vswitch_is_empty(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		if (lent_by(&vs_switch.ports[i]))
			return false;
	return !on_the_way();
}

bool vswitch_is_quiet(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		if (!vmport_sent_all(vs_switch.ports[i].vm))
			return false;
	return !on_the_way();
}

void vswitch_port_report(unsigned index, struct vswitch_port_report *r)
{
	const struct vs_port *port = &vs_switch.ports[index];
	uint64_t bad = vmport_bad(port->vm), refused = vmport_refused(port->vm);

	*r = (struct vswitch_port_report){
		.name = port->name,
		.internal = port->internal,
		.up = vmport_is_up(port->vm),
		.macs = (const uint8_t (*)[6])port->macs,
		.n_macs = port->n_macs,
		.vlan = port->vlan,
		.processor = atomic_load(&port->processor),
		.queue = atomic_load(&port->queue),
		.leaving = atomic_load(&port->leaving),
		.per_queue = atomic_load(&port->per_queue),
		.dma_stopped = atomic_load(&port->dma_stopped),
		.of_queue = held_of_queue(port) + lent_by(port),
		.lent = lent_by(port),
		.faults = vmport_faults(port->vm),
		.delivered = counter_read(&port->delivered) - refused,
		.delivered_bytes = counter_read(&port->delivered_bytes),
		.from_vm = counter_read(&port->from_vm) + bad,
		.from_vm_bytes = counter_read(&port->from_vm_bytes),
		.held = waiting_at(port),
		.own_frames = atomic_load(&port->own_frames),
		.own_bytes = atomic_load(&port->own_bytes),
		.rate = atomic_load(&port->send.rate),
		.burst = atomic_load(&port->send.burst),
		.weight = atomic_load(&port->send.weight),
		.held_back = atomic_load(&port->send.held_back),
		.held_back_n = counter_read(&port->send.held_back_n),
		.sends_out = sends_of(port),
	};
	vs_reason_text(port, r->why, sizeof(r->why));
	for (unsigned i = 0; i < PORT_DROP_COUNT; i++)
		r->drops[i] = counter_read(&port->drops.by[i]);
	r->drops[PORT_DROP_BAD_FRAME] += bad;
	r->drops[PORT_DROP_TOO_LARGE] += refused;
	for (unsigned p = 0; p <= vs_switch.n_processors; p++)
		r->drops[PORT_DROP_PORT_FULL] += counter_read(&port->inboxes[p].full);
}

void vswitch_report(struct vswitch_report *r)
{
	*r = (struct vswitch_report){ .n_ports = vs_switch.n_ports };
	if (vs_switch.placement)
		r->placement = vs_switch.placement->name;
	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vswitch_port_report port;

		vswitch_port_report(i, &port);
		*(port.internal ? &r->consumed : &r->delivered) += port.delivered;
		r->from_vms += port.from_vm;
		for (unsigned d = 0; d < PORT_DROP_COUNT; d++)
			r->drops[d] += port.drops[d];
	}
	for (unsigned p = 0; p <= MAX_PROCESSORS; p++) {
		const struct vs_processor *c = &vs_switch.processors[p];

		r->from_wire += counter_read(&c->from_wire);
		r->copies += counter_read(&c->copies);
		r->to_wire += counter_read(&c->to_wire);
		for (unsigned d = 0; d < PORT_DROP_COUNT; d++)
			r->drops[d] += counter_read(&c->drops.by[d]);
	}
	r->on_the_way = on_the_way();
	r->default_frames = atomic_load(&vs_switch.default_frames);
	r->default_bytes = atomic_load(&vs_switch.default_bytes);
}
