/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling of a breach: once per rule and object, to the listener and the log, or as
 * the last thing that the process says. */
#include "verifier/inside.h"

#include <errno.h>
#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define TOLD_MAX 4096   /* a power of two; beyond three quarters of it breaches are only counted */

static enum verifier_mode mode;
static unsigned hurry = 1;
static atomic_bool ignored[RULE_COUNT];
static atomic_uint count;
static void (*listener)(const struct verifier_report *report, void *arg);
static void *listener_arg;

/* Over the two below, and one report at a time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct told { const void *object; unsigned rule; } told[TOLD_MAX];
static unsigned n_told;

/* ---- settings ---- */

static int set_ignored(const char *rule, bool on)
{
	for (unsigned i = 0; i < RULE_COUNT; i++)
		if (!strcmp(verifier_rule((enum verifier_rule_index)i)->name, rule)) {
			atomic_store(&ignored[i], on);
			return 0;
		}
	return -ENOENT;
}

int verifier_ignore(const char *rule)
{
	return set_ignored(rule, true);
}

int verifier_heed(const char *rule)
{
	return set_ignored(rule, false);
}

void verifier_on_report(void (*call)(const struct verifier_report *, void *), void *arg)
{
	pthread_mutex_lock(&lock);
	listener = call;
	listener_arg = arg;
	pthread_mutex_unlock(&lock);
}

unsigned verifier_reports(void)
{
	return atomic_load(&count);
}

bool rule_is_heeded(enum verifier_rule_index rule)
{
	return rule != RULE_NONE && !atomic_load_explicit(&ignored[rule], memory_order_relaxed);
}

uint64_t rule_limit_ns(enum verifier_rule_index rule)
{
	return verifier_rule(rule)->limit_ms * (uint64_t)1000000 / hurry;
}

int report_start(const struct verifier_config *config)
{
	mode = config->mode;
	hurry = config->hurry ? config->hurry : 1;
	atomic_store(&count, 0);
	pthread_mutex_lock(&lock);
	memset(told, 0, sizeof(told));
	n_told = 0;
	pthread_mutex_unlock(&lock);
	return 0;
}

void report_stop(void)
{
	for (unsigned i = 0; i < RULE_COUNT; i++)
		atomic_store(&ignored[i], false);
}

/* ---- the log ---- */

static const char *or_ndis(const char *layer)
{
	return layer ? layer : "NDIS";
}

static void write_steps(const struct verifier_report *r)
{
	for (unsigned i = 0; i < r->n_steps; i++) {
		const struct verifier_step *s = &r->steps[i];

		log_warning("verifier:   %.6f s ago, processor %u, IRQL %u: %s, from %s to %s",
			    (double)age_at(r->ns, s->ns) / 1e9, s->processor, s->irql, s->function,
			    or_ndis(s->from), or_ndis(s->to));
	}
}

static void write_stack(const struct verifier_report *r)
{
	char **names = r->n_stack ? backtrace_symbols(r->stack, (int)r->n_stack) : NULL;

	for (unsigned i = 0; names && i < r->n_stack; i++)
		log_warning("verifier:   at %s", names[i]);
	free(names);
}

static void write_log(const struct verifier_report *r)
{
	log_error("verifier: %s (0x%08x): %s%s%s%s%s: %s", r->rule, r->id, r->kind,
		  r->layer[0] ? " " : "", r->layer, r->driver[0] ? ", driver " : "", r->driver,
		  r->condition);
	log_warning("verifier:   rule: %s", r->text);
	log_warning("verifier:   see %s", r->page);
	log_warning("verifier:   in %s%s%s; %s %p; processor %u, IRQL %u",
		    r->function, r->callback ? ", called inside " : "", r->callback ? r->callback : "",
		    r->object_kind, r->object, r->processor, r->irql);
	write_steps(r);
	write_stack(r);
}

/* ---- once per rule and object ---- */

/* TRUE: it was told before. Locked. */
static bool was_told(unsigned rule, const void *object)
{
	uintptr_t h = ((uintptr_t)object >> 4) * 0x9e3779b97f4a7c15u + rule * 0x85ebca6bu;
	unsigned i = (unsigned)(h >> 32) % TOLD_MAX;

	for (; told[i].rule; i = (i + 1) % TOLD_MAX)
		if (told[i].rule == rule && told[i].object == object)
			return true;
	if (n_told >= TOLD_MAX / 4 * 3)
		return true;
	told[i] = (struct told){ object, rule };
	n_told++;
	return false;
}

