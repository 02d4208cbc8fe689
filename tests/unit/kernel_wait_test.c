/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_testing.h"

static LARGE_INTEGER at_once;   /* a timeout of 0 */

static void *set_later(void *event)
{
	usleep(20000);
	KeSetEvent(event, IO_NO_INCREMENT, FALSE);
	return NULL;
}

static NTSTATUS wait_for(ULONG n, PVOID objects[], WAIT_TYPE type, PLARGE_INTEGER timeout)
{
	KWAIT_BLOCK blocks[MAXIMUM_WAIT_OBJECTS];

	return KeWaitForMultipleObjects(n, objects, type, Executive, KernelMode, FALSE, timeout,
					n > THREAD_WAIT_OBJECTS ? blocks : NULL);
}

static void an_event_of_either_kind(void **state)
{
	KEVENT notification, synchronization;

	(void)state;
	KeInitializeEvent(&notification, NotificationEvent, FALSE);
	KeInitializeEvent(&synchronization, SynchronizationEvent, TRUE);
	assert_int_equal(wait_ms(&notification, 5), STATUS_TIMEOUT);
	assert_int_equal(KeSetEvent(&notification, IO_NO_INCREMENT, FALSE), 0);
	assert_int_not_equal(KeSetEvent(&notification, IO_NO_INCREMENT, FALSE), 0);
	assert_int_equal(wait_ms(&notification, 5), STATUS_SUCCESS);
	assert_int_equal(wait_ms(&notification, 5), STATUS_SUCCESS);
	assert_int_not_equal(KeResetEvent(&notification), 0);
	assert_int_equal(KeReadStateEvent(&notification), 0);
	assert_int_equal(wait_ms(&synchronization, 5), STATUS_SUCCESS);
	assert_int_equal(wait_ms(&synchronization, 5), STATUS_TIMEOUT);
}

/* The waiter owns the event and frees it as soon as it has seen it set. */
static void the_waiter_may_free_the_event(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		PRKEVENT event = malloc(sizeof(*event));
		pthread_t t;

		assert_non_null(event);
		KeInitializeEvent(event, NotificationEvent, FALSE);
		t = thread_of((void *(*)(void *))(void (*)(void))KeSetEvent, event);
		KeWaitForSingleObject(event, Executive, KernelMode, FALSE, NULL);
		free(event);
		pthread_join(t, NULL);
	}
}

static void any_of_several_ends_the_wait_and_says_which(void **state)
{
	KEVENT events[5];
	PVOID objects[5];
	pthread_t t;

	(void)state;
	for (int i = 0; i < 5; i++) {
		KeInitializeEvent(&events[i], SynchronizationEvent, FALSE);
		objects[i] = &events[i];
	}
	assert_int_equal(wait_for(5, objects, WaitAny, &at_once), STATUS_TIMEOUT);
	t = thread_of(set_later, &events[3]);
	assert_int_equal(wait_for(5, objects, WaitAny, NULL), STATUS_WAIT_0 + 3);
	pthread_join(t, NULL);
	assert_int_equal(KeReadStateEvent(&events[3]), 0);
	KeSetEvent(&events[4], IO_NO_INCREMENT, FALSE);
	KeSetEvent(&events[2], IO_NO_INCREMENT, FALSE);
	assert_int_equal(wait_for(5, objects, WaitAny, NULL), STATUS_WAIT_0 + 2);
	assert_int_equal(KeReadStateEvent(&events[4]), 1);   /* only one was taken */
}

static void all_of_several_are_taken_together_or_not_at_all(void **state)
{
	LARGE_INTEGER soon = { .QuadPart = MS(20) };
	KEVENT first, last;
	KSEMAPHORE semaphore;
	PVOID objects[3] = { &first, &semaphore, &last }, twice[2] = { &semaphore, &semaphore };
	pthread_t t;

	(void)state;
	KeInitializeEvent(&first, SynchronizationEvent, TRUE);
	KeInitializeSemaphore(&semaphore, 1, 1);
	KeInitializeEvent(&last, SynchronizationEvent, FALSE);
	assert_int_equal(wait_for(3, objects, WaitAll, &soon), STATUS_TIMEOUT);
	assert_int_equal(KeReadStateEvent(&first), 1);
	assert_int_equal(KeReadStateSemaphore(&semaphore), 1);
	assert_int_equal(wait_for(2, twice, WaitAll, &at_once), STATUS_TIMEOUT);
	assert_int_equal(KeReadStateSemaphore(&semaphore), 1);   /* the first was given back */
	t = thread_of(set_later, &last);
	assert_int_equal(wait_for(3, objects, WaitAll, NULL), STATUS_WAIT_0);
	pthread_join(t, NULL);
	assert_int_equal(KeReadStateEvent(&first), 0);
	assert_int_equal(KeReadStateSemaphore(&semaphore), 0);
	assert_int_equal(KeReadStateEvent(&last), 0);
}

static void too_many_objects_are_refused(void **state)
{
	KEVENT event;
	PVOID objects[MAXIMUM_WAIT_OBJECTS + 1];

	(void)state;
	KeInitializeEvent(&event, NotificationEvent, TRUE);
	for (int i = 0; i <= MAXIMUM_WAIT_OBJECTS; i++)
		objects[i] = &event;
	assert_int_equal(KeWaitForMultipleObjects(THREAD_WAIT_OBJECTS + 1, objects, WaitAny,
						  Executive, KernelMode, FALSE, NULL, NULL),
			 STATUS_INVALID_PARAMETER_1);
	assert_int_equal(wait_for(MAXIMUM_WAIT_OBJECTS + 1, objects, WaitAny, NULL),
			 STATUS_INVALID_PARAMETER_1);
	assert_int_equal(wait_for(MAXIMUM_WAIT_OBJECTS, objects, WaitAll, NULL), STATUS_WAIT_0);
}

