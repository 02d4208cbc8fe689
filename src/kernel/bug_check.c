/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of everything: what a driver says is said, whoever asked is called, and
 * the process ends. */
#include "kernel/kernel.h"

#include <stdlib.h>

#include "base/log.h"

void (*kernel_on_bug_check)(ULONG code, const ULONG_PTR *parameters);

static KSPIN_LOCK lock;
static LIST_ENTRY records = { &records, &records };

BOOLEAN KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord,
				   PKBUGCHECK_CALLBACK_ROUTINE CallbackRoutine, PVOID Buffer,
				   ULONG Length, PUCHAR Component)
{
	KIRQL old = KeAcquireSpinLockRaiseToDpc(&lock);
	BOOLEAN is_new = CallbackRecord->State == BufferEmpty;

	if (is_new) {
		CallbackRecord->CallbackRoutine = CallbackRoutine;
		CallbackRecord->Buffer = Buffer;
		CallbackRecord->Length = Length;
		CallbackRecord->Component = Component;
		CallbackRecord->State = BufferInserted;
		InsertTailList(&records, &CallbackRecord->Entry);
	}
	KeReleaseSpinLock(&lock, old);
	return is_new;
}

BOOLEAN KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD CallbackRecord)
{
	KIRQL old = KeAcquireSpinLockRaiseToDpc(&lock);
	BOOLEAN was_there = CallbackRecord->State == BufferInserted;

	if (was_there) {
		RemoveEntryList(&CallbackRecord->Entry);
		CallbackRecord->State = BufferEmpty;
	}
	KeReleaseSpinLock(&lock, old);
	return was_there;
}

/* Without the lock: whoever holds it may be the one who came to grief. */
static void call_records(void)
{
	for (PLIST_ENTRY e = records.Flink; e != &records; e = e->Flink) {
		PKBUGCHECK_CALLBACK_RECORD r = CONTAINING_RECORD(e, KBUGCHECK_CALLBACK_RECORD, Entry);

		r->State = BufferStarted;
		r->CallbackRoutine(r->Buffer, r->Length);
		r->State = BufferFinished;
	}
}

static DECLSPEC_NORETURN void end(ULONG code, const ULONG_PTR *p, const void *caller)
{
	static int ending;

	log_error("bug check 0x%08x (0x%lx, 0x%lx, 0x%lx, 0x%lx) at IRQL %d, called from %p", code,
		  p[0], p[1], p[2], p[3], kernel_self.irql, caller);
	/* A callback that comes to grief itself is not called again. */
	if (!__atomic_exchange_n(&ending, 1, __ATOMIC_SEQ_CST)) {
		call_records();
		if (kernel_on_bug_check)
			kernel_on_bug_check(code, p);
	}
	abort();
}

VOID KeBugCheckEx(ULONG BugCheckCode, ULONG_PTR BugCheckParameter1, ULONG_PTR BugCheckParameter2,
		  ULONG_PTR BugCheckParameter3, ULONG_PTR BugCheckParameter4)
{
	const ULONG_PTR p[4] = { BugCheckParameter1, BugCheckParameter2, BugCheckParameter3,
				 BugCheckParameter4 };

	end(BugCheckCode, p, __builtin_return_address(0));
}

VOID KeBugCheck(ULONG BugCheckCode)
{
	const ULONG_PTR none[4] = { 0 };

	end(BugCheckCode, none, __builtin_return_address(0));
}
