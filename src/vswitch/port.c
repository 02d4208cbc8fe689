/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port and its VM. Two lines lead to the VM: the NBLs of its own queue, which
 * are held until it takes them, and the inboxes (inbox.c).
 */
#include "vswitch/switch.h"

void vs_port_count_delivered(struct vs_port *port, struct rte_mbuf **pkts, unsigned n)
{
	uint64_t bytes = 0;

	for (unsigned i = 0; i < n; i++)
		bytes += pkts[i]->pkt_len;
	counter_add(&port->delivered, n);
	counter_add(&port->delivered_bytes, bytes);
}

/* ---- the port's own queue ---- */

/* Takes the first 'n' NBLs off what is held, for NdisReturnNetBufferLists. */
static NET_BUFFER_LIST *unhold(struct vs_port *port, unsigned n)
{
	NET_BUFFER_LIST *first = port->held.first, *last = first;

	if (n == port->held.n)
		last = port->held.last;
	else
		for (unsigned i = 1; i < n; i++)
			last = NET_BUFFER_LIST_NEXT_NBL(last);
	port->held.first = NET_BUFFER_LIST_NEXT_NBL(last);
	if (!port->held.first)
		port->held.last = NULL;
	port->held.n -= n;
	NET_BUFFER_LIST_NEXT_NBL(last) = NULL;
	return first;
}

static void return_held(struct vs_port *port, unsigned n)
{
	NdisReturnNetBufferLists(atomic_load_explicit(&vs_switch.binding, memory_order_relaxed),
				 unhold(port, n),
				 NDIS_RETURN_FLAGS_DISPATCH_LEVEL | NDIS_RETURN_FLAGS_SINGLE_QUEUE);
	counter_add(&port->held_out, n);   /* only now: who sees that nothing is held finds it returned */
}

/* All that is held goes back undelivered (G11). */
static void let_go(struct vs_port *port, enum port_drop why)
{
	counter_add(&port->drops.by[why], port->held.n);
	return_held(port, port->held.n);
}

