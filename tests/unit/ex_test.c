/* SPDX-License-Identifier: BSD-2-Clause */
/* Pool, lookaside and interlocked lists, the executive's locks, callbacks. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <wdm.h>

#include "kernel/pool.h"
#include "kernel/sanitizer.h"

#define TAG 0x74736554u   /* "Test" */

/* Runs 'body' in a child process; what it writes on standard error, in 'said'.
 * Returns the signal that ended it, 0 when none did. */
static int end_of(void (*body)(void), char said[2000])
{
	int pipe_ends[2], status;
	size_t length = 0;
	ssize_t n;
	pid_t child;

	assert_int_equal(pipe(pipe_ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		signal(SIGABRT, SIG_DFL);
		dup2(pipe_ends[1], STDERR_FILENO);
		body();
		_exit(0);
	}
	close(pipe_ends[1]);
	while ((n = read(pipe_ends[0], said + length, 1999 - length)) > 0)
		length += (size_t)n;
	said[length] = '\0';
	close(pipe_ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) ? -1 : 0;
}

static void a_block_is_zeroed_aligned_and_counted_by_its_tag(void **state)
{
	PUCHAR p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
	PVOID page = ExAllocatePoolZero(NonPagedPoolNx, PAGE_SIZE, TAG);
	PVOID line = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_CACHE_ALIGNED, 1, TAG);

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal((ULONG_PTR)p % 16, 0);
	assert_int_equal((ULONG_PTR)page % PAGE_SIZE, 0);
	assert_int_equal((ULONG_PTR)line % 64, 0);
	assert_int_equal(kernel_pool_tag_usage(TAG).blocks, 3);
	assert_int_equal(kernel_pool_tag_usage(TAG).bytes, 101 + PAGE_SIZE);
	assert_int_equal(kernel_pool_report("the test", NULL, 0), 1);
	ExFreePoolWithTag(p, TAG);
	ExFreePool(page);
	ExFreePoolWithTag(line, 0);
	assert_int_equal(kernel_pool_tag_usage(TAG).blocks, 0);
	assert_int_equal(kernel_pool_report("the test", NULL, 0), 0);
}

static void memory_that_comes_back_is_zeroed_again(void **state)
{
	(void)state;
	for (int i = 0; i < 600; i++) {
		PUCHAR p = ExAllocatePool2(POOL_FLAG_NON_PAGED, 200, TAG);

		for (int at = 0; at < 200; at++)
			assert_int_equal(p[at], 0);
		memset(p, 0xff, 200);
		ExFreePool(p);
	}
}

static void zero_bytes_are_a_block_and_a_zero_tag_or_unknown_flags_are_none(void **state)
{
	PVOID p = ExAllocatePoolWithTag(NonPagedPoolNx, 0, TAG);

	(void)state;
	assert_non_null(p);
	ExFreePoolWithTag(p, TAG);
	assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED, 10, 0));
	assert_null(ExAllocatePool2(0, 10, TAG));
	assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_PAGED, 10, TAG));
	assert_null(ExAllocatePool2(POOL_FLAG_NON_PAGED | 0x40000000, 10, TAG));
	assert_null(ExAllocatePoolZero(NonPagedPoolNx, SIZE_MAX - 8, TAG));
	/* An optional flag that nobody knows changes nothing. */
	p = ExAllocatePool2(POOL_FLAG_NON_PAGED | POOL_FLAG_OPTIONAL_START << 5, 10, TAG);
	assert_non_null(p);
	ExFreePool(p);
}

static void free_twice(void)
{
	PVOID p = ExAllocatePoolZero(NonPagedPoolNx, 24, TAG);

	ExFreePool(p);
	ExFreePool(p);
}

static void free_with_another_tag(void)
{
	ExFreePoolWithTag(ExAllocatePoolZero(NonPagedPoolNx, 24, TAG), 0x72657474u);
}

static void free_what_is_no_block(void)
{
	_Alignas(16) static char memory[128];

	ExFreePoolWithTag(memory + 64, TAG);
}

