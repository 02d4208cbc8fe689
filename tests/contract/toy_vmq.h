/* SPDX-License-Identifier: BSD-2-Clause */
/* The toy drivers with VM queues: capabilities for the miniport, requests for a protocol,
 * and a protocol that gives shared memory. */
#ifndef CONTRACT_TOY_VMQ_H
#define CONTRACT_TOY_VMQ_H

#include "toy.h"

#define TOY_QUEUES  4
#define TOY_BLOCKS  16

struct toy_vmq {
	UCHAR minor;                                    /* of the miniport; 0: 30 */
	NDIS_RECEIVE_FILTER_CAPABILITIES hardware, current;
	const NDIS_RECEIVE_FILTER_CAPABILITIES *show[2];   /* to NDIS: hardware, current */
	NDIS_STATUS set;                                /* what NDIS said to them */
	void (*more)(struct toy_adapter *a);            /* after them; NULL: nothing */
};
extern struct toy_vmq toy_vmq;

/* Good capabilities again. */
void toy_vmq_defaults(void);
/* A miniport with those, and its adapter, and the first protocol; cmocka fixture. */
int toy_vmq_setup(void **state);

NDIS_STATUS toy_method(struct toy_protocol *p, NDIS_OID oid, void *buffer, ULONG n);
/* The id; 0: refused. */
ULONG toy_queue_allocate(struct toy_protocol *p);
NDIS_STATUS toy_queue_free(struct toy_protocol *p, ULONG id);

/* What a provider was asked, and what it answers. */
struct toy_provider {
	NDIS_SHARED_MEMORY_PROVIDER_CHARACTERISTICS c;
	unsigned asked, freed;
	NDIS_SHARED_MEMORY_PARAMETERS last;             /* as it came */
	NDIS_HANDLE last_freed;
	NDIS_STATUS status;
	bool no_address;
	unsigned elements;                              /* in its list; 0: it fills none */
	ULONG element_bytes;
	UCHAR memory[1 << 20];
};
extern struct toy_provider toy_provider;

/* 'p' registers as a provider. */
NDIS_STATUS toy_provider_register(struct toy_protocol *p);

#endif
