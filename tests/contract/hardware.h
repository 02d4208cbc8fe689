/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the miniport asks and tells NDIS while it initializes, as it is seen from NDIS's
 * side: which keywords it reads, the attributes it sets, the processors it gets, and the
 * interrupt messages it connects. The processors may be made up by a test.
 *
 * The linker's --wrap puts these gates before the calls (see README.md).
 */
#ifndef CONTRACT_HARDWARE_H
#define CONTRACT_HARDWARE_H

#include "ground.h"

#define HARDWARE_KEYWORDS 64
#define HARDWARE_MESSAGES 64

struct hardware {
	/* For the next initialization: a test's processors instead of the machine's. */
	unsigned n_processors;                      /* 0: the machine's */
	NDIS_RSS_PROCESSOR processors[HARDWARE_MESSAGES];

	/* What happened since hardware_watch(). */
	char read[HARDWARE_KEYWORDS][40];           /* keywords, in the order of reading */
	unsigned n_read;
	unsigned set_asked, set_asked_size;         /* calls for the processors; those for the size */
	unsigned assists;                           /* times hardware assist attributes were set */
	NDIS_OBJECT_HEADER assist_header;
	bool has_hardware, has_current;
	NDIS_RECEIVE_FILTER_CAPABILITIES hardware, current;
	unsigned registered;                        /* interrupts */
	bool messages_supported;
	unsigned n_messages;                        /* of the table that it got */
	ULONG processor_of[HARDWARE_MESSAGES];      /* each message's */
	unsigned connected[HARDWARE_MESSAGES];      /* how often each was connected */
	NDIS_HANDLE adapter;
};

extern struct hardware hardware;

/* Forgets all, test's processors too. */
void hardware_watch(void);

/* Makes up one more processor. A machine of more processors than there are has messages
 * for them, too; what is connected there is never raised. */
void hardware_add_processor(unsigned number, unsigned preference);

bool hardware_has_read(const char *keyword);

/* How many messages are connected; and how many of them go to processor 'number'. */
unsigned hardware_connected(void);
unsigned hardware_connected_to(unsigned number);

#endif
