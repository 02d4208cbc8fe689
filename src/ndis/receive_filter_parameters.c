/* SPDX-License-Identifier: BSD-2-Clause */
/* NDIS_RECEIVE_QUEUE_PARAMETERS: what a queue may be allocated with, and what of it a set
 * may change afterwards (C.4, C.6). */
#include "ndis/receive_filter_cache.h"

#define SPLIT NDIS_RECEIVE_QUEUE_PARAMETERS_LOOKAHEAD_SPLIT_REQUIRED
/* C28: the flags that mean something; the rest of the low half is reserved. */
#define KNOWN_FLAGS (NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION | SPLIT)
/* C43: what a set may change. */
#define KNOWN_CHANGES                                                   \
	(NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED |                  \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED |     \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_SUGGESTED_RECV_BUFFER_NUMBERS_CHANGED | \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED |                   \
	 NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED)

#define INVALID NDIS_STATUS_INVALID_PARAMETER

const struct rf_layout rf_queue_parameters_layout = {
	"NDIS_RECEIVE_QUEUE_PARAMETERS", 3, sizeof(NDIS_RECEIVE_QUEUE_PARAMETERS),
	{ NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_1,
	  NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_2,
	  NDIS_SIZEOF_RECEIVE_QUEUE_PARAMETERS_REVISION_3 },
};

/* C30: group 0 is the only one, and it has the processors of this machine. */
static NDIS_STATUS affinity_check(const struct rf_call *call, const GROUP_AFFINITY *a)
{
	unsigned n = kernel_processors();

	if (a->Group)
		return rf_refuse(call, INVALID, "ProcessorAffinity.Group is %u, must be 0",
				 a->Group);
	if (!a->Mask || (n < KERNEL_MAX_PROCESSORS && a->Mask >> n))
		return rf_refuse(call, INVALID, "ProcessorAffinity.Mask is 0x%llx, must name one or "
				 "more of the processors 0 to %u", (unsigned long long)a->Mask, n - 1);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS name_check(const struct rf_call *call, const char *which,
			      const NDIS_QUEUE_NAME *name)
{
	if (name->Length <= sizeof(name->String))
		return NDIS_STATUS_SUCCESS;
	return rf_refuse(call, INVALID, "%s.Length is %u, must be at most %u", which, name->Length,
			 (unsigned)sizeof(name->String));
}

/* C34, X21: zero is how one says that there is no split. Another size wants the flag, a
 * miniport of 6.20 that advertises the split, and one that it can split at. */
static NDIS_STATUS lookahead_check(const struct rf_call *call,
				   const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	const NDIS_RECEIVE_FILTER_CAPABILITIES *c = rf_current(call);
	unsigned size = p->LookaheadSize;

	if (!size)
		return NDIS_STATUS_SUCCESS;
	if (!(p->Flags & SPLIT))
		return rf_refuse(call, INVALID, "LookaheadSize is %u, must be 0 where Flags is "
				 "without LOOKAHEAD_SPLIT_REQUIRED", size);
	if (!(c->SupportedQueueProperties & NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED))
		return rf_refuse(call, INVALID, "LookaheadSize is %u, must be 0: the adapter does not "
				 "split", size);
	if (c->MaxLookaheadSplitSize && size > c->MaxLookaheadSplitSize)
		return rf_refuse(call, INVALID, "LookaheadSize is %u, must be at most %u", size,
				 (unsigned)c->MaxLookaheadSplitSize);
	return NDIS_STATUS_SUCCESS;
}

NDIS_STATUS rf_queue_parameters_check(const struct rf_call *call,
				      const NDIS_RECEIVE_QUEUE_PARAMETERS *p)
{
	NDIS_STATUS status;

	if (p->QueueType != NdisReceiveQueueTypeVMQueue)
		return rf_refuse(call, INVALID, "QueueType is %d, must be %d (VMQueue)",
				 (int)p->QueueType, (int)NdisReceiveQueueTypeVMQueue);
	if (p->Flags & ~(ULONG)KNOWN_FLAGS)
		return rf_refuse(call, INVALID, "Flags is 0x%x, must be of 0x%x",
				 (unsigned)p->Flags, (unsigned)KNOWN_FLAGS);
	status = affinity_check(call, &p->ProcessorAffinity);
	if (status == NDIS_STATUS_SUCCESS)
		status = name_check(call, "VmName", &p->VmName);
	if (status == NDIS_STATUS_SUCCESS)
		status = name_check(call, "QueueName", &p->QueueName);
	return status == NDIS_STATUS_SUCCESS ? lookahead_check(call, p) : status;
}

/* C46: what FLAGS_CHANGED may set the low half to. */
static NDIS_STATUS flags_check(const struct rf_call *call, const NDIS_RECEIVE_QUEUE_PARAMETERS *old,
			       ULONG flags)
{
	if (flags & ~(ULONG)KNOWN_FLAGS)
		return rf_refuse(call, INVALID, "Flags is 0x%x, must be of 0x%x besides the flags of "
				 "changes", (unsigned)flags, (unsigned)KNOWN_FLAGS);
	if (flags & ~old->Flags & SPLIT && !(rf_current(call)->SupportedQueueProperties &
					     NDIS_RECEIVE_FILTER_LOOKAHEAD_SPLIT_SUPPORTED))
		return rf_refuse(call, INVALID, "Flags has LOOKAHEAD_SPLIT_REQUIRED, must be without: "
				 "the adapter does not split");
	/* C34: the size is fixed, and without the flag it would be invalid. */
	if (!(flags & SPLIT) && old->LookaheadSize)
		return rf_refuse(call, INVALID, "Flags is without LOOKAHEAD_SPLIT_REQUIRED, must have "
				 "it: the queue was allocated with LookaheadSize %u",
				 (unsigned)old->LookaheadSize);
	return NDIS_STATUS_SUCCESS;
}

static NDIS_STATUS affinity_change_check(const struct rf_call *call, const GROUP_AFFINITY *old,
					 const GROUP_AFFINITY *new)
{
	NDIS_STATUS status = affinity_check(call, new);

	if (status != NDIS_STATUS_SUCCESS || new->Mask == old->Mask)
		return status;
	if (rf_current(call)->SupportedQueueProperties &
	    NDIS_RECEIVE_FILTER_DYNAMIC_PROCESSOR_AFFINITY_CHANGE_SUPPORTED)
		return status;
	return rf_refuse(call, INVALID, "ProcessorAffinity.Mask is 0x%llx, must stay 0x%llx: the "
			 "adapter does not change it", (unsigned long long)new->Mask,
			 (unsigned long long)old->Mask);
}

/* Whether the change asks for what the adapter lacks, or for what is no change (C46). */
static NDIS_STATUS change_check(const struct rf_call *call, const NDIS_RECEIVE_QUEUE_PARAMETERS *p,
				const NDIS_RECEIVE_QUEUE_PARAMETERS *old)
{
	ULONG changes = p->Flags & NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;

	if (changes & ~(ULONG)KNOWN_CHANGES)
		return rf_refuse(call, INVALID, "Flags has the changes 0x%x, must be of 0x%x",
				 (unsigned)changes, (unsigned)KNOWN_CHANGES);
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED)
		status = flags_check(call, old,
				     p->Flags & ~NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK);
	if (status == NDIS_STATUS_SUCCESS &&
	    changes & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED)
		status = affinity_change_check(call, &old->ProcessorAffinity,
					       &p->ProcessorAffinity);
	if (status == NDIS_STATUS_SUCCESS && changes & NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED)
		status = name_check(call, "QueueName", &p->QueueName);
	/* The member is not there before revision 2. */
	if (status == NDIS_STATUS_SUCCESS &&
	    changes & NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED &&
	    p->Header.Revision < NDIS_RECEIVE_QUEUE_PARAMETERS_REVISION_2)
		return rf_refuse(call, INVALID, "Header.Revision is %u, must be 2 or more to change "
				 "InterruptCoalescingDomainId", p->Header.Revision);
	return status;
}

