/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weights. What a VM may have out in the adapter is bounded where VMs have weights. A VM that
 * is at its bound says that the adapter does not keep up; from then on, and until enough
 * rounds have passed in which nobody was, VMs that want more take part in rounds (send_share.h).
 * The adapter may take nothing for long and then much at once: who comes first then gets no
 * more than its part.
 *
 * To wait costs the adapter nothing as long as it has sends of anybody. When it has none,
 * those who wait go on without who is late: its processor may have no time.
 */
#include "base/clock.h"
#include "vswitch/switch.h"

/* How long nobody sends while the adapter has nothing; and while it takes nothing. */
#define LATE_NS  1000000u
#define STUCK_NS 500000000u

static uint64_t round_now(void)
{
	return atomic_load_explicit(&vs_switch.round, memory_order_acquire);
}

static unsigned heaviest(void)
{
	return atomic_load_explicit(&vs_switch.heaviest, memory_order_relaxed);
}

static bool is_weighed(void)
{
	return atomic_load_explicit(&vs_switch.weighed, memory_order_relaxed);
}

static uint64_t sends_out(const struct vs_port *port)
{
	/* What the owner gave only it writes: never below what came back. */
	return counter_read(&port->send.out) - atomic_load(&port->send.back);
}

static unsigned weight_of(const struct vs_port *port)
{
	return port->send.in_force ? port->send.in_force : 1;
}

static unsigned bound_of(const struct vs_port *port)
{
	return send_share_bound(SEND_WINDOW, weight_of(port), heaviest());
}

/* Its bytes of one round; those of the heaviest of all VMs are SEND_ROUND frames. */
static unsigned part_of(const struct vs_port *port)
{
	unsigned most = atomic_load_explicit(&vs_switch.greatest, memory_order_relaxed);

	return send_share_part(SEND_ROUND * (vs_switch.mtu + 14u), weight_of(port), most);
}

/* ---- who takes part ---- */

/* A new round: whose VMs wait for it may be asleep. */
static void wake_waiting(void)
{
	unsigned here = OvmqCurrentProcessor();

	for (unsigned i = 0; i < vs_switch.n_processors; i++) {
		atomic_bool *waits = &vs_switch.processors[i].waits;

		if (i != here && atomic_load(waits) && atomic_exchange(waits, false))
			OvmqNotifyProcessor(i);
	}
}

static void share_lock(void)
{
	NdisDprAcquireSpinLock(&vs_switch.share_lock);
}

static void share_unlock(void)
{
	uint64_t round = vs_switch.share.round;
	bool moved = round != atomic_load_explicit(&vs_switch.round, memory_order_relaxed);

	if (moved)
		atomic_store(&vs_switch.round, round);
	NdisDprReleaseSpinLock(&vs_switch.share_lock);
	if (moved)
		wake_waiting();
}

static void join(struct vs_port *port, bool done)
{
	share_lock();
	send_share_join(&vs_switch.share, &port->send.part, weight_of(port), done);
	atomic_store(&vs_switch.heaviest, send_share_heaviest(&vs_switch.share));
	share_unlock();
}

static void leave(struct vs_port *port)
{
	if (!port->send.part.weight)
		return;
	share_lock();
	send_share_leave(&vs_switch.share, &port->send.part);
	atomic_store(&vs_switch.heaviest, send_share_heaviest(&vs_switch.share));
	share_unlock();
}

/* It has had its part of the round. */
static void done(struct vs_port *port)
{
	bool behind;

	share_lock();
	behind = send_share_is_behind(&port->send.part, vs_switch.share.round);
	if (!behind)
		send_share_done(&vs_switch.share, &port->send.part);
	share_unlock();
	if (behind)
		leave(port);
}

/* Whether VMs take their turns now. */
static bool is_pressed(uint64_t round)
{
	return round - atomic_load_explicit(&vs_switch.pressed, memory_order_relaxed) <= SEND_CALM;
}

static void press(uint64_t round)
{
	if (atomic_load_explicit(&vs_switch.pressed, memory_order_relaxed) != round)
		atomic_store_explicit(&vs_switch.pressed, round, memory_order_relaxed);
}

