/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel_testing.h"

#include <signal.h>
#include <sys/wait.h>

struct life {
	KEVENT go;
	PKTHREAD self;
	HANDLE id;
	KIRQL irql;
	atomic_bool went_on;
};

static VOID live(PVOID StartContext)
{
	struct life *l = StartContext;

	l->self = KeGetCurrentThread();
	l->id = PsGetCurrentThreadId();
	l->irql = KeGetCurrentIrql();
	KeWaitForSingleObject(&l->go, Executive, KernelMode, FALSE, NULL);
	PsTerminateSystemThread(STATUS_NO_MEMORY);
	atomic_store(&l->went_on, true);
}

static HANDLE start(struct life *l, PCLIENT_ID id)
{
	HANDLE handle;

	memset(l, 0, sizeof(*l));
	KeInitializeEvent(&l->go, NotificationEvent, FALSE);
	assert_int_equal(PsCreateSystemThread(&handle, THREAD_ALL_ACCESS, NULL, NULL, id, live, l),
			 STATUS_SUCCESS);
	return handle;
}

static void a_thread_is_joined_by_its_handle(void **state)
{
	CLIENT_ID id;
	struct life l;
	HANDLE handle = start(&l, &id);
	PVOID thread;

	(void)state;
	assert_int_equal(ObReferenceObjectByHandle(handle, SYNCHRONIZE, (POBJECT_TYPE)*PsThreadType,
						   KernelMode, &thread, NULL), STATUS_SUCCESS);
	assert_int_equal(ZwClose(handle), STATUS_SUCCESS);
	assert_int_equal(wait_ms(thread, 10), STATUS_TIMEOUT);
	assert_int_equal(PsGetThreadExitStatus(thread), STATUS_PENDING);
	KeSetEvent(&l.go, IO_NO_INCREMENT, FALSE);
	await(thread);
	assert_ptr_equal(l.self, thread);
	assert_ptr_equal(l.id, id.UniqueThread);
	assert_ptr_equal(id.UniqueProcess, PsGetCurrentProcessId());
	assert_int_equal(l.irql, PASSIVE_LEVEL);
	assert_false(l.went_on);
	assert_int_equal(PsGetThreadExitStatus(thread), STATUS_NO_MEMORY);
	ObDereferenceObject(thread);
}

static void a_closed_handle_is_no_handle(void **state)
{
	struct life l;
	HANDLE handle = start(&l, NULL);
	PVOID thread, again;

	(void)state;
	ObReferenceObjectByHandle(handle, SYNCHRONIZE, NULL, KernelMode, &thread, NULL);
	assert_int_equal(ZwClose(handle), STATUS_SUCCESS);
	assert_int_equal(ZwClose(handle), STATUS_INVALID_HANDLE);
	assert_int_equal(ObReferenceObjectByHandle(handle, SYNCHRONIZE, NULL, KernelMode, &again, NULL),
			 STATUS_INVALID_HANDLE);
	assert_int_equal(ObReferenceObjectByHandle((HANDLE)0x123456, SYNCHRONIZE, NULL, KernelMode,
						   &again, NULL), STATUS_INVALID_HANDLE);
	KeSetEvent(&l.go, IO_NO_INCREMENT, FALSE);
	await(thread);
	ObDereferenceObject(thread);
}

static void only_a_system_thread_terminates_itself(void **state)
{
	(void)state;
	assert_int_equal(PsTerminateSystemThread(STATUS_SUCCESS), STATUS_INVALID_PARAMETER);
}

static void a_priority_is_kept(void **state)
{
	PKTHREAD me = KeGetCurrentThread();

	(void)state;
	assert_ptr_equal(me, KeGetCurrentThread());
	assert_ptr_equal(PsGetCurrentThread(), me);
	assert_int_equal(KeSetPriorityThread(me, 7), 8);
	assert_int_equal(KeQueryPriorityThread(me), 7);
	assert_int_equal(KeSetPriorityThread(me, 77), 7);   /* said in the log */
	assert_int_equal(KeQueryPriorityThread(me), 7);
}

static void the_process_is_ours(void **state)
{
	struct _EPROCESS *process;
	KAPC_STATE apc;

	(void)state;
	assert_int_equal(PsLookupProcessByProcessId((HANDLE)1, &process), STATUS_INVALID_PARAMETER);
	assert_int_equal(PsLookupProcessByProcessId(PsGetCurrentProcessId(), &process), STATUS_SUCCESS);
	assert_ptr_equal(process, PsGetCurrentProcess());
	KeStackAttachProcess(process, &apc);
	KeUnstackDetachProcess(&apc);
	ObDereferenceObject(process);
}

