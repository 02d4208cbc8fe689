/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of a protocol, for VMQ and offloads, well formed. All of them wait for the end. */
#ifndef CONTRACT_ASKS_H
#define CONTRACT_ASKS_H

#include "protocol.h"

/* The VLAN part of a filter besides 0 .. 4095. */
#define VLAN_NONE_OR_ZERO (-1)   /* no VLAN test, with the UNTAGGED_OR_ZERO flag (D13) */
#define VLAN_ANY          (-2)   /* neither (D16) */

#define PER_QUEUE NDIS_RECEIVE_QUEUE_PARAMETERS_PER_QUEUE_RECEIVE_INDICATION

NDIS_STATUS ask_packet_filter(struct protocol *p, ULONG filter);

/* OFFLOAD_ENCAPSULATION, NDIS_OFFLOAD_SET_.. for each IP version; and both on, as most want it. */
NDIS_STATUS ask_encapsulation(struct protocol *p, ULONG v4, ULONG v6, ULONG type);
NDIS_STATUS ask_offloads(struct protocol *p);

/* ALLOCATE_QUEUE; 'entry' gets MSIXTableEntry, both pointers may be NULL. */
NDIS_STATUS ask_allocate(struct protocol *p, unsigned processor, ULONG flags, ULONG *queue,
			 ULONG *entry);
/* Parameters for the same, which a test may change; and the request with them, where the
 * answer goes too. */
NDIS_RECEIVE_QUEUE_PARAMETERS ask_parameters(unsigned processor, ULONG flags);
NDIS_STATUS ask_allocate_with(struct protocol *p, NDIS_RECEIVE_QUEUE_PARAMETERS *q);
NDIS_STATUS ask_complete(struct protocol *p, ULONG queue);   /* the element's status */

/* QUEUE_ALLOCATION_COMPLETE of up to 8 queues: the request's status, and each element's. */
NDIS_STATUS ask_complete_batch(struct protocol *p, unsigned n, const ULONG *queues,
			       NDIS_STATUS *each);

/* A filter on 02:00:00:00:00:'last'; 'id' may be NULL. */
NDIS_STATUS ask_filter(struct protocol *p, ULONG queue, unsigned last, int vlan, ULONG *id);

/* One test of a field of the MAC header; values in network order. */
struct ask_test {
	NDIS_MAC_HEADER_FIELD field;
	NDIS_RECEIVE_FILTER_TEST test;
	ULONG flags;
	uint8_t value[6], result[6];
};

/* A filter of 'n' such tests, up to 8, with these Flags; 'id' may be NULL. */
NDIS_STATUS ask_filter_tests(struct protocol *p, ULONG queue, ULONG flags, unsigned n,
			     const struct ask_test *tests, ULONG *id);
NDIS_STATUS ask_clear(struct protocol *p, ULONG queue, ULONG filter);
NDIS_STATUS ask_free(struct protocol *p, ULONG queue);

/* QUEUE_PARAMETERS, one change each. */
NDIS_STATUS ask_move(struct protocol *p, ULONG queue, unsigned processor);
NDIS_STATUS ask_flags(struct protocol *p, ULONG queue, ULONG flags);

/* ENUM_QUEUES: whether 'queue' is there; then '*info' is what is said of it. */
bool ask_info(struct protocol *p, ULONG queue, NDIS_RECEIVE_QUEUE_INFO *info);

/* Its QueueState; -1: there is no such queue. */
int ask_state(struct protocol *p, ULONG queue);

/* A queue that runs: allocated on 'processor', filter on 'last', complete. Fails the
 * test otherwise. */
ULONG ask_running(struct protocol *p, unsigned processor, ULONG flags, unsigned last, int vlan,
		  ULONG *filter);

/* A FREE that is not waited for. It outlives a test that fails: make it static. */
struct free_request {
	struct request q;
	NDIS_RECEIVE_QUEUE_FREE_PARAMETERS parameters;
};
NDIS_STATUS ask_free_start(struct free_request *f, struct protocol *p, ULONG queue);

#endif
