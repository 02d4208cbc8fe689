/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/run.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "host/config.h"
#include "host/ledger.h"
#include "host/machine.h"
#include "host/report.h"

#define STEP_NS 50000000l    /* how often we look */

enum { EXIT_OK, EXIT_FAILED, EXIT_CONFIG };

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	stopped = number;
}

static void catch_signals(void)
{
	struct sigaction a = { .sa_handler = on_signal };

	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	/* What cannot be written is told where it is written. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

/* ---- progress ---- */

struct progress {
	bool shown, terminal;
	uint64_t started, last;
};

/* On a terminal one line that changes, ten times a second; elsewhere a line a
 * second. */
static void show_progress(struct progress *p, struct machine *m)
{
	uint64_t now = clock_ns(), every = p->terminal ? 100000000u : 1000000000u;
	struct miniport_report wire;
	struct vswitch_report ports;

	if (now - p->last < every)
		return;
	p->last = now;
	p->shown = true;
	miniport_report(ndis_adapter_context(machine_adapter(m)), &wire);
	vswitch_report(&ports);
	fprintf(stderr, "%s%6.1f s: %" PRIu64 " frames from the NIC, %" PRIu64 " from VMs, %" PRIu64
		" delivered, %" PRIu64 " sent%s", p->terminal ? "\r" : "",
		(double)(now - p->started) / 1e9, wire.from_nic, ports.from_vms,
		ports.delivered + ports.consumed, ports.to_wire, p->terminal ? "\033[K" : "\n");
}

static void end_progress(const struct progress *p)
{
	if (p->shown && p->terminal)
		fputc('\n', stderr);
}

/* ---- watching ---- */

/* Whether all that came has arrived: the NIC is at its end, the VMs have sent what
 * they had, and nothing is under way. */
static bool is_over(struct machine *m)
{
	struct miniport_report r;

	if (vswitch_link_is_up() || !vswitch_is_quiet())
		return false;
	miniport_report(ndis_adapter_context(machine_adapter(m)), &r);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		r.from_nic -= r.drops[i];
	return r.from_nic == r.indicated && !r.sends_waiting;
}

static void watch(struct machine *m, const struct run_options *o)
{
	const struct timespec step = { .tv_nsec = STEP_NS };
	struct progress p = { .terminal = isatty(STDERR_FILENO), .started = clock_ns() };
	uint64_t until = p.started + o->seconds * 1000000000ull;

	p.last = p.started;
	while (!stopped && !ndis_adapter_is_removed(machine_adapter(m)) && !is_over(m)) {
		if (o->seconds && clock_ns() >= until)
			break;
		nanosleep(&step, NULL);
		if (!o->quiet)
			show_progress(&p, m);
	}
	end_progress(&p);
}

/* ---- the result ---- */

static int conclude(struct machine *m, const struct run_options *o)
{
	struct ledger l;
	int status = EXIT_OK;

	machine_pause(m);
	if (ledger_read(&l, machine_adapter(m))) {
		log_error("no memory for the result");
		machine_stop(m);
		return EXIT_FAILED;
	}
	if (o->json)
		report_json(stdout, &l);
	else
		report_table(stdout, &l);
	fflush(stdout);
	if (l.wire.failed) {
		log_error("%s", l.wire.end);
		status = EXIT_FAILED;
	}
	if (!ledger_balances(&l)) {
		log_error("the ledgers do not balance: this is a fault of vmq, please report it");
		status = EXIT_FAILED;
	}
	ledger_free(&l);
	if (machine_stop(m))
		status = EXIT_FAILED;
	return status;
}

int run(const struct run_options *o)
{
	struct host_config *config;
	struct machine *m;
	struct error err = { "" };
	unsigned errors;
	int rc = config_read(&config, o->file, &err);

	if (rc) {
		fprintf(stderr, "vmq: %s\n", err.text);
		return EXIT_CONFIG;
	}
	catch_signals();
	errors = log_errors();
	rc = machine_start(&m, config, &err);
	if (rc) {
		/* A driver has told the cause itself: one line is enough. */
		log_write(log_errors() == errors ? LOG_ERROR : LOG_INFO, "%s", err.text);
		config_free(config);
		return EXIT_FAILED;
	}
	watch(m, o);
	rc = conclude(m, o);
	config_free(config);
	/* A capture that is not complete, a queue that could not be freed: who only looks
	 * at the status must see it too. */
	return log_errors() == errors ? rc : EXIT_FAILED;
}
