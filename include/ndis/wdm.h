/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel as drivers see it: the parts that network drivers use. Declared
 * here, done by the kernel room; what is a macro or an inline function in
 * Windows' own header is one here.
 */
#ifndef OVMQ_WDM_H
#define OVMQ_WDM_H

#define _WDMDDK_

#include <ntdef.h>
#include <ntstatus.h>

#include <wdm/irql.h>
#include <wdm/interlocked.h>
#include <wdm/list.h>
#include <wdm/mdl.h>
#include <wdm/ke.h>
#include <wdm/ex.h>
#include <wdm/rtl.h>
#include <wdm/io.h>
#include <wdm/se.h>
#include <wdm/zw.h>

#define NTKERNELAPI
#define NTHALAPI
#define NTDDI_WIN7     0x06010000
#define NTDDI_WIN8     0x06020000
#define NTDDI_WINBLUE  0x06030000
#define NTDDI_WIN10    0x0A000000
#ifndef NTDDI_VERSION
#define NTDDI_VERSION  NTDDI_WIN8
#endif

/* Pageable code is code that must run below DISPATCH_LEVEL. */
#define PAGED_CODE()        ASSERT(KeGetCurrentIrql() <= APC_LEVEL)
#define PAGED_CODE_LOCKED() ((void)0)

#endif
