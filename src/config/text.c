/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of a configuration before YAML sees them, and the form of error lines. */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/tree.h"

/* The bytes of the UTF-8 character at 'p', '*code' its number; 0: no UTF-8. */
static unsigned utf8_decode(const uint8_t *p, size_t left, uint32_t *code)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 :
		     p[0] < 0xf0 ? 3 : p[0] < 0xf8 ? 4 : 0;

	if (!n || n > left)
		return 0;
	*code = n == 1 ? p[0] : p[0] & (0x7fu >> n);
	for (unsigned i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (p[i] & 0x3f);
	}
	if (*code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
		return 0;
	return n;
}

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

/* Copies what fits whole into 'size' bytes, and '?' for all that does not print. */
static void copy_printable(char *to, size_t size, const char *from)
{
	size_t left = strlen(from), used = 0;

	while (left) {
		uint32_t code;
		unsigned n = utf8_decode((const uint8_t *)from, left, &code);
		bool bad = !n || is_control(code);

		n = n ? n : 1;
		if (used + n >= size)
			break;
		if (bad)
			to[used++] = '?';
		else
			for (unsigned i = 0; i < n; i++)
				to[used++] = from[i];
		from += n;
		left -= n;
	}
	to[used] = '\0';
}

void config_errors_init(struct config_errors *errors, const char *file, struct error *error)
{
	size_t length = strlen(file);

	errors->error = error;
	errors->file[0] = '\0';
	/* Of a name that is too long its end tells more than its beginning. */
	if (length >= sizeof(errors->file)) {
		memcpy(errors->file, "...", 3);
		copy_printable(errors->file + 3, sizeof(errors->file) - 3,
			       file + length - (sizeof(errors->file) - 4));
	} else {
		copy_printable(errors->file, sizeof(errors->file), file);
	}
}

int config_fail(const struct config_errors *errors, struct config_place place,
		const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return error_set(errors->error, EINVAL, "%s:%u:%u: %s", errors->file, place.line,
			 place.column, text);
}

struct config_quoted config_quote(const char *text)
{
	struct config_quoted quoted;
	size_t length;

	quoted.text[0] = '"';
	copy_printable(quoted.text + 1, 62, text);
	length = strlen(quoted.text);
	strcpy(quoted.text + length, length - 1 < strlen(text) ? "...\"" : "\"");
	return quoted;
}

static int check_character(const struct config_errors *errors, struct config_place at,
			   uint32_t code)
{
	if (code == 0)
		return config_fail(errors, at, "a NUL byte; save the file as plain text in UTF-8");
	if (code == '\t' || code == '\n' || code == '\r' || !is_control(code))
		return 0;
	return config_fail(errors, at, "the control character U+%04X; remove it", code);
}

/* What a line may not begin with. 'p' is its first byte. */
static int check_line_start(const struct config_errors *errors, unsigned line, const char *p,
			    const char *end)
{
	struct config_place at = { line, 1 };
	const char *tab = NULL;

	if (p < end && *p == '%')
		return config_fail(errors, at,
				   "YAML directives (%%) are not used here; remove the line");
	for (; p < end && (*p == ' ' || *p == '\t'); p++) {
		if (*p == '\t' && !tab)
			tab = p;
		else if (!tab)
			at.column++;
	}
	if (!tab || p == end || *p == '\n' || *p == '\r' || *p == '#')
		return 0;
	return config_fail(errors, at, "a tab indents this line; indent with spaces");
}

int config_text_check(const struct config_errors *errors, const char *text, size_t length)
{
	struct config_place at = { 1, 1 };
	unsigned blanks = 0;
	int ret;

	if (length > CONFIG_MAX_BYTES)
		return config_fail(errors, at, "the file is longer than %u bytes; is it a configuration?",
				   CONFIG_MAX_BYTES);
	for (size_t i = 0; i < length;) {
		uint32_t code = 0;
		unsigned n = utf8_decode((const uint8_t *)text + i, length - i, &code);

		if (!n)
			return config_fail(errors, at, "the byte 0x%02x is no UTF-8; save the file as UTF-8",
					   (uint8_t)text[i]);
		if (at.column == 1) {
			ret = check_line_start(errors, at.line, text + i, text + length);
			if (ret)
				return ret;
		}
		ret = check_character(errors, at, code);
		if (ret)
			return ret;
		blanks = code == ' ' || code == '\t' || code == '\n' || code == '\r' ? blanks + 1 : 0;
		if (blanks > CONFIG_MAX_BLANKS)
			return config_fail(errors, at, "more than %d blanks or line ends in a row; remove some",
					   CONFIG_MAX_BLANKS);
		i += n;
		/* CR LF is one end of line, a CR alone is one too. */
		if (code == '\n' || (code == '\r' && (i == length || text[i] != '\n'))) {
			at.line++;
			at.column = 1;
		} else if (code != 0xfeff || i != 3) {   /* the byte order mark has no column */
			at.column++;
		}
	}
	return 0;
}
