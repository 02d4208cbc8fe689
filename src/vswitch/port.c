/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port and its VM. Two lines lead to the VM: the NBLs of its own queue, which
 * are held until it takes them, and the inboxes, one from each processor, with
 * frames that the switch owns.
 */
#include "vswitch/switch.h"

static void count_delivered(struct vs_port *port, struct rte_mbuf **pkts, unsigned n)
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
	counter_add(&port->held_out, n);
	return first;
}

static void return_held(struct vs_port *port, unsigned n)
{
	NdisReturnNetBufferLists(atomic_load_explicit(&vs_switch.binding, memory_order_relaxed),
				 unhold(port, n),
				 NDIS_RETURN_FLAGS_DISPATCH_LEVEL | NDIS_RETURN_FLAGS_SINGLE_QUEUE);
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
			count_delivered(port, pkts, took);
			sum += took;
		}
		if (took && lend) {
			counter_add(&port->lent_out, took);
			unhold(port, took);
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
		count_delivered(port, pkts, took);
		return_held(port, took);
	}
	if (port->held.n && !vmport_is_up(port->vm))
		let_go(port, PORT_DROP_PORT_DOWN);
}

/* ---- the inboxes ---- */

static unsigned inbox_put(struct vs_inbox *in, struct rte_mbuf **pkts, unsigned n)
{
	unsigned put = spsc_push(in->ring, (void *const *)pkts, n);

	if (put < n) {
		counter_add(&in->full, n - put);
		rte_pktmbuf_free_bulk(pkts + put, n - put);
	}
	counter_add(&in->put, put);
	return put;
}

void vs_port_give(struct vs_port *port, struct rte_mbuf **pkts, unsigned n)
{
	ULONG here = OvmqCurrentProcessor();
	unsigned owner, put;

	if (here < vs_switch.n_processors) {
		put = inbox_put(&port->inboxes[here], pkts, n);
	} else {
		/* A miniport may indicate from a thread of its own, or of a work item. */
		NdisAcquireSpinLock(&port->outside);
		put = inbox_put(&port->inboxes[vs_switch.n_processors], pkts, n);
		NdisReleaseSpinLock(&port->outside);
	}
	atomic_store_explicit(&port->mail, true, memory_order_release);
	owner = atomic_load_explicit(&port->processor, memory_order_relaxed);
	if (put && here != owner && owner != VS_MOVING)
		OvmqNotifyProcessor(owner);   /* one that moves is looked at where it arrives */
}

static void drop_waiting(struct vs_port *port, enum port_drop why)
{
	counter_add(&port->drops.by[why], port->n_waiting);
	rte_pktmbuf_free_bulk(port->waiting, port->n_waiting);
	counter_add(&port->inbox_taken, port->n_waiting);
	port->n_waiting = 0;
}

/* Hands the VM what waits at the door; what it does not take goes on waiting. */
static unsigned deliver_waiting(struct vs_port *port)
{
	unsigned took;

	if (port->lost_offloads)
		vs_port_fit_waiting(port);
	if (!port->n_waiting)
		return 0;
	took = vmport_deliver(port->vm, port->waiting, (uint16_t)port->n_waiting);
	if (took) {
		count_delivered(port, port->waiting, took);
		frame_free_burst(port->waiting, took);
		counter_add(&port->inbox_taken, took);
		port->n_waiting -= took;
		memmove(port->waiting, port->waiting + took,
			port->n_waiting * sizeof(port->waiting[0]));
	}
	if (port->n_waiting && !vmport_is_up(port->vm))
		drop_waiting(port, PORT_DROP_PORT_DOWN);
	return took;
}

/* 'mail' saves looking into every inbox in vain. It goes down before the look: what is put
 * there meanwhile raises it again. */
static unsigned deliver_inboxes(struct vs_port *port)
{
	unsigned sum = port->n_waiting ? deliver_waiting(port) : 0;

	if (port->n_waiting || !atomic_load_explicit(&port->mail, memory_order_relaxed))
		return sum;
	atomic_exchange_explicit(&port->mail, false, memory_order_acquire);
	for (unsigned p = 0; p <= vs_switch.n_processors && !port->n_waiting; p++) {
		struct spsc *ring = port->inboxes[p].ring;

		port->n_waiting = spsc_pop(ring, (void **)port->waiting, BURST);
		if (port->n_waiting == BURST)
			atomic_store_explicit(&port->mail, true, memory_order_relaxed);
		sum += deliver_waiting(port);
	}
	if (port->n_waiting)
		atomic_store_explicit(&port->mail, true, memory_order_relaxed);
	return sum;
}

/* After a move: only what was on lane 'ahead' then, before all else. */
static unsigned catch_up(struct vs_port *port)
{
	unsigned sum = deliver_waiting(port);

	while (!port->n_waiting && port->ahead_left) {
		unsigned most = port->ahead_left < BURST ? port->ahead_left : BURST;

		port->n_waiting = spsc_pop(port->inboxes[port->ahead].ring, (void **)port->waiting,
					   most);
		port->ahead_left = port->n_waiting ? port->ahead_left - port->n_waiting : 0;
		sum += deliver_waiting(port);
	}
	if (!port->n_waiting) {
		atomic_store_explicit(&port->mail, true, memory_order_relaxed);
		atomic_store_explicit(&port->catching_up, false, memory_order_relaxed);
	}
	return sum + 1;
}

/* The switch pauses: what waits for a VM that does not take it is let go. */
static void empty_inboxes(struct vs_port *port)
{
	drop_waiting(port, PORT_DROP_STOPPED);
	for (unsigned p = 0; p <= vs_switch.n_processors; p++)
		while ((port->n_waiting = spsc_pop(port->inboxes[p].ring, (void **)port->waiting,
						   BURST)))
			drop_waiting(port, PORT_DROP_STOPPED);
}

static bool inboxes_are_empty(const struct vs_port *port)
{
	for (unsigned p = 0; p <= vs_switch.n_processors; p++)
		if (!spsc_is_empty(port->inboxes[p].ring))
			return false;
	return true;
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
		work += catch_up(port);
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
		work += deliver_inboxes(port);
	if (port->n_waiting && atomic_load_explicit(&vs_switch.paused, memory_order_acquire))
		empty_inboxes(port);
	if (vs_takes_sends())
		work += take_sends(port);
	return work;
}

BOOLEAN vs_port_arm(PVOID Context, BOOLEAN Sleep)
{
	struct vs_port *port = Context;
	bool work = vmport_arm(port->vm, Sleep) &&
		    (has_lent(port) ||
		     (vs_takes_sends() && !(Sleep && vs_send_waits(port))));

	return work || (Sleep && !inboxes_are_empty(port));
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