static void a_wrong_free_ends_the_process_and_names_the_tag(void **state)
{
	char said[2000];

	(void)state;
	assert_int_not_equal(end_of(free_twice, said), 0);
	/* AddressSanitizer finds it first. */
	assert_true(strstr(said, "'Test' is freed a second time") || strstr(said, "AddressSanitizer"));
	assert_int_not_equal(end_of(free_with_another_tag, said), 0);
	assert_non_null(strstr(said, "'Test' is freed with tag 'tter'"));
	assert_int_not_equal(end_of(free_what_is_no_block, said), 0);
	assert_non_null(strstr(said, "never allocated from the pool"));
}

#if KERNEL_ASAN
static volatile UCHAR sink;

static void touch(int offset)
{
	PUCHAR p = ExAllocatePoolZero(NonPagedPoolNx, 13, TAG);

	sink = *(volatile UCHAR *)(p + offset);
}

static void one_byte_behind(void)
{
	touch(13);
}

static void one_byte_before(void)
{
	touch(-1);
}

static void a_sanitizer_knows_the_exact_bounds_of_a_block(void **state)
{
	char said[2000];

	(void)state;
	assert_int_not_equal(end_of(one_byte_behind, said), 0);
	assert_non_null(strstr(said, "AddressSanitizer"));
	assert_int_not_equal(end_of(one_byte_before, said), 0);
	assert_non_null(strstr(said, "AddressSanitizer"));
}
#endif

/* ---- lookaside lists ---- */

static unsigned own_allocations, own_frees;

static PVOID own_allocate(POOL_TYPE type, SIZE_T n, ULONG tag)
{
	own_allocations++;
	return ExAllocatePoolZero(type, n, tag);
}

static VOID own_free(PVOID p)
{
	own_frees++;
	ExFreePool(p);
}

static void a_lookaside_list_gives_everything_back(void **state)
{
	NPAGED_LOOKASIDE_LIST list;
	PAGED_LOOKASIDE_LIST paged;
	PVOID entries[300];

	(void)state;
	ExInitializeNPagedLookasideList(&list, own_allocate, own_free, 0, 40, TAG, 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++)
			assert_non_null(entries[i] = ExAllocateFromNPagedLookasideList(&list));
		for (int i = 0; i < 300; i++)
			ExFreeToNPagedLookasideList(&list, entries[i]);
	}
	assert_int_equal(list.L.TotalAllocates, 600);
	ExDeleteNPagedLookasideList(&list);
	assert_int_equal(own_allocations, own_frees);
	ExInitializePagedLookasideList(&paged, NULL, NULL, 0, 3, TAG, 0);
	ExFreeToPagedLookasideList(&paged, ExAllocateFromPagedLookasideList(&paged));
	ExDeletePagedLookasideList(&paged);
	assert_int_equal(kernel_pool_tag_usage(TAG).blocks, 0);
}

/* ---- lists ---- */

struct item {
	SLIST_ENTRY entry;
	LONG owners;                 /* never more than one */
};

static pthread_barrier_t begin;
static SLIST_HEADER slist;
static LONG seen_twice;

static void *churn(void *arg)
{
	(void)arg;
	pthread_barrier_wait(&begin);
	for (int i = 0; i < 300000; i++) {
		PSLIST_ENTRY e = InterlockedPopEntrySList(&slist);
		struct item *item = CONTAINING_RECORD(e, struct item, entry);

		if (!e)
			continue;
		if (InterlockedIncrement(&item->owners) != 1)
			InterlockedIncrement(&seen_twice);
		InterlockedDecrement(&item->owners);
		InterlockedPushEntrySList(&slist, e);
	}
	return NULL;
}

static void an_slist_survives_two_threads(void **state)
{
	static struct item items[4];
	PSLIST_ENTRY e;
	pthread_t t[2];
	int n = 0;

	(void)state;
	pthread_barrier_init(&begin, NULL, 2);
	InitializeSListHead(&slist);
	for (int i = 0; i < 4; i++)
		InterlockedPushEntrySList(&slist, &items[i].entry);
	assert_int_equal(QueryDepthSList(&slist), 4);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, churn, NULL), 0);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(seen_twice, 0);
	for (e = InterlockedFlushSList(&slist); e; e = e->Next)
		n++;
	assert_int_equal(n, 4);
	assert_int_equal(QueryDepthSList(&slist), 0);
	assert_null(InterlockedPopEntrySList(&slist));
}

