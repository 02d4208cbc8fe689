/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What this NDIS adds to the documented one. Everything here begins with Ovmq;
 * a driver that keeps to the Windows DDI needs none of it.
 *
 * Three things a kernel has and a process must be told:
 *  - poll sources and interrupt lines: what a processor looks at, and what it
 *    may sleep on;
 *  - quiet: a call after every processor has let go of what was replaced;
 *  - adopted NBLs: NET_BUFFER_LISTs that live in somebody else's memory (the
 *    private area of a packet buffer) and belong to an NDIS pool all the same.
 */
#ifndef OVMQ_H
#define OVMQ_H

#include <ndis.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- poll sources ---- */

/*
 * Looks for work and does it: a burst, not more. Called over and over while the
 * processor's worker is awake, at DISPATCH_LEVEL on that processor. Returns how
 * many units (frames) it handled; 0 lets the worker grow idle.
 */
typedef ULONG OVMQ_POLL(PVOID Context);

/*
 * Sleep TRUE: the worker is about to sleep. Ask the device to signal the
 * descriptor, then look once more; a nonzero return says that work waits and
 * the worker must not sleep. Sleep FALSE: awake again, signals are not wanted.
 * DISPATCH_LEVEL, on the processor. May be NULL.
 */
typedef BOOLEAN OVMQ_ARM(PVOID Context, BOOLEAN Sleep);

/* Instead of a descriptor: the device cannot signal, the worker must wake by
 * time (and backs off); or whoever gives work calls OvmqNotifyProcessor. */
#define OVMQ_WAKE_BY_TIME   (-1)
#define OVMQ_WAKE_BY_NOTIFY (-2)

typedef struct _OVMQ_POLL_SOURCE {
	OVMQ_POLL *Poll;
	OVMQ_ARM *Arm;
	PVOID Context;
	int Descriptor;   /* readable when there is work, or one of the two below */
} OVMQ_POLL_SOURCE;

/*
 * Adds a source to processor 'ProcessorIndex' (0 .. active processors - 1).
 * The structure is copied. IRQL: PASSIVE_LEVEL.
 * NDIS_STATUS_INVALID_PARAMETER: no such processor. NDIS_STATUS_RESOURCES.
 */
NDIS_STATUS OvmqRegisterPoll(ULONG ProcessorIndex, const OVMQ_POLL_SOURCE *Source,
			     NDIS_HANDLE *PollHandle);

/* Removes the source. When it returns the callbacks do not run and never will.
 * IRQL: PASSIVE_LEVEL; not from inside a poll callback. */
VOID OvmqDeregisterPoll(NDIS_HANDLE PollHandle);

/* Wakes the worker of that processor if it sleeps: call it after giving the
 * processor something to find. Any thread, any IRQL. */
VOID OvmqNotifyProcessor(ULONG ProcessorIndex);

/* The index of the processor that this thread runs as. Any thread. */
ULONG OvmqCurrentProcessor(VOID);

/* Whether this thread runs as that processor now: then nothing else does, and
 * what belongs to the processor may be touched. Any thread. */
BOOLEAN OvmqIsProcessor(ULONG ProcessorIndex);

/* ---- interrupt lines ---- */

/*
 * Says what raises message 'MessageId' of an interrupt registered by
 * NdisMRegisterInterruptEx: while the processor's worker is awake an enabled
 * message counts as raised once per round; asleep, 'Arm' and 'Descriptor' say
 * when to wake. Poll is not used and must be NULL. IRQL: PASSIVE_LEVEL.
 */
NDIS_STATUS OvmqConnectInterrupt(NDIS_HANDLE InterruptHandle, ULONG MessageId,
				 const OVMQ_POLL_SOURCE *Line);

/*
 * The device raises table entry 'MessageId' of such an interrupt (0 of a line-based
 * one): MiniportMessageInterrupt, or MiniportInterrupt, is called at the device's
 * IRQL on the message's processor, at once when this thread runs as that processor,
 * soon otherwise. An entry that is raised again before its handler has been called is
 * raised once; a masked one, when it is unmasked. For devices whose driver has an
 * interrupt handler; an entry with a connected line is not raised like this.
 * Any thread, any IRQL up to the device's; not once NdisMDeregisterInterruptEx was
 * called. NDIS_STATUS_INVALID_PARAMETER: no such entry, or a connected one.
 */
NDIS_STATUS OvmqRaiseInterrupt(NDIS_HANDLE InterruptHandle, ULONG MessageId);

/* ---- quiet ---- */

typedef VOID OVMQ_WHEN_QUIET(PVOID Context);

/*
 * Calls 'Routine' at PASSIVE_LEVEL, on a thread of the system, after every
 * processor has passed a point at which it held no pointer of before. Does not
 * wait, and so may be called from any driver callback. IRQL: <= DISPATCH_LEVEL.
 * Calls are made in the order in which they were asked for.
 */
VOID OvmqCallWhenQuiet(OVMQ_WHEN_QUIET *Routine, PVOID Context);

/* ---- adopted NBLs ---- */

/*
 * A pool whose NBLs its owner brings along (A27: every NBL belongs to an NDIS
 * pool). 'Owner' is any address that is the owner's alone. NULL: no memory.
 * Freed by NdisFreeNetBufferListPool. IRQL: PASSIVE_LEVEL.
 */
NDIS_HANDLE OvmqAllocateAdoptedPool(NDIS_HANDLE NdisHandle, const VOID *Owner);

/*
 * Makes 'Nbl', 'Nb' and 'Mdl' (zeroed memory, aligned to 16) one NBL with one NB
 * with one MDL over 'Length' bytes at 'VirtualAddress', as NDIS itself would
 * allocate it: DataOffset 0, DataLength 0. They live until the pool is freed.
 */
VOID OvmqAdoptNetBufferList(NDIS_HANDLE Pool, PNET_BUFFER_LIST Nbl, PNET_BUFFER Nb,
			    PMDL Mdl, PVOID VirtualAddress, ULONG Length);

/* The 'Owner' given for the NBL's pool; NULL for every other NBL. One load
 * through the pool handle. Any thread. */
static inline const VOID *OvmqNblOwner(const NET_BUFFER_LIST *Nbl)
{
	return *(const VOID *const *)Nbl->NdisPoolHandle;   /* the first word of every pool */
}

#ifdef __cplusplus
}
#endif

#endif
