/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Message-signalled interrupts. One message per processor of the set (H24); its
 * DPC runs on that processor, with the receive throttle (F20), as a poll source
 * of the processor's worker: an awake worker polls, which is to say that every
 * enabled message is raised once a round.
 */
#include "ndis/object.h"

#include <stdlib.h>

/* How many NBLs one DPC may indicate. */
#define MAX_NBLS_TO_INDICATE 256

struct ndis_message {
	struct ndis_interrupt *interrupt;
	ULONG id;
	NDIS_HANDLE poll;         /* NULL: no line connected */
	OVMQ_POLL_SOURCE line;    /* what raises it */
};

struct ndis_interrupt {
	struct ndis_adapter *adapter;
	NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS handlers;
	NDIS_HANDLE context;
	PIO_INTERRUPT_MESSAGE_INFO table;
	unsigned n;
	struct ndis_message messages[];
};

static ULONG message_poll(PVOID context)
{
	struct ndis_message *m = context;
	NDIS_RECEIVE_THROTTLE_PARAMETERS throttle = { .MaxNblsToIndicate = MAX_NBLS_TO_INDICATE };

	m->interrupt->handlers.MessageInterruptDpcHandler(m->interrupt->context, m->id, NULL,
							  &throttle, NULL);
	return throttle.MoreNblsPending;
}

static BOOLEAN message_arm(PVOID context, BOOLEAN sleep)
{
	struct ndis_message *m = context;

	return m->line.Arm(m->line.Context, sleep);
}

NDIS_STATUS OvmqConnectInterrupt(NDIS_HANDLE InterruptHandle, ULONG MessageId,
				 const OVMQ_POLL_SOURCE *Line)
{
	struct ndis_interrupt *i = InterruptHandle;
	OVMQ_POLL_SOURCE source = { .Poll = message_poll, .Descriptor = Line->Descriptor };

	if (MessageId >= i->n || i->messages[MessageId].poll || Line->Poll)
		return NDIS_STATUS_INVALID_PARAMETER;
	i->messages[MessageId].line = *Line;
	source.Context = &i->messages[MessageId];
	if (Line->Arm)
		source.Arm = message_arm;
	return OvmqRegisterPoll(MessageId, &source, &i->messages[MessageId].poll);
}

static PIO_INTERRUPT_MESSAGE_INFO message_table(unsigned n)
{
	PIO_INTERRUPT_MESSAGE_INFO t =
		calloc(1, sizeof(*t) + n * sizeof(t->MessageInfo[0]));

	if (!t)
		return NULL;
	t->MessageCount = n;
	for (unsigned m = 0; m < n; m++)
		t->MessageInfo[m].TargetProcessorSet = (KAFFINITY)1 << m;
	return t;
}

NDIS_STATUS NdisMRegisterInterruptEx(NDIS_HANDLE MiniportAdapterHandle,
				     NDIS_HANDLE MiniportInterruptContext,
				     PNDIS_MINIPORT_INTERRUPT_CHARACTERISTICS Characteristics,
				     PNDIS_HANDLE NdisInterruptHandle)
{
	unsigned n = kernel_processors();
	struct ndis_interrupt *i;

	*NdisInterruptHandle = NULL;
	/* H22: only messages; there is no wire for a line interrupt here. */
	if (!Characteristics->MsiSupported || !Characteristics->MessageInterruptHandler ||
	    !Characteristics->MessageInterruptDpcHandler)
		return NDIS_STATUS_NOT_SUPPORTED;
	i = calloc(1, sizeof(*i) + n * sizeof(i->messages[0]));
	if (!i)
		return NDIS_STATUS_RESOURCES;
	i->table = message_table(n);
	if (!i->table) {
		free(i);
		return NDIS_STATUS_RESOURCES;
	}
	i->adapter = MiniportAdapterHandle;
	i->handlers = *Characteristics;
	i->context = MiniportInterruptContext;
	i->n = n;
	for (unsigned m = 0; m < n; m++)
		i->messages[m] = (struct ndis_message){ .interrupt = i, .id = m };
	Characteristics->InterruptType = NDIS_CONNECT_MESSAGE_BASED;
	Characteristics->MessageInfoTable = i->table;
	*NdisInterruptHandle = i;
	return NDIS_STATUS_SUCCESS;
}

VOID NdisMDeregisterInterruptEx(NDIS_HANDLE NdisInterruptHandle)
{
	struct ndis_interrupt *i = NdisInterruptHandle;

	for (unsigned m = 0; m < i->n; m++)
		if (i->messages[m].poll)
			OvmqDeregisterPoll(i->messages[m].poll);
	free(i->table);
	free(i);
}
