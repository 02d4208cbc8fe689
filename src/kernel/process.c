/* SPDX-License-Identifier: BSD-2-Clause */
/* The one process there is for a driver: ours. */
#include "kernel/kernel.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "kernel/object.h"

#define MAX_NOTIFIED 64

struct _EPROCESS {
	HANDLE id;
};

static const struct _OBJECT_TYPE process_type = { "Process", NULL };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct _EPROCESS *process;   /* made at first use, kept for good */
static PCREATE_PROCESS_NOTIFY_ROUTINE notified[MAX_NOTIFIED];

HANDLE PsGetCurrentProcessId(VOID)
{
	return (HANDLE)(LONG_PTR)getpid();
}

struct _EPROCESS *PsGetCurrentProcess(VOID)
{
	pthread_mutex_lock(&lock);
	if (!process) {
		process = object_create(&process_type, sizeof(*process));
		if (!process)
			abort();   /* every caller takes it for granted */
		process->id = PsGetCurrentProcessId();
	}
	pthread_mutex_unlock(&lock);
	return process;
}

/* The caller lets go of the process by ObDereferenceObject. */
NTSTATUS PsLookupProcessByProcessId(HANDLE ProcessId, struct _EPROCESS **Process)
{
	if (ProcessId != PsGetCurrentProcessId())
		return STATUS_INVALID_PARAMETER;
	*Process = PsGetCurrentProcess();
	ObfReferenceObject(*Process);
	return STATUS_SUCCESS;
}

/* No process begins or ends that a driver could know of, so nobody is ever
 * called; what is registered is remembered, as far as answers depend on it. */
NTSTATUS PsSetCreateProcessNotifyRoutine(PCREATE_PROCESS_NOTIFY_ROUTINE NotifyRoutine,
					 BOOLEAN Remove)
{
	unsigned there = MAX_NOTIFIED, free_place = MAX_NOTIFIED;
	NTSTATUS status = STATUS_INVALID_PARAMETER;

	pthread_mutex_lock(&lock);
	for (unsigned i = MAX_NOTIFIED; i-- > 0;) {
		if (notified[i] == NotifyRoutine)
			there = i;
		if (!notified[i])
			free_place = i;
	}
	if (Remove && there < MAX_NOTIFIED) {
		notified[there] = NULL;
		status = STATUS_SUCCESS;
	} else if (!Remove && there == MAX_NOTIFIED && free_place < MAX_NOTIFIED) {
		notified[free_place] = NotifyRoutine;
		status = STATUS_SUCCESS;
	}
	pthread_mutex_unlock(&lock);
	return status;
}

/* Every thread is in the process's address space; a process that cannot be ours
 * cannot have been looked up. */
VOID KeStackAttachProcess(struct _EPROCESS *Process, PRKAPC_STATE ApcState)
{
	if (Process != PsGetCurrentProcess())
		log_error("KeStackAttachProcess: %p is no process", (void *)Process);
	InitializeListHead(&ApcState->ApcListHead[0]);
	InitializeListHead(&ApcState->ApcListHead[1]);
	ApcState->Process = Process;
}

VOID KeUnstackDetachProcess(PRKAPC_STATE ApcState)
{
	if (ApcState->Process != PsGetCurrentProcess())
		log_error("KeUnstackDetachProcess: the thread is attached to no process");
}