/* C43: what has a change flag, and nothing else. */
static void change(NDIS_RECEIVE_QUEUE_PARAMETERS *to, const NDIS_RECEIVE_QUEUE_PARAMETERS *from)
{
	ULONG changes = from->Flags;

	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_FLAGS_CHANGED)
		to->Flags = from->Flags & ~NDIS_RECEIVE_QUEUE_PARAMETERS_CHANGE_MASK;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_PROCESSOR_AFFINITY_CHANGED)
		to->ProcessorAffinity = from->ProcessorAffinity;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_SUGGESTED_RECV_BUFFER_NUMBERS_CHANGED)
		to->NumSuggestedReceiveBuffers = from->NumSuggestedReceiveBuffers;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_NAME_CHANGED)
		to->QueueName = from->QueueName;
	if (changes & NDIS_RECEIVE_QUEUE_PARAMETERS_INTERRUPT_COALESCING_DOMAIN_ID_CHANGED)
		to->InterruptCoalescingDomainId = from->InterruptCoalescingDomainId;
}

NDIS_STATUS rf_set_parameters_begin(struct rf_call *call)
{
	struct rf_pending *pending = &call->cache->pending;
	NDIS_RECEIVE_QUEUE_PARAMETERS p;
	struct rf_queue *q;
	NDIS_STATUS status;
	ULONG size;

	status = rf_call_take(call, &rf_queue_parameters_layout, &p, &size);
	if (status == NDIS_STATUS_SUCCESS)
		status = rf_queue_own(call, p.QueueId, &q);
	if (status == NDIS_STATUS_SUCCESS)
		status = change_check(call, &p, &q->parameters);
	if (status != NDIS_STATUS_SUCCESS)
		return status;
	*pending = (struct rf_pending){ .queue = q, .parameters = q->parameters, .used = size };
	change(&pending->parameters, &p);
	return NDIS_STATUS_SUCCESS;
}

void rf_set_parameters_end(struct rf_call *call, NDIS_STATUS status)
{
	struct rf_pending *pending = &call->cache->pending;

	if (status == NDIS_STATUS_SUCCESS)
		pending->queue->parameters = pending->parameters;
}