/* ---- numbers of processors ---- */

static void *my_processor(void *arg)
{
	(void)arg;
	return (void *)(uintptr_t)KeGetCurrentProcessorIndex();
}

static void numbers_are_dense_and_given_back(void **state)
{
	ULONG all = KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS), mine;
	PROCESSOR_NUMBER number;
	void *theirs = NULL;

	(void)state;
	assert_int_equal(all, PROCESSORS + KERNEL_PASSIVE_PROCESSORS);
	assert_int_equal(KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), all);
	assert_int_equal(KeQueryActiveProcessorCountEx(0) + KeQueryActiveProcessorCountEx(1), all);
	assert_int_equal(KeQueryActiveProcessorCountEx(2), 0);
	for (ULONG i = 0; i < all; i++) {
		assert_int_equal(KeGetProcessorNumberFromIndex(i, &number), STATUS_SUCCESS);
		assert_int_equal(number.Group, i / 64);
		assert_int_equal(KeGetProcessorIndexFromNumber(&number), i);
		assert_true(KeQueryGroupAffinity(number.Group) >> number.Number & 1);
	}
	assert_int_equal(KeGetProcessorNumberFromIndex(all, &number), STATUS_INVALID_PARAMETER);
	mine = KeGetCurrentProcessorNumberEx(&number);
	assert_int_equal(KeGetProcessorIndexFromNumber(&number), mine);
	for (int i = 0; i < 200; i++) {
		pthread_join(thread_of(my_processor, NULL), &theirs);
		assert_true((uintptr_t)theirs < all - 1);   /* the last is for a crowd */
		assert_true((uintptr_t)theirs >= PROCESSORS);
		assert_int_not_equal((uintptr_t)theirs, mine);
	}
}

static void every_processor_is_a_core_of_one_package(void **state)
{
	SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX *r;
	PROCESSOR_NUMBER number = { .Group = 1, .Number = 1 };
	ULONG length = 0, cores = 0, others = 0;
	PUCHAR buffer;

	(void)state;
	assert_int_equal(KeQueryLogicalProcessorRelationship(NULL, RelationAll, NULL, &length),
			 STATUS_INFO_LENGTH_MISMATCH);
	buffer = malloc(length);
	assert_non_null(buffer);
	assert_int_equal(KeQueryLogicalProcessorRelationship(NULL, RelationAll, (PVOID)buffer,
							     &length), STATUS_SUCCESS);
	for (ULONG at = 0; at < length; at += r->Size) {
		r = (PVOID)(buffer + at);
		if (r->Relationship == RelationProcessorCore)
			cores++;
		else
			others++;
		if (r->Relationship == RelationGroup)
			assert_int_equal(r->Group.GroupInfo[0].ActiveProcessorCount, 64);
	}
	assert_int_equal(cores, PROCESSORS + KERNEL_PASSIVE_PROCESSORS);
	assert_int_equal(others, 3);
	assert_int_equal(KeQueryLogicalProcessorRelationship(&number, RelationProcessorCore,
							     (PVOID)buffer, &length), STATUS_SUCCESS);
	r = (PVOID)buffer;
	assert_int_equal(length, 48);
	assert_int_equal(r->Size, 48);
	assert_int_equal(r->Processor.GroupMask[0].Group, 1);
	assert_int_equal(r->Processor.GroupMask[0].Mask, 2);
	number.Group = 5;
	assert_int_equal(KeQueryLogicalProcessorRelationship(&number, RelationAll, (PVOID)buffer,
							     &length), STATUS_INVALID_PARAMETER);
	free(buffer);
}

/* More threads than numbers: the last number is shared, and still only one of its
 * threads is at DISPATCH_LEVEL there. */
#define CROWD (KERNEL_PASSIVE_PROCESSORS + 10)

static pthread_barrier_t all_there;
static atomic_int at_dispatch[PROCESSORS + KERNEL_PASSIVE_PROCESSORS];
static atomic_bool crowded;

