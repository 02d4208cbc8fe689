/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorting chains of NBLs: by an index into queues, or by a value for which runs of
 * NBLs are handed to a callback. NBLs of one index or value keep their order. The
 * chain is used up. IRQL: the callbacks'.
 */
#ifndef OVMQ_NDIS_NBLCLASSIFY_H
#define OVMQ_NDIS_NBLCLASSIFY_H

#include <ndis/nblqueue.h>

EXTERN_C_START

/* How many values the "Lookahead" functions collect side by side. */
#ifndef NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH
#define NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH 4
#endif

typedef SIZE_T NDIS_NBL_CLASSIFICATION_INDEX_CALLBACK(PVOID ClassificationContext,
						      NET_BUFFER_LIST *Nbl);
typedef ULONG_PTR NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK(PVOID ClassificationContext,
							 NET_BUFFER_LIST *Nbl);
/* The queue is never empty; what is left in it afterwards is dropped from it. */
typedef VOID NDIS_NBL_FLUSH_CALLBACK(PVOID FlushContext, ULONG_PTR ClassificationResult,
				     NBL_QUEUE *Queue);
typedef VOID NDIS_NBL_FLUSH_WITH_COUNT_CALLBACK(PVOID FlushContext, ULONG_PTR ClassificationResult,
						NBL_COUNTED_QUEUE *Queue);

/* ---- by index: 0 .. NumberOfQueues - 1; the queues may hold NBLs already ---- */

FORCEINLINE VOID NdisClassifyNblChainByIndex(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_INDEX_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NBL_QUEUE *Queues, SIZE_T NumberOfQueues)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;
		SIZE_T index = ClassificationCallback(ClassificationContext, nbl);

		NblChain = nbl->Next;
		ASSERT(index < NumberOfQueues);
		NdisAppendSingleNblToNblQueue(&Queues[index], nbl);
	}
	(void)NumberOfQueues;
}

FORCEINLINE VOID NdisClassifyNblChainByIndexWithCount(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_INDEX_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NBL_COUNTED_QUEUE *Queues, SIZE_T NumberOfQueues)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;
		SIZE_T index = ClassificationCallback(ClassificationContext, nbl);

		NblChain = nbl->Next;
		ASSERT(index < NumberOfQueues);
		NdisAppendSingleNblToNblCountedQueue(&Queues[index], nbl);
	}
	(void)NumberOfQueues;
}

/* Index 0 into the one, any other into the other. */
FORCEINLINE VOID NdisClassifyNblChain2(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_INDEX_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NBL_QUEUE *Queue0, NBL_QUEUE *Queue1)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;
		SIZE_T index = ClassificationCallback(ClassificationContext, nbl);

		NblChain = nbl->Next;
		NdisAppendSingleNblToNblQueue(index ? Queue1 : Queue0, nbl);
	}
}

FORCEINLINE VOID NdisClassifyNblChain2WithCount(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_INDEX_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NBL_COUNTED_QUEUE *Queue0, NBL_COUNTED_QUEUE *Queue1)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;
		SIZE_T index = ClassificationCallback(ClassificationContext, nbl);

		NblChain = nbl->Next;
		NdisAppendSingleNblToNblCountedQueue(index ? Queue1 : Queue0, nbl);
	}
}

/* ---- by value ---- */

/* Appends the first run of NBLs with one value to the queue, and says which; the
 * chain, which must not be empty, is what is left. */
FORCEINLINE VOID NdisPartialClassifyNblChainByValueWithCount(
	NET_BUFFER_LIST **NblChain, NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NBL_COUNTED_QUEUE *HomogenousQueue,
	ULONG_PTR *ClassificationResult)
{
	NET_BUFFER_LIST *nbl = *NblChain;
	ULONG_PTR value = ClassificationCallback(ClassificationContext, nbl);

	*ClassificationResult = value;
	do {
		NET_BUFFER_LIST *next = nbl->Next;

		NdisAppendSingleNblToNblCountedQueue(HomogenousQueue, nbl);
		nbl = next;
	} while (nbl && ClassificationCallback(ClassificationContext, nbl) == value);
	*NblChain = nbl;
}

FORCEINLINE VOID NdisPartialClassifyNblChainByValue(
	NET_BUFFER_LIST **NblChain, NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NBL_QUEUE *HomogenousQueue, ULONG_PTR *ClassificationResult)
{
	NBL_COUNTED_QUEUE run;

	NdisInitializeNblCountedQueue(&run);
	NdisPartialClassifyNblChainByValueWithCount(NblChain, ClassificationCallback,
						    ClassificationContext, &run,
						    ClassificationResult);
	NdisAppendNblQueueToNblQueueFast(HomogenousQueue, &run.Queue);
}

/* Every run of neighbours with one value is flushed by itself. */
FORCEINLINE VOID NdisClassifyNblChainByValueWithCount(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NDIS_NBL_FLUSH_WITH_COUNT_CALLBACK *FlushCallback,
	PVOID FlushContext)
{
	while (NblChain) {
		NBL_COUNTED_QUEUE run;
		ULONG_PTR value;

		NdisInitializeNblCountedQueue(&run);
		NdisPartialClassifyNblChainByValueWithCount(&NblChain, ClassificationCallback,
							    ClassificationContext, &run, &value);
		FlushCallback(FlushContext, value, &run);
	}
}

