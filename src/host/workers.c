/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/workers.h"

#include "kernel/kernel.h"

json_t *workers_json(void)
{
	struct kernel_worker_report r;
	json_t *list = json_array();

	for (unsigned i = 0; kernel_worker_report(i, &r); i++)
		json_array_append_new(list, json_pack("{s:i, s:o, s:I, s:I, s:I, s:I, s:I}", "number", (int)i,
						      "cpu", r.cpu < 0 ? json_null() : json_integer(r.cpu),
						      "up_ns", (json_int_t)r.up_ns, "busy_ns",
						      (json_int_t)r.busy_ns, "cpu_ns", (json_int_t)r.cpu_ns,
						      "rounds", (json_int_t)r.rounds, "sleeps",
						      (json_int_t)r.sleeps));
	return list;
}

void workers_print(FILE *out)
{
	struct kernel_worker_report r;

	fprintf(out, "\nThe workers\n");
	for (unsigned i = 0; kernel_worker_report(i, &r); i++) {
		fprintf(out, "  %11.1f%%  busy, worker %u", 100.0 * (double)r.busy_ns / (double)r.up_ns, i);
		if (r.cpu >= 0)
			fprintf(out, " on CPU %d", r.cpu);
		fprintf(out, ", of %.1f s\n", (double)r.up_ns / 1e9);
	}
}
