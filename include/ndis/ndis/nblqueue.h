/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues of NBLs: first in, first out, appended to in constant time; counted ones
 * know their length. No locks: the caller serialises. A queue must not be copied
 * or moved, since an empty one points into itself. Any IRQL.
 */
#ifndef OVMQ_NDIS_NBLQUEUE_H
#define OVMQ_NDIS_NBLQUEUE_H

#include <ndis/nblchain.h>
#include <wdm.h>

EXTERN_C_START

typedef struct NBL_QUEUE_t {
	NET_BUFFER_LIST *First;
	NET_BUFFER_LIST **Last;         /* the last one's Next, or First */
} NBL_QUEUE;

typedef struct NBL_COUNTED_QUEUE_t {
	NBL_QUEUE Queue;
	SIZE_T NblCount;
} NBL_COUNTED_QUEUE;

#if defined(DBG) && DBG
#define NDIS_ASSERT_VALID_NBL_QUEUE(queue) \
	ASSERT((queue)->Last != NULL && *(queue)->Last == NULL && \
	       ((queue)->First == NULL) == ((queue)->Last == &(queue)->First))
#define NDIS_ASSERT_VALID_NBL_COUNTED_QUEUE(queue) \
	do { \
		NDIS_ASSERT_VALID_NBL_QUEUE(&(queue)->Queue); \
		ASSERT((queue)->NblCount == NdisNumNblsInNblChain((queue)->Queue.First)); \
	} while (0)
#else
#define NDIS_ASSERT_VALID_NBL_QUEUE(queue)         ((void)(queue))
#define NDIS_ASSERT_VALID_NBL_COUNTED_QUEUE(queue) ((void)(queue))
#endif

FORCEINLINE VOID NdisInitializeNblQueue(NBL_QUEUE *NblQueue)
{
	NblQueue->First = NULL;
	NblQueue->Last = &NblQueue->First;
}

FORCEINLINE VOID NdisInitializeNblCountedQueue(NBL_COUNTED_QUEUE *CountedQueue)
{
	NdisInitializeNblQueue(&CountedQueue->Queue);
	CountedQueue->NblCount = 0;
}

FORCEINLINE BOOLEAN NdisIsNblQueueEmpty(const NBL_QUEUE *NblQueue)
{
	return NblQueue->First == NULL;
}

FORCEINLINE BOOLEAN NdisIsNblCountedQueueEmpty(const NBL_COUNTED_QUEUE *CountedQueue)
{
	return NdisIsNblQueueEmpty(&CountedQueue->Queue);
}

/* The chain, which stays in the queue. */
FORCEINLINE NET_BUFFER_LIST *NdisGetNblChainFromNblQueue(const NBL_QUEUE *Queue)
{
	return Queue->First;
}

FORCEINLINE NET_BUFFER_LIST *NdisGetNblChainFromNblCountedQueue(
	const NBL_COUNTED_QUEUE *CountedQueue)
{
	return CountedQueue->Queue.First;
}

/* ---- append; "Fast": the caller knows the chain's last NBL (and how many there are) ---- */

FORCEINLINE VOID NdisAppendNblChainToNblQueueFast(NBL_QUEUE *NblQueue,
						  NET_BUFFER_LIST *NblChainFirst,
						  NET_BUFFER_LIST *NblChainLast)
{
	*NblQueue->Last = NblChainFirst;
	NblQueue->Last = &NblChainLast->Next;
}

FORCEINLINE VOID NdisAppendNblChainToNblCountedQueueFast(NBL_COUNTED_QUEUE *CountedQueue,
							 NET_BUFFER_LIST *NblChainFirst,
							 NET_BUFFER_LIST *NblChainLast,
							 SIZE_T NumNblsToAppend)
{
	NdisAppendNblChainToNblQueueFast(&CountedQueue->Queue, NblChainFirst, NblChainLast);
	CountedQueue->NblCount += NumNblsToAppend;
}

/* Everything of 'Source', which is empty then. */
FORCEINLINE VOID NdisAppendNblQueueToNblQueueFast(NBL_QUEUE *Destination, NBL_QUEUE *Source)
{
	if (NdisIsNblQueueEmpty(Source))
		return;
	*Destination->Last = Source->First;
	Destination->Last = Source->Last;
	NdisInitializeNblQueue(Source);
}

FORCEINLINE VOID NdisAppendNblCountedQueueToNblCountedQueueFast(NBL_COUNTED_QUEUE *Destination,
								NBL_COUNTED_QUEUE *Source)
{
	NdisAppendNblQueueToNblQueueFast(&Destination->Queue, &Source->Queue);
	Destination->NblCount += Source->NblCount;
	Source->NblCount = 0;
}

FORCEINLINE VOID NdisAppendNblChainToNblQueue(NBL_QUEUE *NblQueue, NET_BUFFER_LIST *NblChain)
{
	if (NblChain)
		NdisAppendNblChainToNblQueueFast(NblQueue, NblChain,
						 NdisLastNblInNblChain(NblChain));
}

FORCEINLINE VOID NdisAppendNblChainToNblCountedQueue(NBL_COUNTED_QUEUE *CountedQueue,
						     NET_BUFFER_LIST *NblChain)
{
	NET_BUFFER_LIST *last;
	SIZE_T n;

	if (!NblChain)
		return;
	last = NdisLastNblInNblChainWithCount(NblChain, &n);
	NdisAppendNblChainToNblCountedQueueFast(CountedQueue, NblChain, last, n);
}

/* One NBL; what its Next pointed at is forgotten. */
FORCEINLINE VOID NdisAppendSingleNblToNblQueue(NBL_QUEUE *NblQueue, NET_BUFFER_LIST *Nbl)
{
	Nbl->Next = NULL;
	NdisAppendNblChainToNblQueueFast(NblQueue, Nbl, Nbl);
}

FORCEINLINE VOID NdisAppendSingleNblToNblCountedQueue(NBL_COUNTED_QUEUE *CountedQueue,
						      NET_BUFFER_LIST *Nbl)
{
	NdisAppendSingleNblToNblQueue(&CountedQueue->Queue, Nbl);
	CountedQueue->NblCount++;
}

/* ---- take out; NULL: the queue is empty ---- */

FORCEINLINE NET_BUFFER_LIST *NdisPopAllFromNblQueue(NBL_QUEUE *NblQueue)
{
	NET_BUFFER_LIST *all = NblQueue->First;

	NdisInitializeNblQueue(NblQueue);
	return all;
}

FORCEINLINE NET_BUFFER_LIST *NdisPopAllFromNblCountedQueue(NBL_COUNTED_QUEUE *CountedQueue)
{
	CountedQueue->NblCount = 0;
	return NdisPopAllFromNblQueue(&CountedQueue->Queue);
}

/* The first one, cut off from the rest. */
FORCEINLINE NET_BUFFER_LIST *NdisPopFirstNblFromNblQueue(NBL_QUEUE *NblQueue)
{
	NET_BUFFER_LIST *nbl = NblQueue->First;

	if (!nbl)
		return NULL;
	NblQueue->First = nbl->Next;
	if (!NblQueue->First)
		NblQueue->Last = &NblQueue->First;
	nbl->Next = NULL;
	return nbl;
}

FORCEINLINE NET_BUFFER_LIST *NdisPopFirstNblFromNblCountedQueue(NBL_COUNTED_QUEUE *CountedQueue)
{
	NET_BUFFER_LIST *nbl = NdisPopFirstNblFromNblQueue(&CountedQueue->Queue);

	if (nbl)
		CountedQueue->NblCount--;
	return nbl;
}

EXTERN_C_END

#endif
