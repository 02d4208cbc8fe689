/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/driver_table.h"

#include <stdio.h>
#include <string.h>

#include "cli/request.h"

#define COLUMNS 6

static const char *const titles[COLUMNS] = { "Driver", "Kind", "Adapter", "As", "State", "File" };

struct row {
	const char *cell[COLUMNS];
	char kinds[40];
};

static void set_kinds(char *to, size_t size, const json_t *driver)
{
	const json_t *kinds = json_object_get(driver, "kinds"), *kind;
	size_t i, used = 0;

	to[0] = '\0';
	json_array_foreach(kinds, i, kind)
		if (json_is_string(kind) && used < size)
			used += (size_t)snprintf(to + used, size - used, "%s%s", used ? "+" : "",
						 json_string_value(kind));
}

/* The row of a driver's 'index'th place; of a driver without one, the row that says so. */
static void fill(struct row *r, const json_t *driver, size_t index)
{
	const json_t *use = json_array_get(json_object_get(driver, "uses"), index);
	const char *file = request_text(driver, "file");

	*r = (struct row){ .cell = { "", "", "-", "-", "loaded", "" } };
	if (!index) {
		set_kinds(r->kinds, sizeof(r->kinds), driver);
		r->cell[0] = request_text(driver, "name");
		r->cell[5] = *file ? file : "(built in)";
	}
	r->cell[1] = r->kinds;
	if (!use)
		return;
	r->cell[2] = request_text(use, "adapter");
	r->cell[3] = request_text(use, "name");
	r->cell[4] = request_text(use, "state");
}

static void print_row(const struct row *r, const size_t width[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS - 1; i++)
		printf("%-*s  ", (int)width[i], r->cell[i]);
	puts(r->cell[COLUMNS - 1]);
}

/* Calls 'visit' for each row. */
static void visit_rows(const json_t *list, void (*visit)(const struct row *, size_t[COLUMNS]),
		       size_t width[COLUMNS])
{
	const json_t *driver;
	struct row r;
	size_t i;

	json_array_foreach(list, i, driver) {
		size_t n = json_array_size(json_object_get(driver, "uses")), k = 0;

		do {
			fill(&r, driver, k);
			visit(&r, width);
		} while (++k < n);
	}
}

static void widen(const struct row *r, size_t width[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS; i++)
		if (strlen(r->cell[i]) > width[i])
			width[i] = strlen(r->cell[i]);
}

static void print_visited(const struct row *r, size_t width[COLUMNS])
{
	print_row(r, width);
}

void driver_table_print(const json_t *list)
{
	size_t width[COLUMNS] = { 0 };
	struct row head = { .kinds = "" };

	memcpy(head.cell, titles, sizeof(titles));
	widen(&head, width);
	visit_rows(list, widen, width);
	print_row(&head, width);
	visit_rows(list, print_visited, width);
}

void driver_print(const json_t *driver)
{
	const json_t *uses = json_object_get(driver, "uses"), *use;
	json_t *keywords = json_object_get(driver, "keywords"), *value;
	const char *file = request_text(driver, "file"), *name;
	char kinds[40];
	size_t i;

	set_kinds(kinds, sizeof(kinds), driver);
	printf("Driver    %s\n", request_text(driver, "name"));
	printf("Kind      %s\n", kinds);
	printf("File      %s\n", *file ? file : "(built in)");
	json_object_foreach(keywords, name, value)
		printf("Keyword   %s = %s\n", name, json_string_value(value) ? json_string_value(value) : "");
	json_array_foreach(uses, i, use)
		printf("%-9s %s: %s %s, %s\n", i ? "" : "On", request_text(use, "adapter"), request_text(use, "kind"),
		       request_text(use, "name"), request_text(use, "state"));
	if (!json_array_size(uses))
		puts("On        no adapter");
}
