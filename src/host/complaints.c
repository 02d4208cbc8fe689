/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/complaints.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"

#define MAX_COMPLAINTS 100

/* A line belongs to who drew its number, and is read when it is whole: a thread of
 * any IRQL may complain, and none waits for another. */
static struct {
	atomic_bool whole;
	enum log_level level;
	char text[400];
} line[MAX_COMPLAINTS];
static atomic_uint n_lines;

static void listener(enum log_level level, const char *text)
{
	unsigned i = atomic_fetch_add(&n_lines, 1);

	if (i >= MAX_COMPLAINTS)
		return;
	line[i].level = level;
	snprintf(line[i].text, sizeof(line[i].text), "%s", text);
	atomic_store_explicit(&line[i].whole, true, memory_order_release);
}

void complaints_listen(void)
{
	log_set_listener(listener);
}

json_t *complaints_json(void)
{
	unsigned n = atomic_load(&n_lines);
	json_t *list = json_array(), *text;
	char more[60];

	for (unsigned i = 0; i < n && i < MAX_COMPLAINTS; i++) {
		if (!atomic_load_explicit(&line[i].whole, memory_order_acquire))
			continue;
		/* A driver's own text need not be UTF-8. */
		text = json_string(line[i].text);
		json_array_append_new(list, json_pack("{s:s, s:o}", "level",
						      line[i].level == LOG_ERROR ? "error" : "warning", "text",
						      text ? text : json_string("(a line that is no UTF-8)")));
	}
	if (n > MAX_COMPLAINTS) {
		snprintf(more, sizeof(more), "and %u more", n - MAX_COMPLAINTS);
		json_array_append_new(list, json_pack("{s:s, s:s}", "level", "warning", "text", more));
	}
	return list;
}
