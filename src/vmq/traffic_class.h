/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the classes of sends that wait may go next.
 *
 * Strict classes come first, the one of the highest rank before the others; what they leave
 * is shared by the ETS classes in proportion to their shares, and a share that one leaves
 * unused goes to the others. A class that a PFC frame halts is passed over.
 *
 * A class here is one queue in order. Where PFC may halt some priorities of a DCB traffic
 * class and not others, these have classes of their own here, which then have one account:
 * they share what the traffic class gets, in turns.
 *
 * One caller at a time, but for the mask of halted classes, which anybody may write.
 *
 * Source: contract O9, O10, O11, A11, A12, U21.
 */
#ifndef VMQ_TRAFFIC_CLASS_H
#define VMQ_TRAFFIC_CLASS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define VMQ_PRIORITIES      8   /* of 802.1p */
#define VMQ_TRAFFIC_CLASSES 8

/* How a class is chosen, numbered as NDIS does. */
enum vmq_tsa {
	VMQ_TSA_STRICT = 0,
	VMQ_TSA_ETS = 2,
};

/* What is fixed while a set of classes is in use. */
struct vmq_traffic_rules {
	unsigned n;                                  /* classes, 1 .. VMQ_TRAFFIC_CLASSES */
	uint8_t of_priority[VMQ_PRIORITIES];         /* the class of each priority, 0 .. n - 1 */
	struct vmq_traffic_rule {
		uint8_t tsa;                         /* enum vmq_tsa */
		uint8_t account;                     /* 0 .. 7; of ETS classes alone */
		uint8_t share;                       /* of ETS: the account's percent, 0 .. 100; 0:
						      * what all others leave */
	} of_class[VMQ_TRAFFIC_CLASSES];
};

/* Classes in use. */
struct vmq_traffic_classes {
	unsigned n;
	uint8_t strict[VMQ_TRAFFIC_CLASSES];         /* the strict ones, the first to go first */
	unsigned n_strict;
	uint8_t ets;                                 /* the others, a bit each */
	uint8_t account[VMQ_TRAFFIC_CLASSES];        /* of each class */
	uint32_t per_byte[VMQ_TRAFFIC_CLASSES];      /* what a byte costs an account; 0: no share */
	uint64_t used[VMQ_TRAFFIC_CLASSES];          /* by account, in bytes over share */
	uint64_t now;                                /* 'used' of the account that went last */
	uint8_t waited;                              /* accounts with something to send last time */
	uint8_t last[VMQ_TRAFFIC_CLASSES];           /* by account: its class that went last */
	_Atomic uint8_t halted;                      /* classes that may not send (PFC), a bit each */
};

/* The order of priorities where the highest goes first: 1 is the lowest, then 0, which is the
 * default, and 2 .. 7 (U21). 0 .. 7. */
unsigned vmq_priority_rank(unsigned priority);

/* One class for everything: no priority goes before another. */
void vmq_traffic_rules_single(struct vmq_traffic_rules *rules);
/* A strict class for each priority (A12). */
void vmq_traffic_rules_802_1p(struct vmq_traffic_rules *rules);

/* Makes 'classes' of the rules, with nothing used and nothing halted. */
void vmq_traffic_classes_init(struct vmq_traffic_classes *classes,
			      const struct vmq_traffic_rules *rules);

/* The class that may send now, of those with something to send ('waiting', a bit each); -1:
 * none. Changes no share: what leaves is told by vmq_traffic_class_sent(). */
int vmq_traffic_class_next(struct vmq_traffic_classes *classes, uint8_t waiting);

/* So many bytes of the class have left. */
void vmq_traffic_class_sent(struct vmq_traffic_classes *classes, unsigned cls, unsigned bytes);

/* The classes of 'mask', a bit each, and no others, are halted from now on. Any thread. */
static inline void vmq_traffic_classes_halt(struct vmq_traffic_classes *classes, uint8_t mask)
{
	atomic_store_explicit(&classes->halted, mask, memory_order_relaxed);
}

#endif
