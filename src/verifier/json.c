/* SPDX-License-Identifier: BSD-2-Clause */
/* A report for programs. */
#include "verifier/verifier.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
	char *at;
	size_t size, used;      /* 'used' counts what did not fit, too */
};

__attribute__((format(printf, 2, 3)))
static void add(struct text *t, const char *fmt, ...)
{
	size_t left = t->used < t->size ? t->size - t->used : 0;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(left ? t->at + t->used : NULL, left, fmt, args);
	va_end(args);
	if (n > 0)
		t->used += (size_t)n;
}

/* NULL is null. */
static void add_string(struct text *t, const char *name, const char *value)
{
	add(t, "\"%s\":", name);
	if (!value) {
		add(t, "null");
		return;
	}
	add(t, "\"");
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			add(t, "\\%c", c);
		else if (c < 0x20)
			add(t, "\\u%04x", c);
		else
			add(t, "%c", c);
	}
	add(t, "\"");
}

static void add_steps(struct text *t, const struct verifier_report *r)
{
	add(t, ",\"owners\":[");
	for (unsigned i = 0; i < r->n_steps; i++) {
		const struct verifier_step *s = &r->steps[i];

		add(t, "%s{", i ? "," : "");
		add_string(t, "function", s->function);
		add(t, ",");
		add_string(t, "from", s->from);
		add(t, ",");
		add_string(t, "to", s->to);
		add(t, ",\"ns\":%" PRIu64 ",\"processor\":%u,\"irql\":%u}", s->ns, s->processor, s->irql);
	}
	add(t, "]");
}

size_t verifier_report_json(const struct verifier_report *r, char *text, size_t size)
{
	const struct { const char *name, *value; } strings[] = {
		{ "rule", r->rule }, { "text", r->text }, { "page", r->page },
		{ "condition", r->condition }, { "driver", r->driver }, { "layer", r->layer },
		{ "kind", r->kind }, { "function", r->function }, { "callback", r->callback },
		{ "objectKind", r->object_kind },
	};
	struct text t = { text, size, 0 };

	add(&t, "{\"id\":%u", r->id);
	for (unsigned i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		add(&t, ",");
		add_string(&t, strings[i].name, strings[i].value);
	}
	add(&t, ",\"object\":\"%p\",\"ns\":%" PRIu64 ",\"limitMs\":%u,\"processor\":%u,\"irql\":%u",
	    r->object, r->ns, r->limit_ms, r->processor, r->irql);
	add_steps(&t, r);
	add(&t, "}");
	return t.used;
}