static void interlocked_lists_tell_who_was_first(void **state)
{
	LIST_ENTRY head, a, b;
	KSPIN_LOCK lock;

	(void)state;
	KeInitializeSpinLock(&lock);
	InitializeListHead(&head);
	assert_null(ExInterlockedRemoveHeadList(&head, &lock));
	assert_null(ExInterlockedInsertTailList(&head, &a, &lock));
	assert_ptr_equal(ExInterlockedInsertHeadList(&head, &b, &lock), &a);
	assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &b);
	assert_ptr_equal(ExInterlockedRemoveHeadList(&head, &lock), &a);
	assert_true(IsListEmpty(&head));
}

/* ---- locks: a counter that only its lock makes right ---- */

#define ROUNDS 10000

static EX_PUSH_LOCK push_lock;
static FAST_MUTEX fast_mutex;
static EX_SPIN_LOCK spin_lock;
static ERESOURCE resource;

static void push_enter(void) { ExAcquirePushLockExclusive(&push_lock); }
static void push_leave(void) { ExReleasePushLockExclusive(&push_lock); }
static void push_look(void) { ExAcquirePushLockShared(&push_lock); }
static void push_away(void) { ExReleasePushLockShared(&push_lock); }
static void mutex_enter(void) { ExAcquireFastMutex(&fast_mutex); }
static void mutex_leave(void) { ExReleaseFastMutex(&fast_mutex); }
static void spin_enter(void) { ExAcquireSpinLockExclusive(&spin_lock); }
static void spin_leave(void) { ExReleaseSpinLockExclusive(&spin_lock, PASSIVE_LEVEL); }
static void spin_look(void) { ExAcquireSpinLockShared(&spin_lock); }
static void spin_away(void) { ExReleaseSpinLockShared(&spin_lock, PASSIVE_LEVEL); }
static void resource_enter(void) { ExAcquireResourceExclusiveLite(&resource, TRUE); }
static void resource_leave(void) { ExReleaseResourceLite(&resource); }
static void resource_look(void) { ExAcquireResourceSharedLite(&resource, TRUE); }

static const struct lock {
	void (*enter)(void), (*leave)(void), (*look)(void), (*away)(void);
} locks[] = {
	{ push_enter, push_leave, push_look, push_away },
	{ mutex_enter, mutex_leave, mutex_enter, mutex_leave },
	{ spin_enter, spin_leave, spin_look, spin_away },
	{ resource_enter, resource_leave, resource_look, resource_leave },
};

static struct { long first, second; bool torn; } guarded;

static void *contend(void *arg)
{
	const struct lock *lock = arg;
	long seen;

	for (int i = 0; i < ROUNDS; i++) {
		lock->enter();
		guarded.first++;
		if (i % 64 == 0)
			sched_yield();   /* long enough for another to look */
		guarded.second++;
		lock->leave();
		lock->look();
		seen = guarded.first;
		if (i % 64 == 1)
			sched_yield();
		if (seen != guarded.second)
			__atomic_store_n(&guarded.torn, true, __ATOMIC_RELAXED);
		lock->away();
	}
	return NULL;
}

