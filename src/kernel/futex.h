/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping on a 32-bit word. A driver's locks lie in the driver's memory and are
 * never torn down, so they are futexes and hold nothing of ours. For this room.
 */
#ifndef KERNEL_FUTEX_H
#define KERNEL_FUTEX_H

#include <linux/futex.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sleeps while '*word' is 'seen'; may return for no reason. PASSIVE or APC level. */
static inline void futex_wait(const volatile void *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

/* Wakes all who sleep on 'word'. Only the address counts: the memory may be the
 * next owner's already, or nobody's. */
static inline void futex_wake(const volatile void *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

#endif
