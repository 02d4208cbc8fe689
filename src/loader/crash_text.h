/* SPDX-License-Identifier: BSD-2-Clause */
/* Text that a signal handler can write: no allocation, no locale, no lock. */
#ifndef LOADER_CRASH_TEXT_H
#define LOADER_CRASH_TEXT_H

#include <stdint.h>
#include <unistd.h>

/*
 * Writes 'format' to the descriptor, where %s is a text (NULL: "?"), %u a uint64_t in
 * decimal, %x one as 0x and digits, %X one as 0x and at least eight digits. Nothing else.
 */
void crash_print(int fd, const char *format, ...);

#endif
