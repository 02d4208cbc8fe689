/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static atomic_int threshold = LOG_WARNING;
static atomic_uint errors;
static void (*listener_call)(enum log_level level, const char *text);

unsigned log_errors(void)
{
	return atomic_load(&errors);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

void log_set_listener(void (*listener)(enum log_level level, const char *text))
{
	listener_call = listener;
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	bool shown = (int)level <= atomic_load_explicit(&threshold, memory_order_relaxed);
	bool heard = level <= LOG_WARNING && listener_call;
	char line[1024];
	va_list args;
	int used, more;

	if (level == LOG_ERROR)
		atomic_fetch_add(&errors, 1);
	if (!shown && !heard)
		return;
	used = snprintf(line, sizeof(line), "vmq: %s: ", names[level]);
	va_start(args, fmt);
	more = vsnprintf(line + used, sizeof(line) - (size_t)used - 1, fmt, args);
	va_end(args);
	if (more < 0)
		return;
	if (heard)
		listener_call(level, line + used);
	if (!shown)
		return;
	used += more;
	if (used > (int)sizeof(line) - 2)
		used = (int)sizeof(line) - 2;
	line[used++] = '\n';
	/* One write, so that lines of several threads do not mix. */
	if (write(STDERR_FILENO, line, (size_t)used) < 0)
		return;   /* standard error is closed: nobody to tell */
}