static void every_lock_excludes_writers_from_all_others(void **state)
{
	(void)state;
	ExInitializePushLock(&push_lock);
	ExInitializeFastMutex(&fast_mutex);
	ExInitializeResourceLite(&resource);
	for (size_t l = 0; l < RTL_NUMBER_OF(locks); l++) {
		pthread_t t[3];

		guarded.first = guarded.second = 0;
		for (int i = 0; i < 3; i++)
			assert_int_equal(pthread_create(&t[i], NULL, contend, (void *)&locks[l]), 0);
		for (int i = 0; i < 3; i++)
			pthread_join(t[i], NULL);
		assert_int_equal(guarded.first, 3 * ROUNDS);
		assert_false(guarded.torn);
	}
	assert_int_equal(push_lock, 0);
	ExDeleteResourceLite(&resource);
	assert_int_equal(KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void *try_resource(void *arg)
{
	BOOLEAN *got = arg;

	got[0] = ExAcquireResourceSharedLite(&resource, FALSE);
	if (got[0])
		ExReleaseResourceLite(&resource);
	got[1] = ExAcquireResourceExclusiveLite(&resource, FALSE);
	if (got[1])
		ExReleaseResourceLite(&resource);
	return NULL;
}

static void others_get(BOOLEAN shared, BOOLEAN exclusive)
{
	BOOLEAN got[2];
	pthread_t t;

	assert_int_equal(pthread_create(&t, NULL, try_resource, got), 0);
	pthread_join(t, NULL);
	assert_int_equal(got[0], shared);
	assert_int_equal(got[1], exclusive);
}

static void a_resource_knows_its_owners(void **state)
{
	(void)state;
	ExInitializeResourceLite(&resource);
	assert_true(ExAcquireResourceExclusiveLite(&resource, FALSE));
	assert_true(ExAcquireResourceExclusiveLite(&resource, FALSE));
	assert_true(ExAcquireResourceSharedLite(&resource, FALSE));
	assert_true(ExIsResourceAcquiredExclusiveLite(&resource));
	others_get(FALSE, FALSE);
	ExReleaseResourceLite(&resource);
	ExReleaseResourceLite(&resource);
	others_get(FALSE, FALSE);
	ExConvertExclusiveToSharedLite(&resource);
	others_get(TRUE, FALSE);
	assert_int_equal(ExIsResourceAcquiredSharedLite(&resource), 1);
	ExReleaseResourceLite(&resource);
	others_get(TRUE, TRUE);
	ExDeleteResourceLite(&resource);
}

static void a_shared_spin_lock_converts_only_when_alone(void **state)
{
	KIRQL irql = ExAcquireSpinLockShared(&spin_lock);

	(void)state;
	ExAcquireSpinLockSharedAtDpcLevel(&spin_lock);
	assert_false(ExTryConvertSharedSpinLockExclusive(&spin_lock));
	ExReleaseSpinLockSharedFromDpcLevel(&spin_lock);
	assert_true(ExTryConvertSharedSpinLockExclusive(&spin_lock));
	ExReleaseSpinLockExclusive(&spin_lock, irql);
	assert_int_equal(spin_lock, 0);
}

/* ---- rundown ---- */

static EX_RUNDOWN_REF rundown;
static PEX_RUNDOWN_REF_CACHE_AWARE aware;
static LONG rundown_over;

static void *protect(void *arg)
{
	LONG *held = arg;

	while (ExAcquireRundownProtection(&rundown)) {
		if (!ExAcquireRundownProtectionCacheAware(aware)) {
			ExReleaseRundownProtection(&rundown);
			break;
		}
		if (__atomic_load_n(&rundown_over, __ATOMIC_SEQ_CST))
			InterlockedIncrement(held);
		ExReleaseRundownProtectionCacheAware(aware);
		ExReleaseRundownProtection(&rundown);
	}
	return NULL;
}

static void *release_later(void *arg)
{
	(void)arg;
	usleep(20000);
	InterlockedIncrement(&rundown_over);
	/* Another thread, another processor: the sums must still meet. */
	ExReleaseRundownProtectionCacheAwareEx(aware, 3);
	usleep(20000);
	InterlockedIncrement(&rundown_over);
	ExReleaseRundownProtection(&rundown);
	return NULL;
}

static void nobody_is_protected_after_the_rundown(void **state)
{
	LONG held = 0;
	pthread_t t[2];

	(void)state;
	aware = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, TAG);
	ExInitializeRundownProtection(&rundown);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, protect, &held), 0);
	usleep(10000);
	ExWaitForRundownProtectionReleaseCacheAware(aware);
	ExWaitForRundownProtectionRelease(&rundown);
	__atomic_store_n(&rundown_over, 1, __ATOMIC_SEQ_CST);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(held, 0);
	assert_false(ExAcquireRundownProtectionEx(&rundown, 2));
	ExReInitializeRundownProtection(&rundown);
	assert_true(ExAcquireRundownProtectionEx(&rundown, 2));
	ExReleaseRundownProtectionEx(&rundown, 2);
	ExWaitForRundownProtectionRelease(&rundown);
	ExFreeCacheAwareRundownProtection(aware);
}

