/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/queue_table.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/request.h"

#define COLUMNS 12
#define CELL    72

/* Words stand to the left, numbers to the right. */
static const struct { const char *title; bool left; } columns[COLUMNS] = {
	{ "Adapter", true }, { "Queue", false }, { "VM", true }, { "State", true }, { "Mode", true },
	{ "CPU", false }, { "MSI-X", false }, { "Filters", false }, { "Buffers", false },
	{ "Held", false }, { "Indicated", false }, { "Note", true },
};

struct row {
	char cell[COLUMNS - 1][CELL];
	char note[400];
};

/* "-": the answer does not have it. */
static void set_number(char *to, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	if (json_is_integer(value))
		snprintf(to, CELL, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		strcpy(to, "-");
}

static json_int_t number(const json_t *row, const char *key)
{
	return json_integer_value(json_object_get(row, key));
}

/* What the VM may send, where that is limited; a rate as it is written in the configuration. */
static void set_limits(char to[CELL], const json_t *row)
{
	static const char units[] = "\0KMG";
	json_int_t rate = number(row, "rate"), weight = number(row, "weight");
	unsigned unit = 0;
	int n = 0;

	for (; unit < 3 && rate && rate % 1000 == 0; unit++)
		rate /= 1000;
	if (rate)
		n = snprintf(to, CELL, "rate %" JSON_INTEGER_FORMAT "%.1s", rate, &units[unit]);
	if (weight)
		snprintf(to + n, CELL - (size_t)n, "%sweight %" JSON_INTEGER_FORMAT, n ? ", " : "", weight);
}

/* What is not as it mostly is. */
static void set_note(struct row *r, const json_t *row)
{
	const char *waits = request_text(row, "waits_for"), *why = request_text(row, "why");
	json_int_t copied = json_object_get(row, "in_place") ?
			    number(row, "indicated") - number(row, "in_place") : 0;
	char part[6][CELL] = { "", "", "", "", "", "" };
	size_t n = 0;

	if (*waits) {
		snprintf(r->note, sizeof(r->note), "waits for %s", waits);
		return;
	}
	if (json_is_false(json_object_get(row, "per_queue_indication")))
		strcpy(part[0], "mixed indications");
	if (copied > 0)
		snprintf(part[1], CELL, "%" JSON_INTEGER_FORMAT " were copied", copied);
	if (number(row, "lent"))
		snprintf(part[2], CELL, "%" JSON_INTEGER_FORMAT " lent to the guest",
			 number(row, "lent"));
	if (number(row, "faults"))
		snprintf(part[3], CELL, "%" JSON_INTEGER_FORMAT " faults of the guest",
			 number(row, "faults"));
	set_limits(part[4], row);
	if (json_is_true(json_object_get(row, "held_back")))
		strcpy(part[5], "may not send for now");
	r->note[0] = '\0';
	for (unsigned i = 0; i < 6; i++)
		if (*part[i])
			n += (size_t)snprintf(r->note + n, sizeof(r->note) - n, "%s%s", n ? "; " : "", part[i]);
	if (*why)
		snprintf(r->note + n, sizeof(r->note) - n, "%s%s", n ? "; " : "", why);
}

static void fill(struct row *r, const json_t *row)
{
	const char *waits = request_text(row, "waits_for");
	char out[24], all[24];

	snprintf(r->cell[0], CELL, "%s", request_text(row, "adapter"));
	set_number(r->cell[1], row, "queue");
	snprintf(r->cell[2], CELL, "%s", request_text(row, "vm"));
	snprintf(r->cell[3], CELL, "%s", *waits ? "being freed" : *request_text(row, "state") ?
		 request_text(row, "state") : "-");
	snprintf(r->cell[4], CELL, "%s", *request_text(row, "mode") ? request_text(row, "mode") : "-");
	set_number(r->cell[5], row, "processor");
	set_number(r->cell[6], row, "msix");
	set_number(r->cell[7], row, "filters");
	strcpy(r->cell[8], "-");
	if (json_object_get(row, "buffers")) {
		set_number(out, row, "outstanding");
		set_number(all, row, "buffers");
		snprintf(r->cell[8], CELL, "%s/%s", out, all);
	}
	set_number(r->cell[9], row, "held");
	set_number(r->cell[10], row, "indicated");
	set_note(r, row);
}

static void print_row(const struct row *r, const size_t *width)
{
	char line[COLUMNS * (CELL + 2) + sizeof(r->note)];
	size_t n = 0;

	for (unsigned i = 0; i < COLUMNS - 1; i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, columns[i].left ? "%-*s  " : "%*s  ",
				      (int)width[i], r->cell[i]);
	snprintf(line + n, sizeof(line) - n, "%s", r->note);
	for (n = strlen(line); n && line[n - 1] == ' '; n--)
		line[n - 1] = '\0';
	puts(line);
}

void queue_table_print(const json_t *list)
{
	size_t width[COLUMNS - 1] = { 0 }, i;
	struct row r = { .note = "" };
	const json_t *row;

	for (i = 0; i < COLUMNS - 1; i++)
		width[i] = strlen(columns[i].title);
	json_array_foreach(list, i, row) {
		fill(&r, row);
		for (unsigned c = 0; c < COLUMNS - 1; c++)
			if (strlen(r.cell[c]) > width[c])
				width[c] = strlen(r.cell[c]);
	}
	for (i = 0; i < COLUMNS - 1; i++)
		snprintf(r.cell[i], CELL, "%s", columns[i].title);
	snprintf(r.note, sizeof(r.note), "%s", columns[COLUMNS - 1].title);
	print_row(&r, width);
	json_array_foreach(list, i, row) {
		fill(&r, row);
		print_row(&r, width);
	}
}
