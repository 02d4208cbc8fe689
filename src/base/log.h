/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines for the operator, on standard error: "vmq: LEVEL: text". Never called
 * per frame. Any thread; a line is written whole.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Lines above 'level' are not written. Default: LOG_WARNING. */
void log_set_level(enum log_level level);

void log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* How many errors were written so far: whoever wonders whether the cause of a
 * failure was told already compares. Any thread. */
unsigned log_errors(void);

/* 'listener' hears every warning and error too, without "vmq: LEVEL: ", whether it is
 * written or not; NULL: nobody. It is called on the thread that logs, at any IRQL, and
 * must neither wait nor log. Set while no other thread logs. */
void log_set_listener(void (*listener)(enum log_level level, const char *text));

#define log_error(...)   log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...)    log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_DEBUG, __VA_ARGS__)

#endif