static unsigned held_burst(const struct vs_port *port, struct rte_mbuf **pkts)
{
	unsigned n = 0;

	for (NET_BUFFER_LIST *nbl = port->held.first; nbl && n < BURST;
	     nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		pkts[n++] = frame_mbuf_of(nbl);
	return n;
}

unsigned vs_port_deliver_held(struct vs_port *port)
{
	unsigned sum = 0;

	if (atomic_load_explicit(&port->catching_up, memory_order_relaxed))
		return 0;
	while (port->held.n) {
		struct rte_mbuf *pkts[BURST];
		bool lend = false;
		unsigned n = port->lends ? vs_lend_run(port, pkts, &lend) : held_burst(port, pkts), took;

		took = lend ? vmport_lend(port->vm, pkts, (uint16_t)n)
			    : vmport_deliver(port->vm, pkts, (uint16_t)n);
		if (took) {
			vs_port_count_delivered(port, pkts, took);
			sum += took;
		}
		if (took && lend) {
			counter_add(&port->lent_out, took);
			unhold(port, took);
			counter_add(&port->held_out, took);
		} else if (took) {
			return_held(port, took);
		}
		if (took == n)
			continue;
		if (!vmport_is_up(port->vm))
			let_go(port, PORT_DROP_PORT_DOWN);
		break;   /* its ring is full: hold, the queue's buffers are the limit */
	}
	return sum;
}

void vs_port_deliver_first(struct vs_port *port, struct vs_chain c, struct rte_mbuf **pkts)
{
	unsigned took = vmport_deliver(port->vm, pkts, (uint16_t)c.n);

	port->held = c;
	counter_add(&port->held_in, c.n);
	if (took) {
		vs_port_count_delivered(port, pkts, took);
		return_held(port, took);
	}
	if (port->held.n && !vmport_is_up(port->vm))
		let_go(port, PORT_DROP_PORT_DOWN);
}

/* ---- the owner's round ---- */

/* Whether what the VM was lent goes back whether or not it gave it: it may have been stopped
 * at any moment (G11). */
static bool must_give_back(const struct vs_port *port)
{
	return atomic_load_explicit(&vs_switch.paused, memory_order_acquire) ||
	       atomic_load_explicit(&port->letting_go, memory_order_acquire);
}

static bool has_lent(const struct vs_port *port)
{
	return counter_read(&port->lent_out) != counter_read(&port->lent_back);
}

/* What the VM may send, and did. */
static unsigned take_sends(struct vs_port *port)
{
	bool limited = atomic_load_explicit(&port->send.limited, memory_order_relaxed);
	unsigned most = limited ? vs_send_may(port, BURST) : BURST, passed = 0, n = 0;
	struct rte_mbuf *pkts[BURST];
	uint64_t bytes = 0;
	bool all = !most;

	if (most)
		passed = vs_pass(port, most, &bytes, &all);
	if (!all && passed < most)
		n = vmport_receive(port->vm, pkts, (uint16_t)(most - passed));
	if (n)
		bytes += vs_from_vm(port, pkts, n);
	if (limited)
		vs_send_done(port, passed + n, bytes);
	return passed + n;
}

/* A VM with more to send than a burst gets more turns, where much has come from the wire. */
static unsigned take_sends_in_turns(struct vs_port *port)
{
	unsigned n = take_sends(port), sum = n, turns = 0;

	if (n == BURST) {
		struct vs_processor *here = vs_here();

		turns = send_turns(&here->turns, counter_read(&here->from_wire), &port->send.turns_asked);
	}
	for (; n == BURST && turns; turns--)
		sum += n = take_sends(port);
	return sum;
}

/* Guests come and go, and each takes something else. */
static void look_at_offloads(struct vs_port *port)
{
	unsigned now = vmport_offloads(port->vm);
	unsigned before = atomic_load_explicit(&port->vm_offloads, memory_order_relaxed);

	if (now == before)
		return;
	if (before & ~now)
		port->lost_offloads = true;
	atomic_store_explicit(&port->vm_offloads, now, memory_order_relaxed);
}

ULONG vs_port_poll(PVOID Context)
{
	struct vs_port *port = Context;
	unsigned work = 0;

	if (port->offload)
		look_at_offloads(port);
	if (atomic_load_explicit(&port->catching_up, memory_order_relaxed))
		work += vs_inboxes_catch_up(port);
	if (port->held.n) {
		if (atomic_load_explicit(&vs_switch.paused, memory_order_acquire))
			let_go(port, PORT_DROP_STOPPED);
		else
			work += vs_port_deliver_held(port);
		if (port->held.n && atomic_load_explicit(&port->letting_go, memory_order_acquire))
			let_go(port, PORT_DROP_QUEUE_FREED);
	}
	if (port->lends)
		work += vs_lent_return(port, must_give_back(port));
	if (!atomic_load_explicit(&port->catching_up, memory_order_relaxed))
		work += vs_inboxes_deliver(port);
	if (port->n_waiting && atomic_load_explicit(&vs_switch.paused, memory_order_acquire))
		vs_inboxes_empty(port);
	if (vs_takes_sends())
		work += take_sends_in_turns(port);
	return work;
}

BOOLEAN vs_port_arm(PVOID Context, BOOLEAN Sleep)
{
	struct vs_port *port = Context;
	bool work = vmport_arm(port->vm, Sleep) &&
		    (has_lent(port) ||
		     (vs_takes_sends() && !(Sleep && vs_send_waits(port))));

	return work || (Sleep && !vs_inboxes_are_empty(port));
}

struct rte_mbuf *vs_copy(const uint8_t *bytes, uint16_t length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(frame_pool_mempool(vs_switch.copies));
	char *data = m ? rte_pktmbuf_append(m, length) : NULL;

	if (data) {
		memcpy(data, bytes, length);
		return m;
	}
	rte_pktmbuf_free(m);
	vs_drop(PORT_DROP_NO_BUFFER, 1);
	return NULL;
}
