/* SPDX-License-Identifier: BSD-2-Clause */
#include "instructions.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

static int counter = -1;

bool instructions_open(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_HARDWARE, .size = sizeof(a),
				     .config = PERF_COUNT_HW_INSTRUCTIONS, .exclude_kernel = 1,
				     .exclude_hv = 1 };

	counter = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
	return counter >= 0;
}

uint64_t instructions(void)
{
	uint64_t n = 0;

	return counter >= 0 && read(counter, &n, sizeof(n)) == sizeof(n) ? n : 0;
}
