/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Poll objects (NDIS 6.85). A request makes the object's processor call NdisPoll,
 * round after round while it gets on, and hand on what it indicates and completes.
 * When it gets no further the driver is told to enable its interrupt, and the next
 * call is the one that it requests.
 */
#include "ndis/object.h"

#include <stdlib.h>

#include "base/log.h"
#include "ndis/resource.h"

#define NBLS_PER_POLL 256

struct ndis_poll {
	struct ndis_adapter *adapter;
	NDIS_POLL_CHARACTERISTICS handlers;
	void *context;
	atomic_bool requested;          /* the driver sets, the processor clears */
	bool polling;                   /* the processor's own: the interrupt is off */
	pthread_mutex_t lock;           /* over the next two; system threads */
	NDIS_HANDLE source;
	unsigned processor;
	atomic_uint wanted;             /* the processor that the driver asked for */
	atomic_uint moves;              /* to another processor, under way */
};

static void notify(struct ndis_poll *p, bool enable)
{
	NDIS_POLL_NOTIFICATION n = { .Enabled = enable };

	p->polling = !enable;
	p->handlers.SetPollNotificationHandler(p->context, &n);
}

/* Hands on what the driver has for those above; returns how much that was. */
static ULONG hand_on(struct ndis_poll *p, NDIS_POLL_DATA *d)
{
	if (d->Receive.IndicatedNblChain)
		NdisMIndicateReceiveNetBufferLists(p->adapter, d->Receive.IndicatedNblChain,
						   NDIS_DEFAULT_PORT_NUMBER,
						   d->Receive.NumberOfIndicatedNbls,
						   d->Receive.Flags | NDIS_RECEIVE_FLAGS_DISPATCH_LEVEL);
	if (d->Transmit.CompletedNblChain)
		NdisMSendNetBufferListsComplete(p->adapter, d->Transmit.CompletedNblChain,
						d->Transmit.SendCompleteFlags |
						NDIS_SEND_COMPLETE_FLAGS_DISPATCH_LEVEL);
	return d->Receive.NumberOfIndicatedNbls + d->Transmit.NumberOfCompletedNbls;
}

static ULONG poll_round(PVOID context)
{
	struct ndis_poll *p = context;
	NDIS_POLL_DATA d = { .Transmit = { .MaxNblsToComplete = NBLS_PER_POLL },
			     .Receive = { .MaxNblsToIndicate = NBLS_PER_POLL } };
	ULONG done;

	if (!atomic_exchange(&p->requested, false) && !p->polling)
		return 0;
	if (!p->polling)
		notify(p, false);
	p->handlers.PollHandler(p->context, &d);
	done = hand_on(p, &d);
	if (!done && !d.Receive.NumberOfRemainingNbls && !d.Transmit.NumberOfRemainingNbls)
		notify(p, true);
	return done + 1;
}

/* The worker must not sleep while there is something to poll. */
static BOOLEAN poll_arm(PVOID context, BOOLEAN sleep)
{
	struct ndis_poll *p = context;

	return sleep && (p->polling || atomic_load(&p->requested));
}

static NDIS_STATUS start(struct ndis_poll *p)
{
	const OVMQ_POLL_SOURCE source = { poll_round, poll_arm, p, OVMQ_WAKE_BY_NOTIFY };

	return OvmqRegisterPoll(p->processor, &source, &p->source);
}

NDIS_STATUS NdisRegisterPoll(NDIS_HANDLE NdisHandle, void *Context,
			     const NDIS_POLL_CHARACTERISTICS *Characteristics,
			     NDIS_HANDLE *PollHandle)
{
	const NDIS_POLL_CHARACTERISTICS *c = Characteristics;
	struct ndis_poll *p;
	NDIS_STATUS status;

	NDIS_CALLED(NdisHandle);
	*PollHandle = NULL;
	if (c->Header.Type != NDIS_OBJECT_TYPE_DEFAULT ||
	    c->Header.Size < NDIS_SIZEOF_NDIS_POLL_CHARACTERISTICS_REVISION_1 || !c->PollHandler ||
	    !c->SetPollNotificationHandler) {
		log_error("adapter %s: poll characteristics: wrong Header, or a handler is missing",
			  ndis_handle_name(NdisHandle));
		return NDIS_STATUS_INVALID_PARAMETER;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return NDIS_STATUS_RESOURCES;
	p->adapter = NdisHandle;
	p->handlers = *c;
	p->context = Context;
	pthread_mutex_init(&p->lock, NULL);
	status = NDIS_STATUS_RESOURCES;
	if (ndis_resource_add(NDIS_RESOURCE_POLL, p, NdisHandle, __builtin_return_address(0)))
		goto free_poll;
	status = start(p);
	if (status != NDIS_STATUS_SUCCESS)
		goto forget;
	*PollHandle = p;
	return NDIS_STATUS_SUCCESS;
forget:
	ndis_resource_remove(NDIS_RESOURCE_POLL, p);
free_poll:
	pthread_mutex_destroy(&p->lock);
	free(p);
	return status;
}

static void move(void *poll)
{
	struct ndis_poll *p = poll;
	unsigned wanted = atomic_load(&p->wanted);

	pthread_mutex_lock(&p->lock);
	if (wanted != p->processor) {
		OvmqDeregisterPoll(p->source);
		p->processor = wanted;
		while (start(p) != NDIS_STATUS_SUCCESS)
			kernel_synchronize();   /* no memory yet: there is no way back either */
		OvmqNotifyProcessor(wanted);
	}
	pthread_mutex_unlock(&p->lock);
	atomic_fetch_sub(&p->moves, 1);
}

void NdisSetPollAffinity(NDIS_HANDLE PollHandle, const PROCESSOR_NUMBER *PollAffinity)
{
	struct ndis_poll *p = PollHandle;

	NDIS_CALLED(PollHandle);
	if (PollAffinity->Group || PollAffinity->Number >= kernel_processors()) {
		log_error("adapter %s: NdisSetPollAffinity: no processor %u in group %u",
			  ndis_handle_name(p->adapter), PollAffinity->Number, PollAffinity->Group);
		return;
	}
	atomic_store(&p->wanted, PollAffinity->Number);
	atomic_fetch_add(&p->moves, 1);
	/* It waits until the old processor has let go. */
	if (KeGetCurrentIrql() < DISPATCH_LEVEL)
		move(p);
	else
		kernel_call_work(move, p);
}

void NdisRequestPoll(NDIS_HANDLE PollHandle, void *Reserved)
{
	struct ndis_poll *p = PollHandle;

	(void)Reserved;
	if (!atomic_exchange(&p->requested, true))
		OvmqNotifyProcessor(atomic_load(&p->wanted));
}

void NdisDeregisterPoll(NDIS_HANDLE PollHandle)
{
	struct ndis_poll *p = PollHandle;

	NDIS_CALLED(NULL);
	if (!ndis_resource_remove(NDIS_RESOURCE_POLL, p)) {
		ndis_resource_refuse(NDIS_RESOURCE_POLL, p, "NdisDeregisterPoll");
		return;
	}
	while (atomic_load(&p->moves))
		NdisMSleep(100);
	OvmqDeregisterPoll(p->source);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
