/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatting as Windows' kernel does it: 'l' is 32 bits; I64, I32, I and w are
 * sizes; %s is of the format's own width and %S of the other; %Z and %wZ take
 * counted strings; %p is 16 capital digits. %n is ignored. For this room.
 */
#ifndef KERNEL_FORMAT_H
#define KERNEL_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#include <wdm.h>

/*
 * Write at most 'room' units, a closing zero among them (none when 'room' is 0).
 * Return how many units the whole text takes without the zero.
 */
size_t format_narrow(char *out, size_t room, const char *format, va_list args);
size_t format_wide(WCHAR *out, size_t room, const WCHAR *format, va_list args);

#endif
