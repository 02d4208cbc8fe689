/* SPDX-License-Identifier: BSD-2-Clause */
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_cycles.h>

static FILE *answers;

int report_start(void)
{
	int fd = dup(STDOUT_FILENO);

	answers = fd < 0 ? NULL : fdopen(fd, "w");
	return !answers || dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ? -errno : 0;
}

void report_answer(json_t *answer)
{
	char *text = json_dumps(answer, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));

	fprintf(answers, "%s\n", text ? text : "{\"error\": \"no memory\"}");
	fflush(answers);
	free(text);
	json_decref(answer);
}

void report_ok(void)
{
	report_answer(json_pack("{s:b}", "ok", 1));
}

void report_error(const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	report_answer(json_pack("{s:s}", "error", text));
}

static json_int_t nanoseconds(uint64_t cycles)
{
	return (json_int_t)((double)cycles * 1e9 / (double)rte_get_tsc_hz());
}

static const struct {
	const char *name;
	double share;
} quantiles[] = {
	{ "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 }, { "p999_ns", 0.999 },
};

json_t *report_histogram(const struct histogram *h)
{
	json_t *o = json_pack("{s:I, s:I}", "frames", (json_int_t)h->count, "min_ns",
			      nanoseconds(h->count ? h->least : 0));

	for (unsigned i = 0; i < RTE_DIM(quantiles); i++)
		json_object_set_new(o, quantiles[i].name, json_integer(
			nanoseconds(histogram_quantile(h, quantiles[i].share))));
	json_object_set_new(o, "max_ns", json_integer(nanoseconds(h->most)));
	return o;
}

json_t *report_windows(const struct windows *s)
{
	json_t *o = json_pack("{s:I, s:I}", "n", (json_int_t)s->n, "clean", (json_int_t)s->clean);

	for (unsigned i = 0; s->latency && i < RTE_DIM(quantiles); i++)
		json_object_set_new(o, quantiles[i].name, json_integer(
			nanoseconds(windows_quantile(s, quantiles[i].share))));
	return o;
}

static json_t *guest_counts(const struct guest *g)
{
	const struct inspect_counts *in = &g->inspect.counts;
	const struct sequence_counts *order = &g->inspect.sequences.counts;
	const struct stream_counts *out = &g->stream.counts;
	json_t *o = json_object();

#define X(name) json_object_set_new(o, #name, json_integer((json_int_t)in->name));
	INSPECT_COUNTS(X)
#undef X
#define X(name) json_object_set_new(o, #name, json_integer((json_int_t)order->name));
	SEQUENCE_COUNTS(X)
#undef X
#define X(name) json_object_set_new(o, #name, json_integer((json_int_t)out->name));
	STREAM_COUNTS(X)
#undef X
	return o;
}

json_t *report_totals(const struct world *w, const struct guest *timed)
{
	json_t *ports = json_object();

	for (unsigned i = 0; i < w->n_guests; i++) {
		const struct guest *g = &w->guests[i];
		json_t *counts = guest_counts(g);

		if (g == timed)
			json_object_set_new(counts, "latency", report_histogram(g->inspect.latency));
		json_object_set_new(ports, g->port.name, counts);
	}
	return json_pack("{s:f, s:I, s:o}", "seconds",
			 (double)(w->ended - w->began) / (double)rte_get_tsc_hz(),
			 "longest_round_ns", nanoseconds(w->longest), "ports", ports);
}