/* ---- to wait ---- */

static bool is_adapter_empty(void)
{
	for (unsigned i = 0; i < vs_switch.n_ports; i++)
		if (sends_out(&vs_switch.ports[i]))
			return false;
	return true;
}

static void go_on(uint64_t round)
{
	share_lock();
	if (vs_switch.share.round == round)
		send_share_go_on(&vs_switch.share);
	share_unlock();
}

/* It is done with the round and others are not; whether that is so no longer. */
static bool need_not_wait(struct vs_port *port, uint64_t round, uint64_t now)
{
	struct vs_send *s = &port->send;

	if (s->waits_for != round) {
		s->waits_for = round;
		s->waits_since = now;
		s->look_at = now + LATE_NS;
	}
	if (now >= s->look_at) {
		if (now - s->waits_since >= STUCK_NS || is_adapter_empty()) {
			go_on(round);
			return true;
		}
		s->look_at = now + LATE_NS;
	}
	atomic_store(&vs_here()->waits, true);
	vs_send_wake_at(s->look_at);
	return round_now() != round;
}

/* Whether it has something to send for now. */
static bool has_credit(struct vs_port *port, uint64_t now)
{
	struct send_part *p = &port->send.part;

	for (;;) {
		uint64_t round = round_now();

		if (p->weight && send_share_is_done(p, round)) {
			if (!need_not_wait(port, round, now))
				return false;
			continue;
		}
		send_share_pay(p, round, part_of(port));
		if (p->weight && send_share_is_behind(p, round))
			leave(port);
		if (p->credit > 0)
			return true;
		if (p->weight)
			done(port);
		else
			join(port, true);
	}
}

/* ---- the owner's round ---- */

unsigned vs_weight_may(struct vs_port *port, unsigned most, uint64_t now)
{
	struct vs_send *s = &port->send;
	uint64_t out, round, frames;
	unsigned bound;

	s->asked = 0;
	if (!is_weighed() || (s->part.weight && s->part.weight != weight_of(port)))
		leave(port);
	if (!is_weighed())
		return most;
	out = sends_out(port);
	round = round_now();
	bound = bound_of(port);
	if (out >= bound) {
		press(round);
		return 0;
	}
	if (bound - out < most)
		most = bound - (unsigned)out;
	if (!is_pressed(round)) {
		leave(port);
	} else {
		if (!has_credit(port, now))
			return 0;
		frames = (uint64_t)s->part.credit / (vs_switch.mtu + 14u) + 1;
		if (frames < most)
			most = (unsigned)frames;
	}
	s->asked = most;
	return most;
}

void vs_weight_may_not(struct vs_port *port)
{
	leave(port);
}

void vs_weight_charge(struct vs_port *port, const struct vs_chain *chain)
{
	struct vs_send *s = &port->send;

	for (NET_BUFFER_LIST *nbl = chain->first; nbl; nbl = NET_BUFFER_LIST_NEXT_NBL(nbl))
		s->charge += NET_BUFFER_DATA_LENGTH(NET_BUFFER_LIST_FIRST_NB(nbl));
	s->charged = chain->n;
}

void vs_weight_done(struct vs_port *port, unsigned n)
{
	struct vs_send *s = &port->send;
	/* It has more, and at least half of it is for the adapter. */
	bool wants = n && n == s->asked && 2 * s->charged >= n;

	if (s->asked && is_pressed(round_now())) {
		s->part.credit -= (int64_t)s->charge;
		if (!wants)
			leave(port);
		else if (!s->part.weight)
			join(port, s->part.credit <= 0);
		else if (s->part.credit <= 0 && !send_share_is_done(&s->part, round_now()))
			done(port);
	}
	s->charge = 0;
	s->charged = 0;
}

bool vs_weight_waits(const struct vs_port *port)
{
	const struct send_part *p = &port->send.part;

	if (!is_weighed())
		return false;
	return sends_out(port) >= bound_of(port) ||
	       (p->weight && send_share_is_done(p, atomic_load(&vs_switch.round)) &&
		is_pressed(round_now()));
}
