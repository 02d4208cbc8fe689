/* SPDX-License-Identifier: BSD-2-Clause */
#include "commands.h"

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "arguments.h"
#include "first.h"
#include "orders.h"
#include "report.h"

#define LIMIT_MS   2000u
#define LONGEST_MS 3600000u

/* Reads the word at 'at' as milliseconds, which are seconds then. */
static int milliseconds(const struct arguments *a, unsigned at, double *seconds)
{
	uint64_t ms;

	*seconds = 0;
	if (arguments_number(a->words[at + 1], 1, LONGEST_MS, &ms))
		return order_refused(a->words[at + 1], " is no number of milliseconds");
	*seconds = (double)ms / 1e3;
	return 0;
}

static struct guest *guest_of(struct world *w, const char *name)
{
	struct guest *g = world_find(w, name);

	if (!g)
		order_refused("there is no port called ", name);
	return g;
}

static void run_stop(struct world *w, const struct arguments *a)
{
	for (unsigned i = 0; i < w->n_guests; i++) {
		order_close(&w->guests[i], a);
		order_silent(&w->guests[i], a);
	}
	report_ok();
}

static void run_reset(struct world *w, const struct arguments *a)
{
	(void)a;
	world_reset(w);
	report_ok();
}

static void run_totals(struct world *w, const struct arguments *a)
{
	(void)a;
	report_answer(report_totals(w, NULL));
}

/* 'timed': of whose frames the latency is told; NULL: nobody's. */
static void measure(struct world *w, const struct arguments *a, struct guest *timed, double seconds)
{
	bool cut = a->given & ARGUMENT_BIT(windows);
	struct windows s;
	json_t *answer;

	if (windows_init(&s, cut ? (unsigned)a->numbers[ARGUMENT_windows] : 1, timed)) {
		order_refused("no memory", "");
		return;
	}
	world_reset(w);
	if (timed)
		timed->inspect.timed = true;
	windows_run(&s, w, timed, seconds);
	if (timed)
		timed->inspect.timed = false;
	answer = report_totals(w, timed);
	if (cut)
		json_object_set_new(answer, "windows", report_windows(&s));
	report_answer(answer);
	windows_fini(&s);
}

static void run_measure(struct world *w, const struct arguments *a)
{
	double seconds;

	if (!milliseconds(a, 0, &seconds))
		measure(w, a, NULL, seconds);
}

static void run_latency(struct world *w, const struct arguments *a)
{
	struct guest *g = guest_of(w, a->words[1]);
	double seconds;

	if (g && !milliseconds(a, 1, &seconds))
		measure(w, a, g, seconds);
}

static uint64_t arrived(const struct world *w)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < w->n_guests; i++) {
		const struct inspect_counts *c = &w->guests[i].inspect.counts;

		sum += c->frames + c->bad + c->foreign + c->unknown;
	}
	return sum;
}

static void run_settle(struct world *w, const struct arguments *a)
{
	uint64_t ms = a->given & ARGUMENT_BIT(limit) ? a->numbers[ARGUMENT_limit] : LIMIT_MS;
	double quiet, hz = (double)rte_get_tsc_hz();
	uint64_t now, end, last, seen;

	if (milliseconds(a, 0, &quiet))
		return;
	now = last = rte_rdtsc();
	end = now + (uint64_t)((double)ms / 1e3 * hz);
	seen = arrived(w);
	w->ended = now;
	while (now < end && (double)(now - last) < quiet * hz) {
		world_round(w);
		now = w->ended;
		if (arrived(w) != seen) {
			seen = arrived(w);
			last = now;
		}
	}
	report_answer(json_pack("{s:b}", "quiet", (double)(now - last) >= quiet * hz));
}

