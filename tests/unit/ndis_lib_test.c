/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS's library: locks, timers, work items, memory, strings, and who holds what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/kernel.h"
#include "ndis/object.h"
#include "ndis/resource.h"

#define TAG 0x74736574u   /* "test" */

/* Whose everything is. */
static struct ndis_adapter adapter = {
	.layer.object = { NDIS_OBJECT_MINIPORT, NULL, NULL, "nic0" },
};

/* Waits for what another thread does; a test that waits in vain fails. */
static void wait_until(atomic_int *what, int value)
{
	for (int i = 0; i < 5000 && atomic_load(what) < value; i++)
		usleep(1000);
	assert_true(atomic_load(what) >= value);
}

/* ---- reader-writer locks ---- */

/* Both kinds of lock, under one set of names. */
struct any_lock {
	PNDIS_RW_LOCK_EX new;
	NDIS_RW_LOCK old;
};

struct any_state {
	LOCK_STATE_EX new;
	LOCK_STATE old;
};

static void lock_init(struct any_lock *l, bool new)
{
	memset(l, 0xa5, sizeof(*l));
	l->new = new ? NdisAllocateRWLock(&adapter) : NULL;
	if (!new)
		NdisInitializeReadWriteLock(&l->old);
	else
		assert_non_null(l->new);
}

static void lock_take(struct any_lock *l, bool write, struct any_state *s)
{
	if (!l->new)
		NdisAcquireReadWriteLock(&l->old, write, &s->old);
	else if (write)
		NdisAcquireRWLockWrite(l->new, &s->new, 0);
	else
		NdisAcquireRWLockRead(l->new, &s->new, 0);
}

static void lock_give(struct any_lock *l, struct any_state *s)
{
	if (l->new)
		NdisReleaseRWLock(l->new, &s->new);
	else
		NdisReleaseReadWriteLock(&l->old, &s->old);
}

static void lock_end(struct any_lock *l)
{
	if (l->new)
		NdisFreeRWLock(l->new);
}

struct party {
	struct any_lock lock;
	unsigned one, other;      /* equal, whenever nobody writes */
	atomic_int differed, trying, entered;
};

#define ROUNDS 3000

static void *many_writes(void *arg)
{
	struct party *p = arg;
	struct any_state s;

	for (unsigned i = 0; i < ROUNDS; i++) {
		lock_take(&p->lock, true, &s);
		p->one++;
		if (i % 64 == 0)
			sched_yield();
		p->other++;
		lock_give(&p->lock, &s);
	}
	return NULL;
}

static void *many_reads(void *arg)
{
	struct party *p = arg;
	struct any_state s, again;

	for (unsigned i = 0; i < ROUNDS; i++) {
		lock_take(&p->lock, false, &s);
		if (i % 3 == 0)
			lock_take(&p->lock, false, &again);
		if (p->one != p->other)
			atomic_fetch_add(&p->differed, 1);
		if (i % 3 == 0)
			lock_give(&p->lock, &again);
		lock_give(&p->lock, &s);
	}
	return NULL;
}

