/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A miniport, a filter and a protocol that are correct, but for one mistake that a test
 * chooses; and the course that they are sent through, the same for all of them.
 */
#ifndef VERIFIER_FAULTY_H
#define VERIFIER_FAULTY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ndis.h>
#include <ovmq.h>

#include "ndis/host.h"

/* X(MISTAKE, "the rule that it breaks"). The first letter says whose it is: the
 * miniport's, the filter's, the protocol's. */
#define FAULTS(X) \
	X(M_COMPLETES_PENDING, "NdisOidComplete") \
	X(M_FAILS_REMOVE, "NdisOidComplete") \
	X(M_RETURNS_AND_COMPLETES, "NdisOidDoubleComplete") \
	X(M_COMPLETES_OID_TWICE, "NdisOidDoubleComplete") \
	X(M_OID_LATE, "NdisTimedOidComplete") \
	X(M_SEND_LATE, "NdisTimedDataSend") \
	X(M_SENDS_HANG, "NdisTimedDataHang") \
	X(F_PAUSES_LATE, "NdisFilterTimedPauseComplete") \
	X(F_SEND_LATE, "NdisFilterTimedDataSend") \
	X(F_RECEIVE_LATE, "NdisFilterTimedDataReceive") \
	X(P_SENDS_TWICE, "SendNotOwned") \
	X(P_SENDS_A_RING, "SendNotOwned") \
	X(P_SENDS_FOREIGN, "SendSourceHandle") \
	X(F_CHANGES_SOURCE, "SendSourceHandle") \
	X(P_SENDS_MIXED, "SendSingleQueue") \
	X(P_SENDS_TOO_LONG, "NetBufferData") \
	X(P_MIXES_BUFFERS, "SendMixed") \
	X(P_SPLITS_HEADER, "SendHeader") \
	X(P_SENDS_LARGE_NO_TCP, "SendLarge") \
	X(P_SENDS_OWN_MEMORY, "SendPool") \
	X(P_CHANGES_SENT, "SendChanged") \
	X(M_SHORTENS_SENT, "SendChanged") \
	X(F_COMPLETES_PARENT_EARLY, "SendChildren") \
	X(P_COUNTS_NO_CHILD, "SendChildren") \
	X(M_COMPLETES_TWICE, "SendDoubleComplete") \
	X(F_COMPLETES_AND_PASSES, "SendDoubleComplete") \
	X(M_SETS_NO_STATUS, "SendStatus") \
	X(M_INDICATES_TWICE, "ReceiveNotOwned") \
	X(M_INDICATES_FOREIGN, "ReceiveSourceHandle") \
	X(M_COUNTS_WRONG, "ReceiveCount") \
	X(M_TWO_BUFFERS, "ReceiveOneNetBuffer") \
	X(M_MIXES_QUEUES, "ReceiveSingleQueue") \
	X(M_FORGETS_SINGLE, "ReceiveSingleQueue") \
	X(M_CLAIMS_ONE_TYPE, "ReceiveFlags") \
	X(M_CLAIMS_ONE_VLAN, "ReceiveFlags") \
	X(M_CLAIMS_PERFECT, "ReceiveFlags") \
	X(M_NO_SHARED_MEMORY, "ReceiveSharedMemory") \
	X(M_WRONG_SHARED_MEMORY, "ReceiveSharedMemory") \
	X(M_SHARED_MEMORY_TOO_LONG, "ReceiveSharedMemory") \
	X(M_UNKNOWN_QUEUE, "ReceiveQueueId") \
	X(M_FREED_QUEUE, "ReceiveQueueId") \
	X(M_NAMES_FILTER, "ReceiveQueueId") \
	X(M_CLEARED_QUEUE, "ReceiveQueueState") \
	X(M_WRONG_PROCESSOR, "ReceiveProcessor") \
	X(M_INDICATES_PAUSED, "ReceiveAdapterState") \
	X(M_WRONG_CURRENT_MDL, "NetBufferData") \
	X(P_BREAKS_CHAIN, "ReceiveChain") \
	X(P_RETURNS_LENT, "ReceiveKept") \
	X(P_KEEPS_LENT, "ReceiveKept") \
	X(F_GIVES_LENT_AWAY, "ReceiveKept") \
	X(P_RETURNS_TWICE, "ReturnNotOwned") \
	X(P_RETURNS_MIXED, "ReturnSingleQueue") \
	X(P_FREES_IN_FLIGHT, "FreedInFlight") \
	X(M_TOUCHES_COMPLETED, "TouchedAfterwards") \
	X(P_TOUCHES_RETURNED, "TouchedAfterwards") \
	X(P_LIES_OF_IRQL, "DispatchLevelFlag") \
	X(M_TOO_HIGH, "Irql") \
	X(P_CANCELS_TOO_HIGH, "Irql") \
	X(M_STAYS_RAISED, "IrqlAfterCallback") \
	X(P_SETS_QOS, "DcbOnly") \
	X(P_FREES_WITH_FILTER, "FilterNotCleared") \
	X(P_CLOSES_WITH_QUEUE, "QueueNotFreed") \
	X(P_LEAVES_LIST, "LeftNetBufferList") \
	X(P_CLOSES_BEFORE_OID, "LeftOidRequest") \
	X(M_LEAVES_TIMER, "LeftResource") \
	X(M_LEAVES_MEMORY, "LeftResource") \
	X(P_LEAVES_POOL, "LeftPool") \
	X(P_FREES_POOL_EARLY, "LeftPool") \
	X(M_LEAVES_PORT, "LeftPort")

