/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that are raised one by one: the driver's handler at the device's IRQL on
 * the message's processor, and the DPCs that it asks for.
 */
#include "ndis/interrupts.h"

#include "base/log.h"

static bool dpc_queue(struct ndis_message *m, unsigned processor, PVOID context)
{
	return !atomic_load(&m->interrupt->closing) &&
	       KeInsertQueueDpc(&m->dpcs[processor].dpc, context, NULL);
}

/* On every processor of the set that has none of this message waiting; returns those. */
static KAFFINITY dpcs_queue(struct ndis_message *m, KAFFINITY processors, PVOID context)
{
	KAFFINITY queued = 0;

	for (unsigned p = 0; p < m->interrupt->n_processors; p++)
		if (processors >> p & 1 && dpc_queue(m, p, context))
			queued |= (KAFFINITY)1 << p;
	return queued;
}

static VOID run_dpc(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	struct ndis_message *m = ((struct ndis_interrupt_dpc *)context)->message;
	struct ndis_interrupt *i = m->interrupt;
	NDIS_RECEIVE_THROTTLE_PARAMETERS throttle = {
		.MaxNblsToIndicate = NDIS_MAX_NBLS_TO_INDICATE };
	PVOID parameters = i->throttles ? &throttle : NULL;

	(void)argument2;
	if (i->message_based)
		i->handlers.MessageInterruptDpcHandler(i->context, m->id, argument1, parameters, NULL);
	else
		i->handlers.InterruptDpcHandler(i->context, argument1, parameters, NULL);
	/* F20: the rest in another turn, with its interrupt still off. */
	if (throttle.MoreNblsPending && !atomic_load(&i->closing))
		KeInsertQueueDpc(dpc, argument1, NULL);
}

/* The driver's handler, and the DPCs that it wants. On the message's processor. */
static void handle(struct ndis_message *m)
{
	struct ndis_interrupt *i = m->interrupt;
	BOOLEAN queue_default = FALSE, recognized;
	ULONG targets = 0;
	KIRQL old;

	KeRaiseIrql(DEVICE_LEVEL, &old);
	KeAcquireSpinLockAtDpcLevel(m->lock);
	if (i->message_based)
		recognized = i->handlers.MessageInterruptHandler(i->context, m->id, &queue_default,
								 &targets);
	else
		recognized = i->handlers.InterruptHandler(i->context, &queue_default, &targets);
	KeReleaseSpinLockFromDpcLevel(m->lock);
	KeLowerIrql(old);
	if (queue_default)
		dpc_queue(m, m->processor, NULL);
	else if (recognized && targets)
		dpcs_queue(m, targets, NULL);
}

static VOID handle_raised(PKDPC dpc, PVOID context, PVOID argument1, PVOID argument2)
{
	(void)dpc;
	(void)argument1;
	(void)argument2;
	handle(context);
}

static void dpc_init(PKDPC dpc, PKDEFERRED_ROUTINE routine, PVOID context, unsigned processor)
{
	PROCESSOR_NUMBER number = { .Number = (UCHAR)processor };

	KeInitializeDpc(dpc, routine, context);
	KeSetTargetProcessorDpcEx(dpc, &number);
}

void ndis_message_init(struct ndis_message *m)
{
	struct ndis_interrupt *i = m->interrupt;

	KeInitializeSpinLock(&m->own_lock);
	m->lock = !i->message_based || i->handlers.MsiSyncWithAllMessages ? &i->lock : &m->own_lock;
	dpc_init(&m->raised, handle_raised, m, m->processor);
	KeSetImportanceDpc(&m->raised, HighImportance);
	for (unsigned p = 0; p < i->n_processors; p++) {
		m->dpcs[p].message = m;
		dpc_init(&m->dpcs[p].dpc, run_dpc, &m->dpcs[p], p);
	}
}

void ndis_entry_raise(struct ndis_table_entry *e)
{
	struct ndis_message *m = &e->interrupt->messages[atomic_load(&e->message)];

	if (OvmqIsProcessor(m->processor) && KeGetCurrentIrql() < DEVICE_LEVEL)
		handle(m);
	else
		KeInsertQueueDpc(&m->raised, NULL, NULL);
}

