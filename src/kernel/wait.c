/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting. A waiter takes the object if its state allows, or else sleeps on the
 * futex of the state that it saw and tries again. Nobody is queued, so whoever
 * sets an object wakes all its waiters and one or all of them take it.
 */
#include "kernel/kernel.h"
#include "kernel/dispatcher.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/futex.h"

#define UNITS_PER_SECOND     10000000ll   /* of 100 ns */
#define SECONDS_1601_TO_1970 11644473600ll

void dispatcher_init(DISPATCHER_HEADER *header, enum dispatcher_type type, LONG state)
{
	header->Lock = 0;
	header->Type = (UCHAR)type;
	__atomic_store_n(&header->SignalState, state, __ATOMIC_RELEASE);
	InitializeListHead(&header->WaitListHead);
}

void dispatcher_wake(LONG *state)
{
	futex_wake(state);
}

LONG dispatcher_set(DISPATCHER_HEADER *header, LONG state)
{
	LONG *futex = &header->SignalState;
	LONG before = __atomic_exchange_n(futex, state, __ATOMIC_SEQ_CST);

	if (before != state)
		dispatcher_wake(futex);
	return before;
}

struct timespec kernel_moment(LONGLONG units)
{
	struct timespec t;

	if (units > 0) {
		clock_gettime(CLOCK_REALTIME, &t);
		units -= (t.tv_sec + SECONDS_1601_TO_1970) * UNITS_PER_SECOND + t.tv_nsec / 100;
		units = units < 0 ? 0 : units;
	} else {
		units = units == LLONG_MIN ? LLONG_MAX : -units;
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

void kernel_bad_wait(const char *function, const void *caller)
{
	static const void *said;
	Dl_info where = { 0 };

	if (__atomic_exchange_n(&said, caller, __ATOMIC_RELAXED) == caller)
		return;
	dladdr(caller, &where);
	log_error("%s: a driver waits at IRQL %d; it may only below DISPATCH_LEVEL "
		  "(called from %p, %s%s%s)",
		  function, kernel_self.irql, caller, where.dli_sname ? where.dli_sname : "",
		  where.dli_sname ? " in " : "", where.dli_fname ? where.dli_fname : "?");
}

static BOOLEAN take_count(LONG *state)
{
	LONG n = __atomic_load_n(state, __ATOMIC_SEQ_CST);

	while (n > 0)
		if (__atomic_compare_exchange_n(state, &n, n - 1, 1, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST))
			return TRUE;
	return FALSE;
}

/* Whether the object is signalled; where that lets one waiter through, we are it. */
static BOOLEAN take(DISPATCHER_HEADER *h)
{
	switch (h->Type) {
	case DISPATCHER_EVENT_SYNCHRONIZATION:
	case DISPATCHER_TIMER_SYNCHRONIZATION:
	case DISPATCHER_SEMAPHORE:
		return take_count(&h->SignalState);
	case DISPATCHER_MUTEX:
		return mutex_take(CONTAINING_RECORD(h, KMUTEX, Header));
	default:
		return __atomic_load_n(&h->SignalState, __ATOMIC_SEQ_CST) > 0;
	}
}

static BOOLEAN is_signalled(DISPATCHER_HEADER *h)
{
	return __atomic_load_n(&h->SignalState, __ATOMIC_SEQ_CST) > 0 ||
	       (h->Type == DISPATCHER_MUTEX && mutex_is_mine(CONTAINING_RECORD(h, KMUTEX, Header)));
}

/* Undoes take(), for a thread that waits for all and did not get all. */
static void give_back(DISPATCHER_HEADER *h)
{
	switch (h->Type) {
	case DISPATCHER_EVENT_SYNCHRONIZATION:
	case DISPATCHER_TIMER_SYNCHRONIZATION:
		dispatcher_set(h, 1);
		break;
	case DISPATCHER_SEMAPHORE:
		__atomic_add_fetch(&h->SignalState, 1, __ATOMIC_SEQ_CST);
		dispatcher_wake(&h->SignalState);
		break;
	case DISPATCHER_MUTEX:
		mutex_give(CONTAINING_RECORD(h, KMUTEX, Header));
		break;
	default:
		break;
	}
}

/* Sleeps while the state is what it is now, not signalled. FALSE: time is up. */
static BOOLEAN sleep_on(DISPATCHER_HEADER *h, const struct timespec *until)
{
	LONG state = __atomic_load_n(&h->SignalState, __ATOMIC_SEQ_CST);

	return state > 0 ||
	       !syscall(SYS_futex, &h->SignalState, FUTEX_WAIT_BITSET_PRIVATE, state, until, NULL,
			FUTEX_BITSET_MATCH_ANY) ||
	       errno != ETIMEDOUT;
}

/* Where a sandbox or an old kernel has no wait for several futexes: a millisecond.
 * FALSE: time is up. */
static BOOLEAN nap(const struct timespec *until)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	struct timespec now;

	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return !until || now.tv_sec < until->tv_sec ||
	       (now.tv_sec == until->tv_sec && now.tv_nsec < until->tv_nsec);
}

static BOOLEAN sleep_on_any(ULONG n, PVOID objects[], const struct timespec *until)
{
	struct futex_waitv v[MAXIMUM_WAIT_OBJECTS];

	for (ULONG i = 0; i < n; i++) {
		LONG *state = &((DISPATCHER_HEADER *)objects[i])->SignalState;
		LONG value = __atomic_load_n(state, __ATOMIC_SEQ_CST);

		if (value > 0)
			return TRUE;
		v[i] = (struct futex_waitv){ .val = (uint32_t)value, .uaddr = (uintptr_t)state,
					     .flags = FUTEX_32 | FUTEX_PRIVATE_FLAG };
	}
	if (syscall(SYS_futex_waitv, v, n, 0, until, CLOCK_MONOTONIC) >= 0)
		return TRUE;
	return errno == ENOSYS || errno == EPERM ? nap(until) : errno != ETIMEDOUT;
}

/* The moment at which a wait ends, in '*until'; NULL: never. */
static const struct timespec *deadline(const LARGE_INTEGER *timeout, struct timespec *until)
{
	if (!timeout)
		return NULL;
	*until = kernel_moment(timeout->QuadPart);
	return until;
}

static void check_level(const char *function, const LARGE_INTEGER *timeout, const void *caller)
{
	if (kernel_self.irql >= DISPATCH_LEVEL && !(timeout && !timeout->QuadPart))
		kernel_bad_wait(function, caller);
}

/* Waits for one object. 'Timeout', in units of 100 ns: NULL for ever, 0 not at all,
 * negative relative, positive an absolute time. */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
			       BOOLEAN Alertable, PLARGE_INTEGER Timeout)
{
	const struct timespec *end;
	struct timespec until;

	(void)WaitReason;
	(void)WaitMode;
	(void)Alertable;
	check_level("KeWaitForSingleObject", Timeout, __builtin_return_address(0));
	if (take(Object))
		return STATUS_SUCCESS;
	if (Timeout && !Timeout->QuadPart)
		return STATUS_TIMEOUT;
	end = deadline(Timeout, &until);
	do {
		if (!sleep_on(Object, end))
			return take(Object) ? STATUS_SUCCESS : STATUS_TIMEOUT;
	} while (!take(Object));
	return STATUS_SUCCESS;
}

