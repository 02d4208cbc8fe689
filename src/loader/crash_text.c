/* SPDX-License-Identifier: BSD-2-Clause */
#include "loader/crash_text.h"

#include <stdarg.h>
#include <string.h>

struct line {
	int fd;
	size_t used;
	char text[256];
};

static void flush(struct line *l)
{
	size_t done = 0;

	while (done < l->used) {
		ssize_t n = write(l->fd, l->text + done, l->used - done);

		if (n <= 0)
			break;   /* nobody to tell */
		done += (size_t)n;
	}
	l->used = 0;
}

static void put(struct line *l, const char *text, size_t n)
{
	while (n--) {
		if (l->used == sizeof(l->text))
			flush(l);
		l->text[l->used++] = *text++;
	}
}

static void put_number(struct line *l, uint64_t value, unsigned base, unsigned at_least)
{
	char digits[24];
	unsigned n = 0;

	do {
		digits[sizeof(digits) - ++n] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value || n < at_least);
	if (base == 16)
		put(l, "0x", 2);
	put(l, digits + sizeof(digits) - n, n);
}

void crash_print(int fd, const char *format, ...)
{
	struct line l = { .fd = fd };
	const char *text;
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			put(&l, format, 1);
			continue;
		}
		switch (*++format) {
		case 's':
			text = va_arg(args, const char *);
			put(&l, text ? text : "?", text ? strlen(text) : 1);
			break;
		case 'u':
			put_number(&l, va_arg(args, uint64_t), 10, 1);
			break;
		default:
			put_number(&l, va_arg(args, uint64_t), 16, *format == 'X' ? 8 : 1);
		}
	}
	va_end(args);
	flush(&l);
}
