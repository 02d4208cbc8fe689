/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads as drivers see them. One that a driver creates is a thread of this
 * process, at PASSIVE_LEVEL; any other gets an object when somebody asks for it.
 */
#include "kernel/worker.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/dispatcher.h"
#include "kernel/object.h"

#define NORMAL_PRIORITY 8

struct _KTHREAD {
	DISPATCHER_HEADER header;      /* signalled when the thread has ended */
	pid_t tid;                     /* the thread writes it first */
	bool of_driver;                /* PsCreateSystemThread made it */
	_Atomic KPRIORITY priority;
	NTSTATUS exit_status;          /* the thread writes it last */
	PKSTART_ROUTINE routine;
	PVOID context;
	KEVENT begun;
};

static struct _OBJECT_TYPE thread_type = { "Thread", NULL };
static POBJECT_TYPE thread_type_pointer = &thread_type;
POBJECT_TYPE *PsThreadType = &thread_type_pointer;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static PKTHREAD thread_create(void)
{
	PKTHREAD t = object_create(&thread_type, sizeof(*t));

	if (!t)
		return NULL;
	dispatcher_init(&t->header, DISPATCHER_THREAD, 0);
	atomic_init(&t->priority, NORMAL_PRIORITY);
	KeInitializeEvent(&t->begun, NotificationEvent, FALSE);
	return t;
}

/* The thread is about to be gone: so are its processor, its level and its object's
 * life, and whoever waits for it goes on. */
static void thread_ended(void *arg)
{
	PKTHREAD t = kernel_self.thread;

	(void)arg;
	if (kernel_self.irql && !kernel_self.worker) {
		log_error("a thread ended at IRQL %d", kernel_self.irql);
		KeLowerIrql(PASSIVE_LEVEL);
	}
	if (kernel_self.mutexes)
		log_error("a thread ended that owned %u mutexes", kernel_self.mutexes);
	kernel_processor_release();
	kernel_self = (struct kernel_self){ .worker = NULL };
	if (!t)
		return;
	if (t->of_driver)
		kernel_thread_ends();
	dispatcher_set(&t->header, 1);
	ObfDereferenceObject(t);
}

static void make_key(void)
{
	if (pthread_key_create(&key, thread_ended))
		abort();   /* a thousand keys are taken: there is no going on without */
}

void kernel_thread_watch(void)
{
	pthread_once(&once, make_key);
	pthread_setspecific(key, &kernel_self);
}

PKTHREAD KeGetCurrentThread(VOID)
{
	if (!kernel_self.thread) {
		kernel_self.thread = thread_create();
		if (!kernel_self.thread)
			abort();   /* every caller takes it for granted */
		kernel_self.thread->tid = gettid();
		kernel_thread_watch();
	}
	return kernel_self.thread;
}

static void *thread_main(void *arg)
{
	PKTHREAD t = arg;

	kernel_thread_begins();
	kernel_self.thread = t;
	t->tid = gettid();
	kernel_thread_watch();
	KeSetEvent(&t->begun, IO_NO_INCREMENT, FALSE);
	t->routine(t->context);
	return NULL;
}

/* Starts the thread; it holds a reference of its own. */
static NTSTATUS thread_start(PKTHREAD t)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int rc;

	ObfReferenceObject(t);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attributes, thread_main, t);
	pthread_attr_destroy(&attributes);
	if (rc) {
		ObfDereferenceObject(t);
		return STATUS_INSUFFICIENT_RESOURCES;
	}
	KeWaitForSingleObject(&t->begun, Executive, KernelMode, FALSE, NULL);
	return STATUS_SUCCESS;
}

NTSTATUS PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess,
			      POBJECT_ATTRIBUTES ObjectAttributes, HANDLE ProcessHandle,
			      PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine,
			      PVOID StartContext)
{
	PKTHREAD t = thread_create();
	NTSTATUS status = STATUS_INSUFFICIENT_RESOURCES;

	(void)DesiredAccess;
	(void)ObjectAttributes;
	(void)ProcessHandle;
	*ThreadHandle = NULL;
	if (!t)
		return status;
	t->of_driver = true;
	t->routine = StartRoutine;
	t->context = StartContext;
	*ThreadHandle = object_handle(t);
	if (!*ThreadHandle)
		goto out;
	status = thread_start(t);
	if (status != STATUS_SUCCESS) {
		ZwClose(*ThreadHandle);
		*ThreadHandle = NULL;
		goto out;
	}
	if (ClientId)
		*ClientId = (CLIENT_ID){ PsGetCurrentProcessId(), (HANDLE)(LONG_PTR)t->tid };
out:
	ObfDereferenceObject(t);
	return status;
}

NTSTATUS PsTerminateSystemThread(NTSTATUS ExitStatus)
{
	PKTHREAD t = kernel_self.thread;

	if (!t || !t->of_driver)
		return STATUS_INVALID_PARAMETER;
	t->exit_status = ExitStatus;
	pthread_exit(NULL);
}

NTSTATUS PsGetThreadExitStatus(PETHREAD Thread)
{
	PKTHREAD t = (PKTHREAD)Thread;

	return __atomic_load_n(&t->header.SignalState, __ATOMIC_SEQ_CST) ? t->exit_status
									  : STATUS_PENDING;
}

HANDLE PsGetCurrentThreadId(VOID)
{
	return (HANDLE)(LONG_PTR)KeGetCurrentThread()->tid;
}

KPRIORITY KeQueryPriorityThread(PKTHREAD Thread)
{
	return atomic_load(&Thread->priority);
}

/* A priority of Windows as niceness: 8 is normal, 0; one step is one step. What
 * this process may not do (below 0) it goes without. */
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
	KPRIORITY before = KeQueryPriorityThread(Thread);

	if (Priority <= LOW_PRIORITY || Priority > HIGH_PRIORITY) {
		log_error("KeSetPriorityThread: priority %d is not 1 to %d", Priority, HIGH_PRIORITY);
		return before;
	}
	before = atomic_exchange(&Thread->priority, Priority);
	setpriority(PRIO_PROCESS, (id_t)Thread->tid, NORMAL_PRIORITY - Priority);
	return before;
}

/* The base priority is the normal one plus the increment. */
LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
	return KeSetPriorityThread(Thread, NORMAL_PRIORITY + Increment) - NORMAL_PRIORITY;
}