/* The index of an object that was signalled, or n. */
static ULONG take_any(ULONG n, PVOID objects[])
{
	ULONG i = 0;

	while (i < n && !take(objects[i]))
		i++;
	return i;
}

/* Takes all and returns n, or takes none and returns the index of one that was not
 * signalled. */
static ULONG take_all(ULONG n, PVOID objects[])
{
	ULONG i = 0, missing;

	while (i < n && is_signalled(objects[i]))
		i++;
	if (i < n)
		return i;
	for (i = 0; i < n && take(objects[i]); i++)
		;
	missing = i;
	if (missing < n)
		while (i--)
			give_back(objects[i]);
	return missing;
}

static NTSTATUS wait_any(ULONG n, PVOID objects[], const LARGE_INTEGER *timeout)
{
	struct timespec until;
	const struct timespec *end = deadline(timeout, &until);
	BOOLEAN in_time = !timeout || timeout->QuadPart;
	ULONG i;

	while ((i = take_any(n, objects)) == n) {
		if (!in_time)
			return STATUS_TIMEOUT;
		in_time = sleep_on_any(n, objects, end);
	}
	return STATUS_WAIT_0 + (NTSTATUS)i;
}

static NTSTATUS wait_all(ULONG n, PVOID objects[], const LARGE_INTEGER *timeout)
{
	struct timespec until;
	const struct timespec *end = deadline(timeout, &until);
	BOOLEAN in_time = !timeout || timeout->QuadPart;
	ULONG i;

	while ((i = take_all(n, objects)) < n) {
		if (!in_time)
			return STATUS_TIMEOUT;
		in_time = sleep_on(objects[i], end);
	}
	return STATUS_WAIT_0;
}

NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[], WAIT_TYPE WaitType,
				  KWAIT_REASON WaitReason, KPROCESSOR_MODE WaitMode,
				  BOOLEAN Alertable, PLARGE_INTEGER Timeout,
				  PKWAIT_BLOCK WaitBlockArray)
{
	ULONG most = WaitBlockArray ? MAXIMUM_WAIT_OBJECTS : THREAD_WAIT_OBJECTS;

	(void)WaitReason;
	(void)WaitMode;
	(void)Alertable;
	check_level("KeWaitForMultipleObjects", Timeout, __builtin_return_address(0));
	if (!Count || Count > most) {
		log_error("KeWaitForMultipleObjects: %u objects; 1 to %u may be waited for %s a WaitBlockArray",
			  Count, most, WaitBlockArray ? "with" : "without");
		return STATUS_INVALID_PARAMETER_1;
	}
	return WaitType == WaitAll ? wait_all(Count, Object, Timeout)
				   : wait_any(Count, Object, Timeout);
}
