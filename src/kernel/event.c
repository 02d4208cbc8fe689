/* SPDX-License-Identifier: BSD-2-Clause */
/* Events, on the futex of their signal state. */
#include "kernel/kernel.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define UNITS_PER_SECOND     10000000ll   /* of 100 ns */
#define SECONDS_1601_TO_1970 11644473600ll

VOID KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type, BOOLEAN State)
{
	Event->Header.Type = (UCHAR)Type;
	__atomic_store_n(&Event->Header.SignalState, State, __ATOMIC_RELEASE);
	InitializeListHead(&Event->Header.WaitListHead);
}

LONG KeSetEvent(PRKEVENT Event, KPRIORITY Increment, BOOLEAN Wait)
{
	LONG *state = &Event->Header.SignalState;
	LONG before = __atomic_exchange_n(state, 1, __ATOMIC_SEQ_CST);

	(void)Increment;
	(void)Wait;
	/* The waiter may free the event as soon as it sees it set, so no member is
	 * read here any more; waking nobody at that address is harmless. */
	if (!before)
		syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
	return before;
}

LONG KeResetEvent(PRKEVENT Event)
{
	return __atomic_exchange_n(&Event->Header.SignalState, 0, __ATOMIC_SEQ_CST);
}

VOID KeClearEvent(PRKEVENT Event)
{
	KeResetEvent(Event);
}

LONG KeReadStateEvent(PRKEVENT Event)
{
	return __atomic_load_n(&Event->Header.SignalState, __ATOMIC_SEQ_CST);
}

/* Whether the event is set; an event of the synchronizing kind lets one waiter
 * through and is then clear again. */
static BOOLEAN take(PRKEVENT event)
{
	LONG set = 1;

	if (event->Header.Type == SynchronizationEvent)
		return __atomic_compare_exchange_n(&event->Header.SignalState, &set, 0, 0,
						   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&event->Header.SignalState, __ATOMIC_SEQ_CST) != 0;
}

/* The moment of a timeout, on our clock: negative is relative, positive counts
 * from 1601. */
static struct timespec moment(LONGLONG units)
{
	struct timespec t;

	if (units > 0) {
		clock_gettime(CLOCK_REALTIME, &t);
		units -= (t.tv_sec + SECONDS_1601_TO_1970) * UNITS_PER_SECOND + t.tv_nsec / 100;
		units = units < 0 ? 0 : units;
	} else {
		units = -units;
	}

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += units / UNITS_PER_SECOND;
	t.tv_nsec += units % UNITS_PER_SECOND * 100;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* Waits for an event. 'Timeout', in units of 100 ns: NULL for ever, 0 not at all,
 * negative relative, positive an absolute time. */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
			       BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
	struct timespec until = { 0 };
	PRKEVENT event = Object;

	(void)WaitReason;
	(void)WaitMode;
	(void)Alertable;
	if (Timeout)
		until = moment(Timeout->QuadPart);
	while (!take(event))
		if (syscall(SYS_futex, &event->Header.SignalState,
			    FUTEX_WAIT_BITSET_PRIVATE, 0, Timeout ? &until : NULL, NULL,
			    FUTEX_BITSET_MATCH_ANY) && errno == ETIMEDOUT)
			return take(event) ? STATUS_SUCCESS : STATUS_TIMEOUT;
	return STATUS_SUCCESS;
}