NDIS_STATUS OvmqRaiseInterrupt(NDIS_HANDLE InterruptHandle, ULONG MessageId)
{
	struct ndis_interrupt *i = InterruptHandle;
	struct ndis_table_entry *e;

	if (MessageId >= i->n || i->entries[MessageId].connected)
		return NDIS_STATUS_INVALID_PARAMETER;
	e = &i->entries[MessageId];
	if (atomic_load(&e->masked)) {
		atomic_store(&e->pending, true);
		/* Unmasked meanwhile, perhaps before it could see this. */
		if (atomic_load(&e->masked) || !atomic_exchange(&e->pending, false))
			return NDIS_STATUS_SUCCESS;
	}
	ndis_entry_raise(e);
	return NDIS_STATUS_SUCCESS;
}

/* ---- what drivers ask for ---- */

static struct ndis_message *message_of(NDIS_HANDLE handle, ULONG id, const char *function)
{
	struct ndis_interrupt *i = handle;

	if (!i->message_based)
		id = 0;   /* not used */
	if (id < i->n)
		return &i->messages[id];
	log_error("%s: message %u of %u", function, id, i->n);
	return NULL;
}

ULONG NdisMQueueDpc(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId, ULONG TargetProcessors,
		    PVOID MiniportDpcContext)
{
	struct ndis_message *m = message_of(NdisInterruptHandle, MessageId, "NdisMQueueDpc");

	return m ? (ULONG)dpcs_queue(m, TargetProcessors, MiniportDpcContext) : 0;
}

KAFFINITY NdisMQueueDpcEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
			  PGROUP_AFFINITY TargetProcessors, PVOID MiniportDpcContext)
{
	struct ndis_message *m = message_of(NdisInterruptHandle, MessageId, "NdisMQueueDpcEx");

	/* All processors are in one group. */
	if (!m || TargetProcessors->Group)
		return 0;
	return dpcs_queue(m, TargetProcessors->Mask, MiniportDpcContext);
}

BOOLEAN NdisMSynchronizeWithInterruptEx(NDIS_HANDLE NdisInterruptHandle, ULONG MessageId,
					MINIPORT_SYNCHRONIZE_INTERRUPT_HANDLER SynchronizeFunction,
					PVOID SynchronizeContext)
{
	struct ndis_message *m = message_of(NdisInterruptHandle, MessageId,
					    "NdisMSynchronizeWithInterruptEx");
	BOOLEAN result;
	KIRQL old;

	if (!m)
		return FALSE;
	KeRaiseIrql(DEVICE_LEVEL, &old);
	KeAcquireSpinLockAtDpcLevel(m->lock);
	result = SynchronizeFunction(SynchronizeContext);
	KeReleaseSpinLockFromDpcLevel(m->lock);
	KeLowerIrql(old);
	return result;
}

/* ---- off and on ---- */

static void switch_message(struct ndis_message *m, bool on)
{
	const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *h = &m->interrupt->handlers;
	NDIS_HANDLE context = m->interrupt->context;
	KIRQL old;

	KeRaiseIrql(DEVICE_LEVEL, &old);
	KeAcquireSpinLockAtDpcLevel(m->lock);
	if (!m->interrupt->message_based) {
		if (on && h->EnableInterruptHandler)
			h->EnableInterruptHandler(context);
		else if (!on && h->DisableInterruptHandler)
			h->DisableInterruptHandler(context);
	} else {
		if (on && h->EnableMessageInterruptHandler)
			h->EnableMessageInterruptHandler(context, m->id);
		else if (!on && h->DisableMessageInterruptHandler)
			h->DisableMessageInterruptHandler(context, m->id);
	}
	KeReleaseSpinLockFromDpcLevel(m->lock);
	KeLowerIrql(old);
}

static void switch_all(struct ndis_interrupt *i, void *on)
{
	for (unsigned m = 0; m < i->n; m++)
		switch_message(&i->messages[m], *(const bool *)on);
}

void ndis_interrupts_disable(struct ndis_adapter *adapter)
{
	bool on = false;

	ndis_interrupt_each(adapter, switch_all, &on);
}

void ndis_interrupts_enable(struct ndis_adapter *adapter)
{
	bool on = true;

	ndis_interrupt_each(adapter, switch_all, &on);
}
