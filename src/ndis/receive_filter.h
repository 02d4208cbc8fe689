/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What NDIS itself knows of an adapter's receive queues and filters: it checks
 * every VMQ OID, gives the ids, answers the queries, and refuses without change.
 *
 * The OID queue calls it with the request at its head, one at a time per
 * adapter (I25), so nothing here is entered twice; only the reports of host.h
 * come from elsewhere, and the cache's own lock is for them.
 */
#ifndef NDIS_RECEIVE_FILTER_H
#define NDIS_RECEIVE_FILTER_H

#include <ndis.h>

#include "ndis/object.h"

/* Whether 'oid' is one of OID_RECEIVE_FILTER_*. */
bool ndis_receive_filter_is(NDIS_OID oid);

/* The cache of an adapter whose attributes are set. NULL: no memory. */
struct ndis_receive_filters *ndis_receive_filters_create(struct ndis_adapter *adapter);
void ndis_receive_filters_destroy(struct ndis_receive_filters *filters);   /* accepts NULL */

/*
 * A VMQ OID has its turn. It may have to wait for a queue id that rests (U16):
 * NDIS_STATUS_PENDING is returned, and ndis_oid_again() is called when it may have its
 * turn once more. Or it is answered here: the final status is returned, '*forward' is
 * FALSE, and BytesNeeded, BytesWritten or BytesRead of the arm of its request type are
 * set. Or it is for the miniport: NDIS's part is done (ids written into the buffer),
 * '*forward' is TRUE, and
 * ndis_receive_filter_end() must follow with the miniport's final status.
 * A refusal changes neither the cache nor the buffer, except BytesNeeded.
 */
NDIS_STATUS ndis_receive_filter_begin(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
				      bool *forward);

/* What the miniport made of a forwarded request: the cache follows. */
void ndis_receive_filter_end(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
			     NDIS_STATUS status);

/* What NDIS takes from a status that the miniport indicates: DmaStopped of a queue (G4),
 * new capabilities (H13), changed parameters of a queue (C50). One that makes no sense is
 * logged and changes nothing. IRQL <= DISPATCH_LEVEL. */
void ndis_receive_filter_status(struct ndis_adapter *adapter, const NDIS_STATUS_INDICATION *status);

/*
 * receive_filter_capabilities.c: takes what a miniport says of itself into '*to', without
 * what no driver of its version may say (H5 - H9); 'tell': of what is left out, in the
 * log. Returns the fault for which all of it is refused; NULL: none.
 */
const char *ndis_receive_filter_capabilities_take(const struct ndis_adapter *adapter,
						  NDIS_RECEIVE_FILTER_CAPABILITIES *to,
						  const NDIS_RECEIVE_FILTER_CAPABILITIES *from,
						  bool tell);

/* A copy of those in force, for bind and attach parameters (H11). */
void ndis_receive_filter_capabilities_copy(struct ndis_adapter *adapter,
					   NDIS_RECEIVE_FILTER_CAPABILITIES *to);

/* The miniport indicated DmaStopped for 'queue' (G4). Any IRQL. */
void ndis_receive_filter_dma_stopped(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID queue);

/* Whether queue 'id' may be named by shared memory (E5, E10): 0, or allocated
 * and not yet freed. */
bool ndis_receive_filter_queue_exists(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID id);

/* The binding that allocated queue 'id', NULL when there is none. Workers: one
 * relaxed load, in a table that lives as long as the adapter. */
struct ndis_binding *ndis_receive_filter_owner(struct ndis_adapter *adapter,
					       NDIS_RECEIVE_QUEUE_ID id);

/* The same on control paths, and already while the miniport has its ALLOCATE_QUEUE (C37). */
struct ndis_binding *ndis_receive_filter_allocator(struct ndis_adapter *adapter,
						   NDIS_RECEIVE_QUEUE_ID id);

/* receive_filter_default.c: whether a filter that 'binding' has set on the default queue matches
 * the frame of that queue (C9, D27). Workers: one load where it has set none. */
bool ndis_receive_filter_default_takes(const struct ndis_binding *binding, PNET_BUFFER_LIST nbl);

/* The next thing of a binding that is to be taken back: a filter ('*filter' is its
 * id, '*queue' its queue's), or, when there is none, a queue that may be freed
 * ('*filter' 0). FALSE: nothing is left. */
bool ndis_receive_filter_leftover(struct ndis_adapter *adapter, const struct ndis_binding *binding,
				  NDIS_RECEIVE_QUEUE_ID *queue, NDIS_RECEIVE_FILTER_ID *filter);

/* A binding is gone: what could not be taken back from it is nobody's from here on, and
 * least of all that of a later binding which happens to lie at the same address. */
void ndis_receive_filter_forget(struct ndis_binding *binding);

/* How many queues and filters 'binding' (NULL: anybody) still has. */
unsigned ndis_receive_filter_left(struct ndis_adapter *adapter, const struct ndis_binding *binding);

#endif