enum fault {
	NO_FAULT,
#define X(name, rule) name,
	FAULTS(X)
#undef X
	FAULT_COUNT
};

extern enum fault fault;
extern unsigned standstill_us;   /* so long the process stands still while a send is pending */
#define WRONG(name) (fault == (name))

#define QUEUE_PROCESSOR 1
#define PROBE_OID OID_PM_REMOVE_WOL_PATTERN   /* it must succeed */

/* ---- miniport.c ---- */

#define MINIPORT_LISTS 8

NTSTATUS miniport_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
/* Sends are kept until this completes them. */
void miniport_complete_sends(void);
/* The last of them alone. */
void miniport_complete_last(void);
/* Indicates 'n' lists from list 'first' on, of 'queue', on the processor of this thread.
 * 'flags' besides those for DISPATCH_LEVEL. */
void miniport_indicate(unsigned first, unsigned n, ULONG queue, ULONG flags);
/* How many lists are not back. */
unsigned miniport_out(void);
/* The test's part after a mistake: what was left is freed. */
void miniport_tidy(void);
/* Until no other thread completes the probe any more: the second time may come after the
 * first was heard of, and the adapter must still be there. */
void miniport_settle(void);

/* ---- filter.c ---- */

NTSTATUS filter_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
/* Passes on what it held too long. */
void filter_let_go(void);

/* ---- protocol.c ---- */

#define PROTOCOL_LISTS 4

NTSTATUS protocol_entry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
/* The pool and its lists; and their end. */
void protocol_prepare(void);
void protocol_finish(void);
/* Sends list 'i' as that queue's. */
void protocol_send(unsigned i, ULONG queue);
void protocol_send_two(ULONG first_queue, ULONG second_queue, ULONG flags);
/* Cancels nothing. */
void protocol_cancel(void);
unsigned protocol_sent(void);      /* on their way */
/* Returns what it holds. */
void protocol_return_all(void);
NDIS_STATUS protocol_ask(NDIS_REQUEST_TYPE type, NDIS_OID oid, void *buffer, ULONG length);
NDIS_HANDLE protocol_binding(void);

/* ---- course.c ---- */

/* Through all of it once, with the mistake that is chosen. */
void course_run(void);
/* Calls 'work' as that processor, at DISPATCH_LEVEL. */
void course_on(unsigned processor, void (*work)(void *arg), void *arg);
/* Until the verifier has told something, or far too long. Only for timed rules. */
void course_wait_for_report(void);

#endif
