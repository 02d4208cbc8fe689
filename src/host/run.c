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
#include "host/complaints.h"
#include "config/config.h"
#include "control/control.h"
#include "host/control_device.h"
#include "host/control_driver.h"
#include "host/control_queue.h"
#include "host/control_worker.h"
#include "loader/crash.h"
#include "host/crash_sections.h"
#include "host/ledger.h"
#include "host/machine.h"
#include "host/report.h"
#include "kernel/kernel.h"
#include "player/player.h"

#define STEP_MS 50                 /* how often we look */
#define SETTLED_NS 500000000u      /* nothing moves for so long: no driver holds a frame */

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
	vswitch_report(&ports);
	wire.from_nic = ports.from_wire;
	if (!machine_driver_file(m))
		miniport_report(ndis_adapter_context(machine_adapter(m)), &wire);
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

/* What has moved so far, all counts together. */
static uint64_t movement(void)
{
	struct vswitch_report ports;
	struct player_report play;
	uint64_t sum;

	vswitch_report(&ports);
	sum = ports.from_wire + ports.from_vms + ports.copies + ports.delivered + ports.to_wire +
	      ports.consumed;
	for (unsigned i = 0; player_report(i, &play); i++)
		sum += play.sent + play.failed;
	return sum;
}

/* Whether our own miniport has come to its NIC's end, and passed on what it had. */
static bool nic_is_over(struct machine *m)
{
	struct miniport_report r;

	if (vswitch_link_is_up())
		return false;
	miniport_report(ndis_adapter_context(machine_adapter(m)), &r);
	for (unsigned i = 0; i < WIRE_DROP_COUNT; i++)
		r.from_nic -= r.drops[i];
	return r.from_nic == r.indicated && !r.sends_waiting;
}

struct watch {
	struct machine *m;
	struct control *control;     /* NULL: none */
	uint64_t moved, since;       /* the last movement, and when it was seen */
};

/* Whether it looks as if all that came had arrived: the NIC is at its end, captures have played, the
 * VMs have sent what they had, and nothing is under way. Where drivers that are not ours
 * may hold frames, nothing must have moved for a while. */
static bool seems_over(struct watch *w)
{
	bool loaded = machine_driver_file(w->m) != NULL;
	bool foreign = loaded || drivers_filtered(machine_drivers(w->m), machine_adapter(w->m));
	struct player_report play;
	uint64_t moved = movement();

	if (moved != w->moved || !w->since) {
		w->moved = moved;
		w->since = clock_ns();
	}
	/* Such a miniport has no end of its own: then the captures' end is it. */
	if (loaded && !player_report(0, &play))
		return false;
	if ((!loaded && !nic_is_over(w->m)) || !player_is_over() || !vswitch_is_quiet())
		return false;
	return !(foreign || player_report(0, &play)) || clock_ns() - w->since >= SETTLED_NS;
}

/* What a worker has in its hands is on no ring and in no count: until each has been through what
 * it had begun, and nothing has moved. */
static bool is_over(struct watch *w)
{
	uint64_t moved;

	if (!seems_over(w))
		return false;
	moved = w->moved;
	kernel_synchronize();
	return seems_over(w) && w->moved == moved;
}

static void wait_a_step(const struct watch *w)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000l };

	if (w->control)
		control_wait(w->control, STEP_MS);
	else
		nanosleep(&step, NULL);
}

static void watch(struct machine *m, struct control *control, const struct run_options *o)
{
	struct progress p = { .terminal = isatty(STDERR_FILENO), .started = clock_ns() };
	struct watch w = { .m = m, .control = control };
	uint64_t until = p.started + o->seconds * 1000000000ull;

	p.last = p.started;
	while (!stopped && !machine_has_lost_an_adapter(m) && !is_over(&w)) {
		if (o->seconds && clock_ns() >= until)
			break;
		wait_a_step(&w);
		if (!o->quiet)
			show_progress(&p, m);
	}
	end_progress(&p);
}

/* ---- the result ---- */

/* The ledger is read while the adapters are there, and told when they are gone: what
 * drivers left behind is part of it. */
static int conclude(struct machine *m, const struct run_options *o)
{
	struct ledger l;
	int status = EXIT_OK;

	machine_pause(m);
	if (ledger_read(&l, machine_adapter(m), machine_driver_file(m),
			drivers_filtered(machine_drivers(m), machine_adapter(m)))) {
		log_error("no memory for the result");
		machine_stop(m);
		return EXIT_FAILED;
	}
	crash_sections_ledger(NULL, &l);
	if (l.wire.failed) {
		log_error("%s", l.wire.end);
		status = EXIT_FAILED;
	}
	if (!ledger_balances(&l)) {
		log_error("the ledgers do not balance: this is a fault of vmq, please report it");
		status = EXIT_FAILED;
	}
	if (machine_remove(m))
		status = EXIT_FAILED;
	if (o->json)
		report_json(stdout, &l);
	else
		report_table(stdout, &l);
	fflush(stdout);
	crash_sections_ledger(NULL, NULL);
	ledger_free(&l);
	machine_stop(m);
	return status;
}

static int serve(struct machine *m, struct control **control, struct control_files *files,
		 const struct host_config *config, const struct run_options *o, struct error *err)
{
	static struct rpc workers, devices, drivers, queues;
	const char *path = o->control ? o->control : config->control;

	workers = (struct rpc){ control_worker_methods, NULL, NULL };
	devices = (struct rpc){ control_device_methods, files, &workers };
	drivers = (struct rpc){ control_driver_methods, machine_drivers(m), &devices };
	queues = (struct rpc){ control_queue_methods, m, &drivers };
	*control = NULL;
	return path ? control_open(control, path, &queues, err) : 0;
}

/* Before the first frame a crash must find the machine whose ledgers it tells. */
static int begin(struct machine *m, struct control **control, struct control_files *files,
		 const struct host_config *config, const struct run_options *o, struct error *err)
{
	int rc;

	crash_sections_ledger(m, NULL);
	rc = machine_begin(err);
	if (!rc)
		rc = serve(m, control, files, config, o, err);
	if (rc) {
		crash_sections_ledger(NULL, NULL);
		machine_stop(m);
	}
	return rc;
}

static int run_machine(const struct host_config *config, const struct run_options *o)
{
	unsigned errors = log_errors();
	struct control_files files = { { NULL } };
	struct error err = { "" };
	struct control *control;
	struct machine *m;
	int rc = machine_start(&m, config, &err);

	if (!rc)
		rc = begin(m, &control, &files, config, o, &err);
	if (rc) {
		/* A driver has told the cause itself: one line is enough. */
		log_write(log_errors() == errors ? LOG_ERROR : LOG_INFO, "%s", err.text);
		return EXIT_FAILED;
	}
	watch(m, control, o);
	control_close(control);
	control_files_close(&files);
	rc = conclude(m, o);
	/* A capture that is not complete, a queue that could not be freed: who only looks
	 * at the status must see it too. */
	return log_errors() == errors ? rc : EXIT_FAILED;
}

int run(const struct run_options *o)
{
	struct host_config *config;
	struct error err = { "" };
	int rc = config_read(&config, o->file, &err);

	if (rc) {
		fprintf(stderr, "vmq: %s\n", err.text);
		return EXIT_CONFIG;
	}
	catch_signals();
	complaints_listen();
	rc = crash_install(NULL, &err);
	if (rc)
		log_error("%s", err.text);
	crash_sections_begin();
	rc = rc ? EXIT_FAILED : run_machine(config, o);
	config_free(config);
	return rc;
}
