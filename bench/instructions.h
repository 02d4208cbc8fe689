/* SPDX-License-Identifier: BSD-2-Clause */
/* The CPU's count of this thread's instructions in user mode. */
#ifndef BENCH_INSTRUCTIONS_H
#define BENCH_INSTRUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether this machine counts them; call once before instructions(). */
bool instructions_open(void);
uint64_t instructions(void);

#endif
