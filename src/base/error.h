/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One error, told to a person: what was wrong, where, and what to do.
 *
 * Functions that can fail because of what a user gave them (a file, a name, a
 * missing privilege) take a 'struct error *', fill it once, at the place that
 * knows most, and return a negative errno. Nobody above rewrites the text.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	char text[600];   /* one line, no newline at the end; "" while nothing is wrong */
};

/* Writes the text (printf-like, one line) and returns -code, so that a caller
 * can say 'return error_set(err, EINVAL, ...)'. 'code': a positive errno.
 * Accepts err == NULL. Any thread. */
int error_set(struct error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
