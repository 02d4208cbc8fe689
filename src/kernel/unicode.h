/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Characters. The ANSI code page of this system is UTF-8 (one that Windows offers
 * too), so that what drivers print comes out readable. For this room.
 */
#ifndef KERNEL_UNICODE_H
#define KERNEL_UNICODE_H

#include <stdint.h>

#include <wdm.h>

/* One code point from UTF-16; '*at' moves on. What is no character is U+FFFD. */
uint32_t utf16_take(const WCHAR *s, size_t n, size_t *at);
uint32_t utf8_take(const char *s, size_t n, size_t *at);

/* Writes a code point, returns how many units it takes. */
unsigned utf16_put(uint32_t c, WCHAR out[2]);
unsigned utf8_put(uint32_t c, char out[4]);

size_t wide_length(const WCHAR *s);   /* units before the zero */

#endif
