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
struct ndis_receive_filters *ndis_receive_filters_create(const struct ndis_adapter *adapter);
void ndis_receive_filters_destroy(struct ndis_receive_filters *filters);   /* accepts NULL */

/*
 * A VMQ OID has its turn. Either it is answered here: the final status is
 * returned, '*forward' is FALSE, and BytesNeeded, BytesWritten or BytesRead of
 * the arm of its request type are set. Or it is for the miniport: NDIS's part is
 * done (ids written into the buffer), '*forward' is TRUE, and
 * ndis_receive_filter_end() must follow with the miniport's final status.
 * A refusal changes neither the cache nor the buffer, except BytesNeeded.
 */
NDIS_STATUS ndis_receive_filter_begin(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
				      bool *forward);

/* What the miniport made of a forwarded request: the cache follows. */
void ndis_receive_filter_end(struct ndis_binding *binding, PNDIS_OID_REQUEST request,
			     NDIS_STATUS status);

/* The miniport indicated DmaStopped for 'queue' (G4). Any IRQL. */
void ndis_receive_filter_dma_stopped(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID queue);

/* Whether queue 'id' may be named by shared memory (E5, E10): 0, or allocated
 * and not yet freed. */
bool ndis_receive_filter_queue_exists(struct ndis_adapter *adapter, NDIS_RECEIVE_QUEUE_ID id);

/* The binding that allocated queue 'id', NULL when there is none. Workers: one
 * relaxed load, in a table that lives as long as the adapter. */
struct ndis_binding *ndis_receive_filter_owner(struct ndis_adapter *adapter,
					       NDIS_RECEIVE_QUEUE_ID id);

/* The next thing of a binding that is to be taken back: a filter ('*filter' is its
 * id, '*queue' its queue's), or, when there is none, a queue that may be freed
 * ('*filter' 0). FALSE: nothing is left. */
bool ndis_receive_filter_leftover(struct ndis_adapter *adapter, const struct ndis_binding *binding,
				  NDIS_RECEIVE_QUEUE_ID *queue, NDIS_RECEIVE_FILTER_ID *filter);

/* How many queues and filters 'binding' (NULL: anybody) still has. */
unsigned ndis_receive_filter_left(struct ndis_adapter *adapter, const struct ndis_binding *binding);

#endif