static void writers_and_readers_exclude_one_another(void **state)
{
	for (int new = 0; new < 2; new++) {
		void *(*const parts[])(void *) = { many_writes, many_reads, many_writes, many_reads };
		struct party p = { .one = 0 };
		pthread_t threads[4];

		lock_init(&p.lock, new);
		for (int i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, parts[i], &p);
		for (int i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		assert_int_equal(atomic_load(&p.differed), 0);
		assert_int_equal(p.one, 2 * ROUNDS);
		assert_int_equal(p.other, 2 * ROUNDS);
		lock_end(&p.lock);
	}
	(void)state;
}

static void *one_write(void *arg)
{
	struct party *p = arg;
	struct any_state s;

	atomic_store(&p->trying, 1);
	lock_take(&p->lock, true, &s);
	p->one = (unsigned)atomic_fetch_add(&p->entered, 1) + 1;
	lock_give(&p->lock, &s);
	return NULL;
}

static void *one_read(void *arg)
{
	struct party *p = arg;
	struct any_state s;

	atomic_fetch_add(&p->trying, 1);
	lock_take(&p->lock, false, &s);
	p->other = (unsigned)atomic_fetch_add(&p->entered, 1) + 1;
	lock_give(&p->lock, &s);
	return NULL;
}

/* While a writer waits: who reads already may read again, others come after it. */
static void a_waiting_writer_holds_off_new_readers_only(void **state)
{
	for (int new = 0; new < 2; new++) {
		struct any_state first, again;
		struct party p = { .one = 0 };
		pthread_t writer, reader;

		lock_init(&p.lock, new);
		lock_take(&p.lock, false, &first);
		pthread_create(&writer, NULL, one_write, &p);
		wait_until(&p.trying, 1);
		usleep(20000);
		pthread_create(&reader, NULL, one_read, &p);
		wait_until(&p.trying, 2);
		usleep(20000);
		assert_int_equal(atomic_load(&p.entered), 0);
		lock_take(&p.lock, false, &again);
		lock_give(&p.lock, &first);
		assert_int_equal(atomic_load(&p.entered), 0);
		lock_give(&p.lock, &again);
		pthread_join(writer, NULL);
		pthread_join(reader, NULL);
		assert_int_equal(p.one, 1);
		assert_int_equal(p.other, 2);
		lock_end(&p.lock);
	}
	(void)state;
}

static void a_lock_is_held_at_dispatch_level_and_may_be_taken_again(void **state)
{
	struct any_state outer, inner;
	LOCK_STATE_EX at_dispatch;
	struct any_lock l;
	KIRQL old;

	(void)state;
	for (int new = 0; new < 2; new++) {
		lock_init(&l, new);
		for (int write = 0; write < 2; write++) {
			lock_take(&l, write, &outer);
			assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
			lock_take(&l, write, &inner);
			lock_give(&l, &inner);
			assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
			lock_give(&l, &outer);
			assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
		}
		lock_end(&l);
	}
	lock_init(&l, true);
	KeRaiseIrql(DISPATCH_LEVEL, &old);
	NdisAcquireRWLockWrite(l.new, &at_dispatch, NDIS_RWL_AT_DISPATCH_LEVEL);
	NdisReleaseRWLock(l.new, &at_dispatch);
	assert_int_equal(KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeLowerIrql(old);
	lock_end(&l);
}

static void a_lock_that_is_not_held_is_not_released(void **state)
{
	unsigned errors = log_errors();
	LOCK_STATE_EX s = { 0 };
	struct any_lock l;

	(void)state;
	lock_init(&l, true);
	NdisReleaseRWLock(l.new, &s);
	assert_int_equal(log_errors(), errors + 1);
	lock_end(&l);
	NdisFreeRWLock(l.new);
	assert_int_equal(log_errors(), errors + 2);
}

/* ---- timers ---- */

struct ticks {
	atomic_int n, at_dispatch;
	atomic_int slow_us;
	_Atomic(void *) context;
	atomic_int inside;
};

static struct ticks ticks;

static VOID on_timer(PVOID specific1, PVOID context, PVOID specific2, PVOID specific3)
{
	(void)specific1;
	(void)specific2;
	(void)specific3;
	atomic_store(&ticks.inside, 1);
	atomic_store(&ticks.context, context);
	if (KeGetCurrentIrql() == DISPATCH_LEVEL)
		atomic_fetch_add(&ticks.at_dispatch, 1);
	if (atomic_load(&ticks.slow_us))
		usleep((unsigned)atomic_load(&ticks.slow_us));
	atomic_fetch_add(&ticks.n, 1);
	atomic_store(&ticks.inside, 0);
}

static NDIS_HANDLE timer_new(void)
{
	NDIS_TIMER_CHARACTERISTICS c = {
		.Header = { NDIS_OBJECT_TYPE_TIMER_CHARACTERISTICS,
			    NDIS_TIMER_CHARACTERISTICS_REVISION_1,
			    NDIS_SIZEOF_TIMER_CHARACTERISTICS_REVISION_1 },
		.AllocationTag = TAG, .TimerFunction = on_timer, .FunctionContext = &adapter,
	};
	NDIS_HANDLE timer;

	memset(&ticks, 0, sizeof(ticks));
	assert_int_equal(NdisAllocateTimerObject(&adapter, &c, &timer), NDIS_STATUS_SUCCESS);
	return timer;
}

static LARGE_INTEGER in_ms(LONGLONG ms)
{
	return (LARGE_INTEGER){ .QuadPart = -10000 * ms };
}

static void a_one_shot_timer_fires_once_with_its_context(void **state)
{
	NDIS_HANDLE t = timer_new();

	(void)state;
	assert_false(NdisSetTimerObject(t, in_ms(1), 0, NULL));
	wait_until(&ticks.n, 1);
	assert_ptr_equal(atomic_load(&ticks.context), &adapter);
	assert_false(NdisSetTimerObject(t, in_ms(1), 0, &ticks));
	wait_until(&ticks.n, 2);
	assert_ptr_equal(atomic_load(&ticks.context), &ticks);
	usleep(20000);
	assert_int_equal(atomic_load(&ticks.n), 2);
	assert_int_equal(atomic_load(&ticks.at_dispatch), 2);
	NdisFreeTimerObject(t);
}

static void a_cancelled_timer_does_not_fire(void **state)
{
	NDIS_HANDLE t = timer_new();

	(void)state;
	assert_false(NdisCancelTimerObject(t));
	assert_false(NdisSetTimerObject(t, in_ms(20), 0, NULL));
	assert_true(NdisSetTimerObject(t, in_ms(30), 0, NULL));
	assert_true(NdisCancelTimerObject(t));
	assert_false(NdisCancelTimerObject(t));
	usleep(60000);
	assert_int_equal(atomic_load(&ticks.n), 0);
	NdisFreeTimerObject(t);
}

static void a_periodic_timer_fires_until_cancelled_and_its_callback_is_over_then(void **state)
{
	NDIS_HANDLE t = timer_new();
	int n;

	(void)state;
	atomic_store(&ticks.slow_us, 10000);
	NdisSetCoalescableTimerObject(t, in_ms(1), 2, NULL, 1);
	wait_until(&ticks.n, 3);
	wait_until(&ticks.inside, 1);
	assert_true(NdisCancelTimerObject(t));
	assert_int_equal(atomic_load(&ticks.inside), 0);
	n = atomic_load(&ticks.n);
	usleep(20000);
	assert_int_equal(atomic_load(&ticks.n), n);
	NdisFreeTimerObject(t);
}

static void freeing_a_timer_waits_for_its_callback(void **state)
{
	NDIS_HANDLE t = timer_new();

	(void)state;
	atomic_store(&ticks.slow_us, 30000);
	NdisSetTimerObject(t, in_ms(1), 0, NULL);
	wait_until(&ticks.inside, 1);
	NdisFreeTimerObject(t);
	assert_int_equal(atomic_load(&ticks.n), 1);
}

static void a_timer_with_bad_characteristics_is_refused(void **state)
{
	NDIS_TIMER_CHARACTERISTICS c = { .TimerFunction = on_timer };
	unsigned errors = log_errors();
	NDIS_HANDLE t = &c;

	(void)state;
	assert_int_equal(NdisAllocateTimerObject(&adapter, &c, &t), NDIS_STATUS_BAD_CHARACTERISTICS);
	assert_null(t);
	NdisFreeTimerObject(&c);
	assert_int_equal(log_errors(), errors + 2);
}

/* ---- work items ---- */

static atomic_int worked, at_passive;
static KEVENT gate;

static VOID work(PVOID context, NDIS_HANDLE item)
{
	if (KeGetCurrentIrql() == PASSIVE_LEVEL)
		atomic_fetch_add(&at_passive, 1);
	if (context == &gate)
		KeWaitForSingleObject(&gate, Executive, KernelMode, FALSE, NULL);
	if (atomic_fetch_add(&worked, 1) + 1 < 3 && context == &worked)
		NdisQueueIoWorkItem(item, work, context);
	else if (context == &worked)
		NdisFreeIoWorkItem(item);
}

static void a_work_item_may_queue_and_free_itself(void **state)
{
	NDIS_HANDLE item = NdisAllocateIoWorkItem(&adapter);
	unsigned errors = log_errors();

	(void)state;
	atomic_store(&worked, 0);
	atomic_store(&at_passive, 0);
	NdisQueueIoWorkItem(item, work, &worked);
	wait_until(&worked, 3);
	assert_int_equal(atomic_load(&at_passive), 3);
	assert_int_equal(log_errors(), errors);
	usleep(1000);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
}

static void a_work_item_waits_in_the_queue_once_and_not_after_it_was_freed(void **state)
{
	NDIS_HANDLE holds = NdisAllocateIoWorkItem(&adapter);
	unsigned errors = log_errors();
	NDIS_HANDLE items[KERNEL_WORK_THREADS];

	(void)state;
	atomic_store(&worked, 0);
	KeInitializeEvent(&gate, NotificationEvent, FALSE);
	/* As many as keep every system thread busy, then one that cannot start. */
	for (int i = 0; i < KERNEL_WORK_THREADS; i++) {
		items[i] = NdisAllocateIoWorkItem(&adapter);
		NdisQueueIoWorkItem(items[i], work, &gate);
	}
	NdisQueueIoWorkItem(holds, work, NULL);
	NdisQueueIoWorkItem(holds, work, NULL);
	assert_int_equal(log_errors(), errors + 1);
	NdisFreeIoWorkItem(holds);
	assert_int_equal(log_errors(), errors + 2);
	KeSetEvent(&gate, 0, FALSE);
	wait_until(&worked, KERNEL_WORK_THREADS);
	usleep(10000);
	assert_int_equal(atomic_load(&worked), KERNEL_WORK_THREADS);
	for (int i = 0; i < KERNEL_WORK_THREADS; i++)
		NdisFreeIoWorkItem(items[i]);
	NdisFreeIoWorkItem(items[0]);
	assert_int_equal(log_errors(), errors + 3);
}

/* ---- memory, strings, objects ---- */

static void memory_without_a_tag_is_refused(void **state)
{
	unsigned errors = log_errors();
	PVOID p = &errors;

	(void)state;
	assert_null(NdisAllocateMemoryWithTagPriority(&adapter, 16, 0, NormalPoolPriority));
	assert_int_equal(NdisAllocateMemoryWithTag(&p, 16, 0), NDIS_STATUS_FAILURE);
	assert_null(p);
	assert_int_equal(log_errors(), errors + 2);
	assert_int_equal(NdisAllocateMemoryWithTag(&p, 16, TAG), NDIS_STATUS_SUCCESS);
	memset(p, 1, 16);
	NdisFreeMemory(p, 16, 0);
	p = NdisAllocateMemoryWithTagPriority(&adapter, 100, TAG, LowPoolPriority);
	memset(p, 1, 100);
	NdisFreeMemoryWithTagPriority(&adapter, p, TAG);
	assert_int_equal(log_errors(), errors + 2);
}

static void strings_are_copied_and_raised(void **state)
{
	WCHAR room[4];
	NDIS_STRING s, up = { 0, sizeof(room), room }, small = { 0, 2, room };

	(void)state;
	NdisInitializeString(&s, (PUCHAR)(ULONG_PTR)"nic7");
	assert_int_equal(s.Length, 8);
	assert_int_equal(s.MaximumLength, 10);
	assert_int_equal(s.Buffer[4], 0);
	assert_int_equal(NdisUpcaseUnicodeString(&up, &s), NDIS_STATUS_SUCCESS);
	assert_int_equal(up.Length, 8);
	assert_int_equal(room[0], 'N');
	assert_int_equal(room[3], '7');
	assert_int_not_equal(NdisUpcaseUnicodeString(&small, &s), NDIS_STATUS_SUCCESS);
	NdisFreeString(s);
}

static void an_event_log_entry_holds_so_much(void **state)
{
	static WCHAR text[] = { 'h', 'i', 0 };
	PWCHAR strings[] = { text };
	unsigned errors = log_errors();
	UCHAR data[256] = { 1 };

	(void)state;
	NdisWriteErrorLogEntry(&adapter, NDIS_ERROR_CODE_HARDWARE_FAILURE, 2, 1u, 0xbeefu);
	assert_int_equal(log_errors(), errors + 1);
	NdisWriteErrorLogEntry(&adapter, NDIS_ERROR_CODE_TIMEOUT, 0);
	assert_int_equal(log_errors(), errors + 1);
	assert_int_equal(NdisWriteEventLogEntry(NULL, (NDIS_STATUS)0xC0001389, 7, 1, strings, 4, data),
			 NDIS_STATUS_SUCCESS);
	assert_int_equal(log_errors(), errors + 2);
	assert_int_equal(NdisWriteEventLogEntry(NULL, (NDIS_STATUS)0x40001389, 7, 0, NULL, 256, data),
			 NDIS_STATUS_BUFFER_TOO_SHORT);
}

static void a_generic_object_has_room_behind_it(void **state)
{
	PNDIS_GENERIC_OBJECT o = NdisAllocateGenericObject(NULL, TAG, 24);

	(void)state;
	assert_non_null(o);
	assert_int_equal(o->Header.Size, sizeof(*o));
	memset(o + 1, 1, 24);
	NdisFreeGenericObject(o);
	assert_null(NdisAllocateGenericObject(NULL, 0, 24));
}

static void versions_times_and_processors(void **state)
{
	LARGE_INTEGER before, after, now;
	ULONG processors = 0;

	(void)state;
	assert_int_equal(NdisGetVersion(), NDIS_RUNTIME_VERSION_630);
	assert_true(NdisGetSharedDataAlignment() >= 16);
	NdisGetSystemUpTimeEx(&before);
	NdisMSleep(5000);
	NdisGetSystemUpTimeEx(&after);
	assert_true(after.QuadPart - before.QuadPart >= 4);
	NdisGetCurrentSystemTime(&now);
	assert_true(now.QuadPart / 10000000 / 86400 / 365 > 2020 - 1601);
	for (USHORT g = 0; g < NdisActiveGroupCount(); g++) {
		assert_int_equal(__builtin_popcountll(NdisGroupActiveProcessorMask(g)),
				 NdisGroupActiveProcessorCount(g));
		assert_true(NdisGroupActiveProcessorCount(g) <= NdisGroupMaxProcessorCount(g));
		processors += NdisGroupActiveProcessorCount(g);
	}
	assert_true(processors >= 3);
	assert_true(processors <= NdisSystemProcessorCount());
	assert_int_equal(NdisGroupActiveProcessorCount(NdisMaxGroupCount()), 0);
	assert_true(NdisCurrentProcessorIndex() < NdisSystemProcessorCount());
	assert_int_equal(NdisProcessorNumberToIndex(NdisCurrentGroupAndProcessor()),
			 NdisCurrentProcessorIndex());
}

/* ---- what is left ---- */

struct seen {
	unsigned n, kinds;
	bool callers;
};

static void see(const struct ndis_resource *r, void *arg)
{
	struct seen *s = arg;

	s->n++;
	s->kinds |= 1u << r->kind;
	s->callers = s->callers && r->caller;
	assert_ptr_equal(r->owner, &adapter);
}

static void what_a_driver_left_behind_is_known(void **state)
{
	struct seen seen = { .callers = true };
	NDIS_HANDLE timer, item;
	PNDIS_RW_LOCK_EX lock;

	(void)state;
	assert_int_equal(ndis_resource_left(&adapter, see, &seen), 0);
	timer = timer_new();
	item = NdisAllocateIoWorkItem(&adapter);
	lock = NdisAllocateRWLock(&adapter);
	assert_int_equal(ndis_resource_left(&adapter, see, &seen), 3);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.kinds, 1u << NDIS_RESOURCE_TIMER | 1u << NDIS_RESOURCE_WORK_ITEM |
				     1u << NDIS_RESOURCE_RW_LOCK);
	assert_true(seen.callers);
	assert_int_equal(ndis_resource_left(&seen, NULL, NULL), 0);
	assert_string_equal(ndis_resource_name(NDIS_RESOURCE_WORK_ITEM), "work item");
	NdisFreeTimerObject(timer);
	NdisFreeIoWorkItem(item);
	NdisFreeRWLock(lock);
	assert_int_equal(ndis_resource_left(&adapter, NULL, NULL), 0);
}

static int start(void **state)
{
	struct kernel_config config = { .processors = 3, .workers = 2 };
	struct error err;

	(void)state;
	return kernel_start(&config, &err);
}

static int stop(void **state)
{
	(void)state;
	kernel_stop();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writers_and_readers_exclude_one_another),
		cmocka_unit_test(a_waiting_writer_holds_off_new_readers_only),
		cmocka_unit_test(a_lock_is_held_at_dispatch_level_and_may_be_taken_again),
		cmocka_unit_test(a_lock_that_is_not_held_is_not_released),
		cmocka_unit_test(a_one_shot_timer_fires_once_with_its_context),
		cmocka_unit_test(a_cancelled_timer_does_not_fire),
		cmocka_unit_test(a_periodic_timer_fires_until_cancelled_and_its_callback_is_over_then),
		cmocka_unit_test(freeing_a_timer_waits_for_its_callback),
		cmocka_unit_test(a_timer_with_bad_characteristics_is_refused),
		cmocka_unit_test(a_work_item_may_queue_and_free_itself),
		cmocka_unit_test(a_work_item_waits_in_the_queue_once_and_not_after_it_was_freed),
		cmocka_unit_test(memory_without_a_tag_is_refused),
		cmocka_unit_test(strings_are_copied_and_raised),
		cmocka_unit_test(an_event_log_entry_holds_so_much),
		cmocka_unit_test(a_generic_object_has_room_behind_it),
		cmocka_unit_test(versions_times_and_processors),
		cmocka_unit_test(what_a_driver_left_behind_is_known),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
