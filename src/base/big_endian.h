/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers in the byte order of the wire, at any address. */
#ifndef BASE_BIG_ENDIAN_H
#define BASE_BIG_ENDIAN_H

#include <stdint.h>

static inline uint16_t big16_read(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t big32_read(const uint8_t *at)
{
	return (uint32_t)big16_read(at) << 16 | big16_read(at + 2);
}

/* The low 16 bits of 'value'. */
static inline void big16_write(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void big32_write(uint8_t *at, uint32_t value)
{
	big16_write(at, value >> 16);
	big16_write(at + 2, value);
}

#endif
