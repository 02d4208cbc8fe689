/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Structured exception handling, as far as a C compiler for Linux can follow it
 * (part of wdm.h): the body of __try runs, then the body of __finally; the body of
 * __except never runs, because nothing is ever caught. An access violation ends
 * the process, and so does a raised exception (ExRaiseStatus, ProbeForRead).
 *
 * The body of __try is a loop that runs once: __leave ends it from anywhere but an
 * inner loop, and a 'break' or 'continue' that means a loop outside of __try ends
 * the body only. 'return' from the body passes __finally by.
 */
#ifndef OVMQ_WDM_SEH_H
#define OVMQ_WDM_SEH_H

#include <ntdef.h>
#include <ntstatus.h>

/* The C++ library has words of its own. */
#ifndef __cplusplus
#define OVMQ_ONCE(line)   ovmq_once_##line
#define OVMQ_TRY(line)    for (int OVMQ_ONCE(line) = 1; OVMQ_ONCE(line); OVMQ_ONCE(line) = 0)
#define OVMQ_TRY_AT(line) OVMQ_TRY(line)
#define __try             OVMQ_TRY_AT(__LINE__)
#define __leave           continue
#define __except(filter)  if (0 && (filter))
#define __finally
#define try               __try
#define except            __except
#define finally           __finally
#endif

#define EXCEPTION_EXECUTE_HANDLER    1
#define EXCEPTION_CONTINUE_SEARCH    0
#define EXCEPTION_CONTINUE_EXECUTION (-1)
#define GetExceptionCode()           ((NTSTATUS)0)
#define GetExceptionInformation()    ((PVOID)0)
#define AbnormalTermination()        0
#define _exception_code() GetExceptionCode()

#endif
