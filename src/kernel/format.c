/* SPDX-License-Identifier: BSD-2-Clause */
/* One walk over a format of either width, into text of the same width. */
#include "kernel/format.h"

#include <stdbool.h>
#include <stdio.h>

#include "kernel/unicode.h"

struct walk {
	const void *format;
	size_t at;
	void *out;
	size_t room, n;
	bool wide;
	va_list args;
};

enum size { SIZE_INT, SIZE_CHAR, SIZE_SHORT, SIZE_LONG, SIZE_64 };

struct spec {
	bool left, plus, space, sharp, zero;
	int width, precision;          /* precision -1: none given */
	enum size size;
	bool narrow_string, wide_string;   /* asked for by h, l or w */
	char type;
};

/* The next unit of the format, 0 at its end. */
static unsigned peek(const struct walk *w)
{
	return w->wide ? ((const WCHAR *)w->format)[w->at] :
	       ((const unsigned char *)w->format)[w->at];
}

static void put_unit(struct walk *w, unsigned unit)
{
	if (w->n + 1 < w->room) {
		if (w->wide)
			((WCHAR *)w->out)[w->n] = (WCHAR)unit;
		else
			((char *)w->out)[w->n] = (char)unit;
	}
	w->n++;
}

static void put_character(struct walk *w, uint32_t c)
{
	WCHAR wide[2];
	char narrow[4];
	unsigned n = w->wide ? utf16_put(c, wide) : utf8_put(c, narrow);

	for (unsigned i = 0; i < n; i++)
		put_unit(w, w->wide ? wide[i] : (unsigned char)narrow[i]);
}

static void pad(struct walk *w, unsigned with, long n)
{
	while (n-- > 0)
		put_unit(w, with);
}

/* ---- strings ---- */

static void put_text(struct walk *w, const struct spec *s, const void *text, size_t n, bool wide)
{
	long fill = (long)s->width - (long)n;

	if (!s->left)
		pad(w, s->zero ? '0' : ' ', fill);
	for (size_t i = 0; i < n;) {
		if (wide == w->wide) {   /* as it is, well formed or not */
			put_unit(w, wide ? ((const WCHAR *)text)[i] : ((const unsigned char *)text)[i]);
			i++;
		} else {
			put_character(w, wide ? utf16_take(text, n, &i) : utf8_take(text, n, &i));
		}
	}
	if (s->left)
		pad(w, ' ', fill);
}

/* Units before the zero, or the precision: the string may lack a zero then. */
static size_t text_length(const struct spec *s, const void *text, bool wide)
{
	size_t n = 0;

	while ((s->precision < 0 || n < (size_t)s->precision) &&
	       (wide ? ((const WCHAR *)text)[n] : ((const unsigned char *)text)[n]))
		n++;
	return n;
}

/* Capital types are of the other width; h, l and w say which one themselves. */
static bool is_wide(const struct walk *w, const struct spec *s, bool other)
{
	return s->wide_string || (!s->narrow_string && w->wide != other);
}

static void put_string(struct walk *w, struct spec *s)
{
	bool wide = is_wide(w, s, s->type == 'S');
	const void *text = va_arg(w->args, const void *);

	if (!text) {
		text = "(null)";
		wide = false;
	}
	put_text(w, s, text, text_length(s, text, wide), wide);
}

static void put_counted(struct walk *w, struct spec *s)
{
	const UNICODE_STRING *counted = va_arg(w->args, const UNICODE_STRING *);
	bool wide = s->wide_string;
	size_t n;

	if (!counted || !counted->Buffer) {
		put_text(w, s, "(null)", 6, false);
		return;
	}
	n = wide ? counted->Length / sizeof(WCHAR) : counted->Length;
	if (s->precision >= 0 && n > (size_t)s->precision)
		n = (size_t)s->precision;
	put_text(w, s, counted->Buffer, n, wide);
}

static void put_char(struct walk *w, struct spec *s)
{
	bool wide = is_wide(w, s, s->type == 'C');
	WCHAR unit = (WCHAR)va_arg(w->args, int);
	char byte = (char)unit;

	put_text(w, s, wide ? (const void *)&unit : &byte, 1, wide);
}

/* ---- numbers ---- */

static uint64_t take_number(struct walk *w, const struct spec *s, bool is_signed)
{
	uint64_t v;

	if (s->size == SIZE_64)
		return va_arg(w->args, uint64_t);
	v = va_arg(w->args, unsigned);
	switch (s->size) {
	case SIZE_CHAR:
		return is_signed ? (uint64_t)(int8_t)v : (uint8_t)v;
	case SIZE_SHORT:
		return is_signed ? (uint64_t)(int16_t)v : (uint16_t)v;
	default:
		return is_signed ? (uint64_t)(int32_t)v : v;
	}
}

static void put_digits(struct walk *w, const struct spec *s, const char *prefix, uint64_t v,
		       unsigned base, const char *alphabet)
{
	char digits[24];
	int n = 0, prefix_length = (int)strlen(prefix), zeros;

	for (; v; v /= base)
		digits[n++] = alphabet[v % base];
	if (n == 0 && s->precision != 0)
		digits[n++] = '0';
	zeros = s->precision > n ? s->precision - n : 0;
	if (s->zero && !s->left && s->precision < 0 && s->width > n + prefix_length)
		zeros = s->width - n - prefix_length;
	if (!s->left)
		pad(w, ' ', s->width - n - zeros - prefix_length);
	while (*prefix)
		put_unit(w, (unsigned char)*prefix++);
	pad(w, '0', zeros);
	for (int i = n; i > 0; i--)
		put_unit(w, (unsigned char)digits[i - 1]);
	if (s->left)
		pad(w, ' ', s->width - n - zeros - prefix_length);
}