static void a_semaphore_lets_as_many_through_as_it_counts(void **state)
{
	KSEMAPHORE s;

	(void)state;
	KeInitializeSemaphore(&s, 0, 3);
	assert_int_equal(wait_ms(&s, 5), STATUS_TIMEOUT);
	assert_int_equal(KeReleaseSemaphore(&s, IO_NO_INCREMENT, 2, FALSE), 0);
	assert_int_equal(KeReleaseSemaphore(&s, IO_NO_INCREMENT, 2, FALSE), 2);   /* beyond the limit */
	assert_int_equal(KeReadStateSemaphore(&s), 2);
	assert_int_equal(wait_ms(&s, 5), STATUS_SUCCESS);
	assert_int_equal(wait_ms(&s, 5), STATUS_SUCCESS);
	assert_int_equal(wait_ms(&s, 5), STATUS_TIMEOUT);
}

static void *try_mutex(void *mutex)
{
	NTSTATUS s = KeWaitForSingleObject(mutex, Executive, KernelMode, FALSE, &at_once);

	if (s == STATUS_SUCCESS)
		KeReleaseMutex(mutex, FALSE);
	return (void *)(intptr_t)s;
}

static NTSTATUS tried(PRKMUTEX m)
{
	void *status;

	pthread_join(thread_of(try_mutex, m), &status);
	return (NTSTATUS)(intptr_t)status;
}

static void *release_mutex(void *mutex)
{
	KeReleaseMutex(mutex, FALSE);   /* another thread's: said in the log, and nothing else */
	return NULL;
}

static void a_mutex_is_its_owners_as_often_as_it_was_taken(void **state)
{
	KMUTEX m;

	(void)state;
	KeInitializeMutex(&m, 0);
	assert_int_equal(KeReadStateMutex(&m), 1);
	assert_int_equal(KeWaitForMutexObject(&m, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
	assert_int_equal(wait_ms(&m, 5), STATUS_SUCCESS);
	assert_true(KeAreApcsDisabled());
	assert_int_equal(tried(&m), STATUS_TIMEOUT);
	KeReleaseMutex(&m, FALSE);
	assert_int_equal(tried(&m), STATUS_TIMEOUT);
	pthread_join(thread_of(release_mutex, &m), NULL);
	assert_int_equal(tried(&m), STATUS_TIMEOUT);
	KeReleaseMutex(&m, FALSE);
	assert_false(KeAreApcsDisabled());
	assert_int_equal(tried(&m), STATUS_SUCCESS);
	assert_int_equal(KeReadStateMutex(&m), 1);
}

struct shared { KMUTEX mutex; KSEMAPHORE semaphore; unsigned count; };

static void *count_up(void *arg)
{
	struct shared *s = arg;
	PVOID both[2] = { &s->semaphore, &s->mutex };

	for (int i = 0; i < 2000; i++) {
		if (i % 2) {
			wait_for(2, both, WaitAll, NULL);
		} else {
			KeWaitForSingleObject(&s->mutex, Executive, KernelMode, FALSE, NULL);
			KeWaitForSingleObject(&s->semaphore, Executive, KernelMode, FALSE, NULL);
		}
		s->count++;
		KeReleaseSemaphore(&s->semaphore, IO_NO_INCREMENT, 1, FALSE);
		KeReleaseMutex(&s->mutex, FALSE);
	}
	return NULL;
}

static void a_mutex_excludes_other_threads(void **state)
{
	struct shared s = { .count = 0 };
	pthread_t t[3];

	(void)state;
	KeInitializeMutex(&s.mutex, 0);
	KeInitializeSemaphore(&s.semaphore, 1, 3);
	for (int i = 0; i < 3; i++)
		t[i] = thread_of(count_up, &s);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(s.count, 6000);
}

static void regions_are_counted(void **state)
{
	(void)state;
	KeEnterCriticalRegion();
	KeEnterCriticalRegion();
	KeLeaveCriticalRegion();
	assert_true(KeAreApcsDisabled());
	assert_false(KeAreAllApcsDisabled());
	KeLeaveCriticalRegion();
	assert_false(KeAreApcsDisabled());
	KeLeaveCriticalRegion();   /* one too many: said in the log */
	KeEnterGuardedRegion();
	assert_true(KeAreAllApcsDisabled());
	KeLeaveGuardedRegion();
	assert_false(KeAreAllApcsDisabled());
}

static void a_wait_at_dispatch_level_works_only_without_time(void **state)
{
	KEVENT event;
	KIRQL old;

	(void)state;
	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	assert_int_equal(KeWaitForSingleObject(&event, Executive, KernelMode, FALSE, &at_once),
			 STATUS_TIMEOUT);
	assert_int_equal(wait_ms(&event, 1), STATUS_TIMEOUT);   /* said in the log */
	KeLowerIrql(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_either_kind),
		cmocka_unit_test(the_waiter_may_free_the_event),
		cmocka_unit_test(any_of_several_ends_the_wait_and_says_which),
		cmocka_unit_test(all_of_several_are_taken_together_or_not_at_all),
		cmocka_unit_test(too_many_objects_are_refused),
		cmocka_unit_test(a_semaphore_lets_as_many_through_as_it_counts),
		cmocka_unit_test(a_mutex_is_its_owners_as_often_as_it_was_taken),
		cmocka_unit_test(a_mutex_excludes_other_threads),
		cmocka_unit_test(regions_are_counted),
		cmocka_unit_test(a_wait_at_dispatch_level_works_only_without_time),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
