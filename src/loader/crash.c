/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report is made in steps. A step that crashes, or takes too long, brings us into a
 * handler again on the same thread, and that goes on with the next step. What the steps
 * write goes to the file, and from there to standard error after each.
 */
#include "loader/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "loader/crash_text.h"
#include "loader/crash_trace.h"
#include "kernel/kernel.h"
#include "ndis/object.h"

#define STACK_SIZE   (64u * 1024)
#define STEP_SECONDS 2

/* X(signal) */
#define CRASH_SIGNALS(X) X(SIGSEGV) X(SIGBUS) X(SIGILL) X(SIGFPE) X(SIGABRT)

struct section {
	const char *title;
	void (*write)(int fd, void *context);
	void *context;
};

static struct section sections[CRASH_MAX_SECTIONS];
static char report_path[4096];
static _Thread_local void *stack;

/* ASan's, TSan's and UBSan's runtime have it. */
extern void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

/* The one report of this process. */
static struct {
	atomic_int thread;          /* who makes it; 0: nobody yet */
	int fd;
	bool in_file;
	off_t echoed;
	unsigned step;
	struct crash_trace trace;
	/* What happened: a signal, else a bug check, else the sanitizer's business. */
	const siginfo_t *signal;
	const ULONG_PTR *bug_check; /* its four parameters */
	ULONG code;
} report;

/* ---- what happened ---- */

static const char *signal_name(int number)
{
	switch (number) {
#define X(name) case name: return #name;
	CRASH_SIGNALS(X)
#undef X
	default: return "signal";
	}
}

static void print_signal(int fd, const siginfo_t *s)
{
	uint64_t address = (uintptr_t)s->si_addr;

	crash_print(fd, "%s", signal_name(s->si_signo));
	if (s->si_code == SI_USER)
		crash_print(fd, ", sent by process %u", (uint64_t)s->si_pid);
	else if (s->si_signo == SIGSEGV && s->si_code == SEGV_MAPERR)
		crash_print(fd, ", nothing is mapped at %x", address);
	else if (s->si_signo == SIGSEGV && s->si_code == SEGV_ACCERR)
		crash_print(fd, ", that access is not allowed at %x", address);
	else if (s->si_signo == SIGFPE && s->si_code == FPE_INTDIV)
		crash_print(fd, ", division by zero at %x", address);
	else if (s->si_signo != SIGABRT)
		crash_print(fd, " at %x", address);
}

static void print_cause(int fd)
{
	const ULONG_PTR *b = report.bug_check;

	if (report.signal)
		print_signal(fd, report.signal);
	else if (b)
		crash_print(fd, "bug check %X (%x, %x, %x, %x)", (uint64_t)report.code,
			    b[0], b[1], b[2], b[3]);
	else
		crash_print(fd, "the sanitizer's report is above");
}

static void print_head(int fd)
{
	const void *frame = NULL, *entry = NULL;
	const char *driver = crash_trace_driver(&report.trace, &frame, &entry);
	char thread[16] = "";

	prctl(PR_GET_NAME, thread);
	crash_print(fd, "vmq: crash%s%s: ", driver ? " in driver " : "", driver ? driver : "");
	print_cause(fd);
	crash_print(fd, "\nthread: %s (%u)\n", thread, (uint64_t)report.thread);
	if (driver) {
		crash_print(fd, "in the driver: ");
		crash_address_print(fd, frame);
		crash_print(fd, "\nits callback: ");
		crash_function_print(fd, entry);
		crash_print(fd, "\n");
	}
	/* The data path does not keep this; and an adapter may be gone: so it comes last. */
	if (ndis_callback.name)
		crash_print(fd, "during: %s of %s\n", ndis_callback.name,
			    ndis_callback.object ? ndis_callback.object->name : NULL);
}

static void print_trace(int fd)
{
	crash_print(fd, "how it got there, the innermost function first:\n");
	crash_trace_print(fd, &report.trace);
}

static void print_section(int fd, const struct section *s)
{
	crash_print(fd, "%s:\n", s->title);
	s->write(fd, s->context);
}

/* ---- the steps ---- */

static void echo(void)
{
	char text[512];
	ssize_t n;

	while (report.in_file &&
	       (n = pread(report.fd, text, sizeof(text), report.echoed)) > 0) {
		report.echoed += n;
		if (write(STDERR_FILENO, text, (size_t)n) != n)
			return;   /* nobody to tell */
	}
}

