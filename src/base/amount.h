/* SPDX-License-Identifier: BSD-2-Clause */
/* Amounts as people write them: digits, and K, M or G for thousands. */
#ifndef BASE_AMOUNT_H
#define BASE_AMOUNT_H

#include <stdint.h>

/* "250K" is 250000. 0; -EINVAL: it is no amount; -ERANGE: it is more than 64 bits hold. */
int amount_parse(const char *text, uint64_t *value);

#endif
