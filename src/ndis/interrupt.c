/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts: registration, and lines. One message per processor of the set (H24).
 * A connected line makes its message's DPC a poll source of that processor's worker:
 * an awake worker polls, which is to say that every enabled message is raised once a
 * round; the DPC gets the receive throttle (F20).
 */
#include "ndis/interrupts.h"

#include <stdlib.h>

#include "base/log.h"
#include "ndis/resource.h"

static struct ndis_interrupt *interrupts;
static pthread_mutex_t interrupts_lock = PTHREAD_MUTEX_INITIALIZER;

static ULONG message_poll(PVOID context)
{
	struct ndis_table_entry *e = context;
	NDIS_RECEIVE_THROTTLE_PARAMETERS throttle = {
		.MaxNblsToIndicate = NDIS_MAX_NBLS_TO_INDICATE };

	e->interrupt->handlers.MessageInterruptDpcHandler(e->interrupt->context, e->polled, NULL,
							  &throttle, NULL);
	return throttle.MoreNblsPending;
}

static ULONG line_poll(PVOID context)
{
	struct ndis_table_entry *e = context;
	NDIS_RECEIVE_THROTTLE_PARAMETERS throttle = {
		.MaxNblsToIndicate = NDIS_MAX_NBLS_TO_INDICATE };

	e->interrupt->handlers.InterruptDpcHandler(e->interrupt->context, NULL, &throttle, NULL);
	return throttle.MoreNblsPending;
}

static BOOLEAN line_arm(PVOID context, BOOLEAN sleep)
{
	struct ndis_table_entry *e = context;

	return e->line.Arm(e->line.Context, sleep);
}

NDIS_STATUS ndis_entry_connect(struct ndis_table_entry *e)
{
	OVMQ_POLL_SOURCE source = { .Poll = line_poll, .Context = e, .Descriptor = e->line.Descriptor };

	e->polled = atomic_load(&e->message);
	if (e->interrupt->message_based)
		source.Poll = message_poll;
	if (e->line.Arm)
		source.Arm = line_arm;
	return OvmqRegisterPoll(e->interrupt->messages[e->polled].processor, &source, &e->poll);
}

void ndis_entry_disconnect(struct ndis_table_entry *e)
{
	if (e->poll)
		OvmqDeregisterPoll(e->poll);
	e->poll = NULL;
}

NDIS_STATUS OvmqConnectInterrupt(NDIS_HANDLE InterruptHandle, ULONG MessageId,
				 const OVMQ_POLL_SOURCE *Line)
{
	struct ndis_interrupt *i = InterruptHandle;
	NDIS_STATUS status = NDIS_STATUS_SUCCESS;
	struct ndis_table_entry *e;

	if (MessageId >= i->n || i->entries[MessageId].connected || Line->Poll)
		return NDIS_STATUS_INVALID_PARAMETER;
	e = &i->entries[MessageId];
	pthread_mutex_lock(&i->table_lock);
	e->line = *Line;
	if (!atomic_load(&e->masked))
		status = ndis_entry_connect(e);
	e->connected = status == NDIS_STATUS_SUCCESS;
	pthread_mutex_unlock(&i->table_lock);
	return status;
}

void ndis_interrupt_each(const struct ndis_adapter *adapter,
			 void (*each)(struct ndis_interrupt *interrupt, void *arg), void *arg)
{
	pthread_mutex_lock(&interrupts_lock);
	for (struct ndis_interrupt *i = interrupts; i; i = i->next)
		if (i->adapter == adapter)
			each(i, arg);
	pthread_mutex_unlock(&interrupts_lock);
}

static PIO_INTERRUPT_MESSAGE_INFO message_info(unsigned n)
{
	PIO_INTERRUPT_MESSAGE_INFO t =
		calloc(1, sizeof(*t) + n * sizeof(t->MessageInfo[0]));

	if (!t)
		return NULL;
	t->UnifiedIrql = DEVICE_LEVEL;
	t->MessageCount = n;
	for (unsigned m = 0; m < n; m++) {
		t->MessageInfo[m].TargetProcessorSet = (KAFFINITY)1 << m;
		t->MessageInfo[m].Irql = DEVICE_LEVEL;
		t->MessageInfo[m].Mode = Latched;
	}
	return t;
}

static void interrupt_free(struct ndis_interrupt *i)
{
	pthread_mutex_destroy(&i->table_lock);
	free(i->info);
	free(i->dpcs);
	free(i->messages);
	free(i);
}

