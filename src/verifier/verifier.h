/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verifier: it stands on every edge of NDIS and tells which driver broke which
 * rule (verifier/rules.h), where, and with what in its hands. Off, nothing of it is on
 * any path. Control thread and PASSIVE_LEVEL unless said otherwise.
 */
#ifndef VERIFIER_VERIFIER_H
#define VERIFIER_VERIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "verifier/mode.h"

struct verifier_config {
	enum verifier_mode mode;
	unsigned hurry;         /* the limits of timed rules are divided by it; 0 is 1 */
};

/* Before the first driver is loaded and after the kernel has been started. OFF does
 * nothing. -EBUSY: it runs already; -ENOMEM; or the error of a thread's start. */
int verifier_start(const struct verifier_config *config, struct error *err);

/* The same with the mode in the environment variable OVMQ_VERIFIER, or 'otherwise' where
 * that is not set. -EINVAL: it holds something else. */
int verifier_start_from_environment(enum verifier_mode otherwise, struct error *err);

/* After the last driver was unloaded, before the kernel stops. Accepts one that was
 * never started. */
void verifier_stop(void);

/* From now on breaches of that rule are not reported, and what breaks it is still kept
 * from doing harm; and the other way round. -ENOENT: there is no rule of that name. */
int verifier_ignore(const char *rule);
int verifier_heed(const char *rule);

/* ---- reports ---- */

#define VERIFIER_STEPS 8
#define VERIFIER_STACK 16

/* One thing that happened to an object. */
struct verifier_step {
	const char *function;   /* of NDIS */
	const char *from, *to;  /* layers, by name, until verifier_stop(); NULL: NDIS */
	uint64_t ns;            /* base/clock.h, without the time in which the machine stood */
	uint16_t processor;
	uint8_t irql;
};

struct verifier_report {
	unsigned id;                        /* the first parameter of the bug check */
	const char *rule, *text, *page;
	unsigned limit_ms;                  /* 0: none */
	char condition[256];                /* what is wrong this time, in one line */
	char driver[64], layer[64];         /* who broke it; "" where that is not known */
	const char *kind;                   /* what 'layer' is: "adapter", ... */
	const char *function;               /* of NDIS, or of the driver where that is at fault */
	const char *callback;               /* inside this one; NULL: in none */
	const char *object_kind;            /* "NET_BUFFER_LIST", ... */
	const void *object;
	uint64_t ns;                        /* now, by the clock of the steps */
	uint16_t processor;
	uint8_t irql;
	unsigned n_steps;                   /* of the object, the last one last */
	struct verifier_step steps[VERIFIER_STEPS];
	unsigned n_stack;                   /* 0: of timed rules, whose thread is the verifier's */
	void *stack[VERIFIER_STACK];
};

/* Called with every report, before it is written to the log (mode report) or ends the
 * process (mode abort). Any thread, IRQL up to DISPATCH_LEVEL; it must not wait, nor
 * call NDIS. NULL: nobody. */
void verifier_on_report(void (*listener)(const struct verifier_report *report, void *arg), void *arg);

/* How many there were since the start. Any thread. */
unsigned verifier_reports(void);

/* The report as one JSON object, cut at 'size' with a NUL at the end; returns its length
 * uncut, like snprintf. Any thread. */
size_t verifier_report_json(const struct verifier_report *report, char *text, size_t size);

#endif
