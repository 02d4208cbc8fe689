/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inboxes of a port: a lane from each processor, and one from threads of none, with frames
 * that the switch owns. Frames of one lane stay in order. Where a move takes what follows to another
 * lane, what the lane before it has is recalled: it goes ahead of all else that is to come.
 */
#include "vswitch/switch.h"

#include <errno.h>
#include <stdlib.h>

int vs_inboxes_create(struct vs_port *port)
{
	NdisAllocateSpinLock(&port->outside);
	port->inboxes = calloc(vs_switch.n_processors + 1, sizeof(*port->inboxes));
	for (unsigned p = 0; port->inboxes && p <= vs_switch.n_processors; p++) {
		port->inboxes[p].ring = spsc_create(INBOX_SIZE);
		if (!port->inboxes[p].ring)
			return -ENOMEM;
	}
	if (!port->inboxes)
		return -ENOMEM;
	if (vs_switch.n_processors == 1)   /* nothing moves to where it is */
		return 0;
	port->ahead = spsc_create(INBOX_SIZE);
	return port->ahead ? 0 : -ENOMEM;
}

void vs_inboxes_destroy(struct vs_port *port)
{
	for (unsigned p = 0; port->inboxes && p <= vs_switch.n_processors; p++)
		spsc_destroy(port->inboxes[p].ring);
	spsc_destroy(port->ahead);
	free(port->inboxes);
	NdisFreeSpinLock(&port->outside);
}

/* ---- in ---- */

static unsigned put(struct vs_inbox *in, struct rte_mbuf **pkts, unsigned n)
{
	unsigned done = spsc_push(in->ring, (void *const *)pkts, n);

	if (done < n) {
		counter_add(&in->full, n - done);
		rte_pktmbuf_free_bulk(pkts + done, n - done);
	}
	counter_add(&in->put, done);
	return done;
}

void vs_port_give(struct vs_port *port, struct rte_mbuf **pkts, unsigned n)
{
	ULONG here = OvmqCurrentProcessor();
	unsigned owner, done;

	if (here < vs_switch.n_processors) {
		done = put(&port->inboxes[here], pkts, n);
	} else {
		/* A miniport may indicate from a thread of its own, or of a work item. */
		NdisAcquireSpinLock(&port->outside);
		done = put(&port->inboxes[vs_switch.n_processors], pkts, n);
		NdisReleaseSpinLock(&port->outside);
	}
	atomic_store_explicit(&port->mail, true, memory_order_release);
	owner = atomic_load_explicit(&port->processor, memory_order_relaxed);
	if (done && here != owner && owner != VS_MOVING)
		OvmqNotifyProcessor(owner);   /* one that moves is looked at where it arrives */
}

/* ---- out, the owner ---- */

static void drop(struct vs_port *port, struct rte_mbuf **pkts, unsigned n, enum port_drop why)
{
	counter_add(&port->drops.by[why], n);
	counter_add(&port->inbox_taken, n);
	rte_pktmbuf_free_bulk(pkts, n);
}

static void drop_waiting(struct vs_port *port, enum port_drop why)
{
	drop(port, port->waiting, port->n_waiting, why);
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
		vs_port_count_delivered(port, port->waiting, took);
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

/* Puts the next of a ring at the door, where nothing waits, and hands it to the VM. */
static unsigned deliver_next(struct vs_port *port, struct spsc *ring, unsigned *popped)
{
	*popped = port->n_waiting = spsc_pop(ring, (void **)port->waiting, BURST);
	return deliver_waiting(port);
}

/* 'mail' saves looking into every inbox in vain. It goes down before the look: what is put
 * there meanwhile raises it again. */
unsigned vs_inboxes_deliver(struct vs_port *port)
{
	unsigned sum = port->n_waiting ? deliver_waiting(port) : 0, popped;

	if (port->n_waiting || !atomic_load_explicit(&port->mail, memory_order_relaxed))
		return sum;
	atomic_exchange_explicit(&port->mail, false, memory_order_acquire);
	for (unsigned p = 0; p <= vs_switch.n_processors && !port->n_waiting; p++) {
		sum += deliver_next(port, port->inboxes[p].ring, &popped);
		if (popped == BURST)
			atomic_store_explicit(&port->mail, true, memory_order_relaxed);
	}
	if (port->n_waiting)
		atomic_store_explicit(&port->mail, true, memory_order_relaxed);
	return sum;
}

static void empty(struct vs_port *port, struct spsc *ring)
{
	while ((port->n_waiting = spsc_pop(ring, (void **)port->waiting, BURST)))
		drop_waiting(port, PORT_DROP_STOPPED);
}

void vs_inboxes_empty(struct vs_port *port)
{
	drop_waiting(port, PORT_DROP_STOPPED);
	if (port->ahead)
		empty(port, port->ahead);
	for (unsigned p = 0; p <= vs_switch.n_processors; p++)
		empty(port, port->inboxes[p].ring);
}

bool vs_inboxes_are_empty(const struct vs_port *port)
{
	for (unsigned p = 0; p <= vs_switch.n_processors; p++)
		if (!spsc_is_empty(port->inboxes[p].ring))
			return false;
	return true;
}

/* ---- a move (F13) ---- */

/* It goes behind what goes ahead already. A VM that takes nothing from one move to the next has no
 * more room there than on a lane. */
void vs_inboxes_bring_ahead(struct vs_port *port, unsigned lane)
{
	unsigned left = spsc_count(port->inboxes[lane].ring), n, done;
	struct rte_mbuf *pkts[BURST];

	for (; left; left -= n) {
		n = spsc_pop(port->inboxes[lane].ring, (void **)pkts, left < BURST ? left : BURST);
		done = spsc_push(port->ahead, (void *const *)pkts, n);
		if (done < n)
			drop(port, pkts + done, n - done, PORT_DROP_PORT_FULL);
	}
}

unsigned vs_inboxes_catch_up(struct vs_port *port)
{
	unsigned asked = atomic_load(&port->recalled), sum, popped = 1;

	if (asked) {
		vs_inboxes_bring_ahead(port, asked - 1);
		atomic_store(&port->recalled, 0);
	}
	sum = deliver_waiting(port);
	while (!port->n_waiting && popped)
		sum += deliver_next(port, port->ahead, &popped);
	if (!port->n_waiting) {
		atomic_store_explicit(&port->mail, true, memory_order_relaxed);
		atomic_store(&port->catching_up, false);
		if (atomic_load(&port->recalled))
			atomic_store(&port->catching_up, true);   /* asked for after the look above */
	}
	return sum + 1;
}

void vs_inboxes_recall(const struct vs_port *sender, unsigned lane)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vs_port *port = &vs_switch.ports[i];

		if (port == sender || spsc_is_empty(port->inboxes[lane].ring))
			continue;
		atomic_store(&port->recalled, lane + 1);
		atomic_store(&port->catching_up, true);
		OvmqNotifyProcessor(atomic_load(&port->processor));
	}
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		while (atomic_load(&vs_switch.ports[i].recalled))
			NdisMSleep(50);
}