static void put_number(struct walk *w, struct spec *s)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	uint64_t v;

	switch (s->type) {
	case 'd':
	case 'i':
		v = take_number(w, s, true);
		put_digits(w, s, (int64_t)v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "",
			   (int64_t)v < 0 ? 0 - v : v, 10, lower);
		break;
	case 'u':
		put_digits(w, s, "", take_number(w, s, false), 10, lower);
		break;
	case 'o':
		put_digits(w, s, s->sharp ? "0" : "", take_number(w, s, false), 8, lower);
		break;
	case 'x':
		v = take_number(w, s, false);
		put_digits(w, s, s->sharp && v ? "0x" : "", v, 16, lower);
		break;
	case 'X':
		v = take_number(w, s, false);
		put_digits(w, s, s->sharp && v ? "0X" : "", v, 16, upper);
		break;
	default:   /* p */
		s->precision = 2 * sizeof(void *);
		put_digits(w, s, "", va_arg(w->args, uint64_t), 16, upper);
		break;
	}
}

static void put_float(struct walk *w, struct spec *s)
{
	char format[] = "%*.*f", text[400];
	int n;

	format[4] = s->type;
	n = snprintf(text, sizeof(text), format, s->left ? -s->width : s->width, s->precision,
		     va_arg(w->args, double));
	for (int i = 0; i < n && i < (int)sizeof(text) - 1; i++)
		put_unit(w, (unsigned char)text[i]);
}

/* ---- a specification: %[flags][width][.precision][size]type ---- */

static void read_flags(struct walk *w, struct spec *s)
{
	for (;; w->at++)
		switch (peek(w)) {
		case '-': s->left = true; break;
		case '+': s->plus = true; break;
		case ' ': s->space = true; break;
		case '#': s->sharp = true; break;
		case '0': s->zero = true; break;
		default: return;
		}
}

static int read_count(struct walk *w)
{
	int n = 0;

	if (peek(w) == '*') {
		w->at++;
		return va_arg(w->args, int);
	}
	for (; peek(w) >= '0' && peek(w) <= '9'; w->at++)
		if (n < 100000)
			n = n * 10 + (int)(peek(w) - '0');
	return n;
}

static bool skip_word(struct walk *w, const char *word)
{
	size_t start = w->at;

	for (; *word; word++, w->at++)
		if (peek(w) != (unsigned char)*word) {
			w->at = start;
			return false;
		}
	return true;
}

static void read_size(struct walk *w, struct spec *s)
{
	if (skip_word(w, "I64") || skip_word(w, "ll")) {
		s->size = SIZE_64;
	} else if (skip_word(w, "I32")) {
		s->size = SIZE_LONG;
	} else if (skip_word(w, "hh")) {
		s->size = SIZE_CHAR;
	} else if (skip_word(w, "h")) {
		s->size = SIZE_SHORT;
		s->narrow_string = true;
	} else if (skip_word(w, "l")) {
		s->size = SIZE_LONG;
		s->wide_string = true;
	} else if (skip_word(w, "w")) {
		s->wide_string = true;
	} else if (skip_word(w, "I") || skip_word(w, "z") || skip_word(w, "j") ||
		   skip_word(w, "t")) {
		s->size = SIZE_64;
	}
}

static void put_spec(struct walk *w)
{
	struct spec s = { .precision = -1 };

	read_flags(w, &s);
	s.width = read_count(w);
	if (s.width < 0) {
		s.left = true;
		s.width = -s.width;
	}
	if (skip_word(w, "."))
		s.precision = read_count(w);
	read_size(w, &s);
	s.type = (char)peek(w);
	if (!s.type)
		return;
	w->at++;
	if (strchr("diuoxXp", s.type))
		put_number(w, &s);
	else if (strchr("sS", s.type))
		put_string(w, &s);
	else if (strchr("cC", s.type))
		put_char(w, &s);
	else if (s.type == 'Z')
		put_counted(w, &s);
	else if (strchr("eEfFgGaA", s.type))
		put_float(w, &s);
	else if (s.type != 'n')
		put_unit(w, (unsigned char)s.type);
	else
		(void)va_arg(w->args, void *);
}

static size_t walk(struct walk *w)
{
	size_t last;

	for (unsigned c = peek(w); c; c = peek(w)) {
		w->at++;
		if (c == '%')
			put_spec(w);
		else
			put_unit(w, c);
	}
	if (w->room) {
		last = w->n < w->room ? w->n : w->room - 1;
		if (w->wide)
			((WCHAR *)w->out)[last] = 0;
		else
			((char *)w->out)[last] = '\0';
	}
	return w->n;
}

size_t format_narrow(char *out, size_t room, const char *format, va_list args)
{
	struct walk w = { .format = format, .out = out, .room = room };
	size_t n;

	va_copy(w.args, args);
	n = walk(&w);
	va_end(w.args);
	return n;
}

size_t format_wide(WCHAR *out, size_t room, const WCHAR *format, va_list args)
{
	struct walk w = { .format = format, .out = out, .room = room, .wide = true };
	size_t n;

	va_copy(w.args, args);
	n = walk(&w);
	va_end(w.args);
	return n;
}
