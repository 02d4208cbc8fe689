/* SPDX-License-Identifier: BSD-2-Clause */
/* UTF-16, UTF-8, and upper case. */
#include "kernel/unicode.h"

#define REPLACEMENT 0xfffdu

uint32_t utf16_take(const WCHAR *s, size_t n, size_t *at)
{
	uint32_t c = s[(*at)++];

	if (c < 0xd800 || c > 0xdfff)
		return c;
	if (c > 0xdbff || *at >= n || s[*at] < 0xdc00 || s[*at] > 0xdfff)
		return REPLACEMENT;
	return 0x10000 + ((c - 0xd800) << 10) + (uint32_t)(s[(*at)++] - 0xdc00);
}

uint32_t utf8_take(const char *s, size_t n, size_t *at)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s[(*at)++];
	unsigned more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
	uint32_t c;
	size_t p = *at;

	if (first < 0x80)
		return first;
	if (first < 0xc2 || first > 0xf4)
		return REPLACEMENT;
	c = first & (0x3fu >> more);
	for (unsigned i = 0; i < more; i++, p++) {
		if (p >= n || ((unsigned char)s[p] & 0xc0) != 0x80)
			return REPLACEMENT;
		c = c << 6 | ((unsigned char)s[p] & 0x3f);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return REPLACEMENT;
	*at = p;
	return c;
}

unsigned utf16_put(uint32_t c, WCHAR out[2])
{
	if (c < 0x10000) {
		out[0] = (WCHAR)c;
		return 1;
	}
	out[0] = (WCHAR)(0xd800 + ((c - 0x10000) >> 10));
	out[1] = (WCHAR)(0xdc00 + (c & 0x3ff));
	return 2;
}

unsigned utf8_put(uint32_t c, char out[4])
{
	unsigned n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (unsigned i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[n] | c);
	return n;
}

size_t wide_length(const WCHAR *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

/* Ranges whose small letters lie a fixed way behind their capitals ... */
static const struct { WCHAR first, last; int way; } shifted[] = {
	{ 'a', 'z', -32 }, { 0xe0, 0xf6, -32 }, { 0xf8, 0xfe, -32 }, { 0xff, 0xff, 121 },
	{ 0x3ac, 0x3ac, -38 }, { 0x3ad, 0x3af, -37 }, { 0x3b1, 0x3c1, -32 },
	{ 0x3c3, 0x3cb, -32 }, { 0x3cc, 0x3cc, -64 }, { 0x3cd, 0x3ce, -63 },
	{ 0x430, 0x44f, -32 }, { 0x450, 0x45f, -80 },
};

/* ... and ranges in which capitals and small letters take turns. */
static const struct { WCHAR first, last; } paired[] = {
	{ 0x101, 0x12f }, { 0x133, 0x137 }, { 0x14b, 0x177 }, { 0x461, 0x481 }, { 0x48b, 0x4bf },
	{ 0x4d1, 0x52f }, { 0x1e01, 0x1e95 }, { 0x1ea1, 0x1eff },
};

WCHAR RtlUpcaseUnicodeChar(WCHAR SourceCharacter)
{
	for (size_t i = 0; i < RTL_NUMBER_OF(shifted); i++)
		if (SourceCharacter >= shifted[i].first && SourceCharacter <= shifted[i].last)
			return (WCHAR)(SourceCharacter + shifted[i].way);
	for (size_t i = 0; i < RTL_NUMBER_OF(paired); i++)
		if (SourceCharacter >= paired[i].first && SourceCharacter <= paired[i].last &&
		    SourceCharacter % 2)
			return (WCHAR)(SourceCharacter - 1);
	return SourceCharacter;
}

/* One byte of UTF-8 is a letter of its own only within ASCII. */
CHAR RtlUpperChar(CHAR Character)
{
	return (CHAR)(Character >= 'a' && Character <= 'z' ? Character - 32 : Character);
}
