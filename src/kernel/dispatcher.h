/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a thread can wait for: every such object begins with a DISPATCHER_HEADER,
 * and its SignalState is the futex. For this room alone.
 */
#ifndef KERNEL_DISPATCHER_H
#define KERNEL_DISPATCHER_H

#include <time.h>

#include <ndis.h>

/* DISPATCHER_HEADER.Type; the first two are EVENT_TYPE. */
enum dispatcher_type {
	DISPATCHER_EVENT_NOTIFICATION = NotificationEvent,
	DISPATCHER_EVENT_SYNCHRONIZATION = SynchronizationEvent,
	DISPATCHER_MUTEX = 2,
	DISPATCHER_SEMAPHORE = 5,
	DISPATCHER_THREAD = 6,
	DISPATCHER_TIMER_NOTIFICATION = 8,
	DISPATCHER_TIMER_SYNCHRONIZATION = 9,
};

void dispatcher_init(DISPATCHER_HEADER *header, enum dispatcher_type type, LONG state);

/* Makes the state 'state' and wakes whoever waits; returns the state of before.
 * The waiter may free the object as soon as it sees it set, so no member is read
 * afterwards; waking nobody at that address is harmless. Any IRQL. */
LONG dispatcher_set(DISPATCHER_HEADER *header, LONG state);

/* Wakes whoever waits at 'state', whose object may be gone. */
void dispatcher_wake(LONG *state);

BOOLEAN mutex_is_mine(PRKMUTEX mutex);

/* A mutex whose state allows it becomes this thread's, or is so once more. */
BOOLEAN mutex_take(PRKMUTEX mutex);

/* Undoes mutex_take(). */
void mutex_give(PRKMUTEX mutex);

/* The moment of a timeout (KeWaitForSingleObject) on CLOCK_MONOTONIC: negative is
 * relative, positive counts from 1601; in units of 100 ns. */
struct timespec kernel_moment(LONGLONG units);

/* A driver asks to wait at DISPATCH_LEVEL: says who, once for each place. */
void kernel_bad_wait(const char *function, const void *caller);

#endif
