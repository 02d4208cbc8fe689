/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is told when the program ends where it should not: a signal (SIGSEGV,
 * SIGBUS, SIGILL, SIGFPE, SIGABRT) or a driver's KeBugCheckEx. The report says
 * where, in which driver and callback, how it got there, and what the sections
 * below add; then the process ends with status 1.
 */
#ifndef LOADER_CRASH_H
#define LOADER_CRASH_H

#include <ndis.h>

#include "base/error.h"

/* Where the report goes besides standard error, when nothing else is said. */
#define CRASH_FILE "vmqd-crash.txt"

#define CRASH_MAX_SECTIONS 16

/*
 * Catches the signals and the bug check, for the life of the process; this thread gets
 * a stack for the handler. 'path': where the report is written too, made or truncated
 * at the crash, not before; NULL: CRASH_FILE in the working directory. Kept as a copy.
 *
 * In a program with a sanitizer the signals stay the sanitizer's, whose report names
 * more; ours follows it. Control thread, once, before the first driver.
 * -ENOMEM, -ENAMETOOLONG.
 */
int crash_install(const char *path, struct error *err);

/* A stack of its own for the handler, so that a thread whose stack is exhausted can
 * still report. First and last thing on every thread that runs drivers. 0 or -ENOMEM. */
int crash_thread_begins(void);
void crash_thread_ends(void);

/*
 * Adds a section: 'write' writes what it knows to the descriptor, or flushes what
 * would be lost. It runs on the thread that crashed, perhaps in the middle of anything:
 * best effort. One that crashes or takes longer than two seconds is left, and the next
 * one runs. 'title' and 'context' must outlive the program's run, or the section be
 * removed. Control thread. -ENOSPC: there are CRASH_MAX_SECTIONS already.
 */
int crash_add_section(const char *title, void (*write)(int fd, void *context), void *context);
void crash_remove_section(void (*write)(int fd, void *context), void *context);

/* For kernel_on_bug_check: reports the bug check with its four parameters as a signal is
 * reported, and ends the process with status 1. Any thread, any IRQL. */
_Noreturn void crash_bug_check(ULONG code, const ULONG_PTR *parameters);

#endif