static void a_rundown_waits_for_a_release_on_another_processor(void **state)
{
	pthread_t t;

	(void)state;
	aware = ExAllocateCacheAwareRundownProtection(NonPagedPoolNx, TAG);
	rundown_over = 0;
	ExInitializeRundownProtection(&rundown);
	assert_true(ExAcquireRundownProtection(&rundown));
	assert_true(ExAcquireRundownProtectionCacheAwareEx(aware, 3));
	assert_int_equal(pthread_create(&t, NULL, release_later, NULL), 0);
	ExWaitForRundownProtectionReleaseCacheAware(aware);
	assert_int_equal(__atomic_load_n(&rundown_over, __ATOMIC_SEQ_CST), 1);
	ExWaitForRundownProtectionRelease(&rundown);
	assert_int_equal(__atomic_load_n(&rundown_over, __ATOMIC_SEQ_CST), 2);
	pthread_join(t, NULL);
	assert_false(ExAcquireRundownProtectionCacheAware(aware));
	ExReInitializeRundownProtectionCacheAware(aware);
	assert_true(ExAcquireRundownProtectionCacheAware(aware));
	ExReleaseRundownProtectionCacheAware(aware);
	ExFreeCacheAwareRundownProtection(aware);
}

/* ---- callbacks ---- */

static VOID note(PVOID context, PVOID argument1, PVOID argument2)
{
	char *text = context;

	strcat(text, argument1);
	strcat(text, argument2);
}

static void a_named_callback_is_found_and_notified_in_order(void **state)
{
	static const WCHAR letters[] = u"\\Callback\\Test", small[] = u"\\callback\\test";
	UNICODE_STRING name = RTL_CONSTANT_STRING(letters), again = RTL_CONSTANT_STRING(small);
	OBJECT_ATTRIBUTES attributes;
	PCALLBACK_OBJECT one, two;
	char text[20] = "", first[] = "x", second[] = "y";
	PVOID a, b;

	(void)state;
	InitializeObjectAttributes(&attributes, &name, OBJ_CASE_INSENSITIVE, NULL, NULL);
	assert_int_equal(ExCreateCallback(&one, &attributes, FALSE, TRUE),
			 STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(ExCreateCallback(&one, &attributes, TRUE, TRUE), STATUS_SUCCESS);
	attributes.ObjectName = &again;
	assert_int_equal(ExCreateCallback(&two, &attributes, FALSE, FALSE), STATUS_SUCCESS);
	assert_ptr_equal(one, two);
	a = ExRegisterCallback(one, note, text);
	b = ExRegisterCallback(two, note, text);
	ExNotifyCallback(one, first, second);
	assert_string_equal(text, "xyxy");
	ExUnregisterCallback(a);
	ExNotifyCallback(one, first, second);
	assert_string_equal(text, "xyxyxy");
	ExUnregisterCallback(b);
	ObDereferenceObject(two);
	ObDereferenceObject(one);
	assert_int_equal(ExCreateCallback(&one, &attributes, FALSE, TRUE),
			 STATUS_OBJECT_NAME_NOT_FOUND);
	assert_int_equal(ExCreateCallback(&one, NULL, TRUE, FALSE), STATUS_SUCCESS);
	a = ExRegisterCallback(one, note, text);
	assert_non_null(a);
	assert_null(ExRegisterCallback(one, note, text));
	ExUnregisterCallback(a);
	ObDereferenceObject(one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_zeroed_aligned_and_counted_by_its_tag),
		cmocka_unit_test(memory_that_comes_back_is_zeroed_again),
		cmocka_unit_test(zero_bytes_are_a_block_and_a_zero_tag_or_unknown_flags_are_none),
		cmocka_unit_test(a_wrong_free_ends_the_process_and_names_the_tag),
#if KERNEL_ASAN
		cmocka_unit_test(a_sanitizer_knows_the_exact_bounds_of_a_block),
#endif
		cmocka_unit_test(a_lookaside_list_gives_everything_back),
		cmocka_unit_test(an_slist_survives_two_threads),
		cmocka_unit_test(interlocked_lists_tell_who_was_first),
		cmocka_unit_test(every_lock_excludes_writers_from_all_others),
		cmocka_unit_test(a_resource_knows_its_owners),
		cmocka_unit_test(a_shared_spin_lock_converts_only_when_alone),
		cmocka_unit_test(nobody_is_protected_after_the_rundown),
		cmocka_unit_test(a_rundown_waits_for_a_release_on_another_processor),
		cmocka_unit_test(a_named_callback_is_found_and_notified_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
