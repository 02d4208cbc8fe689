/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From VM to VM in one copy. While all that a VM sends goes to one other, whose port is this
 * processor's too, its frames are decided on by their first bytes, where they wait, and go from
 * guest to guest. At the first that is to go elsewhere, or needs more than that, all go the way
 * of transmit.c again.
 */
#include "vswitch/switch.h"

/* So many looks in a row a VM's frames wait where they are for room in the other's ring; then they
 * are taken, and wait in its inbox or are dropped there. */
#define PATIENCE 64

void vs_passes_to(struct vs_port *port, struct vs_port *to)
{
	port->passes_to = to && vmport_passes(port->vm, to->vm) ? to : NULL;
}

/* Whether nothing that came before may wait for the VM: nobody is overtaken, and the room in its
 * ring is not taken from what has none. */
static bool is_free(const struct vs_port *to)
{
	ULONG here = OvmqCurrentProcessor();

	return atomic_load_explicit(&to->processor, memory_order_acquire) == here &&
	       !to->held.n && !to->n_waiting &&
	       !atomic_load_explicit(&to->mail, memory_order_relaxed) &&
	       !atomic_load_explicit(&to->catching_up, memory_order_relaxed) &&
	       spsc_is_empty(to->inboxes[here].ring);
}

/* How many frames wait, may be sent, and are for that VM, as far as it has room. */
static unsigned look(struct vs_port *port, struct vs_port *to, struct vmport_head *heads,
		     unsigned most, bool *all)
{
	struct vs_seen seen = { VS_NO_KEY, NULL };
	uint64_t own = VS_NO_KEY;
	bool full;
	unsigned n = vmport_look(port->vm, to->vm, heads, (uint16_t)most, &full), fit = 0;

	while (fit < n && heads[fit].length <= vs_switch.mtu + 14u &&
	       vs_header_refusal(port, heads[fit].bytes, &own) < 0 &&
	       vs_lookup_again(heads[fit].bytes, port->vlan, &seen) == to)
		fit++;
	port->full_looks = full && !n ? port->full_looks + 1 : 0;
	if (fit < n)
		port->passes_to = NULL;
	*all = n ? fit == n : full && port->full_looks < PATIENCE;
	return fit;
}

unsigned vs_pass(struct vs_port *port, unsigned most, uint64_t *bytes, bool *all)
{
	struct vs_port *to = port->passes_to;
	struct vmport_head heads[BURST];
	unsigned n, done;

	*bytes = 0;
	*all = false;
	if (!to || !is_free(to))
		return 0;
	n = look(port, to, heads, most, all);
	if (!n)
		return 0;
	done = vmport_pass(port->vm, to->vm, heads, (uint16_t)n);
	for (unsigned i = 0; i < done; i++)
		*bytes += heads[i].length;
	counter_add(&port->from_vm, done);
	counter_add(&port->from_vm_bytes, *bytes);
	counter_add(&to->delivered, done);
	counter_add(&to->delivered_bytes, *bytes);
	*all &= done == n;
	return done;
}