static void *be_alone(void *arg)
{
	ULONG me = KeGetCurrentProcessorIndex();
	KIRQL old;

	(void)arg;
	pthread_barrier_wait(&all_there);
	for (int i = 0; i < 50; i++) {
		KeRaiseIrql(DISPATCH_LEVEL, &old);
		if (atomic_fetch_add(&at_dispatch[me], 1))
			atomic_store(&crowded, true);
		usleep(10);
		atomic_fetch_sub(&at_dispatch[me], 1);
		KeLowerIrql(old);
	}
	return NULL;
}

static void threads_beyond_the_numbers_share_the_last(void **state)
{
	pthread_t t[CROWD];

	(void)state;
	pthread_barrier_init(&all_there, NULL, CROWD);
	for (int i = 0; i < CROWD; i++)
		t[i] = thread_of(be_alone, NULL);
	for (int i = 0; i < CROWD; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&all_there);
	assert_false(crowded);
}

static VOID count_dpc(PKDPC Dpc, PVOID DeferredContext, PVOID SystemArgument1,
		      PVOID SystemArgument2)
{
	(void)Dpc;
	(void)SystemArgument1;
	(void)SystemArgument2;
	atomic_fetch_add((atomic_uint *)DeferredContext, 1);
}

static void a_thread_outlives_the_machine(void **state)
{
	struct kernel_config larger = { .processors = PROCESSORS + 4, .workers = 1 };
	ULONG mine = KeGetCurrentProcessorIndex();
	LARGE_INTEGER soon = { .QuadPart = MS(1) };
	atomic_uint ran = 0;
	KTIMER timer;
	KDPC dpc;

	KeInitializeTimer(&timer);
	KeInitializeDpc(&dpc, count_dpc, &ran);
	KeSetTargetProcessorDpc(&dpc, 0);
	kernel_stop();
	assert_true(KeInsertQueueDpc(&dpc, NULL, NULL));   /* no worker is there: it runs here */
	assert_int_equal(ran, 1);
	KeSetTimer(&timer, soon, NULL);
	assert_int_equal(kernel_start(&larger, NULL), 0);
	assert_int_equal(KeGetCurrentProcessorIndex(), mine + 4);
	await((PRKEVENT)&timer);
	assert_true(KeInsertQueueDpc(&dpc, NULL, NULL));
	KeFlushQueuedDpcs();
	assert_int_equal(ran, 2);
	kernel_stop();
	assert_int_equal(machine_up(state), 0);
	assert_int_equal(KeGetCurrentProcessorIndex(), mine);
}

/* ---- the end of everything ---- */

static VOID on_record(PVOID Buffer, ULONG Length)
{
	memset(Buffer, 'x', Length);
}

static char dump[4];

static void on_bug_check(ULONG code, const ULONG_PTR *parameters)
{
	if (code == 0xE2 && parameters[3] == 4 && !memcmp(dump, "xxxx", 4))
		_exit(42);
}

static void a_bug_check_tells_the_host_and_ends_the_process(void **state)
{
	KBUGCHECK_CALLBACK_RECORD record;
	int status;
	pid_t child;

	(void)state;
	KeInitializeCallbackRecord(&record);
	assert_true(KeRegisterBugCheckCallback(&record, on_record, dump, sizeof(dump), NULL));
	assert_false(KeRegisterBugCheckCallback(&record, on_record, dump, sizeof(dump), NULL));
	child = fork();
	if (!child) {
		kernel_on_bug_check = on_bug_check;
		KeBugCheckEx(0xE2, 1, 2, 3, 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	assert_true(KeDeregisterBugCheckCallback(&record));
	child = fork();
	if (!child) {
		signal(SIGABRT, SIG_DFL);
		KeBugCheck(0xE3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_is_joined_by_its_handle),
		cmocka_unit_test(a_closed_handle_is_no_handle),
		cmocka_unit_test(only_a_system_thread_terminates_itself),
		cmocka_unit_test(a_priority_is_kept),
		cmocka_unit_test(the_process_is_ours),
		cmocka_unit_test(numbers_are_dense_and_given_back),
		cmocka_unit_test(every_processor_is_a_core_of_one_package),
		cmocka_unit_test(threads_beyond_the_numbers_share_the_last),
		cmocka_unit_test(a_thread_outlives_the_machine),
		cmocka_unit_test(a_bug_check_tells_the_host_and_ends_the_process),
	};

	return cmocka_run_group_tests(tests, machine_up, machine_down);
}