FORCEINLINE VOID NdisClassifyNblChainByValue(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NDIS_NBL_FLUSH_CALLBACK *FlushCallback, PVOID FlushContext)
{
	while (NblChain) {
		NBL_QUEUE run;
		ULONG_PTR value;

		NdisInitializeNblQueue(&run);
		NdisPartialClassifyNblChainByValue(&NblChain, ClassificationCallback,
						   ClassificationContext, &run, &value);
		FlushCallback(FlushContext, value, &run);
	}
}

/* One value that is being collected; empty: free for another. */
typedef struct _OVMQ_NBL_GROUP {
	ULONG_PTR Value;
	NBL_COUNTED_QUEUE Nbls;
} OVMQ_NBL_GROUP;

/* The group of that value; else a free one; else 'Victim', which is to be flushed. */
FORCEINLINE OVMQ_NBL_GROUP *OvmqFindNblGroup(OVMQ_NBL_GROUP *Groups, ULONG_PTR Value, ULONG Victim)
{
	OVMQ_NBL_GROUP *free_group = NULL;
	ULONG i;

	for (i = 0; i < NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH; i++) {
		OVMQ_NBL_GROUP *g = &Groups[i];

		if (NdisIsNblCountedQueueEmpty(&g->Nbls))
			free_group = free_group ? free_group : g;
		else if (g->Value == Value)
			return g;
	}
	return free_group ? free_group : &Groups[Victim];
}

/* Values that alternate are collected side by side, so that fewer and longer
 * queues are flushed. Values are flushed in no particular order. */
FORCEINLINE VOID NdisClassifyNblChainByValueLookaheadWithCount(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NDIS_NBL_FLUSH_WITH_COUNT_CALLBACK *FlushCallback,
	PVOID FlushContext)
{
	OVMQ_NBL_GROUP groups[NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH];
	ULONG victim = 0, i;

	for (i = 0; i < NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH; i++)
		NdisInitializeNblCountedQueue(&groups[i].Nbls);
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;
		ULONG_PTR value = ClassificationCallback(ClassificationContext, nbl);
		OVMQ_NBL_GROUP *g = OvmqFindNblGroup(groups, value, victim);

		NblChain = nbl->Next;
		if (!NdisIsNblCountedQueueEmpty(&g->Nbls) && g->Value != value) {
			FlushCallback(FlushContext, g->Value, &g->Nbls);
			NdisInitializeNblCountedQueue(&g->Nbls);
			victim = (victim + 1) % NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH;
		}
		g->Value = value;
		NdisAppendSingleNblToNblCountedQueue(&g->Nbls, nbl);
	}
	for (i = 0; i < NDIS_CLASSIFY_NBL_LOOKHEAD_DEPTH; i++)
		if (!NdisIsNblCountedQueueEmpty(&groups[i].Nbls))
			FlushCallback(FlushContext, groups[i].Value, &groups[i].Nbls);
}

typedef struct _OVMQ_NBL_FLUSH {
	NDIS_NBL_FLUSH_CALLBACK *Callback;
	PVOID Context;
} OVMQ_NBL_FLUSH;

FORCEINLINE VOID OvmqFlushUncounted(PVOID FlushContext, ULONG_PTR ClassificationResult,
				    NBL_COUNTED_QUEUE *Queue)
{
	OVMQ_NBL_FLUSH *flush = (OVMQ_NBL_FLUSH *)FlushContext;

	flush->Callback(flush->Context, ClassificationResult, &Queue->Queue);
}

FORCEINLINE VOID NdisClassifyNblChainByValueLookahead(
	NET_BUFFER_LIST *NblChain, NDIS_NBL_CLASSIFICATION_VALUE_CALLBACK *ClassificationCallback,
	PVOID ClassificationContext, NDIS_NBL_FLUSH_CALLBACK *FlushCallback, PVOID FlushContext)
{
	OVMQ_NBL_FLUSH flush;

	flush.Callback = FlushCallback;
	flush.Context = FlushContext;
	NdisClassifyNblChainByValueLookaheadWithCount(NblChain, ClassificationCallback,
						      ClassificationContext, OvmqFlushUncounted,
						      &flush);
}

/* ---- by what an NBL says of itself ---- */

FORCEINLINE VOID NdisClassifyNblChainByCancelId(NET_BUFFER_LIST *NblChain, PVOID CancelId,
						NBL_QUEUE *KeepQueue, NBL_QUEUE *CancelQueue)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;

		NblChain = nbl->Next;
		NdisAppendSingleNblToNblQueue(NDIS_GET_NET_BUFFER_LIST_CANCEL_ID(nbl) == CancelId
					      ? CancelQueue : KeepQueue, nbl);
	}
}

FORCEINLINE VOID NdisClassifyNblChainBySourceHandle(NET_BUFFER_LIST *NblChain,
						    NDIS_HANDLE MySourceHandle,
						    NBL_QUEUE *TheirQueue, NBL_QUEUE *MyQueue)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;

		NblChain = nbl->Next;
		NdisAppendSingleNblToNblQueue(nbl->SourceHandle == MySourceHandle
					      ? MyQueue : TheirQueue, nbl);
	}
}

FORCEINLINE VOID NdisClassifyNblChainByPoolHandle(NET_BUFFER_LIST *NblChain,
						  NDIS_HANDLE MyPoolHandle,
						  NBL_QUEUE *TheirQueue, NBL_QUEUE *MyQueue)
{
	while (NblChain) {
		NET_BUFFER_LIST *nbl = NblChain;

		NblChain = nbl->Next;
		NdisAppendSingleNblToNblQueue(nbl->NdisPoolHandle == MyPoolHandle
					      ? MyQueue : TheirQueue, nbl);
	}
}

EXTERN_C_END

#endif