static struct ndis_interrupt *interrupt_new(bool message_based, unsigned n_processors)
{
	unsigned n = message_based ? n_processors : 1;
	struct ndis_interrupt *i = calloc(1, sizeof(*i) + n * sizeof(i->entries[0]));

	if (!i)
		return NULL;
	pthread_mutex_init(&i->table_lock, NULL);
	i->message_based = message_based;
	i->n = n;
	i->n_processors = n_processors;
	i->messages = calloc(n, sizeof(i->messages[0]));
	i->dpcs = calloc((size_t)n * n_processors, sizeof(i->dpcs[0]));
	if (message_based)
		i->info = message_info(n);
	if (!i->messages || !i->dpcs || (message_based && !i->info)) {
		interrupt_free(i);
		return NULL;
	}
	KeInitializeSpinLock(&i->lock);
	return i;
}

/* Whether messages are what it gets (1), or a line (0); -1: handlers are missing. */
static int kind_of(const NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS *c, const char *adapter)
{
	if (c->Header.Type != NDIS_OBJECT_TYPE_MINIPORT_INTERRUPT ||
	    c->Header.Size < NDIS_SIZEOF_MINIPORT_INTERRUPT_CHARACTERISTICS_REVISION_1) {
		log_error("adapter %s: interrupt characteristics: wrong Header.Type or Size", adapter);
		return -1;
	}
	if (c->MsiSupported && c->MessageInterruptHandler && c->MessageInterruptDpcHandler)
		return 1;
	if (c->InterruptHandler && c->InterruptDpcHandler)
		return 0;
	log_error("adapter %s: interrupt characteristics: neither the handlers of messages nor "
		  "those of a line are all there (H22)", adapter);
	return -1;
}

NDIS_STATUS NdisMRegisterInterruptEx(NDIS_HANDLE MiniportAdapterHandle,
				     NDIS_HANDLE MiniportInterruptContext,
				     PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics,
				     PNDIS_HANDLE NdisInterruptHandle)
{
	int kind = kind_of(Characteristics, ndis_handle_name(MiniportAdapterHandle));
	struct ndis_interrupt *i;

	NDIS_CALLED(MiniportAdapterHandle);
	*NdisInterruptHandle = NULL;
	if (kind < 0)
		return NDIS_STATUS_FAILURE;
	i = interrupt_new(kind, kernel_processors());
	if (!i)
		return NDIS_STATUS_RESOURCES;
	if (ndis_resource_add(NDIS_RESOURCE_INTERRUPT, i, MiniportAdapterHandle,
			      __builtin_return_address(0))) {
		interrupt_free(i);
		return NDIS_STATUS_RESOURCES;
	}
	i->adapter = MiniportAdapterHandle;
	i->handlers = *Characteristics;
	i->context = MiniportInterruptContext;
	i->throttles = ndis_version(i->adapter) >= NDIS_VERSION(6, 20);
	for (unsigned m = 0; m < i->n; m++) {
		i->entries[m].interrupt = i;
		atomic_store(&i->entries[m].message, m);
		i->messages[m] = (struct ndis_message){ .interrupt = i, .id = m, .processor = m };
		i->messages[m].dpcs = &i->dpcs[m * i->n_processors];
		ndis_message_init(&i->messages[m]);
	}
	Characteristics->InterruptType = kind ? NDIS_CONNECT_MESSAGE_BASED : NDIS_CONNECT_LINE_BASED;
	Characteristics->MessageInfoTable = i->info;
	pthread_mutex_lock(&interrupts_lock);
	i->next = interrupts;
	interrupts = i;
	pthread_mutex_unlock(&interrupts_lock);
	*NdisInterruptHandle = i;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisMDeregisterInterruptEx(NDIS_HANDLE NdisInterruptHandle)
{
	struct ndis_interrupt *i = NdisInterruptHandle, **at;

	NDIS_CALLED(NULL);
	if (!ndis_resource_remove(NDIS_RESOURCE_INTERRUPT, i)) {
		ndis_resource_refuse(NDIS_RESOURCE_INTERRUPT, i, "NdisMDeregisterInterruptEx");
		return;
	}
	pthread_mutex_lock(&interrupts_lock);
	for (at = &interrupts; *at != i; at = &(*at)->next)
		;
	*at = i->next;
	pthread_mutex_unlock(&interrupts_lock);
	for (unsigned e = 0; e < i->n; e++)
		ndis_entry_disconnect(&i->entries[e]);
	/* What is queued still runs, and so does what its last handler queued. */
	KeFlushQueuedDpcs();
	atomic_store(&i->closing, true);
	KeFlushQueuedDpcs();
	interrupt_free(i);
}
