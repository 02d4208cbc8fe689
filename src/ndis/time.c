/* SPDX-License-Identifier: BSD-2-Clause */
/* What time it is. */
#include "ndis/object.h"

#include <time.h>

VOID NdisGetCurrentSystemTime(PLARGE_INTEGER SystemTime)
{
	KeQuerySystemTime(SystemTime);
}

VOID NdisGetSystemUpTimeEx(PLARGE_INTEGER pSystemUpTime)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	pSystemUpTime->QuadPart = (LONGLONG)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
