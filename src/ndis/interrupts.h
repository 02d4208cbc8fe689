/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an interrupt handle points at; for the interrupt files of this room, and for
 * whoever stops and starts a device.
 *
 * A device's MSI-X table has as many entries as there are messages, and each entry
 * raises one of the messages: its own, until the driver sets another. A message
 * belongs to one processor. A line-based interrupt is one entry and one message.
 */
#ifndef NDIS_INTERRUPTS_H
#define NDIS_INTERRUPTS_H

#include "ndis/object.h"

struct ndis_interrupt;
struct ndis_message;

/* The DPC of one message on one processor (H26). */
struct ndis_interrupt_dpc {
	KDPC dpc;
	struct ndis_message *message;
};

struct ndis_message {
	struct ndis_interrupt *interrupt;
	ULONG id;
	unsigned processor;
	PKSPIN_LOCK lock;                    /* held over its handler */
	KSPIN_LOCK own_lock;
	KDPC raised;                         /* brings the handler to the processor */
	struct ndis_interrupt_dpc *dpcs;     /* one per processor */
};

struct ndis_table_entry {
	struct ndis_interrupt *interrupt;
	atomic_uint message;                 /* what it raises; control writes */
	ULONG polled;                        /* the same, while the poll source is registered */
	NDIS_HANDLE poll;                    /* NULL: none is registered */
	bool connected;                      /* there is a line */
	OVMQ_POLL_SOURCE line;               /* what raises it, when it is connected */
	atomic_bool masked;                  /* control writes */
	atomic_bool pending;                 /* raised while masked */
};

struct ndis_interrupt {
	struct ndis_interrupt *next;
	struct ndis_adapter *adapter;
	NDIS_MINIPORT_INTERRUPT_CHARACTERISTICS handlers;
	NDIS_HANDLE context;
	bool message_based, throttles;       /* a driver of 6.20 or later has the throttle */
	atomic_bool closing;                 /* nothing more is queued */
	KSPIN_LOCK lock;
	PIO_INTERRUPT_MESSAGE_INFO info;     /* NULL: line-based */
	pthread_mutex_t table_lock;          /* over the entries' lines; PASSIVE_LEVEL */
	unsigned n, n_processors;            /* entries and messages */
	struct ndis_message *messages;
	struct ndis_interrupt_dpc *dpcs;
	struct ndis_table_entry entries[];
};

/* How many NBLs one DPC may indicate: so many that a miniport with some hundred queues can take
 * several for each at a time. */
#define NDIS_MAX_NBLS_TO_INDICATE 2048

/* interrupt.c: registers the entry's line on its message's processor, and takes it
 * off. The table lock is held. PASSIVE_LEVEL. */
NDIS_STATUS ndis_entry_connect(struct ndis_table_entry *entry);
void ndis_entry_disconnect(struct ndis_table_entry *entry);

/* interrupt.c: calls 'each' for every interrupt that the adapter has registered. */
void ndis_interrupt_each(const struct ndis_adapter *adapter,
			 void (*each)(struct ndis_interrupt *interrupt, void *arg), void *arg);

/* interrupt_raise.c */
void ndis_message_init(struct ndis_message *message);
void ndis_entry_raise(struct ndis_table_entry *entry);

/* Calls the driver's handlers that turn its device's interrupts off, or on again, with
 * the interrupt handler excluded. Control thread, IRQL <= DISPATCH_LEVEL. */
void ndis_interrupts_disable(struct ndis_adapter *adapter);
void ndis_interrupts_enable(struct ndis_adapter *adapter);

#endif
