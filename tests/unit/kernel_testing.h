/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the kernel room share. */
#ifndef KERNEL_TESTING_H
#define KERNEL_TESTING_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "kernel/kernel.h"

#define PROCESSORS 3
#define WORKERS    2
#define MS(n)      (-10000ll * (n))   /* a relative due time or timeout */

static inline int machine_up(void **state)
{
	struct kernel_config c = { .processors = PROCESSORS, .workers = WORKERS };

	(void)state;
	return kernel_start(&c, NULL);
}

static inline int machine_down(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

/* Whether the event comes to be set; fails the test when that takes very long. */
static inline void await(PRKEVENT event)
{
	LARGE_INTEGER t = { .QuadPart = MS(20000) };

	assert_int_equal(KeWaitForSingleObject(event, Executive, KernelMode, FALSE, &t),
			 STATUS_SUCCESS);
}

static inline NTSTATUS wait_ms(PVOID object, LONGLONG ms)
{
	LARGE_INTEGER t = { .QuadPart = MS(ms) };

	return KeWaitForSingleObject(object, Executive, KernelMode, FALSE, &t);
}

/* A thread of the test, which is no worker and may assert nothing. */
static inline pthread_t thread_of(void *(*routine)(void *), void *arg)
{
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, routine, arg), 0);
	return t;
}

#endif