static void open_report(void)
{
	report.fd = open(report_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	report.in_file = report.fd >= 0;
	if (!report.in_file)
		report.fd = STDERR_FILENO;
}

static void close_report(void)
{
	if (report.in_file)
		crash_print(STDERR_FILENO, "vmq: this report is in %s\n", report_path);
	else
		crash_print(STDERR_FILENO, "vmq: %s could not be written\n", report_path);
}

/* Does the next step; false: there is none. */
static bool step(void)
{
	unsigned now = report.step++;
	const struct section *s;

	echo();
	alarm(STEP_SECONDS);
	if (now == 0)
		open_report();
	else if (now == 1)
		print_head(report.fd);
	else if (now == 2)
		print_trace(report.fd);
	else if (now - 3 >= CRASH_MAX_SECTIONS)
		return false;
	else if ((s = &sections[now - 3])->write)
		print_section(report.fd, s);
	return true;
}

static void make_report(void)
{
	while (step())
		;
	alarm(0);
	echo();
	close_report();
}

/* Whether the report begins now; false: this thread has begun it already. Any other
 * thread that crashes meanwhile waits for the end of the process here. */
static bool begin(void)
{
	int me = (int)syscall(SYS_gettid), reporter = 0;

	if (atomic_compare_exchange_strong(&report.thread, &reporter, me))
		return true;
	while (reporter != me)
		pause();
	return false;
}

static void let_signals_in(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
#define X(name) sigaddset(&set, name);
	CRASH_SIGNALS(X)
#undef X
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void on_alarm(int number)
{
	(void)number;
	/* It is the process's alarm, and may have come to another thread. */
	if (atomic_load(&report.thread) != (int)syscall(SYS_gettid)) {
		syscall(SYS_tgkill, getpid(), atomic_load(&report.thread), SIGALRM);
		return;
	}
	crash_print(report.fd, "(this took too long, and was left)\n");
	make_report();
	_exit(1);
}

static void take_alarm(void)
{
	struct sigaction a = { .sa_handler = on_alarm, .sa_flags = SA_NODEFER | SA_ONSTACK };

	sigaction(SIGALRM, &a, NULL);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	if (begin()) {
		report.signal = info;
		take_alarm();
		crash_trace_take(&report.trace, context);
	} else {
		crash_print(report.fd, "(");
		print_signal(report.fd, info);
		crash_print(report.fd, " while this was written; it ends here)\n");
	}
	let_signals_in();
	make_report();
	_exit(1);
}

void crash_bug_check(ULONG code, const ULONG_PTR *parameters)
{
	if (begin()) {
		report.bug_check = parameters;
		report.code = code;
		take_alarm();
		crash_trace_take(&report.trace, NULL);
	}
	let_signals_in();
	make_report();
	_exit(1);
}

/* The sanitizer has reported, and ends the process when we return. */
static void on_sanitizer_death(void)
{
	if (!begin())
		return;
	take_alarm();
	crash_trace_take(&report.trace, NULL);
	make_report();
}

/* ---- setting up ---- */

int crash_thread_begins(void)
{
	stack_t s = { .ss_size = STACK_SIZE };

	/* Under a sanitizer every thread has a handler's stack of the sanitizer's. */
	if (stack || __sanitizer_set_death_callback)
		return 0;
	stack = malloc(STACK_SIZE);
	if (!stack)
		return -ENOMEM;
	s.ss_sp = stack;
	sigaltstack(&s, NULL);
	return 0;
}

void crash_thread_ends(void)
{
	const stack_t s = { .ss_flags = SS_DISABLE };

	if (!stack)
		return;
	sigaltstack(&s, NULL);
	free(stack);
	stack = NULL;
}

/* Where somebody else, a sanitizer, has a handler, it stays. */
static void catch_signal(int number)
{
	struct sigaction a = { .sa_sigaction = on_signal,
			       .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER }, old;

	if (!sigaction(number, NULL, &old) && !(old.sa_flags & SA_SIGINFO) &&
	    old.sa_handler == SIG_DFL)
		sigaction(number, &a, NULL);
}

int crash_install(const char *path, struct error *err)
{
	if (!path)
		path = CRASH_FILE;
	if (strlen(path) >= sizeof(report_path))
		return error_set(err, ENAMETOOLONG, "the crash report's path is too long: %.200s...",
				 path);
	strcpy(report_path, path);
	report.fd = STDERR_FILENO;
	crash_trace_prepare();
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(on_sanitizer_death);
	if (crash_thread_begins())
		return error_set(err, ENOMEM, "no memory");
#define X(name) catch_signal(name);
	CRASH_SIGNALS(X)
#undef X
	kernel_on_bug_check = crash_bug_check;
	return 0;
}

int crash_add_section(const char *title, void (*write)(int fd, void *context), void *context)
{
	for (unsigned i = 0; i < CRASH_MAX_SECTIONS; i++)
		if (!sections[i].write) {
			sections[i] = (struct section){ title, write, context };
			return 0;
		}
	return -ENOSPC;
}

void crash_remove_section(void (*write)(int fd, void *context), void *context)
{
	for (unsigned i = 0; i < CRASH_MAX_SECTIONS; i++)
		if (sections[i].write == write && sections[i].context == context)
			sections[i] = (struct section){ NULL, NULL, NULL };
}