static void run_first(struct world *w, const struct arguments *a)
{
	struct first f = { .to = guest_of(w, a->words[1]), .count = 100 };
	struct arguments shape = *a;
	unsigned lost;
	json_t *answer;

	if (!f.to)
		return;
	if (!(a->given & ARGUMENT_BIT(gap)) || !(a->given & ARGUMENT_BIT(from))) {
		order_refused("first needs from=PORT and gap=", "MS");
		return;
	}
	/* 'from' is a port here. */
	shape.given &= ~ARGUMENT_BIT(from);
	f.from = guest_of(w, a->from);
	if (!f.from || order_shape(f.from, &shape))
		return;
	f.gap = (double)a->numbers[ARGUMENT_gap] / 1e3;
	if (a->given & ARGUMENT_BIT(count))
		f.count = (unsigned)a->numbers[ARGUMENT_count];
	for (unsigned i = 0; i < w->n_guests; i++) {
		order_close(&w->guests[i], a);
		order_silent(&w->guests[i], a);
	}
	lost = first_run(w, &f);
	answer = report_histogram(f.to->inspect.latency);
	json_object_set_new(answer, "lost", json_integer(lost));
	report_answer(json_pack("{s:o}", "first", answer));
}

static void run_quit(struct world *w, const struct arguments *a)
{
	(void)a;
	w->quit = true;
	report_ok();
}

static const struct {
	const char *name;
	unsigned words;                  /* after the name */
	unsigned keys;                   /* that it knows; what it needs it sees for itself */
	/* One of these: for each port that the first word means, or for itself. */
	int (*order)(struct guest *g, const struct arguments *a);
	void (*run)(struct world *w, const struct arguments *a);
} commands[] = {
	{ "receive", 1, ORDER_READER_KEYS, order_receive, NULL },
	{ "slow", 1, ORDER_READER_KEYS | ARGUMENT_BIT(rate), order_slow, NULL },
	{ "echo", 1, ORDER_READER_KEYS, order_echo, NULL },
	{ "close", 1, 0, order_close, NULL },
	{ "flood", 1, ORDER_STREAM_KEYS | ARGUMENT_BIT(count), order_flood, NULL },
	{ "pace", 1, ORDER_STREAM_KEYS | ARGUMENT_BIT(count) | ARGUMENT_BIT(rate), order_pace, NULL },
	{ "silent", 1, 0, order_silent, NULL },
	{ "stop", 0, 0, NULL, run_stop },
	{ "reset", 0, 0, NULL, run_reset },
	{ "totals", 0, 0, NULL, run_totals },
	{ "measure", 1, ARGUMENT_BIT(windows), NULL, run_measure },
	{ "latency", 2, ARGUMENT_BIT(windows), NULL, run_latency },
	{ "settle", 1, ARGUMENT_BIT(limit), NULL, run_settle },
	{ "first", 1, ORDER_STREAM_KEYS | ARGUMENT_BIT(count) | ARGUMENT_BIT(gap), NULL, run_first },
	{ "quit", 0, 0, NULL, run_quit },
};

/* An order to 'all' ends at the first that is refused. */
static void give_order(struct world *w, int (*order)(struct guest *g, const struct arguments *a),
		       const struct arguments *a)
{
	bool all = !strcmp(a->words[1], "all");
	struct guest *one = all ? NULL : guest_of(w, a->words[1]);

	if (!all && !one)
		return;
	for (unsigned i = 0; i < w->n_guests; i++)
		if ((all || one == &w->guests[i]) && order(&w->guests[i], a))
			return;
	report_ok();
}

void commands_run(struct world *w, char *line)
{
	struct arguments a;

	if (arguments_parse(&a, line)) {
		report_error("%s", a.error);
		return;
	}
	if (!a.n_words && !a.given)
		return;
	for (unsigned i = 0; a.n_words && i < RTE_DIM(commands); i++) {
		if (strcmp(commands[i].name, a.words[0]))
			continue;
		if (a.n_words - 1 != commands[i].words)
			report_error("%s takes %u words, not %u", a.words[0], commands[i].words,
				     a.n_words - 1);
		else if (a.given & ~commands[i].keys)
			report_error("%s does not know one of the keys", a.words[0]);
		else if (commands[i].order)
			give_order(w, commands[i].order, &a);
		else
			commands[i].run(w, &a);
		return;
	}
	report_error("no such command: %s", a.n_words ? a.words[0] : "");
}