/* Whether there is something to tell; before the work of making a report. */
static bool is_new(enum verifier_rule_index rule, const void *object)
{
	bool told_before;

	if (!rule_is_heeded(rule))
		return false;
	pthread_mutex_lock(&lock);
	told_before = was_told(verifier_rule(rule)->id, object);
	pthread_mutex_unlock(&lock);
	return !told_before;
}

static void file(enum verifier_rule_index rule, const struct verifier_report *r)
{
	pthread_mutex_lock(&lock);
	atomic_fetch_add(&count, 1);
	if (listener)
		listener(r, listener_arg);
	write_log(r);
	pthread_mutex_unlock(&lock);
	/* As Windows does: the rule, the text of the condition, and two of our own. */
	if (mode == VERIFIER_ABORT)
		KeBugCheckEx(0xC4, verifier_rule(rule)->id, (ULONG_PTR)r->condition,
			     (ULONG_PTR)r->object, (ULONG_PTR)r);
}

/* ---- what a report is made of ---- */

static void fill(struct verifier_report *r, enum verifier_rule_index index,
		 const struct ndis_object *who, const char *function, const char *kind,
		 const void *object)
{
	const struct verifier_rule *rule = verifier_rule(index);

	*r = (struct verifier_report){
		.id = rule->id, .rule = rule->name, .text = rule->text, .page = rule->page,
		.limit_ms = rule->limit_ms, .kind = who ? ndis_object_kind_name(who->kind) : "a driver",
		.function = function, .callback = callback_current(), .object_kind = kind,
		.object = object, .ns = verifier_ns(), .processor = (uint16_t)OvmqCurrentProcessor(),
		.irql = KeGetCurrentIrql(),
	};
	if (who) {
		memcpy(r->layer, who->name, sizeof(r->layer));
		memcpy(r->driver, who->image ? who->image->name : who->name, sizeof(r->driver));
	}
	if (!rule->limit_ms)
		r->n_stack = (unsigned)backtrace(r->stack, VERIFIER_STACK);
}

#define CONDITION(r, fmt) \
	do { \
		va_list args_; \
		va_start(args_, fmt); \
		vsnprintf((r)->condition, sizeof((r)->condition), fmt, args_); \
		va_end(args_); \
	} while (0)

void report_driver(enum verifier_rule_index rule, const struct ndis_object *who,
		   const char *function, const char *kind, const void *object, const char *fmt, ...)
{
	struct verifier_report r;

	if (!is_new(rule, object))
		return;
	fill(&r, rule, who, function, kind, object);
	CONDITION(&r, fmt);
	file(rule, &r);
}

void report_object(enum verifier_rule_index rule, struct ndis_layer *who, const char *function,
		   const char *kind, const void *object, const char *fmt, ...)
{
	struct verifier_report r;

	if (!is_new(rule, object))
		return;
	fill(&r, rule, who ? &who->object : NULL, function, kind, object);
	CONDITION(&r, fmt);
	file(rule, &r);
}

/* The history, the oldest first. */
static void take_steps(struct verifier_report *r, PNET_BUFFER_LIST nbl)
{
	struct nbl_record *record = record_find(nbl);
	unsigned n;

	if (!record)
		return;
	n = record->n_steps < VERIFIER_STEPS ? record->n_steps : VERIFIER_STEPS;
	for (unsigned i = 0; i < n; i++)
		r->steps[i] = record->steps[(record->n_steps - n + i) % VERIFIER_STEPS];
	r->n_steps = n;
	record_unlock(record);
}

void report_nbl(enum verifier_rule_index rule, struct ndis_layer *who, const char *function,
		PNET_BUFFER_LIST nbl, const char *fmt, ...)
{
	struct verifier_report r;

	if (!is_new(rule, nbl))
		return;
	fill(&r, rule, who ? &who->object : NULL, function, "NET_BUFFER_LIST", nbl);
	CONDITION(&r, fmt);
	take_steps(&r, nbl);
	file(rule, &r);
}
