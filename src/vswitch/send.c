/* SPDX-License-Identifier: BSD-2-Clause */
#include "vswitch/send.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "vswitch/switch.h"

/* While the VM is held back and does not take what it is sent either, nobody may signal. */
#define LOOK_NS 1000000u

/* ---- the clock of a processor ---- */

static ULONG clock_poll(PVOID context)
{
	(void)context;
	return 0;
}

static void clock_set(const struct vs_processor *p, uint64_t at)
{
	const struct itimerspec when = { .it_value = { (time_t)(at / 1000000000u),
						       (long)(at % 1000000000u) } };

	timerfd_settime(p->clock, TFD_TIMER_ABSTIME, &when, NULL);
}

static BOOLEAN clock_arm(PVOID context, BOOLEAN sleep)
{
	struct vs_processor *p = context;

	if (!sleep) {
		if (p->clock_runs)
			clock_set(p, 0);
		p->clock_runs = false;
		p->wake_at = 0;   /* whoever is still held back says so again */
		return FALSE;
	}
	if (!p->wake_at)
		return FALSE;
	if (p->wake_at <= clock_ns())
		return TRUE;
	clock_set(p, p->wake_at);
	p->clock_runs = true;
	return FALSE;
}

static int clock_start(struct vs_processor *p, unsigned number)
{
	OVMQ_POLL_SOURCE s = { .Poll = clock_poll, .Arm = clock_arm, .Context = p };

	if (p->clock_poll)
		return 0;
	p->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (p->clock < 0)
		return -errno;
	s.Descriptor = p->clock;
	if (OvmqRegisterPoll(number, &s, &p->clock_poll) == NDIS_STATUS_SUCCESS)
		return 0;
	close(p->clock);
	return -ENOMEM;
}

void vs_send_end(void)
{
	for (unsigned i = 0; i < vs_switch.n_processors; i++) {
		struct vs_processor *p = &vs_switch.processors[i];

		if (!p->clock_poll)
			continue;
		OvmqDeregisterPoll(p->clock_poll);
		close(p->clock);
		p->clock_poll = NULL;
	}
}

void vs_send_wake_at(uint64_t at)
{
	struct vs_processor *here = vs_here();

	if (!here->wake_at || at < here->wake_at)
		here->wake_at = at;
}

void vs_send_back(struct vs_port *port, unsigned n)
{
	unsigned owner;

	atomic_fetch_add(&port->send.back, n);
	if (!atomic_load(&port->send.held_back))
		return;
	owner = atomic_load_explicit(&port->processor, memory_order_relaxed);
	if (owner != VS_MOVING && owner != OvmqCurrentProcessor())
		OvmqNotifyProcessor(owner);
}

/* ---- the owner's round ---- */

/* Takes over what control wants, once it is written wholly. */
static void take_over(struct vs_port *port, uint64_t now)
{
	struct vs_send *s = &port->send;
	unsigned version = atomic_load(&s->version);
	uint64_t rate = atomic_load(&s->rate), burst = atomic_load(&s->burst);
	unsigned weight = atomic_load(&s->weight);

	if (version & 1 || version != atomic_load(&s->version))
		return;
	if (rate != s->bucket.bits || (int64_t)burst * 8000000000ll != s->bucket.full)
		send_rate_set(&s->bucket, rate, burst, now);
	s->in_force = weight;
	s->taken = version;
}

static unsigned rate(struct vs_port *port, unsigned most, uint64_t now)
{
	struct vs_send *s = &port->send;
	unsigned n;

	if (atomic_load_explicit(&s->version, memory_order_relaxed) != s->taken)
		take_over(port, now);
	n = send_rate_may(&s->bucket, now, vs_switch.mtu + 14u, most);
	if (!n)
		vs_send_wake_at(send_rate_when(&s->bucket));
	return n;
}

unsigned vs_send_may(struct vs_port *port, unsigned most)
{
	struct vs_send *s = &port->send;
	uint64_t now = clock_ns();
	unsigned n = rate(port, most, now);

	if (n)
		n = vs_weight_may(port, n, now);
	else
		vs_weight_may_not(port);
	if (!n != atomic_load_explicit(&s->held_back, memory_order_relaxed)) {
		atomic_store(&s->held_back, !n);
		counter_add(&s->held_back_n, !n);
	}
	if (n)
		return n;
	if (port->held.n || port->n_waiting)
		vs_send_wake_at(now + LOOK_NS);
	return 0;
}

void vs_send_done(struct vs_port *port, unsigned n, uint64_t bytes)
{
	send_rate_charge(&port->send.bucket, bytes);
	vs_weight_done(port, n);
}

/* A completion that came before 'held_back' was set, or a round that began, is seen here; one
 * that comes later finds it, and wakes the worker. */
bool vs_send_waits(struct vs_port *port)
{
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load(&port->send.held_back) &&
	       (send_rate_may(&port->send.bucket, clock_ns(), vs_switch.mtu + 14u, 1) == 0 ||
		vs_weight_waits(port));
}

/* ---- control ---- */

static int clocks_start(struct error *err)
{
	for (unsigned i = 0; i < vs_switch.n_processors; i++) {
		int rc = clock_start(&vs_switch.processors[i], i);

		if (rc)
			return error_set(err, -rc, "no timer for what VMs may send on processor %u", i);
	}
	return 0;
}

/* Where one port has a weight, all have. A port that was once limited stays looked at. */
static void limits_apply(void)
{
	unsigned greatest = 0;
	bool weighed;

	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		unsigned weight = atomic_load(&vs_switch.ports[i].send.weight);

		if (weight > greatest)
			greatest = weight;
	}
	weighed = greatest != 0;
	atomic_store(&vs_switch.greatest, greatest);
	atomic_store(&vs_switch.weighed, weighed);
	for (unsigned i = 0; i < vs_switch.n_ports; i++) {
		struct vs_send *s = &vs_switch.ports[i].send;

		if (weighed || atomic_load(&s->rate))
			atomic_store(&s->limited, true);
	}
}

int vs_send_set(struct vs_port *port, uint64_t rate, uint64_t burst, unsigned weight,
		struct error *err)
{
	struct vs_send *s = &port->send;
	int rc = rate || weight ? clocks_start(err) : 0;

	if (rc)
		return rc;
	if (rate && !burst)
		burst = send_burst_default(rate, vs_switch.mtu + 14u);
	atomic_fetch_add(&s->version, 1);
	atomic_store(&s->rate, rate);
	atomic_store(&s->burst, rate ? burst : 0);
	atomic_store(&s->weight, weight);
	atomic_fetch_add(&s->version, 1);
	limits_apply();
	return 0;
}

int vswitch_port_set_send(unsigned port, uint64_t rate, uint64_t burst, unsigned weight,
			  struct error *err)
{
	struct vs_port *p = &vs_switch.ports[port];

	if (rate && (rate < SEND_RATE_MIN || rate > SEND_RATE_MAX))
		return error_set(err, EINVAL, "VM %s: a rate is 8K..400G bits per second", p->name);
	if (burst > SEND_BURST_MAX)
		return error_set(err, EINVAL, "VM %s: a burst is 1..256M bytes", p->name);
	if (weight > SEND_WEIGHT_MAX)
		return error_set(err, EINVAL, "VM %s: a weight is 1..%d", p->name, SEND_WEIGHT_MAX);
	return vs_send_set(p, rate, burst, weight, err);
}
